import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../app/context.tsx'
import { exactly } from '../app/format.ts'
import { operation } from '../app/queries-admin.ts'
import { Failure } from './failure.tsx'
import { Waiting } from './front.tsx'
import { State } from './manage.tsx'

const number = (n: number) => new Intl.NumberFormat().format(n)

/** Long-running work as it goes on: its steps, how far each is, and how it ended. */
export function Progress({ id, org, children }: { id: string; org?: string; children?: (result: unknown) => React.ReactNode }) {
  const { t } = useLingui()
  const op = useQuery(operation(useWork(), id, org))
  const words = useOperationWords()
  if (op.error) return <Failure error={op.error} again={() => void op.refetch()} />
  if (!op.data) return <Waiting />
  const o = op.data
  return (
    <div className="panel" aria-busy={o.state === 'running'}>
      <p role="status"><strong>{words.kind(o.kind)}</strong>: <State state={o.state} word={words.state(o.state)} /> <span className="small quiet">{exactly(o.ended_at ?? o.created_at)}</span></p>
      {o.error && <p className="bad" role="alert"><Trans>It failed: {o.error.code}. What it did is undone or can be done again.</Trans></p>}
      {o.steps.length > 0 && <ul className="steps-live">{o.steps.map(s => (
        <li key={s.name}><span>{words.step(s.name)}: <State state={s.state} word={words.state(s.state)} /> {s.total !== undefined ? <span className="small quiet">{t`${number(s.done)} of ${number(s.total)}`}</span> : s.done > 0 && <span className="small quiet">{number(s.done)}</span>}</span>
          {s.state === 'running' && <progress aria-label={words.step(s.name)} {...(s.total ? { max: s.total, value: s.done } : {})} />}</li>
      ))}</ul>}
      {o.state === 'succeeded' && children?.(o.result)}
    </div>
  )
}

/** Words for the kinds, states and steps of operations; what is not known is shown as the API names it. */
export function useOperationWords() {
  const { t } = useLingui()
  const states: Record<string, string> = { running: t`running`, succeeded: t`done`, failed: t`failed`, cancelled: t`ended` }
  const kinds: Record<string, string> = {
    provision_organization: t`Set an organization up`, suspend_organization: t`Suspend an organization`, resume_organization: t`Resume an organization`, delete_organization: t`Delete an organization`,
    export_organization: t`Copy of everything`, rescan_storage: t`Scan again`, reconcile_storage: t`Compare and repair`, verify_audit_log: t`Verify the audit log`, build_report: t`Make a report`, sync_roblox: t`Bring files to Roblox`, import_roster: t`Import a roster`, undo_roster: t`Take a roster back`,
  }
  return { state: (s: string) => states[s] ?? s, kind: (k: string) => kinds[k] ?? k.replaceAll('_', ' '), step: (s: string) => s.replaceAll('_', ' ') }
}
