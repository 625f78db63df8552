package files

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// node is what EXPLAIN tells of one step of a plan.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Plans    []node
}

// TestDeepPagesAreReadByTheirIndex: lists elsewhere slow down with depth. Each
// page of a long one, in each order and with each filter that has an index,
// touches about as many rows as it shows.
func TestDeepPagesAreReadByTheirIndex(t *testing.T) {
	t.Parallel()
	const length, limit = 20_000, 50
	ctx, d := context.Background(), pgtest.New(t)
	org := d.Organization(t, 1<<30)
	var people []uuid.UUID
	for range 20 {
		people = append(people, d.Member(t, org, tenancy.Student))
	}
	admin := d.Admin(t)
	_, err := admin.Exec(ctx, "set session_replication_role = replica") // no trigger follows these rows
	require.NoError(t, err)
	for _, sql := range []string{
		`insert into files (organization_id, id, name, uploaded_by, subject_id, space_id, status, head_id, current_id)
			select $1, made.id, 'essay ' || n, s.owner_id, s.owner_id, s.id, 'published', made.id, made.id from (select n, (lpad(to_hex(n), 12, '0') || repeat('0', 20))::uuid as id from generate_series(1, $3::integer) n) made
			join spaces s on s.organization_id = $1 and s.owner_id = ($2::uuid[])[1 + n % 20]`,
		`insert into file_versions (organization_id, id, file_id, number, size, uploaded_by)
			select $1, id, id, 1, 10, uploaded_by from files where organization_id = $1 and $2::uuid[] is not null and $3::integer > 0`,
	} {
		_, err := admin.Exec(ctx, sql, org, people, length)
		require.NoError(t, err)
	}
	_, err = admin.Exec(ctx, "analyze")
	require.NoError(t, err)
	middle := Cursor{ID: uuid.MustParse("00000000-2710-0000-0000-000000000000"), Name: "essay 5"}
	for name, f := range map[string]Filter{
		"newest": {}, "oldest": {Sort: Oldest}, "by name": {Sort: ByName}, "by name, backwards": {Sort: ByNameZA},
		"published": {Status: Published}, "one person's": {Owner: people[0]}, "about one person": {Subject: people[0]},
	} {
		for place, after := range map[string]Cursor{"first": {}, "deep": middle} {
			t.Run(name+", "+place, func(t *testing.T) {
				f.Limit, f.After = limit, after
				sql, args, err := listQuery(f)
				require.NoError(t, err)
				var text []byte
				require.NoError(t, d.Single(org).QueryRow(ctx, "explain (analyze, format json) "+sql, args).Scan(&text))
				var plans []struct{ Plan node }
				require.NoError(t, json.Unmarshal(text, &plans))
				requireFew(t, plans[0].Plan, limit, string(text))
			})
		}
	}
}

// requireFew looks at every step that reads files.
func requireFew(t *testing.T, n node, limit float64, plan string) {
	t.Helper()
	if n.Relation == "files" {
		require.NotEqual(t, "Seq Scan", n.Type, plan)
		require.LessOrEqual(t, (n.Rows+n.Removed)*n.Loops, 3*limit, plan)
	}
	for _, p := range n.Plans {
		requireFew(t, p, limit, plan)
	}
}
