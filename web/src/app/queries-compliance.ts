import type { Schemas } from '@satchel/client'

import type { Work } from './context.tsx'
import { list } from './queries.ts'

export type Hold = Schemas['Hold']
export type RetentionPolicy = Schemas['RetentionPolicy']
export type RetentionReview = Schemas['RetentionReview']
export type HeldFile = Schemas['HeldFile']

const of = (w: Work) => ({ id: w.place.organization_id })

export const heldFiles = (w: Work) => list(w, ['held'], ({ signal, query }) => w.api.GET('/api/v1/storage/held', { params: { query }, signal }))

export const holds = (w: Work, released: boolean) => list(w, ['holds', released], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/holds', { params: { path: of(w), query: { ...query, ...(released ? { released } : {}) } }, signal }))

export const retentionPolicies = (w: Work) => list(w, ['retention', 'policies'], ({ signal }) => w.api.GET('/api/v1/organizations/{id}/retention-policies', { params: { path: of(w) }, signal }))

export const retentionReviews = (w: Work) => list(w, ['retention', 'reviews'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/retention-reviews', { params: { path: of(w), query }, signal }))
