import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Listed } from './context.tsx'
import type { Page } from './queries.ts'
import { Settling, type Sources, unsettled } from './settling.ts'

const file = (id: string, status: Listed['status'] = 'published'): Listed => ({ id, name: id, size: 1, mime_type: '', status, version: 1, space_id: 's', created_at: '', updated_at: '' })

/** A list of pages, and the server that it is read from. */
function list(...pages: string[][]) {
  const server = new Map(pages.flat().map(id => [id, file(id, 'published')]))
  const order = pages.map(ids => [...ids])
  const page = (n: number): Page => ({ items: order[n]!.flatMap(id => server.get(id) ?? []), ...(n + 1 < order.length ? { next_cursor: String(n + 1) } : {}) })
  const cursor = (n: number) => (n === 0 ? '' : String(n))
  let data = { pages: pages.map((_, n) => page(n)), pageParams: pages.map((_, n) => cursor(n)) }
  const read: string[] = []
  const streams = new Map<string, { heard: () => void; end: () => void; signal: AbortSignal }>()
  let rereads = 0
  const sources: Sources = {
    follow: (id, heard, signal) => new Promise(done => { streams.set(id, { heard, end: done, signal }); signal.addEventListener('abort', () => done()) }),
    page: c => { read.push(c); return Promise.resolve(page(Number(c))) },
    get: () => data, put: d => { data = d; settling.update() }, reread: () => { rereads++ },
  }
  const settling = new Settling(sources)
  return {
    read, streams, settling, server, order, rereads: () => rereads, unsettled: () => unsettled(data),
    set(id: string, status: Listed['status']) { server.set(id, file(id, status)) },
    show() { data = { ...data, pages: pages.map((_, n) => page(n)) }; settling.update() },
  }
}

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

test('an event of a file reads its page again, once, and no other page', async () => {
  const l = list(['a', 'b'], ['c', 'd'], ['e'])
  l.set('d', 'processing')
  l.show()
  expect([...l.streams.keys()]).toEqual(['d'])
  l.set('d', 'published')
  for (let n = 0; n < 5; n++) l.streams.get('d')!.heard()
  await vi.advanceTimersByTimeAsync(1000)
  expect(l.read).toEqual(['1'])
  expect(l.unsettled()).toEqual([])
  expect(l.streams.get('d')!.signal.aborted).toBe(true)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(l.read, 'nothing is asked while nothing is checked').toEqual(['1'])
})

test('of many files two are followed, and the pages of the others are read by the clock', async () => {
  const l = list(['a', 'b', 'c'], ['d'], ['e'])
  for (const id of ['a', 'b', 'c', 'e']) l.set(id, 'processing')
  l.show()
  expect([...l.streams.keys()]).toEqual(['a', 'b'])
  l.set('c', 'published')
  await vi.advanceTimersByTimeAsync(4100)
  expect(l.read, 'the page in between has nothing to wait for').toEqual(['', '2'])
  expect(l.unsettled()).toEqual(['a', 'b', 'e'])
  l.set('a', 'published')
  l.streams.get('a')!.heard()
  await vi.advanceTimersByTimeAsync(400)
  expect([...l.streams.keys()], 'the next one is followed').toEqual(['a', 'b', 'e'])
})

test('while all are followed the clock asks seldom; without a stream it asks often', async () => {
  const l = list(['a'])
  l.set('a', 'processing')
  l.show()
  await vi.advanceTimersByTimeAsync(14_000)
  expect(l.read).toEqual([])
  l.streams.get('a')!.end() // as where the API has no place for another stream
  await vi.advanceTimersByTimeAsync(30_000)
  expect(l.read.length).toBeGreaterThan(5)
  l.set('a', 'published')
  await vi.advanceTimersByTimeAsync(4100)
  expect(l.unsettled()).toEqual([])
})

test('a file that is not on its page any more has the whole list read again', async () => {
  const l = list(['a', 'b'])
  l.set('a', 'processing')
  l.show()
  l.server.delete('a')
  l.streams.get('a')!.heard()
  await vi.advanceTimersByTimeAsync(400)
  expect(l.rereads()).toBe(1)
})

test('what is not shown any more is not asked for', async () => {
  const l = list(['a'])
  l.set('a', 'processing')
  l.show()
  l.settling.end()
  expect(l.streams.get('a')!.signal.aborted).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(l.read).toEqual([])
})
