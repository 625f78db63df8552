import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { type Person, people, personById } from '../app/queries-admin.ts'
import { Failure } from './failure.tsx'

/** An id as far as people compare it. */
export const brief = (id: string) => id.slice(0, 4) + '…' + id.slice(-6)

/** The name of somebody by their id; the id where the name is not the reader's to see, or there is none. */
export function Named({ id }: { id: string }) {
  const work = useWork()
  const person = useQuery({ ...personById(work, id), enabled: may(work.place, 'read_members') && work.place.role !== 'operator', staleTime: 600_000, retry: false })
  return person.data?.display_name ? <bdi>{person.data.display_name}</bdi> : <code title={id}>{brief(id)}</code>
}

/** Words for what the people of an organization are. */
export function usePersonWords() {
  const { t } = useLingui()
  const kinds: Record<Person['kind'], string> = { student: t`Student`, staff: t`Staff`, guardian: t`Guardian` }
  const states: Record<Person['state'], string> = { active: t`Active`, leaving: t`Leaving`, left: t`Has left` }
  return { kinds, states }
}

/** Finds a person by a part of the name, with gone also one who has left. The chosen one's id is a field of the form around it. */
export function ChoosePerson({ name, kind, gone }: { name: string; kind?: Person['kind']; gone?: boolean }) {
  const { t } = useLingui()
  const work = useWork()
  const { kinds } = usePersonWords()
  const [q, setQ] = useState('')
  const found = useInfiniteQuery({ ...people(work, { q: q.trim(), kind, state: gone ? undefined : 'active' }), enabled: q.trim().length > 1 })
  const all = found.data?.pages[0]?.items.slice(0, 20) ?? []
  return (
    <div className="field">
      <label className="field"><Trans>Part of the name</Trans><input type="search" dir="auto" autoComplete="off" value={q} onChange={e => setQ(e.target.value)} /></label>
      {found.error && <Failure error={found.error} />}
      <p className="small quiet" role="status">{q.trim().length > 1 && found.data ? (all.length === 0 ? t`No one has this in the name.` : t`Choose one:`) : ''}</p>
      {all.length > 0 && <fieldset className="checks"><legend><Trans>People</Trans></legend>
        {all.map(p => <label key={p.user_id} className="check"><input type="radio" name={name} value={p.user_id} required /><span><bdi>{p.display_name}</bdi> <span className="quiet small">{kinds[p.kind]}{p.grade && <> · <bdi>{p.grade}</bdi></>}</span></span></label>)}
      </fieldset>}
    </div>
  )
}
