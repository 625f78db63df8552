package links

import (
	"context"
	"net/http"

	"satchel/api/content"
	"satchel/api/delivery"
	"satchel/api/delivery/signed"
	"satchel/api/ratelimit"
	"satchel/files"
	"satchel/tenancy"
)

// session authorizes the addresses that a member asked for. They have at each use what
// the member has then: who was removed, suspended, or lost the space reads nothing by
// an address that was given before.
type session struct{ *Links }

// member repeats the checks of a request of the member.
func (s session) member(ctx context.Context, link signed.Link) (context.Context, tenancy.Actor, error) {
	ctx, actor, perMinute, err := s.membership(ctx, link)
	if err != nil {
		return ctx, actor, err
	}
	// An address costs its member a tenth of a request at each use: it carries on what
	// the request that gave it began.
	return ctx, actor, s.Limits.AllowMember(http.Header{}, actor, perMinute, ratelimit.Part)
}

// membership asks what the member is now.
func (s session) membership(ctx context.Context, link signed.Link) (context.Context, tenancy.Actor, int, error) {
	actor := tenancy.Actor{Org: link.Organization, User: link.Actor, Key: link.Key}
	ctx = tenancy.WithActor(ctx, actor)
	m, err := tenancy.GetMembership(ctx, s.DB.Single(actor.Org), actor)
	if err != nil {
		return ctx, actor, 0, err
	}
	actor.Position = m.Position
	ctx = tenancy.WithActor(ctx, actor)
	actor.Role = m.Role
	if !m.Allows(tenancy.ReadFiles) || !actor.May(tenancy.ReadFiles) {
		return ctx, actor, 0, files.ErrNotFound
	}
	return ctx, actor, m.RequestsPerMinute, nil
}

// Authorize asks what the member may do now, and reads the file as them.
func (s session) Authorize(ctx context.Context, link signed.Link) (delivery.Grant, error) {
	ctx, actor, err := s.member(ctx, link)
	if err != nil {
		return delivery.Grant{}, err
	}
	// What the member may do was asked at the primary, so a standby that has all of that moment
	// knows of every right that has ended.
	v, err := tenancy.Read(ctx, s.DB, actor.Org, func(ctx context.Context, q tenancy.Queries) (files.View, error) {
		return content.GetReadable(ctx, q, link.File, link.Version)
	})
	if err != nil {
		return delivery.Grant{}, err
	}
	grant := s.grant(ctx, link, content.Of(v))
	grant.Still = func() error {
		ctx, actor, _, err := s.membership(ctx, link)
		if err == nil {
			_, err = content.GetReadable(ctx, s.DB.Single(actor.Org), link.File, link.Version)
		}
		return err
	}
	return grant, nil
}

func (s session) grant(ctx context.Context, link signed.Link, v content.Version) delivery.Grant {
	g := delivery.Grant{Name: v.Name, MimeType: v.MimeType, Size: v.Size, ObjectETag: v.ObjectETag, SHA256: v.SHA256, PublishedAt: v.PublishedAt, Pages: v.Pages}
	if link.Transformation != "" {
		return g
	}
	g.OnStart, g.Durable = s.Reads.Reading(ctx, v, Life) // the ranges of an address are one read
	return g
}

// refuseAll refuses a link of no session and of no share that this release knows.
type refuseAll struct{}

func (refuseAll) Authorize(context.Context, signed.Link) (delivery.Grant, error) {
	return delivery.Grant{}, signed.ErrInvalid
}
