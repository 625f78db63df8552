import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Webhook, deliveries, deliveryById, webhookById } from '../../app/queries-admin.ts'
import { Failure } from '../../parts/failure.tsx'
import { Choice, Form, Listed, Secret, State, Table, once, useAddress, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { toast } from '../../parts/toasts.tsx'

type Asked = null | 'rotate' | 'delete' | 'replay' | 'change'

/** One webhook: what was sent to it, what it answered, and a way to send again. */
export default function WebhookPage() {
  const { t } = useLingui()
  const work = useWork()
  const { webhook: id } = useParams({ strict: false }) as { webhook: string }
  const found = useQuery(webhookById(work, id))
  const [asked, ask] = useState<Asked>(null)
  const [secret, setSecret] = useState('')
  const { busy, change } = useChange()
  const w = found.data
  const path = { id: work.place.organization_id, webhook: id }
  const set = (state: 'active' | 'disabled', done: string) => void change(() => work.api.PATCH('/api/v1/organizations/{id}/webhooks/{webhook}', { params: { path }, body: { state } }), done, 'webhooks')
  const reasons = { '': '', person: t`a person switched it off`, gone: t`its address answered that it is gone`, failing: t`it failed for days` }
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/manage/webhooks" params={{ org: work.place.organization_id }}><Trans>Webhooks</Trans></Link></li><li aria-current="page"><bdi>{w?.description || w?.url || '…'}</bdi></li></ol></nav>
      <Title actions={w && may(work.place, 'manage_webhooks') && <>
        <button type="button" className="button" aria-disabled={busy} onClick={() => void change(() => work.api.POST('/api/v1/organizations/{id}/webhooks/{webhook}/test', { params: { path, header: once() } }), t`A test event is sent.`, 'webhooks')}><Trans>Send a test</Trans></button>
        <button type="button" className="button" onClick={() => ask('replay')}><Trans>Send again …</Trans></button>
        <button type="button" className="button" onClick={() => ask('rotate')}><Trans>New secret …</Trans></button>
        <button type="button" className="button" onClick={() => ask('change')}><Trans>Change …</Trans></button>
        {w.state === 'active' ? <button type="button" className="button" aria-disabled={busy} onClick={() => set('disabled', t`The webhook is switched off.`)}><Trans>Switch off</Trans></button>
          : <button type="button" className="button" aria-disabled={busy} onClick={() => set('active', t`The webhook is switched on.`)}><Trans>Switch on</Trans></button>}
        <button type="button" className="button danger" onClick={() => ask('delete')}><Trans>Delete …</Trans></button>
      </>}>{w?.url ?? t`Webhook`}</Title>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {w && <section className="panel" aria-label={t`Webhook`}>
        <p><State state={w.state} word={w.state === 'active' ? t`Active` : t`Switched off`} /> {reasons[w.disabled_reason]} {w.failing_since && <span className="bad"><Trans>fails since {exactly(w.failing_since)}</Trans></span>}</p>
        <dl className="facts">
          <div><dt><Trans>Events</Trans></dt><dd>{w.types.length === 0 ? t`all` : w.types.join(', ')}</dd></div>
          <div><dt><Trans>Secrets</Trans></dt><dd>{w.secrets.map(s => <p key={s.id}>{s.kind} {s.public_key && <code>{s.public_key}</code>} <span className="small quiet">{s.expires_at ? t`until ${exactly(s.expires_at)}` : t`since ${exactly(s.created_at)}`}</span></p>)}</dd></div>
        </dl></section>}
      <Deliveries webhook={id} />
      {w && asked && <Dialogs of={w} asked={asked} close={() => ask(null)} show={setSecret} />}
      {secret && <Secret title={t`What verifies the signatures`} secret={secret} close={() => setSecret('')} />}
    </>
  )
}

function Deliveries({ webhook }: { webhook: string }) {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const { busy, change } = useChange()
  const list = useInfiniteQuery(deliveries(work, webhook, at.state))
  const states = { pending: t`Waits`, delivered: t`Delivered`, failed: t`Failed`, withheld: t`Withheld` }
  const again = (delivery: string) => void change(() => work.api.POST('/api/v1/organizations/{id}/webhooks/{webhook}/deliveries/{delivery}/replay', { params: { path: { id: work.place.organization_id, webhook, delivery } } }), t`It is sent again.`, 'webhooks')
  return (
    <>
      <h2><Trans>Deliveries of the last 30 days</Trans></h2>
      <div className="bar"><Choice label={t`State`} all={t`All`} value={at.state} options={Object.entries(states)} choose={state => go({ state })} /></div>
      <Listed of={list} empty={t`Nothing was sent yet.`}>{rows => (
        <Table label={t`Deliveries`} rows={rows} id={d => d.id} columns={[
          { head: t`Event`, cell: d => d.type },
          { head: t`State`, cell: d => <><State state={d.state} word={states[d.state]} />{d.code && <span className="small quiet"> {d.code}</span>}</> },
          { head: t`Attempts`, cell: d => d.attempts, numbers: true },
          { head: t`Time`, cell: d => exactly(d.ended_at ?? d.created_at) },
          { head: t`Actions`, cell: d => (
            <span className="actions">
              <button type="button" className="button" aria-expanded={at.delivery === d.id} aria-label={t`Attempts of ${d.type}`} onClick={() => go({ delivery: at.delivery === d.id ? undefined : d.id })}><Trans>Look at it</Trans></button>
              {may(work.place, 'manage_webhooks') && d.state !== 'pending' && <button type="button" className="button" aria-disabled={busy} aria-label={t`Send ${d.type} again`} onClick={() => again(d.id)}><Trans>Send again</Trans></button>}
            </span>) },
        ]} />
      )}</Listed>
      {at.delivery && <Attempts webhook={webhook} delivery={at.delivery} close={() => go({ delivery: undefined })} />}
    </>
  )
}

