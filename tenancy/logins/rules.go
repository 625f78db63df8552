package logins

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/logins/loginsdb"
)

// Rule is what an organization believes of the tokens of one tenant of an issuer.
type Rule struct {
	ID             uuid.UUID
	Issuer         string
	TenantClaim    string // hd or tid
	TenantValue    string // in lower case
	PersonClaim    string // "": none
	VerifyEmail    bool
	VerifyUsername bool
	JITRole        tenancy.Role // "": none
	CreatedAt      time.Time
	ConfirmedBy    *uuid.UUID // nil: the rule does nothing yet
	ConfirmedAt    *time.Time
}

// What a caller can meet.
var (
	ErrNoRule    = fault.New(fault.NotFound, "login_rule_not_found", "There is no such login rule.")
	ErrTenant    = fault.New(fault.Conflict, "tenant_taken", "This tenant of the issuer is confirmed for another organization. A tenant belongs to one.")
	errRules     = fault.New(fault.Invalid, "invalid_rules", "rules is a list of at most %d rules, each of another tenant.", maxRules)
	errTenant    = fault.New(fault.Invalid, "invalid_tenant", "A rule names the issuer as iss does, tenant_claim is hd or tid, and tenant_value is the claim's value: a domain or the id of a directory.")
	errClaim     = fault.New(fault.Invalid, "invalid_person_claim", "person_claim is the name of a claim of at most %d characters that holds the school's own id of a person. Addresses and user names are none: use may_verify_email and may_verify_username.", maxClaim)
	errJIT       = fault.New(fault.Invalid, "invalid_jit_role", "jit_role is student or teacher, or absent.")
	errOperators = fault.New(fault.Invalid, "organization_required", "The platform's own organization has no login rules.")
)

const (
	maxRules = 20
	maxClaim = 100
)

// addresses are claims that people or families share, change or hand on: none of them
// says who somebody is (OpenID Connect Core 1.0, section 5.7).
var addresses = []string{"email", "upn", "unique_name", "preferred_username", "name", "phone_number", "iss", "aud", "hd", "tid"}

func (r *Rule) check() error {
	r.TenantValue = strings.ToLower(strings.TrimSpace(r.TenantValue))
	switch {
	case !isText(r.Issuer, 1, 500), r.Issuer == tenancy.ServiceIssuer, r.TenantClaim != "hd" && r.TenantClaim != "tid", !isText(r.TenantValue, 1, 255):
		return errTenant
	case !isText(r.PersonClaim, 0, maxClaim), slices.Contains(addresses, strings.ToLower(r.PersonClaim)):
		return errClaim
	case r.JITRole != "" && r.JITRole != tenancy.Student && r.JITRole != tenancy.Teacher:
		return errJIT
	}
	return nil
}

func isText(s string, least, most int) bool {
	n := len([]rune(s))
	return strings.ToValidUTF8(s, "") == s && !strings.ContainsRune(s, 0) && n >= least && n <= most
}

// ListRules reads the rules.
func ListRules(ctx context.Context, q tenancy.Queries) ([]Rule, error) {
	rows, err := loginsdb.New(q).RuleList(ctx)
	if err != nil {
		return nil, fmt.Errorf("read login rules: %w", err)
	}
	rules := make([]Rule, len(rows))
	for i, r := range rows {
		rules[i] = ruleOf(loginsdb.RuleGetRow(r))
	}
	return rules, nil
}

func ruleOf(r loginsdb.RuleGetRow) Rule {
	rule := Rule{
		ID: r.ID, Issuer: r.Issuer, TenantClaim: r.TenantClaim, TenantValue: r.TenantValue, PersonClaim: r.PersonClaim, VerifyEmail: r.MayVerifyEmail,
		VerifyUsername: r.MayVerifyUsername, CreatedAt: r.CreatedAt, ConfirmedBy: r.ConfirmedBy, ConfirmedAt: r.ConfirmedAt,
	}
	if r.JitRole != nil {
		rule.JITRole = tenancy.Role(*r.JitRole)
	}
	return rule
}

// SetRules replaces the rules. One whose tenant was there stays confirmed; the others
// wait for an operator.
func SetRules(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, rules []Rule) ([]Rule, error) {
	if tx.Org() == tenancy.Platform {
		return nil, errOperators
	}
	if len(rules) > maxRules {
		return nil, errRules
	}
	q, kept := loginsdb.New(tx), make([]uuid.UUID, 0, len(rules))
	for _, r := range rules {
		if err := r.check(); err != nil {
			return nil, err
		}
		in := loginsdb.RulePutParams{
			ID: tenancy.NewID(), Issuer: r.Issuer, TenantClaim: r.TenantClaim, TenantValue: r.TenantValue, PersonClaim: r.PersonClaim,
			MayVerifyEmail: r.VerifyEmail, MayVerifyUsername: r.VerifyUsername, CreatedBy: &by.User,
		}
		if r.JITRole != "" {
			role := string(r.JITRole)
			in.JitRole = &role
		}
		id, err := q.RulePut(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("write login rule: %w", err)
		}
		if slices.Contains(kept, id) {
			return nil, errRules
		}
		kept = append(kept, id)
	}
	if err := q.RuleDeleteOthers(ctx, kept); err != nil {
		return nil, fmt.Errorf("delete login rules: %w", err)
	}
	if err := audit.Record(ctx, tx, audit.Event{Action: "login_rules.change", ObjectID: tx.Org().String()}); err != nil {
		return nil, err
	}
	return ListRules(ctx, tx)
}

// ConfirmRule says for an operator that the tenant is the organization's. From then on
// the rule acts. Twice is once.
func ConfirmRule(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, id uuid.UUID) (Rule, error) {
	q := loginsdb.New(tx)
	before, err := q.RuleGet(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Rule{}, ErrNoRule
	case err != nil:
		return Rule{}, fmt.Errorf("read login rule: %w", err)
	case before.ConfirmedAt != nil:
		return ruleOf(before), nil
	}
	elsewhere, err := tenancy.TenantElsewhere(ctx, tx, before.Issuer, before.TenantClaim, before.TenantValue)
	if err != nil {
		return Rule{}, err
	}
	if elsewhere {
		return Rule{}, ErrTenant
	}
	confirmed, err := q.RuleConfirm(ctx, loginsdb.RuleConfirmParams{Rule: id, Operator: by.User})
	if err != nil {
		return Rule{}, fmt.Errorf("confirm login rule: %w", err)
	}
	if !confirmed {
		return Rule{}, ErrTenant
	}
	if err := audit.Record(ctx, tx, audit.Event{Action: "login_rules.confirm", ObjectID: id.String()}); err != nil {
		return Rule{}, err
	}
	after, err := q.RuleGet(ctx, id)
	return ruleOf(after), err
}
