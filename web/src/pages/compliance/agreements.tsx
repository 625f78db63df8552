import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Agreement, type Subprocessor, agreements, consentSettings, subprocessors } from '../../app/queries-compliance.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Form, Listed, State, Table, Unmet, once, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { ConsentSettings } from './consent-settings.tsx'

type Asked = null | 'record' | 'subprocessor' | { end: Agreement } | { stop: Subprocessor }

/** On what basis the data of children is here: what the school agreed to, what counts without an age, and who else gets data. */
export default function Agreements() {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(agreements(work))
  const settings = useQuery(consentSettings(work))
  const others = useInfiniteQuery(subprocessors(work))
  const [asked, ask] = useState<Asked>(null)
  const { again } = useChange()
  const org = { id: work.place.organization_id }
  const authorizes = may(work.place, 'authorize')
  const manages = may(work.place, 'manage_consent')
  const kinds = useSubprocessorKinds()
  const over = (a: Agreement) => Boolean(a.ended_at) || new Date(a.expires_at) <= new Date()
  const made = { upgrade: t`made by an upgrade of the platform`, local_stack: t`made by the local stack`, recorded: '' }
  return (
    <>
      <Title actions={authorizes && <button type="button" className="button main" onClick={() => ask('record')}><Trans>Record an agreement …</Trans></button>}>{t`Children's data`}</Title>
      <p><Trans>A child under 13 adds files once a parent has consented, or the school has agreed to it for school work. Without either, files are refused or held.</Trans> <Link to="/o/$org/manage/consent-requests" params={{ org: work.place.organization_id }}><Trans>Requests for consent</Trans></Link></p>
      <h2><Trans>Agreements of the school</Trans></h2>
      <Listed of={list} empty={t`There is no agreement: files of children are refused unless a parent has consented.`}>{rows => (
        <Table label={t`Agreements of the school`} rows={rows} id={a => a.id} columns={[
          { head: t`Signed by`, cell: a => <><bdi>{a.signer}</bdi><br /><span className="small quiet"><bdi>{a.authority}</bdi></span></> },
          { head: t`Purpose`, cell: a => <><bdi>{a.purpose}</bdi>{made[a.origin] && <span className="small quiet"> · {made[a.origin]}</span>}</> },
          { head: t`Ends`, cell: a => exactly(a.ended_at ?? a.expires_at) },
          { head: t`State`, cell: a => <State state={over(a) ? 'expired' : 'active'} word={over(a) ? t`Over` : t`In force`} /> },
          { head: t`Actions`, cell: a => authorizes && !over(a) && <button type="button" className="button" aria-label={t`End the agreement of ${a.signer}`} onClick={() => ask({ end: a })}><Trans>End …</Trans></button> },
        ]} />
      )}</Listed>
      <h2><Trans>What counts, and what is refused</Trans></h2>
      {settings.error && <Failure error={settings.error} again={() => void settings.refetch()} />}
      {settings.isPending && <Waiting />}
      {settings.data && <ConsentSettings of={settings.data} changes={manages} />}
      <h2><Trans>Who else gets data</Trans></h2>
      <p><Trans>Anybody can read this list. A connection to Roblox, a language model or a receiver of webhooks is not enabled before the file with its written assurances is here.</Trans></p>
      {manages && <p><button type="button" className="button" onClick={() => ask('subprocessor')}><Trans>Add a subprocessor …</Trans></button></p>}
      <Listed of={others} empty={t`No one else gets data.`}>{rows => (
        <Table label={t`Who else gets data`} rows={rows} id={s => s.id} columns={[
          { head: t`Name`, cell: s => <><bdi>{s.name}</bdi><br /><span className="small quiet">{kinds[s.kind]}</span></> },
          { head: t`Purpose`, cell: s => <bdi>{s.purpose}</bdi> },
          { head: t`Which data`, cell: s => <bdi>{s.categories}</bdi> },
          { head: t`Where`, cell: s => <bdi>{s.location}</bdi> },
          { head: t`Assurances`, cell: s => <code className="small">{s.assurance_file_id}</code> },
          { head: t`State`, cell: s => <State state={s.until ? 'expired' : 'active'} word={s.until ? t`Over` : t`In force`} /> },
          { head: t`Actions`, cell: s => manages && !s.until && <button type="button" className="button" aria-label={t`End ${s.name}`} onClick={() => ask({ stop: s })}><Trans>End …</Trans></button> },
        ]} />
      )}</Listed>
      {asked === 'record' && <Record close={() => ask(null)} />}
      {asked === 'subprocessor' && <AddSubprocessor close={() => ask(null)} />}
      {asked && typeof asked === 'object' && 'end' in asked && (
        <Form title={t`End the agreement`} verb={t`End it`} danger close={() => ask(null)} run={async () => { await work.api.DELETE('/api/v1/organizations/{id}/agreements/{agreement}', { params: { path: { ...org, agreement: asked.end.id } } }); void again('agreements') }}>
          <p><Trans>Files of children that no other agreement and no parent's consent covers are held at once: only owners and administrators read them, and they are deleted when their time is over.</Trans></p>
        </Form>
      )}
      {asked && typeof asked === 'object' && 'stop' in asked && (
        <Form title={t`End the subprocessor`} verb={t`End it`} danger close={() => ask(null)} run={async () => { await work.api.DELETE('/api/v1/organizations/{id}/subprocessors/{subprocessor}', { params: { path: { ...org, subprocessor: asked.stop.id } } }); void again('subprocessors') }}>
          <p><Trans>Nothing more of its kind is enabled. What is enabled goes on until you switch it off.</Trans></p>
        </Form>
      )}
    </>
  )
}

