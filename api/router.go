package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"satchel/api/consentpage"
	"satchel/api/delivery/signed"
	"satchel/api/idempotency"
	"satchel/api/invitepage"
	"satchel/api/middleware"
	"satchel/api/privacypage"
	"satchel/api/public"
	"satchel/api/ratelimit"
	"satchel/api/securitytxt"
	"satchel/api/sharepage"
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

// signedIn marks a route for callers with a valid token, with or without a
// membership. Its handler uses request.Person, because there is no actor.
const signedIn tenancy.Action = "signed_in"

// How long a request may take, and what flows.
const (
	quick     = middleware.Quick
	incoming  = middleware.Upload
	resumable = middleware.Tus
	outgoing  = middleware.Download
	waiting   = middleware.Stream
	probe     = middleware.Probe
)

// handler parses, validates, acts and responds; an error becomes a problem.
type handler func(*gin.Context) error

// Route is everything that the API knows of one method and path.
type Route struct {
	Method, Path string
	// Action is what the caller needs a grant for. An empty action stops the
	// program at start, so that a forgotten one cannot open a route.
	Action tenancy.Action
	// Audit is the action under which the audit log records a success, in the
	// transaction of the change, and a refusal. Routes that only read have one
	// when they hand out bytes or the audit log itself.
	Audit string
	// Cost is what a request takes of the caller's rate limit. The zero value is
	// that of one request; what reads much costs more.
	Cost ratelimit.Cost
	// Idempotency says how a request with an Idempotency-Key is answered a
	// second time. Without Replay the header has no effect.
	Idempotency idempotency.Route
	// Class sets the limits of time and size. The zero value is a quick request.
	Class   middleware.Class
	Handler handler
	// Signed says that the address itself, which this service signed, is what proves
	// the request. Such a route is on the content host alone.
	Signed bool
	// Page draws the refusal of an address that asks too often; nil answers with a problem.
	Page func(*gin.Context, error)
}

var (
	errNoRoute  = fault.New(fault.NotFound, "no_such_route", "There is nothing at this address. GET /api/v1/openapi.yaml lists what there is.")
	errNoMethod = fault.New(fault.Invalid, "method_not_allowed", "This address does not take that method. The Allow header lists those it takes.")
)

// The prefixes of the paths. A path of a route is written with them, so that each
// prefix exists once.
const (
	apiPath            = "/api/v1"
	storagePath        = apiPath + "/storage"
	filePath           = storagePath + "/files/:id"
	tusPath            = storagePath + "/tus"
	tusUploadPath      = tusPath + "/:id"
	adminPath          = apiPath + "/admin"
	organizationsPath  = apiPath + "/organizations"
	organizationPath   = organizationsPath + "/:id"
	invitationsPath    = apiPath + "/invitations"
	spacesPath         = apiPath + "/spaces"
	spacePath          = spacesPath + "/:id"
	folderPath         = apiPath + "/folders/:id"
	classesPath        = apiPath + "/classes"
	classPath          = classesPath + "/:id"
	breakGlassPath     = apiPath + "/break-glass"
	rosterPath         = organizationPath + "/roster"
	webhooksPath       = organizationPath + "/webhooks"
	webhookPath        = webhooksPath + "/:webhook"
	consentPath        = organizationPath + "/consent"
	agreementsPath     = organizationPath + "/agreements"
	subprocessorsPath  = organizationPath + "/subprocessors"
	noticesPath        = consentPath + "/notices"
	askingPath         = organizationPath + "/consent-requests"
	askedPath          = askingPath + "/:request"
	decisionsPath      = organizationPath + "/people/:user/consents"
	dutiesPath         = organizationPath + "/compliance-duties"
	incidentClocksPath = organizationPath + "/incident-clocks"
	incidentsPath      = organizationPath + "/incidents"
	incidentPath       = incidentsPath + "/:incident"
	dispositionsPath   = organizationPath + "/dispositions"
	holdsPath          = organizationPath + "/holds"
	holdPath           = holdsPath + "/:hold"
	erasuresPath       = apiPath + "/erasures"
	erasurePath        = erasuresPath + "/:id"
	erasureAsksPath    = organizationPath + "/erasure-requests"
	erasureAskPath     = erasureAsksPath + "/:request"
	retentionPath      = organizationPath + "/retention-policies"
	retentionOnePath   = retentionPath + "/:policy"
	reviewsPath        = organizationPath + "/retention-reviews"
	rosterImportPath   = rosterPath + "/imports/:import"
	notificationsPath  = apiPath + "/notifications"
	generationsPath    = apiPath + "/generations"
	generationPath     = generationsPath + "/:id"
	generatingPath     = apiPath + "/generation"
	reportsPath        = apiPath + "/reports"
	reportPath         = reportsPath + "/:id"
	reportTimesPath    = apiPath + "/report-schedules"
	reportTimePath     = reportTimesPath + "/:id"
	robloxPath         = apiPath + "/roblox/connections"
	robloxOnePath      = robloxPath + "/:id"
	robloxNotifyPath   = apiPath + "/roblox/notifications/:connection"
	myMailPath         = apiPath + "/me/mail"
	myStudentsPath     = apiPath + "/me/students"
	myPreferencesPath  = apiPath + "/me/notification-preferences"
	mailsPath          = organizationPath + "/mail"
	unsubscribePath    = "/unsubscribe/:token"
	sharesPath         = storagePath + "/shares"
	sharePath          = sharesPath + "/:id"
	accessRequestsPath = organizationPath + "/access-requests"
	accessRequestPath  = accessRequestsPath + "/:request"
	recordPath         = organizationPath + "/records/:file"
	disclosuresPath    = organizationPath + "/disclosures"
	amendmentsPath     = organizationPath + "/amendments"
	amendmentPath      = amendmentsPath + "/:amendment"
	consentsToPath     = organizationPath + "/disclosure-consents"
	consentToPath      = consentsToPath + "/:consent"
	directoryPath      = organizationPath + "/directory-policy"
	optOutsPath        = organizationPath + "/directory-opt-outs"
	optOutPath         = optOutsPath + "/:student"

	jobsPath = apiPath + "/jobs"
	jobPath  = jobsPath + "/:id"

	publicPath = public.APIPath
	publicTus  = publicPath + "/tus"

	publicRetentionPath = apiPath + "/public/organizations/:id/retention-policy"

	signedPath = signed.Path + ":version/:name"

	documentPath = apiPath + "/openapi.yaml"
	resourcePath = "/.well-known/oauth-protected-resource"
)

