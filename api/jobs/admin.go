package jobs

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/jobs"
)

var (
	errNoQueue   = fault.New(fault.NotFound, "queue_not_found", "There is no such queue. GET /api/v1/admin/queues lists them.")
	errUnpaused  = fault.New(fault.Conflict, "queue_not_pausable", "The queue interactive cannot be paused or limited: what people wait for begins there with their request.")
	errNoReason  = request.Invalid("reason", "reason says why, in 1 to 500 characters: the next operator reads it.")
	errNoFilter  = request.Invalid("filter", "filter narrows by one field at least. A change of all jobs is no filter.")
	errCount     = fault.New(fault.Conflict, "count_changed", "The filter finds another number of jobs than expected_count. Look again with dry_run.")
	errBulkWhat  = request.Invalid("action", "action is cancel, retry or priority.")
	errHeld      = fault.New(fault.Conflict, "queue_paused", "The queue is paused, and a rate would let it go on. Let it go on first (paused: false), or wait until that is done.")
	errRate      = request.Invalid("rate", "rate and rate_per_organization are numbers above 0, or null for no limit. A pause is paused: true.")
	errSetsEvery = request.Invalid("body", "Give paused, rate or rate_per_organization.")
)

func check(f operations.Filter) error {
	_, known := operations.Kinds[f.Kind]
	switch {
	case f.Kind != "" && !known:
		return request.Invalid("kind", "There is no job of this kind. docs/jobs.md lists them.")
	case f.State != "" && !slices.Contains(operations.States, f.State):
		return request.Invalid("state", "state is waiting, running, retrying, paused, succeeded, failed or cancelled.")
	case f.Queue != "" && !slices.Contains(queue.Names, f.Queue):
		return request.Invalid("queue", "There is no queue of this name. docs/jobs.md lists them.")
	case f.Priority != "" && f.Priority != operations.High && f.Priority != operations.Default && f.Priority != operations.Low:
		return request.Invalid("priority", "priority is high, default or low.")
	}
	return nil
}

// ListAll shows the jobs of all organizations, or of one.
func (r *Jobs) ListAll(c *gin.Context) error {
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	var org tenancy.OrgID
	if named := c.Query("organization_id"); named != "" {
		if org, err = request.Subject(c, r.DB, named); err != nil {
			return err
		}
	}
	limit := f.Limit
	f.Limit++
	found, err := operations.ListAll(c.Request.Context(), r.All, org, f)
	if err != nil {
		return err
	}
	views := make([]View, len(found))
	for i, o := range found {
		views[i] = r.viewOf(request.Caller(c), o.Operation)
		views[i].Organization = &o.Org
	}
	c.JSON(http.StatusOK, pageOf(views, limit))
	return nil
}

// CountAll counts the jobs of all organizations.
func (r *Jobs) CountAll(c *gin.Context) error {
	counts, err := operations.CountAll(c.Request.Context(), r.All)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"counts": counts})
	return nil
}

// failuresWithin is how far back failures are grouped when no time is given.
const failuresWithin = 7 * 24 * time.Hour

// Failures groups what failed by kind and code.
func (r *Jobs) Failures(c *gin.Context) error {
	since, err := request.Time(c, "since")
	if err != nil {
		return err
	}
	if since.IsZero() {
		since = time.Now().Add(-failuresWithin)
	}
	found, err := r.All.JobFailures(c.Request.Context(), since)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"since": since.UTC(), "failures": append([]tenancy.JobFailure{}, found...)})
	return nil
}

// QueueView is a queue, and the jobs that wait for it by organization.
type QueueView struct {
	jobs.Queue
	Pausable bool                 `json:"pausable"`
	Waiting  []tenancy.JobBacklog `json:"waiting"`
}

// Queues shows every queue.
func (r *Jobs) Queues(c *gin.Context) error {
	ctx := c.Request.Context()
	backlogs, err := r.All.JobBacklogs(ctx)
	if err != nil {
		return err
	}
	views := make([]QueueView, 0, len(queue.Names))
	for _, name := range queue.Names {
		q, err := r.Control.Queue(ctx, name)
		if err != nil {
			return err
		}
		views = append(views, queueView(q, backlogs))
	}
	c.JSON(http.StatusOK, gin.H{"queues": views})
	return nil
}

func queueView(q jobs.Queue, backlogs []tenancy.JobBacklog) QueueView {
	v := QueueView{Queue: q, Pausable: q.Name.Pausable(), Waiting: []tenancy.JobBacklog{}}
	for _, b := range backlogs {
		if b.Queue == string(q.Name) {
			v.Waiting = append(v.Waiting, b)
		}
	}
	return v
}

type queueBody struct {
	Paused  *bool    `json:"paused"`
	Rate    *float64 `json:"rate"`                  // null with paused false: no limit
	OrgRate *float64 `json:"rate_per_organization"` // 0: no limit
	Reason  string   `json:"reason"`
}

