package tenancy

// This file is all of authorization: which role is granted which action, which
// roles are above others, and who may give which role. Handlers ask it and never
// compare roles; TestHandlersCompareNoRoles keeps that.

import (
	"slices"

	"github.com/google/uuid"
)

// Action is something a role may do.
type Action string

// The actions that the table below grants.
const (
	Upload        Action = "upload"
	ReadFiles     Action = "read_files" // those that policies/rls lets the actor see
	EditFiles     Action = "edit_files"
	Share         Action = "share"         // what the actor may change where it is, with members and classes
	ShareOutside  Action = "share_outside" // the same, with people outside
	ReadSpaces    Action = "read_spaces"   // one's own, their folders and people
	MakeSpaces    Action = "make_spaces"   // groups, staff rooms, confidential spaces; and what their managers may do
	ManageSpaces  Action = "manage_spaces" // libraries, classes, substitutes
	BreakGlass    Action = "break_glass"
	ReviewGlass   Action = "review_break_glass" // what others did by it
	ReadAccess    Action = "read_access"        // how many files each teacher reads, and does not
	ReadQuota     Action = "read_quota"
	SetQuota      Action = "set_quota"
	ReadStats     Action = "read_stats"
	Rescan        Action = "rescan"
	ReadOperation Action = "read_operation"
	ReadJobs      Action = "read_jobs"   // one's own; who administers sees all
	ChangeJobs    Action = "change_jobs" // cancel, retry, priority of those
	ManageJobs    Action = "manage_jobs" // queues, workers, schedules, and the jobs of all organizations
	Reconcile     Action = "reconcile"

	// Organizations: their life is the operators', their settings the owner's.
	CreateOrganization  Action = "create_organization"
	ManageOrganizations Action = "manage_organizations"
	ReadOrganization    Action = "read_organization"
	ChangeOrganization  Action = "change_organization"
	ExportOrganization  Action = "export_organization"
	ReadEvents          Action = "read_events"
	ReadTiers           Action = "read_tiers"
	SetTiers            Action = "set_tiers"

	// People.
	ReadMembers   Action = "read_members"
	ManageMembers Action = "manage_members"
	ManageLogins  Action = "manage_logins" // which login is which person's
	Leave         Action = "leave"
	Invite        Action = "invite"
	ReadGuardians Action = "read_guardians"
	SetGuardians  Action = "set_guardians"

	// Rosters. To send one is less than to decide about what it changes.
	ReadRosters   Action = "read_rosters"
	SendRosters   Action = "send_rosters"
	ManageRosters Action = "manage_rosters"

	// Documents made from texts. Students and guardians reach no model.
	Generate        Action = "generate"
	ReadGenerations Action = "read_generations" // one's own, and what the organization spends

	// Reports: of the organization by who administers, of a class by its teachers.
	MakeReports Action = "make_reports"
	ReadReports Action = "read_reports" // one's own

	// What is brought to Roblox, with the keys that it takes.
	ReadRoblox   Action = "read_roblox"
	ManageRoblox Action = "manage_roblox"

	// On what basis the data of children is here, and who else gets data.
	ReadConsent   Action = "read_consent"
	ManageConsent Action = "manage_consent"
	Authorize     Action = "authorize" // for the school: agreements
	// Personal data in files: inspections, and decisions about files that wait.
	ReviewPersonalData Action = "review_personal_data"
	// Holds: what must not be destroyed. Two people release one.
	ReadHolds   Action = "read_holds"
	ManageHolds Action = "manage_holds"

	// Retention: for how long files are kept, and what is decided about before it goes.
	ReadRetention   Action = "read_retention"
	ManageRetention Action = "manage_retention"

	// Compliance: the report of the organization, and what it is made from.
	ReadCompliance   Action = "read_compliance"
	ManageCompliance Action = "manage_compliance"

	// Education records: what a file is, and to whom records were disclosed. Of disclosures a
	// student and the guardians of one see those of the student. Anybody of the school may have a child at it, so
	// everyone is granted what a guardian does here and below; whose guardian somebody is decides about each row.
	ReadRecords     Action = "read_records"
	ClassifyRecords Action = "classify_records"
	ReadDisclosures Action = "read_disclosures"

	// Directory information: what the school designated, and who opted out of it. A student and
	// the guardians of one see and say what is theirs.
	ReadDirectory   Action = "read_directory"
	ManageDirectory Action = "manage_directory"
	ListOptOuts     Action = "list_opt_outs"
	OptOut          Action = "opt_out"

	// Requests to amend a record. Who asked sees theirs.
	AskAmendment   Action = "ask_amendment"
	ReadAmendments Action = "read_amendments"

	// Consents to disclosures to third parties: asked for by the school, signed and revoked by a
	// guardian, or the student who is of age, who see theirs.
	ReadDisclosureConsents Action = "read_disclosure_consents"
	AskDisclosureConsents  Action = "ask_disclosure_consents"
	SignDisclosureConsents Action = "sign_disclosure_consents"

	// Requests to see records. A student and a guardian see their own.
	AskAccess            Action = "ask_access"
	ReadAccessRequests   Action = "read_access_requests"
	ManageAccessRequests Action = "manage_access_requests"

	// Erasures: what must not be kept any more, and the certificates of that. Of organizations that
	// were erased, operators see them.
	ReadErasures   Action = "read_erasures"
	ManageErasures Action = "manage_erasures"
	// Requests that the data of a student is erased. Who is a guardian, or of age, makes and sees theirs,
	// whatever else they are at the school.
	AskErasure          Action = "ask_erasure"
	ReadErasureRequests Action = "read_erasure_requests"

	ReadWebhooks   Action = "read_webhooks"
	ManageWebhooks Action = "manage_webhooks"

	ManageKeys Action = "manage_keys"
	ReadUsage  Action = "read_usage"
	ReadAudit  Action = "read_audit"
)

