package roblox_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	activity "satchel/activities/roblox"
	"satchel/generation"
	"satchel/internal/activitytest"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

func (p *playedCloud) Introspect(context.Context) (roblox.Key, error) {
	return roblox.Key{Enabled: true, Owner: 1, Scopes: []roblox.Scope{{Name: "asset", Operations: []string{"read", "write"}}, {Name: "asset-permissions", Operations: []string{"write"}},
		{Name: "universe-datastores.objects", Operations: []string{"create", "read", "update", "delete"}}, {Name: "universe-messaging-service", Operations: []string{"publish"}}}}, nil
}

const source = "Water boils at 100 degrees. Ice is cold."

func quiz(t *testing.T, title string) string {
	t.Helper()
	d := generation.Document{Schema: generation.Quiz.Schema(), Title: title, Language: "en", Level: "primary", Source: generation.SourceOf(source), Asked: 3, Questions: []generation.Question{
		{ID: "q1", Type: generation.Choice, Stem: "Water ____ <at> 100.", Options: []string{"boils", "burns"}, Points: 1, Rationale: "It boils.", Anchor: &generation.Anchor{Start: 0, End: 27}},
		{ID: "q2", Type: generation.Cloze, Stem: "Ice is ____.", Accepted: []string{"cold"}, Points: 2, Anchor: &generation.Anchor{Start: 28, End: 40}},
	}}
	require.NoError(t, generation.Validate(&d, source))
	encoded, err := generation.Marshal(&d)
	require.NoError(t, err)
	return string(encoded)
}

// library has the connection take its files from a space, of a school without children.
func (b *testBundle) library(t *testing.T) uuid.UUID {
	t.Helper()
	id := tenancy.NewID()
	q := b.Single(b.Org)
	for _, statement := range []string{"insert into spaces (organization_id, id, kind, name) values (app.org(), $1, 'library', 'Lessons')", "update roblox_connections set space_ids = array[$1::uuid]",
		"insert into coppa_settings (organization_id, youngest_grade) select app.org(), 9 where $1::uuid is not null on conflict do nothing"} {
		_, err := q.Exec(t.Context(), statement, id)
		require.NoError(t, err)
	}
	return id
}

// lesson makes a published file that shows a document. An earlier one with the file's id gets
// another version.
func (b *testBundle) lesson(t *testing.T, space, file, teacher uuid.UUID, document string, answers bool) (version uuid.UUID) {
	t.Helper()
	version, made := tenancy.NewID(), tenancy.NewID()
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		for _, s := range []struct {
			sql  string
			args []any
		}{
			{"insert into files (organization_id, id, name, space_id, uploaded_by) values (app.org(), $1, 'water.html', $2, $3) on conflict do nothing", []any{file, space, teacher}},
			{`insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, scan_verdict, sha256, scan_sha256, scanned_at, published_at, object_etag, used_bytes, uploaded_by)
				select app.org(), $1, $2, 1 + count(*), 'published', 1, 'text/html', 'clean', repeat('a', 64), repeat('a', 64), now(), now(), 'e', 1, $3 from file_versions where file_id = $2`, []any{version, file, teacher}},
			{`insert into generations (organization_id, id, requested_by, kind, language, items, provider, state, revision, format, answers, result_file_id, result_version_id, decided_by, decided_at, ended_at)
				values (app.org(), $1, $2, 'quiz', 'en', 2, 'extractive', 'published', 1, 'html', $3, $4, $5, $2, now(), now())`, []any{made, teacher, answers, file, version}},
			{"insert into generation_revisions (organization_id, generation_id, number, document) values (app.org(), $1, 1, $2)", []any{made, document}},
		} {
			if _, err := tx.Exec(t.Context(), s.sql, s.args...); err != nil {
				return err
			}
		}
		return nil
	}))
	return version
}

// sync plans, does each step that is due and writes the map.
func (b *testBundle) sync(t *testing.T) activity.PlanSyncResult {
	t.Helper()
	r, err := activitytest.Run[activity.PlanSyncResult](t, b.Activities, b.PlanSync, activity.PlanSyncInput{Org: b.Org, Connection: b.connection})
	require.NoError(t, err)
	b.advance(t)
	b.publish(t)
	return r
}

func (b *testBundle) lessons(t *testing.T) map[uuid.UUID]connections.Lesson {
	t.Helper()
	all, err := connections.Lessons(t.Context(), b.Single(b.Org), b.connection, uuid.Nil, 100)
	require.NoError(t, err)
	by := map[uuid.UUID]connections.Lesson{}
	for _, l := range all {
		by[l.File] = l
	}
	return by
}

