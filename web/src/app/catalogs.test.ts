import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { languages } from './locale.ts'

/** The texts of a catalog; tests run in web/. */
function catalog(code: string): Map<string, string> {
  const all = new Map<string, string>()
  for (const m of readFileSync(`src/locales/${code}/messages.po`, 'utf8').matchAll(/^msgid "(.+)"\nmsgstr "(.*)"$/gm)) all.set(m[1]!, m[2]!)
  return all
}
const holes = (s: string) => [...new Set(s.match(/\{\w+(?=[,}])|<\/?\d+>/g) ?? [])].toSorted()
const source = catalog('en')

test.each(languages)('the catalog $code has every text of the console', ({ code }) => {
  const texts = catalog(code)
  const forms = new Intl.PluralRules(code).resolvedOptions().pluralCategories.length
  expect([...texts.keys()].toSorted()).toEqual([...source.keys()].toSorted())
  for (const [id, text] of texts) {
    expect(text, id).not.toBe('')
    // A language with one plural form has no place for what only the English `one` names.
    if (id.includes(', plural,') && forms === 1) expect(holes(id), id).toEqual(expect.arrayContaining(holes(text)))
    else expect(holes(text), id).toEqual(holes(id))
    expect(text.split('{').length, id).toBe(text.split('}').length)
  }
})