// Grants is the table of roles and the actions they may perform; a test
// compares it with the router. Actions that are not listed are denied.
var Grants = map[Action][]Role{
	Upload:        {Owner, Admin, Teacher, Student},
	ReadFiles:     {Owner, Admin, Teacher, Student, Parent},
	EditFiles:     {Owner, Admin, Teacher, Student},
	Share:         {Owner, Admin, Teacher, Student},
	ShareOutside:  {Owner, Admin, Teacher},
	ReadSpaces:    {Owner, Admin, Teacher, Student, Parent},
	MakeSpaces:    {Owner, Admin, Teacher},
	ManageSpaces:  {Owner, Admin},
	BreakGlass:    {Owner, Admin},
	ReviewGlass:   {Owner, Admin},
	ReadAccess:    {Owner},
	ReadQuota:     {Owner, Admin, Teacher, Student},
	SetQuota:      {Operator},
	ReadStats:     {Owner, Admin, Operator},
	Rescan:        {Owner, Admin, Operator},
	ReadOperation: {Owner, Admin, Auditor, Operator}, // an auditor: the verification of the audit log
	ReadJobs:      {Owner, Admin, Teacher, Student, Auditor, Operator},
	ChangeJobs:    {Owner, Admin, Teacher, Student, Operator},
	ManageJobs:    {Operator},
	Reconcile:     {Operator},

	CreateOrganization:  {Operator},
	ManageOrganizations: {Operator},
	ReadOrganization:    {Owner, Admin, Teacher, Student, Parent, Auditor, Operator},
	ChangeOrganization:  {Owner, Operator},
	ExportOrganization:  {Owner, Admin, Operator},
	ReadEvents:          {Owner, Admin, Operator},
	ReadTiers:           {Owner, Admin, Operator},
	SetTiers:            {Operator},

	ReadMembers:   {Owner, Admin, Teacher, Operator},
	ManageMembers: {Owner, Admin, Operator},
	ManageLogins:  {Owner, Admin, Operator},
	Leave:         {Owner, Admin, Teacher, Student, Parent, Auditor},
	Invite:        {Owner, Admin, Operator},
	ReadGuardians: {Owner, Admin, Teacher},
	SetGuardians:  {Owner, Admin},

	ReadRosters:   {Owner, Admin},
	SendRosters:   {Owner, Admin},
	ManageRosters: {Owner, Admin},

	Generate:        {Owner, Admin, Teacher},
	ReadGenerations: {Owner, Admin, Teacher},

	MakeReports:  {Owner, Admin, Teacher},
	ReadReports:  {Owner, Admin, Teacher},
	ReadRoblox:   {Owner, Admin},
	ManageRoblox: {Owner, Admin},

	ReadConsent:        {Owner, Admin},
	ManageConsent:      {Owner, Admin},
	Authorize:          {Owner, Admin, Operator},
	ReviewPersonalData: {Owner, Admin},
	ReadHolds:          {Owner, Admin, Auditor},
	ManageHolds:        {Owner, Admin},
	ReadRetention:      {Owner, Admin, Auditor},
	ManageRetention:    {Owner, Admin},
	ReadCompliance:     {Owner, Admin, Auditor},
	ManageCompliance:   {Owner, Admin},

	ReadRecords:     {Owner, Admin, Teacher, Auditor},
	ClassifyRecords: {Owner, Admin},
	ReadDisclosures: {Owner, Admin, Teacher, Student, Parent, Auditor},

	ReadDirectory:   {Owner, Admin, Teacher, Student, Parent, Auditor},
	ManageDirectory: {Owner, Admin},
	ListOptOuts:     {Owner, Admin, Auditor},
	OptOut:          {Owner, Admin, Teacher, Student, Parent, Auditor},

	AskAmendment:   {Owner, Admin, Teacher, Student, Parent, Auditor},
	ReadAmendments: {Owner, Admin, Teacher, Student, Parent, Auditor},

	ReadDisclosureConsents: {Owner, Admin, Teacher, Student, Parent, Auditor},
	AskDisclosureConsents:  {Owner, Admin},
	SignDisclosureConsents: {Owner, Admin, Teacher, Student, Parent, Auditor},

	AskAccess:            {Owner, Admin, Teacher, Student, Parent, Auditor},
	ReadAccessRequests:   {Owner, Admin, Teacher, Student, Parent, Auditor},
	ManageAccessRequests: {Owner, Admin},

	ReadErasures:   {Owner, Admin, Auditor, Operator},
	ManageErasures: {Owner, Admin},

	AskErasure:          {Owner, Admin, Teacher, Student, Parent, Auditor},
	ReadErasureRequests: {Owner, Admin, Teacher, Student, Parent, Auditor},

	ReadWebhooks:   {Owner, Admin},
	ManageWebhooks: {Owner, Admin},

	ManageKeys: {Owner, Admin},
	ReadUsage:  {Owner, Admin, Operator},
	ReadAudit:  {Owner, Admin, Auditor, Operator},
}

