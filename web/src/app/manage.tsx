import { useLingui } from '@lingui/react/macro'

import type { IconName } from '../parts/icon.tsx'
import type { Place } from './context.tsx'
import { may } from './grants.ts'

export interface ManageEntry { to: string; label: string; icon: IconName; about: string; group: Group }
export type Group = 'people' | 'files' | 'programs' | 'organization'

/** What the entries are grouped by in the navigation, in words. */
export function useGroups(): [Group, string][] {
  const { t } = useLingui()
  return [['people', t`People`], ['files', t`Files and limits`], ['programs', t`Programs`], ['organization', t`Organization`]]
}

/** The places for those who manage: each is shown to those that the API lets in. */
export function useManage(place: Place): ManageEntry[] {
  const { t } = useLingui()
  const at = `/o/${place.organization_id}`
  const operator = place.role === 'operator'
  const all: (ManageEntry & { needs: string; operators?: boolean })[] = [
    { needs: 'manage_organizations', operators: true, group: 'organization', to: `${at}/operate`, label: t`Organizations`, icon: 'class', about: t`Set up, suspend, delete, and give limits` },
    { needs: 'reconcile', operators: true, group: 'organization', to: `${at}/operate/work`, label: t`Checks and repairs`, icon: 'clock', about: t`Compare what is stored, scan again, follow long work` },
    { needs: 'manage_jobs', operators: true, group: 'organization', to: `${at}/operate/jobs`, label: t`Jobs`, icon: 'jobs', about: t`What runs in the background, its queues, failures and workers` },
    { needs: 'manage_organizations', operators: true, group: 'organization', to: `${at}/operate/quarantine`, label: t`Quarantine`, icon: 'lock', about: t`How many files of each organization are locked away, and for what` },
    { needs: 'manage_organizations', operators: true, group: 'organization', to: `${at}/operate/system`, label: t`System`, icon: 'library', about: t`What works, what is missing, what is stored` },
    { needs: 'set_tiers', operators: true, group: 'organization', to: `${at}/operate/tiers`, label: t`Tiers`, icon: 'table', about: t`The limits that organizations are given` },
    { needs: 'manage_members', group: 'people', to: `${at}/manage/people`, label: t`People`, icon: 'group', about: t`Who belongs to the organization, as what` },
    { needs: 'manage_logins', group: 'people', to: `${at}/manage/logins`, label: t`Logins that wait`, icon: 'lock', about: t`People who signed in and are not known yet` },
    { needs: 'invite', group: 'people', to: `${at}/manage/invitations`, label: t`Invitations`, icon: 'send', about: t`Let people in by mail` },
    { needs: 'read_rosters', group: 'people', to: `${at}/manage/rosters`, label: t`Rosters`, icon: 'archive', about: t`People and classes from your information system` },
    { needs: 'manage_spaces', group: 'people', to: `${at}/manage/classes`, label: t`Classes`, icon: 'class', about: t`Teachers and students of each class` },
    { needs: 'read_access', group: 'people', to: `${at}/manage/access`, label: t`What teachers read`, icon: 'help', about: t`How many files each teacher reads, and does not` },
    { needs: 'read_usage', group: 'files', to: `${at}/manage/usage`, label: t`Usage`, icon: 'slides', about: t`What is stored, sent and read, and the limits` },
    { needs: 'change_organization', group: 'files', to: `${at}/manage/rules`, label: t`Files and sharing`, icon: 'file', about: t`Kinds of files, the bin, versions, sharing` },
    { needs: 'change_organization', group: 'files', to: `${at}/manage/generation`, label: t`Documents from texts`, icon: 'text', about: t`Whether quizzes and worksheets are made, by whom, at what cost` },
    { needs: 'read_consent', group: 'organization', to: `${at}/manage/agreements`, label: t`Children's data`, icon: 'lock', about: t`What the school agreed to, who counts as a child, who else gets data` },
    { needs: 'manage_members', group: 'organization', to: `${at}/manage/mails`, label: t`Mails to members`, icon: 'send', about: t`What was mailed, and what did not arrive` },
    { needs: 'manage_keys', group: 'programs', to: `${at}/manage/keys`, label: t`API keys`, icon: 'lock', about: t`For programs that act in the organization` },
    { needs: 'read_webhooks', group: 'programs', to: `${at}/manage/webhooks`, label: t`Webhooks`, icon: 'send', about: t`Events that are sent to your programs` },
    { needs: 'read_roblox', group: 'programs', to: `${at}/manage/roblox`, label: t`Roblox`, icon: 'picture', about: t`Experiences to which pictures, sounds and models go` },
    { needs: 'export_organization', group: 'organization', to: `${at}/manage/organization`, label: t`Organization`, icon: 'staff', about: t`Its name, websites that may call, a copy of everything` },
    { needs: 'read_audit', operators: true, group: 'organization', to: `${at}/manage/audit`, label: t`Audit log`, icon: 'text', about: t`Who did what, and whether the log is whole` },
    { needs: 'read_compliance', group: 'organization', to: `${at}/compliance`, label: t`Compliance`, icon: 'library', about: t`Which rules of the law are met, and what shows it` },
    { needs: 'read_compliance', group: 'organization', to: `${at}/manage/duties`, label: t`Duties and incidents`, icon: 'clock', about: t`What is due each year, whom to tell of an incident, what becomes of data` },
    { needs: 'read_compliance', group: 'organization', to: `${at}/manage/inventory`, label: t`Data inventory`, icon: 'table', about: t`What is kept of people, where, what for, and for how long` },
    { needs: 'read_consent', group: 'organization', to: `${at}/manage/notices`, label: t`Notice to parents`, icon: 'text', about: t`What parents are told before they are asked` },
    { needs: 'read_consent', group: 'organization', to: `${at}/manage/consent-requests`, label: t`Requests for consent`, icon: 'send', about: t`Which parents were asked by mail, and what they answered` },
    { needs: 'review_personal_data', group: 'files', to: `${at}/manage/held`, label: t`Files that wait`, icon: 'lock', about: t`Personal data was found in them, and somebody decides` },
    { needs: 'read_retention', group: 'files', to: `${at}/manage/retention`, label: t`How long files are kept`, icon: 'clock', about: t`By category, and what waits for a decision` },
    { needs: 'read_records', group: 'files', to: `${at}/access-requests`, label: t`Requests to see records`, icon: 'clock', about: t`Who asked to see records, and by when the school must answer` },
    { needs: 'read_records', group: 'files', to: `${at}/amendments`, label: t`Requests to change records`, icon: 'text', about: t`Who asked that a record is changed, hearings and statements` },
    { needs: 'read_records', group: 'files', to: `${at}/disclosure-consents`, label: t`Consents to give records to others`, icon: 'shared', about: t`What parents signed, for whom and until when` },
    { needs: 'review_break_glass', group: 'people', to: `${at}/manage/break-glass`, label: t`Reviews of break-glass`, icon: 'lock', about: t`Who went into a space with a reason, and whether it was one` },
    { needs: 'read_records', group: 'files', to: `${at}/disclosures`, label: t`Who was given records`, icon: 'shared', about: t`Records of students that left the school, and what was refused` },
    { needs: 'list_opt_outs', group: 'files', to: `${at}/manage/directory`, label: t`Directory information`, icon: 'group', about: t`What may be told of students without a consent, and who refused it` },
    { needs: 'read_erasures', operators: true, group: 'files', to: `${at}/manage/erasures`, label: t`Erasures`, icon: 'bin', about: t`What was destroyed in every copy, with its certificate` },
    { needs: 'read_erasures', group: 'files', to: `${at}/erasure-requests`, label: t`Requests to delete data`, icon: 'bin', about: t`Which parents ask that the data of their child is destroyed` },
    { needs: 'read_holds', group: 'files', to: `${at}/manage/holds`, label: t`Holds`, icon: 'archive', about: t`What must not be destroyed` },
  ]
  // The organization of the operators has no classes, files and keys of its own. A teacher's requests are those about
  // children of their own: they stand with these, as a parent's do.
  return all.filter(e => may(place, e.needs) && (!operator || e.operators) && (place.role !== 'teacher' || e.needs !== 'read_records'))
}
