import Uppy from '@uppy/core'
import Tus from '@uppy/tus'

import { type Api, type Connection, headers } from '../client.ts'
import { normalName } from '../names.ts'
import { Problem, asProblem, problemOf, retryAfter } from '../problem.ts'
import { FolderMaker } from './folders.ts'
import type { Chosen } from './gather.ts'
import { type Happening, type Hindrance, type Item, isOutcome, next } from './item.ts'
import { ResumeStore } from './resume.ts'

/** Where files are sent to. Without a space and a folder they come to the caller's own space. */
export interface Target { spaceId?: string | undefined; folderId?: string | undefined; subjectId?: string | undefined; fileId?: string | undefined }

export interface UploaderOptions {
  api: Api
  connection: Connection
  /** Who sends: what another person began is not continued. */
  owner: string
  /** Files that are sent at once. */
  limit?: number
  resume?: ResumeStore
  /** Called when a file reached an outcome. */
  onOutcome?: (item: Item, target: Target) => void
}

const MiB = 1 << 20
const chunk = 16 * MiB
// Patience without end: the waits double to eight seconds and stay there for as long as the page is open.
const waits = [250, 500, 1000, 2000, 4000, ...Array.from({ length: 20_000 }, () => 8000)]
// What goes wrong is said in the item.
const silent = { debug() {}, warn() {}, error() {} }
const notEveryChange = 100 // ms between two notices to those who look

/** Whether a request that came to this may succeed later. */
const mayPass = (status: number) => status === 0 || [401, 408, 409, 423, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 507)
const hindrance = (status: number): Hindrance => (status === 0 ? 'network' : status === 429 ? 'limited' : status === 401 ? 'signIn' : 'server')

interface Entry { item: Item; file: File; target: Target; key: string; turn: number; engineId?: string; url?: string | undefined }

/**
 * Sends files and follows each to its outcome. Uppy and tus move the bytes of the few that are being sent; the queue
 * of all files is here, so that ten thousand cost no more than they have to.
 */
export class Uploader {
  private readonly entries = new Map<string, Entry>()
  private readonly uppy: Uppy
  private readonly listeners = new Set<() => void>()
  private readonly folders: FolderMaker
  private readonly resume: ResumeStore
  private readonly limit: number
  private shown: readonly Item[] = []
  private notice: ReturnType<typeof setTimeout> | undefined
  private poll: ReturnType<typeof setTimeout> | undefined
  private pollPause = 1000
  private active = new Set<string>()
  private readonly naps = new Set<() => void>()
  private holdUntil = 0
  private refusedToken = ''
  private count = 0

  constructor(private readonly o: UploaderOptions) {
    this.limit = o.limit ?? 3
    this.resume = o.resume ?? new ResumeStore()
    this.folders = new FolderMaker(o.api)
    this.uppy = new Uppy({ autoProceed: true, allowMultipleUploadBatches: true, logger: silent }).use(Tus, {
      endpoint: `${o.connection.baseUrl}/api/v1/storage/tus`, limit: 0, chunkSize: chunk, retryDelays: waits, storeFingerprintForResuming: false,
    })
    this.uppy.on('upload-progress', (file, p) => { if (file) this.heard(file.id, { type: 'progress', sent: Number(p.bytesUploaded) }) })
    this.uppy.on('upload-success', file => { if (file) this.received(file.id) })
    this.uppy.on('upload-error', (file, error) => { if (file) this.refused(file.id, error) })
  }

  /** Adds files to the queue. What the organization's limits refuse anyway is refused here, before its first byte. */
  async add(chosen: Chosen[], target: Target): Promise<void> {
    if (this.active.size === 0) this.folders.forget()
    for (const { file, path } of chosen) {
      const id = `u${++this.count}`
      const item: Item = { id, name: normalName(file.name), path, size: file.size, phase: 'waiting', sent: 0 }
      this.entries.set(id, { item, file, target, key: crypto.randomUUID(), turn: 0 })
    }
    this.changed()
    await this.precheck()
    void this.pump()
  }

  pause(id: string) { this.move(id, { type: 'pause' }); this.leave(id) }
  unpause(id: string) { this.move(id, { type: 'resume' }); void this.pump() }
  retry(id: string) {
    const e = this.entries.get(id)
    if (e) { e.key = crypto.randomUUID(); e.url = undefined }
    this.folders.forget()
    this.move(id, { type: 'retry' })
    void this.pump()
  }

