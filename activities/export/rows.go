package export

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"satchel/files"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Format names what the archives hold and how; docs/export.md tells of it.
const Format = "satchel-export/1"

// table is rows of the organization, a line of JSON each. Its query gives a key
// and the row, in the order of the key, behind the key $1 and at most $2.
type table struct{ entry, first, sql string }

const (
	firstID   = "00000000-0000-0000-0000-000000000000"
	firstPair = firstID + "/" + firstID
	firstDay  = "0001-01-01"
)

// tables leave out what secrets there are: hashes of keys and tokens.
var tables = []table{
	{"members.ndjson", firstID, `select m.user_id::text, json_build_object('user_id', m.user_id, 'role', m.role, 'service_account', m.service,
		'issuer', u.issuer, 'subject', u.subject, 'created_at', m.created_at)
		from members m join users u on u.id = m.user_id where m.user_id > $1::uuid order by m.user_id limit $2`},
	{"invitations.ndjson", firstID, `select i.id::text, json_build_object('id', i.id, 'email', i.email, 'role', i.role, 'state', i.state, 'delivery', i.delivery,
		'invited_by', i.invited_by, 'accepted_by', i.accepted_by, 'created_at', i.created_at, 'sent_at', i.sent_at, 'expires_at', i.expires_at, 'ended_at', i.ended_at)
		from invitations i where i.id > $1::uuid order by i.id limit $2`},
	{"guardians.ndjson", firstPair, `select g.parent_id || '/' || g.student_id, json_build_object('parent_id', g.parent_id, 'student_id', g.student_id,
		'created_by', g.created_by, 'created_at', g.created_at)
		from guardianships g where (g.parent_id, g.student_id) > (split_part($1, '/', 1)::uuid, split_part($1, '/', 2)::uuid)
		order by g.parent_id, g.student_id limit $2`},
	{"keys.ndjson", firstID, `select k.id::text, json_build_object('id', k.id, 'user_id', k.user_id, 'name', k.name, 'role', k.role, 'scopes', k.scopes,
		'last4', k.last4, 'created_by', k.created_by, 'created_at', k.created_at, 'expires_at', k.expires_at, 'last_used_at', k.last_used_at, 'revoked_at', k.revoked_at)
		from api_keys k where k.id > $1::uuid order by k.id limit $2`},
	{"files.ndjson", firstID, `select f.id::text, json_build_object('id', f.id, 'name', f.name, 'description', f.description, 'category', f.category,
		'uploaded_by', f.uploaded_by, 'status', f.status, 'trashed_at', f.trashed_at, 'created_at', f.created_at, 'updated_at', f.updated_at,
		'versions', (select json_agg(json_build_object('id', v.id, 'number', v.number, 'status', v.status, 'status_reason', v.status_reason,
			'change_description', v.change_description, 'size', v.size, 'mime_type', v.mime_type, 'sha256', v.sha256, 'scan_verdict', v.scan_verdict,
			'scan_signature', v.scan_signature, 'scan_engine', v.scan_engine, 'scan_database', v.scan_database, 'scanned_at', v.scanned_at,
			'contains_pii', v.contains_pii, 'width', v.width, 'height', v.height, 'uploaded_by', v.uploaded_by,
			'created_at', v.created_at, 'published_at', v.published_at) order by v.number)
			from file_versions v where v.organization_id = f.organization_id and v.file_id = f.id))
		from files f where f.id > $1::uuid order by f.id limit $2`},
	{"usage.ndjson", firstDay, `select d.day::text, json_build_object('day', d.day, 'uploads', d.uploads, 'bytes_in', d.bytes_in, 'bytes_out', d.bytes_out,
		'downloads', d.downloads, 'scans', d.scans, 'renditions', d.renditions, 'jobs', d.jobs, 'active_users', d.active_users, 'stored_bytes', d.stored_bytes)
		from usage_days d where d.day > $1::date order by d.day limit $2`},
}

// writeRows writes everything that is no file. Each page is read by itself: a
// transaction that saw all of it at one moment would be open for as long as the
// store takes.
func writeRows(ctx context.Context, q tenancy.Queries, z *archive) error {
	if err := writeOrganization(ctx, q, z); err != nil {
		return err
	}
	for _, t := range tables {
		err := z.addLines(t.entry, func(write func(any) error) error { return t.each(ctx, q, write) })
		if err != nil {
			return err
		}
	}
	return z.addLines("audit.ndjson", func(write func(any) error) error {
		return audit.EachEvent(ctx, q, 0, func(l audit.Line) error { return write(l) })
	})
}

const rowsPage = 500

func (t table) each(ctx context.Context, q tenancy.Queries, write func(any) error) error {
	type row struct {
		Key  string
		Data json.RawMessage
	}
	after := t.first
	for {
		rows, err := q.Query(ctx, t.sql, after, rowsPage)
		if err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		page, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
		if err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		for _, r := range page {
			if err := write(r.Data); err != nil {
				return err
			}
			after = r.Key
		}
		if len(page) < rowsPage {
			return nil
		}
	}
}

// writeOrganization writes what there is once: the organization, its limits and
// its policies.
func writeOrganization(ctx context.Context, q tenancy.Queries, z *archive) error {
	o, err := tenancy.GetOrganization(ctx, q)
	if err != nil {
		return err
	}
	tier, err := tenancy.GetTier(ctx, q)
	if err != nil {
		return err
	}
	quota, err := files.GetQuota(ctx, q)
	if err != nil {
		return err
	}
	policies, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return err
	}
	about := map[string]any{"format": Format, "exported_at": time.Now().UTC(), "organization": o, "tier": tier, "quota": map[string]int64{
		"max_bytes": quota.MaxBytes, "max_file_size": quota.MaxFileSize, "used_bytes": quota.UsedBytes, "reserved_bytes": quota.ReservedBytes,
	}}
	if err := z.addJSON("organization.json", about); err != nil {
		return err
	}
	return z.addJSON("policies.json", policies)
}

func (z *archive) addJSON(name string, what any) error {
	_, err := z.add(name, zip.Deflate, time.Now(), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(what)
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
