package people_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/people"
)

type school struct {
	*pgtest.Database
	t   *testing.T
	org tenancy.OrgID
}

func setup(t *testing.T) *school {
	t.Helper()
	d := pgtest.New(t)
	return &school{Database: d, t: t, org: d.Organization(t, 1<<30)}
}

func (s *school) create(n people.NewPerson) (p people.Person, made bool, err error) {
	ctx := context.Background()
	err = s.InTx(ctx, s.org, func(tx *tenancy.Tx) (err error) { p, made, err = people.Create(ctx, tx, n); return err })
	return p, made, err
}

func (s *school) named(name string, kind people.Kind) people.Person {
	s.t.Helper()
	p, made, err := s.create(people.NewPerson{User: tenancy.NewID(), Kind: kind, Name: name})
	require.NoError(s.t, err)
	require.True(s.t, made)
	return p
}

func (s *school) change(user uuid.UUID, c people.Changes) (p people.Person, err error) {
	ctx := context.Background()
	err = s.InTx(ctx, s.org, func(tx *tenancy.Tx) (err error) { p, err = people.Change(ctx, tx, user, c); return err })
	return p, err
}

func (s *school) names(f people.Filter) (names []string) {
	s.t.Helper()
	for after := uuid.Nil; ; {
		page, err := people.List(context.Background(), s.Single(s.org), f, after, 3)
		require.NoError(s.t, err)
		for _, p := range page {
			names = append(names, p.Name)
			after = p.User
		}
		if len(page) == 0 {
			return names
		}
	}
}

func TestPeopleAreMadeOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	n := people.NewPerson{User: tenancy.NewID(), Kind: people.Student, Name: "Zoe\u0308 Adams", Grade: "5", Identifiers: []string{"4711"}, EmailHash: hasher(t).HashEmail(s.org, "zoe@school.example")}
	made, fresh, err := s.create(n)
	require.NoError(t, err)
	require.True(t, fresh)
	require.Equal(t, "Zoë Adams", made.Name, "names are kept in NFC")
	require.Equal(t, people.Active, made.State)
	require.Empty(t, made.Role, "no seat before the first sign-in")
	again, fresh, err := s.create(n)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Equal(t, made, again)

	member := s.Member(t, s.org, tenancy.Teacher)
	n = people.NewPerson{User: member, Known: true, Kind: people.Staff, Name: "B"}
	made, _, err = s.create(n)
	require.NoError(t, err)
	require.Equal(t, tenancy.Teacher, made.Role)
	require.EqualValues(t, 1, made.Logins)
	_, _, err = s.create(n)
	require.ErrorIs(t, err, people.ErrExists)
}

func TestPeopleHaveNamesThatCanBeShown(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, n := range []people.NewPerson{
		{Name: ""}, {Name: " "}, {Name: "a\nb"}, {Name: "a\u202eb"}, {Name: strings.Repeat("a", 201)}, {Name: "\xff"},
		{Name: "a", Grade: strings.Repeat("5", 51)}, {Name: "a", Grade: "\x00"}, {Name: "a", Identifiers: []string{""}}, {Name: "a", Identifiers: make([]string, 21)},
	} {
		n.User, n.Kind = tenancy.NewID(), people.Student
		_, _, err := s.create(n)
		require.Error(t, err, "%+v", n)
	}
	require.Empty(t, s.names(people.Filter{}))
}

func TestPeopleAreFoundByName(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, name := range []string{"Zoë Müller", "Jürgen Straße", "İpek Ilgaz", "Νίκος Παπαδόπουλος", "anna_x", "Anna%Y", "Bob"} {
		s.named(name, people.Student)
	}
	s.named("Anna Staff", people.Staff)
	require.Len(t, s.names(people.Filter{}), 8)
	for search, want := range map[string][]string{
		"zoe\u0308": {"Zoë Müller"}, "MÜLL": {"Zoë Müller"}, "STRASSE": {"Jürgen Straße"}, "straẞe": {"Jürgen Straße"}, "ipek": {"İpek Ilgaz"}, "İPEK": {"İpek Ilgaz"},
		"ΝΊΚΟΣ": {"Νίκος Παπαδόπουλος"}, "παπαδόπουλοσ": {"Νίκος Παπαδόπουλος"}, "%": {"Anna%Y"}, "_": {"anna_x"}, "no one here": nil,
	} {
		require.Equal(t, want, s.names(people.Filter{Search: search}), search)
	}
	require.Equal(t, []string{"Anna Staff"}, s.names(people.Filter{Search: "anna", Kind: people.Staff}))
	require.Empty(t, s.names(people.Filter{State: people.Left}))
}

