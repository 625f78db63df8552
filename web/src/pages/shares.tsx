import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useLocation, useNavigate } from '@tanstack/react-router'
import { Suspense, lazy } from 'react'

import { useWork } from '../app/context.tsx'
import type { ListSearch } from '../app/frame.tsx'
import { may } from '../app/grants.ts'
import { type Share, nameOfTarget, sharesList, targetOf } from '../app/queries-shares.ts'
import { folderById } from '../app/queries.ts'
import { Failure } from '../parts/failure.tsx'
import { Waiting } from '../parts/front.tsx'
import { Icon } from '../parts/icon.tsx'
import { ShareCard, hasEnded } from '../parts/share-card.tsx'
import { Person } from '../parts/share-words.tsx'
import { Title } from '../parts/shell.tsx'

const Details = lazy(() => import('./details.tsx'))

export function SharedWithMePage() { return <Shares which="received" /> }
export function SharedByMePage() { return <Shares which="given" /> }
export function SharedOutsidePage() { return <Shares which="outside" /> }

/** The shares of a person: what they gave, what they were given; for owners and admins what leaves the school. */
function Shares({ which }: { which: 'given' | 'received' | 'outside' }) {
  const { t } = useLingui()
  const work = useWork()
  const navigate = useNavigate()
  const search = useLocation().search as ListSearch
  const list = useInfiniteQuery(sharesList(work, which))
  const all = list.data?.pages.flatMap(p => p.items) ?? []
  const open = all.filter(s => !hasEnded(s))
  const ended = all.filter(hasEnded)
  const titles = { given: t`Shared by me`, received: t`Shared with me`, outside: t`Shared outside the school` }
  const empty = {
    given: t`You have shared nothing yet. Choose “Share” in the menu of a file or folder.`, received: t`Nothing has been shared with you yet.`, outside: t`Nothing leaves the school by a share.`,
  }
  return (
    <>
      <Tabs which={which} />
      <Title>{titles[which]}</Title>
      {list.error && <Failure error={list.error} again={() => void list.refetch()} />}
      {list.isPending && <Waiting />}
      {list.data && all.length === 0 && <p className="empty">{empty[which]}</p>}
      {open.length > 0 && <ul className="shares">{open.map(s => <ShareCard key={s.id} share={s} received={which === 'received'} change={which !== 'received'} head={<Target share={s} named={which !== 'outside'} />} />)}</ul>}
      {ended.length > 0 && <section aria-labelledby="ended"><h2 id="ended"><Trans>Ended</Trans></h2>
        <ul className="shares">{ended.map(s => <ShareCard key={s.id} share={s} received={which === 'received'} change={false} head={<Target share={s} named={which !== 'outside'} />} />)}</ul></section>}
      {which === 'received' && <p><Link to="/o/$org/shared-files" params={{ org: work.place.organization_id }}><Trans>All files that others show me</Trans></Link></p>}
      {list.hasNextPage && <p><button type="button" className="button" onClick={() => void list.fetchNextPage()}><Trans>Show more</Trans></button></p>}
      {search.file && <Suspense><Details id={search.file} bin={false} close={() => void navigate({ to: '.', search: {} as never })} /></Suspense>}
    </>
  )
}

function Tabs({ which }: { which: 'given' | 'received' | 'outside' }) {
  const { t } = useLingui()
  const { place } = useWork()
  const params = { org: place.organization_id }
  const here = (w: typeof which) => (w === which ? { 'aria-current': 'page' as const } : {})
  if (!may(place, 'share')) return null
  return (
    <nav className="tabs" aria-label={t`Shares`}>
      <Link to="/o/$org/shared" params={params} {...here('received')}><Trans>With me</Trans></Link>
      <Link to="/o/$org/shared-by-me" params={params} {...here('given')}><Trans>By me</Trans></Link>
      {may(place, 'manage_spaces') && <Link to="/o/$org/shared-outside" params={params} {...here('outside')}><Trans>Outside the school</Trans></Link>}
    </nav>
  )
}

/** What a share shares, by its name, and the way to it. Owners and admins see that something leaves the school, and not what: to ask for its name would be refused, and recorded. */
function Target({ share: s, named }: { share: Share; named: boolean }) {
  const { t } = useLingui()
  const work = useWork()
  const target = targetOf(s)
  const name = useQuery({ ...nameOfTarget(work, target), enabled: named && s.status !== 'target_deleted' })
  const folder = useQuery({ ...folderById(work, target.id), enabled: target.what === 'folder' && name.data !== undefined, retry: false })
  const params = { org: work.place.organization_id }
  const unnamed = { file: t`a file`, folder: t`a folder`, space: t`a space` }[target.what]
  const icon = <Icon name={target.what === 'file' ? 'file' : target.what === 'folder' ? 'folder' : 'spaces'} />
  const look = 'share-target'
  if (!name.data) return <span className={look}>{icon} <strong>{name.isFetching ? '…' : unnamed}</strong>{!named && <span><Trans>of <Person id={s.created_by} /></Trans></span>}</span>
  const text = <>{icon} <strong><bdi>{name.data}</bdi></strong></>
  if (target.what === 'file') return <Link className={look} to="." search={{ file: target.id } as never}>{text}</Link>
  if (target.what === 'space') return <Link className={look} to="/o/$org/spaces/$space" params={{ ...params, space: target.id }}>{text}</Link>
  return folder.data ? <Link className={look} to="/o/$org/spaces/$space" params={{ ...params, space: folder.data.space_id }} search={{ folder: target.id } as never}>{text}</Link> : <span className={look}>{text}</span>
}
