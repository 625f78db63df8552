import { type Schemas, asProblem } from '@satchel/client'
import { queryOptions } from '@tanstack/react-query'

import { onItsWay } from '../parts/consent-requests.ts'
import type { Work } from './context.tsx'
import { every, list, one } from './queries.ts'

export type Hold = Schemas['Hold']
export type RetentionPolicy = Schemas['RetentionPolicy']
export type RetentionReview = Schemas['RetentionReview']
export type AccessRequest = Schemas['AccessRequest']
export type AccessRequestFile = Schemas['AccessRequestFile']
export type Disclosure = Schemas['Disclosure']
export type Amendment = Schemas['Amendment']
export type DisclosureConsent = Schemas['DisclosureConsent']
export type BreakGlassReview = Schemas['BreakGlassReview']
export type AmendmentStep = 'review' | 'amend' | 'deny' | 'request_hearing' | 'schedule' | 'hold' | 'decide_amend' | 'decide_uphold' | 'state' | 'withdraw' | 'close'
export type RecordKind = Schemas['RecordKind']
export type HeldFile = Schemas['HeldFile']
export type Agreement = Schemas['Agreement']
export type Subprocessor = Schemas['Subprocessor']
export type ConsentSettings = Schemas['ConsentSettings']
export type ConsentDecision = Schemas['ConsentDecision']
export type ComplianceCheck = Schemas['ComplianceCheck']
export type Duty = Schemas['ComplianceDuty']
export type Incident = Schemas['Incident']
export type Disposition = Schemas['Disposition']
export type Notice = Schemas['ConsentNotice']
export type ConsentRequest = Schemas['ConsentRequest']
export type ConsentTerms = Schemas['ConsentTerms']
export type NewConsentDecision = Schemas['NewConsentDecision']
export type Erasure = Schemas['Erasure']
export type ErasureCertificate = Schemas['ErasureCertificate']
export type ErasureBasis = Schemas['ErasureBasis']
export type ErasureRequest = Schemas['ErasureRequest']
export type DirectoryPolicy = Schemas['DirectoryPolicy']
export type DirectoryCategory = Schemas['DirectoryCategory']
export type DirectoryOptOut = Schemas['DirectoryOptOut']
export type OwnStudent = Schemas['OwnStudent']
export type DataInventory = Schemas['DataInventory']

const of = (w: Work) => ({ id: w.place.organization_id })

export const heldFiles = (w: Work) => list(w, ['held'], ({ signal, query }) => w.api.GET('/api/v1/storage/held', { params: { query }, signal }))

