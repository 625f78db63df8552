import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { type Invitation, invitations } from '../../app/queries-admin.ts'
import { Choice, Form, Listed, State, Table, useAddress, useChange, useRoleName } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { Invite } from './invite.tsx'

/** Who was invited, what became of the mail, and who has answered. */
export default function Invitations() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const [asked, ask] = useState<'invite' | Invitation | null>(null)
  const { busy, change, again } = useChange()
  const role = useRoleName()
  const list = useInfiniteQuery({ ...invitations(work, at.state), refetchInterval: 10_000 })
  const states: Record<Invitation['state'], string> = { pending: t`Waits`, accepted: t`Accepted`, declined: t`Declined`, revoked: t`Revoked`, expired: t`Expired` }
  const mail: Record<Invitation['delivery'], string> = { queued: t`will be sent`, sent: t`sent`, failed: t`not delivered` }
  const path = (i: Invitation) => ({ params: { path: { id: work.place.organization_id, invitation: i.id } } })
  const name = (i: Invitation) => i.email ?? t`Address removed`
  return (
    <>
      <Title actions={<button type="button" className="button main" onClick={() => ask('invite')}><Trans>Invite …</Trans></button>}>{t`Invitations`}</Title>
      <div className="bar"><Choice label={t`State`} all={t`All`} value={at.state} options={Object.entries(states)} choose={state => go({ state })} /></div>
      <Listed of={list} empty={t`There is no invitation. Invite somebody by their e-mail address.`}>{rows => (
        <Table label={t`Invitations`} rows={rows} id={i => i.id} columns={[
          { head: t`To`, cell: i => <bdi>{name(i)}</bdi> },
          { head: t`Role`, cell: i => role(i.role) },
          { head: t`State`, cell: i => <State state={i.state} word={states[i.state]} /> },
          { head: t`Mail`, cell: i => <><State state={i.delivery} word={mail[i.delivery]} />{i.delivery_code && <span className="small quiet"> {i.delivery_code}</span>}</> },
          { head: t`Expires`, cell: i => <time dateTime={i.expires_at}>{exactly(i.expires_at)}</time> },
          { head: t`Actions`, cell: i => i.state === 'pending' && (
            <span className="actions">
              <button type="button" className="button" aria-disabled={busy} aria-label={t`Send the mail to ${name(i)} again`} onClick={() => void change(() => work.api.POST('/api/v1/organizations/{id}/invitations/{invitation}/resend', path(i)), t`The mail to ${name(i)} is sent again.`, 'invitations')}><Trans>Send again</Trans></button>
              <button type="button" className="button" aria-label={t`Revoke the invitation of ${name(i)}`} onClick={() => ask(i)}><Trans>Revoke …</Trans></button>
            </span>) },
        ]} />
      )}</Listed>
      {asked === 'invite' && <Invite close={() => ask(null)} />}
      {asked && asked !== 'invite' && (
        <Form title={t`Revoke the invitation`} verb={t`Revoke`} danger close={() => ask(null)} run={async () => { await work.api.DELETE('/api/v1/organizations/{id}/invitations/{invitation}', path(asked)); void again('invitations') }}>
          <p><Trans>The link in the mail to <bdi>{name(asked)}</bdi> does not work any more.</Trans></p>
        </Form>
      )}
    </>
  )
}
