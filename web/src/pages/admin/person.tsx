import { Trans, useLingui } from '@lingui/react/macro'
import { type Schemas, asProblem } from '@satchel/client'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Person, type Role, guardians, loginsOf, memberById, personById } from '../../app/queries-admin.ts'
import { optOutOf } from '../../app/queries-compliance.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Form, once, useChange, useRoleName } from '../../parts/manage.tsx'
import { ChoosePerson, Named, usePersonWords } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'
import { Decisions } from '../compliance/decisions.tsx'
import { Invite } from './invite.tsx'

type Asked = null | 'role' | 'remove' | 'change' | 'invite' | 'guardian' | 'name' | { login: string } | { parent: string; student: string }

/** One person: what they are, how they sign in, and who is responsible for them. */
export default function PersonPage() {
  const { t } = useLingui()
  const work = useWork()
  const { user } = useParams({ strict: false }) as { user: string }
  const known = useQuery({ ...personById(work, user), retry: false })
  // A member without a known name is no person; their role is there all the same.
  const nameless = known.error !== null && asProblem(known.error).status === 404
  const member = useQuery({ ...memberById(work, user), enabled: nameless })
  const person = nameless ? member : known
  const [asked, ask] = useState<Asked>(null)
  const p = nameless ? (member.data && unnamed(member.data, t`Member without a name`)) : known.data
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol>
        <li><Link to="/o/$org/manage/people" params={{ org: work.place.organization_id }}><Trans>People</Trans></Link></li><li aria-current="page"><bdi>{p?.display_name ?? '…'}</bdi></li></ol></nav>
      <Title>{p?.display_name ?? t`Person`}</Title>
      {person.error && <Failure error={person.error} again={() => void person.refetch()} />}
      {person.isPending && !person.error && <Waiting />}
      {p && <div className="panels"><Facts person={p} ask={ask} nameless={nameless} />{!nameless && <Logins person={p} ask={ask} />}{p.kind !== 'staff' && may(work.place, 'read_guardians') && <Guardians person={p} ask={ask} />}{p.kind === 'student' && may(work.place, 'read_consent') && <Decisions of={p} />}</div>}
      {p && asked && <Dialogs person={p} asked={asked} close={() => ask(null)} />}
    </>
  )
}

/** A member as a person without a name. */
const unnamed = (m: Schemas['Member'], name: string): Person => ({
  organization_id: m.organization_id, user_id: m.user_id, role: m.role, display_name: name, grade: '', state: 'active', leaves_at: null, kind: m.role === 'student' ? 'student' : m.role === 'parent' ? 'guardian' : 'staff',
})

function Facts({ person: p, ask, nameless }: { person: Person; ask: (a: Asked) => void; nameless: boolean }) {
  const { t } = useLingui()
  const work = useWork()
  const { place } = work
  const { kinds, states } = usePersonWords()
  const role = useRoleName()
  const directory = useQuery({ ...optOutOf(work, p.user_id), enabled: p.kind === 'student' && may(place, 'list_opt_outs') })
  const facts: [string, React.ReactNode][] = [[t`Kind`, kinds[p.kind]], [t`Role`, role(p.role)], [t`State`, states[p.state]]]
  if (p.grade) facts.push([t`Grade`, <bdi key="g">{p.grade}</bdi>])
  if (directory.data?.opted_out) facts.push([t`Directory information`, t`Refused: nothing of it leaves the school`])
  if (p.leaves_at) facts.push([t`Leaves`, exactly(p.leaves_at)])
  if (p.managed) facts.push([t`Source`, p.managed.source_id ? t`Roster` : t`By hand`], [t`Since`, exactly(p.managed.since)])
  if (p.managed?.set_by_hand.length) facts.push([t`Set by hand`, p.managed.set_by_hand.join(', ')])
  const self = p.user_id === place.user_id
  const high = p.role === 'owner' || p.role === 'admin' || p.role === 'operator'
  const reach = !self && (!high || place.role === 'owner' || place.role === 'operator')
  return (
    <section className="panel" aria-labelledby="facts"><h2 id="facts"><Trans>Person</Trans></h2>
      <dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl>
      <div className="actions">
        <button type="button" className="button" onClick={() => ask(nameless ? 'name' : 'change')}>{nameless ? <Trans>Give a name …</Trans> : <Trans>Change …</Trans>}</button>
        {p.role && reach && <button type="button" className="button" onClick={() => ask('role')}><Trans>Change the role …</Trans></button>}
        {!p.role && <button type="button" className="button" onClick={() => ask('invite')}><Trans>Invite …</Trans></button>}
        {p.role && reach && <button type="button" className="button danger" onClick={() => ask('remove')}><Trans>Remove …</Trans></button>}
      </div>
      {self && <p className="small quiet"><Trans>This is you. Another owner or administrator changes your role.</Trans></p>}
    </section>
  )
}