// ChangeQueue pauses a queue, lets it go on, or limits how many steps start a second. The
// server keeps it; what waits is marked, so that its list says why it waits.
func (r *Jobs) ChangeQueue(c *gin.Context) error {
	in, err := request.Body[queueBody](c)
	if err != nil {
		return err
	}
	name := queue.Name(c.Param("queue"))
	limits, err := limitsOf(in, request.Caller(c).User)
	switch {
	case !slices.Contains(queue.Names, name):
		return errNoQueue
	case !name.Pausable():
		return errUnpaused
	case err != nil:
		return err
	}
	ctx := c.Request.Context()
	if in.Paused == nil && in.Rate != nil {
		held, err := r.Control.Queue(ctx, name)
		switch {
		case err != nil:
			return err
		case held.Paused:
			return errHeld
		}
	}
	// It is on record before it takes effect: who holds a queue must not be unknown.
	if err := audit.Record(ctx, r.DB.Single(tenancy.Platform), audit.Event{Action: "queue.change", ObjectID: string(name), Code: codeOf(in)}); err != nil {
		return err
	}
	for _, l := range limits {
		if err := r.Control.SetLimit(ctx, name, l); err != nil {
			return err
		}
	}
	if in.Paused != nil {
		if _, err := r.All.MarkPaused(ctx, string(name), *in.Paused); err != nil {
			return err
		}
	}
	q, err := r.Control.Queue(ctx, name)
	if err != nil {
		return err
	}
	backlogs, err := r.All.JobBacklogs(ctx)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, queueView(q, backlogs))
	return nil
}

func codeOf(in queueBody) string {
	switch {
	case in.Paused != nil && *in.Paused:
		return "pause"
	case in.Paused != nil:
		return "resume"
	}
	return "rate"
}

// limitsOf reads what a request changes. A pause is a rate of 0: it is kept apart from a
// limit, so that no one pauses a queue by a slip.
func limitsOf(in queueBody, by uuid.UUID) ([]jobs.Limit, error) {
	if in.Reason == "" || !request.IsText(in.Reason, 500) {
		return nil, errNoReason
	}
	if in.Rate != nil && (*in.Rate <= 0 || in.Paused != nil && *in.Paused) || in.OrgRate != nil && *in.OrgRate < 0 {
		return nil, errRate
	}
	var limits []jobs.Limit
	zero := 0.0
	switch {
	case in.Paused != nil && *in.Paused:
		limits = append(limits, jobs.Limit{Rate: &zero, Reason: in.Reason, By: by})
	case in.Paused != nil || in.Rate != nil:
		limits = append(limits, jobs.Limit{Rate: in.Rate, Reason: in.Reason, By: by})
	}
	if in.OrgRate != nil {
		l := jobs.Limit{PerOrg: true, Reason: in.Reason, By: by}
		if *in.OrgRate > 0 {
			l.Rate = in.OrgRate
		}
		limits = append(limits, l)
	}
	if len(limits) == 0 {
		return nil, errSetsEvery
	}
	return limits, nil
}

// Workers shows the workers.
func (r *Jobs) Workers(c *gin.Context) error {
	found, err := r.Control.Workers(c.Request.Context())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"workers": found})
	return nil
}

// Schedules shows the recurring jobs.
func (r *Jobs) Schedules(c *gin.Context) error {
	found, err := r.Control.Schedules(c.Request.Context())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"schedules": found})
	return nil
}

type scheduleBody struct {
	Paused *bool  `json:"paused"`
	Reason string `json:"reason"`
}

