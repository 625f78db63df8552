package request

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/oidc"
	"satchel/tenancy"
)

// The context of a request holds what was found out about it on its way in.
const (
	keyRequest = "satchel.request"
	keyActor   = "satchel.actor"
	keyPerson  = "satchel.person"
	keyLeaves  = "satchel.download"
	keyGiven   = "satchel.given"
)

// ErrNotByKey refuses a key what only people may do.
var ErrNotByKey = fault.New(fault.Denied, "not_granted_to_keys", "No API key may do this. A person of your organization may, signed in.")

// SetID gives the request its id.
func SetID(c *gin.Context, id string) { c.Set(keyRequest, id) }

// ID is the request's id, for the log and the audit log.
func ID(c *gin.Context) string { return c.GetString(keyRequest) }

// SetActor remembers who the caller turned out to be, even if they are refused.
func SetActor(c *gin.Context, actor tenancy.Actor) { c.Set(keyActor, actor) }

// Actor is the caller that SetActor stored.
func Actor(c *gin.Context) (tenancy.Actor, bool) {
	actor, ok := c.Value(keyActor).(tenancy.Actor)
	return actor, ok
}

// MarkDownload says that the request is a download of an original, where its path does
// not tell.
func MarkDownload(c *gin.Context) { c.Set(keyLeaves, true) }

// IsDownload is what MarkDownload said.
func IsDownload(c *gin.Context) bool { return c.GetBool(keyLeaves) }

// MarkGiven says that a cache in front of this service gives so many bytes by the answer.
func MarkGiven(c *gin.Context, bytes int64) { c.Set(keyGiven, bytes) }

// Given is what MarkGiven said; false when this service sent the bytes itself.
func Given(c *gin.Context) (bytes int64, by bool) {
	bytes, by = c.Value(keyGiven).(int64)
	return bytes, by
}

// Caller is the authenticated actor. A handler that runs without one is a mistake in
// the route table, and must not run unauthenticated.
func Caller(c *gin.Context) tenancy.Actor {
	actor, ok := tenancy.ActorFrom(c.Request.Context())
	if !ok {
		panic("handler without a caller: its route needs an action")
	}
	return actor
}

// SetPerson says who signed in, on a route that asks for no organization.
func SetPerson(c *gin.Context, who oidc.Identity) { c.Set(keyPerson, who) }

// Person is the authenticated person.
func Person(c *gin.Context) oidc.Identity {
	who, ok := c.Value(keyPerson).(oidc.Identity)
	if !ok {
		panic("handler without a person: its route needs one")
	}
	return who
}

// Subject is the organization that an administrator's call is about: their own,
// or, for an operator, the one they name.
func Subject(c *gin.Context, db *tenancy.DB, named string) (tenancy.OrgID, error) {
	actor := Caller(c)
	if named == "" {
		if actor.Org == tenancy.Platform {
			return actor.Org, fault.New(fault.Invalid, "organization_required", "Name the organization in organization_id.")
		}
		return actor.Org, nil
	}
	org, err := orgParam(named)
	if err != nil {
		return org, err
	}
	if org != actor.Org && !actor.IsOperator() {
		return org, tenancy.ErrNoOrganization
	}
	if _, err = tenancy.GetOrganization(c.Request.Context(), db.Single(org)); err != nil {
		return org, err
	}
	if actor.IsOperator() && c.Request.Method != http.MethodGet {
		err = db.KnowOperator(c.Request.Context(), org, actor.User)
	}
	return org, err
}

// Below reads the organization of the path (Subject) and, by the name of its parameter, the
// id of something of it. What is not an id names nothing, which missing says.
func Below(c *gin.Context, db *tenancy.DB, name string, missing *fault.Fault) (tenancy.OrgID, uuid.UUID, error) {
	org, err := Subject(c, db, c.Param("id"))
	if err != nil {
		return org, uuid.Nil, err
	}
	id, err := uuid.Parse(c.Param(name))
	if err != nil {
		return org, id, missing.Because(err)
	}
	return org, id, nil
}

// orgParam reads an organization's id; what is not an id names none.
func orgParam(text string) (tenancy.OrgID, error) {
	org, err := tenancy.ParseOrgID(text)
	if err != nil {
		return org, tenancy.ErrNoOrganization.Because(err)
	}
	return org, nil
}
