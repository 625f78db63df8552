import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { type RosterImport, rosterChanges, rosterIssues } from '../../app/queries-admin.ts'
import { Choice, Listed, Table, useAddress } from '../../parts/manage.tsx'
import { useRosterWords } from '../../parts/roster-words.ts'

const shown = (v: unknown) => (v === null || v === undefined || v === '' ? '–' : typeof v === 'object' ? JSON.stringify(v) : String(v))

/** Each row that an import changes, with what it was and what it becomes. */
export function Changes({ of: r }: { of: RosterImport }) {
  const { t } = useLingui()
  const [at, go] = useAddress()
  const { kinds, actions } = useRosterWords()
  const list = useInfiniteQuery(rosterChanges(useWork(), r.id, r.changes_hash!, { kind: at.kind, action: at.action }))
  type Row = NonNullable<typeof list.data>['pages'][0]['items'][0]
  const what = (c: Row) => {
    const fields = c.fields.length > 0 ? c.fields : Object.keys(c.after ?? c.before ?? {})
    return <ul>{fields.map(f => <li key={f}><span className="quiet">{f}: </span>{c.before && <><del><bdi>{shown(c.before[f])}</bdi></del> → </>}{c.after && <bdi>{shown(c.after[f])}</bdi>}</li>)}</ul>
  }
  return (
    <section className="panel" aria-labelledby="rows"><h2 id="rows"><Trans>Each change</Trans></h2>
      <div className="bar">
        <Choice label={t`Kind`} all={t`All`} value={at.kind} options={Object.entries(kinds)} choose={kind => go({ kind })} />
        <Choice label={t`Kind of change`} all={t`All`} value={at.action} options={Object.entries(actions)} choose={action => go({ action })} />
      </div>
      <Listed of={list} empty={t`There is no such change.`}>{rows => (
        <Table label={t`Each change`} rows={rows} id={c => c.kind + c.sourced_id} columns={[
          { head: t`Row`, cell: c => <bdi>{c.sourced_id}</bdi> },
          { head: t`Kind`, cell: c => kinds[c.kind] ?? c.kind },
          { head: t`Kind of change`, cell: c => <>{actions[c.action]}{c.held && <strong> · <Trans>held: its id may be another person's now</Trans></strong>}</> },
          { head: t`What`, cell: what },
        ]} />
      )}</Listed>
    </section>
  )
}

/** What was put right or refused. */
export function Issues({ of: r }: { of: RosterImport }) {
  const { t } = useLingui()
  const list = useInfiniteQuery(rosterIssues(useWork(), r.id))
  return (
    <section className="panel" aria-labelledby="issues"><h2 id="issues"><Trans>What was put right or refused</Trans></h2>
      {r.issues_omitted > 0 && <p>{plural(r.issues_omitted, { one: '# more is not listed.', other: '# more are not listed.' })}</p>}
      <Listed of={list} empty={t`Nothing.`}>{rows => (
        <Table label={t`What was put right or refused`} rows={rows} id={i => `${i.file} ${i.row} ${i.column} ${i.code}`} columns={[
          { head: t`What`, cell: i => i.code.replaceAll('_', ' ') }, { head: t`File`, cell: i => i.file }, { head: t`Row`, cell: i => i.row ?? '–', numbers: true },
          { head: t`Column`, cell: i => i.column ?? '–' }, { head: t`Times`, cell: i => i.count, numbers: true },
        ]} />
      )}</Listed>
    </section>
  )
}
