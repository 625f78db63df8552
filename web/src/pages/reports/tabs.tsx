import { Trans, useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'

/** Reports that were asked for, and those that come by themselves. */
export function Tabs() {
  const { t } = useLingui()
  const { place } = useWork()
  const at = { params: { org: place.organization_id }, activeOptions: { exact: true, includeSearch: false }, activeProps: { 'aria-current': 'page' as const } }
  return (
    <nav aria-label={t`Reports`} className="tabs">
      <Link to="/o/$org/reports" {...at}><Trans>Made</Trans></Link>
      <Link to="/o/$org/report-schedules" {...at}><Trans>By themselves</Trans></Link>
    </nav>
  )
}
