// Package rosters answers for rosters: where they come from, packages that are sent,
// what they would change, and the decision about it. The bytes go to the store, the
// work is a workflow's.
package rosters

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/rosters"
	"satchel/tenancy"
)

// Store keeps packages until their term is over.
type Store interface {
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (etag string, err error)
	Remove(ctx context.Context, key string) error
}

// Workflows are the processes that bring a roster in and take it back. RosterDecided
// tells a waiting one that its rows changed; when it cannot be told, the sweep does it
// within a minute.
type Workflows interface {
	ImportRoster(ctx context.Context, org tenancy.OrgID, p rosters.Package) error
	UndoRoster(ctx context.Context, org tenancy.OrgID, id uuid.UUID, by *uuid.UUID) (operation uuid.UUID, err error)
	RosterDecided(ctx context.Context, org tenancy.OrgID, id uuid.UUID, d rosters.Decision, hash string) error
}

// Rosters answers for rosters.
type Rosters struct {
	DB        *tenancy.DB
	Packages  Store
	Workflows Workflows
	SpoolDir  string
	Log       *slog.Logger
}

// SourceView is where rosters come from.
type SourceView struct {
	ID          uuid.UUID  `json:"id"`
	Name        string     `json:"name"`
	Kind        string     `json:"kind"`
	PausedUntil *time.Time `json:"paused_until"`
	AddsOnly    bool       `json:"adds_only"`
	KeepAges    bool       `json:"keep_ages"`
	LeaveDays   int32      `json:"leave_days"`
	Pickup      bool       `json:"pickup"`
	LastImport  *uuid.UUID `json:"last_import_id"`
	CreatedAt   time.Time  `json:"created_at"`
}

func showSource(s rosters.Source) SourceView {
	return SourceView{ID: s.ID, Name: s.Name, Kind: s.Kind, PausedUntil: request.UTC(s.PausedUntil), AddsOnly: s.AddsOnly, KeepAges: s.KeepAges,
		LeaveDays: s.LeaveDays, Pickup: s.Pickup, LastImport: s.LastImport, CreatedAt: s.CreatedAt.UTC()}
}

// organization reads the organization of the path.
func (r *Rosters) organization(c *gin.Context) (tenancy.OrgID, error) {
	return request.Subject(c, r.DB, c.Param("id"))
}

// ListSources lists the sources by name.
func (r *Rosters) ListSources(c *gin.Context) error {
	org, err := r.organization(c)
	if err != nil {
		return err
	}
	all, err := rosters.ListSources(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	page := request.Page[SourceView]{Items: make([]SourceView, len(all))}
	for i, s := range all {
		page.Items[i] = showSource(s)
	}
	c.JSON(http.StatusOK, page)
	return nil
}

type sourceBody struct {
	Name      *string `json:"name"`
	AddsOnly  *bool   `json:"adds_only"`
	KeepAges  *bool   `json:"keep_ages"`
	LeaveDays *int32  `json:"leave_days"`
	Pickup    *bool   `json:"pickup"`

	PausedUntil json.RawMessage `json:"paused_until"` // a time, or null for no pause
}

const (
	maxName      = 100
	leaveDays    = 14
	maxLeaveDays = 60
)

// onto puts what the body says over the settings of a source.
func (b sourceBody) onto(s *rosters.Source) error {
	if b.Name != nil {
		s.Name = strings.TrimSpace(*b.Name)
	}
	if b.AddsOnly != nil {
		s.AddsOnly = *b.AddsOnly
	}
	if b.KeepAges != nil {
		s.KeepAges = *b.KeepAges
	}
	if b.LeaveDays != nil {
		s.LeaveDays = *b.LeaveDays
	}
	if b.Pickup != nil {
		s.Pickup = *b.Pickup
	}
	if b.PausedUntil != nil {
		s.PausedUntil = nil
		if !bytes.Equal(b.PausedUntil, []byte("null")) {
			var at time.Time
			if err := json.Unmarshal(b.PausedUntil, &at); err != nil {
				return request.Invalid("paused_until", "paused_until is a time such as 2026-08-31T06:00:00Z, or null.")
			}
			s.PausedUntil = &at
		}
	}
	switch {
	case s.Name == "" || !request.IsText(s.Name, maxName):
		return request.Invalid("name", "name is a text of 1 to %d characters.", maxName)
	case s.LeaveDays < 0 || s.LeaveDays > maxLeaveDays:
		return request.Invalid("leave_days", "leave_days is a number of days from 0 to %d.", maxLeaveDays)
	}
	return nil
}

// CreateSource makes a source.
func (r *Rosters) CreateSource(c *gin.Context) error {
	org, err := r.organization(c)
	if err != nil {
		return err
	}
	in, err := request.Body[sourceBody](c)
	if err != nil {
		return err
	}
	s := rosters.Source{ID: request.NewID(c), LeaveDays: leaveDays}
	if err := in.onto(&s); err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := rosters.AddSource(ctx, tx, s, by); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "roster.source", ObjectID: s.ID.String()})
	})
	if err != nil {
		return err
	}
	return r.answerSource(c, http.StatusCreated, org, s.ID)
}

func (r *Rosters) answerSource(c *gin.Context, status int, org tenancy.OrgID, id uuid.UUID) error {
	s, err := rosters.GetSource(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(status, showSource(s))
	return nil
}

// ReplayCreateSource answers with the source that the first try made.
func (r *Rosters) ReplayCreateSource(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := r.organization(c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.OutcomeOf(r.answerSource(c, http.StatusCreated, org, e.ID), rosters.ErrNoSource)
}

// ChangeSource changes the settings of a source. An import that waits for the end of a
// pause looks at it at once.
func (r *Rosters) ChangeSource(c *gin.Context) error {
	org, err := r.organization(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "source", rosters.ErrNoSource)
	if err != nil {
		return err
	}
	in, err := request.Body[sourceBody](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		s, err := rosters.GetSource(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := in.onto(&s); err != nil {
			return err
		}
		if err := rosters.SetSource(ctx, tx, s); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "roster.source", ObjectID: id.String()})
	})
	if err != nil {
		return err
	}
	if open, err := rosters.OpenImport(ctx, r.DB.Single(org), id); err == nil && open != uuid.Nil {
		r.tell(c, org, open, "", "")
	}
	return r.answerSource(c, http.StatusOK, org, id)
}

// tell tells a waiting workflow that its rows changed. What fails here the sweep does.
func (r *Rosters) tell(c *gin.Context, org tenancy.OrgID, id uuid.UUID, d rosters.Decision, hash string) {
	if err := r.Workflows.RosterDecided(c.Request.Context(), org, id, d, hash); err != nil {
		r.Log.WarnContext(c.Request.Context(), "signal roster import failed; the sweep will do it", "request_id", request.ID(c), "error", err)
	}
}

func pathID(c *gin.Context, name string, none error) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param(name))
	if err != nil {
		return uuid.Nil, none
	}
	return id, nil
}
