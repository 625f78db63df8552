import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { type BreakGlassReview, breakGlassReviews } from '../../app/queries-compliance.ts'
import { Form, Listed, State, Table, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** What owners and admins did by break-glass, each for somebody else to say whether its reason was one. */
export default function BreakGlass() {
  const { t } = useLingui()
  const work = useWork()
  const [reviewed, showReviewed] = useState(false)
  const list = useInfiniteQuery(breakGlassReviews(work, reviewed))
  const [asked, ask] = useState<BreakGlassReview | null>(null)
  const { again } = useChange()
  const words: Record<BreakGlassReview['decision'], string> = { '': t`Waits for a review`, justified: t`The reason was one`, not_justified: t`The reason was none` }
  return (
    <>
      <Title>{t`Reviews of break-glass`}</Title>
      <p><Trans>An owner reviews what an admin did, and another owner or an admin what an owner did.</Trans></p>
      <label className="check"><input type="checkbox" checked={reviewed} onChange={e => showReviewed(e.target.checked)} /> <Trans>Show those that are over</Trans></label>
      <Listed of={list} empty={t`Nothing waits for a review.`}>{rows => (
        <Table label={t`Reviews of break-glass`} rows={rows} id={r => r.grant_id} columns={[
          { head: t`When`, cell: r => exactly(r.begins_at) },
          { head: t`Who`, cell: r => <code className="small">{r.user_id}</code> },
          { head: t`Reason`, cell: r => <bdi>{r.reason}</bdi> },
          { head: t`State`, cell: r => <><State state={r.decision === 'justified' ? 'active' : r.decision === '' ? 'waiting' : 'revoked'} word={words[r.decision]} />{r.note && <bdi className="small"> {r.note}</bdi>}</> },
          { head: t`Due`, cell: r => r.decision === '' && <>{exactly(r.due_at)}{r.overdue && <strong className="bad"> <Trans>Late</Trans></strong>}</> },
          { head: t`Actions`, cell: r => r.decision === '' && r.user_id !== work.place.user_id && <button type="button" className="button" onClick={() => ask(r)}><Trans>Review …</Trans></button> },
        ]} />
      )}</Listed>
      {asked && (
        <Form title={t`Review`} verb={t`Save`} close={() => ask(null)} run={async d => {
          await work.api.POST('/api/v1/break-glass/{grant}/review', { params: { path: { grant: asked.grant_id } }, body: { decision: d.get('decision') as 'justified' | 'not_justified', note: String(d.get('note')).trim() } })
          void again('break-glass')
        }}>
          <p><bdi>{asked.reason}</bdi></p>
          <label className="field"><Trans>Decision</Trans><select name="decision"><option value="justified">{words.justified}</option><option value="not_justified">{words.not_justified}</option></select></label>
          <label className="field"><Trans>Note</Trans><textarea name="note" maxLength={1000} dir="auto" rows={3} /></label>
        </Form>
      )}
    </>
  )
}
