// Package consent answers for the basis of children's data: what the organization decided,
// agreements of the school, decisions of guardians, and who else gets data.
package consent

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/policies/consent"
	"satchel/tenancy"
)

// Consent answers for all of it.
type Consent struct {
	DB *tenancy.DB // as the caller
}

// SettingsView is what an organization decided about children's data.
type SettingsView struct {
	Gate              string `json:"gate"`
	YoungestGrade     *int16 `json:"youngest_grade"`
	HoldDays          int32  `json:"hold_days"`
	OwnWebhooks       bool   `json:"own_webhooks"`
	OwnWebhooksReason string `json:"own_webhooks_reason"`
}

// GetSettings shows it.
func (r *Consent) GetSettings(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	s, err := consent.GetSettings(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, SettingsView(s))
	return nil
}

const (
	maxHoldDays = 90
	maxReason   = 1000
)

// SetSettings replaces it.
func (r *Consent) SetSettings(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[SettingsView](c)
	switch {
	case err != nil:
		return err
	case in.Gate != consent.PreUpload && in.Gate != consent.Discovered:
		return request.Invalid("gate", "gate is pre_upload or discovered.")
	case in.YoungestGrade != nil && (*in.YoungestGrade < -2 || *in.YoungestGrade > 13):
		return request.Invalid("youngest_grade", "youngest_grade is a number from -2 to 13, of which 0 is kindergarten, or null.")
	case in.HoldDays < 1 || in.HoldDays > maxHoldDays:
		return request.Invalid("hold_days", "hold_days is 1 to %d.", maxHoldDays)
	case in.OwnWebhooks && strings.TrimSpace(in.OwnWebhooksReason) == "" || in.OwnWebhooksReason != "" && !request.IsText(in.OwnWebhooksReason, maxReason):
		return request.Invalid("own_webhooks_reason", "own_webhooks_reason says in 1 to %d characters why the receivers of your webhooks are no third parties.", maxReason)
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := consent.SetSettings(ctx, tx, consent.Settings(in)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.settings", ObjectID: org.String(), Code: in.Gate})
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, in)
	return nil
}

// AgreementView is an authorization of the school.
type AgreementView struct {
	ID         uuid.UUID  `json:"id"`
	Origin     string     `json:"origin"`
	Signer     string     `json:"signer"`
	Authority  string     `json:"authority"`
	Purpose    string     `json:"purpose"`
	Covers     string     `json:"covers"`
	Contact    string     `json:"contact"`
	NoticeSent time.Time  `json:"notice_sent_at"`
	StartsAt   time.Time  `json:"starts_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	EndedAt    *time.Time `json:"ended_at"`
	RecordedBy *uuid.UUID `json:"recorded_by"`
	CreatedAt  time.Time  `json:"created_at"`
}

func viewOfAgreement(a consent.Agreement) AgreementView {
	return AgreementView{
		ID: a.ID, Origin: a.Origin, Signer: a.Signer, Authority: a.Authority, Purpose: a.Purpose, Covers: a.Covers, Contact: a.Contact, NoticeSent: a.NoticeSentAt.UTC(),
		StartsAt: a.StartsAt.UTC(), ExpiresAt: a.ExpiresAt.UTC(), EndedAt: request.UTC(a.EndedAt), RecordedBy: a.RecordedBy, CreatedAt: a.CreatedAt.UTC(),
	}
}

// ListAgreements lists them, those that ended too.
func (r *Consent) ListAgreements(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]consent.Agreement, error) {
		return consent.Agreements(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, viewOfAgreement, func(a consent.Agreement) []uuid.UUID { return []uuid.UUID{a.ID} })
}

type agreementBody struct {
	Signer     string    `json:"signer"`
	Authority  string    `json:"authority"`
	Purpose    string    `json:"purpose"`
	Covers     string    `json:"covers"`
	Contact    string    `json:"contact"`
	NoticeSent time.Time `json:"notice_sent_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

const (
	maxShort   = 200
	maxContact = 320
	maxLong    = 2000
)

func text(field, value string, limit int) error {
	if strings.TrimSpace(value) == "" || !request.IsText(value, limit) {
		return request.Invalid(field, "%s is a text of 1 to %d characters.", field, limit)
	}
	return nil
}

func (b agreementBody) check(now time.Time) error {
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"signer", b.Signer, maxShort}, {"authority", b.Authority, maxShort}, {"purpose", b.Purpose, maxLong}, {"covers", b.Covers, maxLong}, {"contact", b.Contact, maxContact}} {
		if err := text(f.name, f.value, f.limit); err != nil {
			return err
		}
	}
	switch {
	case strings.Contains(strings.ToLower(b.Authority), "teacher"):
		return request.Invalid("authority", "A teacher has no authority to sign for the school. authority names the office of somebody who has.")
	case b.NoticeSent.IsZero() || b.NoticeSent.After(now):
		return request.Invalid("notice_sent_at", "notice_sent_at is when the school was sent the direct notice: before the agreement counts.")
	case !b.ExpiresAt.After(now) || b.ExpiresAt.After(now.Add(consent.LongestAgreement)):
		return request.Invalid("expires_at", "expires_at is in the future, and at most ten years away.")
	}
	return nil
}

