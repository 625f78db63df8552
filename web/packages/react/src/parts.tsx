import { bytes, sizeText } from '@satchel/client'
import { type Item, fromInput, fromTransfer, isOutcome, mayRetry } from '@satchel/client/uploads'
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'

import { problemText } from './problems.ts'
import { useFile, useQuota } from './read.ts'
import { useSatchel } from './satchel.tsx'
import { useUploads } from './uploads.tsx'

/** The texts of the parts. A page in another language gives its own. */
export interface Labels {
  choose: string; drop: string; sending: (name: string) => string; cancel: (name: string) => string; retry: (name: string) => string
  tooMany: (most: number) => string; phase: (item: Item) => string; used: (used: string, max: string) => string; previewOf: (name: string) => string; noPreview: string
}

const phases: Record<Item['phase'], string> = {
  waiting: 'Waiting', sending: 'Sending', paused: 'Paused', checking: 'Sent, being checked', published: 'Done', quarantined: 'Locked away: it is dangerous',
  held: 'Held until a person has looked at it', rejected: 'Not taken', failed: 'It did not work', cancelled: 'Cancelled',
}

export const english: Labels = {
  choose: 'Choose files', drop: 'or drop them here', sending: n => `Sent of ${n}`, cancel: n => `Cancel ${n}`, retry: n => `Send ${n} again`,
  tooMany: n => `At most ${n} files at once.`, phase: i => (i.problem ? problemText(i.problem) : i.statusText || phases[i.phase]),
  used: (used, max) => `${used} of ${max} used`, previewOf: n => `Preview of ${n}`, noPreview: 'There is no preview of this file.',
}

export interface UploaderProps {
  /** As the `accept` of a file field: what the dialog offers. The API decides. */
  accept?: string
  maxFiles?: number
  spaceId?: string
  folderId?: string
  /** The file that gets a new version. */
  fileId?: string
  onPublished?: (item: Item) => void
  onProblem?: (item: Item) => void
  renderItem?: (item: Item) => ReactNode
  labels?: Partial<Labels>
}

/** A button, a place to drop files, and a line for each file until it has an outcome. `data-phase` is for style sheets. */
export function SatchelUploader({ accept, maxFiles, spaceId, folderId, fileId, onPublished, onProblem, renderItem, labels }: UploaderProps) {
  const { uploader } = useSatchel()
  const items = useUploads(uploader)
  const t = { ...english, ...labels }
  const field = useId()
  const [over, setOver] = useState(false)
  const [refused, setRefused] = useState('')
  const said = useRef(new Set<string>())
  useEffect(() => {
    for (const i of items) {
      if (!isOutcome(i.phase)) { said.current.delete(i.id); continue }
      if (said.current.has(i.id)) continue
      said.current.add(i.id)
      if (i.phase === 'published') onPublished?.(i)
      else if (i.phase !== 'cancelled') onProblem?.(i)
    }
  }, [items, onPublished, onProblem])
  const add = (files: { file: File; path: string }[]) => {
    if (maxFiles && files.length > maxFiles) { setRefused(t.tooMany(maxFiles)); return }
    setRefused('')
    void uploader.add(files, { spaceId, folderId, fileId })
  }
  return (
    <div className="su" data-over={over || undefined}
      onDragOver={e => { e.preventDefault(); setOver(true) }} onDragLeave={() => setOver(false)}
      onDrop={e => { e.preventDefault(); setOver(false); void fromTransfer(e.dataTransfer).then(g => add(g.files)) }}>
      <p className="su-choose">
        <label className="su-button" htmlFor={field}>{t.choose}</label>{' '}{t.drop}
        <input id={field} className="sg-hidden" type="file" multiple={maxFiles !== 1} accept={accept} onChange={e => { add(fromInput(e.target.files ?? []).files); e.target.value = '' }} />
      </p>
      {refused && <p role="alert">{refused}</p>}
      <ul className="su-list" aria-live="polite">{items.map(i => <li key={i.id} data-phase={i.phase}>{renderItem ? renderItem(i) : <Line item={i} t={t} />}</li>)}</ul>
    </div>
  )
}

function Line({ item: i, t }: { item: Item; t: Labels }) {
  const { uploader } = useSatchel()
  return (
    <>
      <bdi>{i.name}</bdi> <span className="su-phase">{t.phase(i)}</span>
      {i.phase === 'sending' && <progress max={Math.max(1, i.size)} value={i.sent} aria-label={t.sending(i.name)} />}
      {!isOutcome(i.phase) && <button type="button" aria-label={t.cancel(i.name)} onClick={() => uploader.cancel(i.id)}>✕</button>}
      {mayRetry(i) && <button type="button" aria-label={t.retry(i.name)} onClick={() => uploader.retry(i.id)}>↻</button>}
    </>
  )
}

/** How much of what the caller may store is used. */
export function QuotaBar({ labels }: { labels?: Partial<Pick<Labels, 'used'>> }) {
  const { data } = useQuota()
  if (!data) return null
  const text = (labels?.used ?? english.used)(sizeText(data.used), sizeText(data.max))
  return <div className="sq"><progress max={Math.max(1, data.max)} value={data.used} aria-label={text} /> <span>{text}</span></div>
}

/** The largest picture of a file that the platform has made. The page's policy must allow `blob:` for pictures. */
export function FilePreview({ id, labels }: { id: string; labels?: Partial<Pick<Labels, 'previewOf' | 'noPreview'>> }) {
  const { connection } = useSatchel()
  const { data: file } = useFile(id)
  const [url, setUrl] = useState('')
  const [gone, setGone] = useState(false)
  const name = file?.renditions?.at(-1)?.name
  useEffect(() => {
    if (!name) return undefined
    const stop = new AbortController()
    let made = ''
    bytes(connection, `/api/v1/storage/files/${id}/renditions/${name}`, stop.signal).then(
      blob => { made = URL.createObjectURL(blob); setUrl(made) }, () => { if (!stop.signal.aborted) setGone(true) })
    return () => { stop.abort(); URL.revokeObjectURL(made); setUrl('') }
  }, [connection, id, name])
  if (!file) return null
  if (url) return <img className="sp" src={url} alt={(labels?.previewOf ?? english.previewOf)(file.name)} />
  return gone || (file.status === 'published' && !name) ? <p>{labels?.noPreview ?? english.noPreview}</p> : null
}
