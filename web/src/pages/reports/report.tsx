import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { type ReactNode, useEffect, useMemo, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly, size } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { useJob } from '../../app/queries-jobs.ts'
import { type Report, type ReportFormat, type ReportTable, documentOf, reportById, reportFormats } from '../../app/queries-reports.ts'
import { fileById } from '../../app/queries.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { number } from '../../parts/jobs.tsx'
import { State, Table, once, useChange, useSave } from '../../parts/manage.tsx'
import { daysOf, useReportWords } from '../../parts/report-words.tsx'
import { Title } from '../../parts/shell.tsx'

/** A report: how far it is, what it says, and its file in every form. */
export default function ReportPage() {
  const { t } = useLingui()
  const work = useWork()
  const words = useReportWords()
  const { id } = useParams({ strict: false }) as { id: string }
  const found = useQuery(reportById(work, id))
  const r = found.data
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/reports" params={{ org: work.place.organization_id }}><Trans>Reports</Trans></Link></li><li aria-current="page">{r ? words.kinds[r.kind] : '…'}</li></ol></nav>
      <Title>{r ? words.kinds[r.kind] : t`Report`}</Title>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {r && <><HowItIs of={r} again={() => void found.refetch()} />{r.state === 'ready' && r.format === 'json' && r.file_id && <Said of={r} file={r.file_id} />}</>}
    </>
  )
}

/** Its job tells by events how far it is. */
function Follow({ id, again }: { id: string; again: () => void }) {
  const job = useJob(id)
  const state = job.data?.state
  useEffect(() => { if (state) again() }, [state]) // eslint-disable-line
  return null
}

