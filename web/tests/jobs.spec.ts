import type { Page } from '@playwright/test'

import { expect, fresh, goTo, row, send, tabTo, test, textFile, whatAxeFinds } from './fixtures.ts'

// Jobs, the desk of operators, and documents made from texts. One after the other: the second holds the queue that the third uses.
test.describe.configure({ mode: 'serial' })

const link = (page: Page, name: string) => page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name, exact: true })
const dialog = (page: Page) => page.getByRole('dialog')
const heading = (page: Page, name: string | RegExp) => expect(page.getByRole('heading', { level: 1, name })).toBeVisible()

test('a teacher finds the job of a change of files, and what happened to it, by the keyboard', async ({ signIn }) => {
  const page = await signIn('teacher')
  const name = fresh('for the bin', 'txt')
  await send(page, [textFile(name)])
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await goTo(page, name)
  await page.keyboard.press('Delete')
  await expect(row(page, name)).toHaveCount(0)
  await tabTo(page, link(page, 'Jobs'))
  await page.keyboard.press('Enter')
  await heading(page, 'Jobs')
  await expect(page.getByRole('main')).toContainText('work that runs in the background')
  const job = page.getByRole('table', { name: 'Jobs' }).getByRole('link', { name: 'Change many files' }).first()
  await tabTo(page, job)
  await page.keyboard.press('Enter')
  await heading(page, 'Change many files')
  await expect(page.getByRole('main').getByRole('status').first()).toContainText('done')
  await expect(page.getByRole('list').filter({ has: page.locator('time') }).last()).toContainText('done')
  await expect(page.getByRole('main')).not.toContainText(/workflow|Temporal/i)
})

test('an owner turns documents on, and a teacher makes one from a file, changes and approves it', async ({ signIn }) => {
  test.setTimeout(300_000)
  const owner = await signIn('owner')
  const turn = async (on: boolean) => {
    await link(owner, 'Administration').click()
    const group = owner.getByRole('navigation').getByRole('button', { name: 'Files and limits' })
    if (await group.getAttribute('aria-expanded') !== 'true') await group.click()
    await link(owner, 'Documents from texts').click()
    const box = owner.getByRole('checkbox', { name: 'Documents are made from texts' })
    await expect(owner.getByRole('checkbox', { name: /without a language model/ })).toBeChecked()
    if (await box.isChecked() !== on) {
      await box.click()
      await owner.getByRole('button', { name: 'Save', exact: true }).click()
      await expect(owner.getByText('The rules are saved.').last()).toBeVisible()
      await expect(box).toBeChecked({ checked: on })
    }
  }
  await turn(false)
  const page = await signIn('teacher', { bypassCSP: true })
  const name = fresh('plants', 'txt')
  await send(page, [textFile(name, [
    'Photosynthesis is the process by which green plants make sugar from light, water and carbon dioxide.', 'A leaf is the part of a plant in which most of this work is done.',
    'Chlorophyll is the green substance that takes up the light of the sun.', 'Roots are the parts of a plant that take up water and minerals from the soil.', 'The process was described by Jan Ingenhousz in 1779.',
    'Oxygen is a gas that plants give off while the sun shines on them.', 'A stem is the part of a plant that carries water from the roots to the leaves.',
  ].join('\n\n'))])
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await link(page, 'Make documents').click()
  await expect(page.getByRole('main')).toContainText('An owner of your organization can turn it on.')
  await turn(true)

  await link(page, 'My files').click()
  await goTo(page, name)
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Make a document …' }).click()
  await heading(page, 'Make a document')
  await expect(page.getByRole('main')).toContainText(name)
  expect(await whatAxeFinds(page)).toEqual([])
  await page.getByLabel('How many items').fill('5')
  await page.getByRole('button', { name: 'Go on' }).click()
  // The page asks again while the text of a new file is being read. What it says is compared, so that a failure shows why.
  await expect.poll(async () => (await page.getByRole('link', { name: 'See the job' }).isVisible()) || (await page.getByRole('alert').allTextContents()).join(' ') || (await page.getByRole('main').getByRole('status').allTextContents()).join(' '), { timeout: 150_000 }).toBe(true)
  await expect(page.getByText('waits for your decision')).toBeVisible({ timeout: 45_000 })
  await page.evaluate(() => scrollTo(0, 0))
  expect(await whatAxeFinds(page)).toEqual([])

  const title = fresh('Plants at work', 'quiz').slice(0, -5)
  await page.getByLabel('Title').fill(title)
  await expect(page.getByRole('button', { name: 'Approve …' })).toBeDisabled()
  await page.getByRole('button', { name: 'Leave it out: Question 1' }).click()
  await page.getByRole('button', { name: 'Save the draft' }).click()
  await heading(page, title)
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the draft' }).click()
  expect((await saved).suggestedFilename()).toBe('draft.docx')
  await page.getByRole('button', { name: 'Approve …' }).click()
  await dialog(page).getByLabel('Kind of file').selectOption({ label: 'Markdown (.md)' })
  await dialog(page).getByRole('checkbox', { name: /With the answers/ }).check()
  await dialog(page).getByRole('button', { name: 'Approve', exact: true }).click()
  await expect(page.getByRole('link', { name: 'Open the file' })).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('main')).toContainText('without a language model')
  await page.getByRole('link', { name: 'Open the file' }).click()
  await expect(dialog(page)).toContainText('Answers')
})

