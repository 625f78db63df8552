package rls_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

const (
	denied     = "42501" // no right, or refused by a policy
	noSuchPeer = "23503" // foreign key
)

// stage is two organizations with a row in every table of tenants.
type stage struct {
	*pgtest.Database
	admin  *pgx.Conn
	a, b   tenancy.OrgID
	tables []string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	d := pgtest.New(t)
	s := &stage{Database: d, admin: d.Admin(t), a: d.Organization(t, 1<<30), b: d.Organization(t, 1<<30)}
	for _, org := range []tenancy.OrgID{s.a, s.b} {
		seed(t, d, org)
	}
	rows, err := s.admin.Query(t.Context(), `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`)
	require.NoError(t, err)
	s.tables, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, table := range s.tables {
		require.NotEmpty(t, s.row(t, table, s.b), "seed a row of %s in this test", table)
	}
	return s
}

// seed writes one row into every table of tenants.
func seed(t *testing.T, d *pgtest.Database, org tenancy.OrgID) {
	t.Helper()
	user, student := d.Member(t, org, tenancy.Owner), d.Member(t, org, tenancy.Student)
	file, version, class := tenancy.NewID(), tenancy.NewID(), tenancy.NewID()
	statements := []struct {
		sql  string
		args []any
	}{
		{"insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'essay.pdf', $2)", []any{file, user}},
		{"insert into file_versions (organization_id, id, file_id, number, size, reserved_bytes, uploaded_by) values (app.org(), $1, $2, 1, 10, 10, $3)", []any{version, file, user}},
		{"insert into uploads (organization_id, id, version_id, size, expires_at) values (app.org(), $1, $1, 10, now())", []any{version}},
		{"insert into upload_parts (organization_id, upload_id, number, size, etag) values (app.org(), $1, 1, 10, 'e')", []any{version}},
		{"insert into transformations (organization_id, version_id, key, state, mime_type, width, height, size, etag) values (app.org(), $1, 'k', 'ready', 'image/png', 1, 1, 1, 'e')", []any{version}},
		{"insert into renditions (organization_id, version_id, name, mime_type, width, height, size, etag) values (app.org(), $1, 'thumb', 'image/png', 1, 1, 1, 'e')", []any{version}},
		{"insert into version_steps (organization_id, version_id, name, state) values (app.org(), $1, 'scan', 'done')", []any{version}},
		// Its triggers write a line of its timeline and its count.
		{"insert into operations (organization_id, id, kind, workflow_id) values (app.org(), $1, 'rescan', 'w')", []any{tenancy.NewID()}},
		{"insert into invitations (organization_id, id, email, role, expires_at) values (app.org(), $1, 'a@school.example', 'teacher', now())", []any{tenancy.NewID()}},
		{"insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $1)", []any{user, student}},
		{"insert into usage_counters (organization_id, day, metric, amount) values (app.org(), '2026-01-01', 'downloads', 1)", nil},
		{"insert into usage_active (organization_id, day, user_id) values (app.org(), '2026-01-01', $1)", []any{user}},
		{"insert into usage_flushes (organization_id, id) values (app.org(), $1)", []any{tenancy.NewID()}},
		{`insert into idempotency_keys (organization_id, principal, key_hash, fingerprint, new_id, holder, busy_until, expires_at)
			values (app.org(), sha256('p'), sha256('k'), sha256('f'), $1, $1, now(), now())`, []any{tenancy.NewID()}},
		{"insert into reconcile_passes (organization_id) values (app.org())", nil},
		{"insert into usage_days (organization_id, day, rolled_at) values (app.org(), '2026-01-01', now())", nil},
		{"insert into exports (organization_id, id, state) values (app.org(), $1, 'failed')", []any{version}},
		{`insert into export_parts (organization_id, export_id, number, object_key, object_etag, size, sha256, entries, files, missing, last_version, is_last)
			values (app.org(), $1, 1, 'k', 'e', 1, repeat('0', 64), 1, 0, 0, $1, true)`, []any{version}},
		{"insert into roster_sources (organization_id, id, name) values (app.org(), $1, 'district')", []any{class}},
		{"insert into people (organization_id, user_id, kind, source_id, sourced_id) values (app.org(), $1, 'student', $2, '1')", []any{student, class}},
		{"insert into schools (organization_id, id, name, source_id, sourced_id) values (app.org(), $1, 'Oak', $1, '1')", []any{class}},
		{"insert into terms (organization_id, id, title, starts_on, ends_on, source_id, sourced_id) values (app.org(), $1, 'Autumn', '2026-09-01', '2027-02-01', $1, '1')", []any{class}},
		{"insert into classes (organization_id, id, title, source_id, sourced_id) values (app.org(), $1, '5a', $1, '1')", []any{class}},
		{"insert into class_members (organization_id, class_id, user_id, origin, role) values (app.org(), $1, $2, 'manual', 'student')", []any{class, student}},
		{"insert into spaces (organization_id, id, kind, name) values (app.org(), $1, 'library', 'Library')", []any{class}},
		{"insert into space_grants (organization_id, id, space_id, user_id, level, via, given_by) values (app.org(), $1, $1, $2, 4, 'grant', $2)", []any{class, user}},
		{"insert into folders (organization_id, id, space_id, name, created_by) values (app.org(), $1, $1, 'Essays', $2)", []any{class, user}},
		{"insert into file_links (organization_id, file_id, space_id, added_by) values (app.org(), $1, $2, $3)", []any{file, class, user}},
		{"insert into folder_links (organization_id, folder_id, space_id, added_by) values (app.org(), $1, $1, $2)", []any{class, user}},
		{"insert into hand_ins (organization_id, folder_id, student_id) values (app.org(), $1, $2)", []any{class, student}},
		{"insert into stars (organization_id, user_id, file_id) values (app.org(), $1, $2)", []any{user, file}},
		{"update files set current_id = $2 where id = $1", []any{file, version}}, // with a row of file_texts
		{"insert into pii_inspections (organization_id, version_id, file_id) values (app.org(), $1, $2)", []any{version, file}},
		{"insert into pii_findings (organization_id, version_id, number, category, part, score, value_hmac) values (app.org(), $1, 1, 'us_ssn', 'text', 1, sha256('x'))", []any{version}},
		{"insert into notifications (organization_id, id, user_id, kind) values (app.org(), $1, $2, 'a.b')", []any{class, user}},
		{"insert into mail_addresses (organization_id, id, user_id, address) values (app.org(), $1, $2, 'a@school.example')", []any{class, user}},
		{"insert into notification_preferences (organization_id, user_id, kind, channel, cadence) values (app.org(), $1, 'a.b', 'mail', 'never')", []any{user}},
		{"insert into notification_settings (organization_id, user_id) values (app.org(), $1)", []any{user}},
		{"insert into mail_suppressions (organization_id, id, address_hash, reason) values (app.org(), $1, sha256('a'), 'bounced')", []any{class}},
		{"insert into notification_mails (organization_id, id, user_id, kind, next_at) values (app.org(), $1, $2, 'a.b', now())", []any{class, user}},
		{"insert into generations (organization_id, id, requested_by, kind, language, items, file_id, source_text, provider) values (app.org(), $1, $2, 'quiz', 'en', 1, $3, 'text', 'extractive')", []any{class, user, file}},
		{"insert into generation_revisions (organization_id, generation_id, number, document) values (app.org(), $1, 1, '{}')", []any{class}},
		{"insert into generation_answers (organization_id, generation_id, round, request_sha256, finish, body) values (app.org(), $1, 1, sha256('a'), 'complete', '{}')", []any{class}},
		{"insert into generation_charges (organization_id, id, generation_id, round, day, reserved_micro) values (app.org(), $1, $1, 1, '2026-01-01', 1)", []any{class}},
		{"insert into generation_spending (organization_id, period, starts_on) values (app.org(), 'day', '2026-01-01')", nil},
		{"insert into activity_events (organization_id, source, seq, at, verb) values (app.org(), 'audit', 1, now(), 'upload')", nil},
		{"insert into activity_marks (organization_id) values (app.org())", nil},
		{"insert into activity_days (organization_id, day, verb, n) values (app.org(), '2026-01-01', 'upload', 1)", nil},
		{"insert into report_schedules (organization_id, id, kind, class_id, format, every, minute, created_by) values (app.org(), $1, 'class', $1, 'csv', 'day', 0, $2)", []any{class, user}},
		{"insert into reports (organization_id, id, kind, format, place, from_day, to_day, requested_by) values (app.org(), $1, 'types', 'csv', 'personal', '2026-01-01', '2026-01-01', $2)", []any{class, user}},
		{"insert into roblox_connections (organization_id, id, name, universe_id, creator_type, creator_id, key_sealed, key_owner, secret_sealed, created_by) values (app.org(), $1, 'c', 1, 'user', 1, 'k', 'user/1', 's', $2)", []any{class, user}},
		{"insert into roblox_assets (organization_id, id, connection_id, file_id, version_id, name, asset_type, sha256) values (app.org(), $1, $1, $2, $2, 'n', 'Image', repeat('a', 64))", []any{class, file}},
		{"insert into roblox_publications (organization_id, id, connection_id, place_id, file_id, version_id, published, content_type, requested_by) values (app.org(), $1, $1, 1, $2, $2, true, 't', $3)", []any{class, file, user}},
		{"insert into roblox_figures (organization_id, connection_id, kind, name, day, numbers) values (app.org(), $1, 'progress', 'n', '2026-01-01', '{}')", []any{class}},
		{"insert into roblox_lessons (organization_id, connection_id, file_id, version_id, name, kind) values (app.org(), $1, $2, $2, 'n', 'quiz')", []any{class, file}},
		{"insert into roblox_erasures (organization_id, id, connection_id, notification_id, roblox_user_id) values (app.org(), $1, $1, 'n', 1)", []any{class}},
		{"insert into roblox_budgets (organization_id, owner, kind, free_at) values (app.org(), 'user/1', 'create', now())", nil},
		{"insert into holds (organization_id, id, kind, scope, person_id, reason, placed_by) values (app.org(), $1, 'access_request', 'person', $2, 'letter of a parent', $2)", []any{class, student}},
		{"insert into retention_policies (organization_id, id, purpose, business_need, days, begins, disposal, created_by) values (app.org(), $1, 'teaching', 'graded work', 100, 'published', 'review', $2)", []any{class, user}},
		{"insert into compliance_duties (organization_id, id, kind, responsible_id, note, done_at, due_at, recorded_by) values (app.org(), $1, 'risk_assessment', $2, 'n', now(), now() + interval '1 year', $2)", []any{class, user}},
		{"insert into incidents (organization_id, id, title, description, discovered_at, recorded_by) values (app.org(), $1, 't', 'd', now(), $2)", []any{class, user}},
		{"insert into incident_clocks (organization_id, incident_id, clock, due_at) values (app.org(), $1, 'own', now())", []any{class}},
		{"insert into dispositions (organization_id, id, kind, scope, reason, due_at, recorded_by) values (app.org(), $1, 'return', 'organization', 'r', now(), $2)", []any{class, user}},
		{"insert into retention_reviews (organization_id, file_id, policy_id) values (app.org(), $1, $2)", []any{file, class}},
		{"insert into record_classes (organization_id, file_id, class, reason, decided_by) values (app.org(), $1, 'education_record', 'graded', $2)", []any{file, user}},
		{"insert into record_students (organization_id, file_id, student_id) values (app.org(), $1, $2)", []any{file, student}},
		{"insert into disclosures (organization_id, id, file_id, way, outcome, class) values (app.org(), $1, $2, 'link', 'refused', 'education_record')", []any{class, file}},
		{"insert into disclosure_students (organization_id, disclosure_id, student_id) values (app.org(), $1, $2)", []any{class, student}},
		{"insert into amendments (organization_id, id, file_id, student_id, requester_id, what) values (app.org(), $1, $2, $3, $3, 'the grade')", []any{class, file, student}},
		{"insert into record_statements (organization_id, amendment_id, file_id, student_id, statement) values (app.org(), $1, $2, $3, 'it is not so')", []any{class, file, student}},
		{"insert into disclosure_consents (organization_id, id, student_id, file_ids, purpose, party, party_email, requested_by, expires_at) values (app.org(), $1, $2, array[$3::uuid], 'care', 'The clinic', 'a@else.example', $2, now() + interval '1 day')", []any{class, student, file}},
		{"insert into break_glass_reviews (organization_id, grant_id) select app.org(), id from space_grants limit 1 on conflict do nothing", nil},
		{"insert into directory_policies (organization_id, categories, notice_at, opt_out_until, set_by) values (app.org(), '{name}', '2026-01-01', '2026-02-01', $1)", []any{user}},
		{"insert into directory_opt_outs (organization_id, student_id, holder_id, opted_out, recorded_by) values (app.org(), $1, $2, true, $2)", []any{student, user}},
		{"insert into access_requests (organization_id, id, student_id, requester_id, note) values (app.org(), $1, $2, $2, 'all of it')", []any{class, student}},
		{"insert into access_request_files (organization_id, request_id, file_id, students, decision) values (app.org(), $1, $2, 1, 'include')", []any{class, file}},
		{"insert into erasure_requests (organization_id, id, student_id, requester_id, note) values (app.org(), $1, $2, $2, 'all of it')", []any{class, student}},
		{"insert into erasures (organization_id, id, scope, target_id, basis) values (app.org(), $1, 'file', $2, 'school_directive')", []any{class, file}},
		{"insert into erasure_items (organization_id, erasure_id, version_id, file_id, size) values (app.org(), $1, $2, $3, 10)", []any{class, version, file}},
		{"insert into erasure_derived (organization_id, erasure_id, file_id, source_id) values (app.org(), $1, $2, $2)", []any{class, file}},
		{"insert into file_tags (organization_id, file_id, tag, added_by) values (app.org(), $1, 'algebra', $2)", []any{file, user}},
		{"insert into bulk_changes (organization_id, id, action, actor_id) values (app.org(), $1, 'trash', $2)", []any{class, user}},
		{"insert into bulk_items (organization_id, change_id, number, file_id) values (app.org(), $1, 1, $2)", []any{class, file}},
		{"insert into login_rules (organization_id, id, issuer, tenant_claim, tenant_value) values (app.org(), $1, 'i', 'hd', 'school.example')", []any{class}},
		{"insert into login_requests (organization_id, id, issuer, subject, reason) values (app.org(), $1, 'i', 's', 'no_person')", []any{class}},
		{"insert into roster_imports (organization_id, id, source_id, size, sha256, object_etag) values (app.org(), $1, $1, 1, repeat('0', 64), 'e')", []any{class}},
		{"insert into roster_pickups (organization_id, id, source_id, name, etag, size) values (app.org(), $1, $1, 'a.zip', 'e', 1)", []any{class}},
		{"insert into roster_rows (organization_id, import_id, kind, row, sourced_id, leaving, hash) values (app.org(), $1, 'org', 2, '1', false, '')", []any{class}},
		{"insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id) values (app.org(), $1, 1, 1, 'school', 'new', '1')", []any{class}},
		{"insert into roster_batches (organization_id, import_id, direction, first_seq, last_seq) values (app.org(), $1, 'apply', 1, 1)", []any{class}},
		{"insert into roster_agents (organization_id, source_id, carrier, agent) values (app.org(), $1, '1', '2')", []any{class}},
		{"insert into shares (organization_id, id, kind, permission, file_id, token_hash, created_by) values (app.org(), $1, 'link', 'download', $2, sha256('t'), $3)", []any{class, file, user}},
		{"insert into zips (organization_id, id, name, share_id, digest, expires_at) values (app.org(), $1, 'z', $2, sha256('z'), now() + interval '1 day')", []any{version, class}},
		{"insert into zip_entries (organization_id, zip_id, number, file_id, version_id, name, size, modified_at, object_etag) values (app.org(), $1, 0, $1, $1, 'n', 1, now(), 'e')", []any{version}},
		{"insert into share_recipients (organization_id, share_id, id, email, outside) values (app.org(), $1, $1, 'a@else.example', true)", []any{class}},
		{"insert into share_downloads (organization_id, share_id, id, file_id) values (app.org(), $1, $1, $2)", []any{class, file}},
		{"insert into share_drops (organization_id, share_id, version_id, file_id, dropper, bytes) values (app.org(), $1, $2, $3, $1, 1)", []any{class, version, file}},
		{"insert into share_attempts (organization_id, share_id, address_hash) values (app.org(), $1, sha256('a'))", []any{class}},
		{"insert into share_codes (organization_id, share_id, recipient_id, code_hash, expires_at) values (app.org(), $1, $1, sha256('c'), now())", []any{class}},
		{"insert into share_accesses (organization_id, share_id, id, what, outcome) values (app.org(), $1, $1, 'page', 'ok')", []any{class}},
		{"insert into disclosure_rules (organization_id, way, class, allowed, rule) values (app.org(), 'link', 'general', false, 'closed')", nil},
		{"insert into coppa_settings (organization_id, own_webhooks, own_webhooks_reason) values (app.org(), true, 'our own')", nil},
		{"insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method, scopes) values (app.org(), $1, $2, $3, 'grant', 'card', '{collect_use}')", []any{class, student, user}},
		{"insert into subprocessors (organization_id, id, kind, name, purpose, categories, location, assurance_file_id, assurance_sha256, recorded_by) values (app.org(), $1, 'model', 'n', 'p', 'c', 'l', $2, repeat('a', 64), $3)", []any{class, file, user}},
		{`insert into consent_notices (organization_id, id, number, language, material, body, body_sha256) select app.org(), $1, 1, 'en', false, b, encode(sha256(convert_to(b, 'UTF8')), 'hex')
			from (values ('{"summary":"s","collected":"c","used":"u","disclosed":"d","third_parties":[],"consent_required":"r","online_notice":"https://a.example","means":"m","contact_deleted":"c","rights":"r"}')) v (b)`, []any{class}},
		{"insert into consent_requests (organization_id, id, child_id, guardian_id, notice_id, grant_id, expires_at) values (app.org(), $1, $2, $3, $1, $1, now())", []any{class, student, user}},
		{"insert into consent_tokens (organization_id, id, request_id, purpose, notice_id, decision_id, token_hash, mail) values (app.org(), $1, $1, 'answer', $1, $1, sha256('c'), 'notice')", []any{class}},
		{"insert into organization_policies (organization_id) values (app.org()) on conflict do nothing", nil},
		{"insert into audit_events (organization_id, event) values (app.org(), $1)", []any{event(org)}},
		{`insert into api_keys (organization_id, id, user_id, name, role, scopes, hash, last4, created_by, expires_at)
			values (app.org(), $1, $2, 'sync', 'teacher', '{files:read}', sha256(convert_to($1::uuid::text, 'UTF8')), 'last', $2, now())`, []any{tenancy.NewID(), user}},
	}
	for _, s := range statements {
		_, err := d.Single(org).Exec(t.Context(), s.sql, s.args...)
		require.NoError(t, err, s.sql)
	}
	happened := tenancy.NewID()
	for _, sql := range []string{
		"insert into organization_events (organization_id, seq, id, type, data) values (app.org(), 1, $1, 'usage.warning', '{}')",
		"insert into usage_warnings (organization_id, metric, threshold, event_id) values (app.org(), 'bytes', 80, $1)",
		"insert into webhooks (organization_id, id, url, created_by) select app.org(), $1, 'https://school.example/', user_id from members limit 1",
		"insert into webhook_secrets (organization_id, id, webhook_id, kind, sealed) values (app.org(), $1, $1, 'hmac', 's')",
		"insert into webhook_deliveries (organization_id, id, webhook_id, event_id, seq, lane, type, next_at) values (app.org(), $1, $1, $1, 1, $1, 'usage.warning', now())",
		"insert into edge_cursors (organization_id, position) select app.org(), 1 where $1::uuid is not null",
		"insert into edge_purges (organization_id, key) values (app.org(), 'f-' || $1::uuid)",
		"insert into webhook_attempts (organization_id, delivery_id, number, at, took_ms, request_body) values (app.org(), $1, 1, now(), 1, '{}')",
	} {
		_, err := d.Single(org).Exec(t.Context(), sql, happened)
		require.NoError(t, err, sql)
	}
	// Only an organization that is being set up has this row.
	_, err := d.Admin(t).Exec(t.Context(), "insert into organization_setups (organization_id) values ($1)", org)
	require.NoError(t, err)
}

