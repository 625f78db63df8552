import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { duration, exactly, stamp } from '../../app/format.ts'
import { type Schedule, schedules } from '../../app/queries-jobs.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { useJobWords } from '../../parts/job-words.tsx'
import { Form, State, Table, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { Desk } from './desk.tsx'

/** The jobs that begin by themselves again and again. */
export default function Schedules() {
  const { t } = useLingui()
  const work = useWork()
  const words = useJobWords()
  const { busy, change } = useChange()
  const [asked, ask] = useState<Schedule | null>(null)
  const found = useQuery(schedules(work))
  const at = (time: string) => <time className="stamp" dateTime={time} title={exactly(time)}>{stamp(time)}</time>
  const runNow = (s: Schedule) => void change(() => work.api.POST('/api/v1/admin/schedules/{schedule}/run', { params: { path: { schedule: s.id } } }), t`${s.id} runs now.`, 'jobs')
  return (
    <>
      <Title>{t`Schedules`}</Title>
      <Desk />
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {found.data?.schedules.length === 0 && <p className="empty"><Trans>There are no schedules. A worker makes them when it starts.</Trans></p>}
      {found.data && found.data.schedules.length > 0 && (
        <Table label={t`Schedules`} rows={found.data.schedules} id={s => s.id} columns={[
          { head: t`Schedule`, cell: s => <><span>{words.kind(s.id.replaceAll('-', '_'))}</span> <span className="small quiet">{s.workflow}</span></> },
          { head: t`State`, cell: s => (s.paused ? <><State state="paused" word={t`Paused`} />{s.note && <span className="small quiet why-short"><bdi>{s.note}</bdi></span>}</> : <State state="active" word={t`is open`} />) },
          { head: t`Every`, cell: s => (s.every_seconds > 0 ? <span className="stamp">{duration(s.every_seconds)}</span> : '–') },
          { head: t`Next times`, cell: s => (s.paused ? '–' : <ul>{s.next.slice(0, 3).map(n => <li key={n}>{at(n)}</li>)}</ul>) },
          { head: t`Last time`, cell: s => (s.last ? at(s.last) : '–') },
          { head: t`Actions`, cell: s => (
            <span className="actions">
              <button type="button" className="button" aria-disabled={busy} aria-label={`${t`Run now`}: ${s.id}`} onClick={() => runNow(s)}><Trans>Run now</Trans></button>
              <button type="button" className="button" aria-label={s.paused ? `${t`Let it go on`}: ${s.id}` : t`Pause ${s.id}`} onClick={() => ask(s)}>{s.paused ? <Trans>Let it go on …</Trans> : <Trans>Pause …</Trans>}</button>
            </span>) },
        ]} />
      )}
      {asked && <PauseOrResume of={asked} close={() => ask(null)} />}
    </>
  )
}

function PauseOrResume({ of: s, close }: { of: Schedule; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  return (
    <Form title={s.paused ? t`Let ${s.id} go on` : t`Pause ${s.id}`} verb={s.paused ? t`Let it go on` : t`Pause`} danger={!s.paused} close={close} run={async d => {
      await api.PATCH('/api/v1/admin/schedules/{schedule}', { params: { path: { schedule: s.id } }, body: { paused: !s.paused, reason: String(d.get('reason')).trim() } })
      void again('jobs')
    }}>
      {!s.paused && <p><Trans>It does not begin by itself until it goes on. It can still be run by hand.</Trans></p>}
      <label className="field"><Trans>Reason, which other operators see</Trans><input name="reason" required maxLength={500} dir="auto" /></label>
    </Form>
  )
}
