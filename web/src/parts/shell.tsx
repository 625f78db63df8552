import { Trans, useLingui } from '@lingui/react/macro'
import { Link, Outlet, useLocation, useNavigate, useRouteContext, useParams } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState, useSyncExternalStore } from 'react'

import { everyWork, type Place, WorkProvider, useWork, workIn } from '../app/context.tsx'
import type { RouterContext } from '../app/frame.tsx'
import { may } from '../app/grants.ts'
import { languages, speak } from '../app/locale.ts'
import { type ManageEntry, useGroups, useManage } from '../app/manage.tsx'
import { DropArea, targetOfPage } from './drop.tsx'
import { Mark } from './front.tsx'
import { Icon, type IconName } from './icon.tsx'
import { IdleChoice, IdleWatch } from './idle.tsx'
import { useOwnStudents } from './own-students.ts'
import { Toasts, clearToasts } from './toasts.tsx'
import { Tray } from './tray.tsx'

/** The name of the page: the document's title, and the heading that gets the focus when the page changes. */
export function Title({ children, actions }: { children: string; actions?: React.ReactNode }) {
  const ref = useRef<HTMLHeadingElement>(null)
  const { pathname } = useLocation()
  const shown = useRef('')
  useEffect(() => {
    document.title = `${children} – Satchel`
    if (shown.current !== pathname && children) {
      if (navigated) ref.current?.focus({ preventScroll: true })
      navigated = true
      shown.current = pathname
    }
  }, [children, pathname])
  return <div className="title"><h1 ref={ref} tabIndex={-1}><bdi>{children}</bdi></h1>{actions && <div className="actions">{actions}</div>}</div>
}
let navigated = false // the first page keeps the focus where the browser puts it

export function Root() { return <><Outlet /><OldVersion /></> }

/** Told when this page's assets are gone from the server because a newer version is there. */
function OldVersion() {
  const [old, setOld] = useState(false)
  useEffect(() => {
    const told = () => setOld(true)
    addEventListener('satchel:old', told)
    return () => removeEventListener('satchel:old', told)
  }, [])
  if (!old) return null
  return (
    <div className="banner" role="alert">
      <p><Trans>There is a new version of this page. Uploads that run end when it is loaded.</Trans></p>
      <button type="button" className="button" onClick={() => location.reload()}><Trans>Load the new version</Trans></button>
    </div>
  )
}

export function NotFound() {
  return (
    <main className="front">
      <h1><Trans>There is nothing here</Trans></h1>
      <p><Trans>The address is not one of this console.</Trans></p>
      <p><Link className="button main" to="/"><Trans>To the first page</Trans></Link></p>
    </main>
  )
}

export function OrganizationShell() {
  const { session, queries, places } = useRouteContext({ strict: false }) as RouterContext
  const { org } = useParams({ strict: false })
  const place = places.find(p => p.organization_id === org)
  if (!place) return <NotFound />
  return <WorkProvider value={workIn(session, place, queries)}><Shell places={places} /></WorkProvider>
}

interface Entry { to: string; label: string; icon: IconName; inner?: ManageEntry[] }

