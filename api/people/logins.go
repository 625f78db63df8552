package people

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/logins"
	"satchel/tenancy/people"
)

// LoginView is a login of a person.
type LoginView struct {
	ID       uuid.UUID  `json:"id"`
	Issuer   string     `json:"issuer"`
	Subject  string     `json:"subject"`
	Own      bool       `json:"own"`
	Via      string     `json:"linked_via"`
	LinkedBy *uuid.UUID `json:"linked_by"` // null: a rule
	LinkedAt time.Time  `json:"linked_at"`
}

// ListLogins lists the logins of a person.
func (r *People) ListLogins(c *gin.Context) error {
	org, user, err := request.Below(c, r.DB, "user", people.ErrNoPerson)
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.DB.Single(org)
	if _, err := people.Get(ctx, q, user); err != nil {
		return err
	}
	list, err := logins.Of(ctx, q, user)
	if err != nil {
		return err
	}
	views := make([]LoginView, len(list))
	for i, l := range list {
		views[i] = LoginView{ID: l.ID, Issuer: l.Issuer, Subject: l.Subject, Own: l.Own, Via: l.Via, LinkedBy: l.LinkedBy, LinkedAt: l.LinkedAt.UTC()}
	}
	c.JSON(http.StatusOK, request.Page[LoginView]{Items: views})
	return nil
}

// Unlink takes a login from a person. No rule gives it back.
func (r *People) Unlink(c *gin.Context) error {
	org, user, err := request.Below(c, r.DB, "user", people.ErrNoPerson)
	if err != nil {
		return err
	}
	login, err := uuid.Parse(c.Param("login"))
	if err != nil {
		return logins.ErrNoLogin.Because(err)
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		ended, err := logins.Unlink(ctx, tx, actor, user, login)
		if err != nil || !ended {
			return err
		}
		_, err = files.Abandon(ctx, tx, user)
		return err
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// RequestView is a login that waits for an admin, or what became of it.
type RequestView struct {
	ID           uuid.UUID     `json:"id"`
	Organization tenancy.OrgID `json:"organization_id"`
	Issuer       string        `json:"issuer"`
	Subject      string        `json:"subject"`
	Name         string        `json:"shown_name"`
	Reason       string        `json:"reason"`
	Candidates   []uuid.UUID   `json:"candidates"`
	State        logins.State  `json:"state"`
	User         *uuid.UUID    `json:"user_id"`
	DecidedBy    *uuid.UUID    `json:"decided_by"`
	DecidedAt    *time.Time    `json:"decided_at"`
	CreatedAt    time.Time     `json:"created_at"`
	SeenAt       time.Time     `json:"seen_at"`
}

func showRequestOf(org tenancy.OrgID) func(logins.Request) RequestView {
	return func(q logins.Request) RequestView {
		return RequestView{
			ID: q.ID, Organization: org, Issuer: q.Issuer, Subject: q.Subject, Name: q.Name, Reason: q.Reason, Candidates: q.Candidates, State: q.State, User: q.User,
			DecidedBy: q.DecidedBy, DecidedAt: request.UTC(q.DecidedAt), CreatedAt: q.CreatedAt.UTC(), SeenAt: q.SeenAt.UTC(),
		}
	}
}

// ListRequests lists the logins that wait.
func (r *People) ListRequests(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	state := logins.State(c.Query("state"))
	if state != "" && !slices.Contains(logins.States, state) {
		return request.Invalid("state", "state is one of %v.", logins.States)
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]logins.Request, error) {
		return logins.ListRequests(c.Request.Context(), r.DB.Single(org), state, after[0], limit)
	}, showRequestOf(org), func(q logins.Request) []uuid.UUID { return []uuid.UUID{q.ID} })
}

type linkBody struct {
	User uuid.UUID `json:"user_id"`
}

// Link gives a login that waits to a person.
func (r *People) Link(c *gin.Context) error {
	in, err := request.Body[linkBody](c)
	if err != nil {
		return err
	}
	by := request.Caller(c)
	return r.decide(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (logins.Request, error) {
		return logins.Link(ctx, tx, by, id, in.User)
	})
}

// Dismiss decides that no rule links the login.
func (r *People) Dismiss(c *gin.Context) error {
	by := request.Caller(c)
	return r.decide(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (logins.Request, error) {
		return logins.Dismiss(ctx, tx, by, id)
	})
}

