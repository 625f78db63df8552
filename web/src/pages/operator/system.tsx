import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { percent, size } from '../../app/format.ts'
import { readiness, statsOf } from '../../app/queries-admin.ts'
import { Failure } from '../../parts/failure.tsx'
import '../../parts/manage.css'
import { Title } from '../../parts/shell.tsx'
import { Stored } from './stored.tsx'

/** What works, what is missing, and how much is stored on the whole platform. */
export default function System() {
  const { t } = useLingui()
  const work = useWork()
  const ready = useQuery(readiness(work))
  const stats = useQuery(statsOf(work))
  const { temporal, metrics } = work.session.settings
  const parts: Record<string, string> = { postgres: t`the database`, store: t`the store of the files`, temporal: t`Temporal`, issuer: t`the sign-in`, clamd: t`the virus scanner` }
  const r = ready.data
  const s = stats.data
  return (
    <>
      <Title>{t`System`}</Title>
      <div className="panels">
        <section className="panel" aria-labelledby="state"><h2 id="state"><Trans>State</Trans></h2>
          {ready.error && <Failure error={ready.error} again={() => void ready.refetch()} />}
          {r && <p role="status">{!r.ready ? <strong className="bad">✕ <Trans>Requests cannot be served.</Trans></strong> : r.degraded ? <strong className="status held">⚠ <Trans>Requests are served, but not all work is done at once.</Trans></strong> : <strong className="status published">✓ <Trans>Everything works.</Trans></strong>}</p>}
          {r && r.missing.length > 0 && <><p><Trans>What does not answer:</Trans></p><ul>{r.missing.map(m => <li key={m}><strong>{m}</strong> {parts[m] && <span className="quiet">({parts[m]})</span>}</li>)}</ul></>}
          <p className="small quiet"><Trans>It is asked for again every ten seconds.</Trans></p>
          {(temporal || metrics) && <ul>
            {temporal && <li><a href={temporal} target="_blank" rel="noreferrer"><Trans>Temporal UI</Trans></a></li>}
            {metrics && <li><a href={metrics} target="_blank" rel="noreferrer"><Trans>Metrics</Trans></a></li>}
          </ul>}
        </section>
        <section className="panel" aria-labelledby="stored"><h2 id="stored"><Trans>Stored on the whole platform</Trans></h2>
          {stats.error && <Failure error={stats.error} again={() => void stats.refetch()} />}
          {s && <>
            <p><span className="big">{size(s.used)}</span> <Trans>of {size(s.max)}</Trans> ({percent(s.used, s.max)})</p>
            <p><Trans>Organizations: {new Intl.NumberFormat().format(s.organizations)}</Trans></p>
            <Stored counts={s.counts} /></>}
        </section>
      </div>
    </>
  )
}
