import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type ConsentRequest, consentOf, consentRequests, consentTerms } from '../../app/queries-compliance.ts'
import { type RequestState, canCancel, canResend, markOf } from '../../parts/consent-requests.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Choice, Form, Listed, State, Table, useAddress, useChange } from '../../parts/manage.tsx'
import { Named } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'
import { toast } from '../../parts/toasts.tsx'
import { AddressHint, AskConsent } from './ask-consent.tsx'
import { ConsentRequestDetails } from './consent-request-details.tsx'

type Asked = null | 'times' | 'ask' | { read: ConsentRequest } | { resend: ConsentRequest } | { cancel: ConsentRequest }

/** Requests to parents for consent by mail: how each stands, what comes next, and what an officer can do about it. */
export default function ConsentRequests() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const list = useInfiniteQuery(consentRequests(work, { state: at.state, child: at.child }))
  const [asked, ask] = useState<Asked>(null)
  const states = useRequestStates()
  const manages = may(work.place, 'manage_consent')
  const close = () => ask(null)
  return (
    <>
      <Title actions={manages && <>
        {at.child && <AskAbout child={at.child} ask={() => ask('ask')} />}
        <button type="button" className="button" onClick={() => ask('times')}><Trans>Change the times …</Trans></button>
      </>}>{t`Requests for consent`}</Title>
      <p><Trans>Parents who were asked by mail whether files of their child may be here. You ask a parent on the page of the student.</Trans> <Link to="/o/$org/manage/people" params={{ org: work.place.organization_id }} search={{ kind: 'student' }}><Trans>To the students</Trans></Link></p>
      <div className="bar">
        <Choice label={t`State`} all={t`Everything`} value={at.state} options={Object.entries(states)} choose={state => go({ state })} />
        {at.child && <p><Trans>About one student alone: <Named id={at.child} /></Trans> <button type="button" className="button" onClick={() => go({ child: undefined })}><Trans>Show all students</Trans></button></p>}
      </div>
      <Listed of={list} empty={at.state || at.child ? t`Nothing here fits the filter.` : t`No parent was asked by mail.`}>{rows => (
        <Table label={t`Requests for consent`} rows={rows} id={r => r.id} columns={[
          { head: t`Student`, cell: r => <Link to="/o/$org/manage/people/$user" params={{ org: work.place.organization_id, user: r.child_id }}><Named id={r.child_id} /></Link> },
          { head: t`State`, cell: r => <Standing of={r} word={states[r.state]} /> },
          { head: t`Asked`, cell: r => r.asked_at ? exactly(r.asked_at) : t`Not yet` },
          { head: t`What comes next`, cell: r => <Next of={r} /> },
          { head: t`Actions`, cell: r => (
            <span className="actions">
              <button type="button" className="button" onClick={() => ask({ read: r })}><Trans>Look …</Trans></button>
              {manages && canResend(r) && <button type="button" className="button" onClick={() => ask({ resend: r })}><Trans>Send again …</Trans></button>}
              {manages && canCancel(r) && <button type="button" className="button" onClick={() => ask({ cancel: r })}><Trans>Take back …</Trans></button>}
            </span>) },
        ]} />
      )}</Listed>
      {asked === 'times' && <Times close={close} />}
      {asked === 'ask' && at.child && <AskConsent child={at.child} close={close} />}
      {asked && typeof asked === 'object' && 'read' in asked && <ConsentRequestDetails of={asked.read} word={states[asked.read.state]} close={close} />}
      {asked && typeof asked === 'object' && 'resend' in asked && <Resend of={asked.resend} close={close} />}
      {asked && typeof asked === 'object' && 'cancel' in asked && <Cancel of={asked.cancel} close={close} />}
    </>
  )
}

/** The states in words. */
function useRequestStates(): Record<RequestState, string> {
  const { t } = useLingui()
  return {
    required: t`To be asked`, notice_pending: t`The mail goes out`, requested: t`Asked; the answer is to come`, undeliverable: t`The mail did not arrive`, provisional: t`Agreed by mail; the second mail is to come`,
    granted: t`Agreed`, denied: t`Did not agree`, expired: t`No answer in time`, revoked: t`Withdrew the consent`, reconsent_required: t`Agreed to an earlier notice`,
    aged_out: t`The student is 13 or older`, void: t`Taken back, or does not count`,
  }
}