func (r *People) decide(c *gin.Context, do func(context.Context, *tenancy.Tx, uuid.UUID) (logins.Request, error)) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	id, err := uuid.Parse(c.Param("request"))
	if err != nil {
		return logins.ErrNoRequest.Because(err)
	}
	ctx := c.Request.Context()
	var decided logins.Request
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		decided, err = do(ctx, tx, id)
		return err
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showRequestOf(org)(decided))
	return nil
}

// RuleView is what an organization believes of the tokens of a tenant.
type RuleView struct {
	ID             uuid.UUID    `json:"id"`
	Issuer         string       `json:"issuer"`
	TenantClaim    string       `json:"tenant_claim"`
	TenantValue    string       `json:"tenant_value"`
	PersonClaim    string       `json:"person_claim"`
	VerifyEmail    bool         `json:"may_verify_email"`
	VerifyUsername bool         `json:"may_verify_username"`
	JITRole        tenancy.Role `json:"jit_role,omitempty"`
	Confirmed      bool         `json:"confirmed"` // by an operator; until then the rule does nothing
	ConfirmedAt    *time.Time   `json:"confirmed_at"`
	CreatedAt      time.Time    `json:"created_at"`
}

func showRule(l logins.Rule) RuleView {
	return RuleView{
		ID: l.ID, Issuer: l.Issuer, TenantClaim: l.TenantClaim, TenantValue: l.TenantValue, PersonClaim: l.PersonClaim, VerifyEmail: l.VerifyEmail,
		VerifyUsername: l.VerifyUsername, JITRole: l.JITRole, Confirmed: l.ConfirmedAt != nil, ConfirmedAt: request.UTC(l.ConfirmedAt), CreatedAt: l.CreatedAt.UTC(),
	}
}

func answerRules(c *gin.Context, rules []logins.Rule) {
	views := make([]RuleView, len(rules))
	for i, l := range rules {
		views[i] = showRule(l)
	}
	c.JSON(http.StatusOK, gin.H{"rules": views})
}

// GetRules answers with the login rules.
func (r *People) GetRules(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	rules, err := logins.ListRules(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	answerRules(c, rules)
	return nil
}

type rulesBody struct {
	Rules []ruleBody `json:"rules"`
}

type ruleBody struct {
	Issuer         string       `json:"issuer"`
	TenantClaim    string       `json:"tenant_claim"`
	TenantValue    string       `json:"tenant_value"`
	PersonClaim    string       `json:"person_claim"`
	VerifyEmail    bool         `json:"may_verify_email"`
	VerifyUsername bool         `json:"may_verify_username"`
	JITRole        tenancy.Role `json:"jit_role"`
}

// SetRules replaces the login rules.
func (r *People) SetRules(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[rulesBody](c)
	if err != nil {
		return err
	}
	if in.Rules == nil {
		return request.Invalid("rules", "rules is a list of rules; an empty one removes all.")
	}
	wanted := make([]logins.Rule, len(in.Rules))
	for i, b := range in.Rules {
		wanted[i] = logins.Rule{
			Issuer: b.Issuer, TenantClaim: b.TenantClaim, TenantValue: b.TenantValue, PersonClaim: b.PersonClaim,
			VerifyEmail: b.VerifyEmail, VerifyUsername: b.VerifyUsername, JITRole: b.JITRole,
		}
	}
	ctx, by := c.Request.Context(), request.Caller(c)
	var rules []logins.Rule
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		rules, err = logins.SetRules(ctx, tx, by, wanted)
		return err
	})
	if err != nil {
		return err
	}
	answerRules(c, rules)
	return nil
}

// ConfirmRule says for an operator that a rule's tenant is the organization's.
func (r *People) ConfirmRule(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	id, err := uuid.Parse(c.Param("rule"))
	if err != nil {
		return logins.ErrNoRule.Because(err)
	}
	ctx, by := c.Request.Context(), request.Caller(c)
	var rule logins.Rule
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		rule, err = logins.ConfirmRule(ctx, tx, by, id)
		return err
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showRule(rule))
	return nil
}

type mergeBody struct {
	Into uuid.UUID `json:"into"`
}

// Merge makes a person who never signed in and a member one.
func (r *People) Merge(c *gin.Context) error {
	org, user, err := request.Below(c, r.DB, "user", people.ErrNoPerson)
	if err != nil {
		return err
	}
	in, err := request.Body[mergeBody](c)
	if err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c)
	// What names the person is also in spaces that the admin does not see.
	err = r.DB.OrganizationWide().InTx(ctx, org, func(tx *tenancy.Tx) error {
		_, err := logins.Merge(ctx, tx, by, user, in.Into)
		return err
	})
	if err != nil {
		return err
	}
	return r.answer(c, http.StatusOK, org, in.Into)
}
