import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type ErasureRequest, erasureRequests } from '../../app/queries-compliance.ts'
import { Form, Listed, State, Table, useChange, useSave } from '../../parts/manage.tsx'
import { useOwnStudents } from '../../parts/own-students.ts'
import { StudentName } from '../../parts/own.tsx'
import { Title } from '../../parts/shell.tsx'
import { useErasureWords } from './erased.tsx'

type Asked = null | { of: ErasureRequest; outcome: 'accepted' | 'refused' | 'withdrawn' }

/** Requests of parents that the data of their children is destroyed: all for officers, who decide, their own for others. */
export default function ErasureRequests() {
  const { t } = useLingui()
  const work = useWork()
  const [ended, showEnded] = useState(false)
  const list = useInfiniteQuery(erasureRequests(work, ended))
  const [asked, ask] = useState<Asked>(null)
  const { again } = useChange()
  const save = useSave()
  const words = useErasureWords()
  const manages = may(work.place, 'manage_erasures')
  const own = useOwnStudents()
  const at = (r: ErasureRequest) => ({ id: work.place.organization_id, request: r.id })
  const states: Record<ErasureRequest['state'], string> = { received: t`Waits for the school`, accepted: t`Accepted`, refused: t`Refused`, withdrawn: t`Taken back` }
  // No one decides about themselves or their own child.
  const decides = (r: ErasureRequest) => manages && r.state === 'received' && r.requester_id !== work.place.user_id && !own.some(s => s.student_id === r.student_id)
  const run = async (d: FormData) => {
    if (!asked) return
    const { of: r, outcome } = asked
    await (outcome === 'withdrawn'
      ? work.api.POST('/api/v1/organizations/{id}/erasure-requests/{request}/withdraw', { params: { path: at(r) } })
      : work.api.POST('/api/v1/organizations/{id}/erasure-requests/{request}/decide', { params: { path: at(r) }, body: { outcome, reason: String(d.get('reason') ?? '').trim() } }))
    void again('erasure-requests', 'erasures', 'files')
  }
  return (
    <>
      <Title>{t`Requests to delete data`}</Title>
      <p><Trans>The school decides within 30 days. What is here of a child by a parent's consent alone is destroyed without a decision.</Trans></p>
      <label className="check"><input type="checkbox" checked={ended} onChange={e => showEnded(e.target.checked)} /> <Trans>Show those that are over</Trans></label>
      <Listed of={list} empty={t`No request is open.`}>{rows => (
        <Table label={t`Requests to delete data`} rows={rows} id={r => r.id} columns={[
          { head: t`Came in`, cell: r => exactly(r.received_at) },
          { head: t`Student`, cell: r => <StudentName id={r.student_id} /> },
          { head: t`What`, cell: r => <bdi>{r.note}</bdi> },
          { head: t`State`, cell: r => <><State state={r.state === 'received' ? 'waiting' : r.state === 'accepted' ? 'active' : 'revoked'} word={states[r.state]} />{r.reason && <><br /><bdi className="small">{r.reason}</bdi></>}</> },
          { head: t`Due`, cell: r => <>{exactly(r.due_at)}{r.overdue && <strong className="bad"> <Trans>Late</Trans></strong>}</> },
          { head: t`Erasures`, cell: r => <>{r.erasures.map(e => (
            <p key={e.id} className="small">{words.scopes[e.scope]}: {words.states[e.state]}{' '}
              {e.state === 'certified' && <button type="button" className="button" onClick={() => void save(`/api/v1/organizations/${work.place.organization_id}/erasure-requests/${r.id}/certificates/${e.id}?format=pdf`, `certificate-${e.id}.pdf`)}><Trans>Certificate</Trans></button>}
            </p>))}</> },
          { head: t`Actions`, cell: r => (
            <span className="actions">
              {decides(r) && <button type="button" className="button" onClick={() => ask({ of: r, outcome: 'accepted' })}><Trans>Accept …</Trans></button>}
              {decides(r) && <button type="button" className="button" onClick={() => ask({ of: r, outcome: 'refused' })}><Trans>Refuse …</Trans></button>}
              {r.requester_id === work.place.user_id && r.state === 'received' && may(work.place, 'ask_erasure') && <button type="button" className="button" onClick={() => ask({ of: r, outcome: 'withdrawn' })}><Trans>Take back …</Trans></button>}
            </span>) },
        ]} />
      )}</Listed>
      {asked && (
        <Form title={states[asked.outcome]} verb={asked.outcome === 'accepted' ? t`Erase for good` : t`Save`} danger={asked.outcome === 'accepted'} run={run} close={() => ask(null)}>
          {asked.of.note && <p><bdi>{asked.of.note}</bdi></p>}
          {asked.outcome === 'accepted' && <p><Trans>The files about this person go, and those that they sent, with all versions, previews and texts, from every store and every backup. They cannot be brought back. Files that tell of other students too are kept, and the certificate says so.</Trans></p>}
          {asked.outcome === 'refused' && <label className="field"><Trans>Reason</Trans><textarea name="reason" required maxLength={1000} dir="auto" rows={3} autoFocus /></label>}
        </Form>
      )}
    </>
  )
}
