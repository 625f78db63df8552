import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { type Connection, call } from './client.ts'
import { asProblem, problemOf } from './problem.ts'

/**
 * Follows a file until its last event, and goes on from where a stream was cut: EventSource cannot send a token.
 * It ends when `signal` aborts, or throws a Problem when the file is not the caller's to read.
 */
export const follow = (c: Connection, file: string, heard: (e: EventSourceMessage) => void, signal: AbortSignal): Promise<void> =>
  stream(c, `/api/v1/storage/files/${file}/events`, e => { heard(e); return e.event === 'final' }, signal)

/** Follows a job until it has ended. Each event is the whole job, so nothing is missed when a stream was cut. An operator names whose it is. */
export const followJob = <J extends { ended_at: string | null }>(c: Connection, job: string, org: string | undefined, heard: (job: J) => void, signal: AbortSignal): Promise<void> =>
  stream(c, `/api/v1/jobs/${job}/events${org ? '?organization_id=' + encodeURIComponent(org) : ''}`, e => {
    if (e.event !== 'job') return false
    const told = JSON.parse(e.data) as J
    heard(told)
    return told.ended_at !== null
  }, signal)

/** Reads a stream of events until `heard` says that there are no more. */
async function stream(c: Connection, path: string, heard: (e: EventSourceMessage) => boolean, signal: AbortSignal): Promise<void> {
  let last = ''
  let final = false
  const parser = createParser({ onEvent(e) { if (e.id) last = e.id; final = heard(e) } })
  for (let wait = 500; !signal.aborted && !final; wait = Math.min(2 * wait, 15_000)) {
    try {
      const request = new Request(new URL(c.baseUrl + path, location.href), { signal })
      if (last) request.headers.set('Last-Event-ID', last)
      const answer = await call(c, request)
      if (answer.status === 204) return
      if (!answer.ok) throw problemOf(answer.status, await answer.text(), n => answer.headers.get(n))
      const text = answer.body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>).getReader()
      for (;;) {
        const part = await text.read()
        if (part.done) break
        wait = 500
        parser.feed(part.value)
      }
    } catch (e) {
      if (signal.aborted) return
      const status = asProblem(e).status
      if (status >= 400 && status < 500 && status !== 429) throw e
    }
    if (!final) await new Promise(done => setTimeout(done, wait))
  }
}
