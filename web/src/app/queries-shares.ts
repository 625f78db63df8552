import { type Schemas } from '@satchel/client'
import { queryOptions } from '@tanstack/react-query'

import type { Work } from './context.tsx'
import { policies, trail } from './queries-admin.ts'
import { every, list, one, spaces } from './queries.ts'

export type Share = Schemas['Share']
export type ShareKind = Schemas['ShareKind']
export type SharePermission = Schemas['SharePermission']
export type ShareWith = Schemas['ShareWith']
export type SpaceKind = Schemas['SpaceKind']

/** What is shared: one file, one folder or one space. */
export interface ShareTarget { what: 'file' | 'folder' | 'space'; id: string; name: string; spaceKind?: SpaceKind | undefined }

export const targetOf = (s: Share): { what: ShareTarget['what']; id: string } =>
  s.file_id ? { what: 'file', id: s.file_id } : s.folder_id ? { what: 'folder', id: s.folder_id } : { what: 'space', id: s.space_id! }

// Each share of a page asks for the name of what it shares: 25 stay below the burst of the caller's limit.
const pageSize = 25

export const sharesList = (w: Work, which: 'given' | 'received' | 'outside') =>
  list(w, ['shares', which], ({ signal, query }) => w.api.GET('/api/v1/storage/shares', { params: { query: { which, ...query } }, signal }), pageSize)

export const sharesOf = (w: Work, t: Pick<ShareTarget, 'what' | 'id'>) => queryOptions({
  queryKey: [w.place.organization_id, 'shares', 'of', t.what, t.id],
  queryFn: ({ signal }) => every(async cursor => {
    const params = { path: { id: t.id }, query: { limit: 200, ...(cursor ? { cursor } : {}) } }
    switch (t.what) {
      case 'file': return (await w.api.GET('/api/v1/storage/files/{id}/shares', { params, signal })).data!
      case 'folder': return (await w.api.GET('/api/v1/folders/{id}/shares', { params, signal })).data!
      case 'space': return (await w.api.GET('/api/v1/spaces/{id}/shares', { params, signal })).data!
    }
  }),
})

/** A share with its recipients, who are in no list. */
export const shareById = (w: Work, id: string) => queryOptions({
  ...one(w, ['shares', 'one', id], signal => w.api.GET('/api/v1/storage/shares/{id}', { params: { path: { id } }, signal })),
  staleTime: 30_000,
})

export const accessesOf = (w: Work, id: string) =>
  list(w, ['shares', 'accesses', id], ({ signal, query }) => w.api.GET('/api/v1/storage/shares/{id}/accesses', { params: { path: { id }, query }, signal }))

/** The name of what a share shares. What is gone, or not the caller's to read, has none. */
export const nameOfTarget = (w: Work, t: { what: ShareTarget['what']; id: string }) => queryOptions({
  queryKey: [w.place.organization_id, 'shares', 'name', t.what, t.id],
  queryFn: async ({ signal }) => {
    const params = { path: { id: t.id } }
    switch (t.what) {
      case 'file': return (await w.api.GET('/api/v1/storage/files/{id}', { params, signal })).data!.name
      case 'folder': return (await w.api.GET('/api/v1/folders/{id}', { params, signal })).data!.name
      case 'space': return (await w.api.GET('/api/v1/spaces/{id}', { params, signal })).data!.name
    }
  },
  staleTime: 60_000, retry: false,
})

export interface Found { id: string; name: string; kind: 'student' | 'staff' | 'guardian' | '' }

/** People whose name has this in it: of the school for its staff, of one's own classes and groups for students. */
export const peopleNamed = (w: Work, q: string, everybody: boolean) => queryOptions({
  queryKey: [w.place.organization_id, 'people', 'named', everybody, q],
  queryFn: async ({ client, signal }): Promise<Found[]> => {
    if (!everybody) {
      const wanted = q.toLocaleLowerCase()
      return (await client.fetchQuery(peopleAround(w))).filter(p => p.name.toLocaleLowerCase().includes(wanted)).slice(0, 20)
    }
    const answer = await w.api.GET('/api/v1/organizations/{id}/people', { params: { path: { id: w.place.organization_id }, query: { q, state: 'active', limit: 20 } }, signal })
    return answer.data!.items.filter(p => p.user_id !== w.place.user_id).map(p => ({ id: p.user_id, name: p.display_name, kind: p.kind }))
  },
  staleTime: 60_000,
})

/** The people of a space that have names, but for the caller. */
async function othersIn(w: Work, space: string, signal: AbortSignal): Promise<Found[]> {
  const people = await every(async cursor =>
    (await w.api.GET('/api/v1/spaces/{id}/people', { params: { path: { id: space }, query: { limit: 200, ...(cursor ? { cursor } : {}) } }, signal })).data!)
  return people.filter(p => p.user_id !== w.place.user_id && p.display_name).map(p => ({ id: p.user_id, name: p.display_name, kind: p.level >= 3 ? 'staff' : '' }))
}

/** The people of the caller's classes and groups. */
export const peopleAround = (w: Work) => queryOptions({
  queryKey: [w.place.organization_id, 'people', 'around'],
  queryFn: async ({ client, signal }): Promise<Found[]> => {
    const all = new Map<string, Found>()
    for (const s of await client.fetchQuery(spaces(w))) {
      if (s.my_level < 2 || (s.kind !== 'class' && s.kind !== 'group')) continue
      for (const p of await othersIn(w, s.id, signal)) all.set(p.id, p)
    }
    return [...all.values()].toSorted((a, b) => a.name.localeCompare(b.name))
  },
  staleTime: 300_000,
})

/** The name of a person of the school. Who may not list its people knows those of their classes and groups. */
export const personNamed = (w: Work, id: string, everybody: boolean) => queryOptions({
  queryKey: [w.place.organization_id, 'people', 'name', everybody, id],
  queryFn: async ({ client, signal }): Promise<string> => {
    if (!everybody) return (await client.fetchQuery(peopleAround(w))).find(p => p.id === id)?.name ?? ''
    const path = { id: w.place.organization_id, user: id }
    return (await w.api.GET('/api/v1/organizations/{id}/people/{user}', { params: { path }, signal })).data!.display_name
  },
  staleTime: 600_000, retry: false,
})

/** The classes that the caller may share with: of the school for its staff, their own for students. */
export const classesToShareWith = (w: Work, everybody: boolean) => queryOptions({
  queryKey: [w.place.organization_id, 'classes', everybody],
  queryFn: async ({ client, signal }): Promise<{ id: string; title: string }[]> => {
    if (!everybody) return (await client.fetchQuery(spaces(w))).filter(s => s.kind === 'class' && s.class_id).map(s => ({ id: s.class_id!, title: s.name }))
    return every(async cursor => (await w.api.GET('/api/v1/classes', { params: { query: { state: 'active', limit: 200, ...(cursor ? { cursor } : {}) } }, signal })).data!)
  },
  staleTime: 300_000,
})

/** What the organization decided about sharing. The API tells it to owners alone; others learn it by a refusal. */
export const sharingPolicies = (w: Work) => queryOptions({ ...policies(w), staleTime: 60_000, retry: false })

/** Who was sent bytes of a file, as the audit log has it. */
export const readersOf = (w: Work, file: string) => trail(w, { object_id: file, action: 'file.read' })

/** The people of a space, for those who add to it. */
export const peopleOfSpace = (w: Work, space: string) => queryOptions({
  queryKey: [w.place.organization_id, 'people', 'space', space],
  queryFn: ({ signal }) => othersIn(w, space, signal),
  staleTime: 300_000,
})
