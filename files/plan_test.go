package files

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// node is what EXPLAIN tells of one step of a plan.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Index    string  `json:"Index Name"`
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
	fill(t, d, org, people, length)
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

// fill gives an organization so many published files, in the spaces of these people and about them in turn.
func fill(t *testing.T, d *pgtest.Database, org tenancy.OrgID, people []uuid.UUID, length int) {
	t.Helper()
	ctx := context.Background()
	admin := d.Admin(t)
	_, err := admin.Exec(ctx, "set session_replication_role = replica") // no trigger follows these rows
	require.NoError(t, err)
	for _, sql := range []string{
		`insert into files (organization_id, id, name, uploaded_by, subject_id, space_id, status, head_id, current_id)
			select $1, made.id, 'essay ' || n, s.owner_id, s.owner_id, s.id, 'published', made.id, made.id from (select n, (lpad(to_hex(n), 12, '0') || repeat('0', 20))::uuid as id from generate_series(1, $3::integer) n) made
			join spaces s on s.organization_id = $1 and s.owner_id = ($2::uuid[])[1 + n % cardinality($2::uuid[])]`,
		`insert into file_versions (organization_id, id, file_id, number, size, uploaded_by)
			select $1, id, id, 1, 10, uploaded_by from files where organization_id = $1 and $2::uuid[] is not null and $3::integer > 0`,
	} {
		_, err := admin.Exec(ctx, sql, org, people, length)
		require.NoError(t, err)
	}
	_, err = admin.Exec(ctx, "analyze")
	require.NoError(t, err)
}

