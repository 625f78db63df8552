package consentrequests

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
)

// NoticeView is a version of the notice to parents.
type NoticeView struct {
	ID          uuid.UUID       `json:"id"`
	Number      int32           `json:"number"`
	Language    string          `json:"language"`
	Notice      requests.Notice `json:"notice"`
	SHA256      string          `json:"sha256"`
	Material    bool            `json:"material"`
	PublishedBy *uuid.UUID      `json:"published_by"`
	PublishedAt time.Time       `json:"published_at"`
}

func viewOfNotice(v requests.Version) NoticeView {
	return NoticeView{v.ID, v.Number, v.Language, v.Notice, v.SHA256, v.Material, v.PublishedBy, v.PublishedAt.UTC()}
}

// ListNotices lists the versions.
func (r *Requests) ListNotices(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]requests.Version, error) {
		return requests.Notices(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, viewOfNotice, func(v requests.Version) []uuid.UUID { return []uuid.UUID{v.ID} })
}

type noticeBody struct {
	Language string          `json:"language"`
	Notice   requests.Notice `json:"notice"`
	Material bool            `json:"material"`
}

// Publish publishes a version. A material one ends consents to earlier versions: the sweep asks
// those parents again.
func (r *Requests) Publish(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[noticeBody](c)
	if err != nil {
		return err
	}
	if in.Language, err = language(in.Language); err != nil {
		return err
	}
	ctx, id, by := c.Request.Context(), request.NewID(c), request.Caller(c).User
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		n := requests.NewNotice{ID: id, Language: in.Language, Notice: in.Notice, Material: in.Material, By: by}
		if _, err := requests.Publish(ctx, tx, n, r.Now()); err != nil {
			return err
		}
		code := "minor"
		if in.Material {
			code = "material"
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.notice", ObjectID: id.String(), Code: code})
	})
	if err != nil {
		return err
	}
	return r.showNotice(c, org, id)
}

func (r *Requests) showNotice(c *gin.Context, org tenancy.OrgID, id uuid.UUID) error {
	v, err := requests.GetNotice(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, viewOfNotice(v))
	return nil
}

// ReplayPublish answers with what the earlier try has made.
func (r *Requests) ReplayPublish(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.OutcomeOf(r.showNotice(c, org, e.ID), requests.ErrNoNotice)
}

// TermsView is how long a parent has, and when the second mail goes out.
type TermsView struct {
	Days  int32 `json:"consent_days"`
	Hours int32 `json:"confirm_hours"`
}

// GetTerms shows it.
func (r *Requests) GetTerms(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	t, err := requests.GetTerms(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, TermsView(t))
	return nil
}

// SetTerms changes it, for what is asked from here on.
func (r *Requests) SetTerms(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[TermsView](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := requests.SetTerms(ctx, tx, requests.Terms(in)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.terms", ObjectID: org.String()})
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, in)
	return nil
}

// TransitionView is one row of the table of the states.
type TransitionView struct {
	From  string `json:"from"`
	Event string `json:"event"`
	To    string `json:"to"`
	Ends  bool   `json:"ends"`
	Rule  string `json:"rule"`
}

// ListTransitions shows the table by which requests change.
func (r *Requests) ListTransitions(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	found, err := requests.Transitions(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	views := make([]TransitionView, len(found))
	for i, t := range found {
		views[i] = TransitionView{t.FromState, t.Event, t.ToState, t.Ends, t.Rule}
	}
	c.JSON(http.StatusOK, gin.H{"items": views})
	return nil
}