export const holds = (w: Work, released: boolean) => list(w, ['holds', released], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/holds', { params: { path: of(w), query: { ...query, ...(released ? { released } : {}) } }, signal }))

export const retentionPolicies = (w: Work) => list(w, ['retention', 'policies'], ({ signal }) => w.api.GET('/api/v1/organizations/{id}/retention-policies', { params: { path: of(w) }, signal }))

export const retentionReviews = (w: Work) => list(w, ['retention', 'reviews'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/retention-reviews', { params: { path: of(w), query }, signal }))

export const agreements = (w: Work) => list(w, ['agreements'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/agreements', { params: { path: of(w), query }, signal }))

export const consentSettings = (w: Work) => one(w, ['consent'], signal => w.api.GET('/api/v1/organizations/{id}/consent', { params: { path: of(w) }, signal }))

export const consentOf = (w: Work, user: string) => one(w, ['consent', 'of', user], signal => w.api.GET('/api/v1/organizations/{id}/people/{user}/consent', { params: { path: { ...of(w), user } }, signal }))

export const decisionsOf = (w: Work, user: string) => list(w, ['consent', 'decisions', user], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/people/{user}/consents', { params: { path: { ...of(w), user }, query }, signal }), 200)

export const complianceReport = (w: Work) => one(w, ['compliance'], signal => w.api.GET('/api/v1/compliance-report', { signal }) as Promise<{ data?: Schemas['ComplianceReport'] }>)

export const duties = (w: Work) => list(w, ['duties'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/compliance-duties', { params: { path: of(w), query }, signal }), 200)

export const incidents = (w: Work) => list(w, ['incidents'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/incidents', { params: { path: of(w), query }, signal }))

export const incidentClocks = (w: Work) => list(w, ['clocks'], ({ signal }) => w.api.GET('/api/v1/organizations/{id}/incident-clocks', { params: { path: of(w) }, signal }))

export const dispositions = (w: Work) => list(w, ['dispositions'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/dispositions', { params: { path: of(w), query }, signal }))

export const notices = (w: Work) => list(w, ['notices'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/consent/notices', { params: { path: of(w), query }, signal }), 200)

export const consentTerms = (w: Work) => one(w, ['consent', 'terms'], signal => w.api.GET('/api/v1/organizations/{id}/consent/terms', { params: { path: of(w) }, signal }))

/** Requests to parents for consent, of one student or of all; those whose mail is on its way are looked at again. */
export const consentRequests = (w: Work, f: { state?: string | undefined; child?: string | undefined }) => ({
  ...list(w, ['consent-requests', f.state ?? '', f.child ?? ''], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/consent-requests', {
    params: { path: of(w), query: { ...query, ...(f.state ? { state: f.state as ConsentRequest['state'] } : {}), ...(f.child ? { child_id: f.child } : {}) } }, signal,
  })),
  refetchInterval: (q: { state: { data?: { pages: { items: ConsentRequest[] }[] } | undefined } }) => (q.state.data?.pages.some(p => p.items.some(onItsWay)) ? 3000 : false) as number | false,
})

/** One of them, with what is kept of its answers. */
export const consentRequestById = (w: Work, request: string) => one(w, ['consent-requests', 'one', request], signal =>
  w.api.GET('/api/v1/organizations/{id}/consent-requests/{request}', { params: { path: { ...of(w), request } }, signal }))

export const subprocessors = (w: Work) => list(w, ['subprocessors'], ({ signal, query }) => w.api.GET('/api/v1/organizations/{id}/subprocessors', { params: { path: of(w), query }, signal }))

const soon = 30 * 86_400_000

/** Whether the school has students and no agreement, or none that counts for another 30 days: until is the end of the last one. */
export const missingAgreement = (w: Work) => queryOptions({
  queryKey: [w.place.organization_id, 'agreements', 'missing'],
  staleTime: 0, // an agreement may have ended meanwhile
  queryFn: async ({ signal }): Promise<{ until?: string } | null> => {
    const all = await every(async cursor => (await w.api.GET('/api/v1/organizations/{id}/agreements', { params: { path: of(w), query: { limit: 200, ...(cursor ? { cursor } : {}) } }, signal })).data!)
    const now = Date.now()
    const until = all.filter(a => !a.ended_at && Date.parse(a.expires_at) > now).map(a => a.expires_at).toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1)
    if (until && Date.parse(until) > now + soon) return null
    const students = await w.api.GET('/api/v1/organizations/{id}/members', { params: { path: of(w), query: { role: 'student', limit: 1 } }, signal })
    return students.data!.items.length === 0 ? null : { ...(until ? { until } : {}) }
  },
})

export const disclosures = (w: Work, outcome: Disclosure['outcome'] | '') => list(w, ['disclosures', outcome], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/disclosures', { params: { path: of(w), query: { ...query, ...(outcome ? { outcome } : {}) } }, signal }))

export const accessRequests = (w: Work, ended: boolean) => list(w, ['access-requests', ended], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/access-requests', { params: { path: of(w), query: { ...query, ...(ended ? { ended } : {}) } }, signal }))

export const accessRequestFiles = (w: Work, request: string) => list(w, ['access-requests', 'files', request], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/access-requests/{request}/files', { params: { path: { ...of(w), request }, query }, signal }))

export const erasureRequests = (w: Work, ended: boolean) => list(w, ['erasure-requests', ended], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/erasure-requests', { params: { path: of(w), query: { ...query, ...(ended ? { ended } : {}) } }, signal }))

export const amendments = (w: Work, ended: boolean) => list(w, ['amendments', ended], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/amendments', { params: { path: of(w), query: { ...query, ...(ended ? { ended } : {}) } }, signal }))

export const disclosureConsents = (w: Work) => list(w, ['disclosure-consents'], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/disclosure-consents', { params: { path: of(w), query }, signal }))

export const breakGlassReviews = (w: Work, reviewed: boolean) => list(w, ['break-glass', reviewed], ({ signal, query }) =>
  w.api.GET('/api/v1/break-glass', { params: { query: { ...query, ...(reviewed ? { reviewed } : {}) } }, signal }))

const under = (e: Erasure) => e.state !== 'certified'

/** Erasures; those that are under way are looked at again. */
export const erasures = (w: Work) => ({
  ...list(w, ['erasures'], ({ signal, query }) => w.api.GET('/api/v1/erasures', { params: { query }, signal })),
  refetchInterval: (q: { state: { data?: { pages: { items: Erasure[] }[] } | undefined } }) => (q.state.data?.pages.some(p => p.items.some(under)) ? 5000 : false) as number | false,
})

export const erasureById = (w: Work, id: string) => queryOptions({
  ...one<Erasure>(w, ['erasures', 'one', id], signal => w.api.GET('/api/v1/erasures/{id}', { params: { path: { id } }, signal })),
  refetchInterval: q => (q.state.data && !under(q.state.data) ? false : 2000),
})

export const certificateOf = (w: Work, id: string) => one(w, ['erasures', 'certificate', id], signal =>
  w.api.GET('/api/v1/erasures/{id}/certificate', { params: { path: { id }, query: { format: 'json' } }, signal }) as Promise<{ data?: ErasureCertificate }>)

/** Documents that were made from what an erasure erased, and are here still. */
export const derivedOf = (w: Work, id: string) => list(w, ['erasures', 'derived', id], ({ signal, query }) =>
  w.api.GET('/api/v1/erasures/{id}/derived', { params: { path: { id }, query }, signal }))

/** What the school designated as directory information; null: it has not said. */
export const directoryPolicy = (w: Work) => queryOptions({
  queryKey: [w.place.organization_id, 'directory', 'policy'],
  queryFn: async ({ signal }): Promise<DirectoryPolicy | null> => {
    try {
      return (await w.api.GET('/api/v1/organizations/{id}/directory-policy', { params: { path: of(w) }, signal })).data!
    } catch (e) {
      if (asProblem(e).code === 'no_directory_policy') return null
      throw e
    }
  },
})

export const optedOut = (w: Work) => list(w, ['directory', 'opt-outs'], ({ signal, query }) =>
  w.api.GET('/api/v1/organizations/{id}/directory-opt-outs', { params: { path: of(w), query }, signal }))

export const optOutOf = (w: Work, student: string) => one<DirectoryOptOut>(w, ['directory', 'opt-outs', student], signal =>
  w.api.GET('/api/v1/organizations/{id}/directory-opt-outs/{student}', { params: { path: { ...of(w), student } }, signal }))

/** The person, if a student, and the students whose guardian they are. */
export const ownStudents = (w: Work) => queryOptions({ ...one(w, ['directory', 'own'], signal => w.api.GET('/api/v1/me/students', { signal })), staleTime: 300_000 })

export const dataInventory = (w: Work) => one(w, ['inventory'], signal => w.api.GET('/api/v1/data-inventory', { signal }))
