package tenancy

import (
	"slices"

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
	Org  OrgID
	User uuid.UUID
	Role Role
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

	CreateOrganization Action = "create_organization"
	ManageMembers      Action = "manage_members"
)

// Grants is the one table of who may do what; a test walks it against the
// router, and docs/roles.md is made from it. What is not listed is denied.
var Grants = map[Action][]Role{
	Upload:        {Owner, Admin, Teacher, Student},
	ReadOwn:       {Owner, Admin, Teacher, Student},
	ReadAll:       {Owner, Admin, Teacher},
	EditOwn:       {Owner, Admin, Teacher, Student},
	EditAll:       {Owner, Admin},
	ReadQuota:     {Owner, Admin, Teacher, Student},
	SetQuota:      {Operator},
	ReadStats:     {Owner, Admin, Operator},
	Rescan:        {Owner, Admin, Operator},
	ReadOperation: {Owner, Admin, Operator},
	Reconcile:     {Operator},

	CreateOrganization: {Operator},
	ManageMembers:      {Owner, Operator},
}

// May says whether the actor's role is granted the action.
func (a Actor) May(action Action) bool { return slices.Contains(Grants[action], a.Role) }
