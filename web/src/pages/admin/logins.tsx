import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { Schemas } from '@satchel/client'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { loginRequests } from '../../app/queries-admin.ts'
import { Choice, Form, Listed, Table, useAddress, useChange } from '../../parts/manage.tsx'
import { ChoosePerson, Named } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

type Request = Schemas['LoginRequest']

/** Logins of people that the organization does not know yet: an administrator says who they are. */
export default function Logins() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const [asked, ask] = useState<{ link: Request } | { dismiss: Request } | null>(null)
  const state = at.state ?? 'waiting'
  const list = useInfiniteQuery({ ...loginRequests(work, state), refetchInterval: 15_000 })
  const reasons: Record<Request['reason'], string> = {
    no_person: t`There is no such person in the roster`, several_people: t`Several people fit`, person_taken: t`The person has another login`, guardian: t`Guardians are let in by hand`,
    over_seats: t`There is no seat left in the tier`, not_active: t`The person is not active`, unlinked: t`The login was taken away before`,
  }
  const name = (r: Request) => r.shown_name || r.subject
  return (
    <>
      <Title>{t`Logins that wait`}</Title>
      <p><Trans>These people have signed in, and the organization does not know who they are. Until you decide, they see nothing.</Trans></p>
      <div className="bar"><Choice label={t`State`} value={state} options={[['waiting', t`Waiting`], ['linked', t`Linked`], ['dismissed', t`Dismissed`]]} choose={s => go({ state: s })} /></div>
      <Listed of={list} empty={state === 'waiting' ? t`No login waits.` : t`There is none.`}>{rows => (
        <Table label={t`Logins`} rows={rows} id={r => r.id} columns={[
          { head: t`Name at the sign-in`, cell: r => <bdi>{name(r)}</bdi> },
          { head: t`Login`, cell: r => <><bdi>{r.subject}</bdi><br /><span className="small quiet"><bdi>{r.issuer}</bdi></span></> },
          { head: t`Why it waits`, cell: r => reasons[r.reason] },
          { head: t`Who it may be`, cell: r => (r.candidates.length === 0 ? '–' : <ul>{r.candidates.map(c => <li key={c}><Named id={c} /></li>)}</ul>) },
          { head: t`Seen`, cell: r => exactly(r.seen_at) },
          { head: t`Actions`, cell: r => r.state === 'waiting' && (
            <span className="actions">
              <button type="button" className="button" aria-label={t`Say who ${name(r)} is`} onClick={() => ask({ link: r })}><Trans>This is …</Trans></button>
              <button type="button" className="button" aria-label={t`Dismiss ${name(r)}`} onClick={() => ask({ dismiss: r })}><Trans>Dismiss …</Trans></button>
            </span>) },
        ]} />
      )}</Listed>
      {asked && <Decide asked={asked} close={() => ask(null)} />}
    </>
  )
}

function Decide({ asked, close }: { asked: { link: Request } | { dismiss: Request }; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  if ('dismiss' in asked) {
    return (
      <Form title={t`Dismiss the login`} verb={t`Dismiss`} danger close={close} run={async () => {
        await api.POST('/api/v1/organizations/{id}/login-requests/{request}/dismiss', { params: { path: { id: place.organization_id, request: asked.dismiss.id } } })
        void again('login-requests')
      }}><p><Trans>Who signs in with it sees nothing of the organization.</Trans></p></Form>
    )
  }
  const r = asked.link
  return (
    <Form title={t`Who is ${r.shown_name || r.subject}?`} verb={t`Link the login`} close={close} run={async d => {
      await api.POST('/api/v1/organizations/{id}/login-requests/{request}/link', { params: { path: { id: place.organization_id, request: r.id } }, body: { user_id: String(d.get('user')) } })
      void again('login-requests', 'people')
    }}>
      <p><Trans>They will see everything of the person that you choose. Make sure that it is them.</Trans></p>
      {r.candidates.length > 0 && <fieldset className="checks"><legend><Trans>Who it may be</Trans></legend>
        {r.candidates.map(c => <label key={c} className="check"><input type="radio" name="user" value={c} required /><span><Named id={c} /></span></label>)}</fieldset>}
      <ChoosePerson name="user" />
    </Form>
  )
}
