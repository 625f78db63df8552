import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type AccessRequest, type AccessRequestFile, accessRequestFiles, accessRequests } from '../../app/queries-compliance.ts'
import { Form, Listed, State, Table, once, useChange, useSave } from '../../parts/manage.tsx'
import { useOwnStudents } from '../../parts/own-students.ts'
import { ChooseOwn, StudentName } from '../../parts/own.tsx'
import { Title } from '../../parts/shell.tsx'

type Asked = null | 'ask' | { verify: AccessRequest } | { files: AccessRequest } | { release: AccessRequest } | { end: AccessRequest; outcome: 'closed' | 'rejected' | 'withdrawn' }

/** Requests to see education records, each with the day by which it must be answered: all for officers, their own for others. */
export default function AccessRequests() {
  const { t } = useLingui()
  const work = useWork()
  const [ended, showEnded] = useState(false)
  const list = useInfiniteQuery(accessRequests(work, ended))
  const [asked, ask] = useState<Asked>(null)
  const { again } = useChange()
  const save = useSave()
  const manages = may(work.place, 'manage_access_requests')
  const own = useOwnStudents().filter(s => s.rights) // of an owner or administrator who is a parent too
  const close = () => ask(null)
  const at = (r: AccessRequest) => ({ id: work.place.organization_id, request: r.id })
  const done = () => again('access-requests', 'holds')
  const states: Record<AccessRequest['state'], string> = {
    received: t`Came in`, review: t`Is looked through`, releasing: t`The package is being made`, ready: t`Ready`, delivered: t`Fetched`, closed: t`Closed`, rejected: t`Refused`, withdrawn: t`Taken back`,
  }
  // The first part tells what is in the package, and the others have the files: one after the other, up to the one that is not there.
  const fetchParts = async (r: AccessRequest) => {
    for (let part = 1; await save(`/api/v1/organizations/${work.place.organization_id}/access-requests/${r.id}/package/${part}`, `records-${part}.zip`, part > 1 ? 'export_not_found' : ''); part++);
    void done()
  }
  const over = (r: AccessRequest) => r.ended_at !== null
  return (
    <>
      <Title actions={may(work.place, 'ask_access') && (own.length > 0 || work.place.role === 'student' || work.place.role === 'parent') && <button type="button" className="button main" onClick={() => ask('ask')}><Trans>Ask for a copy …</Trans></button>}>{t`Requests to see records`}</Title>
      <p><Trans>The school answers within 45 days. Until then nothing of these records is destroyed.</Trans></p>
      <label className="check"><input type="checkbox" checked={ended} onChange={e => showEnded(e.target.checked)} /> <Trans>Show those that are over</Trans></label>
      <Listed of={list} empty={t`No request is open.`}>{rows => (
        <Table label={t`Requests to see records`} rows={rows} id={r => r.id} columns={[
          { head: t`Came in`, cell: r => exactly(r.received_at) },
          { head: t`Student`, cell: r => <StudentName id={r.student_id} /> },
          { head: t`State`, cell: r => <State state={r.state === 'rejected' || r.state === 'withdrawn' ? 'revoked' : r.state === 'ready' || r.state === 'delivered' || r.state === 'closed' ? 'active' : 'waiting'} word={states[r.state]} /> },
          { head: t`Due`, cell: r => <>{exactly(r.due_at)}{r.overdue && <strong className="bad"> <Trans>Late</Trans></strong>}</> },
          { head: t`Actions`, cell: r => (
            <span className="actions">
              {manages && r.state === 'received' && <button type="button" className="button" onClick={() => ask({ verify: r })}><Trans>Check who asks …</Trans></button>}
              {manages && (r.state === 'review' || r.state === 'ready' || r.state === 'delivered') && <button type="button" className="button" onClick={() => ask({ files: r })}><Trans>Look through …</Trans></button>}
              {manages && (r.state === 'review' || r.state === 'ready' || r.state === 'delivered') && <button type="button" className="button" onClick={() => ask({ release: r })}><Trans>Hand out …</Trans></button>}
              {(manages || r.requester_id === work.place.user_id) && (r.state === 'ready' || r.state === 'delivered') && <button type="button" className="button" onClick={() => void fetchParts(r)}><Trans>Fetch</Trans></button>}
              {manages && (r.state === 'ready' || r.state === 'delivered') && <button type="button" className="button" onClick={() => ask({ end: r, outcome: 'closed' })}><Trans>Close …</Trans></button>}
              {manages && (r.state === 'received' || r.state === 'review') && <button type="button" className="button" onClick={() => ask({ end: r, outcome: 'rejected' })}><Trans>Refuse …</Trans></button>}
              {(!manages || r.requester_id === work.place.user_id) && !over(r) && may(work.place, 'ask_access') && r.state !== 'releasing' && <button type="button" className="button" onClick={() => ask({ end: r, outcome: 'withdrawn' })}><Trans>Take back …</Trans></button>}
            </span>) },
        ]} />
      )}</Listed>
      {asked === 'ask' && (
        <Form title={t`Ask for a copy`} verb={t`Ask`} close={close} run={async d => {
          await work.api.POST('/api/v1/organizations/{id}/access-requests', { params: { path: { id: work.place.organization_id }, header: once() }, body: { student_id: String(d.get('student') ?? '').trim() || null, note: String(d.get('note')).trim() } })
          void done()
        }}>
          {own.length > 0 && work.place.role !== 'student' ? <ChooseOwn of={own} /> : work.place.role === 'parent' && <label className="field"><Trans>Id of your child, if you have more than one here</Trans><input name="student" pattern="[0-9a-fA-F\-]{36}" autoComplete="off" /></label>}
          <label className="field"><Trans>What you want to see</Trans><textarea name="note" maxLength={1000} dir="auto" rows={3} autoFocus /></label>
        </Form>
      )}
      {asked && asked !== 'ask' && 'verify' in asked && (
        <Form title={t`Check who asks`} verb={t`Save`} close={close} run={async d => { await work.api.POST('/api/v1/organizations/{id}/access-requests/{request}/verify', { params: { path: at(asked.verify) }, body: { how: String(d.get('how')).trim() } }); void done() }}>
          {asked.verify.note && <p><bdi>{asked.verify.note}</bdi></p>}
          <label className="field"><Trans>How you know who it is</Trans><textarea name="how" required maxLength={500} dir="auto" rows={2} autoFocus /></label>
        </Form>
      )}
      {asked && asked !== 'ask' && 'release' in asked && (
        <Form title={t`Hand out the records`} verb={t`Hand out`} close={close} run={async () => { await work.api.POST('/api/v1/organizations/{id}/access-requests/{request}/release', { params: { path: at(asked.release), header: once() } }); void done() }}>
          <p><Trans>A package is made of the records that are included. Those about other students too need a decision first.</Trans></p>
        </Form>
      )}
      {asked && asked !== 'ask' && 'end' in asked && (
        <Form title={states[asked.outcome]} verb={t`Save`} danger={asked.outcome !== 'closed'} close={close} run={async d => { await work.api.POST('/api/v1/organizations/{id}/access-requests/{request}/end', { params: { path: at(asked.end) }, body: { outcome: asked.outcome, reason: String(d.get('reason') ?? '').trim() } }); void done() }}>
          <p><Trans>The records are not held any more from then on.</Trans></p>
          {asked.outcome === 'rejected' && <label className="field"><Trans>Reason</Trans><textarea name="reason" required maxLength={1000} dir="auto" rows={3} /></label>}
        </Form>
      )}
      {asked && asked !== 'ask' && 'files' in asked && <Review of={asked.files} close={close} />}
    </>
  )
}

