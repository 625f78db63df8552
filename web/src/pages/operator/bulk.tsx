import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { type JobBulk, type JobFilter, type JobPriority, jobQuery } from '../../app/queries-jobs.ts'
import { Ask } from '../../parts/dialogs.tsx'
import { useJobWords } from '../../parts/job-words.tsx'
import { Choice, State, Table, useChange, useWhy } from '../../parts/manage.tsx'
import { brief } from '../../parts/people.tsx'

type What = 'cancel' | 'retry' | 'priority'
type Item = JobBulk['items'][number]

/** One thing done to all jobs that a filter finds: looked at first, then done, with what became of each. */
export default function Bulk({ filter, close }: { filter: JobFilter; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  const why = useWhy()
  const words = useJobWords()
  const [what, setWhat] = useState<What>('cancel')
  const [priority, setPriority] = useState<JobPriority>('low')
  const [seen, setSeen] = useState<{ items: Item[]; more: boolean } | null>(null)
  const [done, setDone] = useState<Item[] | null>(null)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const names: Record<What, string> = { cancel: t`End them`, retry: t`Start them again`, priority: t`Change their priority` }
  const { requested_by: _, ...narrowed } = jobQuery(filter)
  const body = (dry_run: boolean, cursor = '') => ({ action: what, dry_run, filter: { ...narrowed, ...(filter.org ? { organization_id: filter.org } : {}) }, ...(what === 'priority' ? { priority } : {}), ...(cursor ? { cursor } : {}) })
  const run = async (work: () => Promise<void>) => {
    if (busy) return
    setBusy(true)
    setError('')
    try { await work() } catch (e) { setError(why(e)) } finally { setBusy(false) }
  }
  const look = () => run(async () => { const a = (await api.POST('/api/v1/admin/jobs/bulk', { body: body(true) })).data!; setSeen({ items: a.items, more: a.more }) })
  const doIt = () => run(async () => {
    const all: Item[] = []
    try {
      for (let cursor = '', first = true; first || cursor; first = false) {
        const a = (await api.POST('/api/v1/admin/jobs/bulk', { body: { ...body(false, cursor), ...(first && seen ? { expected_count: seen.items.length } : {}) } })).data!
        all.push(...a.items)
        setDone([...all])
        cursor = a.next_cursor
      }
    } finally { void again('jobs') }
  })
  const change = (next: What) => { setWhat(next); setSeen(null); setError('') }
  const n = (done ?? seen?.items)?.length ?? 0
  const refused = done?.filter(i => i.result === 'refused').length ?? 0
  return (
    <Ask title={t`Change many jobs`} close={close} wide>
      {!done && <>
        <p><Trans>Look first: nothing is changed until you say so.</Trans></p>
        <Choice label={t`What`} value={what} options={Object.entries(names)} choose={v => change((v ?? 'cancel') as What)} />
        {what === 'priority' && <Choice label={t`Priority`} value={priority} options={Object.entries(words.priorities)} choose={v => { setPriority((v ?? 'low') as JobPriority); setSeen(null) }} />}
      </>}
      {error && <p className="bad" role="alert">{error}</p>}
      <p role="status">{done ? `${plural(n - refused, { one: '# job is changed.', other: '# jobs are changed.' })} ${plural(refused, { one: '# was refused.', other: '# were refused.' })}`
        : seen ? <>{plural(n, { one: 'It would change # job.', other: 'It would change # jobs.' })} {seen.more && <Trans>There are more; they follow in steps of 200.</Trans>}</> : ''}</p>
      {n > 0 && <Results items={(done ?? seen!.items)} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={close}>{done ? <Trans>Close</Trans> : <Trans>Cancel</Trans>}</button>
        {!done && <button type="button" className={seen ? 'button' : 'button main'} aria-disabled={busy} onClick={() => void look()}><Trans>See what it would change</Trans></button>}
        {!done && seen && n > 0 && <button type="button" className={what === 'cancel' ? 'button danger' : 'button main'} aria-disabled={busy} onClick={() => void doIt()}>{names[what]}</button>}
      </div>
    </Ask>
  )
}

function Results({ items }: { items: readonly Item[] }) {
  const { t } = useLingui()
  const words = useJobWords()
  const results: Record<Item['result'], [string, string]> = { ok: ['done', t`done`], refused: ['failed', t`refused`], would: ['waiting', t`would be changed`] }
  return (
    <Table label={t`What becomes of each`} rows={items} id={i => i.id} columns={[
      { head: t`Job`, cell: i => <>{words.kind(i.kind)} <code className="small quiet" title={i.id}>{brief(i.id)}</code></> },
      { head: t`Organization`, cell: i => <code title={i.organization_id}>{brief(i.organization_id)}</code> },
      { head: t`Result`, cell: i => <><State state={results[i.result][0]} word={results[i.result][1]} />{i.code && <code className="small quiet"> {i.code}</code>}</> },
    ]} />
  )
}
