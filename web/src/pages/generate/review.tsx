import './generate.css'

import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { type ReactNode, Suspense, lazy, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { type Generation, type GenerationFormat, formatsOf, generationById } from '../../app/queries-generate.ts'
import { fileById } from '../../app/queries.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { useGenerateWords } from '../../parts/generate-words.tsx'
import { money, number } from '../../parts/jobs.tsx'
import { Choice, State, useChange, useSave } from '../../parts/manage.tsx'
import { Named } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'
import { type Document, Editor, tidy } from './edit.tsx'

const Decide = lazy(() => import('./decide.tsx'))

/** A generation: how far it is, its draft to be read, changed and decided about, its cost, and where it is from. */
export default function Review() {
  const { t } = useLingui()
  const work = useWork()
  const words = useGenerateWords()
  const { id } = useParams({ strict: false }) as { id: string }
  const found = useQuery(generationById(work, id))
  const g = found.data
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/generate" params={{ org: work.place.organization_id }}><Trans>Make documents</Trans></Link></li><li aria-current="page"><bdi>{g?.title || '…'}</bdi></li></ol></nav>
      <Title>{g ? g.title || words.kinds[g.kind] : t`Document`}</Title>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {g && <><HowItIs of={g} />{g.state === 'draft' && g.document && <Draft key={g.revision} of={g} again={() => void found.refetch()} />}<Origin of={g} /></>}
    </>
  )
}

function HowItIs({ of: g }: { of: Generation }) {
  const { t } = useLingui()
  const words = useGenerateWords()
  const { api, place } = useWork()
  const { busy, change } = useChange()
  const why = words.reason(g)
  const org = place.organization_id
  const cancel = () => void change(() => api.POST('/api/v1/generations/{id}/cancel', { params: { path: { id: g.id } } }), t`It is called off. Nothing of the text is kept.`, 'generations', 'jobs')
  return (
    <section className="panel" aria-label={t`State`}>
      <p role="status" className="big"><State state={words.mark(g.state)} word={words.states[g.state]} /></p>
      {g.state === 'waiting' && <p><Trans>You can leave this page; the draft waits here.</Trans></p>}
      {g.state === 'draft' && g.expires_at && <p><Trans>Undecided, it is deleted {exactly(g.expires_at)}.</Trans></p>}
      {why && <p><strong>{why.why}</strong> {why.what}</p>}
      {(g.state === 'rejected' || g.state === 'cancelled' || g.state === 'expired') && <p><Trans>Nothing of the text is kept.</Trans></p>}
      {g.state === 'published' && g.file_id && <p><Link className="button main" to="/o/$org/recent" params={{ org }} search={{ file: g.file_id } as never}><Trans>Open the file</Trans></Link></p>}
      <div className="actions">
        {g.state === 'waiting' && <button type="button" className="button danger" aria-disabled={busy} onClick={cancel}><Trans>Call it off</Trans></button>}
        <Link className="button" to="/o/$org/jobs/$job" params={{ org, job: g.id }}><Trans>See the job</Trans></Link>
      </div>
    </section>
  )
}

