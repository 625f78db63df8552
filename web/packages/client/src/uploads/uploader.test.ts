import Uppy from '@uppy/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Api } from '../client.ts'
import { Problem } from '../problem.ts'
import { Uploader } from './uploader.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers(); vi.restoreAllMocks() })

/** An API whose first answers to the making of a folder are these refusals. */
function apiThat(refuses: Problem[]) {
  let asked = 0
  const api = {
    GET: async (path: string) => ({ data: path.endsWith('/quota') ? { max: 1e9, used: 0, reserved: 0, max_file_size: 1e9 } : { items: [{ id: 'space' }] } }),
    POST: async () => {
      const refused = refuses[asked++]
      if (refused) throw refused
      return { data: { id: 'folder' } }
    },
  } as unknown as Api
  return { api, asked: () => asked }
}
const uploaderOf = (api: Api) => new Uploader({ api, connection: { baseUrl: 'http://127.0.0.1:1', getToken: async () => 'token' }, owner: 'me' })
const chosen = () => [{ file: new File(['a text'], 'essay.txt'), path: 'trip/essay.txt' }]

test('a folder that cannot be made for a while is made later, and its file is not lost', async () => {
  const engine = vi.spyOn(Uppy.prototype, 'addFile')
  const { api, asked } = apiThat([new Problem({ status: 0, code: 'unreachable' }), new Problem({ status: 503, code: 'unavailable', retryAfter: 2 }), new Problem({ status: 429, code: 'rate_limited' })])
  const uploader = uploaderOf(api)
  void uploader.add(chosen(), { spaceId: 'space' })
  await vi.advanceTimersByTimeAsync(200)
  expect(uploader.items()[0]).toMatchObject({ phase: 'sending', hindrance: 'network' })
  await vi.advanceTimersByTimeAsync(5000)
  expect(asked()).toBe(4)
  expect(engine).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ meta: expect.objectContaining({ folder_id: 'folder' }) as object }))
})

test('a folder that is refused ends its files with the reason', async () => {
  const { api, asked } = apiThat([new Problem({ status: 403, code: 'not_granted' })])
  const uploader = uploaderOf(api)
  void uploader.add(chosen(), { spaceId: 'space' })
  await vi.advanceTimersByTimeAsync(1000)
  expect(asked()).toBe(1)
  expect(uploader.items()[0]).toMatchObject({ phase: 'failed', problem: { code: 'not_granted' } })
})

test('a file that was cancelled while its folder could not be made is not begun again', async () => {
  const { api, asked } = apiThat([new Problem({ status: 0, code: 'unreachable' })])
  const uploader = uploaderOf(api)
  void uploader.add(chosen(), { spaceId: 'space' })
  await vi.advanceTimersByTimeAsync(50)
  uploader.all('cancel')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked()).toBe(1)
  expect(uploader.items()[0]).toMatchObject({ phase: 'cancelled' })
})

test('a folder that was deleted since is made again when it is sent once more, or tried again', async () => {
  vi.spyOn(Uppy.prototype, 'addFile').mockReturnValue('engine')
  vi.spyOn(Uppy.prototype, 'setFileState').mockReturnValue(undefined)
  const { api, asked } = apiThat([])
  const uploader = uploaderOf(api)
  const send = async () => {
    void uploader.add(chosen(), { spaceId: 'space' })
    await vi.advanceTimersByTimeAsync(200)
    uploader.all('cancel')
  }
  await send()
  await send()
  expect(asked()).toBe(2)
  uploader.retry(uploader.items()[1]!.id)
  await vi.advanceTimersByTimeAsync(200)
  expect(asked()).toBe(3)
})
