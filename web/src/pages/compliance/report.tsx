import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type ComplianceCheck, complianceReport } from '../../app/queries-compliance.ts'
import { useChecks, useCounts } from '../../parts/compliance-words.tsx'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Choice, State, Table, useAddress, useSave } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

type Law = ComplianceCheck['law']
type Met = ComplianceCheck['state']

const marks: Record<Met, string> = { not_met: 'failed', needs_attention: 'waiting', met: 'done', does_not_apply: 'ended' }
const laws: Law[] = ['coppa', 'ferpa']

/** The officer's desk: which rules the organization meets now, what shows it, and where it is seen. */
export default function Report() {
  const { t } = useLingui()
  const work = useWork()
  const save = useSave()
  const [address, go] = useAddress()
  const { data: report, error, refetch } = useQuery(complianceReport(work))
  const checks = useChecks()
  const counts = useCounts()
  const states: Record<Met, string> = { not_met: t`Not met`, needs_attention: t`Needs attention`, met: t`Met`, does_not_apply: t`Does not apply` }
  const names: Record<Law, string> = { coppa: t`Children's data (COPPA)`, ferpa: t`Education records (FERPA)` }
  const shown = (c: ComplianceCheck) => !address.state || c.state === address.state
  return (
    <>
      <Title actions={<button type="button" className="button" onClick={() => void save('/api/v1/compliance-report?format=pdf', 'compliance-report.pdf')}><Trans>Save as PDF</Trans></button>}>{t`Compliance`}</Title>
      <p><Trans>Which rules the organization meets now. Everything is counted from its own rows when you open the page, and no one sets it by hand. It is not legal advice.</Trans></p>
      {error ? <Failure error={error} again={() => void refetch()} /> : !report && <Waiting />}
      {report && (
        <>
          <p className="small quiet"><Trans>As of {exactly(report.as_of)}</Trans></p>
          <Choice label={t`State`} value={address.state} all={t`Everything`} options={Object.entries(states)} choose={state => go({ state })} />
          {laws.map(law => {
            const rows = report.checks.filter(c => c.law === law && shown(c))
            const broken = report.checks.filter(c => c.law === law && c.state === 'not_met').length
            return (
              <section key={law} aria-label={names[law]}>
                <h2>{names[law]}</h2>
                <p><State state={broken > 0 ? 'failed' : 'done'} word={broken > 0 ? t`Rules that are not met: ${broken}` : t`No rule is broken`} /></p>
                {rows.length === 0 ? <p className="empty"><Trans>No rule is in this state.</Trans></p> : (
                  <Table label={names[law]} rows={rows} id={c => c.id} columns={[
                    { head: t`Rule`, cell: c => <>{checks[c.id] ?? <span lang="en">{c.asks}</span>} <bdi className="small quiet">{c.rule}</bdi></> },
                    { head: t`State`, cell: c => <><State state={marks[c.state]} word={states[c.state]} />{c.state !== 'met' && <span className="small" lang="en" dir="auto"> {c.reason}</span>}</> },
                    { head: t`What shows it`, cell: c => c.evidence.filter(e => e.count > 0).map(e => <span key={e.name} className="small counted">{counts[e.name] ?? <span lang="en">{e.name.replaceAll('_', ' ')}</span>}: <bdi>{e.count}</bdi> </span>) },
                    { head: t`Where`, cell: c => c.page && may(work.place, pageNeeds[c.page] ?? '') && <Link to={`/o/${work.place.organization_id}${c.page}` as never} aria-label={t`Look at ${checks[c.id] ?? c.rule}`}><Trans>Look</Trans></Link> },
                  ]} />
                )}
              </section>
            )
          })}
        </>
      )}
    </>
  )
}

/** What one must be granted to see a page that a check names; a page that is not here is not linked. */
const pageNeeds: Record<string, string> = {
  '/manage/agreements': 'read_consent', '/manage/people': 'manage_members', '/manage/rules': 'change_organization', '/manage/retention': 'read_retention',
  '/manage/holds': 'read_holds', '/manage/audit': 'read_audit', '/disclosures': 'read_disclosures', '/access-requests': 'read_access_requests', '/shared-outside': 'share_outside',
  '/manage/notices': 'read_consent', '/manage/consent-requests': 'read_consent', '/manage/duties': 'read_compliance', '/amendments': 'read_amendments', '/disclosure-consents': 'read_disclosure_consents', '/manage/directory': 'list_opt_outs', '/erasure-requests': 'read_erasure_requests',
}
