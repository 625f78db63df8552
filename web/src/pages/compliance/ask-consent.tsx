import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { languages } from '../../app/locale.ts'
import { consentTerms, notices } from '../../app/queries-compliance.ts'
import { mailLanguages } from '../../parts/consent-requests.ts'
import { Form, once, useChange } from '../../parts/manage.tsx'
import { toast } from '../../parts/toasts.tsx'
import { ChooseGuardian } from './choose-guardian.tsx'

/** What becomes of an address that is given here. */
export function AddressHint() {
  return <Trans>It is used to ask and to confirm, and for nothing else. It is kept encrypted, is shown nowhere, not to you either, and is deleted when the request ends.</Trans>
}

/** Asks a parent of a student for consent by mail. */
export function AskConsent({ child, close }: { child: string; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { again } = useChange()
  const published = useInfiniteQuery(notices(work))
  const terms = useQuery(consentTerms(work))
  const newest = published.data?.pages.flatMap(p => p.items).toSorted((a, b) => b.number - a.number)[0]
  const run = async (d: FormData) => {
    await work.api.POST('/api/v1/organizations/{id}/people/{user}/consent-requests', {
      params: { path: { id: work.place.organization_id, user: child }, header: once() },
      body: { guardian_id: String(d.get('guardian') ?? '') || null, email: String(d.get('email')).trim(), language: String(d.get('language')) },
    })
    toast(t`The mail to the parent is on its way.`)
    void again('consent-requests', 'consent')
  }
  return (
    <Form title={t`Ask a parent by mail`} verb={t`Ask`} run={run} close={close}>
      {published.data && !newest && <p className="bad"><Trans>No notice is published. Parents cannot be asked by mail before one is.</Trans> <Link to="/o/$org/manage/notices" params={{ org: work.place.organization_id }}><Trans>Notice to parents</Trans></Link></p>}
      <p><Trans>The mail shows the newest notice and has a link, by which the parent answers without an account.</Trans>{newest && <> <Trans>The newest one is version {newest.number}.</Trans></>}</p>
      <ChooseGuardian of={child} />
      <label className="field"><Trans>Mail address of the parent</Trans><input name="email" type="email" required maxLength={254} dir="ltr" autoComplete="off" /><span className="hint"><AddressHint /></span></label>
      <label className="field"><Trans>Language of the mails</Trans>
        <select name="language">{languages.filter(l => mailLanguages.includes(l.code)).map(l => <option key={l.code} value={l.code} lang={l.code}>{l.name}</option>)}</select>
        <span className="hint"><Trans>The notice in them is in the language in which it was published.</Trans></span>
      </label>
      {terms.data && <p className="small quiet"><Trans>Days to answer: {terms.data.consent_days}. Hours from a yes to the second mail, from which on the consent counts: {terms.data.confirm_hours}.</Trans></p>}
    </Form>
  )
}
