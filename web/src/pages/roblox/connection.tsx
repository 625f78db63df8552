import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { type ReactNode, useEffect, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type RobloxConnection, robloxConnection, robloxQuota } from '../../app/queries-roblox.ts'
import { spaces } from '../../app/queries.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { number } from '../../parts/jobs.tsx'
import { Form, State, Table, useAddress, useChange } from '../../parts/manage.tsx'
import { useSpaceName } from '../../parts/names.tsx'
import { Progress } from '../../parts/operation.tsx'
import { useRobloxWords } from '../../parts/roblox-words.tsx'
import { Title } from '../../parts/shell.tsx'
import { Assets } from './assets.tsx'
import { Lessons, Said } from './experience.tsx'
import { Fields, KeyField, fieldsOf } from './fields.tsx'

type Asked = null | 'change' | 'key' | 'disconnect'

/** One connection: whether it works, what is synced, and what a person has to decide. */
export default function RobloxConnectionPage() {
  const { t } = useLingui()
  const work = useWork()
  const words = useRobloxWords()
  const { connection: id } = useParams({ strict: false }) as { connection: string }
  const found = useQuery(robloxConnection(work, id))
  const [at, go] = useAddress()
  const [asked, ask] = useState<Asked>(null)
  const [testing, test] = useState(0)
  const { busy, change } = useChange()
  const c = found.data
  const sync = () => void change(async () => {
    const begun = (await work.api.POST('/api/v1/roblox/connections/{id}/sync', { params: { path: { id } } })).data!
    go({ operation: begun.operation_id })
  }, '', 'roblox', 'jobs')
  const resume = () => void change(() => work.api.PATCH('/api/v1/roblox/connections/{id}', { params: { path: { id } }, body: { state: 'active' } }), t`The connection goes on.`, 'roblox')
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/manage/roblox" params={{ org: work.place.organization_id }}>Roblox</Link></li><li aria-current="page"><bdi>{c?.name ?? '…'}</bdi></li></ol></nav>
      <Title actions={c && may(work.place, 'manage_roblox') && <>
        {c.state === 'active' ? <button type="button" className="button main" aria-disabled={busy} onClick={sync}><Trans>Sync now</Trans></button> : <button type="button" className="button main" aria-disabled={busy} onClick={resume}><Trans>Resume it</Trans></button>}
        <button type="button" className="button" onClick={() => test(n => n + 1)}><Trans>Test it</Trans></button>
        <button type="button" className="button" onClick={() => ask('change')}><Trans>Change …</Trans></button>
        <button type="button" className="button" onClick={() => ask('key')}><Trans>Replace the key …</Trans></button>
        <button type="button" className="button danger" onClick={() => ask('disconnect')}><Trans>Disconnect …</Trans></button>
      </>}>{c?.name ?? t`Connection`}</Title>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {c?.state === 'stopped' && <div className="failure" role="alert"><p><strong><Trans>The connection is stopped: nothing is sent to Roblox until it is resumed.</Trans></strong></p><p>{words.code(c.code) || <code>{c.code}</code>}</p></div>}
      {testing > 0 && <Test key={testing} id={id} />}
      {at.operation && <Progress id={at.operation}>{() => <Synced />}</Progress>}
      {c && <><Facts of={c} /><Assets of={c} /><Lessons of={c} /><Said of={c} /></>}
      {c && asked && <Dialogs of={c} asked={asked} close={() => ask(null)} />}
    </>
  )
}

/** A sync has ended: what it changed is read again, once. */
function Synced() {
  const { again } = useChange()
  useEffect(() => { void again('roblox') }, []) // eslint-disable-line
  return null
}

/** Asks Roblox with the key, and shows what the account may make still. */
function Test({ id }: { id: string }) {
  const { t } = useLingui()
  const asked = useQuery(robloxQuota(useWork(), id))
  if (asked.error) return <Failure error={asked.error} again={() => void asked.refetch()} />
  if (!asked.data) return <Waiting />
  return (
    <section className="panel" aria-label={t`Test`}>
      <p role="status"><State state="done" word={t`Roblox answers, and takes the key.`} /></p>
      {asked.data.items.length > 0 && <Table label={t`What the account may make still`} rows={asked.data.items} id={q => q.asset_type + q.period} columns={[
        { head: t`Kind of asset`, cell: q => <>{q.asset_type} <span className="small quiet">{q.period === 'day' ? t`a day` : t`a month`}</span></> },
        { head: t`Made`, cell: q => number(q.used), numbers: true }, { head: t`At most`, cell: q => number(q.max), numbers: true }, { head: t`Planned here`, cell: q => number(q.planned), numbers: true },
        { head: t`Begins again`, cell: q => (q.resets_at ? exactly(q.resets_at) : '–') },
      ]} />}
    </section>
  )
}

