package oneroster

import "time"

// Record is one row. Which fields it has follows from its kind.
type Record struct {
	Kind      Kind
	Row       int // the line in the file
	SourcedID string
	Leaving   bool // the status says so, or the account is disabled
	Refused   Code // "": not refused. Of a refused row, the identifiers are set as far as they can be read.

	Title  string    // name of an org, title of a term or class
	School bool      // of an org: it is a school
	Parent string    // of an org: the org above it
	Starts time.Time // first day of a term, enrollment or role; zero: none is given
	Ends   time.Time // first day after it; zero: none is given
	Code   string    // of a class

	Org         string   // school of a class or enrollment, org of a role, first org of a user; "": none is given
	Terms       []string // of a class
	Class       string   // of an enrollment
	User        string   // of an enrollment or role
	Role        string   // of an enrollment: student, teacher; of a role and of a 1.1 user: student, staff, guardian, or "" when it is ignored
	RoleIgnored bool     // of a 1.1 user: the role means nothing here

	Primary bool // of an enrollment: the primary teacher; of a role: the primary role

	Name        string // of a person, to show
	Given       string // for the comparison with the person who had the sourcedId before
	Family      string
	Grade       string
	Username    string // only for its keyed hash
	Email       string // only for its keyed hash
	Identifiers []string
	Agents      []string
	Birth       time.Time // of demographics, day of birth; only for the months that follow from it
}
