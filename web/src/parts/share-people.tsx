import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useDeferredValue, useState } from 'react'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { type Found, peopleNamed } from '../app/queries-shares.ts'
import { Failure } from './failure.tsx'
import type { Chosen } from './share-dialog.tsx'

/** Finds people of the school by a part of their name. */
export function PeoplePicker({ chosen, choose }: { chosen: Chosen[]; choose: (p: Chosen[]) => void }) {
  const { t } = useLingui()
  const work = useWork()
  const [q, setQ] = useState('')
  const asked = useDeferredValue(q.trim())
  const everybody = may(work.place, 'read_members')
  const found = useQuery({ ...peopleNamed(work, asked, everybody), enabled: !everybody || asked.length > 0 })
  const kinds: Record<Found['kind'], string> = { student: t`Student`, staff: t`Staff`, guardian: t`Parent`, '': '' }
  const left = found.data?.filter(p => !chosen.some(c => c.id === p.id)) ?? []
  return (
    <div className="people-picker">
      <Pills list={chosen.map(c => ({ key: c.id, name: c.name }))} remove={id => choose(chosen.filter(c => c.id !== id))} />
      <label className="field"><Trans>Name</Trans>
        <input type="search" autoFocus autoComplete="off" value={q} placeholder={everybody ? t`A part of the name` : ''} onChange={e => setQ(e.target.value)}
          onKeyDown={e => { if (e.key === 'Enter') { e.preventDefault(); const first = left[0]; if (q && first) { choose([...chosen, first]); setQ('') } } }} />
      </label>
      <p role="status" className="sg-hidden">{asked && found.data ? plural(left.length, { one: '# person found', other: '# people found' }) : ''}</p>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.data && asked && left.length === 0 && <p className="quiet"><Trans>No one has this in their name.</Trans></p>}
      {left.length > 0 && (
        <ul className="picker" aria-label={t`People to choose from`}>{left.map(p => (
          <li key={p.id}><button type="button" onClick={() => { choose([...chosen, p]); setQ('') }}><span aria-hidden="true">+</span> <bdi>{p.name}</bdi> <span className="quiet small">{kinds[p.kind]}</span></button></li>
        ))}</ul>
      )}
    </div>
  )
}

/** What was chosen, each with a way to take it out. */
export function Pills({ list, remove }: { list: { key: string; name: string }[]; remove: (key: string) => void }) {
  const { t } = useLingui()
  if (list.length === 0) return null
  return (
    <ul className="pills" aria-label={t`Chosen`}>{list.map(p => (
      <li key={p.key}><bdi>{p.name}</bdi><button type="button" className="pill-remove" aria-label={t`Take ${p.name} out`} onClick={() => remove(p.key)}>✕</button></li>
    ))}</ul>
  )
}

export interface Outsider { name: string; email: string }
export const isAddress = (text: string) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text.trim())

/** People outside of the school, by their mail address: each gets a link of their own. What is typed and not yet in the list counts too. */
export function Outsiders({ list, typed, change }: { list: Outsider[]; typed: Outsider; change: (list: Outsider[], typed: Outsider) => void }) {
  const { t } = useLingui()
  const [error, setError] = useState('')
  const type = (some: Partial<Outsider>) => { setError(''); change(list, { ...typed, ...some }) }
  const add = () => {
    if (!isAddress(typed.email)) { setError(t`This is no mail address. Write it like name@example.org.`); return }
    const email = typed.email.trim()
    change([...list.filter(o => o.email !== email), { name: typed.name.trim(), email }], { name: '', email: '' })
  }
  const enter = (e: KeyboardEvent) => { if (e.key === 'Enter') { e.preventDefault(); add() } }
  return (
    <fieldset className="plain"><legend><Trans>People outside</Trans></legend>
      <Pills list={list.map(o => ({ key: o.email, name: o.name ? `${o.name} (${o.email})` : o.email }))} remove={key => change(list.filter(o => o.email !== key), typed)} />
      <div className="pairs">
        <label className="field"><Trans>Mail address</Trans><input type="email" autoComplete="off" value={typed.email} aria-invalid={error !== ''} aria-describedby={error ? 'outsider-error' : undefined} onKeyDown={enter} onChange={e => type({ email: e.target.value })} /></label>
        <label className="field"><Trans>Name (for the greeting)</Trans><input autoComplete="off" value={typed.name} maxLength={200} onKeyDown={enter} onChange={e => type({ name: e.target.value })} /></label>
      </div>
      {error && <p id="outsider-error" className="bad" role="alert">{error}</p>}
      <p><button type="button" className="button" onClick={add}><Trans>Add another person</Trans></button></p>
      <p className="small quiet"><Trans>Each gets a mail with a link of their own and proves the address with a code.</Trans></p>
    </fieldset>
  )
}
