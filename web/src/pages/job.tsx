import { Trans, useLingui } from '@lingui/react/macro'
import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'

import { useWork } from '../app/context.tsx'
import { exactly } from '../app/format.ts'
import { may } from '../app/grants.ts'
import { type Job, type JobPriority, openStates, useJob } from '../app/queries-jobs.ts'
import { Failure } from '../parts/failure.tsx'
import { Waiting } from '../parts/front.tsx'
import { useJobWords } from '../parts/job-words.tsx'
import { OrganizationLink, money, number } from '../parts/jobs.tsx'
import { State, useAddress, useChange } from '../parts/manage.tsx'
import { Named } from '../parts/people.tsx'
import { Title } from '../parts/shell.tsx'

/** A job: how far it is, why it is so and what to do, and what happened to it. It changes on the page as it goes on. */
export default function JobPage() {
  const { t } = useLingui()
  const { place } = useWork()
  const words = useJobWords()
  const { job: id } = useParams({ strict: false }) as { job: string }
  const [at] = useAddress()
  const job = useJob(id, at.of)
  const j = job.data
  const desk = place.role === 'operator'
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol>
        <li>{desk ? <Link to="/o/$org/operate/jobs" params={{ org: place.organization_id }}><Trans>Jobs</Trans></Link> : <Link to="/o/$org/jobs" params={{ org: place.organization_id }}><Trans>Jobs</Trans></Link>}</li>
        <li aria-current="page">{j ? words.kind(j.kind) : '…'}</li></ol></nav>
      <Title actions={j && <Buttons of={j} org={at.of} />}>{j ? words.kind(j.kind) : t`Job`}</Title>
      {job.error && <Failure error={job.error} again={() => void job.refetch()} />}
      {job.isPending && !job.error && <Waiting />}
      {j && <><HowItIs of={j} /><div className="panels"><Facts of={j} org={at.of} desk={desk} /><Timeline of={j} /></div></>}
    </>
  )
}

function Buttons({ of: j, org }: { of: Job; org: string | undefined }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { busy, change } = useChange()
  const params = { path: { id: j.id }, query: org ? { organization_id: org } : {} }
  if (!may(place, 'change_jobs')) return null
  return (
    <>
      {j.may_cancel && <button type="button" className="button danger" aria-disabled={busy} onClick={() => void change(() => api.POST('/api/v1/jobs/{id}/cancel', { params }), t`The job is asked to end.`, 'jobs')}><Trans>End it</Trans></button>}
      {j.may_retry && <button type="button" className="button main" aria-disabled={busy} onClick={() => void change(() => api.POST('/api/v1/jobs/{id}/retry', { params }), t`The job begins once more.`, 'jobs')}><Trans>Start it again</Trans></button>}
    </>
  )
}

/** What matters first: the state, how far it is, and what to do where it is not well. */
function HowItIs({ of: j }: { of: Job }) {
  const { t } = useLingui()
  const words = useJobWords()
  const { place } = useWork()
  const why = words.reason(j)
  const { done, total } = j.progress
  return (
    <section className="panel" aria-label={t`State`} aria-busy={openStates.includes(j.state)}>
      <p role="status" className="big"><State state={j.state} word={words.state(j.state)} /></p>
      {why && <p><strong>{why.why}</strong> {why.what}</p>}
      {j.state === 'retrying' && j.next_try_at && <p><Trans>Next try: {exactly(j.next_try_at)}</Trans></p>}
      {total > 0 && <p><progress aria-label={t`Progress of ${words.kind(j.kind)}`} max={total} value={Math.min(done, total)} /> {t`${number(done)} of ${number(total)}`}</p>}
      {j.steps.length > 0 && <ul className="steps-live">{j.steps.map(s => (
        <li key={s.name}><span>{words.step(s.name)}: <State state={s.state} word={words.stepState(s.state)} /> {s.total !== undefined ? <span className="small quiet">{t`${number(s.done)} of ${number(s.total)}`}</span> : s.done > 0 && <span className="small quiet">{number(s.done)}</span>}</span></li>))}</ul>}
      {j.kind === 'build_report' && may(place, 'read_reports') && <p><Link to="/o/$org/reports/$id" params={{ org: place.organization_id, id: j.id }}><Trans>To the report</Trans></Link></p>}
      {j.kind === 'generate_content' && place.role !== 'operator' && may(place, 'read_generations') && <p><Link to="/o/$org/generate/$id" params={{ org: place.organization_id, id: j.id }}><Trans>To the document</Trans></Link></p>}
    </section>
  )
}

