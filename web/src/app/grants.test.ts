import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'

import { grantTable, may } from './grants.ts'

test('what is shown to a role is what the API grants it', () => {
  const go = readFileSync('../tenancy/authorization.go', 'utf8') // tests run in web/
  const names = new Map([...go.matchAll(/^\t(\w+)\s+Action = "(\w+)"/gm)].map(m => [m[2]!, m[1]!]))
  for (const [action, roles] of Object.entries(grantTable)) {
    const line = new RegExp(`^\\t${names.get(action)}:\\s+\\{([^}]*)\\}`, 'm').exec(go)
    expect(line, action).not.toBeNull()
    expect(roles.toSorted(), action).toEqual(line![1]!.split(',').map(r => r.trim().toLowerCase()).toSorted())
  }
})

test('an API that tells the grants is believed', () => {
  expect(may({ role: 'student' }, 'upload')).toBe(true)
  expect(may({ role: 'student', grants: ['read_files'] }, 'upload')).toBe(false)
  expect(may({ role: 'guest' }, 'upload')).toBe(false)
})

// calls.json says under which grant the pages of managers and operators, and those of jobs and generation, make each call. A test of the API
// (TestConsoleShowsWhatIsGranted) makes every one of them as every role; these two keep the list whole.
const calls = JSON.parse(readFileSync('src/app/calls.json', 'utf8')) as Record<string, string[]>
const pages = ['src/pages/admin', 'src/pages/operator', 'src/pages/generate', 'src/pages/reports', 'src/pages/roblox', 'src/pages/compliance'].flatMap(d => readdirSync(d).map(f => `${d}/${f}`))
const sources = ['src/app/queries-admin.ts', 'src/app/queries-jobs.ts', 'src/app/queries-generate.ts', 'src/app/queries-reports.ts', 'src/app/queries-roblox.ts', 'src/app/queries-compliance.ts', 'src/pages/jobs.tsx', 'src/pages/job.tsx', ...pages].map(f => readFileSync(f, 'utf8'))

test('every call of the pages of managers and operators is in the list, and none besides', () => {
  const made = new Set<string>()
  for (const s of sources) {
    for (const m of s.matchAll(/api\.(GET|POST|PUT|PATCH|DELETE)\('([^']+)'/g)) made.add(`${m[1]} ${m[2]}`)
  }
  // What is saved as a file is fetched by its address and not through the typed client.
  const saved = ['GET /api/v1/organizations/{id}/audit/export', 'GET /api/v1/organizations/{id}/disclosures/export', 'GET /api/v1/organizations/{id}/exports/{operation}/{part}', 'GET /api/v1/organizations/{id}/roster/imports/{import}/changes.csv', 'GET /api/v1/generations/{id}/output']
  for (const s of saved) expect(sources.some(x => x.includes(s.slice(s.lastIndexOf('{id}/') + 5).split('/{')[0]!)), s).toBe(true)
  expect(Object.values(calls).flat().toSorted()).toEqual([...new Set([...made, ...saved])].toSorted())
})

test('every grant of the list is in the table, and every page names a grant of it', () => {
  for (const action of Object.keys(calls)) expect(grantTable[action], action).toBeDefined()
  const asked = [...sources, readFileSync('src/app/manage.tsx', 'utf8')].flatMap(s => [...s.matchAll(/(?:may\([\w.]+, |needs: )'(\w+)'/g)].map(m => m[1]!))
  expect(asked.length).toBeGreaterThan(20)
  for (const action of asked) expect(grantTable[action], action).toBeDefined()
})
