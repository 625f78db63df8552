import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { policies } from '../../app/queries-admin.ts'
import { type GenerationKind, type GenerationLevel, type Wanted, askFor, generationKinds, generationLevels, isStillRead, previewOf, providers } from '../../app/queries-generate.ts'
import { fileById } from '../../app/queries.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { useGenerateWords } from '../../parts/generate-words.tsx'
import { money } from '../../parts/jobs.tsx'
import { useAddress, useChange, useWhy } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { Off } from './off.tsx'

/** Asks for a document: from the text of the file that the address names, or about a topic where a language model may be used. */
export default function NewGeneration() {
  const { t } = useLingui()
  const work = useWork()
  const rules = useQuery({ ...policies(work), staleTime: 0 })
  const all = useQuery({ ...providers(work), staleTime: 0 })
  const error = rules.error ?? all.error
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/generate" params={{ org: work.place.organization_id }}><Trans>Make documents</Trans></Link></li><li aria-current="page"><Trans>New document</Trans></li></ol></nav>
      <Title>{t`Make a document`}</Title>
      {error && <Failure error={error} again={() => { void rules.refetch(); void all.refetch() }} />}
      {!error && !(rules.data && all.data) && <Waiting />}
      {rules.data && all.data && (rules.data.generation ? <Wish makers={all.data.items.filter(p => p.allowed)} /> : <Off />)}
    </>
  )
}

function Wish({ makers }: { makers: { name: string; model: string; outside: boolean; company: string }[] }) {
  const { t, i18n } = useLingui()
  const work = useWork()
  const words = useGenerateWords()
  const why = useWhy()
  const { again } = useChange()
  const navigate = useNavigate()
  const [at] = useAddress()
  const file = useQuery({ ...fileById(work, at.file ?? ''), enabled: at.file !== undefined })
  const [wanted, setWanted] = useState<Wanted | null>(null) // what is looked at before it is sent
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const [waits, setWaits] = useState(false) // for the text of a file that came a moment ago
  const alert = useRef<HTMLParagraphElement>(null)
  const asking = useRef<AbortController>(null)
  useEffect(() => () => asking.current?.abort(), []) // who leaves the page is not taken to the document
  const models = makers.filter(m => m.outside)
  const usable = at.file ? makers : models
  const ask = async (w: Wanted, confirmed?: string) => {
    if (busy) return
    setBusy(true)
    setError('')
    const own = asking.current = new AbortController()
    try {
      const made = await askFor(work, { ...w, ...(confirmed ? { confirm_prompt: confirmed } : {}) }, () => setWaits(true), own.signal)
      if (own.signal.aborted) return
      void again('generations', 'jobs')
      await navigate({ to: '/o/$org/generate/$id', params: { org: work.place.organization_id, id: made.id } })
    } catch (e) {
      if (own.signal.aborted) return
      setError(why(e))
      setBusy(false)
      setWaits(false)
      setTimeout(() => alert.current?.focus(), 0)
    }
  }
  const back = () => {
    asking.current?.abort()
    setWanted(null)
    setBusy(false)
    setWaits(false)
  }
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const d = new FormData(e.currentTarget)
    const provider = String(d.get('provider') ?? usable[0]?.name ?? 'extractive')
    const w: Wanted = {
      kind: d.get('kind') as GenerationKind, language: d.get('language') as 'en', level: d.get('level') as GenerationLevel, count: Number(d.get('count')), provider,
      ...(at.file ? { file_id: at.file } : { topic: String(d.get('topic')).trim() }),
    }
    // What leaves the platform is looked at first.
    if (makers.find(m => m.name === provider)?.outside) setWanted(w)
    else void ask(w)
  }
  if (file.error) return <Failure error={file.error} again={() => void file.refetch()} />
  if (usable.length === 0) return <p className="empty"><Trans>Open the menu of a file and choose “Make a document …”. Without a language model, a document is made from the text of a file only.</Trans></p>
  return (
    <>
      {waits && <p role="status"><Trans>The text of the file is still being read.</Trans></p>}
      {error && <p ref={alert} tabIndex={-1} className="bad" role="alert">{error}</p>}
      {wanted && <Sent wanted={wanted} busy={busy} back={back} send={sha => void ask(wanted, sha)} />}
      <form className="form" hidden={wanted !== null} onSubmit={submit} aria-label={t`Make a document`}>
        {at.file
          ? <p><Trans>From the text of <strong><bdi>{file.data?.name ?? '…'}</bdi></strong></Trans></p>
          : <label className="field"><Trans>Topic</Trans><input name="topic" required maxLength={200} dir="auto" autoFocus /></label>}
        <label className="field"><Trans>Kind</Trans><select name="kind">{generationKinds.map(k => <option key={k} value={k}>{words.kinds[k]}</option>)}</select></label>
        <label className="field"><Trans>For whom</Trans><select name="level">{generationLevels.map(l => <option key={l} value={l}>{words.levels[l]}</option>)}</select></label>
        <label className="field"><Trans>Language of the text</Trans><select name="language" defaultValue={i18n.locale === 'de' ? 'de' : 'en'}><option value="en" lang="en">English</option><option value="de" lang="de">Deutsch</option></select></label>
        <label className="field"><Trans>How many items</Trans><input name="count" type="number" min={1} max={50} defaultValue={10} required /><span className="hint"><Trans>A text with few whole sentences gives fewer.</Trans></span></label>
        {usable.length > 1 && <label className="field"><Trans>Made by</Trans><select name="provider">{usable.map(m => <option key={m.name} value={m.name}>{m.outside ? `${m.company}, ${m.model}` : words.provider(m.name)}</option>)}</select></label>}
        {models.length === 0 && <p className="small quiet"><Trans>It is cut from the text by rules. Nothing leaves the platform, and it costs nothing.</Trans></p>}
        <div className="actions"><button className="button main" aria-disabled={busy}><Trans>Go on</Trans></button></div>
      </form>
    </>
  )
}

