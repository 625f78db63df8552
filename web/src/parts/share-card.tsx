import './share.css'

import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'

import { useWork } from '../app/context.tsx'
import { exactly } from '../app/format.ts'
import { may } from '../app/grants.ts'
import { type Share, accessesOf, classesToShareWith, shareById } from '../app/queries-shares.ts'
import { Ask } from './dialogs.tsx'
import { Failure } from './failure.tsx'
import { type Ends, EndField, endOf } from './share-end.tsx'
import { Person, useShareRefusal, useShareWords } from './share-words.tsx'
import { toast } from './toasts.tsx'

// A share in one of these states may open again; in the others it has ended for good.
const waiting: Share['status'][] = ['open', 'not_open', 'target_trashed', 'used_up', 'not_disclosed', 'organization_suspended']
export const hasEnded = (s: Share) => !waiting.includes(s.status)

/** One share: with whom, how far and until when; and for those who may, more time and its end. */
export function ShareCard({ share: s, head, change, received }: { share: Share; head?: ReactNode; change: boolean; received?: boolean }) {
  const { t } = useLingui()
  const { kinds, permissions, states } = useShareWords()
  const [asks, setAsks] = useState<'extend' | 'end' | null>(null)
  const ended = hasEnded(s)
  const outside = s.kind === 'link' || s.kind === 'people'
  return (
    <li className={ended ? 'share ended' : 'share'}>
      <div className="share-head">{head}<span className={s.status === 'open' ? 'status published' : 'status held'}>{s.status === 'open' ? '✓' : '○'} {states[s.status]}</span></div>
      {s.label && <p><bdi>{s.label}</bdi></p>}
      {received
        ? <p><Trans>From <Person id={s.created_by} /></Trans></p>
        : <p>{kinds[s.kind]}{!ended && s.kind !== 'link' && <Recipients id={s.id} />}</p>}
      <p className="small quiet">
        {t`May ${permissions[s.permission]}`}
        {s.expires_at && <> · <Trans>until {exactly(s.expires_at)}</Trans></>}
        {s.has_password && <> · <Trans>with a password</Trans></>}
        {outside && s.permission !== 'upload' && <> · {s.max_downloads ? t`${s.downloads} of ${s.max_downloads} downloads` : plural(s.downloads, { one: '# download', other: '# downloads' })}</>}
        {s.permission === 'upload' && outside && <> · {plural(s.dropped_files, { one: '# file came in', other: '# files came in' })}</>}
        {!received && <> · <Trans>made {exactly(s.created_at)}</Trans></>}
      </p>
      {change && !ended && (
        <div className="actions">
          <button type="button" className="button" onClick={() => setAsks('extend')}><Trans>Change the end …</Trans></button>
          <button type="button" className="button" onClick={() => setAsks('end')}><Trans>End it …</Trans></button>
        </div>
      )}
      {outside && !received && <Uses id={s.id} />}
      {asks === 'extend' && <Extend share={s} close={() => setAsks(null)} />}
      {asks === 'end' && <End share={s} close={() => setAsks(null)} />}
    </li>
  )
}

function Recipients({ id }: { id: string }) {
  const { t } = useLingui()
  const work = useWork()
  const one = useQuery(shareById(work, id))
  const classes = useQuery({ ...classesToShareWith(work, may(work.place, 'read_members')), enabled: one.data?.recipients?.some(r => r.class_id) ?? false })
  const list = one.data?.recipients?.filter(r => !r.ended_at) ?? []
  if (list.length === 0) return null
  return (
    <>: {list.map((r, n) => (
      <span key={r.id}>{n > 0 && ', '}
        {r.user_id ? <Person id={r.user_id} /> : r.class_id ? <bdi>{classes.data?.find(c => c.id === r.class_id)?.title ?? t`a class`}</bdi> : <bdi>{r.name || r.email}</bdi>}
        {r.delivery === 'failed' && <> ({t`the mail did not arrive`})</>}
      </span>
    ))}</>
  )
}

