// Package jobs has the routes of jobs: those of an organization for its people, and
// those of all organizations, with queues, workers and schedules, for operators.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/listen"
	"satchel/api/ratelimit"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/jobs"
)

// Control is what is done to jobs and their queues where they run.
type Control interface {
	Cancel(ctx context.Context, workflow string) (bool, error)
	Again(ctx context.Context, workflow, request string) error
	SetPriority(ctx context.Context, org, workflow string, key int) error
	Queue(ctx context.Context, name queue.Name) (jobs.Queue, error)
	SetLimit(ctx context.Context, name queue.Name, l jobs.Limit) error
	Workers(ctx context.Context) ([]jobs.Worker, error)
	Schedules(ctx context.Context) ([]jobs.Schedule, error)
	PauseSchedule(ctx context.Context, id string, paused bool, note string) error
	RunSchedule(ctx context.Context, id string) error
}

// Jobs answers for jobs.
type Jobs struct {
	DB       *tenancy.DB // as people see it
	All      *tenancy.DB // as operators do
	Control  Control
	Listener *listen.Listener
	Streams  *ratelimit.Streams
	Currency string // of what jobs cost
}

// The refusals of this package.
var (
	ErrNoJob      = fault.New(fault.NotFound, "job_not_found", "There is no such job, or it is not yours to see.")
	errCancel     = fault.New(fault.Conflict, "job_not_cancellable", "A job of this kind is not cancelled here. What began it says how it is ended.")
	errEnded      = fault.New(fault.Conflict, "job_ended", "The job has ended.")
	errNotYours   = fault.New(fault.Denied, "job_not_yours", "You may change the jobs that you asked for. An owner or an admin may change all.")
	errNotStarted = &operations.Failure{Code: "not_started"}
)

// Progress is how far a job is.
type Progress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"` // 0: not known
}

// Target is what a job is about.
type Target struct {
	Type string     `json:"type"`
	ID   *uuid.UUID `json:"id"`
}

// View is a job.
type View struct {
	ID           uuid.UUID           `json:"id"`
	Organization *tenancy.OrgID      `json:"organization_id,omitempty"` // for operators
	Kind         string              `json:"kind"`
	Name         string              `json:"name"` // route.kind
	Queue        queue.Name          `json:"queue"`
	Priority     operations.Priority `json:"priority"`
	State        operations.State    `json:"state"`
	Attempts     int                 `json:"attempts"`
	Rounds       int                 `json:"rounds"`
	NextTryAt    *time.Time          `json:"next_try_at"`
	Progress     Progress            `json:"progress"`
	Steps        json.RawMessage     `json:"steps"`
	Result       json.RawMessage     `json:"result"`
	ReasonClass  operations.Class    `json:"reason_class"`
	ReasonCode   string              `json:"reason_code"`
	CostMicro    int64               `json:"cost_micro"`
	Currency     string              `json:"currency"`
	Target       Target              `json:"target"`
	RequestedBy  *uuid.UUID          `json:"requested_by"`
	CreatedAt    time.Time           `json:"created_at"`
	StartedAt    *time.Time          `json:"started_at"`
	EndedAt      *time.Time          `json:"ended_at"`
	MayCancel    bool                `json:"may_cancel"`
	MayRetry     bool                `json:"may_retry"`

	Timeline []operations.Moment `json:"timeline,omitempty"`
}

func (r *Jobs) viewOf(actor tenancy.Actor, o operations.Operation) View {
	kind, mine := operations.Kinds[o.Kind], owns(actor, o)
	return View{
		ID: o.ID, Kind: o.Kind, Name: operations.Name(o.Kind), Queue: o.Queue, Priority: o.Priority, State: o.State, Attempts: o.Attempts, Rounds: o.Rounds,
		NextTryAt: request.UTC(o.NextTryAt), Progress: Progress{o.Done, o.Total}, Steps: o.Steps, Result: o.Result, ReasonClass: o.ReasonClass, ReasonCode: o.ReasonCode,
		CostMicro: o.CostMicro, Currency: r.Currency, Target: Target(o.Target), RequestedBy: o.CreatedBy, CreatedAt: o.CreatedAt.UTC(), StartedAt: request.UTC(o.StartedAt), EndedAt: request.UTC(o.EndedAt),
		MayCancel: mine && kind.Cancel && o.State.Open(), MayRetry: mine && kind.Retry != "" && actor.May(kind.Retry) && retryable(o.State),
	}
}

func retryable(s operations.State) bool { return s == operations.Failed || s == operations.Cancelled }

// owns says whether the actor may change the job.
func owns(actor tenancy.Actor, o operations.Operation) bool {
	return actor.MayChangeAllJobs() || o.CreatedBy != nil && *o.CreatedBy == actor.User
}

