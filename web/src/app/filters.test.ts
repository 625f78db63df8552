import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import type { Listed } from './context.tsx'
import { beginOf, countOf, endOf, filtersIn, forList, forSearch, kinds, passes, sizes } from './filters.ts'

const file = (some: Partial<Listed>) => ({ mime_type: 'text/plain', size: 10, space_id: 's', updated_at: '2026-11-20T12:00:00Z', ...some }) as Listed

test('each filter keeps what fits and leaves the rest out', () => {
  expect(passes(file({ mime_type: 'image/png' }), { kind: 'picture' }, undefined)).toBe(true)
  expect(passes(file({}), { kind: 'picture' }, undefined)).toBe(false)
  expect(passes(file({ mime_type: 'application/vnd.oasis.opendocument.text' }), { kind: 'document' }, undefined)).toBe(true)
  expect(passes(file({ mime_type: 'application/vnd.oasis.opendocument.text' }), { kind: 'archive' }, undefined)).toBe(false)
  expect(passes(file({ size: 1_000_000 }), { size: 'small' }, undefined)).toBe(false)
  expect(passes(file({ size: 1_000_000 }), { size: 'medium' }, undefined)).toBe(true)
  expect(passes(file({ updated_at: endOf('2026-11-20').toISOString() }), { to: '2026-11-20' }, undefined)).toBe(false)
  expect(passes(file({ updated_at: beginOf('2026-11-20').toISOString() }), { from: '2026-11-20', to: '2026-11-20' }, undefined)).toBe(true)
  expect(passes(file({}), { class: 'c' }, new Set(['s']))).toBe(true)
  expect(passes(file({}), { class: 'c' }, undefined)).toBe(false)
  expect(passes(file({}), {}, undefined)).toBe(true)
})

test('sizes leave no gap, and every kind is one that the API knows', () => {
  const all = Object.values(sizes)
  for (let n = 1; n < all.length; n++) expect(all[n]![0]).toBe(all[n - 1]![1])
  const contract = readFileSync('../api/openapi.yaml', 'utf8') // tests run in web/
  const known = /name: kind, in: query, description: Only files of this kind\., schema: \{ type: string, enum: \[([^\]]*)\]/.exec(contract)![1]!.split(', ')
  for (const k of Object.values(kinds)) if (k.search.kind) expect(known).toContain(k.search.kind)
})

test('an address keeps its filters, and empty ones are none', () => {
  const w = filtersIn({ kind: 'picture', by: '', size: 'huge', from: 7, q: 'x' })
  expect(w).toEqual({ kind: 'picture', size: 'huge' })
  expect(countOf(w)).toBe(2)
  expect(forList({ ...w, tag: 't', by: 'p' })).toEqual({ kind: 'image', size_from: 100_000_000, tag: 't', uploaded_by: 'p' })
  expect(forSearch(w)).toEqual({ kind: 'image', size_from: 100_000_000 })
  expect(forSearch({ kind: 'pdf', size: 'small' })).toEqual({ type: 'application/pdf', size_to: 999_999 })
})
