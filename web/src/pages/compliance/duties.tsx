import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Disposition, type Duty, type Incident, dispositions, duties, incidentClocks, incidents } from '../../app/queries-compliance.ts'
import { Form, Listed, State, Table, once, useChange } from '../../parts/manage.tsx'
import { Named } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

type Asked = null | 'duty' | 'incident' | 'directive' | { tell: Incident; clock: string } | { close: Incident } | { end: Disposition }

const text = (d: FormData, name: string) => String(d.get(name) ?? '').trim()
const moment = (d: FormData, name: string) => new Date(text(d, name)).toISOString()
const today = () => new Date().toISOString().slice(0, 10)

/** What the school does itself and must be able to show: duties of each year, incidents with whom to tell, directives about data. */
export default function Duties() {
  const { t } = useLingui()
  const work = useWork()
  const done = useInfiniteQuery(duties(work))
  const happened = useInfiniteQuery(incidents(work))
  const directed = useInfiniteQuery(dispositions(work))
  const table = useInfiniteQuery(incidentClocks(work))
  const [asked, ask] = useState<Asked>(null)
  const manages = may(work.place, 'manage_compliance')
  const kinds: Record<Duty['kind'], string> = {
    coordinator: t`Coordinator of the security program`, risk_assessment: t`Risk assessment`, safeguards_test: t`Test of the safeguards`, program_evaluation: t`Evaluation of the program`,
    annual_notice: t`Notice of their rights to parents`, directory_notice: t`Public notice of directory information`,
  }
  const whom = (clock: string) => {
    const row = table.data?.pages.flatMap(p => p.items).find(c => c.clock === clock)
    return row ? <span lang="en">{row.tell} <bdi className="small quiet">{row.source}</bdi></span> : clock === 'own' ? t`Our own deadline` : clock
  }
  const states: Record<Disposition['state'], string> = { recorded: t`To be done`, done: t`Done`, withdrawn: t`Taken back` }
  const clocks = (rows: Incident[]) => rows.flatMap(i => i.clocks.map(c => ({ ...c, of: i })))
  return (
    <>
      <Title actions={manages && <>
        <button type="button" className="button main" onClick={() => ask('duty')}><Trans>Record a duty …</Trans></button>
        <button type="button" className="button" onClick={() => ask('incident')}><Trans>Record an incident …</Trans></button>
        <button type="button" className="button" onClick={() => ask('directive')}><Trans>Record a directive …</Trans></button>
      </>}>{t`Duties and incidents`}</Title>
      <p><Trans>What the school does itself. Here is kept when, by whom, and what is due.</Trans></p>
      <h2><Trans>Duties that were done</Trans></h2>
      <Listed of={done} empty={t`No duty is recorded.`}>{rows => (
        <Table label={t`Duties that were done`} rows={rows.toSorted((a, b) => Date.parse(b.done_at) - Date.parse(a.done_at))} id={d => d.id} columns={[
          { head: t`Duty`, cell: d => kinds[d.kind] },
          { head: t`When`, cell: d => exactly(d.done_at) },
          { head: t`Due again`, cell: d => exactly(d.due_at) },
          { head: t`Who answers for it`, cell: d => may(work.place, 'read_members') ? <Named id={d.responsible_id} /> : <code className="small">{d.responsible_id}</code> },
          { head: t`What was done`, cell: d => <bdi>{d.note}</bdi> },
        ]} />
      )}</Listed>
      <h2><Trans>Incidents, and whom to tell</Trans></h2>
      <Listed of={happened} empty={t`No incident is recorded.`}>{rows => (
        <Table label={t`Incidents, and whom to tell`} rows={clocks(rows)} id={c => c.of.id + c.clock} columns={[
          { head: t`Incident`, cell: c => <bdi>{c.of.title}</bdi> },
          { head: t`Whom to tell`, cell: c => whom(c.clock) },
          { head: t`Until`, cell: c => exactly(c.due_at) },
          { head: t`State`, cell: c => <State state={c.told_at ? 'done' : c.late ? 'failed' : 'waiting'} word={c.told_at ? t`Told` : c.late ? t`Too late` : t`To be told`} /> },
          { head: t`Actions`, cell: c => manages && c.of.state === 'open' && (
            <span className="actions">
              {!c.told_at && <button type="button" className="button" aria-label={t`They were told of ${c.of.title}: ${c.clock}`} onClick={() => ask({ tell: c.of, clock: c.clock })}><Trans>They were told …</Trans></button>}
              {c.of.clocks.every(k => k.told_at) && c.clock === 'own' && <button type="button" className="button" aria-label={t`Close ${c.of.title}`} onClick={() => ask({ close: c.of })}><Trans>Close …</Trans></button>}
            </span>) },
        ]} />
      )}</Listed>
      <h2><Trans>Directives to return or destroy data</Trans></h2>
      <Listed of={directed} empty={t`No directive is recorded.`}>{rows => (
        <Table label={t`Directives to return or destroy data`} rows={rows} id={d => d.id} columns={[
          { head: t`Directive`, cell: d => <>{d.kind === 'return' ? t`Return` : t`Destroy`}{d.person_id && <> <code className="small">{d.person_id}</code></>}</> },
          { head: t`Reason`, cell: d => <bdi>{d.reason}</bdi> },
          { head: t`Until`, cell: d => exactly(d.due_at) },
          { head: t`State`, cell: d => <><State state={d.state === 'recorded' ? 'waiting' : d.state === 'done' ? 'done' : 'revoked'} word={states[d.state]} /> <bdi className="small">{d.outcome}</bdi></> },
          { head: t`Actions`, cell: d => manages && d.state === 'recorded' && <button type="button" className="button" aria-label={t`Say what became of it: ${d.reason}`} onClick={() => ask({ end: d })}><Trans>What became of it …</Trans></button> },
        ]} />
      )}</Listed>
      {asked && <Dialog asked={asked} kinds={kinds} jurisdictions={[...new Set(table.data?.pages.flatMap(p => p.items.map(c => c.jurisdiction)) ?? [])]} ownHours={table.data?.pages[0]?.own_hours} close={() => ask(null)} />}
    </>
  )
}

