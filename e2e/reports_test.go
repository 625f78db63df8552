package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// TestReports: an owner's report is an ordinary file that was scanned, its job is seen, and it
// is no one else's; a teacher has none of the organization.
func TestReports(t *testing.T) {
	s, other := newSchool(t), newSchool(t)
	ctx := testContext(t)
	settled(t, s.Teacher, mustUpload(t, s.Teacher, "volcanoes.txt", []byte(volcanoes)))
	_, err := s.Teacher.RequestReport(ctx, client.NewReport{Kind: "types"})
	refused(t, err, http.StatusForbidden, "report_not_allowed")
	for format, kind := range map[string]string{"pdf": "storage", "xlsx": "types", "csv": "activity", "json": "refusals"} {
		r, err := s.Owner.RequestReport(ctx, client.NewReport{Kind: kind, Format: format})
		require.NoError(t, err)
		for r.State == "waiting" {
			r, err = s.Owner.Report(ctx, r.ID, 20)
			require.NoError(t, err)
		}
		require.Equal(t, "ready", r.State, r.Code)
		file := settled(t, s.Owner, r.FileID)
		require.Equal(t, "published", file.Status, format)
		_, err = other.Owner.Report(ctx, r.ID, 0)
		refused(t, err, http.StatusNotFound, "report_not_found")
		j, err := s.Owner.Job(ctx, "", r.ID, 20)
		require.NoError(t, err)
		require.Equal(t, []string{"analytics.build_report", "succeeded"}, []string{j.Name, j.State})
	}
	made, err := s.Owner.ScheduleReport(ctx, client.NewReportSchedule{Kind: "storage", Every: "month", At: "06:30"})
	require.NoError(t, err)
	require.NotNil(t, made.NextAt)
	require.NoError(t, s.Owner.UnscheduleReport(ctx, made.ID))
}
