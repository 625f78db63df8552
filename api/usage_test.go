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
		return v.Totals.BytesOut == int64(len(lorem))+20 && v.Items[len(v.Items)-1].ActiveUsers == nil
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, usage.UsageSums{Uploads: 1, BytesIn: int64(len(lorem)), BytesOut: int64(len(lorem)) + 20, Downloads: 2, Scans: 1}, v.Totals)
	require.Nil(t, v.Items[len(v.Items)-1].ActiveUsers, "two people are too few to be shown")
	require.Zero(t, *v.Items[0].ActiveUsers)
	_, err := b.db.Single(org).Exec(t.Context(), "insert into usage_active (organization_id, day, user_id) select app.org(), (now() at time zone 'UTC')::date, u.id from generate_series(1, 8) n, lateral (select gen_random_uuid() as id where n > 0) u")
	require.NoError(t, err)
	_, err = b.db.Single(org).Exec(t.Context(), "insert into generation_spending (organization_id, period, starts_on, spent_micro, calls, input_tokens, output_tokens) values (app.org(), 'day', (now() at time zone 'UTC')::date, 70, 2, 900, 100)")
	require.NoError(t, err)
	w := read[usage.UsageView](owner.call(get, path, nil).is(http.StatusOK))
	require.EqualValues(t, 10, *w.Items[len(w.Items)-1].ActiveUsers)
	require.EqualValues(t, 70, w.Totals.CostMicro)
	require.EqualValues(t, 900, w.Items[len(w.Items)-1].InputTokens)
	require.Len(t, w.Currency, 3)
	_, err = b.db.Single(org).Exec(t.Context(), "delete from generation_spending")
	require.NoError(t, err)
	_, err = b.db.Single(org).Exec(t.Context(), "delete from usage_active where user_id not in (select user_id from members)")
	require.NoError(t, err)
	require.EqualValues(t, 2, v.Limits.Members)
	require.EqualValues(t, len(lorem), v.Limits.BytesUsed)

	day := time.Now().UTC().Format(time.DateOnly)
	table := owner.call(get, path+"?from="+day+"&to="+day, nil, "Accept", "text/csv").is(http.StatusOK)
	require.Equal(t, `attachment; filename="usage-`+day+`-`+day+`.csv"`, table.header.Get("Content-Disposition"))
	lines := strings.Split(string(table.body), "\r\n")
	require.Equal(t, "day,uploads,bytes_in,bytes_out,downloads,scans,renditions,jobs,active_users,stored_bytes,ai_input_tokens,ai_output_tokens,ai_cost_micro", lines[0])
	require.Equal(t, day+",1,19000,19020,2,1,0,0,*,19000,0,0,0", lines[1])
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
