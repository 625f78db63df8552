import type { CDPSession, Page } from '@playwright/test'

import { expect, test } from '../tests/fixtures.ts'
import { figure, median } from './figures.ts'
import { slower } from './phone.ts'
import { manyFiles, stack } from './stack.ts'

const rows = 10_000

/** A list of so many files, read to its end by scrolling as a person does. */
async function wholeList(page: Page): Promise<number> {
  const began = Date.now()
  await page.getByRole('grid').waitFor()
  await expect(async () => {
    await page.locator('.sg-body').evaluate(el => { el.scrollTop = el.scrollHeight })
    await expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', String(rows + 1), { timeout: 50 })
  }).toPass({ timeout: 300_000, intervals: [50] })
  return Date.now() - began
}

/** Milliseconds that the page's main thread has worked. */
async function taskTime(cdp: CDPSession): Promise<number> {
  return (await cdp.send('Performance.getMetrics')).metrics.find(m => m.name === 'TaskDuration')!.value * 1000
}

interface Clock extends Window { interactions?: number[] }

/** Milliseconds from an input to the next paint (event timing), the longest of its events. */
async function interaction(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(() => { (window as Clock).interactions = [] })
  await act()
  // Events that take less than 16 ms have no entry: two frames and a moment later there is none to come.
  await page.evaluate(() => new Promise<void>(done => { requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300))) }))
  return page.evaluate(() => Math.max(16, ...(window as Clock).interactions!))
}

test('select all and sort in a list of 10,000', async ({ signIn }) => {
  test.setTimeout(900_000)
  const { space, folder } = await manyFiles(rows)
  const page = await signIn('teacher', { path: `/console/o/${stack().organizations[0]!.id}/spaces/${space}?folder=${folder}` })
  const took = await wholeList(page)
  figure('10,000 rows read by scrolling', took / 1000, 's', null, '50 pages of 200 files, one after another')

  await page.evaluate(() => {
    new PerformanceObserver(l => {
      for (const e of l.getEntries() as (PerformanceEventTiming & { interactionId?: number })[]) if (e.interactionId) (window as Clock).interactions?.push(e.duration)
    }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit)
  })
  const cdp = await slower(page, 4)
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
  const all = page.getByRole('checkbox', { name: 'Select all' })
  const took4: Record<string, number[]> = { 'select all, by its box': [], 'select none, by its box': [], 'select all, Ctrl+A': [], 'select none, Escape': [], 'sort by size': [], 'sort by name again': [] }
  const measure = async (what: string, act: () => Promise<void>, then: () => Promise<void>) => {
    const before = await taskTime(cdp)
    const ms = await interaction(page, act)
    if (took4[what]!.length < 5) took4[what]!.push(ms)
    else own[what] = await taskTime(cdp) - before
    await then()
  }
  const selected = (n: number) => async () => { await expect(page.getByRole('toolbar', { name: 'Selected files' })).toHaveCount(n === 0 ? 0 : 1); if (n > 0) await expect(page.getByText(`${n.toLocaleString('en')} selected`).or(page.getByText(`${n} selected`))).toBeVisible() }
  // The last round is at full speed, and counts the thread's own time until the page is quiet: other programs take none of it.
  const own: Record<string, number> = {}
  for (let round = 0; round <= 5; round++) {
    if (round === 5) await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    await measure('select all, by its box', () => all.click(), selected(rows))
    await measure('select none, by its box', () => all.click(), selected(0))
    await page.locator('[role=row][tabindex="0"]').focus()
    await measure('select all, Ctrl+A', () => page.keyboard.press('Control+a'), selected(rows))
    await measure('select none, Escape', () => page.keyboard.press('Escape'), selected(0))
    await measure('sort by size', () => page.getByRole('button', { name: /^Size/ }).click(), async () => { await expect(page.getByRole('columnheader', { name: /^Size/ })).toHaveAttribute('aria-sort', 'ascending') })
    await measure('sort by name again', () => page.getByRole('button', { name: /^Name/ }).click(), async () => {
      await expect(page.getByRole('columnheader', { name: /^Name/ })).toHaveAttribute('aria-sort', 'ascending')
      await expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', String(rows + 1))
    })
  }
  for (const [what, each] of Object.entries(took4)) figure(`INP: ${what}`, Math.max(...each), 'ms', { most: 100 }, `processor ÷ 4, the worst of ${each.length}: ${each.join(', ')}; p50 ${median(each)}; at full speed all tasks of a third of a second take ${own[what]!.toFixed(0)} ms of the thread`)
})

test('scrolling 10,000 rows', async ({ signIn }) => {
  test.setTimeout(600_000)
  const { space, folder } = await manyFiles(rows)
  const page = await signIn('teacher', { path: `/console/o/${stack().organizations[0]!.id}/spaces/${space}?folder=${folder}` })
  await wholeList(page)
  const cdp = await page.context().newCDPSession(page)
  // The thread's own time: what other programs take of the processor does not count.
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
  const now = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics')
    return (name: string) => metrics.find(m => m.name === name)!.value * 1000
  }
  for (const step of [100, 700]) {
    await page.locator('.sg-body').evaluate(el => { el.scrollTop = 0 })
    await page.waitForTimeout(500) // the rows of the new place
    const before = await now()
    const frames = await page.locator('.sg-body').evaluate((el, by) => new Promise<number[]>(done => {
      const all: number[] = []
      let last = performance.now()
      const next = (at: number) => {
        all.push(at - last)
        last = at
        if (all.length === 300) { done(all); return }
        el.scrollTop += by
        requestAnimationFrame(next)
      }
      requestAnimationFrame(next)
    }), step)
    const after = await now()
    const a = (name: string) => (after(name) - before(name)) / frames.length
    const wall = frames.toSorted((x, y) => x - y)
    figure(`scroll by ${step} px a frame: script`, a('ScriptDuration'), 'ms a frame', { most: 8 },
      `300 frames, the thread's own time; all tasks ${a('TaskDuration').toFixed(1)} ms, of it style and layout ${(a('RecalcStyleDuration') + a('LayoutDuration')).toFixed(1)}; wall p50 ${wall[150]!.toFixed(0)}, p95 ${wall[285]!.toFixed(0)} ms; ${after('Nodes') / 1000} nodes`)
  }
})
