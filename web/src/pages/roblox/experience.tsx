import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { exactly, stamp } from '../../app/format.ts'
import { type RobloxConnection, type RobloxFigure, robloxFigures, robloxLessons } from '../../app/queries-roblox.ts'
import { Failure } from '../../parts/failure.tsx'
import { useGenerateWords } from '../../parts/generate-words.tsx'
import { number } from '../../parts/jobs.tsx'
import { Listed, State, Table } from '../../parts/manage.tsx'
import { useRobloxWords } from '../../parts/roblox-words.tsx'

/** What documents became in the experience; nothing while there are none. */
export function Lessons({ of: c }: { of: RobloxConnection }) {
  return Object.values(c.lessons ?? {}).some(n => n > 0) ? <List id={c.id} /> : null
}

function List({ id }: { id: string }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useRobloxWords()
  const { kinds } = useGenerateWords()
  const found = useInfiniteQuery(robloxLessons(work, id))
  return (
    <>
      <h2><Trans>Lessons</Trans></h2>
      <p className="small quiet"><Trans>Quizzes and other documents that were made from texts, as the game reads them. One of which Roblox did not say that it was written is read back by itself.</Trans></p>
      <Listed of={found} empty={t`There is no lesson.`}>{rows => (
        <Table label={t`Lessons`} rows={rows} id={l => l.file_id} columns={[
          { head: t`File`, cell: l => <Link to="/o/$org/recent" params={{ org: work.place.organization_id }} search={{ file: l.file_id } as never}><bdi>{l.name}</bdi></Link> },
          { head: t`Kind`, cell: l => kinds[l.kind] },
          { head: t`State`, cell: l => {
            const why = l.state === 'withheld' ? words.withheld : words.code(l.code)
            return <><State state={words.lessonMark(l.state)} word={words.lessons[l.state]} />{why && <span className="small quiet why-short">{why}</span>}{(l.rule || l.code) && <code className="small quiet">{l.rule || l.code}</code>}</>
          } },
          { head: t`In the data store`, cell: l => <code className="small">{l.key}</code> },
          { head: t`Written`, cell: l => (l.written_at ? <time className="stamp" dateTime={l.written_at}>{stamp(l.written_at)}</time> : '–') },
        ]} />
      )}</Listed>
    </>
  )
}

/** What the experience says about those who use it; nothing where it says nothing. */
export function Said({ of: c }: { of: RobloxConnection }) {
  const { t } = useLingui()
  const found = useQuery(robloxFigures(useWork(), c.id))
  if (found.error) return <><h2><Trans>What the game says</Trans></h2><Failure error={found.error} again={() => void found.refetch()} /></>
  const all = found.data?.items ?? []
  const progress = all.filter(f => f.kind === 'progress')
  const usage = all.filter(f => f.kind === 'usage').toReversed()
  if (all.length === 0 && c.progress.length === 0) return null
  const column = (head: string, part: (f: RobloxFigure) => number | null | undefined) => ({ head, cell: (f: RobloxFigure) => some(part(f)), numbers: true })
  const sure = (f: RobloxFigure) => !f.certain && <span className="small quiet why-short"><Trans>not certain</Trans></span>
  return (
    <>
      <h2><Trans>What the game says</Trans></h2>
      <p className="small quiet"><Trans>Read once a day, as sums: no player is known here.</Trans> {hides(all) && <Trans>* is hidden, because few people are behind it, or because it would tell such a figure.</Trans>}</p>
      {found.data && progress.length < c.progress.length && <p><Trans>The next sync reads what was not read yet.</Trans></p>}
      {progress.length > 0 && <Table label={t`How far people are`} rows={progress} id={f => f.name} columns={[
        { head: t`Counted`, cell: f => <><code>{f.name}</code>{sure(f)}</> }, column(t`People`, f => f.people), column(t`Below 25 %`, f => f.parts?.below_quarter), column(t`Below 50 %`, f => f.parts?.below_half),
        column(t`Below 75 %`, f => f.parts?.below_three_quarters), column(t`Below 100 %`, f => f.parts?.below_done), column(t`Done`, f => f.parts?.done), { head: t`Read`, cell: f => exactly(f.read_at) },
      ]} />}
      {usage.length > 0 && <details className="fold"><summary><Trans>How many used it, by day</Trans></summary><Table label={t`How many used it, by day`} rows={usage} id={f => f.day} columns={[
        { head: t`Day`, cell: f => <>{f.day}{sure(f)}</> }, column(t`People`, f => f.people),
      ]} /></details>}
    </>
  )
}

const some = (n: number | null | undefined) => (n === null ? '*' : n === undefined ? '–' : number(n))
const hides = (all: readonly RobloxFigure[]) => all.some(f => f.people === null || f.parts && Object.values(f.parts).includes(null))
