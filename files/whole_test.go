package files_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// TestStepsAreToldWithThePublication: the steps of a small file and its publication are events of one change of the file's
// row, in their order, and a step that a worker which died has left is told to have failed.
func TestStepsAreToldWithThePublication(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	made, err := s.create(files.New{Size: 10, Received: &files.Received{Size: 10, SHA256: oneSum, ETag: "staged"}})
	require.NoError(t, err)
	q := s.Single(s.org)
	_, err = q.Exec(t.Context(), "insert into version_steps (organization_id, version_id, name, state) values (app.org(), $1, 'preview', 'running')", made.Version)
	require.NoError(t, err)
	now := time.Now()
	whole := files.Whole{
		Inspection: files.Inspection{MimeType: "text/plain"}, Verdict: files.Verdict{Verdict: verdict.Clean, SHA256: oneSum}, ObjectETag: "clean", Preview: files.PreviewNone,
		Steps: []files.DoneStep{{Name: files.StepInspect, Began: now.Add(-3 * time.Second), Ended: now.Add(-2 * time.Second)}, {Name: files.StepScan, Began: now.Add(-2 * time.Second), Ended: now}},
	}
	for range 2 { // the second finds it published
		s.in(t, func(tx *tenancy.Tx) error { return files.PublishWhole(t.Context(), tx, made.Version, whole) })
	}
	rows, err := q.Query(t.Context(), `select concat_ws(' ', seq, type, data ->> 'name', data ->> 'state', data ->> 'status') from file_events where file_id = $1 order by seq`, made.File)
	require.NoError(t, err)
	told, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"1 status processing", "2 step preview running", "3 step inspect done", "4 step scan done", "5 status published", "6 step preview failed"}, told)
	var last int64
	require.NoError(t, q.QueryRow(t.Context(), "select event_seq from files where id = $1", made.File).Scan(&last))
	require.EqualValues(t, 6, last)
}
