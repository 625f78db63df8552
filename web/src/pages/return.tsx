import { Trans, useLingui } from '@lingui/react/macro'
import { type FormEvent, useState } from 'react'

import { useWork } from '../app/context.tsx'
import { Ask } from '../parts/dialogs.tsx'
import { useSentence } from '../parts/failure.tsx'
import { toast } from '../parts/toasts.tsx'

/** Asks what a student should know of the work that they get back. */
export default function Return({ folder, student, name, close }: { folder: string; student: string; name: string; close: () => void }) {
  const { t } = useLingui()
  const { api, place, queries } = useWork()
  const sentence = useSentence()
  const [note, setNote] = useState('')
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const submit = async (e: FormEvent) => {
    e.preventDefault()
    if (busy) return
    setBusy(true)
    try {
      await api.POST('/api/v1/folders/{id}/hand-ins/{student}/return', { params: { path: { id: folder, student } }, body: { note } })
      await queries.invalidateQueries({ queryKey: [place.organization_id, 'hand-ins', folder] })
      toast(t`The work of ${name} is returned.`)
      close()
    } catch (x) { setError(sentence(x)); setBusy(false) }
  }
  return (
    <Ask title={t`Return the work of ${name}`} close={close}>
      <form onSubmit={e => void submit(e)}>
        <label className="field"><Trans>What the student should know (optional)</Trans><textarea rows={4} maxLength={2000} dir="auto" value={note} onChange={e => setNote(e.target.value)} /></label>
        {error && <p className="bad" role="alert">{error}</p>}
        <div className="dialog-actions"><button type="button" className="button" onClick={close}><Trans>Cancel</Trans></button><button className="button main" aria-disabled={busy}><Trans>Return</Trans></button></div>
      </form>
    </Ask>
  )
}
