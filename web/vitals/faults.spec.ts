import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Page } from '@playwright/test'

import { expect, test } from '../tests/fixtures.ts'
import { figure } from './figures.ts'
import { type Fault, FlakyProxy } from './proxy.ts'
import { apiProcess, filesWith, spaceOf, stack } from './stack.ts'

// Forty files in folders, sent while something is wrong: each is published once, and none is sent twice. Faults are drawn at
// random: with every third request they would fall into step with the retries.

const files = 40, large = 4
const MiB = 1 << 20

/** A folder of forty files in four folders; some of them are sent in several parts. */
function tree(mode: string): { path: string; mark: string } {
  const mark = `${mode} ${Date.now().toString(36)}`
  const path = join(mkdtempSync(join(tmpdir(), 'vitals-')), mark)
  for (let n = 0; n < files; n++) {
    const at = join(path, `part ${n % 4}`)
    mkdirSync(at, { recursive: true })
    writeFileSync(join(at, `${mark} ${n}.txt`), Buffer.alloc(n < large ? 20 * MiB + n : 20_000 + 1000 * n, `file ${n} of ${mark}\n`))
  }
  return { path, mark }
}

async function sendAll(page: Page, mode: string, meanwhile: (sent: Promise<void>) => Promise<string>): Promise<void> {
  test.setTimeout(600_000)
  const { path, mark } = tree(mode)
  try {
    await page.getByRole('heading', { level: 1, name: 'My files' }).waitFor()
    const began = Date.now()
    await page.getByTestId('folder').first().setInputFiles(path)
    const done = expect(page.getByTestId('announcements')).toHaveText(/^All files are done\./, { timeout: 420_000 })
    done.catch(() => undefined) // told below
    const what = await meanwhile(done)
    await done
    const took = (Date.now() - began) / 1000
    const there = await filesWith(await spaceOf('personal'), mark)
    const names = new Set(there.filter(f => f.status === 'published').map(f => f.name))
    let lost = 0
    for (let n = 0; n < files; n++) if (!names.has(`${mark} ${n}.txt`)) lost++
    figure(`${mode}: files lost`, lost, `of ${files}`, { most: 0 }, `${there.length - (files - lost)} sent twice; ${what}; all published after ${took.toFixed(0)} s`)
    expect(await page.getByTestId('announcements').textContent(), 'files that were not taken').toBe('All files are done.')
    expect({ lost, there: there.length }).toEqual({ lost: 0, there: files })
  } finally {
    rmSync(join(path, '..'), { recursive: true, force: true })
  }
}

/** Calls of the page that upload files or make their folders. */
const ofUploads = (url: string) => /\/api\/v1\/(storage\/tus|spaces\/[^/]+\/folders)/.test(url)

const seen = new Map<string, number>() // when each token was used first
const proxied: [mode: string, what: string, fault: (url: string, token: string) => Fault][] = [
  ['429', 'half of all requests answered 429 with Retry-After', () => (Math.random() < 0.5 ? { status: 429, code: 'rate_limited', headers: { 'Retry-After': '1' } } : undefined)],
  ['token expiry', 'each token refused with 401 three seconds after its first use', (_, token) => {
    const first = seen.get(token) ?? Date.now()
    seen.set(token, first)
    return Date.now() - first > 3000 ? { status: 401, code: 'invalid_token', headers: { 'WWW-Authenticate': 'Bearer' } } : undefined
  }],
  ['cuts', 'two of three connections cut: before the request, within it, and before its answer', () => (Math.random() < 0.67 ? (['before', 'within', 'after'] as const)[Math.floor(Math.random() * 3)] : undefined)],
  ['503', 'half of all requests answered 503', () => (Math.random() < 0.5 ? { status: 503, code: 'unavailable', ...(Math.random() < 0.5 ? { headers: { 'Retry-After': '1' } } : {}) } : undefined)],
]

for (const [mode, what, fault] of proxied) {
  test(`40 files under ${mode}`, async ({ signIn }) => {
    const proxy = await FlakyProxy.start(req => (ofUploads(req.url!) && req.method !== 'OPTIONS' ? fault(req.url!, req.headers.authorization ?? '') : undefined))
    try {
      const page = await signIn('teacher', { proxy: { server: proxy.address } })
      await sendAll(page, mode, async sent => { await sent; return `${what} (${proxy.faults})` })
    } finally { proxy.end() }
  })
}

test('40 files while the API is killed', async ({ signIn }) => {
  const page = await signIn('teacher')
  await sendAll(page, 'API killed', async sent => {
    let over = false
    void sent.finally(() => { over = true }).catch(() => undefined)
    let kills = 0
    while (!over && kills < 3) {
      const answered = page.waitForResponse(r => r.url().includes('/storage/tus'), { timeout: 60_000 }).catch(() => undefined)
      await Promise.race([answered, sent.catch(() => undefined)])
      const pid = apiProcess()
      if (over || !pid) continue
      process.kill(pid, 'SIGKILL')
      kills++
      await expect.poll(apiProcess, { timeout: 60_000 }).not.toBe(pid)
      await expect.poll(() => fetch(stack().api + '/.well-known/oauth-protected-resource').then(r => r.ok, () => false), { timeout: 60_000 }).toBe(true)
    }
    return `SIGKILL ${kills} times while files were being sent`
  })
})

test('40 files while the network is away for a minute', async ({ signIn }) => {
  const page = await signIn('teacher')
  await sendAll(page, 'offline', async () => {
    await page.waitForResponse(r => r.url().includes('/storage/tus'), { timeout: 60_000 })
    await page.context().setOffline(true)
    await page.waitForTimeout(60_000) // the minute is what is tried
    await page.context().setOffline(false)
    return 'the browser was offline for 60 s'
  })
})
