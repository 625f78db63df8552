package pipeline_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/erasure"
	"satchel/activities/reconcile"
	"satchel/cmd/worker/wiring"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

// TestARestoreDoesNotBringBackAPerson: the row that a restore brought back is emptied again, before the
// certificate that says so comes back; nothing of the person is left of imports of rosters either.
func TestARestoreDoesNotBringBackAPerson(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	a.Checker.Erasures = erasure.NewLedger(wiring.NewErasureParts(a.DB, a.Store, a.Cleaner, signer(t)), nil)
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := a.Single(a.Org).Exec(ctx, sql, args...)
		require.NoError(t, err)
	}
	count := func(sql string, args ...any) (n int) {
		t.Helper()
		require.NoError(t, a.Single(a.Org).QueryRow(ctx, sql, args...).Scan(&n))
		return n
	}
	source, roster, person, other := tenancy.NewID(), tenancy.NewID(), a.Member(t, a.Org, tenancy.Student), a.Member(t, a.Org, tenancy.Student)
	exec("insert into roster_sources (organization_id, id, name) values (app.org(), $1, 'source')", source)
	exec("insert into roster_imports (organization_id, id, source_id, state, ended_at, size, sha256, object_etag) values (app.org(), $1, $2, 'applied', now(), 3, repeat('0', 64), 'e')", roster, source)
	for seq, of := range map[int]uuid.UUID{1: person, 2: other} {
		id := of.String()
		exec("insert into people (organization_id, user_id, kind) values (app.org(), $1, 'student') on conflict do nothing", of)
		exec("update people set source_id = $2, sourced_id = $3, display_name = 'Plum', email_hash = sha256('a') where user_id = $1", of, source, id)
		exec("insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, target_id, after) values (app.org(), $1, $2, 1, 'person', 'changed', $3, $4, '{\"name\": \"Plum\"}')", roster, seq, id, of)
		exec("insert into roster_rows (organization_id, import_id, kind, row, sourced_id, leaving, hash, title) values (app.org(), $1, 'person', $2, $3, false, '', 'Plum')", roster, seq, id)
	}
	exec("delete from members where user_id = $1", person)
	exec("update people set state = 'left' where user_id = $1", person)
	named := func() int {
		return count("select count(*) from people where user_id = $1 and (display_name <> '' or email_hash is not null or source_id is not null)", person)
	}
	require.Equal(t, 1, named())
	id := askErasure(t, &a.Bench, erasures.Person, person, erasures.StudentRequest)
	require.Equal(t, erasures.Certified, a.steps(t, &dyingErasure{}, id))
	require.Zero(t, named())
	require.Equal(t, 1, count("select count(*) from roster_changes"), "those of the other person")
	require.Equal(t, 1, count("select count(*) from roster_rows"))
	certificate, err := erasures.GetCertificate(ctx, a.Single(a.Org), id)
	require.NoError(t, err)
	require.Equal(t, erasures.PersonErased, certificate.Person)

	_, err = a.Admin(t).Exec(ctx, "delete from erasures where id = $1", id)
	require.NoError(t, err)
	exec("update people set display_name = 'Plum', email_hash = sha256('a') where user_id = $1", person)
	require.Equal(t, 1, a.restored(t, false)[reconcile.ErasedAgain])
	require.Zero(t, named())
	again, err := erasures.GetCertificate(ctx, a.Single(a.Org), id)
	require.NoError(t, err)
	require.Equal(t, certificate, again)
	require.Zero(t, a.restored(t, false)[reconcile.ErasedAgain])
}

// TestACertificateInThePlaceOfAnotherIsRefused, also one that the platform signed.
func TestACertificateInThePlaceOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	parts := wiring.NewErasureParts(a.DB, a.Store, a.Cleaner, signer(t))
	ticket := a.publishNamed(t, "erased.txt", []byte("to be forgotten"))
	id := askErasure(t, &a.Bench, erasures.File, ticket.File, erasures.ParentRequest)
	require.Equal(t, erasures.Certified, a.steps(t, &dyingErasure{}, id))
	other := tenancy.NewID()
	entry := erasures.Entry{Erasure: other, Organization: a.Org.String(), Scope: erasures.File, Files: []erasures.EntryFile{{File: tenancy.NewID(), Versions: []uuid.UUID{tenancy.NewID()}}}}
	require.NoError(t, erasure.WriteLedger(ctx, parts.Archive, parts.Signer, a.Org, entry))
	copied := read(t, a.Store.Audit, erasures.CertificateKey(a.Org, id))
	require.NoError(t, parts.Archive.PutNew(ctx, erasures.CertificateKey(a.Org, other), bytes.NewReader(copied), ""))
	require.ErrorIs(t, erasure.NewLedger(parts, nil).Certificates(ctx, a.Org), erasures.ErrForged)
	_, err := erasures.CertificateOf(copied, parts.Signer.Trusted(), tenancy.Platform, id)
	require.ErrorIs(t, err, erasures.ErrForged)

	_, err = parts.Archive.Read(ctx, erasures.CertificateKey(a.Org, id), int64(len(copied)))
	require.NoError(t, err)
	_, err = parts.Archive.Read(ctx, erasures.CertificateKey(a.Org, id), int64(len(copied))-1)
	require.ErrorContains(t, err, "may have", "a part of an object is not read as the object")
}

// TestAnEntryOfTheLedgerIsSplit before it is too long to be read.
func TestAnEntryOfTheLedgerIsSplit(t *testing.T) {
	t.Parallel()
	e := erasures.Entry{Erasure: tenancy.NewID(), Organization: tenancy.NewID().String(), Scope: erasures.File}
	var want []uuid.UUID
	for _, n := range []int{1, 3, 12, 4} {
		f := erasures.EntryFile{File: tenancy.NewID()}
		for range n {
			f.Versions = append(f.Versions, tenancy.NewID())
		}
		want = append(want, f.Versions...)
		e.Files = append(e.Files, f)
	}
	var got []uuid.UUID
	parts := e.Split(5)
	for _, p := range parts {
		require.Equal(t, e.Erasure, p.Erasure)
		var n int
		for _, f := range p.Files {
			got, n = append(got, f.Versions...), n+len(f.Versions)
		}
		require.LessOrEqual(t, n, 5)
	}
	require.Len(t, parts, 4)
	require.Equal(t, want, got)

	e.Files = nil
	for range erasures.MostVersions {
		e.Files = append(e.Files, erasures.EntryFile{File: tenancy.NewID(), Versions: []uuid.UUID{tenancy.NewID()}})
	}
	b, err := json.Marshal(e)
	require.NoError(t, err)
	require.Less(t, len(b), 1<<20)
}