/** The draft: its items are fields. What is decided is the revision that is on the page. */
function Draft({ of: g, again }: { of: Generation; again: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useGenerateWords()
  const save = useSave()
  const { busy, change } = useChange()
  const [doc, setDoc] = useState(g.document as unknown as Document)
  const [changed, setChanged] = useState(false)
  const [asked, ask] = useState<'approve' | 'reject' | null>(null)
  const [format, setFormat] = useState<GenerationFormat>('docx')
  const keep = async () => {
    const body = { revision: g.revision, document: tidy(doc) as never }
    if (await change(() => work.api.PATCH('/api/v1/generations/{id}', { params: { path: { id: g.id } }, body }), t`The draft is saved.`, 'generations')) setChanged(false)
  }
  return (
    <>
      <form className="draft" aria-label={t`Draft`} onSubmit={e => { e.preventDefault(); void keep() }}>
        <Editor of={doc} change={d => { setDoc(d); setChanged(true) }} />
        <div className="decide">
          {changed && <span role="status" className="small"><Trans>There are changes that are not saved.</Trans></span>}
          <button className={changed ? 'button main' : 'button'} disabled={!changed} aria-disabled={busy}><Trans>Save the draft</Trans></button>
          {changed && <button type="button" className="button" onClick={() => { setDoc(g.document as unknown as Document); setChanged(false); again() }}><Trans>Take the changes back</Trans></button>}
          <button type="button" className={changed ? 'button' : 'button main'} disabled={changed} onClick={() => ask('approve')}><Trans>Approve …</Trans></button>
          <button type="button" className="button danger" onClick={() => ask('reject')}><Trans>Not wanted …</Trans></button>
        </div>
      </form>
      <div className="bar">
        <Choice label={t`Look at it as`} value={format} options={formatsOf(g.kind).map(f => [f, words.formats[f]] as const)} choose={f => setFormat((f ?? 'docx') as GenerationFormat)} />
        <button type="button" className="button" disabled={changed} onClick={() => void save(`/api/v1/generations/${g.id}/output?format=${format}&answers=true`, `draft.${extensionOf(format)}`)}><Trans>Download the draft</Trans></button>
      </div>
      {asked && <Suspense><Decide of={g} what={asked} close={() => ask(null)} /></Suspense>}
    </>
  )
}

const extensionOf = (f: GenerationFormat) => ({ 'docx': 'docx', 'pdf': 'pdf', 'html': 'html', 'markdown': 'md', 'csv': 'csv', 'qti_3.0': 'zip', 'qti_2.1': 'zip', 'gift': 'gift.txt' })[f]

/** Cost and provenance. */
function Origin({ of: g }: { of: Generation }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useGenerateWords()
  const p = g.provenance
  const source = useQuery({ ...fileById(work, p.source_file_id ?? ''), enabled: p.source_file_id !== null, retry: false })
  const taken = Object.entries(p.redactions ?? {}).filter(([, n]) => n > 0)
  const facts: [string, ReactNode][] = [
    [t`Kind`, words.kinds[g.kind]], [t`For whom`, words.levels[g.level]], [t`Made by`, p.model ? `${p.provider}, ${p.model}` : words.provider(p.provider)],
    [t`Cost`, g.cost_micro > 0 ? money(g.cost_micro, g.currency) : t`nothing`],
  ]
  if (g.topic) facts.push([t`Topic`, <bdi key="t">{g.topic}</bdi>])
  if (p.source_file_id) facts.push([t`From the file`, source.data ? <Link key="f" to="/o/$org/recent" params={{ org: work.place.organization_id }} search={{ file: p.source_file_id } as never}><bdi>{source.data.name}</bdi></Link> : <code key="f">{p.source_file_id}</code>])
  if (p.source_sha256) facts.push([t`SHA-256 of the text`, <code key="s" className="small">{p.source_sha256}</code>])
  if (taken.length > 0) facts.push([t`Not given to the model`, taken.map(([what, n]) => `${what.replaceAll('_', ' ')} (${number(n)})`).join(', ')])
  if (g.edited_by) facts.push([t`Changed by`, <Named key="e" id={g.edited_by} />])
  if (g.reviewed_by) facts.push([t`Decided by`, <Named key="r" id={g.reviewed_by} />])
  if (g.decided_at) facts.push([t`Decided`, exactly(g.decided_at)])
  facts.push([t`Revision`, number(g.revision)], [t`Begun`, exactly(g.created_at)], [t`Id`, <code key="i">{g.id}</code>])
  return (
    <section className="panel" aria-labelledby="origin"><h2 id="origin"><Trans>Where it is from, and what it cost</Trans></h2>
      <dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl></section>
  )
}
