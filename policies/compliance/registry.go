package compliance

const (
	withFile         = "as long as the file, by the rules of retention"
	withOrganization = "as long as the organization"
	withRow          = "as long as what it is about"
)

// groups say of each table of the schema what it holds of people. A line is a table and its
// columns with values of people; ids of people are found by the schema itself.
var groups = []struct {
	category      Category
	purpose, kept string
	tables        string
}{
	{Identity, "to know who belongs to the school, as what, and in which class", "as long as the person belongs to the organization, and the days that a leaver is kept", `
people: display_name name_key grade sourced_id identifiers username_hash email_hash thirteen_from adult_from
members: role
users:
guardianships:
class_members: sourced_id
logins: issuer subject
login_requests: issuer subject shown_name`},
	{Identity, "to bring people and classes from the school's information system", "the days that imports are kept", `
roster_rows: sourced_id person identifiers agents username_hash email_hash grade
roster_changes: sourced_id person before after
roster_agents: agent
roster_batches:
roster_imports: summary report issues
roster_pickups: name
roster_sources: name`},
	{Settings, "classes, schools and terms", withOrganization, `
classes:
schools:
terms:
login_rules: tenant_value
coppa_settings:
disclosure_rules:
organization_policies:
organization_setups: owner_email
storage_quotas:
retention_policies:
notification_settings:
notification_preferences:
report_schedules:`},
	{Contact, "to invite, to ask for consent and to send mails", "until it is answered or its time is over", `
invitations: email
consent_requests: contact_sealed contact_hash
consent_tokens: network agent
mail_addresses: address
mail_suppressions: address_hash
notification_mails: address_hash`},
	{Content, "what people send, and what is made of it", withFile, `
files: name name_folded description name_sought
file_versions: file_name change_description
file_names: name folded
file_tags: tag tag_folded
file_texts: title body
file_links:
renditions:
transformations:
uploads: metadata
upload_parts:
hand_ins: note
bulk_items:
zip_entries: name object_etag statement
zips: name`},
	{Content, "where files are, and who reaches them there", withOrganization, `
folders: name name_folded instructions
folder_links:
folder_paths:
spaces: name
space_grants: reason
space_members:
stars:
recents:`},
	{Content, "documents that are made from texts", "the days that drafts are kept", `
generations: source_text title topic
generation_answers: body
generation_charges:
generation_revisions: document
generation_spending:
reports:`},
	{Content, "what is brought to Roblox", "as long as the connection", `
roblox_connections: name key_owner
roblox_assets: name
roblox_budgets: owner
roblox_erasures:
roblox_figures:
roblox_lessons: name
roblox_publications:`},
	{Records, "on what basis children's data is here", withOrganization, `
agreements: signer authority contact
consent_decisions:
consent_notices:
subprocessors:`},
	{Records, "what files are under FERPA, who was given them and who asked to see them", "as long as the record (34 CFR 99.32(a)(2))", `
record_classes: reason
record_students:
disclosures: party interest
disclosure_students:
access_requests: note verified_how ended_reason
access_request_files: reason
erasure_requests: note reason
amendments: what reason hearing_place hearing_officer decision
record_statements: statement
disclosure_consents: purpose party party_email signer_name
directory_opt_outs:
break_glass_reviews: note
holds: reason name_part
retention_reviews: reason
erasures: reference
erasure_items:
erasure_derived:`},
	{Records, "what the school records of its duties, of incidents and of directives", withOrganization, `
compliance_duties: note
directory_policies:
incidents: description closing
incident_clocks: note
dispositions: reason outcome`},
	{Records, "who was given what, and what visitors did", "as long as the share, and the days that accesses are kept", `
shares: label password_hash
share_recipients: email name
share_accesses:
share_attempts: address_hash
share_codes:
share_downloads:
share_drops: giver`},
	{Findings, "which personal data is in files, with a masked tail and never the value", withFile, `
pii_findings: part member cell masked value_hmac
pii_inspections:`},
	{Activity, "who did what, for audit, reports and events", "as the organization's settings of audit, reports and events say", `
audit_events: event
audit_heads:
activity_days:
activity_events:
activity_marks:
file_events: data
organization_events: data
notifications: data
usage_active:`},
	{Credential, "keys of programs, and secrets for other systems, hashed or sealed", withRow, `
api_keys: name
idempotency_keys: principal
webhook_secrets:`},
	{Technical, "the state of processes, counts and limits", withRow, `
bulk_changes:
edge_cursors:
edge_purges:
export_parts:
exports:
operation_counts:
operation_events:
operations:
reconcile_passes:
usage_counters:
usage_days:
usage_flushes:
usage_warnings:
version_steps:
webhook_attempts: request_body response_body
webhook_deliveries:
webhooks: url description`},
}

