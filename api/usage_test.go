package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/api/usage"
	"satchel/tenancy"
)

func TestUsageShowsWhatHappened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, teacher := b.person(org, tenancy.Owner), b.person(org, tenancy.Teacher)
	f := teacher.published("essay.txt", lorem)
	teacher.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
	teacher.call(get, at(f.ID, "/content"), nil, "Range", "bytes=0-9").is(http.StatusPartialContent)
	teacher.call(get, at(f.ID, "/content"), nil, "Range", "bytes=10-19").is(http.StatusPartialContent)
	teacher.call(head, at(f.ID, "/content"), nil).is(http.StatusOK)
	owner.call(get, storagePath+"/files", nil).is(http.StatusOK)
	path := "/api/v1/organizations/" + org.String() + "/usage"
	var v usage.UsageView
	// A request is counted when it is over, which its caller may see a moment before.
	require.Eventually(t, func() bool {
		require.NoError(t, b.api.Meter.Flush(t.Context()))
		v = read[usage.UsageView](owner.call(get, path, nil).is(http.StatusOK))
		return v.Totals.BytesOut == int64(len(lorem))+20 && v.Items[len(v.Items)-1].ActiveUsers == 2
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, usage.UsageSums{Uploads: 1, BytesIn: int64(len(lorem)), BytesOut: int64(len(lorem)) + 20, Downloads: 2, Scans: 1}, v.Totals)
	require.EqualValues(t, len(lorem), v.Items[len(v.Items)-1].StoredBytes)
	require.EqualValues(t, 2, v.Limits.Members)
	require.EqualValues(t, len(lorem), v.Limits.BytesUsed)

	day := time.Now().UTC().Format(time.DateOnly)
	table := owner.call(get, path+"?from="+day+"&to="+day, nil, "Accept", "text/csv").is(http.StatusOK)
	require.Equal(t, `attachment; filename="usage-`+day+`-`+day+`.csv"`, table.header.Get("Content-Disposition"))
	lines := strings.Split(string(table.body), "\r\n")
	require.Equal(t, "day,uploads,bytes_in,bytes_out,downloads,scans,renditions,jobs,active_users,stored_bytes", lines[0])
	require.Equal(t, day+",1,19000,19020,2,1,0,0,2,19000", lines[1])
	require.Len(t, lines, 3)

	for query, code := range map[string]string{
		"?from=yesterday": "invalid_from", "?to=2026-13-01": "invalid_to", "?format=xml": "invalid_format",
		"?from=2026-01-02&to=2026-01-01": "invalid_range", "?from=2024-01-01&to=2026-01-01": "invalid_range",
	} {
		owner.call(get, path+query, nil).refused(http.StatusBadRequest, code)
	}
	b.person(b.organization(), tenancy.Owner).call(get, path, nil).refused(http.StatusNotFound, "organization_not_found")
	teacher.call(get, path, nil).refused(http.StatusForbidden, "not_granted")
}