// TestOtherOrganizationsSeeNoPerson: neither in a list nor by the id.
func TestOtherOrganizationsSeeNoPerson(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.named("Zoë", people.Student)
	other := s.Organization(t, 1)
	_, err := people.Get(t.Context(), s.Single(other), p.User)
	require.ErrorIs(t, err, people.ErrNoPerson)
	page, err := people.List(t.Context(), s.Single(other), people.Filter{}, uuid.Nil, 10)
	require.NoError(t, err)
	require.Empty(t, page)
}

func TestWhatIsChangedByHandStays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.named("Zoë", people.Student)
	name, grade := "Zoe\u0308 B", "6"
	p, err := s.change(p.User, people.Changes{Name: &name, Grade: &grade})
	require.NoError(t, err)
	require.Equal(t, "Zoë B", p.Name)
	require.Equal(t, []string{people.ColumnName, people.ColumnGrade}, p.SetByHand)
	p, err = s.change(p.User, people.Changes{Grade: &grade, FollowRoster: []string{people.ColumnName}})
	require.NoError(t, err)
	require.Equal(t, []string{people.ColumnGrade}, p.SetByHand)

	hash, none := hasher(t).HashEmail(s.org, "a@b.example"), []byte{}
	p, err = s.change(p.User, people.Changes{EmailHash: &hash})
	require.NoError(t, err)
	require.Equal(t, hash, p.EmailHash)
	p, err = s.change(p.User, people.Changes{EmailHash: &none})
	require.NoError(t, err)
	require.Nil(t, p.EmailHash)

	_, err = s.change(p.User, people.Changes{FollowRoster: []string{"role"}})
	require.Error(t, err)
	_, err = s.change(p.User, people.Changes{Grade: &grade, FollowRoster: []string{people.ColumnGrade}})
	require.Error(t, err, "both at once say nothing")
	_, err = s.change(tenancy.NewID(), people.Changes{Grade: &grade})
	require.ErrorIs(t, err, people.ErrNoPerson)
}

func TestStatesAndTheirTimes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.named("Zoë", people.Student)
	leaving, left, active := people.Leaving, people.Left, people.Active
	soon, past := time.Now().Add(time.Hour).Truncate(time.Second), time.Now().Add(-time.Hour)
	for _, c := range []people.Changes{{State: &leaving}, {State: &left, LeavesAt: &soon}, {LeavesAt: &soon}, {State: &leaving, LeavesAt: &past}} {
		_, err := s.change(p.User, c)
		require.Error(t, err, "%+v", c)
	}
	p, err := s.change(p.User, people.Changes{State: &leaving, LeavesAt: &soon})
	require.NoError(t, err)
	require.True(t, soon.Equal(*p.LeavesAt))
	name := "Zoë C"
	p, err = s.change(p.User, people.Changes{Name: &name})
	require.NoError(t, err)
	require.Equal(t, people.Leaving, p.State, "another field changes no state")
	for _, state := range []people.State{active, left, active} {
		p, err = s.change(p.User, people.Changes{State: &state})
		require.NoError(t, err)
		require.Equal(t, state, p.State)
		require.Nil(t, p.LeavesAt)
	}
}

func TestKindsGiveNoHighRole(t *testing.T) {
	t.Parallel()
	want := map[people.Kind]tenancy.Role{people.Student: tenancy.Student, people.Staff: tenancy.Teacher, people.Guardian: tenancy.Parent, "principal": ""}
	for kind, role := range want {
		require.Equal(t, role, kind.Role())
	}
	require.Len(t, people.Kinds, len(want)-1)
}
