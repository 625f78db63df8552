export { type Column, FileGrid, type GridLabels, type GridProps } from './grid.tsx'
export { useUploads } from './uploads.tsx'
