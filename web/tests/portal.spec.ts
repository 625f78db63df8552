import { expect, fresh, test, textFile } from './fixtures.ts'
import { allowOrigins, owner, portal } from './portal.ts'

// A trace asks the browser for each picture again, out of the page and by its blob: address, which the policy of the page refuses.
test.use({ trace: 'off' })

test('a portal on another origin sends, lists and shows files, once its organization allows it', async ({ page, baseURL }) => {
  const { id, owner_token: token } = owner()
  const allow = (origins: string[]) => allowOrigins(baseURL!, origins)
  const { server, origin } = await portal(baseURL!, token, id)
  const wrong: string[] = []
  await page.addInitScript(() => addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`)))
  page.on('console', m => { if (/^policy:/.test(m.text())) wrong.push(m.text()) })
  page.on('pageerror', e => wrong.push(e.message))
  try {
    await page.goto(origin)
    await expect(page.getByRole('alert')).toBeVisible() // the organization has not allowed this origin yet
    await allow([origin])
    await expect(async () => { // the API reads the list of origins again within seconds
      await page.reload()
      await expect(page.getByRole('list', { name: 'Files' }).getByRole('button').first()).toBeVisible({ timeout: 2000 })
    }).toPass({ timeout: 45_000 })
    await expect(page.locator('.sq')).toContainText('used')

    const name = fresh('portal', 'txt')
    const bad = fresh('program', 'exe')
    await page.locator('input[type=file]').setInputFiles([textFile(name), { name: bad, mimeType: 'application/octet-stream', buffer: Buffer.from('MZ' + '\0'.repeat(600)) }])
    await expect(page.locator('.su li', { hasText: name })).toHaveAttribute('data-phase', 'published', { timeout: 45_000 })
    await expect(page.locator('.su li', { hasText: bad })).toHaveAttribute('data-phase', 'rejected', { timeout: 45_000 })
    await page.getByRole('list', { name: 'Files' }).getByRole('button', { name }).click()
    expect(wrong).toEqual([])
  } finally {
    await allow([])
    server.close()
  }
})
