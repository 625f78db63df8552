import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { exactly, stamp } from '../../app/format.ts'
import { workers } from '../../app/queries-jobs.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { number } from '../../parts/jobs.tsx'
import { State, Table } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { Desk } from './desk.tsx'

/** The programs that do the work, by queue. */
export default function Workers() {
  const { t } = useLingui()
  const found = useQuery(workers(useWork()))
  const rows = found.data?.workers.toSorted((a, b) => a.queue.localeCompare(b.queue) || a.host.localeCompare(b.host))
  const states: Record<string, [string, string]> = { Running: ['active', t`running`], ShuttingDown: ['waiting', t`is ending`], Shutdown: ['stopped', t`ended`] }
  const at = (time: string | null) => (time ? <time className="stamp" dateTime={time} title={exactly(time)}>{stamp(time)}</time> : '–')
  return (
    <>
      <Title>{t`Workers`}</Title>
      <Desk />
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {rows?.length === 0 && <p className="empty"><Trans>No worker was heard of in the last minutes. Nothing runs until one is started.</Trans></p>}
      {rows && rows.length > 0 && (
        <Table label={t`Workers`} rows={rows} id={w => w.id} columns={[
          { head: t`Queue`, cell: w => w.queue },
          { head: t`State`, cell: w => <State state={states[w.status]?.[0] ?? 'waiting'} word={states[w.status]?.[1] ?? w.status} /> },
          { head: t`Host and process`, cell: w => <>{w.host} <span className="small quiet">{w.process}</span></> },
          { head: t`Version`, cell: w => <>{w.version || '–'} <span className="small quiet">{w.sdk}</span></> },
          { head: t`Slots in use`, cell: w => t`${number(w.slots_used)} of ${number(w.slots_used + w.slots_free)}`, numbers: true },
          { head: t`Steps done`, cell: w => number(w.steps_done), numbers: true },
          { head: t`Steps failed`, cell: w => number(w.steps_failed), numbers: true },
          { head: t`Since`, cell: w => at(w.started_at) },
          { head: t`Last seen`, cell: w => at(w.seen_at) },
        ]} />
      )}
    </>
  )
}
