package logins_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/tenancy/logins"
	"satchel/tenancy/people"
)

// known is a person as the model knows them.
type known struct {
	person
	user uuid.UUID
}

// world is an organization with few ids and addresses, so that they meet.
type world struct {
	*school
	rt     *rapid.T
	rule   logins.Rule
	people []known
}

var (
	ids       = []string{"", "i1", "i2", "i3"}
	addresses = []string{"", "a@school.example", "b@school.example"}
	subjects  = []string{"s1", "s2", "s3", "s4"}
)

// TestLinkingInvariants plays random people and sign-ins, and what an admin does
// between them. After each step a login is one user of the organization at most; and
// a rule has linked only a login that matched exactly one active person without one, and
// no guardian by an address.
func TestLinkingInvariants(t *testing.T) {
	t.Parallel()
	s := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		s.found(t)
		w := &world{school: s, rt: rt}
		w.rule = logins.Rule{TenantValue: uuid.NewString(), PersonClaim: "id", VerifyEmail: rapid.Bool().Draw(rt, "email")}
		s.rule(w.rule)
		for range rapid.IntRange(1, 5).Draw(rt, "people") {
			p := person{
				kind: rapid.SampledFrom(people.Kinds).Draw(rt, "kind"), tag: rapid.SampledFrom(ids).Draw(rt, "tag"), email: rapid.SampledFrom(addresses).Draw(rt, "address"),
			}
			w.people = append(w.people, known{person: p, user: s.person(p)})
		}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			rapid.SampledFrom([]func(){w.signsIn, w.signsIn, w.signsIn, w.changesState, w.unlinks, w.decides}).Draw(rt, "step")()
			w.check()
		}
	})
}

// signsIn compares what a rule did with what the people said before.
func (w *world) signsIn() {
	l := login(rapid.SampledFrom(subjects).Draw(w.rt, "subject")+w.rule.TenantValue, rapid.SampledFrom(ids).Draw(w.rt, "id"), rapid.SampledFrom(addresses).Draw(w.rt, "mail"))
	l.Domain = w.rule.TenantValue
	byClaim, byEmail := w.matching(func(p known) bool { return l.Claim("id") != nil && p.tag == l.Claim("id")[0] }),
		w.matching(func(p known) bool { return w.rule.VerifyEmail && l.Email != "" && p.email == l.Email })
	before := map[uuid.UUID]int{}
	for _, p := range w.people {
		before[p.user] = len(w.loginsOf(p.user))
	}
	w.signIn(l)
	for _, p := range w.people {
		list := w.loginsOf(p.user)
		if len(list) == before[p.user] {
			continue
		}
		require.Zero(w.rt, before[p.user], "a rule links who has no login")
		switch logins.Via(list[0].Via) {
		case logins.ViaClaim:
			require.Equal(w.rt, []uuid.UUID{p.user}, byClaim)
		case logins.ViaVerified:
			require.Empty(w.rt, byClaim, "a claim that finds anyone decides")
			require.Equal(w.rt, []uuid.UUID{p.user}, byEmail)
			require.NotEqual(w.rt, people.Guardian, p.kind)
		default:
			w.rt.Fatalf("linked by %s", list[0].Via)
		}
	}
}

func (w *world) matching(match func(known) bool) (users []uuid.UUID) {
	for _, p := range w.people {
		if match(p) && w.get(p.user).State == people.Active {
			users = append(users, p.user)
		}
	}
	return users
}

func (w *world) changesState() {
	p := rapid.SampledFrom(w.people).Draw(w.rt, "person")
	state := rapid.SampledFrom([]string{"'active', leaves_at = null", "'left', leaves_at = null", "'leaving', leaves_at = now() + interval '1 hour'"}).Draw(w.rt, "state")
	w.exec("update people set state = "+state+" where user_id = $1", p.user)
}

func (w *world) unlinks() {
	p := rapid.SampledFrom(w.people).Draw(w.rt, "person")
	if list := w.loginsOf(p.user); len(list) > 0 {
		_, err := w.unlink(w.admin, p.user, list[0].ID)
		require.NoError(w.rt, err)
	}
}

// decides links or dismisses a request, whatever it may be: what is refused changes
// nothing, which the invariants show.
func (w *world) decides() {
	all := w.requests()
	if len(all) == 0 {
		return
	}
	r := rapid.SampledFrom(all).Draw(w.rt, "request")
	if rapid.Bool().Draw(w.rt, "dismiss") {
		_ = w.dismiss(r.ID)
		return
	}
	_, _ = w.link(w.admin, r.ID, rapid.SampledFrom(w.people).Draw(w.rt, "to").user)
}

func (w *world) check() {
	users := map[string][]uuid.UUID{}
	for _, p := range w.people {
		for _, l := range w.loginsOf(p.user) {
			users[l.Subject] = append(users[l.Subject], p.user)
			if logins.Via(l.Via) == logins.ViaVerified {
				require.NotEqual(w.rt, people.Guardian, p.kind)
			}
		}
	}
	for subject, of := range users {
		require.Len(w.rt, of, 1, "%s is several people", subject)
		require.LessOrEqual(w.rt, len(slices.Compact(w.usersOf(subject))), 1)
	}
	places, err := w.Single(w.org).Query(context.Background(), "select count(*) from members m where not exists (select from logins l where l.user_id = m.user_id)")
	require.NoError(w.rt, err)
	defer places.Close()
	for places.Next() {
		var n int
		require.NoError(w.rt, places.Scan(&n))
		require.Zero(w.rt, n, "a seat without a login in %s", w.org)
	}
}
