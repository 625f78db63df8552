import './share.css'

import { Trans, useLingui } from '@lingui/react/macro'
import { type FormEvent, useState } from 'react'

import type { Listed } from '../app/context.tsx'
import { useActions } from './actions.tsx'
import { Ask } from './dialogs.tsx'
import { useSentence } from './failure.tsx'
import { Pills } from './share-people.tsx'

/** The tags of files: those that all of them have can be taken away, and new ones added. */
export default function Tags({ files, close }: { files: Listed[]; close: () => void }) {
  const { t } = useLingui()
  const act = useActions()
  const sentence = useSentence()
  const before = files[0]?.tags?.filter(x => files.every(f => f.tags?.includes(x))) ?? []
  const [now, setNow] = useState(before)
  const [text, setText] = useState('')
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const typed = (old: string[]) => {
    const all = [...old]
    for (const one of text.split(',').map(s => s.trim()).filter(s => s !== '')) if (!all.some(x => x.toLocaleLowerCase() === one.toLocaleLowerCase())) all.push(one)
    return all
  }
  const submit = async (e: FormEvent) => {
    e.preventDefault()
    if (busy) return
    const wanted = typed(now)
    if (wanted.some(x => x.length > 50)) { setError(t`A tag has 50 characters at most.`); return }
    const add = wanted.filter(x => !before.includes(x))
    const remove = before.filter(x => !wanted.includes(x))
    if (add.length + remove.length === 0) { close(); return }
    setBusy(true)
    try { await act.tag(files.map(f => f.id), add, remove); close() } catch (x) { setError(sentence(x)); setBusy(false) }
  }
  return (
    <Ask title={files.length === 1 ? t`Tags of ${files[0]!.name}` : t`Tags of the selected files`} close={close}>
      <form onSubmit={e => void submit(e)} noValidate>
        <Pills list={now.map(x => ({ key: x, name: x }))} remove={key => setNow(now.filter(x => x !== key))} />
        <label className="field"><Trans>New tags, with commas between them</Trans>
          <input autoFocus dir="auto" value={text} onChange={e => setText(e.target.value)} aria-invalid={error !== ''} />
        </label>
        {error && <p className="bad" role="alert">{error}</p>}
        <div className="dialog-actions"><button type="button" className="button" onClick={close}><Trans>Cancel</Trans></button><button type="submit" className="button main" aria-disabled={busy}><Trans>Save</Trans></button></div>
      </form>
    </Ask>
  )
}
