import type { Schemas } from '@satchel/client'
import { queryOptions } from '@tanstack/react-query'

import type { Work } from './context.tsx'
import { list, one } from './queries.ts'

export type Person = Schemas['Person']
export type Role = Schemas['Role']
export type Invitation = Schemas['Invitation']
export type RosterImport = Schemas['RosterImport']
export type Organization = Schemas['Organization']
export type Operation = Schemas['Operation']
export type Policies = Schemas['OrganizationPolicies']
export type Webhook = Schemas['Webhook']
export type Key = Schemas['Key']
export type MailDelivery = Schemas['MailDelivery']

/** What is given is asked for; an empty choice is none. */
const given = <T extends Record<string, string | undefined>>(o: T) => Object.fromEntries(Object.entries(o).filter(([, v]) => v)) as never

export interface PeopleFilter { q?: string | undefined; kind?: string | undefined; state?: string | undefined }

export const people = (w: Work, f: PeopleFilter, org = w.place.organization_id) => list(w, ['people', org, f], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/people', { params: { path: { id: org }, query: { ...query, ...(given({ ...f })) as object } }, signal }))

export const personById = (w: Work, user: string) => one(w, ['people', 'one', user], signal =>
  w.api.GET('/api/v1/organizations/{id}/people/{user}', { params: { path: { id: w.place.organization_id, user } }, signal }))

export const members = (w: Work, role: string | undefined) => list(w, ['people', 'members', role ?? ''], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/members', { params: { path: { id: w.place.organization_id }, query: { ...query, ...(given({ role })) as object } }, signal }))

export const memberById = (w: Work, user: string) => one(w, ['people', 'member', user], signal =>
  w.api.GET('/api/v1/organizations/{id}/members/{user}', { params: { path: { id: w.place.organization_id, user } }, signal }))

export const loginsOf = (w: Work, user: string) => one(w, ['people', 'logins', user], signal =>
  w.api.GET('/api/v1/organizations/{id}/people/{user}/logins', { params: { path: { id: w.place.organization_id, user } }, signal }))

export const loginRequests = (w: Work, state: string) => list(w, ['login-requests', state], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/login-requests', { params: { path: { id: w.place.organization_id }, query: { ...query, state: state as 'waiting' } }, signal }))

/** The links of one guardian or one student: a school has thousands. */
export const guardians = (w: Work, of: { parent_id: string } | { student_id: string }) => list(w, ['guardians', of], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/guardians', { params: { path: { id: w.place.organization_id }, query: { ...query, ...of } }, signal }))

export const invitations = (w: Work, state: string | undefined) => list(w, ['invitations', state ?? ''], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/invitations', { params: { path: { id: w.place.organization_id }, query: { ...query, ...(given({ state })) as object } }, signal }))

export const rosterSources = (w: Work) => one(w, ['rosters', 'sources'], signal =>
  w.api.GET('/api/v1/organizations/{id}/roster/sources', { params: { path: { id: w.place.organization_id } }, signal }))

export const rosterImports = (w: Work) => list(w, ['rosters', 'imports'], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/roster/imports', { params: { path: { id: w.place.organization_id }, query }, signal }))

/** What changes by itself is asked for again: an import that is being checked, applied or taken back. */
export const moving = ['received', 'checking', 'applying', 'undoing']

export const rosterImport = (w: Work, id: string) => queryOptions({
  ...one<RosterImport>(w, ['rosters', 'import', id], signal =>
    w.api.GET('/api/v1/organizations/{id}/roster/imports/{import}', { params: { path: { id: w.place.organization_id, import: id } }, signal })),
  // A decision and an undo are taken before the state says so.
  refetchInterval: q => {
    const i = q.state.data
    if (!i) return false
    return moving.includes(i.state) || (i.state === 'waiting' && i.decided_at) ? 1500 : i.state === 'waiting' || i.state === 'applied' ? 4000 : false
  },
})

export interface ChangesFilter { kind?: string | undefined; action?: string | undefined }

export const rosterChanges = (w: Work, id: string, hash: string, f: ChangesFilter) => list(w, ['rosters', 'changes', id, hash, f], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/roster/imports/{import}/changes', { params: { path: { id: w.place.organization_id, import: id }, query: { ...query, ...(given({ ...f })) as object } }, signal }))

export const rosterIssues = (w: Work, id: string) => list(w, ['rosters', 'issues', id], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/roster/imports/{import}/issues', { params: { path: { id: w.place.organization_id, import: id }, query }, signal }))

export const classes = (w: Work, state: string) => list(w, ['classes', state], ({ signal, query }) =>
  w.api.GET('/api/v1/classes', { params: { query: { ...query, state: state as 'active' } }, signal }))

export const classById = (w: Work, id: string) => one(w, ['classes', 'one', id], signal => w.api.GET('/api/v1/classes/{id}', { params: { path: { id } }, signal }))

export const classMembers = (w: Work, id: string) => list(w, ['classes', 'members', id], ({ signal, query }) =>
  w.api.GET('/api/v1/classes/{id}/members', { params: { path: { id }, query }, signal }), 200)

export const accessReport = (w: Work) => list(w, ['access-report'], ({ signal, query }) => w.api.GET('/api/v1/access-report', { params: { query }, signal }), 20)

export const usageOf = (w: Work, from: string, to: string, org = w.place.organization_id) => one(w, ['usage', org, from, to], async signal => ({
  data: (await w.api.GET('/api/v1/organizations/{id}/usage', { params: { path: { id: org }, query: { from, to } }, signal })).data as Schemas['Usage'] | undefined,
}))

export const tiers = (w: Work) => one(w, ['tiers'], signal => w.api.GET('/api/v1/admin/tiers', { signal }))

export const keys = (w: Work) => list(w, ['keys'], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/keys', { params: { path: { id: w.place.organization_id }, query }, signal }))

export const webhooks = (w: Work) => list(w, ['webhooks'], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/webhooks', { params: { path: { id: w.place.organization_id }, query }, signal }))

export const webhookById = (w: Work, webhook: string) => one(w, ['webhooks', 'one', webhook], signal =>
  w.api.GET('/api/v1/organizations/{id}/webhooks/{webhook}', { params: { path: { id: w.place.organization_id, webhook } }, signal }))

export const deliveries = (w: Work, webhook: string, state: string | undefined) => ({
  ...list(w, ['webhooks', 'deliveries', webhook, state ?? ''], ({ signal, query }) =>
    w.api.GET('/api/v1/organizations/{id}/webhooks/{webhook}/deliveries', { params: { path: { id: w.place.organization_id, webhook }, query: { ...query, ...(given({ state })) as object } }, signal })),
  refetchInterval: 5000,
})

export const deliveryById = (w: Work, webhook: string, delivery: string) => one(w, ['webhooks', 'delivery', delivery], signal =>
  w.api.GET('/api/v1/organizations/{id}/webhooks/{webhook}/deliveries/{delivery}', { params: { path: { id: w.place.organization_id, webhook, delivery } }, signal }))

export const mails = (w: Work, state: string | undefined) => ({
  ...list(w, ['mails', state ?? ''], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/mail/deliveries', { params: { path: { id: w.place.organization_id }, query: { ...query, ...(given({ state })) as object } }, signal })),
  refetchInterval: 15_000,
})

export const organizationById = (w: Work, id: string) => one<Organization>(w, ['organizations', 'one', id], signal => w.api.GET('/api/v1/organizations/{id}', { params: { path: { id } }, signal }))

export const policies = (w: Work, id = w.place.organization_id) => one<Policies>(w, ['policies', id], signal => w.api.GET('/api/v1/organizations/{id}/policies', { params: { path: { id } }, signal }))

export interface TrailFilter { action?: string | undefined; actor?: string | undefined; object_id?: string | undefined; result?: string | undefined; from?: string | undefined; to?: string | undefined }

export const trail = (w: Work, f: TrailFilter, org = w.place.organization_id) => list(w, ['audit', org, f], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/audit', { params: { path: { id: org }, query: { ...query, ...(given({ ...f })) as object } }, signal }))

export const organizations = (w: Work, f: { q?: string | undefined; status?: string | undefined }) => list(w, ['organizations', f], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations', { params: { query: { ...query, ...(given({ ...f })) as object } }, signal }))

export const statsOf = (w: Work, org?: string) => one(w, ['stats', org ?? ''], signal =>
  w.api.GET('/api/v1/admin/storage/stats', { params: { query: org ? { organization_id: org } : {} }, signal }))

/** Long-running work, asked for until it has ended. An operator names the organization whose it is. */
export const operation = (w: Work, id: string, org?: string) => queryOptions({
  ...one<Operation>(w, ['operations', id], signal => w.api.GET('/api/v1/operations/{id}', { params: { path: { id }, query: org ? { organization_id: org } : {} }, signal })),
  refetchInterval: q => (q.state.data && q.state.data.state !== 'running' ? false : 1000),
})

/** What the API can do at the moment. A 503 names what is missing too. */
export const readiness = (w: Work) => queryOptions({
  queryKey: [w.place.organization_id, 'readiness'],
  queryFn: async ({ signal }) => (await (await fetch('/readyz', { signal, cache: 'no-store', credentials: 'omit' })).json()) as { ready: boolean; degraded?: boolean; missing: string[] },
  refetchInterval: 10_000,
})
