import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { type Column, FileGrid } from '@satchel/react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useLocation, useNavigate, useParams } from '@tanstack/react-router'
import { Suspense, lazy, useEffect, useMemo, useState, useSyncExternalStore } from 'react'

import { type Folder, type Space, useWork } from '../app/context.tsx'
import { size, when } from '../app/format.ts'
import type { ListSearch } from '../app/frame.tsx'
import { may } from '../app/grants.ts'
import { type Listing, filesOf, folderById, foldersIn, spaces } from '../app/queries.ts'
import { useActions } from '../parts/actions.tsx'
import { ChooseFiles, usePageTarget } from '../parts/drop.tsx'
import { Failure } from '../parts/failure.tsx'
import { Waiting } from '../parts/front.tsx'
import { Icon } from '../parts/icon.tsx'
import { useFolderMode, useKind, useSpaceName, useStatus } from '../parts/names.tsx'
import { type Asked, type Row, idOf, nameOf } from '../parts/rows.ts'
import { Title } from '../parts/shell.tsx'
import { toast } from '../parts/toasts.tsx'

const Details = lazy(() => import('./details.tsx'))
const Questions = lazy(() => import('./questions.tsx'))

const narrow = matchMedia('(max-width: 40rem)')
const useNarrow = () => useSyncExternalStore(l => { narrow.addEventListener('change', l); return () => narrow.removeEventListener('change', l) }, () => narrow.matches)

export function SpacePage() {
  const { t } = useLingui()
  const work = useWork()
  const name = useSpaceName()
  const { space: param } = useParams({ strict: false })
  const search = useLocation().search as ListSearch
  const all = useQuery(spaces(work))
  const space = all.data?.find(s => (param === 'mine' ? s.kind === 'personal' && s.owner_id === work.place.user_id : s.id === param))
  const folder = useQuery({ ...folderById(work, search.folder ?? ''), enabled: search.folder !== undefined })
  if (all.error) return <Failure error={all.error} again={() => void all.refetch()} />
  if (folder.error) return <Failure error={folder.error} again={() => void folder.refetch()} />
  if (!all.data || (search.folder && !folder.data)) return <Waiting />
  if (!space) {
    return <><Title>{t`My files`}</Title><p className="empty"><Trans>There is no such space, or you are not in it any more.</Trans> <Link to="/o/$org/spaces" params={{ org: work.place.organization_id }}><Trans>To all spaces</Trans></Link></p></>
  }
  const inside = search.folder ? folder.data : undefined
  return <List listing={{ kind: 'space', space: space.id, folder: search.folder }} title={inside?.name ?? name(space)} space={space} folder={inside} />
}

export function RecentPage() { const { t } = useLingui(); return <List listing={{ kind: 'recent' }} title={t`Recent`} /> }
export function StarredPage() { const { t } = useLingui(); return <List listing={{ kind: 'starred' }} title={t`Starred`} /> }
export function SharedPage() { const { t } = useLingui(); return <List listing={{ kind: 'shared' }} title={t`Files that others show me`} /> }
export function BinPage() { const { t } = useLingui(); return <List listing={{ kind: 'bin' }} title={t`Bin`} /> }

function useEmpty(): (l: Listing, may: boolean) => string {
  const { t } = useLingui()
  return (l, add) => {
    switch (l.kind) {
      case 'space': return add ? t`Nothing is here yet. Drop files or folders anywhere on this page, or choose them.` : t`Nothing is here yet.`
      case 'recent': return t`You have not worked with a file lately.`
      case 'starred': return t`Nothing is starred. Open the menu of a file and choose “Star” to find it here.`
      case 'shared': return t`Nobody has shared a file with you yet.`
      case 'bin': return t`The bin is empty.`
      case 'all': return t`There are no files.`
    }
  }
}