function useSubprocessorKinds(): Record<Subprocessor['kind'], string> {
  const { t } = useLingui()
  return { roblox: t`Roblox`, model: t`Language model`, webhook: t`Receiver of webhooks`, other: t`Something else` }
}

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

function Record({ close }: { close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const run = async (d: FormData) => {
    const text = (name: string) => String(d.get(name) ?? '').trim()
    await api.POST('/api/v1/organizations/{id}/agreements', {
      params: { path: { id: place.organization_id }, header: once() },
      body: {
        signer: text('signer'), authority: text('authority'), purpose: text('purpose'), covers: text('covers'), contact: text('contact'),
        notice_sent_at: new Date(text('notice')).toISOString(), expires_at: new Date(text('expires')).toISOString(),
      },
    })
    void again('agreements')
  }
  return (
    <Form title={t`Record an agreement`} verb={t`Record`} run={run} close={close}>
      <p><Trans>The school agrees for its students, for school work alone and for no commercial use. A teacher cannot sign it.</Trans></p>
      <label className="field"><Trans>Who signed</Trans><input name="signer" required maxLength={200} dir="auto" autoFocus /></label>
      <label className="field"><Trans>By which office</Trans><input name="authority" required maxLength={200} dir="auto" /></label>
      <label className="field"><Trans>For which school work</Trans><textarea name="purpose" required maxLength={2000} dir="auto" rows={2} /></label>
      <label className="field"><Trans>Which data and uses it covers</Trans><textarea name="covers" required maxLength={2000} dir="auto" rows={2} /></label>
      <label className="field"><Trans>Where parents ask to see or delete data</Trans><input name="contact" required maxLength={320} dir="auto" /></label>
      <label className="field"><Trans>When the school was sent the notice about it</Trans><input name="notice" type="date" required max={day(0)} defaultValue={day(0)} /></label>
      <label className="field"><Trans>Until when it counts</Trans><input name="expires" type="date" required min={day(1)} max={day(3649)} defaultValue={day(365)} /></label>
    </Form>
  )
}

/** The id of a file, from its id or from the address that shows it. */
export function fileOf(text: string): string | undefined {
  const id = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
  return (new RegExp(`file=(${id})`, 'i').exec(text) ?? new RegExp(`^(${id})$`, 'i').exec(text.trim()))?.[1]
}

function AddSubprocessor({ close }: { close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const kinds = useSubprocessorKinds()
  const run = async (d: FormData) => {
    const text = (name: string) => String(d.get(name) ?? '').trim()
    const file = fileOf(text('file'))
    if (!file) throw new Unmet(t`Give the id of the file, or its address in this console.`)
    await api.POST('/api/v1/organizations/{id}/subprocessors', {
      params: { path: { id: place.organization_id }, header: once() },
      body: { kind: d.get('kind') as Subprocessor['kind'], name: text('name'), purpose: text('purpose'), categories: text('categories'), location: text('location'), assurance_file_id: file },
    })
    void again('subprocessors')
  }
  return (
    <Form title={t`Add a subprocessor`} verb={t`Add`} run={run} close={close}>
      <label className="field"><Trans>Kind</Trans><select name="kind">{Object.entries(kinds).map(([kind, word]) => <option key={kind} value={kind}>{word}</option>)}</select></label>
      <label className="field"><Trans>Name</Trans><input name="name" required maxLength={200} dir="auto" /></label>
      <label className="field"><Trans>What it does with the data</Trans><textarea name="purpose" required maxLength={2000} dir="auto" rows={2} /></label>
      <label className="field"><Trans>Which data it gets</Trans><textarea name="categories" required maxLength={2000} dir="auto" rows={2} /></label>
      <label className="field"><Trans>In which country</Trans><input name="location" required maxLength={200} dir="auto" /></label>
      <label className="field"><Trans>The file with its written assurances</Trans><input name="file" required autoComplete="off" /><span className="hint"><Trans>Its id, or the address that shows its details here.</Trans></span></label>
    </Form>
  )
}