// event is the least that the chain takes.
func event(org tenancy.OrgID) string {
	return fmt.Sprintf(`{"action":"a","actor":"","at":"2026-01-01T00:00:00Z","object":"o","object_id":"","organization":"%s","result":"done"}`, org)
}

// row reads one row of an organization, from behind the rules.
func (s *stage) row(t *testing.T, table string, org tenancy.OrgID) map[string]any {
	t.Helper()
	var row map[string]any
	err := s.admin.QueryRow(t.Context(), fmt.Sprintf("select to_jsonb(x) from %s x where organization_id = $1 limit 1", table), org).Scan(&row)
	require.NoError(t, err, table)
	return row
}

// everything writes down all that an organization has.
func (s *stage) everything(t *testing.T, org tenancy.OrgID) string {
	t.Helper()
	var all strings.Builder
	for _, table := range s.tables {
		var rows string
		err := s.admin.QueryRow(t.Context(), fmt.Sprintf("select jsonb_agg(x order by to_jsonb(x)::text)::text from %s x where organization_id = $1", table), org).Scan(&rows)
		require.NoError(t, err)
		fmt.Fprintln(&all, table, rows)
	}
	return all.String()
}

// columns lists the columns on which the application holds a right.
func (s *stage) columns(t *testing.T, table, right string) []string {
	t.Helper()
	rows, err := s.admin.Query(t.Context(), `select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''
		and has_column_privilege('satchel_app', attrelid, attnum, $2) order by attnum`, table, right)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return fmt.Sprint(err)
}

