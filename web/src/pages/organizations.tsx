import { Trans, useLingui } from '@lingui/react/macro'
import { Link, Navigate, useRouteContext } from '@tanstack/react-router'

import type { RouterContext } from '../app/frame.tsx'
import { Title } from '../parts/shell.tsx'

/** Where a person belongs to: with one organization they come there at once. */
export default function Organizations() {
  const { t } = useLingui()
  const { places, session } = useRouteContext({ strict: false }) as RouterContext
  if (places.length === 1) return <Navigate to="/o/$org" params={{ org: places[0]!.organization_id }} replace />
  return (
    <main className="front">
      <Title>{places.length === 0 ? t`You belong to no organization yet` : t`Where do you want to work?`}</Title>
      {places.length === 0 && <p><Trans>Open the invitation that your school has sent you by mail, or ask your school for one. If you have signed in with the wrong account, sign out first.</Trans></p>}
      <ul className="choices">{places.map(p => (
        <li key={p.organization_id}><Link className="choice" to="/o/$org" params={{ org: p.organization_id }}><bdi>{p.name}</bdi>{p.status !== 'active' && <span className="quiet small"> <Trans>not open at the moment</Trans></span>}</Link></li>
      ))}</ul>
      <p><button type="button" className="button" onClick={() => void session.signOut(async () => {})}><Trans>Sign out</Trans></button></p>
    </main>
  )
}
