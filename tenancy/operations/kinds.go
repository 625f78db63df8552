package operations

import (
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// Priority is how early a job comes, by the names that people use.
type Priority string

// The priorities.
const (
	High    Priority = "high"
	Default Priority = "default"
	Low     Priority = "low"
)

// Key is the priority as Temporal keeps it.
func (p Priority) Key() int {
	switch p {
	case High:
		return queue.High
	case Low:
		return queue.Low
	default:
		return queue.Default
	}
}

// Route is the first part of the name of a job, which says where it is done.
type Route string

// The routes.
const (
	HighPriority Route = "high_priority"
	Analytics    Route = "analytics"
	Cleanup      Route = "cleanup"
	Content      Route = "content"
	Email        Route = "email"
	Roblox       Route = "roblox"
	Tenant       Route = "tenant"
)

// Place is where the jobs of a route wait, and how early they come.
type Place struct {
	Queue    queue.Name
	Priority Priority
}

// Routes is where the jobs of each route are done, unless their kind says otherwise.
// The workflows of a route may be on another queue than its activities: a queue can be
// paused only for what does not begin on it by itself.
var Routes = map[Route]Place{
	HighPriority: {queue.Interactive, High},
	Analytics:    {queue.Batch, Low},
	Cleanup:      {queue.Batch, Low},
	Content:      {queue.AI, Default},
	Email:        {queue.Mails, Default},
	Roblox:       {queue.Roblox, Default},
	Tenant:       {queue.Batch, Default},
}

// Kind is one kind of job.
type Kind struct {
	Route    Route
	Workflow string   // the type of the workflow that does it; empty: the worker does it by itself
	Priority Priority // empty: that of the route
	Cancel   bool     // POST …/cancel may end it; what has its own way to be ended has not
	// Retry is the action that starting it takes, and running it again. Empty: it does not run again.
	Retry tenancy.Action
	Sweep bool // a run of a sweep or a schedule; it has a row when it found something
	// Ends is the activity that settles what the job was about when it failed or was called off. It is
	// no attempt of the job's work: one that never began has none.
	Ends string
}

// Kinds is every kind of job. A test compares it with the workflows that the worker has.
var Kinds = map[string]Kind{
	"provision_organization": {Route: Tenant, Workflow: "ProvisionOrganization"},
	"suspend_organization":   {Route: Tenant, Workflow: "SuspendOrganization"},
	"resume_organization":    {Route: Tenant, Workflow: "ResumeOrganization"},
	"delete_organization":    {Route: Tenant, Workflow: "DeleteOrganization", Priority: Low}, // its route to keep the organization ends it
	"export_organization":    {Route: Tenant, Workflow: "ExportOrganization", Priority: Low, Cancel: true, Ends: "DiscardExport"},
	"import_roster":          {Route: Tenant, Workflow: "ImportRoster", Ends: "FailRoster"}, // its route to discard ends it
	"undo_roster":            {Route: Tenant, Workflow: "UndoRoster"},
	"change_files":           {Route: Tenant, Workflow: "ChangeManyFiles", Cancel: true},
	"verify_audit_log":       {Route: Tenant, Workflow: "VerifyAuditLog", Priority: Low, Cancel: true, Retry: tenancy.ReadAudit},
	"rescan_storage":         {Route: Cleanup, Workflow: "RescanStorage", Cancel: true, Retry: tenancy.Rescan},
	"reconcile_storage":      {Route: Cleanup, Workflow: "ReconcileStorage", Priority: Default, Cancel: true, Retry: tenancy.Reconcile},
	"generate_content":       {Route: Content, Workflow: "GenerateContent", Cancel: true, Ends: "EndGeneration"},
	"build_report":           {Route: Analytics, Workflow: "BuildReport", Cancel: true, Ends: "EndReport"},
	"sync_roblox":            {Route: Roblox, Workflow: "SyncRoblox", Cancel: true, Ends: "FinishSync"},
	"publish_roblox_place":   {Route: Roblox, Workflow: "PublishRobloxPlace", Ends: "EndPublication"}, // a place is published or not

	"clean_events":           {Route: Cleanup, Workflow: "CleanEvents", Sweep: true},
	"clean_notifications":    {Route: Cleanup, Workflow: "CleanNotifications", Sweep: true},
	"clean_idempotency_keys": {Route: Cleanup, Workflow: "CleanIdempotencyKeys", Sweep: true},
	"apply_retention":        {Route: Cleanup, Workflow: "ApplyRetention", Sweep: true},
	"prune_old_versions":     {Route: Cleanup, Workflow: "PruneOldVersions", Sweep: true},
	"purge_trashed_files":    {Route: Cleanup, Workflow: "PurgeTrashedFiles", Sweep: true},
	"checkpoint_audit_logs":  {Route: Tenant, Workflow: "CheckpointAuditLogs", Sweep: true},
	"roll_up_usage":          {Route: Analytics, Workflow: "RollUpUsage", Sweep: true},
	"pick_up_rosters":        {Route: Tenant, Workflow: "PickUpRosters", Sweep: true},
	"retry_previews":         {Route: Cleanup, Workflow: "RetryPreviews", Sweep: true},
	"sweep_people":           {Route: Cleanup, Workflow: "SweepPeople", Sweep: true},
	"sweep_pictures":         {Route: Cleanup, Workflow: "SweepPictures", Sweep: true},

	"admit_waiting_uploads":       {Route: Cleanup, Sweep: true},
	"clean_ended_uploads":         {Route: Cleanup, Sweep: true},
	"end_expired_agreements":      {Route: Cleanup, Sweep: true},
	"delete_files_held_long":      {Route: Cleanup, Sweep: true},
	"note_ages":                   {Route: Cleanup, Sweep: true},
	"make_months":                 {Route: Cleanup, Sweep: true},
	"delete_old_generations":      {Route: Content, Sweep: true},
	"delete_old_sweeps":           {Route: Cleanup, Sweep: true},
	"delete_old_changes":          {Route: Cleanup, Sweep: true},
	"start_consent_requests":      {Route: Email, Sweep: true},
	"start_erasures":              {Route: Cleanup, Sweep: true},
	"expire_shares":               {Route: Cleanup, Sweep: true},
	"expire_uploads":              {Route: Cleanup, Sweep: true},
	"raise_usage_warnings":        {Route: Email, Sweep: true},
	"read_mail_reports":           {Route: Email, Sweep: true},
	"forget_share_accesses":       {Route: Cleanup, Sweep: true},
	"tell_access_requests":        {Route: Cleanup, Sweep: true},
	"tell_deadlines":              {Route: Cleanup, Sweep: true},
	"tell_break_glass_reviews":    {Route: Cleanup, Sweep: true},
	"remove_exports":              {Route: Cleanup, Sweep: true},
	"remove_roster_packages":      {Route: Tenant, Sweep: true},
	"restart_changes":             {Route: Cleanup, Sweep: true},
	"restart_exports":             {Route: Cleanup, Sweep: true},
	"restart_organizations":       {Route: Tenant, Sweep: true},
	"restart_roster_imports":      {Route: Tenant, Sweep: true},
	"restart_verifications":       {Route: Cleanup, Sweep: true},
	"wake_generations":            {Route: Content, Sweep: true},
	"restart_reports":             {Route: Analytics, Sweep: true},
	"roll_up_activity":            {Route: Analytics, Sweep: true},
	"start_due_reports":           {Route: Analytics, Sweep: true},
	"rotate_data_keys":            {Route: Cleanup, Sweep: true},
	"rotate_roblox_keys":          {Route: Roblox, Sweep: true},
	"start_roblox_requests":       {Route: Roblox, Sweep: true},
	"start_roblox_syncs":          {Route: Roblox, Sweep: true},
	"start_missing_previews":      {Route: Cleanup, Sweep: true},
	"start_pending_texts":         {Route: Cleanup, Sweep: true},
	"start_due_inspections":       {Route: Cleanup, Sweep: true},
	"start_released_files":        {Route: Cleanup, Sweep: true},
	"reject_files_held_long":      {Route: Cleanup, Sweep: true},
	"start_usage_warnings":        {Route: Email, Sweep: true},
	"start_waiting_invitations":   {Route: Email, Sweep: true},
	"start_waiting_notifications": {Route: Email, Sweep: true},
	"start_waiting_purges":        {Route: Cleanup, Sweep: true},
	"start_waiting_share_mails":   {Route: Email, Sweep: true},
	"start_waiting_uploads":       {Route: Cleanup, Sweep: true},
	"start_waiting_webhooks":      {Route: Cleanup, Sweep: true},
	"warm_pictures":               {Route: Cleanup, Sweep: true},
}

// Place is where a job of the kind is done.
func (k Kind) Place() Place {
	p, known := Routes[k.Route]
	if !known {
		p = Place{queue.Batch, Default}
	}
	if k.Sweep {
		p.Queue = queue.Batch // a sweep starts what waits; it sends nothing itself
	}
	if k.Priority != "" {
		p.Priority = k.Priority
	}
	return p
}

// OfWorkflow gives the kind of job that a type of workflow does, where it does one.
func OfWorkflow(workflow string) (name string, k Kind, found bool) {
	name, found = byWorkflow[workflow]
	return name, Kinds[name], found
}

var byWorkflow = func() map[string]string {
	m := make(map[string]string, len(Kinds))
	for name, k := range Kinds {
		if k.Workflow != "" {
			m[k.Workflow] = name
		}
	}
	return m
}()

// Name is the documented name of a kind: its route and itself.
func Name(kind string) string {
	if k, known := Kinds[kind]; known {
		return string(k.Route) + "." + kind
	}
	return kind
}

var (
	errPriority = fault.New(fault.Invalid, "invalid_priority", "priority is high, default or low.")
	errRaised   = fault.New(fault.Denied, "priority_not_granted", "You may lower the priority of a job. An owner or an admin of your organization may raise it.")
)

// PriorityFor is the priority that the actor may give a job of the kind. Anyone who may
// start it may let it come later; earlier than its kind is for those who administer. An
// empty priority is the kind's own.
func PriorityFor(actor tenancy.Actor, kind string, asked Priority) (Priority, error) {
	usual := Kinds[kind].Place().Priority
	switch asked {
	case "":
		return usual, nil
	case High, Default, Low:
	default:
		return "", errPriority
	}
	if asked.Key() < usual.Key() && !actor.MayChangeAllJobs() {
		return "", errRaised
	}
	return asked, nil
}
