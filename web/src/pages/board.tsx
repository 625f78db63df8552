import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useLocation, useNavigate, useParams } from '@tanstack/react-router'
import { Suspense, lazy, useState } from 'react'

import { useWork } from '../app/context.tsx'
import { exactly } from '../app/format.ts'
import type { ListSearch } from '../app/frame.tsx'
import { filesOf, folderById, handInsOf, settlingOf } from '../app/queries.ts'
import { useSettling } from '../app/settling.ts'
import { Failure } from '../parts/failure.tsx'
import { Waiting } from '../parts/front.tsx'
import { Title } from '../parts/shell.tsx'

const Details = lazy(() => import('./details.tsx'))
const Return = lazy(() => import('./return.tsx'))

/** The hand-ins of a class: a row for each student. */
export default function Board() {
  const { t } = useLingui()
  const work = useWork()
  const navigate = useNavigate()
  const search = useLocation().search as ListSearch
  const { folder: id } = useParams({ strict: false }) as { folder: string }
  const folder = useQuery(folderById(work, id))
  const rows = useQuery({ ...handInsOf(work, id), refetchInterval: 15_000 })
  const files = useInfiniteQuery({ ...filesOf(work, { kind: 'space', space: folder.data?.space_id ?? '', folder: id }, 'name'), enabled: folder.data !== undefined })
  useSettling(settlingOf(work, { kind: 'space', space: folder.data?.space_id ?? '', folder: id }, 'name'), files.data)
  const [back, setBack] = useState<{ student: string; name: string } | null>(null)
  const all = files.data?.pages.flatMap(p => p.items) ?? []
  const states = { missing: [t`Missing`, '○'], in: [t`Handed in`, '✓'], late: [t`Late`, '◷'], returned: [t`Returned`, '↩'] } as const
  const count = (s: keyof typeof states) => rows.data?.filter(r => r.state === s).length ?? 0
  const error = folder.error ?? rows.error
  return (
    <>
      {folder.data && <nav aria-label={t`Path`} className="crumbs"><ol>
        <li><Link to="/o/$org/spaces/$space" params={{ org: work.place.organization_id, space: folder.data.space_id }} search={{ folder: id } as never}><bdi>{folder.data.name}</bdi></Link></li>
        <li aria-current="page"><Trans>Hand-ins</Trans></li></ol></nav>}
      <Title>{folder.data ? t`Hand-ins: ${folder.data.name}` : t`Hand-ins`}</Title>
      {error && <Failure error={error} again={() => { void folder.refetch(); void rows.refetch() }} />}
      {rows.isPending && !error && <Waiting />}
      {folder.data?.due_at && <p><Trans>Due: {exactly(folder.data.due_at)}</Trans></p>}
      {rows.data && <p role="status">{t`${count('in') + count('late')} handed in, ${count('returned')} returned, ${count('missing')} missing`}</p>}
      {rows.data && (
        <div className="table-wrap"><table className="table">
          <thead><tr><th scope="col"><Trans>Student</Trans></th><th scope="col"><Trans>State</Trans></th><th scope="col"><Trans>Time</Trans></th><th scope="col"><Trans>Files</Trans></th><th scope="col"><Trans>Actions</Trans></th></tr></thead>
          <tbody>{rows.data.map(r => {
            const name = r.display_name || t`A student`
            const own = all.filter(f => f.subject_id === r.student_id)
            return (
              <tr key={r.student_id}>
                <th scope="row"><bdi>{name}</bdi></th>
                <td><span className={'status ' + r.state}><span aria-hidden="true">{states[r.state][1]}</span> {states[r.state][0]}</span>{r.note && <p className="small quiet"><bdi>{r.note}</bdi></p>}</td>
                <td>{r.handed_in_at ? exactly(r.handed_in_at) : '–'}</td>
                <td>{r.files === 0 ? '–' : own.length > 0 ? <ul>{own.map(f => <li key={f.id}><Link to="." search={{ file: f.id } as never}><bdi>{f.name}</bdi></Link></li>)}</ul> : r.files}</td>
                <td>{(r.state === 'in' || r.state === 'late') && r.student_id && <button type="button" className="button" aria-label={t`Return the work of ${name}`} onClick={() => setBack({ student: r.student_id!, name })}><Trans>Return …</Trans></button>}</td>
              </tr>
            )
          })}</tbody>
        </table></div>
      )}
      {rows.data?.length === 0 && <p className="empty"><Trans>There are no students in this class yet.</Trans></p>}
      {back && <Suspense><Return folder={id} student={back.student} name={back.name} close={() => setBack(null)} /></Suspense>}
      {search.file && <Suspense><Details id={search.file} bin={false} close={() => void navigate({ to: '.', search: {} as never })} /></Suspense>}
    </>
  )
}
