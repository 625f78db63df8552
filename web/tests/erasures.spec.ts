import type { Page } from '@playwright/test'

import { expect, fresh, goTo, send, tabTo, test, textFile, whatAxeFinds } from './fixtures.ts'

const dialog = (page: Page) => page.getByRole('dialog')

/** Opens a page of the administration by its group of the navigation. */
async function administer(page: Page, group: string, name: string) {
  const nav = page.getByRole('navigation')
  await nav.getByRole('link', { name: 'Administration', exact: true }).click()
  const button = nav.getByRole('button', { name: group })
  if (await button.getAttribute('aria-expanded') !== 'true') await button.click()
  await nav.getByRole('link', { name, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}

test('an owner has a file erased by the keyboard, sees what would stop it, and keeps the certificate', async ({ signIn }) => {
  test.setTimeout(240_000)
  const page = await signIn('owner', { bypassCSP: true })
  const name = fresh('report', 'txt')
  await page.getByRole('navigation').getByRole('link', { name: 'My files', exact: true }).click()
  await send(page, [textFile(name)])
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await goTo(page, name)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/file=/)
  const file = new URL(page.url()).searchParams.get('file')!
  await expect(dialog(page)).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(dialog(page)).toHaveCount(0)

  await administer(page, 'Files and limits', 'Erasures')
  const hold = { id: file, kind: 'legal', scope: 'file', target_id: file, query: null, reason: 'Letter of a lawyer', state: 'active', placed_by: file, placed_at: new Date().toISOString(), release: null }
  await page.route('**/holds?*', r => r.fulfill({ json: { items: [hold] } }))
  const begin = async () => {
    await tabTo(page, page.getByRole('button', { name: 'Have something erased …' }), 'Shift+Tab')
    await page.keyboard.press('Enter')
    await tabTo(page, dialog(page).getByLabel(/^File/))
    await page.keyboard.type(file)
    await tabTo(page, dialog(page).getByRole('button', { name: 'Go on' }))
    await page.keyboard.press('Enter')
    await expect(dialog(page).getByRole('button', { name: 'Erase for good' })).toBeVisible()
  }
  await begin()
  await expect(dialog(page)).toContainText('A hold covers it.')
  await expect(dialog(page)).toContainText('Letter of a lawyer')
  expect(await whatAxeFinds(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'Have something erased …' })).toBeFocused()
  await page.unroute('**/holds?*')

  await begin()
  const go = dialog(page).getByRole('button', { name: 'Erase for good' })
  await expect(go).toHaveAttribute('aria-disabled', 'true')
  await tabTo(page, dialog(page).getByLabel(`Type ${name} to go on`))
  await page.keyboard.type(name)
  await tabTo(page, go)
  await page.keyboard.press('Enter')
  await expect(dialog(page)).toHaveCount(0)
  const line = page.getByRole('row').filter({ has: page.locator(`code[title="${file}"]`) })
  await expect(line).toContainText('A parent asks for it')
  await expect(line.getByRole('button', { name: 'Certificate' })).toBeVisible({ timeout: 120_000 })
  await line.getByRole('button', { name: 'Certificate' }).click()
  await expect(dialog(page)).toContainText('satchel certificate verify')
  await expect(dialog(page).getByRole('list', { name: 'Steps' })).toContainText('The certificate is signed: ✓ done')
  expect(await whatAxeFinds(page)).toEqual([])
  for (const kind of ['PDF', 'JSON']) {
    const saved = page.waitForEvent('download')
    await dialog(page).getByRole('button', { name: `Save as ${kind}` }).click()
    expect((await saved).suggestedFilename()).toMatch(new RegExp(`^certificate-.*\\.${kind.toLowerCase()}$`))
  }
})

