import type { Schemas } from '@satchel/client'

import type { Work } from './context.tsx'
import { list } from './queries.ts'

export type Hold = Schemas['Hold']
export type RetentionPolicy = Schemas['RetentionPolicy']
export type RetentionReview = Schemas['RetentionReview']
export type AccessRequest = Schemas['AccessRequest']
export type AccessRequestFile = Schemas['AccessRequestFile']
export type Disclosure = Schemas['Disclosure']
export type RecordKind = Schemas['RecordKind']
export type HeldFile = Schemas['HeldFile']

const of = (w: Work) => ({ id: w.place.organization_id })

export const heldFiles = (w: Work) => list(w, ['held'], ({ signal, query }) => w.api.GET('/api/v1/storage/held', { params: { query }, signal }))

export const holds = (w: Work, released: boolean) => list(w, ['holds', released], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/holds', { params: { path: of(w), query: { ...query, ...(released ? { released } : {}) } }, signal }))

export const retentionPolicies = (w: Work) => list(w, ['retention', 'policies'], ({ signal }) => w.api.GET('/api/v1/organizations/{id}/retention-policies', { params: { path: of(w) }, signal }))

export const retentionReviews = (w: Work) => list(w, ['retention', 'reviews'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/retention-reviews', { params: { path: of(w), query }, signal }))

export const disclosures = (w: Work, outcome: Disclosure['outcome'] | '') => list(w, ['disclosures', outcome], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/disclosures', { params: { path: of(w), query: { ...query, ...(outcome ? { outcome } : {}) } }, signal }))

export const accessRequests = (w: Work, ended: boolean) => list(w, ['access-requests', ended], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/access-requests', { params: { path: of(w), query: { ...query, ...(ended ? { ended } : {}) } }, signal }))

export const accessRequestFiles = (w: Work, request: string) => list(w, ['access-requests', 'files', request], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/access-requests/{request}/files', { params: { path: { ...of(w), request }, query }, signal }))
