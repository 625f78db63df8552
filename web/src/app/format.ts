import { i18n } from '@lingui/core'
import { sizeText } from '@satchel/client'

/** The language of the page as the person's region writes it: dates differ between en-GB and en-US. */
function here(): string {
  const code = i18n.locale || 'en'
  const wanted = typeof navigator === 'undefined' ? [] : navigator.languages
  return wanted.find(tag => tag === code || tag.startsWith(code + '-')) ?? code
}

// To make a formatter takes fifty times as long as to use it, and a list that is scrolled uses a hundred in each frame.
const dates = new Map<string, Intl.DateTimeFormat>()
const numbers = new Map<string, Intl.NumberFormat>()
function kept<T>(all: Map<string, T>, key: string, make: () => T): T {
  let known = all.get(key)
  if (!known) all.set(key, known = make())
  return known
}
type Style = 'full' | 'long' | 'medium' | 'short'
const dated = (locale: string, date: Style | undefined, time: Style | undefined) =>
  kept(dates, `${locale} ${date} ${time}`, () => new Intl.DateTimeFormat(locale, { ...(date && { dateStyle: date }), ...(time && { timeStyle: time }) }))

/** A size as people read it. */
export const size = (bytes: number, locale = here()) => sizeText(bytes, locale)

/** A time as it matters to people: the hour today, otherwise the day. */
export function when(iso: string | null | undefined, locale = here(), now = new Date()): string {
  if (!iso) return ''
  const at = new Date(iso)
  const today = at.toDateString() === now.toDateString()
  return (today ? dated(locale, undefined, 'short') : dated(locale, 'medium', undefined)).format(at)
}

export const exactly = (iso: string, locale = here()) => dated(locale, 'long', 'short').format(new Date(iso))

/** A day of the calendar, such as 2026-09-01, which is the same in every time zone. */
export const calendarDay = (day: string, locale = here()) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(day + 'T00:00:00Z'))

/** Day and time as short as a table needs it. */
export const stamp = (iso: string, locale = here()) => dated(locale, 'medium', 'short').format(new Date(iso))

/** Seconds as minutes, rounded up: "4 min". */
export function duration(seconds: number, locale = here()): string {
  const s = Math.max(1, Math.ceil(seconds))
  const [n, unit] = s < 60 ? [s, 'second'] as const : s < 3600 ? [Math.ceil(s / 60), 'minute'] as const : [Math.ceil(s / 3600), 'hour'] as const
  return kept(numbers, `${locale} ${unit}`, () => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' })).format(n)
}

export const percent = (part: number, whole: number, locale = here()) =>
  kept(numbers, `${locale} percent`, () => new Intl.NumberFormat(locale, { style: 'percent' })).format(whole > 0 ? Math.min(1, part / whole) : 1)

export interface Mark { text: string; found: boolean }

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#34': '"', '#39': "'", '#039': "'" }

/** The text around a hit, as the API gives it: escaped text with mark elements. It becomes pieces of text and never markup. */
export function marks(html: string): Mark[] {
  const plain = (s: string) => s.replace(/<[^>]*>/g, '').replace(/&(#?\w+);/g, (all, name: string) => entities[name] ?? all)
  return html.split(/(<mark>[\s\S]*?<\/mark>)/).filter(p => p !== '').map(p => ({ text: plain(p), found: p.startsWith('<mark>') }))
}
