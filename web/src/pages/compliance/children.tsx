import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { calendarDay } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { privacyNotice } from '../../app/queries.ts'
import { type OwnStudent, directoryPolicy, optOutOf, ownStudents } from '../../app/queries-compliance.ts'
import { phaseOf, todayUTC, wordOf } from '../../parts/directory.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Form, State, once, useChange } from '../../parts/manage.tsx'
import { brief } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'
import { toast } from '../../parts/toasts.tsx'
import { Policy } from './directory.tsx'

/** The place of a parent, whatever else they are at the school, and of a student of 18 or more: what they may see, refuse and ask for. */
export default function Children() {
  const { t } = useLingui()
  const work = useWork()
  const { data, error, refetch } = useQuery(ownStudents(work))
  const policy = useQuery(directoryPolicy(work))
  const [asked, ask] = useState<OwnStudent | null>(null)
  const [gone, have] = useState<OwnStudent | null>(null)
  const young = work.place.role === 'student'
  const name = (s: OwnStudent) => s.display_name || brief(s.student_id)
  const mine = data?.items.filter(s => s.rights) ?? []
  const grown = data?.items.filter(s => !s.rights && !s.self) ?? []
  return (
    <>
      <Title>{young ? t`My rights` : t`My children`}</Title>
      {error ? <Failure error={error} again={() => void refetch()} /> : !data && <Waiting />}
      {data && mine.length + grown.length === 0 && <p className="empty">{young
        ? <Trans>Until you are 18, your parents decide about your records. Ask them, or your teacher.</Trans>
        : <Trans>The school has linked no child to you. Ask it to do so.</Trans>}</p>}
      {mine.length > 0 && (
        <>
          <p>{young ? <Trans>You are 18 or older: the rights about your records are your own.</Trans> : <Trans>What you may see, refuse and ask for. It costs nothing, and your child loses nothing by it.</Trans>}</p>
          {mine.map(s => <Child key={s.student_id} of={s} name={name(s)} ask={() => ask(s)} have={() => have(s)} />)}
          <h2><Trans>Directory information of the school</Trans></h2>
          <p><Trans>What the school may tell of its students without asking each time, such as for a list of honors.</Trans></p>
          {policy.error ? <Failure error={policy.error} again={() => void policy.refetch()} /> : policy.data === undefined && <Waiting />}
          {policy.data === null && <p className="empty"><Trans>The school has not said what its directory information is. Nothing leaves as such.</Trans></p>}
          {policy.data && <Policy of={policy.data} />}
          <Deletion />
        </>
      )}
      {grown.map(s => <p key={s.student_id}><Trans><bdi>{name(s)}</bdi> is 18 or older: the rights are their own now, and they ask the school themselves.</Trans></p>)}
      {asked && <AskCopy of={asked} name={name(asked)} close={() => ask(null)} />}
      {gone && <AskDeletion of={gone} name={name(gone)} close={() => have(null)} />}
    </>
  )
}

function Child({ of: s, name, ask, have }: { of: OwnStudent; name: string; ask: () => void; have: () => void }) {
  const { place } = useWork()
  const params = { org: place.organization_id }
  return (
    <section className="panel" aria-labelledby={'child-' + s.student_id}>
      <h2 id={'child-' + s.student_id}><bdi>{name}</bdi></h2>
      <OptOut of={s} name={name} />
      <p className="actions">
        {may(place, 'ask_access') && <button type="button" className="button" onClick={ask}><Trans>Ask for a copy …</Trans></button>}
        {may(place, 'read_access_requests') && <Link className="button" to="/o/$org/access-requests" params={params}><Trans>Requests to see records</Trans></Link>}
        {may(place, 'ask_erasure') && <button type="button" className="button" onClick={have}><Trans>Have data deleted …</Trans></button>}
        {may(place, 'read_erasure_requests') && <Link className="button" to="/o/$org/erasure-requests" params={params}><Trans>Requests to delete data</Trans></Link>}
        {may(place, 'read_amendments') && <Link className="button" to="/o/$org/amendments" params={params}><Trans>Requests to change records</Trans></Link>}
        {may(place, 'read_disclosures') && <Link className="button" to="/o/$org/disclosures" params={params}><Trans>Who was given records</Trans></Link>}
        {may(place, 'read_disclosure_consents') && <Link className="button" to="/o/$org/disclosure-consents" params={params}><Trans>Consents to give records to others</Trans></Link>}
      </p>
    </section>
  )
}

