import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import type { Person } from '../../app/queries-admin.ts'
import { type ConsentDecision, type NewConsentDecision, consentOf, decisionsOf } from '../../app/queries-compliance.ts'
import { Failure } from '../../parts/failure.tsx'
import { Form, Unmet, once, useChange } from '../../parts/manage.tsx'
import { Named } from '../../parts/people.tsx'
import { fileOf } from './agreements.tsx'
import { AskConsent } from './ask-consent.tsx'
import { ChooseGuardian } from './choose-guardian.tsx'

/** On what basis the files of a student are here, and what guardians decided. */
export function Decisions({ of: p }: { of: Person }) {
  const { t } = useLingui()
  const work = useWork()
  const state = useQuery(consentOf(work, p.user_id))
  const list = useInfiniteQuery(decisionsOf(work, p.user_id))
  const [asked, ask] = useState<null | 'record' | 'mail'>(null)
  const kinds = useDecisionKinds()
  const bases = { parental_consent: t`Consent of a parent`, school_authorization: t`Agreement of the school`, '': t`None: nothing is taken or shown` }
  const made = list.data?.pages.flatMap(x => x.items).toSorted((a, b) => b.at.localeCompare(a.at)) ?? []
  const error = state.error ?? list.error
  return (
    <section className="panel" aria-labelledby="consent"><h2 id="consent"><Trans>Consent of parents</Trans></h2>
      {error && <Failure error={error} again={() => { void state.refetch(); void list.refetch() }} />}
      {state.data && <dl className="facts">
        <div><dt>{t`Age`}</dt><dd>{state.data.is_child ? t`Under 13, or not known` : t`13 or older`}</dd></div>
        {state.data.is_child && <div><dt>{t`Basis of the files`}</dt><dd>{bases[state.data.basis]}</dd></div>}
      </dl>}
      {list.data && made.length === 0 && <p><Trans>No parent has decided anything yet.</Trans></p>}
      <ul className="versions">{made.map(d => (
        <li key={d.id}><span>{kinds[d.kind]}<br /><span className="small quiet">{d.guardian_id ? <Named id={d.guardian_id} /> : t`A parent who is no member`} · {exactly(d.at)}</span></span></li>
      ))}</ul>
      {list.hasNextPage && <p><button type="button" className="button" onClick={() => void list.fetchNextPage()}><Trans>Look at more decisions</Trans></button></p>}
      <div className="actions">
        {may(work.place, 'manage_consent') && state.data?.is_child && <button type="button" className="button" onClick={() => ask('mail')}><Trans>Ask a parent by mail …</Trans></button>}
        {may(work.place, 'manage_consent') && <button type="button" className="button" onClick={() => ask('record')}><Trans>Record a decision …</Trans></button>}
        <Link className="button" to="/o/$org/manage/consent-requests" params={{ org: work.place.organization_id }} search={{ child: p.user_id }}><Trans>Requests for consent</Trans></Link>
      </div>
      {asked === 'mail' && <AskConsent child={p.user_id} close={() => ask(null)} />}
      {asked === 'record' && <RecordDecision of={p} close={() => ask(null)} />}
    </section>
  )
}

function useDecisionKinds(): Record<ConsentDecision['kind'], string> {
  const { t } = useLingui()
  return {
    grant: t`Agreed`, deny: t`Did not agree`, revoke: t`Withdrew the consent`, provisional: t`Agreed by mail; the second mail is to come`,
    expire: t`Agreed by mail; it was not confirmed in time`, reconsent: t`Is asked again, since the notice changed`, void: t`The evidence does not count`,
  }
}

function RecordDecision({ of: p, close }: { of: Person; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { again } = useChange()
  const kinds = useDecisionKinds()
  const [kind, setKind] = useState<NewConsentDecision['kind']>('grant')
  const scopes: [NonNullable<NewConsentDecision['scopes']>[number], string][] = [
    ['disclose:link', t`Links that anyone can open`], ['disclose:outside_person', t`Sharing with people outside`], ['disclose:connector', t`Connections such as Roblox`],
    ['disclose:model', t`Language models`], ['disclose:train', t`Training of models`],
  ]
  const run = async (d: FormData) => {
    const text = String(d.get('file') ?? '').trim()
    const file = fileOf(text)
    if (text && !file) throw new Unmet(t`Give the id of the file, or its address in this console.`)
    await work.api.POST('/api/v1/organizations/{id}/people/{user}/consents', {
      params: { path: { id: work.place.organization_id, user: p.user_id }, header: once() },
      body: {
        kind, guardian_id: String(d.get('guardian')) || null, evidence_file_id: file ?? null,
        ...(kind === 'grant' ? { scopes: ['collect_use', ...scopes.map(([s]) => s).filter(s => d.getAll('scope').includes(s))] } : {}),
      },
    })
    void again('consent', 'consent-requests', 'held') // it ends a request to the same parent
  }
  return (
    <Form title={t`Record what a parent decided`} verb={t`Record`} run={run} close={close}>
      <p><Trans>A signed form that you looked at. The strictest of several parents counts; a refusal holds the files of the child at once.</Trans></p>
      <ChooseGuardian of={p.user_id} />
      <fieldset className="checks"><legend><Trans>Decision</Trans></legend>
        {(['grant', 'deny', 'revoke'] as const).map(k => <label key={k} className="check"><input type="radio" name="kind" value={k} checked={kind === k} onChange={() => setKind(k)} /> {kinds[k]}</label>)}
      </fieldset>
      {kind === 'grant' && <fieldset className="checks"><legend><Trans>Besides school work, the form has a signature for</Trans></legend>
        {scopes.map(([value, word]) => <label key={value} className="check"><input type="checkbox" name="scope" value={value} /> {word}</label>)}
      </fieldset>}
      <label className="field"><Trans>The file of the signed form</Trans><input name="file" required={kind === 'grant'} autoComplete="off" /><span className="hint"><Trans>Its id, or the address that shows its details here.</Trans></span></label>
    </Form>
  )
}
