package events_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/events"
)

var update = flag.Bool("update", false, "write the table of docs/events.md")

// TestDocs compares the table of docs/events.md with Types.
func TestDocs(t *testing.T) {
	t.Parallel()
	const from, to = "<!-- types -->\n", "<!-- end of types -->\n"
	file := filepath.Join("..", "..", "docs", "events.md")
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), from)
	require.True(t, found)
	table, after, found := strings.Cut(rest, to)
	require.True(t, found)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(before+from+events.Docs()+to+after), 0o600))
		return
	}
	require.Equal(t, events.Docs(), table, "docs/events.md is out of date: go test ./tenancy/events -run TestDocs -update")
}

func TestTypes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, one := range events.Types {
		require.Regexp(t, `^[a-z_]+(\.[a-z_]+)+$`, one.Name)
		require.False(t, seen[one.Name], one.Name)
		seen[one.Name] = true
		require.NotEmpty(t, one.Data, one.Name)
		_, err := json.Marshal(one.Schema())
		require.NoError(t, err)
	}
	for filter, known := range map[string]bool{"file.*": true, "file.published": true, "roster.import.*": true, "files.*": false, "file": false, "*": false, "": false, "file.publ*": false, ".*": false} {
		require.Equal(t, known, events.Known(filter), filter)
	}
}

// happen does everything that triggers tell of, in one organization.
func happen(t *testing.T, d *pgtest.Database, org tenancy.OrgID) {
	t.Helper()
	user, student := d.Member(t, org, tenancy.Teacher), d.Member(t, org, tenancy.Student)
	ids := map[string]any{"user": user, "student": student}
	id := func(name string) any {
		if ids[name] == nil {
			ids[name] = tenancy.NewID()
		}
		return ids[name]
	}
	for _, s := range []struct {
		sql  string
		args []string
	}{
		{"insert into classes (organization_id, id, title) values (app.org(), $1, '5a')", []string{"class"}},
		{"update classes set title = '5b' where id = $1", []string{"class"}},
		{"insert into class_members (organization_id, class_id, user_id, origin, role) values (app.org(), $1, $2, 'manual', 'student')", []string{"class", "student"}},
		{"update class_members set ends_at = now() where user_id = $1", []string{"student"}},
		{"insert into spaces (organization_id, id, kind, name) values (app.org(), $1, 'library', 'Library'), (app.org(), $2, 'group', 'Group')", []string{"space", "other"}},
		{"update spaces set name = 'Books' where id = $1", []string{"space"}},
		{"insert into folders (organization_id, id, space_id, name, created_by) values (app.org(), $1, $2, 'A', $3)", []string{"folder", "space", "user"}},
		{"insert into folders (organization_id, id, space_id, name, created_by) values (app.org(), $1, $2, 'B', $3)", []string{"below", "space", "user"}},
		{"update folders set name = 'C' where id = $1", []string{"folder"}},
		{"update folders set parent_id = $2 where id = $1", []string{"below", "folder"}},
		{"insert into hand_ins (organization_id, folder_id, student_id) values (app.org(), $1, $2)", []string{"folder", "student"}},
		{"update hand_ins set returned_at = now() where folder_id = $1", []string{"folder"}},
		{"delete from hand_ins where folder_id = $1", []string{"folder"}},
		{"insert into files (organization_id, id, name, uploaded_by, space_id) values (app.org(), $1, 'essay.pdf', $2, $3)", []string{"file", "user", "space"}},
		{"insert into file_versions (organization_id, id, file_id, number, size, uploaded_by) values (app.org(), $1, $2, 1, 10, $3)", []string{"version", "file", "user"}},
		{`update file_versions set status = 'published', scan_verdict = 'clean', scan_sha256 = repeat('0', 64), sha256 = repeat('0', 64), scanned_at = now(), published_at = now(),
			object_etag = 'e', mime_type = 'application/pdf' where id = $1`, []string{"version"}},
		{"update file_versions set preview = 'ready' where id = $1", []string{"version"}},
		{"insert into file_versions (organization_id, id, file_id, number, size, uploaded_by) values (app.org(), $1, $2, 2, 10, $3)", []string{"second", "file", "user"}},
		{"update file_versions set status = 'quarantined', status_reason = 'infected:Grades of Ana' where id = $1", []string{"second"}},
		{"update file_versions set status = 'held' where id = $1", []string{"second"}},
		{"update file_versions set status = 'rejected', status_reason = 'type_not_allowed' where id = $1", []string{"second"}},
		{"update file_versions set status = 'deleted' where id = $1", []string{"version"}},
		{"update files set name = 'paper.pdf' where id = $1", []string{"file"}},
		{"update files set folder_id = $2 where id = $1", []string{"file", "folder"}},
		{"update files set space_id = $2, folder_id = null where id = $1", []string{"file", "other"}},
		{"update files set trashed_at = now() where id = $1", []string{"file"}},
		{"update files set trashed_at = null where id = $1", []string{"file"}},
		{"delete from file_versions where file_id = $1", []string{"file"}},
		{"delete from files where id = $1", []string{"file"}},
		{"delete from folders where id = $1", []string{"below"}},
		{"delete from spaces where id = $1", []string{"other"}},
		{"insert into files (organization_id, id, name, uploaded_by, space_id) select app.org(), $1, 'essay of Ana.pdf', $2, s.id from spaces s where s.owner_id = $2", []string{"shared", "user"}},
		{`insert into shares (organization_id, id, kind, permission, file_id, label, token_hash, created_by)
			values (app.org(), $1, 'link', 'download', $2, 'for Ana', decode(repeat('00', 32), 'hex'), $3)`, []string{"share", "shared", "user"}},
		{"update shares set max_downloads = 7 where id = $1", []string{"share"}},
		{"insert into share_downloads (organization_id, share_id, id, file_id, bytes_total) values (app.org(), $1, $2, $3, 10)", []string{"share", "download", "shared"}},
		{"select app.share_download_begin(app.org(), $1, $2, $3)", []string{"share", "download", "shared"}},
		{"update shares set downloads = downloads where id = $1", []string{"share"}},
		{"update shares set ended_at = now(), ended_reason = 'revoked' where id = $1", []string{"share"}},
		{`insert into subprocessors (organization_id, id, kind, name, purpose, categories, location, assurance_file_id, assurance_sha256, recorded_by)
			values (app.org(), $1, 'model', 'Models of Ana', 'p', 'c', 'l', $2, repeat('0', 64), $3)`, []string{"subprocessor", "shared", "user"}},
		{"update subprocessors set until = now() where id = $1", []string{"subprocessor"}},
		{"insert into roster_sources (organization_id, id, name) values (app.org(), $1, 'district')", []string{"source"}},
		{"insert into roster_imports (organization_id, id, source_id, size, sha256, object_etag) values (app.org(), $1, $2, 1, repeat('0', 64), 'e')", []string{"import", "source"}},
		{"update roster_imports set state = 'waiting' where id = $1", []string{"import"}},
		{"update members set role = 'admin' where user_id = $1", []string{"user"}},
		{"delete from members where user_id = $1", []string{"student"}},
	} {
		var args []any
		for _, name := range s.args {
			args = append(args, id(name))
		}
		_, err := d.Single(org).Exec(t.Context(), s.sql, args...)
		require.NoError(t, err, s.sql)
	}
}

