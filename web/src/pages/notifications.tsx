import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, Navigate, useRouteContext } from '@tanstack/react-router'
import type { FormEvent } from 'react'

import { useWork } from '../app/context.tsx'
import { exactly } from '../app/format.ts'
import type { RouterContext } from '../app/frame.tsx'
import { mailAddresses, notifications, preferences } from '../app/queries.ts'
import { Failure } from '../parts/failure.tsx'
import { Listed, useChange } from '../parts/manage.tsx'
import { Title } from '../parts/shell.tsx'

/** Where the links of mails lead: to the notifications of the first organization. */
export function FromMail() {
  const { places } = useRouteContext({ strict: false }) as RouterContext
  const first = places.find(p => p.role !== 'operator' && p.role !== 'auditor')
  return first ? <Navigate to="/o/$org/notifications" params={{ org: first.organization_id }} replace /> : <Navigate to="/" replace />
}

/** What the person was told, and how they are told. */
export default function Notifications() {
  const { t } = useLingui()
  const work = useWork()
  const listed = useInfiniteQuery(notifications(work))
  const { busy, change } = useChange()
  const about = useSentences()
  const unread = listed.data?.pages.some(p => p.items.some(n => !n.read_at))
  const readAll = () => void change(() => work.api.POST('/api/v1/notifications/read-all'), '', 'notifications')
  return (
    <>
      <Title actions={unread && <button type="button" className="button" aria-disabled={busy} onClick={readAll}><Trans>Mark all as read</Trans></button>}>{t`Notifications`}</Title>
      <Listed of={listed} empty={t`There is nothing new for you.`}>{rows => (
        <ul className="told" aria-label={t`Notifications`}>{rows.map(n => {
          const { text, to } = about(n.kind)
          return (
            <li key={n.id} data-read={n.read_at ? true : undefined}>
              <Link to={to}>{text}</Link> {!n.read_at && <strong className="small"><Trans>New</Trans></strong>}
              <span className="small quiet"> {exactly(n.created_at)}</span>
            </li>)
        })}</ul>
      )}</Listed>
      <ByMail />
    </>
  )
}

function useSentences(): (kind: string) => { text: string; to: string } {
  const { t } = useLingui()
  const { place } = useWork()
  const at = `/o/${place.organization_id}`
  return kind => {
    switch (kind) {
      case 'agreement.ending': return { text: t`The agreement of your school for children's data ends soon, or is over.`, to: `${at}/manage/agreements` }
      case 'compliance.due': return { text: t`A duty, a notice about an incident or a directive about data is due soon, or late.`, to: `${at}/manage/duties` }
      case 'generation.drafted': return { text: t`A document that you asked for is ready for your review.`, to: `${at}/generate` }
      case 'generation.failed': return { text: t`A document that you asked for could not be made.`, to: `${at}/generate` }
      case 'handin.returned': return { text: t`A teacher returned your work.`, to: place.role === 'student' ? `${at}/send` : `${at}/spaces` }
      case 'key.all_spaces': return { text: t`A key that reads every space was made.`, to: `${at}/manage/keys` }
      case 'parent.unreachable': return { text: t`A mail that asks a parent for consent could not be delivered.`, to: `${at}/manage/consent-requests` }
      case 'access_request.due': return { text: t`A request to see records of a student waits for an answer.`, to: `${at}/access-requests` }
      case 'access_request.ready': return { text: t`The records that you asked for are ready.`, to: `${at}/access-requests` }
      case 'amendment.due': return { text: t`The next step of a request to change a record is due soon, or late.`, to: `${at}/amendments` }
      case 'amendment.moved': return { text: t`A request to change a record went on.`, to: `${at}/amendments` }
      case 'erasure.answered': return { text: t`There is news about your request to delete data.`, to: `${at}/erasure-requests` }
      case 'erasure.asked': return { text: t`A parent asks that the data of a student is deleted.`, to: `${at}/erasure-requests` }
      case 'erasure.began': return { text: t`An erasure began by itself, after a withdrawn consent or because a parent asked.`, to: `${at}/manage/erasures` }
      case 'report.ready': return { text: t`A report that you asked for is ready, as a file.`, to: `${at}/reports` }
      case 'roblox.attention': return { text: t`A connection to Roblox needs you: it stopped, or something may have been made there twice.`, to: `${at}/manage/roblox` }
      case 'share.received': return { text: t`Something was shared with you.`, to: `${at}/shared` }
      case 'space.breakglass': return { text: t`An administrator opened a space of yours and gave a reason.`, to: `${at}/spaces` }
      case 'space.breakglass_review': return { text: t`A use of break-glass waits for somebody who reviews it.`, to: `${at}/manage/break-glass` }
      case 'space.substitute': return { text: t`A substitute works in a space of yours for a while.`, to: `${at}/spaces` }
      case 'subprocessor.changed': return { text: t`The list of who else gets data of your school changed.`, to: `${at}/manage/agreements` }
      case 'usage.warning': return { text: t`Your school comes near a limit.`, to: `${at}/manage/usage` }
      case 'webhook.disabled': return { text: t`A webhook failed for days and was switched off.`, to: `${at}/manage/webhooks` }
      default: return { text: t`There is something new.`, to: `${at}` }
    }
  }
}

