package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

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
// organization or not. Such a handler finds who it is by whoever(c), and no actor.
const signedIn tenancy.Action = "signed_in"

// kind is how long a request may take and what flows.
type kind int

const (
	quick     kind = iota // a small body, an answer at once
	incoming              // users' bytes come in
	resumable             // the same by tus, whose handler keeps its own deadlines
	outgoing              // users' bytes go out
	waiting               // answers for as long as it takes: events, the trail
	probe                 // asks whether this program works
)

// handler parses, validates, acts and responds; an error becomes a problem.
type handler func(*gin.Context) error

// Route is one line of the table.
type Route struct {
	Method, Path string
	Needs        tenancy.Action
	do           handler
	kind         kind
}

const (
	storage = "/api/v1/storage"
	file    = storage + "/files/:id"
	tus     = storage + "/tus/"
	admin   = "/api/v1/admin"

	organization = "/api/v1/organizations/:id"
)

// Routes is every route, with what it demands of the caller. Whether a file is
// the caller's own is asked by the handlers, since it takes the file's row.
func (a *API) Routes() []Route { //nolint:funlen // a line a route
	return []Route{
		{post, storage + "/upload", tenancy.Upload, a.uploadForm, incoming},
		{http.MethodOptions, tus, anyone, a.tusOptions, quick},
		{post, tus, tenancy.Upload, a.tus, resumable},
		{head, tus + ":id", tenancy.Upload, a.tus, resumable},
		{patch, tus + ":id", tenancy.Upload, a.tus, resumable},
		{remove, tus + ":id", tenancy.Upload, a.tus, resumable},

		{get, storage + "/files", tenancy.ReadOwn, a.listFiles, quick},
		{get, file, tenancy.ReadOwn, a.getFile, quick},
		{patch, file, tenancy.EditOwn, a.changeFile, quick},
		{remove, file, tenancy.EditOwn, a.trashFile, quick},
		{post, file + "/restore", tenancy.EditOwn, a.restoreFile, quick},
		{get, file + "/events", tenancy.ReadOwn, a.followFile, waiting},
		{get, file + "/content", tenancy.ReadOwn, a.getContent, outgoing},
		{head, file + "/content", tenancy.ReadOwn, a.getContent, outgoing},
		{get, file + "/renditions/:name", tenancy.ReadOwn, a.getRendition, outgoing},
		{head, file + "/renditions/:name", tenancy.ReadOwn, a.getRendition, outgoing},
		{get, file + "/versions", tenancy.ReadOwn, a.listVersions, quick},
		{get, file + "/versions/:n/content", tenancy.ReadOwn, a.getVersionContent, outgoing},
		{head, file + "/versions/:n/content", tenancy.ReadOwn, a.getVersionContent, outgoing},
		{post, file + "/versions/:n/restore", tenancy.EditOwn, a.restoreVersion, quick},
		{get, storage + "/quota", tenancy.ReadQuota, a.getQuota, quick},

		{get, "/api/v1/operations/:id", tenancy.ReadOperation, a.getOperation, quick},
		{get, admin + "/storage/stats", tenancy.ReadStats, a.getStats, quick},
		{put, admin + "/storage/quotas", tenancy.SetQuota, a.setQuota, quick},
		{post, admin + "/storage/scan", tenancy.Rescan, a.rescan, quick},
		{post, admin + "/reconcile", tenancy.Reconcile, a.reconcile, quick},

		// organizations
		{post, "/api/v1/organizations", tenancy.CreateOrganization, a.createOrganization, quick},
		{get, "/api/v1/organizations", tenancy.ManageOrganizations, a.listOrganizations, quick},
		{get, organization, tenancy.ReadOrganization, a.getOrganization, quick},
		{patch, organization, tenancy.ChangeOrganization, a.changeOrganization, quick},
		{remove, organization, tenancy.ManageOrganizations, a.deleteOrganization, quick},
		{post, organization + "/suspend", tenancy.ManageOrganizations, a.suspendOrganization, quick},
		{post, organization + "/resume", tenancy.ManageOrganizations, a.resumeOrganization, quick},
		{post, organization + "/keep", tenancy.ManageOrganizations, a.keepOrganization, quick},
		{get, organization + "/policies", tenancy.ChangeOrganization, a.getPolicies, quick},
		{patch, organization + "/policies", tenancy.ChangeOrganization, a.changePolicies, quick},
		{get, admin + "/tiers", tenancy.ReadTiers, a.listTiers, quick},
		{put, admin + "/tiers/:name", tenancy.SetTiers, a.setTier, quick},

		// people
		{get, "/api/v1/me", signedIn, a.getMe, quick},
		{post, organization + "/members", tenancy.ManageMembers, a.setMember, quick},
		{get, organization + "/members", tenancy.ReadMembers, a.listMembers, quick},
		{get, organization + "/members/:user", tenancy.ReadMembers, a.getMember, quick},
		{put, organization + "/members/:user", tenancy.ManageMembers, a.changeMember, quick},
		{remove, organization + "/members/:user", tenancy.ManageMembers, a.removeMember, quick},
		{post, organization + "/leave", tenancy.Leave, a.leave, quick},
		{post, organization + "/invitations", tenancy.Invite, a.invite, quick},
		{get, organization + "/invitations", tenancy.Invite, a.listInvitations, quick},
		{get, organization + "/invitations/:invitation", tenancy.Invite, a.getInvitation, quick},
		{remove, organization + "/invitations/:invitation", tenancy.Invite, a.revokeInvitation, quick},
		{post, organization + "/invitations/:invitation/resend", tenancy.Invite, a.resendInvitation, quick},
		{get, "/api/v1/invitations/:token", anyone, a.showInvitation, quick},
		{post, "/api/v1/invitations/accept", signedIn, a.acceptInvitation, quick},
		{post, "/api/v1/invitations/decline", signedIn, a.declineInvitation, quick},
		{get, "/invitations", anyone, a.getInvitationPage, quick},
		{get, organization + "/guardians", tenancy.ReadGuardians, a.listGuardians, quick},
		{post, organization + "/guardians", tenancy.SetGuardians, a.addGuardian, quick},
		{remove, organization + "/guardians/:parent/:student", tenancy.SetGuardians, a.removeGuardian, quick},

		// keys
		{get, organization + "/keys", tenancy.ManageKeys, a.listKeys, quick},
		{post, organization + "/keys", tenancy.ManageKeys, a.createKey, quick},
		{post, organization + "/keys/:key/rotate", tenancy.ManageKeys, a.rotateKey, quick},
		{remove, organization + "/keys/:key", tenancy.ManageKeys, a.revokeKey, quick},

		// usage
		{get, organization + "/usage", tenancy.ReadUsage, a.getUsage, quick},

		// audit
		{get, organization + "/audit", tenancy.ReadAudit, a.listTrail, quick},
		{get, organization + "/audit/verify", tenancy.ReadAudit, a.verifyTrail, waiting},
		{get, organization + "/audit/export", tenancy.ReadAudit, a.exportTrail, waiting},

		{get, "/api/v1/openapi.yaml", anyone, a.getDocument, quick},
		{get, "/.well-known/oauth-protected-resource", anyone, a.getResource, quick},
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
	e.Use(a.identify, a.account, a.recover, a.secure, a.cors, a.locate, wellFormed)
	e.NoRoute(a.admit(quick), func(c *gin.Context) { fail(c, errNoRoute) })
	e.NoMethod(a.admit(quick), func(c *gin.Context) { fail(c, errNoMethod) })
	for _, r := range a.Routes() {
		if r.Needs == "" {
			panic("route without an action: " + r.Method + " " + r.Path)
		}
		if wanted(r) {
			e.Handle(r.Method, r.Path, a.limit(r.kind), a.trail(records[r.Method+" "+r.Path]), a.door(r), respond(r.do))
		}
	}
	return e
}

// door is who may pass: anyone, as often as an address may, or who is granted
// the route's action.
func (a *API) door(r Route) gin.HandlerFunc {
	if r.Needs != anyone {
		return a.authenticate(r.Needs)
	}
	bounded := a.admit(r.kind)
	return func(c *gin.Context) {
		admitAnyPage(c)
		bounded(c)
	}
}

// respond runs a handler and turns its error into a problem.
func respond(do handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := do(c); err != nil {
			fail(c, err)
		}
	}
}
