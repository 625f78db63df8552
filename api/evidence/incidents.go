package evidence

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/evidence"
)

// ClockView is a row of the table of jurisdictions.
type ClockView struct {
	Clock        string `json:"clock"`
	Jurisdiction string `json:"jurisdiction"`
	Tell         string `json:"tell"`
	Hours        int    `json:"hours"`
	From         string `json:"from"`
	Source       string `json:"source"`
	Verified     bool   `json:"verified"`
}

// ListClocks shows the table.
func (r *Evidence) ListClocks(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return r.answerClocks(c, org)
}

// SetOwnHours sets the organization's own time.
func (r *Evidence) SetOwnHours(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[struct {
		OwnHours int `json:"own_hours"`
	}](c)
	if err != nil {
		return err
	}
	if err := r.DB.InTx(c.Request.Context(), org, func(tx *tenancy.Tx) error { return evidence.SetOwnHours(c.Request.Context(), tx, in.OwnHours) }); err != nil {
		return err
	}
	return r.answerClocks(c, org)
}

func (r *Evidence) answerClocks(c *gin.Context, org tenancy.OrgID) error {
	own, err := evidence.OwnHours(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	items := make([]ClockView, len(evidence.Clocks))
	for i, k := range evidence.Clocks {
		items[i] = ClockView{k.Name, k.Jurisdiction, k.Tell, k.Hours, string(k.From), k.Source, k.Sure}
	}
	c.JSON(http.StatusOK, gin.H{"items": items, "own_hours": own})
	return nil
}

// RunningView is a clock of an incident.
type RunningView struct {
	Clock  string     `json:"clock"`
	DueAt  time.Time  `json:"due_at"`
	Late   bool       `json:"late"`
	ToldAt *time.Time `json:"told_at"`
	ToldBy *uuid.UUID `json:"told_by"`
	Note   string     `json:"note"`
}

// IncidentView is an incident with its clocks.
type IncidentView struct {
	ID          uuid.UUID     `json:"id"`
	Title       string        `json:"title"`
	Description string        `json:"description"`
	Affected    *int32        `json:"affected"`
	Discovered  time.Time     `json:"discovered_at"`
	Confirmed   *time.Time    `json:"confirmed_at"`
	State       string        `json:"state"`
	Closing     string        `json:"closing"`
	Clocks      []RunningView `json:"clocks"`
	RecordedBy  uuid.UUID     `json:"recorded_by"`
	CreatedAt   time.Time     `json:"created_at"`
	ClosedBy    *uuid.UUID    `json:"closed_by"`
	ClosedAt    *time.Time    `json:"closed_at"`
}

func (r *Evidence) showIncident(i evidence.Incident) IncidentView {
	v := IncidentView{
		ID: i.ID, Title: i.Title, Description: i.Description, Affected: i.Affected, Discovered: i.DiscoveredAt.UTC(), Confirmed: request.UTC(i.ConfirmedAt), State: i.State, Closing: i.Closing,
		Clocks: make([]RunningView, len(i.Clocks)), RecordedBy: i.RecordedBy, CreatedAt: i.CreatedAt.UTC(), ClosedBy: i.ClosedBy, ClosedAt: request.UTC(i.ClosedAt),
	}
	for n, k := range i.Clocks {
		v.Clocks[n] = RunningView{k.Clock, k.DueAt.UTC(), k.ToldAt == nil && k.DueAt.Before(r.Now()), request.UTC(k.ToldAt), k.ToldBy, k.Note}
	}
	return v
}

type incidentBody struct {
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Affected      *int32     `json:"affected"`
	Discovered    time.Time  `json:"discovered_at"`
	Confirmed     *time.Time `json:"confirmed_at"`
	Jurisdictions []string   `json:"jurisdictions"`
	OwnHours      *int       `json:"own_hours"`
}

// ListIncidents lists incidents with their clocks.
func (r *Evidence) ListIncidents(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]evidence.Incident, error) {
		return evidence.Incidents(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, r.showIncident, func(i evidence.Incident) []uuid.UUID { return []uuid.UUID{i.ID} })
}

// CreateIncident records one and starts its clocks.
func (r *Evidence) CreateIncident(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[incidentBody](c)
	switch {
	case err != nil:
		return err
	case in.OwnHours != nil && *in.OwnHours < 1:
		return request.Invalid("own_hours", "own_hours is at least 1; absent: as the organization says, or 72.")
	}
	n := evidence.NewIncident{
		ID: request.NewID(c), By: request.Caller(c).User, Title: in.Title, Description: in.Description, Affected: in.Affected, Discovered: in.Discovered, Confirmed: in.Confirmed,
		Jurisdictions: in.Jurisdictions,
	}
	if in.OwnHours != nil {
		n.OwnHours = *in.OwnHours
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return evidence.RecordIncident(ctx, tx, n, r.Now()) }); err != nil {
		return err
	}
	return r.answerIncident(c, org, n.ID, http.StatusCreated)
}

// ReplayIncident answers a request that was sent again.
func (r *Evidence) ReplayIncident(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answerIncident(c, request.Caller(c).Org, e.ID, http.StatusCreated), evidence.ErrNoIncident)
}

func (r *Evidence) answerIncident(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int) error {
	i, err := evidence.GetIncident(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(status, r.showIncident(i))
	return nil
}

// GetIncident shows one.
func (r *Evidence) GetIncident(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "incident", evidence.ErrNoIncident)
	if err != nil {
		return err
	}
	return r.answerIncident(c, org, id, http.StatusOK)
}

type confirmBody struct {
	At       time.Time `json:"confirmed_at"`
	Affected *int32    `json:"affected"`
}

// ConfirmIncident says since when it is known to be one.
func (r *Evidence) ConfirmIncident(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "incident", evidence.ErrNoIncident)
	if err != nil {
		return err
	}
	in, err := request.Body[confirmBody](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return evidence.Confirm(ctx, tx, id, in.At, in.Affected, r.Now()) }); err != nil {
		return err
	}
	return r.answerIncident(c, org, id, http.StatusOK)
}

type toldBody struct {
	Note string `json:"note"`
}

// Tell records that those of a clock were told.
func (r *Evidence) Tell(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "incident", evidence.ErrNoIncident)
	if err != nil {
		return err
	}
	in, err := request.Body[toldBody](c)
	if err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return evidence.Tell(ctx, tx, id, by, c.Param("clock"), in.Note) }); err != nil {
		return err
	}
	return r.answerIncident(c, org, id, http.StatusOK)
}

type closeBody struct {
	Closing string `json:"closing"`
}

// CloseIncident ends one of which everybody was told.
func (r *Evidence) CloseIncident(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "incident", evidence.ErrNoIncident)
	if err != nil {
		return err
	}
	in, err := request.Body[closeBody](c)
	if err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return evidence.Close(ctx, tx, id, by, in.Closing) }); err != nil {
		return err
	}
	return r.answerIncident(c, org, id, http.StatusOK)
}