// CreateAgreement records one.
func (r *Consent) CreateAgreement(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[agreementBody](c)
	if err != nil {
		return err
	}
	if err := in.check(time.Now()); err != nil {
		return err
	}
	ctx, id, by := c.Request.Context(), request.NewID(c), request.Caller(c).User
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := consent.AddAgreement(ctx, tx, consent.NewAgreement{
			ID: id, Signer: in.Signer, Authority: in.Authority, Purpose: in.Purpose, Covers: in.Covers, Contact: in.Contact,
			NoticeSentAt: in.NoticeSent, ExpiresAt: in.ExpiresAt, RecordedBy: by,
		}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.agreement", ObjectID: id.String()})
	})
	if err != nil {
		return err
	}
	return r.showAgreement(c, org, id)
}

func (r *Consent) showAgreement(c *gin.Context, org tenancy.OrgID, id uuid.UUID) error {
	a, err := consent.GetAgreement(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, viewOfAgreement(a))
	return nil
}

// EndAgreement ends one. Files without another basis are held from then on.
func (r *Consent) EndAgreement(c *gin.Context) error {
	return r.end(c, "agreement", "consent.agreement_end", consent.ErrNoAgreement, consent.EndAgreement)
}

// EndSubprocessor ends one.
func (r *Consent) EndSubprocessor(c *gin.Context) error {
	return r.end(c, "subprocessor", "consent.subprocessor_end", consent.ErrNoSubprocessor, consent.EndSubprocessor)
}

// SubprocessorView is who else gets data.
type SubprocessorView struct {
	ID         uuid.UUID  `json:"id"`
	Kind       string     `json:"kind"`
	Name       string     `json:"name"`
	Purpose    string     `json:"purpose"`
	Categories string     `json:"categories"`
	Location   string     `json:"location"`
	File       uuid.UUID  `json:"assurance_file_id"`
	SHA256     string     `json:"assurance_sha256"`
	Since      time.Time  `json:"since"`
	Until      *time.Time `json:"until"`
}

func viewOfSubprocessor(s consent.Subprocessor) SubprocessorView {
	return SubprocessorView{s.ID, s.Kind, s.Name, s.Purpose, s.Categories, s.Location, s.AssuranceFileID, s.AssuranceSha256, s.Since.UTC(), request.UTC(s.Until)}
}

// ListSubprocessors lists them, those that ended too.
func (r *Consent) ListSubprocessors(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]consent.Subprocessor, error) {
		return consent.Subprocessors(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, viewOfSubprocessor, func(s consent.Subprocessor) []uuid.UUID { return []uuid.UUID{s.ID} })
}

type subprocessorBody struct {
	Kind       string    `json:"kind"`
	Name       string    `json:"name"`
	Purpose    string    `json:"purpose"`
	Categories string    `json:"categories"`
	Location   string    `json:"location"`
	File       uuid.UUID `json:"assurance_file_id"`
}

var kinds = []string{"roblox", "model", "webhook", "other"}

// CreateSubprocessor records one.
func (r *Consent) CreateSubprocessor(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[subprocessorBody](c)
	if err != nil {
		return err
	}
	if !slices.Contains(kinds, in.Kind) {
		return request.Invalid("kind", "kind is one of %s.", strings.Join(kinds, ", "))
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"name", in.Name, maxShort}, {"purpose", in.Purpose, maxLong}, {"categories", in.Categories, maxLong}, {"location", in.Location, maxShort}} {
		if err := text(f.name, f.value, f.limit); err != nil {
			return err
		}
	}
	ctx, id, by := c.Request.Context(), request.NewID(c), request.Caller(c).User
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := consent.AddSubprocessor(ctx, tx, consent.NewSubprocessor{
			ID: id, Kind: in.Kind, Name: in.Name, Purpose: in.Purpose, Categories: in.Categories, Location: in.Location, AssuranceFileID: in.File, RecordedBy: by,
		}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.subprocessor", ObjectID: id.String(), Code: in.Kind})
	})
	if err != nil {
		return err
	}
	return r.showSubprocessor(c, org, id)
}

func (r *Consent) showSubprocessor(c *gin.Context, org tenancy.OrgID, id uuid.UUID) error {
	s, err := consent.GetSubprocessor(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, viewOfSubprocessor(s))
	return nil
}

func (r *Consent) end(c *gin.Context, param, action string, absent *fault.Fault, do func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error) error {
	org, id, err := request.Below(c, r.DB, param, absent)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := do(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String()})
	})
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// PublicView is what anybody may know of a subprocessor.
type PublicView struct {
	Kind       string    `json:"kind"`
	Name       string    `json:"name"`
	Purpose    string    `json:"purpose"`
	Categories string    `json:"categories"`
	Location   string    `json:"location"`
	Since      time.Time `json:"since"`
}

// PublicList shows the subprocessors of an organization to anybody. One that is not there
// has none, as one that has none.
func (r *Consent) PublicList(c *gin.Context) error {
	views := []PublicView{}
	if id, err := uuid.Parse(c.Param("id")); err == nil {
		found, err := consent.PublicList(c.Request.Context(), r.DB.Single(tenancy.OrgID(id)), tenancy.OrgID(id))
		if err != nil {
			return err
		}
		for _, s := range found {
			views = append(views, PublicView{s.Kind, s.Name, s.Purpose, s.Categories, s.Location, s.Since.UTC()})
		}
	}
	c.JSON(http.StatusOK, gin.H{"items": views})
	return nil
}
