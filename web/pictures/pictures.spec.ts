import { type Page, expect } from '@playwright/test'

import { goTo, send, test, textFile } from '../tests/fixtures.ts'

// Writes the pictures of the guides in docs/pictures from the demonstration's data: `make pictures`, with `make run` beside it.
const take = async (page: Page, name: string) => {
  await page.evaluate(() => document.fonts.ready)
  await expect(page.getByText('Loading …')).toHaveCount(0)
  await page.screenshot({ path: `../docs/pictures/${name}.png`, animations: 'disabled', caret: 'hide' })
}
const desk = { viewport: { width: 1100, height: 720 }, reducedMotion: 'reduce' } as const
const phone = { viewport: { width: 390, height: 760 }, reducedMotion: 'reduce' } as const

test('a teacher', async ({ signIn }) => {
  const page = await signIn('teacher', desk)
  await send(page, [textFile('Leaves and roots.txt', 'Leaves make sugar of light.\nRoots bring water.'), { name: 'Timetable.csv', mimeType: 'text/csv', buffer: Buffer.from('Day,First,Second\nMonday,Biology,Music\nTuesday,Art,Maths\n') }])
  await take(page, 'teacher-sent')
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await take(page, 'teacher-files')
  await goTo(page, 'Timetable.csv')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toContainText('Biology')
  await take(page, 'teacher-details')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await goTo(page, 'Leaves and roots.txt')
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Share …' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await take(page, 'teacher-share')
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Spaces', exact: true }).click()
  await page.getByRole('link', { name: 'Class 7b' }).click()
  await take(page, 'teacher-class')
  await page.getByText('Essay 1').click()
  await page.getByRole('link', { name: 'See who has handed in' }).click()
  await expect(page.getByRole('row').nth(1)).toBeVisible()
  await take(page, 'teacher-hand-ins')
})

test('a student', async ({ signIn }) => {
  const page = await signIn('student', phone)
  await take(page, 'student-send')
})

test('a parent', async ({ signIn }) => {
  const page = await signIn('parent', phone)
  await expect(page.getByRole('heading', { level: 1, name: 'Files' })).toBeVisible()
  await take(page, 'parent-files')
})

test('an administrator', async ({ signIn }) => {
  const page = await signIn('admin', desk)
  await page.getByRole('navigation').getByRole('link', { name: 'Administration', exact: true }).click()
  await take(page, 'administrator-start')
  for (const [name, picture] of [['People', 'people'], ['Rosters', 'rosters'], ['Usage', 'usage']] as const) {
    await page.getByRole('navigation').getByRole('link', { name: 'Administration', exact: true }).click()
    await page.getByRole('main').getByRole('link', { name: new RegExp('^' + name) }).click()
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
    if (picture === 'people') {
      await page.getByLabel('State').selectOption({ label: 'Active' })
      await expect(page.getByRole('row').nth(1)).toContainText('Active')
    }
    await take(page, 'administrator-' + picture)
  }
})

test('an operator', async ({ signIn }) => {
  const page = await signIn('operator', desk)
  await take(page, 'operator-organizations')
  await page.getByRole('navigation').getByRole('link', { name: 'System', exact: true }).click()
  await take(page, 'operator-system')
})
