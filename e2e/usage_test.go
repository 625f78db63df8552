package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"satchel/tenancy"
	"satchel/workflows/usage"
)

// shown is GET …/usage as far as these tests look.
type shown struct {
	Items []struct {
		Day         string
		ActiveUsers *int64 `json:"active_users"`
		StoredBytes int64 `json:"stored_bytes"`
	}
	Totals struct {
		Uploads, Downloads, Scans, Renditions, Jobs int64
		BytesIn                                     int64 `json:"bytes_in"`
		BytesOut                                    int64 `json:"bytes_out"`
	}
	Warnings []struct {
		Metric, Mail string
		Threshold    int
		Event        string `json:"event_id"`
	}
}

func (s school) usage(t *testing.T) (u shown) {
	t.Helper()
	require.NoError(t, s.Owner.Call(testContext(t), http.MethodGet, "/api/v1/organizations/"+s.ID+"/usage", nil, &u))
	return u
}

func temporal(t *testing.T) client.Client {
	t.Helper()
	c, err := client.DialContext(testContext(t), client.Options{HostPort: local.Temporal, Namespace: "satchel"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// TestUsageIsExact uploads, downloads, looks at a preview, and is shown these
// numbers and no others, however often they are rolled up.
func TestUsageIsExact(t *testing.T) {
	t.Parallel()
	s, ctx := newSchool(t), testContext(t)
	content, picture := text(300_000), photo(t)
	essay := settled(t, s.Student, mustUpload(t, s.Student, "essay.txt", content))
	require.Equal(t, "published", essay.Status)
	image := settled(t, s.Student, mustUpload(t, s.Student, "photo.jpg", picture))
	require.NotEmpty(t, image.Renditions)
	require.NotEmpty(t, essay.Renditions)
	_, err := download(t, s.Student, essay.ID)
	require.NoError(t, err)
	preview, err := url.Parse(image.Renditions[0].URL)
	require.NoError(t, err)
	resp, err := s.Student.Send(ctx, http.MethodGet, preview.RequestURI(), nil, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())

	out := int64(len(content)) + image.Renditions[0].Size
	require.Eventually(t, func() bool { return s.usage(t).Totals.BytesOut >= out }, patience, 200*time.Millisecond, "what left is written down within seconds")
	org, err := tenancy.ParseOrgID(s.ID)
	require.NoError(t, err)
	for i := range 2 {
		o := client.StartWorkflowOptions{ID: fmt.Sprintf("e2e-roll-up/%s/%d", s.ID, i), TaskQueue: "batch"}
		run, err := temporal(t).ExecuteWorkflow(ctx, o, usage.RollUpUsage, usage.RollUpUsageInput{Org: org})
		require.NoError(t, err)
		require.NoError(t, run.Get(ctx, nil))
		u := s.usage(t)
		require.EqualValues(t, 2, u.Totals.Uploads)
		require.EqualValues(t, len(content)+len(picture), u.Totals.BytesIn)
		require.Equal(t, out, u.Totals.BytesOut)
		require.EqualValues(t, 1, u.Totals.Downloads, "a preview is none")
		require.EqualValues(t, 2, u.Totals.Scans)
		require.EqualValues(t, len(image.Renditions)+len(essay.Renditions), u.Totals.Renditions)
		require.Zero(t, u.Totals.Jobs)
		require.EqualValues(t, len(content)+len(picture), u.Items[len(u.Items)-1].StoredBytes)
		require.Empty(t, u.Warnings)
	}

	program := filepath.Join(t.TempDir(), "satchel")
	said, err := exec.CommandContext(ctx, "go", "build", "-o", program, "../cmd/satchel").CombinedOutput()
	require.NoError(t, err, string(said))
	cmd := exec.CommandContext(ctx, program, "org", "usage", s.ID, "--csv")
	cmd.Env = append(os.Environ(), "SATCHEL_API="+local.API, "SATCHEL_TOKEN="+s.Owner.Token)
	said, err = cmd.Output()
	require.NoError(t, err, string(said))
	require.Contains(t, string(said), fmt.Sprintf(",2,%d,%d,1,2,%d,0,", len(content)+len(picture), out, len(image.Renditions)+len(essay.Renditions)))
}

// TestUsageWarningReachesTheMailbox fills a school to 85 % and has the mail server
// take the warning.
func TestUsageWarningReachesTheMailbox(t *testing.T) {
	t.Parallel()
	s, ctx := newSchool(t), testContext(t)
	path := "/api/v1/organizations/" + s.ID
	require.NoError(t, s.Owner.Call(ctx, http.MethodPatch, path, map[string]string{"contact_email": "office@school.example"}, nil))
	s.setQuota(t, map[string]any{"max": 1_000_000})
	require.Equal(t, "published", settled(t, s.Student, mustUpload(t, s.Student, "large.txt", text(850_000))).Status)
	require.NoError(t, temporal(t).ScheduleClient().GetHandle(ctx, "roll-up-usage").Trigger(ctx, client.ScheduleTriggerOptions{}))
	require.Eventually(t, func() bool {
		w := s.usage(t).Warnings
		return len(w) == 1 && w[0].Mail == "sent"
	}, patience, 200*time.Millisecond)
	w := s.usage(t).Warnings[0]
	require.Equal(t, "bytes 80", fmt.Sprint(w.Metric, " ", w.Threshold))
	var events struct {
		Items []struct{ ID, Type string }
	}
	require.NoError(t, s.Owner.Call(ctx, http.MethodGet, path+"/events?limit=100", nil, &events))
	var warned []string
	for _, e := range events.Items {
		if e.Type == "usage.warning" {
			warned = append(warned, e.ID)
		}
	}
	require.Equal(t, []string{w.Event}, warned)
}
