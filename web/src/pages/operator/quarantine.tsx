import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { exactly, stamp } from '../../app/format.ts'
import { quarantine } from '../../app/queries-jobs.ts'
import { OrganizationLink, number } from '../../parts/jobs.tsx'
import { Listed, State, Table } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** What is locked away of each organization, and for what. No file and no person is named. */
export default function Quarantine() {
  const { t } = useLingui()
  const work = useWork()
  const found = useInfiniteQuery(quarantine(work))
  const params = { org: work.place.organization_id }
  const states: Record<string, string> = { quarantined: t`locked away`, held: t`held back` }
  return (
    <>
      <Title>{t`Quarantine`}</Title>
      <p><Trans>Files in which the scanner found something dangerous are locked away; files that could not be scanned are held back. Their organizations see which ones they are.</Trans></p>
      <Listed of={found} empty={t`Nothing is locked away.`}>{rows => (
        <Table label={t`Quarantine`} rows={rows.flatMap(o => o.findings.map(f => ({ ...f, organization_id: o.organization_id })))} id={f => f.organization_id + f.status + f.finding} columns={[
          { head: t`Organization`, cell: f => <OrganizationLink id={f.organization_id} /> },
          { head: t`State`, cell: f => <State state={f.status === 'quarantined' ? 'stopped' : 'waiting'} word={states[f.status] ?? f.status} /> },
          { head: t`What was found`, cell: f => <code>{f.finding || '–'}</code> },
          { head: t`Versions of files`, cell: f => number(f.versions), numbers: true },
          { head: t`First seen`, cell: f => <time className="stamp" dateTime={f.first_at} title={exactly(f.first_at)}>{stamp(f.first_at)}</time> },
          { head: t`Last seen`, cell: f => <time className="stamp" dateTime={f.last_at} title={exactly(f.last_at)}>{stamp(f.last_at)}</time> },
        ]} />
      )}</Listed>
      <p><Link to="/o/$org/operate/jobs" params={params} search={{ kind: 'export_organization' }}><Trans>Copies of everything, of all organizations</Trans></Link></p>
    </>
  )
}
