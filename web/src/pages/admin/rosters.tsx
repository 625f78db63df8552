import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly, size } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { moving, rosterImports, rosterSources } from '../../app/queries-admin.ts'
import { Failure } from '../../parts/failure.tsx'
import { Check, Form, Listed, State, Table, once, useChange } from '../../parts/manage.tsx'
import { useRosterWords } from '../../parts/roster-words.ts'
import { Title } from '../../parts/shell.tsx'

/** Rosters: where they come from, and each that came. */
export default function Rosters() {
  const { t } = useLingui()
  const work = useWork()
  const [asked, ask] = useState<'source' | 'send' | null>(null)
  const sources = useQuery(rosterSources(work))
  const list = useInfiniteQuery({ ...rosterImports(work), refetchInterval: q => (q.state.data?.pages.some(p => p.items.some(i => moving.includes(i.state))) ? 2000 : false) })
  const { states } = useRosterWords()
  const source = (id: string) => sources.data?.items.find(s => s.id === id)?.name ?? '–'
  const manage = may(work.place, 'manage_rosters')
  return (
    <>
      <Title actions={<>
        {manage && <button type="button" className="button" onClick={() => ask('source')}><Trans>Add a source …</Trans></button>}
        {may(work.place, 'send_rosters') && (sources.data?.items.length ?? 0) > 0 && <button type="button" className="button main" onClick={() => ask('send')}><Trans>Import a roster …</Trans></button>}
      </>}>{t`Rosters`}</Title>
      {sources.error && <Failure error={sources.error} again={() => void sources.refetch()} />}
      {sources.data?.items.length === 0 && <p className="empty"><Trans>There is no source yet. A source is the student information system whose rosters you import.</Trans></p>}
      {(sources.data?.items.length ?? 0) > 0 && (
        <section className="panel" aria-labelledby="sources"><h2 id="sources"><Trans>Sources</Trans></h2>
          <Table label={t`Sources`} rows={sources.data!.items} id={s => s.id} columns={[
            { head: t`Name`, cell: s => <bdi>{s.name}</bdi> },
            { head: t`Removals`, cell: s => (s.adds_only ? t`never` : t`after ${s.leave_days} days`) },
            { head: t`Inbox`, cell: s => (s.pickup ? t`is watched` : t`is not watched`) },
            { head: t`Paused`, cell: s => (s.paused_until ? t`until ${exactly(s.paused_until)}` : t`no`) },
            ...(manage ? [{ head: t`Actions`, cell: (s: { id: string; name: string; paused_until: string | null }) => <Pause source={s} /> }] : []),
          ]} />
        </section>
      )}
      <h2><Trans>Imports</Trans></h2>
      <Listed of={list} empty={t`Nothing was imported yet.`}>{rows => (
        <Table label={t`Imports`} rows={rows} id={i => i.id} columns={[
          { head: t`Received`, cell: i => <Link to="/o/$org/manage/rosters/$import" params={{ org: work.place.organization_id, import: i.id }}>{exactly(i.created_at)}</Link> },
          { head: t`Source`, cell: i => <bdi>{source(i.source_id)}</bdi> },
          { head: t`State`, cell: i => <State state={i.state} word={states[i.state]} /> },
          { head: t`Size`, cell: i => size(i.size), numbers: true },
        ]} />
      )}</Listed>
      {asked === 'source' && <AddSource close={() => ask(null)} />}
      {asked === 'send' && <Send sources={sources.data?.items ?? []} close={() => ask(null)} />}
    </>
  )
}

function Pause({ source: s }: { source: { id: string; name: string; paused_until: string | null } }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { busy, change } = useChange()
  const set = (until: string | null, done: string) => void change(() => api.PATCH('/api/v1/organizations/{id}/roster/sources/{source}', { params: { path: { id: place.organization_id, source: s.id } }, body: { paused_until: until } }), done, 'rosters')
  if (s.paused_until) return <button type="button" className="button" aria-disabled={busy} aria-label={t`Go on with ${s.name}`} onClick={() => set(null, t`${s.name} goes on.`)}><Trans>Go on</Trans></button>
  return <button type="button" className="button" aria-disabled={busy} aria-label={t`Pause ${s.name} for 30 days`} onClick={() => set(new Date(Date.now() + 30 * 86_400_000).toISOString(), t`${s.name} is paused for 30 days.`)}><Trans>Pause for 30 days</Trans></button>
}

function AddSource({ close }: { close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const run = async (d: FormData) => {
    await api.POST('/api/v1/organizations/{id}/roster/sources', {
      params: { path: { id: place.organization_id }, header: once() },
      body: { name: String(d.get('name')).trim(), adds_only: d.has('adds'), keep_ages: d.has('ages'), pickup: d.has('pickup'), leave_days: Number(d.get('days')) },
    })
    void again('rosters')
  }
  return (
    <Form title={t`Add a source`} verb={t`Add`} run={run} close={close}>
      <label className="field"><Trans>Name</Trans><input name="name" required maxLength={100} dir="auto" autoFocus /></label>
      <label className="field"><Trans>Days for which somebody who left is still a member</Trans><input name="days" type="number" min={0} max={60} defaultValue={14} required /></label>
      <Check name="adds"><Trans>Never remove anybody</Trans></Check>
      <Check name="ages"><Trans>Keep the months in which people are 13 and 18, of their birth dates</Trans></Check>
      <Check name="pickup"><Trans>Watch the inbox of the store</Trans></Check>
    </Form>
  )
}

function Send({ sources, close }: { sources: { id: string; name: string }[]; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const navigate = useNavigate()
  const run = async (d: FormData) => {
    const answer = await api.POST('/api/v1/organizations/{id}/roster/imports', {
      params: { path: { id: place.organization_id }, header: once(), query: { source_id: String(d.get('source')), review: d.has('review'), ...(d.get('encoding') ? { encoding: d.get('encoding') as 'utf-8' } : {}) } },
      headers: { 'Content-Type': 'application/zip' }, body: d.get('file') as never, bodySerializer: b => b as never,
    })
    void again('rosters')
    await navigate({ to: '/o/$org/manage/rosters/$import', params: { org: place.organization_id, import: answer.data!.id } })
  }
  return (
    <Form title={t`Import a roster`} verb={t`Send`} run={run} close={close}>
      <label className="field"><Trans>Source</Trans><select name="source">{sources.map(s => <option key={s.id} value={s.id}>{s.name}</option>)}</select></label>
      <label className="field"><Trans>OneRoster package (.zip)</Trans><input name="file" type="file" accept=".zip,application/zip" required /></label>
      <label className="field"><Trans>Character set</Trans><select name="encoding"><option value="">{t`As the package says`}</option><option value="utf-8">UTF-8</option><option value="windows-1252">Windows-1252</option></select></label>
      <Check name="review" on><Trans>Show the changes first, and wait for a decision</Trans></Check>
    </Form>
  )
}