function HowItIs({ of: r, again }: { of: Report; again: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useReportWords()
  const save = useSave()
  const navigate = useNavigate()
  const { busy, change } = useChange()
  const file = useQuery({ ...fileById(work, r.file_id ?? ''), enabled: r.file_id !== null })
  const params = { org: work.place.organization_id }
  const f = file.data
  const why = words.why(r)
  const as = (format: ReportFormat) => void change(async () => {
    const { kind, from, to } = r
    const body = { kind, from, to, format, ...(r.class_id ? { class_id: r.class_id } : { place: r.place }) }
    const made = (await work.api.POST('/api/v1/reports', { params: { header: once() }, body })).data!
    await navigate({ to: '/o/$org/reports/$id', params: { ...params, id: made.id } })
  }, '', 'reports')
  const facts: [string, ReactNode][] = [[t`Days`, daysOf(r)], [t`Time zone`, r.time_zone], [t`Form`, words.formats[r.format]]]
  if (r.as_of) facts.push([t`Figures of`, exactly(r.as_of)])
  if (r.state === 'ready') facts.push([t`Rows`, number(r.rows)])
  const others = reportFormats.filter(x => x !== r.format)
  return (
    <section className="panel" aria-label={t`State`} aria-busy={r.state === 'waiting'}>
      {r.state === 'waiting' && <Follow id={r.id} again={again} />}
      <p role="status" className="big"><State state={words.mark(r.state)} word={words.states[r.state]} /></p>
      {r.state === 'waiting' && <p><Trans>You can leave this page: you are told when it is ready.</Trans></p>}
      {why && <p><strong>{why}</strong></p>}
      {r.state === 'ready' && f?.status === 'processing' && <p role="status"><Trans>Its file is still being checked.</Trans></p>}
      {file.error && <Failure error={file.error} again={() => void file.refetch()} />}
      <dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl>
      {r.threshold > 0 && <p className="small quiet"><Trans>Figures about fewer than {r.threshold} people are hidden, and others with them so that no total tells them. They are shown as *.</Trans></p>}
      <div className="actions">
        {f?.status === 'published' && <>
          <button type="button" className="button main" onClick={() => void save(`/api/v1/storage/files/${f.id}/content`, f.name)}><Trans>Download the file</Trans></button>
          <Link className="button" to="/o/$org/recent" params={params} search={{ file: f.id } as never}><Trans>Open the file</Trans></Link></>}
        {r.state !== 'waiting' && may(work.place, 'make_reports') && others.map(x => (
          <button key={x} type="button" className="button" aria-disabled={busy} onClick={() => as(x)}>{x === 'json' ? <Trans>Show it on a page</Trans> : t`Also as ${words.formats[x]}`}</button>))}
        <Link className="button" to="/o/$org/jobs/$job" params={{ ...params, job: r.id }}><Trans>See the job</Trans></Link>
      </div>
    </section>
  )
}

/** What the report says: its tables, each with its chart. */
function Said({ of: r, file }: { of: Report; file: string }) {
  const work = useWork()
  const stored = useQuery(fileById(work, file))
  const read = useQuery(documentOf(work, file, stored.data?.status === 'published'))
  if (read.error) return <Failure error={read.error} again={() => void read.refetch()} />
  if (!read.data) return <Waiting />
  const language = read.data.language ?? 'en'
  return (
    <>
      {read.data.notes.map(n => <p key={n} className="small quiet" lang={language}>{n}</p>)}
      {read.data.tables.map(table => <Figures key={table.name} of={table} language={language} hides={r.threshold > 0} />)}
    </>
  )
}

const shownRows = 200

function Figures({ of: table, language, hides }: { of: ReportTable; language: string; hides: boolean }) {
  const { t } = useLingui()
  const [all, setAll] = useState(false)
  const hidden = hides && [...table.rows, ...(table.total ? [table.total] : [])].some(r => r.includes(null))
  const figure = (v: string | number | null | undefined, unit: string) => {
    if (v === null || v === undefined) return <span title={t`hidden`}><span aria-hidden="true">*</span><span className="unseen">{t`hidden`}</span></span>
    if (typeof v === 'string') return <bdi>{v}</bdi>
    return unit === 'bytes' ? size(v) : unit === 'milliseconds' ? `${number(v)} ms` : unit === 'micro' ? new Intl.NumberFormat(undefined, { maximumFractionDigits: 4 }).format(v / 1e6) : number(v)
  }
  const n = table.labels.length
  // A total has no labels of its own.
  const total = table.total ? [[t`Total`, ...Array.from({ length: Math.max(n - 1, 0) }, () => ''), ...table.total.slice(-table.columns.length)]] : []
  const rows = [...(all ? table.rows : table.rows.slice(0, shownRows)), ...total].map((cells, at) => ({ at: String(at), cells }))
  return (
    <section aria-label={table.title}>
      <h2 lang={language}>{table.title}</h2>
      {table.note && <p className="small quiet" lang={language}>{table.note}</p>}
      {table.chart_svg && <Chart svg={table.chart_svg} language={language} />}
      {table.rows.length === 0 ? <p className="empty"><Trans>There was nothing in these days.</Trans></p> : (
        <Table label={table.title} rows={rows} id={r => r.at} columns={[
          ...table.labels.map((head, i) => ({ head, cell: (r: { cells: (string | number | null)[] }) => <bdi>{r.cells[i]}</bdi> })),
          ...table.columns.map((c, i) => ({ head: c.title, numbers: true, cell: (r: { cells: (string | number | null)[] }) => figure(r.cells[n + i], c.unit) })),
        ]} />)}
      {hidden && <p className="small quiet"><Trans>* is hidden, because few people are behind it, or because it would tell such a figure.</Trans></p>}
      {!all && table.rows.length > shownRows && <p><button type="button" className="button" onClick={() => setAll(true)}><Trans>Show all {number(table.rows.length)} rows</Trans></button></p>}
    </section>
  )
}

/** The chart as the report draws it. It is a picture, which can run nothing; its title and description are read from it. */
function Chart({ svg, language }: { svg: string; language: string }) {
  const [url, setUrl] = useState<string>()
  const alt = useMemo(() => [...svg.matchAll(/<(?:title|desc)[^>]*>([^<]*)</g)].map(m => m[1]!.replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&#39;', "'").replaceAll('&#34;', '"')).join(' '), [svg])
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [svg])
  return url ? <img className="report-chart" src={url} alt={alt} lang={language} /> : null
}
