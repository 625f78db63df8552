package logins_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/logins"
	"satchel/tenancy/people"
)

func TestSignInFindsThePerson(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id", VerifyEmail: true, VerifyUsername: true})
	for name, c := range map[string]struct {
		person person
		login  logins.Login
		via    logins.Via
		role   tenancy.Role
	}{
		"sourced id":                    {person{sourcedID: "s1"}, login("a", "s1", ""), logins.ViaClaim, tenancy.Student},
		"identifier":                    {person{tag: "4711", kind: people.Staff}, login("b", "4711", ""), logins.ViaClaim, tenancy.Teacher},
		"guardian by a claim":           {person{sourcedID: "g1", kind: people.Guardian}, login("c", "g1", ""), logins.ViaClaim, tenancy.Parent},
		"verified address":              {person{email: "zoe@school.example"}, login("d", "", "Zoe@school.example"), logins.ViaVerified, tenancy.Student},
		"address, an id that is no one": {person{email: "y@school.example"}, login("e", "unknown", "y@school.example"), logins.ViaVerified, tenancy.Student},
		"user name":                     {person{username: "ZAdams"}, logins.Login{Issuer: issuer, Subject: "f", Domain: domain, Username: "zadams"}, logins.ViaVerified, tenancy.Student},
	} {
		user := s.person(c.person)
		before := s.recorded("login.link")
		require.Equal(t, logins.Outcome{Org: s.org, Linked: true}, s.signIn(c.login), name)
		require.Equal(t, []uuid.UUID{user}, s.usersOf(c.login.Subject), name)
		require.Equal(t, c.role, s.get(user).Role, name)
		list := s.loginsOf(user)
		require.Len(t, list, 1, name)
		require.Equal(t, string(c.via), list[0].Via, name)
		require.Equal(t, before+1, s.recorded("login.link"), name)

		require.Equal(t, logins.Outcome{Org: s.org}, s.signIn(c.login), "%s: again changes nothing", name)
		require.Equal(t, before+1, s.recorded("login.link"), name)
	}
	require.Empty(t, s.requests())
	told, err := events.List(t.Context(), s.Single(s.org), logins.EventLinked, 0, 100)
	require.NoError(t, err)
	require.Len(t, told, 6)
}

func TestSignInWaits(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id", VerifyEmail: true})
	two := []uuid.UUID{s.person(person{tag: "twice"}), s.person(person{tag: "twice"})}
	shared := []uuid.UUID{s.person(person{email: "family@mail.example"}), s.person(person{email: "family@mail.example", kind: people.Guardian})}
	guardian := s.person(person{email: "parent@mail.example", kind: people.Guardian})
	taken := s.person(person{sourcedID: "taken", email: "other@school.example"})
	contradicting := s.person(person{email: "contradicts@school.example"})
	s.signIn(login("first", "taken", ""))
	left := s.person(person{sourcedID: "left"})
	s.exec("update people set state = 'left' where user_id = $1", left)
	leaving := s.person(person{sourcedID: "leaving"})
	s.exec("update people set state = 'leaving', leaves_at = now() + interval '1 day' where user_id = $1", leaving)

	for name, c := range map[string]struct {
		login  logins.Login
		reason string
		found  []uuid.UUID
	}{
		"no one":                      {login("a", "who", "who@school.example"), "no_person", nil},
		"two by a claim":              {login("b", "twice", ""), "several_people", two},
		"two by an address":           {login("c", "", "family@mail.example"), "several_people", shared},
		"a guardian by an address":    {login("d", "", "parent@mail.example"), "guardian", []uuid.UUID{guardian}},
		"somebody's already":          {login("e", "taken", ""), "person_taken", []uuid.UUID{taken}},
		"the claim decides, not both": {login("f", "taken", "contradicts@school.example"), "person_taken", []uuid.UUID{taken}},
		"who has left":                {login("g", "left", ""), "no_person", nil},
		"who is leaving":              {login("h", "leaving", ""), "no_person", nil},
	} {
		require.Equal(t, logins.Outcome{Org: s.org, Waits: true}, s.signIn(c.login), name)
		require.Equal(t, logins.Outcome{Org: s.org, Waits: true}, s.signIn(c.login), name)
		require.Empty(t, s.usersOf(c.login.Subject), name)
		var mine []logins.Request
		for _, r := range s.requests() {
			if r.Subject == c.login.Subject {
				mine = append(mine, r)
			}
		}
		require.Len(t, mine, 1, "%s: once in the list", name)
		require.Equal(t, c.reason, mine[0].Reason, name)
		require.ElementsMatch(t, c.found, mine[0].Candidates, name)
		require.Equal(t, "Zoë Adams", mine[0].Name)
	}
	require.Empty(t, s.get(contradicting).Role)

	// What a later roster brings settles what waits.
	user := s.person(person{sourcedID: "who"})
	require.True(t, s.signIn(login("a", "who", "")).Linked)
	for _, r := range s.requests() {
		if r.Subject == "a" {
			require.Equal(t, logins.Linked, r.State)
			require.Equal(t, &user, r.User)
			require.Empty(t, r.Name, "the name is forgotten")
		}
	}
}

