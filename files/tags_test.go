package files

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
)

func TestTagsAreClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{" Term \t 1\n": "Term 1", "Cafe\u0301": "Café", strings.Repeat("é", 50): strings.Repeat("é", 50)} {
		got, err := CleanTag(in)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", " \n", strings.Repeat("a", 51), "a\x00b", "\xff", "a\u0085b\u0007"} {
		_, err := CleanTag(bad)
		require.ErrorIs(t, err, ErrTag, "%q", bad)
	}
}

// TestTagsOfAFile: case makes no other tag, the same again changes nothing, and a file has
// a bounded number of them.
func TestTagsOfAFile(t *testing.T) {
	t.Parallel()
	ctx, d := t.Context(), pgtest.New(t)
	org := d.Organization(t, 1<<30)
	teacher := d.Member(t, org, tenancy.Teacher)
	var made Created
	require.NoError(t, d.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		made, err = Create(ctx, tx, New{Name: "essay.txt", Size: 1, UploadedBy: teacher, TTL: time.Hour})
		return err
	}))
	tag := func(add, remove []string) error {
		return d.InTx(ctx, org, func(tx *tenancy.Tx) error { return Tag(ctx, tx, made.File, teacher, add, remove) })
	}
	tags := func() []string {
		v, err := Get(ctx, d.Single(org), made.File)
		require.NoError(t, err)
		return v.Tags
	}
	require.Empty(t, tags())
	require.NoError(t, tag([]string{"Straße", "Algebra"}, nil))
	require.NoError(t, tag([]string{"STRASSE", "algebra"}, []string{"none"}))
	require.Equal(t, []string{"Algebra", "Straße"}, tags())
	lines, err := audit.List(ctx, d.Single(org), audit.Filter{Action: "file.tag", Limit: 10})
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.NotContains(t, string(lines[0].Event), "Algebra")
	require.NoError(t, tag(nil, []string{"strasse"}))
	require.Equal(t, []string{"Algebra"}, tags())

	many := make([]string, maxTags)
	for i := range many {
		many[i] = strings.Repeat("x", i+1)
	}
	require.ErrorIs(t, tag(many, nil), ErrTooManyTags)
	require.NoError(t, tag(many, []string{"algebra"}))
	require.NoError(t, d.InTx(ctx, org, func(tx *tenancy.Tx) error { _, err := Trash(ctx, tx, made.File); return err }))
	require.ErrorIs(t, tag([]string{"late"}, nil), ErrInTrash)
	require.ErrorIs(t, d.InTx(ctx, org, func(tx *tenancy.Tx) error { return Tag(ctx, tx, uuid.New(), teacher, many, nil) }), ErrNotFound)
}

// TestListsByTagReadFewFiles: a page of what has a tag, which few files or most have,
// looks at about as many files as it shows.
func TestListsByTagReadFewFiles(t *testing.T) {
	t.Parallel()
	const length, limit = 10_000, 50
	ctx, d := context.Background(), pgtest.New(t)
	org := d.Organization(t, 1<<30)
	teacher := d.Member(t, org, tenancy.Teacher)
	owner := d.Admin(t)
	_, err := owner.Exec(ctx, "set session_replication_role = replica") // no trigger follows these rows
	require.NoError(t, err)
	for _, sql := range []string{
		`insert into files (organization_id, id, name, uploaded_by, space_id, status, head_id, current_id)
			select @org::uuid, made.id, 'essay ' || n, @teacher::uuid, s.id, 'published', made.id, made.id
			  from (select n, (lpad(to_hex(n), 12, '0') || repeat('0', 20))::uuid as id from generate_series(1, @length::integer) n) made join spaces s on s.owner_id = @teacher`,
		`insert into file_versions (organization_id, id, file_id, number, size, uploaded_by) select @org::uuid, id, id, 1, 10, uploaded_by from files where organization_id = @org`,
		`insert into file_tags (organization_id, file_id, tag, added_by) select @org::uuid, id, 'common', uploaded_by from files where organization_id = @org and name not like '%7'`,
		`insert into file_tags (organization_id, file_id, tag, added_by) select @org::uuid, id, 'rare', uploaded_by from files where organization_id = @org and name like 'essay 50__'`,
	} {
		_, err := owner.Exec(ctx, sql, pgx.NamedArgs{"org": org, "teacher": teacher, "length": length})
		require.NoError(t, err, sql)
	}
	_, err = owner.Exec(ctx, "analyze")
	require.NoError(t, err)
	for _, tag := range []string{"Common", "rare"} {
		for _, mine := range []bool{false, true} {
			sql, args, err := listQuery(Filter{Tag: tag, Mine: mine, Limit: limit})
			require.NoError(t, err)
			var text []byte
			q := d.ForPeople().Single(org)
			actor := tenancy.WithActor(ctx, tenancy.Actor{Org: org, User: teacher})
			require.NoError(t, q.QueryRow(actor, "explain (analyze, format json) "+sql, args).Scan(&text))
			var plans []struct {
				Plan node
				Time float64 `json:"Execution Time"`
			}
			require.NoError(t, json.Unmarshal(text, &plans))
			require.Equal(t, limit, int(plans[0].Plan.Rows), "the page is full")
			requireFew(t, plans[0].Plan, 2*limit, string(text))
			t.Logf("%s, mine %v: %.2f ms", tag, mine, plans[0].Time)
		}
	}
}
