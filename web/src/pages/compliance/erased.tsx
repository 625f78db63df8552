import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { exactly, size } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Erasure, type ErasureBasis, type ErasureCertificate, certificateOf, derivedOf, erasureById } from '../../app/queries-compliance.ts'
import { Ask } from '../../parts/dialogs.tsx'
import { type Plan, type StepName, stepsOf } from '../../parts/erasure-steps.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { State, useSave } from '../../parts/manage.tsx'

const number = (n: number) => new Intl.NumberFormat().format(n)

/** Words for what is erased, why, and how far it is. */
export function useErasureWords() {
  const { t } = useLingui()
  const scopes: Record<Erasure['scope'], string> = { file: t`A file`, person: t`Files of a person`, consent: t`What is here by a consent alone`, organization: t`Organization` }
  const bases: Record<ErasureBasis, string> = {
    parent_request: t`A parent asks for it`, student_request: t`A student whose rights are their own asks for it`, consent_withdrawn: t`The consent was withdrawn`,
    school_directive: t`The school decides so`, contract_end: t`The contract ends`,
  }
  const states: Record<Erasure['state'], string> = { planned: t`Begins in a moment`, erasing: t`Is being erased`, blocked: t`Waits for a hold`, verifying: t`Is being checked`, certified: t`Erased` }
  const progress = (e: Erasure) => [
    e.versions > 0 && t`Versions destroyed: ${number(e.versions_erased)} of ${number(e.versions)}`, e.files_on_hold > 0 && t`Files on hold: ${number(e.files_on_hold)}`, e.files_kept > 0 && t`Files kept: ${number(e.files_kept)}`,
  ].filter(Boolean).join(' · ')
  return { scopes, bases, states, progress }
}

