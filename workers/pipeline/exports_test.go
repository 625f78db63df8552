package pipeline_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/activities/export"
	"satchel/activities/reconcile"
	"satchel/cmd/worker/wiring"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/pipelinetest"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/exports"
)

// dying is a bucket whose process dies at one of its calls: the call works, or
// not, and nothing after it does.
type dying struct {
	wiring.ExportBucket
	at    string
	death context.CancelFunc
}

func (d *dying) dies(at string) error {
	if d.at != at {
		return nil
	}
	d.at = ""
	d.death()
	return context.Canceled
}

func (d *dying) PutPart(ctx context.Context, key, upload string, number int, body *bytes.Reader) (string, error) {
	if err := d.dies("before piece"); err != nil {
		return "", err
	}
	etag, err := d.ExportBucket.PutPart(ctx, key, upload, number, body)
	if died := d.dies("after piece"); died != nil {
		return "", died
	}
	return etag, err
}

func (d *dying) CompleteMultipart(ctx context.Context, key, upload string, etags []string) (string, error) {
	etag, err := d.ExportBucket.CompleteMultipart(ctx, key, upload, etags)
	if died := d.dies("after join"); died != nil {
		return "", died
	}
	return etag, err
}

// exporter is the activities of an export on a real database and a real store.
func (a *activities) exporter(t *testing.T, partBytes int64, s export.Bucket) *export.Activities {
	t.Helper()
	if s == nil {
		s = wiring.NewExportBucket(a.Store)
	}
	return export.New(a.DB, s, a.Store.Clean, a.Workflows, export.Config{PartBytes: partBytes, PartEntries: 50, ConcurrentArchives: 1})
}

func (a *activities) beginExport(t *testing.T) uuid.UUID {
	t.Helper()
	id := tenancy.NewID()
	require.NoError(t, a.InTx(t.Context(), a.Org, func(tx *tenancy.Tx) error {
		_, begun, err := exports.Begin(t.Context(), tx, id)
		require.True(t, begun)
		return err
	}))
	return id
}

// publishNamed puts a published file into the clean bucket.
func (a *activities) publishNamed(t *testing.T, name string, content []byte) files.Created {
	t.Helper()
	ticket := a.ScannedAs(t, name, content)
	_, err := a.Publish(ticket.Version)
	require.NoError(t, err)
	return ticket
}

func writeAll(t *testing.T, x *export.Activities, org tenancy.OrgID, id uuid.UUID) export.FinishExportResult {
	t.Helper()
	for n, end := 1, false; !end; n++ {
		part, err := x.WriteExportPart(t.Context(), export.WriteExportPartInput{Org: org, Export: id, Part: n})
		require.NoError(t, err)
		end = part.End
	}
	result, err := x.FinishExport(t.Context(), export.FinishExportInput{Org: org, Export: id})
	require.NoError(t, err)
	return result
}

// unpack reads every part of an export and holds each entry against the manifest
// of its part, and each part against its row.
func unpack(t *testing.T, b *pipelinetest.Bench, id uuid.UUID) (entries map[string][]byte, problems []export.ManifestEntry) {
	t.Helper()
	parts, err := exports.Parts(t.Context(), b.Single(b.Org), id)
	require.NoError(t, err)
	entries = map[string][]byte{}
	for i, p := range parts {
		require.Equal(t, i+1, p.Number)
		require.Equal(t, i == len(parts)-1, p.End)
		packed := read(t, b.Store.Exports, p.Key)
		require.Len(t, packed, int(p.Size))
		require.Equal(t, sumOf(packed), p.SHA256)
		z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
		require.NoError(t, err)
		require.Len(t, z.File, p.Entries)
		own := map[string][]byte{}
		for _, f := range z.File {
			r, err := f.Open()
			require.NoError(t, err)
			own[f.Name], err = io.ReadAll(r)
			require.NoError(t, err, f.Name)
		}
		require.Equal(t, export.Manifest, z.File[len(z.File)-1].Name)
		told := 1
		for text := range strings.Lines(string(own[export.Manifest])) {
			var l export.ManifestEntry
			require.NoError(t, json.Unmarshal([]byte(text), &l))
			if l.Problem != "" {
				problems = append(problems, l)
				continue
			}
			require.Equal(t, sumOf(own[l.Entry]), l.SHA256, l.Entry)
			require.Len(t, own[l.Entry], int(l.Size))
			told++
		}
		require.Len(t, own, told, "every entry is in the manifest")
		for name, content := range own {
			if name != export.Manifest {
				require.NotContains(t, entries, name)
				entries[name] = content
			}
		}
	}
	return entries, problems
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func jsonRows(t *testing.T, content []byte) (found []map[string]any) {
	t.Helper()
	for text := range strings.Lines(string(content)) {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &row))
		found = append(found, row)
	}
	return found
}