function Dialog({ asked, kinds, jurisdictions, ownHours, close }: { asked: Exclude<Asked, null>; kinds: Record<Duty['kind'], string>; jurisdictions: string[]; ownHours: number | undefined; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const org = { id: place.organization_id }
  const changed = () => { void again('duties', 'incidents', 'dispositions', 'compliance') }
  if (asked === 'duty') {
    return (
      <Form title={t`Record a duty`} verb={t`Record`} close={close} run={async d => {
        await api.POST('/api/v1/organizations/{id}/compliance-duties', { params: { path: org, header: once() }, body: { kind: d.get('kind') as Duty['kind'], responsible_id: place.user_id, note: text(d, 'note'), done_at: moment(d, 'done') } })
        changed()
      }}>
        <p><Trans>You answer for it. It is due again a year later.</Trans></p>
        <label className="field"><Trans>Duty</Trans><select name="kind">{(Object.keys(kinds) as Duty['kind'][]).map(k => <option key={k} value={k}>{kinds[k]}</option>)}</select></label>
        <label className="field"><Trans>When it was done</Trans><input name="done" type="date" required max={today()} defaultValue={today()} /></label>
        <label className="field"><Trans>What was done, and where it is written</Trans><textarea name="note" required maxLength={2000} dir="auto" rows={3} /></label>
      </Form>
    )
  }
  if (asked === 'incident') {
    return (
      <Form title={t`Record an incident`} verb={t`Record`} close={close} run={async d => {
        const hours = Number(text(d, 'hours')) // what was not changed is the school's, also when it changes before this is sent
        await api.POST('/api/v1/organizations/{id}/incidents', { params: { path: org, header: once() }, body: { title: text(d, 'title'), description: text(d, 'description'), discovered_at: moment(d, 'discovered'), jurisdictions: d.getAll('jurisdiction').map(String), ...(hours && hours !== ownHours ? { own_hours: hours } : {}) } })
        changed()
      }}>
        <label className="field"><Trans>In a few words</Trans><input name="title" required maxLength={200} dir="auto" autoFocus /></label>
        <label className="field"><Trans>What happened, and which data</Trans><textarea name="description" required maxLength={4000} dir="auto" rows={3} /></label>
        <label className="field"><Trans>When it was discovered</Trans><input name="discovered" type="date" required max={today()} defaultValue={today()} /></label>
        <fieldset className="checks"><legend><Trans>Whose deadlines run</Trans></legend>
          {jurisdictions.map(j => <label key={j} className="check"><input type="checkbox" name="jurisdiction" value={j} /> <bdi>{j}</bdi></label>)}
        </fieldset>
        <label className="field"><Trans>Our own deadline, in hours</Trans><input key={ownHours} name="hours" type="number" min={1} max={2160} defaultValue={ownHours} placeholder={ownHours?.toString()} /></label>
      </Form>
    )
  }
  if (asked === 'directive') {
    return (
      <Form title={t`Record a directive`} verb={t`Record`} close={close} run={async d => {
        const person = text(d, 'person')
        await api.POST('/api/v1/organizations/{id}/dispositions', { params: { path: org, header: once() }, body: { kind: d.get('kind') as Disposition['kind'], scope: person ? 'person' : 'organization', ...(person ? { person_id: person } : {}), reason: text(d, 'reason') } })
        changed()
      }}>
        <p><Trans>It carries nothing out: an export or a deletion does. It is due in 60 days.</Trans></p>
        <label className="field"><Trans>Directive</Trans><select name="kind"><option value="return">{t`Return`}</option><option value="destroy">{t`Destroy`}</option></select></label>
        <label className="field"><Trans>Id of the person (empty: the whole organization)</Trans><input name="person" pattern="[0-9a-fA-F\-]{36}" autoComplete="off" /></label>
        <label className="field"><Trans>Reason</Trans><textarea name="reason" required maxLength={1000} dir="auto" rows={3} /></label>
      </Form>
    )
  }
  if ('tell' in asked) {
    return (
      <Form title={t`They were told`} verb={t`Record`} close={close} run={async d => {
        await api.POST('/api/v1/organizations/{id}/incidents/{incident}/clocks/{clock}/told', { params: { path: { ...org, incident: asked.tell.id, clock: asked.clock } }, body: { note: text(d, 'note') } })
        changed()
      }}>
        <label className="field"><Trans>How, and by whom</Trans><textarea name="note" required maxLength={1000} dir="auto" rows={3} autoFocus /></label>
      </Form>
    )
  }
  if ('close' in asked) {
    return (
      <Form title={t`Close the incident`} verb={t`Close`} close={close} run={async d => {
        await api.POST('/api/v1/organizations/{id}/incidents/{incident}/close', { params: { path: { ...org, incident: asked.close.id } }, body: { closing: text(d, 'closing') } })
        changed()
      }}>
        <label className="field"><Trans>What was found and changed</Trans><textarea name="closing" required maxLength={4000} dir="auto" rows={4} autoFocus /></label>
      </Form>
    )
  }
  return (
    <Form title={t`What became of it`} verb={t`Record`} close={close} run={async d => {
      await api.POST('/api/v1/organizations/{id}/dispositions/{disposition}/end', { params: { path: { ...org, disposition: asked.end.id } }, body: { state: d.get('state') as 'done' | 'withdrawn', outcome: text(d, 'outcome') } })
      changed()
    }}>
      <label className="field"><Trans>State</Trans><select name="state"><option value="done">{t`Done`}</option><option value="withdrawn">{t`Taken back`}</option></select></label>
      <label className="field"><Trans>By which export or certificate, or why not</Trans><textarea name="outcome" required maxLength={2000} dir="auto" rows={3} autoFocus /></label>
    </Form>
  )
}
