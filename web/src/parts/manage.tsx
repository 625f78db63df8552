import './manage.css'

import { Trans, useLingui } from '@lingui/react/macro'
import { asProblem, bytes } from '@satchel/client'
import { useLocation, useNavigate } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, Suspense, lazy, useState } from 'react'

import { useWork } from '../app/context.tsx'
import { Failure, useSentence } from './failure.tsx'
import { Waiting } from './front.tsx'
import type { FormProps, SecretProps } from './form.tsx'
import { toast } from './toasts.tsx'

// Dialogs come when the first is opened.
const LazyForm = lazy(() => import('./form.tsx'))
const LazySecret = lazy(async () => ({ default: (await import('./form.tsx')).Secret }))
export const Form = (p: FormProps) => <Suspense><LazyForm {...p} /></Suspense>
export const Secret = (p: SecretProps) => <Suspense><LazySecret {...p} /></Suspense>

/** What keeps a request that is sent twice from being done twice. */
export const once = () => ({ 'Idempotency-Key': crypto.randomUUID() })

/** Something that the page itself asks for, in the person's language. */
export class Unmet extends Error {}

/** The sentence of a refusal, and what the API says of it: those who manage need to know which rule it was. */
export function useWhy(): (e: unknown) => string {
  const sentence = useSentence()
  return e => {
    if (e instanceof Unmet) return e.message
    const p = asProblem(e)
    return p.status > 0 && p.detail ? `${sentence(e)} (${p.detail})` : sentence(e)
  }
}

/** Makes a change: one at a time, with a word on how it ended, and what it concerns is read again. */
export function useChange() {
  const { place, queries } = useWork()
  const why = useWhy()
  const [busy, setBusy] = useState(false)
  const again = (...kinds: string[]) => Promise.all(kinds.map(k => queries.invalidateQueries({ queryKey: [place.organization_id, k] })))
  const change = async (run: () => Promise<unknown>, done: string, ...kinds: string[]): Promise<boolean> => {
    if (busy) return false
    setBusy(true)
    try {
      await run()
      if (done) toast(done)
      return true
    } catch (e) {
      toast(why(e), { bad: true })
      return false
    } finally {
      setBusy(false)
      void again(...kinds)
    }
  }
  return { busy, change, again }
}

/** What the address holds beside its path, and a way to change some of it. */
export function useAddress(): [Record<string, string | undefined>, (next: Record<string, string | undefined>) => void] {
  const navigate = useNavigate()
  const search = useLocation().search as Record<string, string | undefined>
  return [search, next => {
    const all = Object.fromEntries(Object.entries({ ...search, ...next }).filter(([, v]) => v))
    void navigate({ to: '.', search: all as never, replace: true })
  }]
}

/** Saves what the API answers as a file. */
export function useSave() {
  const { connection } = useWork()
  const why = useWhy()
  // Whether it was saved; quiet says with which code it may not be there, which is not told then.
  return async (path: string, name: string, quiet = '') => {
    try {
      const url = URL.createObjectURL(await bytes(connection, path))
      const link = document.createElement('a')
      link.href = url
      link.download = name
      link.click()
      setTimeout(() => URL.revokeObjectURL(url), 60_000)
      return true
    } catch (e) {
      if (!quiet || asProblem(e).code !== quiet) toast(why(e), { bad: true })
      return false
    }
  }
}

export interface Column<T> { head: string; cell: (row: T) => ReactNode; numbers?: boolean }

/**
 * A table whose first column names the row. On a phone each row is a block, and each cell says the name of its column.
 * The roles are written down because a table that is shown as blocks loses them.
 */
