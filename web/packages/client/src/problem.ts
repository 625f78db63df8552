/** A refusal of the API (RFC 9457), or that it could not be reached: then `status` is 0 and `code` is `unreachable`. */
export class Problem extends Error {
  readonly status: number
  /** Stable, for programs. */
  readonly code: string
  /** What happened and what to do, in English, as the API says it. */
  readonly detail: string
  /** The rule that refused, where there is one. */
  readonly rule: string | undefined
  /** What support finds the request by. */
  readonly requestId: string | undefined
  /** Seconds to wait before the next attempt. */
  readonly retryAfter: number | undefined

  constructor(p: { status: number; code: string; detail?: string; rule?: string; requestId?: string; retryAfter?: number }) {
    super(p.detail || p.code)
    this.name = 'Problem'
    this.status = p.status
    this.code = p.code
    this.detail = p.detail ?? ''
    this.rule = p.rule
    this.requestId = p.requestId
    this.retryAfter = p.retryAfter
  }
}

/** What a person can do about a problem. Each has a sentence of its own in every language. */
export type Advice =
  | 'offline' | 'signIn' | 'wait' | 'notAllowed' | 'gone' | 'nameTaken' | 'changed' | 'tooLarge' | 'full' | 'typeRefused'
  | 'consent' | 'consentScope' | 'alreadyAsked' | 'noNotice' | 'noConsentNeeded' | 'addressOfStudent' | 'mailsOfToday' | 'assurance' | 'damaged' | 'dangerous' | 'notReady' | 'closed' | 'busy' | 'invalid' | 'server'

const byCode: Record<string, Advice> = {
  unreachable: 'offline',
  name_taken: 'nameTaken',
  folder_exists: 'nameTaken',
  file_exists: 'nameTaken',
  too_large: 'tooLarge',
  over_quota: 'full',
  over_quota_of_organization: 'full',
  type_not_allowed: 'typeRefused',
  consent_required: 'consent',
  consent_scope: 'consentScope',
  consent_request_exists: 'alreadyAsked',
  notice_required: 'noNotice',
  consent_not_needed: 'noConsentNeeded',
  address_of_student: 'addressOfStudent',
  consent_mails_limited: 'mailsOfToday',
  assurance_required: 'assurance',
  checksum_mismatch: 'damaged',
  quarantined: 'dangerous',
  infected: 'dangerous',
  not_published: 'notReady',
  rate_limited: 'wait',
  not_granted: 'notAllowed',
  organization_suspended: 'closed',
  organization_not_ready: 'closed',
}

const byStatus: Record<number, Advice> = {
  0: 'offline', 400: 'invalid', 401: 'signIn', 403: 'notAllowed', 404: 'gone', 405: 'invalid', 406: 'invalid', 408: 'offline', 409: 'changed',
  410: 'gone', 411: 'invalid', 412: 'changed', 413: 'tooLarge', 415: 'typeRefused', 416: 'invalid', 422: 'invalid', 423: 'busy',
  424: 'server', 428: 'changed', 429: 'wait', 431: 'invalid', 451: 'notAllowed', 501: 'invalid', 507: 'full',
}

/** The advice for a refusal; there is one for every code and status. */
export function adviceFor(p: { status: number; code: string }): Advice {
  const known = byCode[p.code]
  if (known) return known
  if (/_(taken|exists)$/.test(p.code)) return 'nameTaken'
  return byStatus[p.status] ?? (p.status >= 500 ? 'server' : 'invalid')
}

/** Seconds of a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3). Undefined for what is neither. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null || header.trim() === '') return undefined
  if (/^\s*\d+\s*$/.test(header)) return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000))
}

interface Body { code?: unknown; detail?: unknown; title?: unknown; rule?: unknown; request_id?: unknown }

/** A Problem of an answer's parts. What is no problem document (a proxy's page) keeps the status. */
export function problemOf(status: number, text: string, header: (name: string) => string | null): Problem {
  let body: Body = {}
  try { body = JSON.parse(text) as Body } catch { /* a proxy's page */ }
  const word = (v: unknown) => (typeof v === 'string' ? v : '')
  return new Problem({
    status, code: word(body?.code) || `http_${status}`, detail: word(body?.detail) || word(body?.title), rule: word(body?.rule) || undefined,
    requestId: word(body?.request_id) || header('X-Request-ID') || undefined, retryAfter: retryAfter(header('Retry-After')),
  })
}

/** Any thrown thing as a Problem: fetch throws a TypeError when nothing answered. */
export function asProblem(e: unknown): Problem {
  return e instanceof Problem ? e : new Problem({ status: 0, code: 'unreachable', detail: e instanceof Error ? e.message : String(e) })
}
