import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Amendment, type AmendmentStep, amendments } from '../../app/queries-compliance.ts'
import { Form, Listed, State, Table, once, useChange } from '../../parts/manage.tsx'
import { useOwnStudents } from '../../parts/own-students.ts'
import { ChooseOwn, StudentName } from '../../parts/own.tsx'
import { Title } from '../../parts/shell.tsx'

// What may follow, as the table of docs/compliance/amendments.md has it: the API refuses anything else.
const officers: Partial<Record<Amendment['state'], AmendmentStep[]>> = {
  requested: ['review'], under_review: ['amend', 'deny'], denied: ['close'], hearing_requested: ['schedule'], scheduled: ['hold', 'schedule'], held: ['decide_uphold', 'decide_amend'], decided_uphold: ['close'],
}
const requesters: Partial<Record<Amendment['state'], AmendmentStep[]>> = {
  requested: ['withdraw'], under_review: ['withdraw'], denied: ['request_hearing', 'withdraw'], hearing_requested: ['withdraw'], scheduled: ['withdraw'], held: ['withdraw'], decided_uphold: ['state', 'withdraw'],
}

type Asked = null | 'ask' | { of: Amendment; step: AmendmentStep }

/** Requests to amend records, each with the day by which its next step is due: all for officers, their own for others. */
export default function Amendments() {
  const { t } = useLingui()
  const work = useWork()
  const [ended, showEnded] = useState(false)
  const list = useInfiniteQuery(amendments(work, ended))
  const [asked, ask] = useState<Asked>(null)
  const { again } = useChange()
  const manages = may(work.place, 'classify_records')
  const own = useOwnStudents()
  // An officer of the student's side decides nothing for the school (34 CFR 99.22(c)): the API refuses it.
  const aside = (a: Amendment) => manages && own.some(s => s.student_id === a.student_id)
  const close = () => ask(null)
  const states: Record<Amendment['state'], string> = {
    requested: t`Came in`, under_review: t`Is looked through`, amended: t`The record was changed`, denied: t`Refused`, hearing_requested: t`A hearing was asked for`, scheduled: t`A hearing has its day`,
    held: t`The hearing was held`, decided_amend: t`The hearing decided for a change`, decided_uphold: t`The hearing upheld the record`, statement_attached: t`A statement is with the record`, withdrawn: t`Taken back`, closed: t`Closed`,
  }
  const steps: Record<AmendmentStep, string> = {
    review: t`Look through`, amend: t`Record the change`, deny: t`Refuse`, request_hearing: t`Ask for a hearing`, schedule: t`Set the day of the hearing`, hold: t`The hearing was held`,
    decide_amend: t`Decide for a change`, decide_uphold: t`Uphold the record`, state: t`Add a statement`, withdraw: t`Take back`, close: t`Close`,
  }
  const next = (a: Amendment): AmendmentStep[] => [...(manages && !aside(a) ? officers[a.state] ?? [] : []), ...((!manages || a.requester_id === work.place.user_id) && may(work.place, 'ask_amendment') ? requesters[a.state] ?? [] : [])]
  const good = (a: Amendment) => a.state === 'amended' || a.state === 'decided_amend' || a.state === 'statement_attached' || a.state === 'closed'
  const text = (d: FormData, name: string) => String(d.get(name) ?? '').trim()
  const id = work.place.organization_id
  return (
    <>
      <Title actions={may(work.place, 'ask_amendment') && <button type="button" className="button main" onClick={() => ask('ask')}><Trans>Ask for a change …</Trans></button>}>{t`Requests to change records`}</Title>
      <p><Trans>Who believes that a record is wrong asks the school to change it. What the school refuses is heard, and a statement stays with a record that is not changed.</Trans></p>
      <label className="check"><input type="checkbox" checked={ended} onChange={e => showEnded(e.target.checked)} /> <Trans>Show those that are over</Trans></label>
      <Listed of={list} empty={t`No request is open.`}>{rows => (
        <Table label={t`Requests to change records`} rows={rows} id={a => a.id} columns={[
          { head: t`Came in`, cell: a => exactly(a.requested_at) },
          { head: t`Student`, cell: a => <StudentName id={a.student_id} /> },
          { head: t`What is asked for`, cell: a => <><bdi>{a.what}</bdi>{a.reason && <><br /><bdi className="small">{a.reason}</bdi></>}{a.decision && <><br /><bdi className="small">{a.decision}</bdi></>}</> },
          { head: t`State`, cell: a => <><State state={a.state === 'withdrawn' || a.state === 'denied' ? 'revoked' : good(a) ? 'active' : 'waiting'} word={states[a.state]} />{a.state === 'scheduled' && a.hearing_at && <span className="small"> {exactly(a.hearing_at)}, <bdi>{a.hearing_place}</bdi></span>}</> },
          { head: t`Due`, cell: a => a.due_at && <>{exactly(a.due_at)}{a.overdue && <strong className="bad"> <Trans>Late</Trans></strong>}</> },
          { head: t`Actions`, cell: a => <span className="actions">{next(a).map(step => <button key={step} type="button" className="button" onClick={() => ask({ of: a, step })}>{steps[step]}</button>)}
            {aside(a) && officers[a.state] && <span className="small quiet"><Trans>It is about you or your child: another owner or administrator decides.</Trans></span>}</span> },
        ]} />
      )}</Listed>
      {asked === 'ask' && (
        <Form title={t`Ask for a change`} verb={t`Ask`} close={close} run={async d => {
          await work.api.POST('/api/v1/organizations/{id}/amendments', { params: { path: { id }, header: once() }, body: { file_id: text(d, 'file'), student_id: text(d, 'student') || work.place.user_id, what: text(d, 'what') } })
          void again('amendments', 'holds')
        }}>
          <label className="field"><Trans>Id of the file</Trans><input name="file" required pattern="[0-9a-fA-F\-]{36}" autoComplete="off" /></label>
          {!manages && work.place.role !== 'student' && own.some(s => s.rights)
            ? <ChooseOwn of={own} />
            : work.place.role !== 'student' && <label className="field"><Trans>Id of the student</Trans><input name="student" required pattern="[0-9a-fA-F\-]{36}" autoComplete="off" /></label>}
          <label className="field"><Trans>What is wrong, and how it should be</Trans><textarea name="what" required maxLength={2000} dir="auto" rows={4} /></label>
        </Form>
      )}
      {asked && asked !== 'ask' && (
        <Form title={steps[asked.step]} verb={t`Save`} danger={asked.step === 'deny' || asked.step === 'withdraw'} close={close} run={async d => {
          const at = text(d, 'at')
          await work.api.POST('/api/v1/organizations/{id}/amendments/{amendment}/steps', { params: { path: { id, amendment: asked.of.id } }, body: {
            step: asked.step, reason: text(d, 'reason'), decision: text(d, 'decision'), statement: text(d, 'statement'), ...(at ? { hearing_at: new Date(at).toISOString(), hearing_place: text(d, 'place'), hearing_officer: text(d, 'officer') } : {}) } })
          void again('amendments', 'holds')
        }}>
          {(asked.step === 'amend' || asked.step === 'deny') && <label className="field"><Trans>Reason</Trans><textarea name="reason" required maxLength={2000} dir="auto" rows={3} /></label>}
          {(asked.step === 'decide_amend' || asked.step === 'decide_uphold') && <label className="field"><Trans>The decision, with the evidence and the reasons</Trans><textarea name="decision" required maxLength={5000} dir="auto" rows={5} /></label>}
          {asked.step === 'state' && <label className="field"><Trans>Your statement. Everybody who reads the record reads it too.</Trans><textarea name="statement" required maxLength={5000} dir="auto" rows={5} /></label>}
          {asked.step === 'schedule' && (
            <>
              <label className="field"><Trans>When</Trans><input name="at" type="datetime-local" required /></label>
              <label className="field"><Trans>Where</Trans><input name="place" required maxLength={500} dir="auto" /></label>
              <label className="field"><Trans>Who conducts it, without a direct interest</Trans><input name="officer" required maxLength={200} dir="auto" /></label>
            </>
          )}
        </Form>
      )}
    </>
  )
}
