import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { atIssuer, expect, fresh, test, textFile, upload } from './fixtures.ts'

const MiB = 1 << 20
/** A file on the disk: what is large does not go through the browser's protocol. */
function large(name: string, size: number): string {
  const path = join(mkdtempSync(join(tmpdir(), 'console-')), name)
  writeFileSync(path, Buffer.alloc(size, 'all work and no play\n'))
  return path
}

test('an upload goes on while its person goes to other pages (nextcloud #12055)', async ({ signIn }) => {
  const page = await signIn('teacher')
  const name = fresh('long', 'txt')
  // Each part is held back a little, so that the pages are changed in the middle of it.
  await page.route('**/storage/tus/**', async r => { await new Promise(done => setTimeout(done, 300)); await r.continue() })
  await page.getByTestId('files').setInputFiles(large(name, 40 * MiB))
  await expect(upload(page, name)).toHaveAttribute('data-phase', 'sending')
  for (const place of ['Spaces', 'Recent', 'Help']) {
    await page.getByRole('link', { name: place, exact: true }).click()
    await expect(page.getByRole('heading', { level: 1, name: place })).toBeVisible()
    await expect(upload(page, name)).toBeVisible()
  }
  await expect(upload(page, name)).toHaveAttribute('data-phase', /published|rejected/, { timeout: 50_000 })
})

test('no file is lost to an expired token, to 429, to 503 and to cut connections (uppy #5726, supabase #6025)', async ({ signIn }) => {
  const page = await signIn('teacher')
  const files = Array.from({ length: 12 }, (_, n) => textFile(fresh(`flaky-${n}`, 'txt'), 'x'.repeat(50_000 + n)))
  let refused = 0
  await page.route('**/storage/tus**', async r => {
    const dice = Math.random()
    if (dice > 0.5 || refused > 40) { await r.continue(); return }
    refused++
    if (dice < 0.12) await r.fulfill({ status: 401, headers: { 'WWW-Authenticate': 'Bearer' }, json: { code: 'invalid_token', title: 'Unauthorized' } })
    else if (dice < 0.25) await r.fulfill({ status: 429, headers: { 'Retry-After': '1' }, json: { code: 'rate_limited' } })
    else if (dice < 0.38) await r.fulfill({ status: 503, json: { code: 'unavailable' } })
    else await r.abort('connectionreset')
  })
  await page.getByTestId('files').setInputFiles(files)
  await expect(page.getByTestId('announcements')).toHaveText('All files are done.', { timeout: 55_000 })
  expect(refused).toBeGreaterThan(3)
})

test('a login that is over in mid-upload asks to sign in again, and nothing is lost', async ({ signIn }) => {
  const page = await signIn('teacher')
  const name = fresh('patient', 'txt')
  let over = true
  await page.route('**/token', async r => {
    if (over && r.request().postData()?.includes('grant_type=refresh_token')) await r.fulfill({ status: 400, headers: { 'Access-Control-Allow-Origin': '*' }, json: { error: 'invalid_grant' } })
    else await r.continue()
  })
  let parts = 0
  await page.route('**/storage/tus**', async r => {
    if (over && r.request().method() === 'PATCH' && ++parts === 2) await r.fulfill({ status: 401, json: { code: 'invalid_token' } })
    else await r.continue()
  })
  await page.getByTestId('files').setInputFiles(large(name, 40 * MiB))
  await expect(page.getByRole('alert')).toContainText('Your sign-in is over')
  await expect(upload(page, name)).toHaveAttribute('data-phase', 'sending')
  const popup = page.waitForEvent('popup')
  await page.getByRole('button', { name: 'Sign in again' }).click()
  const window = await popup
  over = false
  await atIssuer(window, 'teacher')
  await expect(page.getByText('Your sign-in is over')).toHaveCount(0)
  await expect(upload(page, name)).toHaveAttribute('data-phase', /published|rejected/, { timeout: 50_000 })
})

test('each file says what became of it: one infected among good ones, one too large', async ({ signIn }) => {
  const page = await signIn('teacher')
  await page.route('**/storage/quota', async r => {
    const answer = await r.fetch()
    await r.fulfill({ response: answer, json: { ...await answer.json() as object, max_file_size: 4 * MiB } })
  })
  const bad = fresh('eicar', 'txt')
  const good = fresh('good', 'txt')
  const big = fresh('big', 'txt')
  const eicar = String.raw`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR` + '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'
  let sent = 0
  page.on('request', r => { if (r.url().endsWith('/storage/tus')) sent++ })
  await page.getByTestId('files').setInputFiles([textFile(bad, eicar), textFile(good), { name: big, mimeType: 'text/plain', buffer: Buffer.alloc(5 * MiB, 'large ') }])
  await expect(upload(page, big)).toContainText('larger than your school allows')
  await expect(upload(page, good)).toHaveAttribute('data-phase', 'published', { timeout: 45_000 })
  await expect(upload(page, bad)).toHaveAttribute('data-phase', 'quarantined', { timeout: 45_000 })
  await expect(upload(page, bad)).toContainText('Locked away')
  expect(sent, 'what is too large is refused before its first byte').toBe(2)
  await expect(page.getByTestId('announcements')).toHaveText('All files are done. 2 were not taken.')
})

test('a folder that is dropped keeps its folders, and pause, go on and cancel do what they say', async ({ signIn }) => {
  const page = await signIn('teacher')
  const folder = fresh('trip', 'd').replace('.', '-')
  // A browser gives no script a way to make a dropped folder, so the walk over entries is a unit test; the input's paths are the same.
  await page.getByTestId('folder').evaluate((input: HTMLInputElement, name) => {
    const transfer = new DataTransfer()
    for (const path of ['plan.txt', 'maps/north.txt']) {
      const file = new File([`text of ${path} ${name}`], path.split('/').pop()!, { type: 'text/plain' })
      Object.defineProperty(file, 'webkitRelativePath', { value: `${name}/${path}` })
      transfer.items.add(file)
    }
    Object.defineProperty(input, 'files', { value: [...transfer.files].map((f, n) => { Object.defineProperty(f, 'webkitRelativePath', { value: `${name}/${['plan.txt', 'maps/north.txt'][n]}` }); return f }), configurable: true })
    input.dispatchEvent(new Event('change', { bubbles: true }))
  }, folder)
  await expect(page.getByTestId('announcements')).toHaveText('All files are done.', { timeout: 45_000 })
  await page.reload()
  await page.getByText(folder).click()
  await expect(page.getByRole('grid')).toContainText('plan.txt')
  await page.getByText('maps', { exact: true }).click()
  await expect(page.getByRole('grid')).toContainText('north.txt')
  await expect(page.getByRole('navigation', { name: 'Path' })).toContainText(folder)

  const name = fresh('stop', 'txt')
  await page.route('**/storage/tus/**', async r => { await new Promise(done => setTimeout(done, 400)); await r.continue().catch(() => undefined) })
  await page.getByTestId('files').setInputFiles(large(name, 60 * MiB))
  await page.getByRole('button', { name: `Pause ${name}` }).click()
  await expect(upload(page, name)).toHaveAttribute('data-phase', 'paused')
  await page.getByRole('button', { name: `Go on with ${name}` }).click()
  await expect(upload(page, name)).toHaveAttribute('data-phase', 'sending')
  await page.getByRole('button', { name: `Cancel ${name}` }).click()
  await expect(upload(page, name)).toHaveAttribute('data-phase', 'cancelled')
})