test('directory information is designated, a parent refuses it and takes it back, and officers see who did', async ({ signIn }) => {
  test.setTimeout(180_000)
  const admin = await signIn('admin')
  await administer(admin, 'Files and limits', 'Directory information')
  await admin.getByRole('button', { name: /^(Say what it is|Change) …$/ }).click()
  await dialog(admin).getByRole('checkbox', { name: 'Photograph' }).check()
  await dialog(admin).getByLabel('Day of the public notice').fill('2026-09-01')
  await dialog(admin).getByLabel('Last day to refuse').fill('2026-09-01')
  await dialog(admin).getByRole('button', { name: 'Save' }).click()
  await expect(dialog(admin).getByRole('alert')).toContainText('parents need time')
  await dialog(admin).getByLabel('Last day to refuse').fill('2099-09-30')
  await dialog(admin).getByRole('button', { name: 'Save' }).click()
  await expect(admin.getByRole('main')).toContainText('It may be refused: nothing leaves yet')

  const parent = await signIn('parent')
  await parent.getByRole('navigation').getByRole('link', { name: 'My children', exact: true }).click()
  await expect(parent.getByRole('main')).toContainText('30 September 2099')
  const refused = parent.getByRole('checkbox', { name: /^Tell no one outside the school/ })
  if (await refused.isChecked()) await refused.click() // it changes with the answer
  await expect(refused).not.toBeChecked()
  await tabTo(parent, refused)
  await parent.keyboard.press('Space')
  await expect(refused).toBeChecked()
  await expect(parent.getByRole('main')).toContainText('Directory information is refused')
  await admin.reload()
  const who = admin.getByRole('table', { name: 'Who refused it' })
  await expect(who.getByRole('row')).toHaveCount(2)
  await refused.click()
  await expect(parent.getByRole('main')).toContainText('Directory information is not refused')

  // A copy is asked for from the same place, and taken back: until then it would hold the records of the student.
  await parent.getByRole('button', { name: 'Ask for a copy …' }).click()
  await dialog(parent).getByLabel('What you want to see').fill('Everything of this year')
  await dialog(parent).getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(dialog(parent)).toHaveCount(0)
  await parent.getByRole('main').getByRole('link', { name: 'Requests to see records' }).click()
  await parent.getByRole('button', { name: 'Take back …' }).click()
  await dialog(parent).getByRole('button', { name: 'Save' }).click()
  await expect(parent.getByText('No request is open.')).toBeVisible()

  // So is a deletion. The school refuses it with a reason, which the parent reads.
  await parent.getByRole('navigation').getByRole('link', { name: 'My children', exact: true }).click()
  await parent.getByRole('button', { name: 'Have data deleted …' }).click()
  await dialog(parent).getByLabel('What shall go').fill('All pictures')
  await dialog(parent).getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(dialog(parent)).toHaveCount(0)
  await administer(admin, 'Files and limits', 'Requests to delete data')
  await admin.getByRole('row').filter({ hasText: 'All pictures' }).getByRole('button', { name: 'Refuse …' }).click()
  await dialog(admin).getByLabel('Reason').fill('Grades are kept for five years')
  await dialog(admin).getByRole('button', { name: 'Save' }).click()
  await expect(dialog(admin)).toHaveCount(0)
  await parent.getByRole('main').getByRole('link', { name: 'Requests to delete data' }).click()
  await parent.getByRole('checkbox', { name: 'Show those that are over' }).check()
  await expect(parent.getByRole('row').filter({ hasText: 'All pictures' })).toContainText('Grades are kept for five years')
})

test('an auditor narrows the data inventory and saves it', async ({ signIn }) => {
  const page = await signIn('auditor')
  await administer(page, 'Organization', 'Data inventory')
  const tables = page.getByRole('table', { name: 'Tables', exact: true })
  await expect(tables).toContainText('guardianships')
  await page.getByLabel('Category').selectOption({ label: 'How people are reached' })
  await expect(tables.getByText('guardianships', { exact: true })).toHaveCount(0)
  await page.getByLabel('Category').selectOption({ label: 'Everything' })
  await page.getByRole('search', { name: 'A word in it' }).getByRole('searchbox').fill('guardianships')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/q=guardianships/)
  await expect(page.getByRole('status').filter({ hasText: /^Tables: \d+ of \d+$/ })).toBeVisible()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as JSON' }).click()
  expect((await saved).suggestedFilename()).toBe('data-inventory.json')
})

test('an officer decides nothing about their own child', async ({ signIn }) => {
  const page = await signIn('owner')
  const [own, other] = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002']
  const asked = (student: string) => ({
    id: student, file_id: student, student_id: student, requester_id: other, what: `Of ${student}`, state: 'requested', since: new Date().toISOString(), due_at: null, overdue: false, requested_at: new Date().toISOString(),
    reason: '', hearing_at: null, hearing_place: '', hearing_officer: '', decision: '', statement: '', ended_by: null, ended_at: null,
  })
  await page.route('**/api/v1/me/students', r => r.fulfill({ json: { items: [{ student_id: own, display_name: 'Ada', self: false, rights: true, opted_out: false }] } }))
  await page.route('**/amendments?*', r => r.fulfill({ json: { items: [asked(own), asked(other)] } }))
  await page.reload()
  await administer(page, 'Files and limits', 'Requests to change records')
  const line = (student: string) => page.getByRole('row').filter({ hasText: `Of ${student}` })
  await expect(line(other).getByRole('button', { name: 'Look through' })).toBeVisible()
  await expect(line(own)).toContainText('another owner or administrator decides')
  await expect(line(own)).toContainText('Ada')
  await expect(line(own).getByRole('button')).toHaveCount(0)
  await expect(page.getByRole('navigation').getByRole('link', { name: 'My children', exact: true })).toBeVisible()
})
