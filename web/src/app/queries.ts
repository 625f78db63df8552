import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'

import type { Listed, Space, Work } from './context.tsx'
import type { forList, forSearch } from './filters.ts'

/** Which files a page lists. */
export type Listing =
  | { kind: 'space'; space: string; folder?: string | undefined }
  | { kind: 'recent' } | { kind: 'starred' } | { kind: 'shared' } | { kind: 'bin' } | { kind: 'all' }

export type Page = Cursored<Listed>

const filters = (l: Listing) => {
  switch (l.kind) {
    case 'space': return l.folder ? { folder_id: l.folder } : { space_id: l.space, top: true }
    case 'starred': return { starred: true }
    case 'shared': return { shared: true }
    case 'bin': return { status: 'deleted' as const }
    case 'recent': case 'all': return {}
  }
}

const pageOf = async (w: Work, l: Listing, sort: string, more: ReturnType<typeof forList>, cursor: string, signal: AbortSignal | undefined): Promise<Page> => {
  const at = { limit: 200, ...(cursor ? { cursor } : {}) }
  const ask = signal ? { signal } : {}
  const answer = l.kind === 'recent'
    ? await w.api.GET('/api/v1/storage/recent', { params: { query: at }, ...ask })
    : await w.api.GET('/api/v1/storage/files', { params: { query: { ...filters(l), ...more as object, sort: sort as '-created_at', ...at } }, ...ask })
  return answer.data!
}

/** The files of a listing, page by page. `useSettling` beside it reads again what becomes another one by itself. */
export const filesOf = (w: Work, l: Listing, sort: string, more: ReturnType<typeof forList> = {}) => infiniteQueryOptions({
  queryKey: [w.place.organization_id, 'files', l, sort, more],
  queryFn: ({ pageParam, signal }) => pageOf(w, l, sort, more, pageParam, signal),
  initialPageParam: '',
  getNextPageParam: (p: Page) => p.next_cursor,
})

/** What `useSettling` needs of a listing: its key, and one page of it. */
export const settlingOf = (w: Work, l: Listing, sort: string, more: ReturnType<typeof forList> = {}) => ({
  key: filesOf(w, l, sort, more).queryKey, page: (cursor: string) => pageOf(w, l, sort, more, cursor, undefined),
})

/** What others show in a space by links and shares: files and folders of other spaces. */
export const shownIn = (w: Work, space: string, more: ReturnType<typeof forList> = {}) => queryOptions({
  queryKey: [w.place.organization_id, 'files', 'shown', space, more],
  queryFn: async ({ signal }) => {
    const [whole, files] = await Promise.all([
      w.api.GET('/api/v1/spaces/{id}', { params: { path: { id: space } }, signal }),
      every(async cursor => (await w.api.GET('/api/v1/storage/files', { params: { query: { shown_in: space, ...more as object, limit: 200, ...(cursor ? { cursor } : {}) } }, signal })).data!),
    ])
    return { folders: whole.data!.linked_folders, files }
  },
})

export const searchFor = (w: Work, q: string, narrow: ReturnType<typeof forSearch> = {}) =>
  list(w, ['search', q, narrow], ({ signal, query }) => w.api.GET('/api/v1/storage/search', { params: { query: { q, ...narrow as object, ...query } }, signal }))

export const fileById = (w: Work, id: string) => queryOptions({
  queryKey: [w.place.organization_id, 'files', 'one', id],
  queryFn: async ({ signal }) => (await w.api.GET('/api/v1/storage/files/{id}', { params: { path: { id } }, signal })).data!,
  refetchInterval: q => (q.state.data?.status === 'processing' ? 2000 : q.state.data?.preview === 'pending' ? 3000 : false),
})

export const versionsOf = (w: Work, id: string) => queryOptions({
  queryKey: [w.place.organization_id, 'files', 'versions', id],
  queryFn: async ({ signal }) => (await w.api.GET('/api/v1/storage/files/{id}/versions', { params: { path: { id } }, signal })).data!,
})

