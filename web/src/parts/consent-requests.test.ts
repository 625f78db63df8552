import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'

import { type RequestState, canCancel, canResend, guardiansAsked, mailLanguages, markOf, onItsWay } from './consent-requests.ts'

// The table of the docs is compared with that of the database by a Go test; tests run in web/.
const table = [...readFileSync('../docs/compliance/consent-requests.md', 'utf8').split('<!-- transitions -->')[1]!.split('<!-- end')[0]!
  .matchAll(/^\| `?(\w+)`? \| (\w+) \| `(\w+)` \|/gm)].map(m => ({ from: m[1]!, event: m[2]!, to: m[3]! }))
const states = [...new Set(table.map(r => r.to))] as RequestState[]
const from = (event: string) => table.filter(r => r.event === event).map(r => r.from).toSorted()

test('the table of the states is read', () => {
  expect(table.length).toBeGreaterThan(40)
  expect(states).toHaveLength(12)
})

test('a mail is sent again where the table has a question to come, and while one is on its way', () => {
  // `required` is a request that was never asked: it has no address yet, and the API refuses it.
  const wanted = [...from('ask').filter(s => s !== 'required'), ...states.filter(state => onItsWay({ state }))].toSorted()
  expect(states.filter(state => canResend({ state })).toSorted()).toEqual(wanted)
})

test('a request is taken back where the table says so, and never over a consent', () => {
  expect(states.filter(state => canCancel({ state, grant_id: null })).toSorted()).toEqual(from('cancel'))
  expect(states.filter(state => canCancel({ state, grant_id: '01890000-0000-7000-8000-000000000001' }))).toEqual([])
})

test('a state after which nothing comes is not shown as one that waits', () => {
  const over = states.filter(s => !table.some(r => r.from === s))
  expect(over.length).toBeGreaterThan(3)
  for (const s of over) expect(markOf(s), s).not.toBe('waiting')
  expect(markOf('granted')).toBe('active')
  expect(markOf('requested')).toBe('waiting')
})

test('the languages to choose from are those in which mails are written', () => {
  const written = readdirSync('../internal/mailtext/messages').map(f => f.replace('.json', ''))
  expect(mailLanguages.toSorted()).toEqual(written.toSorted())
})

test('a guardian who was asked twice is named once, by the newer request', () => {
  const at = (guardian_id: string, created_at: string) => ({ guardian_id, created_at })
  expect(guardiansAsked([at('a', '2026-01-01T08:00:00Z'), at('b', '2026-02-01T08:00:00Z'), at('a', '2026-03-01T08:00:00Z')])).toEqual([
    { id: 'a', at: '2026-03-01T08:00:00Z' }, { id: 'b', at: '2026-02-01T08:00:00Z' }])
})
