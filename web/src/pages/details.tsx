import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Suspense, lazy, useState } from 'react'

import { type File, useWork } from '../app/context.tsx'
import { exactly, size } from '../app/format.ts'
import { may } from '../app/grants.ts'
import { fileById, spaces, versionsOf } from '../app/queries.ts'
import { useActions } from '../parts/actions.tsx'
import { Ask } from '../parts/dialogs.tsx'
import { Failure } from '../parts/failure.tsx'
import { useKind, useStatus } from '../parts/names.tsx'
import { Preview } from '../parts/preview.tsx'
import { LinkMade } from '../parts/share-link.tsx'
import { useShareRefusal } from '../parts/share-words.tsx'
import { SharesOf } from '../parts/shares-of.tsx'
import { useStepName } from '../parts/tray.tsx'
import { Readers } from './readers.tsx'

const ShareDialog = lazy(() => import('../parts/share-dialog.tsx'))
const Tags = lazy(() => import('../parts/tags.tsx'))

/** A file in full: what is in it, what became of it and why, and its history. */
export default function Details({ id, close, bin }: { id: string; close: () => void; bin: boolean }) {
  const { t } = useLingui()
  const work = useWork()
  const file = useQuery(fileById(work, id))
  const act = useActions()
  const f = file.data
  const edit = may(work.place, 'edit_files')
  const share = may(work.place, 'share') && !bin
  const [asks, setAsks] = useState<'share' | 'tags' | { url: string; ends: string } | null>(null)
  const refusal = useShareRefusal()
  const all = useQuery(spaces(work))
  const kind = all.data?.find(s => s.id === f?.space_id)?.kind
  return (
    <Ask title={f?.name ?? t`File`} close={close} wide>
      {file.error && <Failure error={file.error} again={() => void file.refetch()} />}
      {file.isPending && <p role="status"><Trans>Loading …</Trans></p>}
      {f && (
        <>
          {f.published_version !== null && !bin && <Preview file={f} />}
          <State file={f} />
          <div className="actions">
            {f.published_version !== null && !bin && <button type="button" className="button main" onClick={() => void act.download(f)}><Trans>Download</Trans></button>}
            {share && <button type="button" className="button" onClick={() => setAsks('share')}><Trans>Share …</Trans></button>}
            {share && may(work.place, 'share_outside') && f.published_version !== null && kind !== 'confidential' && (
              <button type="button" className="button" onClick={() => void act.quickLink({ what: 'file', id: f.id }, refusal, (url, ends) => setAsks({ url, ends }))}><Trans>Copy a link for 15 minutes</Trans></button>
            )}
            {edit && !bin && <button type="button" className="button" onClick={() => setAsks('tags')}><Trans>Tags …</Trans></button>}
            {bin && edit && <button type="button" className="button main" onClick={() => { close(); void act.restore([f.id]) }}><Trans>Put back</Trans></button>}
            {!bin && edit && <button type="button" className="button" onClick={() => { close(); void act.trash([f]) }}><Trans>Delete</Trans></button>}
          </div>
          {f.statements?.map(s => (
            <section key={s.amendment_id} className="state"><p><strong><Trans>A parent or student says about this record:</Trans></strong> <time dateTime={s.at}>{exactly(s.at)}</time></p><p><bdi>{s.statement}</bdi></p></section>
          ))}
          <Facts file={f} young={work.place.role === 'student'} />
          {work.place.role !== 'student' && <Steps file={f} />}
          {!bin && <Versions file={f} edit={edit} />}
          {share && <SharesOf target={{ what: 'file', id: f.id }} />}
          {may(work.place, 'read_audit') && <Readers file={f.id} />}
          {asks === 'share' && <Suspense><ShareDialog target={{ what: 'file', id: f.id, name: f.name, spaceKind: kind }} close={() => setAsks(null)} /></Suspense>}
          {asks === 'tags' && <Suspense><Tags files={[f]} close={() => setAsks(null)} /></Suspense>}
          {asks !== null && typeof asks === 'object' && <Ask title={t`Link for 15 minutes`} close={() => setAsks(null)}><LinkMade url={asks.url} ends={asks.ends} /></Ask>}
        </>
      )}
    </Ask>
  )
}

