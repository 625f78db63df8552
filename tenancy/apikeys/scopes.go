package apikeys

import (
	"slices"
	"strings"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// Scope is a named group of actions that a key is limited to. A key's role is
// asked as well: a scope never grants what the role does not have.
type Scope string

// The scopes.
const (
	FilesRead        Scope = "files:read"
	FilesWrite       Scope = "files:write"
	MembersRead      Scope = "members:read"
	MembersManage    Scope = "members:manage"
	UsageRead        Scope = "usage:read"
	AuditRead        Scope = "audit:read"
	OrganizationRead Scope = "organization:read"
	SpacesManage     Scope = "spaces:manage"
	SharesManage     Scope = "shares:manage"
	RostersSend      Scope = "rosters:send"
	GenerationManage Scope = "generation:manage"
)

// Scopes is the one table of what each scope reaches; a test walks it against
// tenancy.Grants. Guardians, consent, logins and break-glass stay with people, and so
// do keys themselves: a key that leaked must not make another.
var Scopes = map[Scope][]tenancy.Action{
	FilesRead:        {tenancy.ReadFiles, tenancy.ReadSpaces, tenancy.ReadQuota},
	FilesWrite:       {tenancy.Upload, tenancy.EditFiles},
	MembersRead:      {tenancy.ReadMembers},
	MembersManage:    {tenancy.ManageMembers, tenancy.Invite},
	UsageRead:        {tenancy.ReadUsage, tenancy.ReadStats},
	AuditRead:        {tenancy.ReadAudit},
	SharesManage:     {tenancy.Share, tenancy.ShareOutside},
	SpacesManage:     {tenancy.MakeSpaces, tenancy.ManageSpaces},
	RostersSend:      {tenancy.ReadRosters, tenancy.SendRosters},
	GenerationManage: {tenancy.Generate, tenancy.ReadGenerations}, // a draft is approved by a person
	OrganizationRead: {tenancy.ReadOrganization, tenancy.ReadTiers, tenancy.ReadOperation, tenancy.ReadJobs, tenancy.ReadEvents},
}

// NeverGranted are the actions that no key has, whatever its role.
var NeverGranted = []tenancy.Action{
	tenancy.ManageKeys, tenancy.ManageLogins, tenancy.BreakGlass, tenancy.ReviewGlass, tenancy.ReadAccess, tenancy.ManageRosters,
	tenancy.CreateOrganization, tenancy.ManageOrganizations, tenancy.ChangeOrganization, tenancy.ExportOrganization,
	tenancy.ReadConsent, tenancy.ManageConsent, tenancy.Authorize,
	tenancy.ReadWebhooks, tenancy.ManageWebhooks, tenancy.ReadRoblox, tenancy.ManageRoblox, tenancy.ReviewPersonalData,
	tenancy.ReadRecords, tenancy.ClassifyRecords, tenancy.ReadDisclosures, tenancy.AskAccess, tenancy.ReadAccessRequests, tenancy.ManageAccessRequests, // of persons
	tenancy.ReadDirectory, tenancy.ManageDirectory, tenancy.ListOptOuts, tenancy.OptOut, tenancy.AskAmendment, tenancy.ReadAmendments,
	tenancy.ReadDisclosureConsents, tenancy.AskDisclosureConsents, tenancy.SignDisclosureConsents,
	tenancy.ReadRetention, tenancy.ManageRetention, tenancy.ReadHolds, tenancy.ManageHolds, // two people release a hold
	tenancy.ReadErasures, tenancy.ManageErasures, tenancy.AskErasure, tenancy.ReadErasureRequests, // what is erased does not come back
	tenancy.ReadCompliance, tenancy.ManageCompliance, // for the people who answer for it
	tenancy.MakeReports, tenancy.ReadReports, // they go to files of a person
	tenancy.SetQuota, tenancy.SetTiers, tenancy.Reconcile, tenancy.Rescan, tenancy.ChangeJobs, tenancy.ManageJobs,
	tenancy.ReadGuardians, tenancy.SetGuardians, tenancy.Leave,
}

// Actions gives what a key of these scopes is limited to. It is never nil: nil
// would be everything of the role. A scope that this version does not know
// reaches nothing.
func Actions(scopes []string) []tenancy.Action {
	reach := make([]tenancy.Action, 0, 8)
	for _, s := range scopes {
		reach = append(reach, Scopes[Scope(s)]...)
	}
	return reach
}

// ScopeFor names the scope that reaches an action; empty when none does.
func ScopeFor(action tenancy.Action) Scope {
	for s, actions := range Scopes {
		if slices.Contains(actions, action) {
			return s
		}
	}
	return ""
}

// checkScopes wants at least one scope, each known and once.
func checkScopes(scopes []Scope) error {
	if len(scopes) == 0 || len(scopes) > len(Scopes) {
		return errScopes()
	}
	for i, s := range scopes {
		if _, known := Scopes[s]; !known || slices.Contains(scopes[:i], s) {
			return errScopes()
		}
	}
	return nil
}

func errScopes() error {
	var names []string
	for s := range Scopes {
		names = append(names, string(s))
	}
	slices.Sort(names)
	return fault.New(fault.Invalid, "invalid_scopes", "scopes is a list of at least one of %s, each once.", strings.Join(names, ", "))
}
