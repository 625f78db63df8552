import { Trans, useLingui } from '@lingui/react/macro'
import type { Schemas } from '@satchel/client'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { classById, classMembers } from '../../app/queries-admin.ts'
import { Failure } from '../../parts/failure.tsx'
import { Check, Form, Listed, Table, useChange } from '../../parts/manage.tsx'
import { ChoosePerson } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

type Member = Schemas['ClassMember']
type Asked = null | 'add' | 'change' | { remove: Member }

/** One class: its teachers and its students. */
export default function ClassPage() {
  const { t } = useLingui()
  const work = useWork()
  const { class: id } = useParams({ strict: false }) as { class: string }
  const found = useQuery(classById(work, id))
  const members = useInfiniteQuery(classMembers(work, id))
  const [asked, ask] = useState<Asked>(null)
  const { busy, change } = useChange()
  const c = found.data
  const org = { org: work.place.organization_id }
  const archive = (state: 'active' | 'archived', done: string) => void change(() => work.api.PATCH('/api/v1/classes/{id}', { params: { path: { id } }, body: { state } }), done, 'classes', 'spaces')
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/manage/classes" params={org}><Trans>Classes</Trans></Link></li><li aria-current="page"><bdi>{c?.title ?? '…'}</bdi></li></ol></nav>
      <Title actions={c && <>
        <button type="button" className="button main" onClick={() => ask('add')}><Trans>Add somebody …</Trans></button>
        <button type="button" className="button" onClick={() => ask('change')}><Trans>Rename …</Trans></button>
        {c.state === 'active' ? <button type="button" className="button" aria-disabled={busy} onClick={() => archive('archived', t`${c.title} is archived.`)}><Trans>Archive the class</Trans></button>
          : <button type="button" className="button" aria-disabled={busy} onClick={() => archive('active', t`${c.title} is active again.`)}><Trans>Make active again</Trans></button>}
        {c.space_id && <Link className="button" to="/o/$org/spaces/$space" params={{ ...org, space: c.space_id }}><Trans>Its files</Trans></Link>}
      </>}>{c?.title ?? t`Class`}</Title>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {c?.rostered && <p className="quiet"><Trans>This class came with a roster. The people that you add by hand stay, whatever later rosters say.</Trans></p>}
      <Listed of={members} empty={t`There is no one in this class yet.`}>{rows => {
        const table = (label: string, some: Member[]) => some.length > 0 && (
          <section className="panel" aria-label={label}><h2>{label} ({some.length})</h2>
            <Table label={label} rows={some} id={m => m.user_id} columns={[
              { head: t`Name`, cell: m => <Link to="/o/$org/manage/people/$user" params={{ ...org, user: m.user_id }}><bdi>{m.display_name || t`Without a name`}</bdi></Link> },
              ...(some[0]!.role === 'teacher' ? [{ head: t`Part`, cell: (m: Member) => (m.primary_teacher ? t`Main teacher` : t`Teacher`) }] : []),
              { head: t`Source`, cell: m => (m.origin === 'roster' ? t`Roster` : t`By hand`) },
              { head: t`Until`, cell: m => (m.ends_at ? exactly(m.ends_at) : '–') },
              { head: t`Actions`, cell: m => <button type="button" className="button" aria-label={t`Take ${m.display_name} out of the class`} onClick={() => ask({ remove: m })}><Trans>Take out …</Trans></button> },
            ]} /></section>)
        return <>{table(t`Teachers`, rows.filter(m => m.role === 'teacher'))}{table(t`Students`, rows.filter(m => m.role === 'student'))}</>
      }}</Listed>
      {c && asked && <Dialogs of={c} asked={asked} close={() => ask(null)} />}
    </>
  )
}

function Dialogs({ of: c, asked, close }: { of: Schemas['Class']; asked: NonNullable<Asked>; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  if (asked === 'add') {
    return (
      <Form title={t`Add somebody to ${c.title}`} verb={t`Add`} close={close} run={async d => {
        const until = String(d.get('until'))
        await api.PUT('/api/v1/classes/{id}/members/{user}', {
          params: { path: { id: c.id, user: String(d.get('user')) } },
          body: { role: d.get('role') as 'student', primary_teacher: d.has('main'), ...(until ? { ends_at: new Date(until + 'T23:59:59').toISOString() } : {}) },
        })
        void again('classes')
      }}>
        <label className="field"><Trans>As</Trans><select name="role"><option value="student">{t`Student`}</option><option value="teacher">{t`Teacher`}</option></select></label>
        <ChoosePerson name="user" />
        <label className="field"><Trans>Until (optional)</Trans><input name="until" type="date" /></label>
        <Check name="main"><Trans>Main teacher of the class</Trans></Check>
      </Form>
    )
  }
  if (asked === 'change') {
    return (
      <Form title={t`Rename the class`} verb={t`Save`} close={close} run={async d => {
        await api.PATCH('/api/v1/classes/{id}', { params: { path: { id: c.id } }, body: { title: String(d.get('title')).trim(), code: String(d.get('code')).trim() } })
        void again('classes', 'spaces')
      }}>
        <label className="field"><Trans>Title</Trans><input name="title" required maxLength={200} dir="auto" defaultValue={c.title} autoFocus /></label>
        <label className="field"><Trans>Code</Trans><input name="code" maxLength={50} dir="auto" defaultValue={c.code} /></label>
      </Form>
    )
  }
  return (
    <Form title={t`Take ${asked.remove.display_name} out`} verb={t`Take out`} danger close={close} run={async () => {
      await api.DELETE('/api/v1/classes/{id}/members/{user}', { params: { path: { id: c.id, user: asked.remove.user_id } } })
      void again('classes')
    }}><p><Trans>They do not see the files of the class any more. What they handed in stays.</Trans></p></Form>
  )
}
