import { Trans, useLingui } from '@lingui/react/macro'
import { totals } from '@satchel/client/uploads'
import { Suspense, lazy, useEffect, useState, useSyncExternalStore } from 'react'

import { everyWork, useWork } from '../app/context.tsx'
import { Idle, choices, choose, minutesFor, onChoice } from '../app/idle.ts'

const Warning = lazy(() => import('./idle-warning.tsx'))

const useMinutes = () => { const { place } = useWork(); return useSyncExternalStore(onChoice, () => minutesFor(place.role)) }

/** Ends the sign-in of a device that was left, after a warning that any key takes back. */
export function IdleWatch({ out }: { out: () => Promise<void> }) {
  const minutes = useMinutes()
  const [left, setLeft] = useState<number | null>(null)
  useEffect(() => {
    setLeft(null)
    if (minutes === 0) return undefined
    const channel = new BroadcastChannel('satchel.active')
    const idle = new Idle({
      minutes, warnSeconds: 120, now: () => Date.now(), // the clock of performance stops while a machine sleeps
       busy: () => everyWork().some(w => totals(w.uploader.items()).running > 0), leave: () => void out(), warn: setLeft,
    })
    let told = 0
    const active = () => {
      idle.active()
      if (Date.now() - told > 5000 || Date.now() < told) { told = Date.now(); channel.postMessage('') }
    }
    channel.onmessage = () => idle.active()
    const look = () => idle.tick()
    const timer = setInterval(look, 1000)
    const acts = ['keydown', 'pointerdown', 'wheel', 'touchstart'] as const
    for (const a of acts) addEventListener(a, active, { capture: true, passive: true })
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer); channel.close(); document.removeEventListener('visibilitychange', look)
      for (const a of acts) removeEventListener(a, active, { capture: true })
    }
  }, [minutes]) // eslint-disable-line react-hooks/exhaustive-deps
  return left === null ? null : <Suspense><Warning left={left} stay={() => setLeft(null)} out={() => void out()} /></Suspense>
}

/** The choice of when a pause ends the sign-in. */
export function IdleChoice() {
  const { t } = useLingui()
  const { place } = useWork()
  const minutes = useMinutes()
  const words: Record<number, string> = { 0: t`never by itself`, 15: t`after 15 minutes`, 30: t`after 30 minutes`, 60: t`after an hour` }
  return (
    <label><Trans>Sign out when I am away</Trans>
      <select value={minutes} onChange={e => choose(place.role, Number(e.target.value))}>{choices.map(n => <option key={n} value={n}>{words[n]}</option>)}</select>
    </label>
  )
}
