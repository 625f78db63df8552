import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type RetentionPolicy, type RetentionReview, retentionPolicies, retentionReviews } from '../../app/queries-compliance.ts'
import { Check, Form, Listed, Table, once, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

type Asked = null | 'make' | { change: RetentionPolicy } | { remove: RetentionPolicy } | { decide: RetentionReview }

/** For how long files are kept, and what is due and waits for a decision. */
export default function Retention() {
  const { t } = useLingui()
  const work = useWork()
  const policies = useInfiniteQuery(retentionPolicies(work))
  const reviews = useInfiniteQuery(retentionReviews(work))
  const [asked, ask] = useState<Asked>(null)
  const { again } = useChange()
  const org = { id: work.place.organization_id }
  const manages = may(work.place, 'manage_retention')
  const begins: Record<RetentionPolicy['begins'], string> = { published: t`its publication`, last_version: t`its last version`, trashed: t`the bin` }
  const disposals: Record<RetentionPolicy['disposal'], string> = { delete: t`goes to the bin`, review: t`waits for a decision` }
  return (
    <>
      <Title actions={manages && <button type="button" className="button main" onClick={() => ask('make')}><Trans>Make a rule …</Trans></button>}>{t`How long files are kept`}</Title>
      <p><Trans>Files of a category without a rule are kept without a limit. The rules are public.</Trans></p>
      <Listed of={policies} empty={t`There is no rule: files are kept until somebody deletes them.`}>{rows => (
        <Table label={t`Rules`} rows={rows} id={p => p.id} columns={[
          { head: t`Category`, cell: p => <>{p.category ? <bdi>{p.category}</bdi> : t`every category`}{p.children && <span className="small quiet"> · <Trans>children's data</Trans></span>}</> },
          { head: t`Purpose`, cell: p => <bdi>{p.purpose}</bdi> },
          { head: t`Days`, cell: p => p.days ?? t`without a limit`, numbers: true },
          { head: t`Counted from`, cell: p => begins[p.begins] },
          { head: t`What then happens`, cell: p => disposals[p.disposal] },
          { head: t`Actions`, cell: p => manages && (
            <span className="actions">
              <button type="button" className="button" aria-label={t`Change the rule for ${p.category}`} onClick={() => ask({ change: p })}><Trans>Change …</Trans></button>
              <button type="button" className="button" aria-label={t`Delete the rule for ${p.category}`} onClick={() => ask({ remove: p })}><Trans>Delete …</Trans></button>
            </span>) },
        ]} />
      )}</Listed>
      <h2><Trans>Due, and waiting for a decision</Trans></h2>
      <Listed of={reviews} empty={t`Nothing waits for a decision.`}>{rows => (
        <Table label={t`Due, and waiting for a decision`} rows={rows} id={r => r.file_id} columns={[
          { head: t`File`, cell: r => <code className="small">{r.file_id}</code> },
          { head: t`Due since`, cell: r => exactly(r.due_at) },
          { head: t`Actions`, cell: r => manages && <button type="button" className="button" aria-label={t`Decide about the file ${r.file_id}`} onClick={() => ask({ decide: r })}><Trans>Decide …</Trans></button> },
        ]} />
      )}</Listed>
      {(asked === 'make' || (asked && 'change' in asked)) && <Rule of={asked === 'make' ? null : asked.change} close={() => ask(null)} />}
      {asked && asked !== 'make' && 'remove' in asked && (
        <Form title={t`Delete the rule`} verb={t`Delete`} danger close={() => ask(null)} run={async () => { await work.api.DELETE('/api/v1/organizations/{id}/retention-policies/{policy}', { params: { path: { ...org, policy: asked.remove.id } } }); void again('retention') }}>
          <p><Trans>What waits for a decision by it does not wait any more, and is kept.</Trans></p>
        </Form>
      )}
      {asked && asked !== 'make' && 'decide' in asked && (
        <Form title={t`Decide about the file`} verb={t`Decide`} close={() => ask(null)} run={async d => {
          const keep = d.get('decision') === 'keep'
          await work.api.POST('/api/v1/organizations/{id}/retention-reviews/{file}/decide', {
            params: { path: { ...org, file: asked.decide.file_id } },
            body: { decision: keep ? 'keep' : 'dispose', reason: String(d.get('reason')).trim(), ...(keep ? { keep_until: new Date(String(d.get('until'))).toISOString() } : {}) },
          })
          void again('retention')
        }}>
          <fieldset className="checks"><legend><Trans>Decision</Trans></legend>
            <label className="check"><input type="radio" name="decision" value="keep" required /> <Trans>Keep it until a day</Trans></label>
            <label className="check"><input type="radio" name="decision" value="dispose" required /> <Trans>Put it into the bin</Trans></label>
          </fieldset>
          <label className="field"><Trans>Kept until</Trans><input name="until" type="date" required defaultValue={new Date(Date.now() + 365 * 86_400_000).toISOString().slice(0, 10)} /></label>
          <label className="field"><Trans>Reason</Trans><textarea name="reason" required maxLength={1000} dir="auto" rows={3} /></label>
        </Form>
      )}
    </>
  )
}

function Rule({ of: p, close }: { of: RetentionPolicy | null; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const org = { id: place.organization_id }
  const run = async (d: FormData) => {
    const text = (name: string) => String(d.get(name) ?? '').trim()
    const body = {
      category: text('category'), children: d.has('children'), purpose: text('purpose'), business_need: text('need'), days: Number(d.get('days')) || null,
      begins: d.get('begins') as RetentionPolicy['begins'], disposal: d.get('disposal') as RetentionPolicy['disposal'],
    }
    if (p) await api.PUT('/api/v1/organizations/{id}/retention-policies/{policy}', { params: { path: { ...org, policy: p.id } }, body })
    else await api.POST('/api/v1/organizations/{id}/retention-policies', { params: { path: org, header: once() }, body })
    void again('retention')
  }
  return (
    <Form title={p ? t`Change the rule` : t`Make a rule`} verb={t`Save`} run={run} close={close}>
      <label className="field"><Trans>Category (empty: every category)</Trans><input name="category" maxLength={100} dir="auto" defaultValue={p?.category ?? ''} /></label>
      <Check name="children" on={p?.children ?? false}><Trans>For children's data, which may not be kept without a limit</Trans></Check>
      <label className="field"><Trans>Purpose: what the files are for</Trans><input name="purpose" required maxLength={500} dir="auto" defaultValue={p?.purpose ?? ''} /></label>
      <label className="field"><Trans>Why they are kept for so long</Trans><input name="need" required maxLength={500} dir="auto" defaultValue={p?.business_need ?? ''} /></label>
      <label className="field"><Trans>Days (0: without a limit)</Trans><input name="days" type="number" min={0} max={36500} required defaultValue={p?.days ?? 365} /></label>
      <label className="field"><Trans>Counted from</Trans><select name="begins" defaultValue={p?.begins ?? 'published'}><option value="published">{t`its publication`}</option><option value="last_version">{t`its last version`}</option><option value="trashed">{t`the bin`}</option></select></label>
      <label className="field"><Trans>What then happens</Trans><select name="disposal" defaultValue={p?.disposal ?? 'review'}><option value="review">{t`waits for a decision`}</option><option value="delete">{t`goes to the bin`}</option></select></label>
    </Form>
  )
}
