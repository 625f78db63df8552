import type { Page } from '@playwright/test'

import { expect, fillNotice, fresh, tabTo, test, whatAxeFinds } from './fixtures.ts'

const dialog = (page: Page) => page.getByRole('dialog')
const nav = (page: Page) => page.getByRole('navigation', { name: 'Places' })

/** Opens a page of the administration by its group of the navigation. */
async function administer(page: Page, group: string, name: string) {
  await nav(page).getByRole('link', { name: 'Administration', exact: true }).click()
  const button = nav(page).getByRole('button', { name: group, exact: true })
  if (await button.getAttribute('aria-expanded') !== 'true') await button.click()
  await nav(page).getByRole('link', { name, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}

/** Publishes a notice, without which no parent can be asked, where no other test of the school has. */
async function publish(page: Page) {
  await administer(page, 'Organization', 'Notice to parents')
  const none = page.getByText('No notice is published.')
  await expect(none.or(page.getByRole('table', { name: 'Versions of the notice' }))).toBeVisible()
  if (await none.count() === 0) return
  await page.getByRole('button', { name: 'Write a notice …' }).click()
  await dialog(page).getByLabel('Summary, in at most 120 words').fill('As the school says.')
  await fillNotice(dialog(page))
  await dialog(page).getByRole('checkbox', { name: /ask them again/ }).uncheck()
  await dialog(page).getByRole('button', { name: 'Publish', exact: true }).click()
  await expect(dialog(page)).toHaveCount(0)
}

/** Adds a student of a grade in which students are children, and stays on their page. */
async function addPupil(page: Page, name: string, grade = '4') {
  await administer(page, 'People', 'People')
  await page.getByRole('button', { name: 'Add a person …' }).click()
  await dialog(page).getByRole('textbox').first().fill(name)
  await dialog(page).getByLabel('Kind').selectOption('student')
  await dialog(page).getByLabel('Grade (students)').fill(grade)
  await dialog(page).getByRole('button', { name: 'Add', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}

/** The mails to an address, the newest first. A mail is on its way when its call is answered, and in the mailbox a moment later. */
async function mailsTo(address: string, count: number): Promise<{ subject: string; text: string }[]> {
  let mails: { subject: string; text: string }[] = []
  await expect(async () => {
    mails = ((await (await fetch(`${process.env.SATCHEL_MAILBOX ?? 'http://127.0.0.1:8409'}/messages?to=${encodeURIComponent(address)}`)).json()) as { items: typeof mails }).items
    expect(mails).toHaveLength(count)
  }).toPass({ timeout: 45_000 })
  return mails
}
/** The parent's page at the stack that is tested, whatever name the mail gives it. */
const linkIn = (mail: { text: string }) => new URL(/\/consent\/[\w-]+/.exec(mail.text)![0], process.env.SATCHEL_API_URL ?? 'http://127.0.0.1:8400').href

test('by the keyboard an owner asks a parent by mail, sends it again to another address, and takes it back', async ({ signIn }) => {
  test.setTimeout(240_000)
  const page = await signIn('owner', { bypassCSP: true })
  await publish(page)
  const name = fresh('Pupil', 'one')
  const [first, second] = [`${Date.now().toString(36)}a@home.example`, `${Date.now().toString(36)}b@home.example`]
  await addPupil(page, name)

  const panel = page.getByRole('region', { name: 'Consent of parents' })
  const open = panel.getByRole('button', { name: 'Ask a parent by mail …' })
  await tabTo(page, open)
  await page.keyboard.press('Enter')
  await expect(dialog(page)).toContainText('is deleted when the request ends')
  await expect(dialog(page)).toContainText('Days to answer: 14')
  await expect(dialog(page)).not.toContainText('No notice is published')
  await expect(dialog(page).getByLabel(/^Parent/)).toBeFocused()
  expect(await whatAxeFinds(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(open).toBeFocused()
  await page.keyboard.press('Enter')
  await tabTo(page, dialog(page).getByLabel(/^Mail address of the parent/))
  await page.keyboard.type(first)
  await page.keyboard.press('Enter')
  await expect(dialog(page)).toHaveCount(0)
  await expect(page.getByText('The mail to the parent is on its way.')).toBeVisible()
  const asked = await mailsTo(first, 1)

  // The same parent at the same address is asked already, and the form says what to do.
  await open.click()
  await expect(dialog(page).getByLabel(/^Parent/)).toContainText('The parent who was asked by mail on')
  await dialog(page).getByLabel(/^Mail address of the parent/).fill(first)
  await dialog(page).getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(dialog(page).getByRole('alert')).toContainText('This parent is asked already. Send the mail again under Requests for consent')
  await page.keyboard.press('Escape')

  await tabTo(page, panel.getByRole('link', { name: 'Requests for consent' }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Requests for consent' })).toBeFocused()
  await expect(page).toHaveURL(/child=/)
  const line = page.getByRole('table', { name: 'Requests for consent' }).getByRole('row').filter({ hasText: name })
  await expect(line).toHaveCount(1)
  await expect(line).toContainText('Asked; the answer is to come') // by itself, once the mail server took it
  await expect(line).toContainText('Without an answer it ends on')
  await expect(page.getByRole('main')).not.toContainText(first)
  expect(await whatAxeFinds(page)).toEqual([])

  const resend = line.getByRole('button', { name: 'Send again …' })
  await tabTo(page, resend)
  await page.keyboard.press('Enter')
  await expect(dialog(page)).toContainText('The links of earlier mails end')
  await expect(dialog(page).getByLabel(/^Another mail address/)).toBeFocused()
  await page.keyboard.type(second)
  expect(await whatAxeFinds(page)).toEqual([])
  await page.keyboard.press('Enter')
  await expect(dialog(page)).toHaveCount(0)
  const again = await mailsTo(second, 1)
  expect(linkIn(again[0]!)).not.toBe(linkIn(asked[0]!))
  await expect(line).toContainText('Asked; the answer is to come')
  expect(await (await fetch(linkIn(asked[0]!))).text()).not.toContain(name) // the link of the first mail shows no name any more
  expect(await (await fetch(linkIn(again[0]!))).text()).toContain(name)

  await line.getByRole('button', { name: 'Look …' }).click()
  await expect(dialog(page)).toContainText('Kept encrypted')
  await expect(dialog(page)).toContainText('There is no answer yet.')
  await expect(dialog(page)).not.toContainText(second)
  expect(await whatAxeFinds(page)).toEqual([])
  await page.keyboard.press('Escape')

  await tabTo(page, line.getByRole('button', { name: 'Take back …' }))
  await page.keyboard.press('Enter')
  await expect(dialog(page)).toContainText('The address of the parent is deleted')
  await tabTo(page, dialog(page).getByRole('button', { name: 'Take back', exact: true }))
  await page.keyboard.press('Enter')
  await expect(dialog(page)).toHaveCount(0)
  await expect(line).toContainText('Taken back, or a signed form came')
  await expect(line).toContainText('the address is deleted')
  await expect(line.getByRole('button', { name: 'Send again …' })).toHaveCount(0)
  await expect(line.getByRole('button', { name: 'Take back …' })).toHaveCount(0)

  await page.getByLabel('State').selectOption({ label: 'Asked; the answer is to come' })
  await expect(page).toHaveURL(/state=requested/)
  await expect(page.getByText('Nothing here fits the filter.')).toBeVisible()
  await page.getByLabel('State').selectOption({ label: 'Taken back, or does not count' })
  await expect(line).toHaveCount(1)
})

test('what a parent answered by mail stands in the list, with what is kept of the answer', async ({ signIn }) => {
  test.setTimeout(240_000)
  const page = await signIn('admin')
  await publish(page)
  const name = fresh('Pupil', 'two')
  const address = `${Date.now().toString(36)}c@home.example`
  await addPupil(page, name)
  await page.getByRole('button', { name: 'Ask a parent by mail …' }).click()
  await dialog(page).getByLabel(/^Mail address of the parent/).fill(address)
  await dialog(page).getByRole('combobox', { name: /^Language of the mails/ }).selectOption('de')
  await dialog(page).getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(dialog(page)).toHaveCount(0)
  const [mail] = await mailsTo(address, 1)

  // The parent has no account: their browser knows nothing of the console.
  const home = await page.context().browser()!.newContext({ locale: 'de-DE', javaScriptEnabled: false })
  const parent = await home.newPage()
  await parent.goto(linkIn(mail!))
  await expect(parent.locator('html')).toHaveAttribute('lang', 'de')
  await expect(parent.getByText(name)).toBeVisible()
  for (const question of await parent.getByRole('group').all()) await question.getByRole('radio', { name: 'Ich willige ein', exact: true }).check()
  await parent.getByRole('button').click()
  await expect(parent.getByRole('radio')).toHaveCount(0)
  await home.close()

  await administer(page, 'Organization', 'Requests for consent')
  await page.getByLabel('State').selectOption({ label: 'Agreed by mail; the second mail is to come' })
  const line = page.getByRole('row').filter({ hasText: name })
  await expect(line).toContainText('The second mail goes out on')
  await expect(line.getByRole('button', { name: 'Send again …' })).toHaveCount(0)
  await expect(line.getByRole('button', { name: 'Take back …' })).toHaveCount(0) // it is the parent's to end
  await line.getByRole('button', { name: 'Look …' }).click()
  await expect(dialog(page)).toContainText('Deutsch')
  await expect(dialog(page)).toContainText('By the first mail')
  await expect(dialog(page)).toContainText('127.0.0.0/24')
})

test('parents of students who are no children are not asked, and a refusal says what to do', async ({ signIn }) => {
  test.setTimeout(120_000)
  const page = await signIn('owner')
  await addPupil(page, fresh('Pupil', 'ten'), '10')
  const panel = page.getByRole('region', { name: 'Consent of parents' })
  await expect(panel).toContainText('13 or older')
  await expect(panel.getByRole('button', { name: 'Ask a parent by mail …' })).toHaveCount(0)

  await addPupil(page, fresh('Pupil', 'four'))
  const refusals: [number, string, string][] = [
    [409, 'address_of_student', 'This address is that of a student. Give one that only the parent reads.'], [429, 'consent_mails_limited', 'Ask again tomorrow.'],
    [409, 'notice_required', 'Publish one under Notice to parents, then ask.'], [409, 'consent_not_needed', 'no consent is needed'],
  ]
  let refusal = refusals[0]!
  await page.route('**/people/*/consent-requests', r => r.fulfill({
    status: refusal[0], contentType: 'application/problem+json', json: { type: 'about:blank', title: 'Refused', status: refusal[0], code: refusal[1], detail: 'As the API says it.' },
  }))
  await page.getByRole('button', { name: 'Ask a parent by mail …' }).click()
  await dialog(page).getByLabel(/^Mail address of the parent/).fill('parent@home.example')
  for (refusal of refusals) {
    await dialog(page).getByRole('button', { name: 'Ask', exact: true }).click()
    await expect(dialog(page).getByRole('alert')).toContainText(refusal[2])
    await expect(dialog(page).getByRole('alert')).toContainText('As the API says it.')
  }
})

test('an administrator changes how long a parent has to answer', async ({ signIn }) => {
  const page = await signIn('admin')
  let sent: unknown
  // The times are the school's: another test of the same school reads them.
  await page.route('**/consent/terms', r => {
    if (r.request().method() !== 'PUT') return r.fallback()
    sent = r.request().postDataJSON()
    return r.fulfill({ json: sent as object })
  })
  await administer(page, 'Organization', 'Requests for consent')
  await page.getByRole('button', { name: 'Change the times …' }).click()
  await expect(dialog(page).getByLabel('Days for which a parent can answer')).toHaveValue('14')
  await dialog(page).getByLabel('Days for which a parent can answer').fill('21')
  await dialog(page).getByLabel('Hours from a yes to the second mail').fill('48')
  await dialog(page).getByRole('button', { name: 'Save', exact: true }).click()
  await expect(dialog(page)).toHaveCount(0)
  expect(sent).toEqual({ consent_days: 21, confirm_hours: 48 })
})
