import { readFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { expect, fresh, test, textFile } from './fixtures.ts'

// The one who may say which origins call the API, and their token: of the stack of `make run` unless a test of e2e has made others.
const stack = () => JSON.parse(readFileSync('../.local/satchel.json', 'utf8')) as { organizations: { id: string; owner_token: string }[] }
const owner = () => (process.env.SATCHEL_OWNER ? JSON.parse(process.env.SATCHEL_OWNER) as { id: string; owner_token: string } : stack().organizations[0]!)

/** The server of a portal: its page under a strict policy, and the token of the person who is signed in there. */
async function portal(api: string, token: string, person: string): Promise<{ server: Server; origin: string }> {
  const kinds: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${api}; img-src blob:; base-uri 'none'; frame-ancestors 'none'`
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://portal').pathname
    response.setHeader('Content-Security-Policy', policy)
    if (path === '/settings') response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ baseUrl: api, owner: person }))
    else if (path === '/token') response.end(token)
    else {
      const file = path === '/' ? 'index.html' : path.slice(1)
      try { response.setHeader('Content-Type', kinds[file.split('.').pop()!] ?? 'text/plain').end(readFileSync(join('examples/portal/dist', file))) } catch { response.writeHead(404).end() }
    }
  })
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

// A trace asks the browser for each picture again, out of the page and by its blob: address, which the policy of the page refuses.
test.use({ trace: 'off' })

test('a portal on another origin sends, lists and shows files, once its organization allows it', async ({ page, baseURL }) => {
  const { id, owner_token: token } = owner()
  const allow = async (origins: string[]) => {
    const answer = await fetch(`${baseURL}/api/v1/organizations/${id}`, {
      method: 'PATCH', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ allowed_origins: origins }),
    })
    expect(answer.status, await answer.text()).toBe(200)
  }
  const { server, origin } = await portal(baseURL!, token, id)
  const wrong: string[] = []
  await page.addInitScript(() => addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`)))
  page.on('console', m => { if (/^policy:/.test(m.text())) wrong.push(m.text()) })
  page.on('pageerror', e => wrong.push(e.message))
  try {
    await page.goto(origin)
    await expect(page.getByRole('alert')).toBeVisible() // the organization has not allowed this origin yet
    await allow([origin])
    await expect(async () => { // the API reads the list of origins again within seconds
      await page.reload()
      await expect(page.getByRole('list', { name: 'Files' }).getByRole('button').first()).toBeVisible({ timeout: 2000 })
    }).toPass({ timeout: 45_000 })
    await expect(page.locator('.sq')).toContainText('used')

    const name = fresh('portal', 'txt')
    const bad = fresh('program', 'exe')
    await page.locator('input[type=file]').setInputFiles([textFile(name), { name: bad, mimeType: 'application/octet-stream', buffer: Buffer.from('MZ' + '\0'.repeat(600)) }])
    await expect(page.locator('.su li', { hasText: name })).toHaveAttribute('data-phase', 'published', { timeout: 45_000 })
    await expect(page.locator('.su li', { hasText: bad })).toHaveAttribute('data-phase', 'rejected', { timeout: 45_000 })
    await page.getByRole('list', { name: 'Files' }).getByRole('button', { name }).click()
    expect(wrong).toEqual([])
  } finally {
    await allow([])
    server.close()
  }
})