// TestOnlyConfirmedTenantsAct: of a tenant that is not the organization's, nothing.
func TestOnlyConfirmedTenantsAct(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.person(person{sourcedID: "s1"})
	rule := logins.Rule{Issuer: issuer, TenantClaim: "hd", TenantValue: " School.Example ", PersonClaim: "id"}
	set := func(rules ...logins.Rule) (got []logins.Rule, err error) {
		err = s.in(s.owner, func(ctx context.Context, tx *tenancy.Tx) (err error) {
			got, err = logins.SetRules(ctx, tx, s.owner, rules)
			return err
		})
		return got, err
	}
	confirm := func(id uuid.UUID) error {
		return s.in(s.operator, func(ctx context.Context, tx *tenancy.Tx) error {
			_, err := logins.ConfirmRule(ctx, tx, s.operator, id)
			return err
		})
	}
	rules, err := set(rule)
	require.NoError(t, err)
	require.Equal(t, domain, rules[0].TenantValue)
	require.Equal(t, logins.Outcome{}, s.signIn(login("a", "s1", "")), "not confirmed")
	require.NoError(t, confirm(rules[0].ID))
	require.NoError(t, confirm(rules[0].ID), "twice is once")
	for name, l := range map[string]logins.Login{
		"another domain":                     {Issuer: issuer, Subject: "a", Domain: "other.example"},
		"a directory of that name":           {Issuer: issuer, Subject: "a", Directory: domain},
		"another issuer":                     {Issuer: "https://evil.example", Subject: "a", Domain: domain},
		"no tenant":                          {Issuer: issuer, Subject: "a"},
		"the issuer of the accounts of keys": {Issuer: tenancy.ServiceIssuer, Subject: "a", Domain: domain},
	} {
		l.Claim = login("a", "s1", "").Claim
		require.Equal(t, logins.Outcome{}, s.signIn(l), name)
	}
	require.Empty(t, s.requests())

	rule.VerifyEmail = true
	rules, err = set(rule, logins.Rule{Issuer: issuer, TenantClaim: "tid", TenantValue: "d"})
	require.NoError(t, err)
	for _, r := range rules {
		require.Equal(t, r.TenantClaim == "hd", r.ConfirmedAt != nil, "who owned it owns it")
	}
	require.ErrorIs(t, confirm(tenancy.NewID()), logins.ErrNoRule)

	first := s.org
	s.found(t)
	others, err := set(rule)
	require.NoError(t, err, "anyone may claim a tenant")
	require.ErrorIs(t, confirm(others[0].ID), logins.ErrTenant)
	s.org = first
	_, err = set()
	require.NoError(t, err)
	require.Equal(t, logins.Outcome{}, s.signIn(login("a", "s1", "")), "no rule any more")
}

