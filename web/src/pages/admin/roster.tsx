import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly, size } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type RosterImport, moving, rosterImport } from '../../app/queries-admin.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Check, Form, State, Table, useChange, useSave } from '../../parts/manage.tsx'
import { Progress } from '../../parts/operation.tsx'
import { useRosterWords } from '../../parts/roster-words.ts'
import { Title } from '../../parts/shell.tsx'
import { Changes, Issues } from './roster-rows.tsx'

type Decision = 'approve' | 'adds-only' | 'discard' | 'undo'

/** One import: what it would change, the decision about it, and what came of it. */
export default function Roster() {
  const { t } = useLingui()
  const work = useWork()
  const { import: id } = useParams({ strict: false }) as { import: string }
  const found = useQuery(rosterImport(work, id))
  const [asked, ask] = useState<Decision | null>(null)
  const { states } = useRosterWords()
  const r = found.data
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol>
        <li><Link to="/o/$org/manage/rosters" params={{ org: work.place.organization_id }}><Trans>Rosters</Trans></Link></li><li aria-current="page">{r ? exactly(r.created_at) : '…'}</li></ol></nav>
      <Title actions={r && may(work.place, 'manage_rosters') && <Decisions of={r} ask={ask} />}>{t`Import of a roster`}</Title>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {r && <>
        <p role="status"><State state={r.state} word={states[r.state]} />{r.waits_for_decision && <> · <strong><Trans>It waits for your decision.</Trans></strong></>}{r.waits_for_decision && r.waits_until && <> <Trans>Undecided on {exactly(r.waits_until)}, it is discarded.</Trans></>}</p>
        <What of={r} />
        {moving.includes(r.state) && r.state !== 'undoing' && <Progress id={r.operation.split('/').at(-1)!} />}
        <Summary of={r} />
        {r.changes_hash && <Changes of={r} />}
        {r.issues > 0 && <Issues of={r} />}
        {asked && <Decide of={r} how={asked} close={() => ask(null)} />}
      </>}
    </>
  )
}

function Decisions({ of: r, ask }: { of: RosterImport; ask: (d: Decision) => void }) {
  if (r.waits_for_decision) {
    return (
      <>
        <button type="button" className="button main" onClick={() => ask('approve')}><Trans>Apply …</Trans></button>
        <button type="button" className="button" onClick={() => ask('adds-only')}><Trans>Apply without removals …</Trans></button>
        <button type="button" className="button danger" onClick={() => ask('discard')}><Trans>Discard …</Trans></button>
      </>
    )
  }
  return r.state === 'applied' ? <button type="button" className="button danger" onClick={() => ask('undo')}><Trans>Take back …</Trans></button> : null
}

function What({ of: r }: { of: RosterImport }) {
  const { t } = useLingui()
  const { hold } = useRosterWords()
  const facts: [string, React.ReactNode][] = [[t`Size`, size(r.size)], [t`Character set`, r.encoding], [t`SHA-256 of the package`, <code key="s">{r.sha256}</code>]]
  if (r.changes_hash) facts.push([t`Hash of the changes`, <code key="h">{r.changes_hash}</code>])
  if (r.decided_at) facts.push([t`Decided`, exactly(r.decided_at)])
  if (r.ended_at) facts.push([t`Ended`, exactly(r.ended_at)])
  return (
    <section className="panel" aria-labelledby="what"><h2 id="what"><Trans>Package</Trans></h2>
      {r.stop && <div className="failure" role="alert"><p lang="en">{r.stop.text}</p><p className="small quiet">{[r.stop.file, r.stop.row && t`row ${r.stop.row}`, r.stop.column].filter(Boolean).join(' · ')}</p></div>}
      {r.holds.length > 0 && <div className="state"><p><strong><Trans>Why it waits</Trans></strong></p><ul>{r.holds.map((h, n) => (
        <li key={n}>{hold(h.code)} {h.kind && <span className="quiet">{h.kind} </span>}{h.school && <bdi className="quiet">{h.school} </bdi>}{h.count > 0 && <span className="quiet">{h.of ? t`${h.count} of ${h.of}` : h.count}</span>}</li>))}</ul></div>}
      <dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl>
      {r.report && <p><Trans>Applied: {plural(r.report.applied, { one: '# change', other: '# changes' })}. Students without a guardian: {r.report.students_without_guardian}. People without a login: {r.report.people_without_login}.</Trans></p>}
    </section>
  )
}

