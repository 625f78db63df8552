import { follow } from '@satchel/client'
import type { InfiniteData, QueryKey } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'

import { type Listed, type Work, useWork } from './context.tsx'
import type { Page } from './queries.ts'

type Pages = InfiniteData<Page, string>

/** A file that becomes another one by itself: it is being checked, or its picture is on the way. */
export const isUnsettled = (f: Listed) => f.status === 'processing' || f.preview === 'pending'

/** The files of a list that are unsettled, in its order. */
export const unsettled = (pages: Pages | undefined): string[] => (pages?.pages ?? []).flatMap(p => p.items).filter(isUnsettled).map(f => f.id)

/** The cursors of the pages that have one of these files. */
export const cursorsOf = (pages: Pages, ids: readonly string[]): string[] => pages.pages.flatMap((p, n) => (p.items.some(f => ids.includes(f.id)) ? [pages.pageParams[n]!] : []))

/** The list with the files as a page that was read again has them. Their places stay: another file that came meanwhile shifts no page. */
export function merged(pages: Pages, fresh: Page): Pages {
  const now = new Map(fresh.items.map(f => [f.id, f]))
  return { ...pages, pages: pages.pages.map(p => (p.items.some(f => now.has(f.id)) ? { ...p, items: p.items.map(f => now.get(f.id) ?? f) } : p)) }
}

/** What it works with: the stream of a file, one page, the list as it is, and the whole list once more. */
export interface Sources {
  follow(id: string, heard: () => void, signal: AbortSignal): Promise<void>
  page(cursor: string): Promise<Page>
  get(): Pages | undefined
  put(pages: Pages): void
  reread(): void
}

// A browser opens six connections to a host over HTTP/1.1, and uploads need some of them.
const streams = 2
const gathering = 300 // ms: the events of one file come in bursts
const seldom = 15_000 // while its stream says what happens
const often = 4000 // without one

/** Reads the pages again whose files have changed, and no others: by the streams of the first few, and by the clock where there is none. */
export class Settling {
  readonly #s: Sources
  readonly #followed = new Map<string, AbortController>()
  readonly #silent = new Set<string>() // their streams have ended, and they are unsettled all the same
  #soon: ReturnType<typeof setTimeout> | undefined
  #clock: ReturnType<typeof setTimeout> | undefined
  #changed = new Set<string>()
  #ended = false

  constructor(s: Sources) { this.#s = s }

  /** Told each time the list is another one. */
  update() {
    if (this.#ended) return
    const all = unsettled(this.#s.get())
    for (const [id, stop] of this.#followed) if (!all.includes(id)) { stop.abort(); this.#followed.delete(id) }
    for (const id of this.#silent) if (!all.includes(id)) this.#silent.delete(id)
    for (const id of all) if (this.#followed.size < streams && !this.#followed.has(id) && !this.#silent.has(id)) this.#follow(id)
    if (all.length === 0) { clearTimeout(this.#clock); this.#clock = undefined } else this.#clock ??= this.#later(all)
  }

  end() {
    this.#ended = true
    clearTimeout(this.#soon)
    clearTimeout(this.#clock)
    for (const stop of this.#followed.values()) stop.abort()
  }

  #later(all: string[]) {
    const heard = all.every(id => this.#followed.has(id))
    return setTimeout(() => {
      this.#clock = undefined
      void (globalThis.document?.hidden ? Promise.resolve() : this.#read(unsettled(this.#s.get()))).then(() => this.update())
    }, heard ? seldom : often)
  }

  #follow(id: string) {
    const stop = new AbortController()
    this.#followed.set(id, stop)
    const over = () => {
      if (this.#followed.get(id) !== stop) return
      this.#followed.delete(id)
      this.#silent.add(id) // unless the next reading says that it is settled
      this.#hear(id)
    }
    this.#s.follow(id, () => this.#hear(id), stop.signal).then(over, over)
  }

  #hear(id: string) {
    if (this.#ended) return
    this.#changed.add(id)
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      const changed = [...this.#changed]
      this.#changed = new Set()
      void this.#read(changed).then(() => this.update())
    }, gathering)
  }

  async #read(ids: readonly string[]) {
    const before = this.#s.get()
    if (!before || this.#ended) return
    try {
      for (const cursor of cursorsOf(before, ids)) {
        const fresh = await this.#s.page(cursor)
        const now = this.#s.get()
        if (!now || this.#ended) return
        const gone = before.pages[before.pageParams.indexOf(cursor)]!.items.some(f => ids.includes(f.id) && !fresh.items.some(x => x.id === f.id))
        if (gone) { this.#s.reread(); return } // it was moved or deleted, or others came before it
        this.#s.put(merged(now, fresh))
      }
    } catch { /* the next turn of the clock asks again */ }
  }
}

/** Keeps a list that is shown true while files of it are checked. */
export function useSettling({ key, page }: { key: QueryKey; page: (cursor: string) => Promise<Page> }, data: unknown) {
  const work = useWork()
  const running = useRef<Settling>(undefined)
  const hash = JSON.stringify(key)
  useEffect(() => {
    const settling = new Settling(sourcesOf(work, key, page))
    running.current = settling
    return () => settling.end()
  }, [work, hash]) // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => running.current?.update(), [data, hash])
}

const sourcesOf = (w: Work, key: QueryKey, page: (cursor: string) => Promise<Page>): Sources => ({
  follow: (id, heard, signal) => follow(w.connection, id, heard, signal),
  page,
  get: () => w.queries.getQueryData<Pages>(key),
  put: pages => { w.queries.setQueryData(key, pages) },
  reread: () => { void w.queries.invalidateQueries({ queryKey: key }) },
})
