// What those may do who manage an organization or the platform, as tenancy/authorization.go says it. calls.json says
// which calls the pages make under each grant: grants.test.ts compares it with the pages, and a test of the API with the routes.
const people = ['owner', 'admin', 'operator']
const managers = ['owner', 'admin']

export const adminTable: Record<string, string[]> = {
  read_members: [...people, 'teacher'],
  manage_members: people,
  manage_logins: people,
  invite: people,
  read_guardians: [...managers, 'teacher'],
  set_guardians: managers,
  read_rosters: managers,
  send_rosters: managers,
  manage_rosters: managers,
  manage_spaces: managers,
  read_access: ['owner'],
  read_usage: people,
  read_tiers: people,
  read_stats: people,
  rescan: people,
  read_operation: [...people, 'auditor'],
  read_jobs: [...people, 'teacher', 'student', 'auditor'],
  change_jobs: [...people, 'teacher', 'student'],
  manage_jobs: ['operator'],
  generate: [...managers, 'teacher'],
  read_generations: [...managers, 'teacher'],
  manage_keys: managers,
  read_webhooks: managers,
  manage_webhooks: managers,
  read_organization: [...people, 'teacher', 'student', 'parent', 'auditor'],
  change_organization: ['owner', 'operator'],
  export_organization: people,
  create_organization: ['operator'],
  set_quota: ['operator'],
  set_tiers: ['operator'],
  reconcile: ['operator'],
}