  /** Ends an upload; of what the API has already, the bytes are removed. */
  cancel(id: string) {
    const e = this.entries.get(id)
    if (!e || isOutcome(e.item.phase)) return
    const { phase, fileId } = e.item
    this.move(id, { type: 'cancel' })
    if (phase === 'checking' && fileId) this.discard(fileId)
    this.leave(id, true)
    void this.resume.forget(e.file, e.item.path)
    void this.pump()
  }

  private discard(file: string) { void this.o.api.DELETE('/api/v1/storage/files/{id}', { params: { path: { id: file } } }).catch(() => undefined) }

  /** Tries at once what waits for the network. */
  tryNow() {
    this.holdUntil = 0
    for (const wake of this.naps) wake()
    for (const id of this.active) {
      const engine = this.entries.get(id)?.engineId
      if (engine && this.entries.get(id)?.item.hindrance) { this.uppy.pauseResume(engine); this.uppy.pauseResume(engine) }
    }
  }

  all(does: 'pause' | 'unpause' | 'cancel' | 'retry') {
    for (const [id, e] of this.entries) if (does !== 'retry' || e.item.phase === 'failed') this[does](id)
  }

  /** Forgets what ended. */
  clear() {
    for (const [id, e] of this.entries) if (isOutcome(e.item.phase)) this.entries.delete(id)
    this.changed()
  }

  /** Ends all of it, as at sign-out. */
  async end() {
    for (const [id, e] of this.entries) if (e.item.phase === 'waiting') this.entries.delete(id) // none of them begins in the place of another
    for (const [id, e] of this.entries) { e.turn++; this.leave(id) }
    this.entries.clear()
    clearTimeout(this.poll)
    this.changed()
    await this.resume.clear()
  }

