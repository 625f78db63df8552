package files_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/tenancy"
)

// pages walks a list to its end by its cursor.
func (s *school) pages(t *testing.T, f files.Filter) (ids []uuid.UUID) {
	t.Helper()
	for {
		page, err := files.List(t.Context(), s.Single(s.org), f)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), f.Limit)
		if len(page) == 0 {
			return ids
		}
		for _, v := range page {
			ids = append(ids, v.FileID)
		}
		f.After = files.CursorOf(f.Sort, page[len(page)-1])
	}
}

// TestPagesHoldEachFileOnce lists with every order and several page sizes,
// while more than one file has the same name and several versions.
func TestPagesHoldEachFileOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	type named struct {
		name string
		id   uuid.UUID
		size int64
		kind string
	}
	var all []named
	for i := range 23 {
		name := fmt.Sprintf("essay %d.txt", i%5)
		ticket := s.published(t, files.New{Name: name, Size: int64(1 + i%4)})
		kind := []string{"text/plain", "application/pdf", "image/png"}[i%3]
		_, err := s.Single(s.org).Exec(t.Context(), "update file_versions set mime_type = $2 where file_id = $1", ticket.File, kind)
		require.NoError(t, err)
		s.announce(t, files.New{File: ticket.File, Size: 100})
		all = append(all, named{name, ticket.File, int64(1 + i%4), kind})
	}
	byID := func(a, b named) int { return slices.Compare(a.id[:], b.id[:]) }
	byName := func(a, b named) int { return cmp.Or(cmp.Compare(a.name, b.name), byID(a, b)) }
	bySize := func(a, b named) int { return cmp.Or(cmp.Compare(a.size, b.size), byID(a, b)) }
	byKind := func(a, b named) int { return cmp.Or(cmp.Compare(a.kind, b.kind), byID(a, b)) }
	orders := map[files.Sort]func(a, b named) int{
		files.Oldest: byID,
		files.Newest: func(a, b named) int { return byID(b, a) },
		files.ByName: byName, files.ByNameZA: func(a, b named) int { return byName(b, a) },
		files.Smallest: bySize, files.Largest: func(a, b named) int { return bySize(b, a) },
		files.ByKind: byKind, files.ByKindZA: func(a, b named) int { return byKind(b, a) },
	}
	for sort, order := range orders {
		slices.SortFunc(all, order)
		var want []uuid.UUID
		for _, n := range all {
			want = append(want, n.id)
		}
		for _, size := range []int{1, 5, 23, 200} {
			require.Equal(t, want, s.pages(t, files.Filter{Sort: sort, Limit: size}), "%s by %d", sort, size)
		}
	}
	two, three := int64(2), int64(3)
	for name, f := range map[string]files.Filter{
		"two and three bytes": {SizeFrom: &two, SizeTo: &three, Sort: files.ByName}, "pictures and texts": {Types: []string{"image/png", "text/plain"}, Sort: files.Largest},
	} {
		var want []uuid.UUID
		slices.SortFunc(all, orders[f.Sort])
		for _, n := range all {
			if f.Types == nil && n.size >= 2 && n.size <= 3 || slices.Contains(f.Types, n.kind) {
				want = append(want, n.id)
			}
		}
		f.Limit = 4
		require.Equal(t, want, s.pages(t, f), name)
	}
	_, err := files.List(t.Context(), s.Single(s.org), files.Filter{Sort: "size; drop table files", Limit: 1})
	require.ErrorContains(t, err, "unknown_sort")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	other := s.Member(t, s.org, tenancy.Student)
	ids := map[string]uuid.UUID{}
	for name, category := range map[string]string{"100% sure.txt": "", "1000 sure.txt": "", "a_b.txt": "", "aXb.txt": "", `back\slash.txt`: "", "Über.txt": "essays", "ﬁnal STRASSE.txt": "", "' or true --.txt": ""} {
		ids[name] = s.published(t, files.New{Name: name, Category: category, Size: 1}).File
	}
	ids["waiting.txt"] = s.announce(t, files.New{Name: "waiting.txt", Size: 1}).File
	ids["trashed.txt"] = s.published(t, files.New{Name: "trashed.txt", Size: 1}).File
	s.in(t, func(tx *tenancy.Tx) error { _, err := files.Trash(t.Context(), tx, ids["trashed.txt"]); return err })
	cases := []struct {
		name   string
		filter files.Filter
		want   []string
	}{
		{"a percent sign is a letter", files.Filter{Search: "100%"}, []string{"100% sure.txt"}},
		{"an underscore is a letter", files.Filter{Search: "a_b"}, []string{"a_b.txt"}},
		{"a backslash is a letter", files.Filter{Search: `\`}, []string{`back\slash.txt`}},
		{"a quote is a letter", files.Filter{Search: "' or true --"}, []string{"' or true --.txt"}},
		{"case does not matter", files.Filter{Search: "AXB"}, []string{"aXb.txt"}},
		{"a capital of two letters", files.Filter{Search: "über"}, []string{"Über.txt"}},
		{"a ligature is its letters", files.Filter{Search: "FIN"}, []string{"ﬁnal STRASSE.txt"}},
		{"a sharp s is two", files.Filter{Search: "straße"}, []string{"ﬁnal STRASSE.txt"}},
		{"letters and marks", files.Filter{Search: "U\u0308BER"}, []string{"Über.txt"}},
		{"nothing found", files.Filter{Search: "zzz"}, nil},
		{"category", files.Filter{Category: "essays"}, []string{"Über.txt"}},
		{"state", files.Filter{Status: files.Uploading}, []string{"waiting.txt"}},
		{"the trash", files.Filter{Status: files.Deleted}, []string{"trashed.txt"}},
		{"the trash, searched", files.Filter{Status: files.Deleted, Search: "sure"}, nil},
		{"another's", files.Filter{Owner: other}, nil},
		{"one's own, searched", files.Filter{Owner: s.user, Search: "sure", Sort: files.ByName}, []string{"100% sure.txt", "1000 sure.txt"}},
	}
	for _, c := range cases {
		c.filter.Limit = 50
		found, err := files.List(t.Context(), s.Single(s.org), c.filter)
		require.NoError(t, err, c.name)
		var got []string
		for _, v := range found {
			got = append(got, v.Name)
		}
		require.Equal(t, c.want, got, c.name)
	}
	require.Len(t, s.pages(t, files.Filter{Limit: 3}), len(ids)-1, "the trash is left out")
	counts, err := files.CountByStatus(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	require.Equal(t, []files.Count{{Status: files.Uploading, Files: 1}, {Status: files.Published, Files: 8}, {Status: files.Deleted, Files: 1}}, counts)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	ticket := s.published(t, files.New{Name: "a.txt", Description: "d", Category: "c", Size: 1})
	name := "b.txt"
	rename := func(tx *tenancy.Tx) error {
		return files.Update(t.Context(), tx, ticket.File, files.Change{Name: &name})
	}
	s.in(t, rename)
	v, err := files.Get(t.Context(), s.Single(s.org), ticket.File)
	require.NoError(t, err)
	require.Equal(t, []string{"b.txt", "d", "c"}, []string{v.Name, v.Description, v.Category}, "what is not given stays")
	s.in(t, func(tx *tenancy.Tx) error { _, err := files.Trash(t.Context(), tx, ticket.File); return err })
	require.ErrorIs(t, s.InTx(t.Context(), s.org, rename), files.ErrInTrash)
	v, err = files.Get(t.Context(), s.Single(s.org), ticket.File)
	require.NoError(t, err)
	require.Equal(t, files.Deleted, v.Effective())
}

func TestKeysLeadWithTheOrganization(t *testing.T) {
	t.Parallel()
	org, version := tenancy.OrgID(tenancy.NewID()), tenancy.NewID()
	keys := []string{
		files.StagingKey(org, version), files.TailKey(org, version), files.ContentKey(org, version),
		files.RenditionKey(org, version, "thumb"), files.VersionPrefix(org, version),
	}
	for _, key := range keys {
		require.Regexp(t, "^"+org.String()+"/"+version.String(), key)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(keys))), len(keys), "no two kinds share a key")
}