// TestExportHoldsEverythingAndNothingElse fills two organizations alike and looks
// at every entry of one's export.
func TestExportHoldsEverythingAndNothingElse(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := t.Context()
	foreign := []string{a.Org.String(), a.User.String()}
	fill := func() (published []files.Created) {
		a.Org = a.Organization(t, room)
		a.User = a.Member(t, a.Org, tenancy.Student)
		parent := a.Member(t, a.Org, tenancy.Parent)
		for _, sql := range []string{
			"insert into invitations (organization_id, id, email, role, expires_at) values (app.org(), $1, 'open@school.example', 'teacher', now() + interval '1 day')",
			"insert into usage_days (organization_id, day, uploads, rolled_at) values (app.org(), '2026-01-01', 3, now())",
		} {
			args := []any{tenancy.NewID()}[:strings.Count(sql, "$1")]
			_, err := a.Single(a.Org).Exec(ctx, sql, args...)
			require.NoError(t, err)
		}
		_, err := a.Single(a.Org).Exec(ctx, "insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $1)", parent, a.User)
		require.NoError(t, err)
		_, err = a.Single(a.Org).Exec(ctx, "insert into people (organization_id, user_id, kind, display_name) values (app.org(), $1, 'guardian', 'Zoë Adams')", parent)
		require.NoError(t, err)
		_, err = a.Single(a.Org).Exec(ctx, "insert into login_rules (organization_id, id, issuer, tenant_claim, tenant_value) values (app.org(), $1, 'i', 'hd', 'school.example')", parent)
		require.NoError(t, err)
		for i, name := range []string{"Grüße – 你好.txt", `..\..\evil?.txt`, "con.txt", "same.txt", "same.txt"} {
			published = append(published, a.publishNamed(t, name, fmt.Appendf(nil, "content %d of %s", i, a.Org)))
		}
		a.Trash(t, published[4].File)
		a.Receive(t, "waiting.txt", []byte("not checked yet"))
		foreign = append(foreign, a.Org.String(), a.User.String(), parent.String())
		return published
	}
	fill()
	others := foreign
	own := fill()
	id := a.beginExport(t)
	result := writeAll(t, a.exporter(t, 60, nil), a.Org, id)
	require.EqualValues(t, 4, result.Files)
	require.Zero(t, result.Missing)
	require.Greater(t, len(result.Parts), 3, "parts are bounded")
	entries, problems := unpack(t, &a.Bench, id)
	require.Empty(t, problems)

	content := map[string]string{}
	for name, b := range entries {
		for _, other := range others {
			require.NotContains(t, string(b), other, "another organization's data in %s", name)
		}
		if strings.HasPrefix(name, "files/") {
			content[name] = string(b)
		}
	}
	want := map[string]string{}
	for i, name := range []string{"Grüße – 你好.txt", ".._.._evil_.txt", "_con.txt", "same.txt"} {
		want[fmt.Sprintf("files/%s/1/%s", own[i].File, name)] = fmt.Sprintf("content %d of %s", i, a.Org)
	}
	require.Equal(t, want, content, "live versions, under names that every system can keep")

	var about struct {
		Format       string
		Organization struct{ ID string }
		Quota        map[string]int64
	}
	require.NoError(t, json.Unmarshal(entries["organization.json"], &about))
	require.Equal(t, export.Format, about.Format)
	require.Equal(t, a.Org.String(), about.Organization.ID)
	require.Positive(t, about.Quota["used_bytes"])
	require.Contains(t, entries, "policies.json")
	for name, n := range map[string]int{"members.ndjson": 2, "people.ndjson": 1, "login-rules.ndjson": 1, "invitations.ndjson": 1, "guardians.ndjson": 1, "classes.ndjson": 0, "spaces.ndjson": 1, "folders.ndjson": 0, "keys.ndjson": 0, "files.ndjson": 6, "shares.ndjson": 0, "disclosure-rules.ndjson": 0, "records.ndjson": 0, "disclosures.ndjson": 0, "directory-opt-outs.ndjson": 0, "amendments.ndjson": 0, "disclosure-consents.ndjson": 0, "usage.ndjson": 1} {
		require.Len(t, jsonRows(t, entries[name]), n, name)
	}
	file := jsonRows(t, entries["files.ndjson"])[0]
	require.Equal(t, "Grüße – 你好.txt", file["name"], "as people gave it")
	require.Len(t, file["versions"], 1)
	chain := audit.Chain{Organization: a.Org.String()}
	var events int
	for text := range strings.Lines(string(entries["audit.ndjson"])) {
		var l audit.Line
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		require.NoError(t, chain.Next(l), "the exported audit log verifies")
		events++
	}
	require.Positive(t, events)
	found, err := a.Checker.Check(ctx, a.Org, reconcile.Options{})
	require.NoError(t, err)
	for _, f := range found {
		require.NotEqual(t, reconcile.OrphanExport, f.Kind, "the reconciler knows the export")
	}
}