// programs are the types that no trigger writes.
var programs = []string{"person.left", "login.linked", "login.unlinked", "login.requested", "roster.import",
	events.UsageWarning, events.WebhookDisabled, events.WebhookTest}

// TestEveryNounTells: each type that triggers write is written, with the fields of its
// schema, and nothing that somebody wrote is in any.
func TestEveryNounTells(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	happen(t, d, org)
	found, err := events.List(t.Context(), d.Single(org), "", 0, 1000)
	require.NoError(t, err)
	types := map[string]events.Type{}
	for _, one := range events.Types {
		types[one.Name] = one
	}
	seen := map[string]bool{}
	for i, e := range found {
		require.EqualValues(t, i+1, e.Seq)
		one, known := types[e.Type]
		require.True(t, known, e.Type)
		seen[e.Type] = true
		requireFields(t, one, e.Data)
		require.NotContains(t, string(e.Data), "Ana")
		require.NotContains(t, string(e.Data), "essay")
	}
	for _, one := range programs {
		seen[one] = true
	}
	for name := range types {
		require.True(t, seen[name], "nothing wrote %s", name)
	}
}

// TestEventsOfAShare: each of its changes is told once, in the transaction that makes it,
// and what follows from its end by itself is not told again.
func TestEventsOfAShare(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	happen(t, d, org)
	last := int64(0)
	next := func(sql string, want ...string) (data string) {
		t.Helper()
		_, err := d.Single(org).Exec(t.Context(), sql)
		require.NoError(t, err)
		found, err := events.List(t.Context(), d.Single(org), "", last, 1000)
		require.NoError(t, err)
		var told []string
		for _, e := range found {
			last = e.Seq
			if events.Matches("share.*", e.Type) {
				told, data = append(told, e.Type), string(e.Data)
				require.NotContains(t, data, "else.example")
			}
		}
		require.Equal(t, want, told, sql)
		return data
	}
	ended := next("select 1", events.ShareCreated, events.ShareChanged, events.ShareDownloaded, events.ShareEnded)
	require.Contains(t, ended, `"reason": "revoked"`)

	var share, user uuid.UUID
	require.NoError(t, d.Single(org).QueryRow(t.Context(), "select id, created_by from shares").Scan(&share, &user))
	err := d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into shares (organization_id, id, kind, permission, file_id, created_by)
			select app.org(), gen_random_uuid(), 'people', 'view', file_id, created_by from shares where id = $1`, share)
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `insert into share_recipients (organization_id, share_id, id, email, outside)
			select app.org(), id, gen_random_uuid(), n || '@else.example', true from shares, generate_series(1, 2) n where kind = 'people'`)
		return err
	})
	require.NoError(t, err)
	next("select 1", events.ShareCreated)
	next("insert into share_recipients (organization_id, share_id, id, email, outside) select app.org(), id, gen_random_uuid(), 'late@else.example', true from shares where kind = 'people'", events.ShareChanged)
	next("update share_recipients set ended_at = now(), email = null where email = 'late@else.example'", events.ShareChanged)
	next("update share_recipients set ended_at = now(), email = null where ended_at is null", events.ShareEnded)
}

func requireFields(t *testing.T, one events.Type, data json.RawMessage) {
	t.Helper()
	var got map[string]any
	require.NoError(t, json.Unmarshal(data, &got))
	for _, f := range one.Data {
		v, there := got[f.Name]
		require.True(t, there || f.Optional, "%s has no %s: %s", one.Name, f.Name, data)
		if !there {
			continue
		}
		delete(got, f.Name)
		switch f.Kind {
		case events.ID:
			require.NoError(t, uuid.Validate(fmt.Sprint(v)), "%s of %s", f.Name, one.Name)
		case events.NullableID:
			require.True(t, v == nil || uuid.Validate(fmt.Sprint(v)) == nil, "%s of %s", f.Name, one.Name)
		case events.Count:
			require.IsType(t, float64(0), v, "%s of %s", f.Name, one.Name)
		case events.Code:
			require.IsType(t, "", v, "%s of %s", f.Name, one.Name)
		}
	}
	require.Empty(t, got, "%s has fields that its schema does not", one.Name)
}

// TestNumbersKeepCommits: writers of many files and readers at once. A reader that goes
// on from the last number misses nothing, and sees each file's events in order.
func TestNumbersKeepCommits(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	user, space := d.Member(t, org, tenancy.Teacher), tenancy.NewID()
	_, err := d.Single(org).Exec(t.Context(), "insert into spaces (organization_id, id, kind, name) values (app.org(), $1, 'library', 'Library')", space)
	require.NoError(t, err)
	const files, each = 4, 25
	var ids [files]uuid.UUID
	for i := range ids {
		ids[i] = tenancy.NewID()
		_, err := d.Single(org).Exec(t.Context(), "insert into files (organization_id, id, name, uploaded_by, space_id) values (app.org(), $1, 'a', $2, $3)", ids[i], user, space)
		require.NoError(t, err)
	}
	last, err := events.Last(t.Context(), d.Single(org))
	require.NoError(t, err)
	var writing sync.WaitGroup
	for w := range files {
		writing.Go(func() {
			for n := range each {
				// Two files in one transaction, in another order in each writer.
				err := d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
					first, second := min(w, (w+1)%files), max(w, (w+1)%files)
					for _, f := range []int{first, second} {
						if _, err := tx.Exec(t.Context(), "update files set name = name || $2 where id = $1", ids[f], fmt.Sprint(n%10)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writing.Wait(); close(done) }()
	seen, ended := map[uuid.UUID]bool{}, false
	for read := -1; !ended || read != 0; {
		select {
		case <-done:
			ended = true
		default:
		}
		page, err := events.List(t.Context(), d.Single(org), "file.changed", last, 7)
		require.NoError(t, err)
		read = len(page)
		for _, e := range page {
			require.Greater(t, e.Seq, last)
			require.False(t, seen[e.ID])
			seen[e.ID], last = true, e.Seq
		}
	}
	require.Len(t, seen, 2*files*each)
	var disordered int
	require.NoError(t, d.Single(org).QueryRow(t.Context(), `select count(*) from organization_events a join organization_events b
		on b.data ->> 'file_id' = a.data ->> 'file_id' and b.n > a.n and b.seq < a.seq`).Scan(&disordered))
	require.Zero(t, disordered)
}
