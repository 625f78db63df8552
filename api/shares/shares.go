// Package shares answers for shares: who makes, changes, lists and ends them. Each
// handler parses, asks package shares in one transaction as the caller, and responds;
// row-level security decides what the caller sees. What visitors see of a share is
// elsewhere.
package shares

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/policies/disclosure"
	"satchel/shares"
	"satchel/spaces"
	"satchel/tenancy"
)

// Mails has the mail of a recipient sent, by a workflow. The row is always changed
// before, and a sweep makes up for a start that failed.
type Mails interface {
	MailShare(ctx context.Context, org tenancy.OrgID, share, recipient uuid.UUID) error
}

// Shares answers for shares.
type Shares struct {
	DB    *tenancy.DB // as the caller
	Mails Mails
	URL   string // the platform's public address, under which the page of a share is
	Log   *slog.Logger
}

// query gives single statements as the caller.
func (r *Shares) query(c *gin.Context) *tenancy.SingleStatement {
	return r.DB.Single(request.Caller(c).Org)
}

// change runs f as the caller and records what it did in the same transaction; an event
// without an action is none.
func (r *Shares) change(c *gin.Context, f func(context.Context, *tenancy.Tx) (audit.Event, error)) error {
	ctx := c.Request.Context()
	return r.DB.InTx(ctx, request.Caller(c).Org, func(tx *tenancy.Tx) error {
		e, err := f(ctx, tx)
		if err != nil || e.Action == "" {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
}

type personBody struct {
	User  uuid.UUID `json:"user_id"`
	Class uuid.UUID `json:"class_id"`
	Email string    `json:"email"`
	Name  string    `json:"name"`
}

func people(with []personBody) []shares.Person {
	list := make([]shares.Person, len(with))
	for i, p := range with {
		list[i] = shares.Person(p)
	}
	return list
}

type shareBody struct {
	Kind         shares.Kind       `json:"kind"`
	Permission   shares.Permission `json:"permission"`
	File         uuid.UUID         `json:"file_id"`
	Folder       uuid.UUID         `json:"folder_id"`
	Space        uuid.UUID         `json:"space_id"`
	Version      int32             `json:"version"`
	Label        string            `json:"label"`
	Password     string            `json:"password"`
	StartsAt     *time.Time        `json:"starts_at"`
	ExpiresAt    *time.Time        `json:"expires_at"`
	MaxDownloads *int32            `json:"max_downloads"`
	MaxFiles     int32             `json:"max_files"`
	MaxBytes     int64             `json:"max_bytes"`
	Accepted     []string          `json:"accepted"`
	With         []personBody      `json:"with"`
	Basis        string            `json:"disclosure_basis"`
	Interest     string            `json:"disclosure_interest"`
	Consent      uuid.UUID         `json:"disclosure_consent_id"`
}

func (b shareBody) share(id uuid.UUID) shares.New {
	return shares.New{
		ID: id, Kind: b.Kind, Permission: b.Permission, Target: shares.Target{File: b.File, Folder: b.Folder, Space: b.Space}, Version: b.Version,
		Label: strings.TrimSpace(b.Label), Password: b.Password, StartsAt: b.StartsAt, ExpiresAt: b.ExpiresAt, MaxDownloads: b.MaxDownloads,
		Bounds: shares.Bounds{MaxFiles: b.MaxFiles, MaxBytes: b.MaxBytes, Accepted: extensions(b.Accepted)}, With: people(b.With),
		Purpose: disclosure.Purpose{Basis: b.Basis, Interest: strings.TrimSpace(b.Interest), Consent: b.Consent},
	}
}

// extensions takes ".PDF" for "pdf".
func extensions(given []string) (list []string) {
	for _, e := range given {
		list = append(list, strings.ToLower(strings.TrimPrefix(e, ".")))
	}
	return list
}

// Create shares a file, a folder or a space. The URL of a link is in this answer and in
// no other.
func (r *Shares) Create(c *gin.Context) error {
	in, err := request.Body[shareBody](c)
	if err != nil {
		return err
	}
	id := request.NewID(c)
	var v ShareView
	err = r.change(c, func(ctx context.Context, tx *tenancy.Tx) (audit.Event, error) {
		made, token, err := shares.Create(ctx, tx, in.share(id))
		if err != nil {
			return audit.Event{}, err
		}
		if v, err = r.whole(ctx, tx, made); token != "" {
			v.URL = shares.URL(r.URL, token)
		}
		return audit.Event{Action: "share.create", ObjectID: id.String(), Code: string(made.Kind)}, err
	})
	if err != nil {
		return err
	}
	r.send(c, v)
	c.Header("Location", "/api/v1/storage/shares/"+id.String())
	c.JSON(http.StatusCreated, v)
	return nil
}

// send starts the mails of recipients outside that wait for one.
func (r *Shares) send(c *gin.Context, v ShareView) {
	for _, p := range v.Recipients {
		if p.Email == nil || p.Delivery == nil || *p.Delivery != shares.Queued {
			continue
		}
		if err := r.Mails.MailShare(c.Request.Context(), request.Caller(c).Org, v.ID, p.ID); err != nil {
			r.Log.WarnContext(c.Request.Context(), "start mail of share failed; schedule will retry", "share", v.ID.String(), "recipient", p.ID.String(), "error", err)
		}
	}
}

// ReplayCreate answers with the share that the first try made. A link is shown once and
// kept nowhere, so it cannot be shown again.
func (r *Shares) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	s, err := shares.Get(c.Request.Context(), r.query(c), e.ID)
	switch {
	case err == nil && s.Kind == shares.Link:
		return idempotency.NotCreated, shares.ErrMade
	case err == nil:
		var v ShareView
		if v, err = r.whole(c.Request.Context(), r.query(c), s); err == nil {
			c.Header("Location", "/api/v1/storage/shares/"+e.ID.String())
			c.JSON(http.StatusCreated, v)
		}
	}
	return idempotency.OutcomeOf(err, shares.ErrNoShare)
}

// Get answers with one share.
func (r *Shares) Get(c *gin.Context) error {
	id, err := pathID(c, "id", shares.ErrNoShare)
	if err != nil {
		return err
	}
	s, err := shares.Get(c.Request.Context(), r.query(c), id)
	if err != nil {
		return err
	}
	v, err := r.whole(c.Request.Context(), r.query(c), s)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, v)
	return nil
}

type changeBody struct {
	Permission   *shares.Permission `json:"permission"`
	Version      *int32             `json:"version"` // 0: the current one
	Label        *string            `json:"label"`
	Password     *string            `json:"password"` // empty: none
	StartsAt     *time.Time         `json:"starts_at"`
	ExpiresAt    json.RawMessage    `json:"expires_at"`    // null: without end inside, the default life outside
	MaxDownloads *int32             `json:"max_downloads"` // 0: without a limit
	MaxFiles     *int32             `json:"max_files"`
	MaxBytes     *int64             `json:"max_bytes"`
	Accepted     *[]string          `json:"accepted"`
	Add          []personBody       `json:"add"`
	Basis        string             `json:"disclosure_basis"`
	Interest     string             `json:"disclosure_interest"`
	Consent      uuid.UUID          `json:"disclosure_consent_id"`
}

// end reads a time, null, which is Go's zero time, or nothing.
func end(raw json.RawMessage) (*time.Time, error) {
	if len(raw) == 0 {
		return nil, nil //nolint:nilnil // the field is not there
	}
	var t time.Time
	if string(raw) != "null" {
		if err := json.Unmarshal(raw, &t); err != nil || t.IsZero() {
			return nil, request.Invalid("expires_at", "expires_at is a time such as 2026-12-18T15:00:00Z, or null.")
		}
	}
	return &t, nil
}

// Change changes a share that is alive.
func (r *Shares) Change(c *gin.Context) error {
	id, err := pathID(c, "id", shares.ErrNoShare)
	if err != nil {
		return err
	}
	in, err := request.Body[changeBody](c)
	if err != nil {
		return err
	}
	change := shares.Change{
		Permission: in.Permission, Version: in.Version, Label: in.Label, Password: in.Password, StartsAt: in.StartsAt,
		MaxDownloads: in.MaxDownloads, MaxFiles: in.MaxFiles, MaxBytes: in.MaxBytes, Add: people(in.Add),
		Purpose: disclosure.Purpose{Basis: in.Basis, Interest: strings.TrimSpace(in.Interest), Consent: in.Consent},
	}
	if change.ExpiresAt, err = end(in.ExpiresAt); err != nil {
		return err
	}
	if in.Accepted != nil {
		list := extensions(*in.Accepted)
		change.Accepted = &list
	}
	var v ShareView
	err = r.change(c, func(ctx context.Context, tx *tenancy.Tx) (audit.Event, error) {
		changed, err := shares.Update(ctx, tx, id, change)
		if err != nil {
			return audit.Event{}, err
		}
		v, err = r.whole(ctx, tx, changed)
		return audit.Event{Action: "share.change", ObjectID: id.String(), Code: string(changed.Kind)}, err
	})
	if err != nil {
		return err
	}
	if len(in.Add) > 0 {
		r.send(c, v)
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// Revoke ends a share at once. One that has ended stays as it was, and the call is no
// error: who asks twice has what they asked for.
func (r *Shares) Revoke(c *gin.Context) error {
	id, err := pathID(c, "id", shares.ErrNoShare)
	if err != nil {
		return err
	}
	err = r.change(c, func(ctx context.Context, tx *tenancy.Tx) (audit.Event, error) {
		ended, err := shares.Revoke(ctx, tx, id)
		if err != nil || ended {
			return audit.Event{Action: "share.revoke", ObjectID: id.String()}, err
		}
		s, err := shares.Get(ctx, tx, id)
		if err == nil && s.EndedAt == nil {
			err = shares.ErrNotAllowed // they received it
		}
		return audit.Event{}, err
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// RemoveRecipient takes the share from one of its recipients.
func (r *Shares) RemoveRecipient(c *gin.Context) error {
	id, recipient, err := recipientParams(c)
	if err != nil {
		return err
	}
	err = r.change(c, func(ctx context.Context, tx *tenancy.Tx) (audit.Event, error) {
		if _, err := shares.Get(ctx, tx, id); err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Action: "share.remove", ObjectID: id.String(), Code: recipient.String()}, shares.RemoveRecipient(ctx, tx, id, recipient)
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// Resend has a recipient's mail sent again.
func (r *Shares) Resend(c *gin.Context) error {
	id, recipient, err := recipientParams(c)
	if err != nil {
		return err
	}
	var p shares.Recipient
	err = r.change(c, func(ctx context.Context, tx *tenancy.Tx) (_ audit.Event, err error) {
		p, err = shares.Resend(ctx, tx, id, recipient)
		return audit.Event{Action: "share.resend", ObjectID: id.String(), Code: recipient.String()}, err
	})
	if err != nil {
		return err
	}
	v := showRecipient(p)
	r.send(c, ShareView{ID: id, Recipients: []RecipientView{v}})
	c.JSON(http.StatusAccepted, v)
	return nil
}

func recipientParams(c *gin.Context) (share, recipient uuid.UUID, err error) {
	if share, err = pathID(c, "id", shares.ErrNoShare); err != nil {
		return share, recipient, err
	}
	recipient, err = uuid.Parse(c.Param("recipient"))
	if err != nil {
		// The share first: who does not see it learns of nothing else.
		recipient, err = uuid.Nil, nil
	}
	return share, recipient, err
}

var errWhich = fault.New(fault.Invalid, "invalid_which", "which is given, received, or outside: all that leaves the organization, for its owners and admins.")

// List lists the caller's shares: given, received, or those with people outside.
func (r *Shares) List(c *gin.Context) error {
	list := map[string]func(context.Context, tenancy.Queries, uuid.UUID, int) ([]shares.Share, error){
		"": shares.Given, "given": shares.Given, "received": shares.Received, "outside": shares.Outside,
	}[c.Query("which")]
	if list == nil {
		return errWhich
	}
	return r.list(c, func(before uuid.UUID, limit int) ([]shares.Share, error) {
		return list(c.Request.Context(), r.query(c), before, limit)
	})
}

// ListOfFile lists the shares of a file.
func (r *Shares) ListOfFile(c *gin.Context) error {
	return r.listOf(c, files.ErrNotFound, func(id uuid.UUID) shares.Target { return shares.Target{File: id} })
}

// ListOfFolder lists the shares of a folder.
func (r *Shares) ListOfFolder(c *gin.Context) error {
	return r.listOf(c, spaces.ErrNoFolder, func(id uuid.UUID) shares.Target { return shares.Target{Folder: id} })
}

// ListOfSpace lists the shares of a space.
func (r *Shares) ListOfSpace(c *gin.Context) error {
	return r.listOf(c, spaces.ErrNoSpace, func(id uuid.UUID) shares.Target { return shares.Target{Space: id} })
}

func (r *Shares) listOf(c *gin.Context, none error, target func(uuid.UUID) shares.Target) error {
	id, err := pathID(c, "id", none)
	if err != nil {
		return err
	}
	err = r.list(c, func(before uuid.UUID, limit int) ([]shares.Share, error) {
		return shares.Of(c.Request.Context(), r.query(c), target(id), before, limit)
	})
	if errors.Is(err, shares.ErrNoTarget) {
		return none
	}
	return err
}

func (r *Shares) list(c *gin.Context, page func(before uuid.UUID, limit int) ([]shares.Share, error)) error {
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]shares.Share, error) { return page(before[0], limit) },
		show, func(s shares.Share) []uuid.UUID { return []uuid.UUID{s.ID} })
}

// ListAccesses lists who used a share, and what was refused, newest first.
func (r *Shares) ListAccesses(c *gin.Context) error {
	id, err := pathID(c, "id", shares.ErrNoShare)
	if err != nil {
		return err
	}
	if _, err := shares.Get(c.Request.Context(), r.query(c), id); err != nil {
		return err
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]shares.Access, error) {
		return shares.Accesses(c.Request.Context(), r.query(c), id, before[0], limit)
	}, showAccess, func(a shares.Access) []uuid.UUID { return []uuid.UUID{a.ID} })
}

// pathID reads an id of the path. What is not an id names nothing.
func pathID(c *gin.Context, name string, none error) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param(name))
	if err != nil {
		return id, none
	}
	return id, nil
}
