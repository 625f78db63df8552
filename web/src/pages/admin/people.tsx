import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { type Person, people } from '../../app/queries-admin.ts'
import { Choice, Find, Form, Listed, State, Table, once, useAddress, useChange, useRoleName } from '../../parts/manage.tsx'
import { usePersonWords } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

/** Everybody of the organization, by name. */
export default function People() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const [making, setMaking] = useState(false)
  const { kinds, states } = usePersonWords()
  const role = useRoleName()
  const list = useInfiniteQuery(people(work, { q: at.q, kind: at.kind, state: at.state }))
  const link = (p: Person) => <Link to="/o/$org/manage/people/$user" params={{ org: work.place.organization_id, user: p.user_id }}>{p.display_name ? <bdi>{p.display_name}</bdi> : t`(name removed)`}</Link>
  return (
    <>
      <Title actions={<>
        <Link className="button" to="/o/$org/manage/members" params={{ org: work.place.organization_id }}><Trans>By role</Trans></Link>
        <button type="button" className="button" onClick={() => setMaking(true)}><Trans>Add a person …</Trans></button></>}>{t`People`}</Title>
      <div className="bar">
        <Find label={t`Part of the name`} value={at.q} find={q => go({ q })} />
        <Choice label={t`Kind`} all={t`All`} value={at.kind} options={Object.entries(kinds)} choose={kind => go({ kind })} />
        <Choice label={t`State`} all={t`All`} value={at.state} options={Object.entries(states)} choose={state => go({ state })} />
      </div>
      <Listed of={list} empty={at.q ? t`No one has this in the name.` : t`There are no people here yet. Invite them, or import a roster.`}>{rows => (
        <Table label={t`People`} rows={rows} id={p => p.user_id} columns={[
          { head: t`Name`, cell: link },
          { head: t`Kind`, cell: p => kinds[p.kind] },
          { head: t`Role`, cell: p => role(p.role) },
          { head: t`Grade`, cell: p => (p.grade ? <bdi>{p.grade}</bdi> : '–') },
          { head: t`State`, cell: p => <State state={p.state} word={states[p.state]} /> },
          { head: t`Source`, cell: p => (p.managed?.source_id ? t`Roster` : t`By hand`) },
        ]} />
      )}</Listed>
      {making && <AddPerson close={() => setMaking(false)} />}
    </>
  )
}

function AddPerson({ close }: { close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { kinds } = usePersonWords()
  const { again } = useChange()
  const navigate = useNavigate()
  const run = async (d: FormData) => {
    const made = await api.POST('/api/v1/organizations/{id}/people', {
      params: { path: { id: place.organization_id }, header: once() },
      body: { display_name: String(d.get('name')).trim(), kind: d.get('kind') as Person['kind'], grade: String(d.get('grade')).trim() },
    })
    void again('people')
    await navigate({ to: '/o/$org/manage/people/$user', params: { org: place.organization_id, user: made.data!.user_id } })
  }
  return (
    <Form title={t`Add a person`} verb={t`Add`} run={run} close={close}>
      <p><Trans>The person has no login yet. Invite them from their page, or link a login that waits.</Trans></p>
      <label className="field"><Trans>Name</Trans><input name="name" required maxLength={200} dir="auto" autoFocus /></label>
      <label className="field"><Trans>Kind</Trans><select name="kind">{Object.entries(kinds).map(([v, word]) => <option key={v} value={v}>{word}</option>)}</select></label>
      <label className="field"><Trans>Grade (students)</Trans><input name="grade" maxLength={50} dir="auto" /></label>
    </Form>
  )
}
