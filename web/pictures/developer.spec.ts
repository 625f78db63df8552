import { allowOrigins, owner, portal } from '../tests/portal.ts'
import { expect, take, test, textFile } from './take.ts'

test.use({ trace: 'off', viewport: { width: 700, height: 480 } }) // a trace reads pictures in a way that the policy of the portal refuses

test('a developer has a page on another origin', async ({ page, baseURL }) => {
  const { id, owner_token: token } = owner()
  const { server, origin } = await portal(baseURL!, token, id)
  try {
    await allowOrigins(baseURL!, [origin])
    await expect(async () => { // the API reads the list of origins again within seconds
      await page.goto(origin)
      await expect(page.getByRole('list', { name: 'Files' }).getByRole('button').first()).toBeVisible({ timeout: 2000 })
    }).toPass({ timeout: 45_000 })
    await page.locator('input[type=file]').setInputFiles([textFile('Letter to parents.txt', 'The school is closed on Friday.\n')])
    await expect(page.locator('.su li', { hasText: 'Letter to parents' })).toHaveAttribute('data-phase', 'published', { timeout: 45_000 })
    await page.getByRole('list', { name: 'Files' }).getByRole('button', { name: 'volcano.png' }).click()
    await expect(page.locator('main > :last-child img, main > img')).toBeVisible()
    await take(page, 'developer-portal')
  } finally {
    await allowOrigins(baseURL!, [])
    server.close()
  }
})
