package drafts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/google/uuid"

	"satchel/generation"
	"satchel/generation/prompt"
	"satchel/generation/providers"
	"satchel/generation/redact"
	"satchel/internal/fault"
	"satchel/policies/disclosure"
	"satchel/tenancy"
)

// The refusals of policies.
var (
	ErrOff      = fault.New(fault.Denied, "generation_off", "Your organization does not let documents be made from texts. An owner can turn it on in the policies.")
	ErrProvider = fault.New(fault.Denied, "provider_not_allowed", "Your organization does not use this provider. An owner can allow it in the policies.")
	// ErrChanged stops what would send something else than the person saw.
	ErrChanged = fault.New(fault.Conflict, "prompt_changed", "What would be sent to the model is not what you saw: the text or the names of your organization changed. Look at the preview again.")
)

// Allowed checks that the organization uses the provider, and for what leaves the platform
// that this file may. It is asked when something is requested, and again before it is sent.
func Allowed(ctx context.Context, q tenancy.Queries, p providers.Provider, file uuid.UUID) (tenancy.Policies, error) {
	policies, err := tenancy.GetPolicies(ctx, q)
	switch {
	case err != nil:
		return policies, err
	case !policies.Generation:
		return policies, ErrOff
	case !slices.Contains(policies.GenerationProviders, p.Name):
		return policies, ErrProvider
	case !p.Outside:
		return policies, nil
	}
	if err := tenancy.RequireFeature(ctx, q, tenancy.FeatureModels); err != nil {
		return policies, err
	}
	d, err := disclosure.Disclose(ctx, q, disclosure.Model, file, p.Name)
	if err != nil {
		return policies, err
	}
	return policies, d.RefusalOf(disclosure.Model, disclosure.Target{File: file}, p.Name)
}

// Question is a call to a model, with what takes personal data out of it and puts it back.
type Question struct {
	Call     generation.Call
	Redactor *redact.Redactor
}

// Ask makes the call of a request, without the names that the organization knows.
func Ask(r generation.Request, names []string) Question {
	red := redact.New(names)
	return Question{Call: prompt.Call(r, red), Redactor: red}
}

// Sum is the hash by which a person says that they saw what is sent.
func (q Question) Sum() string {
	sum := q.Call.Sum()
	return hex.EncodeToString(sum[:])
}

// EndUser is what a provider is told of who asks: a hash of the organization that is another
// one each month.
func EndUser(org tenancy.OrgID, now time.Time) string {
	sum := sha256.Sum256([]byte("generation " + org.String() + now.UTC().Format(" 2006-01")))
	return hex.EncodeToString(sum[:16])
}
