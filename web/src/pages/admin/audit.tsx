import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { stamp } from '../../app/format.ts'
import { type TrailFilter, trail } from '../../app/queries-admin.ts'
import { Listed, State, Table, once, useAddress, useChange, useRoleName, useSave } from '../../parts/manage.tsx'
import { Progress } from '../../parts/operation.tsx'
import { Named, brief } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

/** Who did what, and the proof that nothing of it was changed. */
export default function Audit() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const save = useSave()
  const role = useRoleName()
  const { busy, change } = useChange()
  const filter: TrailFilter = { action: at.action, result: at.result, actor: at.actor, object_id: at.object, from: at.from && at.from + 'T00:00:00Z', to: at.to && at.to + 'T23:59:59Z' }
  const list = useInfiniteQuery(trail(work, filter))
  const results = { done: t`done`, denied: t`refused`, failed: t`failed` }
  const path = `/api/v1/organizations/${work.place.organization_id}/audit/export`
  const span = new URLSearchParams(Object.entries({ from: filter.from, to: filter.to }).filter((e): e is [string, string] => Boolean(e[1]))).toString()
  const verify = () => void change(async () => {
    const answer = await work.api.POST('/api/v1/organizations/{id}/audit/verify', { params: { path: { id: work.place.organization_id }, header: once() } })
    go({ verify: answer.data!.operation_id })
  }, '')
  return (
    <>
      <Title actions={<>
        <button type="button" className="button main" aria-disabled={busy} onClick={verify}><Trans>Verify the log</Trans></button>
        <button type="button" className="button" onClick={() => void save(span ? `${path}?${span}` : path, 'audit.ndjson')}><Trans>Save (JSON)</Trans></button>
      </>}>{t`Audit log`}</Title>
      {at.verify && <Progress id={at.verify} org={work.place.organization_id}>{r => <Verdict of={r as Report} />}</Progress>}
      <Filters key={JSON.stringify(at)} at={at} go={go} />
      <Listed of={list} empty={t`Nothing is recorded that fits.`}>{rows => (
        <Table label={t`Audit log`} rows={rows} id={l => String(l.seq)} columns={[
          { head: t`Time`, cell: l => <time className="stamp" dateTime={l.event.at}>{stamp(l.event.at)}</time> },
          { head: t`Action`, cell: l => <code>{l.event.action}</code> },
          { head: t`Result`, cell: l => <><State state={l.event.result} word={results[l.event.result]} />{l.event.code && <span className="small quiet"> {/^[0-9a-f-]{36}$/.test(l.event.code) ? brief(l.event.code) : l.event.code}</span>}</> },
          { head: t`Who`, cell: l => <Who event={l.event} role={role} /> },
          { head: t`What`, cell: l => (l.event.object ? <>{l.event.object} {l.event.object_id && <button type="button" className="link" aria-label={t`Only what concerns ${brief(l.event.object_id)}`} onClick={() => go({ object: l.event.object_id })}>{brief(l.event.object_id)}</button>}</> : '–') },
          { head: t`Network`, cell: l => l.event.address || '–' },
          { head: t`Number`, cell: l => <span title={l.hash}>{l.seq}</span>, numbers: true },
        ]} />
      )}</Listed>
    </>
  )
}

function Who({ event: e, role }: { event: { actor: string; role: string; key: string }; role: (r: string) => string }) {
  if (!/^[0-9a-f-]{36}$/.test(e.actor)) return <>{e.actor || '–'}</>
  return <><Named id={e.actor} /> <span className="small quiet">{e.role && role(e.role)}{e.key && <> · <Trans>by an API key</Trans></>}</span></>
}

interface Report { ok: boolean; events: number; checkpoints: number; first_broken?: { seq?: number; why?: string }; head?: { seq: number; hash: string } }

function Verdict({ of: r }: { of: Report }) {
  const [events, checkpoints] = [r.events, r.checkpoints].map(n => new Intl.NumberFormat().format(n))
  if (r.ok) return <p className="good" role="status"><strong>✓ <Trans>The log is whole.</Trans></strong> <Trans>{events} events and {checkpoints} signed checkpoints agree.</Trans> {r.head && <code className="small quiet">{r.head.hash}</code>}</p>
  return <p className="bad" role="alert"><strong>✕ <Trans>The log was changed.</Trans></strong> <Trans>The first event that does not agree has the number {r.first_broken?.seq ?? '–'}.</Trans> <span lang="en">{r.first_broken?.why}</span> <Trans>Tell the operators of the platform.</Trans></p>
}

function Filters({ at, go }: { at: Record<string, string | undefined>; go: (next: Record<string, string | undefined>) => void }) {
  const { t } = useLingui()
  const [wrong, setWrong] = useState(false)
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const d = new FormData(e.currentTarget)
    const value = (n: string) => String(d.get(n) ?? '').trim() || undefined
    const ids = [value('actor'), value('object')]
    if (ids.some(i => i && !/^[0-9a-f-]{36}$/i.test(i))) { setWrong(true); return }
    go({ action: value('action'), result: value('result'), actor: ids[0], object: ids[1], from: value('from'), to: value('to') })
  }
  return (
    <form className="bar" role="search" aria-label={t`Filter the audit log`} onSubmit={submit}>
      <label className="field"><Trans>Action, such as file.read</Trans><input name="action" defaultValue={at.action} maxLength={100} autoComplete="off" /></label>
      <label className="field"><Trans>Result</Trans><select name="result" defaultValue={at.result ?? ''}><option value="">{t`All`}</option><option value="done">{t`done`}</option><option value="denied">{t`refused`}</option><option value="failed">{t`failed`}</option></select></label>
      <label className="field"><Trans>From</Trans><input name="from" type="date" defaultValue={at.from} /></label>
      <label className="field"><Trans>Until</Trans><input name="to" type="date" defaultValue={at.to} /></label>
      <label className="field"><Trans>Id of who did it</Trans><input name="actor" defaultValue={at.actor} maxLength={36} autoComplete="off" aria-invalid={wrong} /></label>
      <label className="field"><Trans>Id of the thing</Trans><input name="object" defaultValue={at.object} maxLength={36} autoComplete="off" aria-invalid={wrong} /></label>
      <button className="button"><Trans>Filter</Trans></button>
      <button type="button" className="button" onClick={() => go({ action: undefined, result: undefined, from: undefined, to: undefined, actor: undefined, object: undefined })}><Trans>Show all</Trans></button>
      {wrong && <p className="bad" role="alert"><Trans>An id has 36 letters and digits, such as those that the log shows.</Trans></p>}
    </form>
  )
}
