import { Trans, useLingui } from '@lingui/react/macro'
import type { Schemas } from '@satchel/client'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { size } from '../../app/format.ts'
import { tiers } from '../../app/queries-admin.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Check, Form, Table, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

type Tier = Schemas['Tier']

const number = (n: number) => new Intl.NumberFormat().format(n)

/** The limits that organizations are given. */
export default function Tiers() {
  const { t } = useLingui()
  const all = useQuery(tiers(useWork()))
  const [asked, ask] = useState<'new' | Tier | null>(null)
  return (
    <>
      <Title actions={<button type="button" className="button" onClick={() => ask('new')}><Trans>Make a tier …</Trans></button>}>{t`Tiers`}</Title>
      {all.error && <Failure error={all.error} again={() => void all.refetch()} />}
      {all.isPending && !all.error && <Waiting />}
      {all.data && <Table label={t`Tiers`} rows={all.data.items} id={x => x.name} columns={[
        { head: t`Name`, cell: x => x.name },
        { head: t`Members`, cell: x => number(x.max_members), numbers: true }, { head: t`Storage`, cell: x => size(x.max_bytes), numbers: true }, { head: t`Largest file`, cell: x => size(x.max_file_size), numbers: true },
        { head: t`Requests a minute`, cell: x => number(x.requests_per_minute), numbers: true }, { head: t`Webhooks`, cell: x => number(x.max_webhooks), numbers: true },
        { head: t`Features`, cell: x => x.features.join(', ') || '–' },
        { head: t`Actions`, cell: x => x.name !== 'platform' && <button type="button" className="button" aria-label={t`Change the tier ${x.name}`} onClick={() => ask(x)}><Trans>Change …</Trans></button> },
      ]} />}
      {asked && <Change of={asked === 'new' ? undefined : asked} close={() => ask(null)} />}
    </>
  )
}

function Change({ of: x, close }: { of: Tier | undefined; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  const GB = 1e9
  const run = async (d: FormData) => {
    const count = (n: string) => Number(d.get(n))
    const life = String(d.get('share_days')).trim()
    await api.PUT('/api/v1/admin/tiers/{name}', {
      params: { path: { name: x?.name ?? String(d.get('name')).trim() } },
      body: {
        max_members: count('max_members'), max_bytes: Math.round(count('max_bytes') * GB), max_file_size: Math.round(count('max_file_size') * GB), requests_per_minute: count('requests_per_minute'),
        concurrent_uploads: count('concurrent_uploads'), concurrent_scans: count('concurrent_scans'), max_webhooks: count('max_webhooks'), renditions: d.has('renditions'),
        features: String(d.get('features')).split(/[\s,]+/).filter(Boolean), share_outside: d.has('share_outside'), share_upload: d.has('share_upload'), share_password: d.has('share_password'), share_days: life ? Number(life) : null,
      },
    })
    void again('tiers', 'stats')
  }
  const count = (name: string, label: string, value: number, step?: string) => <label className="field">{label}<input name={name} type="number" min={0} step={step ?? 1} required defaultValue={value} /></label>
  return (
    <Form title={x ? t`Change the tier ${x.name}` : t`Make a tier`} verb={t`Save`} run={run} close={close}>
      {!x && <label className="field"><Trans>Name</Trans><input name="name" required maxLength={63} pattern="[a-z0-9][a-z0-9\-]*" autoFocus /></label>}
      {x && <p><Trans>It applies to every organization of this tier at once.</Trans></p>}
      {count('max_members', t`Members`, x?.max_members ?? 50)}
      {count('max_bytes', t`Storage in GB`, (x?.max_bytes ?? 10e9) / GB, 'any')}
      {count('max_file_size', t`Largest file in GB`, (x?.max_file_size ?? 5e9) / GB, 'any')}
      {count('requests_per_minute', t`Requests a minute`, x?.requests_per_minute ?? 600)}
      {count('concurrent_uploads', t`Uploads at once`, x?.concurrent_uploads ?? 20)}
      {count('concurrent_scans', t`Checks at once`, x?.concurrent_scans ?? 2)}
      {count('max_webhooks', t`Webhooks`, x?.max_webhooks ?? 1)}
      <label className="field"><Trans>Features, such as api_keys</Trans><input name="features" defaultValue={x?.features.join(' ')} /></label>
      <Check name="renditions" on={x?.renditions ?? true}><Trans>Previews are made</Trans></Check>
      <fieldset className="checks"><legend><Trans>Sharing with people outside</Trans></legend>
        <Check name="share_outside" on={x?.share_outside ?? true}><Trans>Things are shared with people outside</Trans></Check>
        <Check name="share_upload" on={x?.share_upload ?? true}><Trans>People outside can put files into drop boxes</Trans></Check>
        <Check name="share_password" on={x?.share_password}><Trans>Every link has a password</Trans></Check>
        <label className="field"><Trans>Longest life of a share in days; empty: without a limit</Trans><input name="share_days" type="number" min={1} max={3650} defaultValue={x?.share_days ?? ''} /></label>
      </fieldset>
    </Form>
  )
}
