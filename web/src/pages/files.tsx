import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useLocation, useParams } from '@tanstack/react-router'
import { Suspense, lazy } from 'react'

import { useWork } from '../app/context.tsx'
import type { ListSearch } from '../app/frame.tsx'
import { may } from '../app/grants.ts'
import { sharesList } from '../app/queries-shares.ts'
import { folderById, spaces } from '../app/queries.ts'
import { Failure } from '../parts/failure.tsx'
import { Waiting } from '../parts/front.tsx'
import { useSpaceName } from '../parts/names.tsx'
import { Title } from '../parts/shell.tsx'
import { List } from './list.tsx'

const AgreementNotice = lazy(() => import('../parts/agreement-notice.tsx'))

export function SpacePage() {
  const { t } = useLingui()
  const work = useWork()
  const name = useSpaceName()
  const { space: param } = useParams({ strict: false })
  const search = useLocation().search as ListSearch
  const all = useQuery(spaces(work))
  const space = all.data?.find(s => (param === 'mine' ? s.kind === 'personal' && s.owner_id === work.place.user_id : s.id === param))
  const folder = useQuery({ ...folderById(work, search.folder ?? ''), enabled: search.folder !== undefined })
  const received = useInfiniteQuery({ ...sharesList(work, 'received'), enabled: all.data !== undefined && !space && search.folder !== undefined })
  if (all.error) return <Failure error={all.error} again={() => void all.refetch()} />
  if (folder.error) return <Failure error={folder.error} again={() => void folder.refetch()} />
  if (!all.data || (search.folder && !folder.data)) return <Waiting />
  if (!space && folder.data) {
    // A folder that was shared: its space is not one of the person's, and only the share says whether they may add to it.
    const given = received.data?.pages.flatMap(p => p.items).filter(s => s.folder_id && folder.data.path?.some(f => f.id === s.folder_id)) ?? []
    const add = given.some(s => s.permission === 'upload' || s.permission === 'edit')
    return <List listing={{ kind: 'space', space: folder.data.space_id, folder: folder.data.id }} title={folder.data.name} folder={folder.data} addable={add} />
  }
  if (!space) {
    return <><Title>{t`My files`}</Title><p className="empty"><Trans>There is no such space, or you are not in it any more.</Trans> <Link to="/o/$org/spaces" params={{ org: work.place.organization_id }}><Trans>To all spaces</Trans></Link></p></>
  }
  const inside = search.folder ? folder.data : undefined
  return (
    <>
      {param === 'mine' && may(work.place, 'authorize') && <Suspense><AgreementNotice /></Suspense>}
      <List listing={{ kind: 'space', space: space.id, folder: search.folder }} title={inside?.name ?? name(space)} space={space} folder={inside} />
    </>
  )
}

/** All that a person may read: of a parent, the files of their children. */
export function AllPage() { const { t } = useLingui(); return <List listing={{ kind: 'all' }} title={t`Files`} /> }
export function RecentPage() { const { t } = useLingui(); return <List listing={{ kind: 'recent' }} title={t`Recent`} /> }
export function StarredPage() { const { t } = useLingui(); return <List listing={{ kind: 'starred' }} title={t`Starred`} /> }
export function SharedPage() { const { t } = useLingui(); return <List listing={{ kind: 'shared' }} title={t`Files that others show me`} /> }
export function BinPage() { const { t } = useLingui(); return <List listing={{ kind: 'bin' }} title={t`Bin`} /> }

