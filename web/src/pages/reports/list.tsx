import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly, stamp } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { policies } from '../../app/queries-admin.ts'
import { kindsFor, reports } from '../../app/queries-reports.ts'
import { Failure } from '../../parts/failure.tsx'
import { Choice, Form, Listed, State, Table, once, useAddress, useChange } from '../../parts/manage.tsx'
import { daysOf, useReportWords } from '../../parts/report-words.tsx'
import { Title } from '../../parts/shell.tsx'
import { Tabs } from './tabs.tsx'
import { About, useAbout } from './wish.tsx'

/** The reports that the person asked for, and a way to ask for one. */
export default function Reports() {
  const { t } = useLingui()
  const work = useWork()
  const words = useReportWords()
  const [at, go] = useAddress()
  const found = useInfiniteQuery(reports(work, at.kind))
  const [asking, ask] = useState(false)
  const kinds = kindsFor(work.place.role)
  const params = { org: work.place.organization_id }
  return (
    <>
      <Title actions={may(work.place, 'make_reports') && <button type="button" className="button main" onClick={() => ask(true)}><Trans>Ask for a report …</Trans></button>}>{t`Reports`}</Title>
      <Tabs />
      <p>{work.place.role === 'teacher' ? <Trans>A report says who of your class handed in what. It becomes a file of your own.</Trans>
        : <Trans>A report says what your organization stores and does. Each becomes a file. Figures about few people are hidden, so that no one is known by them.</Trans>}</p>
      {kinds.length > 1 && <div className="bar"><Choice label={t`Kind`} all={t`All`} value={at.kind} options={kinds.map(k => [k, words.kinds[k]] as const)} choose={kind => go({ kind })} /></div>}
      <Listed of={found} empty={at.kind ? t`Nothing here fits the filter.` : t`There is no report yet.`}>{rows => (
        <Table label={t`Reports`} rows={rows} id={r => r.id} columns={[
          { head: t`About`, cell: r => <Link to="/o/$org/reports/$id" params={{ ...params, id: r.id }}>{words.kinds[r.kind]}</Link> },
          { head: t`Days`, cell: r => daysOf(r) },
          { head: t`Form`, cell: r => words.formats[r.format] },
          { head: t`State`, cell: r => <><State state={words.mark(r.state)} word={words.states[r.state]} />{r.schedule_id && <span className="small quiet why-short"><Trans>came by itself</Trans></span>}</> },
          { head: t`Asked for`, cell: r => <time className="stamp" dateTime={r.created_at} title={exactly(r.created_at)}>{stamp(r.created_at)}</time> },
        ]} />
      )}</Listed>
      {asking && <Ask close={() => ask(false)} />}
    </>
  )
}

/** A day as the organization counts it: a report is about no day that has not begun there. */
const dayIn = (zone: string, back: number) => new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(Date.now() - back * 86_400_000))

function Ask({ close }: { close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const about = useAbout()
  const navigate = useNavigate()
  const { again } = useChange()
  const rules = useQuery(policies(work))
  return (
    <Form title={t`Ask for a report`} verb={t`Make it`} close={close} run={async d => {
      const made = (await work.api.POST('/api/v1/reports', { params: { header: once() }, body: { ...about(d), from: String(d.get('from')), to: String(d.get('to')) } })).data!
      void again('reports', 'jobs')
      await navigate({ to: '/o/$org/reports/$id', params: { org: work.place.organization_id, id: made.id } })
    }}>
      <About />
      {rules.error && <Failure error={rules.error} again={() => void rules.refetch()} />}
      {rules.data && <>
        <div className="bar">
          <label className="field"><Trans>First day</Trans><input name="from" type="date" required defaultValue={dayIn(rules.data.time_zone, 6)} /></label>
          <label className="field"><Trans>Last day</Trans><input name="to" type="date" required defaultValue={dayIn(rules.data.time_zone, 0)} /></label>
        </div>
        <p className="small quiet"><Trans>At most 400 days, in the time zone of your organization: {rules.data.time_zone}.</Trans></p>
      </>}
    </Form>
  )
}