// May says whether the actor's role is granted the action, and the scopes of the
// API key that was used, if any, include it.
func (a Actor) May(action Action) bool {
	return slices.Contains(Grants[action], a.Role) && (a.Scopes == nil || slices.Contains(a.Scopes, action))
}

// readActions change nothing. A suspended organization keeps them when its owner
// has set reads_while_suspended.
var readActions = []Action{
	ReadFiles, ReadSpaces, ReadAccess, ReadQuota, ReadStats, ReadOperation, ReadJobs, ReadOrganization, ReadTiers, ReadMembers, ReadGuardians, ReadUsage, ReadAudit,
	ExportOrganization, ReadEvents, ReadRosters, ReadWebhooks, ReadGenerations, ReadReports, ReadRoblox, ReadConsent, ReadHolds, ReadRetention, ReadRecords, ReadDisclosures, ReadDirectory, ListOptOuts, ReadAmendments, ReadDisclosureConsents, ReadAccessRequests, ReadErasures, ReadErasureRequests, ReadCompliance,
}

// Reads says whether the action is read-only.
func (a Action) Reads() bool { return slices.Contains(readActions, a) }

// ranks orders the roles by what they may do to others. Parents and auditors have
// the rank of a student. An operator has none: no rank leads to that role.
var ranks = map[Role]int{Student: 1, Parent: 1, Auditor: 1, Teacher: 2, Admin: 3, Owner: 4}

