import { Trans } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../app/context.tsx'
import { exactly } from '../app/format.ts'
import { missingAgreement } from '../app/queries-compliance.ts'

/** Tells those who may agree for the school that students add nothing, or soon will not. What cannot be read is not told: it is no page of its own. */
export default function AgreementNotice() {
  const work = useWork()
  const missing = useQuery(missingAgreement(work)).data
  if (!missing) return null
  const { until } = missing
  return (
    <div className="banner" role="status">
      <p>{until
        ? <Trans>The agreement of your school for children's data ends on {exactly(until)}. From then on, students under 13 add no files without a parent's consent.</Trans>
        : <Trans>Your school has no agreement for children's data: students under 13 add no files without a parent's consent.</Trans>}</p>
      <Link className="button" to="/o/$org/manage/agreements" params={{ org: work.place.organization_id }}><Trans>To the agreements</Trans></Link>
    </div>
  )
}
