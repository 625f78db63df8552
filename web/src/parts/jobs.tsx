import './jobs.css'

import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'

import { useWork } from '../app/context.tsx'
import { exactly, stamp, when } from '../app/format.ts'
import { type Job, type JobFilter, jobStates } from '../app/queries-jobs.ts'
import { useJobWords } from './job-words.tsx'
import { Choice, type Column, State, Table, useAddress } from './manage.tsx'
import { Named, brief } from './people.tsx'

export const number = (n: number) => new Intl.NumberFormat().format(n)

/** Money, which the API counts in millionths of its unit. */
export function money(micro: number, currency: string): string {
  const amount = micro / 1e6
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2
  try { return new Intl.NumberFormat(undefined, { style: 'currency', currency, minimumFractionDigits: 2, maximumFractionDigits: digits }).format(amount) } catch { return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(amount)} ${currency}` }
}

/** How far a job is, as a bar with its numbers. */
export function HowFar({ job: j, name }: { job: Job; name: string }) {
  const { t } = useLingui()
  const { done, total } = j.progress
  if (total > 0) return <span className="how-far"><progress aria-label={t`Progress of ${name}`} max={total} value={Math.min(done, total)} /> <span className="small quiet">{t`${number(done)} of ${number(total)}`}</span></span>
  return done > 0 ? <>{number(done)}</> : <>–</>
}

/** Jobs as a table: each leads to its page. */
export function JobTable({ jobs, to, of }: { jobs: readonly Job[]; to: (j: Job) => React.ReactNode; of?: 'all' | 'organizations' | undefined }) {
  const { t } = useLingui()
  const words = useJobWords()
  const columns: Column<Job>[] = [
    { head: t`Job`, cell: to },
    { head: t`State`, cell: j => <JobStateShown job={j} /> },
    { head: t`Progress`, cell: j => <HowFar job={j} name={words.kind(j.kind)} /> },
    { head: t`Begun`, cell: j => <time className="stamp" dateTime={j.created_at} title={exactly(j.created_at)}>{stamp(j.created_at)}</time> },
    { head: t`Ended`, cell: j => (j.ended_at ? <time className="stamp" dateTime={j.ended_at}>{when(j.ended_at)}</time> : '–') },
  ]
  if (of === 'all') columns.splice(3, 0, { head: t`Asked for by`, cell: j => (j.requested_by ? <Named id={j.requested_by} /> : t`the platform`) })
  if (of) columns.splice(2, 0, { head: t`Priority`, cell: j => words.priority(j.priority) })
  if (of === 'organizations') columns.splice(1, 0, { head: t`Organization`, cell: j => (j.organization_id ? <OrganizationLink id={j.organization_id} /> : '–') }, { head: t`Queue`, cell: j => j.queue })
  return <Table label={t`Jobs`} rows={jobs} id={j => j.id} columns={columns} />
}

export function OrganizationLink({ id }: { id: string }) {
  const { place } = useWork()
  return <Link to="/o/$org/operate/organizations/$id" params={{ org: place.organization_id, id }} title={id}><code>{brief(id)}</code></Link>
}

/** The state of a job, and in short why it is so. */
export function JobStateShown({ job: j }: { job: Job }) {
  const words = useJobWords()
  const why = words.reason(j)?.why
  return <><State state={j.state} word={words.state(j.state)} />{why && <span className="small quiet why-short">{why}</span>}</>
}

/** What a list of jobs is narrowed to; each choice is in the address. */
export function JobFilters({ kinds, queues, more }: { kinds: readonly string[]; queues?: readonly string[] | undefined; more?: boolean }) {
  const { t } = useLingui()
  const words = useJobWords()
  const [at, go] = useAddress()
  const f = at as JobFilter
  return (
    <div className="bar" role="group" aria-label={t`Filter`}>
      <Choice label={t`State`} all={t`All`} value={f.state} options={jobStates.map(s => [s, words.state(s)] as const)} choose={state => go({ state })} />
      <Choice label={t`Kind`} all={t`All`} value={f.kind} options={[...new Set([...kinds, ...(f.kind ? [f.kind] : [])])].map(k => [k, words.kind(k)] as const)} choose={kind => go({ kind })} />
      {queues && <Choice label={t`Queue`} all={t`All`} value={f.queue} options={queues.map(q => [q, q] as const)} choose={queue => go({ queue })} />}
      {more && <Choice label={t`Priority`} all={t`All`} value={f.priority} options={Object.entries(words.priorities)} choose={priority => go({ priority })} />}
      {more && <label className="field">{t`From`}<input type="date" value={f.from ?? ''} onChange={e => go({ from: e.target.value || undefined })} /></label>}
      {more && <label className="field">{t`Until`}<input type="date" value={f.to ?? ''} onChange={e => go({ to: e.target.value || undefined })} /></label>}
    </div>
  )
}
