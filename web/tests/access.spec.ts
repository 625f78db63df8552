import { expect, fresh, goTo, send, test, textFile, whatAxeFinds } from './fixtures.ts'

test('the grid is worked by the keyboard alone, with one tab stop', async ({ signIn }) => {
  const page = await signIn('teacher')
  const stem = fresh('key', 'txt').slice(0, -4)
  const names = ['a', 'b', 'c', 'd'].map(n => `${stem} ${n}.txt`) // one below the other
  await send(page, names.map(n => textFile(n)))
  await page.getByRole('button', { name: 'Clear the list' }).click()
  const grid = page.getByRole('grid')
  await expect(grid.locator('[role=row][tabindex="0"]')).toHaveCount(1)
  const focused = page.locator('[role=row]:focus')
  const selected = grid.locator('[role=row][aria-selected=true]')

  await goTo(page, names[0]!)
  await page.keyboard.press('ArrowDown')
  await expect(focused).toContainText(names[1]!)
  await page.keyboard.press('Shift+ArrowDown')
  await expect(selected).toHaveCount(2)
  await page.keyboard.press('Escape')
  await expect(selected).toHaveCount(0)
  await page.keyboard.press('Space')
  await expect(selected).toHaveCount(1)
  await page.keyboard.press('Control+a')
  await expect(page.getByRole('toolbar')).toContainText('selected')
  await page.keyboard.press('Home')
  await expect(focused).toHaveAttribute('aria-rowindex', '2')
  await page.keyboard.press('End')
  await expect(focused).toHaveAttribute('aria-rowindex', (await grid.getAttribute('aria-rowcount'))!)
  await page.keyboard.press('PageUp')
  await page.keyboard.press('PageDown')
  await page.keyboard.press('Escape')

  await goTo(page, names[2]!)
  await page.keyboard.press('F2')
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(focused).toContainText(names[2]!)
  await page.keyboard.press('Shift+F10')
  await expect(page.getByRole('menu')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(focused).toContainText(names[2]!)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(focused).toContainText(names[2]!)
})

for (const [colorScheme, width, language] of [['light', 1280, 'en'], ['dark', 320, 'en'], ['dark', 1280, 'ar'], ['light', 320, 'ar']] as const) {
  test(`axe finds nothing and nothing is wider than the page: ${colorScheme}, ${width} px, ${language}`, async ({ signIn }) => {
    test.setTimeout(240_000) // five people sign in, and axe reads each of their pages
    const wrong: string[] = []
    for (const [role, pages] of [['teacher', ['spaces/mine', 'spaces', 'recent', 'bin', 'notifications', 'help', 'search?q=essay', 'shared', 'shared-by-me', 'spaces/mine?view=pictures', 'spaces/mine?kind=picture&size=large', 'jobs', 'generate']], ['student', ['send', 'spaces/mine', 'jobs']],
      ['owner', ['manage', 'manage/people', 'manage/usage', 'manage/rules', 'manage/keys', 'manage/audit', 'manage/generation', 'manage/mails', 'manage/held', 'manage/holds', 'disclosures', 'access-requests', 'amendments', 'disclosure-consents', 'manage/break-glass', 'manage/retention', 'manage/agreements', 'manage/notices', 'manage/consent-requests', 'manage/duties', 'compliance', 'manage/erasures', 'erasure-requests', 'manage/directory', 'manage/inventory', 'jobs', 'reports', 'report-schedules', 'manage/roblox']],
      ['parent', ['files', 'children', 'access-requests', 'erasure-requests']],
      ['operator', ['manage/erasures', 'operate', 'operate/work', 'operate/system', 'operate/tiers', 'operate/jobs', 'operate/queues', 'operate/failures', 'operate/schedules', 'operate/workers', 'operate/purges', 'operate/quarantine']]] as const) {
      const page = await signIn(role, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
      if (language !== 'en') {
        await page.locator('.account summary').click()
        await page.locator('.account select').first().selectOption(language)
        await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
        await page.locator('.account summary').click()
      }
      const home = page.url().split('/').slice(0, 6).join('/')
      for (const path of pages) {
        // Go there inside of the page: a load would sign in again.
        await page.evaluate(to => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')) }, `${home}/${path}`)
        await expect(page).toHaveURL(`${home}/${path}`)
        await page.locator('main h1').waitFor()
        await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
        wrong.push(...(await whatAxeFinds(page)).map(found => `${path}: ${found}`))
      }
    }
    expect(wrong).toEqual([])
  })
}

test('nothing personal stays in the browser after sign-out', async ({ signIn }) => {
  const page = await signIn('teacher')
  await send(page, [textFile(fresh('secret name', 'txt'))])
  await page.reload()
  await expect(page.getByRole('heading', { level: 1, name: 'My files' })).toBeVisible() // a reload stays signed in
  expect(await page.evaluate(() => sessionStorage.length + localStorage.length), 'while a page is open, no token is in storage').toBe(0)
  await page.locator('.account summary').click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  const kept = await page.evaluate(async () => ({ stores: localStorage.length + sessionStorage.length, databases: (await indexedDB.databases()).map(d => d.name), caches: await caches.keys(), cookies: document.cookie }))
  expect(kept).toEqual({ stores: 0, databases: [], caches: [], cookies: '' })
})