// insert puts a row, given as its columns, as organization a.
func (s *stage) insert(ctx context.Context, table string, row map[string]any, suffix string) error {
	body, err := json.Marshal(row)
	if err != nil {
		return err
	}
	var columns string // those that can be given
	err = s.admin.QueryRow(ctx, `select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
		where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`, table).Scan(&columns)
	if err != nil {
		return err
	}
	_, err = s.Single(s.a).Exec(ctx, fmt.Sprintf("insert into %[1]s (%[2]s) select %[2]s from jsonb_populate_record(null::%[1]s, $1) %[3]s", table, columns, suffix), body)
	return err
}

func TestOtherOrganizationsRowsAreOutOfReach(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	before := s.everything(t, s.b)
	for _, table := range s.tables {
		t.Run(table, func(t *testing.T) {
			s.selectNothing(t, table)
			s.updateNothing(t, table)
			s.deleteNothing(t, table)
			s.insertRefused(t, table)
			s.conflictRefused(t, table)
		})
	}
	require.Equal(t, before, s.everything(t, s.b), "organization b is as it was")
}

func (s *stage) selectNothing(t *testing.T, table string) {
	var mine, theirs int
	err := s.Single(s.a).QueryRow(t.Context(), fmt.Sprintf("select count(*) filter (where organization_id = $1), count(*) filter (where organization_id <> $1) from %s", table), s.a).Scan(&mine, &theirs)
	require.NoError(t, err)
	require.Positive(t, mine)
	require.Zero(t, theirs)
}