function Logins({ person: p, ask }: { person: Person; ask: (a: Asked) => void }) {
  const { t } = useLingui()
  const logins = useQuery(loginsOf(useWork(), p.user_id))
  return (
    <section className="panel" aria-labelledby="logins"><h2 id="logins"><Trans>Logins</Trans></h2>
      {logins.error && <Failure error={logins.error} again={() => void logins.refetch()} />}
      {logins.data?.items.length === 0 && <p><Trans>There is no login. The person has never signed in.</Trans></p>}
      <ul className="versions">{logins.data?.items.map(l => (
        <li key={l.id}><span><bdi>{l.subject}</bdi><br /><span className="small quiet"><bdi>{l.issuer}</bdi> · {exactly(l.linked_at)}</span></span>
          <button type="button" className="button" aria-label={t`Take away the login ${l.subject}`} onClick={() => ask({ login: l.id })}><Trans>Take away …</Trans></button></li>
      ))}</ul>
    </section>
  )
}

function Guardians({ person: p, ask }: { person: Person; ask: (a: Asked) => void }) {
  const { t } = useLingui()
  const work = useWork()
  const student = p.kind === 'student'
  const list = useInfiniteQuery(guardians(work, student ? { student_id: p.user_id } : { parent_id: p.user_id }))
  const own = list.data?.pages.flatMap(x => x.items) ?? []
  const edit = may(work.place, 'set_guardians')
  return (
    <section className="panel" aria-labelledby="guardians"><h2 id="guardians">{student ? t`Guardians` : t`Students`}</h2>
      <p className="small quiet"><Trans>A guardian reads the files of the student.</Trans></p>
      {list.error && <Failure error={list.error} again={() => void list.refetch()} />}
      {list.data && own.length === 0 && <p><Trans>There are none.</Trans></p>}
      <ul className="versions">{own.map(g => (
        <li key={g.parent_id + g.student_id}><Named id={student ? g.parent_id : g.student_id} />
          {edit && <button type="button" className="button" onClick={() => ask({ parent: g.parent_id, student: g.student_id })}><Trans>End …</Trans></button>}</li>
      ))}</ul>
      {list.hasNextPage && <p><button type="button" className="button" onClick={() => void list.fetchNextPage()}><Trans>Look at more links</Trans></button></p>}
      {edit && student && <p><button type="button" className="button" onClick={() => ask('guardian')}><Trans>Add a guardian …</Trans></button></p>}
    </section>
  )
}