// requireOrderOfIDs: no index in another order is read and sorted. The entries that this
// skips are no rows of its step.
func requireOrderOfIDs(t *testing.T, n node, plan string) {
	t.Helper()
	require.NotContains(t, []string{"files_by_size", "files_by_kind", "files_by_name"}, n.Index, plan)
	for _, p := range n.Plans {
		requireOrderOfIDs(t, p, plan)
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

// TestPagesOfPeopleAreReadByTheirIndex: the access rule checks the rows of a page and
// does not choose them. A rule that did would read and sort whole spaces.
func TestPagesOfPeopleAreReadByTheirIndex(t *testing.T) {
	t.Parallel()
	const length, places, limit = 20_000, 10, 50
	ctx, d := context.Background(), pgtest.New(t)
	org := d.Organization(t, 1<<30)
	student, teacher, admin := d.Member(t, org, tenancy.Student), d.Member(t, org, tenancy.Teacher), d.Member(t, org, tenancy.Admin)
	space := tenancy.NewID()
	others := []tenancy.OrgID{d.Organization(t, 1<<30), d.Organization(t, 1<<30), d.Organization(t, 1<<30)}
	owner := d.Admin(t)
	_, err := owner.Exec(ctx, "set session_replication_role = replica") // no trigger follows these rows
	require.NoError(t, err)
	for _, sql := range []string{
		`create temporary table place as select n, case n when 0 then @space::uuid else gen_random_uuid() end as id from generate_series(0, @places::integer) n`,
		`insert into spaces (organization_id, id, kind, name) select @org::uuid, id, 'group', 'Group ' || n from place`,
		`insert into space_members (organization_id, space_id, user_id, via, source_id, level)
			select @org::uuid, p.id, m.id, 'manual', p.id, m.level from place p, (values (@student::uuid, 2), (@teacher::uuid, 3), (@admin::uuid, 3)) m (id, level)`,
		`insert into folders (organization_id, id, space_id, name, created_by) select @org::uuid, @space::uuid, @space::uuid, 'Essays', @teacher::uuid`,
		`insert into folder_paths (organization_id, folder_id, ancestor_id, depth) select @org::uuid, @space::uuid, @space::uuid, 0`,
		`insert into files (organization_id, id, name, uploaded_by, space_id, folder_id, status, head_id, current_id, shown_size, shown_type)
			select @org::uuid, made.id, 'essay ' || made.n, @teacher::uuid, p.id, case when p.n = 0 and made.n % 2 = 0 then @space::uuid end, 'published', made.id, made.id,
			       made.n, case made.n % 4 when 0 then 'text/plain' when 1 then 'image/png' when 2 then 'video/mp4' else 'application/pdf' end
			  from (select n, (lpad(to_hex(n), 12, '0') || repeat('0', 20))::uuid as id from generate_series(1, @length::integer) n) made
			  join place p on p.n = case when made.n % 2 = 0 then 0 else made.n % (@places::integer + 1) end`,
		`insert into file_versions (organization_id, id, file_id, number, size, mime_type, uploaded_by)
			select @org::uuid, id, id, 1, shown_size, shown_type, uploaded_by from files where organization_id = @org`,
		`insert into files (organization_id, id, name, uploaded_by, space_id, status, head_id, current_id, shown_size, shown_type)
			select o, made.id, 'essay', @teacher::uuid, o, 'published', made.id, made.id, 5, 'text/plain'
			  from unnest(@others::uuid[]) o, lateral (select gen_random_uuid() as id from generate_series(1, 200) where o is not null) made`,
	} {
		_, err := owner.Exec(ctx, sql, pgx.NamedArgs{"org": org, "space": space, "student": student, "teacher": teacher, "admin": admin, "length": length, "places": places, "others": others})
		require.NoError(t, err, sql)
	}
	_, err = owner.Exec(ctx, "analyze")
	require.NoError(t, err)
	middle := Cursor{ID: uuid.MustParse("00000000-2710-0000-0000-000000000000"), Name: "essay 5", Size: 10_000, Type: "text/plain"}
	last := Cursor{ID: uuid.MustParse("00000000-0078-0000-0000-000000000000")}
	for who, user := range map[string]uuid.UUID{"student": student, "teacher": teacher, "admin": admin} {
		for name, f := range map[string]Filter{
			"of a space": {Space: space}, "of a space, oldest": {Space: space, Sort: Oldest}, "of a folder": {Folder: space, Sort: ByName}, "of all places": {Mine: true},
			"of a space, by size": {Space: space, Sort: Smallest}, "of a space, largest first": {Space: space, Sort: Largest},
			"of a space, by kind": {Space: space, Sort: ByKind}, "of a space, by kind, backwards": {Space: space, Sort: ByKindZA},
			"of a space, of one type": {Space: space, Types: []string{"text/plain"}}, "of a space, of one type, by kind": {Space: space, Sort: ByKind, Types: []string{"text/plain"}},
			"of a space, of a size":  {Space: space, Sort: Smallest, SizeFrom: new(int64(100)), SizeTo: new(int64(19_000))},
			"of all places, by size": {Mine: true, Sort: Largest}, "of all places, by kind": {Mine: true, Sort: ByKind},
		} {
			for place, after := range map[string]Cursor{"first": {}, "deep": middle, "last": last} {
				if place == "last" && (f.Sort != "" || f.Types != nil) {
					continue // it is the last full page of the order of ids
				}
				t.Run(who+", "+name+", "+place, func(t *testing.T) {
					f.Limit, f.After = limit, after
					sql, args, err := listQuery(f)
					require.NoError(t, err)
					var text []byte
					q := d.ForPeople().Single(org)
					actor := tenancy.WithActor(ctx, tenancy.Actor{Org: org, User: user})
					require.NoError(t, q.QueryRow(actor, "explain (analyze, format json) "+sql, args).Scan(&text))
					var plans []struct{ Plan node }
					require.NoError(t, json.Unmarshal(text, &plans))
					require.InDelta(t, limit, plans[0].Plan.Rows, 0, "the page is full")
					most := float64(limit)
					if f.Mine {
						most *= places + 2 // a page of each place, the person's own among them
					}
					requireFew(t, plans[0].Plan, most, string(text))
					if f.Sort == "" && f.Types == nil {
						requireOrderOfIDs(t, plans[0].Plan, string(text))
					}
				})
			}
		}
	}
}

// TestPlansOfSmallOrganizationsServeLargeOnes: a connection keeps its plans, whichever
// organization it asks for next. Here it asks first for one without a file.
func TestPlansOfSmallOrganizationsServeLargeOnes(t *testing.T) {
	t.Parallel()
	const length = 20_000
	ctx, d := context.Background(), pgtest.New(t)
	small, large := d.Organization(t, 1<<30), d.Organization(t, 1<<30)
	pupil, teacher := d.Member(t, small, tenancy.Student), d.Member(t, large, tenancy.Teacher)
	fill(t, d, large, []uuid.UUID{teacher}, length)
	last := uuid.MustParse("00000000-4e20-0000-0000-000000000000")
	people := d.ForPeople()
	for _, look := range []string{"app.may_read_file($1)", "app.may_read_version($1)", "app.may_change_file($1)"} {
		var may bool
		for range 7 { // from the sixth on, Postgres keeps the plan
			actor := tenancy.WithActor(ctx, tenancy.Actor{Org: small, User: pupil})
			require.NoError(t, people.Single(small).QueryRow(actor, "select "+look, last).Scan(&may))
			require.False(t, may, look)
		}
		actor := tenancy.WithActor(ctx, tenancy.Actor{Org: large, User: teacher})
		requireFewBlocks(actor, t, people.Single(large), "select "+look, last)
		require.NoError(t, people.Single(large).QueryRow(actor, "select "+look, last).Scan(&may))
		require.True(t, may, look)
	}
	for _, admission := range []string{"select app.admit_received(8)", "select count(*) from app.admit(8)"} {
		requireFewBlocks(ctx, t, d.Single(large), admission)
	}
}

// requireFewBlocks: a query reads no more than what a few rows lie in, its functions included.
func requireFewBlocks(ctx context.Context, t *testing.T, q tenancy.Queries, sql string, args ...any) {
	t.Helper()
	const most = 40
	var text []byte
	for range 2 { // the first time the functions are planned, which reads the catalog
		require.NoError(t, q.QueryRow(ctx, "explain (analyze, buffers, format json) "+sql, args...).Scan(&text))
	}
	var plans []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &plans))
	require.LessOrEqual(t, plans[0].Plan.Hit+plans[0].Plan.Read, most, "%s\n%s", sql, text)
}
