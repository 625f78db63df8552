import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { personById } from '../../app/queries-admin.ts'
import { fileById } from '../../app/queries.ts'
import { type Erasure, type ErasureBasis, type Hold, erasures, holds } from '../../app/queries-compliance.ts'
import { type Plan, holdsOn } from '../../parts/erasure-steps.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Form, Listed, State, Table, Unmet, once, useChange } from '../../parts/manage.tsx'
import { useOpener } from '../../parts/opener.ts'
import { ChoosePerson, Named, brief } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'
import { fileOf } from './agreements.tsx'
import { Erased, useErasureWords } from './erased.tsx'

type Asked = null | 'ask' | { confirm: Plan } | { look: Erasure }

/** What was destroyed in every copy, what is being destroyed, and what a hold keeps from it. Of organizations that were deleted, for operators. */
export default function Erasures() {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(erasures(work))
  const [asked, ask] = useState<Asked>(null)
  const words = useErasureWords()
  const manages = may(work.place, 'manage_erasures')
  const operator = work.place.role === 'operator'
  const close = () => ask(null)
  const opener = useOpener(asked !== null && asked !== 'ask' && 'confirm' in asked)
  const marks: Record<Erasure['state'], string> = { planned: 'waiting', erasing: 'running', blocked: 'stopped', verifying: 'running', certified: 'done' }
  return (
    <>
      <Title actions={manages && <button ref={opener} type="button" className="button main" onClick={() => ask('ask')}><Trans>Have something erased …</Trans></button>}>{t`Erasures`}</Title>
      <p>{operator
        ? <Trans>Organizations that were deleted, each with its certificate. An organization is erased by its deletion.</Trans>
        : <Trans>What is erased is destroyed in every copy and in backups, with its keys, and does not come back. A certificate says so in the end. A whole organization is erased by its deletion, which an operator begins for its owner.</Trans>}</p>
      <Listed of={list} empty={t`Nothing was erased yet.`}>{rows => (
        <Table label={t`Erasures`} rows={rows} id={e => e.id} columns={[
          { head: t`What`, cell: e => <What of={e} /> },
          { head: t`Why`, cell: e => <>{words.bases[e.basis]} <bdi className="small quiet">{e.rule}</bdi>{e.reference && <><br /><bdi className="small">{e.reference}</bdi></>}</> },
          { head: t`Asked for`, cell: e => exactly(e.requested_at) },
          { head: t`State`, cell: e => <><State state={marks[e.state]} word={words.states[e.state]} /> {e.scope !== 'organization' && <span className="small quiet">{words.progress(e)}</span>}
            {e.hold_id && may(work.place, 'read_holds') && <p className="small"><Link to="/o/$org/manage/holds" params={{ org: work.place.organization_id }}><Trans>To the holds</Trans></Link></p>}</> },
          { head: t`Actions`, cell: e => <button type="button" className="button" onClick={() => ask({ look: e })}>{e.state === 'certified' ? <Trans>Certificate</Trans> : <Trans>Look</Trans>}</button> },
        ]} />
      )}</Listed>
      {asked === 'ask' && <AskErasure close={() => ask(now => (now === 'ask' ? null : now))} go={confirm => ask({ confirm })} />}
      {asked && asked !== 'ask' && 'confirm' in asked && <Confirm plan={asked.confirm} close={close} />}
      {asked && asked !== 'ask' && 'look' in asked && <Erased of={asked.look} erase={confirm => ask({ confirm })} close={close} />}
    </>
  )
}

function What({ of: e }: { of: Erasure }) {
  const { scopes } = useErasureWords()
  return <>{scopes[e.scope]} {e.scope === 'person' || e.scope === 'consent' ? <Named id={e.target_id} /> : <code className="small" title={e.target_id}>{brief(e.target_id)}</code>}</>
}

