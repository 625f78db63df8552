package auth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"satchel/internal/fault"
	"satchel/internal/oidc"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/logins"
)

var errWaiting = fault.New(fault.Denied, "login_waiting", "You are signed in, but your organization does not know yet which of its people you are. Its admins see your sign-in and decide; ask them, or open the invitation that you were sent.")

// SignIn lets the rules of the organizations that own the tenant of the token find the
// person. It changes nothing for those who are members there already. What happens is
// no part of what the request came to do.
func (d *Auth) SignIn(ctx context.Context, who oidc.Identity) ([]logins.Outcome, error) {
	claims, err := who.Claims.Read()
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	login := logins.Login{
		Issuer: who.Issuer, Subject: who.Subject, Domain: strings.ToLower(text(claims, "hd")), Directory: strings.ToLower(text(claims, "tid")),
		Username: text(claims, "preferred_username"), Name: text(claims, "name"), Claim: func(name string) []string { return texts(claims[name]) },
	}
	// An address that the issuer has not verified is what somebody typed.
	if verified, ok := claims["email_verified"].(bool); ok && verified {
		login.Email = text(claims, "email")
	}
	return logins.SignIn(audit.Apart(ctx), d.DB, d.Hasher, login)
}

// maxText is above any value that is kept of a claim.
const maxText = 500

func text(claims map[string]any, name string) string {
	s, ok := claims[name].(string)
	if !ok || len(s) > maxText || strings.ContainsRune(s, 0) || strings.ToValidUTF8(s, "") != s {
		return ""
	}
	return s
}

// texts are the values of a claim: a text, a number as schools' directories have them,
// or a list of those.
func texts(claim any) []string {
	switch v := claim.(type) {
	case string:
		return []string{text(map[string]any{"": v}, "")}
	case float64:
		const exact = 1 << 53 // beyond it two ids would be one number
		if v == math.Trunc(v) && math.Abs(v) < exact {
			return []string{strconv.FormatFloat(v, 'f', -1, 64)}
		}
	case []any:
		var all []string
		for _, one := range v {
			if _, nested := one.([]any); !nested {
				all = append(all, texts(one)...)
			}
		}
		return all
	}
	return nil
}

// firstSignIn is for a caller who is no member of the organization that is meant: it
// may be one that owns their tenant, and find them now. Its answer says why not.
func (d *Auth) firstSignIn(ctx context.Context, who caller, wanted string, refusal error) (credential, error) {
	outcomes, err := d.SignIn(ctx, who.person)
	if err != nil {
		return credential{}, err
	}
	if slices.ContainsFunc(outcomes, func(o logins.Outcome) bool { return o.Linked }) {
		return d.authenticate(ctx, who)
	}
	meant, _ := tenancy.ParseOrgID(wanted)
	if slices.ContainsFunc(outcomes, func(o logins.Outcome) bool { return o.Waits && (wanted == "" || o.Org == meant) }) {
		return credential{}, errWaiting
	}
	return credential{}, refusal
}

// isNoMember says whether a refusal is about a membership that is not there.
func isNoMember(err error) bool {
	return errors.Is(err, errNoMember) || errors.Is(err, tenancy.ErrNoOrganization)
}
