import './files.css'

import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { type Column, FileGrid, type GridBase, PictureGrid, draggedIds, isDragged } from '@satchel/react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useLocation, useNavigate } from '@tanstack/react-router'
import { Suspense, lazy, useEffect, useMemo, useState, useSyncExternalStore } from 'react'

import { type Folder, type Space, useWork } from '../app/context.tsx'
import { countOf, filtersIn, forList, passes } from '../app/filters.ts'
import { size, when } from '../app/format.ts'
import type { ListSearch } from '../app/frame.tsx'
import { may } from '../app/grants.ts'
import { type Listing, filesOf, foldersIn, settlingOf, shownIn, spaces } from '../app/queries.ts'
import { useSettling } from '../app/settling.ts'
import { useActions } from '../parts/actions.tsx'
import { ChooseFiles, usePageTarget } from '../parts/drop.tsx'
import { Failure } from '../parts/failure.tsx'
import { FilterBar } from '../parts/filters.tsx'
import { Waiting } from '../parts/front.tsx'
import { Icon } from '../parts/icon.tsx'
import { useFolderMode, useKind, useSpaceName, useStatus } from '../parts/names.tsx'
import { type Asked, type Row, idOf, nameOf } from '../parts/rows.ts'
import { Title } from '../parts/shell.tsx'
import { Thumb } from '../parts/thumb.tsx'
import { toast } from '../parts/toasts.tsx'

const Details = lazy(() => import('./details.tsx'))
const Questions = lazy(() => import('./questions.tsx'))

const narrow = matchMedia('(max-width: 40rem)')
const useNarrow = () => useSyncExternalStore(l => { narrow.addEventListener('change', l); return () => narrow.removeEventListener('change', l) }, () => narrow.matches)

function useEmpty(): (l: Listing, may: boolean, narrowed: boolean) => string {
  const { t } = useLingui()
  return (l, add, narrowed) => {
    if (narrowed) return t`Nothing here fits the filter.`
    switch (l.kind) {
      case 'space': return add ? t`Nothing is here yet. Drop files or folders anywhere on this page, or choose them.` : t`Nothing is here yet.`
      case 'recent': return t`You have not worked with a file lately.`
      case 'starred': return t`Nothing is starred. Open the menu of a file and choose “Star” to find it here.`
      case 'shared': return t`No file has been shared with you yet.`
      case 'bin': return t`The bin is empty.`
      case 'all': return t`There are no files.`
    }
  }
}

/** The files and folders that a list has: those that fit the filters, in its order. */
function useRows(listing: Listing, folder: Folder | undefined, search: ListSearch) {
  const work = useWork()
  const filters = filtersIn(search as Record<string, unknown>)
  const sort = search.sort ?? (listing.kind === 'space' ? 'name' : '-created_at')
  const inSpace = listing.kind === 'space'
  const recent = listing.kind === 'recent'
  const files = useInfiniteQuery(filesOf(work, listing, sort, recent ? {} : forList(filters)))
  useSettling(settlingOf(work, listing, sort, recent ? {} : forList(filters)), files.data)
  const folders = useQuery({ ...foldersIn(work, inSpace ? listing.space : '', folder?.id), enabled: inSpace })
  const shown = useQuery({ ...shownIn(work, inSpace ? listing.space : '', forList(filters)), enabled: inSpace && !folder })
  const all = useQuery({ ...spaces(work), enabled: recent && Boolean(filters.class) })
  const ofClass = useMemo(() => new Set(all.data?.filter(s => s.class_id === filters.class).map(s => s.id)), [all.data, filters.class])
  const narrowed = countOf(filters) > 0
  // Recent files have no filters at the API: all of them are looked through here, and the list says so while they come.
  const whole = recent && narrowed
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = files
  useEffect(() => { if (whole && hasNextPage && !isFetchingNextPage) void fetchNextPage() }, [whole, hasNextPage, isFetchingNextPage, fetchNextPage])
  const key = JSON.stringify(filters)
  const rows = useMemo<Row[]>(() => {
    const some: Row[] = narrowed ? [] : [...(folders.data ?? []).map(f => ({ folder: f })), ...(shown.data?.folders ?? []).map(f => ({ folder: f, shown: true }))]
    if (sort === '-name') some.reverse()
    const own: Row[] = (files.data?.pages ?? []).flatMap(p => p.items).map(f => ({ file: f }))
    const others: Row[] = (shown.data?.files ?? []).map(f => ({ file: f, shown: true }))
    const fit = recent ? own.filter(r => passes(r.file!, filters, ofClass) && (!filters.tag || r.file!.tags?.includes(filters.tag))) : own
    return [...some, ...fit, ...others]
  }, [folders.data, shown.data, files.data, sort, key, ofClass, recent]) // eslint-disable-line react-hooks/exhaustive-deps
  const tags = useMemo(() => (files.data?.pages ?? []).flatMap(p => p.items).flatMap(f => f.tags ?? []), [files.data])
  return { rows, files, folders, filters, sort, narrowed, whole, tags, error: files.error ?? folders.error, pending: files.isPending || (inSpace && folders.isPending) }
}

