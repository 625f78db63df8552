package holds_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/holds"
)

type stage struct {
	*pgtest.Database
	org           tenancy.OrgID
	first, second uuid.UUID
}

func setup(t *testing.T) *stage {
	t.Helper()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	return &stage{Database: d, org: org, first: d.Member(t, org, tenancy.Admin), second: d.Member(t, org, tenancy.Owner)}
}

func (s *stage) in(t *testing.T, f func(tx *tenancy.Tx) error) error {
	t.Helper()
	return s.InTx(t.Context(), s.org, f)
}

func (s *stage) place(t *testing.T, n holds.New) (uuid.UUID, error) {
	t.Helper()
	n.ID, n.By = tenancy.NewID(), s.first
	return n.ID, s.in(t, func(tx *tenancy.Tx) error { return holds.Place(t.Context(), tx, n) })
}

func (s *stage) ask(t *testing.T, id, by uuid.UUID) error {
	t.Helper()
	return s.in(t, func(tx *tenancy.Tx) error { return holds.AskRelease(t.Context(), tx, id, by, "settled") })
}

func (s *stage) approve(t *testing.T, id, by uuid.UUID) error {
	t.Helper()
	return s.in(t, func(tx *tenancy.Tx) error { return holds.ApproveRelease(t.Context(), tx, id, by) })
}

// TestAReleaseTakesTwoPeople by this package and by the table itself.
func TestAReleaseTakesTwoPeople(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id, err := s.place(t, holds.New{Kind: holds.Legal, Scope: holds.Organization, Reason: "case 7"})
	require.NoError(t, err)
	require.ErrorIs(t, s.approve(t, id, s.second), holds.ErrNotAsked)
	require.NoError(t, s.ask(t, id, s.first))
	require.ErrorIs(t, s.ask(t, id, s.second), holds.ErrAsked)
	require.ErrorIs(t, s.approve(t, id, s.first), holds.ErrTwo)
	_, err = s.Single(s.org).Exec(t.Context(), "update holds set released_by = $2, released_at = now() where id = $1", id, s.first)
	var pg *pgconn.PgError
	require.True(t, errors.As(err, &pg))
	require.Equal(t, "release_takes_two", pg.ConstraintName)
	h, err := holds.Get(t.Context(), s.Single(s.org), id)
	require.NoError(t, err)
	require.Equal(t, holds.Asked, h.State())
	require.NoError(t, s.approve(t, id, s.second))
	require.ErrorIs(t, s.approve(t, id, s.second), tenancy.ErrHoldOver)
	require.ErrorIs(t, s.ask(t, id, s.first), tenancy.ErrHoldOver)
	for _, sql := range []string{"update holds set released_by = null, released_at = null", "update holds set reason = ''", "update holds set scope = 'file'", "delete from holds"} {
		_, err = s.Single(s.org).Exec(t.Context(), sql)
		require.Error(t, err, sql)
	}
	open, err := holds.List(t.Context(), s.Single(s.org), false, uuid.Nil, 10)
	require.NoError(t, err)
	require.Empty(t, open)
	all, err := holds.List(t.Context(), s.Single(s.org), true, uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, holds.Released, all[0].State())
	require.Equal(t, s.second, *all[0].ReleasedBy)
}

// TestHoldsThatCannotBe are refused in words.
func TestHoldsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := setup(t)
	other := s.Organization(t, 1<<30)
	text, long, now := "x", string(make([]byte, 1001)), time.Now()
	for name, c := range map[string]struct {
		n    holds.New
		want string
	}{
		"kind":           {holds.New{Kind: "x", Scope: holds.Organization, Reason: "r"}, "invalid_kind"},
		"scope":          {holds.New{Kind: holds.Legal, Scope: "x", Reason: "r"}, "invalid_scope"},
		"no target":      {holds.New{Kind: holds.Legal, Scope: holds.File, Reason: "r"}, "invalid_target"},
		"a target":       {holds.New{Kind: holds.Legal, Scope: holds.Organization, Target: uuid.New(), Reason: "r"}, "invalid_target"},
		"empty query":    {holds.New{Kind: holds.Legal, Scope: holds.Query, Reason: "r"}, "invalid_query"},
		"stray query":    {holds.New{Kind: holds.Legal, Scope: holds.Organization, Reason: "r", Conditions: holds.Conditions{Category: &text}}, "invalid_query"},
		"order":          {holds.New{Kind: holds.Legal, Scope: holds.Query, Reason: "r", Conditions: holds.Conditions{CreatedFrom: &now, CreatedBefore: &now}}, "invalid_query"},
		"long":           {holds.New{Kind: holds.Legal, Scope: holds.Query, Reason: "r", Conditions: holds.Conditions{NameContains: &long}}, "invalid_query"},
		"no reason":      {holds.New{Kind: holds.Legal, Scope: holds.Organization}, "invalid_reason"},
		"no such file":   {holds.New{Kind: holds.Legal, Scope: holds.File, Target: uuid.New(), Reason: "r"}, "hold_target_not_found"},
		"no such space":  {holds.New{Kind: holds.Legal, Scope: holds.Space, Target: uuid.New(), Reason: "r"}, "hold_target_not_found"},
		"another's user": {holds.New{Kind: holds.Legal, Scope: holds.Person, Target: s.Member(t, other, tenancy.Student), Reason: "r"}, "hold_target_not_found"},
	} {
		_, err := s.place(t, c.n)
		require.ErrorContains(t, err, c.want, name)
	}
}

// TestADeletionOfTheOrganizationWaits for the last hold, and no hold comes after its begin.
func TestADeletionOfTheOrganizationWaits(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id, err := s.place(t, holds.New{Kind: holds.AccessRequest, Scope: holds.Person, Target: s.first, Reason: "request of a parent"})
	require.NoError(t, err)
	op := tenancy.NewID()
	_, err = s.Admin(t).Exec(t.Context(), "update organizations set status = 'deleting', deletion_id = $2, deletes_at = now() - interval '1 day' where id = $1", s.org, op)
	require.NoError(t, err)
	_, err = tenancy.BeginDeletion(t.Context(), s.Single(s.org), op)
	require.ErrorIs(t, err, tenancy.ErrOnHold)
	require.NoError(t, s.ask(t, id, s.second))
	require.NoError(t, s.approve(t, id, s.first))
	begun, err := tenancy.BeginDeletion(t.Context(), s.Single(s.org), op)
	require.NoError(t, err)
	require.True(t, begun)
	_, err = s.place(t, holds.New{Kind: holds.Legal, Scope: holds.Organization, Reason: "late"})
	require.ErrorIs(t, err, tenancy.ErrHoldTooLate)
}
