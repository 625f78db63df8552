import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { Dialog, Heading, Menu, MenuItem, Modal, ModalOverlay, Popover } from 'react-aria-components'

import { type Space, useWork } from '../app/context.tsx'
import { foldersIn, spaces } from '../app/queries.ts'
import { Failure, useSentence } from './failure.tsx'
import { Icon } from './icon.tsx'
import { useSpaceName } from './names.tsx'

/** A dialog over the page. Escape and a press outside close it, and the focus returns to where it was. */
export function Ask({ title, children, close, wide }: { title: string; children: ReactNode; close: () => void; wide?: boolean }) {
  const { t } = useLingui()
  const young = useWork().place.role === 'student' ? ' student' : ''
  return (
    <ModalOverlay className={wide ? 'overlay side' : 'overlay'} isOpen isDismissable onOpenChange={open => { if (!open) close() }}>
      <Modal className={(wide ? 'modal wide' : 'modal') + young}>
        <Dialog className="dialog">
          <div className="dialog-head"><Heading slot="title"><bdi>{title}</bdi></Heading><button type="button" className="icon" aria-label={t`Close`} onClick={close}>✕</button></div>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** Asks for a name. The field holds the present one, and a refusal is shown beside it. */
export function AskName({ title, name, verb, save, close }: { title: string; name: string; verb: string; save: (name: string) => Promise<unknown>; close: () => void }) {
  const { t } = useLingui()
  const sentence = useSentence()
  const [value, setValue] = useState(name)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const submit = async (e: FormEvent) => {
    e.preventDefault()
    if (busy) return
    if (value.trim() === '') { setError(t`Give a name.`); field.current?.focus(); return }
    if (value === name) { close(); return }
    setBusy(true)
    try { await save(value.trim()); close() } catch (x) { setError(sentence(x)); setBusy(false); field.current?.focus() }
  }
  return (
    <Ask title={title} close={close}>
      <form onSubmit={e => void submit(e)} noValidate>
        <label className="field"><Trans>Name</Trans>
          <input ref={field} autoFocus dir="auto" value={value} maxLength={255} aria-invalid={error !== ''} aria-describedby={error ? 'name-error' : undefined} onChange={e => setValue(e.target.value)}
            onFocus={e => { const dot = e.target.value.lastIndexOf('.'); e.target.setSelectionRange(0, dot > 0 ? dot : e.target.value.length) }} />
        </label>
        {error && <p id="name-error" className="bad" role="alert">{error}</p>}
        <div className="dialog-actions"><button type="button" className="button" onClick={close}><Trans>Cancel</Trans></button><button className="button main" aria-disabled={busy}>{verb}</button></div>
      </form>
    </Ask>
  )
}

export interface Destination { space: string; folder?: string | undefined; name: string }

/** Asks for a place: a space, and a folder in it. The twin of dragging. */
export function AskPlace({ title, verb, move, close }: { title: string; verb: string; move: (to: Destination) => Promise<unknown>; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const nameOf = useSpaceName()
  const sentence = useSentence()
  const all = useQuery(spaces(work))
  const [space, setSpace] = useState<Space | null>(null)
  const [path, setPath] = useState<{ id: string; name: string }[]>([])
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const inside = path.at(-1)?.id
  const folders = useQuery({ ...foldersIn(work, space?.id ?? '', inside), enabled: space !== null })
  const go = async () => {
    if (!space || busy) return
    setBusy(true)
    try { await move({ space: space.id, folder: inside, name: path.at(-1)?.name ?? nameOf(space) }); close() } catch (x) { setError(sentence(x)); setBusy(false) }
  }
  return (
    <Ask title={title} close={close}>
      <p className="crumbs" aria-live="polite">
        <button type="button" className="link" onClick={() => { setSpace(null); setPath([]) }}><Trans>All spaces</Trans></button>
        {space && <> › <button type="button" className="link" onClick={() => setPath([])}><bdi>{nameOf(space)}</bdi></button></>}
        {path.map((f, n) => <span key={f.id}> › <button type="button" className="link" onClick={() => setPath(path.slice(0, n + 1))}><bdi>{f.name}</bdi></button></span>)}
      </p>
      {(all.error ?? folders.error) && <Failure error={all.error ?? folders.error} />}
      <ul className="picker" aria-label={t`Places to choose from`}>
        {!space && all.data?.filter(s => s.my_level >= 2 && s.state === 'open').map(s => <li key={s.id}><button type="button" onClick={() => setSpace(s)}><Icon name="spaces" /> <bdi>{nameOf(s)}</bdi></button></li>)}
        {space && folders.data?.map(f => <li key={f.id}><button type="button" onClick={() => setPath([...path, f])}><Icon name="folder" /> <bdi>{f.name}</bdi></button></li>)}
        {space && folders.data?.length === 0 && <li className="quiet"><Trans>There are no folders in it.</Trans></li>}
      </ul>
      {error && <p className="bad" role="alert">{error}</p>}
      <div className="dialog-actions"><button type="button" className="button" onClick={close}><Trans>Cancel</Trans></button>
        <button type="button" className="button main" disabled={!space} aria-disabled={busy} onClick={() => void go()}>{verb}</button></div>
    </Ask>
  )
}

export interface Act { id: string; label: string; do: () => void }

/** The menu of a row. */
export function RowMenu({ beside, label, acts, close }: { beside: HTMLElement; label: string; acts: Act[]; close: () => void }) {
  const trigger = useRef(beside)
  trigger.current = beside
  return (
    <Popover className="popover" triggerRef={trigger} isOpen placement="bottom end" onOpenChange={open => { if (!open) close() }}>
      <Menu className="menu" aria-label={label} autoFocus="first" onClose={close} onAction={id => acts.find(a => a.id === id)?.do()}>
        {acts.map(a => <MenuItem key={a.id} id={a.id} className="menu-item">{a.label}</MenuItem>)}
      </Menu>
    </Popover>
  )
}
