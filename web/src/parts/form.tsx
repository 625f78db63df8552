import { Trans, useLingui } from '@lingui/react/macro'
import { type FormEvent, type ReactNode, useId, useRef, useState } from 'react'

import { Ask } from './dialogs.tsx'
import { useWhy } from './manage.tsx'

export interface FormProps {
  title: string
  /** What the button says, as a verb. */
  verb: string
  /** Does it. A rejection is shown in the dialog, which stays open. */
  run: (data: FormData) => Promise<unknown>
  close: () => void
  children?: ReactNode
  /** The word that has to be typed first, for what cannot be undone. */
  word?: string
  danger?: boolean
}

/** A dialog with fields and one button that does it. */
export default function Form({ title, verb, run, close, children, word, danger }: FormProps) {
  const why = useWhy()
  const alert = useId()
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const [typed, setTyped] = useState('')
  const button = useRef<HTMLButtonElement>(null)
  const ready = word === undefined || typed.trim() === word
  const submit = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    if (busy || !ready) return
    const data = new FormData(e.currentTarget)
    setBusy(true)
    setError('')
    try { await run(data); close() } catch (x) { setError(why(x)); setBusy(false); button.current?.focus() }
  }
  return (
    <Ask title={title} close={close}>
      <form onSubmit={e => void submit(e)}>
        {children}
        {word !== undefined && <label className="field"><span><Trans>Type <strong><bdi>{word}</bdi></strong> to go on</Trans></span><input value={typed} autoComplete="off" onChange={e => setTyped(e.target.value)} /></label>}
        {error && <p id={alert} className="bad" role="alert">{error}</p>}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={close}><Trans>Cancel</Trans></button>
          <button ref={button} className={danger ? 'button danger' : 'button main'} aria-disabled={busy || !ready} aria-describedby={error ? alert : undefined}>{verb}</button>
        </div>
      </form>
    </Ask>
  )
}

export interface SecretProps { title: string; secret: string; close: () => void; children?: ReactNode }

/** Something that is shown this once. Only its button closes it, so that it is not lost by a press beside it. */
export function Secret({ title, secret, close, children }: SecretProps) {
  const { t } = useLingui()
  const field = useRef<HTMLInputElement>(null)
  const [said, setSaid] = useState('')
  const copy = async () => {
    field.current?.select()
    try { await navigator.clipboard.writeText(secret); setSaid(t`Copied.`) } catch { setSaid(t`It is selected: copy it by the keyboard.`) }
  }
  return (
    <Ask title={title} close={() => { if (said) close() }}>
      <p><Trans>This is shown once. Keep it where only those can read it who need it.</Trans></p>
      {children}
      <label className="field"><Trans>Secret</Trans><input ref={field} className="secret" readOnly value={secret} onFocus={e => e.target.select()} /></label>
      <p role="status">{said}</p>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={() => void copy()}><Trans>Copy</Trans></button>
        <button type="button" className="button main" onClick={close}><Trans>I have kept it</Trans></button>
      </div>
    </Ask>
  )
}