interface Cursored<T> { items: T[]; next_cursor?: string }
type Ask = { signal: AbortSignal; query: { limit: number; cursor?: string } }

/** A list by cursor. Its key begins with the organization, so that another one's is never shown. */
export const list = <P extends Cursored<unknown>>(w: Work, key: unknown[], ask: (a: Ask) => Promise<{ data?: P }>, limit = 50) => infiniteQueryOptions({
  queryKey: [w.place.organization_id, ...key],
  queryFn: async ({ pageParam, signal }) => (await ask({ signal, query: { limit, ...(pageParam ? { cursor: pageParam } : {}) } })).data!,
  initialPageParam: '',
  getNextPageParam: (p: P) => p.next_cursor,
})

export const one = <T>(w: Work, key: unknown[], ask: (signal: AbortSignal) => Promise<{ data?: T }>) => queryOptions({
  queryKey: [w.place.organization_id, ...key],
  queryFn: async ({ signal }) => (await ask(signal)).data!,
})

/** All pages of a short list. */
export async function every<T>(page: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string }>): Promise<T[]> {
  const all: T[] = []
  for (let cursor: string | undefined; ;) {
    const p = await page(cursor)
    all.push(...p.items)
    cursor = p.next_cursor
    if (!cursor) return all
  }
}

export const spaces = (w: Work) => queryOptions({
  queryKey: [w.place.organization_id, 'spaces'],
  queryFn: ({ signal }) => every(async cursor => (cursor ? undefined : await w.session.firstSpaces<Cursored<Space>>(w.place.organization_id))
    ?? (await w.api.GET('/api/v1/spaces', { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } }, signal })).data!),
  staleTime: 60_000,
})

export const foldersIn = (w: Work, space: string, parent: string | undefined) => queryOptions({
  queryKey: [w.place.organization_id, 'folders', space, parent ?? ''],
  queryFn: ({ signal }) => every(async cursor => (await w.api.GET('/api/v1/spaces/{id}/folders', {
    params: { path: { id: space }, query: { limit: 200, ...(parent ? { parent_id: parent } : {}), ...(cursor ? { cursor } : {}) } }, signal,
  })).data!),
})

export const folderById = (w: Work, id: string) => queryOptions({
  queryKey: [w.place.organization_id, 'folders', 'one', id],
  queryFn: async ({ signal }) => (await w.api.GET('/api/v1/folders/{id}', { params: { path: { id } }, signal })).data!,
})

export const handInsOf = (w: Work, folder: string) => queryOptions({
  queryKey: [w.place.organization_id, 'hand-ins', folder],
  queryFn: ({ signal }) => every(async cursor => (await w.api.GET('/api/v1/folders/{id}/hand-ins', {
    params: { path: { id: folder }, query: { limit: 200, ...(cursor ? { cursor } : {}) } }, signal,
  })).data!),
})

export const quotaOf = (w: Work) => queryOptions({
  queryKey: [w.place.organization_id, 'files', 'quota'],
  queryFn: async ({ signal }) => (await w.api.GET('/api/v1/storage/quota', { signal })).data!,
  staleTime: 30_000,
})

export const notifications = (w: Work) => list(w, ['notifications'], ({ signal, query }) => w.api.GET('/api/v1/notifications', { params: { query }, signal }))
export const mailAddresses = (w: Work) => one(w, ['notifications', 'mail'], signal => w.api.GET('/api/v1/me/mail', { signal }))
export const preferences = (w: Work) => one(w, ['notifications', 'preferences'], signal => w.api.GET('/api/v1/me/notification-preferences', { signal }))

/** Whom parents ask, and what anybody may read of how the school treats data. */
export const privacyNotice = (w: Work) => one(w, ['privacy'], signal => w.api.GET('/api/v1/public/organizations/{id}/privacy-notice', { params: { path: { id: w.place.organization_id } }, signal }))
