package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/apikeys"
	"satchel/tenancy/events"
	"satchel/tenancy/logins"
	"satchel/tenancy/members"
	"satchel/tenancy/usage"
)

func (s *school) peopleComeAndGo() {
	s.do(s.owner, get, "/api/v1/me", nil)
	s.do(s.owner, post, s.within("/members"), map[string]any{"issuer": s.issuer.URL, "subject": s.newcomer, "role": tenancy.Student})
	s.pages(s.owner, s.within("/members?limit=2"))
	s.pages(s.owner, s.within("/members?role=student"))
	s.do(s.teacher, get, s.within(s.pupil.as()), nil)
	s.do(s.owner, put, s.within(s.teacher.as()), map[string]any{"role": tenancy.Admin})
	s.do(s.admin, put, s.within(s.owner.as()), map[string]any{"role": tenancy.Student})
	s.do(s.owner, post, s.within("/guardians"), map[string]any{"parent_id": s.parent.id, "student_id": s.pupil.id})
	s.pages(s.owner, s.within("/guardians?limit=1"))
	s.pages(s.parent, storagePath+"/files?limit=2")
	s.do(s.owner, remove, s.within("/guardians/"+s.parent.id.String()+"/"+s.pupil.id.String()), nil)
	s.do(s.owner, post, s.within("/leave"), nil)

	// The same addresses are invited everywhere.
	invitations := s.within("/invitations")
	var invited []uuid.UUID
	for _, name := range []string{"one", "two", "three", "one"} {
		invited = append(invited, id(s.do(s.owner, post, invitations, map[string]any{"email": name + "@school.test", "role": tenancy.Teacher})))
	}
	s.pages(s.owner, invitations+"?limit=2")
	s.do(s.owner, get, invitations+"/"+invited[0].String(), nil)
	s.do(s.owner, post, invitations+"/"+invited[0].String()+"/resend", nil)
	one, two := s.sent(invited[0]), s.sent(invited[1])
	s.do(nil, get, "/api/v1/invitations/"+one, nil)
	s.do(nil, post, "/api/v1/invitations/look", map[string]string{"token": one})
	s.as(s.issuer.Token("invited of "+s.org.String()), post, "/api/v1/invitations/accept", map[string]string{"token": one})
	s.as(s.issuer.Token("invited of "+s.org.String()), post, "/api/v1/invitations/accept", map[string]string{"token": one})
	s.as(s.issuer.Token("somebody"), post, "/api/v1/invitations/decline", map[string]string{"token": two})
	s.do(s.owner, remove, invitations+"/"+invited[2].String(), nil)
	s.pages(s.owner, invitations+"?state=revoked")
	s.pages(s.owner, s.within("/members?limit=3"))
	s.do(s.owner, remove, s.within(s.parent.as()), nil)
	s.do(s.admin, post, s.within("/leave"), nil)
	s.do(s.admin, get, storagePath+"/files", nil)
}

// peopleAreKnown has the same names and the same login everywhere.
func (s *school) peopleAreKnown() {
	var made struct {
		User uuid.UUID `json:"user_id"`
	}
	for _, name := range []string{"Zoë Adams", "Zoë Adams", "Bob"} {
		_ = json.Unmarshal(s.do(s.owner, post, s.within("/people"), map[string]any{"kind": "student", "display_name": name, "email": "zoe@school.test"}).body, &made)
	}
	person := s.within("/people/" + made.User.String())
	s.pages(s.owner, s.within("/people?limit=2"))
	s.pages(s.teacher, s.within("/people?q=ADAMS"))
	s.do(s.teacher, get, person, nil)
	s.do(s.owner, patch, person, map[string]any{"display_name": "Bo", "grade": "5"})
	rule := map[string]any{"issuer": s.issuer.URL, "tenant_claim": "hd", "tenant_value": s.org.String(), "may_verify_email": true}
	var set struct{ Rules []struct{ ID uuid.UUID } }
	_ = json.Unmarshal(s.do(s.owner, put, s.within("/login-rules"), map[string]any{"rules": []any{rule}}).body, &set)
	s.do(s.owner, get, s.within("/login-rules"), nil)
	ctx := context.Background()
	err := s.db.InTx(ctx, s.org, func(tx *tenancy.Tx) error {
		_, err := logins.ConfirmRule(ctx, tx, tenancy.Actor{Org: s.org, User: s.owner.id}, set.Rules[0].ID)
		return err
	})
	if err != nil {
		s.told = append(s.told, told{"the operator", s.stable(err.Error())})
	}
	// Of each organization another one: a login is one person's in all of them.
	token := s.signed("login of "+s.org.String(), s.org.String(), "zoe@school.test")
	s.as(token, get, storagePath+"/files", nil)
	var page struct{ Items []struct{ ID uuid.UUID } }
	_ = json.Unmarshal(s.do(s.owner, get, s.within("/login-requests?state=waiting"), nil).body, &page)
	if len(page.Items) == 1 {
		at := s.within("/login-requests/" + page.Items[0].ID.String())
		s.do(s.owner, post, at+"/dismiss", nil)
		s.do(s.owner, post, at+"/link", map[string]any{"user_id": made.User})
		s.do(s.owner, post, at+"/dismiss", nil)
	}
	s.as(token, get, storagePath+"/files", nil)
	var list struct{ Items []struct{ ID uuid.UUID } }
	_ = json.Unmarshal(s.do(s.owner, get, person+"/logins", nil).body, &list)
	for _, l := range list.Items {
		s.do(s.owner, remove, person+"/logins/"+l.ID.String(), nil)
	}
	s.as(token, get, storagePath+"/files", nil)
}

