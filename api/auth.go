package api

import (
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// What a caller can meet at the door.
var (
	errNoToken     = fault.New(fault.Denied, "unauthenticated", "This call needs an access token: send it as Authorization: Bearer.")
	errNoMember    = fault.New(fault.Denied, "no_membership", "You are signed in but belong to no organization. Ask an owner of yours to add you.")
	errManyMembers = fault.New(fault.Invalid, "organization_required", "You belong to several organizations. Name the one you mean in X-Organization-ID.")
	errSuspended   = fault.New(fault.Denied, "organization_suspended", "Your organization is suspended and takes nothing new. Its owner can ask support why.")
	errDeleting    = fault.New(fault.Denied, "organization_deleting", "Your organization is being deleted. Until that begins, the operator of this service can keep it.")
	errNotReady    = fault.New(fault.Denied, "organization_not_ready", "Your organization is still being set up. Try again in a moment.")
)

// authenticate finds out who is calling and lets through who is granted the
// action. The organization comes from the membership and never from the
// request alone.
func (a *API) authenticate(needs tenancy.Action) gin.HandlerFunc {
	return func(c *gin.Context) {
		if needs == anyone {
			return
		}
		actor, err := a.actor(c, needs)
		if err == nil && !actor.May(needs) {
			err = fault.New(fault.Denied, "not_granted", "Your role (%s) may not do this. An owner or admin of your organization may, or can change your role.", actor.Role)
		}
		if err != nil {
			fail(c, err)
			return
		}
		noteActor(c, actor)
		c.Request = c.Request.WithContext(tenancy.WithActor(c.Request.Context(), actor))
	}
}

func (a *API) actor(c *gin.Context, needs tenancy.Action) (tenancy.Actor, error) {
	token, err := bearer(c.GetHeader("Authorization"))
	if err != nil {
		return tenancy.Actor{}, err
	}
	ctx := c.Request.Context()
	person, err := a.Tokens.Verify(ctx, token)
	if err != nil {
		return tenancy.Actor{}, err
	}
	places, err := a.DB.Memberships(ctx, person.Issuer, person.Subject)
	if err != nil {
		return tenancy.Actor{}, fmt.Errorf("find memberships: %w", err)
	}
	place, err := choose(places, c.GetHeader("X-Organization-ID"))
	if err == nil {
		err = open(place, needs)
	}
	if err != nil {
		return tenancy.Actor{}, err
	}
	return tenancy.Actor{Org: tenancy.OrgID(place.Org), User: place.User, Role: place.Role}, nil
}

func bearer(header string) (string, error) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errNoToken
	}
	return token, nil
}

// choose picks the membership for which the caller acts.
func choose(places []tenancy.Membership, wanted string) (tenancy.Membership, error) {
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
		if tenancy.OrgID(m.Org) == org {
			return m, nil
		}
	}
	return none, tenancy.ErrNoOrganization
}

// open says whether the organization lets an action through as it stands.
func open(m tenancy.Membership, needs tenancy.Action) error {
	switch m.Status {
	case tenancy.Active:
		return nil
	case tenancy.Suspended:
		if m.ReadsWhileSuspended && needs.Reads() {
			return nil
		}
		return errSuspended
	case tenancy.Deleting:
		return errDeleting
	}
	return errNotReady
}

// caller is the actor that authenticate found. A handler that runs without one
// is a mistake in the route table, which must not become an open door.
func caller(c *gin.Context) tenancy.Actor {
	actor, ok := tenancy.ActorFrom(c.Request.Context())
	if !ok {
		panic("handler without a caller: its route needs an action")
	}
	return actor
}
