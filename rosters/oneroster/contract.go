// Package oneroster reads rosters in the CSV binding of 1EdTech's OneRoster,
// versions 1.1 and 1.2: a zip with a manifest and one file a kind. It reads only
// the columns that the platform uses, and never race, sex, password or phone.
//
// What cannot be read without a guess stops the whole package, what is wrong in
// one row refuses the row, and what is harmless is put right and noted.
package oneroster

// Version is a version of the binding.
type Version string

// The versions that are read.
const (
	V11 Version = "1.1"
	V12 Version = "1.2"
)

// Mode says what a file means by what it leaves out.
type Mode string

// The modes that a manifest declares for each file.
const (
	Absent Mode = "absent" // the file is not in the package
	Bulk   Mode = "bulk"   // the file lists everything: what it omits is gone
	Delta  Mode = "delta"  // the file lists changes, with a status in each row
)

// Kind is what a row is about.
type Kind string

// The kinds that the platform uses, in the order in which a package is read.
const (
	Orgs         Kind = "org"
	Sessions     Kind = "term"
	Classes      Kind = "class"
	Users        Kind = "person"
	Roles        Kind = "role"
	Demographics Kind = "demographics"
	Enrollments  Kind = "enrollment"
)

// Kinds lists the kinds in reading order: what is referred to comes first.
var Kinds = []Kind{Orgs, Sessions, Classes, Users, Roles, Demographics, Enrollments}

// FileOf names the file of each kind.
var FileOf = map[Kind]string{
	Orgs: "orgs.csv", Sessions: "academicSessions.csv", Classes: "classes.csv", Users: "users.csv",
	Roles: "roles.csv", Demographics: "demographics.csv", Enrollments: "enrollments.csv",
}

// manifestNames are the files that a manifest may declare, by the name that it
// uses: "file." and the name. Version 1.1 has the first 13.
var manifestNames = []string{
	"academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics",
	"enrollments", "lineItems", "orgs", "resources", "results", "users",
	"lineItemLearningObjectiveIds", "lineItemScoreScales", "resultLearningObjectiveIds", "resultScoreScales",
	"roles", "scoreScales", "userProfiles", "userResources",
}

// column is one column that is read.
type column struct {
	name   string
	header bool // a file without the column is stopped
}

func needed(names ...string) []column {
	return columns(true, names...)
}

func optional(names ...string) []column {
	return columns(false, names...)
}

func columns(header bool, names ...string) []column {
	cs := make([]column, len(names))
	for i, n := range names {
		cs[i] = column{n, header}
	}
	return cs
}

// used gives the columns of a file that are read. The others are passed over
// without a look at their values.
func used(v Version, k Kind) []column {
	cs := append(needed("sourcedId"), optional("status", "dateLastModified")...)
	switch k {
	case Orgs:
		return append(cs, append(needed("name", "type"), optional("parentSourcedId")...)...)
	case Sessions:
		return append(cs, append(needed("title", "startDate", "endDate"), optional("type")...)...)
	case Classes:
		return append(cs, append(needed("title", "schoolSourcedId", "termSourcedIds"), optional("classCode", "classType")...)...)
	case Users:
		cs = append(cs, needed("enabledUser", "username", "givenName", "familyName")...)
		cs = append(cs, optional("userIds", "identifier", "email", "agentSourcedIds", "grades")...)
		if v == V11 {
			return append(cs, needed("orgSourcedIds", "role")...)
		}
		return append(cs, optional("preferredGivenName", "preferredFamilyName", "primaryOrgSourcedId")...)
	case Roles:
		return append(cs, append(needed("userSourcedId", "roleType", "role", "orgSourcedId"), optional("beginDate", "endDate")...)...)
	case Demographics:
		return append(cs, optional("birthDate")...)
	case Enrollments:
		return append(cs, append(needed("classSourcedId", "userSourcedId", "role"), optional("schoolSourcedId", "primary", "beginDate", "endDate")...)...)
	}
	return cs
}

// known lists every column of a file, in the order of the binding, by which an
// unknown column and another order are noticed.
func known(v Version, k Kind) []string {
	base := []string{"sourcedId", "status", "dateLastModified"}
	switch k {
	case Orgs:
		return append(base, "name", "type", "identifier", "parentSourcedId")
	case Sessions:
		return append(base, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear")
	case Classes:
		return append(base, "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
			"termSourcedIds", "subjects", "subjectCodes", "periods")
	case Users:
		if v == V11 {
			return append(base, "enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName", "middleName",
				"identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "password")
		}
		return append(base, "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email", "sms",
			"phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName", "preferredMiddleName",
			"preferredFamilyName", "primaryOrgSourcedId", "pronouns")
	case Roles:
		return append(base, "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId")
	case Demographics:
		return append(base, "birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
			"nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity",
			"countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus")
	case Enrollments:
		return append(base, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate")
	}
	return base
}

// personOf says what a role of a user makes of a person; an ignored role is not
// in it. No role makes an owner or admin of an organization.
var personOf = map[string]string{
	"student": "student",
	"teacher": "staff", "aide": "staff", "proctor": "staff", "counselor": "staff", "principal": "staff",
	"administrator": "staff", "districtadministrator": "staff", "siteadministrator": "staff", "systemadministrator": "staff",
	"parent": "guardian", "guardian": "guardian",
	"relative": "",
}

// memberOf says what a role of an enrollment makes in a class.
var memberOf = map[string]string{
	"student": "student", "teacher": "teacher", "administrator": "teacher", "proctor": "teacher", "aide": "teacher",
}
