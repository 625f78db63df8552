import { Trans, useLingui } from '@lingui/react/macro'
import { useSyncExternalStore } from 'react'

/** A message that stays until it is closed, or until two newer ones have come. */
export interface Toast { id: number; text: string; bad?: boolean; undo?: () => void }

let toasts: readonly Toast[] = []
let count = 0
const listeners = new Set<() => void>()
const set = (t: readonly Toast[]) => { toasts = t; for (const l of listeners) l() }

export function toast(text: string, more: { undo?: () => void; bad?: boolean } = {}) { set([...toasts.slice(-1), { id: ++count, text, ...more }]) }
export const clearToasts = () => set([])

export function Toasts() {
  const { t } = useLingui()
  const all = useSyncExternalStore(l => { listeners.add(l); return () => listeners.delete(l) }, () => toasts)
  const close = (id: number) => set(toasts.filter(x => x.id !== id))
  return (
    <div className="toasts" role="status">
      {all.map(x => (
        <div key={x.id} className={x.bad ? 'toast bad' : 'toast'}>
          <span>{x.text}</span>
          {x.undo && <button type="button" className="button" onClick={() => { close(x.id); x.undo!() }}><Trans>Undo</Trans></button>}
          <button type="button" className="icon" aria-label={t`Close message`} onClick={() => close(x.id)}>✕</button>
        </div>
      ))}
    </div>
  )
}