// Staff says whether the actor teaches or administers.
func (a Actor) Staff() bool { return ranks[a.Role] >= ranks[Teacher] }

// Administers says whether the actor is an owner or admin in person.
func (a Actor) Administers() bool { return a.Key == uuid.Nil && ranks[a.Role] >= ranks[Admin] }

// Above says whether the role may do more to others than another one.
func (r Role) Above(other Role) bool { return ranks[r] > ranks[other] }

// Belongs says whether members of the organization may have the role: operators
// exist in the Platform organization only, and no other role exists there.
func (r Role) Belongs(org OrgID) bool {
	return slices.Contains(Roles, r) && (r == Operator) == (org == Platform)
}

// Invitable says whether an invitation may give the role.
func (r Role) Invitable() bool { return r != Operator }

// MustRemain says whether an organization needs at least one member of the role,
// because no one else could let others in.
func (r Role) MustRemain() bool { return r == Owner || r == Operator }

// KeyRoles are the roles that an API key may have.
var KeyRoles = []Role{Student, Teacher, Admin}

// MayGiveKey says whether the actor may make an API key of the role: one of
// KeyRoles and not above their own.
func (a Actor) MayGiveKey(role Role) bool {
	return slices.Contains(KeyRoles, role) && ranks[role] <= ranks[a.Role]
}

// MayGiveAllSpaces says whether the actor may make an API key that acts in every
// space, those included that owners do not see: an owner in person.
func (a Actor) MayGiveAllSpaces() bool { return a.Key == uuid.Nil && a.Role == Owner }

// MayAssign says whether the credential may be used to give the role to a
// person. A person's own token always may; MayManage still decides. An API key
// gives no role that could make keys or read the audit log, and none above its own.
func (a Actor) MayAssign(role Role) bool {
	return a.Key == uuid.Nil || role == Parent || role != Admin && role != Owner && role != Auditor && ranks[role] > 0 && ranks[role] <= ranks[a.Role]
}

// MayManage says whether the actor may add, change or remove a member of the
// role, given that they may manage members at all. Owners and operators alone
// reach owners, admins and operators, and an API key never does. Nor does a key
// reach auditors, who read what it did.
func (a Actor) MayManage(role Role) bool {
	if role == Auditor {
		return a.Key == uuid.Nil
	}
	high := role == Owner || role == Admin || role == Operator
	return !high || a.Key == uuid.Nil && (a.Role == Owner || a.Role == Operator)
}

// IsOperator says whether the actor acts for the platform: across organizations,
// and without the limits of a tier.
func (a Actor) IsOperator() bool { return a.Role == Operator }

// MayChangeAllJobs says whether the actor changes the jobs of everyone in the
// organization, and may have a job come earlier than its kind.
func (a Actor) MayChangeAllJobs() bool { return a.Role == Operator || ranks[a.Role] >= ranks[Admin] }

// MayReportAll says whether the actor has reports about the whole organization.
func (a Actor) MayReportAll() bool { return a.Administers() }

// MayReadAllJobs says whether the actor sees them.
func (a Actor) MayReadAllJobs() bool { return a.MayChangeAllJobs() || a.Role == Auditor }

// SeesContact says whether the actor sees what is between the owner of an
// organization and the operators: its contact address and the reason of its status.
func (a Actor) SeesContact() bool { return a.Role == Owner || a.Role == Operator }
