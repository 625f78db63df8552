import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useLocation, useNavigate } from '@tanstack/react-router'
import { Suspense, lazy } from 'react'

import { useWork } from '../app/context.tsx'
import { filtersIn, forSearch } from '../app/filters.ts'
import { marks, size, when } from '../app/format.ts'
import type { ListSearch } from '../app/frame.tsx'
import { searchFor } from '../app/queries.ts'
import { Failure } from '../parts/failure.tsx'
import { FilterBar } from '../parts/filters.tsx'
import { Waiting } from '../parts/front.tsx'
import { Icon } from '../parts/icon.tsx'
import { useKind } from '../parts/names.tsx'
import { Title } from '../parts/shell.tsx'

const Details = lazy(() => import('./details.tsx'))

/** What was found by name and by text, with the words around it. */
export default function Search() {
  const { t } = useLingui()
  const work = useWork()
  const kind = useKind()
  const navigate = useNavigate()
  const search = useLocation().search as ListSearch
  const q = search.q ?? ''
  const filters = filtersIn(search as Record<string, unknown>)
  const found = useInfiniteQuery({ ...searchFor(work, q, forSearch(filters)), enabled: q !== '' })
  const results = found.data?.pages.flatMap(p => p.items) ?? []
  const shown = String(results.length) + (found.hasNextPage ? '+' : '')
  return (
    <>
      <Title>{t`Search: ${q}`}</Title>
      {work.place.role !== 'student' && <FilterBar filters={filters} of="search" change={w => void navigate({ to: '.', search: { ...search, ...w } as never })} />}
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && q !== '' && <Waiting />}
      {found.data && <p role="status">{results.length === 0 ? t`Nothing was found. Try another word, or a part of it.` : found.data.pages[0]?.alike ? t`Nothing has exactly this name. These are like it: ${shown}` : t`Found: ${shown}`}</p>}
      <ul className="results">{results.map(r => (
        <li key={r.file.id}>
          <Link className="result" to="." search={{ ...search, file: r.file.id } as never}>
            <Icon name={kind(r.file).icon} />
            <span><bdi className="result-name">{r.file.name}</bdi>
              {r.around && <span className="around" dir="auto">{marks(r.around).map((m, n) => (m.found ? <mark key={n}>{m.text}</mark> : <span key={n}>{m.text}</span>))}</span>}
              <span className="small quiet">{kind(r.file).word} · {size(r.file.size)} · {when(r.file.updated_at)}</span></span>
          </Link>
        </li>
      ))}</ul>
      {found.hasNextPage && <p><button type="button" className="button" onClick={() => void found.fetchNextPage()}><Trans>Show more</Trans></button></p>}
      {search.file && <Suspense><Details id={search.file} bin={false} close={() => void navigate({ to: '.', search: { ...search, file: undefined } as never })} /></Suspense>}
    </>
  )
}