// listed are the lessons of the map.
func (b *testBundle) listed(t *testing.T) map[string]connections.LessonEntry {
	t.Helper()
	var page struct {
		Lessons map[string]connections.LessonEntry
	}
	if e, ok := b.cloud.entries[activity.Page(1)]; ok {
		require.NoError(t, json.Unmarshal(e.Value, &page))
	}
	return page.Lessons
}

func (b *testBundle) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := b.Single(b.Org).Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

// TestLessonsAreWhatIsWanted: a document that is published becomes an entry without what points
// into its source, each version replaces the one before, and what goes, moves or may not leave
// is deleted there and leaves the map.
func TestLessonsAreWhatIsWanted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.Member(t, b.Org, tenancy.Teacher)
	space, file, other := b.library(t), tenancy.NewID(), tenancy.NewID()
	first := b.lesson(t, space, file, teacher, quiz(t, "Water"), true)
	b.lesson(t, space, other, teacher, quiz(t, "Without answers"), false)
	require.Equal(t, activity.PlanSyncResult{Wanted: 2}, b.sync(t))
	entry := b.cloud.entries[roblox.LessonKey(file)]
	require.JSONEq(t, `{"format": "satchel-lesson/1", "kind": "quiz", "title": "Water", "language": "en", "level": "primary", "answers": true, "questions": [
		{"id": "q1", "type": "choice", "stem": "Water ____ <at> 100.", "options": ["boils", "burns"], "points": 1, "key": 0, "rationale": "It boils."},
		{"id": "q2", "type": "cloze", "stem": "Ice is ____.", "points": 2, "accepted": ["cold"]}]}`, string(entry.Value))
	for _, word := range []string{`"key"`, "accepted", "rationale", "cold"} {
		require.NotContains(t, string(b.cloud.entries[roblox.LessonKey(other)].Value), word, "the file that was approved has no answers")
	}
	l := b.lessons(t)[file]
	require.Equal(t, connections.Live, l.State)
	require.Equal(t, first, l.Version)
	require.Equal(t, connections.LessonEntry{Key: "lesson-" + file.String(), Kind: "quiz", Name: "water.html", Revision: entry.Revision, SHA256: l.SHA256}, b.listed(t)[file.String()])
	require.Len(t, b.cloud.told, 1)
	c, err := connections.Get(t.Context(), b.Single(b.Org), b.connection)
	require.NoError(t, err)
	require.NotNil(t, c.ToldAt)

	puts := b.cloud.puts
	b.sync(t)
	require.Equal(t, puts, b.cloud.puts, "a second sync writes nothing")
	require.Len(t, b.cloud.told, 1)

	// Another version is written over the first, although the game's own server wrote between.
	times := 0
	b.cloud.between = func() {
		if times++; times == 1 {
			b.cloud.entries[roblox.LessonKey(file)] = roblox.Entry{Value: []byte(`{"mine":true}`), ETag: "theirs"}
		}
	}
	second := b.lesson(t, space, file, teacher, quiz(t, "Steam"), true)
	b.exec(t, "update files set current_id = $2 where id = $1", file, second)
	b.sync(t)
	require.Contains(t, string(b.cloud.entries[roblox.LessonKey(file)].Value), "Steam")
	require.NotEqual(t, l.SHA256, b.listed(t)[file.String()].SHA256)
	require.Len(t, b.cloud.told, 2)

	// A generation that is deleted after its time leaves its lesson.
	b.exec(t, "delete from generations where result_version_id = $1", second)
	b.exec(t, "update roblox_lessons set written_at = now() - interval '2 days'")
	b.sync(t)
	require.Equal(t, connections.Live, b.lessons(t)[file].State)
	require.Contains(t, b.cloud.entries, roblox.LessonKey(file))

	// What may not leave any more is deleted, and says by which rule.
	b.exec(t, "update file_versions set contains_pii = true where file_id = $1", other)
	require.Equal(t, activity.PlanSyncResult{Wanted: 1, Withheld: 1}, b.sync(t))
	require.NotContains(t, b.cloud.entries, roblox.LessonKey(other))
	require.NotContains(t, b.listed(t), other.String())
	l = b.lessons(t)[other]
	require.Equal(t, connections.Withheld, l.State)
	require.Equal(t, "no_agreement", l.Rule)
	require.Empty(t, l.SHA256)
	b.sync(t)
	require.Equal(t, connections.Withheld, b.lessons(t)[other].State)
	b.exec(t, "update file_versions set contains_pii = false where file_id = $1", other)
	b.sync(t)
	require.Contains(t, b.cloud.entries, roblox.LessonKey(other))

	// So is what is in the trash, and what left the spaces; nothing of it stays.
	b.exec(t, "update files set trashed_at = now() where id = $1", other)
	b.sync(t)
	require.NotContains(t, b.cloud.entries, roblox.LessonKey(other))
	require.NotContains(t, b.lessons(t), other)
	b.exec(t, "update roblox_connections set space_ids = '{}'")
	b.sync(t)
	require.NotContains(t, b.cloud.entries, roblox.LessonKey(file))
	require.Empty(t, b.lessons(t))
	require.Empty(t, b.listed(t))
}