function Facts({ of: c }: { of: RobloxConnection }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useRobloxWords()
  const name = useSpaceName()
  const all = useQuery(spaces(work))
  const chosen = c.space_ids.map(id => { const s = all.data?.find(x => x.id === id); return s ? name(s) : id.slice(0, 8) })
  const facts: [string, ReactNode][] = [
    [t`State`, <State key="s" state={c.state} word={words.connection(c)} />], [t`Experience`, String(c.universe_id)],
    [t`The assets belong to`, c.creator.type === 'group' ? t`the group ${String(c.creator.id)}` : t`the account ${String(c.creator.id)}`],
    [t`Spaces`, chosen.length === 0 ? t`none: nothing is sent` : <ul key="l" className="plain">{chosen.map(n => <li key={n}><bdi>{n}</bdi></li>)}</ul>],
    [t`Sync`, c.automatic ? t`by itself each hour` : t`by hand`], [t`Last sync`, c.synced_at ? exactly(c.synced_at) : t`not yet`],
    [t`Key`, c.key.expires_at ? t`works until ${exactly(c.key.expires_at)}` : t`has no end; Roblox ends one that was not used for 60 days`],
  ]
  if (c.told_at) facts.push([t`The game was told of changes`, exactly(c.told_at)])
  if (c.progress.length > 0) facts.push([t`Counted in the game`, <ul key="p" className="plain">{c.progress.map(n => <li key={n}><code>{n}</code></li>)}</ul>])
  if (c.key_checked_at) facts.push([t`Key asked about`, exactly(c.key_checked_at)])
  if (c.key.missing.length > 0) facts.push([t`Permissions that it lacks`, <ul key="m" className="plain bad">{c.key.missing.map(m => <li key={m}><code>{m}</code></li>)}</ul>])
  facts.push([t`Address for erasures`, <code key="w" className="small">{c.webhook_url}</code>])
  return (
    <section className="panel" aria-label={t`Connection`}>
      <dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl>
      <details className="fold"><summary><Trans>What the key may do</Trans></summary><ul>{c.key.scopes.map(s => <li key={s.name}><code>{s.name}</code> {s.operations?.join(', ')}</li>)}</ul></details>
    </section>
  )
}

function Dialogs({ of: c, asked, close }: { of: RobloxConnection; asked: NonNullable<Asked>; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const navigate = useNavigate()
  const path = { id: c.id }
  switch (asked) {
    case 'change':
      return (
        <Form title={t`Change the connection`} verb={t`Save`} close={close} run={async d => {
          await api.PATCH('/api/v1/roblox/connections/{id}', { params: { path }, body: fieldsOf(d) })
          void again('roblox')
        }}><Fields of={c} /></Form>
      )
    case 'key':
      return (
        <Form title={t`Replace the key`} verb={t`Replace`} close={close} run={async d => {
          await api.PATCH('/api/v1/roblox/connections/{id}', { params: { path }, body: { api_key: String(d.get('key')).trim() } })
          void again('roblox')
        }}><KeyField /><p className="small quiet"><Trans>The old key is forgotten once Roblox has taken the new one. Delete it in the Creator Dashboard.</Trans></p></Form>
      )
    case 'disconnect':
      return (
        <Form title={t`Disconnect ${c.name}`} verb={t`Disconnect`} danger word={c.name} close={close} run={async () => {
          await api.DELETE('/api/v1/roblox/connections/{id}', { params: { path } })
          void again('roblox')
          await navigate({ to: '/o/$org/manage/roblox', params: { org: place.organization_id } })
        }}><p><Trans>The key and what is known of the assets are deleted here. The assets themselves stay at Roblox: archive them there if they must go.</Trans></p></Form>
      )
  }
}