// Routes is every route, with what it demands of the caller. Whether a file is
// the caller's own is asked by the handlers, since it takes the file's row.
func (a *API) Routes() []Route { //nolint:funlen // a line a route
	return []Route{
		{Method: post, Path: storagePath + "/upload", Action: tenancy.Upload, Audit: "file.upload", Idempotency: idempotency.Route{Replay: a.storage.ReplayUpload, Streaming: true}, Class: incoming, Handler: a.storage.Upload},
		{Method: http.MethodOptions, Path: tusPath, Action: anyone, Handler: a.storage.Tus},
		{Method: post, Path: tusPath, Action: tenancy.Upload, Audit: "file.upload", Idempotency: idempotency.Route{Replay: a.storage.ReplayTus, Streaming: true}, Class: resumable, Handler: a.storage.Tus},
		{Method: head, Path: tusUploadPath, Action: tenancy.Upload, Cost: ratelimit.Part, Class: resumable, Handler: a.storage.Tus},
		{Method: patch, Path: tusUploadPath, Action: tenancy.Upload, Cost: ratelimit.Part, Class: resumable, Handler: a.storage.Tus},
		{Method: remove, Path: tusUploadPath, Action: tenancy.Upload, Cost: ratelimit.Part, Audit: "file.withdraw", Class: resumable, Handler: a.storage.Tus},

		{Method: get, Path: storagePath + "/files", Action: tenancy.ReadFiles, Cost: ratelimit.Search, Handler: a.storage.ListFiles},
		{Method: post, Path: storagePath + "/files/bulk", Action: tenancy.EditFiles, Cost: ratelimit.Search, Audit: "file.bulk", Idempotency: idempotency.Route{Replay: a.storage.ReplayChangeFiles}, Handler: a.storage.ChangeFiles},
		{Method: get, Path: storagePath + "/bulk/:id", Action: tenancy.EditFiles, Handler: a.storage.GetBulk},
		{Method: get, Path: storagePath + "/search", Action: tenancy.ReadFiles, Cost: ratelimit.Search, Handler: a.storage.SearchFiles},
		{Method: get, Path: storagePath + "/recent", Action: tenancy.ReadFiles, Cost: ratelimit.Search, Handler: a.storage.ListRecent},
		{Method: get, Path: filePath, Action: tenancy.ReadFiles, Handler: a.storage.GetFile},
		{Method: patch, Path: filePath, Action: tenancy.EditFiles, Audit: "file.change", Handler: a.storage.ChangeFile},
		{Method: remove, Path: filePath, Action: tenancy.EditFiles, Audit: "file.trash", Handler: a.storage.TrashFile},
		{Method: post, Path: filePath + "/restore", Action: tenancy.EditFiles, Audit: "file.restore", Handler: a.storage.RestoreFile},
		{Method: get, Path: filePath + "/events", Action: tenancy.ReadFiles, Class: waiting, Handler: a.storage.FollowFile},
		{Method: get, Path: filePath + "/content", Action: tenancy.ReadFiles, Audit: "file.read", Class: outgoing, Handler: a.storage.GetContent},
		{Method: head, Path: filePath + "/content", Action: tenancy.ReadFiles, Class: outgoing, Handler: a.storage.GetContent},
		{Method: get, Path: filePath + "/renditions/:name", Action: tenancy.ReadFiles, Class: outgoing, Handler: a.storage.GetRendition},
		{Method: head, Path: filePath + "/renditions/:name", Action: tenancy.ReadFiles, Class: outgoing, Handler: a.storage.GetRendition},
		{Method: post, Path: filePath + "/link", Action: tenancy.ReadFiles, Handler: a.links.GiveLink},
		{Method: post, Path: storagePath + "/links", Action: tenancy.ReadFiles, Handler: a.links.GiveLinks},
		{Method: post, Path: storagePath + "/zip", Action: tenancy.ReadFiles, Cost: ratelimit.Search, Handler: a.links.MakeZip},
		{Method: get, Path: storagePath + "/zip/:id", Action: tenancy.ReadFiles, Handler: a.links.GetZip},
		{Method: get, Path: signedPath, Action: anyone, Audit: "file.read", Signed: true, Class: outgoing, Handler: a.links.Serve},
		{Method: head, Path: signedPath, Action: anyone, Signed: true, Class: outgoing, Handler: a.links.Serve},
		{Method: get, Path: filePath + "/versions", Action: tenancy.ReadFiles, Handler: a.storage.ListVersions},
		{Method: get, Path: filePath + "/versions/:n/content", Action: tenancy.ReadFiles, Audit: "file.read", Class: outgoing, Handler: a.storage.GetVersionContent},
		{Method: head, Path: filePath + "/versions/:n/content", Action: tenancy.ReadFiles, Class: outgoing, Handler: a.storage.GetVersionContent},
		{Method: remove, Path: filePath + "/versions/:n", Action: tenancy.EditFiles, Audit: "file.delete_version", Handler: a.storage.DeleteVersion},
		{Method: get, Path: filePath + "/versions/:n/diff/:other", Action: tenancy.ReadFiles, Handler: a.storage.CompareVersions},
		{Method: post, Path: filePath + "/versions/:n/restore", Action: tenancy.EditFiles, Audit: "file.revert", Idempotency: idempotency.Route{Replay: a.storage.ReplayRestoreVersion}, Handler: a.storage.RestoreVersion},
		{Method: get, Path: filePath + "/pii-findings", Action: tenancy.ReadFiles, Handler: a.personal.Get},
		{Method: post, Path: filePath + "/rescan-pii", Action: tenancy.ReviewPersonalData, Audit: "file.rescan_pii", Handler: a.personal.Rescan},
		{Method: post, Path: filePath + "/release", Action: tenancy.EditFiles, Audit: "file.release", Handler: a.personal.Release},
		{Method: post, Path: filePath + "/reject", Action: tenancy.EditFiles, Audit: "file.withdraw", Handler: a.personal.Reject},
		{Method: get, Path: storagePath + "/held", Action: tenancy.ReviewPersonalData, Cost: ratelimit.Search, Handler: a.personal.ListHeld},
		{Method: get, Path: storagePath + "/quota", Action: tenancy.ReadQuota, Handler: a.usage.GetQuota},

		{Method: get, Path: filePath + "/links", Action: tenancy.ReadFiles, Handler: a.spaces.ListFileLinks},
		{Method: put, Path: filePath + "/links/:space", Action: tenancy.EditFiles, Audit: "file.link", Handler: a.spaces.LinkFile},
		{Method: remove, Path: filePath + "/links/:space", Action: tenancy.EditFiles, Audit: "file.unlink", Handler: a.spaces.UnlinkFile},
		{Method: put, Path: filePath + "/star", Action: tenancy.ReadFiles, Handler: a.spaces.StarFile},
		{Method: remove, Path: filePath + "/star", Action: tenancy.ReadFiles, Handler: a.spaces.UnstarFile},

		// shares
		{Method: post, Path: storagePath + "/share", Action: tenancy.Share, Audit: "share.create", Idempotency: idempotency.Route{Replay: a.shares.ReplayCreate}, Handler: a.shares.Create},
		{Method: get, Path: sharesPath, Action: tenancy.ReadFiles, Cost: ratelimit.Search, Handler: a.shares.List},
		{Method: get, Path: sharePath, Action: tenancy.ReadFiles, Handler: a.shares.Get},
		{Method: patch, Path: sharePath, Action: tenancy.Share, Audit: "share.change", Handler: a.shares.Change},
		{Method: remove, Path: sharePath, Action: tenancy.Share, Audit: "share.revoke", Handler: a.shares.Revoke},
		{Method: get, Path: sharePath + "/accesses", Action: tenancy.ReadFiles, Handler: a.shares.ListAccesses},
		{Method: remove, Path: sharePath + "/recipients/:recipient", Action: tenancy.Share, Audit: "share.remove", Handler: a.shares.RemoveRecipient},
		{Method: post, Path: sharePath + "/recipients/:recipient/resend", Action: tenancy.ShareOutside, Audit: "share.resend", Handler: a.shares.Resend},
		{Method: get, Path: filePath + "/shares", Action: tenancy.ReadFiles, Handler: a.shares.ListOfFile},
		{Method: get, Path: folderPath + "/shares", Action: tenancy.ReadSpaces, Handler: a.shares.ListOfFolder},
		{Method: get, Path: spacePath + "/shares", Action: tenancy.ReadSpaces, Handler: a.shares.ListOfSpace},

		// spaces, folders, classes
		{Method: get, Path: spacesPath, Action: tenancy.ReadSpaces, Handler: a.spaces.List},
		{Method: post, Path: spacesPath, Action: tenancy.MakeSpaces, Audit: "space.create", Idempotency: idempotency.Route{Replay: a.spaces.ReplayCreate}, Handler: a.spaces.Create},
		{Method: get, Path: spacePath, Action: tenancy.ReadSpaces, Handler: a.spaces.Get},
		{Method: patch, Path: spacePath, Action: tenancy.MakeSpaces, Audit: "space.change", Handler: a.spaces.Change},
		{Method: get, Path: spacePath + "/people", Action: tenancy.ReadSpaces, Cost: ratelimit.Search, Handler: a.spaces.People},
		{Method: get, Path: spacePath + "/grants", Action: tenancy.ReadSpaces, Handler: a.spaces.ListGrants},
		{Method: post, Path: spacePath + "/grants", Action: tenancy.MakeSpaces, Audit: "space.grant", Idempotency: idempotency.Route{Replay: a.spaces.ReplayGive}, Handler: a.spaces.Give},
		{Method: remove, Path: spacePath + "/grants/:grant", Action: tenancy.MakeSpaces, Audit: "space.revoke", Handler: a.spaces.EndGrant},
		{Method: post, Path: breakGlassPath, Action: tenancy.BreakGlass, Audit: "space.break_glass", Idempotency: idempotency.Route{Replay: a.spaces.ReplayGive}, Handler: a.spaces.BreakGlass},
		{Method: get, Path: breakGlassPath, Action: tenancy.ReviewGlass, Handler: a.spaces.ListReviews},
		{Method: post, Path: breakGlassPath + "/:grant/review", Action: tenancy.ReviewGlass, Audit: "space.review", Handler: a.spaces.Review},
		{Method: post, Path: breakGlassPath + "/:grant/approve", Action: tenancy.BreakGlass, Audit: "space.approve", Handler: a.spaces.ApproveBreakGlass},
		{Method: get, Path: spacePath + "/folders", Action: tenancy.ReadSpaces, Handler: a.spaces.ListFolders},
		{Method: post, Path: spacePath + "/folders", Action: tenancy.EditFiles, Audit: "folder.create", Idempotency: idempotency.Route{Replay: a.spaces.ReplayCreateFolder}, Handler: a.spaces.CreateFolder},
		{Method: get, Path: folderPath, Action: tenancy.ReadSpaces, Handler: a.spaces.GetFolder},
		{Method: patch, Path: folderPath, Action: tenancy.EditFiles, Audit: "folder.change", Handler: a.spaces.ChangeFolder},
		{Method: remove, Path: folderPath, Action: tenancy.EditFiles, Audit: "folder.delete", Handler: a.spaces.DeleteFolder},
		{Method: get, Path: folderPath + "/links", Action: tenancy.ReadSpaces, Handler: a.spaces.ListFolderLinks},
		{Method: put, Path: folderPath + "/links/:space", Action: tenancy.EditFiles, Audit: "folder.link", Handler: a.spaces.LinkFolder},
		{Method: remove, Path: folderPath + "/links/:space", Action: tenancy.EditFiles, Audit: "folder.unlink", Handler: a.spaces.UnlinkFolder},
		{Method: post, Path: folderPath + "/hand-in", Action: tenancy.Upload, Audit: "folder.hand_in", Handler: a.spaces.HandIn},
		{Method: remove, Path: folderPath + "/hand-in", Action: tenancy.Upload, Audit: "folder.take_back", Handler: a.spaces.WithdrawHandIn},
		{Method: get, Path: folderPath + "/hand-ins", Action: tenancy.ReadSpaces, Handler: a.spaces.ListHandIns},
		{Method: post, Path: folderPath + "/hand-ins/:student/return", Action: tenancy.MakeSpaces, Audit: "folder.return", Handler: a.spaces.ReturnHandIn},
		{Method: get, Path: classesPath, Action: tenancy.ReadMembers, Handler: a.spaces.ListClasses},
		{Method: post, Path: classesPath, Action: tenancy.ManageSpaces, Audit: "class.create", Idempotency: idempotency.Route{Replay: a.spaces.ReplayCreateClass}, Handler: a.spaces.CreateClass},
		{Method: get, Path: classPath, Action: tenancy.ReadMembers, Handler: a.spaces.GetClass},
		{Method: patch, Path: classPath, Action: tenancy.ManageSpaces, Audit: "class.change", Handler: a.spaces.ChangeClass},
		{Method: get, Path: classPath + "/members", Action: tenancy.ReadMembers, Handler: a.spaces.ListClassMembers},
		{Method: put, Path: classPath + "/members/:user", Action: tenancy.ManageSpaces, Audit: "class.member_set", Handler: a.spaces.SetClassMember},
		{Method: remove, Path: classPath + "/members/:user", Action: tenancy.ManageSpaces, Audit: "class.member_remove", Handler: a.spaces.RemoveClassMember},
		{Method: get, Path: apiPath + "/access-report", Action: tenancy.ReadAccess, Cost: ratelimit.Report, Handler: a.spaces.ReportAccess},
		{Method: get, Path: notificationsPath, Action: tenancy.ReadSpaces, Handler: a.notifications.List},
		{Method: post, Path: notificationsPath + "/:id/read", Action: tenancy.ReadSpaces, Handler: a.notifications.Read},
		{Method: post, Path: notificationsPath + "/read-all", Action: tenancy.ReadSpaces, Handler: a.notifications.ReadAll},
		{Method: get, Path: myMailPath, Action: tenancy.ReadSpaces, Handler: a.notifications.ListAddresses},
		{Method: post, Path: myMailPath, Action: tenancy.ReadSpaces, Handler: a.notifications.AddAddress},
		{Method: post, Path: myMailPath + "/confirm", Action: tenancy.ReadSpaces, Handler: a.notifications.ConfirmAddress},
		{Method: remove, Path: myMailPath + "/:address", Action: tenancy.ReadSpaces, Handler: a.notifications.RemoveAddress},
		{Method: get, Path: myPreferencesPath, Action: tenancy.ReadSpaces, Handler: a.notifications.GetPreferences},
		{Method: patch, Path: myPreferencesPath, Action: tenancy.ReadSpaces, Handler: a.notifications.SetPreferences},
		{Method: get, Path: mailsPath + "/deliveries", Action: tenancy.ManageMembers, Cost: ratelimit.Search, Handler: a.notifications.ListMails},
		{Method: get, Path: mailsPath + "/suppressions", Action: tenancy.ManageMembers, Handler: a.notifications.ListSuppressions},
		{Method: remove, Path: mailsPath + "/suppressions/:suppression", Action: tenancy.ManageMembers, Audit: "mail.unsuppress", Handler: a.notifications.RemoveSuppression},
		{Method: get, Path: mailsPath + "/preview", Action: tenancy.ManageMembers, Handler: a.notifications.Preview},
		{Method: get, Path: unsubscribePath, Action: anyone, Handler: a.notifications.AskUnsubscribe},
		{Method: post, Path: unsubscribePath, Action: anyone, Handler: a.notifications.Unsubscribe},

		{Method: get, Path: apiPath + "/operations/:id", Action: tenancy.ReadOperation, Handler: a.operations.Get},
		{Method: get, Path: jobsPath, Action: tenancy.ReadJobs, Cost: ratelimit.Search, Handler: a.jobs.List},
		{Method: get, Path: jobsPath + "/counts", Action: tenancy.ReadJobs, Cost: ratelimit.Search, Handler: a.jobs.Counts},
		{Method: get, Path: jobPath, Action: tenancy.ReadJobs, Handler: a.jobs.Get},
		{Method: patch, Path: jobPath, Action: tenancy.ChangeJobs, Audit: "job.change", Handler: a.jobs.Change},
		{Method: get, Path: jobPath + "/events", Action: tenancy.ReadJobs, Class: waiting, Handler: a.jobs.Follow},
		{Method: post, Path: jobPath + "/cancel", Action: tenancy.ChangeJobs, Audit: "job.cancel", Handler: a.jobs.Cancel},
		{Method: post, Path: jobPath + "/retry", Action: tenancy.ChangeJobs, Cost: ratelimit.Report, Audit: "job.retry", Handler: a.jobs.Retry},
		{Method: get, Path: adminPath + "/jobs", Action: tenancy.ManageJobs, Cost: ratelimit.Search, Handler: a.jobs.ListAll},
		{Method: get, Path: adminPath + "/jobs/counts", Action: tenancy.ManageJobs, Cost: ratelimit.Search, Handler: a.jobs.CountAll},
		{Method: get, Path: adminPath + "/jobs/failures", Action: tenancy.ManageJobs, Cost: ratelimit.Search, Handler: a.jobs.Failures},
		{Method: post, Path: adminPath + "/jobs/bulk", Action: tenancy.ManageJobs, Cost: ratelimit.Report, Audit: "job.bulk", Handler: a.jobs.Bulk},
		{Method: get, Path: adminPath + "/queues", Action: tenancy.ManageJobs, Cost: ratelimit.Search, Handler: a.jobs.Queues},
		{Method: patch, Path: adminPath + "/queues/:queue", Action: tenancy.ManageJobs, Audit: "queue.change", Handler: a.jobs.ChangeQueue},
		{Method: get, Path: adminPath + "/workers", Action: tenancy.ManageJobs, Handler: a.jobs.Workers},
		{Method: get, Path: adminPath + "/schedules", Action: tenancy.ManageJobs, Handler: a.jobs.Schedules},
		{Method: patch, Path: adminPath + "/schedules/:schedule", Action: tenancy.ManageJobs, Audit: "schedule.change", Handler: a.jobs.ChangeSchedule},
		{Method: post, Path: adminPath + "/schedules/:schedule/run", Action: tenancy.ManageJobs, Audit: "schedule.run", Handler: a.jobs.RunSchedule},
		{Method: get, Path: adminPath + "/purges", Action: tenancy.ManageJobs, Cost: ratelimit.Search, Handler: a.purges.List},
		{Method: post, Path: adminPath + "/purges/replay", Action: tenancy.ManageJobs, Audit: "edge.replay", Handler: a.purges.Replay},
		{Method: post, Path: adminPath + "/temporal/decode", Action: tenancy.ManageJobs, Audit: "history.decode", Handler: a.histories.Decode},
		{Method: get, Path: adminPath + "/quarantine", Action: tenancy.ManageOrganizations, Cost: ratelimit.Report, Handler: a.quarantine.List},
		{Method: get, Path: adminPath + "/storage/stats", Action: tenancy.ReadStats, Cost: ratelimit.Report, Handler: a.usage.GetStats},
		{Method: put, Path: adminPath + "/storage/quotas", Action: tenancy.SetQuota, Audit: "quota.set", Handler: a.usage.SetQuota},
		{Method: post, Path: adminPath + "/storage/scan", Action: tenancy.Rescan, Cost: ratelimit.Report, Audit: "storage.rescan", Idempotency: idempotency.Route{Replay: a.operations.ReplayRescan}, Handler: a.operations.Rescan},
		{Method: post, Path: adminPath + "/reconcile", Action: tenancy.Reconcile, Cost: ratelimit.Report, Audit: "storage.reconcile", Idempotency: idempotency.Route{Replay: a.operations.ReplayReconcile}, Handler: a.operations.Reconcile},

		// organizations
		{Method: post, Path: organizationsPath, Action: tenancy.CreateOrganization, Audit: "organization.create", Idempotency: idempotency.Route{Replay: a.organizations.ReplayCreate}, Handler: a.organizations.Create},
		{Method: get, Path: organizationsPath, Action: tenancy.ManageOrganizations, Cost: ratelimit.Search, Handler: a.organizations.List},
		{Method: get, Path: organizationPath, Action: tenancy.ReadOrganization, Handler: a.organizations.Get},
		{Method: patch, Path: organizationPath, Action: tenancy.ChangeOrganization, Audit: "organization.change", Handler: a.organizations.Change},
		{Method: remove, Path: organizationPath, Action: tenancy.ManageOrganizations, Audit: "organization.delete", Handler: a.organizations.Delete},
		{Method: post, Path: organizationPath + "/suspend", Action: tenancy.ManageOrganizations, Audit: "organization.suspend", Idempotency: idempotency.Route{Replay: a.organizations.ReplaySuspend}, Handler: a.organizations.Suspend},
		{Method: post, Path: organizationPath + "/resume", Action: tenancy.ManageOrganizations, Audit: "organization.resume", Idempotency: idempotency.Route{Replay: a.organizations.ReplaySuspend}, Handler: a.organizations.Resume},
		{Method: post, Path: organizationPath + "/keep", Action: tenancy.ManageOrganizations, Audit: "organization.keep", Handler: a.organizations.CancelDeletion},
		{Method: post, Path: organizationPath + "/export", Action: tenancy.ExportOrganization, Cost: ratelimit.Report, Audit: "organization.export", Idempotency: idempotency.Route{Replay: a.organizations.ReplayExport}, Handler: a.organizations.Export},
		{Method: get, Path: organizationPath + "/exports/:operation/:part", Action: tenancy.ExportOrganization, Audit: "export.read", Class: outgoing, Handler: a.organizations.GetExport},
		{Method: get, Path: organizationPath + "/policies", Action: tenancy.ReadOrganization, Handler: a.organizations.GetPolicies},
		{Method: patch, Path: organizationPath + "/policies", Action: tenancy.ChangeOrganization, Audit: "policy.change", Handler: a.organizations.ChangePolicies},
		{Method: get, Path: organizationPath + "/events", Action: tenancy.ReadEvents, Handler: a.organizations.ListEvents},
		{Method: get, Path: adminPath + "/tiers", Action: tenancy.ReadTiers, Handler: a.organizations.ListTiers},
		{Method: put, Path: adminPath + "/tiers/:name", Action: tenancy.SetTiers, Audit: "tier.set", Handler: a.organizations.SetTier},

		// people
		{Method: get, Path: apiPath + "/me", Action: signedIn, Handler: a.members.GetMe},
		{Method: post, Path: organizationPath + "/members", Action: tenancy.ManageMembers, Audit: "member.add", Idempotency: idempotency.Route{Replay: a.members.ReplaySetMember}, Handler: a.members.SetMember},
		{Method: get, Path: organizationPath + "/members", Action: tenancy.ReadMembers, Cost: ratelimit.Search, Handler: a.members.ListMembers},
		{Method: get, Path: organizationPath + "/members/:user", Action: tenancy.ReadMembers, Handler: a.members.GetMember},
		{Method: put, Path: organizationPath + "/members/:user", Action: tenancy.ManageMembers, Audit: "member.change", Handler: a.members.ChangeMember},
		{Method: remove, Path: organizationPath + "/members/:user", Action: tenancy.ManageMembers, Audit: "member.remove", Handler: a.members.RemoveMember},
		{Method: post, Path: organizationPath + "/leave", Action: tenancy.Leave, Audit: "member.leave", Handler: a.members.Leave},
		{Method: post, Path: organizationPath + "/invitations", Action: tenancy.Invite, Audit: "invitation.create", Idempotency: idempotency.Route{Replay: a.members.ReplayInvite}, Handler: a.members.Invite},
		{Method: get, Path: organizationPath + "/invitations", Action: tenancy.Invite, Handler: a.members.ListInvitations},
		{Method: get, Path: organizationPath + "/invitations/:invitation", Action: tenancy.Invite, Handler: a.members.GetInvitation},
		{Method: remove, Path: organizationPath + "/invitations/:invitation", Action: tenancy.Invite, Audit: "invitation.revoke", Handler: a.members.RevokeInvitation},
		{Method: post, Path: organizationPath + "/invitations/:invitation/resend", Action: tenancy.Invite, Audit: "invitation.resend", Handler: a.members.ResendInvitation},
		{Method: get, Path: invitationsPath + "/:token", Action: anyone, Handler: a.members.ShowInvitation},
		{Method: post, Path: invitationsPath + "/look", Action: anyone, Handler: a.members.LookAtInvitation},
		{Method: post, Path: invitationsPath + "/accept", Action: signedIn, Audit: "invitation.accept", Idempotency: idempotency.Route{Replay: a.members.ReplayAcceptInvitation}, Handler: a.members.AcceptInvitation},
		{Method: post, Path: invitationsPath + "/decline", Action: signedIn, Audit: "invitation.decline", Handler: a.members.DeclineInvitation},
		{Method: get, Path: invitepage.Path, Action: anyone, Handler: a.members.InvitationPage},
		{Method: get, Path: organizationPath + "/guardians", Action: tenancy.ReadGuardians, Handler: a.members.ListGuardians},
		{Method: post, Path: organizationPath + "/guardians", Action: tenancy.SetGuardians, Audit: "guardian.add", Idempotency: idempotency.Route{Replay: a.members.ReplayAddGuardian}, Handler: a.members.AddGuardian},
		{Method: remove, Path: organizationPath + "/guardians/:parent/:student", Action: tenancy.SetGuardians, Audit: "guardian.remove", Handler: a.members.RemoveGuardian},

		// people of the organization, and their logins
		{Method: get, Path: organizationPath + "/people", Action: tenancy.ReadMembers, Cost: ratelimit.Search, Handler: a.people.List},
		{Method: post, Path: organizationPath + "/people", Action: tenancy.ManageMembers, Audit: "person.create", Idempotency: idempotency.Route{Replay: a.people.ReplayCreate}, Handler: a.people.Create},
		{Method: get, Path: organizationPath + "/people/:user", Action: tenancy.ReadMembers, Handler: a.people.Get},
		{Method: patch, Path: organizationPath + "/people/:user", Action: tenancy.ManageMembers, Audit: "person.change", Handler: a.people.Change},
		{Method: post, Path: organizationPath + "/people/:user/merge", Action: tenancy.ManageLogins, Audit: "person.merge", Handler: a.people.Merge},
		{Method: get, Path: organizationPath + "/people/:user/logins", Action: tenancy.ManageLogins, Handler: a.people.ListLogins},
		{Method: remove, Path: organizationPath + "/people/:user/logins/:login", Action: tenancy.ManageLogins, Audit: "login.unlink", Handler: a.people.Unlink},
		{Method: get, Path: organizationPath + "/login-requests", Action: tenancy.ManageLogins, Handler: a.people.ListRequests},
		{Method: post, Path: organizationPath + "/login-requests/:request/link", Action: tenancy.ManageLogins, Audit: "login.link", Handler: a.people.Link},
		{Method: post, Path: organizationPath + "/login-requests/:request/dismiss", Action: tenancy.ManageLogins, Audit: "login.dismiss", Handler: a.people.Dismiss},
		{Method: get, Path: organizationPath + "/login-rules", Action: tenancy.ManageLogins, Handler: a.people.GetRules},
		{Method: put, Path: organizationPath + "/login-rules", Action: tenancy.ManageLogins, Audit: "login_rules.change", Handler: a.people.SetRules},
		{Method: post, Path: organizationPath + "/login-rules/:rule/confirm", Action: tenancy.ManageOrganizations, Audit: "login_rules.confirm", Handler: a.people.ConfirmRule},

		// rosters
		{Method: get, Path: rosterPath + "/sources", Action: tenancy.ReadRosters, Handler: a.rosters.ListSources},
		{Method: post, Path: rosterPath + "/sources", Action: tenancy.ManageRosters, Audit: "roster.source", Idempotency: idempotency.Route{Replay: a.rosters.ReplayCreateSource}, Handler: a.rosters.CreateSource},
		{Method: patch, Path: rosterPath + "/sources/:source", Action: tenancy.ManageRosters, Audit: "roster.source", Handler: a.rosters.ChangeSource},
		{Method: get, Path: rosterPath + "/pickups", Action: tenancy.ReadRosters, Handler: a.rosters.ListPickups},
		{Method: get, Path: rosterPath + "/imports", Action: tenancy.ReadRosters, Handler: a.rosters.List},
		{Method: post, Path: rosterPath + "/imports", Action: tenancy.SendRosters, Cost: ratelimit.Report, Audit: "roster.import", Idempotency: idempotency.Route{Replay: a.rosters.ReplayReceive, Streaming: true}, Class: incoming, Handler: a.rosters.Receive},
		{Method: get, Path: rosterImportPath, Action: tenancy.ReadRosters, Handler: a.rosters.Get},
		{Method: get, Path: rosterImportPath + "/issues", Action: tenancy.ReadRosters, Handler: a.rosters.Issues},
		{Method: get, Path: rosterImportPath + "/changes", Action: tenancy.ReadRosters, Cost: ratelimit.Search, Audit: "roster.read", Handler: a.rosters.Changes},
		{Method: get, Path: rosterImportPath + "/changes.csv", Action: tenancy.ReadRosters, Cost: ratelimit.Report, Audit: "roster.read", Class: waiting, Handler: a.rosters.ChangesFile},
		{Method: post, Path: rosterImportPath + "/approve", Action: tenancy.ManageRosters, Audit: "roster.decide", Handler: a.rosters.Approve},
		{Method: post, Path: rosterImportPath + "/adds-only", Action: tenancy.ManageRosters, Audit: "roster.decide", Handler: a.rosters.AddsOnly},
		{Method: post, Path: rosterImportPath + "/discard", Action: tenancy.ManageRosters, Audit: "roster.decide", Handler: a.rosters.Discard},
		{Method: post, Path: rosterImportPath + "/undo", Action: tenancy.ManageRosters, Audit: "roster.undo", Handler: a.rosters.Undo},

		// keys
		{Method: get, Path: organizationPath + "/keys", Action: tenancy.ManageKeys, Handler: a.keys.List},
		{Method: post, Path: organizationPath + "/keys", Action: tenancy.ManageKeys, Audit: "key.create", Idempotency: idempotency.Route{Replay: a.keys.Replay}, Handler: a.keys.Create},
		{Method: post, Path: organizationPath + "/keys/:key/rotate", Action: tenancy.ManageKeys, Audit: "key.rotate", Idempotency: idempotency.Route{Replay: a.keys.Replay}, Handler: a.keys.Rotate},
		{Method: remove, Path: organizationPath + "/keys/:key", Action: tenancy.ManageKeys, Audit: "key.revoke", Handler: a.keys.Revoke},

		// generation
		{Method: get, Path: generationsPath, Action: tenancy.ReadGenerations, Handler: a.generations.List},
		{Method: post, Path: generationsPath, Action: tenancy.Generate, Cost: ratelimit.Search, Audit: "generation.request", Idempotency: idempotency.Route{Replay: a.generations.ReplayCreate}, Handler: a.generations.Create},
		{Method: get, Path: generationPath, Action: tenancy.ReadGenerations, Handler: a.generations.Get},
		{Method: patch, Path: generationPath, Action: tenancy.Generate, Audit: "generation.edit", Handler: a.generations.Change},
		{Method: post, Path: generationPath + "/approve", Action: tenancy.Generate, Audit: "generation.approve", Handler: a.generations.Approve},
		{Method: post, Path: generationPath + "/reject", Action: tenancy.Generate, Audit: "generation.reject", Handler: a.generations.Reject},
		{Method: post, Path: generationPath + "/cancel", Action: tenancy.Generate, Audit: "generation.cancel", Handler: a.generations.Cancel},
		{Method: get, Path: generationPath + "/output", Action: tenancy.ReadGenerations, Cost: ratelimit.Search, Handler: a.generations.GetOutput},
		{Method: get, Path: generatingPath + "/preview", Action: tenancy.Generate, Cost: ratelimit.Search, Handler: a.generations.Preview},
		{Method: get, Path: generatingPath + "/providers", Action: tenancy.ReadGenerations, Handler: a.generations.ListProviders},
		{Method: get, Path: generatingPath + "/spending", Action: tenancy.ReadGenerations, Handler: a.generations.Spending},

		// reports
		{Method: get, Path: reportsPath, Action: tenancy.ReadReports, Handler: a.reports.List},
		{Method: post, Path: reportsPath, Action: tenancy.MakeReports, Cost: ratelimit.Report, Audit: "report.request", Idempotency: idempotency.Route{Replay: a.reports.ReplayCreate}, Handler: a.reports.Create},
		{Method: get, Path: reportPath, Action: tenancy.ReadReports, Handler: a.reports.Get},
		{Method: get, Path: reportTimesPath, Action: tenancy.ReadReports, Handler: a.reports.ListSchedules},
		{Method: post, Path: reportTimesPath, Action: tenancy.MakeReports, Audit: "report.schedule", Idempotency: idempotency.Route{Replay: a.reports.ReplayCreateSchedule}, Handler: a.reports.CreateSchedule},
		{Method: patch, Path: reportTimePath, Action: tenancy.MakeReports, Audit: "report.schedule_change", Handler: a.reports.ChangeSchedule},
		{Method: remove, Path: reportTimePath, Action: tenancy.MakeReports, Audit: "report.schedule_delete", Handler: a.reports.DeleteSchedule},
		// Roblox
		{Method: get, Path: robloxPath, Action: tenancy.ReadRoblox, Handler: a.roblox.List},
		{Method: post, Path: robloxPath, Action: tenancy.ManageRoblox, Cost: ratelimit.Search, Audit: "roblox.connect", Idempotency: idempotency.Route{Replay: a.roblox.ReplayCreate}, Handler: a.roblox.Create},
		{Method: get, Path: robloxOnePath, Action: tenancy.ReadRoblox, Handler: a.roblox.Get},
		{Method: patch, Path: robloxOnePath, Action: tenancy.ManageRoblox, Cost: ratelimit.Search, Audit: "roblox.change", Handler: a.roblox.Change},
		{Method: remove, Path: robloxOnePath, Action: tenancy.ManageRoblox, Audit: "roblox.disconnect", Handler: a.roblox.Delete},
		{Method: post, Path: robloxOnePath + "/sync", Action: tenancy.ManageRoblox, Audit: "roblox.sync", Handler: a.roblox.Sync},
		{Method: get, Path: robloxOnePath + "/quota", Action: tenancy.ReadRoblox, Cost: ratelimit.Search, Handler: a.roblox.Quota},
		{Method: get, Path: robloxOnePath + "/figures", Action: tenancy.ReadRoblox, Handler: a.roblox.Figures},
		{Method: get, Path: robloxOnePath + "/assets", Action: tenancy.ReadRoblox, Cost: ratelimit.Search, Handler: a.roblox.ListAssets},
		{Method: get, Path: robloxOnePath + "/lessons", Action: tenancy.ReadRoblox, Cost: ratelimit.Search, Handler: a.roblox.ListLessons},
		{Method: post, Path: robloxOnePath + "/assets/:asset/resolve", Action: tenancy.ManageRoblox, Audit: "roblox.decide", Handler: a.roblox.Resolve},
		{Method: post, Path: robloxOnePath + "/places/:place", Action: tenancy.ManageRoblox, Audit: "roblox.publish_place", Idempotency: idempotency.Route{Replay: a.roblox.ReplayPlace}, Handler: a.roblox.PublishPlace},
		{Method: post, Path: robloxNotifyPath, Action: anyone, Handler: a.roblox.Notify},

		// webhooks
		{Method: get, Path: apiPath + "/events/schemas", Action: anyone, Handler: a.webhooks.Schemas},
		{Method: get, Path: consentPath, Action: tenancy.ReadConsent, Handler: a.consent.GetSettings},
		{Method: put, Path: consentPath, Action: tenancy.ManageConsent, Audit: "consent.settings", Handler: a.consent.SetSettings},
		{Method: get, Path: consentPath + "/matrix", Action: tenancy.ReadConsent, Handler: a.consent.GetMatrix},
		{Method: get, Path: agreementsPath, Action: tenancy.Authorize, Handler: a.consent.ListAgreements},
		{Method: post, Path: agreementsPath, Action: tenancy.Authorize, Audit: "consent.agreement", Idempotency: idempotency.Route{Replay: a.consent.ReplayAgreement}, Handler: a.consent.CreateAgreement},
		{Method: remove, Path: agreementsPath + "/:agreement", Action: tenancy.Authorize, Audit: "consent.agreement_end", Handler: a.consent.EndAgreement},
		{Method: get, Path: subprocessorsPath, Action: tenancy.ReadConsent, Handler: a.consent.ListSubprocessors},
		{Method: post, Path: subprocessorsPath, Action: tenancy.ManageConsent, Audit: "consent.subprocessor", Idempotency: idempotency.Route{Replay: a.consent.ReplaySubprocessor}, Handler: a.consent.CreateSubprocessor},
		{Method: remove, Path: subprocessorsPath + "/:subprocessor", Action: tenancy.ManageConsent, Audit: "consent.subprocessor_end", Handler: a.consent.EndSubprocessor},
		{Method: get, Path: organizationPath + "/people/:user/consent", Action: tenancy.ReadConsent, Handler: a.consent.GetState},
		{Method: get, Path: decisionsPath, Action: tenancy.ReadConsent, Handler: a.consent.ListDecisions},
		{Method: post, Path: decisionsPath, Action: tenancy.ManageConsent, Audit: "consent.decide", Idempotency: idempotency.Route{Replay: a.consent.ReplayDecision}, Handler: a.consent.CreateDecision},
		{Method: get, Path: consentPath + "/terms", Action: tenancy.ReadConsent, Handler: a.asking.GetTerms},
		{Method: put, Path: consentPath + "/terms", Action: tenancy.ManageConsent, Audit: "consent.terms", Handler: a.asking.SetTerms},
		{Method: get, Path: consentPath + "/transitions", Action: tenancy.ReadConsent, Handler: a.asking.ListTransitions},
		{Method: get, Path: noticesPath, Action: tenancy.ReadConsent, Handler: a.asking.ListNotices},
		{Method: post, Path: noticesPath, Action: tenancy.ManageConsent, Audit: "consent.notice", Idempotency: idempotency.Route{Replay: a.asking.ReplayPublish}, Handler: a.asking.Publish},
		{Method: post, Path: organizationPath + "/people/:user/consent-requests", Action: tenancy.ManageConsent, Audit: "consent.request", Idempotency: idempotency.Route{Replay: a.asking.ReplayCreate}, Handler: a.asking.Create},
		{Method: get, Path: askingPath, Action: tenancy.ReadConsent, Handler: a.asking.List},
		{Method: get, Path: askedPath, Action: tenancy.ReadConsent, Handler: a.asking.Get},
		{Method: post, Path: askedPath + "/resend", Action: tenancy.ManageConsent, Audit: "consent.request_resend", Handler: a.asking.Resend},
		{Method: post, Path: askedPath + "/cancel", Action: tenancy.ManageConsent, Audit: "consent.request_cancel", Handler: a.asking.Cancel},
		{Method: get, Path: consentpage.Path, Action: anyone, Page: a.parents.Limited, Handler: a.parents.Show},
		{Method: head, Path: consentpage.Path, Action: anyone, Page: a.parents.Limited, Handler: a.parents.Show},
		{Method: post, Path: consentpage.Path + "/answer", Action: anyone, Page: a.parents.Limited, Handler: a.parents.Answer},
		{Method: post, Path: consentpage.Path + "/withdraw", Action: anyone, Page: a.parents.Limited, Handler: a.parents.Withdraw},
		{Method: get, Path: apiPath + "/public/organizations/:id/subprocessors", Action: anyone, Handler: a.publicConsent.PublicList},
		{Method: get, Path: retentionPath, Action: tenancy.ReadRetention, Handler: a.retention.List},
		{Method: post, Path: retentionPath, Action: tenancy.ManageRetention, Audit: "retention_policy.create", Idempotency: idempotency.Route{Replay: a.retention.ReplayCreate}, Handler: a.retention.Create},
		{Method: put, Path: retentionOnePath, Action: tenancy.ManageRetention, Audit: "retention_policy.change", Handler: a.retention.Change},
		{Method: remove, Path: retentionOnePath, Action: tenancy.ManageRetention, Audit: "retention_policy.delete", Handler: a.retention.Remove},
		{Method: get, Path: reviewsPath, Action: tenancy.ReadRetention, Handler: a.retention.ListReviews},
		{Method: post, Path: reviewsPath + "/:file/decide", Action: tenancy.ManageRetention, Audit: "retention.dispose", Handler: a.retention.Decide},
		{Method: get, Path: apiPath + "/compliance-report", Action: tenancy.ReadCompliance, Cost: ratelimit.Report, Handler: a.compliance.Report},
		{Method: get, Path: dutiesPath, Action: tenancy.ReadCompliance, Handler: a.evidence.ListDuties},
		{Method: post, Path: dutiesPath, Action: tenancy.ManageCompliance, Audit: "compliance.duty", Idempotency: idempotency.Route{Replay: a.evidence.ReplayDuty}, Handler: a.evidence.CreateDuty},
		{Method: get, Path: incidentClocksPath, Action: tenancy.ReadCompliance, Handler: a.evidence.ListClocks},
		{Method: put, Path: incidentClocksPath, Action: tenancy.ManageCompliance, Audit: "incident.hours", Handler: a.evidence.SetOwnHours},
		{Method: get, Path: incidentsPath, Action: tenancy.ReadCompliance, Handler: a.evidence.ListIncidents},
		{Method: post, Path: incidentsPath, Action: tenancy.ManageCompliance, Audit: "incident.record", Idempotency: idempotency.Route{Replay: a.evidence.ReplayIncident}, Handler: a.evidence.CreateIncident},
		{Method: get, Path: incidentPath, Action: tenancy.ReadCompliance, Handler: a.evidence.GetIncident},
		{Method: post, Path: incidentPath + "/confirm", Action: tenancy.ManageCompliance, Audit: "incident.confirm", Handler: a.evidence.ConfirmIncident},
		{Method: post, Path: incidentPath + "/clocks/:clock/told", Action: tenancy.ManageCompliance, Audit: "incident.tell", Handler: a.evidence.Tell},
		{Method: post, Path: incidentPath + "/close", Action: tenancy.ManageCompliance, Audit: "incident.close", Handler: a.evidence.CloseIncident},
		{Method: get, Path: dispositionsPath, Action: tenancy.ReadCompliance, Handler: a.evidence.ListDispositions},
		{Method: post, Path: dispositionsPath, Action: tenancy.ManageCompliance, Audit: "disposition.record", Idempotency: idempotency.Route{Replay: a.evidence.ReplayDisposition}, Handler: a.evidence.CreateDisposition},
		{Method: post, Path: dispositionsPath + "/:disposition/end", Action: tenancy.ManageCompliance, Audit: "disposition.end", Handler: a.evidence.EndDisposition},
		{Method: get, Path: apiPath + "/data-inventory", Action: tenancy.ReadCompliance, Cost: ratelimit.Search, Handler: a.compliance.Inventory},
		{Method: get, Path: apiPath + "/public/organizations/:id/privacy-notice", Action: anyone, Cost: ratelimit.Search, Handler: a.compliance.Privacy},
		{Method: get, Path: privacypage.Path, Action: anyone, Cost: ratelimit.Search, Handler: a.compliance.PrivacyPage},
		{Method: head, Path: privacypage.Path, Action: anyone, Cost: ratelimit.Search, Handler: a.compliance.PrivacyPage},
		{Method: get, Path: publicRetentionPath, Action: anyone, Handler: a.retention.Publish},

		{Method: get, Path: accessRequestsPath, Action: tenancy.ReadAccessRequests, Handler: a.requests.List},
		{Method: post, Path: accessRequestsPath, Action: tenancy.AskAccess, Audit: "access_request.receive", Idempotency: idempotency.Route{Replay: a.requests.ReplayAsk}, Handler: a.requests.Ask},
		{Method: get, Path: accessRequestPath, Action: tenancy.ReadAccessRequests, Handler: a.requests.Get},
		{Method: post, Path: accessRequestPath + "/verify", Action: tenancy.ManageAccessRequests, Audit: "access_request.verify", Handler: a.requests.Verify},
		{Method: get, Path: accessRequestPath + "/files", Action: tenancy.ManageAccessRequests, Handler: a.requests.ListFiles},
		{Method: put, Path: accessRequestPath + "/files/:file", Action: tenancy.ManageAccessRequests, Audit: "access_request.decide", Handler: a.requests.Decide},
		{Method: post, Path: accessRequestPath + "/release", Action: tenancy.ManageAccessRequests, Cost: ratelimit.Report, Audit: "access_request.release", Idempotency: idempotency.Route{Replay: a.requests.ReplayRelease}, Handler: a.requests.Release},
		{Method: get, Path: accessRequestPath + "/package/:part", Action: tenancy.ReadAccessRequests, Audit: "access_request.read", Class: outgoing, Handler: a.requests.GetPackage},
		{Method: post, Path: accessRequestPath + "/end", Action: tenancy.AskAccess, Audit: "access_request.end", Handler: a.requests.End},

		{Method: get, Path: recordPath, Action: tenancy.ReadRecords, Handler: a.records.Get},
		{Method: put, Path: recordPath, Action: tenancy.ClassifyRecords, Audit: "record.classify", Handler: a.records.Classify},
		{Method: get, Path: disclosuresPath, Action: tenancy.ReadDisclosures, Cost: ratelimit.Search, Handler: a.records.ListDisclosures},
		{Method: get, Path: disclosuresPath + "/export", Action: tenancy.ReadDisclosures, Cost: ratelimit.Report, Class: waiting, Handler: a.records.ExportDisclosures},

		{Method: get, Path: amendmentsPath, Action: tenancy.ReadAmendments, Handler: a.amendments.List},
		{Method: post, Path: amendmentsPath, Action: tenancy.AskAmendment, Audit: "amendment.request", Idempotency: idempotency.Route{Replay: a.amendments.ReplayAsk}, Handler: a.amendments.Ask},
		{Method: get, Path: amendmentPath, Action: tenancy.ReadAmendments, Handler: a.amendments.Get},
		{Method: post, Path: amendmentPath + "/steps", Action: tenancy.AskAmendment, Audit: "amendment.step", Handler: a.amendments.Take},

		{Method: get, Path: consentsToPath, Action: tenancy.ReadDisclosureConsents, Handler: a.consentsTo.List},
		{Method: post, Path: consentsToPath, Action: tenancy.AskDisclosureConsents, Audit: "disclosure_consent.ask", Idempotency: idempotency.Route{Replay: a.consentsTo.ReplayAsk}, Handler: a.consentsTo.Ask},
		{Method: get, Path: consentToPath, Action: tenancy.ReadDisclosureConsents, Handler: a.consentsTo.Get},
		{Method: post, Path: consentToPath + "/sign", Action: tenancy.SignDisclosureConsents, Audit: "disclosure_consent.sign", Handler: a.consentsTo.Sign},
		{Method: post, Path: consentToPath + "/revoke", Action: tenancy.SignDisclosureConsents, Audit: "disclosure_consent.revoke", Handler: a.consentsTo.Revoke},

		{Method: get, Path: directoryPath, Action: tenancy.ReadDirectory, Handler: a.directory.GetPolicy},
		{Method: put, Path: directoryPath, Action: tenancy.ManageDirectory, Audit: "directory.policy", Handler: a.directory.SetPolicy},
		{Method: get, Path: optOutsPath, Action: tenancy.ListOptOuts, Handler: a.directory.ListOptOuts},
		{Method: get, Path: optOutPath, Action: tenancy.ReadDirectory, Handler: a.directory.GetOptOut},
		{Method: put, Path: optOutPath, Action: tenancy.OptOut, Audit: "directory.opt_out", Handler: a.directory.SetOptOut},
		{Method: get, Path: myStudentsPath, Action: tenancy.ReadDirectory, Handler: a.directory.ListOwn},

		{Method: get, Path: holdsPath, Action: tenancy.ReadHolds, Handler: a.holds.List},
		{Method: post, Path: holdsPath, Action: tenancy.ManageHolds, Audit: "hold.place", Idempotency: idempotency.Route{Replay: a.holds.ReplayPlace}, Handler: a.holds.Place},
		{Method: get, Path: holdPath, Action: tenancy.ReadHolds, Handler: a.holds.Get},
		{Method: post, Path: holdPath + "/release", Action: tenancy.ManageHolds, Audit: "hold.ask_release", Handler: a.holds.AskRelease},
		{Method: post, Path: holdPath + "/release/approve", Action: tenancy.ManageHolds, Audit: "hold.release", Handler: a.holds.ApproveRelease},

		{Method: get, Path: erasuresPath, Action: tenancy.ReadErasures, Handler: a.erasures.List},
		{Method: post, Path: erasuresPath, Action: tenancy.ManageErasures, Audit: "erasure.request", Idempotency: idempotency.Route{Replay: a.erasures.ReplayAsk}, Handler: a.erasures.Ask},
		{Method: get, Path: erasurePath, Action: tenancy.ReadErasures, Handler: a.erasures.Get},
		{Method: get, Path: erasurePath + "/derived", Action: tenancy.ReadErasures, Handler: a.erasures.ListDerived},
		{Method: get, Path: erasurePath + "/certificate", Action: tenancy.ReadErasures, Cost: ratelimit.Report, Class: waiting, Handler: a.erasures.GetCertificate},

		{Method: get, Path: erasureAsksPath, Action: tenancy.ReadErasureRequests, Handler: a.erasures.ListRequests},
		{Method: post, Path: erasureAsksPath, Action: tenancy.AskErasure, Audit: "erasure_request.receive", Idempotency: idempotency.Route{Replay: a.erasures.ReplayRequest}, Handler: a.erasures.TakeRequest},
		{Method: get, Path: erasureAskPath, Action: tenancy.ReadErasureRequests, Handler: a.erasures.GetRequest},
		{Method: post, Path: erasureAskPath + "/decide", Action: tenancy.ManageErasures, Audit: "erasure_request.decide", Handler: a.erasures.Decide},
		{Method: post, Path: erasureAskPath + "/withdraw", Action: tenancy.AskErasure, Audit: "erasure_request.withdraw", Handler: a.erasures.Withdraw},
		{Method: get, Path: erasureAskPath + "/certificates/:erasure", Action: tenancy.ReadErasureRequests, Cost: ratelimit.Report, Class: waiting, Handler: a.erasures.GetRequestCertificate},

		{Method: get, Path: webhooksPath, Action: tenancy.ReadWebhooks, Handler: a.webhooks.List},
		{Method: post, Path: webhooksPath, Action: tenancy.ManageWebhooks, Audit: "webhook.create", Idempotency: idempotency.Route{Replay: a.webhooks.ReplayCreate}, Handler: a.webhooks.Create},
		{Method: get, Path: webhookPath, Action: tenancy.ReadWebhooks, Handler: a.webhooks.Get},
		{Method: patch, Path: webhookPath, Action: tenancy.ManageWebhooks, Audit: "webhook.change", Handler: a.webhooks.Change},
		{Method: remove, Path: webhookPath, Action: tenancy.ManageWebhooks, Audit: "webhook.delete", Handler: a.webhooks.Delete},
		{Method: post, Path: webhookPath + "/rotate", Action: tenancy.ManageWebhooks, Audit: "webhook.rotate", Idempotency: idempotency.Route{Replay: a.webhooks.ReplayRotate}, Handler: a.webhooks.Rotate},
		{Method: post, Path: webhookPath + "/test", Action: tenancy.ManageWebhooks, Audit: "webhook.test", Idempotency: idempotency.Route{Replay: a.webhooks.ReplayTest}, Handler: a.webhooks.Test},
		{Method: post, Path: webhookPath + "/replay", Action: tenancy.ManageWebhooks, Cost: ratelimit.Report, Audit: "webhook.replay", Handler: a.webhooks.Replay},
		{Method: get, Path: webhookPath + "/deliveries", Action: tenancy.ReadWebhooks, Cost: ratelimit.Search, Handler: a.webhooks.Deliveries},
		{Method: get, Path: webhookPath + "/deliveries/:delivery", Action: tenancy.ReadWebhooks, Handler: a.webhooks.GetDelivery},
		{Method: post, Path: webhookPath + "/deliveries/:delivery/replay", Action: tenancy.ManageWebhooks, Audit: "webhook.replay", Handler: a.webhooks.ReplayDelivery},

		// usage
		{Method: get, Path: organizationPath + "/usage", Action: tenancy.ReadUsage, Cost: ratelimit.Search, Handler: a.usage.GetUsage},

		// audit
		{Method: get, Path: organizationPath + "/audit", Action: tenancy.ReadAudit, Cost: ratelimit.Search, Audit: "audit.read", Handler: a.auditLog.List},
		{Method: post, Path: organizationPath + "/audit/verify", Action: tenancy.ReadAudit, Cost: ratelimit.Report, Audit: "audit.verify", Idempotency: idempotency.Route{Replay: a.auditLog.ReplayVerify}, Handler: a.auditLog.Verify},
		{Method: get, Path: organizationPath + "/audit/export", Action: tenancy.ReadAudit, Cost: ratelimit.Report, Audit: "audit.export", Class: waiting, Handler: a.auditLog.Export},

		// visitors of shares
		{Method: get, Path: public.PagePath, Action: anyone, Page: a.public.Limited, Handler: a.public.ShowPage},
		{Method: head, Path: public.PagePath, Action: anyone, Page: a.public.Limited, Handler: a.public.ShowPage},
		{Method: post, Path: public.PagePath + "/password", Action: anyone, Page: a.public.Limited, Handler: a.public.PostPassword},
		{Method: post, Path: public.PagePath + "/code", Action: anyone, Page: a.public.Limited, Handler: a.public.PostCode},
		{Method: post, Path: public.PagePath + "/code/send", Action: anyone, Page: a.public.Limited, Handler: a.public.PostSendCode},
		{Method: post, Path: public.PagePath + "/download", Action: anyone, Page: a.public.Limited, Handler: a.public.PostDownload},
		{Method: post, Path: public.PagePath + "/all", Action: anyone, Page: a.public.Limited, Handler: a.public.PostAll},
		{Method: post, Path: public.PagePath + "/files", Action: anyone, Page: a.public.Limited, Class: incoming, Handler: a.public.PostFiles},
		{Method: get, Path: sharepage.ScriptPath, Action: anyone, Handler: a.public.Script},
		{Method: get, Path: publicPath, Action: anyone, Handler: a.public.Show},
		{Method: get, Path: publicPath + "/entries", Action: anyone, Handler: a.public.ListEntries},
		{Method: post, Path: publicPath + "/password", Action: anyone, Handler: a.public.EnterPassword},
		{Method: post, Path: publicPath + "/code", Action: anyone, Handler: a.public.EnterCode},
		{Method: post, Path: publicPath + "/code/send", Action: anyone, Handler: a.public.SendCode},
		{Method: post, Path: publicPath + "/download", Action: anyone, Handler: a.public.IssueDownload},
		{Method: get, Path: publicPath + "/files", Action: anyone, Handler: a.public.ListDropped},
		{Method: post, Path: publicPath + "/files", Action: anyone, Class: incoming, Handler: a.public.DropFiles},
		{Method: post, Path: publicTus, Action: anyone, Class: resumable, Handler: a.public.Tus},
		{Method: head, Path: publicTus + "/:id", Action: anyone, Class: resumable, Handler: a.public.Tus},
		{Method: patch, Path: publicTus + "/:id", Action: anyone, Class: resumable, Handler: a.public.Tus},

		{Method: get, Path: "/", Action: anyone, Handler: a.getFront},
		{Method: get, Path: apiPath, Action: anyone, Handler: a.getAbout},
		{Method: get, Path: documentPath, Action: anyone, Handler: a.getDocument},
		{Method: get, Path: resourcePath, Action: anyone, Handler: a.getResource},
		{Method: get, Path: securitytxt.Path, Action: anyone, Handler: a.getSecurity},
		{Method: get, Path: "/healthz", Action: anyone, Class: probe, Handler: a.getHealth},
		{Method: get, Path: "/readyz", Action: anyone, Class: probe, Handler: a.getReadiness},
	}
}
