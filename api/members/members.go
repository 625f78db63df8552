// Package members answers for who belongs to an organization, and how they come
// and go.
package members

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/files"
	"satchel/internal/oidc"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/logins"
	"satchel/tenancy/members"
)

// Members answers for members, guardians and invitations.
type Members struct {
	DB          *tenancy.DB
	Invitations Invitations
	Page        http.Handler // on which people answer their invitations
	SignIn      SignIn
	Log         *slog.Logger
}

// SignIn lets the rules about logins find who has signed in.
type SignIn func(context.Context, oidc.Identity) ([]logins.Outcome, error)

type memberBody struct {
	Issuer  string       `json:"issuer"`
	Subject string       `json:"subject"`
	Role    tenancy.Role `json:"role"`
}

// MemberView is a membership. The issuer and subject of the person are shown to
// callers who manage members.
type MemberView struct {
	Organization tenancy.OrgID `json:"organization_id"`
	User         uuid.UUID     `json:"user_id"`
	Role         tenancy.Role  `json:"role"`
	Issuer       string        `json:"issuer,omitempty"`
	Subject      string        `json:"subject,omitempty"`
	CreatedAt    time.Time     `json:"created_at"`
}

func showMember(c *gin.Context, org tenancy.OrgID, m members.Member) MemberView {
	v := MemberView{Organization: org, User: m.User, Role: m.Role, CreatedAt: m.CreatedAt.UTC()}
	if request.Caller(c).May(tenancy.ManageMembers) {
		v.Issuer, v.Subject = m.Issuer, m.Subject
	}
	return v
}

// MembershipView is a person's membership.
type MembershipView struct {
	Organization tenancy.OrgID `json:"organization_id"`
	Name         string        `json:"name"`
	User         uuid.UUID     `json:"user_id"` // the person's in this organization
	Role         tenancy.Role  `json:"role"`
	Status       string        `json:"status"`
}

// MeView is a person as their tokens call them, and where they belong.
type MeView struct {
	User        *uuid.UUID       `json:"user_id"` // the login's own, else that of the first membership
	Issuer      string           `json:"issuer"`
	Subject     string           `json:"subject"`
	Waits       bool             `json:"login_waits"` // an admin decides whose the login is
	Memberships []MembershipView `json:"memberships"`
}

// GetMe tells a person who they are here, and where. It is where a sign-in begins: an
// organization that owns the tenant of the token finds its person.
func (r *Members) GetMe(c *gin.Context) error {
	ctx, who := c.Request.Context(), request.Person(c)
	outcomes, err := r.SignIn(ctx, who)
	if err != nil {
		return err
	}
	places, err := r.DB.OrganizationMemberships(ctx, who.Issuer, who.Subject)
	if err != nil {
		return err
	}
	v := MeView{Issuer: who.Issuer, Subject: who.Subject, Memberships: []MembershipView{}}
	v.Waits = slices.ContainsFunc(outcomes, func(o logins.Outcome) bool { return o.Waits })
	for _, p := range places {
		if v.User == nil {
			v.User = &p.User
		}
		if p.Org != nil {
			v.Memberships = append(v.Memberships, showMembership(p))
		}
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// showMembership shows a place of a person, which is one in an organization.
func showMembership(p tenancy.OrganizationMembership) MembershipView {
	return MembershipView{Organization: *p.Org, Name: *p.Name, User: p.User, Role: *p.Role, Status: *p.Status}
}

// SetMember gives a person a role by what their issuer calls them: the way of
// operators, and of imports from a school's own directory.
func (r *Members) SetMember(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[memberBody](c)
	if err != nil {
		return err
	}
	if err := in.check(org); err != nil {
		return err
	}
	if err := refuseKeys(c, in.Role); err != nil {
		return err
	}
	ctx := c.Request.Context()
	user, err := r.DB.EnsureUserOf(ctx, org, in.Issuer, in.Subject)
	if err != nil {
		return err
	}
	return r.giveRole(c, org, user, in.Role, members.PutMember)
}

func (b memberBody) check(org tenancy.OrgID) error {
	if b.Issuer == tenancy.ServiceIssuer {
		return tenancy.ErrServiceAccount
	}
	if b.Issuer == "" || !request.IsText(b.Issuer, 500) || b.Subject == "" || !request.IsText(b.Subject, 255) {
		return request.Invalid("subject", "issuer and subject name a person as their tokens do, in iss and sub.")
	}
	return checkRole(org, b.Role)
}

// checkRole keeps operators to the Platform organization and others out of it.
func checkRole(org tenancy.OrgID, role tenancy.Role) error {
	if !role.Belongs(org) {
		return request.Invalid("role", "role is one of owner, admin, teacher, student, parent, auditor.")
	}
	return nil
}

// refuseKeys keeps a key from making those who could make keys, or more than it is
// itself.
func refuseKeys(c *gin.Context, role tenancy.Role) error {
	if !request.Caller(c).MayAssign(role) {
		return request.ErrNotByKey
	}
	return nil
}

type roleChange func(context.Context, *tenancy.Tx, tenancy.Actor, uuid.UUID, tenancy.Role) (members.Change, error)

// giveRole changes a membership, records it if it changed, and answers with it.
func (r *Members) giveRole(c *gin.Context, org tenancy.OrgID, user uuid.UUID, role tenancy.Role, give roleChange) error {
	ctx, actor := c.Request.Context(), request.Caller(c)
	err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		change, err := give(ctx, tx, actor, user, role)
		if err != nil || change == members.Unchanged {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: string(change), ObjectID: user.String(), Code: string(role)})
	})
	if err != nil {
		return err
	}
	return r.answerMember(c, org, user)
}