/** One erasure: its steps as they come, what stops it, and the certificate at the end. */
export function Erased({ of, erase, close }: { of: Erasure; erase?: (plan: Plan) => void; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { data: e = of, error, refetch } = useQuery(erasureById(work, of.id))
  const words = useErasureWords()
  const names: Record<StepName, string> = { asked: t`Asked for`, erase: t`Keys and copies are destroyed`, verify: t`Every store is listed, and has nothing of it`, certify: t`The certificate is signed` }
  const states = { done: t`done`, running: t`running`, waiting: t`not yet`, blocked: words.states.blocked }
  return (
    <Ask title={t`Erasure`} close={close}>
      {error && <Failure error={error} again={() => void refetch()} />}
      <dl className="facts">
        <div><dt>{t`What`}</dt><dd>{words.scopes[e.scope]} <code className="small">{e.target_id}</code></dd></div>
        <div><dt>{t`Why`}</dt><dd>{words.bases[e.basis]} <bdi className="small quiet">{e.rule}</bdi></dd></div>
        {e.scope !== 'organization' && <div><dt>{t`How far`}</dt><dd>{words.progress(e) || t`Nothing was found yet.`}</dd></div>}
      </dl>
      <ol className="steps-live" aria-label={t`Steps`}>{stepsOf(e).map(s => (
        <li key={s.name} aria-current={s.state === 'running' || s.state === 'blocked' ? 'step' : undefined}><span>{names[s.name]}: <State state={s.state === 'blocked' ? 'stopped' : s.state} word={states[s.state]} /></span></li>
      ))}</ol>
      {e.state === 'blocked' && (
        <p role="note"><Trans>What a hold covers is in the bin, and stays there. The rest goes on. When two people have released the hold, it goes on by itself.</Trans>{' '}
          {may(work.place, 'read_holds') && <Link to="/o/$org/manage/holds" params={{ org: work.place.organization_id }} onClick={close}><Trans>To the holds</Trans></Link>} <code className="small">{e.hold_id}</code></p>
      )}
      {e.scope !== 'organization' && <MadeOf of={e} {...(erase ? { erase } : {})} />}
      {e.state === 'certified' && <Certified of={e} />}
    </Ask>
  )
}

/** Documents that were made from what is gone, and are files of their own: a person decides about each. */
function MadeOf({ of: e, erase }: { of: Erasure; erase?: (plan: Plan) => void }) {
  const work = useWork()
  const { data } = useInfiniteQuery(derivedOf(work, e.id))
  const made = [...new Set(data?.pages.flatMap(p => p.items.map(d => d.file_id)))]
  if (made.length === 0) return null
  return (
    <section aria-labelledby="made-of"><h3 id="made-of"><Trans>Documents made from it</Trans></h3>
      <p><Trans>They are files of their own and stay. Decide whether they tell of what is gone.</Trans></p>
      <ul>{made.map(id => (
        <li key={id}><code className="small">{id}</code>{' '}
          {erase && may(work.place, 'manage_erasures') && <button type="button" className="button" onClick={() => erase({ scope: 'file', target: id, name: id, basis: e.basis, reference: e.reference })}><Trans>Have it erased …</Trans></button>}
        </li>))}</ul>
    </section>
  )
}

function Certified({ of: e }: { of: Erasure }) {
  const { t } = useLingui()
  const save = useSave()
  const { data: c, error, refetch } = useQuery(certificateOf(useWork(), e.id))
  const file = `certificate-${e.id}`
  const at = `/api/v1/erasures/${e.id}/certificate`
  const reasons: Record<NonNullable<ErasureCertificate['kept']>[number]['reason'], string> = {
    other_people: t`It tells of other students too`, sent_to_a_file_of_others: t`The person only sent a version to a file of others`, kept_until: t`The school decided to keep it until a day`,
    other_basis: t`The school or another guardian allows it`,
  }
  const rows: Record<NonNullable<ErasureCertificate['person']>, string> = {
    erased: t`Erased`, still_a_member: t`It is there: the person is a member. Let them leave first, then ask again.`, on_hold: t`It is there: a hold covers it`,
  }
  return (
    <section aria-labelledby="certificate"><h3 id="certificate"><Trans>Certificate</Trans></h3>
      {error ? <Failure error={error} again={() => void refetch()} /> : !c && <Waiting />}
      {c && <>
        <dl className="facts">
          <div><dt>{t`Signed`}</dt><dd>{exactly(c.certified_at)}</dd></div>
          <div><dt>{t`Destroyed`}</dt><dd>{c.scope === 'organization' ? t`Files: ${number(c.files)}. Objects: ${number(c.objects ?? 0)}.` : t`Versions: ${number(c.versions)}. Size: ${size(c.bytes)}.`}</dd></div>
          {c.exports > 0 && <div><dt>{t`Copies of everything that were removed`}</dt><dd>{number(c.exports)}</dd></div>}
          {c.person && <div><dt>{t`The person's own entry`}</dt><dd>{rows[c.person]}</dd></div>}
          <div><dt>{t`Last backup of the keys is gone`}</dt><dd>{exactly(c.keys_backup_until)}</dd></div>
        </dl>
        {(c.kept?.length ?? 0) > 0 && <><p><Trans>Kept, and why:</Trans></p><ul>{c.kept!.map(k => <li key={k.file}><code className="small">{k.file}</code> {reasons[k.reason]}</li>)}</ul></>}
        <p className="actions">
          <button type="button" className="button" onClick={() => void save(at + '?format=pdf', file + '.pdf')}><Trans>Save as PDF</Trans></button>
          <button type="button" className="button" onClick={() => void save(at + '?format=json', file + '.json')}><Trans>Save as JSON</Trans></button>
        </p>
        <p><Trans>The JSON is what is signed. Anybody checks it without this platform, by the public key for auditors that your operator gives out:</Trans></p>
        <pre className="code" tabIndex={0} dir="ltr">satchel certificate verify {file}.json --key audit-public-key</pre>
      </>}
    </section>
  )
}
