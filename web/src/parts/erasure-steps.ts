import type { Erasure, Hold } from '../app/queries-compliance.ts'

export type StepName = 'asked' | 'erase' | 'verify' | 'certify'
export interface Step { name: StepName; state: 'done' | 'running' | 'waiting' | 'blocked' }

const names: StepName[] = ['asked', 'erase', 'verify', 'certify']
// Which step is under way in which state. An erasure that a hold stops goes on with it later.
const at: Record<Erasure['state'], number> = { planned: 1, erasing: 1, blocked: 1, verifying: 2, certified: 4 }

/** The steps of an erasure, as far as they have come. */
export function stepsOf(e: Pick<Erasure, 'state'>): Step[] {
  const now = at[e.state]
  return names.map((name, n) => ({ name, state: n < now ? 'done' : n > now ? 'waiting' : e.state === 'blocked' ? 'blocked' : 'running' }))
}

export interface Plan { scope: 'file' | 'person'; target: string; name: string; basis: Erasure['basis']; reference: string }

/** The holds in force that cover what is to be erased, and how many others may cover some of it: the API alone knows which files those are. */
export function holdsOn(plan: Pick<Plan, 'scope' | 'target'>, holds: readonly Hold[]): { covering: Hold[]; perhaps: number } {
  const inForce = holds.filter(h => h.state !== 'released')
  const covering = inForce.filter(h => h.scope === 'organization' || (h.scope === plan.scope && h.target_id === plan.target))
  return { covering, perhaps: inForce.length - covering.length }
}
