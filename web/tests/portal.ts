import { readFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { expect } from './fixtures.ts'

// The one who may say which origins call the API, and their token: of the stack of `make run` unless a test of e2e has made others.
const stack = () => JSON.parse(readFileSync('../.local/satchel.json', 'utf8')) as { organizations: { id: string; owner_token: string }[] }
export const owner = () => (process.env.SATCHEL_OWNER ? JSON.parse(process.env.SATCHEL_OWNER) as { id: string; owner_token: string } : stack().organizations[0]!)

/** The server of a portal: its page under a strict policy, and the token of the person who is signed in there. */
export async function portal(api: string, token: string, person: string): Promise<{ server: Server; origin: string }> {
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

/** Says which origins call the API for the organization of the owner. */
export async function allowOrigins(api: string, origins: string[]) {
  const { id, owner_token: token } = owner()
  const answer = await fetch(`${api}/api/v1/organizations/${id}`, {
    method: 'PATCH', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ allowed_origins: origins }),
  })
  expect(answer.status, await answer.text()).toBe(200)
}