function Facts({ of: j, org, desk }: { of: Job; org: string | undefined; desk: boolean }) {
  const { t } = useLingui()
  const { place } = useWork()
  const all = place.role !== 'teacher' && place.role !== 'student'
  const facts: [string, ReactNode][] = [[t`Begun`, exactly(j.created_at)]]
  if (j.ended_at) facts.push([t`Ended`, exactly(j.ended_at)])
  if (j.attempts > 1) facts.push([t`Attempts`, number(j.attempts)])
  if (j.rounds > 0) facts.push([t`Started again`, number(j.rounds)])
  facts.push([t`Priority`, <Priority key="p" of={j} org={org} />])
  if (all && j.requested_by) facts.push([t`Asked for by`, <Named key="n" id={j.requested_by} />])
  if (j.cost_micro > 0) facts.push([t`Cost`, money(j.cost_micro, j.currency)])
  if (desk) {
    facts.push([t`Name`, j.name], [t`Queue`, j.queue])
    if (j.organization_id ?? org) facts.push([t`Organization`, <OrganizationLink key="o" id={(j.organization_id ?? org)!} />])
    if (j.target.type) facts.push([t`About`, <span key="t">{j.target.type} <code>{j.target.id}</code></span>])
  }
  if (all && j.reason_code) facts.push([t`Code`, <code key="c">{j.reason_code}</code>])
  facts.push([t`Id`, <code key="i">{j.id}</code>])
  return (
    <section className="panel" aria-labelledby="facts"><h2 id="facts"><Trans>About the job</Trans></h2>
      <dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl>
      {j.result && Object.keys(j.result).length > 0 && all && <details className="fold"><summary><Trans>What came out</Trans></summary><pre className="code" tabIndex={0}>{JSON.stringify(j.result, null, 2)}</pre></details>}
    </section>
  )
}

/** How early it comes. Later is for the one who asked for it; earlier for those who administer. */
function Priority({ of: j, org }: { of: Job; org: string | undefined }) {
  const { t } = useLingui()
  const words = useJobWords()
  const { api, place } = useWork()
  const { busy, change } = useChange()
  const raises = ['owner', 'admin', 'operator'].includes(place.role)
  const mine = raises || j.requested_by === place.user_id
  if (!openStates.includes(j.state) || !mine || !may(place, 'change_jobs')) return <>{words.priority(j.priority)}</>
  const order: JobPriority[] = ['high', 'default', 'low']
  const shown = raises ? order : order.slice(order.indexOf(j.priority))
  return (
    <select aria-label={t`Priority`} value={j.priority} disabled={busy} onChange={e => {
      const priority = e.target.value as JobPriority
      void change(() => api.PATCH('/api/v1/jobs/{id}', { params: { path: { id: j.id }, query: org ? { organization_id: org } : {} }, body: { priority } }), t`The priority is changed.`, 'jobs')
    }}>{shown.map(p => <option key={p} value={p}>{words.priority(p)}</option>)}</select>
  )
}

function Timeline({ of: j }: { of: Job }) {
  const { t } = useLingui()
  const words = useJobWords()
  if (!j.timeline || j.timeline.length === 0) return null
  return (
    <section className="panel" aria-labelledby="timeline"><h2 id="timeline"><Trans>What happened</Trans></h2>
      <ol className="timeline">{j.timeline.map(m => (
        <li key={m.n}><time dateTime={m.at}>{exactly(m.at)}</time> <State state={m.state} word={words.state(m.state)} />
          {m.attempt > 1 && <span className="small">{t`Attempt ${m.attempt}`}</span>}{m.code && <code className="small quiet">{m.code}</code>}</li>
      ))}</ol>
    </section>
  )
}
