import './share.css'

import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../app/context.tsx'
import { type Filters, countOf, filterKeys } from '../app/filters.ts'
import { may } from '../app/grants.ts'
import { classesToShareWith, peopleAround, peopleOfSpace } from '../app/queries-shares.ts'

/** What a list is narrowed to. Each choice is in the address, so that the back button and a link keep it. */
export function FilterBar({ filters: w, change, space, tags, of }: { filters: Filters; change: (w: Filters) => void; space?: string | undefined; tags?: readonly string[]; of: 'list' | 'space' | 'search' }) {
  const { t } = useLingui()
  const work = useWork()
  const active = countOf(w)
  const around = useQuery({ ...peopleAround(work), enabled: of !== 'space' })
  const inside = useQuery({ ...peopleOfSpace(work, space ?? ''), enabled: of === 'space' && space !== undefined })
  const classes = useQuery({ ...classesToShareWith(work, of === 'search' && may(work.place, 'read_members')), enabled: of !== 'space' })
  const people = (of === 'space' ? inside.data : around.data) ?? []
  const set = (key: keyof Filters, value: string) => change({ ...w, [key]: value || undefined })
  const kinds: [string, string][] = [['picture', t`Pictures`], ['document', t`Documents`], ['pdf', t`PDF`], ['text', t`Texts`], ['sound', t`Sounds`], ['film', t`Films`], ['archive', t`Archives`]]
  const sizes: [string, string][] = [['small', t`below 1 MB`], ['medium', t`1 to 10 MB`], ['large', t`10 to 100 MB`], ['huge', t`100 MB and more`]]
  const select = (key: keyof Filters, label: string, any: string, options: [string, string][]) => (
    <label className="field">{label}
      <select value={w[key] ?? ''} onChange={e => set(key, e.target.value)}><option value="">{any}</option>{options.map(([value, word]) => <option key={value} value={value}>{word}</option>)}</select>
    </label>
  )
  const tagOptions = [...new Set([...(tags ?? []), ...(w.tag ? [w.tag] : [])])].toSorted((a, b) => a.localeCompare(b))
  return (
    <details className="filters" open={active > 0 || undefined}>
      <summary><Trans>Filter</Trans>{active > 0 && <> · {plural(active, { one: '# is set', other: '# are set' })}</>}</summary>
      <div className="pairs" role="group" aria-label={t`Filter`}>
        {select('kind', t`Kind`, t`any`, kinds)}
        {(people.length > 0 || w.by) && select('by', t`Sent by`, t`anybody`, [[work.place.user_id, t`me`], ...people.map(p => [p.id, p.name] as [string, string])])}
        {of !== 'space' && (classes.data?.length ?? 0) > 0 && select('class', t`Class`, t`any`, classes.data!.map(c => [c.id, c.title]))}
        {of !== 'search' && tagOptions.length > 0 && select('tag', t`Tag`, t`any`, tagOptions.map(x => [x, x]))}
        {select('size', t`Size`, t`any`, sizes)}
        <label className="field"><Trans>Changed from</Trans><input type="date" value={w.from ?? ''} onChange={e => set('from', e.target.value)} /></label>
        <label className="field"><Trans>Changed until</Trans><input type="date" value={w.to ?? ''} onChange={e => set('to', e.target.value)} /></label>
        {active > 0 && <button type="button" className="button" onClick={() => change(Object.fromEntries(filterKeys.map(k => [k, undefined])))}><Trans>Show everything</Trans></button>}
      </div>
    </details>
  )
}
