import { useLingui } from '@lingui/react/macro'

import type { IconName } from '../parts/icon.tsx'
import type { Place } from './context.tsx'
import { may } from './grants.ts'

export interface ManageEntry { to: string; label: string; icon: IconName; about: string }

/** The places for those who manage: each is shown to those that the API lets in. */
export function useManage(place: Place): ManageEntry[] {
  const { t } = useLingui()
  const at = `/o/${place.organization_id}`
  const operator = place.role === 'operator'
  const all: (ManageEntry & { needs: string; operators?: boolean })[] = [
    { needs: 'manage_organizations', operators: true, to: `${at}/operate`, label: t`Organizations`, icon: 'class', about: t`Set up, suspend, delete, and give limits` },
    { needs: 'reconcile', operators: true, to: `${at}/operate/work`, label: t`Checks and repairs`, icon: 'clock', about: t`Compare what is stored, scan again, follow long work` },
    { needs: 'manage_jobs', operators: true, to: `${at}/operate/jobs`, label: t`Jobs`, icon: 'jobs', about: t`What runs in the background, its queues, failures and workers` },
    { needs: 'manage_organizations', operators: true, to: `${at}/operate/system`, label: t`System`, icon: 'library', about: t`What works, what is missing, what is stored` },
    { needs: 'set_tiers', operators: true, to: `${at}/operate/tiers`, label: t`Tiers`, icon: 'table', about: t`The limits that organizations are given` },
    { needs: 'manage_members', to: `${at}/manage/people`, label: t`People`, icon: 'group', about: t`Who belongs to the organization, as what` },
    { needs: 'manage_logins', to: `${at}/manage/logins`, label: t`Logins that wait`, icon: 'lock', about: t`People who signed in and are not known yet` },
    { needs: 'invite', to: `${at}/manage/invitations`, label: t`Invitations`, icon: 'send', about: t`Let people in by mail` },
    { needs: 'read_rosters', to: `${at}/manage/rosters`, label: t`Rosters`, icon: 'archive', about: t`People and classes from your information system` },
    { needs: 'manage_spaces', to: `${at}/manage/classes`, label: t`Classes`, icon: 'class', about: t`Teachers and students of each class` },
    { needs: 'read_access', to: `${at}/manage/access`, label: t`What teachers read`, icon: 'help', about: t`How many files each teacher reads, and does not` },
    { needs: 'read_usage', to: `${at}/manage/usage`, label: t`Usage`, icon: 'slides', about: t`What is stored, sent and read, and the limits` },
    { needs: 'change_organization', to: `${at}/manage/rules`, label: t`Files and sharing`, icon: 'file', about: t`Kinds of files, the bin, versions, sharing` },
    { needs: 'change_organization', to: `${at}/manage/generation`, label: t`Documents from texts`, icon: 'text', about: t`Whether quizzes and worksheets are made, by whom, at what cost` },
    { needs: 'manage_members', to: `${at}/manage/mails`, label: t`Mails to members`, icon: 'send', about: t`What was mailed, and what did not arrive` },
    { needs: 'manage_keys', to: `${at}/manage/keys`, label: t`API keys`, icon: 'lock', about: t`For programs that act in the organization` },
    { needs: 'read_webhooks', to: `${at}/manage/webhooks`, label: t`Webhooks`, icon: 'send', about: t`Events that are sent to your programs` },
    { needs: 'export_organization', to: `${at}/manage/organization`, label: t`Organization`, icon: 'staff', about: t`Its name, websites that may call, a copy of everything` },
    { needs: 'read_audit', operators: true, to: `${at}/manage/audit`, label: t`Audit log`, icon: 'text', about: t`Who did what, and whether the log is whole` },
  ]
  // The organization of the operators has no classes, files and keys of its own.
  return all.filter(e => may(place, e.needs) && (!operator || e.operators))
}