// List shows the organization's jobs, or those that the caller asked for.
func (r *Jobs) List(c *gin.Context) error {
	actor := request.Caller(c)
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	if !actor.MayReadAllJobs() {
		f.RequestedBy = actor.User
	}
	limit := f.Limit
	f.Limit++ // which tells whether there is a next page
	found, err := operations.List(c.Request.Context(), r.DB.Single(actor.Org), f)
	if err != nil {
		return err
	}
	views := make([]View, len(found))
	for i, o := range found {
		views[i] = r.viewOf(actor, o)
	}
	c.JSON(http.StatusOK, pageOf(views, limit))
	return nil
}

func pageOf(views []View, limit int) request.Page[View] {
	p := request.Page[View]{Items: views}
	if len(views) > limit {
		p.Items = views[:limit]
		last := views[limit-1]
		p.NextCursor = nextOf(last.CreatedAt, last.ID)
	}
	return p
}

// filterOf reads what narrows a list.
func filterOf(c *gin.Context) (operations.Filter, error) {
	f := operations.Filter{Kind: c.Query("kind"), State: operations.State(c.Query("state")), Queue: queue.Name(c.Query("queue")), Priority: operations.Priority(c.Query("priority"))}
	if err := check(f); err != nil {
		return f, err
	}
	var err error
	if f.Limit, err = request.Limit(c); err != nil {
		return f, err
	}
	if by := c.Query("requested_by"); by != "" {
		if f.RequestedBy, err = uuid.Parse(by); err != nil {
			return f, request.Invalid("requested_by", "requested_by is the id of a person.")
		}
	}
	if f.From, err = request.Time(c, "from"); err != nil {
		return f, err
	}
	if f.To, err = request.Time(c, "to"); err != nil {
		return f, err
	}
	f.Before, err = cursorOf(c.Query("cursor"))
	return f, err
}

// nextOf names the last row of a page, and cursorOf reads that.
func nextOf(at time.Time, id uuid.UUID) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "." + id.String()
}

func cursorOf(text string) (c operations.Cursor, err error) {
	if text == "" {
		return c, nil
	}
	at, id, _ := strings.Cut(text, ".")
	micro, notTime := strconv.ParseInt(at, 10, 64)
	last, notID := uuid.Parse(id)
	if errors.Join(notTime, notID) != nil || micro <= 0 {
		return c, request.ErrCursor
	}
	return operations.Cursor{At: time.UnixMicro(micro), ID: last}, nil
}

// Counts counts them by kind, state, queue and priority.
func (r *Jobs) Counts(c *gin.Context) error {
	actor := request.Caller(c)
	var by *uuid.UUID
	if !actor.MayReadAllJobs() {
		by = &actor.User
	}
	counts, err := operations.Counts(c.Request.Context(), r.DB.Single(actor.Org), by)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"counts": counts})
	return nil
}

// find reads the job that the path names, where it is the caller's to see. Operators name
// another organization in organization_id.
func (r *Jobs) find(c *gin.Context) (tenancy.OrgID, operations.Operation, error) {
	actor := request.Caller(c)
	org := actor.Org
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return org, operations.Operation{}, ErrNoJob.Because(err)
	}
	if named := c.Query("organization_id"); named != "" {
		if org, err = request.Subject(c, r.DB, named); err != nil {
			return org, operations.Operation{}, err
		}
	}
	o, err := r.look(c.Request.Context(), actor, org, id)
	return org, o, err
}

func (r *Jobs) look(ctx context.Context, actor tenancy.Actor, org tenancy.OrgID, id uuid.UUID) (operations.Operation, error) {
	o, err := operations.Get(ctx, r.DB.Single(org), id)
	switch {
	case errors.Is(err, operations.ErrNotFound):
		return o, ErrNoJob
	case err == nil && !actor.MayReadAllJobs() && !owns(actor, o):
		return operations.Operation{}, ErrNoJob
	}
	return o, err
}

// Get shows a job with its timeline, once it has ended or the time to wait is up.
func (r *Jobs) Get(c *gin.Context) error {
	wait, err := request.Wait(c)
	if err != nil {
		return err
	}
	org, o, err := r.find(c)
	if err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	if wait > 0 && o.State.Open() {
		o, err = listen.WaitFor(ctx, r.Listener, org, o.ID, wait, func() (operations.Operation, bool, error) {
			o, err := r.look(ctx, actor, org, o.ID)
			return o, !o.State.Open(), err
		})
		if err != nil {
			return err
		}
	}
	return r.show(c, org, o, http.StatusOK)
}