function List({ listing, title, space, folder }: { listing: Listing; title: string; space?: Space; folder?: Folder | undefined }) {
  const { t } = useLingui()
  const work = useWork()
  const { place } = work
  const navigate = useNavigate()
  const search = useLocation().search as ListSearch
  const sort = search.sort ?? (listing.kind === 'space' ? 'name' : '-created_at')
  const files = useInfiniteQuery(filesOf(work, listing, sort))
  const folders = useQuery({ ...foldersIn(work, space?.id ?? '', folder?.id), enabled: listing.kind === 'space' })
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [asked, setAsked] = useState<Asked>(null)
  const act = useActions()
  const empty = useEmpty()
  const columns = useColumns(listing)
  const small = useNarrow()
  const where = JSON.stringify(listing)
  useEffect(() => setSelected(new Set()), [where])

  const add = listing.kind === 'space' && may(place, 'upload') && (space?.my_level ?? 0) >= 2 && space?.state === 'open' && (folder?.mode !== 'handin' || place.role === 'student')
  const target = useMemo(() => (add ? { spaceId: space?.id, folderId: folder?.id } : null), [add, space?.id, folder?.id])
  usePageTarget(target, title)

  const rows = useMemo<Row[]>(() => {
    const all: Row[] = (folders.data ?? []).map(f => ({ folder: f }))
    if (sort === '-name') all.reverse()
    for (const page of files.data?.pages ?? []) for (const f of page.items) all.push({ file: f })
    return all
  }, [folders.data, files.data, sort])
  const org = place.organization_id
  const goto = (s: ListSearch) => void navigate({ to: '.', search: s as never })
  const open = (r: Row) => (r.folder ? goto({ folder: r.folder.id, sort: search.sort }) : goto({ ...search, file: r.file.id }))
  const chosen = rows.filter(r => selected.has(idOf(r)))
  const chosenFiles = chosen.flatMap(r => (r.file ? [r.file] : []))
  const edit = may(place, 'edit_files')
  const trash = async (all: readonly Row[]) => {
    const some = all.flatMap(r => (r.file ? [r.file] : []))
    if (some.length === 0) { toast(t`A folder is deleted by its menu.`); return }
    setSelected(new Set())
    await act.trash(some)
  }
  const error = files.error ?? folders.error
  const more = files.fetchNextPage
  return (
    <>
      {folder && space && <Crumbs space={space} folder={folder} />}
      <Title actions={<>
        {add && target && <ChooseFiles target={target} folder={folder?.mode !== 'handin'} />}
        {add && space && folder?.mode !== 'handin' && <button type="button" className="button" onClick={() => setAsked({ what: 'new' })}><Trans>New folder</Trans></button>}
      </>}>{title}</Title>
      {folder?.instructions && <p className="instructions"><bdi>{folder.instructions}</bdi></p>}
      {folder?.mode === 'handin' && (space?.my_level ?? 0) >= 3 && <p><Link className="button" to="/o/$org/hand-in/$folder" params={{ org, folder: folder.id }}><Trans>See who has handed in</Trans></Link></p>}
      {listing.kind === 'bin' && <p className="quiet"><Trans>What is here is deleted for good after some days. Until then it can be put back.</Trans></p>}
      {error && <Failure error={error} again={() => { void files.refetch(); void folders.refetch() }} />}
      {selected.size > 0 && (
        <div className="bulk" role="toolbar" aria-label={t`Selected files`}>
          <span>{plural(selected.size, { one: '# selected', other: '# selected' })}</span>
          {listing.kind === 'bin'
            ? <button type="button" className="button" onClick={() => { setSelected(new Set()); void act.restore(chosenFiles.map(f => f.id)) }}><Trans>Put back</Trans></button>
            : edit && <>
              <button type="button" className="button" disabled={chosenFiles.length === 0} onClick={() => setAsked({ what: 'move', rows: chosen })}><Trans>Move to …</Trans></button>
              <button type="button" className="button" disabled={chosenFiles.length === 0} onClick={() => void trash(chosen)}><Trans>Delete</Trans></button>
            </>}
          <button type="button" className="button" onClick={() => setSelected(new Set())}><Trans>Select none</Trans></button>
        </div>
      )}
      {(files.isPending || (listing.kind === 'space' && folders.isPending)) && !error
        ? <Waiting />
        : rows.length === 0 && !error
          ? <div className="empty"><p>{empty(listing, add)}</p>{add && target && <p><ChooseFiles target={target} /></p>}</div>
          : rows.length > 0 && (
            <FileGrid<Row> label={title} rows={rows} columns={columns} rowId={idOf} rowName={nameOf} rowHeight={small || place.role === 'student' ? 64 : 48}
              sort={sort} {...(listing.kind === 'recent' ? {} : { onSort: (s: string) => goto({ ...search, sort: s }) })}
              selected={selected} onSelect={setSelected} onOpen={open}
              {...(edit && listing.kind !== 'bin' ? { onRename: (r: Row) => setAsked({ what: 'rename', row: r }), onDelete: (all: readonly Row[]) => void trash(all) } : {})}
              onMenu={(row, beside) => setAsked({ what: 'menu', row, beside })}
              hasMore={files.hasNextPage} onMore={() => { if (!files.isFetchingNextPage) void more() }}
              labels={{ select: name => t`Select ${name}`, selectAll: t`Select all`, more: name => (name ? t`Menu of ${name}` : t`Menu`), loading: t`Loading more …` }} />
          )}
      {asked && <Suspense><Questions asked={asked} ask={setAsked} listing={listing} space={space} folder={folder} open={open} clear={() => setSelected(new Set())} /></Suspense>}
      {search.file && <Suspense><Details id={search.file} close={() => goto({ ...search, file: undefined })} bin={listing.kind === 'bin'} /></Suspense>}
    </>
  )
}

