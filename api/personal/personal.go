// Package personal answers for personal data in files: what was found in a file, a new
// inspection of it, and the decision about one that waits.
package personal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/personal"
	"satchel/policies/audit"
	"satchel/policies/pii"
	"satchel/tenancy"
)

// Workflows begin what a decision asks for.
type Workflows interface {
	// StartRelease publishes a version that was released.
	StartRelease(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error
}

// Personal answers. DB sees what the caller may see; All sees the organization, for who
// decides about files that they need not be able to read.
type Personal struct {
	DB, All   *tenancy.DB
	Workflows Workflows
	Log       *slog.Logger
}

var errNotHeld = fault.New(fault.Conflict, "not_held", "No version of this file waits for a decision. GET the file shows its status.")

// FindingView is a finding as the API shows it.
type FindingView struct {
	Number   int32      `json:"number"`
	Category string     `json:"category"`
	Part     string     `json:"part"`
	Place    int32      `json:"part_number,omitempty"`
	Member   string     `json:"member,omitempty"`
	Cell     string     `json:"cell,omitempty"`
	Line     int32      `json:"line,omitempty"`
	Score    float32    `json:"score"`
	Reasons  []string   `json:"reasons"`
	Masked   string     `json:"masked"`
	Person   *uuid.UUID `json:"person_id,omitempty"`
}

// InspectionView is what is known of a version, with a page of its findings.
type InspectionView struct {
	File        uuid.UUID     `json:"file_id"`
	Version     int32         `json:"version"`
	State       string        `json:"state"`
	Contains    *bool         `json:"contains_pii"`
	Detector    string        `json:"detector"`
	Outdated    bool          `json:"outdated"`
	Unread      []string      `json:"unread"`
	Capped      []string      `json:"capped"`
	InspectedAt *time.Time    `json:"inspected_at,omitempty"`
	Held        string        `json:"held,omitempty"`
	HeldBy      string        `json:"held_by,omitempty"`
	HeldAt      *time.Time    `json:"held_at,omitempty"`
	DecidedBy   *uuid.UUID    `json:"decided_by,omitempty"`
	DecidedAt   *time.Time    `json:"decided_at,omitempty"`
	Items       []FindingView `json:"items"`
	NextCursor  string        `json:"next_cursor,omitempty"`
}

// version finds the version that is asked about: the one of the query, else the one that
// waits, else the one that the file shows.
func (r *Personal) version(c *gin.Context) (files.View, error) {
	id, err := fileID(c)
	if err != nil {
		return files.View{}, err
	}
	ctx, q := c.Request.Context(), r.DB.Single(request.Caller(c).Org)
	v, err := files.Get(ctx, q, id)
	if err != nil {
		return v, err
	}
	if text := c.Query("version"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 {
			return v, request.Invalid("version", "version is the number of a version, from 1.")
		}
		return files.GetNumber(ctx, q, id, int32(n))
	}
	if files.Status(v.HeadStatus) == files.Held {
		return files.GetNumber(ctx, q, id, v.HeadNumber)
	}
	return v, nil
}

func fileID(c *gin.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return id, files.ErrNotFound.Because(err)
	}
	return id, nil
}

// Get answers with what is known of a file, and where in it something was found.
func (r *Personal) Get(c *gin.Context) error {
	v, err := r.version(c)
	if err != nil {
		return err
	}
	limit, err := request.Limit(c)
	if err != nil {
		return err
	}
	after := 0
	if text := c.Query("cursor"); text != "" {
		if after, err = strconv.Atoi(text); err != nil || after < 0 || after > personal.MostFindings {
			return request.ErrCursor
		}
	}
	ctx, q := c.Request.Context(), r.DB.Single(request.Caller(c).Org)
	known, err := personal.Get(ctx, q, v.VersionID)
	if err != nil {
		return err
	}
	rows, err := personal.Findings(ctx, q, v.VersionID, after, limit+1)
	if err != nil {
		return err
	}
	shown := InspectionView{
		File: v.FileID, Version: v.Number, State: known.State, Contains: v.ContainsPii, Detector: known.Detector, Outdated: known.Detector < pii.Version,
		Unread: known.Unread, Capped: known.Capped, InspectedAt: request.UTC(known.InspectedAt), Held: known.Held, HeldBy: known.HeldBy, HeldAt: request.UTC(known.HeldAt),
		DecidedBy: known.DecidedBy, DecidedAt: request.UTC(known.DecidedAt), Items: []FindingView{},
	}
	for i, f := range rows {
		if i == limit {
			shown.NextCursor = strconv.Itoa(int(rows[i-1].Number))
			break
		}
		shown.Items = append(shown.Items, FindingView{f.Number, f.Category, f.Part, f.PartNumber, f.Member, f.Cell, f.Line, f.Score, f.Reasons, f.Masked, f.PersonID})
	}
	c.JSON(http.StatusOK, shown)
	return nil
}

