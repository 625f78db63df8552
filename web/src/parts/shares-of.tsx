import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { type ShareTarget, sharesOf } from '../app/queries-shares.ts'
import { Failure } from './failure.tsx'
import { ShareCard, hasEnded } from './share-card.tsx'

/** With whom a file, folder or space is shared. Those that have ended are folded away. */
export function SharesOf({ target }: { target: Pick<ShareTarget, 'what' | 'id'> }) {
  const { t } = useLingui()
  const work = useWork()
  const all = useQuery(sharesOf(work, target))
  const open = all.data?.filter(s => !hasEnded(s)) ?? []
  const ended = all.data?.filter(hasEnded) ?? []
  // Who may share the thing sees all of its shares; somebody who was given it sees the one that gives it.
  const mayChange = (by: string) => may(work.place, 'share') && (by === work.place.user_id || may(work.place, 'share_outside'))
  if (all.data?.length === 0) return null
  return (
    <section aria-label={t`Shared with`}>
      <h3><Trans>Shared with</Trans></h3>
      {all.error && <Failure error={all.error} again={() => void all.refetch()} />}
      {all.isPending && <p role="status"><Trans>Loading …</Trans></p>}
      {open.length > 0 && <ul className="shares">{open.map(s => <ShareCard key={s.id} share={s} change={mayChange(s.created_by)} />)}</ul>}
      {ended.length > 0 && (
        <details className="fold"><summary>{plural(ended.length, { one: '# share that has ended', other: '# shares that have ended' })}</summary>
          <ul className="shares">{ended.map(s => <ShareCard key={s.id} share={s} change={false} />)}</ul>
        </details>
      )}
    </section>
  )
}
