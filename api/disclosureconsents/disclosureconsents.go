// Package disclosureconsents answers for consents to disclosures of records (34 CFR 99.30).
package disclosureconsents

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/disclosureconsents"
)

// Consents answers for them.
type Consents struct {
	DB *tenancy.DB // as the caller
}

// View is a consent as its signer and who oversees see it.
type View struct {
	ID             uuid.UUID   `json:"id"`
	Student        uuid.UUID   `json:"student_id"`
	Files          []uuid.UUID `json:"file_ids"`
	Purpose        string      `json:"purpose"`
	Party          string      `json:"party"`
	Email          string      `json:"party_email"`
	State          string      `json:"state"`
	RequestedBy    uuid.UUID   `json:"requested_by"`
	RequestedAt    time.Time   `json:"requested_at"`
	ExpiresAt      time.Time   `json:"expires_at"`
	Signer         *uuid.UUID  `json:"signer_id"`
	SignerName     string      `json:"signer_name"`
	Method         string      `json:"method"`
	Evidence       *uuid.UUID  `json:"evidence_file_id"`
	EvidenceSHA256 *string     `json:"evidence_sha256"`
	SignedAt       *time.Time  `json:"signed_at"`
	RecordedBy     *uuid.UUID  `json:"recorded_by"`
	ContentSHA256  *string     `json:"content_sha256"`
	RevokedBy      *uuid.UUID  `json:"revoked_by"`
	RevokedAt      *time.Time  `json:"revoked_at"`
}

func show(c disclosureconsents.Consent) View {
	return View{
		ID: c.ID, Student: c.Student, Files: c.Files, Purpose: c.Purpose, Party: c.Party, Email: c.Email, State: c.State, RequestedBy: c.RequestedBy, RequestedAt: c.RequestedAt.UTC(),
		ExpiresAt: c.ExpiresAt.UTC(), Signer: c.Signer, SignerName: c.SignerName, Method: c.Method, Evidence: c.Evidence, EvidenceSHA256: c.EvidenceSHA256, SignedAt: request.UTC(c.SignedAt),
		RecordedBy: c.RecordedBy, ContentSHA256: c.ContentSHA256, RevokedBy: c.RevokedBy, RevokedAt: request.UTC(c.RevokedAt),
	}
}

func (r *Consents) answer(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int) error {
	found, err := disclosureconsents.Get(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(status, show(found))
	return nil
}

type askBody struct {
	Student   uuid.UUID   `json:"student_id"`
	Files     []uuid.UUID `json:"file_ids"`
	Purpose   string      `json:"purpose"`
	Party     string      `json:"party"`
	Email     string      `json:"party_email"`
	ExpiresAt time.Time   `json:"expires_at"`
}

// Ask writes a consent down, to be signed.
func (r *Consents) Ask(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[askBody](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	n := disclosureconsents.New{ID: request.NewID(c), By: request.Caller(c).User, Student: in.Student, Files: in.Files, Purpose: in.Purpose, Party: in.Party, Email: in.Email, ExpiresAt: in.ExpiresAt}
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return disclosureconsents.Ask(ctx, tx, n) }); err != nil {
		return err
	}
	return r.answer(c, org, n.ID, http.StatusCreated)
}

// ReplayAsk answers a request that was sent again.
func (r *Consents) ReplayAsk(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answer(c, request.Caller(c).Org, e.ID, http.StatusCreated), disclosureconsents.ErrNotFound)
}

// List lists them, the newest first.
func (r *Consents) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	var student uuid.UUID
	if text := c.Query("student"); text != "" {
		if student, err = uuid.Parse(text); err != nil {
			return request.Invalid("student", "student is an id.")
		}
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]disclosureconsents.Consent, error) {
		return disclosureconsents.List(c.Request.Context(), r.DB.Single(org), student, before[0], limit)
	}, show, func(f disclosureconsents.Consent) []uuid.UUID { return []uuid.UUID{f.ID} })
}

// Get shows one.
func (r *Consents) Get(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "consent", disclosureconsents.ErrNotFound)
	if err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}

// change runs do about the consent of the path, and answers with it.
func (r *Consents) change(c *gin.Context, do func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error) error {
	org, id, err := request.Below(c, r.DB, "consent", disclosureconsents.ErrNotFound)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return do(ctx, tx, id) }); err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}

type signBody struct {
	Name     string     `json:"name"`
	Approve  bool       `json:"approve"`
	Evidence *uuid.UUID `json:"evidence_file_id"`
	SignedAt *time.Time `json:"signed_at"`
}

// Sign signs one, or records what was signed on paper.
func (r *Consents) Sign(c *gin.Context) error {
	in, err := request.Body[signBody](c)
	if err != nil {
		return err
	}
	s, by := disclosureconsents.Signature{Name: in.Name, Approve: in.Approve, SignedAt: in.SignedAt}, request.Caller(c)
	if in.Evidence != nil {
		s.Evidence = *in.Evidence
	}
	return r.change(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		return disclosureconsents.Sign(ctx, tx, id, by, s)
	})
}

// Revoke ends one.
func (r *Consents) Revoke(c *gin.Context) error {
	by := request.Caller(c)
	return r.change(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		return disclosureconsents.Revoke(ctx, tx, id, by)
	})
}
