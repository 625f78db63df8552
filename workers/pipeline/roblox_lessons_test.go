package pipeline_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	activity "satchel/activities/roblox"
	"satchel/internal/roblox/robloxtest"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// lesson makes a published file of a space that shows a quiz.
func (b *worker) lesson(t *testing.T, space uuid.UUID, title string) uuid.UUID {
	t.Helper()
	file, version := b.inSpace(t, space, title+".html", "text/html", []byte(title))
	made := tenancy.NewID()
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into generations (organization_id, id, requested_by, kind, language, items, provider, state, revision, format, answers, result_file_id, result_version_id, decided_by, decided_at, ended_at)
			values (app.org(), $1, $2, 'quiz', 'en', 1, 'extractive', 'published', 1, 'html', true, $3, $4, $2, now(), now())`, made, b.User, file, version)
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), "insert into generation_revisions (organization_id, generation_id, number, document) values (app.org(), $1, 1, $2)", made,
			fmt.Sprintf(`{"schema":"satchel-quiz/1","title":%q,"language":"en","questions":[{"id":"q1","type":"open","stem":"Why?","key":0,"points":1}]}`, title))
		return err
	}))
	return file
}

// TestLessonsReachTheExperience against a Roblox that loses answers and is busy: each has its
// entry, the map names it with its checksum, and what is withdrawn is gone at the end of the next
// sync.
func TestLessonsReachTheExperience(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(3, 5))
	fake := &robloxtest.Fake{Key: "secret", RetryAfter: "0.02", Plan: func(r *http.Request, _ int) robloxtest.Play {
		mu.Lock()
		defer mu.Unlock()
		n := chance.IntN(100)
		switch kind := robloxtest.Kind(r.Method, r.URL.Path); {
		case n < 10 && kind != "introspect":
			return robloxtest.Limited
		case n < 20 && (kind == "entry POST" || kind == "entry PATCH" || kind == "entry DELETE"):
			return []robloxtest.Play{robloxtest.LostAnswer, robloxtest.LostRequest, robloxtest.WriteFailed, robloxtest.Gateway}[n%4]
		}
		return robloxtest.Well
	}}
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	space := b.library(t)
	files := map[uuid.UUID]string{}
	for n := range 40 {
		title := fmt.Sprintf("Lesson %d", n)
		files[b.lesson(t, space, title)] = title
	}
	b.inSpace(t, space, "volcano.png", "image/png", []byte("picture"))
	connection := b.connect(t, keys, space)
	b.synced(t, connection)

	listed := func() map[string]connections.LessonEntry {
		var page struct {
			Lessons map[string]connections.LessonEntry
		}
		require.NoError(t, json.Unmarshal(fake.Entry(strconv.Itoa(universe)+"/"+activity.Store+"/"+activity.Page(1)), &page))
		return page.Lessons
	}
	entry := func(file uuid.UUID) json.RawMessage {
		return fake.Entry(strconv.Itoa(universe) + "/" + activity.Store + "/" + roblox.LessonKey(file))
	}
	require.Len(t, listed(), 40)
	require.Len(t, mapAtRoblox(t, fake), 1, "assets are beside them")
	for file, title := range files {
		var l struct{ Format, Kind, Title string }
		require.NoError(t, json.Unmarshal(entry(file), &l))
		require.Equal(t, title, l.Title)
		require.Equal(t, "satchel-lesson/1", l.Format)
		require.Equal(t, roblox.LessonKey(file), listed()[file.String()].Key)
	}
	counts, err := connections.LessonCounts(t.Context(), b.Single(b.Org), connection)
	require.NoError(t, err)
	require.Equal(t, map[connections.State]int64{connections.Live: 40}, counts)

	var gone []uuid.UUID
	for file := range files {
		if len(gone) < 10 {
			gone = append(gone, file)
			b.Trash(t, file)
		}
	}
	b.synced(t, connection)
	require.Len(t, listed(), 30)
	for _, file := range gone {
		require.Nil(t, entry(file))
	}
	for kind, limit := range map[string]connections.Kind{"entry GET": connections.EntryRead, "entry PATCH": connections.EntryPut} {
		require.LessOrEqual(t, mostInAMinute(fake.Requests(), kind), connections.Limits[limit]*robloxTimes*8/10, kind)
	}
}
