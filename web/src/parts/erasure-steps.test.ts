import { expect, test } from 'vitest'

import type { Hold } from '../app/queries-compliance.ts'
import { holdsOn, stepsOf } from './erasure-steps.ts'

test('the steps of an erasure follow its state', () => {
  const states = (state: Parameters<typeof stepsOf>[0]['state']) => stepsOf({ state }).map(s => s.state).join(' ')
  expect(states('planned')).toBe('done running waiting waiting')
  expect(states('erasing')).toBe('done running waiting waiting')
  expect(states('blocked')).toBe('done blocked waiting waiting')
  expect(states('verifying')).toBe('done done running waiting')
  expect(states('certified')).toBe('done done done done')
})

test('a hold that covers it is named, and others that are in force are counted', () => {
  const hold = (id: string, scope: Hold['scope'], target: string | null, state: Hold['state'] = 'active') => ({ id, scope, target_id: target, state }) as Hold
  const all = [hold('a', 'organization', null), hold('b', 'person', 'p'), hold('c', 'file', 'p'), hold('d', 'query', null), hold('e', 'person', 'p', 'released'), hold('f', 'person', 'p', 'release_asked'), hold('g', 'person', 'other')]
  const { covering, perhaps } = holdsOn({ scope: 'person', target: 'p' }, all)
  expect(covering.map(h => h.id)).toEqual(['a', 'b', 'f'])
  expect(perhaps).toBe(3)
  expect(holdsOn({ scope: 'file', target: 'x' }, [])).toEqual({ covering: [], perhaps: 0 })
})