/** Who used a link, or came from outside; what members read is in the audit log. */
function Uses({ id }: { id: string }) {
  const { t } = useLingui()
  const work = useWork()
  const [open, setOpen] = useState(false)
  const uses = useInfiniteQuery({ ...accessesOf(work, id), enabled: open })
  const what: Record<string, string> = { page: t`looked at it`, password: t`gave a password`, code: t`gave the code`, preview: t`saw a preview`, download: t`downloaded it`, zip: t`downloaded all of it`, upload: t`sent a file` }
  const all = uses.data?.pages.flatMap(p => p.items) ?? []
  return (
    <details className="fold" onToggle={e => setOpen(e.currentTarget.open)}><summary><Trans>Who used it</Trans></summary>
      {uses.error && <Failure error={uses.error} again={() => void uses.refetch()} />}
      {uses.isLoading && <p role="status"><Trans>Loading …</Trans></p>}
      {uses.data && all.length === 0 && <p className="quiet"><Trans>It has not been used yet.</Trans></p>}
      <ul className="uses small">{all.map(a => <li key={a.id}><time dateTime={a.at}>{exactly(a.at)}</time>: {a.outcome === 'refused' ? t`was refused` : what[a.what] ?? a.what}</li>)}</ul>
      {uses.hasNextPage && <p><button type="button" className="button" onClick={() => void uses.fetchNextPage()}><Trans>Show more</Trans></button></p>}
    </details>
  )
}

function Extend({ share: s, close }: { share: Share; close: () => void }) {
  const { t } = useLingui()
  const { api, place, queries } = useWork()
  const refusal = useShareRefusal()
  const [ends, setEnds] = useState<Ends>({ choice: '30', date: '' })
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const submit = async (e: FormEvent) => {
    e.preventDefault()
    if (busy) return
    setBusy(true)
    try {
      const now = (await api.PATCH('/api/v1/storage/shares/{id}', { params: { path: { id: s.id } }, body: { expires_at: endOf(ends) } })).data!
      await queries.invalidateQueries({ queryKey: [place.organization_id, 'shares'] })
      close()
      toast(now.expires_at ? t`It is shared until ${exactly(now.expires_at)}.` : t`It is shared without an end.`)
    } catch (x) { setError(refusal(x)); setBusy(false) }
  }
  return (
    <Ask title={t`Change the end`} close={close}>
      <form onSubmit={e => void submit(e)} noValidate>
        {s.expires_at && <p><Trans>Now it ends {exactly(s.expires_at)}.</Trans></p>}
        <EndField ends={ends} change={setEnds} outside={s.kind === 'link' || s.kind === 'people'} longestDays={null} />
        {error && <p className="bad" role="alert">{error}</p>}
        <div className="dialog-actions"><button type="button" className="button" onClick={close}><Trans>Cancel</Trans></button><button type="submit" className="button main" aria-disabled={busy}><Trans>Save</Trans></button></div>
      </form>
    </Ask>
  )
}

/** A share that has ended does not begin again, so there is no undo: it is asked before. */
function End({ share: s, close }: { share: Share; close: () => void }) {
  const { t } = useLingui()
  const { api, place, queries } = useWork()
  const refusal = useShareRefusal()
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const end = async () => {
    if (busy) return
    setBusy(true)
    try {
      await api.DELETE('/api/v1/storage/shares/{id}', { params: { path: { id: s.id } } })
      await queries.invalidateQueries({ queryKey: [place.organization_id, 'shares'] })
      close()
      toast(t`It is not shared any more.`)
    } catch (x) { setError(refusal(x)); setBusy(false) }
  }
  return (
    <Ask title={t`End this share?`} close={close}>
      <p><Trans>It cannot be reached by this share any more, from now on. The share does not begin again: you can make a new one.</Trans></p>
      {error && <p className="bad" role="alert">{error}</p>}
      <div className="dialog-actions"><button type="button" className="button" autoFocus onClick={close}><Trans>Keep it</Trans></button><button type="button" className="button main" aria-disabled={busy} onClick={() => void end()}><Trans>End the share</Trans></button></div>
    </Ask>
  )
}
