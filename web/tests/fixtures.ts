import { readFileSync } from 'node:fs'

import { type Browser, type BrowserContextOptions, type Locator, type Page, test as base, expect } from '@playwright/test'

/** Who signs in, by role. The demonstration's people unless a test has made others. */
export const people = JSON.parse(process.env.SATCHEL_PEOPLE ?? 'null') as Record<Role, string> | null ?? {
  owner: 'owner-a', admin: 'admin-a', teacher: 'teacher-a', student: 'student-a4', parent: 'parent-a', auditor: 'auditor-a', operator: 'operator',
}
export type Role = 'owner' | 'admin' | 'teacher' | 'student' | 'parent' | 'auditor' | 'operator'

/** A page that counts what must not happen: refused parts of the policy, errors of scripts, requests to strangers. */
export interface Watched { page: Page; wrong: string[] }

async function watch(browser: Browser, options: BrowserContextOptions, origins: string[]): Promise<Watched> {
  const context = await browser.newContext(options)
  const wrong: string[] = []
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))
  })
  const page = await context.newPage()
  page.on('console', m => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) wrong.push(m.text()) })
  page.on('pageerror', e => wrong.push('script: ' + e.message))
  page.on('request', r => { if (/^https?:/.test(r.url()) && !origins.includes(new URL(r.url()).origin)) wrong.push('a stranger was asked: ' + r.url()) })
  return { page, wrong }
}

interface Fixtures { signIn: (role: Role, options?: BrowserContextOptions & { path?: string }) => Promise<Page> }

export const test = base.extend<Fixtures>({
  signIn: async ({ browser, baseURL }, use) => {
    const all: Watched[] = []
    await use(async (role, { path = '/console/', ...options } = {}) => {
      const issuer = new URL(await (await fetch(baseURL + '/.well-known/oauth-protected-resource')).json().then((r: { authorization_servers: string[] }) => r.authorization_servers[0]!)).origin
      // The content host is the one that the page's own policy names.
      const content = /img-src [^;]*?(https?:[^ ;]+)/.exec((await fetch(baseURL + '/console/')).headers.get('content-security-policy') ?? '')?.[1] ?? issuer
      const watched = await watch(browser, { baseURL, locale: 'en-GB', timezoneId: 'UTC', viewport: { width: 1280, height: 800 }, ...options }, [new URL(baseURL!).origin, issuer, new URL(content).origin])
      all.push(watched)
      const { page } = watched
      await page.goto(path)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await atIssuer(page, role)
      await page.waitForURL(/\/console\//)
      await page.locator('h1').first().waitFor()
      return page
    })
    for (const { page, wrong } of all) {
      expect(wrong, 'what must not happen').toEqual([])
      await page.context().close()
    }
  },
})

/** Chooses a person at the local issuer. */
export async function atIssuer(page: Page, role: Role) {
  const known = page.getByRole('radio', { name: people[role], exact: true })
  await page.getByRole('heading', { name: 'Sign in at the local issuer' }).waitFor()
  if (await known.count()) await known.check()
  else await page.getByRole('textbox', { name: 'Name of somebody new' }).fill(people[role])
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

let count = 0
/** A name that no other test uses. */
export const fresh = (what: string, ending: string) => `${what} ${Date.now().toString(36)}${count++}.${ending}`

export const textFile = (name: string, text = `A text of the test, ${name}`) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })

/** Sends files by the buttons of the page, and waits until the tray says that all are done. */
export async function send(page: Page, files: { name: string; mimeType: string; buffer: Buffer }[]) {
  await page.getByTestId('files').first().setInputFiles(files)
  for (const f of files) await expect(upload(page, f.name).last()).toHaveAttribute('data-phase', 'published', { timeout: 45_000 })
}

export const upload = (page: Page, name: string) => page.locator('.upload', { hasText: name })
export const row = (page: Page, name: string) => page.getByRole('row', { name })

/** Puts the focus on a row of the grid by the letters of its name: a row far down is in the document only then. */
export async function goTo(page: Page, name: string) {
  await expect(async () => {
    await page.locator('[role=row][tabindex="0"]').focus()
    await page.keyboard.type(name)
    await expect(page.locator('[role=row]:focus')).toContainText(name, { timeout: 1500 })
  }).toPass({ timeout: 20_000 })
}

/** Presses Tab until this has the focus: what is not reached so is not there for people without a mouse. */
export async function tabTo(page: Page, to: Locator, key = 'Tab') {
  await to.waitFor()
  for (let n = 0; n < 80; n++) {
    if (await to.evaluate(el => el === document.activeElement)) return
    await page.keyboard.press(key)
  }
  throw new Error(`Tab does not reach ${to}`)
}

/** Fills what the law asks of a notice to parents but its summary, in the dialog of a new one. */
export async function fillNotice(dialog: Locator) {
  for (const part of ['What is collected from the child', 'What it is used for', 'To whom it may be given, or that it is not', "That nothing is collected without the parent's consent", 'How the parent consents', "That the parent's address is deleted when no answer comes", 'What the parent may ask for: to see, to delete, to stop']) {
    await dialog.getByLabel(part).fill('As the school says.')
  }
  await dialog.getByLabel('Address of the full notice on the web').fill('https://school.example/privacy')
}

const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
interface Axe { run(root: Document, options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> }

/** What axe finds on a page that was opened with `bypassCSP`, and whether it is wider than the window. */
export async function whatAxeFinds(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(() => (window as unknown as { axe: Axe }).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
  const wrong = found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | ')}`)
  if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wrong.push('it is wider than the page')
  return wrong
}

export { expect }
