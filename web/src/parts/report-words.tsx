import { useLingui } from '@lingui/react/macro'

import type { Report, ReportEvery, ReportFormat, ReportKind } from '../app/queries-reports.ts'

/** Reports in words: what one is about, how it is, and why it was not made. */
export function useReportWords() {
  const { t } = useLingui()
  const kinds: Record<ReportKind, string> = {
    storage: t`Storage`, activity: t`Activity`, types: t`Kinds of files`, hand_ins: t`Hand-ins`, refusals: t`Refused and held files`,
    jobs: t`Jobs`, generation: t`Documents from texts`, class: t`Hand-ins of a class`,
  }
  const about: Record<ReportKind, string> = {
    storage: t`What is stored at the end of each day, and what was sent and read`, activity: t`How many people did something, and what, by role and by day`, types: t`Files and their size by kind`,
    hand_ins: t`How many students handed in on time, late, or not`, refusals: t`Files that were taken, refused or held, by day and by reason`, jobs: t`How jobs ended, and how long they took`,
    generation: t`What language models cost, and what was made`, class: t`Who of a class handed in what, by name`,
  }
  const formats: Record<ReportFormat, string> = { json: t`shown on a page here`, pdf: 'PDF', xlsx: 'Excel (.xlsx)', csv: 'CSV' }
  const states: Record<Report['state'], string> = { waiting: t`is being made`, ready: t`ready`, failed: t`failed`, cancelled: t`Cancelled` }
  const every: Record<ReportEvery, string> = { day: t`every day`, week: t`every week`, month: t`every month` }
  const codes: Record<string, string> = {
    report_not_allowed: t`You may not have this report any more. Ask an owner of your organization.`, class_not_found: t`You do not teach this class any more.`,
    no_staff_room: t`You are in no staff room. Choose your own files as its place.`, quota_exceeded: t`There is not enough free space. Empty the bin, or ask your school for more.`,
  }
  return {
    kinds, about, formats, states, every,
    mark: (s: Report['state']) => (s === 'ready' ? 'done' : s),
    why: (r: Report) => (r.state === 'failed' ? codes[r.code] ?? t`Something at the platform went wrong. Ask for the report once more.` : ''),
    /** The days of the week as the language names them; 1 is Monday. */
    weekday: (n: number) => new Intl.DateTimeFormat(undefined, { weekday: 'long', timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, n))),
  }
}

/** Days of a report, which are days and no moments. */
export const daysOf = (r: { from: string; to: string }) => new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' }).formatRange(new Date(r.from), new Date(r.to))
