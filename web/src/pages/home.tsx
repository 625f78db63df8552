import { Trans, useLingui } from '@lingui/react/macro'
import { Navigate } from '@tanstack/react-router'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { Title } from '../parts/shell.tsx'

/** Leads each role to where its work is. */
export default function Home() {
  const { t } = useLingui()
  const { place } = useWork()
  const params = { org: place.organization_id }
  if (place.role === 'student') return <Navigate to="/o/$org/send" params={params} replace />
  if (may(place, 'upload')) return <Navigate to="/o/$org/spaces/$space" params={{ ...params, space: 'mine' }} replace />
  if (may(place, 'read_files')) return <Navigate to="/o/$org/recent" params={params} replace />
  return (
    <>
      <Title>{t`Welcome`}</Title>
      {place.role === 'auditor' && <p><Trans>Auditors read the audit log. This console has no page for it yet: use <code>satchel audit list</code>, <code>satchel audit verify</code> and <code>satchel audit export</code>.</Trans></p>}
      {place.role === 'operator' && <p><Trans>Operators manage organizations. This console has no page for it yet: use <code>satchel org</code> and the Temporal UI. People's files are not shown to operators.</Trans></p>}
    </>
  )
}
