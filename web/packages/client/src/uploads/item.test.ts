import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Problem } from '../problem.ts'
import { type Happening, type Item, isOutcome, next, outcomes, totals } from './item.ts'

const fresh: Item = { id: 'u1', name: 'essay.pdf', path: 'essay.pdf', size: 1000, phase: 'waiting', sent: 0 }

const statuses = ['uploading', 'processing', 'published', 'quarantined', 'held', 'rejected', 'failed', 'expired', 'deleted'] as const
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.constantFrom<Happening>({ type: 'begin' }, { type: 'pause' }, { type: 'resume' }, { type: 'received' }, { type: 'cancel' }),
  fc.record({ type: fc.constant('progress' as const), sent: fc.integer({ min: -5, max: 2000 }) }),
  fc.record({ type: fc.constant('hinder' as const), by: fc.constantFrom('network' as const, 'limited' as const, 'signIn' as const, 'server' as const) }),
  fc.record({ type: fc.constant('identified' as const), fileId: fc.uuid() }),
  fc.constantFrom(...statuses).map((status): Happening => ({ type: 'seen', file: { status, status_text: 'because', status_reason: '', steps: [] } })),
  fc.constantFrom(400, 403, 413, 415, 422, 500, 507).map((status): Happening => ({ type: 'refuse', problem: new Problem({ status, code: 'x' }) })),
)

// What an engine does in the end with every file that is not stopped by a person.
const finish: Happening[] = [{ type: 'resume' }, { type: 'begin' }, { type: 'received' }, { type: 'seen', file: { status: 'published', status_text: '', status_reason: '', steps: [] } }]

describe('a file that is sent', () => {
  test('ends in exactly one outcome, whatever happens before and after', () => {
    fc.assert(fc.property(fc.array(happening, { maxLength: 40 }), fc.array(happening, { maxLength: 40 }), (before, after) => {
      let item = before.reduce(next, fresh)
      item = finish.reduce(next, item)
      expect(outcomes.filter(o => o === item.phase)).toHaveLength(1)
      const late = after.reduce(next, item)
      expect(late).toBe(item) // nothing that comes late changes an outcome
    }), { numRuns: 2000 })
  })

  test('has sent between nothing and all of it, and more only as time goes by', () => {
    fc.assert(fc.property(fc.array(happening, { maxLength: 60 }), all => {
      let item = fresh
      for (const h of all) {
        const was = item
        item = next(item, h)
        expect(item.sent).toBeGreaterThanOrEqual(0)
        expect(item.sent).toBeLessThanOrEqual(item.size)
        if (isOutcome(was.phase)) expect(item).toBe(was)
        expect(item.hindrance === undefined || item.phase === 'sending').toBe(true)
      }
    }))
  })

  test('begins again after a retry, and only then', () => {
    const failed = next(next(fresh, { type: 'begin' }), { type: 'refuse', problem: new Problem({ status: 500, code: 'x' }) })
    expect(failed.phase).toBe('failed')
    expect(next(failed, { type: 'retry' })).toEqual(fresh)
    const locked = [...finish.slice(0, 3), { type: 'seen', file: { status: 'quarantined', status_text: '', status_reason: '', steps: [] } } as Happening].reduce(next, fresh)
    expect(next(locked, { type: 'retry' })).toBe(locked)
  })

  test.each([413, 415, 422, 507])('is not taken at status %i, which says no to this very file', status => {
    expect(next(fresh, { type: 'refuse', problem: new Problem({ status, code: 'x' }) }).phase).toBe('rejected')
  })
})

test('totals count each file once', () => {
  fc.assert(fc.property(fc.array(fc.array(happening, { maxLength: 12 }), { maxLength: 30 }), lives => {
    const items = lives.map((life, n) => life.reduce(next, { ...fresh, id: `u${n}` }))
    const t = totals(items)
    expect(Object.values(t.byPhase).reduce((a, b) => a + b, 0)).toBe(t.files)
    expect(t.ended + t.running + t.byPhase.paused).toBe(t.files)
    expect(t.sent).toBeLessThanOrEqual(t.bytes)
  }))
})
