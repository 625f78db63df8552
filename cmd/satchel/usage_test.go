package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const answer = `{"items": [
	{"day": "2026-03-01", "uploads": 7, "bytes_in": 1048576, "bytes_out": 0, "downloads": 0, "scans": 7, "renditions": 12, "jobs": 0, "active_users": null, "stored_bytes": 1048576},
	{"day": "2026-03-02", "uploads": 1200, "bytes_in": 2147483648, "bytes_out": 512, "downloads": 2, "scans": 1200, "renditions": 0, "jobs": 1, "active_users": 41, "stored_bytes": 2148532224, "ai_input_tokens": 900, "ai_output_tokens": 120, "ai_cost_micro": 3500}],
	"totals": {"uploads": 1207, "bytes_in": 2148532224, "bytes_out": 512, "downloads": 2, "scans": 1207, "renditions": 12, "jobs": 1},
	"limits": {"bytes_used": 8800000000, "bytes_max": 10737418240, "members": 41, "members_max": 50, "max_file_size": 5368709120},
	"warnings": [{"metric": "bytes", "threshold": 80, "percent": 81, "raised_at": "2026-03-02T10:00:00Z", "event_id": "x", "mail": "queued", "mail_code": "mail_unavailable"}]}`

// usageOf runs the command against an API that gives the answer, and tells what
// was asked.
func usageOf(t *testing.T, args ...string) (printed, asked string, err error) {
	t.Helper()
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		_, _ = w.Write([]byte(answer))
	})
	t.Setenv("SATCHEL_ORGANIZATION", "mine")
	printed, err = command(t, api, append([]string{"org", "usage"}, args...)...)
	return printed, asked, err
}

func TestUsageForPeople(t *testing.T) {
	printed, asked, err := usageOf(t, "--from", "2026-03-01", "--to", "2026-03-02")
	require.NoError(t, err)
	require.Equal(t, "/api/v1/organizations/mine/usage?from=2026-03-01&to=2026-03-02", asked)
	require.Equal(t, `         DAY  UPLOADS       IN    OUT  DOWNLOADS  SCANS  PREVIEWS  JOBS  PEOPLE   STORED
  2026-03-01        7  1.0 MiB    0 B          0      7        12     0       *  1.0 MiB
  2026-03-02     1200  2.0 GiB  512 B          2   1200         0     1      41  2.0 GiB
       total     1207  2.0 GiB  512 B          2   1207        12     1

storage       [################....]  81 %  8.2 GiB of 10.0 GiB  passed 80 % on 2026-03-02: mail waits (mail_unavailable)
seats         [################....]  82 %  41 of 50
largest file                                5.0 GiB
`, printed)
}

func TestUsageForPrograms(t *testing.T) {
	printed, asked, err := usageOf(t, "another", "--json")
	require.NoError(t, err)
	require.Equal(t, "/api/v1/organizations/another/usage?", asked)
	var u usage
	require.NoError(t, json.Unmarshal([]byte(printed), &u))
	require.EqualValues(t, 1207, u.Totals.Uploads)
	require.Equal(t, "bytes", u.Warnings[0].Metric)

	printed, _, err = usageOf(t, "--csv")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	require.Equal(t, "day,uploads,bytes_in,bytes_out,downloads,scans,renditions,jobs,active_users,stored_bytes,ai_input_tokens,ai_output_tokens,ai_cost_micro", lines[0])
	require.Equal(t, "2026-03-02,1200,2147483648,512,2,1200,0,1,41,2148532224,900,120,3500", lines[2])
	_, _, err = usageOf(t, "--csv", "--json")
	require.ErrorContains(t, err, "choose one")
}

func TestSharesAndBars(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		used, most int64
		percent    int
		bar        string
	}{
		{0, 0, 0, "[....................]"}, {1, 0, 100, "[####################]"}, {4, 100, 4, "[....................]"},
		{799, 1000, 79, "[###############.....]"}, {3000, 1000, 300, "[####################]"}, {1 << 62, 1<<63 - 1, 50, "[##########..........]"},
	} {
		require.Equal(t, c.percent, percent(c.used, c.most))
		require.Equal(t, c.bar, bar(c.percent))
	}
}
