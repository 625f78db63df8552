import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type DisclosureConsent, disclosureConsents } from '../../app/queries-compliance.ts'
import { Form, Listed, State, Table, once, useChange } from '../../parts/manage.tsx'
import { useOwnStudents } from '../../parts/own-students.ts'
import { StudentName } from '../../parts/own.tsx'
import { Title } from '../../parts/shell.tsx'

type Asked = null | 'ask' | { sign: DisclosureConsent } | { revoke: DisclosureConsent }

/** Consents to give records to others: asked for by officers, signed and taken back by parents and by students who are of age. */
export default function DisclosureConsents() {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(disclosureConsents(work))
  const [asked, ask] = useState<Asked>(null)
  const { again } = useChange()
  const asks = may(work.place, 'ask_disclosure_consents')
  const own = useOwnStudents()
  // What is on paper, officers record by the API; what is about their own child, they sign here as any parent does.
  const signs = (c: DisclosureConsent) => may(work.place, 'sign_disclosure_consents') && (!asks || own.some(s => s.rights && s.student_id === c.student_id))
  const close = () => ask(null)
  const at = (c: DisclosureConsent) => ({ id: work.place.organization_id, consent: c.id })
  const states: Record<DisclosureConsent['state'], string> = { requested: t`Waits for a signature`, signed: t`Signed`, revoked: t`Taken back`, expired: t`Over` }
  const text = (d: FormData, name: string) => String(d.get(name) ?? '').trim()
  return (
    <>
      <Title actions={asks && <button type="button" className="button main" onClick={() => ask('ask')}><Trans>Ask for a consent …</Trans></button>}>{t`Consents to give records to others`}</Title>
      <p><Trans>The school gives these records only to the one who is named, and only while the consent is signed and not taken back.</Trans></p>
      <Listed of={list} empty={t`No consent was asked for.`}>{rows => (
        <Table label={t`Consents to give records to others`} rows={rows} id={c => c.id} columns={[
          { head: t`To whom`, cell: c => <><bdi>{c.party}</bdi> <bdi className="small">{c.party_email}</bdi></> },
          { head: t`Student`, cell: c => <StudentName id={c.student_id} /> },
          { head: t`What for`, cell: c => <bdi>{c.purpose}</bdi> },
          { head: t`Files`, cell: c => c.file_ids.length },
          { head: t`State`, cell: c => <State state={c.state === 'signed' ? 'active' : c.state === 'requested' ? 'waiting' : 'revoked'} word={states[c.state]} /> },
          { head: t`Until`, cell: c => exactly(c.expires_at) },
          { head: t`Actions`, cell: c => (
            <span className="actions">
              {signs(c) && c.state === 'requested' && <button type="button" className="button" onClick={() => ask({ sign: c })}><Trans>Sign …</Trans></button>}
              {(signs(c) || asks) && (c.state === 'requested' || c.state === 'signed') && <button type="button" className="button" onClick={() => ask({ revoke: c })}><Trans>Take back …</Trans></button>}
            </span>) },
        ]} />
      )}</Listed>
      {asked === 'ask' && (
        <Form title={t`Ask for a consent`} verb={t`Ask`} close={close} run={async d => {
          await work.api.POST('/api/v1/organizations/{id}/disclosure-consents', { params: { path: { id: work.place.organization_id }, header: once() }, body: {
            student_id: text(d, 'student'), file_ids: text(d, 'files').split(/[\s,]+/), purpose: text(d, 'purpose'), party: text(d, 'party'), party_email: text(d, 'email'), expires_at: new Date(text(d, 'until')).toISOString() } })
          void again('disclosure-consents')
        }}>
          <label className="field"><Trans>Id of the student</Trans><input name="student" required pattern="[0-9a-fA-F\-]{36}" autoComplete="off" /></label>
          <label className="field"><Trans>Ids of the files</Trans><textarea name="files" required rows={2} autoComplete="off" /></label>
          <label className="field"><Trans>What for</Trans><textarea name="purpose" required maxLength={1000} dir="auto" rows={2} /></label>
          <label className="field"><Trans>To whom</Trans><input name="party" required maxLength={200} dir="auto" /></label>
          <label className="field"><Trans>Mail address</Trans><input name="email" type="email" required maxLength={320} /></label>
          <label className="field"><Trans>Until</Trans><input name="until" type="date" required /></label>
        </Form>
      )}
      {asked && asked !== 'ask' && 'sign' in asked && (
        <Form title={t`Sign the consent`} verb={t`Sign`} close={close} run={async d => { await work.api.POST('/api/v1/organizations/{id}/disclosure-consents/{consent}/sign', { params: { path: at(asked.sign) }, body: { name: text(d, 'name'), approve: true } }); void again('disclosure-consents') }}>
          <p><bdi>{asked.sign.party}</bdi>: <bdi>{asked.sign.purpose}</bdi></p>
          <label className="field"><Trans>Your name, as your signature</Trans><input name="name" required maxLength={200} dir="auto" autoComplete="name" /></label>
          <label className="check"><input type="checkbox" name="approve" required /> <Trans>I agree that these records are given to this person for this.</Trans></label>
        </Form>
      )}
      {asked && asked !== 'ask' && 'revoke' in asked && (
        <Form title={t`Take back`} verb={t`Take back`} danger close={close} run={async () => { await work.api.POST('/api/v1/organizations/{id}/disclosure-consents/{consent}/revoke', { params: { path: at(asked.revoke) } }); void again('disclosure-consents') }}>
          <p><Trans>Nothing is given on it any more from then on.</Trans></p>
        </Form>
      )}
    </>
  )
}
