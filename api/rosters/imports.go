package rosters

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/rosters"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
)

// ListedView is an import as a list shows it.
type ListedView struct {
	ID        uuid.UUID           `json:"id"`
	Source    uuid.UUID           `json:"source_id"`
	State     rosters.State       `json:"state"`
	Size      int64               `json:"size"`
	Hash      string              `json:"changes_hash,omitempty"`
	Holds     []rosters.Hold      `json:"holds"`
	Stop      *rosters.StopReason `json:"stop,omitempty"`
	CreatedBy *uuid.UUID          `json:"created_by"`
	CreatedAt time.Time           `json:"created_at"`
	EndedAt   *time.Time          `json:"ended_at"`
}

func showListed(i rosters.Listed) ListedView {
	return ListedView{ID: i.ID, Source: i.Source, State: i.State, Size: i.Size, Hash: i.Hash, Holds: orEmpty(i.Holds), Stop: i.Stop,
		CreatedBy: i.CreatedBy, CreatedAt: i.CreatedAt.UTC(), EndedAt: request.UTC(i.EndedAt)}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// ImportView is one import.
type ImportView struct {
	ListedView

	SHA256     string                            `json:"sha256"`
	Encoding   string                            `json:"encoding"`
	Review     bool                              `json:"review"`
	Waits      bool                              `json:"waits_for_decision"`
	WaitsUntil *time.Time                        `json:"waits_until"`
	Modes      map[oneroster.Kind]oneroster.Mode `json:"modes"`
	Summary    rosters.Summary                   `json:"summary"`
	Issues     int                               `json:"issues"` // places that can be listed
	MoreIssues int                               `json:"issues_omitted"`
	Decision   rosters.Decision                  `json:"decision,omitempty"`
	WithHeld   bool                              `json:"with_held"`
	DecidedBy  *uuid.UUID                        `json:"decided_by"`
	DecidedAt  *time.Time                        `json:"decided_at"`
	Report     *rosters.Report                   `json:"report,omitempty"`
	CleanedAt  *time.Time                        `json:"cleaned_at"`
	Operation  string                            `json:"operation"`
}

// The encodings of packages.
const (
	utf8        = "utf-8"
	windows1252 = "windows-1252"
)

func showImport(i rosters.Import) ImportView {
	v := ImportView{
		ListedView: showListed(rosters.Listed{ID: i.ID, Source: i.Source, State: i.State, Size: i.Size, Hash: i.Hash, Holds: i.Holds, Stop: i.Stop,
			CreatedBy: i.CreatedBy, CreatedAt: i.CreatedAt, EndedAt: i.EndedAt}),
		SHA256: i.SHA256, Encoding: utf8, Review: i.Review, WaitsUntil: request.UTC(i.WaitsUntil), Modes: i.Modes, Summary: i.Summary,
		Waits:  i.State == rosters.Waiting && i.NeedsDecision() && i.Decision == "",
		Issues: len(i.Issues.Places), MoreIssues: i.Issues.Omitted, Decision: i.Decision, WithHeld: i.WithHeld,
		DecidedBy: i.DecidedBy, DecidedAt: request.UTC(i.DecidedAt), CleanedAt: request.UTC(i.CleanedAt), Operation: "/api/v1/operations/" + i.ID.String(),
	}
	if i.Windows1252 {
		v.Encoding = windows1252
	}
	if i.EndedAt != nil && (i.State == rosters.Applied || i.State == rosters.Undone) {
		v.Report = i.Report
	}
	v.Summary.Rows, v.Summary.Changes = orEmpty(v.Summary.Rows), orEmpty(v.Summary.Changes)
	return v
}

// List lists the imports, the newest first.
func (r *Rosters) List(c *gin.Context) error {
	org, err := r.organization(c)
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]rosters.Listed, error) {
		return rosters.List(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, showListed, func(i rosters.Listed) []uuid.UUID { return []uuid.UUID{i.ID} })
}

// find reads the import of the path.
func (r *Rosters) find(c *gin.Context) (tenancy.OrgID, rosters.Import, error) {
	org, err := r.organization(c)
	if err != nil {
		return org, rosters.Import{}, err
	}
	id, err := pathID(c, "import", rosters.ErrNoImport)
	if err != nil {
		return org, rosters.Import{}, err
	}
	i, err := rosters.Get(c.Request.Context(), r.DB.Single(org), id)
	return org, i, err
}

// Get answers with one import.
func (r *Rosters) Get(c *gin.Context) error {
	_, i, err := r.find(c)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showImport(i))
	return nil
}

type decisionBody struct {
	Hash     string `json:"changes_hash"`
	WithHeld bool   `json:"with_held"` // rows that are held alone too
}

// Approve lets the changes that were shown be applied.
func (r *Rosters) Approve(c *gin.Context) error { return r.decide(c, rosters.Approve) }

// AddsOnly lets the changes be applied without the removals.
func (r *Rosters) AddsOnly(c *gin.Context) error { return r.decide(c, rosters.AddsOnly) }

// Discard ends the import, and nothing is changed.
func (r *Rosters) Discard(c *gin.Context) error { return r.decide(c, rosters.Discard) }

func (r *Rosters) decide(c *gin.Context, d rosters.Decision) error {
	org, i, err := r.find(c)
	if err != nil {
		return err
	}
	in, err := request.Body[decisionBody](c)
	if err != nil {
		return err
	}
	if in.Hash == "" {
		return request.Invalid("changes_hash", "changes_hash is the one that the import shows. It says which changes the decision is about.")
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		fresh, err := rosters.Decide(ctx, tx, i.ID, &by, d, in.Hash, in.WithHeld)
		if err != nil || !fresh {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "roster.decide", ObjectID: i.ID.String(), Code: string(d)})
	})
	if err != nil {
		return err
	}
	r.tell(c, org, i.ID, d, in.Hash)
	_, i, err = r.find(c)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showImport(i))
	return nil
}

// Undo begins to take an import back.
func (r *Rosters) Undo(c *gin.Context) error {
	org, i, err := r.find(c)
	if err != nil {
		return err
	}
	if i.State == rosters.Undone {
		request.Accepted(c, org, rosters.UndoOperation(i.ID))
		return nil
	}
	by := request.Caller(c).User
	op, err := r.Workflows.UndoRoster(c.Request.Context(), org, i.ID, &by)
	if err != nil {
		return err
	}
	request.Accepted(c, org, op)
	return nil
}
