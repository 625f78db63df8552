import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { policies } from '../../app/queries-admin.ts'
import { type ReportEvery, type ReportFormat, type ReportSchedule, reportSchedules } from '../../app/queries-reports.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Form, State, Table, once, useChange } from '../../parts/manage.tsx'
import { useReportWords } from '../../parts/report-words.tsx'
import { Title } from '../../parts/shell.tsx'
import { Tabs } from './tabs.tsx'
import { About, useAbout } from './wish.tsx'

type Asked = null | { what: 'new' } | { what: 'change' | 'delete'; of: ReportSchedule }

/** Reports that come by themselves, each about the last day, week or month that is over. */
export default function Schedules() {
  const { t } = useLingui()
  const work = useWork()
  const words = useReportWords()
  const found = useQuery(reportSchedules(work))
  const rules = useQuery(policies(work))
  const [asked, ask] = useState<Asked>(null)
  const { busy, change } = useChange()
  const makes = may(work.place, 'make_reports')
  const params = { org: work.place.organization_id }
  const on = (s: ReportSchedule) => void change(() => work.api.PATCH('/api/v1/report-schedules/{id}', { params: { path: { id: s.id } }, body: { active: !s.active } }),
    s.active ? t`It does not come until it goes on.` : t`It comes again.`, 'reports')
  const all = found.data?.items ?? []
  return (
    <>
      <Title actions={makes && all.length < 20 && <button type="button" className="button main" onClick={() => ask({ what: 'new' })}><Trans>Let one come by itself …</Trans></button>}>{t`Reports by themselves`}</Title>
      <Tabs />
      <p><Trans>Each is about the last day, week or month that is over, and becomes a file. You are told when it is there. A person has at most 20.</Trans></p>
      {rules.data && <p className="small quiet"><Trans>Times are those of your organization: {rules.data.time_zone}. An owner changes the time zone under “Files and sharing”.</Trans></p>}
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {found.data && all.length === 0 && <p className="empty"><Trans>No report comes by itself yet.</Trans></p>}
      {all.length > 0 && (
        <Table label={t`Reports by themselves`} rows={all} id={s => s.id} columns={[
          { head: t`About`, cell: s => words.kinds[s.kind] },
          { head: t`How often`, cell: s => <>{words.every[s.every]} {s.every === 'week' && <span>({words.weekday(s.weekday)})</span>} <span className="stamp">{s.at}</span></> },
          { head: t`Form`, cell: s => words.formats[s.format] },
          { head: t`State`, cell: s => <State state={s.active ? 'active' : 'paused'} word={s.active ? t`Active` : t`Paused`} /> },
          { head: t`Next time`, cell: s => (s.active && s.next_at ? exactly(s.next_at) : '–') },
          { head: t`Last one`, cell: s => (s.last_report_id ? <Link to="/o/$org/reports/$id" params={{ ...params, id: s.last_report_id }}><Trans>Look at it</Trans></Link> : '–') },
          ...(makes ? [{ head: t`Actions`, cell: (s: ReportSchedule) => {
            const name = words.kinds[s.kind]
            return (
              <span className="actions">
                <button type="button" className="button" aria-label={t`Change: ${name}`} onClick={() => ask({ what: 'change', of: s })}><Trans>Change …</Trans></button>
                <button type="button" className="button" aria-disabled={busy} aria-label={s.active ? t`Pause ${name}` : `${t`Let it go on`}: ${name}`} onClick={() => on(s)}>{s.active ? t`Pause` : t`Let it go on`}</button>
                <button type="button" className="button danger" aria-label={t`Delete: ${name}`} onClick={() => ask({ what: 'delete', of: s })}><Trans>Delete …</Trans></button>
              </span>)
          } }] : []),
        ]} />
      )}
      {asked && <Dialog asked={asked} close={() => ask(null)} />}
    </>
  )
}

const timing = (d: FormData) => ({ every: d.get('every') as ReportEvery, at: String(d.get('at')), ...(d.get('every') === 'week' ? { weekday: Number(d.get('weekday')) } : {}) })

function Dialog({ asked, close }: { asked: NonNullable<Asked>; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  const about = useAbout()
  if (asked.what === 'new') {
    return (
      <Form title={t`Let a report come by itself`} verb={t`Let it come`} close={close} run={async d => {
        await api.POST('/api/v1/report-schedules', { params: { header: once() }, body: { ...about(d), ...timing(d) } })
        void again('reports')
      }}><About format="pdf" /><When /></Form>
    )
  }
  const s = asked.of
  if (asked.what === 'change') {
    return (
      <Form title={t`Change when and how it comes`} verb={t`Save`} close={close} run={async d => {
        const place = d.get('place')
        await api.PATCH('/api/v1/report-schedules/{id}', { params: { path: { id: s.id } }, body: { format: d.get('format') as ReportFormat, ...(place && s.kind !== 'class' ? { place: place as 'personal' } : {}), ...timing(d) } })
        void again('reports')
      }}><About fixed format={s.format} place={s.place} /><When of={s} /></Form>
    )
  }
  return (
    <Form title={t`Let it come no more`} verb={t`Delete`} danger close={close} run={async () => {
      await api.DELETE('/api/v1/report-schedules/{id}', { params: { path: { id: s.id } } })
      void again('reports')
    }}><p><Trans>The reports that it made stay.</Trans></p></Form>
  )
}

function When({ of: s }: { of?: ReportSchedule }) {
  const words = useReportWords()
  const [every, setEvery] = useState<ReportEvery>(s?.every ?? 'week')
  return (
    <div className="bar">
      <label className="field"><Trans>How often</Trans><select name="every" value={every} onChange={e => setEvery(e.target.value as ReportEvery)}>{(['day', 'week', 'month'] as const).map(v => <option key={v} value={v}>{words.every[v]}</option>)}</select></label>
      {every === 'week' && <label className="field"><Trans>Day of the week</Trans><select name="weekday" defaultValue={s?.weekday ?? 1}>{[1, 2, 3, 4, 5, 6, 7].map(n => <option key={n} value={n}>{words.weekday(n)}</option>)}</select></label>}
      <label className="field"><Trans>Time of the day</Trans><input name="at" type="time" required defaultValue={s?.at ?? '06:30'} /></label>
    </div>
  )
}
