import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { classes } from '../../app/queries-admin.ts'
import { Choice, Form, Listed, State, Table, once, useAddress, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** The classes of the organization. */
export default function Classes() {
  const { t } = useLingui()
  const work = useWork()
  const navigate = useNavigate()
  const [at, go] = useAddress()
  const { again } = useChange()
  const [making, setMaking] = useState(false)
  const state = at.state ?? 'active'
  const list = useInfiniteQuery(classes(work, state))
  const make = async (d: FormData) => {
    const made = await work.api.POST('/api/v1/classes', { params: { header: once() }, body: { title: String(d.get('title')).trim(), code: String(d.get('code')).trim() } })
    void again('classes', 'spaces')
    await navigate({ to: '/o/$org/manage/classes/$class', params: { org: work.place.organization_id, class: made.data!.id } })
  }
  return (
    <>
      <Title actions={<button type="button" className="button" onClick={() => setMaking(true)}><Trans>Add a class …</Trans></button>}>{t`Classes`}</Title>
      <div className="bar"><Choice label={t`State`} value={state} options={[['active', t`Active`], ['archived', t`Archived`]]} choose={s => go({ state: s })} /></div>
      <Listed of={list} empty={t`There is no class. Import a roster, or add one by hand.`}>{rows => (
        <Table label={t`Classes`} rows={rows} id={c => c.id} columns={[
          { head: t`Title`, cell: c => <Link to="/o/$org/manage/classes/$class" params={{ org: work.place.organization_id, class: c.id }}><bdi>{c.title}</bdi></Link> },
          { head: t`Code`, cell: c => <bdi>{c.code || '–'}</bdi> },
          { head: t`State`, cell: c => <State state={c.state} word={c.state === 'active' ? t`Active` : t`Archived`} /> },
          { head: t`Source`, cell: c => (c.rostered ? t`Roster` : t`By hand`) },
        ]} />
      )}</Listed>
      {making && (
        <Form title={t`Add a class`} verb={t`Add`} run={make} close={() => setMaking(false)}>
          <label className="field"><Trans>Title</Trans><input name="title" required maxLength={200} dir="auto" autoFocus /></label>
          <label className="field"><Trans>Code</Trans><input name="code" maxLength={50} dir="auto" /></label>
        </Form>
      )}
    </>
  )
}
