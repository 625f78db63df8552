import { execFile } from 'node:child_process'
import { mkdtempSync, openSync, ftruncateSync, closeSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Page } from '@playwright/test'

import { expect, fresh, test, upload } from '../tests/fixtures.ts'
import { figure, median } from './figures.ts'
import { asTeacher, filesWith, spaceOf, stack } from './stack.ts'

const MiB = 1 << 20
const folder = mkdtempSync(join(tmpdir(), 'vitals-'))
test.afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A file of text on the disk, or one of nothing but a size. */
function onDisk(name: string, size: number, sparse: boolean): string {
  const path = join(folder, name)
  const file = openSync(path, 'w')
  const block = Buffer.alloc(16 * MiB, 'The quick brown fox jumps over the lazy dog.\n')
  if (sparse) ftruncateSync(file, size)
  else for (let at = 0; at < size; at += block.length) writeSync(file, block, 0, Math.min(block.length, size - at))
  closeSync(file)
  return path
}

interface Timed extends Window { sending?: { began: number; ended: number } }

/** Sends a file by the page's button; seconds from the choice of it until the page says that all of it was sent. */
async function send(page: Page, path: string, name: string): Promise<number> {
  await page.evaluate(file => {
    const times = { began: 0, ended: 0 }
    ;(window as Timed).sending = times
    addEventListener('change', () => { times.began = performance.now() }, { capture: true, once: true })
    const look = new MutationObserver(() => {
      const phase = [...document.querySelectorAll<HTMLElement>('.upload')].find(el => el.textContent?.includes(file))?.dataset.phase
      if (phase === undefined || phase === 'waiting' || phase === 'sending') return
      times.ended = performance.now()
      look.disconnect()
    })
    look.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-phase'] })
  }, name)
  await page.getByTestId('files').first().setInputFiles(path)
  await page.waitForFunction(() => (window as Timed).sending!.ended > 0, undefined, { timeout: 600_000, polling: 500 })
  return page.evaluate(() => { const t = (window as Timed).sending!; return (t.ended - t.began) / 1000 })
}

async function remove(name: string) {
  for (const f of await filesWith(await spaceOf('personal'), name)) await asTeacher('DELETE', `/api/v1/storage/files/${f.id}`)
}

test('memory while 2,000 MiB are sent', async ({ signIn }) => {
  test.setTimeout(900_000)
  const page = await signIn('teacher')
  const size = 2000 * MiB // the most that is scanned
  const name = fresh('large', 'txt')
  const path = onDisk(name, size, true)
  const cdp = await page.context().newCDPSession(page)
  const heap = async () => {
    const h = await cdp.send('Runtime.getHeapUsage') as { usedSize: number; backingStorageSize?: number }
    return { script: h.usedSize / MiB, buffers: (h.backingStorageSize ?? 0) / MiB }
  }
  await cdp.send('HeapProfiler.collectGarbage')
  const before = await heap()
  let most = { script: 0, buffers: 0 }
  let over = false
  const watching = (async () => {
    while (!over) {
      const now = await heap()
      most = { script: Math.max(most.script, now.script), buffers: Math.max(most.buffers, now.buffers) }
      await new Promise(done => setTimeout(done, 200))
    }
  })()
  const took = await send(page, path, name)
  over = true
  await watching
  figure('script heap, 2,000 MiB sent', most.script + most.buffers - before.script - before.buffers, 'MiB more', { most: 50 },
    `the most of script and its buffers, every 0.2 s, over what the page held before (${before.script.toFixed(1)} MiB); buffers at most ${most.buffers.toFixed(1)}; sent in ${took.toFixed(1)} s`)
  await expect(upload(page, name)).not.toHaveAttribute('data-phase', 'checking', { timeout: 120_000 }) // a file of nothing is no text: it is not taken
  await remove(name)
})

test('sent by the browser, and by the command line', async ({ signIn }) => {
  test.setTimeout(1_200_000)
  const page = await signIn('teacher')
  const { api, organizations: [org] } = stack()
  const size = 256 * MiB
  const rounds = 5
  const tools = process.env.SATCHEL_TOOLS ?? '../.local/bin'
  const browser: number[] = [], program: number[] = []
  const byBrowser = async () => {
    const name = fresh('paper', 'txt')
    const path = onDisk(name, size, false)
    browser.push(await send(page, path, name))
    rmSync(path)
    await remove(name) // its scan would disturb what follows
  }
  const byProgram = async () => {
    const name = fresh('paper', 'txt')
    const path = onDisk(name, size, false)
    const began = performance.now()
    await promisify(execFile)(join(tools, 'satchel'), ['upload', '--no-wait', '--json', path], {
      env: { ...process.env, SATCHEL_API: api, SATCHEL_TOKEN: org!.teacher_token, SATCHEL_ORGANIZATION: org!.id, XDG_CACHE_HOME: folder },
    })
    program.push((performance.now() - began) / 1000)
    rmSync(path)
    await remove(name)
  }
  await byBrowser() // a first one each, which does not count
  await byProgram()
  browser.length = program.length = 0
  for (let round = 0; round < rounds; round++) for (const way of round % 2 === 0 ? [byBrowser, byProgram] : [byProgram, byBrowser]) await way()
  const ratios = browser.map((took, n) => program[n]! / took)
  figure('browser upload of 256 MiB', median(ratios), '× `satchel upload`', { least: 0.8 },
    `the middle of ${rounds} rounds (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}), in turns, of the same bytes on the same stack; p50 ${median(browser).toFixed(2)} s by the browser, ${median(program).toFixed(2)} s by the program, which reads the file a first time for its SHA-256`)
})
