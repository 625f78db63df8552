import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Suspense, lazy, useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { type JobFilter, allJobCounts, allJobs } from '../../app/queries-jobs.ts'
import { queueNames, useJobWords } from '../../parts/job-words.tsx'
import { JobFilters, JobTable } from '../../parts/jobs.tsx'
import { Find, Listed, useAddress } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { Numbers } from '../jobs.tsx'
import { Desk } from './desk.tsx'

const Bulk = lazy(() => import('./bulk.tsx'))
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The jobs of all organizations. */
export default function AllJobs() {
  const { t } = useLingui()
  const work = useWork()
  const words = useJobWords()
  const [at, go] = useAddress()
  const [bulk, setBulk] = useState(false)
  const { kind, state, queue, priority, org, from, to } = at as JobFilter
  const filter = { kind, state, queue, priority, org: org && uuid.test(org) ? org : undefined, from, to }
  const list = useInfiniteQuery(allJobs(work, filter))
  const counts = useQuery(allJobCounts(work))
  const kinds = [...new Set(counts.data?.counts.map(c => c.kind))].toSorted()
  const narrowed = Object.values(filter).some(Boolean)
  return (
    <>
      <Title actions={<button type="button" className="button" disabled={!narrowed} aria-describedby={narrowed ? undefined : 'bulk-hint'} onClick={() => setBulk(true)}><Trans>Change all of these …</Trans></button>}>{t`Jobs`}</Title>
      <Desk />
      {counts.data && <Numbers counts={counts.data.counts} />}
      <JobFilters kinds={kinds} queues={queueNames} more />
      <Find key={org ?? ''} label={t`Id of an organization`} value={org} find={o => go({ org: o })} />
      {org && !uuid.test(org) && <p className="bad" role="alert"><Trans>An id has 36 letters and digits, such as those that the log shows.</Trans></p>}
      {!narrowed && <p id="bulk-hint" className="small quiet"><Trans>Narrow the list first to change many jobs at once.</Trans></p>}
      <Listed of={list} empty={t`No job fits the filter.`}>{rows => (
        <JobTable jobs={rows} of="organizations" to={j => <Link to="/o/$org/operate/jobs/$job" params={{ org: work.place.organization_id, job: j.id }} search={{ of: j.organization_id ?? '' }}>{words.kind(j.kind)}</Link>} />
      )}</Listed>
      {bulk && <Suspense><Bulk filter={filter} close={() => setBulk(false)} /></Suspense>}
    </>
  )
}
