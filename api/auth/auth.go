// Package auth authenticates callers by token or API key, applies CORS and the
// rate limits, and chooses the organization for which they act.
package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/api/problem"
	"satchel/api/ratelimit"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/oidc"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
	"satchel/tenancy/people"
)

// Auth lets callers in, or says why not.
type Auth struct {
	DB        *tenancy.DB
	Tokens    *oidc.Verifier
	Hasher    *people.Hasher
	RateLimit *ratelimit.Limiter
	Origins   []string // of the platform's own pages
	Log       *slog.Logger

	// Remembered is how long a membership is remembered; 0: not at all.
	Remembered time.Duration
	// Listening says whether changes of memberships are heard of, see MembershipsChanged.
	Listening func() bool
	Metrics   prometheus.Registerer

	usedKeys    usedKeys
	origins     *originCache
	memberships *membershipCache
}

// New makes the authentication.
func New(d Auth) *Auth {
	d.usedKeys, d.origins, d.memberships = newUsedKeys(), newOriginCache(), newMembershipCache(d.Remembered, d.Listening, d.Metrics)
	return &d
}

// What a caller can meet at authentication.
var (
	errNoMember    = fault.New(fault.Denied, "no_membership", "You are signed in but belong to no organization. Ask an owner of yours to add you.")
	errManyMembers = fault.New(fault.Invalid, "organization_required", "You belong to several organizations. Name the one you mean in X-Organization-ID.")
	errSuspended   = fault.New(fault.Denied, "organization_suspended", "Your organization is suspended and takes nothing new. Its owner can ask support why.")
	errDeleting    = fault.New(fault.Denied, "organization_deleting", "Your organization is being deleted. Until that begins, the operator of this service can keep it.")
	errNoKeys      = fault.New(fault.Denied, tenancy.ErrFeature.Code, "Your organization's tier has no API keys any more. The key works again once it has; until then sign in as a person.")
	errNotReady    = fault.New(fault.Denied, "organization_not_ready", "Your organization is still being set up. Try again in a moment.")
)

// Authorize identifies the caller and checks that the action is granted. The
// organization comes from the membership and never from the request alone.
func (d *Auth) Authorize(needs tenancy.Action, cost ratelimit.Cost) gin.HandlerFunc {
	return func(c *gin.Context) {
		actor, err := d.identified(c, needs, cost)
		if err == nil && !actor.May(needs) {
			err = denied(actor, needs)
		}
		if err != nil {
			request.Fail(c, err)
			return
		}
		c.Request = c.Request.WithContext(tenancy.WithActor(c.Request.Context(), actor))
		d.forgetBehind(c)
	}
}

// Authenticate finds out who is calling and asks no organization about them: the
// limit is their own.
func (d *Auth) Authenticate(c *gin.Context) {
	AllowAnyOrigin(c)
	who, err := d.verify(c)
	if err == nil && who.key {
		err = d.failed(c, caller{}, oidc.ErrToken) // a key is no person
	}
	if err == nil {
		err = d.RateLimit.Person(c.Writer.Header(), who.person)
	}
	if err != nil {
		request.Fail(c, err)
		return
	}
	request.SetPerson(c, who.person)
	d.forgetBehind(c)
}

// denied says what is missing: a role, or a scope of the key.
func denied(actor tenancy.Actor, needs tenancy.Action) error {
	person := tenancy.Actor{Role: actor.Role}
	scope := apikeys.ScopeFor(needs)
	switch {
	case !person.May(needs) || actor.Key == uuid.Nil:
		return fault.New(fault.Denied, "not_granted", "Your role (%s) may not do this. An owner or admin of your organization may, or can change your role.", actor.Role)
	case scope == "":
		return request.ErrNotByKey
	}
	return fault.New(fault.Denied, "insufficient_scope", "The API key lacks the scope %s. An owner or admin of your organization can make a key that has it.", scope)
}

// credential is the verified content of a bearer token: the memberships of its
// holder, and the scopes of a key.
type credential struct {
	memberships []tenancy.Membership
	key         uuid.UUID
	scopes      []tenancy.Action
	spaces      bool                 // a key's: all of them
	partly      *tenancy.PartlyError // what a cluster would say that does not answer is not among the memberships
	expires     time.Time
}

