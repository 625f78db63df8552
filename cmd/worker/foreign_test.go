package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
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
	"satchel/activities/reconcile"
	"satchel/activities/roster"
	"satchel/activities/scan"
	"satchel/activities/sweep"
	"satchel/activities/webhook"
	"satchel/analytics/reports"
	"satchel/cmd/worker/wiring"
	"satchel/files"
	"satchel/generation/drafts"
	"satchel/generation/providers"
	"satchel/internal/clamd"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/pipelinetest"
	"satchel/internal/queue"
	adapter "satchel/internal/roblox"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/internal/sealed"
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/audit"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/exports"
	"satchel/tenancy/members"
	"satchel/tenancy/operations"
	"satchel/tenancy/people"
	"satchel/tenancy/usage"
	"satchel/tenancy/webhooks"
	"satchel/workers"
	"satchel/workflows/upload"
)

// nothing marks an activity that ends well and does nothing; the digest of the
// other organization proves it.
const nothing = ""

// foreign says of every activity with what code it ends that is given one
// organization's id and what belongs to another: never to be tried again. A new
// activity is not in the table, and fails the test.
var foreign = map[string]string{
	"InspectObject":    "file_not_found",
	"ScanObject":       "file_not_found",
	"RenderPreviews":   "file_not_found",
	"RenderPages":      "file_not_found",
	"TransformPicture": "file_not_found",
	"GiveUpPreviews":   "file_not_found",
	"ReadText":         "file_not_found",
	"GiveUpText":       "file_not_found",

	"InspectPersonalData": "file_not_found",
	"HoldPersonalData":    "file_not_found",
	"GiveUpPersonalData":  "file_not_found",

	"PublishVersion":    "file_not_found",
	"QuarantineVersion": "file_not_found",
	"WithdrawVersion":   "file_not_found",
	"RevokeVersion":     "file_not_found",
	"RescanVersions":    nothing, // the other's id is where to go on in one's own list

	"SendShare":       nothing, // a recipient who is not there waits for no mail
	"SendShareCode":   nothing, // a recipient who is not there has no address
	"AdvanceConsent":  "consent_request_not_found",
	"SendConsentMail": "consent_request_not_found",
	"SendInvitation":  "invitation_not_found",
	"EndInvitation":   nothing, // one that is not there is not open
	"RecordOperation": "operation_not_found",

	"VerifyAuditEvents": nothing, // its input names nothing; it reads its own audit log

	"SendUsageWarning": nothing, // one without a row is not open any more

	"DeliverEvents":     nothing, // one that is not there is over
	"SendWebhookNotice": "webhook_not_found",
	"PurgeEdge":         nothing, // names no more than the organization

	"DispatchNotifications": nothing, // its input names nothing; it reads its own outbox

	"MakeDraft":     "generation_not_found",
	"TakeDraftTurn": "generation_not_found",
	"PublishDraft":  "generation_not_found",
	"EndGeneration": "generation_not_found",

	"BuildReport":       "report_not_found",
	"EndReport":         "report_not_found",
	"PlanSync":          "roblox_connection_not_found",
	"AdvanceAssets":     "roblox_connection_not_found",
	"PublishAssetMap":   "roblox_connection_not_found",
	"ReadFigures":       "roblox_connection_not_found",
	"FinishSync":        "roblox_connection_not_found",
	"PublishPlace":      "roblox_publication_not_found",
	"EndPublication":    "roblox_publication_not_found",
	"EraseRobloxPerson": "roblox_erasure_not_found",

	"WriteExportPart": "export_not_running",
	"FinishExport":    "export_not_found",
	"DiscardExport":   nothing, // one that is not there is not running

	"BeginErasure":   "erasure_not_found",
	"EraseVersions":  nothing, // one that is not there has no versions
	"SettleErasure":  "erasure_not_found",
	"VerifyErasure":  nothing,
	"CertifyErasure": "erasure_not_found",

	"ChangeFiles":     "bulk_change_not_found",
	"ReadRoster":      "roster_import_not_found",
	"CompareRoster":   "roster_import_not_found",
	"TakeRosterTurn":  "roster_import_not_found",
	"ApplyRoster":     "roster_import_not_found",
	"UndoRoster":      "roster_import_not_found",
	"FinishRoster":    "roster_import_not_found",
	"FailRoster":      "roster_import_not_found",
	"CleanRosterRows": "roster_import_not_found",

	"SetOrganizationLimits":  "foreign_organization",
	"SetDefaultPolicies":     "foreign_organization",
	"SetOwner":               "foreign_organization",
	"CheckStorage":           "foreign_organization",
	"RemoveProbes":           "foreign_organization",
	"ActivateOrganization":   "foreign_organization",
	"DiscardOrganization":    "foreign_organization",
	"EndUploads":             "foreign_organization",
	"RestartFiles":           "foreign_organization",
	"BeginDeletion":          "foreign_organization",
	"StopWorkflows":          "foreign_organization",
	"RemoveFiles":            "foreign_organization",
	"DeleteOrganizationRows": "foreign_organization",
	"RollUpOrganizations":    "foreign_organization",

	"ReconcileOrganizations":       "not_platform",
	"ReconcileDueOrganizations":    "not_platform",
	"CheckpointOrganizations":      "not_platform",
	"EndPeople":                    "not_platform",
	"DeleteOldLoginRequests":       "not_platform",
	"DeleteExpiredIdempotencyKeys": "not_platform",
	"PurgeTrash":                   "not_platform",
	"PickUpRosters":                "not_platform",
	"FindUnknownInboxes":           "not_platform",
	"RetryUnavailable":             "not_platform",
	"DropUnusedPictures":           "not_platform",
	"ApplyRetention":               "not_platform",
	"PruneVersions":                "not_platform",
	"DeleteOldEvents":              "not_platform",
	"DeleteOldNotifications":       "not_platform",
}

