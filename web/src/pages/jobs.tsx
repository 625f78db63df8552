import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../app/context.tsx'
import { type JobFilter, type JobState, jobCounts, jobStates, jobs } from '../app/queries-jobs.ts'
import { kindsOfPeople, queueNames, useJobWords } from '../parts/job-words.tsx'
import { JobFilters, JobTable, number } from '../parts/jobs.tsx'
import { Listed, useAddress } from '../parts/manage.tsx'
import { Title } from '../parts/shell.tsx'

/** Whether somebody of this role sees the jobs of everyone in the organization. */
export const seesAllJobs = (role: string) => ['owner', 'admin', 'auditor', 'operator'].includes(role)

/** The jobs that the person asked for; for those who administer, the ones of the organization. */
export default function Jobs() {
  const { t } = useLingui()
  const work = useWork()
  const words = useJobWords()
  const [at] = useAddress()
  const all = seesAllJobs(work.place.role)
  const { kind, state, queue, priority, from, to } = at as JobFilter
  const filter = { kind, state, ...(all ? { queue, priority, from, to } : {}), by: all && at.mine ? work.place.user_id : undefined }
  const list = useInfiniteQuery(jobs(work, filter))
  const counts = useQuery(jobCounts(work))
  const kinds = all ? [...new Set(counts.data?.counts.map(c => c.kind) ?? kindsOfPeople)] : kindsOfPeople.slice(0, 2)
  const narrowed = Object.values(filter).some(Boolean)
  return (
    <>
      <Title>{t`Jobs`}</Title>
      <p><Trans>A job is work that runs in the background. You can leave this page or close the window: it goes on.</Trans></p>
      {counts.data && <Numbers counts={counts.data.counts} />}
      <JobFilters kinds={kinds} queues={all ? queueNames : undefined} more={all} />
      {all && <p><Mine on={Boolean(at.mine)} /></p>}
      <Listed of={list} empty={narrowed ? t`No job fits the filter.` : t`No job was begun yet. What takes longer, such as changing many files, is shown here.`}>{rows => (
        <JobTable jobs={rows} of={all ? 'all' : undefined} to={j => <Link to="/o/$org/jobs/$job" params={{ org: work.place.organization_id, job: j.id }}>{words.kind(j.kind)}</Link>} />
      )}</Listed>
    </>
  )
}

function Mine({ on }: { on: boolean }) {
  const [, go] = useAddress()
  return <label className="check"><input type="checkbox" checked={on} onChange={e => go({ mine: e.target.checked ? 'yes' : undefined })} /><span><Trans>Only those that I asked for</Trans></span></label>
}

/** How many there are in each state. */
export function Numbers({ counts }: { counts: readonly { state: JobState; n: number }[] }) {
  const { t } = useLingui()
  const words = useJobWords()
  const sum = (s: JobState) => counts.reduce((n, c) => n + (c.state === s ? c.n : 0), 0)
  return <ul className="numbers-line" aria-label={t`Jobs by state`}>{jobStates.map(s => [s, sum(s)] as const).filter(([, n]) => n > 0).map(([s, n]) => <li key={s}><strong>{number(n)}</strong> {words.state(s)}</li>)}</ul>
}
