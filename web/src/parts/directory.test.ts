import { expect, test } from 'vitest'

import { phaseOf, wordOf } from './directory.ts'

test('nothing is directory information before the notice, nor through the last day to refuse', () => {
  const p = { notice_at: '2026-09-01', opt_out_until: '2026-09-30' }
  expect(phaseOf(p, '2026-08-31')).toBe('announced')
  expect(phaseOf(p, '2026-09-01')).toBe('waiting')
  expect(phaseOf(p, '2026-09-30')).toBe('waiting')
  expect(phaseOf(p, '2026-10-01')).toBe('open')
})

test('the word of one parent is told from that of the other', () => {
  const word = (holder_id: string, opted_out: boolean) => ({ holder_id, opted_out, recorded_by: holder_id, at: '2026-09-01T00:00:00Z' })
  const of = (...words: ReturnType<typeof word>[]) => ({ student_id: 's', opted_out: words.some(w => w.opted_out), words })
  expect(wordOf(of(), 'a')).toEqual({ own: false, others: false })
  expect(wordOf(of(word('a', true), word('b', false)), 'a')).toEqual({ own: true, others: false })
  expect(wordOf(of(word('a', false), word('b', true)), 'a')).toEqual({ own: false, others: true })
})
