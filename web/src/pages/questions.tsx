import { useLingui } from '@lingui/react/macro'
import { useNavigate } from '@tanstack/react-router'
import { Suspense, lazy } from 'react'

import { type Folder, type Space, useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import type { Listing } from '../app/queries.ts'
import { useActions } from '../parts/actions.tsx'
import { type Act, Ask, AskName, AskPlace, RowMenu } from '../parts/dialogs.tsx'
import { type Asked, type Row, nameOf } from '../parts/rows.ts'
import { LinkMade } from '../parts/share-link.tsx'
import { useShareRefusal } from '../parts/share-words.tsx'
import { toast } from '../parts/toasts.tsx'

const FolderForm = lazy(() => import('./folder-form.tsx'))
const ShareDialog = lazy(() => import('../parts/share-dialog.tsx'))
const Tags = lazy(() => import('../parts/tags.tsx'))

/** The dialogs and the menu of a list. */
export default function Questions({ asked, ask, listing, space, folder, open, clear }: {
  asked: NonNullable<Asked>; ask: (a: Asked) => void; listing: Listing; space: Space | undefined; folder: Folder | undefined; open: (r: Row) => void; clear: () => void
}) {
  const { t } = useLingui()
  const work = useWork()
  const { api, place, queries } = work
  const act = useActions()
  const navigate = useNavigate()
  const foldersAgain = () => queries.invalidateQueries({ queryKey: [place.organization_id, 'folders'] })
  const close = () => ask(null)
  const refusal = useShareRefusal()
  switch (asked.what) {
    case 'new':
      return <Suspense><FolderForm space={space!} parent={folder} done={foldersAgain} close={close} /></Suspense>
    case 'times':
      return <Suspense><FolderForm space={space!} change={asked.folder} done={foldersAgain} close={close} /></Suspense>
    case 'rename': {
      const { row } = asked
      return <AskName title={t`Rename ${nameOf(row)}`} name={nameOf(row)} verb={t`Rename`} close={close} save={async name => {
        if (row.file) { await act.rename(row.file.id, name); return }
        await api.PATCH('/api/v1/folders/{id}', { params: { path: { id: row.folder.id } }, body: { name } })
        await foldersAgain()
      }} />
    }
    case 'move':
      return <AskPlace title={asked.rows.length === 1 ? t`Move ${nameOf(asked.rows[0]!)}` : t`Move files`} verb={t`Move here`} close={close} move={async to => {
        const from = space ? { space: space.id, folder: folder?.id, name: folder?.name ?? space.name } : undefined
        await act.move(asked.rows.flatMap(r => (r.file ? [r.file.id] : [])), to, from)
        clear()
      }} />
    case 'share':
      return <Suspense><ShareDialog target={asked.target} close={close} /></Suspense>
    case 'tags':
      return <Suspense><Tags files={asked.rows.flatMap(r => (r.file ? [r.file] : []))} close={close} /></Suspense>
    case 'link':
      return <Ask title={t`Link for 15 minutes`} close={close}><LinkMade url={asked.url} ends={asked.ends} /></Ask>
    case 'menu': {
      const { row } = asked
      const edit = may(place, 'edit_files')
      const acts: Act[] = [{ id: 'open', label: t`Open`, do: () => open(row) }]
      if (row.file) {
        const { file } = row
        if (file.status === 'published') acts.push({ id: 'download', label: t`Download`, do: () => void act.download(file) })
        if (file.status === 'published' && may(place, 'generate')) {
          acts.push({ id: 'generate', label: t`Make a document …`, do: () => void navigate({ to: '/o/$org/generate/new', params: { org: place.organization_id }, search: { file: file.id } }) })
        }
        if (listing.kind === 'starred') acts.push({ id: 'unstar', label: t`Remove the star`, do: () => void act.star(file, false) })
        else if (listing.kind !== 'bin') acts.push({ id: 'star', label: t`Star`, do: () => void act.star(file, true) })
        if (edit && listing.kind === 'bin') acts.push({ id: 'restore', label: t`Put back`, do: () => void act.restore([file.id]) })
      }
      if (row.folder) acts.push({ id: 'download', label: t`Download as a zip`, do: () => void act.zip({ folder_id: row.folder.id }, row.folder.name) })
      if (may(place, 'share') && !row.shown && listing.kind !== 'bin' && row.folder?.mode !== 'handin') {
        const target = { what: row.file ? 'file' as const : 'folder' as const, id: row.file?.id ?? row.folder!.id, name: nameOf(row), spaceKind: space?.kind }
        acts.push({ id: 'share', label: t`Share …`, do: () => ask({ what: 'share', target }) })
        if (may(place, 'share_outside') && space?.kind !== 'confidential') acts.push({ id: 'link', label: t`Copy a link for 15 minutes`, do: () => void act.quickLink(target, refusal, (url, ends) => ask({ what: 'link', url, ends })) })
      }
      if (edit && listing.kind !== 'bin') {
        if (row.file) acts.push({ id: 'tags', label: t`Tags …`, do: () => ask({ what: 'tags', rows: [row] }) })
        acts.push({ id: 'rename', label: t`Rename …`, do: () => ask({ what: 'rename', row }) })
        if (row.folder && row.folder.mode !== 'shared' && !row.shown && (space?.my_level ?? 0) >= 3) acts.push({ id: 'times', label: t`Task and times …`, do: () => ask({ what: 'times', folder: row.folder }) })
        if (row.file) acts.push({ id: 'move', label: t`Move to …`, do: () => ask({ what: 'move', rows: [row] }) }, { id: 'delete', label: t`Delete`, do: () => void act.trash([row.file]) })
        else {
          acts.push({
            id: 'delete', label: t`Delete the folder`, do: () => void api.DELETE('/api/v1/folders/{id}', { params: { path: { id: row.folder.id } } })
              .then(async () => { await foldersAgain(); toast(t`The folder ${row.folder.name} is deleted.`) }, act.failed),
          })
        }
      }
      // A dialog that an item opens comes after the menu has closed and given the focus back.
      return <RowMenu beside={asked.beside} label={t`Menu of ${nameOf(row)}`} close={close} acts={acts.map(a => ({ ...a, do: () => { setTimeout(a.do, 0) } }))} />
    }
  }
}