function State({ file: f }: { file: File }) {
  const status = useStatus()
  const { place } = useWork()
  const { word, mark } = status(f)
  const young = place.role === 'student'
  if (f.status === 'published' && !f.latest) return null
  const text = f.latest?.status_text || f.status_text
  return (
    <div className={'state ' + f.status}>
      <p><strong><span aria-hidden="true">{mark}</span> {word}</strong></p>
      {young && f.status === 'quarantined' ? <p><Trans>This file could hurt a computer. Ask your teacher.</Trans></p> : text && <p lang="en">{text}</p>}
    </div>
  )
}

function Facts({ file: f, young }: { file: File; young: boolean }) {
  const { t } = useLingui()
  const kind = useKind()
  const all = useQuery(spaces(useWork()))
  const ofClass = all.data?.some(s => s.id === f.space_id && s.kind === 'class')
  const facts: [string, React.ReactNode][] = [[t`Kind`, kind(f).word], [t`Size`, size(f.size)], [t`Sent`, <time key="t" dateTime={f.created_at}>{exactly(f.created_at)}</time>]]
  if (f.pages) facts.push([t`Pages`, f.pages])
  if (f.width && f.height) facts.push([t`Pixels`, `${f.width} × ${f.height}`])
  if (!young) {
    if (f.description) facts.push([t`Description`, <bdi key="d">{f.description}</bdi>])
    if (f.tags.length > 0) facts.push([t`Tags`, <bdi key="g">{f.tags.join(', ')}</bdi>])
    if (f.corrected) facts.push([t`Note`, t`The name said ${f.corrected.from}, the content is ${f.corrected.to}.`])
    if (f.active_content?.includes('macros')) facts.push([t`Note`, t`It has macros: open it only if you know its sender.`])
    if (f.scan) facts.push([t`Checked`, f.scan.scanned_at ? t`${exactly(f.scan.scanned_at)} by ${f.scan.engine}` : f.scan.engine])
    if (f.staff_only) facts.push([t`Who reads it`, t`Only the staff of this space`])
  } else if (ofClass) facts.push([t`Who reads it`, t`Your teacher can see this`])
  return <dl className="facts">{facts.map(([name, value], n) => <div key={n}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
}

function Steps({ file: f }: { file: File }) {
  const { t } = useLingui()
  const step = useStepName()
  const states: Record<string, string> = { running: t`running`, done: t`done`, failed: t`failed`, skipped: t`left out` }
  if (f.steps.length === 0) return null
  return (
    <details className="fold"><summary><Trans>How it was checked</Trans></summary>
      <ol className="steps">{f.steps.map((s, n) => (
        <li key={n}>{step(s.name)}: {states[s.state] ?? s.state}{s.attempt > 1 && <> · {plural(s.attempt, { one: '# attempt', other: '# attempts' })}</>}
          {s.ended_at && <span className="quiet small"> · {new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format((Date.parse(s.ended_at) - Date.parse(s.started_at)) / 1000)} s</span>}</li>
      ))}</ol>
    </details>
  )
}

function Versions({ file: f, edit }: { file: File; edit: boolean }) {
  const { t } = useLingui()
  const work = useWork()
  const act = useActions()
  const versions = useQuery({ ...versionsOf(work, f.id), enabled: f.version > 1 })
  if (f.version <= 1) return null
  return (
    <details className="fold"><summary><Trans>Versions</Trans></summary>
      {versions.error && <Failure error={versions.error} again={() => void versions.refetch()} />}
      <ol className="versions">{versions.data?.items.map(v => (
        <li key={v.version}>
          <span><Trans>Version {v.version}</Trans> · {size(v.size)} · <time dateTime={v.created_at}>{exactly(v.created_at)}</time>{v.version === f.published_version && <> · <strong><Trans>shown now</Trans></strong></>}</span>
          <span className="actions">
            {v.status === 'published' && <button type="button" className="button" aria-label={t`Download version ${v.version}`} onClick={() => void act.download(f, v.version)}><Trans>Download</Trans></button>}
            {edit && v.status === 'published' && v.version !== f.published_version && <button type="button" className="button" aria-label={t`Put version ${v.version} back`} onClick={() => void act.restoreVersion(f, v.version)}><Trans>Put back</Trans></button>}
          </span>
        </li>
      ))}</ol>
    </details>
  )
}