export function Table<T>({ label, columns, rows, id }: { label: string; columns: Column<T>[]; rows: readonly T[]; id: (row: T) => string }) {
  const kind = (c: Column<T>) => (c.numbers ? 'numbers' : undefined)
  return (
    <div className="table-wrap" role="region" aria-label={label} tabIndex={0}>
      <table className="table" role="table" aria-label={label}>
        <thead role="rowgroup"><tr role="row">{columns.map((c, n) => <th key={n} role="columnheader" scope="col" className={kind(c)}>{c.head}</th>)}</tr></thead>
        <tbody role="rowgroup">{rows.map(r => (
          <tr key={id(r)} role="row">{columns.map((c, n) => (n === 0
            ? <th key={n} role="rowheader" scope="row" className={kind(c)}>{c.cell(r)}</th>
            : <td key={n} role="cell" data-head={c.head} className={kind(c)}>{c.cell(r)}</td>))}</tr>
        ))}</tbody>
      </table>
    </div>
  )
}

interface Pages<T> {
  data: { pages: { items: T[] }[] } | undefined; error: unknown; isPending: boolean; hasNextPage: boolean; isFetchingNextPage: boolean
  fetchNextPage: () => unknown; refetch: () => unknown
}

/** A list by pages: what it waits for, that it failed, that it is empty, and the way to more. */
export function Listed<T>({ of, empty, children }: { of: Pages<T>; empty: string; children: (rows: T[]) => ReactNode }) {
  const rows = of.data?.pages.flatMap(p => p.items) ?? []
  return (
    <>
      {of.error ? <Failure error={of.error} again={() => void of.refetch()} /> : null}
      {of.isPending && !of.error && <Waiting />}
      {of.data && rows.length === 0 && <p className="empty">{empty}</p>}
      {rows.length > 0 && children(rows)}
      {of.hasNextPage && <p><button type="button" className="button" aria-disabled={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}><Trans>Show more</Trans></button></p>}
    </>
  )
}

/** A choice that filters a list. */
export function Choice({ label, value, all, options, choose }: { label: string; value: string | undefined; all?: string; options: readonly (readonly [string, string])[]; choose: (v: string | undefined) => void }) {
  return (
    <label className="field">{label}
      <select value={value ?? ''} onChange={e => choose(e.target.value || undefined)}>
        {all !== undefined && <option value="">{all}</option>}
        {options.map(([v, word]) => <option key={v} value={v}>{word}</option>)}
      </select>
    </label>
  )
}

/** A search within a list; it begins by Enter or by its button. */
export function Find({ label, value, find }: { label: string; value: string | undefined; find: (v: string | undefined) => void }) {
  const [q, setQ] = useState(value ?? '')
  const submit = (e: FormEvent) => { e.preventDefault(); find(q.trim() || undefined) }
  return (
    <form className="bar" role="search" aria-label={label} onSubmit={submit}>
      <label className="field">{label}<input type="search" value={q} maxLength={200} dir="auto" onChange={e => setQ(e.target.value)} /></label>
      <button className="button"><Trans>Find</Trans></button>
    </form>
  )
}

export function Check({ name, children, on, value }: { name: string; children: ReactNode; on?: boolean | undefined; value?: string }) {
  return <label className="check"><input type="checkbox" name={name} defaultChecked={on} {...(value ? { value } : {})} /><span>{children}</span></label>
}

/** A state as a word and a mark. */
export function State({ state, word }: { state: string; word: string }) {
  const good = ['active', 'succeeded', 'applied', 'delivered', 'done', 'accepted', 'sent', 'linked']
  const bad = ['failed', 'stopped', 'denied', 'deleting', 'expired', 'revoked', 'cancelled', 'disabled']
  const mark = good.includes(state) ? '✓' : bad.includes(state) ? '✕' : '…'
  return <span className={'status ' + state}><span aria-hidden="true">{mark}</span> {word}</span>
}

/** The roles in words. */
export function useRoleName(): (role: string | undefined) => string {
  const { t } = useLingui()
  const roles: Record<string, string> = {
    owner: t`Owner`, admin: t`Administrator`, teacher: t`Teacher`, student: t`Student`, parent: t`Parent`, auditor: t`Auditor`, operator: t`Operator`,
  }
  return role => (role ? roles[role] ?? role : t`No role`)
}
