import { expect, fresh, goTo, row, send, test, textFile, upload, whatAxeFinds } from './fixtures.ts'

test('a teacher sends a folder, finds, renames, deletes and gets it back, and puts it into a class', async ({ signIn }) => {
  const page = await signIn('teacher')
  await expect(page.getByRole('heading', { level: 1, name: 'My files' })).toBeVisible()
  const name = fresh('leaves', 'txt')
  const other = fresh('roots', 'txt')
  await send(page, [textFile(name), textFile(other)])
  await expect(page.getByTestId('announcements')).toHaveText('All files are done.')

  // Rename by the keyboard, and the focus comes back to the row.
  await goTo(page, name)
  await expect(row(page, name)).toContainText('Ready')
  await page.keyboard.press('F2')
  await page.getByRole('textbox', { name: 'Name' }).fill(name.replace('leaves', 'petals'))
  await page.keyboard.press('Enter')
  await goTo(page, name.replace('leaves', 'petals'))

  // Delete, and undo.
  await goTo(page, other)
  await page.keyboard.press('Delete')
  await expect(row(page, other)).toHaveCount(0)
  await page.getByRole('button', { name: 'Undo' }).click()
  await goTo(page, other)

  // Move by the dialog, the twin of dragging.
  await goTo(page, other)
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Move to' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Class 7b' }).click()
  await page.getByRole('button', { name: 'Move here' }).click()
  await expect(row(page, other)).toHaveCount(0)
  await page.getByRole('link', { name: 'Spaces', exact: true }).click()
  await page.getByRole('link', { name: 'Class 7b' }).click()

  // Details open by an address, and the back button closes them.
  await goTo(page, other)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toContainText('A text of the test')
  await page.goBack()
  await expect(page.getByRole('dialog')).toHaveCount(0)

  await page.getByRole('searchbox').fill(name.replace('leaves', 'petals').slice(0, -4))
  await page.keyboard.press('Enter')
  await expect(page.locator('.results')).toContainText(name.replace('leaves', 'petals'))
})

test('a student hands in, and the teacher sees it and returns it', async ({ signIn }) => {
  const page = await signIn('student')
  await expect(page.getByRole('heading', { level: 1, name: 'Send' })).toBeVisible()
  const task = page.getByRole('article', { name: 'Essay 1' })
  const back = task.getByRole('button', { name: 'Take back' })
  if (await back.isVisible()) await back.click()
  const name = fresh('my essay', 'txt')
  await task.getByTestId('files').setInputFiles([textFile(name)])
  await expect(upload(page, name)).toHaveAttribute('data-phase', 'published', { timeout: 45_000 })
  await task.getByRole('button', { name: 'Hand in' }).click()
  await expect(task).toContainText('You handed it in')
  await expect(page.getByRole('main')).not.toContainText(/[0-9a-f]{8}-[0-9a-f]{4}|text\/plain/)

  const teacher = await signIn('teacher')
  await teacher.getByRole('link', { name: 'Spaces', exact: true }).click()
  await teacher.getByRole('link', { name: 'Class 7b' }).click()
  await teacher.getByText('Essay 1').click()
  await teacher.getByRole('link', { name: 'See who has handed in' }).click()
  const line = teacher.getByRole('row').filter({ hasText: name })
  await expect(line).toContainText(/Handed in|Late/)
  await line.getByRole('button', { name: /^Return/ }).click()
  await teacher.getByRole('textbox').last().fill('Tell more about its roots.')
  await teacher.getByRole('button', { name: 'Return', exact: true }).click()
  await expect(line).toContainText('Returned')

  const parent = await signIn('parent')
  await expect(row(parent, name)).toBeVisible()
})

test('a teacher makes a hand-in, changes its times, and its students find it; one outside of a class is a folder alone', async ({ signIn }) => {
  const page = await signIn('teacher')
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'New folder' }).click()
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toBeFocused()
  await expect(dialog.getByLabel('What it is for')).toHaveCount(0)
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Spaces', exact: true }).click()
  await page.getByRole('link', { name: 'Class 7b' }).click()

  const name = fresh('Poem', 'x').slice(0, -2)
  await page.getByRole('button', { name: 'New folder' }).click()
  await dialog.getByRole('textbox', { name: 'Name' }).fill(name)
  await dialog.getByLabel('What it is for').selectOption('Hand-in')
  await expect(dialog).toContainText('sees no others')
  expect(await whatAxeFinds(page)).toEqual([])
  await dialog.getByLabel('Task (optional)').fill('Eight lines about a tree.')
  await dialog.getByLabel('Due (optional)').fill('2099-05-04T08:30')
  await dialog.getByLabel('Kinds of files (optional)').fill('.PDF, txt')
  await dialog.getByLabel('What it is for').selectOption('Hand-out')
  await expect(dialog.getByLabel('Due (optional)')).toBeHidden()
  await dialog.getByLabel('What it is for').selectOption('Hand-in')
  await expect(dialog.getByLabel('Due (optional)')).toHaveValue('2099-05-04T08:30')
  await dialog.getByRole('button', { name: 'Make the folder' }).click()
  await expect(dialog).toHaveCount(0)

  await goTo(page, name)
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Task and times' }).click()
  await expect(dialog.getByLabel('Due (optional)')).toHaveValue('2099-05-04T08:30')
  await expect(dialog.getByLabel('Kinds of files (optional)')).toHaveValue('pdf txt')
  await dialog.getByLabel('Taken until (optional)').fill('2099-05-01T08:30')
  await dialog.getByLabel('Due (optional)').fill('')
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(dialog).toHaveCount(0)

  const student = await signIn('student')
  const task = student.getByRole('article', { name })
  await expect(task).toContainText('Eight lines about a tree.')
  await expect(task.getByTestId('files')).toHaveCount(1)
})

test('a parent reads and changes nothing', async ({ signIn }) => {
  const page = await signIn('parent')
  await expect(page.getByRole('heading', { level: 1, name: 'Files' })).toBeVisible()
  await expect(page.getByRole('button', { name: /Send files|New folder|Delete/ })).toHaveCount(0)
  await expect(page.getByRole('link', { name: 'Bin' })).toHaveCount(0)
})

test('an administrator and an owner reach the spaces of the school', async ({ signIn }) => {
  for (const role of ['admin', 'owner'] as const) {
    const page = await signIn(role)
    await page.getByRole('link', { name: 'Spaces', exact: true }).click()
    await expect(page.getByRole('heading', { name: 'Classes' })).toBeVisible()
    await page.getByRole('link', { name: 'Class 7b' }).click()
    await expect(page.getByRole('grid')).toContainText('Essay 1')
  }
})

test('an auditor and an operator see no files', async ({ signIn }) => {
  for (const role of ['auditor', 'operator'] as const) {
    const page = await signIn(role)
    await expect(page.getByRole('heading', { level: 1, name: role === 'auditor' ? 'Audit log' : 'Organizations' })).toBeVisible()
    await expect(page.getByRole('searchbox', { name: 'Search files' })).toHaveCount(0)
    await expect(page.getByRole('link', { name: 'Recent' })).toHaveCount(0)
  }
})
