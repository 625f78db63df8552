import type { Schemas } from '../client.ts'
import type { Problem } from '../problem.ts'

/** Where a file is on its way. The last six are outcomes: a file ends in exactly one. */
export type Phase =
  | 'waiting' | 'sending' | 'paused' | 'checking'
  | 'published' | 'quarantined' | 'held' | 'rejected' | 'failed' | 'cancelled'

export const outcomes: readonly Phase[] = ['published', 'quarantined', 'held', 'rejected', 'failed', 'cancelled']
export const isOutcome = (p: Phase) => outcomes.includes(p)

/** Why a file that is being sent does not move. */
export type Hindrance = 'network' | 'limited' | 'signIn' | 'server'

export interface Item {
  readonly id: string
  readonly name: string
  /** With the folders it was dropped in. */
  readonly path: string
  readonly size: number
  readonly phase: Phase
  /** Bytes that the API has. */
  readonly sent: number
  readonly hindrance?: Hindrance | undefined
  /** Of the file at the API, once it has the first byte. */
  readonly fileId?: string | undefined
  readonly steps?: Schemas['Step'][] | undefined
  readonly problem?: Problem | undefined
  /** What became of it and what to do, as the API says it. */
  readonly statusText?: string | undefined
  readonly statusReason?: string | undefined
}

export type Happening =
  | { type: 'begin' }
  | { type: 'progress'; sent: number }
  | { type: 'hinder'; by: Hindrance }
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'identified'; fileId: string }
  | { type: 'received' }
  | { type: 'seen'; file: Pick<Schemas['File'], 'status' | 'status_text' | 'status_reason' | 'steps'> }
  | { type: 'refuse'; problem: Problem }
  | { type: 'cancel' }
  | { type: 'retry' }

/** Outcomes after which sending the same file once more can help. */
export const mayRetry = (i: Item) => i.phase === 'failed' || i.phase === 'cancelled' || i.phase === 'rejected'

/** The item after something happened. What cannot happen in its phase changes nothing, so late answers do no harm. */
export function next(i: Item, h: Happening): Item {
  if (isOutcome(i.phase)) {
    return h.type === 'retry' && mayRetry(i) ? { id: i.id, name: i.name, path: i.path, size: i.size, phase: 'waiting', sent: 0 } : i
  }
  switch (h.type) {
    case 'begin': return i.phase === 'waiting' ? { ...i, phase: 'sending' } : i
    case 'progress': return i.phase === 'sending' ? { ...i, sent: Math.min(i.size, Math.max(0, h.sent)), hindrance: undefined } : i
    case 'hinder': return i.phase === 'sending' ? { ...i, hindrance: h.by } : i
    case 'pause': return i.phase === 'sending' || i.phase === 'waiting' ? { ...i, phase: 'paused', hindrance: undefined } : i
    case 'resume': return i.phase === 'paused' ? { ...i, phase: 'waiting' } : i
    case 'identified': return { ...i, fileId: h.fileId }
    case 'received': return i.phase === 'sending' || i.phase === 'paused' ? { ...i, phase: 'checking', sent: i.size, hindrance: undefined } : i
    case 'seen': return i.phase === 'checking' ? seen(i, h.file) : i
    case 'refuse': return { ...i, phase: final(h.problem.status) ? 'rejected' : 'failed', problem: h.problem, hindrance: undefined }
    case 'cancel': return { ...i, phase: 'cancelled', hindrance: undefined }
    case 'retry': return i
  }
}

/** Statuses that say no to this very file. */
const final = (status: number) => [413, 415, 422, 507].includes(status)

function seen(i: Item, f: Pick<Schemas['File'], 'status' | 'status_text' | 'status_reason' | 'steps'>): Item {
  const told = { ...i, steps: f.steps, statusText: f.status_text, statusReason: f.status_reason }
  switch (f.status) {
    case 'uploading': case 'processing': return told
    case 'published': case 'quarantined': case 'held': case 'rejected': case 'failed': return { ...told, phase: f.status }
    case 'expired': return { ...told, phase: 'failed' }
    case 'deleted': return { ...told, phase: 'cancelled' }
  }
}

export interface Totals { files: number; ended: number; bytes: number; sent: number; running: number; byPhase: Record<Phase, number> }

export function totals(items: Iterable<Item>): Totals {
  const t: Totals = {
    files: 0, ended: 0, bytes: 0, sent: 0, running: 0,
    byPhase: { waiting: 0, sending: 0, paused: 0, checking: 0, published: 0, quarantined: 0, held: 0, rejected: 0, failed: 0, cancelled: 0 },
  }
  for (const i of items) {
    t.files++
    t.byPhase[i.phase]++
    if (isOutcome(i.phase)) t.ended++
    else if (i.phase !== 'paused') t.running++
    if (i.phase !== 'cancelled') { t.bytes += i.size; t.sent += isOutcome(i.phase) ? i.size : i.sent }
  }
  return t
}
