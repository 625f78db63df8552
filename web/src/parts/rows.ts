import type { Folder, Listed } from '../app/context.tsx'
import type { ShareTarget } from '../app/queries-shares.ts'

/** A row of a list: a folder or a file. `shown`: it is in another space, and others show it here. */
export type Row = ({ folder: Folder; file?: undefined } | { file: Listed; folder?: undefined }) & { shown?: boolean }
export const idOf = (r: Row) => (r.file ? r.file.id : r.folder.id)
export const nameOf = (r: Row) => (r.file ? r.file.name : r.folder.name)

/** What a list asks the person for. */
export type Asked = null | { what: 'new' } | { what: 'times'; folder: Folder } | { what: 'rename'; row: Row } | { what: 'move'; rows: Row[] } | { what: 'menu'; row: Row; beside: HTMLElement }
  | { what: 'share'; target: ShareTarget } | { what: 'tags'; rows: Row[] } | { what: 'link'; url: string; ends: string }
