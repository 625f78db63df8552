import type { File, Folder } from '../app/context.tsx'

/** A row of a list: a folder or a file. */
export type Row = { folder: Folder; file?: undefined } | { file: File; folder?: undefined }
export const idOf = (r: Row) => (r.file ? r.file.id : r.folder.id)
export const nameOf = (r: Row) => (r.file ? r.file.name : r.folder.name)

/** What a list asks the person for. */
export type Asked = null | { what: 'new' } | { what: 'rename'; row: Row } | { what: 'move'; rows: Row[] } | { what: 'menu'; row: Row; beside: HTMLElement }
