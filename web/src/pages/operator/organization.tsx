import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly, percent, size } from '../../app/format.ts'
import { type Organization, organizationById, statsOf, tiers } from '../../app/queries-admin.ts'
import { note } from '../../parts/begun.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Form, State, once, useAddress, useChange } from '../../parts/manage.tsx'
import { Progress } from '../../parts/operation.tsx'
import { Title } from '../../parts/shell.tsx'
import { toast } from '../../parts/toasts.tsx'
import { useOrganizationStates } from './organizations.tsx'
import { Stored } from './stored.tsx'

type Asked = null | 'suspend' | 'resume' | 'delete' | 'keep' | 'tier' | 'limits' | 'rescan'

/** One organization as operators see it: its state, its limits and how much it has. Nothing that it holds is shown. */
export default function OrganizationOfOperators() {
  const { t } = useLingui()
  const work = useWork()
  const { id } = useParams({ strict: false }) as { id: string }
  const [at, go] = useAddress()
  const found = useQuery({ ...organizationById(work, id), refetchInterval: at.operation ? 2000 : false })
  const [asked, ask] = useState<Asked>(null)
  const o = found.data
  const platform = id === work.place.organization_id
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/operate" params={{ org: work.place.organization_id }}><Trans>Organizations</Trans></Link></li><li aria-current="page"><bdi>{o?.name ?? '…'}</bdi></li></ol></nav>
      <Title actions={o && !platform && <Buttons of={o} ask={ask} />}>{o?.name ?? t`Organization`}</Title>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {at.operation && <Progress id={at.operation} org={at.of ?? id} />}
      {o && <div className="panels"><Facts of={o} /><Space id={id} ask={platform ? undefined : ask} /></div>}
      {o && asked && <Dialogs of={o} asked={asked} close={() => ask(null)} begun={(operation, of) => { note(work, operation, of); go({ operation, of }) }} />}
    </>
  )
}

function Buttons({ of: o, ask }: { of: Organization; ask: (a: Asked) => void }) {
  return (
    <>
      {o.status === 'active' && <button type="button" className="button" onClick={() => ask('suspend')}><Trans>Suspend …</Trans></button>}
      {o.status === 'suspended' && <button type="button" className="button main" onClick={() => ask('resume')}><Trans>End the suspension …</Trans></button>}
      {o.status === 'deleting' && <button type="button" className="button main" onClick={() => ask('keep')}><Trans>Keep it …</Trans></button>}
      {o.status !== 'deleting' && <button type="button" className="button" onClick={() => ask('tier')}><Trans>Change the tier …</Trans></button>}
      {o.status === 'active' && <button type="button" className="button" onClick={() => ask('rescan')}><Trans>Scan again …</Trans></button>}
      {(o.status === 'active' || o.status === 'suspended') && <button type="button" className="button danger" onClick={() => ask('delete')}><Trans>Delete …</Trans></button>}
    </>
  )
}

function Facts({ of: o }: { of: Organization }) {
  const { t } = useLingui()
  const states = useOrganizationStates()
  const facts: [string, React.ReactNode][] = [[t`State`, <State key="s" state={o.status} word={states[o.status]} />], [t`Short name`, o.slug], [t`Tier`, o.tier], [t`Id`, <code key="i">{o.id}</code>]]
  if (o.status_reason) facts.push([t`Reason`, <bdi key="r">{o.status_reason}</bdi>])
  if (o.contact_email) facts.push([t`E-mail address`, <bdi key="e">{o.contact_email}</bdi>])
  if (o.deletes_at) facts.push([t`Removed at`, <strong key="d">{exactly(o.deletes_at)}</strong>])
  if (o.created_at) facts.push([t`Since`, exactly(o.created_at)])
  return <section className="panel" aria-labelledby="facts"><h2 id="facts"><Trans>Organization</Trans></h2><dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl></section>
}

function Space({ id, ask }: { id: string; ask: ((a: Asked) => void) | undefined }) {
  const stats = useQuery(statsOf(useWork(), id))
  const s = stats.data
  return (
    <section className="panel" aria-labelledby="space"><h2 id="space"><Trans>Storage</Trans></h2>
      {stats.error && <Failure error={stats.error} again={() => void stats.refetch()} />}
      {s && <>
        <p><span className="big">{size(s.used)}</span> <Trans>of {size(s.max)}</Trans> ({percent(s.used, s.max)}) {s.max_of_tier && <span className="small quiet"><Trans>by the tier</Trans></span>}</p>
        <progress aria-labelledby="space" max={s.max} value={s.used} />
        <p><Trans>Largest file: {size(s.max_file_size)}</Trans></p>
        <Stored counts={s.counts} />
        {ask && <p><button type="button" className="button" onClick={() => ask('limits')}><Trans>Set limits …</Trans></button></p>}
      </>}
    </section>
  )
}