function useColumns(listing: Listing): Column<Row>[] {
  const { t, i18n } = useLingui()
  const kind = useKind()
  const status = useStatus()
  const mode = useFolderMode()
  return useMemo(() => [
    {
      id: 'name', heading: t`Name`, ...(listing.kind === 'recent' ? {} : { sort: 'name' }),
      cell: (r: Row) => {
        const under = r.file ? `${size(r.file.size)} · ${when(r.file.updated_at)}` : mode(r.folder)
        return (
          <span className="name">
            <Icon name={r.file ? kind(r.file).icon : r.folder.mode === 'shared' ? 'folder' : r.folder.mode} />
            <span className="name-text"><bdi>{nameOf(r)}</bdi><span className="name-under small quiet">{under}{r.file && r.file.status !== 'published' && <> · {status(r.file).mark} {status(r.file).word}</>}</span></span>
          </span>
        )
      },
    },
    { id: 'status', heading: t`State`, cell: (r: Row) => (r.file ? <span className={'status ' + r.file.status}><span aria-hidden="true">{status(r.file).mark}</span> {status(r.file).word}</span> : mode(r.folder)) },
    { id: 'size', heading: t`Size`, cell: (r: Row) => (r.file ? size(r.file.size) : '') },
    { id: 'time', heading: t`Changed`, ...(listing.kind === 'recent' ? {} : { sort: 'created_at' }), cell: (r: Row) => <time dateTime={(r.file ?? r.folder)!.updated_at}>{when((r.file ?? r.folder)!.updated_at)}</time> },
  ], [i18n.locale, listing.kind]) // eslint-disable-line react-hooks/exhaustive-deps
}

function Crumbs({ space, folder }: { space: Space; folder: Folder }) {
  const { t } = useLingui()
  const { place } = useWork()
  const name = useSpaceName()
  const at = { to: '/o/$org/spaces/$space', params: { org: place.organization_id, space: space.id } } as const
  const parents = (folder.path ?? []).filter(f => f.id !== folder.id)
  return (
    <nav aria-label={t`Path`} className="crumbs"><ol>
      <li><Link to="/o/$org/spaces" params={{ org: place.organization_id }}><Trans>Spaces</Trans></Link></li>
      <li><Link {...at} search={{} as never}><bdi>{name(space)}</bdi></Link></li>
      {parents.map(f => <li key={f.id}><Link {...at} search={{ folder: f.id } as never}><bdi>{f.name}</bdi></Link></li>)}
      <li aria-current="page"><bdi>{folder.name}</bdi></li>
    </ol></nav>
  )
}
