import './share.css'

import { Trans, useLingui } from '@lingui/react/macro'
import { asProblem } from '@satchel/client'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useId, useRef, useState } from 'react'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { type Share, type ShareKind, type SharePermission, type ShareTarget, type ShareWith, classesToShareWith, sharingPolicies } from '../app/queries-shares.ts'
import { Ask } from './dialogs.tsx'
import { Icon } from './icon.tsx'
import { type Ends, EndField, endOf } from './share-end.tsx'
import { LinkMade } from './share-link.tsx'
import { type Outsider, Outsiders, PeoplePicker, isAddress } from './share-people.tsx'
import { type Purpose, PurposeFields } from './share-purpose.tsx'
import { useForbidden, useShareRefusal, useShareWords } from './share-words.tsx'
import { SharesOf } from './shares-of.tsx'
import { toast } from './toasts.tsx'

export interface Chosen { id: string; name: string }
const noOutsider: Outsider = { name: '', email: '' }
interface Draft { kind: ShareKind; permission: SharePermission; people: Chosen[]; classes: string[]; outside: Outsider[]; typed: Outsider; password: string; ends: Ends; downloads: string }

const isOutside = (k: ShareKind) => k === 'link' || k === 'people'

/** The permissions that a share of this kind gives of this thing. */
function permissionsOf(kind: ShareKind, what: ShareTarget['what']): SharePermission[] {
  const all: SharePermission[] = isOutside(kind) ? ['download', 'view', 'upload'] : ['download', 'edit', 'upload']
  return all.filter(p => p !== 'upload' || what !== 'file')
}

/** Why each kind is not possible, as far as it is known before the API is asked. */
function useClosed(t: ShareTarget): { closed: Partial<Record<ShareKind, string>>; mustHavePassword: boolean; longestDays: number | null } {
  const work = useWork()
  const why = useForbidden()
  const policies = useQuery(sharingPolicies(work))
  const closed: Partial<Record<ShareKind, string>> = {}
  const outside = !may(work.place, 'share_outside') ? why.students
    : t.spaceKind === 'confidential' ? why.confidential_stays_inside
      : policies.data?.share_outside === false ? why.outside_shares_off : ''
  if (outside) closed.link = closed.people = outside
  if (t.spaceKind === 'confidential') closed.members = closed.classes = why.confidential_stays_inside
  else if (t.what === 'space') closed.classes = why.class_space
  return { closed, mustHavePassword: policies.data?.share_password ?? false, longestDays: policies.data?.share_days || null }
}