function Summary({ of: r }: { of: RosterImport }) {
  const { t } = useLingui()
  const save = useSave()
  const { place } = useWork()
  const { kinds } = useRosterWords()
  const s = r.summary
  if (!r.changes_hash) return null
  const schools = s.changes.some(c => c.school)
  return (
    <section className="panel" aria-labelledby="sum"><h2 id="sum"><Trans>What changes</Trans></h2>
      <p>{plural(s.total, { one: '# change', other: '# changes' })}, {plural(s.removals, { one: '# of them a removal', other: '# of them removals' })}</p>
      {s.changes.length > 0 && <Table label={t`What changes, in numbers`} rows={s.changes} id={c => c.kind + c.school} columns={[
        { head: t`Kind`, cell: c => kinds[c.kind] ?? c.kind },
        ...(schools ? [{ head: t`School`, cell: (c: { school: string }) => (c.school ? <bdi>{c.school}</bdi> : '–') }] : []),
        { head: t`New`, cell: c => c.new, numbers: true }, { head: t`Changed`, cell: c => c.changed, numbers: true }, { head: t`Back`, cell: c => c.back, numbers: true },
        { head: t`Leaving`, cell: c => c.leaving, numbers: true }, { head: t`Held`, cell: c => c.held, numbers: true },
      ]} />}
      {s.total > 0 && <p><button type="button" className="button" onClick={() => void save(`/api/v1/organizations/${place.organization_id}/roster/imports/${r.id}/changes.csv`, 'changes.csv')}><Trans>Save the changes as a table (CSV)</Trans></button></p>}
    </section>
  )
}

function Decide({ of: r, how, close }: { of: RosterImport; how: Decision; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const path = { id: place.organization_id, import: r.id }
  const held = r.summary.changes.reduce((n, c) => n + c.held, 0)
  const run = async (d: FormData) => {
    const body = { changes_hash: r.changes_hash!, with_held: d.has('held') }
    if (how === 'approve') await api.POST('/api/v1/organizations/{id}/roster/imports/{import}/approve', { params: { path }, body })
    else if (how === 'adds-only') await api.POST('/api/v1/organizations/{id}/roster/imports/{import}/adds-only', { params: { path }, body })
    else if (how === 'discard') await api.POST('/api/v1/organizations/{id}/roster/imports/{import}/discard', { params: { path }, body })
    else await api.POST('/api/v1/organizations/{id}/roster/imports/{import}/undo', { params: { path } })
    void again('rosters', 'people', 'classes')
  }
  const texts = {
    approve: { title: t`Apply the changes`, verb: t`Apply`, text: t`All changes that are shown are applied, the removals too.` },
    'adds-only': { title: t`Apply without removals`, verb: t`Apply`, text: t`What is new and changed is applied. No one and nothing is removed.` },
    discard: { title: t`Discard the import`, verb: t`Discard`, text: t`Nothing is changed. The package has to be sent again if it is wanted after all.` },
    undo: { title: t`Take the import back`, verb: t`Undo the import`, text: t`What this import changed becomes as it was. What was changed by hand since then stays.` },
  }[how]
  return (
    <Form title={texts.title} verb={texts.verb} danger={how === 'discard' || how === 'undo'} run={run} close={close}>
      <p>{texts.text}</p>
      {how !== 'undo' && <p className="small"><Trans>The decision is about the changes with the hash</Trans> <code>{r.changes_hash}</code></p>}
      {held > 0 && (how === 'approve' || how === 'adds-only') && <Check name="held">{plural(held, { one: 'Apply the # row that is held too', other: 'Apply the # rows that are held too' })}</Check>}
    </Form>
  )
}
