import { useLingui } from '@lingui/react/macro'

/** What each rule of the compliance report asks, in words. A rule that is not here is shown as the API says it. */
export function useChecks(): Record<string, string> {
  const { t } = useLingui()
  return {
    consent_before_collection: t`Nothing is collected from a child before a parent or the school has agreed`,
    who_is_a_child: t`It is known who is under 13`,
    school_authorization: t`The school has signed what it authorizes`,
    direct_notice: t`Parents who are asked get a full notice`,
    online_notice: t`Anybody can read what is collected, what for, and whom to ask`,
    material_change: t`After a change of the notice parents are asked again`,
    method_and_action: t`A weak consent gives nothing to others`,
    confirmation: t`A consent by mail is confirmed by a second mail`,
    contact_is_deleted: t`Addresses of parents who do not answer are deleted`,
    refusal_stops_use: t`After a refusal nothing of the child is used`,
    erasure_on_request: t`Who asks to have a child's data deleted has an answer within 30 days`,
    personal_information: t`Personal data in files is looked for`,
    written_assurances: t`Who else gets data has given written assurances`,
    retention: t`Children's data is not kept without a limit`,
    held_files_end: t`Files that wait for a consent are deleted in time`,
    access_by_relationship: t`Staff reach only the records that their work needs`,
    classification: t`It is known which files are records`,
    right_to_inspect: t`Who asks to see records sees them within 45 days`,
    no_destruction_meanwhile: t`Nothing is destroyed while such a request is open`,
    records_of_several_students: t`Of records about several students each parent sees their own`,
    amendment: t`Requests to amend records are decided in time`,
    directory_information: t`Directory information leaves only where no one refused it`,
    signed_consent: t`What leaves on a consent leaves on a signed one`,
    record_of_disclosures: t`Each disclosure is written down`,
    redisclosure_notice: t`Who gets a record is told not to pass it on`,
    security_program: t`The security program is kept up each year`,
    incidents: t`Of an incident those are told in time who must be`,
    annual_notice: t`Parents are told of their rights each year`,
    disposition: t`What is to be returned or destroyed is, in time`,
    audit_log: t`Who did what is in a log that no one can change`,
  }
}

/** What the evidence counts, in words. */
export function useCounts(): Record<string, string> {
  const { t } = useLingui()
  return {
    children: t`Children`, files_of_children: t`Files of children`, files_by_parents: t`Allowed by parents`, files_by_school: t`Allowed by the school`,
    files_without_basis: t`Allowed by no one`, files_held: t`Files that wait for a consent`, ages_unknown: t`Students of unknown age`,
    agreements: t`Agreements in force`, agreements_assumed: t`Agreements no one signed`, notices: t`Versions of the notice`, consent_requests: t`Parents asked`,
    consents_undeliverable: t`Mails that did not arrive`, consents_asked_again: t`Parents asked again`, disclosures_refused: t`Disclosures refused`,
    consents_granted: t`Parents who agreed`, confirmations_late: t`Second mails that are late`, requests_late: t`Requests beyond their time`, addresses_kept: t`Addresses beyond their time`,
    decisions_of_parents: t`Decisions of parents`, files_refused: t`Files used against a refusal`, inspected_found: t`Files with personal data`, inspected_none: t`Files without personal data`,
    inspected_unknown: t`Files that cannot be read`, inspections_late: t`Files not looked at in time`, files_waiting: t`Files that wait for a person`,
    subprocessors: t`Others who get data`, assurances_missing: t`Assurances whose file is gone`, webhooks: t`Webhooks`, connections: t`Connections to Roblox`, models: t`Models in use`,
    policies_of_children: t`Rules for children's data`, files_without_policy: t`Files without a rule`, reviews: t`Files that are due`, reviews_late: t`Due for more than 30 days`,
    files_held_too_long: t`Files that waited too long`, broken_glass: t`Spaces opened for a reason`, records_decided: t`Files decided about`,
    access_requests_open: t`Open requests`, access_requests_overdue: t`Overdue requests`, access_requests_soon: t`Due within 15 days`, access_requests_answered: t`Answered requests`,
    requests_without_hold: t`Requests without a hold`, holds: t`Holds`, records_to_review: t`Records to look at`, records_disclosed: t`Records given out`,
    contacts: t`Agreements that say whom to ask`, policies: t`Rules of retention`, security_parts_in_time: t`Parts of the program in time`, security_parts_due_soon: t`Parts due within 30 days`,
    incidents_open: t`Open incidents`, clocks_running: t`Deadlines that run`, clocks_late: t`Deadlines that are over`, annual_notices_in_time: t`Notices of this year`,
    dispositions_open: t`Open directives`, dispositions_late: t`Overdue directives`,
    erasure_requests_open: t`Open requests`, erasure_requests_soon: t`Due within 7 days`, erasure_requests_overdue: t`Overdue requests`, erasure_requests_older: t`Overdue requests about older students`,
    erasure_requests_answered: t`Answered requests`, erasures_late: t`Erasures without a certificate after 30 days`,
    reviews_overdue: t`Overdue reviews`, uses_not_justified: t`Uses that were not justified`,
    amendments_open: t`Open requests to amend`, amendments_overdue: t`Overdue requests to amend`, amendments_answered: t`Answered requests to amend`,
    consents_signed: t`Signed consents`, students_opted_out: t`Students opted out`,
    shares_of_records: t`Shares of records`, shares_without_basis: t`Shares without a basis`,
  }
}
