import '@satchel/react/style.css'

import { useLingui } from '@lingui/react/macro'
import { type Schemas, createApi } from '@satchel/client'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { RouterProvider, createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { useMemo } from 'react'
import { I18nProvider as AriaLocale } from 'react-aria-components'

import { Failure } from '../parts/failure.tsx'
import { Waiting } from '../parts/front.tsx'
import { NotFound, OrganizationShell, Root } from '../parts/shell.tsx'
import type { Place } from './context.tsx'
import { type Filters, filtersIn } from './filters.ts'
import type { Session } from './session.ts'

export interface RouterContext { session: Session; queries: QueryClient; places: Place[] }

const root = createRootRouteWithContext<RouterContext>()({ component: Root, notFoundComponent: NotFound })
const text = (v: unknown) => (typeof v === 'string' && v !== '' ? v : undefined)

/** What the address of a list holds: the folder, the file whose details are open, the order, the view, and what is looked for. */
export interface ListSearch extends Filters { view?: string | undefined; folder?: string | undefined; file?: string | undefined; sort?: string | undefined; q?: string | undefined }
const listSearch = (s: Record<string, unknown>): ListSearch => ({ folder: text(s.folder), file: text(s.file), sort: text(s.sort), q: text(s.q), view: text(s.view), ...filtersIn(s) })

const start = createRoute({ getParentRoute: () => root, path: '/', component: lazyRouteComponent(() => import('../pages/organizations.tsx')) })
const told = createRoute({ getParentRoute: () => root, path: '/notifications', component: lazyRouteComponent(async () => ({ default: (await import('../pages/notifications.tsx')).FromMail })) })
export const organization = createRoute({ getParentRoute: () => root, path: '/o/$org', component: OrganizationShell })
const page = <P extends string>(path: P, load: () => Promise<{ default: React.ComponentType }>) =>
  createRoute({ getParentRoute: () => organization, path, validateSearch: listSearch, component: lazyRouteComponent(load) })

// What managers see is chosen by more than a list's address holds: every text of it is kept.
const texts = (s: Record<string, unknown>): Record<string, string> => Object.fromEntries(Object.entries(s).filter((e): e is [string, string] => typeof e[1] === 'string' && e[1] !== ''))
const manage = <P extends string>(path: P, load: () => Promise<{ default: React.ComponentType }>) =>
  createRoute({ getParentRoute: () => organization, path, validateSearch: texts, component: lazyRouteComponent(load) })

const files = () => import('../pages/files.tsx')
const job = () => import('../pages/job.tsx')
const shares = () => import('../pages/shares.tsx')
const tree = root.addChildren([
  start,
  told,
  organization.addChildren([
    page('/', () => import('../pages/home.tsx')),
    page('/spaces', () => import('../pages/spaces.tsx')),
    page('/spaces/$space', async () => ({ default: (await files()).SpacePage })),
    page('/files', async () => ({ default: (await files()).AllPage })),
    page('/recent', async () => ({ default: (await files()).RecentPage })),
    page('/starred', async () => ({ default: (await files()).StarredPage })),
    page('/shared', async () => ({ default: (await shares()).SharedWithMePage })),
    page('/shared-files', async () => ({ default: (await files()).SharedPage })),
    page('/shared-by-me', async () => ({ default: (await shares()).SharedByMePage })),
    page('/shared-outside', async () => ({ default: (await shares()).SharedOutsidePage })),
    page('/bin', async () => ({ default: (await files()).BinPage })),
    page('/search', () => import('../pages/search.tsx')),
    page('/hand-in/$folder', () => import('../pages/board.tsx')),
    page('/notifications', () => import('../pages/notifications.tsx')),
    manage('/jobs', () => import('../pages/jobs.tsx')),
    manage('/jobs/$job', job),
    manage('/generate', () => import('../pages/generate/list.tsx')),
    manage('/generate/new', () => import('../pages/generate/new.tsx')),
    manage('/generate/$id', () => import('../pages/generate/review.tsx')),
    manage('/reports', () => import('../pages/reports/list.tsx')),
    manage('/reports/$id', () => import('../pages/reports/report.tsx')),
    manage('/report-schedules', () => import('../pages/reports/schedules.tsx')),
    page('/send', () => import('../pages/send.tsx')),
    page('/help', () => import('../pages/help.tsx')),
    manage('/manage', () => import('../pages/admin/manage.tsx')),
    manage('/manage/people', () => import('../pages/admin/people.tsx')),
    manage('/manage/people/$user', () => import('../pages/admin/person.tsx')),
    manage('/manage/members', () => import('../pages/admin/members.tsx')),
    manage('/manage/logins', () => import('../pages/admin/logins.tsx')),
    manage('/manage/invitations', () => import('../pages/admin/invitations.tsx')),
    manage('/manage/rosters', () => import('../pages/admin/rosters.tsx')),
    manage('/manage/rosters/$import', () => import('../pages/admin/roster.tsx')),
    manage('/manage/classes', () => import('../pages/admin/classes.tsx')),
    manage('/manage/classes/$class', () => import('../pages/admin/class.tsx')),
    manage('/manage/access', () => import('../pages/admin/access.tsx')),
    manage('/manage/usage', () => import('../pages/admin/usage.tsx')),
    manage('/manage/rules', () => import('../pages/admin/rules.tsx')),
    manage('/manage/generation', () => import('../pages/admin/generation.tsx')),
    manage('/manage/mails', () => import('../pages/admin/mails.tsx')),
    manage('/manage/keys', () => import('../pages/admin/keys.tsx')),
    manage('/manage/webhooks', () => import('../pages/admin/webhooks.tsx')),
    manage('/manage/webhooks/$webhook', () => import('../pages/admin/webhook.tsx')),
    manage('/manage/roblox', () => import('../pages/roblox/list.tsx')),
    manage('/manage/roblox/$connection', () => import('../pages/roblox/connection.tsx')),
    manage('/manage/organization', () => import('../pages/admin/organization.tsx')),
    manage('/manage/held', () => import('../pages/compliance/held.tsx')),
    manage('/access-requests', () => import('../pages/compliance/access-requests.tsx')),
    manage('/amendments', () => import('../pages/compliance/amendments.tsx')),
    manage('/disclosure-consents', () => import('../pages/compliance/disclosure-consents.tsx')),
    manage('/manage/break-glass', () => import('../pages/compliance/break-glass.tsx')),
    manage('/disclosures', () => import('../pages/compliance/disclosures.tsx')),
    manage('/manage/holds', () => import('../pages/compliance/holds.tsx')),
    manage('/manage/retention', () => import('../pages/compliance/retention.tsx')),
    manage('/manage/duties', () => import('../pages/compliance/duties.tsx')),
    manage('/manage/notices', () => import('../pages/compliance/notices.tsx')),
    manage('/manage/consent-requests', () => import('../pages/compliance/consent-requests.tsx')),
    manage('/manage/erasures', () => import('../pages/compliance/erasures.tsx')),
    manage('/erasure-requests', () => import('../pages/compliance/erasure-requests.tsx')),
    manage('/manage/directory', () => import('../pages/compliance/directory.tsx')),
    manage('/manage/inventory', () => import('../pages/compliance/inventory.tsx')),
    manage('/children', () => import('../pages/compliance/children.tsx')),
    manage('/compliance', () => import('../pages/compliance/report.tsx')),
    manage('/manage/agreements', () => import('../pages/compliance/agreements.tsx')),
    manage('/manage/audit', () => import('../pages/admin/audit.tsx')),
    manage('/operate', () => import('../pages/operator/organizations.tsx')),
    manage('/operate/organizations/$id', () => import('../pages/operator/organization.tsx')),
    manage('/operate/work', () => import('../pages/operator/work.tsx')),
    manage('/operate/jobs', () => import('../pages/operator/jobs.tsx')),
    manage('/operate/jobs/$job', job),
    manage('/operate/queues', () => import('../pages/operator/queues.tsx')),
    manage('/operate/failures', () => import('../pages/operator/failures.tsx')),
    manage('/operate/workers', () => import('../pages/operator/workers.tsx')),
    manage('/operate/schedules', () => import('../pages/operator/schedules.tsx')),
    manage('/operate/purges', () => import('../pages/operator/purges.tsx')),
    manage('/operate/quarantine', () => import('../pages/operator/quarantine.tsx')),
    manage('/operate/system', () => import('../pages/operator/system.tsx')),
    manage('/operate/tiers', () => import('../pages/operator/tiers.tsx')),
  ]),
])

function makeRouter(context: RouterContext) {
  return createRouter({
    routeTree: tree, basepath: '/console', context, defaultPendingComponent: Waiting, defaultPreload: false, // scrollRestoration would keep the addresses of files in storage
    defaultErrorComponent: ({ error, reset }) => <Failure error={error} again={reset} />,
  })
}

declare module '@tanstack/react-router' {
  interface Register { router: ReturnType<typeof makeRouter> }
}

export default function Frame({ session }: { session: Session }) {
  const queries = useMemo(() => new QueryClient({
    defaultOptions: {
      queries: { staleTime: 10_000, retry: (n, e) => n < 3 && ((e as { status?: number }).status ?? 0) % 500 < 100, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  }), [])
  return <QueryClientProvider client={queries}><SignedIn session={session} queries={queries} /></QueryClientProvider>
}

function SignedIn({ session, queries }: { session: Session; queries: QueryClient }) {
  const { i18n } = useLingui()
  const me = useQuery({
    queryKey: ['me'], staleTime: 60_000,
    queryFn: async ({ signal }) => await session.firstAnswer<Schemas['Me']>() ?? (await createApi({ baseUrl: '', getToken: s => session.getToken(s) }).GET('/api/v1/me', { signal })).data!,
  })
  const places = me.data?.memberships as Place[] | undefined
  const router = useMemo(() => {
    const made = makeRouter({ session, queries, places: [] }) // below it is told which places there are
    // The page of the address comes beside the answer of who asks; a failure is told when the page is shown.
    for (const route of made.getMatchedRoutes(made.latestLocation.pathname)[0]) void made.loadRouteChunk(route)?.catch(() => undefined)
    return made
  }, [session, queries])
  if (me.error && !places) return <Failure error={me.error} again={() => void me.refetch()} />
  if (!places) return <Waiting />
  return <AriaLocale locale={i18n.locale}><RouterProvider router={router} context={{ session, queries, places }} /></AriaLocale>
}