/** The switch of directory information. What another parent refused stays refused. */
function OptOut({ of: s, name }: { of: OwnStudent; name: string }) {
  const { t } = useLingui()
  const work = useWork()
  const { data, error, refetch } = useQuery(optOutOf(work, s.student_id))
  const policy = useQuery(directoryPolicy(work)).data
  const { busy, change } = useChange()
  if (error) return <Failure error={error} again={() => void refetch()} />
  if (!data) return <Waiting />
  const { own, others } = wordOf(data, work.place.user_id)
  // A student of 18 or more takes back what parents refused as well.
  const on = s.self ? data.opted_out : own
  const turn = () => void change(() => work.api.PUT('/api/v1/organizations/{id}/directory-opt-outs/{student}', {
    params: { path: { id: work.place.organization_id, student: s.student_id } }, body: { opted_out: !on, holder_id: work.place.user_id },
  }), t`Saved.`, 'directory')
  return (
    <>
      <p><State state={data.opted_out ? 'active' : 'waiting'} word={data.opted_out ? t`Directory information is refused` : t`Directory information is not refused`} /></p>
      {may(work.place, 'opt_out') && <label className="check"><input type="checkbox" checked={on} aria-disabled={busy} onChange={turn} /> <span><Trans>Tell no one outside the school about <bdi>{name}</bdi> as directory information</Trans></span></label>}
      {!s.self && others && <p className="small"><Trans>It was refused for another person too. Of several the stricter one counts.</Trans></p>}
      {policy && phaseOf(policy, todayUTC()) !== 'open' && <p className="small"><Trans>Until {calendarDay(policy.opt_out_until)} the school waits and tells nothing as directory information. You can refuse later too.</Trans></p>}
      <p className="small quiet"><Trans>It stays when the student leaves the school, until you take it back. It does not hide the name and the mail address inside of a class.</Trans></p>
    </>
  )
}

function AskCopy({ of: s, name, close }: { of: OwnStudent; name: string; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const run = async (d: FormData) => {
    await api.POST('/api/v1/organizations/{id}/access-requests', { params: { path: { id: place.organization_id }, header: once() }, body: { student_id: s.student_id, note: String(d.get('note')).trim() } })
    toast(t`The school answers within 45 days. Until then nothing of these records is destroyed.`)
    void again('access-requests', 'holds')
  }
  return (
    <Form title={t`Ask for a copy`} verb={t`Ask`} run={run} close={close}>
      <p><bdi>{name}</bdi></p>
      <p><Trans>The school answers within 45 days. Until then nothing of these records is destroyed.</Trans></p>
      <label className="field"><Trans>What you want to see</Trans><textarea name="note" maxLength={1000} dir="auto" rows={3} autoFocus /></label>
    </Form>
  )
}

function AskDeletion({ of: s, name, close }: { of: OwnStudent; name: string; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const run = async (d: FormData) => {
    await api.POST('/api/v1/organizations/{id}/erasure-requests', { params: { path: { id: place.organization_id }, header: once() }, body: { student_id: s.student_id, note: String(d.get('note')).trim() } })
    toast(t`The school was told, and decides within 30 days.`)
    void again('erasure-requests', 'erasures')
  }
  return (
    <Form title={t`Have data deleted`} verb={t`Ask`} danger run={run} close={close}>
      <p><bdi>{name}</bdi></p>
      <p><Trans>The school decides within 30 days. What is here of a child by a parent's consent alone is destroyed without a decision.</Trans> <Trans>It cannot be brought back.</Trans></p>
      <label className="field"><Trans>What shall go</Trans><textarea name="note" maxLength={1000} dir="auto" rows={3} autoFocus /><span className="hint"><Trans>Name the files, or say that all shall go.</Trans></span></label>
    </Form>
  )
}

/** How files are deleted: the school does, and says here whom to ask. */
function Deletion() {
  const work = useWork()
  const notice = useQuery(privacyNotice(work))
  const contact = notice.data?.contact
  return (
    <>
      <h2><Trans>To have files deleted</Trans></h2>
      <p><Trans>Ask the school, and name the files or say that all shall go. It destroys them in every copy and gives you a certificate. If you agreed by mail, the button in each of those mails takes your consent back, and the files are deleted.</Trans></p>
      {notice.error && <Failure error={notice.error} again={() => void notice.refetch()} />}
      {notice.data && <p>{contact ? <Trans>Whom to ask: <bdi>{contact}</bdi></Trans> : <Trans>The school has not written down here whom to ask. Ask its office.</Trans>}</p>}
      <p><a href={'/privacy/' + work.place.organization_id} target="_blank" rel="noreferrer"><Trans>What the school collects, and what for</Trans></a></p>
    </>
  )
}
