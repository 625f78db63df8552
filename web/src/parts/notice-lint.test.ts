import { expect, test } from 'vitest'

import { lint, parties, partiesText } from './notice-lint.ts'

const whole = {
  summary: 'We ask you.', collected: 'files', used: 'school work', disclosed: 'to no one', third_parties: [], consent_required: 'yes',
  online_notice: 'https://school.example/privacy', means: 'by this page', contact_deleted: 'after 14 days', rights: 'see, delete, stop',
}

test('a notice with every block has nothing missing, and each block that is empty is named', () => {
  expect(lint(whole)).toEqual([])
  for (const block of ['summary', 'collected', 'used', 'disclosed', 'consent_required', 'online_notice', 'means', 'contact_deleted', 'rights'] as const) {
    expect(lint({ ...whole, [block]: ' ' })).toEqual([block])
  }
  expect(lint(undefined)).toHaveLength(9)
  expect(lint({ ...whole, summary: 'word '.repeat(121) })).toEqual(['summary'])
  expect(lint({ ...whole, online_notice: 'http://school.example' })).toEqual(['online_notice'])
  expect(lint({ ...whole, third_parties: [{ name: 'Printer', purpose: '' }] })).toEqual(['third_parties'])
})

test('those who get data are lines, there and back', () => {
  const text = 'Printer: prints yearbooks\nHost: keeps files: encrypted'
  expect(partiesText(parties(text))).toBe(text)
  expect(parties('Printer\n\n')).toEqual([{ name: 'Printer', purpose: '' }])
})
