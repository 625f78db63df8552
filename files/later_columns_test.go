package files_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/files"
)

// TestListAfterANewerSchema proves that lists still answer while the next
// build's migration has already added a column to the view.
func TestListAfterANewerSchema(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	ticket := s.published(t, files.New{Name: "essay.txt", Size: 1})
	_, err := s.Admin(t).Exec(t.Context(), `do $$ begin
		execute 'create or replace view listed_files with (security_invoker = true) as select v.*, ''''::text as added_later from ('
			|| rtrim(pg_get_viewdef('listed_files'::regclass), ';') || ') v';
	end $$`)
	require.NoError(t, err)
	page, err := files.List(t.Context(), s.Single(s.org), files.Filter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page, 1)
	require.Equal(t, ticket.File, page[0].FileID)
}