  /** The items, the same array until one changes: for useSyncExternalStore. */
  readonly items = (): readonly Item[] => this.shown
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => { this.listeners.delete(listener) }
  }

  /** Uploads of the last day that were cut and can go on when their file is chosen again. */
  unfinished(): Promise<number> { return this.resume.waiting(this.o.owner) }

  private move(id: string, h: Happening) {
    const e = this.entries.get(id)
    if (!e) return
    const was = e.item
    e.item = next(was, h)
    if (e.item === was) return
    if (isOutcome(e.item.phase) && !isOutcome(was.phase)) this.o.onOutcome?.(e.item, e.target)
    this.changed()
  }

  private changed() {
    this.notice ??= setTimeout(() => {
      this.notice = undefined
      this.shown = Array.from(this.entries.values(), e => e.item)
      for (const l of this.listeners) l()
    }, notEveryChange)
  }

  /** Starts waiting files while fewer than the limit are being sent. */
  private async pump() {
    for (const [id, e] of this.entries) {
      if (this.active.size >= this.limit) return
      if (e.item.phase !== 'waiting' || this.active.has(id)) continue
      this.active.add(id)
      this.move(id, { type: 'begin' })
      void this.begin(id, e)
    }
  }

  /** Makes the folders of a file and gives it to the engine. What hinders that for a while is waited out, as it is within an upload. */
  private async begin(id: string, e: Entry) {
    const turn = ++e.turn
    const over = () => e.turn !== turn || e.item.phase !== 'sending' // it was paused or cancelled meanwhile, and perhaps begun again
    for (let attempt = 0; ; attempt++) {
      try {
        if (e.engineId && this.uppy.getFile(e.engineId)) { // it was paused
          if (this.uppy.getFile(e.engineId).isPaused) this.uppy.pauseResume(e.engineId)
          return
        }
        const folderId = await this.folders.folderFor(e.target, e.item.path)
        if (over()) return
        e.url ??= await this.resume.find(e.file, e.item.path, this.o.owner)
        if (over()) return
        this.hand(id, e, folderId)
        return
      } catch (error) {
        if (over()) return
        const problem = asProblem(error)
        if (!(error instanceof Problem) || !mayPass(problem.status)) { // what is no answer of the API comes again each time
          this.active.delete(id)
          this.move(id, { type: 'refuse', problem })
          void this.pump()
          return
        }
        this.move(id, { type: 'hinder', by: hindrance(problem.status) })
        await this.nap(problem.retryAfter !== undefined ? 1000 * problem.retryAfter : waits[attempt]!)
        if (over()) return
      }
    }
  }

  /** Waits, or until the person wants it tried at once. */
  private nap(ms: number): Promise<void> {
    return new Promise(done => {
      const wake = () => { clearTimeout(end); this.naps.delete(wake); done() }
      const end = setTimeout(wake, ms)
      this.naps.add(wake)
    })
  }

  /** Gives the file to the engine. */
  private hand(id: string, e: Entry, folderId: string | undefined) {
    const meta: Record<string, string> = { filename: e.item.name, filetype: e.file.type || 'application/octet-stream', relativePath: id }
    if (folderId) meta.folder_id = folderId
    else if (e.target.spaceId) meta.space_id = e.target.spaceId
    if (e.target.subjectId) meta.subject_id = e.target.subjectId
    if (e.target.fileId) meta.file_id = e.target.fileId
    else meta.on_conflict = 'rename'
    e.engineId = this.uppy.addFile({ name: e.item.name, type: e.file.type, data: e.file, meta, source: 'satchel' })
    this.uppy.setFileState(e.engineId, { tus: { ...this.tusOptions(id, e), allowedMetaFields: Object.keys(meta).filter(k => k !== 'relativePath') } as never })
  }

  private tusOptions(id: string, e: Entry) {
    return {
      ...(e.url ? { uploadUrl: e.url } : {}),
      uploadDataDuringCreation: e.file.size <= chunk,
      onBeforeRequest: async (req: { getMethod(): string; setHeader(n: string, v: string): void }) => {
        const hold = this.holdUntil - Date.now()
        if (hold > 0) await new Promise(done => setTimeout(done, hold))
        const own = await headers(this.o.connection, this.refusedToken || undefined)
        this.refusedToken = ''
        for (const [name, value] of Object.entries(own)) req.setHeader(name, value)
        // An answer that was lost is given again, and no second file is made.
        if (req.getMethod() === 'POST') req.setHeader('Idempotency-Key', e.key)
      },
      onAfterResponse: (req: { getMethod(): string; getHeader(n: string): string | undefined }, res: { getStatus(): number; getHeader(n: string): string | undefined }) => {
        const status = res.getStatus()
        const file = res.getHeader('X-File-ID')
        if (file) this.move(id, { type: 'identified', fileId: file })
        const place = res.getHeader('Location')
        if (req.getMethod() === 'POST' && status === 201 && place) { e.url = place; void this.resume.keep(e.file, e.item.path, this.o.owner, place) }
        if (status === 429 || status === 503) this.holdUntil = Date.now() + 1000 * (retryAfter(res.getHeader('Retry-After') ?? null) ?? 1)
        // It was cancelled when its last byte was there already: what came of it goes to the bin.
        if (req.getMethod() === 'DELETE' && status === 409 && e.item.fileId) this.discard(e.item.fileId)
        if (status === 401) this.refusedToken = (req.getHeader('Authorization') ?? '').slice(7)
      },
      onShouldRetry: (error: { originalRequest?: { getMethod(): string } | null; originalResponse?: { getStatus(): number } | null }) => {
        const status = error.originalResponse?.getStatus() ?? 0
        if (error.originalRequest?.getMethod() === 'DELETE') return status === 0 || status >= 500
        if (mayPass(status)) this.move(id, { type: 'hinder', by: hindrance(status) })
        return mayPass(status)
      },
    }
  }

  private byEngine(engineId: string): [string, Entry] | undefined {
    for (const id of this.active) {
      const e = this.entries.get(id)
      if (e?.engineId === engineId) return [id, e]
    }
    return undefined
  }

  private heard(engineId: string, h: Happening) {
    const found = this.byEngine(engineId)
    if (found) this.move(found[0], h)
  }

  private received(engineId: string) {
    const found = this.byEngine(engineId)
    if (!found) return
    const [id, e] = found
    this.move(id, { type: 'received' })
    this.leave(id)
    void this.resume.forget(e.file, e.item.path)
    this.pollPause = 700
    this.schedule()
    void this.pump()
  }

  private refused(engineId: string, error: unknown) {
    const found = this.byEngine(engineId)
    if (!found) return
    const [id, e] = found
    const answer = (error as { originalResponse?: { getStatus(): number; getBody(): string; getHeader(n: string): string | undefined } | null }).originalResponse
    const problem = answer ? problemOf(answer.getStatus(), answer.getBody() ?? '', n => answer.getHeader(n) ?? null) : asProblem(error)
    this.leave(id)
    if (e.url && (problem.status === 404 || problem.status === 410)) { // its time was over: it begins from the first byte
      e.url = undefined
      e.key = crypto.randomUUID()
      void this.resume.forget(e.file, e.item.path)
      this.active.add(id)
      void this.begin(id, e)
      return
    }
    void this.resume.forget(e.file, e.item.path)
    this.move(id, { type: 'refuse', problem })
    void this.pump()
  }

  /** Takes a file from the engine. What is paused stays with it, so that it goes on where it was. */
  private leave(id: string, terminate = false) {
    const e = this.entries.get(id)
    const was = this.active.delete(id)
    if (!e?.engineId) { // its folders were being made
      if (was) void this.pump()
      return
    }
    const known = this.uppy.getFile(e.engineId)
    if (!known) return
    if (e.item.phase === 'paused' && !terminate) {
      if (was && !known.isPaused) this.uppy.pauseResume(e.engineId)
    } else {
      const engine = e.engineId
      delete (e as { engineId?: string }).engineId
      // A file that is removed before the engine has let go of it is removed at the API too.
      if (terminate) this.uppy.removeFile(engine)
      else setTimeout(() => { if (this.uppy.getFile(engine)) this.uppy.removeFile(engine) }, 0)
    }
    void this.pump()
  }

  private schedule() {
    clearTimeout(this.poll)
    this.poll = setTimeout(() => void this.look(), this.pollPause)
  }

  /** Looks what became of the files that are being checked: one list for all, and each that is in it no more by itself. */
  private async look() {
    const checking = [...this.entries].filter(([, e]) => e.item.phase === 'checking' && e.item.fileId)
    if (checking.length === 0) return
    try {
      const list = await this.o.api.GET('/api/v1/storage/files', { params: { query: { status: 'processing', uploaded_by: this.o.owner, include: ['steps'], limit: 200 } } })
      const running = new Map((list.data?.items ?? []).map(f => [f.id, f]))
      for (const [id, e] of checking.slice(0, 50)) {
        const file = running.get(e.item.fileId!) ?? (await this.o.api.GET('/api/v1/storage/files/{id}', { params: { path: { id: e.item.fileId! } } })).data
        const seen = file && { status_text: '', status_reason: '', ...file, steps: file.steps ?? [] } // what is empty is absent in a list
        if (seen) this.move(id, { type: 'seen', file: e.target.fileId && seen.latest ? { ...seen, ...seen.latest } : seen })
      }
    } catch (error) {
      const p = asProblem(error)
      if (p.status === 404) await this.missing(checking)
      if (p.retryAfter) this.pollPause = Math.max(this.pollPause, 1000 * p.retryAfter)
    }
    this.pollPause = Math.min(this.pollPause * 1.3, 5000)
    this.schedule()
  }

  /** A file that is not there any more was removed meanwhile. */
  private async missing(checking: [string, Entry][]) {
    for (const [id, e] of checking.slice(0, 50)) {
      await this.o.api.GET('/api/v1/storage/files/{id}', { params: { path: { id: e.item.fileId! } } }).catch(error => {
        if (asProblem(error).status === 404) this.move(id, { type: 'refuse', problem: asProblem(error) })
      })
    }
  }

  /** Refuses what cannot fit. A quota that cannot be read refuses nothing: the API decides. */
  private async precheck() {
    const quota = await this.o.api.GET('/api/v1/storage/quota').then(a => a.data, () => undefined)
    if (!quota) return
    let room = quota.max - quota.used - quota.reserved
    for (const [id, e] of this.entries) {
      if (e.item.phase !== 'waiting') continue
      if (e.item.size > quota.max_file_size) this.move(id, { type: 'refuse', problem: new Problem({ status: 413, code: 'too_large' }) })
      else if (e.item.size > room) this.move(id, { type: 'refuse', problem: new Problem({ status: 507, code: 'over_quota' }) })
      else room -= e.item.size
    }
  }
}