function useEntries(place: Place): Entry[] {
  const { t } = useLingui()
  const managed = useManage(place)
  const own = useOwnStudents()
  const at = `/o/${place.organization_id}`
  const records: Entry[] = [
    { to: `${at}/disclosures`, label: t`Who was given records`, icon: 'shared' }, { to: `${at}/access-requests`, label: t`Requests to see records`, icon: 'clock' },
    { to: `${at}/amendments`, label: t`Requests to change records`, icon: 'text' }, { to: `${at}/disclosure-consents`, label: t`Consents to give records to others`, icon: 'shared' },
  ]
  if (place.role === 'student') {
    // The rights are a student's own from 18 on (34 CFR 99.5), and their parents' before.
    const rights: Entry[] = own.some(s => s.rights) ? [{ to: `${at}/children`, label: t`My rights`, icon: 'group' }, ...records] : []
    return [
      { to: `${at}/send`, label: t`Send`, icon: 'send' }, { to: `${at}/spaces/mine`, label: t`My files`, icon: 'mine' },
      { to: `${at}/spaces`, label: t`Classes`, icon: 'class' }, { to: `${at}/notifications`, label: t`Notifications`, icon: 'bell' }, { to: `${at}/jobs`, label: t`Jobs`, icon: 'jobs' }, { to: `${at}/bin`, label: t`Bin`, icon: 'bin' }, ...rights, { to: `${at}/help`, label: t`Help`, icon: 'help' },
    ]
  }
  const all: Entry[] = []
  if (may(place, 'read_spaces')) {
    if (may(place, 'upload')) all.push({ to: `${at}/spaces/mine`, label: t`My files`, icon: 'mine' })
    else all.push({ to: `${at}/files`, label: t`Files`, icon: 'file' })
    all.push({ to: `${at}/spaces`, label: t`Spaces`, icon: 'spaces' }, { to: `${at}/recent`, label: t`Recent`, icon: 'clock' })
  }
  if (may(place, 'read_files')) all.push({ to: `${at}/starred`, label: t`Starred`, icon: 'star' }, { to: `${at}/shared`, label: t`Shared with me`, icon: 'shared' })
  if (may(place, 'read_spaces')) all.push({ to: `${at}/notifications`, label: t`Notifications`, icon: 'bell' })
  if (may(place, 'read_generations')) all.push({ to: `${at}/generate`, label: t`Make documents`, icon: 'text' })
  if (may(place, 'read_reports')) all.push({ to: `${at}/reports`, label: t`Reports`, icon: 'slides' })
  if (place.role !== 'operator' && may(place, 'read_jobs')) all.push({ to: `${at}/jobs`, label: t`Jobs`, icon: 'jobs' })
  if (may(place, 'edit_files')) all.push({ to: `${at}/bin`, label: t`Bin`, icon: 'bin' })
  // Anybody of the school may have a child at it.
  if (place.role === 'parent' || own.length > 0) all.push({ to: `${at}/children`, label: t`My children`, icon: 'group' })
  if (place.role === 'parent' || place.role === 'teacher' && own.length > 0) all.push(...records)
  if (managed.length > 5 && place.role !== 'operator') all.push({ to: `${at}/manage`, label: t`Administration`, icon: 'staff', inner: managed })
  else all.push(...managed)
  all.push({ to: `${at}/help`, label: t`Help`, icon: 'help' })
  return all
}

function Shell({ places }: { places: Place[] }) {
  const { t } = useLingui()
  const { place } = useWork()
  const entries = useEntries(place)
  const out = useSignOut()
  const [open, setOpen] = useState(false)
  const { pathname } = useLocation()
  useEffect(() => setOpen(false), [pathname])
  return (
    <DropArea target={targetOfPage}>
      <div className={place.role === 'student' ? 'shell student' : 'shell'}>
        <a className="skip" href="#content" onClick={e => { e.preventDefault(); document.getElementById('content')?.focus() }}><Trans>Skip to content</Trans></a>
        <header className="top">
          <button type="button" className="icon menu-button" aria-expanded={open} aria-controls="nav" aria-label={t`Menu`} onClick={() => setOpen(!open)}><Icon name="menu" /></button>
          <Link to="/o/$org" params={{ org: place.organization_id }} className="brand" aria-label={t`Satchel, first page`}><Mark /><span>Satchel</span></Link>
          {may(place, 'read_files') && <SearchBox />}
          <Account places={places} />
        </header>
        <SignInAgain />
        <nav id="nav" aria-label={t`Places`} className={open ? 'nav open' : 'nav'}>
          <ul>{entries.map(e => (
            <li key={e.to}><Link to={e.to} activeOptions={{ exact: true, includeSearch: false }} activeProps={{ 'aria-current': 'page' }}>
              <Icon name={e.icon} />{e.label}</Link>
              {e.inner && (pathname.startsWith(e.to) || e.inner.some(i => i.to === pathname)) && <Inner entries={e.inner} />}</li>
          ))}</ul>
        </nav>
        <main id="content" tabIndex={-1}><Outlet /></main>
        <Tray />
        <Toasts />
        <IdleWatch out={out} />
      </div>
    </DropArea>
  )
}