// theirs is the other organization's: an id for every field by which an input
// can name something.
type theirs struct {
	org tenancy.OrgID
	ids map[string]uuid.UUID
}

// fill makes an input of an organization that names what is the other's. A field
// that it does not know fails the test: someone must say whose it is.
func (o theirs) fill(t *testing.T, org tenancy.OrgID, in reflect.Value) {
	t.Helper()
	for i := range in.NumField() {
		name, field := in.Type().Field(i).Name, in.Field(i)
		switch field.Interface().(type) {
		case reconcile.Cursor:
			field.Set(reflect.ValueOf(reconcile.Cursor{Last: o.org, Current: o.org}))
		case tenancy.OrgID:
			field.Set(reflect.ValueOf(o.org))
			if name == "Org" {
				field.Set(reflect.ValueOf(org))
			}
		case uuid.UUID:
			id, ok := o.ids[name]
			require.True(t, ok, "say in the test what %s.%s names", in.Type(), name)
			field.Set(reflect.ValueOf(id))
		case files.Status:
			field.SetString(string(files.Rejected))
		case drafts.State:
			field.SetString(string(drafts.Failed))
		case reports.State:
			field.SetString(string(reports.Failed))
		case members.State:
			field.SetString(string(members.Revoked))
		case operations.State:
			field.SetString(string(operations.Failed))
		case string:
			field.SetString("some_rule")
		case bool:
			field.SetBool(true)
		case int:
			field.SetInt(1)
		case nil, time.Duration, reconcile.Restore, queue.Places, []operations.Step, *operations.Failure, audit.Verification:
		default:
			require.Fail(t, "say in the test what this field is", "%s.%s", in.Type(), name)
		}
	}
}

