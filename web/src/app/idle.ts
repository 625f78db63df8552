/**
 * Whether a person is there. Minutes without a key, a press or a touch in any tab of the console end the sign-in, after a
 * warning. Nothing ends while files are being sent: they outlive the person's pause.
 */
export interface IdleOptions { minutes: number; warnSeconds: number; now: () => number; busy: () => boolean; leave: () => void; warn: (secondsLeft: number | null) => void }

export class Idle {
  private last: number
  private warned = false

  constructor(private readonly o: IdleOptions) { this.last = o.now() }

  /** The person did something, here or in another tab. */
  active() {
    this.last = this.o.now()
    if (this.warned) { this.warned = false; this.o.warn(null) }
  }

  /** Looks at the clock. A machine that slept comes back to a clock that went on. */
  tick() {
    if (this.o.minutes <= 0) return
    if (this.o.busy()) { this.active(); return }
    const left = this.o.minutes * 60 - (this.o.now() - this.last) / 1000
    if (left <= 0) { this.o.leave(); return }
    if (left <= this.o.warnSeconds) { this.warned = true; this.o.warn(Math.ceil(left)) }
  }
}

// The choice of this sign-in. It is in this tab's storage only when it is not the usual one of the role; sign-out clears it.
const key = 'satchel.idle'
export const choices = [0, 15, 30, 60] as const

/** Students and parents share devices more than staff: their sign-in ends by itself unless they choose otherwise. */
export const usualMinutes = (role: string) => (role === 'student' || role === 'parent' ? 30 : 0)

export function minutesFor(role: string): number {
  try {
    const kept = sessionStorage.getItem(key)
    return kept !== null && choices.includes(Number(kept) as 0) ? Number(kept) : usualMinutes(role)
  } catch { return usualMinutes(role) }
}

const listeners = new Set<() => void>()
export const onChoice = (l: () => void) => { listeners.add(l); return () => { listeners.delete(l) } }
export function choose(role: string, minutes: number) {
  try {
    if (minutes === usualMinutes(role)) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, String(minutes))
  } catch { /* storage is blocked: the usual time counts */ }
  for (const l of listeners) l()
}