/** Asks with whom something is shared, how far and how long; below, what it is shared with already. */
export default function ShareDialog({ target, close }: { target: ShareTarget; close: () => void }) {
  const { t } = useLingui()
  const { api, queries, place } = useWork()
  const { closed: known, mustHavePassword, longestDays } = useClosed(target)
  const refusal = useShareRefusal()
  const [learned, setLearned] = useState<Partial<Record<ShareKind, string>>>({}) // what the API has refused while the dialog is open
  const closed = { ...learned, ...known }
  const [d, setDraft] = useState<Draft>({ kind: 'members', permission: 'download', people: [], classes: [], outside: [], typed: noOutsider, password: '', ends: { choice: 'usual', date: '' }, downloads: '' })
  const set = (some: Partial<Draft>) => { setError(''); setDraft(old => ({ ...old, ...some })) }
  const [made, setMade] = useState<Share | null>(null)
  const [error, setError] = useState('')
  const [detail, setDetail] = useState('')
  const [busy, setBusy] = useState(false)
  const [purpose, setPurpose] = useState<Purpose | null>(null) // asked for when the API says that this is a record
  const form = useRef<HTMLFormElement>(null)

  const permissions = permissionsOf(d.kind, target.what)
  const permission = permissions.includes(d.permission) ? d.permission : permissions[0]!
  const bad = (text: string, more = '') => { setError(text); setDetail(more); setBusy(false) }

  const submit = async (e: FormEvent) => {
    e.preventDefault()
    if (busy) return
    const wanted = withWhom(d)
    if (d.kind !== 'link' && wanted.length === 0) { bad(d.kind === 'members' ? t`Choose a person.` : d.kind === 'classes' ? t`Choose a class.` : t`Give a mail address.`); return }
    if (d.kind === 'people' && d.typed.email !== '' && !isAddress(d.typed.email)) { bad(t`This is no mail address. Write it like name@example.org.`); return }
    if (isOutside(d.kind) && (mustHavePassword || d.password !== '') && d.password.length < 8) { bad(t`A password has 8 characters or more.`); return }
    const limit = isOutside(d.kind) && permission === 'download' && d.downloads !== '' ? Number(d.downloads) : undefined
    setBusy(true)
    try {
      const made = (await api.POST('/api/v1/storage/share', {
        params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
        body: {
          kind: d.kind, permission, [`${target.what}_id`]: target.id, ...(wanted.length > 0 ? { with: wanted } : {}),
          ...(isOutside(d.kind) && d.password ? { password: d.password } : {}), ...(d.ends.choice === 'usual' ? {} : { expires_at: endOf(d.ends) }), ...(limit ? { max_downloads: limit } : {}),
          ...(purpose && isOutside(d.kind) ? { disclosure_basis: purpose.basis.trim(), disclosure_interest: purpose.interest.trim() } : {}),
        },
      })).data!
      await queries.invalidateQueries({ queryKey: [place.organization_id, 'shares'] })
      setBusy(false)
      setMade(made)
      set({ people: [], classes: [], outside: [], typed: noOutsider, password: '' })
      if (!made.url) toast(t`${target.name} is shared.`)
    } catch (x) {
      const p = asProblem(x)
      const text = refusal(x)
      if (p.code === 'not_disclosed' || p.code === 'share_outside_not_allowed') {
        // What a rule keeps inside is refused for the same reason next time: the choice is closed, and says why.
        const shut: ShareKind[] = p.rule === 'personal_needs_named_people' ? ['link'] : permission === 'upload' && p.rule === 'outside_upload_off' ? [] : ['link', 'people']
        setLearned(old => ({ ...old, ...Object.fromEntries(shut.map(k => [k, text])) }))
      }
      if (p.code === 'disclosure_basis_required') setPurpose(old => old ?? { basis: '', interest: '' })
      bad(text, p.status >= 400 ? p.detail : '')
    }
  }

  return (
    <Ask title={t`Share ${target.name}`} close={close} wide>
      {made?.url && <LinkMade url={made.url} ends={made.expires_at} />}
      <form ref={form} className="share-form" onSubmit={e => void submit(e)} noValidate>
        <Kinds kind={d.kind} closed={closed} choose={kind => set({ kind })} />
        {!closed[d.kind] && <>
          {d.kind === 'members' && <PeoplePicker chosen={d.people} choose={people => set({ people })} />}
          {d.kind === 'classes' && <Classes chosen={d.classes} choose={classes => set({ classes })} />}
          {d.kind === 'people' && <Outsiders list={d.outside} typed={d.typed} change={(outside, typed) => set({ outside, typed })} />}
          <Conditions draft={d} set={set} target={target} permission={permission} permissions={permissions} mustHavePassword={mustHavePassword} longestDays={longestDays} />
          {purpose && isOutside(d.kind) && <PurposeFields of={purpose} change={setPurpose} />}
          {error && <div role="alert"><p className="bad">{error}</p>{detail && <p className="quiet small" lang="en">{detail}</p>}</div>}
          <div className="dialog-actions">
            <button type="submit" className="button main" aria-disabled={busy}>{d.kind === 'link' ? t`Make the link` : t`Share`}</button>
          </div>
        </>}
        {closed[d.kind] && error && <div role="alert"><p className="bad">{error}</p></div>}
      </form>
      <SharesOf target={target} />
    </Ask>
  )
}