func TestRulesThatCannotBe(t *testing.T) {
	t.Parallel()
	s := setup(t)
	good := logins.Rule{Issuer: issuer, TenantClaim: "hd", TenantValue: domain}
	for name, change := range map[string]func(*logins.Rule){
		"no issuer": func(r *logins.Rule) { r.Issuer = "" }, "service accounts": func(r *logins.Rule) { r.Issuer = tenancy.ServiceIssuer },
		"another claim": func(r *logins.Rule) { r.TenantClaim = "org" }, "no tenant": func(r *logins.Rule) { r.TenantValue = " " },
		"an address says not who": func(r *logins.Rule) { r.PersonClaim = "Email" }, "nor a name": func(r *logins.Rule) { r.PersonClaim = "upn" },
		"a high role": func(r *logins.Rule) { r.JITRole = tenancy.Admin }, "a parent": func(r *logins.Rule) { r.JITRole = tenancy.Parent },
	} {
		r := good
		change(&r)
		require.Error(t, s.in(s.owner, func(ctx context.Context, tx *tenancy.Tx) error {
			_, err := logins.SetRules(ctx, tx, s.owner, []logins.Rule{r})
			return err
		}), name)
	}
	require.Error(t, s.in(s.owner, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := logins.SetRules(ctx, tx, s.owner, []logins.Rule{good, good})
		return err
	}))
	rules, err := logins.ListRules(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	require.Empty(t, rules)
}

// TestJoiningWithoutAPerson: off unless the organization turns it on, and never for who
// might be one of several.
func TestJoiningWithoutAPerson(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id", JITRole: tenancy.Student})
	require.True(t, s.signIn(login("a", "", "")).Linked)
	users := s.usersOf("a")
	require.Len(t, users, 1)
	p := s.get(users[0])
	require.Equal(t, []any{tenancy.Student, "Zoë Adams", people.Student}, []any{p.Role, p.Name, p.Kind})
	s.person(person{tag: "twice"})
	s.person(person{tag: "twice"})
	require.True(t, s.signIn(login("b", "twice", "")).Waits)
	l := login("c", "", "")
	l.Name = ""
	require.True(t, s.signIn(l).Linked, "an issuer that tells no name")
}

func TestSeatsAndSuspension(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id", JITRole: tenancy.Student})
	user := s.person(person{sourcedID: "s1"})
	tiers := func(sql string) {
		_, err := s.Admin(t).Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	tiers("update tiers set max_members = 2")
	require.True(t, s.signIn(login("a", "s1", "")).Waits)
	require.True(t, s.signIn(login("b", "", "")).Waits)
	require.Equal(t, "over_seats", s.requests()[0].Reason)
	require.Empty(t, s.loginsOf(user), "who has no seat has no link")
	tiers("update tiers set max_members = 3; update organizations set status = 'suspended'")
	require.Equal(t, logins.Outcome{}, s.signIn(login("a", "s1", "")))
	tiers("update organizations set status = 'active'")
	require.True(t, s.signIn(login("a", "s1", "")).Linked)
	require.True(t, s.signIn(login("b", "", "")).Waits, "the last seat is taken")
}

// TestTwoLoginsForOnePerson: of two that come at once, one is linked and one waits; of
// one login that comes twice, none waits.
func TestTwoLoginsForOnePerson(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id"})
	for range 8 {
		id := uuid.NewString()
		user := s.person(person{sourcedID: id})
		subjects := []string{uuid.NewString(), uuid.NewString()}
		for _, err := range at(6, func(i int) error {
			_, err := logins.SignIn(context.Background(), s.DB, s.hasher, login(subjects[i%2], id, ""))
			return err
		}) {
			require.NoError(t, err)
		}
		require.Len(t, s.loginsOf(user), 1)
		require.Len(t, append(s.usersOf(subjects[0]), s.usersOf(subjects[1])...), 1)
	}
	require.Len(t, s.requests(), 8, "one of each pair")
	require.Equal(t, 8, s.recorded("login.link"))
}
