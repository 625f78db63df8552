import { Problem } from '@satchel/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Work } from './context.tsx'
import { type Wanted, askFor, generationLevels } from './queries-generate.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

const wanted: Wanted = { kind: 'quiz', language: 'en', level: generationLevels[0]!, count: 5, file_id: 'file', provider: 'extractive' }

/** A console whose API gives these refusals one after the other, and then the document. */
function workThat(refuses: string[]) {
  const post = vi.fn(async () => {
    const code = refuses.shift()
    if (code) throw new Problem({ status: 409, code })
    return { data: { id: 'made' } }
  })
  return { work: { api: { POST: post } } as unknown as Work, post }
}

test('a document of a new file is asked for again until its text is read', async () => {
  const { work, post } = workThat(['text_not_ready', 'text_not_ready'])
  const waits = vi.fn()
  const made = askFor(work, wanted, waits, new AbortController().signal)
  await vi.advanceTimersByTimeAsync(10_000)
  expect((await made).id).toBe('made')
  expect(post).toHaveBeenCalledTimes(3)
  expect(waits).toHaveBeenCalled()
})

test.each([[['generation_off'], 1, 'generation_off'], [Array<string>(100).fill('text_not_ready'), 61, 'text_not_ready']] as const)('any other refusal is told at once, and the wait ends', async (refuses, times, code) => {
  const { work, post } = workThat([...refuses])
  const failed = expect(askFor(work, wanted, () => undefined, new AbortController().signal)).rejects.toMatchObject({ code })
  await vi.advanceTimersByTimeAsync(300_000)
  await failed
  expect(post).toHaveBeenCalledTimes(times)
})

test('it is not asked for any more once the person has left', async () => {
  const { work, post } = workThat(['text_not_ready'])
  const left = new AbortController()
  const failed = expect(askFor(work, wanted, () => { left.abort() }, left.signal)).rejects.toThrow()
  await vi.advanceTimersByTimeAsync(10_000)
  await failed
  expect(post).toHaveBeenCalledTimes(1)
})