test('an operator holds a queue, the job of a teacher says so and is ended, and the queue goes on', async ({ signIn }) => {
  test.setTimeout(180_000)
  const desk = await signIn('operator')
  const change = async (from: RegExp, verb: string) => {
    await link(desk, 'Jobs').click()
    await desk.getByRole('navigation', { name: 'Job desk' }).getByRole('link', { name: 'Queues' }).click()
    await heading(desk, 'Queues')
    await desk.getByRole('button', { name: from }).click()
    await dialog(desk).getByLabel(/^Reason/).fill('a test of the console')
    await dialog(desk).getByRole('button', { name: verb, exact: true }).click()
    await expect(dialog(desk)).toHaveCount(0)
  }
  const queue = desk.getByRole('region', { name: /^ai/ })
  await change(/^Pause ai$/, 'Pause')
  try {
    await expect(queue).toContainText('a test of the console')
    await expect(queue).toContainText('Paused')
    await expect(desk.getByRole('button', { name: 'Pause interactive' })).toHaveCount(0)
    const page = await signIn('teacher')
    await goTo(page, 'plants')
    await page.keyboard.press('Shift+F10')
    await page.getByRole('menuitem', { name: 'Make a document …' }).click()
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('link', { name: 'See the job' }).click()
    await heading(page, 'Make a document from a text')
    await expect(page.getByRole('main').getByRole('status').first()).toContainText(/Held|Waits|running/) // its first steps run on another queue
    await page.getByLabel('Priority').selectOption({ label: 'late' })
    await expect(page.getByText('The priority is changed.')).toBeVisible()
    await expect(page.getByLabel('Priority').getByRole('option')).toHaveCount(1)
    await page.getByRole('button', { name: 'End it' }).click()
    await expect(page.getByRole('main').getByRole('status').first()).toContainText('Cancelled', { timeout: 45_000 }) // by the stream
  } finally {
    await change(/^Let it go on: ai$/, 'Let it go on')
  }
  await expect(queue).toContainText('is open')
})

test('an operator runs and holds a schedule, sees the workers and the failures, and looks at a change of many before it', async ({ signIn }) => {
  const page = await signIn('operator')
  const desk = (name: string) => page.getByRole('navigation', { name: 'Job desk' }).getByRole('link', { name }).click()
  await link(page, 'Jobs').click()
  await expect(page.getByRole('button', { name: 'Change all of these …' })).toBeDisabled()
  await page.getByRole('combobox', { name: 'State' }).selectOption({ label: 'done' })
  await expect(page.getByRole('table', { name: 'Jobs' })).toContainText('done')
  await page.getByRole('button', { name: 'Change all of these …' }).click()
  await dialog(page).getByRole('button', { name: 'See what it would change' }).click()
  await expect(dialog(page).getByRole('status')).toContainText(/It would change \d+ job/)
  await dialog(page).getByRole('button', { name: 'End them' }).click()
  await expect(dialog(page).getByRole('status')).toContainText(/0 jobs are changed/)
  await expect(dialog(page).getByRole('table')).toContainText('refused')
  await dialog(page).getByRole('button', { name: 'Close' }).last().click()

  await desk('Schedules')
  const name = 'clean-events'
  await page.getByRole('button', { name: `Run now: ${name}` }).click()
  await expect(page.getByText(`${name} runs now.`)).toBeVisible()
  await page.getByRole('button', { name: `Pause ${name}` }).click()
  await dialog(page).getByLabel(/^Reason/).fill('a test of the console')
  await dialog(page).getByRole('button', { name: 'Pause', exact: true }).click()
  await expect(page.getByRole('table', { name: 'Schedules' })).toContainText('a test of the console')
  await page.getByRole('button', { name: `Let it go on: ${name}` }).click()
  await dialog(page).getByLabel(/^Reason/).fill('it is over')
  await dialog(page).getByRole('button', { name: 'Let it go on', exact: true }).click()
  await expect(page.getByRole('button', { name: `Pause ${name}` })).toBeVisible()

  await desk('Workers')
  await expect(page.getByRole('table', { name: 'Workers' })).toContainText('interactive')
  await desk('Failures')
  await heading(page, 'Failures')
})
