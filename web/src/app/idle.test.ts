import { expect, test } from 'vitest'

import { Idle, usualMinutes } from './idle.ts'

function clock(minutes: number, busy = () => false) {
  const seen: (number | null | 'out')[] = []
  let at = 0
  const idle = new Idle({ minutes, warnSeconds: 120, now: () => at, busy, leave: () => seen.push('out'), warn: s => seen.push(s) })
  return { idle, seen, pass: (seconds: number) => { at += seconds * 1000; idle.tick() } }
}

test('a pause is warned of, and ends the sign-in without an answer', () => {
  const { seen, pass } = clock(30)
  pass(28 * 60 - 1)
  expect(seen).toEqual([])
  pass(1)
  pass(60)
  pass(60)
  expect(seen).toEqual([120, 60, 'out'])
})

test('one key extends it by the whole time', () => {
  const { idle, seen, pass } = clock(30)
  pass(29 * 60)
  idle.active()
  pass(27 * 60)
  expect(seen).toEqual([60, null])
})

test('a machine that slept is signed out as it wakes, and uploads keep the sign-in', () => {
  const slept = clock(30)
  slept.pass(8 * 3600)
  expect(slept.seen).toEqual(['out'])
  let sending = true
  const busy = clock(30, () => sending)
  busy.pass(8 * 3600)
  expect(busy.seen).toEqual([])
  sending = false
  busy.pass(29 * 60)
  expect(busy.seen).toEqual([60])
})

test('it is off for staff unless they choose it', () => {
  const { seen, pass } = clock(usualMinutes('teacher'))
  pass(1e6)
  expect([seen, usualMinutes('student'), usualMinutes('parent')]).toEqual([[], 30, 30])
})
