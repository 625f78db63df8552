import type { Schemas } from '@satchel/client'
import { bytes } from '@satchel/client'
import { queryOptions } from '@tanstack/react-query'

import type { Work } from './context.tsx'
import { list, one, spaces } from './queries.ts'

export type Report = Schemas['Report']
export type ReportKind = Schemas['ReportKind']
export type ReportFormat = Schemas['ReportFormat']
export type ReportSchedule = Schemas['ReportSchedule']
export type ReportEvery = Schemas['ReportEvery']

/** Kinds about the whole organization are for those who administer, the one of a class for its teachers. */
export const kindsFor = (role: string): ReportKind[] => (role === 'teacher' ? ['class'] : ['storage', 'activity', 'types', 'hand_ins', 'refusals', 'jobs', 'generation', 'class'])
export const reportFormats: ReportFormat[] = ['json', 'pdf', 'xlsx', 'csv']

export const reports = (w: Work, kind: string | undefined) => ({
  ...list(w, ['reports', 'list', kind ?? ''], ({ signal, query }) => w.api.GET('/api/v1/reports', { params: { query: { ...query, ...(kind ? { kind: kind as ReportKind } : {}) } }, signal })),
  refetchInterval: (q: { state: { data?: unknown } }) => ((q.state.data as { pages: { items: Report[] }[] } | undefined)?.pages.some(p => p.items.some(r => r.state === 'waiting')) ? 3000 : false),
})

/** One report. Its job tells by a stream when it has ended; it is asked for too, seldom, in case no stream lasts. */
export const reportById = (w: Work, id: string) => queryOptions({
  ...one<Report>(w, ['reports', 'one', id], signal => w.api.GET('/api/v1/reports/{id}', { params: { path: { id } }, signal })),
  refetchInterval: q => (q.state.data?.state === 'waiting' ? 5000 : false),
})

export const reportSchedules = (w: Work) => one(w, ['reports', 'schedules'], signal => w.api.GET('/api/v1/report-schedules', { signal }))

/** A table as satchel-report/1 has it: in a row the labels are first; a figure that is hidden is null. */
export interface ReportTable { name: string; title: string; note: string; labels: string[]; columns: { name: string; title: string; unit: string }[]; chart_svg: string; rows: (string | number | null)[][]; total: (string | number | null)[] | null }
/** `language` is that of its texts; reports that were made before it was there are English. */
export interface ReportDocument { schema: string; language?: string; threshold: number; notes: string[]; tables: ReportTable[] }

/** What a report says that is shown on the page. */
export const documentOf = (w: Work, file: string, ready: boolean) => queryOptions({
  queryKey: [w.place.organization_id, 'reports', 'document', file], enabled: ready, staleTime: Infinity,
  queryFn: async ({ signal }) => JSON.parse(await (await bytes(w.connection, `/api/v1/storage/files/${file}/content`, signal)).text()) as ReportDocument,
})

/** The classes that the person is in, as a report names them. */
export const ownClasses = (w: Work) => queryOptions({
  queryKey: [w.place.organization_id, 'reports', 'classes'], staleTime: 300_000,
  queryFn: async ({ client }) => (await client.fetchQuery(spaces(w))).filter(s => s.kind === 'class' && s.class_id).map(s => ({ id: s.class_id!, title: s.name })),
})