// schedule is what exhibit B of the National Data Privacy Agreement asks about, with the tables
// that would hold it. An element without a table is not collected as data of its own.
var schedule = []struct {
	category, element string
	tables            []string
	note              string
}{
	{"Application technology metadata", "IP addresses, use of cookies", []string{"consent_tokens", "share_attempts"}, "A part of the address with an answer of a parent; a keyed hash of visitors' addresses. The console sets no cookie that follows people."},
	{"Application use statistics", "Metadata on interaction with the application", []string{"activity_days", "usage_days", "audit_events"}, ""},
	{"Assessment", "Standardized test scores, observation data", nil, "Only where people write it into files."},
	{"Attendance", "School or class attendance", nil, ""},
	{"Communications", "Online communications that are captured", []string{"notifications", "hand_ins"}, "Notes with hand-ins, and what members are told."},
	{"Conduct", "Conduct or behavioral data", nil, "Only where people write it into files."},
	{"Demographics", "Date of birth", []string{"people"}, "The months of the 13th and 18th birthday, not the day."},
	{"Demographics", "Place of birth, gender, ethnicity, language, other", nil, ""},
	{"Enrollment", "Student school enrollment, grade level", []string{"people", "schools"}, ""},
	{"Enrollment", "Homeroom, guidance counselor, curriculum programs, year of graduation", nil, ""},
	{"Parent or guardian contact information", "Address, email, phone", []string{"consent_requests"}, "A sealed e-mail address for the request of consent alone."},
	{"Parent or guardian id", "Parent id number that links parents to students", []string{"guardianships"}, ""},
	{"Parent or guardian name", "First and last", []string{"people"}, ""},
	{"Schedule", "Student scheduled courses, teacher names", []string{"classes", "class_members"}, ""},
	{"Special indicator", "English language learner, low income, medical alerts, disability, specialized education", []string{"pii_findings"}, "Not collected as data: detectors mark files that speak of it."},
	{"Student contact information", "Address, email, phone", []string{"people", "mail_addresses"}, "A keyed hash of the roster's address; a sealed address where students may have mails."},
	{"Student identifiers", "Local or state id, provider-assigned id, user name, passwords", []string{"people", "logins"}, "No passwords: logins are the issuer's."},
	{"Student name", "First and last", []string{"people"}, ""},
	{"Student in-app performance", "Program or application performance", nil, ""},
	{"Student program membership", "Academic or extracurricular activities", []string{"space_members"}, "Groups that people make."},
	{"Student survey responses", "Responses to surveys or questionnaires", nil, ""},
	{"Student work", "Student-generated content: writing, pictures, other", []string{"files", "file_versions", "file_texts"}, ""},
	{"Transcript", "Course grades, course data, performance scores", nil, "Only where people write it into files."},
	{"Transportation", "Bus assignment, pick-up location", nil, ""},
	{"Other", "Legal basis, consents, disclosures and requests of parents", []string{"consent_decisions", "disclosures", "access_requests"}, ""},
}
