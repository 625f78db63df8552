import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { dataInventory } from '../../app/queries-compliance.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { type Holding, matching } from '../../parts/inventory.ts'
import { Choice, Find, State, Table, useAddress, useSave } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** What is kept of people, where, what for, and for how long: made from the running database, and not written by hand. */
export default function Inventory() {
  const { t } = useLingui()
  const work = useWork()
  const save = useSave()
  const [address, go] = useAddress()
  const { data: all, error, refetch } = useQuery(dataInventory(work))
  const categories: Record<Holding['category'], string> = {
    identity: t`Who people are`, contact: t`How people are reached`, content: t`What people send`, records: t`Decisions about records and consent`, findings: t`What was found in files`,
    activity: t`Who did what`, credential: t`Keys and secrets`, settings: t`Settings`, technical: t`Technical`,
  }
  const tables = matching(all?.tables ?? [], address.category, address.q)
  return (
    <>
      <Title actions={<>
        <button type="button" className="button" onClick={() => print()}><Trans>Print</Trans></button>
        <button type="button" className="button" onClick={() => void save('/api/v1/data-inventory', 'data-inventory.json')}><Trans>Save as JSON</Trans></button>
      </>}>{t`Data inventory`}</Title>
      <p><Trans>It is made from the running database when you open the page. Its texts are in English.</Trans></p>
      {error ? <Failure error={error} again={() => void refetch()} /> : !all && <Waiting />}
      {all && (
        <>
          <p className="small quiet"><Trans>As of {exactly(all.as_of)}</Trans></p>
          <div className="bar">
            <Choice label={t`Category`} value={address.category} all={t`Everything`} options={Object.entries(categories)} choose={category => go({ category })} />
            <Find label={t`A word in it`} value={address.q} find={q => go({ q })} />
          </div>
          <h2><Trans>Tables</Trans></h2>
          <p role="status" className="small quiet">{t`Tables: ${tables.length} of ${all.tables.length}`}</p>
          {tables.length === 0 ? <p className="empty"><Trans>No table fits the filter.</Trans></p> : (
            <Table label={t`Tables`} rows={tables} id={h => h.table} columns={[
              { head: t`Table`, cell: h => <code>{h.table}</code> },
              { head: t`Category`, cell: h => categories[h.category] },
              { head: t`Purpose`, cell: h => <span lang="en" dir="auto">{h.purpose}</span> },
              { head: t`Kept`, cell: h => <span lang="en" dir="auto">{h.kept}</span> },
              { head: t`Personal data`, cell: h => h.columns.length > 0 ? <ul>{h.columns.map(c => <li key={c.name}><code className="small">{c.name}</code>{c.person_id && <span className="small quiet"> {t`names a person by a number`}</span>}</li>)}</ul> : t`None` },
            ]} />
          )}
          <h2><Trans>Other places</Trans></h2>
          <Table label={t`Other places`} rows={all.stores} id={s => s.name} columns={[
            { head: t`Place`, cell: s => <span lang="en" dir="auto">{s.name}</span> },
            { head: t`What it holds`, cell: s => <span lang="en" dir="auto">{s.holds}</span> },
            { head: t`Kept`, cell: s => <span lang="en" dir="auto">{s.kept}</span> },
          ]} />
          <h2><Trans>How long files are kept</Trans></h2>
          {all.retention.length === 0 ? <p className="empty"><Trans>There is no rule: files are kept until somebody deletes them.</Trans></p> : (
            <Table label={t`How long files are kept`} rows={all.retention} id={r => `${r.category}/${r.children}`} columns={[
              { head: t`Category`, cell: r => <>{r.category ? <bdi>{r.category}</bdi> : t`every category`}{r.children && <span className="small quiet"> · <Trans>children's data</Trans></span>}</> },
              { head: t`Purpose`, cell: r => <bdi>{r.purpose}</bdi> },
              { head: t`Days`, cell: r => r.days ?? t`without a limit`, numbers: true },
            ]} />
          )}
          <h2><Trans>Schedule of data (exhibit B of the National Data Privacy Agreement)</Trans></h2>
          <Table label={t`Schedule of data (exhibit B of the National Data Privacy Agreement)`} rows={all.ndpa_exhibit_b} id={x => `${x.category}/${x.element}`} columns={[
            { head: t`Element`, cell: x => <span lang="en" dir="auto">{x.element}</span> },
            { head: t`Category`, cell: x => <span lang="en" dir="auto">{x.category}</span> },
            { head: t`Collected`, cell: x => <State state={x.collected ? 'done' : 'ended'} word={x.collected ? t`Yes` : t`No`} /> },
            { head: t`Where`, cell: x => <>{x.tables.map(n => <code key={n} className="small">{n} </code>)}{x.note && <span className="small" lang="en" dir="auto">{x.note}</span>}</> },
          ]} />
        </>
      )}
    </>
  )
}