// Rescan has a version inspected again, by the next run of the sweep.
func (r *Personal) Rescan(c *gin.Context) error {
	v, err := r.version(c)
	if err != nil {
		return err
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	err = r.All.InTx(ctx, org, func(tx *tenancy.Tx) error {
		known, err := personal.Again(ctx, tx, v.VersionID)
		switch {
		case err != nil:
			return err
		case !known:
			return personal.ErrNotInspected
		}
		return audit.Record(ctx, tx, audit.Event{Action: "file.rescan_pii", ObjectID: v.VersionID.String()})
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusAccepted)
	return nil
}

// HeldView is a file that waits. It has no name: who decides may not be who may read it.
type HeldView struct {
	File       uuid.UUID `json:"file_id"`
	VersionID  uuid.UUID `json:"version_id"`
	State      string    `json:"state"`
	Categories []string  `json:"categories"`
	Unread     []string  `json:"unread"`
	HeldBy     string    `json:"held_by"`
	HeldAt     time.Time `json:"held_at"`
	UploadedBy uuid.UUID `json:"uploaded_by"`
}

// ListHeld lists the files of the organization that wait for a decision.
func (r *Personal) ListHeld(c *gin.Context) error {
	ctx, q := c.Request.Context(), r.All.Single(request.Caller(c).Org)
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]personal.HeldRow, error) {
		return personal.ListHeld(ctx, q, after[0], limit)
	}, func(h personal.HeldRow) HeldView {
		return HeldView{h.FileID, h.VersionID, h.State, h.Categories, h.Unread, h.HeldBy, h.HeldAt.UTC(), h.UploadedBy}
	}, func(h personal.HeldRow) []uuid.UUID { return []uuid.UUID{h.VersionID} })
}

// Release lets a file that waits be published.
func (r *Personal) Release(c *gin.Context) error { return r.decide(c, personal.Released) }

// Reject ends a file that waits: its bytes are deleted.
func (r *Personal) Reject(c *gin.Context) error { return r.decide(c, personal.Rejected) }

// decide takes the decision of an officer, or where the policy is to ask, of who uploaded it.
// The workflow that publishes is started after the commit; a process that dies before that
// leaves a version which the sweep finds.
func (r *Personal) decide(c *gin.Context, to string) error {
	id, err := fileID(c)
	if err != nil {
		return err
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	officer := actor.May(tenancy.ReviewPersonalData)
	db := r.DB
	if officer {
		db = r.All // who decides about a file need not be able to read it
	}
	v, err := files.Get(ctx, db.Single(actor.Org), id)
	if err != nil {
		return err
	}
	if v.HeadID == nil || files.Status(v.HeadStatus) != files.Held {
		return errNotHeld
	}
	version := *v.HeadID
	err = r.All.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error {
		known, err := personal.Get(ctx, tx, version)
		switch {
		case errors.Is(err, personal.ErrNotInspected) || err == nil && known.Held != personal.Waiting:
			return errNotHeld
		case err != nil:
			return err
		}
		head, err := files.GetVersion(ctx, tx, version)
		if err != nil {
			return err
		}
		if !officer && (known.HeldBy != tenancy.PersonalDataAsk || head.UploadedBy != actor.User) {
			return files.ErrNotYours
		}
		waited, err := personal.Decide(ctx, tx, version, to, &actor.User)
		switch {
		case err != nil:
			return err
		case !waited:
			return errNotHeld
		case to == personal.Released:
			return files.Release(ctx, tx, version)
		}
		return files.Withdraw(ctx, tx, version, files.Rejected, "personal_data_rejected")
	})
	if err != nil {
		return err
	}
	if to == personal.Released {
		if err := r.Workflows.StartRelease(ctx, actor.Org, id, version); err != nil {
			r.Log.WarnContext(ctx, "start the publication of a released file failed; the sweep starts it", slog.String("org", actor.Org.String()), slog.String("file", id.String()), slog.Any("error", err))
		}
	}
	c.Status(http.StatusAccepted)
	return nil
}