// sent plays the mail of an invitation and gives its token.
func (s *school) sent(invitation uuid.UUID) string {
	ctx, token := context.Background(), "a-token-of-"+invitation.String()
	err := s.db.InTx(ctx, s.org, func(tx *tenancy.Tx) error {
		_, _, err := members.RecordAttempt(ctx, tx, invitation, members.Hash(token))
		return err
	})
	if err != nil {
		s.told = append(s.told, told{"the mail", s.stable(err.Error())})
	}
	return token
}

func (s *school) keysAreUsed(essay uuid.UUID) {
	ctx, path := context.Background(), s.within("/keys")
	first := s.do(s.owner, post, path, newKey)
	var made struct{ Key string }
	_ = json.Unmarshal(first.body, &made)
	let := s.as(made.Key, get, at(essay, ""), nil).status == http.StatusOK
	s.as(made.Key, get, s.within("/members"), nil)
	// The use is written down beside the request.
	used := let && eventually(func() bool {
		k, err := apikeys.Get(ctx, s.db.Single(s.org), id(first))
		return err == nil && k.LastUsedAt != nil
	})
	s.told = append(s.told, told{"the key was used", fmt.Sprint(used)})
	second := s.do(s.owner, post, path+"/"+id(first).String()+"/rotate", map[string]any{"overlap": 3600})
	s.pages(s.owner, path+"?limit=1")
	s.do(s.owner, remove, path+"/"+id(second).String(), nil)
	s.pages(s.owner, path+"?limit=50")
}

// whatIsNotTheirs asks by an id that is nothing of this organization's, on every
// route that takes one.
func (s *school) whatIsNotTheirs() {
	for _, r := range s.api.Routes() {
		if !strings.Contains(r.Path, ":") || !(tenancy.Actor{Role: tenancy.Owner}).May(r.Action) {
			continue
		}
		s.do(s.owner, r.Method, r.fill(s.strange.String()), map[string]any{}, "Tus-Resumable", "1.0.0")
		if inner, ok := strings.CutPrefix(r.Path, "/api/v1/organizations/:id"); ok && strings.Contains(inner, ":") {
			own := strings.Replace(r.Path, ":id", s.org.String(), 1)
			s.do(s.owner, r.Method, Route{Path: own}.fill(s.strange.String()), map[string]any{"role": tenancy.Student})
		}
	}
	body, contentType := form("a.txt", []byte("x"), map[string]string{"file_id": s.strange.String()}, nil)
	s.do(s.owner, post, storagePath+"/upload", body, "Content-Type", contentType)
	s.do(s.owner, post, adminPath+"/storage/scan", map[string]any{"organization_id": s.strange})
	s.do(s.owner, get, storagePath+"/quota", nil, "X-Organization-ID", s.strange.String())
}

func (s *school) whatAnybodySees() {
	for _, path := range []string{"/", "/api/v1", "/invitations", "/api/v1/openapi.yaml", "/.well-known/oauth-protected-resource", "/.well-known/security.txt", "/api/v1/events/schemas", "/healthz", "/readyz"} {
		s.do(nil, get, path, nil)
	}
}

// whatWasCounted reads usage once all of it is in the rows, and the whole audit log.
func (s *school) whatWasCounted() {
	ctx := context.Background()
	counted := eventually(func() bool {
		if err := s.api.Meter.Flush(ctx); err != nil {
			return false
		}
		var out, active int64
		err := s.db.Single(s.org).QueryRow(ctx, `select coalesce(sum(amount) filter (where metric = 'bytes_out'), 0)::bigint,
			(select count(*) from usage_active) from usage_counters where organization_id = app.org()`).Scan(&out, &active)
		return err == nil && out == s.out && active >= int64(len(s.people))
	})
	s.told = append(s.told, told{"the meter", fmt.Sprint(counted)})
	if err := s.db.InTx(ctx, s.org, func(tx *tenancy.Tx) error {
		return events.Record(ctx, tx, tenancy.NewID(), events.UsageWarning, usage.Raised{Threshold: 80})
	}); err != nil {
		s.told = append(s.told, told{"the warning", s.stable(err.Error())})
	}
	s.pages(s.owner, s.within("/events?limit=100"))
	s.do(s.owner, get, s.within("/usage"), nil)
	s.do(s.owner, get, s.within("/usage"), nil, "Accept", "text/csv")
	s.pages(s.owner, s.within("/audit?limit=50"))
	s.pages(s.owner, s.within("/audit?action=file.publish"))
	s.pages(s.owner, s.within("/audit?result=denied"))
	s.do(s.owner, post, s.within("/audit/verify"), nil)
	s.do(s.owner, post, s.within("/audit/verify"), nil)
	s.do(s.owner, get, s.within("/audit/export"), nil)
}