/** Everything that would be sent to a language model, to be looked at before it is. */
function Sent({ wanted, busy, back, send }: { wanted: Wanted; busy: boolean; back: () => void; send: (sha: string) => void }) {
  const { t } = useLingui()
  const shown = useQuery(previewOf(useWork(), wanted))
  const [seen, setSeen] = useState(false)
  const p = shown.data
  const out = Object.entries(p?.redactions ?? {}).filter(([, n]) => n > 0)
  return (
    <section className="panel" aria-labelledby="sent"><h2 id="sent"><Trans>Look at what is sent</Trans></h2>
      {shown.error && <Failure error={shown.error} again={() => void shown.refetch()} />}
      {shown.isPending && (shown.failureReason && isStillRead(shown.failureReason) ? <p role="status"><Trans>The text of the file is still being read.</Trans></p> : <Waiting />)}
      {p && <>
        <p><Trans>The text goes to <strong>{p.company}</strong> ({p.country}), to the language model {p.model}. It costs {money(p.worst_micro, p.currency)} at most.</Trans></p>
        {out.length > 0 ? <p><Trans>Taken out before: {out.map(([what, n]) => `${what.replaceAll('_', ' ')} (${n})`).join(', ')}</Trans></p> : <p><Trans>Nothing personal was found in it.</Trans></p>}
        <p className="small quiet"><Trans>What the model is told to do</Trans></p><pre className="code" tabIndex={0} dir="auto">{p.system}</pre>
        <p className="small quiet"><Trans>The text itself</Trans></p><pre className="code" tabIndex={0} dir="auto">{p.prompt}</pre>
        <label className="check"><input type="checkbox" checked={seen} onChange={e => setSeen(e.target.checked)} /><span><Trans>I have looked at it. It says nothing about a person that must not be sent.</Trans></span></label>
      </>}
      <div className="actions">
        <button type="button" className="button" onClick={back}><Trans>Back</Trans></button>
        {p && <button type="button" className="button main" disabled={p.confirm && !seen} aria-disabled={busy} aria-label={t`Send it to ${p.company}`} onClick={() => send(p.prompt_sha256)}><Trans>Send it</Trans></button>}
      </div>
    </section>
  )
}
