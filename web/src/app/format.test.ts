import { describe, expect, test } from 'vitest'

import { duration, marks, percent, size, when } from './format.ts'
import { languages, match } from './locale.ts'

const locales = languages.map(l => l.code)

describe.each(locales)('in %s', locale => {
  test('sizes, times and parts are words of the language', () => {
    for (const n of [0, 1, 999, 1000, 999_499, 1_000_000, 2 ** 31, 5e15]) expect(size(n, locale)).toMatch(/[\p{N}]/u)
    expect(size(1_500_000, locale)).not.toBe(size(1_500_000_000, locale))
    expect(duration(200, locale)).toMatch(/[\p{N}]/u) // Arabic has a word for two
    expect(percent(1, 4, locale)).toMatch(/[\p{N}]/u)
    expect(when('2026-11-28T10:00:00Z', locale, new Date('2026-12-01T10:00:00Z'))).not.toBe('')
  })
})

test('sizes are decimal, with one digit below ten', () => {
  expect(size(0, 'en')).toBe('0 bytes')
  expect(size(1, 'en')).toBe('1 byte')
  expect(size(1500, 'en')).toBe('1.5 kB')
  expect(size(999_600, 'en')).toBe('1 MB')
  expect(size(12_345_678, 'en')).toBe('12 MB')
  expect(size(-4, 'en')).toBe('0 bytes')
})

test('the words around a hit become text and never markup', () => {
  expect(marks('the <mark>fern</mark> &amp; &lt;img src=x onerror=alert(1)&gt;')).toEqual([
    { text: 'the ', found: false }, { text: 'fern', found: true }, { text: ' & <img src=x onerror=alert(1)>', found: false },
  ])
  expect(marks('')).toEqual([])
})

test('a browser gets the language that it asks for', () => {
  expect(match(['de-AT', 'en'])).toBe('de')
  expect(match(['xx', 'en-GB'])).toBe('en')
  expect(match([])).toBe('en')
  expect(match(['es-MX', 'en'])).toBe('es')
  expect(match(['zh-CN'])).toBe('zh-Hans')
})
