package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/files"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/orgs"
)

type memberBody struct {
	Issuer  string       `json:"issuer"`
	Subject string       `json:"subject"`
	Role    tenancy.Role `json:"role"`
}

// memberView is a membership. Who vouches for the person, and by what name, is
// shown to those who manage members.
type memberView struct {
	Organization uuid.UUID    `json:"organization_id"`
	User         uuid.UUID    `json:"user_id"`
	Role         tenancy.Role `json:"role"`
	Issuer       string       `json:"issuer,omitempty"`
	Subject      string       `json:"subject,omitempty"`
	CreatedAt    time.Time    `json:"created_at"`
}

func showMember(c *gin.Context, org tenancy.OrgID, m orgs.Member) memberView {
	v := memberView{Organization: org.UUID(), User: m.User, Role: m.Role, CreatedAt: m.CreatedAt.UTC()}
	if caller(c).May(tenancy.ManageMembers) {
		v.Issuer, v.Subject = m.Issuer, m.Subject
	}
	return v
}

type placeView struct {
	Organization uuid.UUID    `json:"organization_id"`
	Name         string       `json:"name"`
	Role         tenancy.Role `json:"role"`
	Status       string       `json:"status"`
}

type meView struct {
	User        *uuid.UUID  `json:"user_id"`
	Issuer      string      `json:"issuer"`
	Subject     string      `json:"subject"`
	Memberships []placeView `json:"memberships"`
}

// getMe tells a person who they are here, and where. Asking makes nobody known.
func (a *API) getMe(c *gin.Context) error {
	who := whoever(c)
	places, err := a.DB.Places(c.Request.Context(), who.Issuer, who.Subject)
	if err != nil {
		return err
	}
	v := meView{Issuer: who.Issuer, Subject: who.Subject, Memberships: []placeView{}}
	for _, p := range places {
		v.User = &p.User
		if p.Org != nil {
			v.Memberships = append(v.Memberships, placeView{Organization: *p.Org, Name: *p.Name, Role: *p.Role, Status: *p.Status})
		}
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// setMember gives a person a role by what their issuer calls them: the way of
// operators, and of imports from a school's own directory.
func (a *API) setMember(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := body[memberBody](c)
	if err != nil {
		return err
	}
	if err := in.check(org); err != nil {
		return err
	}
	if err := notByKey(c, in.Role); err != nil {
		return err
	}
	ctx := c.Request.Context()
	user, err := a.DB.EnsureUser(ctx, in.Issuer, in.Subject)
	if err != nil {
		return err
	}
	return a.giveRole(c, org, user, in.Role, orgs.Put)
}

func (b memberBody) check(org tenancy.OrgID) error {
	if b.Issuer == tenancy.ServiceIssuer {
		return tenancy.ErrServiceAccount
	}
	if b.Issuer == "" || !isText(b.Issuer, 500) || b.Subject == "" || !isText(b.Subject, 255) {
		return invalid("subject", "issuer and subject name a person as their tokens do, in iss and sub.")
	}
	return checkRole(org, b.Role)
}

// checkRole keeps operators to the Platform organization and others out of it.
func checkRole(org tenancy.OrgID, role tenancy.Role) error {
	if !slices.Contains(tenancy.Roles, role) || (role == tenancy.Operator) != (org == tenancy.Platform) {
		return invalid("role", "role is one of owner, admin, teacher, student, parent.")
	}
	return nil
}

// notByKey keeps a key from making those who could make keys, or more than it is
// itself.
func notByKey(c *gin.Context, role tenancy.Role) error {
	if actor := caller(c); actor.Key != uuid.Nil && (role == tenancy.Admin || !actor.MayGive(role) && role != tenancy.Parent) {
		return errNotByKey
	}
	return nil
}

type giving func(context.Context, *tenancy.Tx, tenancy.Actor, uuid.UUID, tenancy.Role) (orgs.Change, error)

// giveRole changes a membership, records it if it changed, and answers with it.
func (a *API) giveRole(c *gin.Context, org tenancy.OrgID, user uuid.UUID, role tenancy.Role, give giving) error {
	ctx, actor := c.Request.Context(), caller(c)
	err := a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		change, err := give(ctx, tx, actor, user, role)
		if err != nil || change == orgs.Unchanged {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: string(change), ObjectID: user.String(), Code: string(role)})
	})
	if err != nil {
		return err
	}
	return a.answerMember(c, org, user)
}

