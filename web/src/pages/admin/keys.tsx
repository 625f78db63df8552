import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { Schemas } from '@satchel/client'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { type Key, keys } from '../../app/queries-admin.ts'
import { Check, Form, Listed, Secret, State, Table, Unmet, once, useChange, useRoleName } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

type Asked = null | 'make' | { rotate: Key } | { revoke: Key }

/** Keys of programs. A key is shown when it is made, and never again. */
export default function Keys() {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(keys(work))
  const [asked, ask] = useState<Asked>(null)
  const [secret, setSecret] = useState<Key | null>(null)
  const { again } = useChange()
  const role = useRoleName()
  const states: Record<Key['state'], string> = { active: t`Active`, rotated: t`Replaced`, expired: t`Expired`, revoked: t`Revoked` }
  const org = { id: work.place.organization_id }
  const live = (k: Key) => k.state === 'active' || k.state === 'rotated'
  return (
    <>
      <Title actions={<button type="button" className="button main" onClick={() => ask('make')}><Trans>Make a key …</Trans></button>}>{t`API keys`}</Title>
      <Listed of={list} empty={t`There is no key. Programs that act in the organization need one.`}>{rows => (
        <Table label={t`API keys`} rows={rows} id={k => k.id} columns={[
          { head: t`Name`, cell: k => <><bdi>{k.name}</bdi> <span className="small quiet">…{k.last4}</span></> },
          { head: t`Role`, cell: k => role(k.role) },
          { head: t`Scopes`, cell: k => <ul>{k.scopes.map(s => <li key={s}><code>{s}</code></li>)}{k.all_spaces && <li><Trans>every space</Trans></li>}</ul> },
          { head: t`State`, cell: k => <State state={k.state} word={states[k.state]} /> },
          { head: t`Last used`, cell: k => (k.last_used_at ? exactly(k.last_used_at) : t`never`) },
          { head: t`Expires`, cell: k => exactly(k.expires_at) },
          { head: t`Actions`, cell: k => live(k) && (
            <span className="actions">
              {k.state === 'active' && <button type="button" className="button" aria-label={t`Replace the key ${k.name}`} onClick={() => ask({ rotate: k })}><Trans>Replace …</Trans></button>}
              <button type="button" className="button" aria-label={t`Revoke the key ${k.name}`} onClick={() => ask({ revoke: k })}><Trans>Revoke …</Trans></button>
            </span>) },
        ]} />
      )}</Listed>
      {asked === 'make' && <Make made={setSecret} close={() => ask(null)} />}
      {asked && asked !== 'make' && 'rotate' in asked && (
        <Form title={t`Replace the key ${asked.rotate.name}`} verb={t`Replace`} close={() => ask(null)} run={async d => {
          const answer = await work.api.POST('/api/v1/organizations/{id}/keys/{key}/rotate', { params: { path: { ...org, key: asked.rotate.id }, header: once() }, body: { overlap: Number(d.get('hours')) * 3600 } })
          setSecret(answer.data!)
          void again('keys')
        }}>
          <p><Trans>A new key with the same role and scopes is made. The old one works until the time is over.</Trans></p>
          <label className="field"><Trans>Hours for which the old key works</Trans><input name="hours" type="number" min={0} max={168} defaultValue={24} required /></label>
        </Form>
      )}
      {asked && asked !== 'make' && 'revoke' in asked && (
        <Form title={t`Revoke the key ${asked.revoke.name}`} verb={t`Revoke`} danger close={() => ask(null)} run={async () => { await work.api.DELETE('/api/v1/organizations/{id}/keys/{key}', { params: { path: { ...org, key: asked.revoke.id } } }); void again('keys') }}>
          <p><Trans>Programs that use it are refused at once.</Trans></p>
        </Form>
      )}
      {secret?.key && <Secret title={t`The key ${secret.name}`} secret={secret.key} close={() => setSecret(null)} />}
    </>
  )
}

function Make({ made, close }: { made: (k: Key) => void; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const name = useRoleName()
  const roles: Schemas['KeyRole'][] = ['student', 'teacher', 'admin']
  const scopes: [Schemas['Scope'], string][] = [
    ['files:read', t`read files`], ['files:write', t`send, change and delete files`], ['members:read', t`read members and people`], ['members:manage', t`change members and people`], ['rosters:send', t`send rosters`],
    ['shares:manage', t`make and end shares`], ['spaces:manage', t`make and change spaces`], ['usage:read', t`read usage`], ['audit:read', t`read the audit log`], ['organization:read', t`read the organization`],
  ]
  const run = async (d: FormData) => {
    const chosen = d.getAll('scope') as Schemas['Scope'][]
    if (chosen.length === 0) throw new Unmet(t`Choose at least one scope.`)
    const answer = await api.POST('/api/v1/organizations/{id}/keys', {
      params: { path: { id: place.organization_id }, header: once() },
      body: { name: String(d.get('name')).trim(), role: d.get('role') as 'teacher', scopes: chosen, expires_in: Number(d.get('days')) * 86_400, ...(d.has('all') ? { all_spaces: true } : {}) },
    })
    made(answer.data!)
    void again('keys')
  }
  return (
    <Form title={t`Make a key`} verb={t`Make`} run={run} close={close}>
      <label className="field"><Trans>Name</Trans><input name="name" required maxLength={100} dir="auto" autoFocus /></label>
      <label className="field"><Trans>Role</Trans><select name="role" defaultValue="teacher">{roles.map(r => <option key={r} value={r}>{name(r)}</option>)}</select></label>
      <fieldset className="checks"><legend><Trans>What it may do</Trans></legend>{scopes.map(([s, word]) => <Check key={s} name="scope" value={s}>{word} <code className="small quiet">{s}</code></Check>)}</fieldset>
      {place.role === 'owner' && <Check name="all"><Trans>In every space, those too that owners do not see</Trans></Check>}
      <label className="field"><Trans>Days until it expires</Trans><input name="days" type="number" min={1} max={365} defaultValue={90} required /></label>
    </Form>
  )
}
