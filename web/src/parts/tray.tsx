import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { type Item, isOutcome, mayRetry, totals } from '@satchel/client/uploads'
import { useUploads } from '@satchel/react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState } from 'react'

import { useWork } from '../app/context.tsx'
import { duration, percent, size } from '../app/format.ts'
import { useSentence } from './failure.tsx'

/** The files that are being sent, on every page: three phases in words, and an outcome for each. */
export function Tray() {
  const { t } = useLingui()
  const { uploader } = useWork()
  const items = useUploads(uploader)
  const [open, setOpen] = useState(true)
  const [failedOnly, setFailedOnly] = useState(false)
  const sum = totals(items)
  const running = sum.running > 0
  const speed = useSpeed(sum.sent, running)
  const said = useAnnouncement(items)

  useEffect(() => {
    if (!running) return undefined
    const warn = (e: BeforeUnloadEvent) => e.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [running])
  useWakeLock(running)

  const bad = items.filter(isBad)
  const shown = failedOnly && bad.length > 0 ? bad : items
  const stuck = items.some(i => i.hindrance)
  const left = speed > 0 ? (sum.bytes - sum.sent) / speed : 0
  return (
    <>
      <p className="sg-hidden" role="status" data-testid="announcements">{said}</p>
      {items.length > 0 && (
        <section className="tray" aria-label={t`Files that are being sent`}>
          <div className="tray-head">
            <button type="button" className="tray-toggle" aria-expanded={open} onClick={() => setOpen(!open)}><span aria-hidden="true">{open ? '▾' : '▴'}</span> {heading(sum, running)}</button>
            {!running && <button type="button" className="icon" aria-label={t`Clear the list`} onClick={() => uploader.clear()}>✕</button>}
          </div>
          {running && <progress max={Math.max(1, sum.bytes)} value={sum.sent} aria-label={t`Sent of all files`} />}
          {open && (
            <>
              {running && <p className="small quiet tray-sum">{size(sum.sent)} / {size(sum.bytes)}{speed > 0 && <> · {t`${size(speed)} a second`}{left > 2 && <> · {t`${duration(left)} left`}</>}</>}</p>}
              {bad.length > 0 && (
                <p className="small tray-sum">{plural(bad.length, { one: `# of ${items.length} was not taken.`, other: `# of ${items.length} were not taken.` })}{' '}
                  <button type="button" className="link" aria-pressed={failedOnly} onClick={() => setFailedOnly(!failedOnly)}>{failedOnly ? <Trans>Show all</Trans> : <Trans>Show these</Trans>}</button></p>
              )}
              <div className="tray-actions">
                {stuck && <button type="button" className="button" onClick={() => uploader.tryNow()}><Trans>Try now</Trans></button>}
                {sum.byPhase.sending + sum.byPhase.waiting > 0 && <button type="button" className="button" onClick={() => uploader.all('pause')}><Trans>Pause all</Trans></button>}
                {sum.byPhase.paused > 0 && <button type="button" className="button" onClick={() => uploader.all('unpause')}><Trans>Go on with all</Trans></button>}
                {sum.byPhase.failed > 0 && <button type="button" className="button" onClick={() => uploader.all('retry')}><Trans>Try all again</Trans></button>}
                {running && <button type="button" className="button" onClick={() => uploader.all('cancel')}><Trans>Cancel all</Trans></button>}
              </div>
              <Rows items={shown} />
            </>
          )}
        </section>
      )}
    </>
  )
}

const isBad = (i: Item) => i.phase === 'failed' || i.phase === 'rejected' || i.phase === 'quarantined' || i.phase === 'held'

function heading(sum: ReturnType<typeof totals>, running: boolean): string {
  if (running) return plural(sum.files - sum.ended, { one: 'Sending # file', other: 'Sending # files' })
  return plural(sum.ended, { one: '# file is done', other: '# files are done' })
}

function Rows({ items }: { items: readonly Item[] }) {
  const scroller = useRef<HTMLUListElement>(null)
  const virtual = useVirtualizer({ count: items.length, getScrollElement: () => scroller.current, estimateSize: () => 84, overscan: 4, getItemKey: n => items[n]!.id })
  return (
    <ul ref={scroller} className="tray-list" tabIndex={0} style={{ '--rows': Math.min(items.length, 4) } as React.CSSProperties}>
      <li role="presentation" aria-hidden="true" style={{ height: virtual.getTotalSize() }} />
      {virtual.getVirtualItems().map(v => (
        <li key={v.key} ref={virtual.measureElement} data-index={v.index} className="tray-row" aria-posinset={v.index + 1} aria-setsize={items.length} style={{ transform: `translateY(${v.start}px)` }}><Row item={items[v.index]!} /></li>
      ))}
    </ul>
  )
}

function Row({ item: i }: { item: Item }) {
  const { t } = useLingui()
  const { uploader, place } = useWork()
  const sentence = useSentence()
  const said = useOutcome()
  return (
    <div data-phase={i.phase} className="upload">
      <p className="upload-name"><bdi>{i.name}</bdi> <span className="quiet small">{size(i.size)}</span></p>
      <p className="small">{said(i, place.role === 'student')}</p>
      {i.problem && <p className="small bad">{sentence(i.problem)}</p>}
      {i.phase === 'sending' && <progress max={Math.max(1, i.size)} value={i.sent} aria-label={t`Sent of ${i.name}`} />}
      <div className="upload-actions">
        {(i.phase === 'sending' || i.phase === 'waiting') && <button type="button" className="link" aria-label={t`Pause ${i.name}`} onClick={() => uploader.pause(i.id)}><Trans>Pause</Trans></button>}
        {i.phase === 'paused' && <button type="button" className="link" aria-label={t`Go on with ${i.name}`} onClick={() => uploader.unpause(i.id)}><Trans>Go on</Trans></button>}
        {mayRetry(i) && <button type="button" className="link" aria-label={t`Send ${i.name} again`} onClick={() => uploader.retry(i.id)}><Trans>Try again</Trans></button>}
        {!isOutcome(i.phase) && <button type="button" className="link" aria-label={t`Cancel ${i.name}`} onClick={() => uploader.cancel(i.id)}><Trans>Cancel</Trans></button>}
      </div>
    </div>
  )
}

/** The phase, and then the outcome, in words. Students get no names of viruses. */
export function useOutcome(): (i: Pick<Item, 'phase' | 'hindrance' | 'steps' | 'statusText' | 'size' | 'sent'>, young: boolean) => string {
  const { t } = useLingui()
  const step = useStepName()
  return (i, young) => {
    switch (i.phase) {
      case 'waiting': return t`Waiting for its turn`
      case 'sending': {
        if (i.hindrance === 'network') return t`Waiting for the network`
        if (i.hindrance === 'limited') return t`Many files are being sent; this one waits a moment`
        if (i.hindrance === 'signIn') return t`Waiting until you sign in again`
        if (i.hindrance === 'server') return t`The server is busy; this file waits a moment`
        return t`Sending: ${percent(i.sent, i.size)}`
      }
      case 'paused': return t`Paused`
      case 'checking': {
        const running = i.steps?.findLast(s => s.state === 'running')
        return running ? t`Sent. Being checked: ${step(running.name)}` : t`Sent. Waiting to be checked`
      }
      case 'published': return t`✓ Done. It was checked and can be opened`
      case 'quarantined': return young ? t`⚠ This file could hurt a computer. Ask your teacher.` : t`⚠ Locked away: the check found something dangerous. Delete your copy and scan your computer.`
      case 'held': return t`⏸ Held: a person has to look at it first. You need not do anything.`
      case 'rejected': return t`✕ Not taken`
      case 'failed': return i.statusText && !young ? i.statusText : t`✕ It did not work`
      case 'cancelled': return t`Cancelled`
    }
  }
}

export function useStepName(): (name: string) => string {
  const { t } = useLingui()
  return name => {
    const names: Record<string, string> = {
      inspect: t`what kind of file it is`, scan: t`viruses`, preview: t`its preview`, finalize: t`storing it`, publish: t`storing it`, extract: t`its text for the search`,
    }
    return names[name] ?? name
  }
}

/** Bytes a second, over the last few seconds. */
function useSpeed(sent: number, running: boolean): number {
  const seen = useRef<{ at: number; sent: number }[]>([])
  if (!running) { seen.current = []; return 0 }
  const now = performance.now()
  seen.current.push({ at: now, sent })
  while (seen.current.length > 2 && now - seen.current[0]!.at > 5000) seen.current.shift()
  const first = seen.current[0]!
  return now - first.at > 500 ? Math.max(0, (sent - first.sent) / ((now - first.at) / 1000)) : 0
}

/** One polite message at the start, at each quarter and at the end. */
function useAnnouncement(items: readonly Item[]): string {
  const { t } = useLingui()
  const sum = totals(items)
  const quarter = sum.running === 0 ? 4 : Math.min(3, Math.floor((4 * sum.sent) / Math.max(1, sum.bytes)))
  const [said, setSaid] = useState('')
  const last = useRef('')
  const key = sum.files === 0 ? '' : `${sum.files} ${quarter}`
  useEffect(() => {
    if (key === last.current) return
    last.current = key
    const bad = items.filter(isBad).length
    if (key === '') setSaid('')
    else if (quarter === 4 && sum.byPhase.paused > 0) setSaid(t`Sending is paused.`)
    else if (quarter === 4) setSaid(bad > 0 ? plural(bad, { one: 'All files are done. # was not taken.', other: 'All files are done. # were not taken.' }) : t`All files are done.`)
    else if (quarter === 0) setSaid(plural(sum.files, { one: 'Sending # file.', other: 'Sending # files.' }))
    else setSaid(t`${percent(quarter, 4)} sent.`)
  }, [key]) // eslint-disable-line react-hooks/exhaustive-deps
  return said
}

/** Keeps a phone awake while files are being sent. */
function useWakeLock(running: boolean) {
  useEffect(() => {
    if (!running || !('wakeLock' in navigator)) return undefined
    const asked = navigator.wakeLock.request('screen').catch(() => undefined)
    return () => { void asked.then(lock => lock?.release()) }
  }, [running])
}
