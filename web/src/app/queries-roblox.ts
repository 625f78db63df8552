import type { Schemas } from '@satchel/client'
import { queryOptions } from '@tanstack/react-query'

import type { Work } from './context.tsx'
import { list, one } from './queries.ts'

export type RobloxConnection = Schemas['RobloxConnection']
export type RobloxAsset = Schemas['RobloxAsset']
export type RobloxAssetState = Schemas['RobloxAssetState']
export type RobloxLesson = Schemas['RobloxLesson']
export type RobloxFigure = Schemas['RobloxFigure']

/** On its way: it changes by itself while a sync runs. */
export const robloxOnItsWay: readonly RobloxAssetState[] = ['planned', 'claimed', 'uploading', 'reviewing', 'approved', 'archiving', 'restoring']

export const robloxConnections = (w: Work) => one(w, ['roblox', 'list'], signal => w.api.GET('/api/v1/roblox/connections', { signal }))

export const robloxConnection = (w: Work, id: string) => queryOptions({
  ...one<RobloxConnection>(w, ['roblox', 'one', id], signal => w.api.GET('/api/v1/roblox/connections/{id}', { params: { path: { id } }, signal })),
  refetchInterval: q => (robloxOnItsWay.some(s => (q.state.data?.assets?.[s] ?? 0) > 0) ? 4000 : 20_000),
})

export const robloxAssets = (w: Work, id: string, state: string | undefined) => ({
  ...list(w, ['roblox', 'assets', id, state ?? ''], ({ signal, query }) =>
    w.api.GET('/api/v1/roblox/connections/{id}/assets', { params: { path: { id }, query: { ...query, ...(state ? { state: state as RobloxAssetState } : {}) } }, signal })),
  refetchInterval: (q: { state: { data?: unknown } }) => ((q.state.data as { pages: { items: RobloxAsset[] }[] } | undefined)?.pages.some(p => p.items.some(a => robloxOnItsWay.includes(a.state))) ? 4000 : 20_000),
})

/** Asks Roblox with the key of the connection: it shows that the key works, and what may be made still. */
export const robloxQuota = (w: Work, id: string) => queryOptions({
  ...one(w, ['roblox', 'quota', id], signal => w.api.GET('/api/v1/roblox/connections/{id}/quota', { params: { path: { id } }, signal })), staleTime: 0, gcTime: 0, retry: false,
})

/** What documents became in the experience. */
export const robloxLessons = (w: Work, id: string) => ({
  ...list(w, ['roblox', 'lessons', id], ({ signal, query }) => w.api.GET('/api/v1/roblox/connections/{id}/lessons', { params: { path: { id }, query }, signal })),
  refetchInterval: 20_000,
})

/** How far people are, and how many used the experience, as sums. */
export const robloxFigures = (w: Work, id: string) => one(w, ['roblox', 'figures', id], signal => w.api.GET('/api/v1/roblox/connections/{id}/figures', { params: { path: { id } }, signal }))