function Dialogs({ of: o, asked, close, begun }: { of: Organization; asked: NonNullable<Asked>; close: () => void; begun: (operation: string, of?: string) => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  const path = { id: o.id }
  const after = () => void again('organizations', 'stats')
  switch (asked) {
    case 'suspend':
      return (
        <Form title={t`Suspend ${o.name}`} verb={t`Suspend`} danger close={close} run={async d => {
          begun((await api.POST('/api/v1/organizations/{id}/suspend', { params: { path, header: once() }, body: { reason: String(d.get('reason')).trim() } })).data!.operation_id, o.id)
          after()
        }}>
          <p><Trans>Its people can change nothing until the suspension ends. They can read if the organization has decided so.</Trans></p>
          <label className="field"><Trans>Reason, which its owner sees</Trans><textarea name="reason" rows={3} maxLength={500} dir="auto" /></label>
        </Form>
      )
    case 'resume':
      return <Form title={t`End the suspension of ${o.name}`} verb={t`End the suspension`} close={close} run={async () => { begun((await api.POST('/api/v1/organizations/{id}/resume', { params: { path, header: once() } })).data!.operation_id, o.id); after() }}><p><Trans>Everything works again.</Trans></p></Form>
    case 'keep':
      return <Form title={t`Keep ${o.name}`} verb={t`Keep it`} close={close} run={async () => { await api.POST('/api/v1/organizations/{id}/keep', { params: { path } }); toast(t`${o.name} is kept.`); after() }}><p><Trans>The grace period ends, and nothing is removed.</Trans></p></Form>
    case 'delete':
      return (
        <Form title={t`Delete ${o.name}`} verb={t`Delete`} danger word={o.slug} close={close} run={async d => {
          begun((await api.DELETE('/api/v1/organizations/{id}', { params: { path }, body: { slug: o.slug, grace: Number(d.get('days')) * 86_400 } })).data!.operation_id)
          after()
        }}>
          <p><Trans>Everything is refused at once. After the grace period everything that the organization has is removed: files, people, keys. Until then it can be kept.</Trans></p>
          <label className="field"><Trans>Days of grace</Trans><input name="days" type="number" min={0} max={365} defaultValue={30} required /></label>
        </Form>
      )
    case 'rescan':
      return <Form title={t`Scan the files of ${o.name} again`} verb={t`Scan again`} close={close} run={async () => { begun((await api.POST('/api/v1/admin/storage/scan', { params: { header: once() }, body: { organization_id: o.id } })).data!.operation_id, o.id) }}><p><Trans>Every published file is read and checked with the newest signatures. What is found dangerous is locked away.</Trans></p></Form>
    case 'tier':
      return <ChangeTier of={o} close={close} />
    case 'limits':
      return <SetLimits of={o} close={close} />
  }
}

function ChangeTier({ of: o, close }: { of: Organization; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { again } = useChange()
  const all = useQuery(tiers(work))
  return (
    <Form title={t`Tier of ${o.name}`} verb={t`Change`} close={close} run={async d => {
      await work.api.PATCH('/api/v1/organizations/{id}', { params: { path: { id: o.id } }, body: { tier: String(d.get('tier')) } })
      void again('organizations', 'stats')
    }}>
      {all.data && <label className="field"><Trans>Tier</Trans><select name="tier" defaultValue={o.tier}>{all.data.items.filter(x => x.name !== 'platform').map(x => <option key={x.name} value={x.name}>{x.name}</option>)}</select></label>}
    </Form>
  )
}

function SetLimits({ of: o, close }: { of: Organization; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { again } = useChange()
  const stats = useQuery(statsOf(work, o.id))
  const s = stats.data
  const GB = 1e9
  const value = (d: FormData, n: string) => (String(d.get(n)).trim() === '' ? null : Math.round(Number(d.get(n)) * GB))
  return (
    <Form title={t`Limits of ${o.name}`} verb={t`Set`} close={close} run={async d => {
      await work.api.PUT('/api/v1/admin/storage/quotas', { body: { organization_id: o.id, max: value(d, 'max'), max_file_size: value(d, 'file') } })
      void again('organizations', 'stats')
    }}>
      <p><Trans>An empty field: what the tier gives.</Trans></p>
      {s && <>
        <label className="field"><Trans>Storage in GB</Trans><input name="max" type="number" min={0} step="any" defaultValue={s.max_of_tier ? '' : s.max / GB} /></label>
        <label className="field"><Trans>Largest file in GB</Trans><input name="file" type="number" min={0} step="any" defaultValue={s.max_file_size_of_tier ? '' : s.max_file_size / GB} /></label></>}
    </Form>
  )
}
