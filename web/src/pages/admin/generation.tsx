import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { type Policies, policies } from '../../app/queries-admin.ts'
import { providers, spending } from '../../app/queries-generate.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { useGenerateWords } from '../../parts/generate-words.tsx'
import { money } from '../../parts/jobs.tsx'
import { Check, Table, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** Whether documents are made from texts, by whom, and what may be spent on it. */
export default function GenerationRules() {
  const { t } = useLingui()
  const work = useWork()
  const found = useQuery(policies(work))
  const p = found.data
  return (
    <>
      <Title>{t`Documents from texts`}</Title>
      <p><Trans>Teachers and administrators let quizzes, worksheets and other documents be made from their files. Each is a draft until a person has approved it. Students reach none of it.</Trans></p>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {p && <Settings key={p.updated_at} of={p} />}
      <Spent />
    </>
  )
}

function Settings({ of: p }: { of: Policies }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useGenerateWords()
  const all = useQuery(providers(work))
  const { busy, change } = useChange()
  const save = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const d = new FormData(e.currentTarget)
    const cap = (name: string) => { const v = String(d.get(name)).trim(); return v === '' ? -1 : Math.round(Number(v) * 1e6) }
    const body = {
      generation: d.has('on'), generation_providers: d.getAll('provider') as ('extractive')[],
      ...(d.has('job') ? { generation_job_micro: cap('job'), generation_day_micro: cap('day'), generation_month_micro: cap('month') } : {}),
    }
    void change(() => work.api.PATCH('/api/v1/organizations/{id}/policies', { params: { path: { id: work.place.organization_id } }, body }), t`The rules are saved. They apply from now on.`, 'policies', 'generations')
  }
  const value = (n: number | null) => (n === null ? '' : n / 1e6)
  return (
    <form className="form" onSubmit={save} aria-label={t`Documents from texts`}>
      <p className="quiet small"><Trans>Changed last: {exactly(p.updated_at)}</Trans></p>
      <Check name="on" on={p.generation}><Trans>Documents are made from texts</Trans></Check>
      {all.error && <Failure error={all.error} again={() => void all.refetch()} />}
      {all.data && <fieldset className="checks panel"><legend><Trans>Made by</Trans></legend>
        {all.data.items.map(m => (
          <Check key={m.name} name="provider" value={m.name} on={p.generation_providers.includes(m.name)}>{m.outside
            ? <Trans>{m.company} ({m.country}), language model {m.model}: the text of a file is sent there, after a person has looked at it</Trans>
            : words.provider(m.name)}</Check>
        ))}</fieldset>}
      {all.data?.items.some(m => m.outside) && <fieldset className="checks panel"><legend><Trans>Most that is spent, in {all.data.currency} (empty: the limit of the platform)</Trans></legend>
        <label className="field"><Trans>For one document</Trans><input name="job" type="number" min={0} step="any" defaultValue={value(p.generation_job_micro)} /></label>
        <label className="field"><Trans>In a day</Trans><input name="day" type="number" min={0} step="any" defaultValue={value(p.generation_day_micro)} /></label>
        <label className="field"><Trans>In a month</Trans><input name="month" type="number" min={0} step="any" defaultValue={value(p.generation_month_micro)} /></label>
      </fieldset>}
      <div className="actions"><button className="button main" aria-disabled={busy || !all.data}><Trans>Save</Trans></button></div>
    </form>
  )
}

/** What was spent by day and month; nothing where no model was asked. */
function Spent() {
  const { t } = useLingui()
  const spent = useQuery(spending(useWork()))
  const number = (n: number) => new Intl.NumberFormat().format(n)
  const s = spent.data
  const rows = s?.items.filter(i => i.calls > 0 || i.spent_micro > 0) ?? []
  if (!s || rows.length === 0) return null
  return (
    <>
      <h2><Trans>What was spent</Trans></h2>
      <Table label={t`What was spent`} rows={rows} id={i => i.period + i.starts_on} columns={[
        { head: t`Since`, cell: i => <>{i.starts_on} <span className="small quiet">{i.period === 'day' ? t`a day` : t`a month`}</span></> },
        { head: t`Cost`, cell: i => money(i.spent_micro, s.currency), numbers: true },
        { head: t`Set aside for what runs`, cell: i => money(i.reserved_micro, s.currency), numbers: true },
        { head: t`Requests`, cell: i => number(i.calls), numbers: true },
      ]} />
    </>
  )
}
