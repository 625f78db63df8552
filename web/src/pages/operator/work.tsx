import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { organizations } from '../../app/queries-admin.ts'
import { note, useBegun } from '../../parts/begun.ts'
import { Check, Form, once, useAddress } from '../../parts/manage.tsx'
import { Progress } from '../../parts/operation.tsx'
import { Title } from '../../parts/shell.tsx'

interface Report { organizations: number; failed: number; counts: Record<string, number>; findings: unknown[] | null }

/** Long work: begin it, and follow it by its id. */
export default function Work() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const [asked, ask] = useState<'reconcile' | 'rescan' | null>(null)
  const begun = useBegun()
  const shown = begun.some(b => b.id === at.operation) || !at.operation ? begun : [{ id: at.operation, org: at.of }, ...begun]
  const find = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const d = new FormData(e.currentTarget)
    go({ operation: String(d.get('id')).trim() || undefined, of: String(d.get('org')).trim() || undefined })
  }
  const started = (id: string, org?: string) => { note(work, id, org); go({ operation: id, of: org }) }
  const uuid = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
  return (
    <>
      <Title actions={<>
        <button type="button" className="button" onClick={() => ask('reconcile')}><Trans>Compare what is stored …</Trans></button>
        <button type="button" className="button" onClick={() => ask('rescan')}><Trans>Scan again …</Trans></button>
      </>}>{t`Checks and repairs`}</Title>
      <form className="bar" role="search" aria-label={t`Look at an operation`} onSubmit={find}>
        <label className="field"><Trans>Id of an operation</Trans><input name="id" defaultValue={at.operation} pattern={uuid} autoComplete="off" /></label>
        <label className="field"><Trans>Id of its organization (empty: the platform's)</Trans><input name="org" defaultValue={at.of} pattern={uuid} autoComplete="off" /></label>
        <button className="button"><Trans>Look at it</Trans></button>
      </form>
      {shown.length === 0 && <p className="empty"><Trans>Nothing was begun from this window. What runs elsewhere is found by its id, or in the Temporal UI.</Trans></p>}
      {shown.map(b => <Progress key={b.id} id={b.id} {...(b.org ? { org: b.org } : {})}>{r => <Outcome of={r} />}</Progress>)}
      {asked === 'reconcile' && <Reconcile close={() => ask(null)} begun={started} />}
      {asked === 'rescan' && <Rescan close={() => ask(null)} begun={started} />}
    </>
  )
}

/** What came out: of a comparison the numbers, of other work what the API says of it. */
function Outcome({ of }: { of: unknown }) {
  const r = of as Report | null
  if (!r || typeof r !== 'object') return null
  if (!('counts' in r)) return <pre className="code" tabIndex={0}>{JSON.stringify(r, null, 2)}</pre>
  const number = (n: number) => new Intl.NumberFormat().format(n)
  const some = Object.entries(r.counts ?? {}).filter(([, n]) => n > 0)
  return (
    <>
      <p><Trans>Organizations: {number(r.organizations)}, of which {number(r.failed)} failed.</Trans></p>
      {some.length === 0 ? <p><Trans>Nothing differs.</Trans></p> : <dl className="facts keys">{some.map(([k, n]) => <div key={k}><dt>{k.replaceAll('_', ' ')}</dt><dd>{number(n)}</dd></div>)}</dl>}
      {r.findings && r.findings.length > 0 && <details className="fold"><summary><Trans>What was found</Trans></summary><pre className="code" tabIndex={0}>{JSON.stringify(r.findings, null, 2)}</pre></details>}
    </>
  )
}

function Which({ all }: { all?: boolean }) {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(organizations(work, { status: 'active' }))
  const rows = list.data?.pages.flatMap(p => p.items).filter(o => o.id !== work.place.organization_id) ?? []
  return (
    <>
      <label className="field"><Trans>Organization</Trans><select name="org" required={!all}>{all && <option value="">{t`All`}</option>}{rows.map(o => <option key={o.id} value={o.id}>{o.name}</option>)}</select></label>
      {list.hasNextPage && <p><button type="button" className="link" onClick={() => void list.fetchNextPage()}><Trans>More organizations</Trans></button></p>}
    </>
  )
}

function Reconcile({ close, begun }: { close: () => void; begun: (id: string, org?: string) => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  return (
    <Form title={t`Compare what is stored`} verb={t`Compare`} close={close} run={async d => {
      const org = String(d.get('org'))
      const answer = await api.POST('/api/v1/admin/reconcile', { params: { header: once() }, body: { ...(org ? { organization_id: org } : {}), repair: d.has('repair'), deep: d.has('deep'), grace_seconds: Number(d.get('grace')) * 60 } })
      begun(answer.data!.operation_id)
    }}>
      <p><Trans>Rows, stored objects, quotas and workflows are compared with each other.</Trans></p>
      <Which all />
      <Check name="repair"><Trans>Repair what can be repaired without a choice</Trans></Check>
      <Check name="deep"><Trans>Read every published byte again and compare its SHA-256 (takes long)</Trans></Check>
      <label className="field"><Trans>Leave alone what is younger than this many minutes</Trans><input name="grace" type="number" min={0} defaultValue={10} required /></label>
    </Form>
  )
}

function Rescan({ close, begun }: { close: () => void; begun: (id: string, org?: string) => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  return (
    <Form title={t`Scan again`} verb={t`Scan again`} close={close} run={async d => {
      const org = String(d.get('org'))
      begun((await api.POST('/api/v1/admin/storage/scan', { params: { header: once() }, body: { organization_id: org } })).data!.operation_id, org)
    }}>
      <p><Trans>Every published file is read and checked with the newest signatures. What is found dangerous is locked away.</Trans></p>
      <Which />
    </Form>
  )
}
