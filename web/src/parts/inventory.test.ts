import { expect, test } from 'vitest'

import { type Holding, matching } from './inventory.ts'

const table = (name: string, category: Holding['category'], ...columns: string[]): Holding => ({ table: name, category, purpose: 'Who belongs here', kept: 'with the organization', columns: columns.map(c => ({ name: c, type: 'text', person_id: false })) })

test('an inventory is narrowed by category and by a word in it', () => {
  const all = [table('people', 'identity', 'display_name'), table('invitations', 'contact', 'email'), table('stars', 'activity')]
  const found = (category?: string, q?: string) => matching(all, category, q).map(t => t.table)
  expect(found()).toEqual(['people', 'invitations', 'stars'])
  expect(found('contact')).toEqual(['invitations'])
  expect(found(undefined, ' EMAIL ')).toEqual(['invitations'])
  expect(found(undefined, 'belongs')).toHaveLength(3)
  expect(found('activity', 'email')).toEqual([])
})