// ChangeSchedule pauses a recurring job, or lets it go on.
func (r *Jobs) ChangeSchedule(c *gin.Context) error {
	in, err := request.Body[scheduleBody](c)
	if err != nil {
		return err
	}
	if in.Reason == "" || !request.IsText(in.Reason, 500) {
		return errNoReason
	}
	if in.Paused == nil {
		return request.Invalid("paused", "paused is true or false.")
	}
	ctx, id := c.Request.Context(), c.Param("schedule")
	code := "resume"
	if *in.Paused {
		code = "pause"
	}
	if err := audit.Record(ctx, r.DB.Single(tenancy.Platform), audit.Event{Action: "schedule.change", ObjectID: id, Code: code}); err != nil {
		return err
	}
	if err := r.Control.PauseSchedule(ctx, id, *in.Paused, in.Reason); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// RunSchedule runs a recurring job now.
func (r *Jobs) RunSchedule(c *gin.Context) error {
	ctx, id := c.Request.Context(), c.Param("schedule")
	if err := audit.Record(ctx, r.DB.Single(tenancy.Platform), audit.Event{Action: "schedule.run", ObjectID: id}); err != nil {
		return err
	}
	if err := r.Control.RunSchedule(ctx, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

type bulkFilter struct {
	Organization string              `json:"organization_id"`
	Kind         string              `json:"kind"`
	State        operations.State    `json:"state"`
	Queue        queue.Name          `json:"queue"`
	Priority     operations.Priority `json:"priority"`
	From         *time.Time          `json:"from"`
	To           *time.Time          `json:"to"`
}

type bulkBody struct {
	Action   string              `json:"action"` // cancel, retry, priority
	Filter   bulkFilter          `json:"filter"`
	Priority operations.Priority `json:"priority"`
	Expected *int                `json:"expected_count"`
	DryRun   bool                `json:"dry_run"`
	Cursor   string              `json:"cursor"` // of the answer before
}

// BulkItem is what became of one job.
type BulkItem struct {
	ID           uuid.UUID     `json:"id"`
	Organization tenancy.OrgID `json:"organization_id"`
	Kind         string        `json:"kind"`
	Result       string        `json:"result"` // ok, refused, would
	Code         string        `json:"code"`
}

// mostBulk is how many jobs one request changes. The answer says where the next request
// goes on: what was refused here matches the filter still.
const mostBulk = 200

// Bulk does one thing to all jobs that a filter finds, and says of each what became of it.
func (r *Jobs) Bulk(c *gin.Context) error {
	in, err := request.Body[bulkBody](c)
	if err != nil {
		return err
	}
	org, f, err := r.bulkFilter(c, in)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, err := operations.ListAll(ctx, r.All, org, f)
	if err != nil {
		return err
	}
	more := len(found) > mostBulk
	found = found[:min(len(found), mostBulk)]
	if in.Expected != nil && *in.Expected != len(found) {
		return errCount
	}
	next := ""
	if more {
		next = nextOf(found[mostBulk-1].CreatedAt, found[mostBulk-1].ID)
	}
	if !in.DryRun {
		if err := audit.Record(ctx, r.DB.Single(tenancy.Platform), audit.Event{Action: "job.bulk", ObjectID: request.NewID(c).String(), Code: in.Action}); err != nil {
			return err
		}
	}
	items := make([]BulkItem, len(found))
	for i, o := range found {
		items[i] = BulkItem{ID: o.ID, Organization: o.Org, Kind: o.Kind, Result: "ok"}
		do := r.bulkOne
		if in.DryRun {
			items[i].Result, do = "would", wouldOne
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		var known *fault.Fault
		if err := do(ctx, request.Caller(c), in, o); errors.As(err, &known) {
			items[i].Result, items[i].Code = "refused", known.Code
		} else if err != nil {
			items[i].Result, items[i].Code = "refused", "internal"
		}
	}
	c.JSON(http.StatusOK, gin.H{"items": items, "more": more, "next_cursor": next})
	return nil
}

func (r *Jobs) bulkFilter(c *gin.Context, in bulkBody) (org tenancy.OrgID, f operations.Filter, err error) {
	f = operations.Filter{Kind: in.Filter.Kind, State: in.Filter.State, Queue: in.Filter.Queue, Priority: in.Filter.Priority, Limit: mostBulk + 1}
	if in.Filter.From != nil {
		f.From = *in.Filter.From
	}
	if in.Filter.To != nil {
		f.To = *in.Filter.To
	}
	if f.Before, err = cursorOf(in.Cursor); err != nil {
		return org, f, err
	}
	if in.Filter == (bulkFilter{}) {
		return org, f, errNoFilter
	}
	if err := check(f); err != nil {
		return org, f, err
	}
	switch in.Action {
	case "cancel", "retry":
	case "priority":
		if err := check(operations.Filter{Priority: in.Priority}); err != nil || in.Priority == "" {
			return org, f, request.Invalid("priority", "priority is high, default or low.")
		}
	default:
		return org, f, errBulkWhat
	}
	if in.Filter.Organization != "" {
		org, err = request.Subject(c, r.DB, in.Filter.Organization)
	}
	return org, f, err
}

func (r *Jobs) bulkOne(ctx context.Context, actor tenancy.Actor, in bulkBody, o operations.OfOrganization) error {
	switch in.Action {
	case "cancel":
		return r.cancel(ctx, actor, o.Org, o.Operation)
	case "retry":
		return r.retry(ctx, actor, o.Org, o.Operation)
	}
	return r.setPriority(ctx, o.Org, o.Operation, in.Priority)
}

// wouldOne says what would refuse a job, as far as its row tells: what Temporal keeps of it
// is not asked.
func wouldOne(_ context.Context, actor tenancy.Actor, in bulkBody, o operations.OfOrganization) error {
	switch {
	case in.Action == "cancel":
		return mayCancel(actor, o.Operation)
	case in.Action == "retry":
		return mayRetry(actor, o.Operation)
	case !o.State.Open():
		return errEnded
	}
	return nil
}
