package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/erasure"
	"satchel/activities/roster"
	"satchel/cmd/worker/wiring"
	"satchel/internal/s3test"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

// TestPackagesOfRostersGoWithThePerson whom they name: those that were read, of the source that has the person,
// and their copies in the inbox. One that is being read is waited for.
func TestPackagesOfRostersGoWithThePerson(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := a.Single(a.Org).Exec(ctx, sql, args...)
		require.NoError(t, err)
	}
	inbox, config := wiring.Bucket{Bucket: a.Store.Another(s3test.Inbox)}, roster.InboxConfig{Bucket: s3test.Inbox, Prefix: "inbox/"}
	person := a.Member(t, a.Org, tenancy.Student)
	theirs, others := tenancy.NewID(), tenancy.NewID()
	put := func(b wiring.Bucket, key string) {
		t.Helper()
		_, err := b.Put(ctx, key, strings.NewReader("zip"), 3, "application/zip")
		require.NoError(t, err)
	}
	add := func(source uuid.UUID, state, at string) uuid.UUID {
		t.Helper()
		id := tenancy.NewID()
		exec("insert into roster_imports (organization_id, id, source_id, state, size, sha256, object_etag, ended_at) values (app.org(), $1, $2, $3, 3, repeat('0', 64), 'e', case when $3 = 'applied' then now() end)", id, source, state)
		exec("insert into roster_pickups (organization_id, id, source_id, name, etag, size, state, taken_at, ended_at, moved_to) values (app.org(), $1, $2, $3, 'e', 3, 'done', now(), now(), $4)", id, source, at, "done/"+at)
		put(wiring.Bucket{Bucket: a.Store.Staging}, rosters.Key(a.Org, id))
		put(inbox, config.SourceFolder(a.Org, source)+"done/"+at)
		return id
	}
	exec("insert into roster_sources (organization_id, id, name) values (app.org(), $1, 'one'), (app.org(), $2, 'two')", theirs, others)
	first, second, other := add(theirs, "applied", "1.zip"), add(theirs, "checking", "2.zip"), add(others, "applied", "3.zip")
	exec("insert into people (organization_id, user_id, kind) values (app.org(), $1, 'student') on conflict do nothing", person)
	exec("update people set source_id = $2, sourced_id = 's', display_name = 'Plum' where user_id = $1", person, theirs)
	exec("delete from members where user_id = $1", person)
	exec("update people set state = 'left' where user_id = $1", person)

	id := askErasure(t, &a.Bench, erasures.Person, person, erasures.StudentRequest)
	parts := wiring.NewErasureParts(a.DB, a.Store, a.Cleaner, signer(t))
	parts.Inbox, parts.InboxFolder, parts.Workflows = inbox, config.SourceFolder, noErasures{a.Workflows}
	x, in := erasure.New(parts), erasure.Input{Org: a.Org, Erasure: id}
	_, err := x.BeginErasure(ctx, erasure.BeginErasureInput(in))
	require.NoError(t, err)
	_, err = x.SettleErasure(ctx, erasure.SettleErasureInput(in))
	require.NoError(t, err)
	_, err = x.CertifyErasure(ctx, erasure.CertifyErasureInput(in))
	require.ErrorContains(t, err, "is being read")
	require.Equal(t, erasures.Verifying, erasureOf(t, &a.Bench, id).State)
	exec("update roster_imports set state = 'applied', ended_at = now() where id = $1", second)
	for range 2 { // as after a death behind the signature
		_, err = x.CertifyErasure(ctx, erasure.CertifyErasureInput(in))
		require.NoError(t, err)
	}
	staging := keys(t, a.Store.Staging)
	require.NotContains(t, staging, rosters.Key(a.Org, first))
	require.NotContains(t, staging, rosters.Key(a.Org, second))
	require.Contains(t, staging, rosters.Key(a.Org, other))
	left := keys(t, a.Store.Another(s3test.Inbox))
	require.NotContains(t, left, config.SourceFolder(a.Org, theirs)+"done/1.zip")
	require.NotContains(t, left, config.SourceFolder(a.Org, theirs)+"done/2.zip")
	require.Contains(t, left, config.SourceFolder(a.Org, others)+"done/3.zip")
}

// TestDraftsGoWithTheirSource, and with the file that they became: what was made of a text tells of it.
func TestDraftsGoWithTheirSource(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := a.Single(a.Org).Exec(ctx, sql, args...)
		require.NoError(t, err)
	}
	source, result, other := a.publishNamed(t, "essay.txt", []byte("one")), a.publishNamed(t, "quiz.txt", []byte("two")), a.publishNamed(t, "other.txt", []byte("three"))
	made := func(from, to uuid.UUID) uuid.UUID {
		t.Helper()
		id := tenancy.NewID()
		exec(`insert into generations (organization_id, id, requested_by, kind, language, items, provider, state, file_id, title, format, result_file_id, result_version_id, revision, ended_at)
			values (app.org(), $1, $2, 'quiz', 'en', 1, 'extractive', 'published', $3, 'of the essay', 'html', $4, $4, 1, now())`, id, a.User, from, to)
		exec("insert into generation_revisions (organization_id, generation_id, number, document) values (app.org(), $1, 1, '{}')", id)
		return id
	}
	bySource, byResult, stays := made(source.File, other.File), made(other.File, result.File), made(other.File, other.File)
	for file, derived := range map[uuid.UUID][]erasures.Derived{source.File: {{File: other.File, Source: source.File}}, result.File: {}} {
		erasure := askErasure(t, &a.Bench, erasures.File, file, erasures.ParentRequest)
		require.Equal(t, erasures.Certified, a.steps(t, &dyingErasure{}, erasure))
		c, err := erasures.GetCertificate(ctx, a.Single(a.Org), erasure)
		require.NoError(t, err)
		require.ElementsMatch(t, derived, c.Derived, "a document that was made from it is a file of its own, and is named")
	}
	for id, there := range map[uuid.UUID]int{bySource: 0, byResult: 0, stays: 1} {
		var revisions, titles int
		require.NoError(t, a.Single(a.Org).QueryRow(ctx, "select count(*), (select count(*) from generations where id = $1 and title <> '') from generation_revisions where generation_id = $1", id).Scan(&revisions, &titles))
		require.Equal(t, there, revisions)
		require.Equal(t, there, titles)
	}
}