func (a *API) answerMember(c *gin.Context, org tenancy.OrgID, user uuid.UUID) error {
	m, err := orgs.GetMember(c.Request.Context(), a.DB.Once(org), user)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showMember(c, org, m))
	return nil
}

func (a *API) listMembers(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	role := tenancy.Role(c.Query("role"))
	if role != "" && !slices.Contains(tenancy.Roles, role) {
		return invalid("role", "role is one of %v.", tenancy.Roles)
	}
	limit, err := limitParam(c)
	if err != nil {
		return err
	}
	after, err := decodeIDs(c.Query("cursor"), 1)
	if err != nil {
		return err
	}
	members, err := orgs.ListMembers(c.Request.Context(), a.DB.Once(org), role, after[0], limit+1)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, pageOf(members, limit, func(m orgs.Member) memberView { return showMember(c, org, m) },
		func(m orgs.Member) []uuid.UUID { return []uuid.UUID{m.User} }))
	return nil
}

func (a *API) getMember(c *gin.Context) error {
	org, user, err := a.memberParam(c)
	if err != nil {
		return err
	}
	return a.answerMember(c, org, user)
}

type roleBody struct {
	Role tenancy.Role `json:"role"`
}

func (a *API) changeMember(c *gin.Context) error {
	org, user, err := a.memberParam(c)
	if err != nil {
		return err
	}
	in, err := body[roleBody](c)
	if err != nil {
		return err
	}
	if err := checkRole(org, in.Role); err != nil {
		return err
	}
	if err := notByKey(c, in.Role); err != nil {
		return err
	}
	return a.giveRole(c, org, user, in.Role, orgs.SetRole)
}

func (a *API) removeMember(c *gin.Context) error {
	org, user, err := a.memberParam(c)
	if err != nil {
		return err
	}
	actor := caller(c)
	return a.endMembership(c, org, user, "member.remove", func(ctx context.Context, tx *tenancy.Tx) error {
		return orgs.Remove(ctx, tx, actor, user)
	})
}

// leave ends the caller's own membership. An operator has none in the
// organizations they run.
func (a *API) leave(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	user := caller(c).User
	return a.endMembership(c, org, user, "member.leave", func(ctx context.Context, tx *tenancy.Tx) error {
		return orgs.Leave(ctx, tx, user)
	})
}

// endMembership gives up the person's open uploads with the membership: nobody
// will send the rest. Their files stay.
func (a *API) endMembership(c *gin.Context, org tenancy.OrgID, user uuid.UUID, action string, end func(context.Context, *tenancy.Tx) error) error {
	ctx := c.Request.Context()
	var abandoned int64
	err := a.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		if err := end(ctx, tx); err != nil {
			return err
		}
		if abandoned, err = files.Abandon(ctx, tx, user); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: user.String()})
	})
	if err != nil {
		return err
	}
	if abandoned > 0 {
		a.Log.InfoContext(ctx, "uploads of a former member end", slog.String("org", org.String()), slog.Int64("uploads", abandoned))
	}
	c.Status(http.StatusNoContent)
	return nil
}

// memberParam reads the organization and the member of the path.
func (a *API) memberParam(c *gin.Context) (tenancy.OrgID, uuid.UUID, error) {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return org, uuid.Nil, err
	}
	user, err := uuid.Parse(c.Param("user"))
	if err != nil {
		return org, user, orgs.ErrNoMember.Because(err)
	}
	return org, user, nil
}
