import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

import type { Page } from '@playwright/test'

/** What satchel.json of the measured stack says (deploy/local/lib/stackfile.sh). */
export interface Stack {
  api: string
  postgres: string
  postgres_superuser: string
  pids: Record<string, number | number[]>
  organizations: { id: string; teacher_token: string; owner_token: string }[]
}

/** Read at each use: the process ids change when a process dies. */
export const stack = (): Stack => JSON.parse(readFileSync(process.env.SATCHEL_STACK_FILE ?? '../.local/satchel.json', 'utf8')) as Stack

/** A call of the API as the demonstration's teacher. */
export async function asTeacher<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { api, organizations: [org] } = stack()
  const answer = await fetch(api + path, {
    method, headers: { Authorization: `Bearer ${org!.teacher_token}`, 'X-Organization-ID': org!.id, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return (text ? JSON.parse(text) : undefined) as T
}

export interface Listed { id: string; name: string; status: string }

/** Every file of a space whose name has this text in it. */
export async function filesWith(space: string, text: string): Promise<Listed[]> {
  const all: Listed[] = []
  for (let cursor = ''; ;) {
    const page = await asTeacher<{ items: Listed[]; next_cursor?: string }>('GET', `/api/v1/storage/files?space_id=${space}&limit=200&sort=-created_at${cursor ? '&cursor=' + encodeURIComponent(cursor) : ''}`)
    all.push(...page.items.filter(f => f.name.includes(text)))
    cursor = page.next_cursor ?? ''
    if (!cursor) return all
  }
}

export async function spaceOf(kind: 'personal' | 'class'): Promise<string> {
  return (await asTeacher<{ items: { id: string }[] }>('GET', `/api/v1/spaces?kind=${kind}&limit=1`)).items[0]!.id
}

/**
 * A folder of the class with that many published files. Their rows are written behind the rules, as bench does it: no
 * object belongs to them. Sent one by one they would take an hour.
 */
export async function manyFiles(count: number): Promise<{ space: string; folder: string }> {
  const space = await spaceOf('class')
  const name = `${count} essays`
  const there = await asTeacher<{ items: { id: string; name: string }[] }>('GET', `/api/v1/spaces/${space}/folders?limit=200`)
  const { user_id: owner } = await asTeacher<{ user_id: string }>('GET', '/api/v1/me')
  const { id: folder } = there.items.find(f => f.name === name) ?? await asTeacher<{ id: string }>('POST', `/api/v1/spaces/${space}/folders`, { name })
  const { postgres, postgres_superuser, organizations: [org] } = stack()
  const url = new URL(postgres_superuser) // no rule and no trigger applies to it
  url.pathname = new URL(postgres).pathname
  execFileSync('psql', ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--set=org=${org!.id}`, `--set=space=${space}`, `--set=folder=${folder}`, `--set=owner=${owner}`, `--set=count=${count}`, '--file=vitals/many.sql', url.href])
  return { space, folder }
}

/** The process of the API, or undefined while it is down. */
export const apiProcess = (): number | undefined => [stack().pids.api].flat()[0] || undefined

/** The organization that a signed-in page shows. */
export const organizationOf = (page: Page) => page.url().split('/o/')[1]!.split(/[/?]/)[0]!
