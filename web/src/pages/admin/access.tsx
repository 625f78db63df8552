import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { accessReport } from '../../app/queries-admin.ts'
import { Listed, Table } from '../../parts/manage.tsx'
import { brief } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

/** How many files each teacher reads, and how many not. Counts alone: no file is named. */
export default function Access() {
  const { t } = useLingui()
  const list = useInfiniteQuery(accessReport(useWork()))
  const number = (n: number) => new Intl.NumberFormat().format(n)
  const kinds: Record<string, string> = { personal: t`of people`, class: t`classes`, group: t`groups`, library: t`libraries`, staff: t`staff rooms`, confidential: t`confidential` }
  return (
    <>
      <Title>{t`What teachers read`}</Title>
      <p><Trans>Teachers read the files of the spaces that they are in. This counts, for each teacher, the published files that they read, and those that they do not, by the kind of space. No file is named.</Trans></p>
      <Listed of={list} empty={t`There is no teacher yet.`}>{rows => (
        <Table label={t`What teachers read`} rows={rows} id={r => r.user_id} columns={[
          { head: t`Teacher`, cell: r => <bdi>{r.display_name || brief(r.user_id)}</bdi> },
          { head: t`Reads`, cell: r => number(r.readable), numbers: true },
          { head: t`Does not read`, cell: r => { const of = Object.entries(r.hidden).filter(([, n]) => n > 0); return of.length === 0 ? '0' : <ul>{of.map(([k, n]) => <li key={k}>{kinds[k] ?? k}: {number(n)}</li>)}</ul> } },
        ]} />
      )}</Listed>
    </>
  )
}