/** What is managed, by groups that open and close: all of it at once is longer than a window. The group of the page is open. */
function Inner({ entries }: { entries: ManageEntry[] }) {
  const { pathname } = useLocation()
  const groups = useGroups()
  const here = entries.find(i => pathname === i.to || pathname.startsWith(i.to + '/'))?.group
  const [chosen, choose] = useState<Record<string, boolean>>({})
  useEffect(() => { if (here) choose(old => ({ ...old, [here]: true })) }, [here])
  const list = useRef<HTMLUListElement>(null)
  // A page is also reached by a link of another one: then its entry is further down than the window shows.
  useEffect(() => {
    // Newer browsers give a promise, which React would call as the effect's end.
    void list.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest' })
  }, [pathname])
  return (
    <ul className="inner" ref={list}>{groups.map(([group, label]) => {
      const some = entries.filter(i => i.group === group)
      if (some.length === 0) return null
      const open = chosen[group] ?? group === here
      return (
        <li key={group}>
          <button type="button" className="nav-group" aria-expanded={open} onClick={() => choose({ ...chosen, [group]: !open })}>{label}</button>
          {open && <ul className="inner">{some.map(i => <li key={i.to}><Link to={i.to} activeOptions={{ exact: false, includeSearch: false }} activeProps={{ 'aria-current': 'page' }}>{i.label}</Link></li>)}</ul>}
        </li>)
    })}</ul>
  )
}

function SearchBox() {
  const { t } = useLingui()
  const { place } = useWork()
  const navigate = useNavigate()
  const { search } = useLocation()
  const [q, setQ] = useState(String((search as { q?: string }).q ?? ''))
  const submit = (e: FormEvent) => {
    e.preventDefault()
    if (q.trim()) void navigate({ to: '/o/$org/search', params: { org: place.organization_id }, search: { q: q.trim() } })
  }
  return (
    <form role="search" className="search" onSubmit={submit}>
      <input type="search" aria-label={t`Search files`} placeholder={t`Search files`} value={q} onChange={e => setQ(e.target.value)} maxLength={200} />
      <button type="submit" className="icon" aria-label={t`Search`}><Icon name="search" /></button>
    </form>
  )
}

/** Ends the sign-in, and forgets everything of the person. */
function useSignOut(): () => Promise<void> {
  const { session, queries } = useWork()
  return () => session.signOut(async () => {
    for (const w of everyWork()) await w.uploader.end()
    queries.clear()
    clearToasts()
  })
}

function Account({ places }: { places: Place[] }) {
  const { t, i18n } = useLingui()
  const { place } = useWork()
  const roles: Record<string, string> = {
    owner: t`Owner`, admin: t`Administrator`, teacher: t`Teacher`, student: t`Student`, parent: t`Parent`, auditor: t`Auditor`, operator: t`Operator`,
  }
  const out = useSignOut()
  return (
    <details className="account" onBlur={e => { if (!e.currentTarget.contains(e.relatedTarget)) e.currentTarget.open = false }}
      onKeyDown={e => { if (e.key === 'Escape') { e.currentTarget.open = false; e.currentTarget.querySelector('summary')?.focus() } }}>
      <summary><span className="account-name"><bdi>{place.name}</bdi></span><span className="quiet small">{roles[place.role] ?? place.role}</span></summary>
      <div className="account-menu">
        {places.length > 1 && (
          <div><p className="small quiet"><Trans>Organizations</Trans></p>
            <ul>{places.map(p => <li key={p.organization_id}><Link to="/o/$org" params={{ org: p.organization_id }} aria-current={p === place ? 'true' : undefined}><bdi>{p.name}</bdi></Link></li>)}</ul>
          </div>
        )}
        <label><Trans>Language</Trans>
          <select value={i18n.locale} onChange={e => void speak(e.target.value)}>
            {languages.map(l => <option key={l.code} value={l.code} lang={l.code}>{l.name}</option>)}
          </select>
        </label>
        <IdleChoice />
        <button type="button" className="button" onClick={() => void out()}><Trans>Sign out</Trans></button>
      </div>
    </details>
  )
}

/** Shown when the login is over: the page and its uploads wait. */
function SignInAgain() {
  const { session } = useWork()
  const state = useSyncExternalStore(session.subscribe, session.current)
  const [blocked, setBlocked] = useState(false)
  if (state !== 'expired') return null
  return (
    <div className="banner" role="alert">
      <p><Trans>Your sign-in is over. Sign in again in a small window: this page and what it sends wait for you.</Trans></p>
      {blocked && <p><Trans>The window did not open. Allow windows for this page, or reload it; then files that are being sent have to be chosen again.</Trans></p>}
      <button type="button" className="button main" onClick={() => void session.signInAgain().then(ok => setBlocked(!ok))}><Trans>Sign in again</Trans></button>
    </div>
  )
}
