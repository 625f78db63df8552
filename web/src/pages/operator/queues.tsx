import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { duration, exactly } from '../../app/format.ts'
import { type Queue, queues } from '../../app/queries-jobs.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { useJobWords } from '../../parts/job-words.tsx'
import { OrganizationLink, number } from '../../parts/jobs.tsx'
import { Form, State, useChange } from '../../parts/manage.tsx'
import { brief } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'
import { Desk } from './desk.tsx'

type Asked = null | { what: 'pause' | 'resume' | 'rate'; queue: Queue }

/** The queues: what waits, for how long, and whether it may start. */
export default function Queues() {
  const { t } = useLingui()
  const work = useWork()
  const found = useQuery(queues(work))
  const [asked, ask] = useState<Asked>(null)
  return (
    <>
      <Title>{t`Queues`}</Title>
      <Desk />
      <p className="quiet small"><Trans>Every step of a job waits in a queue until a worker takes it. A pause and a limit outlive a deploy.</Trans></p>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {found.data && <div className="panels">{found.data.queues.map(q => <One key={q.name} of={q} ask={ask} />)}</div>}
      {asked && <Dialog asked={asked} close={() => ask(null)} />}
    </>
  )
}

const rate = (n: number) => new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(n)

function One({ of: q, ask }: { of: Queue; ask: (a: Asked) => void }) {
  const { t } = useLingui()
  const { place } = useWork()
  const words = useJobWords()
  const keys: Record<string, string> = { 1: words.priority('high'), 3: words.priority('default'), 5: words.priority('low') }
  const waiting = Object.entries(q.by_priority).filter(([, n]) => n > 0)
  const facts: [string, React.ReactNode][] = [
    [t`Steps that wait`, <>{number(q.backlog)}{waiting.length > 0 && <span className="small quiet"> ({waiting.map(([k, n]) => `${keys[k] ?? k}: ${number(n)}`).join(', ')})</span>}</>],
    [t`The oldest waits`, q.backlog > 0 ? duration(q.age_seconds) : '–'],
    [t`In and out`, t`${rate(q.add_rate)} come and ${rate(q.start_rate)} start a second`],
    [t`Workers`, q.workers > 0 ? number(q.workers) : <span className="bad"><Trans>none takes its steps</Trans></span>],
  ]
  if (q.rate !== null && !q.paused) facts.push([t`Limit`, t`${rate(q.rate)} a second`])
  if (q.rate_per_organization !== null) facts.push([t`Limit for each organization`, t`${rate(q.rate_per_organization)} a second`])
  if (q.reason && (q.paused || q.rate !== null || q.rate_per_organization !== null)) facts.push([t`Reason`, <bdi key="r">{q.reason}</bdi>])
  if (q.changed_at) facts.push([t`Changed`, <>{exactly(q.changed_at)}{q.changed_by && <> · <code title={q.changed_by}>{brief(q.changed_by)}</code></>}</>])
  const jobs = q.waiting.reduce((n, w) => n + w.waiting, 0)
  return (
    <section className="panel" aria-labelledby={'queue-' + q.name}>
      <h2 id={'queue-' + q.name}>{q.name} {q.paused ? <State state="paused" word={t`Paused`} /> : <State state="active" word={t`is open`} />}</h2>
      <dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl>
      {q.waiting.length > 0 && (
        <details className="fold"><summary>{plural(jobs, { one: '# job waits', other: '# jobs wait' })}</summary>
          <ul>{q.waiting.map(w => <li key={w.organization_id + w.priority}><OrganizationLink id={w.organization_id} /> · {words.priority(w.priority)}: {number(w.waiting)} <span className="small quiet">{t`since ${exactly(w.oldest)}`}</span></li>)}</ul>
        </details>
      )}
      <div className="actions">
        {q.pausable && !q.paused && <button type="button" className="button" aria-label={t`Pause ${q.name}`} onClick={() => ask({ what: 'pause', queue: q })}><Trans>Pause …</Trans></button>}
        {q.pausable && q.paused && <button type="button" className="button main" aria-label={`${t`Let it go on`}: ${q.name}`} onClick={() => ask({ what: 'resume', queue: q })}><Trans>Let it go on …</Trans></button>}
        {q.pausable && <button type="button" className="button" aria-label={t`Limit ${q.name}`} onClick={() => ask({ what: 'rate', queue: q })}><Trans>Limit …</Trans></button>}
        <Link className="button" to="/o/$org/operate/jobs" params={{ org: place.organization_id }} search={{ queue: q.name }} aria-label={t`Jobs of ${q.name}`}><Trans>Jobs</Trans></Link>
      </div>
      {!q.pausable && <p className="small quiet"><Trans>It is never held: what people wait for begins here.</Trans></p>}
    </section>
  )
}

function Dialog({ asked: { what, queue: q }, close }: { asked: NonNullable<Asked>; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  const titles = { pause: [t`Pause ${q.name}`, t`Pause`], resume: [t`Let ${q.name} go on`, t`Let it go on`], rate: [t`Limit ${q.name}`, t`Set`] } as const
  const run = async (d: FormData) => {
    const reason = String(d.get('reason')).trim()
    const figure = (name: string) => { const v = String(d.get(name) ?? '').trim(); return v === '' ? null : Number(v) }
    // An empty limit of all steps is taken away by letting the queue go on; a held one keeps its pause.
    const [all, each] = [figure('rate'), figure('each')]
    const limits = { rate_per_organization: each ?? 0, ...(all !== null ? { rate: all } : q.paused || q.rate === null ? {} : { paused: false }) }
    await api.PATCH('/api/v1/admin/queues/{queue}', { params: { path: { queue: q.name } }, body: what === 'rate' ? { ...limits, reason } : { paused: what === 'pause', reason } })
    void again('jobs')
  }
  return (
    <Form title={titles[what][0]} verb={titles[what][1]} run={run} close={close} danger={what === 'pause'}>
      {what === 'pause' && <p><Trans>No step of this queue starts until it goes on. What runs comes to its end. Nothing is lost.</Trans></p>}
      {what === 'rate' && <>
        <p><Trans>An empty field: no limit.</Trans></p>
        <label className="field"><Trans>Steps that start a second, of all organizations together</Trans><input name="rate" type="number" min={0.01} step="any" disabled={q.paused} defaultValue={q.paused ? '' : q.rate ?? ''} /></label>
        <label className="field"><Trans>Steps that start a second, of each organization</Trans><input name="each" type="number" min={0} step="any" defaultValue={q.rate_per_organization ?? ''} /></label></>}
      <label className="field"><Trans>Reason, which other operators see</Trans><input name="reason" required maxLength={500} dir="auto" /></label>
    </Form>
  )
}
