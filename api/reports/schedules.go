package reports

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/analytics"
	"satchel/analytics/reports"
	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
)

// ScheduleView is a schedule as its person sees it.
type ScheduleView struct {
	ID         uuid.UUID        `json:"id"`
	Kind       analytics.Kind   `json:"kind"`
	Format     analytics.Format `json:"format"`
	Place      analytics.Place  `json:"place"`
	ClassID    *uuid.UUID       `json:"class_id"`
	Every      analytics.Every  `json:"every"`
	Weekday    int              `json:"weekday"`
	At         string           `json:"at"`
	Active     bool             `json:"active"`
	NextAt     *time.Time       `json:"next_at"`
	LastReport *uuid.UUID       `json:"last_report_id"`
	CreatedAt  time.Time        `json:"created_at"`
}

func showSchedule(s reports.Schedule) ScheduleView {
	return ScheduleView{ID: s.ID, Kind: s.Kind, Format: s.Format, Place: s.Place, ClassID: s.Class, Every: s.Every, Weekday: s.Weekday, At: clock(s.Minute), Active: s.Active,
		NextAt: request.UTC(s.NextAt), LastReport: s.LastReport, CreatedAt: s.CreatedAt.UTC()}
}

type scheduleBody struct {
	Kind    analytics.Kind    `json:"kind"`
	ClassID *uuid.UUID        `json:"class_id"`
	Format  *analytics.Format `json:"format"`
	Place   *analytics.Place  `json:"place"`
	Every   *analytics.Every  `json:"every"`
	Weekday *int              `json:"weekday"`
	At      *string           `json:"at"`
	Active  *bool             `json:"active"`
}

// change takes what was said, and finds the next time.
func (r *Reports) change(c *gin.Context, b scheduleBody, s *reports.Schedule) error {
	set(b.Format, &s.Format)
	set(b.Place, &s.Place)
	set(b.Every, &s.Every)
	set(b.Weekday, &s.Weekday)
	set(b.Active, &s.Active)
	if b.At != nil {
		at, err := time.Parse("15:04", *b.At)
		if err != nil {
			return request.Invalid("at", "at is a time of the day, such as 06:30.")
		}
		s.Minute = at.Hour()*60 + at.Minute()
	}
	if err := s.Check(); err != nil {
		return err
	}
	if err := r.allowed(c, s.Definition, s.Class); err != nil {
		return err
	}
	about, err := reports.ReadAbout(c.Request.Context(), r.All.Single(request.Caller(c).Org), request.Caller(c).User)
	if err != nil {
		return err
	}
	next := s.Next(r.Now(), about.Zone)
	s.NextAt = &next
	return nil
}

func set[T any](from, to *T) {
	if from != nil {
		*to = *from
	}
}

// firstMinute is when a report comes of which nothing is said: half past six.
const firstMinute = 6*60 + 30

// CreateSchedule lets a report come by itself.
func (r *Reports) CreateSchedule(c *gin.Context) error {
	b, err := request.Body[scheduleBody](c)
	if err != nil {
		return err
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	s := reports.Schedule{ID: request.NewID(c), CreatedBy: actor.User, Class: b.ClassID, Active: true, Definition: definition(b.Kind, "", ""), Timing: analytics.Timing{Every: analytics.Week, Weekday: 1, Minute: firstMinute}}
	if err := r.change(c, b, &s); err != nil {
		return err
	}
	if err := r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error { return reports.AddSchedule(ctx, tx, s) }); err != nil {
		return err
	}
	return r.answerSchedule(c, http.StatusCreated, s.ID)
}

func (r *Reports) answerSchedule(c *gin.Context, status int, id uuid.UUID) error {
	s, err := reports.GetSchedule(c.Request.Context(), r.DB.Single(request.Caller(c).Org), id)
	if err != nil {
		return err
	}
	c.JSON(status, showSchedule(s))
	return nil
}

// ReplayCreateSchedule answers a request that was sent again.
func (r *Reports) ReplayCreateSchedule(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answerSchedule(c, http.StatusCreated, e.ID), reports.ErrNoSchedule)
}

// ListSchedules lists the caller's.
func (r *Reports) ListSchedules(c *gin.Context) error {
	all, err := reports.Schedules(c.Request.Context(), r.DB.Single(request.Caller(c).Org))
	if err != nil {
		return err
	}
	views := make([]ScheduleView, len(all))
	for i, s := range all {
		views[i] = showSchedule(s)
	}
	c.JSON(http.StatusOK, gin.H{"items": views})
	return nil
}

// ChangeSchedule changes how, where and when it comes.
func (r *Reports) ChangeSchedule(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return reports.ErrNoSchedule
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	s, err := reports.GetSchedule(ctx, r.DB.Single(actor.Org), id)
	if err != nil {
		return err
	}
	b, err := request.Body[scheduleBody](c)
	if err != nil {
		return err
	}
	if err := r.change(c, b, &s); err != nil {
		return err
	}
	if err := r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error { return reports.ChangeSchedule(ctx, tx, s) }); err != nil {
		return err
	}
	return r.answerSchedule(c, http.StatusOK, id)
}

// DeleteSchedule ends it.
func (r *Reports) DeleteSchedule(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return reports.ErrNoSchedule
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	if err := r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error { return reports.DeleteSchedule(ctx, tx, id) }); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
