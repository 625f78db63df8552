import type { Settings } from './settings.ts'

/**
 * The sign-in of this tab: authorization code with PKCE (RFC 6749, 7636, BCP 212). Tokens are in memory. Only while a
 * page is being left is the refresh token in this tab's storage, so that a reload need not sign in again: a tab that
 * is duplicated while it is open has no copy, whose use would end the login of both.
 */
export type State = 'starting' | 'out' | 'in' | 'expired' | 'down' | 'handed' // handed: this window has given its sign-in to the page that opened it

interface Tokens { access_token: string; expires_in: number; refresh_token?: string; id_token?: string }
interface Begun { state: string; nonce: string; verifier: string; path: string }

const begunKey = 'satchel.sign-in'
const refreshKey = 'satchel.refresh'
const channelName = 'satchel.sign-in'
// The state of a sign-in in a window of its own begins so. The window's name cannot tell: a browser forgets it on the way to
// the issuer and back, because this page isolates itself from others (Cross-Origin-Opener-Policy).
const forOpener = 'opener.'
const early = 30_000 // a token is renewed so long before its end

export class Session {
  state: State = 'starting'
  private access = ''
  private refreshToken = ''
  private idToken = ''
  private subject = ''
  private ends = 0 // on the clock of performance.now(), which no wrong clock of the machine disturbs
  private renewing: Promise<void> | undefined
  private who: Promise<unknown> | undefined
  private readonly places = new Map<string, Promise<unknown>>()
  private again: { promise: Promise<void>; done: () => void } | undefined
  private readonly listeners = new Set<() => void>()

  constructor(readonly settings: Settings, private readonly ask: typeof fetch = (...a) => fetch(...a)) {
    addEventListener('pagehide', () => { if (this.state === 'in' && this.refreshToken) store(refreshKey, this.refreshToken) })
    addEventListener('pageshow', e => { if (e.persisted) take(refreshKey) })
  }

  readonly subscribe = (l: () => void) => { this.listeners.add(l); return () => { this.listeners.delete(l) } }
  readonly current = () => this.state

  /** Whether somebody is likely to be signed in: the page was left so, or comes back from the issuer. Asked before `start`. */
  expected(): boolean {
    try { if (sessionStorage.getItem(refreshKey)) return true } catch { /* blocked */ }
    return new URLSearchParams(location.search).has('code')
  }

  /** Finds out whether somebody is signed in, and returns the path that they were on. */
  async start(): Promise<string | undefined> {
    const query = new URLSearchParams(location.search)
    const kept = take(refreshKey)
    if (query.has('state') && (query.has('code') || query.has('error'))) {
      const begun = parse(take(begunKey))
      history.replaceState(null, '', location.pathname)
      if (!begun && query.get('state')!.startsWith(forOpener)) { tell(query); this.set('handed'); return undefined }
      if (begun && await this.redeem(query, begun)) { this.askWho(); this.set('in'); return begun.path }
    } else if (kept && this.settings.tokens) {
      this.refreshToken = kept
      if (await this.renew().then(() => true, () => false)) { this.askWho(); this.set('in'); return undefined }
    }
    this.set(this.settings.down ? 'down' : 'out')
    return undefined
  }

  /** Asks who is signed in as soon as there is a token, while the program of the pages is still on its way. */
  private askWho() {
    const ask = (path: string, more: Record<string, string>) => this.ask(path, { headers: { Authorization: 'Bearer ' + this.access, ...more }, credentials: 'omit', cache: 'no-store' })
      .then(r => (r.ok ? r.json() as Promise<unknown> : undefined), () => undefined)
    this.who = ask('/api/v1/me', {})
    // A page that begins with the spaces of an organization need not wait for that answer to ask for them.
    const org = /^\/console\/o\/([0-9a-f-]{36})\/(?:spaces|send)(?:\/|$)/.exec(location.pathname)?.[1]
    if (org) this.places.set(org, ask('/api/v1/spaces?limit=200', { 'X-Organization-ID': org }))
  }

  /** The first page of the spaces of an organization, once, if it was asked for. */
  async firstSpaces<T>(org: string): Promise<T | undefined> {
    const asked = this.places.get(org)
    this.places.delete(org)
    return await asked as T | undefined
  }

  /** That answer, once: undefined when there is none, and who needs it asks again. */
  async firstAnswer<T>(): Promise<T | undefined> {
    const asked = this.who
    this.who = undefined
    return await asked as T | undefined
  }

  /** Leaves for the issuer and comes back to the same page. */
  async signIn(path = location.pathname + location.search): Promise<void> {
    const { begun, url } = await this.begin(path)
    store(begunKey, JSON.stringify(begun))
    location.assign(url)
  }

