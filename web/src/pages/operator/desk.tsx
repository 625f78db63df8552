import { Trans, useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'

/** The pages of the job desk beside each other. */
export function Desk() {
  const { t } = useLingui()
  const { place } = useWork()
  const at = { params: { org: place.organization_id }, activeOptions: { exact: true, includeSearch: false }, activeProps: { 'aria-current': 'page' as const } }
  return (
    <nav aria-label={t`Job desk`} className="tabs">
      <Link to="/o/$org/operate/jobs" {...at}><Trans>Jobs</Trans></Link>
      <Link to="/o/$org/operate/queues" {...at}><Trans>Queues</Trans></Link>
      <Link to="/o/$org/operate/failures" {...at}><Trans>Failures</Trans></Link>
      <Link to="/o/$org/operate/schedules" {...at}><Trans>Schedules</Trans></Link>
      <Link to="/o/$org/operate/workers" {...at}><Trans>Workers</Trans></Link>
      <Link to="/o/$org/operate/purges" {...at}><Trans>Caches</Trans></Link>
    </nav>
  )
}
