import type { Listed } from './context.tsx'

/** What of a list is shown, as it is in the address. A kind is one of `kinds`; a size one of `sizes`; from and to are days. */
export interface Filters { kind?: string | undefined; by?: string | undefined; class?: string | undefined; tag?: string | undefined; size?: string | undefined; from?: string | undefined; to?: string | undefined }

export const filterKeys = ['kind', 'by', 'class', 'tag', 'size', 'from', 'to'] as const

/** The filters of an address, without what is empty. */
export function filtersIn(search: Record<string, unknown>): Filters {
  const all: Record<string, string> = {}
  for (const k of filterKeys) if (typeof search[k] === 'string' && search[k] !== '') all[k] = search[k]
  return all
}
export const countOf = (f: Filters) => filterKeys.filter(k => f[k]).length

const office = /pdf|word|opendocument|spreadsheet|excel|presentation|powerpoint|rtf/
/** The kinds that a list can be narrowed to, with what the search of the API calls them. */
export const kinds: Record<string, { is: (type: string) => boolean; search: { kind?: string; type?: string } }> = {
  picture: { is: t => t.startsWith('image/'), search: { kind: 'image' } },
  document: { is: t => office.test(t), search: { kind: 'document' } },
  pdf: { is: t => t === 'application/pdf', search: { type: 'application/pdf' } },
  text: { is: t => t.startsWith('text/'), search: { kind: 'text' } },
  sound: { is: t => t.startsWith('audio/'), search: { kind: 'audio' } },
  film: { is: t => t.startsWith('video/'), search: { kind: 'video' } },
  archive: { is: t => /zip|tar|7z|rar|compressed/.test(t) && !office.test(t), search: { kind: 'archive' } },
}

const MB = 1_000_000
/** Sizes in bytes: at least the first, less than the second. */
export const sizes: Record<string, [number, number]> = { small: [0, MB], medium: [MB, 10 * MB], large: [10 * MB, 100 * MB], huge: [100 * MB, Infinity] }

/** A day as the times in which it begins and ends where the person is. */
export const beginOf = (day: string) => new Date(day + 'T00:00:00')
export const endOf = (day: string) => { const d = beginOf(day); d.setDate(d.getDate() + 1); return d }

/** Whether a file passes the filters, where the API has none: in the list of recent files. `spaces` are those of the class. */
export function passes(f: Listed, w: Filters, spaces: ReadonlySet<string> | undefined): boolean {
  const range = w.size ? sizes[w.size] : undefined
  const at = new Date(f.updated_at)
  return (!w.kind || kinds[w.kind]?.is(f.mime_type) !== false)
    && (!range || (f.size >= range[0] && f.size < range[1]))
    && (!w.from || at >= beginOf(w.from)) && (!w.to || at < endOf(w.to))
    && (!w.class || spaces?.has(f.space_id) === true)
}

/** The filters as a list of the API takes them. */
export const forList = (w: Filters) => ({ ...forSearch(w), ...(w.tag ? { tag: w.tag } : {}) })

/** The filters as the search of the API takes them. */
export function forSearch(w: Filters) {
  const range = w.size ? sizes[w.size] : undefined
  return {
    ...(w.kind ? kinds[w.kind]?.search : {}), ...(w.by ? { uploaded_by: w.by } : {}), ...(w.class ? { class_id: w.class } : {}),
    ...(range && range[0] > 0 ? { size_from: range[0] } : {}), ...(range && range[1] < Infinity ? { size_to: range[1] - 1 } : {}),
    ...(w.from ? { changed_from: beginOf(w.from).toISOString() } : {}), ...(w.to ? { changed_to: endOf(w.to).toISOString() } : {}),
  }
}