  /** Signs the same person in again in a window of its own: the page, and the files that it sends, stay. */
  async signInAgain(): Promise<boolean> {
    const opened = window.open('about:blank', '_blank', 'popup,width=480,height=720')
    const { begun, url } = await this.begin('', forOpener)
    if (!opened) return false
    const channel = new BroadcastChannel(channelName)
    const answer = new Promise<URLSearchParams>(done => {
      channel.onmessage = e => {
        const query = new URLSearchParams(String(e.data))
        if (query.get('state') === begun.state) done(query) // another tab may sign in at the same time
      }
    })
    opened.location.replace(url)
    const query = await answer
    channel.close()
    const before = this.subject
    if (!await this.redeem(query, begun)) return false
    if (before && before !== this.subject) { location.reload(); return false } // another person: nothing of the first stays
    this.set('in')
    this.again?.done()
    this.again = undefined
    return true
  }

  /** The token for a request; it waits while the person has to sign in again. */
  async getToken(stale?: string): Promise<string> {
    if (stale && stale === this.access) this.ends = 0
    while (!this.access || performance.now() > this.ends - early) {
      try { await this.renew() } catch (e) {
        if (e instanceof Unanswered) { await new Promise(done => setTimeout(done, 2000)); continue }
        if (this.state === 'out') throw e
        this.set('expired')
        this.again ??= waiter()
        await this.again.promise
      }
    }
    return this.access
  }

  /** Forgets everything and ends the login at the issuer. */
  async signOut(clear: () => Promise<void>): Promise<void> {
    const hint = this.idToken
    this.access = this.refreshToken = this.idToken = ''
    this.set('out')
    await clear()
    try { sessionStorage.clear() } catch { /* storage is blocked: there is nothing in it */ }
    const { endSession, home } = this.settings
    if (!endSession) { location.replace(home || '/console/'); return }
    const to = new URL(endSession)
    if (hint) to.searchParams.set('id_token_hint', hint)
    to.searchParams.set('post_logout_redirect_uri', home)
    to.searchParams.set('client_id', this.settings.client)
    location.replace(to)
  }

  private set(s: State) {
    if (s === this.state) return
    this.state = s
    for (const l of this.listeners) l()
  }

  private async begin(path: string, kind = '') {
    const begun: Begun = { state: kind + random(), nonce: random(), verifier: random(), path }
    const challenge = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(begun.verifier))))
    const url = new URL(this.settings.authorize)
    const asked = {
      client_id: this.settings.client, redirect_uri: this.settings.home, response_type: 'code', scope: this.settings.scopes, state: begun.state, nonce: begun.nonce,
      code_challenge: challenge, code_challenge_method: 'S256',
    }
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
    return { begun, url }
  }

  private async redeem(answer: URLSearchParams, begun: Begun): Promise<boolean> {
    const issuer = answer.get('iss')
    if (answer.get('state') !== begun.state || (issuer && issuer !== this.settings.issuer) || !answer.get('code')) return false
    try {
      const t = await this.tokens({ grant_type: 'authorization_code', redirect_uri: this.settings.home, code: answer.get('code')!, code_verifier: begun.verifier })
      const id = claims(t.id_token ?? '')
      if (id.nonce !== begun.nonce || id.iss !== this.settings.issuer || ![id.aud].flat().includes(this.settings.client)) return false
      this.idToken = t.id_token!
      this.subject = String(id.sub)
      this.take(t)
      return true
    } catch { return false }
  }

  private renew(): Promise<void> {
    this.renewing ??= this.refresh().finally(() => { this.renewing = undefined })
    return this.renewing
  }

  private async refresh() {
    if (!this.refreshToken) throw new Error('signed out')
    this.take(await this.tokens({ grant_type: 'refresh_token', refresh_token: this.refreshToken }))
  }

  private take(t: Tokens) {
    this.access = t.access_token
    this.ends = performance.now() + Math.max(t.expires_in * 1000, early + 1000)
    if (t.refresh_token) this.refreshToken = t.refresh_token
  }

  private async tokens(form: Record<string, string>): Promise<Tokens> {
    let answer: Response
    try {
      answer = await this.ask(this.settings.tokens, { method: 'POST', body: new URLSearchParams({ ...form, client_id: this.settings.client }), credentials: 'omit', cache: 'no-store' })
    } catch { throw new Unanswered() }
    if (answer.status >= 500 || answer.status === 429) throw new Unanswered()
    const t = await answer.json() as Tokens
    if (!answer.ok || !t.access_token) throw new Error('refused')
    return t
  }
}

/** The issuer did not answer: the login may be as good as before. */
class Unanswered extends Error {}

function waiter() {
  let done = () => {}
  const promise = new Promise<void>(d => { done = d })
  return { promise, done }
}

function tell(query: URLSearchParams) {
  const channel = new BroadcastChannel(channelName)
  channel.postMessage(query.toString())
  setTimeout(() => { channel.close(); window.close() }, 100)
}

const base64url = (b: Uint8Array) => btoa(String.fromCharCode(...b)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))

function claims(token: string): Record<string, unknown> {
  const payload = token.split('.')[1] ?? ''
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
}

function parse(text: string | null): Begun | undefined {
  try { return text ? JSON.parse(text) as Begun : undefined } catch { return undefined }
}

function store(key: string, value: string) { try { sessionStorage.setItem(key, value) } catch { /* blocked: people sign in after a reload */ } }
function take(key: string): string | null {
  try { const v = sessionStorage.getItem(key); sessionStorage.removeItem(key); return v } catch { return null }
}
