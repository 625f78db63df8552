import type { DirectoryOptOut, DirectoryPolicy } from '../app/queries-compliance.ts'

/** How far a policy about directory information is: its notice is to come, it may still be refused, or it counts (34 CFR 99.37(a)). */
export function phaseOf(p: Pick<DirectoryPolicy, 'notice_at' | 'opt_out_until'>, today: string): 'announced' | 'waiting' | 'open' {
  if (p.notice_at > today) return 'announced'
  return today <= p.opt_out_until ? 'waiting' : 'open' // nothing is disclosed through the last day
}

/** The day as the database has it: policies count by days of UTC. */
export const todayUTC = (now = new Date()) => now.toISOString().slice(0, 10)

/** What one person said of a student, and whether somebody else refused besides. */
export function wordOf(o: DirectoryOptOut, holder: string): { own: boolean; others: boolean } {
  return { own: o.words.some(w => w.holder_id === holder && w.opted_out), others: o.words.some(w => w.holder_id !== holder && w.opted_out) }
}