/** Which file or whose files, and why. What it is called is looked up, so that it can be typed before it is destroyed. */
function AskErasure({ close, go }: { close: () => void; go: (plan: Plan) => void }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useErasureWords()
  const [scope, setScope] = useState<Plan['scope']>('file')
  const run = async (d: FormData) => {
    const text = (name: string) => String(d.get(name) ?? '').trim()
    const target = scope === 'file' ? fileOf(text('file')) : text('person')
    if (!target) throw new Unmet(scope === 'file' ? t`Give the id of the file, or its address in this console.` : t`Choose a person.`)
    // Who may have a file erased need not see it: then its id is typed.
    const name = scope === 'file'
      ? await work.queries.fetchQuery({ ...fileById(work, target), retry: false }).then(f => f.name, () => target)
      : await work.queries.fetchQuery(personById(work, target)).then(p => p.display_name, () => target)
    go({ scope, target, name: name.trim() || target, basis: d.get('basis') as ErasureBasis, reference: text('reference') })
  }
  return (
    <Form title={t`Have something erased`} verb={t`Go on`} run={run} close={close}>
      <label className="field"><Trans>What is erased</Trans><select value={scope} autoFocus onChange={e => setScope(e.target.value as Plan['scope'])}><option value="file">{t`A file`}</option><option value="person">{t`Files of a person`}</option></select></label>
      {scope === 'file'
        ? <label className="field"><Trans>File</Trans><input name="file" required autoComplete="off" /><span className="hint"><Trans>Its id, or the address that shows its details here.</Trans></span></label>
        : <ChoosePerson name="person" gone />}
      <label className="field"><Trans>Why</Trans><select name="basis">{(Object.keys(words.bases) as ErasureBasis[]).map(b => <option key={b} value={b}>{words.bases[b]}</option>)}</select></label>
      <label className="field"><Trans>Number of the letter or case</Trans><input name="reference" maxLength={200} autoComplete="off" /><span className="hint"><Trans>It stays with the certificate: write no name.</Trans></span></label>
    </Form>
  )
}

function Confirm({ plan, close }: { plan: Plan; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  const run = async () => {
    await api.POST('/api/v1/erasures', { params: { header: once() }, body: { scope: plan.scope, target_id: plan.target, basis: plan.basis, ...(plan.reference ? { reference: plan.reference } : {}) } })
    void again('erasures', 'files', 'holds')
  }
  return (
    <Form title={t`Erase for good`} verb={t`Erase for good`} danger word={plan.name} run={run} close={close}>
      <p>{plan.scope === 'file'
        ? <Trans>The file goes with all its versions, previews and texts, from every store and every backup. It cannot be brought back.</Trans>
        : <Trans>The files about this person go, and those that they sent, with all versions, previews and texts, from every store and every backup. They cannot be brought back. Files that tell of other students too are kept, and the certificate says so.</Trans>}</p>
      <p><Trans>Copies of the whole organization that are there are removed too, since they may hold it.</Trans></p>
      <Holding plan={plan} />
    </Form>
  )
}

/** The holds that stop it, before it is asked for. */
function Holding({ plan }: { plan: Plan }) {
  const work = useWork()
  const list = useInfiniteQuery(holds(work, false))
  if (list.error) return <Failure error={list.error} again={() => void list.refetch()} />
  if (!list.data) return <Waiting />
  const { covering, perhaps } = holdsOn(plan, list.data.pages.flatMap(p => p.items))
  const line = (h: Hold) => <li key={h.id}><bdi>{h.reason}</bdi></li>
  return (
    <>
      {covering.length > 0 && <div role="note"><p className="bad"><Trans>A hold covers it. It goes to the bin, where it cannot be used, and is destroyed when two people have released the hold:</Trans></p><ul>{covering.map(line)}</ul></div>}
      {perhaps > 0 && <p className="small"><Trans>Other holds that are in force: {perhaps}. What they cover of it waits for them.</Trans></p>}
      {covering.length + perhaps === 0 && <p className="small quiet"><Trans>No hold is in force.</Trans></p>}
    </>
  )
}
