// @vitest-environment happy-dom
import { i18n } from '@lingui/core'
import { I18nProvider } from '@lingui/react'
import { Problem } from '@satchel/client'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider, createMemoryHistory, createRootRoute, createRoute, createRouter } from '@tanstack/react-router'
import { cleanup, configure, render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { type Work, WorkProvider } from '../../app/context.tsx'
import type { ConsentRequest } from '../../app/queries-compliance.ts'
import type { RequestState } from '../../parts/consent-requests.ts'
import ConsentRequests from './consent-requests.tsx'

const org = '01890000-0000-7000-8000-0000000000aa'
const child = '01890000-0000-7000-8000-0000000000bb'

function request(n: number, state: RequestState, more: Partial<ConsentRequest> = {}): ConsentRequest {
  return {
    id: `01890000-0000-7000-8000-00000000000${n}`, child_id: child, guardian_id: `01890000-0000-7000-8000-0000000000c${n}`, state, method: 'email_plus', language: 'en', notice_id: null, grant_id: null, scopes: [],
    reminders: 0, mail_code: '', has_address: true, requested_by: null, created_at: '2026-03-01T08:00:00Z', asked_at: null, answered_at: null, confirm_at: null, expires_at: '2026-03-15T08:00:00Z', ended_at: null, ...more,
  }
}

interface Call { method: string; path: string; body: unknown; query: Record<string, unknown> }

/** The page at an address, over an API that answers with these requests and writes down what is asked. */
function open(address: string, rows: ConsentRequest[], role = 'owner', refuse?: Problem) {
  const calls: Call[] = []
  const answers: Record<string, unknown> = {
    '/consent-requests': { items: rows }, '/consent-requests/{request}': { ...rows[0], evidence: [] }, '/consent/notices': { items: [] }, '/guardians': { items: [] },
    '/consent/terms': { consent_days: 14, confirm_hours: 24 }, '/people/{user}/consent': { is_child: true, basis: '', age_source: 'unknown' }, '/people/{user}': { display_name: 'Ada', user_id: child },
  }
  const answer = (method: string) => (path: string, o: { params?: { query?: Record<string, unknown> }; body?: unknown } = {}) => {
    calls.push({ method, path, body: o.body, query: o.params?.query ?? {} })
    if (method !== 'GET' && refuse) return Promise.reject(refuse)
    return Promise.resolve({ data: answers[path.replace('/api/v1/organizations/{id}', '')] })
  }
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const api = Object.fromEntries(['GET', 'POST', 'PUT'].map(m => [m, answer(m)]))
  const work = { api, queries, place: { organization_id: org, name: 'School', user_id: org, role, status: 'active' } } as unknown as Work
  const root = createRootRoute()
  const page = (path: string) => createRoute({ getParentRoute: () => root, path, component: ConsentRequests })
  const router = createRouter({ routeTree: root.addChildren([page('/'), page('/o/$org/manage/people'), page('/o/$org/manage/people/$user'), page('/o/$org/manage/notices')]), history: createMemoryHistory({ initialEntries: [address] }) })
  render(<I18nProvider i18n={i18n}><QueryClientProvider client={queries}><WorkProvider value={work}><RouterProvider router={router as never} /></WorkProvider></QueryClientProvider></I18nProvider>)
  return { calls, sent: () => calls.filter(c => c.method !== 'GET'), user: userEvent.setup() }
}

const rowOf = async (text: string | RegExp) => (await screen.findByText(text)).closest('tr')!
const button = (within_: HTMLElement, name: string) => within(within_).queryByRole('button', { name })

configure({ asyncUtilTimeout: 10_000 }) // the first dialog is loaded
beforeEach(() => i18n.loadAndActivate({ locale: 'en', messages: {} }))
afterEach(cleanup)

test('each row offers what its state permits, and no more', async () => {
  open('/', [
    request(1, 'requested', { asked_at: '2026-03-01T09:00:00Z' }), request(2, 'undeliverable', { mail_code: '550' }), request(3, 'granted', { grant_id: org, answered_at: '2026-03-02T08:00:00Z' }),
    request(4, 'void', { ended_at: '2026-03-03T08:00:00Z', has_address: false }), request(5, 'reconsent_required', { grant_id: org }), request(6, 'provisional', { confirm_at: '2026-03-04T08:00:00Z' }),
  ])
  const offers = async (text: string | RegExp) => { const r = await rowOf(text); return [button(r, 'Send again …') !== null, button(r, 'Take back …') !== null] }
  expect(await offers(/^Without an answer it ends/)).toEqual([true, true])
  expect(await offers(/^Send it to another address/)).toEqual([true, true])
  expect(await offers(/^It counts until/)).toEqual([false, false])
  expect(await offers(/the address is deleted$/)).toEqual([false, false])
  expect(await offers(/^What is here stays/)).toEqual([true, false]) // that consent is the parent's to end
  expect(await offers(/^The second mail goes out/)).toEqual([false, false])
  expect((await rowOf(/^Send it to another address/)).textContent).toContain('550')
})

test('who may not change consent reads the list and changes nothing', async () => {
  open('/?child=' + child, [request(1, 'requested')], 'auditor')
  const r = await rowOf(/^Without an answer it ends/)
  expect(within(r).getAllByRole('button').map(b => b.textContent)).toEqual(['Look …'])
  expect(screen.queryByRole('button', { name: 'Ask a parent by mail …' })).toBeNull()
  expect(screen.queryByRole('button', { name: 'Change the times …' })).toBeNull()
})

test('the filters of the address are those of the call', async () => {
  const { calls } = open(`/?state=expired&child=${child}`, [])
  await screen.findByText('Nothing here fits the filter.')
  expect(calls.find(c => c.path.endsWith('/consent-requests'))!.query).toMatchObject({ state: 'expired', child_id: child })
})

test('the mail is sent again to the address that is here unless another one is given, which is asked for where none is here', async () => {
  const { sent, user } = open('/', [request(1, 'requested'), request(2, 'undeliverable', { has_address: false })])
  await user.click(button(await rowOf(/^Without an answer it ends/), 'Send again …')!)
  expect((await screen.findByLabelText<HTMLInputElement>(/^Another mail address/)).required).toBe(false)
  await user.click(screen.getByRole('button', { name: 'Send' }))
  await waitFor(() => expect(sent().map(c => c.body)).toEqual([{}]))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  await user.click(button(await rowOf(/^Send it to another address/), 'Send again …')!)
  const field = await screen.findByLabelText<HTMLInputElement>(/^Another mail address/)
  expect(field.required).toBe(true)
  await user.type(field, 'parent@home.example')
  await user.click(screen.getByRole('button', { name: 'Send' }))
  await waitFor(() => expect(sent().at(-1)!.body).toEqual({ email: 'parent@home.example' }))
})

test('what the API refuses stays in the form, with what to do', async () => {
  const { sent, user } = open(`/?child=${child}`, [request(1, 'requested')], 'owner', new Problem({ status: 409, code: 'address_of_student', detail: 'This address is a student\'s.' }))
  await user.click(await screen.findByRole('button', { name: 'Ask a parent by mail …' }))
  const dialog = await screen.findByRole('dialog')
  await within(dialog).findByText(/^No notice is published/)
  expect(await within(dialog).findByRole('option', { name: /^The parent who was asked by mail on/ })).toBeTruthy()
  await user.type(within(dialog).getByLabelText(/^Mail address of the parent/), 'ada@school.example')
  await user.click(within(dialog).getByRole('button', { name: 'Ask' }))
  expect((await within(dialog).findByRole('alert')).textContent).toContain('Give one that only the parent reads.')
  expect(sent()[0]!.body).toEqual({ guardian_id: request(1, 'requested').guardian_id, email: 'ada@school.example', language: 'en' })
})