// TestEveryTenantTableIsExportedOrNamed: a new table is exported, or here it says
// why not.
func TestEveryTenantTableIsExportedOrNamed(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	known := map[string]string{
		"members": "", "invitations": "", "guardianships": "", "api_keys": "", "files": "", "file_versions": "", "usage_days": "", "audit_events": "",
		"storage_quotas": "", "organization_policies": "", "people": "", "login_rules": "",
		"roster_sources": "", "schools": "", "terms": "", "classes": "", "class_members": "", "spaces": "", "space_grants": "", "folders": "",
		"folder_links": "", "file_links": "", "hand_ins": "", "stars": "", "file_tags": "",
		"shares": "", "share_recipients": "", "share_accesses": "", "disclosure_rules": "", "record_classes": "", "record_students": "", "disclosures": "", "disclosure_students": "", "directory_opt_outs": "", "amendments": "", "record_statements": "", "disclosure_consents": "", "break_glass_reviews": "",
		"share_downloads": "what the accesses tell", "share_drops": "what the accesses and the files tell", "share_attempts": "wrong passwords, by the hash of an address", "share_codes": "hashes, for ten minutes",
		"bulk_changes": "what the audit log speaks of, for 30 days", "bulk_items": "what the audit log speaks of, for 30 days",
		"space_members": "follows from classes, roles and access that was given", "folder_paths": "follows from the folders",
		"notifications":  "ids of what the audit log speaks of",
		"mail_addresses": "where a person wants mail, for themselves alone", "notification_preferences": "what a person wants to be told", "notification_settings": "how a person is written to",
		"mail_suppressions": "hashes of addresses", "notification_mails": "what was sent, for 90 days",
		"roster_imports": "what the audit log speaks of", "roster_pickups": "what the audit log speaks of", "roster_rows": "rows of a roster, which its source has", "roster_changes": "applied to the tables above",
		"roster_batches": "how far an import came", "roster_agents": "who a roster says is whose, as guardians are",
		"login_requests": "logins that no one has linked, and what the audit log speaks of",
		"audit_heads":    "follows from the audit log", "organization_setups": "is empty once there is something to export",
		"file_names": "follow from the files", "file_texts": "are read from the files", "pii_inspections": "are read from the files", "pii_findings": "places in the files, which are exported", "recents": "what a person opened last, for their own list",
		"renditions": "are made from the files", "transformations": "are made from the files", "zips": "lists for downloads, kept for a day", "zip_entries": "lists for downloads, kept for a day", "version_steps": "how a file was checked", "file_events": "how a file was checked",
		"uploads": "what is not there yet", "upload_parts": "what is not there yet",
		"operations": "work that the audit log speaks of", "exports": "themselves", "export_parts": "themselves",
		"usage_counters": "summed up by day", "usage_active": "summed up by day, who it was is deleted", "reconcile_passes": "no data", "usage_flushes": "no data", "idempotency_keys": "hashes, for a day",
		"usage_warnings": "follow from usage and limits", "organization_events": "what others are told of the above",
		"operation_events": "the timelines of jobs", "operation_counts": "counts the jobs",
		"generations": "their documents are files, and the audit log speaks of the rest", "generation_revisions": "drafts, until they are decided about", "generation_answers": "what models answered, until a draft is decided about",
		"generation_charges": "the platform's account of what models cost", "generation_spending": "sums of that",
		"activity_events": "counted from the audit log, which is exported", "activity_marks": "how far that was read", "activity_days": "sums of that",
		"reports": "their files are exported", "report_schedules": "when reports come",
		"edge_cursors": "how far a cache was told of events", "edge_purges": "what a cache was not told",
		"webhooks": "where others are told", "webhook_secrets": "sealed, and the platform's to sign with", "webhook_deliveries": "what was sent, for 30 days", "webhook_attempts": "what was sent, for 30 days",
		"roblox_connections": "a key of another system, and where it leads", "roblox_assets": "what files became at Roblox, which has them", "roblox_publications": "places that were published at Roblox", "roblox_erasures": "who is erased, until it is done",
		"agreements": "listed by its own route", "consent_decisions": "listed by its own route", "coppa_settings": "read by its own route", "subprocessors": "listed by its own route",
		"consent_notices": "listed by its own route", "consent_requests": "an address of a guardian, for consent alone", "consent_tokens": "what opens a link",
		"roblox_figures": "sums of what experiences at Roblox say, which have them", "roblox_budgets": "no data", "roblox_lessons": "what documents became at Roblox, which has them",
		"compliance_duties": "listed by its own route", "incidents": "listed by its own route", "incident_clocks": "listed with its incident", "dispositions": "listed by its own route",
		"erasures": "have a certificate each, by their own route", "erasure_items": "are in the certificates", "erasure_derived": "are in the certificates", "erasure_requests": "listed by their own route",
		"holds": "decisions about what is exported, of which the audit log speaks", "retention_policies": "are public", "directory_policies": "are public", "access_requests": "who asked for records, of which the audit log speaks", "access_request_files": "decisions that the audit log speaks of", "retention_reviews": "decisions that the audit log speaks of",
	}
	rows, err := a.Admin(t).Query(t.Context(), `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, name := range tables {
		require.Contains(t, known, name, "add it to activities/export/rows.go, or say here why it is not exported")
	}
}

// TestExportThatDiesGoesOn kills the process at every call of the store, and
// demands the same export, and nothing beside it.
func TestExportThatDiesGoesOn(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"before piece", "after piece", "after join"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			a := setupActivities(t)
			for i := range 3 {
				a.publishNamed(t, "a.txt", fmt.Appendf(nil, "content %d", i))
			}
			id := a.beginExport(t)
			s := &dying{ExportBucket: wiring.NewExportBucket(a.Store)}
			x := a.exporter(t, 1, s)
			for part := 1; part <= 2; part++ {
				ctx, death := context.WithCancel(t.Context())
				s.at, s.death = at, death
				in := export.WriteExportPartInput{Org: a.Org, Export: id, Part: part}
				_, err := x.WriteExportPart(ctx, in)
				require.ErrorIs(t, err, context.Canceled)
				_, err = exports.GetPart(t.Context(), a.Single(a.Org), id, part)
				require.ErrorIs(t, err, exports.ErrNotFound)
				first, err := x.WriteExportPart(t.Context(), in)
				require.NoError(t, err)
				again, err := x.WriteExportPart(t.Context(), in)
				require.NoError(t, err)
				require.Equal(t, first, again, "an existing part is not written again")
			}
			result := writeAll(t, x, a.Org, id)
			require.EqualValues(t, 3, result.Files)
			entries, _ := unpack(t, &a.Bench, id)
			require.Contains(t, entries, "files.ndjson")
			require.Len(t, keys(t, a.Store.Exports), len(result.Parts), "nothing of the attempts that died")
			pending, err := a.Store.Exports.ListPending(t.Context(), "")
			require.NoError(t, err)
			require.Empty(t, pending)
		})
	}
}

// TestLostObjectStandsInTheManifest, and does not keep the others back; deleted
// ones are no loss; exchanged bytes do not leave.
func TestLostObjectStandsInTheManifest(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	lost, changed, kept := a.publishNamed(t, "lost.txt", []byte("1")), a.publishNamed(t, "changed.txt", []byte("2")), a.publishNamed(t, "kept.txt", []byte("3"))
	require.NoError(t, a.Store.Clean.Remove(t.Context(), files.ContentKey(a.Org, lost.Version)))
	_, err := a.Store.Clean.Put(t.Context(), files.ContentKey(a.Org, changed.Version), bytes.NewReader([]byte("exchanged")), 9, "")
	require.NoError(t, err)
	id := a.beginExport(t)
	result := writeAll(t, a.exporter(t, room, nil), a.Org, id)
	require.EqualValues(t, 2, result.Missing)
	require.EqualValues(t, 1, result.Files)
	entries, problems := unpack(t, &a.Bench, id)
	require.Equal(t, []byte("3"), entries[fmt.Sprintf("files/%s/1/kept.txt", kept.File)])
	require.Equal(t, []export.ManifestEntry{
		{Entry: fmt.Sprintf("files/%s/1/lost.txt", lost.File), Size: 1, Problem: "object_missing"},
		{Entry: fmt.Sprintf("files/%s/1/changed.txt", changed.File), Size: 1, Problem: "object_changed"},
	}, problems)
}

func TestOnlyOneExportAtATime(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	id := a.beginExport(t)
	begin := func() (running uuid.UUID, begun bool, err error) {
		err = a.InTx(t.Context(), a.Org, func(tx *tenancy.Tx) error {
			running, begun, err = exports.Begin(t.Context(), tx, tenancy.NewID())
			return err
		})
		return running, begun, err
	}
	running, begun, err := begin()
	require.NoError(t, err)
	require.False(t, begun)
	require.Equal(t, id, running)
	x := a.exporter(t, room, nil)
	writeAll(t, x, a.Org, id)
	_, begun, err = begin()
	require.NoError(t, err)
	require.True(t, begun, "the first is done")
}

// TestDiscardedExportLeavesNothing, and takes nothing any more.
func TestDiscardedExportLeavesNothing(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	id := a.beginExport(t)
	x := a.exporter(t, room, nil)
	in := export.WriteExportPartInput{Org: a.Org, Export: id, Part: 1}
	_, err := x.WriteExportPart(t.Context(), in)
	require.NoError(t, err)
	_, err = a.Store.Exports.CreateMultipart(t.Context(), exports.Prefix(a.Org, id)+"000002-x.zip")
	require.NoError(t, err)
	_, err = x.DiscardExport(t.Context(), export.DiscardExportInput{Org: a.Org, Export: id})
	require.NoError(t, err)
	require.Empty(t, keys(t, a.Store.Exports))
	pending, err := a.Store.Exports.ListPending(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, pending)
	_, err = x.WriteExportPart(t.Context(), in)
	require.ErrorIs(t, err, exports.ErrNotRunning)
	_, _, err = exports.CheckReady(t.Context(), a.Single(a.Org), id, 1)
	require.ErrorIs(t, err, exports.ErrFailed)
}

// TestDeletionEndsExports: nothing is written for an organization that is being
// removed, and no one starts it again.
func TestDeletionEndsExports(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	id, deletion := a.beginExport(t), tenancy.NewID()
	require.NoError(t, tenancy.ScheduleDeletion(t.Context(), a.Single(a.Org), deletion, 0))
	x := a.exporter(t, room, nil)
	_, err := x.WriteExportPart(t.Context(), export.WriteExportPartInput{Org: a.Org, Export: id, Part: 1})
	require.NoError(t, err, "in its grace period an operator may take it along")
	begun, err := tenancy.BeginDeletion(t.Context(), a.Single(a.Org), deletion)
	require.NoError(t, err)
	require.True(t, begun)
	_, err = x.WriteExportPart(t.Context(), export.WriteExportPartInput{Org: a.Org, Export: id, Part: 2})
	require.ErrorIs(t, err, exports.ErrNotRunning)
	_, err = a.Admin(t).Exec(t.Context(), "update exports set updated_at = now() - interval '1 hour'")
	require.NoError(t, err)
	left, err := a.ExportsUnfinished(t.Context(), time.Minute, uuid.Nil, 10)
	require.NoError(t, err)
	require.Empty(t, left)
	err = a.InTx(t.Context(), a.Org, func(tx *tenancy.Tx) error {
		_, _, err := exports.Begin(t.Context(), tx, tenancy.NewID())
		return err
	})
	require.ErrorIs(t, err, tenancy.ErrWrongStatus)
}

// TestExportsGoAfterTheirTerm, and lost ones are started again.
func TestExportsGoAfterTheirTerm(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	x := a.exporter(t, room, nil)
	a.Env.RegisterActivity(x)
	kept := a.beginExport(t)
	writeAll(t, x, a.Org, kept)
	due := a.beginExport(t)
	writeAll(t, x, a.Org, due)
	lost := a.beginExport(t)
	admin := a.Admin(t)
	for sql, id := range map[string]uuid.UUID{
		"update exports set expires_at = now() - interval '1 second' where id = $1": due,
		"update exports set updated_at = now() - interval '1 hour' where id = $1":   lost,
	} {
		_, err := admin.Exec(t.Context(), sql, id)
		require.NoError(t, err)
	}
	_, err := activitytest.Sweep(t, export.SweepsOf(x), "remove-exports")
	require.NoError(t, err)
	_, _, err = exports.CheckReady(t.Context(), a.Single(a.Org), due, 1)
	require.ErrorIs(t, err, exports.ErrRemoved)
	p, e, err := exports.CheckReady(t.Context(), a.Single(a.Org), kept, 1)
	require.NoError(t, err)
	require.Equal(t, []string{p.Key}, keys(t, a.Store.Exports))
	require.WithinDuration(t, time.Now().Add(exports.Term), *e.ExpiresAt, time.Minute)
	_, err = activitytest.Sweep(t, export.SweepsOf(x), "restart-exports")
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{lost}, a.Workflows.Exports)
}
