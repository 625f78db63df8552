import { adminTable } from './grants-admin.ts'

// What a role may do, as tenancy/authorization.go says it; grants.test.ts compares the two. It decides what is shown:
// the API decides what is done. An API that tells the grants of a membership is believed instead.
const staff = ['owner', 'admin', 'teacher']
const table: Record<string, string[]> = {
  upload: [...staff, 'student'],
  read_files: [...staff, 'student', 'parent'],
  edit_files: [...staff, 'student'],
  share: [...staff, 'student'],
  share_outside: staff,
  read_spaces: [...staff, 'student', 'parent'],
  make_spaces: staff,
  manage_spaces: ['owner', 'admin'],
  read_quota: [...staff, 'student'],
  read_members: [...staff, 'operator'],
  change_organization: ['owner', 'operator'],
  read_audit: ['owner', 'admin', 'auditor', 'operator'],
  manage_organizations: ['operator'],
  ...adminTable,
}

export type Action = keyof typeof table & string
export const grantTable = table

export function may(place: { role: string; grants?: readonly string[] }, action: Action): boolean {
  return place.grants ? place.grants.includes(action) : table[action]?.includes(place.role) ?? false
}