func (r *Jobs) show(c *gin.Context, org tenancy.OrgID, o operations.Operation, status int) error {
	v := r.viewOf(request.Caller(c), o)
	var err error
	if v.Timeline, err = operations.Timeline(c.Request.Context(), r.DB.Single(org), o.ID); err != nil {
		return err
	}
	c.JSON(status, v)
	return nil
}

// Cancel asks a job to end. It has ended when its state says so.
func (r *Jobs) Cancel(c *gin.Context) error {
	org, o, err := r.find(c)
	if err != nil {
		return err
	}
	if o.State != operations.Cancelled {
		if err := r.cancel(c.Request.Context(), request.Caller(c), org, o); err != nil {
			return err
		}
	}
	return r.showAgain(c, org, o.ID)
}

// mayCancel says why a job is not cancelled.
func mayCancel(actor tenancy.Actor, o operations.Operation) error {
	switch {
	case !owns(actor, o):
		return errNotYours
	case !operations.Kinds[o.Kind].Cancel:
		return errCancel
	case !o.State.Open():
		return errEnded
	}
	return nil
}

func (r *Jobs) cancel(ctx context.Context, actor tenancy.Actor, org tenancy.OrgID, o operations.Operation) error {
	if err := mayCancel(actor, o); err != nil {
		return err
	}
	if err := audit.Record(ctx, r.DB.Single(org), audit.Event{Action: "job.cancel", ObjectID: o.ID.String(), Code: o.Kind}); err != nil {
		return err
	}
	running, err := r.Control.Cancel(ctx, o.WorkflowID)
	if err == nil && !running { // there is no workflow that could end it
		err = operations.End(ctx, r.DB.Single(org), o.ID, operations.Cancelled, nil, nil, nil)
	}
	return err
}

// Retry runs a job that failed, or was cancelled, from its beginning.
func (r *Jobs) Retry(c *gin.Context) error {
	org, o, err := r.find(c)
	if err != nil {
		return err
	}
	if err := r.retry(c.Request.Context(), request.Caller(c), org, o); err != nil {
		return err
	}
	return r.showAgain(c, org, o.ID)
}

// mayRetry says why a job is not run again.
func mayRetry(actor tenancy.Actor, o operations.Operation) error {
	action := operations.Kinds[o.Kind].Retry
	switch {
	case action == "", !retryable(o.State):
		return operations.ErrNotRetryable
	case !owns(actor, o), !actor.May(action): // who may not start it now runs it no more, however it began
		return errNotYours
	}
	return nil
}

func (r *Jobs) retry(ctx context.Context, actor tenancy.Actor, org tenancy.OrgID, o operations.Operation) error {
	if err := mayRetry(actor, o); err != nil {
		return err
	}
	err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := operations.Retry(ctx, tx, o.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "job.retry", ObjectID: o.ID.String(), Code: o.Kind})
	})
	if err != nil {
		return err
	}
	err = r.Control.Again(ctx, o.WorkflowID, o.ID.String()+"/"+strconv.Itoa(o.Rounds+1))
	if err != nil { // as it was: a job that waits for nothing is no job
		_ = operations.End(context.WithoutCancel(ctx), r.DB.Single(org), o.ID, operations.Failed, nil, nil, errNotStarted)
	}
	return err
}

type changeBody struct {
	Priority operations.Priority `json:"priority"`
}

// Change changes how early an open job comes.
func (r *Jobs) Change(c *gin.Context) error {
	in, err := request.Body[changeBody](c)
	if err != nil {
		return err
	}
	org, o, err := r.find(c)
	if err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	p, err := operations.PriorityFor(actor, o.Kind, in.Priority)
	switch {
	case err != nil:
		return err
	case !owns(actor, o):
		return errNotYours
	case !o.State.Open():
		return errEnded
	}
	if err := r.setPriority(ctx, org, o, p); err != nil {
		return err
	}
	return r.showAgain(c, org, o.ID)
}

func (r *Jobs) setPriority(ctx context.Context, org tenancy.OrgID, o operations.Operation, p operations.Priority) error {
	err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := operations.SetPriority(ctx, tx, o.ID, p); errors.Is(err, operations.ErrNotFound) {
			return errEnded
		} else if err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "job.change", ObjectID: o.ID.String(), Code: string(p)})
	})
	if err != nil {
		return err
	}
	return r.Control.SetPriority(ctx, org.String(), o.WorkflowID, p.Key()) // the same request again, where this fails
}

func (r *Jobs) showAgain(c *gin.Context, org tenancy.OrgID, id uuid.UUID) error {
	o, err := r.look(c.Request.Context(), request.Caller(c), org, id)
	if err != nil {
		return err
	}
	return r.show(c, org, o, http.StatusOK)
}
