package tenancy

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Role is what a member is in an organization.
type Role string

// The roles. Operator exists only in the Platform organization.
const (
	Owner    Role = "owner"
	Admin    Role = "admin"
	Teacher  Role = "teacher"
	Student  Role = "student"
	Parent   Role = "parent"
	Operator Role = "operator"
)

// Roles lists every role.
var Roles = []Role{Owner, Admin, Teacher, Student, Parent, Operator}

// Actor is who is asking, in which organization, as what.
type Actor struct {
	Org    OrgID
	User   uuid.UUID // a person, or the service account of an API key
	Role   Role
	Key    uuid.UUID // the API key that was used; nil for a person's own token
	Scopes []Action  // what the key is limited to; nil is everything of the role
	Until  time.Time // when what proved this expires; zero for an API key, which is asked about anew
}

// Action is something a role may do.
type Action string

// The actions that the table below grants.
const (
	Upload        Action = "upload"
	ReadOwn       Action = "read_own"
	ReadAll       Action = "read_all"
	EditOwn       Action = "edit_own"
	EditAll       Action = "edit_all"
	ReadQuota     Action = "read_quota"
	SetQuota      Action = "set_quota"
	ReadStats     Action = "read_stats"
	Rescan        Action = "rescan"
	ReadOperation Action = "read_operation"
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
	Leave         Action = "leave"
	Invite        Action = "invite"
	ReadGuardians Action = "read_guardians"
	SetGuardians  Action = "set_guardians"

	ManageKeys Action = "manage_keys"
	ReadUsage  Action = "read_usage"
	ReadAudit  Action = "read_audit"
)

// Grants is the one table of who may do what; a test walks it against the
// router. What is not listed is denied.
var Grants = map[Action][]Role{
	Upload:        {Owner, Admin, Teacher, Student},
	ReadOwn:       {Owner, Admin, Teacher, Student, Parent}, // a parent: the files of their wards
	ReadAll:       {Owner, Admin, Teacher},
	EditOwn:       {Owner, Admin, Teacher, Student},
	EditAll:       {Owner, Admin},
	ReadQuota:     {Owner, Admin, Teacher, Student},
	SetQuota:      {Operator},
	ReadStats:     {Owner, Admin, Operator},
	Rescan:        {Owner, Admin, Operator},
	ReadOperation: {Owner, Admin, Operator},
	Reconcile:     {Operator},

	CreateOrganization:  {Operator},
	ManageOrganizations: {Operator},
	ReadOrganization:    {Owner, Admin, Teacher, Student, Parent, Operator},
	ChangeOrganization:  {Owner, Operator},
	ExportOrganization:  {Owner, Admin, Operator},
	ReadEvents:          {Owner, Admin, Operator},
	ReadTiers:           {Owner, Admin, Operator},
	SetTiers:            {Operator},

	ReadMembers:   {Owner, Admin, Teacher, Operator},
	ManageMembers: {Owner, Admin, Operator},
	Leave:         {Owner, Admin, Teacher, Student, Parent},
	Invite:        {Owner, Admin, Operator},
	ReadGuardians: {Owner, Admin, Teacher},
	SetGuardians:  {Owner, Admin},

	ManageKeys: {Owner, Admin},
	ReadUsage:  {Owner, Admin, Operator},
	ReadAudit:  {Owner, Admin, Operator},
}

// May says whether the actor's role is granted the action, and the key that was
// used, if any, was not limited to others.
func (a Actor) May(action Action) bool {
	return slices.Contains(Grants[action], a.Role) && (a.Scopes == nil || slices.Contains(a.Scopes, action))
}

// readActions is what a suspended organization may still do where its owner left
// reads on: actions that change nothing.
var readActions = []Action{
	ReadOwn, ReadAll, ReadQuota, ReadStats, ReadOperation, ReadOrganization, ReadTiers, ReadMembers, ReadGuardians, ReadUsage, ReadAudit,
	ExportOrganization, ReadEvents,
}

// Reads says whether the action changes nothing.
func (a Action) Reads() bool { return slices.Contains(readActions, a) }
