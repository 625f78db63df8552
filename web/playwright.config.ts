import { defineConfig } from '@playwright/test'

// The stack that is tested: `make run` beside it, or the one that a test of e2e has started.
const base = process.env.SATCHEL_API_URL ?? 'http://127.0.0.1:8400'
const vitals = Boolean(process.env.SATCHEL_VITALS)
const pictures = Boolean(process.env.SATCHEL_TAKE_PICTURES)

export default defineConfig({
  testDir: vitals ? 'vitals' : pictures ? 'pictures' : 'tests',
  workers: vitals || pictures ? 1 : 2, // pictures are taken in an order: each shows what those before it have left
  timeout: vitals ? 300_000 : 60_000,
  retries: vitals || pictures ? 0 : 1, // a second try finds the files of the first; on a busy machine a page may be later than its test; the report names what needed two tries
  expect: { timeout: 15_000 },
  reporter: vitals ? [['line'], ['./vitals/figures.ts']] : [['line']],
  forbidOnly: true,
  use: {
    // A trace takes pictures all the time, for which a busy machine has no time: the second try has one.
    baseURL: base, locale: 'en-GB', timezoneId: 'UTC', viewport: { width: 1280, height: 800 }, actionTimeout: 15_000, trace: vitals ? 'off' : 'on-first-retry',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
  },
})