export function List({ listing, title, space, folder, addable }: { listing: Listing; title: string; space?: Space; folder?: Folder | undefined; addable?: boolean }) {
  const { t } = useLingui()
  const { place } = useWork()
  const navigate = useNavigate()
  const search = useLocation().search as ListSearch
  const { rows, files, folders, filters, sort, narrowed, whole, tags, error, pending } = useRows(listing, folder, search)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [asked, setAsked] = useState<Asked>(null)
  const act = useActions()
  const empty = useEmpty()
  const columns = useColumns(listing)
  const small = useNarrow()
  const where = JSON.stringify(listing)
  useEffect(() => setSelected(new Set()), [where])

  const add = addable ?? (listing.kind === 'space' && may(place, 'upload') && (space?.my_level ?? 0) >= 2 && space?.state === 'open' && (folder?.mode !== 'handin' || place.role === 'student'))
  const target = useMemo(() => (add ? (folder ? { folderId: folder.id, ...(space ? { spaceId: space.id } : {}) } : { spaceId: space?.id }) : null), [add, space?.id, folder?.id]) // eslint-disable-line react-hooks/exhaustive-deps
  usePageTarget(target, title)

  const org = place.organization_id
  const goto = (s: ListSearch) => void navigate({ to: '.', search: s as never })
  const open = (r: Row) => {
    if (r.file) goto({ ...search, file: r.file.id })
    else if (r.shown) void navigate({ to: '/o/$org/spaces/$space', params: { org, space: r.folder.space_id }, search: { folder: r.folder.id } as never })
    else goto({ folder: r.folder.id, sort: search.sort, view: search.view })
  }
  const chosen = rows.filter(r => selected.has(idOf(r)))
  const edit = may(place, 'edit_files')
  const trash = async (all: readonly Row[]) => {
    const some = all.flatMap(r => (r.file && !r.shown ? [r.file] : []))
    if (some.length === 0) { toast(t`A folder is deleted by its menu.`); return }
    setSelected(new Set())
    await act.trash(some)
  }
  const here = space ? { space: space.id, folder: folder?.id, name: folder?.name ?? title } : undefined
  const moveInto = (ids: readonly string[], to: { space: string; folder?: string; name: string }) => {
    const files = rows.flatMap(r => (r.file && !r.shown && ids.includes(r.file.id) ? [r.file.id] : []))
    if (files.length > 0) void act.move(files, to, here).then(() => setSelected(new Set()), act.failed)
  }
  const pictures = search.view === 'pictures'
  const base: GridBase<Row> = {
    label: title, rows, rowId: idOf, rowName: nameOf, selected, onSelect: setSelected, onOpen: open,
    ...(edit && listing.kind !== 'bin' ? { onRename: (r: Row) => setAsked({ what: 'rename', row: r }), onDelete: (all: readonly Row[]) => void trash(all) } : {}),
    onMenu: (row, beside) => setAsked({ what: 'menu', row, beside }),
    hasMore: files.hasNextPage, onMore: () => { if (!files.isFetchingNextPage) void files.fetchNextPage() },
    ...(edit && listing.kind === 'space' && space ? { drag: {
      takes: (r: Row) => r.file !== undefined && !r.shown, accepts: (r: Row) => r.folder !== undefined && !r.shown,
      drop: (ids: readonly string[], on: Row) => { if (on.folder) moveInto(ids, { space: on.folder.space_id, folder: on.folder.id, name: on.folder.name }) },
    } } : {}),
    labels: { select: name => t`Select ${name}`, selectAll: t`Select all`, more: name => (name ? t`Menu of ${name}` : t`Menu`), loading: whole ? t`Looking through all files …` : t`Loading more …` },
  }
  return (
    <>
      {folder && space && <Crumbs space={space} folder={folder} drop={edit ? moveInto : undefined} />}
      {folder && !space && <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/shared" params={{ org }}><Trans>Shared with me</Trans></Link></li><li aria-current="page"><bdi>{folder.name}</bdi></li></ol></nav>}
      <Title actions={<>
        {add && target && <ChooseFiles target={target} folder={folder?.mode !== 'handin'} />}
        {add && space && folder?.mode !== 'handin' && <button type="button" className="button" onClick={() => setAsked({ what: 'new' })}><Trans>New folder</Trans></button>}
        {folder && space && space.my_level >= 3 && folder.mode !== 'handin' && may(place, 'share') && (
          <button type="button" className="button" onClick={() => setAsked({ what: 'share', target: { what: 'folder', id: folder.id, name: folder.name, spaceKind: space.kind } })}><Trans>Share …</Trans></button>
        )}
      </>}>{title}</Title>
      {folder?.instructions && <p className="instructions"><bdi>{folder.instructions}</bdi></p>}
      {folder?.mode === 'handin' && (space?.my_level ?? 0) >= 3 && <p><Link className="button" to="/o/$org/hand-in/$folder" params={{ org, folder: folder.id }}><Trans>See who has handed in</Trans></Link></p>}
      {listing.kind === 'bin' && <p className="quiet"><Trans>What is here is deleted for good after some days. Until then it can be put back.</Trans></p>}
      {error && <Failure error={error} again={() => { void files.refetch(); void folders.refetch() }} />}
      {(rows.length > 0 || narrowed) && <Tools listing={listing} search={search} sort={sort} goto={goto} />}
      {(rows.length > 0 || narrowed) && place.role !== 'student' && <FilterBar filters={filters} change={w => goto({ ...search, ...w })} space={space?.id} tags={tags} of={listing.kind === 'space' ? 'space' : 'list'} />}
      {narrowed && !pending && (rows.length > 0 || files.hasNextPage) && <p role="status" className="quiet">{files.hasNextPage && whole ? t`Looking through all files …` : plural(rows.length, { one: '# file fits the filter.', other: '# files fit the filter.' })}</p>}
      {selected.size > 0 && <Bulk listing={listing} chosen={chosen} title={title} ask={setAsked} clear={() => setSelected(new Set())} trash={trash} />}
      {pending && !error
        ? <Waiting />
        : rows.length === 0 && !error
          ? <div className="empty" role={narrowed ? 'status' : undefined}><p>{empty(listing, add, narrowed)}</p>{add && target && !narrowed && <p><ChooseFiles target={target} /></p>}</div>
          : rows.length > 0 && (pictures
            ? <PictureGrid<Row> {...base} width={small ? 132 : 176} picture={r => (r.file ? <Thumb file={r.file} /> : <Icon name={r.folder.mode === 'shared' ? 'folder' : r.folder.mode} />)} under={r => <Under row={r} />} />
            : <FileGrid<Row> {...base} columns={columns} rowHeight={small || place.role === 'student' ? 64 : 48}
              sort={sort} {...(listing.kind === 'recent' ? {} : { onSort: (s: string) => goto({ ...search, sort: s }) })} />
          )}
      {asked && <Suspense><Questions asked={asked} ask={setAsked} listing={listing} space={space} folder={folder} open={open} clear={() => setSelected(new Set())} /></Suspense>}
      {search.file && <Suspense><Details id={search.file} close={() => goto({ ...search, file: undefined })} bin={listing.kind === 'bin'} /></Suspense>}
    </>
  )
}

/** The view and the order of a list. */
function Tools({ listing, search, sort, goto }: { listing: Listing; search: ListSearch; sort: string; goto: (s: ListSearch) => void }) {
  const { t } = useLingui()
  const pictures = search.view === 'pictures'
  const orders: [string, string][] = [['name', t`by name`], ['-name', t`by name, backwards`], ['-created_at', t`newest first`], ['created_at', t`oldest first`], ['-size', t`largest first`], ['size', t`smallest first`], ['kind', t`by kind`]]
  return (
    <div className="tools">
      <div className="segments" role="group" aria-label={t`View`}>
        <button type="button" className="button" aria-pressed={!pictures} onClick={() => goto({ ...search, view: undefined })}><Trans>List</Trans></button>
        <button type="button" className="button" aria-pressed={pictures} onClick={() => goto({ ...search, view: 'pictures' })}><Trans>Pictures</Trans></button>
      </div>
      {listing.kind !== 'recent' && (
        <label><Trans>Order</Trans> <select value={sort} onChange={e => goto({ ...search, sort: e.target.value })}>{orders.map(([value, word]) => <option key={value} value={value}>{word}</option>)}</select></label>
      )}
    </div>
  )
}

/** What is done with all that is selected. */
function Bulk({ listing, chosen, title, ask, clear, trash }: { listing: Listing; chosen: Row[]; title: string; ask: (a: Asked) => void; clear: () => void; trash: (r: readonly Row[]) => Promise<void> }) {
  const { t } = useLingui()
  const { place } = useWork()
  const act = useActions()
  const files = chosen.flatMap(r => (r.file ? [r.file] : []))
  const own = chosen.filter(r => r.file && !r.shown)
  const edit = may(place, 'edit_files')
  const download = async () => {
    if (chosen.length === 1 && files[0]) { await act.download(files[0]); return }
    if (files.length > 0) await act.zip({ files: files.map(f => f.id) }, title)
    for (const r of chosen) if (r.folder) await act.zip({ folder_id: r.folder.id }, r.folder.name)
  }
  return (
    <div className="bulk" role="toolbar" aria-label={t`Selected files`}>
      <span>{plural(chosen.length, { one: '# selected', other: '# selected' })}</span>
      {listing.kind === 'bin'
        ? <button type="button" className="button" onClick={() => { clear(); void act.restore(files.map(f => f.id)) }}><Trans>Put back</Trans></button>
        : <>
          <button type="button" className="button" onClick={() => void download()}>{chosen.length === 1 && files.length === 1 ? <Trans>Download</Trans> : <Trans>Download as a zip</Trans>}</button>
          {edit && <>
            <button type="button" className="button" disabled={own.length === 0} onClick={() => ask({ what: 'move', rows: own })}><Trans>Move to …</Trans></button>
            {place.role !== 'student' && <button type="button" className="button" disabled={own.length === 0} onClick={() => ask({ what: 'tags', rows: own })}><Trans>Tags …</Trans></button>}
            <button type="button" className="button" disabled={own.length === 0} onClick={() => void trash(chosen)}><Trans>Delete</Trans></button>
          </>}
        </>}
      <button type="button" className="button" onClick={clear}><Trans>Select none</Trans></button>
    </div>
  )
}

/** The line below a picture. */
function Under({ row: r }: { row: Row }) {
  const mode = useFolderMode()
  const status = useStatus()
  if (!r.file) return <>{mode(r.folder)}</>
  return <>{size(r.file.size)}{r.file.status !== 'published' && <> · {status(r.file).mark} {status(r.file).word}</>}</>
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
            <span className="name-text"><bdi>{nameOf(r)}</bdi>{r.shown && <span className="tag">{t`shared here`}</span>}{r.file?.tags?.slice(0, 3).map(x => <span key={x} className="tag wide-only"><bdi>{x}</bdi></span>)}<span className="name-under small quiet">{under}{r.file && r.file.status !== 'published' && <> · {status(r.file).mark} {status(r.file).word}</>}</span></span>
          </span>
        )
      },
    },
    { id: 'status', heading: t`State`, cell: (r: Row) => (r.file ? <span className={'status ' + r.file.status}><span aria-hidden="true">{status(r.file).mark}</span> {status(r.file).word}</span> : mode(r.folder)) },
    { id: 'size', heading: t`Size`, ...(listing.kind === 'recent' ? {} : { sort: 'size' }), cell: (r: Row) => (r.file ? size(r.file.size) : '') },
    { id: 'time', heading: t`Changed`, ...(listing.kind === 'recent' ? {} : { sort: 'created_at' }), cell: (r: Row) => <time dateTime={(r.file ?? r.folder)!.updated_at}>{when((r.file ?? r.folder)!.updated_at)}</time> },
  ], [i18n.locale, listing.kind]) // eslint-disable-line react-hooks/exhaustive-deps
}