func (r *Members) answerMember(c *gin.Context, org tenancy.OrgID, user uuid.UUID) error {
	m, err := members.GetMember(c.Request.Context(), r.DB.Single(org), user)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showMember(c, org, m))
	return nil
}

// ListMembers lists the members.
func (r *Members) ListMembers(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	role := tenancy.Role(c.Query("role"))
	if role != "" && !slices.Contains(tenancy.Roles, role) {
		return request.Invalid("role", "role is one of %v.", tenancy.Roles)
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]members.Member, error) {
		return members.ListMembers(c.Request.Context(), r.DB.Single(org), role, after[0], limit)
	}, func(m members.Member) MemberView { return showMember(c, org, m) }, func(m members.Member) []uuid.UUID { return []uuid.UUID{m.User} })
}

// GetMember answers with one member.
func (r *Members) GetMember(c *gin.Context) error {
	org, user, err := request.Below(c, r.DB, "user", members.ErrNoMember)
	if err != nil {
		return err
	}
	return r.answerMember(c, org, user)
}

type roleBody struct {
	Role tenancy.Role `json:"role"`
}

// ChangeMember gives a member another role.
func (r *Members) ChangeMember(c *gin.Context) error {
	org, user, err := request.Below(c, r.DB, "user", members.ErrNoMember)
	if err != nil {
		return err
	}
	in, err := request.Body[roleBody](c)
	if err != nil {
		return err
	}
	if err := checkRole(org, in.Role); err != nil {
		return err
	}
	if err := refuseKeys(c, in.Role); err != nil {
		return err
	}
	return r.giveRole(c, org, user, in.Role, members.SetRole)
}

// RemoveMember ends someone's membership.
func (r *Members) RemoveMember(c *gin.Context) error {
	org, user, err := request.Below(c, r.DB, "user", members.ErrNoMember)
	if err != nil {
		return err
	}
	actor := request.Caller(c)
	return r.endMembership(c, org, user, "member.remove", func(ctx context.Context, tx *tenancy.Tx) error {
		return members.Remove(ctx, tx, actor, user)
	})
}

// Leave ends the caller's own membership. An operator has none in the
// organizations they run.
func (r *Members) Leave(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	user := request.Caller(c).User
	return r.endMembership(c, org, user, "member.leave", func(ctx context.Context, tx *tenancy.Tx) error {
		return members.Leave(ctx, tx, user)
	})
}

// endMembership gives up the person's open uploads with the membership: no one
// will send the rest. Their files stay. The transaction reaches the whole
// organization: the uploads lie in a space that the caller does not see.
func (r *Members) endMembership(c *gin.Context, org tenancy.OrgID, user uuid.UUID, action string, end func(context.Context, *tenancy.Tx) error) error {
	ctx := c.Request.Context()
	var abandoned int64
	err := r.DB.OrganizationWide().InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
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
		r.Log.InfoContext(ctx, "ended uploads of former member", slog.String("org", org.String()), slog.Int64("uploads", abandoned))
	}
	c.Status(http.StatusNoContent)
	return nil
}