/** The address to which notifications are mailed, and how often. */
function ByMail() {
  const { t } = useLingui()
  const work = useWork()
  const addresses = useQuery(mailAddresses(work))
  const wanted = useQuery(preferences(work))
  const { busy, change } = useChange()
  const sent = (run: (d: FormData) => Promise<unknown>, done: string) => (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const form = e.currentTarget
    void change(() => run(new FormData(form)), done, 'notifications').then(ok => { if (ok) form.reset() })
  }
  const pending = addresses.data?.items.some(a => a.state === 'pending')
  const cadence = wanted.data?.preferences.find(p => p.kind === '*' && p.channel === 'mail')?.cadence ?? 'now'
  const often = { now: t`at once`, daily: t`once a day`, weekly: t`once a week`, never: t`never` }
  const choose = (value: string) => void change(() => work.api.PATCH('/api/v1/me/notification-preferences', { body: { preferences: [{ kind: '*', channel: 'mail', cadence: value as 'now' }] } }), t`It is saved.`, 'notifications')
  return (
    <section className="panel" aria-labelledby="by-mail"><h2 id="by-mail"><Trans>By mail</Trans></h2>
      <p><Trans>Notifications are also sent to a mail address that you confirm by a code.</Trans></p>
      {addresses.error && <Failure error={addresses.error} again={() => void addresses.refetch()} />}
      <ul>{addresses.data?.items.map(a => (
        <li key={a.id}><bdi>{a.address}</bdi> <span className="small quiet">{a.state === 'confirmed' ? t`confirmed` : t`waits for its code`}</span>{' '}
          <button type="button" className="button" aria-disabled={busy} aria-label={t`Remove ${a.address}`}
            onClick={() => void change(() => work.api.DELETE('/api/v1/me/mail/{address}', { params: { path: { address: a.id } } }), t`The address is removed.`, 'notifications')}><Trans>Remove</Trans></button></li>
      ))}</ul>
      {pending && (
        <form className="form" onSubmit={sent(d => work.api.POST('/api/v1/me/mail/confirm', { body: { code: String(d.get('code')).trim() } }), t`The address is confirmed.`)}>
          <label className="field"><Trans>Code from the mail</Trans><input name="code" required maxLength={50} inputMode="numeric" autoComplete="one-time-code" /></label>
          <div className="actions"><button className="button main" aria-disabled={busy}><Trans>Confirm</Trans></button></div>
        </form>
      )}
      <form className="form" onSubmit={sent(d => work.api.POST('/api/v1/me/mail', { body: { address: String(d.get('address')).trim() } }), t`The code is on its way.`)}>
        <label className="field"><Trans>E-mail address</Trans><input name="address" type="email" required maxLength={254} autoComplete="email" /></label>
        <div className="actions"><button className="button" aria-disabled={busy}><Trans>Send me a code</Trans></button></div>
      </form>
      {wanted.data && <label className="field"><Trans>How often</Trans><select value={cadence} onChange={e => choose(e.target.value)}>{Object.entries(often).map(([v, word]) => <option key={v} value={v}>{word}</option>)}</select></label>}
      <p className="small quiet"><Trans>What concerns your security is sent at once.</Trans></p>
    </section>
  )
}
