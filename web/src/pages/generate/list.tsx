import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { exactly, stamp } from '../../app/format.ts'
import { policies } from '../../app/queries-admin.ts'
import { generations, generationStates, providers, spending } from '../../app/queries-generate.ts'
import { Failure } from '../../parts/failure.tsx'
import { useGenerateWords } from '../../parts/generate-words.tsx'
import { money } from '../../parts/jobs.tsx'
import { Choice, Listed, State, Table, useAddress } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'
import { Off } from './off.tsx'

/** What the person let make from texts. */
export default function Generations() {
  const { t } = useLingui()
  const work = useWork()
  const words = useGenerateWords()
  const [at, go] = useAddress()
  const rules = useQuery({ ...policies(work), staleTime: 0 })
  const list = useInfiniteQuery(generations(work, at.state))
  const params = { org: work.place.organization_id }
  return (
    <>
      <Title actions={rules.data?.generation && <Link className="button main" to="/o/$org/generate/new" params={params}><Trans>Make a document …</Trans></Link>}>{t`Make documents`}</Title>
      <p><Trans>A quiz, a worksheet or another document is made from the text of a file. You look at the draft, change it, and decide whether it becomes a file.</Trans></p>
      {rules.error && <Failure error={rules.error} again={() => void rules.refetch()} />}
      {rules.data && !rules.data.generation && <Off />}
      <div className="bar"><Choice label={t`State`} all={t`All`} value={at.state} options={generationStates.map(s => [s, words.states[s]] as const)} choose={state => go({ state })} /></div>
      <Listed of={list} empty={at.state ? t`Nothing here fits the filter.` : t`Nothing was made yet. Open the menu of a file and choose “Make a document …”.`}>{rows => (
        <Table label={t`Documents`} rows={rows} id={g => g.id} columns={[
          { head: t`Title`, cell: g => <Link to="/o/$org/generate/$id" params={{ ...params, id: g.id }}><bdi>{g.title || g.topic || words.kinds[g.kind]}</bdi></Link> },
          { head: t`Kind`, cell: g => words.kinds[g.kind] },
          { head: t`State`, cell: g => <State state={words.mark(g.state)} word={words.states[g.state]} /> },
          { head: t`Cost`, cell: g => (g.cost_micro > 0 ? money(g.cost_micro, g.currency) : '–'), numbers: true },
          { head: t`Begun`, cell: g => <time className="stamp" dateTime={g.created_at} title={exactly(g.created_at)}>{stamp(g.created_at)}</time> },
        ]} />
      )}</Listed>
      {rules.data?.generation && <Costs />}
    </>
  )
}

/** What the organization spends on language models; nothing where it uses none. */
function Costs() {
  const { t } = useLingui()
  const work = useWork()
  const all = useQuery(providers(work))
  const paid = all.data?.items.some(p => p.outside && p.allowed) ?? false
  const spent = useQuery({ ...spending(work), enabled: paid })
  if (!paid || !spent.data) return null
  const { currency, items } = spent.data
  const newest = (period: string) => items.filter(i => i.period === period).toSorted((a, b) => b.starts_on.localeCompare(a.starts_on))[0]
  const lines: [string, number, number][] = [[t`Today`, newest('day')?.spent_micro ?? 0, spent.data.day_cap_micro], [t`This month`, newest('month')?.spent_micro ?? 0, spent.data.month_cap_micro]]
  return (
    <section className="panel" aria-labelledby="costs"><h2 id="costs"><Trans>What language models cost your organization</Trans></h2>
      <dl className="facts">{lines.map(([n, sum, cap]) => <div key={n}><dt>{n}</dt><dd>{t`${money(sum, currency)} of ${money(cap, currency)}`}</dd></div>)}
        <div><dt><Trans>One document at most</Trans></dt><dd>{money(spent.data.job_cap_micro, currency)}</dd></div></dl>
    </section>
  )
}
