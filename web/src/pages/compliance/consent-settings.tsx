import { Trans, useLingui } from '@lingui/react/macro'
import { type FormEvent, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import type { ConsentSettings as Settings } from '../../app/queries-compliance.ts'
import { useChange } from '../../parts/manage.tsx'

/** What the organization decided about children's data, and a way to decide otherwise. */
export function ConsentSettings({ of: s, changes }: { of: Settings; changes: boolean }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { busy, change } = useChange()
  const [own, setOwn] = useState(s.own_webhooks)
  const grade = (n: number) => (n < 0 ? t`Before kindergarten` : n === 0 ? t`Kindergarten` : n > 12 ? t`After grade 12` : t`Grade ${n}`)
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const d = new FormData(e.currentTarget)
    const youngest = String(d.get('youngest'))
    void change(() => api.PUT('/api/v1/organizations/{id}/consent', {
      params: { path: { id: place.organization_id } },
      body: {
        gate: d.get('gate') as Settings['gate'], youngest_grade: youngest === '' ? null : Number(youngest), hold_days: Number(d.get('days')),
        own_webhooks: own, own_webhooks_reason: own ? String(d.get('reason') ?? '').trim() : '',
      },
    }), t`Saved.`, 'consent')
  }
  return (
    <form onSubmit={submit}>
      <fieldset className="checks" disabled={!changes}><legend><Trans>A child's file without consent or agreement</Trans></legend>
        <label className="check"><input type="radio" name="gate" value="pre_upload" defaultChecked={s.gate === 'pre_upload'} /> <Trans>is refused before anything of it is taken</Trans></label>
        <label className="check"><input type="radio" name="gate" value="discovered" defaultChecked={s.gate === 'discovered'} /> <Trans>is taken and held, until somebody agrees or its time is over</Trans></label>
      </fieldset>
      <label className="field"><Trans>Days for which a file is held; then it is deleted for good</Trans><input name="days" type="number" min={1} max={90} required disabled={!changes} defaultValue={s.hold_days} /></label>
      <label className="field"><Trans>Youngest grade of the school</Trans>
        <select name="youngest" disabled={!changes} defaultValue={s.youngest_grade ?? ''}>
          <option value="">{t`Not declared: students of unknown age are children`}</option>
          {Array.from({ length: 16 }, (_, n) => n - 2).map(n => (n === -2 && s.youngest_grade !== -2 ? null : <option key={n} value={n}>{grade(n)}</option>))}
        </select>
        <span className="hint"><Trans>It counts for students of whom neither age nor grade is known.</Trans></span>
      </label>
      <fieldset className="checks" disabled={!changes}><legend><Trans>Receivers of webhooks</Trans></legend>
        <label className="check"><input type="checkbox" checked={own} onChange={e => setOwn(e.target.checked)} /> <Trans>All of them are systems of our own, and no third parties</Trans></label>
      </fieldset>
      {own && <label className="field"><Trans>Why they are</Trans><textarea name="reason" required maxLength={1000} dir="auto" rows={2} disabled={!changes} defaultValue={s.own_webhooks_reason} /></label>}
      {changes && <p><button className="button main" aria-disabled={busy}><Trans>Save</Trans></button></p>}
    </form>
  )
}