func (s *stage) updateNothing(t *testing.T, table string) {
	columns := s.columns(t, table, "UPDATE")
	if len(columns) == 0 {
		_, err := s.Single(s.a).Exec(t.Context(), fmt.Sprintf("update %s set organization_id = organization_id", table))
		require.Equal(t, denied, code(err))
		return
	}
	for _, column := range columns {
		tag, err := s.Single(s.a).Exec(t.Context(), fmt.Sprintf("update %[1]s set %[2]s = %[2]s where organization_id = $1", table, column), s.b)
		require.NoError(t, err)
		require.Zero(t, tag.RowsAffected())
	}
	// A row of one's own cannot be given away either.
	_, err := s.Single(s.a).Exec(t.Context(), fmt.Sprintf("update %s set organization_id = $1", table), s.b)
	require.Equal(t, denied, code(err))
}

func (s *stage) deleteNothing(t *testing.T, table string) {
	tag, err := s.Single(s.a).Exec(t.Context(), fmt.Sprintf("delete from %s where organization_id = $1", table), s.b)
	if err != nil {
		require.Equal(t, denied, code(err))
	}
	require.Zero(t, tag.RowsAffected())
}

func (s *stage) insertRefused(t *testing.T, table string) {
	row := s.row(t, table, s.b)
	require.Equal(t, denied, code(s.insert(t.Context(), table, row, "")), "the very row")
	fresh(row)
	require.Equal(t, denied, code(s.insert(t.Context(), table, row, "")), "a new row")
}

