import { type Schemas, followJob } from '@satchel/client'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'

import { type Work, useWork } from './context.tsx'
import { list, one } from './queries.ts'

export type Job = Schemas['Job']
export type JobState = Schemas['JobState']
export type JobPriority = Schemas['JobPriority']
export type Queue = Schemas['Queue']
export type JobBulk = Schemas['JobBulk']
export type Schedule = Schemas['Schedules']['schedules'][number]

export const jobStates: JobState[] = ['waiting', 'running', 'retrying', 'paused', 'succeeded', 'failed', 'cancelled']
export const openStates: readonly JobState[] = ['waiting', 'running', 'retrying', 'paused']

/** What of the jobs is shown, as it is in the address. From and to are days. */
export interface JobFilter { kind?: string | undefined; state?: string | undefined; queue?: string | undefined; priority?: string | undefined; by?: string | undefined; org?: string | undefined; from?: string | undefined; to?: string | undefined }

const day = (d: string, add: number) => { const at = new Date(d + 'T00:00:00'); at.setDate(at.getDate() + add); return at.toISOString() }

/** The filter as the API takes it. What is empty, or no day, is left out. */
export function jobQuery(f: JobFilter) {
  const isDay = (d: string | undefined): d is string => d !== undefined && /^\d{4}-\d\d-\d\d$/.test(d)
  return {
    ...(f.kind ? { kind: f.kind } : {}), ...(f.state ? { state: f.state as JobState } : {}), ...(f.queue ? { queue: f.queue } : {}), ...(f.priority ? { priority: f.priority as JobPriority } : {}),
    ...(f.by ? { requested_by: f.by } : {}), ...(isDay(f.from) ? { from: day(f.from, 0) } : {}), ...(isDay(f.to) ? { to: day(f.to, 1) } : {}),
  }
}

interface Pages { pages: { items: Job[] }[] }
/** Jobs that go on change by themselves: they are asked for again soon, a list of ended ones seldom. */
const often = (q: { state: { data?: unknown } }) => ((q.state.data as Pages | undefined)?.pages.some(p => p.items.some(j => openStates.includes(j.state))) ? 4000 : 20_000)

export const jobs = (w: Work, f: JobFilter) => ({
  ...list(w, ['jobs', 'list', f], ({ signal, query }) => w.api.GET('/api/v1/jobs', { params: { query: { ...query, ...jobQuery(f) } }, signal })), refetchInterval: often,
})
export const jobCounts = (w: Work) => ({ ...one(w, ['jobs', 'counts'], signal => w.api.GET('/api/v1/jobs/counts', { signal })), refetchInterval: 10_000 })

export const jobById = (w: Work, id: string, org?: string) => one<Job>(w, ['jobs', 'one', id], signal =>
  w.api.GET('/api/v1/jobs/{id}', { params: { path: { id }, query: org ? { organization_id: org } : {} }, signal }))

export const allJobs = (w: Work, f: JobFilter) => ({
  ...list(w, ['jobs', 'all', f], ({ signal, query }) => w.api.GET('/api/v1/admin/jobs', { params: { query: { ...query, ...jobQuery(f), ...(f.org ? { organization_id: f.org } : {}) } }, signal })), refetchInterval: often,
})
export const allJobCounts = (w: Work) => ({ ...one(w, ['jobs', 'all-counts'], signal => w.api.GET('/api/v1/admin/jobs/counts', { signal })), refetchInterval: 10_000 })

export const failures = (w: Work, days: number) => one(w, ['jobs', 'failures', days], signal =>
  w.api.GET('/api/v1/admin/jobs/failures', { params: { query: { since: new Date(Date.now() - days * 86_400_000).toISOString() } }, signal }))

export const queues = (w: Work) => ({ ...one(w, ['jobs', 'queues'], signal => w.api.GET('/api/v1/admin/queues', { signal })), refetchInterval: 5000 })
export const workers = (w: Work) => ({ ...one(w, ['jobs', 'workers'], signal => w.api.GET('/api/v1/admin/workers', { signal })), refetchInterval: 10_000 })
/** What the cache in front of the content host was not told, by organization. */
export const purges = (w: Work, state: 'waiting' | 'given_up') => ({
  ...list(w, ['jobs', 'purges', state], ({ signal, query }) => w.api.GET('/api/v1/admin/purges', { params: { query: { ...query, state } }, signal })), refetchInterval: 15_000,
})
/** What is locked away, by organization; it names no file. */
export const quarantine = (w: Work) => list(w, ['quarantine'], ({ signal, query }) => w.api.GET('/api/v1/admin/quarantine', { params: { query }, signal }))

export const schedules = (w: Work) => ({ ...one(w, ['jobs', 'schedules'], signal => w.api.GET('/api/v1/admin/schedules', { signal })), refetchInterval: 10_000 })

/**
 * A job as it goes on. Its stream says each change; the timeline comes with the job itself, which is read again then.
 * Where a stream does not last, it is asked for every ten seconds.
 */
export function useJob(id: string, org?: string) {
  const w = useWork()
  const options = jobById(w, id, org)
  const job = useQuery(queryOptions({ ...options, refetchInterval: q => (q.state.data && openStates.includes(q.state.data.state) ? 10_000 : false) }))
  const { connection, queries, place } = w
  const open = job.data !== undefined && openStates.includes(job.data.state)
  useEffect(() => {
    if (!open) return undefined
    const stop = new AbortController()
    const key = [place.organization_id, 'jobs', 'one', id]
    followJob<Job>(connection, id, org, told => {
      queries.setQueryData<Job>(key, old => ({ ...told, ...(old?.timeline ? { timeline: old.timeline } : {}) }))
      void queries.invalidateQueries({ queryKey: key })
    }, stop.signal).catch(() => undefined) // the job itself says what is wrong
    return () => stop.abort()
  }, [connection, queries, place.organization_id, id, org, open])
  return job
}
