package api

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"satchel/api/around"
	"satchel/api/door"
	"satchel/api/request"
	"satchel/api/throttle"
	"satchel/api/welcome"
	"satchel/internal/fault"
	"satchel/tenancy"
)

const (
	get    = http.MethodGet
	head   = http.MethodHead
	post   = http.MethodPost
	put    = http.MethodPut
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// anyone marks a route that needs no token. It is a word and not the zero
// value, so that a forgotten action is refused at start and not open to all.
const anyone tenancy.Action = "anyone"

// signedIn marks a route for whoever has a valid token, a member of an
// organization or not. Such a handler finds who it is by request.Person, and no
// actor.
const signedIn tenancy.Action = "signed_in"

// How long a request may take, and what flows.
const (
	quick     = around.Quick
	incoming  = around.Incoming
	resumable = around.Resumable
	outgoing  = around.Outgoing
	waiting   = around.Waiting
	probe     = around.Probe
)

// handler parses, validates, acts and responds; an error becomes a problem.
type handler func(*gin.Context) error

// Route is one line of the table.
type Route struct {
	Method, Path string
	Needs        tenancy.Action
	do           handler
	kind         around.Kind
}

var (
	errNoRoute  = fault.New(fault.NotFound, "no_such_route", "There is nothing at this address. GET /api/v1/openapi.yaml lists what there is.")
	errNoMethod = fault.New(fault.Invalid, "method_not_allowed", "This address does not take that method. The Allow header lists those it takes.")
)

const (
	storagePath = "/api/v1/storage"
	filePath    = storagePath + "/files/:id"
	tusPath     = storagePath + "/tus/"
	adminPath   = "/api/v1/admin"

	organizationPath = "/api/v1/organizations/:id"

	documentPath = "/api/v1/openapi.yaml"
	resourcePath = "/.well-known/oauth-protected-resource"
)

// Routes is every route, with what it demands of the caller. Whether a file is
// the caller's own is asked by the handlers, since it takes the file's row.
func (a *API) Routes() []Route { //nolint:funlen // a line a route
	return []Route{
		{post, storagePath + "/upload", tenancy.Upload, a.storage.Upload, incoming},
		{http.MethodOptions, tusPath, anyone, a.storage.Tus, quick},
		{post, tusPath, tenancy.Upload, a.storage.Tus, resumable},
		{head, tusPath + ":id", tenancy.Upload, a.storage.Tus, resumable},
		{patch, tusPath + ":id", tenancy.Upload, a.storage.Tus, resumable},
		{remove, tusPath + ":id", tenancy.Upload, a.storage.Tus, resumable},

		{get, storagePath + "/files", tenancy.ReadOwn, a.storage.ListFiles, quick},
		{get, filePath, tenancy.ReadOwn, a.storage.GetFile, quick},
		{patch, filePath, tenancy.EditOwn, a.storage.ChangeFile, quick},
		{remove, filePath, tenancy.EditOwn, a.storage.TrashFile, quick},
		{post, filePath + "/restore", tenancy.EditOwn, a.storage.RestoreFile, quick},
		{get, filePath + "/events", tenancy.ReadOwn, a.storage.FollowFile, waiting},
		{get, filePath + "/content", tenancy.ReadOwn, a.storage.GetContent, outgoing},
		{head, filePath + "/content", tenancy.ReadOwn, a.storage.GetContent, outgoing},
		{get, filePath + "/renditions/:name", tenancy.ReadOwn, a.storage.GetRendition, outgoing},
		{head, filePath + "/renditions/:name", tenancy.ReadOwn, a.storage.GetRendition, outgoing},
		{get, filePath + "/versions", tenancy.ReadOwn, a.storage.ListVersions, quick},
		{get, filePath + "/versions/:n/content", tenancy.ReadOwn, a.storage.GetVersionContent, outgoing},
		{head, filePath + "/versions/:n/content", tenancy.ReadOwn, a.storage.GetVersionContent, outgoing},
		{post, filePath + "/versions/:n/restore", tenancy.EditOwn, a.storage.RestoreVersion, quick},
		{get, storagePath + "/quota", tenancy.ReadQuota, a.figures.GetQuota, quick},

		{get, "/api/v1/operations/:id", tenancy.ReadOperation, a.operations.Get, quick},
		{get, adminPath + "/storage/stats", tenancy.ReadStats, a.figures.GetStats, quick},
		{put, adminPath + "/storage/quotas", tenancy.SetQuota, a.figures.SetQuota, quick},
		{post, adminPath + "/storage/scan", tenancy.Rescan, a.operations.Rescan, quick},
		{post, adminPath + "/reconcile", tenancy.Reconcile, a.operations.Reconcile, quick},

		// organizations
		{post, "/api/v1/organizations", tenancy.CreateOrganization, a.organizations.Create, quick},
		{get, "/api/v1/organizations", tenancy.ManageOrganizations, a.organizations.List, quick},
		{get, organizationPath, tenancy.ReadOrganization, a.organizations.Get, quick},
		{patch, organizationPath, tenancy.ChangeOrganization, a.organizations.Change, quick},
		{remove, organizationPath, tenancy.ManageOrganizations, a.organizations.Delete, quick},
		{post, organizationPath + "/suspend", tenancy.ManageOrganizations, a.organizations.Suspend, quick},
		{post, organizationPath + "/resume", tenancy.ManageOrganizations, a.organizations.Resume, quick},
		{post, organizationPath + "/keep", tenancy.ManageOrganizations, a.organizations.Keep, quick},
		{post, organizationPath + "/export", tenancy.ExportOrganization, a.organizations.Export, quick},
		{get, organizationPath + "/exports/:operation/:part", tenancy.ExportOrganization, a.organizations.GetExport, outgoing},
		{get, organizationPath + "/policies", tenancy.ChangeOrganization, a.organizations.GetPolicies, quick},
		{patch, organizationPath + "/policies", tenancy.ChangeOrganization, a.organizations.ChangePolicies, quick},
		{get, organizationPath + "/events", tenancy.ReadEvents, a.organizations.ListEvents, quick},
		{get, adminPath + "/tiers", tenancy.ReadTiers, a.organizations.ListTiers, quick},
		{put, adminPath + "/tiers/:name", tenancy.SetTiers, a.organizations.SetTier, quick},

		// people
		{get, "/api/v1/me", signedIn, a.people.GetMe, quick},
		{post, organizationPath + "/members", tenancy.ManageMembers, a.people.SetMember, quick},
		{get, organizationPath + "/members", tenancy.ReadMembers, a.people.ListMembers, quick},
		{get, organizationPath + "/members/:user", tenancy.ReadMembers, a.people.GetMember, quick},
		{put, organizationPath + "/members/:user", tenancy.ManageMembers, a.people.ChangeMember, quick},
		{remove, organizationPath + "/members/:user", tenancy.ManageMembers, a.people.RemoveMember, quick},
		{post, organizationPath + "/leave", tenancy.Leave, a.people.Leave, quick},
		{post, organizationPath + "/invitations", tenancy.Invite, a.people.Invite, quick},
		{get, organizationPath + "/invitations", tenancy.Invite, a.people.ListInvitations, quick},
		{get, organizationPath + "/invitations/:invitation", tenancy.Invite, a.people.GetInvitation, quick},
		{remove, organizationPath + "/invitations/:invitation", tenancy.Invite, a.people.RevokeInvitation, quick},
		{post, organizationPath + "/invitations/:invitation/resend", tenancy.Invite, a.people.ResendInvitation, quick},
		{get, "/api/v1/invitations/:token", anyone, a.people.ShowInvitation, quick},
		{post, "/api/v1/invitations/look", anyone, a.people.LookAtInvitation, quick},
		{post, "/api/v1/invitations/accept", signedIn, a.people.AcceptInvitation, quick},
		{post, "/api/v1/invitations/decline", signedIn, a.people.DeclineInvitation, quick},
		{get, welcome.Path, anyone, a.people.InvitationPage, quick},
		{get, organizationPath + "/guardians", tenancy.ReadGuardians, a.people.ListGuardians, quick},
		{post, organizationPath + "/guardians", tenancy.SetGuardians, a.people.AddGuardian, quick},
		{remove, organizationPath + "/guardians/:parent/:student", tenancy.SetGuardians, a.people.RemoveGuardian, quick},

		// keys
		{get, organizationPath + "/keys", tenancy.ManageKeys, a.keys.List, quick},
		{post, organizationPath + "/keys", tenancy.ManageKeys, a.keys.Create, quick},
		{post, organizationPath + "/keys/:key/rotate", tenancy.ManageKeys, a.keys.Rotate, quick},
		{remove, organizationPath + "/keys/:key", tenancy.ManageKeys, a.keys.Revoke, quick},

		// usage
		{get, organizationPath + "/usage", tenancy.ReadUsage, a.figures.GetUsage, quick},

		// audit
		{get, organizationPath + "/audit", tenancy.ReadAudit, a.trail.List, quick},
		{get, organizationPath + "/audit/verify", tenancy.ReadAudit, a.trail.Verify, waiting},
		{get, organizationPath + "/audit/export", tenancy.ReadAudit, a.trail.Export, waiting},

		{get, "/", anyone, a.getAbout, quick},
		{get, "/api/v1", anyone, a.getAbout, quick},
		{get, documentPath, anyone, a.getDocument, quick},
		{get, resourcePath, anyone, a.getResource, quick},
		{get, "/healthz", anyone, a.getHealth, probe},
		{get, "/readyz", anyone, a.getReadiness, probe},
	}
}

// engine builds a router of the wanted routes.
func (a *API) engine(wanted func(Route) bool) http.Handler {
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.ForwardedByClientIP = false
	e.Use(a.around.Rest, a.around.Identify, a.around.Account, a.around.Recover, a.around.Secure, a.door.CORS, a.door.Locate, door.WellFormed)
	e.NoRoute(a.door.Anyone, func(c *gin.Context) { request.Fail(c, errNoRoute) })
	e.NoMethod(a.door.Anyone, func(c *gin.Context) { request.Fail(c, errNoMethod) })
	makes := a.makes()
	for _, r := range a.Routes() {
		if way, ok := makes[r.Method+" "+r.Path]; ok {
			r.do = a.repeats.Once(way, r.do)
		}
		if r.Needs == "" {
			panic("route without an action: " + r.Method + " " + r.Path)
		}
		if wanted(r) {
			e.Handle(r.Method, r.Path, a.around.Limit(r.kind), a.recorded(records[r.Method+" "+r.Path]), a.admit(r), a.around.LimitBodies, respond(r.do))
		}
	}
	return overrideMethod(e)
}

// overrideMethod gives a request of tus the method that X-HTTP-Method-Override
// names, as the protocol demands. It comes before the routing, so that the
// request is authorized, bounded and recorded as what it becomes.
func overrideMethod(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m := r.Header.Get("X-HTTP-Method-Override"); m != "" && strings.HasPrefix(r.URL.Path, tusPath) {
			r = r.WithContext(r.Context()) // a copy: the server goes on with the method that came
			r.Method = m
		}
		next.ServeHTTP(w, r)
	})
}

// admit is who may pass: anyone, as often as an address may, or who is granted
// the route's action.
func (a *API) admit(r Route) gin.HandlerFunc {
	switch {
	case r.Needs == signedIn:
		return a.door.SignedIn
	case r.Needs != anyone:
		return a.door.Granted(r.Needs, cost(r))
	case r.kind == probe:
		return door.AnyPage // whoever watches over this program must not be told that it is down
	}
	return a.door.Anyone
}

// cost is small for the requests of an upload that has begun: it may take
// hundreds, and clients of tus give up at a 429.
func cost(r Route) throttle.Cost {
	if r.Path == tusPath+":id" {
		return throttle.Part
	}
	return throttle.Request
}

// respond runs a handler and turns its error into a problem.
func respond(do handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := do(c); err != nil {
			request.Fail(c, err)
		}
	}
}