function Dialogs({ person: p, asked, close }: { person: Person; asked: NonNullable<Asked>; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const path = { id: place.organization_id, user: p.user_id }
  const then = (run: () => Promise<unknown>, ...kinds: string[]) => async () => { await run(); void again(...kinds) }
  if (asked === 'change') return <Change person={p} close={close} />
  if (asked === 'name') {
    return (
      <Form title={t`Give a name`} verb={t`Save`} close={close} run={async d => {
        await api.POST('/api/v1/organizations/{id}/people', { params: { path: { id: path.id }, header: once() }, body: { user_id: p.user_id, kind: p.kind, display_name: String(d.get('name')).trim() } })
        void again('people')
      }}><label className="field"><Trans>Name</Trans><input name="name" required maxLength={200} dir="auto" autoFocus /></label></Form>
    )
  }
  if (asked === 'role') return <ChangeRole person={p} close={close} />
  if (asked === 'invite') return <Invite person={p.user_id} close={close} />
  if (asked === 'remove') {
    return (
      <Form title={t`Remove ${p.display_name}`} verb={t`Remove`} danger close={close} run={then(() => api.DELETE('/api/v1/organizations/{id}/members/{user}', { params: { path } }), 'people', 'classes')}>
        <p><Trans>They lose their role and see nothing of the organization from now on. Their files stay with the organization.</Trans></p>
      </Form>
    )
  }
  if (asked === 'guardian') {
    return (
      <Form title={t`Add a guardian`} verb={t`Add`} close={close} run={async d => {
        await api.POST('/api/v1/organizations/{id}/guardians', { params: { path: { id: path.id }, header: once() }, body: { parent_id: String(d.get('parent')), student_id: p.user_id } })
        void again('guardians')
      }}><ChoosePerson name="parent" kind="guardian" /></Form>
    )
  }
  if ('login' in asked) {
    return (
      <Form title={t`Take the login away`} verb={t`Take away`} danger close={close} run={then(() => api.DELETE('/api/v1/organizations/{id}/people/{user}/logins/{login}', { params: { path: { ...path, login: asked.login } } }), 'people')}>
        <p><Trans>Who signs in with it is not this person any more. What they did stays.</Trans></p>
      </Form>
    )
  }
  return (
    <Form title={t`End the link`} verb={t`End`} danger close={close} run={then(() => api.DELETE('/api/v1/organizations/{id}/guardians/{parent}/{student}', { params: { path: { id: path.id, parent: asked.parent, student: asked.student } } }), 'guardians')}>
      <p><Trans>The guardian does not read the student's files any more.</Trans></p>
    </Form>
  )
}

function ChangeRole({ person: p, close }: { person: Person; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const name = useRoleName()
  const roles: Role[] = place.role === 'owner' || place.role === 'operator' ? ['owner', 'admin', 'teacher', 'student', 'parent', 'auditor'] : ['teacher', 'student', 'parent', 'auditor']
  const run = async (d: FormData) => {
    await api.PUT('/api/v1/organizations/{id}/members/{user}', { params: { path: { id: place.organization_id, user: p.user_id } }, body: { role: d.get('role') as Role } })
    void again('people')
  }
  return (
    <Form title={t`Role of ${p.display_name}`} verb={t`Change`} run={run} close={close}>
      <label className="field"><Trans>Role</Trans><select name="role" defaultValue={p.role}>{roles.map(r => <option key={r} value={r}>{name(r)}</option>)}</select></label>
      <p className="small quiet"><Trans>Owners and administrators are made by owners.</Trans></p>
    </Form>
  )
}

function Change({ person: p, close }: { person: Person; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const { kinds, states } = usePersonWords()
  const run = async (d: FormData) => {
    const now = { display_name: String(d.get('name')).trim(), kind: d.get('kind') as Person['kind'], grade: String(d.get('grade')).trim(), state: d.get('state') as Person['state'] }
    const body = Object.fromEntries(Object.entries(now).filter(([k, v]) => v !== p[k as 'grade'])) // what is sent is set by hand from then on
    if (Object.keys(body).length > 0) await api.PATCH('/api/v1/organizations/{id}/people/{user}', { params: { path: { id: place.organization_id, user: p.user_id } }, body })
    void again('people')
  }
  return (
    <Form title={t`Change ${p.display_name}`} verb={t`Save`} run={run} close={close}>
      <label className="field"><Trans>Name</Trans><input name="name" required maxLength={200} dir="auto" defaultValue={p.display_name} autoFocus /></label>
      <label className="field"><Trans>Kind</Trans><select name="kind" defaultValue={p.kind}>{Object.entries(kinds).map(([v, word]) => <option key={v} value={v}>{word}</option>)}</select></label>
      <label className="field"><Trans>Grade (students)</Trans><input name="grade" maxLength={50} dir="auto" defaultValue={p.grade} /></label>
      <label className="field"><Trans>State</Trans><select name="state" defaultValue={p.state}>{Object.entries(states).map(([v, word]) => <option key={v} value={v}>{word}</option>)}</select></label>
      {p.managed?.source_id && <p className="small quiet"><Trans>This person came with a roster. What you change here stays as you set it, whatever later rosters say.</Trans></p>}
    </Form>
  )
}
