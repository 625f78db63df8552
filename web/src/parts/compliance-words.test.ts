import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

// What the API's table of rules says and this table does not would be shown in English to everybody.
const words = readFileSync('src/parts/compliance-words.tsx', 'utf8') // tests run in web/
const rules = ['coppa', 'ferpa'].map(f => readFileSync(`../policies/compliance/${f}.go`, 'utf8')).join('\n')
const keys = (part: string) => new Set([...part.matchAll(/(\w+): t`/g)].map(m => m[1]!))
const [checks, counts] = words.split('export function useCounts').map(keys)

test('every check of the report has its words, and none is left over', () => {
  const ids = [...rules.matchAll(/^\t\tID: "(\w+)"/gm)].map(m => m[1]!)
  expect(ids.length).toBeGreaterThan(20)
  expect([...checks!].toSorted()).toEqual(ids.toSorted())
})

test('every count of the evidence has its words', () => {
  const names = new Set([...rules.matchAll(/found\([^"\n]*(?:"[^"]*\.",)?([^\n]*(?:\n\t+"[^\n]*)*)/g)].flatMap(m => [...m[1]!.matchAll(/"([a-z_]+)", [\w.(]/g)].map(n => n[1]!)))
  expect(names.size).toBeGreaterThan(40)
  for (const name of names) expect(counts!.has(name), name).toBe(true)
})
