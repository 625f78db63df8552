// Package reports answers for reports: they are asked for, looked at, and come by themselves.
package reports

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/analytics"
	"satchel/analytics/reports"
	"satchel/api/idempotency"
	"satchel/api/listen"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Workflows are those that these routes start.
type Workflows interface {
	BuildReport(ctx context.Context, org tenancy.OrgID, priority operations.Priority, n reports.New) error
}

// Reports answers for all of it.
type Reports struct {
	DB        *tenancy.DB // as the caller
	All       *tenancy.DB // of the organization: its time zone
	Workflows Workflows
	Listener  *listen.Listener
	Now       func() time.Time
}

// kind is what jobs of reports are called.
const kind = "build_report"

// View is a report as its person sees it.
type View struct {
	ID         uuid.UUID        `json:"id"`
	Kind       analytics.Kind   `json:"kind"`
	Format     analytics.Format `json:"format"`
	Place      analytics.Place  `json:"place"`
	ClassID    *uuid.UUID       `json:"class_id"`
	From       string           `json:"from"`
	To         string           `json:"to"`
	State      reports.State    `json:"state"`
	Code       string           `json:"code"` // why it failed
	FileID     *uuid.UUID       `json:"file_id"`
	VersionID  *uuid.UUID       `json:"version_id"`
	Rows       int64            `json:"rows"`
	AsOf       *time.Time       `json:"as_of"`
	TimeZone   string           `json:"time_zone"`
	Threshold  int              `json:"threshold"`
	ScheduleID *uuid.UUID       `json:"schedule_id"`
	CreatedAt  time.Time        `json:"created_at"`
	EndedAt    *time.Time       `json:"ended_at"`
	Operation  string           `json:"operation"`
}

func show(r reports.Report) View {
	return View{ID: r.ID, Kind: r.Kind, Format: r.Format, Place: r.Place, ClassID: r.Class, From: r.From.Format(time.DateOnly), To: r.To.Format(time.DateOnly), State: r.State, Code: r.Code,
		FileID: r.File, VersionID: r.Version, Rows: r.RowCount, AsOf: request.UTC(r.AsOf), TimeZone: r.TimeZone, Threshold: r.Threshold, ScheduleID: r.Schedule,
		CreatedAt: r.CreatedAt.UTC(), EndedAt: request.UTC(r.EndedAt), Operation: "/api/v1/operations/" + r.ID.String()}
}

// asked is what someone asks for.
type asked struct {
	Kind     analytics.Kind      `json:"kind"`
	Format   analytics.Format    `json:"format"`
	Place    analytics.Place     `json:"place"`
	ClassID  *uuid.UUID          `json:"class_id"`
	From     string              `json:"from"`
	To       string              `json:"to"`
	Priority operations.Priority `json:"priority"`
}

// definition fills in what is not said.
func definition(k analytics.Kind, f analytics.Format, p analytics.Place) analytics.Definition {
	if f == "" {
		f = analytics.PDF
	}
	if p == "" {
		p = analytics.Personal
	}
	return analytics.Definition{Kind: k, Format: f, Place: p}
}

// allowed refuses what the caller may not have.
func (r *Reports) allowed(c *gin.Context, d analytics.Definition, class *uuid.UUID) error {
	actor, ctx := request.Caller(c), c.Request.Context()
	q := r.DB.Single(actor.Org)
	if err := reports.Allowed(ctx, q, actor, d, class); err != nil {
		return err
	}
	if d.Place == analytics.Staff {
		_, err := reports.Room(ctx, q)
		return err
	}
	return nil
}

// period is the days that are asked for; the last seven where nothing is said.
func (r *Reports) period(c *gin.Context, in asked) (analytics.Period, error) {
	about, err := reports.ReadAbout(c.Request.Context(), r.All.Single(request.Caller(c).Org), request.Caller(c).User)
	if err != nil {
		return analytics.Period{}, err
	}
	today := analytics.Date(r.Now(), about.Zone)
	p := analytics.Period{From: today.AddDate(0, 0, -6), To: today}
	for _, given := range []struct {
		name, text string
		to         *time.Time
	}{{"from", in.From, &p.From}, {"to", in.To, &p.To}} {
		if given.text == "" {
			continue
		}
		if *given.to, err = time.Parse(time.DateOnly, given.text); err != nil {
			return p, request.Invalid(given.name, "%s is a day such as 2026-11-01.", given.name)
		}
	}
	return p, p.Check(today)
}

// Create asks for a report.
func (r *Reports) Create(c *gin.Context) error {
	in, err := request.Body[asked](c)
	if err != nil {
		return err
	}
	actor, d := request.Caller(c), definition(in.Kind, in.Format, in.Place)
	if err := r.allowed(c, d, in.ClassID); err != nil {
		return err
	}
	priority, err := operations.PriorityFor(actor, kind, in.Priority)
	if err != nil {
		return err
	}
	period, err := r.period(c, in)
	if err != nil {
		return err
	}
	n := reports.New{ID: request.NewID(c), By: actor.User, Definition: d, Period: period, Class: in.ClassID}
	if err := r.Workflows.BuildReport(c.Request.Context(), actor.Org, priority, n); err != nil {
		return err
	}
	return r.answer(c, n.ID)
}

func (r *Reports) answer(c *gin.Context, id uuid.UUID) error {
	rep, err := reports.Get(c.Request.Context(), r.DB.Single(request.Caller(c).Org), id)
	if err != nil {
		return err
	}
	c.Header("Location", "/api/v1/reports/"+id.String())
	c.JSON(http.StatusAccepted, show(rep))
	return nil
}

// ReplayCreate answers a request that was sent again.
func (r *Reports) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answer(c, e.ID), reports.ErrNotFound)
}

// List lists the caller's, the newest first.
func (r *Reports) List(c *gin.Context) error {
	of := analytics.Kind(c.Query("kind"))
	if of != "" && !slices.Contains(analytics.Kinds, of) {
		return request.Invalid("kind", "kind is one of %v.", analytics.Kinds)
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]reports.Report, error) {
		return reports.List(c.Request.Context(), r.DB.Single(request.Caller(c).Org), of, before[0], limit)
	}, show, func(rep reports.Report) []uuid.UUID { return []uuid.UUID{rep.ID} })
}

// Get shows one, once it has ended or the time to wait is up.
func (r *Reports) Get(c *gin.Context) error {
	wait, err := request.Wait(c)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return reports.ErrNotFound
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	rep, err := reports.Get(ctx, r.DB.Single(org), id)
	if err == nil && wait > 0 && rep.Open() {
		rep, err = listen.WaitFor(ctx, r.Listener, org, id, wait, func() (reports.Report, bool, error) {
			rep, err := reports.Get(ctx, r.DB.Single(org), id)
			return rep, !rep.Open(), err
		})
	}
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, show(rep))
	return nil
}

// clock writes a minute of the day.
func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
