import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Hold, holds } from '../../app/queries-compliance.ts'
import { Form, Listed, State, Table, Unmet, once, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

type Asked = null | 'place' | { ask: Hold } | { approve: Hold }

/** What must not be destroyed, by whose word, and how it ends: one person asks, another one approves. */
export default function Holds() {
  const { t } = useLingui()
  const work = useWork()
  const [released, showReleased] = useState(false)
  const list = useInfiniteQuery(holds(work, released))
  const [asked, ask] = useState<Asked>(null)
  const { again } = useChange()
  const org = { id: work.place.organization_id }
  const manages = may(work.place, 'manage_holds')
  const kinds: Record<Hold['kind'], string> = { legal: t`Legal hold`, access_request: t`Request for access`, amendment: t`Request for a correction` }
  const states: Record<Hold['state'], string> = { active: t`In force`, release_asked: t`Release asked for`, released: t`Released` }
  return (
    <>
      <Title actions={manages && <button type="button" className="button main" onClick={() => ask('place')}><Trans>Place a hold …</Trans></button>}>{t`Holds`}</Title>
      <p><Trans>What a hold covers is not destroyed: not by a person, not by a rule, not with the organization. Files can still go to the bin, and come back.</Trans></p>
      <label className="check"><input type="checkbox" checked={released} onChange={e => showReleased(e.target.checked)} /> <Trans>Show those that were released</Trans></label>
      <Listed of={list} empty={t`Nothing is on hold.`}>{rows => (
        <Table label={t`Holds`} rows={rows} id={h => h.id} columns={[
          { head: t`Kind`, cell: h => kinds[h.kind] },
          { head: t`What it covers`, cell: h => <Covers of={h} /> },
          { head: t`Reason`, cell: h => <bdi>{h.reason}</bdi> },
          { head: t`State`, cell: h => <State state={h.state === 'active' ? 'active' : h.state === 'released' ? 'revoked' : 'waiting'} word={states[h.state]} /> },
          { head: t`Placed`, cell: h => exactly(h.placed_at) },
          { head: t`Actions`, cell: h => manages && (
            <span className="actions">
              {h.state === 'active' && <button type="button" className="button" onClick={() => ask({ ask: h })}><Trans>Ask for its release …</Trans></button>}
              {h.state === 'release_asked' && <button type="button" className="button" onClick={() => ask({ approve: h })}><Trans>Release …</Trans></button>}
            </span>) },
        ]} />
      )}</Listed>
      {asked === 'place' && <Place close={() => ask(null)} />}
      {asked && asked !== 'place' && 'ask' in asked && (
        <Form title={t`Ask for the release`} verb={t`Ask`} close={() => ask(null)} run={async d => {
          await work.api.POST('/api/v1/organizations/{id}/holds/{hold}/release', { params: { path: { ...org, hold: asked.ask.id } }, body: { reason: String(d.get('reason')).trim() } })
          void again('holds')
        }}>
          <p><Trans>It stays in force until another owner or administrator approves.</Trans></p>
          <label className="field"><Trans>Reason</Trans><textarea name="reason" required maxLength={1000} dir="auto" rows={3} autoFocus /></label>
        </Form>
      )}
      {asked && asked !== 'place' && 'approve' in asked && (
        <Form title={t`Release the hold`} verb={t`Release`} danger close={() => ask(null)} run={async () => { await work.api.POST('/api/v1/organizations/{id}/holds/{hold}/release/approve', { params: { path: { ...org, hold: asked.approve.id } } }); void again('holds') }}>
          <p><Trans>Reason of who asked:</Trans> <bdi>{asked.approve.release?.reason}</bdi></p>
          <p><Trans>What it covered can be destroyed from then on. Who asked cannot release it.</Trans></p>
        </Form>
      )}
    </>
  )
}

function Covers({ of: h }: { of: Hold }) {
  const { t } = useLingui()
  const scopes: Record<Hold['scope'], string> = { organization: t`Everything`, person: t`Files of a person`, space: t`A space`, file: t`A file`, query: t`Files that fit` }
  const q = h.query
  return (
    <>
      {scopes[h.scope]} {h.target_id && <code className="small">{h.target_id}</code>}
      {q && <ul>
        {q.name_contains && <li><Trans>Name:</Trans> <bdi>{q.name_contains}</bdi></li>}
        {q.category && <li><Trans>Category:</Trans> <bdi>{q.category}</bdi></li>}
        {q.created_from && <li><Trans>From:</Trans> {exactly(q.created_from)}</li>}
        {q.created_before && <li><Trans>Before:</Trans> {exactly(q.created_before)}</li>}
      </ul>}
    </>
  )
}

function Place({ close }: { close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const [scope, setScope] = useState<Hold['scope']>('organization')
  const run = async (d: FormData) => {
    const text = (name: string) => String(d.get(name) ?? '').trim() || null
    const query = scope === 'query' ? { name_contains: text('contains'), category: text('category') } : null
    if (query && !query.name_contains && !query.category) throw new Unmet(t`Say what fits: a part of the name, or a category.`)
    await api.POST('/api/v1/organizations/{id}/holds', {
      params: { path: { id: place.organization_id }, header: once() },
      body: { kind: d.get('kind') as Hold['kind'], scope, reason: text('reason')!, target_id: text('target'), query },
    })
    void again('holds')
  }
  const targeted = scope === 'person' || scope === 'space' || scope === 'file'
  return (
    <Form title={t`Place a hold`} verb={t`Place`} run={run} close={close}>
      <label className="field"><Trans>Kind</Trans><select name="kind"><option value="legal">{t`Legal hold`}</option><option value="access_request">{t`Request for access`}</option><option value="amendment">{t`Request for a correction`}</option></select></label>
      <label className="field"><Trans>What it covers</Trans><select value={scope} onChange={e => setScope(e.target.value as Hold['scope'])}>
        <option value="organization">{t`Everything`}</option><option value="person">{t`Files of a person`}</option><option value="space">{t`A space`}</option><option value="file">{t`A file`}</option><option value="query">{t`Files that fit`}</option>
      </select></label>
      {targeted && <label className="field"><Trans>Its id, as its page and address show it</Trans><input name="target" required pattern="[0-9a-fA-F\-]{36}" autoComplete="off" /></label>}
      {scope === 'query' && <>
        <label className="field"><Trans>A part of the name</Trans><input name="contains" maxLength={255} dir="auto" /></label>
        <label className="field"><Trans>Category</Trans><input name="category" maxLength={100} dir="auto" /></label>
      </>}
      <label className="field"><Trans>Reason: who asks for it, by which letter or case</Trans><textarea name="reason" required maxLength={1000} dir="auto" rows={3} /></label>
    </Form>
  )
}
