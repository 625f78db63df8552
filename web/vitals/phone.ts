import type { BrowserContextOptions, CDPSession, Page } from '@playwright/test'

/** The screen of Lighthouse's mobile setting. */
export const phone = { viewport: { width: 412, height: 823 }, deviceScaleFactor: 1.75, isMobile: true, hasTouch: true } satisfies BrowserContextOptions

/** A session of the DevTools protocol with a processor that is so many times slower. */
export async function slower(page: Page, times: number): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: times })
  return cdp
}

/** The network of Lighthouse's mobile setting: 1.6 Mbit/s down, 750 kbit/s up, 150 ms before each answer. */
export async function slowNetwork(cdp: CDPSession): Promise<void> {
  await cdp.send('Network.enable')
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 1_638_400 / 8, uploadThroughput: 768_000 / 8 })
}

/** What a page measured of its own loading. */
export interface Load { fcp: number; lcp: number; lcpOf: string; tbt: number; cls: number; bytes: number }

interface Seen { fcp: number; lcp: number; lcpOf: string; tasks: [number, number][]; shifts: [number, number][]; last: number }
declare global { interface Window { vitals?: Seen } }

/** Has each document that this page loads from now on measure itself. */
export function watchLoads(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    const seen: Seen = { fcp: 0, lcp: 0, lcpOf: '', tasks: [], shifts: [], last: 0 }
    window.vitals = seen
    const watch = (type: string, each: (e: PerformanceEntry) => void) => new PerformanceObserver(l => l.getEntries().forEach(each)).observe({ type, buffered: true })
    watch('paint', e => { if (e.name === 'first-contentful-paint') seen.fcp = e.startTime })
    watch('largest-contentful-paint', e => {
      const { element } = e as PerformanceEntry & { element?: Element }
      seen.lcp = seen.last = e.startTime
      seen.lcpOf = element ? `${element.tagName.toLowerCase()} "${(element.textContent ?? '').trim().slice(0, 40)}"` : ''
    })
    watch('longtask', e => { seen.tasks.push([e.startTime, e.duration]); seen.last = Math.max(seen.last, e.startTime + e.duration) })
    watch('layout-shift', e => {
      const shift = e as PerformanceEntry & { value: number; hadRecentInput: boolean }
      if (!shift.hadRecentInput) seen.shifts.push([e.startTime, shift.value])
      seen.last = Math.max(seen.last, e.startTime)
    })
    watch('resource', e => { seen.last = Math.max(seen.last, (e as PerformanceResourceTiming).responseEnd) })
  })
}

/**
 * Loads an address and waits until nothing has been painted, moved, loaded or computed at length for three seconds. The total
 * blocking time is that of the tasks from the first paint until then; the shift is the largest session window of the
 * definition of CLS.
 */
export async function load(page: Page, url: string): Promise<Load> {
  await page.goto(url, { waitUntil: 'load' })
  await page.waitForFunction(() => {
    const { vitals } = window
    return vitals !== undefined && vitals.lcp > 0 && document.querySelector('h1') !== null && document.querySelector('[aria-busy=true]') === null && performance.now() - vitals.last > 3000
  }, undefined, { timeout: 60_000, polling: 500 })
  return page.evaluate(() => {
    const v = window.vitals!
    let cls = 0, sum = 0, begin = 0, last = 0
    for (const [at, value] of v.shifts) {
      if (at - last > 1000 || at - begin > 5000) { sum = 0; begin = at }
      last = at
      sum += value
      cls = Math.max(cls, sum)
    }
    const bytes = performance.getEntriesByType('resource').reduce((n, e) => n + (e as PerformanceResourceTiming).transferSize, 0)
    const tbt = v.tasks.reduce((n, [at, took]) => n + Math.max(0, Math.min(took, at + took - v.fcp) - 50), 0)
    return { fcp: v.fcp, lcp: v.lcp, lcpOf: v.lcpOf, tbt, cls, bytes }
  })
}
