package main

import (
	"flag"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/edge"
	"satchel/activities/email"
	"satchel/activities/export"
	"satchel/activities/extract"
	"satchel/activities/finalize"
	"satchel/activities/inspect"
	"satchel/activities/invitation"
	"satchel/activities/notification"
	"satchel/activities/pii"
	"satchel/activities/preview"
	"satchel/activities/roster"
	"satchel/activities/scan"
	"satchel/activities/sweep"
	"satchel/activities/webhook"
	"satchel/cmd/worker/wiring"
	"satchel/generation/providers"
	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/pipelinetest"
	"satchel/internal/queue"
	adapter "satchel/internal/roblox"
	"satchel/internal/s3"
	"satchel/internal/sealed"
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/tenancy/people"
	"satchel/workers"
	"satchel/workflows/upload"
)

var update = flag.Bool("update", false, "write the golden files")

func TestWiring(t *testing.T) {
	t.Parallel()
	require.NoError(t, fx.ValidateApp(wiring.App()))
}

// components builds what the program registers, on adapters that reach nothing.
func components(t *testing.T) []queue.Component {
	t.Helper()
	var found []queue.Component
	collect := fx.Annotate(func(c []queue.Component) { found = c }, fx.ParamTags(`group:"components"`))
	built := fx.New(fx.NopLogger, wiring.Processes(), fx.Invoke(collect), fx.Provide(
		func() *tenancy.DB { return nil },
		func() *s3.Store { return &s3.Store{} },
		func() client.Client { return nil }, func() *keyring.Ring { return nil },
		func() scan.Scanner { return nil },
		func() preview.Tools { return preview.Tools{} }, func() preview.Config { return preview.Config{} }, func() inspect.Expect { return nil }, func() extract.Tools { return extract.Tools{} }, func() extract.Config { return extract.Config{} },
		pipelinetest.PersonalTools, func() pii.Config { return pii.Config{HeldDays: 30} },
		func() finalize.Cleaner { return finalize.Cleaner{} },
		func() scan.Config { return scan.Config{} }, func() *spool.Owner { return nil },
		func() email.Mailer { return nil },
		func() email.Config {
			return email.Config{InvitationURL: "http://127.0.0.1/invitations", APIURL: "http://127.0.0.1"}
		},
		func() invitation.Config { return invitation.Config{} }, func() people.HashConfig { return people.HashConfig{Key: pipelinetest.HashKey} },
		func() sweep.Config { return sweep.Config{} }, func() finalize.RemovalConfig { return finalize.RemovalConfig{} }, func() roster.InboxConfig { return roster.InboxConfig{Every: time.Minute} },
		func() export.Config { return export.Config{} },
		func() providers.Config { return providers.Config{Currency: "EUR"} }, func() wiring.ModelKeys { return wiring.ModelKeys{} },
		func() kms.Config { return kms.Config{} }, func() adapter.Config { return adapter.Config{URL: "http://127.0.0.1:1"} }, func() wiring.RobloxBudget { return wiring.RobloxBudget{} },
		func() *upload.Admission { return nil }, func() webhook.Sender { return nil }, func() edge.Purger { return nil }, func() notification.ReportsConfig { return notification.ReportsConfig{} }, func() sealed.Config { return sealed.Config{Keys: pipelinetest.SecretsKey} },
		func() prometheus.Registerer { return prometheus.NewRegistry() }, func() *slog.Logger { return slog.New(slog.DiscardHandler) },
		func() workers.Config { return workers.Config{} },
		wiring.NewUploads, archives.DefaultLimits, func() (*audit.Signer, error) { return audit.NewSigner(pipelinetest.AuditKey) },
	))
	require.NoError(t, built.Err())
	return found
}

// TestNames makes every rename of something that Temporal persists a reviewed
// difference.
func TestNames(t *testing.T) {
	t.Parallel()
	const golden = "../../workers/testdata/names.golden"
	names := workers.Names(components(t))
	got := strings.Join(names, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "Temporal persists these names: add and keep, or version; then go test ./cmd/worker -update")
}

// shared are one method on several queues, each with its reason.
var shared = map[string]string{
	"RenderPreviews":   "pictures where scans are done, and what needs programs that take long where it delays none",
	"RenderPages":      "is a method beside RenderPreviews",
	"TransformPicture": "is a method beside RenderPreviews",
}

// TestNamesAreUnique: the SDK keeps a method's name and nothing of its package.
func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, line := range workers.Names(components(t)) {
		fields := strings.Fields(line)
		if kind, name := fields[1], fields[2]; kind != "schedule" {
			require.False(t, seen[kind+name] && shared[name] == "", "%s %s exists twice", kind, name)
			seen[kind+name] = true
		}
	}
}

// TestEveryKindOfJobHasItsWorkflow: a row of a kind whose workflow no worker knows would
// wait for ever. What has no workflow is a sweep of the worker.
func TestEveryKindOfJobHasItsWorkflow(t *testing.T) {
	t.Parallel()
	parts := components(t)
	known, scheduled, swept, activities := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, line := range workers.Names(parts) {
		fields := strings.Fields(line)
		known[fields[2]] = known[fields[2]] || fields[1] == "workflow"
		activities[fields[2]] = activities[fields[2]] || fields[1] == "activity"
		scheduled[fields[len(fields)-1]] = scheduled[fields[len(fields)-1]] || fields[1] == "schedule"
	}
	for _, c := range parts {
		for _, s := range c.Sweeps {
			kind := workers.SweepKind(s.Name)
			require.False(t, swept[kind], "sweep %s exists twice", s.Name)
			swept[kind] = true
			require.Contains(t, operations.Kinds, kind, "add sweep %s to tenancy/operations/kinds.go", s.Name)
		}
	}
	for name, kind := range operations.Kinds {
		if kind.Workflow == "" {
			require.True(t, kind.Sweep && swept[name], "%s: no worker has this sweep", name)
			continue
		}
		require.True(t, known[kind.Workflow], "%s: no worker has %s", name, kind.Workflow)
		require.True(t, kind.Ends == "" || activities[kind.Ends], "%s: no worker has %s", name, kind.Ends)
		require.True(t, !kind.Sweep || scheduled[kind.Workflow], "%s is not scheduled", name)
	}
	for workflow := range scheduled {
		_, _, found := operations.OfWorkflow(workflow)
		require.True(t, found || !scheduled[workflow], "%s is no kind of job: add it to tenancy/operations/kinds.go", workflow)
	}
}

// TestSweepsAreBounded: a sweep is for what is looked for often; what comes every ten
// minutes or less often is a schedule, which operators see.
func TestSweepsAreBounded(t *testing.T) {
	t.Parallel()
	for _, c := range components(t) {
		for _, s := range c.Sweeps {
			require.Greater(t, s.Every, time.Second, s.Name)
			require.LessOrEqual(t, s.Every, 2*time.Minute, s.Name)
			require.NotNil(t, s.Run, s.Name)
		}
		for _, s := range c.Schedules {
			require.True(t, s.Every >= 10*time.Minute || s.ID == "pick-up-rosters", "%s: each of its runs is a history in Temporal; make it a sweep", s.ID) // whose interval is a setting
		}
	}
}

// TestNoNameCarriesItsKind keeps the imperative verb and noun.
func TestNoNameCarriesItsKind(t *testing.T) {
	t.Parallel()
	for _, line := range workers.Names(components(t)) {
		name := strings.Fields(line)[2]
		require.False(t, slices.ContainsFunc([]string{"Workflow", "Activity"}, func(s string) bool { return strings.HasSuffix(name, s) }), name)
	}
}
