// Answers invitations in a browser, from the mail to the outcome, and prints what a person saw.
//   node invitations.mjs < run.json
//   {"chromium", "mailbox", "origins": […], "visits": [{"name", "to" | "link", "steps": […], "phone", "script"}]}
// A step is {"press": "a button"} here, or {"as": "a subject"} or {"cancel": true} at the issuer.
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const run = JSON.parse(readFileSync(0, 'utf8'))
const browser = await chromium.launch({
  executablePath: run.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})

async function visit(v) {
  const context = await browser.newContext({
    viewport: v.phone ? { width: 360, height: 740 } : { width: 1280, height: 800 }, javaScriptEnabled: v.script !== false, locale: 'en-GB', timezoneId: 'UTC',
  })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  const wrong = []
  const asked = []
  page.on('console', m => { if (m.type() === 'error' && !/status of 4\d\d/.test(m.text())) wrong.push('console: ' + m.text()) })
  page.on('pageerror', e => wrong.push('script: ' + e.message))
  page.on('request', r => asked.push({ method: r.method(), url: r.url(), referer: r.headers().referer || '' }))

  let token = ''
  if (v.to) {
    await page.goto(`${run.mailbox}/?to=${encodeURIComponent(v.to)}`)
    const link = page.getByRole('link', { name: /\/invitations#token=/ }).first()
    token = (await link.getAttribute('href')).split('#token=')[1]
    await link.click()
  } else {
    token = v.link.split('#token=')[1] || ''
    await page.goto(v.link)
  }
  const settled = async () => {
    if (v.script !== false) await page.locator('#invitation:visible, #outcome:visible').first().waitFor()
  }
  await settled()
  const shown = []
  const look = async step => {
    if (v.pictures) await page.screenshot({ path: `${v.pictures}-${shown.length}.png`, fullPage: true })
    shown.push({
      step, title: await page.locator('h1').first().innerText(), text: await page.locator('main').innerText(),
      buttons: await page.getByRole('button').allInnerTexts(),
      wide: await page.evaluate(() => document.documentElement.scrollWidth > innerWidth).catch(() => false),
    })
  }
  await look('opened')
  for (const step of v.steps || []) {
    if (step.press) {
      await page.getByRole('button', { name: step.press, exact: true }).focus()
      await page.keyboard.press('Enter')
      if (step.stays) await page.locator('#invitation:visible').waitFor()
      else await page.getByRole('heading', { name: 'Sign in at the local issuer' }).waitFor()
    } else if (step.cancel) {
      await page.getByRole('button', { name: 'Cancel' }).click()
      await settled()
    } else {
      const known = page.getByRole('radio', { name: step.as, exact: true })
      if (await known.count()) await known.check()
      else await page.getByRole('textbox', { name: 'Name of somebody new' }).fill(step.as)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await settled()
    }
    await look(JSON.stringify(step))
  }
  const kept = v.script === false ? 0 : await page.evaluate(() => localStorage.length + sessionStorage.length)
  if (kept) wrong.push('something is kept in the browser')
  if (v.steps && /[?&]code=/.test(page.url())) wrong.push('the code stays in the address')
  for (const r of asked) {
    const url = r.url.split('#')[0]
    if (token && (url.includes(token) || r.referer.includes(token))) wrong.push(`the token is in ${r.method} ${url}, referer ${r.referer}`)
    if (!run.origins.includes(new URL(r.url).origin)) wrong.push('a stranger was asked: ' + r.url)
    if (r.referer && new URL(r.referer).origin !== new URL(r.url).origin) wrong.push(`${r.url} was told where the person came from: ${r.referer}`)
  }
  await context.close()
  return { name: v.name, shown, wrong, asked: asked.map(r => `${r.method} ${new URL(r.url).pathname}`) }
}

const results = []
try {
  for (const v of run.visits) {
    try { results.push(await visit(v)) } catch (e) { results.push({ name: v.name, shown: [], wrong: [String(e)], asked: [] }) }
  }
} finally { await browser.close() }
console.log(JSON.stringify(results))