// everyActivity builds what the worker registers, on a real database and a real
// store, each activity by its name. There is no Temporal to be reached.
func everyActivity(t *testing.T, a *pipelinetest.Activities, mails *pipelinetest.Mails) map[string]reflect.Value {
	t.Helper()
	fake := clamdtest.Start(t, clamdtest.Scanning(nil))
	var components []queue.Component
	collect := fx.Annotate(func(c []queue.Component) { components = c }, fx.ParamTags(`group:"components"`))
	built := fx.New(fx.NopLogger, wiring.Processes(), fx.Invoke(collect), fx.Provide(
		func() *tenancy.DB { return a.DB }, func() *s3.Store { return a.Store }, func() client.Client { return nil }, func() *keyring.Ring { return nil },
		func() scan.Scanner { return wiring.Scanner{Client: clamd.New(fake.Socket)} },
		func() preview.Tools { return pipelinetest.Tools(pipelinetest.OnePreview) }, func() preview.Config { return preview.Config{} }, func() inspect.Expect { return func(context.Context, string) {} }, func() extract.Tools { return extract.Tools{} }, func() extract.Config { return extract.Config{} },
		pipelinetest.PersonalTools, func() pii.Config { return pii.Config{HeldDays: 30} },
		func() finalize.Cleaner { return a.Cleaner },
		func() scan.Config { return scan.Config{MaxBytes: 1 << 20, Budget: time.Minute} }, func() *spool.Owner { return pipelinetest.OpenSpool(t) },
		func() email.Mailer { return mails },
		func() email.Config {
			return email.Config{InvitationURL: "https://school.test/invitations", APIURL: "https://school.test"}
		},
		func() export.Config {
			return export.Config{PartBytes: pipelinetest.Room, PartEntries: 50, ConcurrentArchives: 1}
		},
		func() people.HashConfig { return people.HashConfig{Key: pipelinetest.HashKey} },
		func() providers.Config { return providers.Config{Currency: "EUR"} }, func() wiring.ModelKeys { return wiring.ModelKeys{} },
		func() kms.Config { return kms.Config{} }, func() adapter.Config { return adapter.Config{URL: "http://127.0.0.1:1"} }, func() wiring.RobloxBudget { return wiring.RobloxBudget{} },
		func() invitation.Config { return invitation.Config{} }, func() sweep.Config { return sweep.Config{} }, func() finalize.RemovalConfig { return finalize.RemovalConfig{} }, func() roster.InboxConfig {
			return roster.InboxConfig{Bucket: s3test.Inbox, Prefix: "inbox/", Every: time.Minute}
		},
		func() *upload.Admission { return nil }, func() workers.Config { return workers.Config{} },
		func() edge.Purger { return nil }, func() webhook.Sender { return nil }, func() notification.ReportsConfig { return notification.ReportsConfig{} }, func() sealed.Config { return sealed.Config{Keys: pipelinetest.SecretsKey} },
		func() prometheus.Registerer { return prometheus.NewRegistry() }, func() *slog.Logger { return slog.New(slog.DiscardHandler) },
		wiring.NewUploads, archives.DefaultLimits, func() (*audit.Signer, error) { return audit.NewSigner(pipelinetest.AuditKey) },
	))
	require.NoError(t, built.Err())
	found := map[string]reflect.Value{}
	for _, c := range components {
		for _, s := range c.Activities {
			v := reflect.ValueOf(s)
			for i := range v.NumMethod() {
				found[v.Type().Method(i).Name] = v.Method(i)
			}
		}
	}
	require.NotEmpty(t, found)
	return found
}