/** The state of one, with why its mail did not arrive. Of what is void the row tells which of the two it is. */
function Standing({ of: r, word }: { of: ConsentRequest; word: string }) {
  const { t } = useLingui()
  const over = r.answered_at || r.grant_id ? t`The consent does not count` : t`Taken back, or a signed form came`
  return <><State state={markOf(r.state)} word={r.state === 'void' ? over : word} />{r.mail_code && <code className="small quiet"> {r.mail_code}</code>}</>
}

function Next({ of: r }: { of: ConsentRequest }) {
  const { t } = useLingui()
  if (r.ended_at) return t`Over since ${exactly(r.ended_at)}; the address is deleted`
  switch (r.state) {
    case 'requested': return t`Without an answer it ends on ${exactly(r.expires_at)}`
    case 'undeliverable': return t`Send it to another address; it ends on ${exactly(r.expires_at)}`
    case 'provisional': return r.confirm_at && t`The second mail goes out on ${exactly(r.confirm_at)}; the consent counts from then on`
    case 'granted': return t`It counts until the parent withdraws it, or the student is 13`
    case 'reconsent_required': return t`What is here stays, and nothing new is taken by it. Send the newest notice.`
    default: return t`The mail is tried until ${exactly(r.expires_at)}`
  }
}

/** The button to ask another parent. It is shown where the list is about one student, and that student is a child. */
function AskAbout({ child, ask }: { child: string; ask: () => void }) {
  const state = useQuery(consentOf(useWork(), child))
  return state.data?.is_child && <button type="button" className="button main" onClick={ask}><Trans>Ask a parent by mail …</Trans></button>
}

function Resend({ of: r, close }: { of: ConsentRequest; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const run = async (d: FormData) => {
    const email = String(d.get('email')).trim()
    await api.POST('/api/v1/organizations/{id}/consent-requests/{request}/resend', { params: { path: { id: place.organization_id, request: r.id } }, body: email ? { email } : {} })
    toast(t`The mail to the parent is on its way.`)
    void again('consent-requests', 'consent')
  }
  return (
    <Form title={t`Send the mail again`} verb={t`Send`} run={run} close={close}>
      <p><Trans>It shows the newest notice. The links of earlier mails end, and the parent has the whole time to answer again.</Trans></p>
      <label className="field"><Trans>Another mail address</Trans><input name="email" type="email" required={!r.has_address} maxLength={254} dir="ltr" autoComplete="off" autoFocus />
        <span className="hint">{r.has_address && <><Trans>Leave it empty for the address that is here.</Trans> </>}<AddressHint /></span></label>
    </Form>
  )
}

function Cancel({ of: r, close }: { of: ConsentRequest; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const run = async () => {
    await api.POST('/api/v1/organizations/{id}/consent-requests/{request}/cancel', { params: { path: { id: place.organization_id, request: r.id } } })
    toast(t`The request is taken back.`)
    void again('consent-requests', 'consent')
  }
  return (
    <Form title={t`Take the request back`} verb={t`Take back`} danger run={run} close={close}>
      <p><Trans>The address of the parent is deleted, and no mail goes out any more. A parent who opens a link of an earlier one reads that the school took the question back.</Trans></p>
    </Form>
  )
}

/** How long parents have to answer, and when the second mail follows. */
function Times({ close }: { close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { again } = useChange()
  const { data, error, refetch } = useQuery(consentTerms(work))
  const run = async (d: FormData) => {
    await work.api.PUT('/api/v1/organizations/{id}/consent/terms', {
      params: { path: { id: work.place.organization_id } }, body: { consent_days: Number(d.get('days')), confirm_hours: Number(d.get('hours')) },
    })
    toast(t`Saved.`)
    void again('consent')
  }
  return (
    <Form title={t`Times of requests for consent`} verb={t`Save`} run={run} close={close}>
      {error ? <Failure error={error} again={() => void refetch()} /> : !data && <Waiting />}
      {data && <>
        <p><Trans>They count for what is asked from now on.</Trans></p>
        <label className="field"><Trans>Days for which a parent can answer</Trans><input name="days" type="number" min={3} max={30} required defaultValue={data.consent_days} autoFocus /></label>
        <label className="field"><Trans>Hours from a yes to the second mail</Trans><input name="hours" type="number" min={1} max={168} required defaultValue={data.confirm_hours} /></label>
      </>}
    </Form>
  )
}
