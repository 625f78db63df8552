import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { desk, expect, go, goTo, quiet, take, test, upload } from './take.ts'

/** A folder of the disk, as a teacher has it. */
function lessons(): string {
  const at = join(mkdtempSync(join(tmpdir(), 'pictures-')), 'Lessons on plants')
  mkdirSync(at)
  for (const [name, text] of [['1 Leaves.txt', 'Leaves make sugar of light.\n'], ['2 Roots.txt', 'Roots bring water and minerals.\n'], ['3 Questions.txt', 'What does a leaf need to make sugar?\n']] as const) writeFileSync(join(at, name), text)
  return at
}

test('a teacher sends a folder, finds a file, shares it with a class, and takes a deletion back', async ({ signIn, browser, baseURL }) => {
  test.setTimeout(240_000)
  const page = await signIn('teacher', desk)
  await page.getByTestId('folder').first().setInputFiles(lessons())
  for (const name of ['1 Leaves', '2 Roots', '3 Questions']) await expect(upload(page, name)).toHaveAttribute('data-phase', 'published', { timeout: 45_000 })
  await take(page, 'teacher-sent')
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await expect(page.getByRole('region', { name: 'Files that are being sent' })).toBeHidden()
  await expect(page.getByRole('row', { name: /Lessons on plants/ })).toBeVisible()
  await take(page, 'teacher-files')

  await expect(async () => { // the text of a new file is read some seconds after the file is there, and a search is not repeated by itself
    await go(page, 'My files')
    await page.getByRole('searchbox', { name: 'Search files' }).fill('sugar')
    await page.keyboard.press('Enter')
    await expect(page.locator('.result')).toHaveCount(3, { timeout: 4000 })
  }).toPass({ timeout: 90_000 })
  await take(page, 'teacher-search')

  await go(page, 'My files')
  await goTo(page, 'Timetable.csv')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toContainText('Biology')
  await take(page, 'teacher-details')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)

  const dialog = page.getByRole('dialog').last()
  const share = async (name: string) => {
    await goTo(page, name)
    await page.keyboard.press('Shift+F10')
    await page.getByRole('menuitem', { name: 'Share …' }).click()
    await expect(dialog).toContainText('With whom')
  }
  await share('Leaves and roots.txt')
  await dialog.getByRole('radio', { name: 'Classes' }).check()
  await dialog.getByRole('checkbox', { name: 'Class 7b' }).check()
  await take(page, 'teacher-share')
  await dialog.getByRole('button', { name: 'Share', exact: true }).click()
  await expect(dialog.locator('.share')).toContainText('Class 7b')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await quiet(page)
  await share('Excursion to the lake.txt')
  await dialog.getByRole('radio', { name: 'People outside, by mail' }).check()
  await dialog.getByLabel('Mail address').fill('museum@example.org')
  await dialog.getByLabel(/^Name/).fill('The museum')
  await take(page, 'teacher-share-mail')
  await dialog.getByRole('radio', { name: 'Anyone who has the link' }).check()
  await dialog.getByRole('button', { name: 'Make the link' }).click()
  const url = await dialog.getByRole('textbox', { name: 'Link' }).inputValue()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  const context = await browser.newContext({ baseURL: baseURL!, locale: 'en-GB', timezoneId: 'UTC', viewport: { width: 700, height: 480 } })
  const visitor = await context.newPage()
  await visitor.goto(url)
  await expect(visitor.getByText('Excursion to the lake.txt').first()).toBeVisible()
  await take(visitor, 'teacher-visitor')
  await context.close()

  await quiet(page)
  await goTo(page, 'Timetable.csv')
  await page.keyboard.press('Delete')
  await expect(page.getByRole('button', { name: 'Undo' })).toBeVisible()
  await expect(page.getByRole('row', { name: /Timetable/ })).toHaveCount(0)
  await take(page, 'teacher-undo')
  await go(page, 'Bin')
  await expect(page.getByRole('row', { name: /Timetable/ })).toBeVisible()
  await take(page, 'teacher-bin')
})

test('the class of a teacher, and what else they have', async ({ signIn }) => {
  test.setTimeout(120_000)
  const page = await signIn('teacher', desk)
  await go(page, 'Spaces')
  await page.getByRole('link', { name: 'Class 7b' }).click()
  await expect(page.getByRole('grid')).toContainText('Essay 1')
  await take(page, 'teacher-class')
  await page.getByText('Essay 1').click()
  await page.getByRole('link', { name: 'See who has handed in' }).click()
  await expect(page.getByRole('row').nth(1)).toBeVisible()
  await take(page, 'teacher-hand-ins')
  await go(page, 'Reports')
  await page.getByRole('table').getByRole('link').first().click()
  await expect(page.getByRole('table').first()).toContainText('Essay 1', { timeout: 45_000 })
  await take(page, 'teacher-report')
  await go(page, 'Notifications')
  await take(page, 'teacher-notifications')
})
