import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { exactly, stamp } from '../../app/format.ts'
import { failures } from '../../app/queries-jobs.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { useJobWords } from '../../parts/job-words.tsx'
import { number } from '../../parts/jobs.tsx'
import { Choice, Table, useAddress } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { Desk } from './desk.tsx'

/** What failed, grouped by the kind of the job and the code of its reason. */
export default function Failures() {
  const { t } = useLingui()
  const work = useWork()
  const words = useJobWords()
  const [at, go] = useAddress()
  const days = Math.min(Math.max(Number(at.days) || 7, 1), 90)
  const found = useQuery({ ...failures(work, days), refetchInterval: 30_000 })
  return (
    <>
      <Title>{t`Failures`}</Title>
      <Desk />
      <div className="bar"><Choice label={t`Time`} value={String(days)} options={[['1', t`1 day`], ['7', t`7 days`], ['30', t`30 days`], ['90', t`90 days`]]} choose={d => go({ days: d })} /></div>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {found.data?.failures.length === 0 && <p className="empty"><Trans>No job failed in this time.</Trans></p>}
      {found.data && found.data.failures.length > 0 && (
        <Table label={t`Failures`} rows={found.data.failures} id={f => f.kind + f.reason_class + f.reason_code} columns={[
          { head: t`Kind`, cell: f => <Link to="/o/$org/operate/jobs" params={{ org: work.place.organization_id }} search={{ kind: f.kind, state: 'failed' }}>{words.kind(f.kind)}</Link> },
          { head: t`Reason`, cell: f => <>{words.reason({ state: 'failed', reason_class: f.reason_class as 'ours', reason_code: f.reason_code })?.why} {f.reason_code && <code className="small quiet">{f.reason_code}</code>}</> },
          { head: t`How often`, cell: f => number(f.failures), numbers: true },
          { head: t`Organizations`, cell: f => number(f.organizations), numbers: true },
          { head: t`First seen`, cell: f => <time className="stamp" dateTime={f.first_seen} title={exactly(f.first_seen)}>{stamp(f.first_seen)}</time> },
          { head: t`Last seen`, cell: f => <time className="stamp" dateTime={f.last_seen} title={exactly(f.last_seen)}>{stamp(f.last_seen)}</time> },
        ]} />
      )}
    </>
  )
}
