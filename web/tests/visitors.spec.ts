import type { Page } from '@playwright/test'

import { expect, fresh, tabTo, test, textFile } from './fixtures.ts'

/** A drop box of the teacher's, by the API with the token of the page. */
async function dropBox(page: Page, accepted: string[]): Promise<string> {
  const org = page.url().split('/o/')[1]!.split('/')[0]!
  const asked = page.waitForRequest(r => r.url().includes('/api/') && Boolean(r.headers().authorization))
  await page.getByRole('link', { name: 'Recent', exact: true }).click()
  const headers = { Authorization: (await asked).headers().authorization!, 'X-Organization-ID': org }
  const spaces = await (await page.request.get('/api/v1/spaces?limit=200', { headers })).json() as { items: { id: string; kind: string }[] }
  const space = spaces.items.find(s => s.kind === 'class')!.id
  const folder = await (await page.request.post(`/api/v1/spaces/${space}/folders`, { headers, data: { name: fresh('box', 'in') } })).json() as { id: string }
  const made = await page.request.post('/api/v1/storage/share', { headers, data: { kind: 'link', permission: 'upload', folder_id: folder.id, accepted } })
  expect(made.status(), await made.text()).toBe(201)
  return (await made.json() as { url: string }).url
}

test('by the keyboard alone a visitor drops files, sees how far each is, and a refused one among good ones', async ({ signIn, browser, baseURL }) => {
  test.setTimeout(120_000)
  const url = await dropBox(await signIn('teacher'), ['txt'])
  const context = await browser.newContext({ baseURL: baseURL!, locale: 'en-GB' })
  const page = await context.newPage()
  const wrong: string[] = []
  page.on('pageerror', e => wrong.push(e.message))
  page.on('console', m => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) wrong.push(m.text()) })
  await page.goto(url)
  await expect(page.getByText('These kinds of files are taken:')).toBeVisible()

  await tabTo(page, page.getByLabel('Your name'))
  await page.keyboard.type('A. Guest')
  const good = [fresh('letter', 'txt'), fresh('list', 'txt')]
  const bad = fresh('program', 'zip')
  await tabTo(page, page.getByLabel('Files'))
  const choosing = page.waitForEvent('filechooser')
  await page.keyboard.press('Enter')
  await (await choosing).setFiles([textFile(good[0]!), { name: bad, mimeType: 'application/zip', buffer: Buffer.from('PK') }, textFile(good[1]!)])
  // A piece waits until the page was looked at: each file that is sent has a bar with its name.
  let go = () => {}
  const held = new Promise<void>(done => { go = done })
  await page.route('**/uploads/**', async r => { if (r.request().method() === 'PATCH') await held; await r.continue() })
  await tabTo(page, page.getByRole('button', { name: 'Send' }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('progressbar', { name: `Sending ${good[0]}` })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled()
  go()

  const list = page.locator('#progress')
  await expect(list).toBeFocused({ timeout: 30_000 }) // where something was refused, the page stays and says it
  await expect(list.getByRole('listitem').filter({ hasText: bad })).toContainText('Not sent:')
  for (const name of good) {
    const bar = list.getByRole('progressbar', { name: `Sending ${name}` })
    expect(await bar.evaluate(el => (el as HTMLProgressElement).value === (el as HTMLProgressElement).max)).toBe(true)
  }
  await expect(page.getByRole('button', { name: 'Send' })).toBeEnabled()

  // The address leads to what was sent: the good ones are taken, the refused one is not there.
  await expect(async () => {
    await page.reload()
    for (const name of good) await expect(page.getByRole('listitem').filter({ hasText: name })).toContainText(/taken|arrived|received|checked/i, { timeout: 2000 })
  }).toPass({ timeout: 45_000 })
  await expect(page.getByRole('listitem').filter({ hasText: bad })).toHaveCount(0)

  // All good: the page goes on to the list by itself.
  const last = fresh('thanks', 'txt')
  await page.getByLabel('Your name').fill('A. Guest')
  await page.getByLabel('Files').setInputFiles([textFile(last)])
  await page.getByRole('button', { name: 'Send' }).press('Enter')
  await expect(page.getByRole('listitem').filter({ hasText: last })).not.toContainText('Not sent', { timeout: 30_000 })
  await expect(page).toHaveURL(/ticket=/)
  expect(wrong).toEqual([])
  await context.close()
})
