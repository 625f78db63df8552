export { type Column, FileGrid, type GridProps } from './grid.tsx'
export { PictureGrid, type PictureGridProps } from './pictures.tsx'
export { useUploads } from './uploads.tsx'
export { type GridBase, type GridDrag, type GridLabels, draggedIds, isDragged } from './use-grid.ts'