function Review({ of: r, close }: { of: AccessRequest; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(accessRequestFiles(work, r.id))
  const { again } = useChange()
  const decisions: Record<AccessRequestFile['decision'], string> = { waiting: t`Waits for a decision`, include: t`Is handed out`, withhold: t`Is withheld` }
  const files = list.data?.pages.flatMap(p => p.items) ?? []
  return (
    <Form title={t`Look through`} verb={t`Save`} close={close} run={async d => {
      const file = String(d.get('file'))
      await work.api.PUT('/api/v1/organizations/{id}/access-requests/{request}/files/{file}', { params: { path: { id: work.place.organization_id, request: r.id, file } }, body: { decision: d.get('decision') as 'include' | 'withhold', reason: String(d.get('reason')).trim() } })
      void again('access-requests')
    }}>
      <p><Trans>What tells of other students too is shown only as far as it is about this one.</Trans></p>
      <label className="field"><Trans>File</Trans><select name="file" required>{files.map(f => <option key={f.file_id} value={f.file_id}>{f.name || f.file_id} ({f.students}, {decisions[f.decision]})</option>)}</select></label>
      <label className="field"><Trans>Decision</Trans><select name="decision"><option value="include">{t`Hand out`}</option><option value="withhold">{t`Withhold`}</option></select></label>
      <label className="field"><Trans>Reason</Trans><textarea name="reason" maxLength={1000} dir="auto" rows={2} /></label>
    </Form>
  )
}
