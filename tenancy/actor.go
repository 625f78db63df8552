package tenancy

import (
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
	Auditor  Role = "auditor" // reads the audit log, and no files
	Operator Role = "operator"
)

// Roles lists every role.
var Roles = []Role{Owner, Admin, Teacher, Student, Parent, Auditor, Operator}

// Actor is the caller: the person, the organization and the role.
type Actor struct {
	Org    OrgID
	User   uuid.UUID // a person, or the service account of an API key
	Role   Role
	Key    uuid.UUID // the API key that was used; nil for a person's own token
	Scopes []Action  // what the key is limited to; nil is everything of the role
	Spaces bool      // the key acts in all spaces
	Until  time.Time // when the credential expires; zero for an API key, which is read again at each use

	Position string // where the primary was when it was asked for the actor, see Read; empty: it was not
}