function Attempts({ webhook, delivery, close }: { webhook: string; delivery: string; close: () => void }) {
  const { t } = useLingui()
  const found = useQuery({ ...deliveryById(useWork(), webhook, delivery), refetchInterval: 5000 })
  return (
    <section className="panel" aria-label={t`Attempts`}>
      <div className="title"><h2><Trans>Attempts</Trans></h2><button type="button" className="button" onClick={close}><Trans>Close</Trans></button></div>
      {found.error && <Failure error={found.error} />}
      {found.data?.log?.length === 0 && <p><Trans>It was not tried yet.</Trans></p>}
      {found.data?.log?.map(a => (
        <details key={a.number} className="fold"><summary>{t`Attempt ${a.number}`}: {a.status > 0 ? a.status : a.code} · {exactly(a.at)} · {a.took_ms} ms</summary>
          <p className="small quiet"><Trans>What was sent</Trans></p><pre className="code" tabIndex={0}>{a.request_body}</pre>
          <p className="small quiet"><Trans>What was answered</Trans></p><pre className="code" tabIndex={0}>{a.response_body || '–'}</pre></details>
      ))}
    </section>
  )
}

function Dialogs({ of: w, asked, close, show }: { of: Webhook; asked: NonNullable<Asked>; close: () => void; show: (s: string) => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const navigate = useNavigate()
  const path = { id: place.organization_id, webhook: w.id }
  switch (asked) {
    case 'rotate':
      return (
        <Form title={t`New secret`} verb={t`Make`} close={close} run={async d => {
          const answer = await api.POST('/api/v1/organizations/{id}/webhooks/{webhook}/rotate', { params: { path, header: once() }, body: { kind: d.get('kind') as 'hmac', overlap: Number(d.get('hours')) * 3600 } })
          show(answer.data!.secret ?? answer.data!.secrets.at(-1)?.public_key ?? '')
          void again('webhooks')
        }}>
          <label className="field"><Trans>Signature</Trans><select name="kind"><option value="hmac">HMAC (whsec_)</option><option value="ed25519">Ed25519 (whpk_)</option></select></label>
          <label className="field"><Trans>Hours for which the old one signs too</Trans><input name="hours" type="number" min={0} max={720} defaultValue={24} required /></label>
        </Form>
      )
    case 'delete':
      return (
        <Form title={t`Delete the webhook`} verb={t`Delete`} danger close={close} run={async () => {
          await api.DELETE('/api/v1/organizations/{id}/webhooks/{webhook}', { params: { path } })
          void again('webhooks')
          await navigate({ to: '/o/$org/manage/webhooks', params: { org: place.organization_id } })
        }}><p><Trans>Its log is deleted too. Nothing is sent to it any more.</Trans></p></Form>
      )
    case 'replay':
      return (
        <Form title={t`Send again`} verb={t`Send`} close={close} run={async d => {
          const answer = await api.POST('/api/v1/organizations/{id}/webhooks/{webhook}/replay', { params: { path }, body: { since: new Date(String(d.get('since'))).toISOString(), everything: d.get('what') === 'all' } })
          toast(plural(answer.data!.deliveries, { one: '# delivery is sent again.', other: '# deliveries are sent again.' }))
          void again('webhooks')
        }}>
          <label className="field"><Trans>Of events since</Trans><input name="since" type="datetime-local" required /></label>
          <label className="field"><Trans>Which</Trans><select name="what"><option value="failed">{t`those that failed`}</option><option value="all">{t`all of them`}</option></select></label>
        </Form>
      )
    case 'change':
      return (
        <Form title={t`Change the webhook`} verb={t`Save`} close={close} run={async d => {
          await api.PATCH('/api/v1/organizations/{id}/webhooks/{webhook}', { params: { path }, body: { url: String(d.get('url')).trim(), description: String(d.get('about')).trim(), types: String(d.get('types')).split(/[\s,]+/).filter(Boolean) } })
          void again('webhooks')
        }}>
          <label className="field"><Trans>Address (https)</Trans><input name="url" type="url" required maxLength={2000} defaultValue={w.url} autoFocus /></label>
          <label className="field"><Trans>Description</Trans><input name="about" maxLength={200} dir="auto" defaultValue={w.description} /></label>
          <label className="field"><Trans>Events, such as file.published or file.*; empty: all</Trans><input name="types" defaultValue={w.types.join(' ')} /></label>
        </Form>
      )
  }
}
