import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../app/context.tsx'
import { exactly } from '../app/format.ts'
import { readersOf } from '../app/queries-shares.ts'
import { Failure } from '../parts/failure.tsx'
import { Person } from '../parts/share-words.tsx'

/** Who was sent bytes of a file, for those who read the audit log. */
export function Readers({ file }: { file: string }) {
  const { t } = useLingui()
  const work = useWork()
  const [open, setOpen] = useState(false)
  const list = useInfiniteQuery({ ...readersOf(work, file), enabled: open })
  const all = list.data?.pages.flatMap(p => p.items) ?? []
  return (
    <details className="fold" onToggle={e => setOpen(e.currentTarget.open)}><summary><Trans>Who has seen it</Trans></summary>
      {list.error && <Failure error={list.error} again={() => void list.refetch()} />}
      {list.isLoading && <p role="status"><Trans>Loading …</Trans></p>}
      {list.data && all.length === 0 && <p className="quiet"><Trans>It has not been opened yet.</Trans></p>}
      <ul className="uses small">{all.map(line => (
        <li key={line.seq}><time dateTime={line.event.at}>{exactly(line.event.at)}</time>: {line.event.actor ? <Person id={line.event.actor} /> : t`the platform`}{line.event.result === 'denied' && <> ({t`was refused`})</>}</li>
      ))}</ul>
      {list.hasNextPage && <p><button type="button" className="button" onClick={() => void list.fetchNextPage()}><Trans>Show more</Trans></button></p>}
    </details>
  )
}