function Crumbs({ space, folder, drop }: { space: Space; folder: Folder; drop?: ((ids: readonly string[], to: { space: string; folder?: string; name: string }) => void) | undefined }) {
  const { t } = useLingui()
  const { place } = useWork()
  const name = useSpaceName()
  const at = { to: '/o/$org/spaces/$space', params: { org: place.organization_id, space: space.id } } as const
  // What is dragged onto a part of the path is moved there.
  const takes = (to: { folder?: string; name: string }) => (drop ? {
    onDragOver: (e: React.DragEvent<HTMLElement>) => { if (isDragged(e)) { e.preventDefault(); e.currentTarget.dataset.over = '' } },
    onDragLeave: (e: React.DragEvent<HTMLElement>) => { delete e.currentTarget.dataset.over },
    onDrop: (e: React.DragEvent<HTMLElement>) => { delete e.currentTarget.dataset.over; const ids = draggedIds(e); if (ids) { e.preventDefault(); e.stopPropagation(); drop(ids, { space: space.id, ...to }) } },
  } : {})
  const parents = (folder.path ?? []).filter(f => f.id !== folder.id)
  return (
    <nav aria-label={t`Path`} className="crumbs"><ol>
      <li><Link to="/o/$org/spaces" params={{ org: place.organization_id }}><Trans>Spaces</Trans></Link></li>
      <li {...takes({ name: name(space) })}><Link {...at} search={{} as never}><bdi>{name(space)}</bdi></Link></li>
      {parents.map(f => <li key={f.id} {...takes({ folder: f.id, name: f.name })}><Link {...at} search={{ folder: f.id } as never}><bdi>{f.name}</bdi></Link></li>)}
      <li aria-current="page"><bdi>{folder.name}</bdi></li>
    </ol></nav>
  )
}
