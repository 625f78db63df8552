import { Trans, useLingui } from '@lingui/react/macro'
import { useState } from 'react'

import { type Folder, type Space, useWork } from '../app/context.tsx'
import Form from '../parts/form.tsx'

type Mode = Folder['mode']

/** Makes a folder, or changes the task and the times of a hand-out or hand-in. Staff of a class choose what the folder is for. */
export default function FolderForm({ space, parent, change, done, close }: { space: Space; parent?: Folder | undefined; change?: Folder; done: () => Promise<unknown>; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const [mode, setMode] = useState<Mode>(change?.mode ?? 'shared')
  const staff = space.kind === 'class' && space.my_level >= 3 && (parent?.mode ?? 'shared') === 'shared'
  const hints = { shared: '', handout: t`The class reads what you put into it.`, handin: t`Each student puts files into it and sees no others. You see all.` }
  const send = async (d: FormData) => {
    const told = (name: string) => String(d.get(name) ?? '').trim()
    const time = (name: string) => (told(name) ? new Date(told(name)).toISOString() : null)
    const accepted = told('accepted').toLowerCase().split(/[\s,;.]+/).filter(Boolean)
    const fields = [ // of the mode: as it was, as it is, and what is sent of it
      ...(mode === 'handout' ? [[local(change?.opens_at), told('opens'), { opens_at: time('opens') }]] : []),
      ...(mode === 'handin' ? [
        [change?.instructions ?? '', told('task'), { instructions: told('task') }], [local(change?.due_at), told('due'), { due_at: time('due') }],
        [local(change?.closes_at), told('closes'), { closes_at: time('closes') }], [change?.accepted.join(' ') ?? '', accepted.join(' '), { accepted }],
      ] : []),
    ]
    // What was not touched stays as it is: the field has no seconds, and a colleague may have changed it meanwhile.
    const set = Object.assign({}, ...fields.filter(([was, is]) => was !== is).map(f => f[2])) as Record<string, unknown>
    if (change && Object.keys(set).length > 0) await api.PATCH('/api/v1/folders/{id}', { params: { path: { id: change.id } }, body: set })
    if (!change) {
      const body = { name: told('name'), ...(parent ? { parent_id: parent.id } : {}), ...(mode === 'shared' ? {} : { mode }), ...set }
      await api.POST('/api/v1/spaces/{id}/folders', { params: { path: { id: space.id }, header: { 'Idempotency-Key': crypto.randomUUID() } }, body: body as never })
    }
    await done()
  }
  return (
    <Form title={change ? t`Task and times of ${change.name}` : t`New folder`} verb={change ? t`Save` : t`Make the folder`} run={send} close={close}>
      {!change && <label className="field"><Trans>Name</Trans><input name="name" required maxLength={255} dir="auto" autoFocus /></label>}
      {!change && staff && (
        <label className="field"><Trans>What it is for</Trans>
          <select value={mode} onChange={e => setMode(e.target.value as Mode)}>
            <option value="shared">{t`Folder`}</option><option value="handout">{t`Hand-out`}</option><option value="handin">{t`Hand-in`}</option>
          </select>
          {hints[mode] && <span className="hint">{hints[mode]}</span>}
        </label>
      )}
      <fieldset className="form" hidden={mode !== 'handout'} disabled={mode !== 'handout'}><label className="field"><Trans>Opens (optional)</Trans><input name="opens" type="datetime-local" defaultValue={local(change?.opens_at)} /><span className="hint"><Trans>Until then only the staff see what is in it.</Trans></span></label></fieldset>
      <fieldset className="form" hidden={mode !== 'handin'} disabled={mode !== 'handin'}>
        <label className="field"><Trans>Task (optional)</Trans><textarea name="task" rows={3} maxLength={2000} dir="auto" defaultValue={change?.instructions} /></label>
        <label className="field"><Trans>Due (optional)</Trans><input name="due" type="datetime-local" defaultValue={local(change?.due_at)} /><span className="hint"><Trans>What is handed in later is late.</Trans></span></label>
        <label className="field"><Trans>Taken until (optional)</Trans><input name="closes" type="datetime-local" defaultValue={local(change?.closes_at)} /><span className="hint"><Trans>Nothing is taken later.</Trans></span></label>
        <label className="field"><Trans>Kinds of files (optional)</Trans><input name="accepted" dir="ltr" maxLength={600} placeholder="pdf docx" defaultValue={change?.accepted.join(' ')} /><span className="hint"><Trans>Endings of names, with spaces between them. Empty: all that the school takes.</Trans></span></label>
      </fieldset>
    </Form>
  )
}

/** A time as the field shows it: in the zone of the browser, to the minute. */
function local(time: string | undefined): string {
  if (!time) return ''
  const t = new Date(time)
  return new Date(t.getTime() - t.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