// digest writes down every row of an organization and every object under its
// prefix, from behind the rules.
func digest(t *testing.T, a *pipelinetest.Activities, org tenancy.OrgID) string {
	t.Helper()
	conn := a.Admin(t)
	rows, err := conn.Query(t.Context(), `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	var all strings.Builder
	for _, table := range append(tables, "organizations") {
		key := "organization_id"
		if table == "organizations" {
			key = "id"
		}
		var text *string
		require.NoError(t, conn.QueryRow(t.Context(), fmt.Sprintf("select jsonb_agg(x order by to_jsonb(x)::text)::text from %s x where %s = $1", table, key), org).Scan(&text))
		if text != nil {
			fmt.Fprintln(&all, table, *text)
		}
	}
	for _, b := range []*s3.Bucket{a.Store.Staging, a.Store.Clean, a.Store.Quarantine, a.Store.Audit, a.Store.Exports} {
		require.NoError(t, b.List(t.Context(), org.String(), func(o s3.Object) error {
			_, err := fmt.Fprintln(&all, b.Name(), o.Key, o.Size, o.ETag, o.Modified.UnixNano())
			return err
		}))
		pending, err := b.ListPending(t.Context(), org.String())
		require.NoError(t, err)
		fmt.Fprintln(&all, b.Name(), pending)
	}
	require.NoError(t, conn.Close(t.Context()))
	return all.String()
}

// furnished is an organization with one of everything that an activity can name:
// a version that is ready to be published, one that is, an open upload with bytes
// in the store, an invitation, an operation, an export that is being made.
func furnished(t *testing.T) (*pipelinetest.Activities, []theirs) {
	t.Helper()
	ctx := context.Background()
	a := pipelinetest.NewActivities(t)
	ready, published := a.Scanned(t), a.Scanned(t)
	_, err := a.Publish(published.Version)
	require.NoError(t, err)
	var open files.Created
	invited, operation, exported, warned, source, imported, hook := tenancy.NewID(), tenancy.NewID(), tenancy.NewID(), tenancy.NewID(), tenancy.NewID(), tenancy.NewID(), tenancy.NewID()
	shared, recipient := tenancy.NewID(), tenancy.NewID()
	require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) (err error) {
		if _, err = tx.Exec(ctx, "insert into members (organization_id, user_id, role) values (app.org(), $1, 'teacher') on conflict (organization_id, user_id) do update set role = excluded.role", a.User); err != nil {
			return err // only a member shares
		}
		if _, err = tx.Exec(ctx, "insert into shares (organization_id, id, kind, permission, file_id, created_by) values (app.org(), $1, 'people', 'download', $2, $3)", shared, published.File, a.User); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, "insert into share_recipients (organization_id, share_id, id, email, outside) values (app.org(), $1, $2, 'aunt@else.example', true)", shared, recipient); err != nil {
			return err
		}
		if open, err = files.Create(ctx, tx, files.New{Name: "half.txt", Size: 10, UploadedBy: a.User, TTL: time.Hour}); err != nil {
			return err
		}
		if _, _, err = members.Invite(ctx, tx, members.NewInvitation{ID: invited, Email: "newcomer@school.example", Role: tenancy.Teacher}); err != nil {
			return err
		}
		if _, _, err = exports.Begin(ctx, tx, exported); err != nil {
			return err
		}
		if err = rosters.AddSource(ctx, tx, rosters.Source{ID: source, Name: "SIS"}, a.User); err != nil {
			return err
		}
		if err = rosters.Begin(ctx, tx, rosters.Package{Import: imported, Source: source, Size: 1, SHA256: strings.Repeat("0", 64), ETag: "x"}); err != nil {
			return err
		}
		if err = webhooks.Create(ctx, tx, hook, webhooks.Change{URL: "https://school.example/"}, 0, a.User); err != nil {
			return err
		}
		if err = events.Record(ctx, tx, warned, events.UsageWarning, usage.Raised{}); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, "insert into usage_warnings (organization_id, metric, threshold, event_id, mail) values (app.org(), 'bytes', 80, $1, 'queued')", warned); err != nil {
			return err
		}
		if err = files.InsertBulk(ctx, tx, files.Bulk{ID: operation, Action: files.BulkTrash, Actor: a.User, Files: []uuid.UUID{published.File}}); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, "insert into generations (organization_id, id, requested_by, kind, language, items, provider) values (app.org(), $1, $2, 'quiz', 'en', 1, 'extractive')", operation, a.User); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, "insert into reports (organization_id, id, kind, format, place, from_day, to_day, requested_by) values (app.org(), $1, 'types', 'csv', 'personal', '2026-01-01', '2026-01-01', $2)", operation, a.User); err != nil {
			return err
		}
		for _, sql := range []string{
			`insert into roblox_connections (organization_id, id, name, universe_id, creator_type, creator_id, key_sealed, key_owner, secret_sealed, created_by) values (app.org(), $1, 'c', 1, 'user', 1, 'k', 'user/1', 's', $2)`,
			`insert into roblox_publications (organization_id, id, connection_id, place_id, file_id, version_id, published, content_type, requested_by) values (app.org(), $1, $1, 1, $1, $1, true, 't', $2)`,
			`insert into roblox_erasures (organization_id, id, connection_id, notification_id, roblox_user_id) select app.org(), $1, $1, 'n', 1 where $2::uuid is not null`,
			`insert into consent_requests (organization_id, id, child_id, guardian_id, expires_at) values (app.org(), $1, $2, $2, now() + interval '1 day')`,
		} {
			if _, err = tx.Exec(ctx, sql, operation, a.User); err != nil {
				return err
			}
		}
		return operations.Insert(ctx, tx, operations.Operation{ID: operation, Kind: "rescan", WorkflowID: "w"})
	}))
	_, err = a.Store.Exports.Put(ctx, exports.Prefix(a.Org, exported)+"000001-a.zip", bytes.NewReader([]byte("part")), 4, "")
	require.NoError(t, err)
	require.NoError(t, a.Store.Staging.Prepare(ctx, files.StagingKey(a.Org, open.Version)))
	_, err = a.Store.Staging.Put(ctx, files.TailKey(a.Org, open.Upload), bytes.NewReader([]byte("half")), 4, "")
	require.NoError(t, err)
	_, err = a.Store.Staging.CreateMultipart(ctx, files.StagingKey(a.Org, open.Version))
	require.NoError(t, err)
	var all []theirs
	for _, version := range []uuid.UUID{ready.Version, published.Version, open.Version} {
		all = append(all, theirs{a.Org, map[string]uuid.UUID{"Version": version, "After": version, "Invitation": invited, "Request": operation, "ID": operation, "Operation": operation, "Generation": operation, "Report": operation, "Connection": operation, "Publication": operation, "Erasure": operation, "Change": operation, "Export": exported, "Warning": warned, "Import": imported, "Webhook": hook, "Share": shared, "Recipient": recipient}})
	}
	return a, all
}

// perform runs an activity behind the guard of the platform's workers.
func perform(name string, method reflect.Value, in any) error {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{workers.Guard(prometheus.NewRegistry())}})
	env.RegisterActivityWithOptions(method.Interface(), activity.RegisterOptions{Name: name})
	_, err := env.ExecuteActivity(name, in)
	return err
}

// TestPlatformWorkIsThePlatforms walks all registered activities: those that work
// across organizations are refused to any organization, the platform's alone
// may do them.
func TestPlatformWorkIsThePlatforms(t *testing.T) {
	t.Parallel()
	a := pipelinetest.NewActivities(t)
	refuses := map[string]bool{}
	for name, method := range everyActivity(t, a, &pipelinetest.Mails{}) {
		in := reflect.New(method.Type().In(1)).Elem()
		if _, marked := in.Interface().(tenancy.PlatformWork); !marked {
			continue
		}
		refuses[name] = true
		in.FieldByName("Org").Set(reflect.ValueOf(a.Org))
		var refused *temporal.ApplicationError
		require.ErrorAs(t, perform(name, method, in.Interface()), &refused, name)
		require.Equal(t, "not_platform", refused.Type(), name)
		require.True(t, refused.NonRetryable(), name)
		in.FieldByName("Org").Set(reflect.ValueOf(tenancy.Platform))
		if err := perform(name, method, in.Interface()); errors.As(err, &refused) { // one without its adapters fails otherwise
			require.NotEqual(t, "not_platform", refused.Type(), name)
		}
	}
	want := map[string]bool{}
	for name, code := range foreign {
		if code == "not_platform" {
			want[name] = true
		}
	}
	require.Equal(t, want, refuses)
}

// TestEveryActivityStaysInItsOrganization gives each registered activity one
// organization's id and the ids of another's things: it is refused for good, or
// does nothing, and the other organization's rows and objects are as they were.
func TestEveryActivityStaysInItsOrganization(t *testing.T) {
	t.Parallel()
	b, named := furnished(t)
	mails := &pipelinetest.Mails{}
	own := b.Organization(t, pipelinetest.Room)
	before := digest(t, b, b.Org)
	all := everyActivity(t, b, mails)
	for name, method := range all {
		want, listed := foreign[name]
		require.True(t, listed, "%s: say in foreign how it ends when it is given what is another organization's", name)
		for i, other := range named {
			in := reflect.New(method.Type().In(1)).Elem()
			other.fill(t, own, in)
			err := perform(name, method, in.Interface())
			if want == nothing {
				require.NoError(t, err, "%s %d", name, i)
			} else {
				var refused *temporal.ApplicationError
				require.ErrorAs(t, err, &refused, "%s %d", name, i)
				require.Equal(t, want, refused.Type(), "%s %d: %v", name, i, err)
				require.True(t, refused.NonRetryable(), "%s %d: another attempt would find the same", name, i)
			}
		}
		require.Equal(t, before, digest(t, b, b.Org), "%s touched the other organization", name)
	}
	for name := range foreign {
		require.True(t, all[name].IsValid(), "%s is no activity", name)
	}
	require.Empty(t, mails.All())

	// The same by the organization itself is seen: the digest is not blind.
	for name, seen := range map[string]bool{"WithdrawVersion": true, "RecordOperation": true, "EndInvitation": true, "RescanVersions": false} {
		before := digest(t, b, b.Org)
		in := reflect.New(all[name].Type().In(1)).Elem()
		named[0].fill(t, b.Org, in)
		_ = perform(name, all[name], in.Interface())
		require.Equal(t, seen, before != digest(t, b, b.Org), name)
	}
}
