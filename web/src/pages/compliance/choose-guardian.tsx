import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { guardians, personById } from '../../app/queries-admin.ts'
import { consentRequests } from '../../app/queries-compliance.ts'
import { guardiansAsked } from '../../parts/consent-requests.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { brief } from '../../parts/people.tsx'

/** A guardian to choose, by their name. */
function Guardian({ id }: { id: string }) {
  const person = useQuery({ ...personById(useWork(), id), staleTime: 600_000, retry: false })
  return <option value={id}>{person.data?.display_name ?? brief(id)}</option>
}

/**
 * The parent of a student who is asked, or who decided, as a field of the form around it. One who was asked before and is no member has no
 * name: the day of the request says who it is. Without their id an answer would stand beside the earlier one and not in its place.
 */
export function ChooseGuardian({ of: student }: { of: string }) {
  const { t } = useLingui()
  const work = useWork()
  const links = useInfiniteQuery(guardians(work, { student_id: student }))
  const requests = useInfiniteQuery(consentRequests(work, { child: student }))
  const own = links.data?.pages.flatMap(x => x.items) ?? []
  const others = guardiansAsked(requests.data?.pages.flatMap(x => x.items) ?? []).filter(a => !own.some(g => g.parent_id === a.id))
  const error = links.error ?? requests.error
  if (error) return <Failure error={error} again={() => { void links.refetch(); void requests.refetch() }} />
  if (links.isPending || requests.isPending) return <Waiting /> // what comes later would change what is chosen
  return (
    <>
      <label className="field"><Trans>Parent</Trans><select name="guardian" autoFocus>
        {own.map(g => <Guardian key={g.parent_id} id={g.parent_id} />)}
        {others.map(a => <option key={a.id} value={a.id}>{t`The parent who was asked by mail on ${exactly(a.at)}`}</option>)}
        <option value="">{others.length > 0 ? t`Another parent who is no member` : t`A parent who is no member`}</option>
      </select></label>
      {links.hasNextPage && <p><button type="button" className="button" onClick={() => void links.fetchNextPage()}><Trans>Look at more links</Trans></button></p>}
    </>
  )
}
