import { Trans, useLingui } from '@lingui/react/macro'
import { useQueries, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { type Folder, useWork } from '../app/context.tsx'
import { exactly } from '../app/format.ts'
import { folderById, foldersIn, spaces } from '../app/queries.ts'
import { ChooseFiles, usePageTarget } from '../parts/drop.tsx'
import { Failure, useSentence } from '../parts/failure.tsx'
import { Waiting } from '../parts/front.tsx'
import { Icon } from '../parts/icon.tsx'
import { Title } from '../parts/shell.tsx'
import { toast } from '../parts/toasts.tsx'

/** A student's first page: what there is to hand in, and the way to send anything else. */
export default function Send() {
  const { t } = useLingui()
  const work = useWork()
  const all = useQuery(spaces(work))
  const mine = all.data?.find(s => s.kind === 'personal' && s.owner_id === work.place.user_id)
  const classes = all.data?.filter(s => s.kind === 'class') ?? []
  // What there is to hand in stands above the rest, which would move when it comes.
  const lists = useQueries({ queries: classes.map(s => foldersIn(work, s.id, undefined)) })
  const waiting = all.isPending || lists.some(q => q.isPending && q.failureCount === 0)
  const found = lists.flatMap((q, n) => (q.data ?? []).filter(f => f.mode === 'handin').map(f => ({ folder: f, className: classes[n]!.name })))
  // A list does not say what became of one's own work; each folder by itself does.
  const each = useQueries({ queries: found.map(x => folderById(work, x.folder.id)) })
  const tasks = found.map((x, n) => ({ ...x, folder: each[n]?.data ?? x.folder }))
  usePageTarget(mine ? { spaceId: mine.id } : null, t`My files`)
  return (
    <>
      <Title>{t`Send`}</Title>
      {all.error && <Failure error={all.error} again={() => void all.refetch()} />}
      {waiting && !all.error && <Waiting />}
      {tasks.length > 0 && <h2><Trans>Hand in</Trans></h2>}
      <ul className="tasks">{tasks.map(x => <li key={x.folder.id}><Task folder={x.folder} className={x.className} /></li>)}</ul>
      {mine && !waiting && (
        <section aria-labelledby="own">
          <h2 id="own"><Trans>Send to My files</Trans></h2>
          <p><Trans>Only you see what is in My files, until you hand it in.</Trans></p>
          <p className="actions"><ChooseFiles target={{ spaceId: mine.id }} label={t`Choose files`} /></p>
        </section>
      )}
    </>
  )
}

function Task({ folder: f, className }: { folder: Folder; className: string }) {
  const { t } = useLingui()
  const { api, place, queries } = useWork()
  const sentence = useSentence()
  const [busy, setBusy] = useState(false)
  const state = f.hand_in?.state ?? 'missing'
  const files = f.hand_in?.files ?? 0
  const words = { missing: t`Not handed in yet`, in: t`✓ You handed it in`, late: t`✓ You handed it in, after the time`, returned: t`↩ Your teacher gave it back` }
  const change = async (give: boolean) => {
    if (busy) return
    setBusy(true)
    try {
      const params = { params: { path: { id: f.id } } }
      await (give ? api.POST('/api/v1/folders/{id}/hand-in', params) : api.DELETE('/api/v1/folders/{id}/hand-in', params))
      await queries.invalidateQueries({ queryKey: [place.organization_id, 'folders'] })
      toast(give ? t`You handed in ${f.name}.` : t`You took ${f.name} back. You can change it now.`)
    } catch (x) { toast(sentence(x), { bad: true }) }
    setBusy(false)
  }
  const given = state === 'in' || state === 'late'
  return (
    <article className="task" aria-label={f.name}>
      <h3><Icon name="handin" /> <bdi>{f.name}</bdi> <span className="quiet small"><bdi>{className}</bdi></span></h3>
      {f.instructions && <p><bdi>{f.instructions}</bdi></p>}
      {f.due_at && <p><Trans>Until {exactly(f.due_at)}</Trans></p>}
      <p><strong>{words[state]}</strong></p>
      {f.hand_in?.note && <p><Trans>Your teacher says: <bdi>{f.hand_in.note}</bdi></Trans></p>}
      <p className="actions">
        {!given && <ChooseFiles target={{ folderId: f.id }} folder={false} main={files === 0} label={t`Choose files for ${f.name}`} />}
        {!given && <button type="button" className={files > 0 ? 'button main' : 'button'} onClick={() => void change(true)}><Trans>Hand in</Trans></button>}
        {given && <button type="button" className="button" onClick={() => void change(false)}><Trans>Take back</Trans></button>}
        <Link className="button" to="/o/$org/spaces/$space" params={{ org: place.organization_id, space: f.space_id }} search={{ folder: f.id } as never}><Trans>See my files in it</Trans></Link>
      </p>
    </article>
  )
}
