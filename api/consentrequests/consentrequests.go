// Package consentrequests answers for requests for a parent's consent: staff ask and look,
// parents answer by the link of a mail.
package consentrequests

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/policies/consent"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
)

// Requests answers staff.
type Requests struct {
	DB       *tenancy.DB // as the caller
	All      *tenancy.DB // whether an address is a student's is asked of rows that no caller sees
	Contacts requests.Contacts
	Waker    Waker
	Log      *slog.Logger
	Now      func() time.Time
}

// RequestView is a request. The guardian's address is here for consent alone, and is not shown.
type RequestView struct {
	ID          uuid.UUID  `json:"id"`
	Child       uuid.UUID  `json:"child_id"`
	Guardian    uuid.UUID  `json:"guardian_id"`
	State       string     `json:"state"`
	Method      string     `json:"method"`
	Language    string     `json:"language"`
	Notice      *uuid.UUID `json:"notice_id"`
	Grant       *uuid.UUID `json:"grant_id"`
	Scopes      []string   `json:"scopes"`
	Reminders   int16      `json:"reminders"`
	MailCode    string     `json:"mail_code"`
	HasAddress  bool       `json:"has_address"`
	RequestedBy *uuid.UUID `json:"requested_by"`
	CreatedAt   time.Time  `json:"created_at"`
	AskedAt     *time.Time `json:"asked_at"`
	AnsweredAt  *time.Time `json:"answered_at"`
	ConfirmAt   *time.Time `json:"confirm_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	EndedAt     *time.Time `json:"ended_at"`

	Evidence []EvidenceView `json:"evidence,omitempty"` // of one request, not of a list
}

// EvidenceView is what is kept of an answer: by which mail, of which version of the notice, from
// where. Address and browser are cut off.
type EvidenceView struct {
	Decision *uuid.UUID `json:"decision_id"`
	Mail     uuid.UUID  `json:"mail_id"`
	Kind     string     `json:"mail"`
	Notice   *uuid.UUID `json:"notice_id"`
	Network  *string    `json:"network"`
	Agent    *string    `json:"agent"`
	At       *time.Time `json:"at"`
}

func viewOfRequest(r requests.Request) RequestView {
	return RequestView{
		ID: r.ID, Child: r.ChildID, Guardian: r.GuardianID, State: r.State, Method: r.Method, Language: r.Language, Notice: r.NoticeID, Grant: r.GrantID, Scopes: r.Scopes,
		Reminders: r.Reminders, MailCode: r.MailCode, HasAddress: r.ContactSealed != nil, RequestedBy: r.RequestedBy, CreatedAt: r.CreatedAt.UTC(), AskedAt: request.UTC(r.AskedAt),
		AnsweredAt: request.UTC(r.AnsweredAt), ConfirmAt: request.UTC(r.ConfirmAt), ExpiresAt: r.ExpiresAt.UTC(), EndedAt: request.UTC(r.EndedAt),
	}
}

// List lists requests.
func (r *Requests) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	var f requests.Filter
	if s := c.Query("state"); s != "" {
		if !slices.Contains(requests.States, s) {
			return request.Invalid("state", "state is one of %s.", strings.Join(requests.States, ", "))
		}
		f.State = &s
	}
	if f.Child, err = request.QueryID(c, "child_id", "student"); err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]requests.Request, error) {
		return requests.List(c.Request.Context(), r.DB.Single(org), f, after[0], limit)
	}, viewOfRequest, func(q requests.Request) []uuid.UUID { return []uuid.UUID{q.ID} })
}

// Get shows one.
func (r *Requests) Get(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "request", requests.ErrNoRequest)
	if err != nil {
		return err
	}
	return r.show(c, http.StatusOK, org, id)
}

func (r *Requests) show(c *gin.Context, status int, org tenancy.OrgID, id uuid.UUID) error {
	ctx := c.Request.Context()
	q, err := requests.Get(ctx, r.DB.Single(org), id)
	if err != nil {
		return err
	}
	kept, err := requests.EvidenceOf(ctx, r.DB.Single(org), id)
	if err != nil {
		return err
	}
	v := viewOfRequest(q)
	for _, e := range kept {
		v.Evidence = append(v.Evidence, EvidenceView{Decision: e.DecisionID, Mail: e.ID, Kind: e.Mail, Notice: e.NoticeID, Network: e.Network, Agent: e.Agent, At: request.UTC(e.UsedAt)})
	}
	c.JSON(status, v)
	return nil
}

type requestBody struct {
	Guardian *uuid.UUID `json:"guardian_id"`
	Email    string     `json:"email"`
	Language string     `json:"language"`
}

var isLanguage = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

const maxLanguage = 35

func language(text string) (string, error) {
	if text == "" {
		return "en", nil
	}
	if len(text) > maxLanguage || !isLanguage.MatchString(text) {
		return "", request.Invalid("language", "language is a tag such as en or de (BCP 47).")
	}
	return text, nil
}

// Create asks a guardian of a student. The mail goes out at once.
func (r *Requests) Create(c *gin.Context) error {
	org, child, err := request.Below(c, r.DB, "user", consent.ErrNoChild)
	if err != nil {
		return err
	}
	in, err := request.Body[requestBody](c)
	if err != nil {
		return err
	}
	if in.Language, err = language(in.Language); err != nil {
		return err
	}
	ctx, id, by := c.Request.Context(), request.NewID(c), request.Caller(c).User
	err = r.All.InTx(ctx, org, func(tx *tenancy.Tx) error {
		n := requests.New{ID: id, Child: child, Guardian: in.Guardian, Email: in.Email, Language: in.Language, By: by}
		if err := requests.Create(ctx, tx, r.Contacts, n, r.Now()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.request", ObjectID: id.String()})
	})
	if err != nil {
		return err
	}
	r.wake(ctx, org, id)
	return r.show(c, http.StatusCreated, org, id)
}

// wake has the workflow look; the sweep makes up for a failure.
func (r *Requests) wake(ctx context.Context, org tenancy.OrgID, id uuid.UUID) {
	if err := r.Waker.WakeConsentRequest(ctx, org, id); err != nil {
		r.Log.WarnContext(ctx, "wake request for consent failed", "organization", org, "request", id, "error", err)
	}
}

// ReplayCreate answers with what the earlier try has made.
func (r *Requests) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.OutcomeOf(r.show(c, http.StatusCreated, org, e.ID), requests.ErrNoRequest)
}

type resendBody struct {
	Email string `json:"email"`
}

// Resend has the mail sent again, to another address if one is given.
func (r *Requests) Resend(c *gin.Context) error {
	in, err := request.OptionalBody[resendBody](c)
	if err != nil {
		return err
	}
	return r.change(c, r.All, "consent.request_resend", func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		return requests.Resend(ctx, tx, r.Contacts, id, in.Email, r.Now())
	})
}

// Cancel takes a request back.
func (r *Requests) Cancel(c *gin.Context) error {
	return r.change(c, r.DB, "consent.request_cancel", func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		return requests.Cancel(ctx, tx, id, r.Now())
	})
}

func (r *Requests) change(c *gin.Context, db *tenancy.DB, action string, do func(context.Context, *tenancy.Tx, uuid.UUID) error) error {
	org, id, err := request.Below(c, r.DB, "request", requests.ErrNoRequest)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := do(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String()})
	})
	if err != nil {
		return err
	}
	r.wake(ctx, org, id)
	return r.show(c, http.StatusOK, org, id)
}
