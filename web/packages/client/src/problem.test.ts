import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { adviceFor, asProblem, problemOf, retryAfter } from './problem.ts'

const root = join(process.cwd(), '..') // tests run in web/

/** Every code that a Go package makes a refusal of, with its kind. */
function codes(): Map<string, string> {
  const all = new Map<string, string>()
  const walk = (folder: string) => {
    for (const e of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, e.name)
      if (e.isDirectory() && !['node_modules', 'web', '.git', '.local'].includes(e.name)) walk(path)
      else if (e.name.endsWith('.go') && !e.name.endsWith('_test.go')) {
        for (const m of readFileSync(join(root, path), 'utf8').matchAll(/fault\.New\(fault\.(\w+),\s*"(\w+)"/g)) all.set(m[2]!, m[1]!)
      }
    }
  }
  for (const folder of ['api', 'files', 'spaces', 'tenancy', 'search', 'rosters', 'policies', 'internal']) walk(folder)
  return all
}

/** The status of each kind, as api/problem says it. */
function statuses(): Map<string, number> {
  const http: Record<string, number> = {
    StatusBadRequest: 400, StatusUnauthorized: 401, StatusForbidden: 403, StatusNotFound: 404, StatusConflict: 409, StatusGone: 410, StatusPreconditionFailed: 412,
    StatusRequestEntityTooLarge: 413, StatusUnsupportedMediaType: 415, StatusRequestedRangeNotSatisfiable: 416, StatusUnprocessableEntity: 422, StatusLocked: 423,
    StatusTooManyRequests: 429, StatusInternalServerError: 500, StatusServiceUnavailable: 503, StatusInsufficientStorage: 507, StatusRequestTimeout: 408,
    StatusMethodNotAllowed: 405, StatusUnavailableForLegalReasons: 451, StatusBadGateway: 502, StatusGatewayTimeout: 504,
  }
  const all = new Map<string, number>()
  for (const m of readFileSync(join(root, 'api/problem/problem.go'), 'utf8').matchAll(/fault\.(\w+):\s*\{?\s*http\.(\w+)/g)) all.set(m[1]!, http[m[2]!]!)
  return all
}

describe('a problem', () => {
  test('has advice for every code of the platform', () => {
    const kinds = statuses()
    const known = codes()
    expect(known.size).toBeGreaterThan(100)
    expect(kinds.size).toBeGreaterThan(8)
    for (const [code, kind] of known) {
      expect(kinds.get(kind), `the kind ${kind} of ${code} has a status`).toBeGreaterThan(399)
      const advice = adviceFor({ status: kinds.get(kind)!, code })
      if (kind !== 'Invalid') expect(advice, `${code} (${kind}) says more than that something is wrong`).not.toBe('invalid')
    }
  })

  test('of a kind says what this kind means', () => {
    expect(adviceFor({ status: 507, code: 'over_quota' })).toBe('full')
    expect(adviceFor({ status: 403, code: 'consent_required' })).toBe('consent')
    expect(adviceFor({ status: 403, code: 'consent_scope' })).toBe('consentScope')
    expect(adviceFor({ status: 403, code: 'assurance_required' })).toBe('assurance')
    expect(adviceFor({ status: 409, code: 'consent_request_exists' })).toBe('alreadyAsked') // and not that a name is taken
    expect(adviceFor({ status: 409, code: 'notice_required' })).toBe('noNotice')
    expect(adviceFor({ status: 409, code: 'consent_not_needed' })).toBe('noConsentNeeded')
    expect(adviceFor({ status: 409, code: 'address_of_student' })).toBe('addressOfStudent')
    expect(adviceFor({ status: 429, code: 'consent_mails_limited' })).toBe('mailsOfToday') // a minute later it is refused too
    expect(adviceFor({ status: 413, code: 'anything' })).toBe('tooLarge')
    expect(adviceFor({ status: 409, code: 'name_taken' })).toBe('nameTaken')
    expect(adviceFor({ status: 409, code: 'offset_mismatch' })).toBe('changed')
    expect(adviceFor({ status: 599, code: '' })).toBe('server')
    expect(adviceFor(asProblem(new TypeError('failed to fetch')))).toBe('offline')
  })

  test('is read from what is no problem document', () => {
    const p = problemOf(502, '<html>bad gateway</html>', () => null)
    expect([p.status, p.code]).toEqual([502, 'http_502'])
    const q = problemOf(429, '{"code":"rate_limited","detail":"Wait."}', n => (n === 'Retry-After' ? '7' : null))
    expect([q.code, q.detail, q.retryAfter]).toEqual(['rate_limited', 'Wait.', 7])
    expect(problemOf(500, 'null', () => null).code).toBe('http_500')
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-28T12:00:00Z')
  test.each([
    ['0', 0], ['3', 3], [' 120 ', 120], ['Sat, 28 Nov 2026 12:00:30 GMT', 30], ['Sat, 28 Nov 2026 11:00:00 GMT', 0], ['', undefined], ['soon', undefined], [null, undefined], ['-1', undefined],
  ] as const)('%s is %s seconds', (header, seconds) => {
    // An engine may read "-1" as a year: what is not digits is a date or nothing, and a past date is no wait.
    const got = retryAfter(header, now)
    if (header === '-1') expect(got === undefined || got === 0).toBe(true)
    else expect(got).toBe(seconds)
  })
})
