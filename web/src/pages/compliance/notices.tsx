import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Notice, notices } from '../../app/queries-compliance.ts'
import { type Block, lint, parties, partiesText } from '../../parts/notice-lint.ts'
import { Check, Form, Listed, Table, Unmet, once, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

type Body = Notice['notice']
const languages = ['en', 'de', 'es', 'ar', 'zh-Hans', 'vi', 'ht', 'pt', 'uk', 'fr']

function useBlocks(): Record<Block, string> {
  const { t } = useLingui()
  return {
    summary: t`Summary, in at most 120 words`, collected: t`What is collected from the child`, used: t`What it is used for`, disclosed: t`To whom it may be given, or that it is not`,
    third_parties: t`Who gets data, one a line: the name, a colon, and what for`, consent_required: t`That nothing is collected without the parent's consent`,
    online_notice: t`Address of the full notice on the web`, means: t`How the parent consents`, contact_deleted: t`That the parent's address is deleted when no answer comes`,
    rights: t`What the parent may ask for: to see, to delete, to stop`,
  }
}

/** The versions of the notice to parents: what parents were shown, and the next one. */
export default function Notices() {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(notices(work))
  const [asked, ask] = useState<null | 'make' | Notice>(null)
  const newest = list.data?.pages.flatMap(p => p.items).toSorted((a, b) => b.number - a.number)[0]
  return (
    <>
      <Title actions={may(work.place, 'manage_consent') && <button type="button" className="button main" aria-disabled={list.isPending} onClick={() => { if (!list.isPending) ask('make') }}><Trans>Write a notice …</Trans></button>}>{t`Notice to parents`}</Title>
      <p><Trans>What parents are told before they are asked for their consent. A published version is never changed.</Trans> <Link to="/o/$org/manage/consent-requests" params={{ org: work.place.organization_id }}><Trans>Requests for consent</Trans></Link></p>
      <Listed of={list} empty={t`No notice is published. Parents cannot be asked by mail before one is.`}>{rows => (
        <Table label={t`Versions of the notice`} rows={rows.toSorted((a, b) => b.number - a.number)} id={n => n.id} columns={[
          { head: t`Version`, cell: n => n.number, numbers: true },
          { head: t`Language`, cell: n => <bdi>{n.language}</bdi> },
          { head: t`Published`, cell: n => exactly(n.published_at) },
          { head: t`What it changed`, cell: n => n.material ? t`Parents were asked again` : t`Consents go on` },
          { head: t`Actions`, cell: n => <button type="button" className="button" aria-label={t`Read version ${n.number}`} onClick={() => ask(n)}><Trans>Read …</Trans></button> },
        ]} />
      )}</Listed>
      {asked === 'make' && <Write of={newest} close={() => ask(null)} />}
      {asked && asked !== 'make' && <Read of={asked} close={() => ask(null)} />}
    </>
  )
}

function Read({ of: n, close }: { of: Notice; close: () => void }) {
  const { t } = useLingui()
  const blocks = useBlocks()
  return (
    <Form title={t`Version ${n.number} of the notice`} verb={t`Close`} run={async () => {}} close={close}>
      <dl lang={n.language} dir="auto">{(Object.keys(blocks) as Block[]).map(b => (
        <div key={b}><dt>{blocks[b]}</dt><dd>{b === 'third_parties' ? partiesText(n.notice.third_parties) || t`none` : n.notice[b]}</dd></div>
      ))}</dl>
      <p className="small quiet"><Trans>SHA-256 of the text</Trans> <code className="small">{n.sha256}</code></p>
    </Form>
  )
}

function Write({ of: n, close }: { of: Notice | undefined; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const blocks = useBlocks()
  const [missing, setMissing] = useState<Block[]>(() => lint(n?.notice))
  const written = (form: FormData): Body => {
    const text = (name: string) => String(form.get(name) ?? '').trim()
    return {
      summary: text('summary'), collected: text('collected'), used: text('used'), disclosed: text('disclosed'), third_parties: parties(text('third_parties')),
      consent_required: text('consent_required'), online_notice: text('online_notice'), means: text('means'), contact_deleted: text('contact_deleted'), rights: text('rights'),
    }
  }
  const look = (e: FormEvent<HTMLDivElement>) => {
    const form = e.currentTarget.closest('form')
    if (form) setMissing(lint(written(new FormData(form))))
  }
  const run = async (d: FormData) => {
    const body = written(d)
    const left = lint(body)
    if (left.length > 0) throw new Unmet(t`Something is missing: ${left.map(b => blocks[b]).join('; ')}`)
    await api.POST('/api/v1/organizations/{id}/consent/notices', {
      params: { path: { id: place.organization_id }, header: once() }, body: { language: String(d.get('language')), material: d.has('material'), notice: body },
    })
    void again('notices', 'consent-requests')
  }
  return (
    <Form title={t`Write a notice`} verb={t`Publish`} run={run} close={close}>
      <div onInput={look}>
        <p><Trans>The text begins as the newest version. It is kept nowhere before you publish it.</Trans></p>
        <label className="field"><Trans>Language</Trans><select name="language" defaultValue={n?.language ?? 'en'}>{[...new Set([n?.language ?? 'en', ...languages])].map(l => <option key={l} value={l}>{l}</option>)}</select></label>
        {(Object.keys(blocks) as Block[]).map(b => (
          <label key={b} className="field">{blocks[b]}
            {b === 'online_notice' ? <input name={b} type="url" dir="ltr" maxLength={2000} defaultValue={n?.notice[b] ?? ''} />
              : <textarea name={b} rows={b === 'summary' ? 4 : 2} dir="auto" maxLength={4000} defaultValue={b === 'third_parties' ? partiesText(n?.notice.third_parties ?? []) : n?.notice[b] ?? ''} />}
          </label>
        ))}
        <Check name="material" on={n !== undefined}><Trans>It changes what parents agreed to: ask them again, and collect nothing new until they answer</Trans></Check>
        <p role="status">{missing.length === 0 ? <Trans>Every part that the law asks for is there.</Trans> : <><Trans>Still missing:</Trans> {missing.map(b => blocks[b]).join('; ')}</>}</p>
      </div>
    </Form>
  )
}
