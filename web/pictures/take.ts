import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Page, expect } from '@playwright/test'

export { expect, goTo, test, textFile, upload } from '../tests/fixtures.ts'

/** The folder that gets each picture, NAME.png, and beside it what a screen reader is told, NAME.txt. */
const into = process.env.SATCHEL_TAKE_PICTURES!

export const desk = { viewport: { width: 1100, height: 720 }, reducedMotion: 'reduce' } as const
export const phone = { viewport: { width: 390, height: 760 }, reducedMotion: 'reduce' } as const

/** Takes a picture of the page as it is once nothing loads any more. */
export async function take(page: Page, name: string) {
  await page.evaluate(() => document.fonts.ready)
  await expect(page.getByText('Loading …')).toHaveCount(0)
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
  await page.waitForFunction(() => [...document.images].every(i => i.complete))
  await page.screenshot({ path: join(into, `${name}.png`), animations: 'disabled', caret: 'hide' })
  writeFileSync(join(into, `${name}.txt`), await page.locator('body').ariaSnapshot())
}

/** Closes the messages at the bottom: they stay until then. */
export async function quiet(page: Page) {
  const close = page.getByRole('button', { name: 'Close message' })
  while (await close.count() > 0) await close.first().click()
}

/** Goes to a place of the navigation. */
export async function go(page: Page, name: string) {
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}

/** Goes to a page of the administration by its group. */
export async function administer(page: Page, group: string, name: string) {
  const button = page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: group, exact: true })
  if (await button.getAttribute('aria-expanded') !== 'true') await button.click()
  await go(page, name)
}
