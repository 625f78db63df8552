import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { exactly, percent, size } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { organizationById, tiers, usageOf } from '../../app/queries-admin.ts'
import { Bars, day } from '../../parts/chart.tsx'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Choice, Table, useAddress, useSave } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

const number = (n: number) => new Intl.NumberFormat().format(n)
const iso = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10)

/** What the organization stored, sent and read, day by day, and how near its limits it is. */
export default function UsagePage() {
  const { t } = useLingui()
  const work = useWork()
  const save = useSave()
  const [at, go] = useAddress()
  const days = Math.min(Math.max(Number(at.days) || 30, 1), 365)
  const [from, to] = [iso(days - 1), iso(0)]
  const usage = useQuery(usageOf(work, from, to))
  // The panels stand above the charts, which would move when they become longer.
  const org = useQuery(organizationById(work, work.place.organization_id))
  const all = useQuery({ ...tiers(work), enabled: may(work.place, 'read_tiers') })
  const waiting = usage.isPending || org.isLoading || all.isLoading
  const u = waiting ? undefined : usage.data
  const byDay = new Map(u?.items.map(d => [d.day, d]))
  const points = (key: 'stored_bytes' | 'bytes_in' | 'bytes_out' | 'uploads' | 'downloads' | 'active_users') => Array.from({ length: days }, (_, n) => iso(days - 1 - n)).map(at => ({ at, value: byDay.get(at)?.[key] ?? 0 }))
  return (
    <>
      <Title actions={<button type="button" className="button" onClick={() => void save(`/api/v1/organizations/${work.place.organization_id}/usage?from=${from}&to=${to}&format=csv`, 'usage.csv')}><Trans>Save as a table (CSV)</Trans></button>}>{t`Usage`}</Title>
      <div className="bar"><Choice label={t`Time`} value={String(days)} options={[['7', t`7 days`], ['30', t`30 days`], ['90', t`90 days`], ['365', t`a year`]]} choose={d => go({ days: d })} /></div>
      {usage.error && <Failure error={usage.error} again={() => void usage.refetch()} />}
      {waiting && !usage.error && <Waiting />}
      {u && <>
        <Limits of={u.limits} />
        {u.warnings.length > 0 && <div className="state"><p><strong><Trans>Warnings</Trans></strong></p><ul>{u.warnings.map(w => (
          <li key={w.metric + w.threshold}>{w.metric === 'bytes' ? t`Storage is at ${w.percent} %` : t`Members are at ${w.percent} %`} · {exactly(w.raised_at)}</li>))}</ul></div>}
        <div className="panels">
          <Bars title={t`Stored`} points={points('stored_bytes')} format={size} />
          <Bars title={t`Sent in`} points={points('bytes_in')} format={size} />
          <Bars title={t`Read out`} points={points('bytes_out')} format={size} />
          <Bars title={t`Files sent`} points={points('uploads')} format={number} />
          <Bars title={t`Downloads`} points={points('downloads')} format={number} />
          <Bars title={t`People who were here`} points={points('active_users')} format={number} />
        </div>
        <h2><Trans>Every day in numbers</Trans></h2>
        <Table label={t`Every day in numbers`} rows={u.items.toReversed()} id={d => d.day} columns={[
          { head: t`Day`, cell: d => <time dateTime={d.day}>{day(d.day)}</time> },
          { head: t`Stored`, cell: d => size(d.stored_bytes), numbers: true }, { head: t`Sent in`, cell: d => size(d.bytes_in), numbers: true }, { head: t`Read out`, cell: d => size(d.bytes_out), numbers: true },
          { head: t`Files sent`, cell: d => number(d.uploads), numbers: true }, { head: t`Downloads`, cell: d => number(d.downloads), numbers: true }, { head: t`Scans`, cell: d => number(d.scans), numbers: true },
          { head: t`People`, cell: d => (d.active_users === null ? '–' : number(d.active_users)), numbers: true },
        ]} />
      </>}
    </>
  )
}

function Limits({ of: l }: { of: { bytes_used: number; bytes_max: number; members: number; members_max: number; max_file_size: number } }) {
  const { t } = useLingui()
  const work = useWork()
  const org = useQuery(organizationById(work, work.place.organization_id))
  const all = useQuery({ ...tiers(work), enabled: may(work.place, 'read_tiers') })
  const tier = all.data?.items.find(x => x.name === org.data?.tier)
  const facts: [string, string][] = [[t`Largest file`, size(l.max_file_size)]]
  if (tier) {
    facts.push([t`Requests a minute`, number(tier.requests_per_minute)], [t`Uploads at once`, number(tier.concurrent_uploads)], [t`Checks at once`, number(tier.concurrent_scans)], [t`Webhooks`, number(tier.max_webhooks)],
      [t`Sharing with people outside`, tier.share_outside ? t`possible` : t`not in this tier`])
  }
  return (
    <div className="panels">
      <section className="panel" aria-labelledby="space"><h2 id="space"><Trans>Storage</Trans></h2>
        <p><span className="big">{size(l.bytes_used)}</span> <Trans>of {size(l.bytes_max)}</Trans> ({percent(l.bytes_used, l.bytes_max)})</p><progress aria-labelledby="space" max={l.bytes_max} value={l.bytes_used} /></section>
      <section className="panel" aria-labelledby="seats"><h2 id="seats"><Trans>Members</Trans></h2>
        <p><span className="big">{number(l.members)}</span> <Trans>of {number(l.members_max)}</Trans> ({percent(l.members, l.members_max)})</p><progress aria-labelledby="seats" max={l.members_max} value={l.members} /></section>
      <section className="panel" aria-labelledby="tier"><h2 id="tier">{org.data ? t`Tier: ${org.data.tier}` : t`Tier`}</h2>
        <dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl>
        <p className="small quiet"><Trans>The platform's operators change the tier.</Trans></p></section>
    </div>
  )
}
