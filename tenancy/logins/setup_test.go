package logins_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/logins"
	"satchel/tenancy/people"
)

const (
	issuer = "https://issuer.example"
	domain = "school.example"
)

// school is an organization that owns a domain, and has a roster.
type school struct {
	*pgtest.Database
	t        testing.TB
	hasher   *people.Hasher
	org      tenancy.OrgID
	operator tenancy.Actor
	owner    tenancy.Actor
	admin    tenancy.Actor
	source   uuid.UUID
}

func setup(t *testing.T) *school {
	t.Helper()
	h, err := people.NewHasher(people.HashConfig{Key: "a key of the tests, long enough to be one"})
	require.NoError(t, err)
	s := &school{Database: pgtest.New(t), t: t, hasher: h}
	s.operator = tenancy.Actor{Org: tenancy.Platform, User: s.Member(t, tenancy.Platform, tenancy.Operator), Role: tenancy.Operator}
	s.found(t)
	return s
}

// found makes the organization and its roster.
func (s *school) found(t *testing.T) {
	s.org = s.OrganizationOf(t, "free", 1<<30)
	s.owner = tenancy.Actor{Org: s.org, User: s.Member(t, s.org, tenancy.Owner), Role: tenancy.Owner}
	s.admin = tenancy.Actor{Org: s.org, User: s.Member(t, s.org, tenancy.Admin), Role: tenancy.Admin}
	s.source = tenancy.NewID()
	s.exec("insert into roster_sources (organization_id, id, name) values (app.org(), $1, 'district')", s.source)
}

func (s *school) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.Single(s.org).Exec(context.Background(), sql, args...)
	require.NoError(s.t, err)
}

// in runs f as the actor.
func (s *school) in(by tenancy.Actor, f func(context.Context, *tenancy.Tx) error) error {
	ctx := tenancy.WithActor(context.Background(), by)
	return s.InTx(ctx, s.org, func(tx *tenancy.Tx) error { return f(ctx, tx) })
}

// rule sets the one rule of the organization, confirmed.
func (s *school) rule(r logins.Rule) logins.Rule {
	s.t.Helper()
	r.Issuer, r.TenantClaim = issuer, "hd"
	if r.TenantValue == "" {
		r.TenantValue = domain
	}
	require.NoError(s.t, s.in(s.owner, func(ctx context.Context, tx *tenancy.Tx) error {
		rules, err := logins.SetRules(ctx, tx, s.owner, []logins.Rule{r})
		if err != nil {
			return err
		}
		r, err = logins.ConfirmRule(ctx, tx, s.operator, rules[0].ID)
		return err
	}))
	return r
}

type person struct {
	kind                            people.Kind
	sourcedID, email, username, tag string
}

func (s *school) person(p person) uuid.UUID {
	s.t.Helper()
	user, identifiers := tenancy.NewID(), []string{}
	if p.tag != "" {
		identifiers = append(identifiers, p.tag)
	}
	if p.sourcedID == "" {
		p.sourcedID = uuid.NewString()
	}
	if p.kind == "" {
		p.kind = people.Student
	}
	require.NoError(s.t, s.in(s.owner, func(ctx context.Context, tx *tenancy.Tx) error {
		if err := people.AddUsers(ctx, tx, []uuid.UUID{user}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into people (organization_id, user_id, kind, display_name, source_id, sourced_id, identifiers, email_hash, username_hash)
			values (app.org(), $1, $2, 'A', $3, $4, $5, $6, $7)`, user, string(p.kind), s.source, p.sourcedID, identifiers,
			s.hasher.HashEmail(s.org, p.email), s.hasher.HashUsername(s.org, p.username))
		return err
	}))
	return user
}

// login is a login of the school's domain with one claim, id.
func login(subject, id, email string) logins.Login {
	return logins.Login{
		Issuer: issuer, Subject: subject, Domain: domain, Email: email, Name: "Zoë Adams",
		Claim: func(name string) []string {
			if name == "id" && id != "" {
				return []string{id}
			}
			return nil
		},
	}
}

func (s *school) signIn(l logins.Login) logins.Outcome {
	s.t.Helper()
	outcomes, err := logins.SignIn(context.Background(), s.DB, s.hasher, l)
	require.NoError(s.t, err)
	if len(outcomes) == 0 {
		return logins.Outcome{}
	}
	require.Len(s.t, outcomes, 1)
	require.Equal(s.t, s.org, outcomes[0].Org)
	return outcomes[0]
}

// usersOf are the members that a login is in the organization.
func (s *school) usersOf(subject string) (users []uuid.UUID) {
	s.t.Helper()
	places, err := s.Memberships(context.Background(), issuer, subject)
	require.NoError(s.t, err)
	for _, p := range places {
		if p.Org == s.org {
			users = append(users, p.User)
		}
	}
	return users
}

func (s *school) requests() []logins.Request {
	s.t.Helper()
	page, err := logins.ListRequests(context.Background(), s.Single(s.org), "", uuid.Nil, 100)
	require.NoError(s.t, err)
	return page
}

func (s *school) get(user uuid.UUID) people.Person {
	s.t.Helper()
	p, err := people.Get(context.Background(), s.Single(s.org), user)
	require.NoError(s.t, err)
	return p
}

func (s *school) loginsOf(user uuid.UUID) []logins.PersonLogin {
	s.t.Helper()
	list, err := logins.Of(context.Background(), s.Single(s.org), user)
	require.NoError(s.t, err)
	return list
}

func (s *school) recorded(action string) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.Single(s.org).QueryRow(context.Background(), "select count(*) from audit_events where event::jsonb ->> 'action' = $1", action).Scan(&n))
	return n
}

// at runs f for each of n at the same moment and gives the errors.
func at(n int, f func(i int) error) []error {
	errs := make([]error, n)
	gate := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { <-gate; errs[i] = f(i) })
	}
	close(gate)
	all.Wait()
	return errs
}