// TestAWriteOfALesson that was cut off is read back, and made once.
func TestAWriteOfALesson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.Member(t, b.Org, tenancy.Teacher)
	space, file := b.library(t), tenancy.NewID()
	b.lesson(t, space, file, teacher, quiz(t, "Water"), true)
	b.cloud.lose = roblox.ErrDown
	b.sync(t)
	require.Equal(t, connections.Unsure, b.lessons(t)[file].State)
	written := b.cloud.entries[roblox.LessonKey(file)]
	require.NotEmpty(t, written.Revision, "it was written, and the answer was lost")
	require.Empty(t, b.listed(t))
	b.cloud.lose = nil
	b.exec(t, "update roblox_lessons set next_at = now()")
	b.advance(t)
	require.Equal(t, connections.Live, b.lessons(t)[file].State)
	require.Equal(t, written, b.cloud.entries[roblox.LessonKey(file)], "what was written is found")
	require.Equal(t, written.Revision, b.lessons(t)[file].Revision)

	// Who has claimed it and is alive may still say; who is dead does not, and it is read back.
	b.exec(t, "update roblox_lessons set state = 'claimed', claim = gen_random_uuid(), claimed_at = now(), next_at = now() + interval '5 minutes'")
	b.sync(t)
	require.Equal(t, connections.Claimed, b.lessons(t)[file].State)
	b.exec(t, "update roblox_lessons set next_at = now()")
	b.advance(t)
	require.Equal(t, connections.Live, b.lessons(t)[file].State)

	// One that is withdrawn meanwhile is deleted once the claim is over.
	b.exec(t, "update roblox_lessons set state = 'claimed', claim = gen_random_uuid(), claimed_at = now(), next_at = now() + interval '5 minutes'")
	b.exec(t, "update files set trashed_at = now() where id = $1", file)
	b.sync(t)
	require.Equal(t, connections.Claimed, b.lessons(t)[file].State)
	b.exec(t, "update roblox_lessons set next_at = now()")
	b.advance(t)
	require.Empty(t, b.lessons(t))
	require.NotContains(t, b.cloud.entries, roblox.LessonKey(file))

	// So is one of which the answer comes after it was withdrawn.
	b.exec(t, "update files set trashed_at = null where id = $1", file)
	b.sync(t)
	l := b.lessons(t)[file]
	claimed, err := connections.ClaimLesson(t.Context(), b.Single(b.Org), &l)
	require.NoError(t, err)
	require.True(t, claimed)
	b.exec(t, "update files set trashed_at = now() where id = $1", file)
	b.sync(t)
	require.NoError(t, connections.LessonWritten(t.Context(), b.Single(b.Org), l, l.SHA256, l.Revision))
	require.NotContains(t, b.listed(t), file.String())
	b.advance(t)
	require.Empty(t, b.lessons(t))

	// One whose entry changes all the time is not tried for ever.
	b.exec(t, "update files set trashed_at = null where id = $1", file)
	b.cloud.between = func() { b.cloud.entries[roblox.LessonKey(file)] = roblox.Entry{ETag: tenancy.NewID().String()} }
	b.sync(t)
	for range 10 {
		b.exec(t, "update roblox_lessons set next_at = now() where next_at is not null")
		b.advance(t)
	}
	l = b.lessons(t)[file]
	require.Equal(t, connections.Refused, l.State)
	require.Equal(t, "roblox_entry_changed", l.Code)
	require.True(t, l.AtRoblox)
	b.cloud.between = nil
	b.sync(t)
	require.Equal(t, connections.Live, b.lessons(t)[file].State, "the next sync tries again")
	require.WithinDuration(t, time.Now(), *b.lessons(t)[file].WrittenAt, time.Minute)
}