// actor is who calls and for which organization. A refusal that comes before the
// organization is known is about none: a page that any organization knows may
// read it, and tell its user to sign in, as it may read what everyone may.
func (d *Auth) actor(c *gin.Context, who caller, needs tenancy.Action) (tenancy.Actor, error) {
	place, proven, err := d.membership(c, who)
	if err != nil {
		AllowAnyOrigin(c)
		return tenancy.Actor{}, err
	}
	if err := checkOrigin(c, place.Origins); err != nil { // before a refusal, which the organization's own page may read
		return tenancy.Actor{}, err
	}
	if err := open(place, needs); err != nil {
		return tenancy.Actor{}, err
	}
	if proven.key != uuid.Nil && !slices.Contains(place.Features, tenancy.FeatureKeys) {
		return tenancy.Actor{}, errNoKeys
	}
	setRateLimitHeaders(c, place.RequestsPerMinute)
	return tenancy.Actor{Org: place.Org, User: place.User, Role: place.Role, Key: proven.key, Scopes: proven.scopes, Spaces: proven.spaces, Until: proven.expires, Position: place.Position}, nil
}

func (d *Auth) membership(c *gin.Context, who caller) (tenancy.Membership, credential, error) {
	proven, err := d.authenticate(c.Request.Context(), who)
	if err != nil {
		return tenancy.Membership{}, proven, err
	}
	wanted := c.GetHeader("X-Organization-ID")
	place, err := selectMembership(proven.memberships, wanted)
	if proven.partly != nil && (wanted == "" || isNoMember(err)) {
		return place, proven, proven.partly // it may be the one that does not answer
	}
	if who.key || !isNoMember(err) {
		return place, proven, err
	}
	if proven, err = d.firstSignIn(c.Request.Context(), who, wanted, err); err != nil {
		return place, proven, err
	}
	place, err = selectMembership(proven.memberships, wanted)
	return place, proven, err
}

// authenticate finds where the caller belongs, by at most one question to the database.
func (d *Auth) authenticate(ctx context.Context, who caller) (credential, error) {
	if who.key {
		holder, err := apikeys.Find(ctx, d.DB, who.token)
		if err != nil {
			return credential{}, err
		}
		d.usedKeys.note(holder)
		return credential{memberships: []tenancy.Membership{holder.Membership}, key: holder.Key, scopes: apikeys.Actions(holder.Scopes), spaces: holder.Spaces}, nil
	}
	places, err := d.memberships.of(ctx, login{issuer: who.person.Issuer, subject: who.person.Subject}, d.DB.Memberships)
	var partly *tenancy.PartlyError
	if err != nil && !errors.As(err, &partly) {
		return credential{}, fmt.Errorf("find memberships: %w", err)
	}
	return credential{memberships: places, partly: partly, expires: who.person.Until}, nil
}

func bearer(header string) (string, error) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", problem.NoCredentials
	}
	return token, nil
}

// selectMembership picks the membership for which the caller acts.
func selectMembership(places []tenancy.Membership, wanted string) (tenancy.Membership, error) {
	var none tenancy.Membership
	if len(places) == 0 {
		return none, errNoMember
	}
	if wanted == "" {
		if len(places) > 1 {
			return none, errManyMembers
		}
		return places[0], nil
	}
	org, err := tenancy.ParseOrgID(wanted)
	if err != nil {
		return none, fault.New(fault.Invalid, "invalid_organization", "X-Organization-ID is not an organization's id.").Because(err)
	}
	for _, m := range places {
		if m.Org == org {
			return m, nil
		}
	}
	return none, tenancy.ErrNoOrganization
}

// open says whether the status of the organization permits an action.
func open(m tenancy.Membership, needs tenancy.Action) error {
	switch {
	case m.Allows(needs):
		return nil
	case m.Status == tenancy.Suspended:
		return errSuspended
	case m.Status == tenancy.Deleting:
		return errDeleting
	}
	return errNotReady
}
