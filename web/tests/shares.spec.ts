import { readFileSync } from 'node:fs'

import type { Page } from '@playwright/test'

import { expect, fresh, goTo, row, send, tabTo, test, textFile } from './fixtures.ts'

const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
interface Axe { run(root: Document, options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> }

/** Opens the share dialog of a row by its menu. */
async function share(page: Page, name: string) {
  await goTo(page, name)
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Share …' }).click()
  await expect(page.getByRole('dialog', { name: `Share ${name}` })).toContainText('With whom')
}
const dialog = (page: Page) => page.getByRole('dialog').last()
const toClass = async (page: Page) => {
  await page.getByRole('link', { name: /^(Spaces|Classes)$/ }).click()
  await page.getByRole('link', { name: 'Class 7b' }).click()
  await page.getByRole('heading', { level: 1, name: 'Class 7b' }).waitFor()
}

test('by the keyboard alone a teacher uploads, finds, shares with a class, and undoes a deletion', async ({ signIn }) => {
  const page = await signIn('teacher')
  const name = fresh('keys', 'txt')
  await tabTo(page, page.getByRole('button', { name: 'Send files' }).first())
  const choosing = page.waitForEvent('filechooser')
  await page.keyboard.press('Enter')
  await (await choosing).setFiles([textFile(name)])
  await expect(page.locator('.upload', { hasText: name })).toHaveAttribute('data-phase', 'published', { timeout: 45_000 })

  await tabTo(page, page.getByRole('searchbox'), 'Shift+Tab')
  await page.keyboard.type(name.slice(0, -4))
  await page.keyboard.press('Enter')
  await tabTo(page, page.locator('.result', { hasText: name }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toContainText('A text of the test')

  await tabTo(page, page.getByRole('button', { name: 'Share …' }))
  await page.keyboard.press('Enter')
  await tabTo(page, dialog(page).getByRole('radio', { name: 'People of the school' }), 'Shift+Tab')
  await page.keyboard.press('ArrowDown')
  await expect(dialog(page).getByRole('radio', { name: 'Classes' })).toBeChecked()
  await tabTo(page, dialog(page).getByRole('checkbox', { name: 'Class 7b' }))
  await page.keyboard.press('Space')
  await tabTo(page, dialog(page).getByRole('button', { name: 'Share', exact: true }))
  await page.keyboard.press('Enter')
  await expect(dialog(page).locator('.share')).toContainText('Class 7b')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)

  await tabTo(page, page.getByRole('link', { name: 'My files' }), 'Shift+Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'My files' }).waitFor()
  await tabTo(page, page.locator('[role=row][tabindex="0"]'))
  await expect(async () => {
    await page.keyboard.type(name)
    await expect(page.locator('[role=row]:focus')).toContainText(name, { timeout: 1500 })
  }).toPass()
  await page.keyboard.press('Delete')
  await expect(row(page, name)).toHaveCount(0)
  await tabTo(page, page.getByRole('button', { name: 'Undo' }))
  await page.keyboard.press('Enter')
  await expect(row(page, name)).toHaveCount(1)
})

test('what is shared with a class is in its space, and not any more once the share has ended', async ({ signIn }) => {
  const page = await signIn('teacher')
  const name = fresh('handed', 'txt')
  await send(page, [textFile(name)])
  await share(page, name)
  await dialog(page).getByRole('radio', { name: 'Classes' }).check()
  await dialog(page).getByRole('button', { name: 'Share', exact: true }).click()
  await expect(dialog(page).getByRole('alert')).toContainText('Choose a class')
  await dialog(page).getByRole('checkbox', { name: 'Class 7b' }).check()
  await dialog(page).getByLabel('Until').selectOption('7')
  await dialog(page).getByRole('button', { name: 'Share', exact: true }).click()
  await expect(dialog(page).locator('.share')).toContainText('Class 7b')
  await expect(dialog(page).locator('.share')).toContainText('until')
  await page.keyboard.press('Escape')

  const student = await signIn('student')
  await toClass(student)
  await expect(row(student, name)).toContainText('shared here')
  await row(student, name).getByText(name).click()
  await expect(student.getByRole('dialog')).toContainText('A text of the test')
  await student.keyboard.press('Escape')

  await page.getByRole('link', { name: 'Shared with me' }).click()
  await page.getByRole('link', { name: 'By me' }).click()
  const card = page.locator('.share', { hasText: name })
  await card.getByRole('button', { name: 'Change the end …' }).click()
  await dialog(page).getByLabel('Until').selectOption('90')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await expect(page.locator('.toast', { hasText: 'It is shared until' })).toBeVisible()
  await card.getByRole('button', { name: 'End it …' }).click()
  await dialog(page).getByRole('button', { name: 'End the share' }).click()
  await expect(card).toContainText('Ended by a person')

  await student.getByRole('link', { name: 'My files', exact: true }).click()
  await toClass(student)
  await expect(student.getByRole('grid')).toContainText('Essay 1')
  await expect(async () => {
    await student.reload()
    await expect(student.getByRole('grid')).not.toContainText(name, { timeout: 3000 })
  }).toPass()
})

test('a link has a password and a limit, is copied, and a visitor opens it; a quick one ends by itself', async ({ signIn, browser, baseURL }) => {
  const page = await signIn('teacher', { permissions: ['clipboard-read', 'clipboard-write'] })
  const name = fresh('poster', 'txt')
  await send(page, [textFile(name)])
  await share(page, name)
  await dialog(page).getByRole('radio', { name: 'Anyone who has the link' }).check()
  await dialog(page).getByLabel(/^Password/).fill('short')
  await dialog(page).getByRole('button', { name: 'Make the link' }).click()
  await expect(dialog(page).getByRole('alert')).toContainText('8 characters')
  await dialog(page).getByLabel(/^Password/).fill('green leaves')
  await dialog(page).getByLabel(/^Downloads/).fill('3')
  await dialog(page).getByRole('button', { name: 'Make the link' }).click()
  const url = await dialog(page).getByRole('textbox', { name: 'Link' }).inputValue()
  await dialog(page).getByRole('button', { name: 'Copy link' }).click()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(url)
  await expect(dialog(page).locator('.share')).toContainText('0 of 3 downloads')
  await expect(dialog(page).locator('.share')).toContainText('with a password')
  await page.keyboard.press('Escape')

  const context = await browser.newContext({ baseURL: baseURL! })
  const visitor = await context.newPage()
  await visitor.goto(url)
  await visitor.locator('input[type=password]').fill('green leaves')
  await visitor.locator('input[type=password]').press('Enter')
  await expect(visitor.getByText(name).first()).toBeVisible()

  await goTo(page, name)
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Copy a link for 15 minutes' }).click()
  await expect(page.locator('.toast', { hasText: 'It works for 15 minutes' })).toBeVisible()
  await visitor.goto(await page.evaluate(() => navigator.clipboard.readText()))
  await expect(visitor.getByText(name).first()).toBeVisible()
  await context.close()
})

test('what the school forbids is not offered, or says why', async ({ signIn }) => {
  const page = await signIn('student')
  await page.getByRole('link', { name: 'My files', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'My files' }).waitFor() // the page before has inputs for files too
  const name = fresh('own', 'txt')
  await send(page, [textFile(name)])
  await share(page, name)
  await expect(dialog(page).getByRole('radio', { name: 'Anyone who has the link' })).toBeDisabled()
  await expect(dialog(page)).toContainText('Your teacher can share it with people outside')

  // The owner closes it for a while: a dialog that is open learns it from the answer, one that opens later from the rules.
  const owner = await signIn('owner')
  const org = owner.url().split('/o/')[1]!.split('/')[0]!
  const asked = owner.waitForRequest(r => r.url().includes('/api/') && Boolean(r.headers().authorization))
  await owner.getByRole('link', { name: 'Recent', exact: true }).click()
  const headers = { Authorization: (await asked).headers().authorization!, 'X-Organization-ID': org }
  const rule = async (share_outside: boolean) => expect((await owner.request.patch(`/api/v1/organizations/${org}/policies`, { headers, data: { share_outside } })).status()).toBe(200)
  const teacher = await signIn('teacher')
  const poster = fresh('poster', 'txt')
  await send(teacher, [textFile(poster)])
  await share(teacher, poster)
  await dialog(teacher).getByRole('radio', { name: 'Anyone who has the link' }).check()
  await rule(false)
  try {
    await dialog(teacher).getByRole('button', { name: 'Make the link' }).click()
    await expect(dialog(teacher).getByRole('alert')).toContainText('Your school does not share with people outside')
    const late = await signIn('teacher')
    await share(late, poster)
    await expect(dialog(late)).toContainText('Your school does not share with people outside')
    for (const page of [teacher, late]) {
      await expect(dialog(page).getByRole('radio', { name: 'Anyone who has the link' })).toBeDisabled()
      await expect(dialog(page).getByRole('radio', { name: 'Classes' })).toBeEnabled()
    }
  } finally { await rule(true) }
})

test('pictures are worked by the keyboard, and what is chosen is saved as a zip', async ({ signIn }) => {
  const page = await signIn('teacher')
  const stem = fresh('wall', 'txt').slice(0, -4)
  const names = [`${stem} a.txt`, `${stem} b.txt`]
  for (const n of names) await send(page, [textFile(n)]) // one after the other: the first is older, so it has the second at its left
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await page.getByRole('button', { name: 'Pictures' }).click()
  await expect(page).toHaveURL(/view=pictures/)
  await page.getByLabel('Order').selectOption('-created_at')
  const focused = page.locator('[role=gridcell]:focus')
  await expect(async () => {
    await page.locator('[role=gridcell][tabindex="0"]').focus()
    await page.keyboard.type(names[0]!)
    await expect(focused).toContainText(names[0]!, { timeout: 1500 })
  }).toPass()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowRight')
  await expect(focused).toContainText(names[0]!)
  await page.keyboard.press('Shift+ArrowLeft')
  await expect(page.getByRole('toolbar')).toContainText('2 selected')

  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download as a zip' }).click()
  expect((await saved).suggestedFilename()).toMatch(/\.zip$/)
  expect(readFileSync(await (await saved).path()).subarray(0, 4).toString('latin1')).toBe('PK\x03\x04')
})

test('files get tags, and a list is narrowed by the address', async ({ signIn }) => {
  const page = await signIn('teacher')
  const stem = fresh('tag', 'txt').slice(0, -4)
  const names = [`${stem} a.txt`, `${stem} b.txt`]
  await send(page, names.map(n => textFile(n)))
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await page.getByLabel('Order').selectOption('-created_at')
  for (const n of names) await row(page, n).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Tags …' }).click()
  await dialog(page).getByRole('textbox').fill(`Excursion ${stem}`)
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await page.getByText('Filter', { exact: true }).click()
  await page.getByRole('combobox', { name: 'Tag', exact: true }).selectOption(`Excursion ${stem}`)
  await expect(page.getByText('2 files fit the filter.')).toBeVisible()
  await expect(page).toHaveURL(/tag=/)
  await page.getByRole('combobox', { name: 'Kind', exact: true }).selectOption('film')
  await expect(page.getByText('Nothing here fits the filter.')).toBeVisible()
  await page.goBack()
  await expect(page.getByText('2 files fit the filter.')).toBeVisible()
  await page.getByRole('button', { name: 'Show everything' }).click()
  await expect(page.getByText('2 files fit the filter.')).toHaveCount(0)
})

test('files are moved by the mouse onto a folder and onto the path, with a way back', async ({ signIn }) => {
  const page = await signIn('teacher')
  const name = fresh('drag', 'txt')
  const folder = `0 ${name.slice(0, -4)}`
  await send(page, [textFile(name)])
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await page.getByRole('button', { name: 'New folder' }).click()
  await dialog(page).getByRole('textbox', { name: 'Name' }).fill(folder)
  await page.keyboard.press('Enter')
  await page.getByLabel('Order').selectOption('-created_at')
  const file = page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })
  const place = page.getByRole('row').filter({ has: page.getByText(folder, { exact: true }) })
  await file.dragTo(place)
  await expect(file).toHaveCount(0)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(file).toHaveCount(1)
  await file.dragTo(place)
  await expect(file).toHaveCount(0)
  await place.getByText(folder).click()
  await page.getByRole('navigation', { name: 'Path' }).waitFor()
  await file.dragTo(page.getByRole('navigation', { name: 'Path' }).getByRole('link', { name: 'My files' }))
  await expect(file).toHaveCount(0)
})

test('a device that is left signs a student out, after a warning that any key takes back', async ({ signIn }) => {
  const page = await signIn('student')
  await page.clock.install()
  await page.clock.fastForward('28:30')
  await expect(page.getByRole('dialog', { name: 'Are you still there?' })).toBeVisible()
  await page.keyboard.press('Shift')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.clock.fastForward('28:30')
  await expect(page.getByRole('dialog', { name: 'Are you still there?' })).toBeVisible()
  await page.clock.fastForward('02:00')
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()

  const teacher = await signIn('teacher')
  await teacher.clock.install()
  await teacher.clock.fastForward('02:00:00')
  await teacher.getByRole('link', { name: 'Help' }).click()
  await expect(teacher.getByRole('heading', { level: 1, name: 'Help' })).toBeVisible()
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [width, dir] of [[1280, 'ltr'], [320, 'ltr'], [320, 'rtl'], [1280, 'rtl']] as const) {
    test(`axe finds nothing in the dialogs of a share: ${colorScheme}, ${width} px, ${dir}`, async ({ signIn }) => {
      const page = await signIn('teacher', { colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
      await page.evaluate(to => { document.documentElement.dir = to }, dir)
      const name = fresh('axe', 'txt')
      await send(page, [textFile(name)])
      const wrong: string[] = []
      const look = async (where: string) => {
        await page.evaluate(axe)
        const found = await page.evaluate(() => (window as unknown as { axe: Axe }).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
        wrong.push(...found.violations.map(v => `${where}: ${v.id}: ${v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | ')}`))
        if (await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.modal')].some(el => el.scrollWidth > el.clientWidth + 1))) wrong.push(`${where} is wider than it may be`)
      }
      await share(page, name)
      await look('people')
      for (const kind of ['Classes', 'Anyone who has the link', 'People outside, by mail']) {
        await dialog(page).getByRole('radio', { name: kind }).check()
        await look(kind)
      }
      await dialog(page).getByRole('radio', { name: 'Anyone who has the link' }).check()
      await dialog(page).getByRole('button', { name: 'Make the link' }).click()
      await dialog(page).getByRole('button', { name: 'Copy link' }).waitFor()
      await look('a link')
      await dialog(page).getByRole('button', { name: 'End it …' }).click()
      await look('the end of a share')
      expect(wrong).toEqual([])
    })
  }
}
