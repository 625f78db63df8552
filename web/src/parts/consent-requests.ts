import type { ConsentRequest } from '../app/queries-compliance.ts'

export type RequestState = ConsentRequest['state']

// What an officer may do in which state, as the table of docs/compliance/consent-requests.md has it: a test compares the two, and the API refuses
// anything else. A mail that has not gone out can be asked for again, to another address.
const asks: readonly RequestState[] = ['notice_pending', 'requested', 'undeliverable', 'reconsent_required']
const cancels: readonly RequestState[] = ['required', 'notice_pending', 'requested', 'undeliverable']

/** Whether its mail can be sent again. */
export const canResend = (r: Pick<ConsentRequest, 'state'>) => asks.includes(r.state)

/** Whether it can be taken back. A consent that was given is the parent's to end, also while they are asked about a newer notice. */
export const canCancel = (r: Pick<ConsentRequest, 'state' | 'grant_id'>) => r.grant_id === null && cancels.includes(r.state)

/** Whether it becomes another one by itself in a moment: its mail is on its way. */
export const onItsWay = (r: Pick<ConsentRequest, 'state'>) => r.state === 'notice_pending'

/** How a state is marked: the words and colors of `State`. */
export function markOf(state: RequestState): string {
  if (state === 'granted') return 'active'
  if (state === 'denied' || state === 'revoked' || state === 'expired' || state === 'undeliverable') return 'denied'
  if (state === 'void' || state === 'aged_out') return 'revoked'
  return 'waiting'
}

/** The languages in which a mail to a parent, and the page that it leads to, are written: those of internal/mailtext. */
export const mailLanguages = ['en', 'de']

/** The guardians who were asked about a child, each once, with the day of the newest request. */
export function guardiansAsked(requests: readonly Pick<ConsentRequest, 'guardian_id' | 'created_at'>[]): { id: string; at: string }[] {
  const newest = new Map<string, string>()
  for (const r of requests) {
    const known = newest.get(r.guardian_id)
    if (known === undefined || known < r.created_at) newest.set(r.guardian_id, r.created_at)
  }
  return [...newest].map(([id, at]) => ({ id, at })).toSorted((a, b) => b.at.localeCompare(a.at))
}