// conflictRefused tries the way by which older servers leaked: a conflict with
// a row that one may not see.
func (s *stage) conflictRefused(t *testing.T, table string) {
	theirs := s.row(t, table, s.b)
	updatable := s.columns(t, table, "UPDATE")
	suffixes := []string{"on conflict do nothing"}
	if len(updatable) > 0 {
		set := fmt.Sprintf("do update set %[1]s = excluded.%[1]s where %[2]s.%[1]s is not null", updatable[len(updatable)-1], table)
		suffixes = append(suffixes, fmt.Sprintf("on conflict on constraint %s_pkey %s", table, set))
	}
	for _, suffix := range suffixes {
		require.Equal(t, denied, code(s.insert(t.Context(), table, theirs, suffix)), suffix)
	}
}

// fresh gives a row another id, where it has one.
func fresh(row map[string]any) {
	if _, ok := row["id"]; ok {
		row["id"] = uuid.NewString()
	}
	for column, other := range map[string]int{"number": 77, "seq": 77, "threshold": 95} {
		if _, ok := row[column]; ok {
			row[column] = other
		}
	}
	if row["email"] != nil {
		row["email"] = uuid.NewString() + "@school.example"
	}
	if row["guardian_id"] != nil && row["child_id"] != nil { // one of them is asked once at a time
		row["guardian_id"] = row["child_id"]
	}
	if row["sourced_id"] != nil {
		row["sourced_id"] = uuid.NewString()
	}
	if _, ok := row["hash"]; ok {
		row["hash"] = `\x` + strings.Repeat("77", 32)
	}
}

