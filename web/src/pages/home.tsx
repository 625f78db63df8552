import { Trans, useLingui } from '@lingui/react/macro'
import { Navigate } from '@tanstack/react-router'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { useManage } from '../app/manage.tsx'
import { Title } from '../parts/shell.tsx'

/** Leads each role to where its work is. */
export default function Home() {
  const { t } = useLingui()
  const { place } = useWork()
  const managed = useManage(place)
  const params = { org: place.organization_id }
  if (place.role === 'student') return <Navigate to="/o/$org/send" params={params} replace />
  if (may(place, 'upload')) return <Navigate to="/o/$org/spaces/$space" params={{ ...params, space: 'mine' }} replace />
  if (may(place, 'read_files')) return <Navigate to="/o/$org/files" params={params} replace />
  if (managed[0]) return <Navigate to={managed[0].to} replace />
  return (
    <>
      <Title>{t`Welcome`}</Title>
      <p><Trans>There is nothing here that your role reads. Ask the person who let you in.</Trans></p>
    </>
  )
}
