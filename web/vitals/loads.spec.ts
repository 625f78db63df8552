import { type Role, test } from '../tests/fixtures.ts'
import { figure, median } from './figures.ts'
import { type Load, load, phone, slowNetwork, slower, watchLoads } from './phone.ts'
import { manyFiles, organizationOf, stack } from './stack.ts'

// Loads of the main pages with an empty cache at Lighthouse's mobile setting: a signed-in tab that is loaded again, which renews
// its token, and the page before the sign-in. Each figure is the middle of three loads.
const pages: [Role, [name: string, path: string][]][] = [
  ['teacher', [['My files', '/spaces/mine'], ['Recent', '/recent'], ['Spaces', '/spaces'], ['a folder of 10,000', '']]],
  ['student', [['Send', '/send']]],
  ['parent', [['Recent', '/recent']]],
  ['admin', [['Administration', '/manage'], ['People', '/manage/people'], ['Usage', '/manage/usage'], ['Audit', '/manage/audit']]],
  ['operator', [['Organizations', '/operate'], ['System', '/operate/system']]],
]
const times = 3

function tell(name: string, all: Load[]) {
  const one = all.find(l => l.lcp === median(all.map(x => x.lcp)))!
  const each = all.map(l => (l.lcp / 1000).toFixed(2)).join(', ')
  figure(`${name}: LCP`, median(all.map(l => l.lcp)) / 1000, 's', { most: 2.5 }, `each ${each}; FCP ${(one.fcp / 1000).toFixed(2)}; it is ${one.lcpOf}; ${Math.round(one.bytes / 1000)} kB`)
  figure(`${name}: TBT`, median(all.map(l => l.tbt)), 'ms', { most: 200 }, `each ${all.map(l => Math.round(l.tbt)).join(', ')}`)
  figure(`${name}: CLS`, median(all.map(l => l.cls)), '', { most: 0.05 }, `each ${all.map(l => l.cls.toFixed(3)).join(', ')}`)
}

test('before the sign-in', async ({ browser, baseURL }) => {
  const page = await browser.newPage({ ...phone, baseURL: baseURL!, locale: 'en-GB' })
  await watchLoads(page)
  const cdp = await slower(page, 4)
  await slowNetwork(cdp)
  const all: Load[] = []
  for (let n = 0; n < times; n++) {
    await cdp.send('Network.clearBrowserCache')
    all.push(await load(page, '/console/'))
  }
  tell('sign-in', all)
})

for (const [role, some] of pages) {
  test(`pages of a ${role}`, async ({ signIn }) => {
    const page = await signIn(role, phone)
    await watchLoads(page)
    const org = page.url().includes('/o/') ? organizationOf(page) : stack().organizations[0]!.id
    for (const [name, path] of some) {
      const many = path === '' ? await manyFiles(10_000) : undefined
      const url = `/console/o/${org}${many ? `/spaces/${many.space}?folder=${many.folder}` : path}`
      const all: Load[] = []
      for (let n = 0; n < times; n++) {
        const cdp = await slower(page, 4)
        await slowNetwork(cdp)
        await cdp.send('Network.clearBrowserCache')
        all.push(await load(page, url))
        await cdp.detach()
      }
      tell(`${role}, ${name}`, all)
    }
  })
}
