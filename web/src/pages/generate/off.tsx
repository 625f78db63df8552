import { Trans } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { may } from '../../app/grants.ts'

/** Says that the organization has it turned off, and who can turn it on. */
export function Off() {
  const { place } = useWork()
  return (
    <div className="state held" role="status">
      <p><strong><Trans>Your organization has this turned off.</Trans></strong></p>
      {may(place, 'change_organization')
        ? <p><Link to="/o/$org/manage/generation" params={{ org: place.organization_id }}><Trans>Turn it on in the administration</Trans></Link></p>
        : <p><Trans>An owner of your organization can turn it on. Ask them.</Trans></p>}
    </div>
  )
}
