package consent

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/policies/consent"
	"satchel/tenancy"
)

// DecisionView is what a guardian decided.
type DecisionView struct {
	ID         uuid.UUID  `json:"id"`
	Child      uuid.UUID  `json:"child_id"`
	Guardian   *uuid.UUID `json:"guardian_id"`
	Kind       string     `json:"kind"`
	Method     string     `json:"method"`
	Scopes     []string   `json:"scopes"`
	File       *uuid.UUID `json:"evidence_file_id"`
	SHA256     *string    `json:"evidence_sha256"`
	RecordedBy *uuid.UUID `json:"recorded_by"`
	At         time.Time  `json:"at"`
}

func viewOfDecision(d consent.Decision) DecisionView {
	return DecisionView{d.ID, d.ChildID, d.GuardianID, d.Kind, d.Method, d.Scopes, d.EvidenceFileID, d.EvidenceSha256, d.RecordedBy, d.At.UTC()}
}

// StateView is what counts for a student now.
type StateView struct {
	IsChild      bool   `json:"is_child"`
	AgeSource    string `json:"age_source"`
	RightsHolder string `json:"rights_holder"`
	Basis        string `json:"basis"`
	Rule         string `json:"rule"`
}

// GetState shows whether a student is a child, and on what basis their files are here.
func (r *Consent) GetState(c *gin.Context) error {
	org, child, err := request.Below(c, r.DB, "user", consent.ErrNoChild)
	if err != nil {
		return err
	}
	s, err := consent.StateOf(c.Request.Context(), r.DB.Single(org), child)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, StateView{s.IsChild, s.AgeSource, s.RightsHolder, s.Basis, s.Rule})
	return nil
}

// ListDecisions lists what guardians decided about a student.
func (r *Consent) ListDecisions(c *gin.Context) error {
	org, child, err := request.Below(c, r.DB, "user", consent.ErrNoChild)
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]consent.Decision, error) {
		return consent.Decisions(c.Request.Context(), r.DB.Single(org), child, after[0], limit)
	}, viewOfDecision, func(d consent.Decision) []uuid.UUID { return []uuid.UUID{d.ID} })
}

type decisionBody struct {
	Guardian *uuid.UUID `json:"guardian_id"`
	Kind     string     `json:"kind"`
	Scopes   []string   `json:"scopes"`
	File     *uuid.UUID `json:"evidence_file_id"`
}

// scopes are what a consent may be given for. Each disclosure is one of its own
// (16 CFR 312.5(a)(2)).
var scopes = []string{"collect_use", "disclose:link", "disclose:outside_person", "disclose:connector", "disclose:model", "disclose:train"}

func (b decisionBody) check() error {
	switch {
	case b.Kind != "grant" && b.Kind != "deny" && b.Kind != "revoke" && b.Kind != "void":
		return request.Invalid("kind", "kind is grant, deny or revoke, or void for what was recorded without guardian_id.")
	case b.Kind == "void" && b.Guardian != nil:
		return request.Invalid("guardian_id", "void ends what was recorded without guardian_id. Of a guardian who has one, the answer is grant, deny or revoke.")
	case (b.Kind == "grant" || b.Kind == "void") && b.File == nil:
		return request.Invalid("evidence_file_id", "evidence_file_id names the file of the signed form that you looked at.")
	case b.Kind == "grant" && !slices.Contains(b.Scopes, "collect_use"):
		return request.Invalid("scopes", "scopes has collect_use, and of the others those that the form has a signature for: %s.", strings.Join(scopes[1:], ", "))
	}
	for _, s := range b.Scopes {
		if !slices.Contains(scopes, s) {
			return request.Invalid("scopes", "scopes lists some of %s.", strings.Join(scopes, ", "))
		}
	}
	return nil
}

// CreateDecision records what a guardian decided on a signed form that staff looked at.
func (r *Consent) CreateDecision(c *gin.Context) error {
	org, child, err := request.Below(c, r.DB, "user", consent.ErrNoChild)
	if err != nil {
		return err
	}
	in, err := request.Body[decisionBody](c)
	if err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	if in.Scopes == nil || in.Kind != "grant" {
		in.Scopes = []string{}
	}
	ctx, id, by := c.Request.Context(), request.NewID(c), request.Caller(c).User
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if _, err := consent.Decide(ctx, tx, consent.NewDecision{
			ID: id, ChildID: child, GuardianID: in.Guardian, Kind: in.Kind, Method: "signed_form", Scopes: in.Scopes, EvidenceFileID: in.File, RecordedBy: by,
		}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.decide", ObjectID: id.String(), Code: in.Kind})
	})
	if err != nil {
		return err
	}
	return r.showDecision(c, org, id)
}

func (r *Consent) showDecision(c *gin.Context, org tenancy.OrgID, id uuid.UUID) error {
	d, err := consent.GetDecision(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, viewOfDecision(d))
	return nil
}

// MatrixView is what each method of consent permits.
type MatrixView struct {
	Methods []MethodView `json:"methods"`
	Permits []CellView   `json:"permits"`
}

// MethodView is one method.
type MethodView struct {
	Method   string `json:"method"`
	Strength string `json:"strength"`
	Rule     string `json:"rule"`
	Ships    bool   `json:"ships"`
}

// CellView is what one method says of one action.
type CellView struct {
	Method  string `json:"method"`
	Action  string `json:"action"`
	Permits string `json:"permits"`
	Rule    string `json:"rule"`
}

// GetMatrix shows the table that every disclosure is checked by.
func (r *Consent) GetMatrix(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	cells, methods, err := consent.Matrix(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	v := MatrixView{Methods: make([]MethodView, len(methods)), Permits: make([]CellView, len(cells))}
	for i, m := range methods {
		v.Methods[i] = MethodView(m)
	}
	for i, m := range cells {
		v.Permits[i] = CellView(m)
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// ReplayAgreement answers with what the earlier try has made.
func (r *Consent) ReplayAgreement(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return replay(c, r, e, r.showAgreement, consent.ErrNoAgreement)
}

// ReplaySubprocessor answers with what the earlier try has made.
func (r *Consent) ReplaySubprocessor(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return replay(c, r, e, r.showSubprocessor, consent.ErrNoSubprocessor)
}

// ReplayDecision answers with what the earlier try has made.
func (r *Consent) ReplayDecision(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return replay(c, r, e, r.showDecision, consent.ErrNoChild)
}

func replay(c *gin.Context, r *Consent, e idempotency.PreviousAttempt, show func(*gin.Context, tenancy.OrgID, uuid.UUID) error, absent error) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.OutcomeOf(show(c, org, e.ID), absent)
}