function withWhom(d: Draft): ShareWith[] {
  switch (d.kind) {
    case 'members': return d.people.map(p => ({ user_id: p.id }))
    case 'classes': return d.classes.map(id => ({ class_id: id }))
    case 'people': return [...d.outside, ...(isAddress(d.typed.email) ? [d.typed] : [])].map(p => ({ email: p.email.trim(), ...(p.name ? { name: p.name.trim() } : {}) }))
    case 'link': return []
  }
}

function Kinds({ kind, closed, choose }: { kind: ShareKind; closed: Partial<Record<ShareKind, string>>; choose: (k: ShareKind) => void }) {
  const { kinds } = useShareWords()
  const base = useId()
  const order: ShareKind[] = ['members', 'classes', 'link', 'people']
  return (
    <fieldset className="plain"><legend><Trans>With whom</Trans></legend>
      {order.map(k => (
        <div key={k} className="radio">
          <label><input type="radio" name={base} value={k} checked={kind === k} disabled={closed[k] !== undefined} aria-describedby={closed[k] ? `${base}-${k}` : undefined} onChange={() => choose(k)} /> {kinds[k]}</label>
          {closed[k] && <p id={`${base}-${k}`} className="small quiet why"><Icon name="lock" /> {closed[k]}</p>}
        </div>
      ))}
    </fieldset>
  )
}

function Classes({ chosen, choose }: { chosen: string[]; choose: (ids: string[]) => void }) {
  const work = useWork()
  const all = useQuery(classesToShareWith(work, may(work.place, 'read_members')))
  return (
    <fieldset className="plain"><legend><Trans>Classes</Trans></legend>
      {all.isPending && <p role="status"><Trans>Loading …</Trans></p>}
      {all.data?.length === 0 && <p className="quiet"><Trans>There are no classes to share with.</Trans></p>}
      <div className="checks">{all.data?.map(c => (
        <label key={c.id}><input type="checkbox" checked={chosen.includes(c.id)} onChange={e => choose(e.target.checked ? [...chosen, c.id] : chosen.filter(x => x !== c.id))} /> <bdi>{c.title}</bdi></label>
      ))}</div>
    </fieldset>
  )
}

function Conditions({ draft: d, set, target, permission, permissions, mustHavePassword, longestDays }: {
  draft: Draft; set: (some: Partial<Draft>) => void; target: ShareTarget; permission: SharePermission; permissions: SharePermission[]; mustHavePassword: boolean; longestDays: number | null
}) {
  const { t } = useLingui()
  const words = useShareWords()
  const outside = isOutside(d.kind)
  return (
    <div className="pairs">
      <label className="field"><Trans>They may</Trans>
        <select value={permission} onChange={e => set({ permission: e.target.value as SharePermission })}>{permissions.map(p => <option key={p} value={p}>{words.permissions[p]}</option>)}</select>
      </label>
      <EndField ends={d.ends} change={ends => set({ ends })} outside={outside} longestDays={outside ? longestDays : null} />
      {outside && (
        <label className="field">{mustHavePassword ? t`Password (your school wants one)` : t`Password (may be left empty)`}
          <input type="text" autoComplete="off" spellCheck={false} value={d.password} maxLength={128} required={mustHavePassword} onChange={e => set({ password: e.target.value })} />
        </label>
      )}
      {outside && permission === 'download' && (
        <label className="field"><Trans>Downloads at most (may be left empty)</Trans>
          <input type="number" inputMode="numeric" min={1} max={1_000_000} value={d.downloads} onChange={e => set({ downloads: e.target.value.replace(/\D/g, '') })} />
        </label>
      )}
      {outside && target.what !== 'file' && permission === 'upload' && <p className="small quiet"><Trans>This is a drop box: who uses it sends files and sees only their own.</Trans></p>}
    </div>
  )
}
