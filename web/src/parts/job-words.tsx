import { useLingui } from '@lingui/react/macro'

import type { Job, JobPriority, JobState } from '../app/queries-jobs.ts'
import { useOperationWords } from './operation.tsx'
import { useReasons } from './reason-words.tsx'

/** The kinds of jobs that people of an organization meet. */
export const kindsOfPeople = ['change_files', 'generate_content', 'build_report', 'sync_roblox', 'export_organization', 'import_roster', 'undo_roster', 'verify_audit_log', 'rescan_storage', 'suspend_organization', 'resume_organization', 'delete_organization'] as const
export const queueNames = ['interactive', 'files', 'previews', 'batch', 'external', 'ai', 'mail', 'roblox'] as const

/** Jobs in words: what one is, how it is, how early it comes, and why it did not work. */
export function useJobWords() {
  const { t } = useLingui()
  const operation = useOperationWords()
  const reasons = useReasons()
  const more: Record<string, string> = { change_files: t`Change many files`, generate_content: t`Make a document from a text` }
  const states: Record<JobState, string> = { waiting: t`Waits`, running: t`running`, retrying: t`is tried again`, paused: t`Held`, succeeded: t`done`, failed: t`failed`, cancelled: t`Cancelled` }
  const priorities: Record<JobPriority, string> = { high: t`early`, default: t`as usual`, low: t`late` }
  const classes: Record<Exclude<Job['reason_class'], ''>, { why: string; what: string }> = {
    ours: { why: t`Something at the platform went wrong. It is nothing that you did.`, what: t`Start it again. If that fails too, tell the operators the id of the job.` },
    theirs: { why: t`A service that the platform works with did not answer as it should.`, what: t`Wait a few minutes, then start it again.` },
    input: { why: t`What it was given cannot be used.`, what: t`Change what it works with, then begin a new one.` },
    limit: { why: t`A limit of your organization or of the platform was reached.`, what: t`Wait until there is room again, or ask an owner.` },
    cancelled: { why: t`A person ended it.`, what: t`Start it again if it is still wanted.` },
  }
  /** Why it did not work and what to do; empty for a job that is well. */
  const reason = (j: Pick<Job, 'reason_class' | 'reason_code' | 'state'>): { why: string; what: string } | undefined => {
    if (j.state === 'paused') return { why: t`The operators hold the queue in which it waits.`, what: t`Nothing is lost: it goes on when they let it.` }
    if (j.state === 'succeeded' || j.reason_class === '') return undefined
    if (j.state === 'retrying') return { why: reasons(j.reason_code)?.why ?? classes[j.reason_class].why, what: t`You need not do anything: it is tried again by itself.` }
    return reasons(j.reason_code) ?? classes[j.reason_class]
  }
  return {
    kind: (k: string) => more[k] ?? operation.kind(k), step: operation.step, stepState: operation.state, reason,
    state: (s: string) => states[s as JobState] ?? s, states, priority: (p: string) => priorities[p as JobPriority] ?? p, priorities,
    reasonClass: (c: string) => classes[c as 'ours']?.why ?? c,
  }
}
