package compliance_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/compliance"
)

// TestInventoryIsWhole: each table of the live schema is in the inventory, each table and column of
// the registry is in the schema, and each column that names a person is listed.
func TestInventoryIsWhole(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	found, err := compliance.Inventory(t.Context(), d.Single(org))
	require.NoError(t, err)
	columns, lists := map[string][]string{}, map[string]bool{}
	for _, h := range found {
		lists[h.Table] = true
		for _, c := range h.Columns {
			columns[h.Table] = append(columns[h.Table], c.Name)
		}
		require.Contains(t, compliance.Categories, h.Category, h.Table)
		require.NotEmpty(t, h.Purpose, h.Table)
		require.NotEmpty(t, h.Kept, h.Table)
	}
	for table, of := range compliance.Registered() {
		require.True(t, lists[table], "table %s of the registry is not in the schema", table)
		for _, c := range of {
			assert.Contains(t, columns[table], c, table)
		}
	}
	rows, err := d.Admin(t).Query(t.Context(), `select c.relname::text, coalesce((select a.attname::text from pg_constraint k join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
		where k.conrelid = c.oid and k.contype = 'f' and k.confrelid = 'users'::regclass and cardinality(k.conkey) = 1 limit 1), '')
		from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
		and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped)`)
	require.NoError(t, err)
	n := 0
	for rows.Next() {
		var table, person string
		require.NoError(t, rows.Scan(&table, &person))
		require.True(t, lists[table], "table %s is missing", table)
		if person != "" {
			require.Contains(t, columns[table], person, table)
		}
		n++
	}
	require.NoError(t, rows.Err())
	require.Greater(t, n, 80)
}

// TestATableThatNoOneDescribedIsAnError: it would be missing from what schools are told.
func TestATableThatNoOneDescribedIsAnError(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	_, err := d.Admin(t).Exec(t.Context(), "create table letters (organization_id uuid not null, body text)")
	require.NoError(t, err)
	_, err = compliance.Inventory(t.Context(), d.Single(org))
	require.ErrorContains(t, err, "letters")
}

// TestExhibitBFollowsTheInventory: an element is collected while a table for it is there.
func TestExhibitBFollowsTheInventory(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	found, err := compliance.Inventory(t.Context(), d.Single(d.Organization(t, 1<<30)))
	require.NoError(t, err)
	name := func(all []compliance.Element) compliance.Element {
		i := slices.IndexFunc(all, func(e compliance.Element) bool { return e.Element == "Date of birth" })
		return all[i]
	}
	require.True(t, name(compliance.ExhibitB(found)).Collected)
	require.False(t, name(compliance.ExhibitB(nil)).Collected)
}
