import { type Schemas, asProblem } from '@satchel/client'
import { queryOptions } from '@tanstack/react-query'

import type { Work } from './context.tsx'
import { list, one } from './queries.ts'

export type Generation = Schemas['Generation']
export type GenerationKind = Schemas['GenerationKind']
export type GenerationState = Schemas['GenerationState']
export type GenerationFormat = Schemas['GenerationFormat']
export type GenerationLevel = Schemas['GenerationLevel']
export type GenerationPreview = Schemas['GenerationPreview']

export const generationKinds: GenerationKind[] = ['quiz', 'worksheet', 'lesson_plan', 'reading_passage', 'rubric', 'vocabulary']
export const generationStates: GenerationState[] = ['waiting', 'draft', 'approved', 'published', 'rejected', 'expired', 'failed', 'cancelled']
export const generationLevels: GenerationLevel[] = ['', 'primary', 'lower_secondary', 'upper_secondary', 'adult']

/** The formats that a kind has: those of learning platforms are for questions. */
export const formatsOf = (k: GenerationKind): GenerationFormat[] => {
  const pages: GenerationFormat[] = ['docx', 'pdf', 'html', 'markdown', 'csv']
  return ['quiz', 'worksheet', 'reading_passage'].includes(k) ? [...pages, 'qti_3.0', 'qti_2.1', 'gift'] : pages
}

/** What is on its way changes by itself. */
const moving = (s: GenerationState | undefined) => s === 'waiting' || s === 'approved'

export const generations = (w: Work, state: string | undefined) => ({
  ...list(w, ['generations', 'list', state ?? ''], ({ signal, query }) => w.api.GET('/api/v1/generations', { params: { query: { ...query, ...(state ? { state: state as GenerationState } : {}) } }, signal })),
  refetchInterval: (q: { state: { data?: unknown } }) => ((q.state.data as { pages: { items: Generation[] }[] } | undefined)?.pages.some(p => p.items.some(g => moving(g.state))) ? 3000 : false),
})

export const generationById = (w: Work, id: string) => queryOptions({
  ...one<Generation>(w, ['generations', 'one', id], signal => w.api.GET('/api/v1/generations/{id}', { params: { path: { id } }, signal })),
  refetchInterval: q => (moving(q.state.data?.state) ? 1500 : false),
})

export const providers = (w: Work) => one(w, ['generations', 'providers'], signal => w.api.GET('/api/v1/generation/providers', { signal }))
export const spending = (w: Work) => one(w, ['generations', 'spending'], signal => w.api.GET('/api/v1/generation/spending', { signal }))

// The text of a new file is read up to half a minute after the file is there: a request about it is asked again for two minutes.
const mostReadings = 60
const betweenReadings = 2000 // ms
export const isStillRead = (e: unknown) => asProblem(e).code === 'text_not_ready'

/** Asks for a document, and again while the text of its file is still being read, until signal ends that. waits is called when it begins to wait. */
export async function askFor(w: Work, body: Wanted & { confirm_prompt?: string }, waits: () => void, signal: AbortSignal): Promise<Generation> {
  for (let n = 0; ; n++) {
    signal.throwIfAborted()
    try {
      return (await w.api.POST('/api/v1/generations', { params: { header: { 'Idempotency-Key': crypto.randomUUID() } }, body })).data!
    } catch (e) {
      if (n === mostReadings || !isStillRead(e)) throw e
      waits()
      await new Promise(done => setTimeout(done, betweenReadings))
    }
  }
}

export interface Wanted { kind: GenerationKind; language: 'en' | 'de'; level: GenerationLevel; count: number; file_id?: string; topic?: string; provider: string }

/** What would be sent for this request. It is read again each time: what was seen must be what is sent. */
export const previewOf = (w: Work, wanted: Wanted) => queryOptions({
  ...one<GenerationPreview>(w, ['generations', 'preview', wanted], signal => w.api.GET('/api/v1/generation/preview', { params: { query: wanted }, signal })), staleTime: 0, gcTime: 0,
  retry: (n, e) => n < mostReadings && isStillRead(e), retryDelay: betweenReadings,
})
