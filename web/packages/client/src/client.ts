import createFetch, { type Client } from 'openapi-fetch'

import type { components, paths } from '../dist/schema.d.ts'
import { Problem, problemOf } from './problem.ts'

export type Schemas = components['schemas']
export type Api = Client<paths>

/** Where the API is, and in whose name it is called. */
export interface Connection {
  /** Address of the API without a slash at its end; empty: that of the page. */
  baseUrl: string
  /**
   * The access token for the next request. `stale` is the token that the API has just refused: give another one.
   * It may take as long as a person needs to sign in again; a rejection fails the request.
   */
  getToken(stale?: string): Promise<string>
  /** The organization of the call, for callers who belong to several. */
  organization?: string | undefined
}

/** The headers that every call carries. */
export async function headers(c: Connection, stale?: string): Promise<Record<string, string>> {
  const h: Record<string, string> = { Authorization: 'Bearer ' + await c.getToken(stale) }
  if (c.organization) h['X-Organization-ID'] = c.organization
  return h
}

const sleep = (ms: number, signal?: AbortSignal | null) => new Promise<void>((done, fail) => {
  const end = setTimeout(done, ms)
  signal?.addEventListener('abort', () => { clearTimeout(end); fail(signal.reason as Error) }, { once: true })
})

/**
 * fetch with the caller's token. It answers 401 once with another token, and waits out a Retry-After of at most ten
 * seconds twice: what a list needs is then a little late and not an error.
 */
export async function call(c: Connection, input: Request): Promise<Response> {
  let stale: string | undefined
  for (let attempt = 0; ; attempt++) {
    const request = input.clone()
    const own = await headers(c, stale)
    for (const [name, value] of Object.entries(own)) request.headers.set(name, value)
    let answer: Response
    try {
      answer = await fetch(request, { credentials: 'omit', cache: 'no-store' })
    } catch (e) {
      if (e instanceof DOMException && e.name === 'AbortError') throw e
      throw new Problem({ status: 0, code: 'unreachable' })
    }
    if (answer.status === 401 && attempt === 0) { stale = own.Authorization?.slice(7); continue }
    const wait = Number(answer.headers.get('Retry-After') ?? NaN)
    if (answer.status === 429 && attempt < 2 && wait <= 10) { await sleep(wait * 1000, input.signal); continue }
    return answer
  }
}

/** The typed client of the contract. A refusal is thrown as a Problem. */
export function createApi(c: Connection): Api {
  const api = createFetch<paths>({ baseUrl: c.baseUrl, fetch: request => call(c, request) })
  api.use({
    async onResponse({ response }) {
      if (!response.ok && response.status !== 304) throw problemOf(response.status, await response.text(), n => response.headers.get(n))
      return undefined
    },
  })
  return api
}

/** Bytes of a file, a version or a rendition, for a page that shows them as a blob. */
export async function bytes(c: Connection, path: string, signal?: AbortSignal): Promise<Blob> {
  const answer = await call(c, new Request(new URL(path, new URL(c.baseUrl || '/', location.href)), signal ? { signal } : {}))
  if (!answer.ok) throw problemOf(answer.status, await answer.text(), n => answer.headers.get(n))
  return answer.blob()
}