// TestReferencesDoNotCross takes each foreign key between tables of tenants and
// points a's row at b's.
func TestReferencesDoNotCross(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	rows, err := s.admin.Query(t.Context(), `select k.conrelid::regclass::text, k.confrelid::regclass::text,
		array(select attname::text from unnest(k.conkey) with ordinality u(n, o) join pg_attribute on attrelid = k.conrelid and attnum = n order by o),
		array(select attname::text from unnest(k.confkey) with ordinality u(n, o) join pg_attribute on attrelid = k.confrelid and attnum = n order by o)
		from pg_constraint k where k.contype = 'f' and k.confrelid::regclass::text = any ($1)`, s.tables)
	require.NoError(t, err)
	type key struct {
		Table, Peer   string
		From, Towards []string
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByPos[key])
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(keys), 6)
	before := s.everything(t, s.b)
	for _, k := range keys {
		t.Run(k.Table+" to "+k.Peer, func(t *testing.T) {
			row, peer := s.row(t, k.Table, s.a), s.row(t, k.Peer, s.b)
			fresh(row)
			if user, ok := row["user_id"]; ok && user != nil { // another member, since some keys hold it
				var other string
				require.NoError(t, s.admin.QueryRow(t.Context(), "select user_id::text from members where organization_id = $1 and user_id <> $2 limit 1", s.a, user).Scan(&other))
				row["user_id"] = other
			}
			switch k.Table + "." + k.From[len(k.From)-1] { // what a check asks of a row with the reference
			case "holds.amendment_id":
				row["kind"], row["request_id"] = "amendment", nil
			case "shares.disclosure_consent":
				row["disclosure_basis"] = "99.30"
			}
			for i, column := range k.From {
				if column != "organization_id" {
					row[column] = peer[k.Towards[i]]
				}
			}
			refused := noSuchPeer
			if basis := map[string]string{"basis_grant": "parental_consent", "basis_agreement": "school_authorization"}[k.From[len(k.From)-1]]; basis != "" { // a trigger writes it into a new row
				_, err := s.Single(s.a).Exec(t.Context(), fmt.Sprintf("update files set collected_as_child = true, child_id = uploaded_by, legal_basis = $1, %s = $2", k.From[len(k.From)-1]), basis, row[k.From[len(k.From)-1]])
				require.Equal(t, refused, code(err))
				return
			}
			if len(s.columns(t, k.Table, "INSERT")) == 0 { // triggers alone write it
				refused = "42501"
			}
			require.Equal(t, refused, code(s.insert(t.Context(), k.Table, row, "")))
		})
	}
	require.Equal(t, before, s.everything(t, s.b))
}

func TestAnUnboundSessionSeesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	conn, err := pgx.Connect(t.Context(), s.AppURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, bound := range []string{"reset app.current_org_id", "set app.current_org_id = ''", "set app.current_org_id = '" + uuid.Nil.String() + "'"} {
		_, err := conn.Exec(t.Context(), bound)
		require.NoError(t, err)
		for _, table := range append([]string{"organizations", "users", "version_view", "listed_files", "usage_levels", "usage_crossings"}, s.tables...) {
			var n int
			require.NoError(t, conn.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n))
			require.Zero(t, n, "%s after %s", table, bound)
		}
	}
	_, err = conn.Exec(t.Context(), "set app.current_org_id = 'school'")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "select count(*) from files")
	require.Error(t, err, "what is no id at all is an error, never a match")
}

// TestViewsAndFunctionsDoNotBypassPolicies tries the ways that lead around a table: the view, the
// functions that triggers use, the migrations' own table, the system's role.
func TestViewsAndFunctionsDoNotBypassPolicies(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	theirs := s.row(t, "files", s.b)
	before := s.everything(t, s.b)
	var n int
	for _, view := range []string{"version_view", "listed_files"} {
		require.NoError(t, s.Single(s.a).QueryRow(t.Context(), "select count(*) from "+view+" where organization_id <> $1", s.a).Scan(&n))
		require.Zero(t, n, view)
	}
	require.NoError(t, s.Single(s.a).QueryRow(t.Context(), "select count(*) from users").Scan(&n))
	require.Equal(t, 2, n, "only the organization's own people")
	require.NoError(t, s.Single(s.a).QueryRow(t.Context(), "select count(*) from organizations").Scan(&n))
	require.Equal(t, 1, n)
	for _, sql := range []string{
		"select * from schema_migrations",
		"set local role satchel_system",
		"set role satchel_test_owner",
		"insert into users (id) values (gen_random_uuid())",
		"insert into organizations (id, slug, name) values (gen_random_uuid(), 'mine', 'Mine')",
		"update organizations set slug = 'theirs'",
		"delete from organizations",
		"insert into storage_quotas (organization_id, max_bytes, max_file_size) values (app.org(), 1, 1)",
		"update file_events set type = 'never happened'",
		"update members set organization_id = organization_id",
		"truncate files cascade",
		"create table loot (id uuid)",
		"create function app.org2() returns int language sql as 'select 1'",
		"alter table files disable row level security",
		"drop policy tenant on files",
		"copy files to program 'cat'",
	} {
		_, err := s.Single(s.a).Exec(t.Context(), sql)
		require.Equal(t, denied, code(err), sql)
	}
	_, err := s.Single(s.a).Exec(t.Context(), "select app.event($1, $2, 'status', '{}')", s.b, theirs["id"])
	require.Error(t, err, "an event for another organization's file")
	require.Equal(t, before, s.everything(t, s.b))
}
