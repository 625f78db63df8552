import { readFileSync } from 'node:fs'
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
