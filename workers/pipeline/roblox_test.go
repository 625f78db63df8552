package pipeline_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	activity "satchel/activities/roblox"
	"satchel/files"
	"satchel/internal/kms"
	"satchel/internal/pipelinetest"
	adapter "satchel/internal/roblox"
	"satchel/internal/roblox/robloxtest"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	syncing "satchel/workflows/roblox"
)

// robloxTimes raises the limits of minutes, so that a test is one of seconds.
const robloxTimes = 200

// toRoblox has the worker speak with a fake.
func toRoblox(t *testing.T, fake *robloxtest.Fake) (kms.Config, func(*pipelinetest.Options)) {
	t.Helper()
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	keys := kms.Config{Keys: "test " + pipelinetest.SecretsKey}
	return keys, func(o *pipelinetest.Options) {
		o.Keys, o.Roblox, o.RobloxTimes = keys, adapter.Config{URL: server.URL}, robloxTimes
	}
}

// inSpace makes a published file of a space, whose object is in the store.
func (b *worker) inSpace(t *testing.T, space uuid.UUID, name, mediaType string, content []byte) (file, version uuid.UUID) {
	t.Helper()
	file, version = tenancy.NewID(), tenancy.NewID()
	etag, err := b.Store.Clean.Put(t.Context(), files.ContentKey(b.Org, version), bytes.NewReader(content), int64(len(content)), mediaType)
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		if _, err := tx.Exec(t.Context(), "insert into files (organization_id, id, name, space_id, uploaded_by) values (app.org(), $1, $2, $3, $4)", file, name, space, b.User); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, scan_verdict, sha256, scan_sha256, scanned_at, published_at, object_etag, used_bytes, uploaded_by)
			values (app.org(), $1, $2, 1, 'published', $3, $4, 'clean', $5, $5, now(), now(), $6, $3, $7)`, version, file, len(content), mediaType, hex.EncodeToString(sum[:]), etag, b.User)
		return err
	}))
	return file, version
}

func (b *worker) library(t *testing.T) uuid.UUID {
	t.Helper()
	id := tenancy.NewID()
	_, err := b.Single(b.Org).Exec(t.Context(), "insert into spaces (organization_id, id, kind, name) values (app.org(), $1, 'library', 'Pictures')", id)
	require.NoError(t, err)
	// The school begins with grade 9: of a child, nothing leaves to Roblox by an agreement of the school.
	_, err = b.Single(b.Org).Exec(t.Context(), "insert into coppa_settings (organization_id, youngest_grade) values (app.org(), 9) on conflict do nothing")
	require.NoError(t, err)
	return id
}

const universe = 99

// connect makes a connection that syncs one space.
func (b *worker) connect(t *testing.T, keys kms.Config, space uuid.UUID) uuid.UUID {
	t.Helper()
	box, err := keys.Open()
	require.NoError(t, err)
	n := connections.New{ID: tenancy.NewID(), By: b.User, Name: "School", Universe: universe, Creator: roblox.Creator{Type: roblox.CreatorGroup, ID: 5}, APIKey: "secret", Secret: "s",
		Known: roblox.Key{Enabled: true, Owner: 1}, Spaces: []uuid.UUID{space}}
	b.Assured(t, b.Org, b.User, "roblox")
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error { return connections.Vault{Box: box}.Connect(t.Context(), tx, n) }))
	return n.ID
}

// syncs syncs a connection to its end.
func (b *worker) syncs(t *testing.T, connection uuid.UUID) operations.Operation {
	t.Helper()
	id, err := syncing.BeginSync(t.Context(), b.DB, b.Client, b.Org, connection, tenancy.NewID(), &b.User, operations.Default)
	require.NoError(t, err)
	return b.operationOf(t, b.Org, id)
}

// synced is syncs of one that gets through.
func (b *worker) synced(t *testing.T, connection uuid.UUID) {
	t.Helper()
	o := b.syncs(t, connection)
	require.Equal(t, operations.Succeeded, o.State, "%s: %s", o.ReasonCode, o.Error)
}

func (b *worker) assets(t *testing.T, connection uuid.UUID, state connections.State) []connections.Asset {
	t.Helper()
	all, err := connections.Assets(t.Context(), b.Single(b.Org), connection, state, uuid.Nil, 5000)
	require.NoError(t, err)
	return all
}

// mapAtRoblox reads the map as an experience does.
func mapAtRoblox(t *testing.T, fake *robloxtest.Fake) map[string]connections.Entry {
	t.Helper()
	var index struct {
		Revision string
		Pages    int
	}
	key := func(entry string) string { return strconv.Itoa(universe) + "/" + activity.Store + "/" + entry }
	require.NoError(t, json.Unmarshal(fake.Entry(key(activity.Index)), &index))
	all := map[string]connections.Entry{}
	for n := 1; n <= index.Pages; n++ {
		var page struct {
			Revision string
			Assets   map[string]connections.Entry
		}
		require.NoError(t, json.Unmarshal(fake.Entry(key(activity.Page(n))), &page))
		require.Equal(t, index.Revision, page.Revision)
		for file, e := range page.Assets {
			all[file] = e
		}
	}
	return all
}

// TestEachAssetOnce: a thousand files (two hundred under the race detector) against a Roblox
// that loses 5 % of the answers to uploads, is busy 10 % of the time, and rejects late. What
// may have been made is decided about by a person who looks at Roblox.
func TestEachAssetOnce(t *testing.T) {
	t.Parallel()
	count := 1000
	if raceDetector {
		count = 200
	}
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(7, 11))
	lost := 0
	fake := &robloxtest.Fake{Key: "secret", OperationPolls: 1, RetryAfter: "0.02", Random: rand.New(rand.NewPCG(1, 3)),
		Plan: func(r *http.Request, _ int) robloxtest.Play {
			mu.Lock()
			defer mu.Unlock()
			n := chance.IntN(100)
			switch {
			case n < 10 && robloxtest.Kind(r.Method, r.URL.Path) != "introspect":
				return []robloxtest.Play{robloxtest.Limited, robloxtest.LimitedBare}[n%2]
			case n < 15 && robloxtest.Kind(r.Method, r.URL.Path) == "create":
				lost++
				return []robloxtest.Play{robloxtest.LostAnswer, robloxtest.LostRequest, robloxtest.WriteFailed, robloxtest.CutOff, robloxtest.Gateway}[n-10]
			}
			return robloxtest.Well
		},
		Moderate: func(a *robloxtest.Asset) (string, int) {
			if a.ID%50 == 0 {
				return "Rejected", 2
			}
			return "Approved", int(a.ID % 2)
		}}
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	space := b.library(t)
	versions := map[string]uuid.UUID{} // by display name
	for i := range count {
		_, version := b.inSpace(t, space, fmt.Sprintf("picture %d.png", i), "image/png", fmt.Appendf(nil, "picture %d", i))
		versions[roblox.DisplayName(version)] = version
	}
	connection := b.connect(t, keys, space)
	b.synced(t, connection)

	decided := 0
	for round := 0; ; round++ {
		require.Less(t, round, 10, "each round leaves a twentieth")
		unsure := b.assets(t, connection, connections.Unsure)
		if len(unsure) == 0 {
			break
		}
		made := map[string]int64{}
		for _, a := range fake.Assets() {
			made[a.Name] = a.ID
		}
		for _, a := range unsure {
			number := made[roblox.DisplayName(a.Version)]
			require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
				return connections.Decide(t.Context(), tx, connection, a.ID, b.User, number)
			}))
			decided++
		}
		b.synced(t, connection)
	}
	mu.Lock()
	require.Equal(t, lost, decided, "whatever was lost, and nothing else, was a person's to decide")
	mu.Unlock()

	seen := map[string]int{}
	rejected := 0
	for _, a := range fake.Assets() {
		seen[a.Name]++
		require.NotZero(t, versions[a.Name])
		if a.State == "Rejected" {
			rejected++
			continue
		}
		require.True(t, a.Granted[strconv.Itoa(universe)], "live assets are granted")
	}
	require.Len(t, seen, count)
	for name, n := range seen {
		require.Equal(t, 1, n, "%s was made once", name)
	}
	counts, err := connections.Counts(t.Context(), b.Single(b.Org), connection)
	require.NoError(t, err)
	require.Equal(t, map[connections.State]int64{connections.Live: int64(count - rejected), connections.Rejected: int64(rejected)}, counts)
	require.Positive(t, rejected)
	require.Len(t, mapAtRoblox(t, fake), count-rejected)
	for kind, limit := range map[string]connections.Kind{"create": connections.Create, "operation": connections.Poll, "asset": connections.Look, "grant": connections.Grant} {
		require.LessOrEqual(t, mostInAMinute(fake.Requests(), kind), connections.Limits[limit]*robloxTimes*8/10, kind)
	}
}

// mostInAMinute counts the requests of a kind in the fullest minute. The limits here are for
// a minute of which a test lasts a part, so the same is asked of each second.
func mostInAMinute(all []robloxtest.Request, kind string) int {
	var at []time.Time
	most := 0
	for _, r := range all {
		if robloxtest.Kind(r.Method, r.Path) != kind {
			continue
		}
		at = append(at, r.At)
		for len(at) > 0 && r.At.Sub(at[0]) > time.Minute {
			at = at[1:]
		}
		most = max(most, len(at))
	}
	return most
}

// TestWhatIsWantedIsThere: what is published comes, what goes is archived, what comes back is
// restored, what may not leave stays, and the message tells of each change and of nothing else.
func TestWhatIsWantedIsThere(t *testing.T) {
	t.Parallel()
	fake := &robloxtest.Fake{}
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	space := b.library(t)
	picture, _ := b.inSpace(t, space, "volcano.png", "image/png", []byte("picture"))
	song, _ := b.inSpace(t, space, "song.mp3", "audio/mpeg", []byte("song"))
	secret, secretVersion := b.inSpace(t, space, "list.png", "image/png", []byte("Her social security number is 536-22-1234."))
	b.inSpace(t, space, "text.pdf", "application/pdf", []byte("text"))
	_, err := b.Single(b.Org).Exec(t.Context(), "update file_versions set contains_pii = true where id = $1", secretVersion)
	require.NoError(t, err)
	connection := b.connect(t, keys, space)
	b.synced(t, connection)
	found := mapAtRoblox(t, fake)
	require.Len(t, found, 2)
	require.Equal(t, "volcano.png", found[picture.String()].Name)
	require.Equal(t, roblox.Audio, found[song.String()].Type)
	withheld := b.assets(t, connection, connections.Withheld)
	require.Len(t, withheld, 1)
	require.Equal(t, secret, withheld[0].File)
	require.Equal(t, "no_agreement", withheld[0].Code)
	require.Len(t, fake.Messages(), 1)
	for _, a := range fake.Assets() {
		require.NotContains(t, a.Name, "volcano", "the name at Roblox says nothing of the file")
	}

	b.synced(t, connection)
	require.Len(t, fake.Assets(), 2, "a second sync makes nothing")
	require.Len(t, fake.Messages(), 1)

	b.Trash(t, picture)
	b.synced(t, connection)
	require.Len(t, mapAtRoblox(t, fake), 1)
	require.NotEqual(t, fake.Assets()[0].Archived, fake.Assets()[1].Archived)
	require.Len(t, fake.Messages(), 2)

	_, err = b.Single(b.Org).Exec(t.Context(), "update files set trashed_at = null where id = $1", picture)
	require.NoError(t, err)
	b.synced(t, connection)
	require.Len(t, mapAtRoblox(t, fake), 2)
	require.Len(t, fake.Assets(), 2, "it is restored and not made again")
	require.False(t, fake.Assets()[0].Archived || fake.Assets()[1].Archived)

	// Moderation rejects what it approved before.
	fake.Reject(found[song.String()].Asset)
	_, err = b.Single(b.Org).Exec(t.Context(), "update roblox_assets set updated_at = now() - interval '2 days' where file_id = $1", song)
	require.NoError(t, err)
	b.synced(t, connection)
	require.NotContains(t, mapAtRoblox(t, fake), song.String())
	require.Len(t, b.assets(t, connection, connections.Rejected), 1)
}

// TestWhatStopsAConnection: the account that is moderated, a key that is refused and a right
// that is missing stop all requests until a person resumes.
func TestWhatStopsAConnection(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	play := robloxtest.UserModerated
	fake := &robloxtest.Fake{Plan: func(r *http.Request, _ int) robloxtest.Play {
		mu.Lock()
		defer mu.Unlock()
		if robloxtest.Kind(r.Method, r.URL.Path) == "create" {
			return play
		}
		return robloxtest.Well
	}}
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	space := b.library(t)
	for i := range 50 {
		b.inSpace(t, space, fmt.Sprintf("%d.png", i), "image/png", fmt.Appendf(nil, "%d", i))
	}
	connection := b.connect(t, keys, space)
	for next, code := range map[robloxtest.Play]string{robloxtest.UserModerated: "roblox_user_moderated", robloxtest.KeyExpired: "roblox_key_refused", robloxtest.NoScope: "roblox_scope_missing"} {
		mu.Lock()
		play = next
		mu.Unlock()
		before := len(fake.Requests())
		o := b.syncs(t, connection)
		require.Equal(t, operations.Failed, o.State, next)
		require.Equal(t, code, o.ReasonCode, next)
		require.LessOrEqual(t, len(fake.Requests())-before, 17, "those that were on their way end, and no other begins")
		c, err := connections.Get(t.Context(), b.Single(b.Org), connection)
		require.NoError(t, err)
		require.Equal(t, connections.Stopped, c.State)
		require.Equal(t, code, c.Code)
		_, err = syncing.BeginSync(t.Context(), b.DB, b.Client, b.Org, connection, tenancy.NewID(), &b.User, operations.Default)
		require.ErrorIs(t, err, connections.ErrStopped)
		require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
			return connections.Vault{}.Change(t.Context(), tx, connection, connections.Change{Resume: true})
		}))
	}
	require.Empty(t, fake.Assets())
	mu.Lock()
	play = robloxtest.Well
	mu.Unlock()
	b.synced(t, connection)
	require.Len(t, fake.Assets(), 50)
}

// TestAPlaceIsPublishedOnce, also when the answer is lost.
func TestAPlaceIsPublishedOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	plays := []robloxtest.Play{robloxtest.Limited, robloxtest.Well, robloxtest.LostAnswer, robloxtest.BadRequest}
	fake := &robloxtest.Fake{Plan: func(r *http.Request, _ int) robloxtest.Play {
		if robloxtest.Kind(r.Method, r.URL.Path) != "place" {
			return robloxtest.Well
		}
		mu.Lock()
		defer mu.Unlock()
		next := plays[0]
		plays = plays[1:]
		return next
	}}
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	space := b.library(t)
	file, version := b.inSpace(t, space, "world.rbxlx", roblox.PlaceType, []byte(`<roblox version="4"></roblox>`))
	connection := b.connect(t, keys, space)
	for _, want := range []struct{ state, code string }{{connections.PlaceDone, ""}, {connections.PlaceUnsure, "roblox_unsure"}, {connections.PlaceFailed, "roblox_refused"}} {
		p := connections.Publication{ID: tenancy.NewID(), Connection: connection, File: file, Version: version, By: b.User, Place: 8, Publish: true, ContentType: "application/xml"}
		require.NoError(t, syncing.BeginPlace(t.Context(), b.DB, b.Client, b.Org, p, operations.Default))
		o := b.operationOf(t, b.Org, p.ID)
		require.Equal(t, want.state == connections.PlaceDone, o.State == operations.Succeeded)
		require.Equal(t, want.code, o.ReasonCode)
		got, err := connections.GetPublication(context.Background(), b.Single(b.Org), p.ID)
		require.NoError(t, err)
		require.Equal(t, want.state, got.State)
	}
	require.Len(t, fake.Places(), 2)
	require.Equal(t, "application/xml", fake.Places()[0].ContentType)
}

// TestAPersonIsErased: the entry of the person goes, and who it was is forgotten.
func TestAPersonIsErased(t *testing.T) {
	t.Parallel()
	fake := &robloxtest.Fake{}
	fake.SetEntry("99/"+activity.ProgressStore+"/123", `{"level":3}`)
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	connection := b.connect(t, keys, b.library(t))
	e := connections.Erasure{ID: tenancy.NewID(), Connection: connection, User: 123}
	fresh, err := connections.ReceiveErasure(t.Context(), b.DB, b.Org, e, "n-1")
	require.NoError(t, err)
	require.True(t, fresh)
	again, err := connections.ReceiveErasure(t.Context(), b.DB, b.Org, connections.Erasure{ID: tenancy.NewID(), Connection: connection, User: 123}, "n-1")
	require.NoError(t, err)
	require.False(t, again, "a notification that is sent again is one")
	_, err = b.Admin(t).Exec(t.Context(), "update roblox_erasures set received_at = now() - interval '1 hour'")
	require.NoError(t, err)
	require.Equal(t, 1, b.Sweep(t, "start-roblox-requests").Done)
	require.Eventually(t, func() bool {
		e, err := connections.GetErasure(context.Background(), b.Single(b.Org), e.ID)
		return err == nil && e.User == 0
	}, patience, pause)
	require.Nil(t, fake.Entry("99/"+activity.ProgressStore+"/123"))
}

// TestTheExperienceIsRead once a day: progress as sums, use by day, and no number of an
// account anywhere.
func TestTheExperienceIsRead(t *testing.T) {
	t.Parallel()
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	fake := &robloxtest.Fake{Active: map[string]int64{yesterday: 31}, QueryPolls: 2}
	const scope = "99/" + activity.ProgressStore + "/volcano-quiz"
	for n := range 230 {
		fake.SetOrdered(scope, strconv.Itoa(4_000_000+n), int64(n%6)*20)
	}
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	connection := b.connect(t, keys, b.library(t))
	_, err := b.Single(b.Org).Exec(t.Context(), "update roblox_connections set progress = '{volcano-quiz,not-begun}'")
	require.NoError(t, err)
	read := func() (all []connections.Figure) {
		b.synced(t, connection)
		all, err := connections.Figures(t.Context(), b.Single(b.Org), connection, time.Now().AddDate(0, 0, -90))
		require.NoError(t, err)
		return all
	}
	all := read()
	require.Len(t, all, 3)
	require.Equal(t, connections.Numbers{Parts: &connections.Parts{}, Certain: true}, all[0].Numbers, "no server has written there")
	// 0, 20, 40, 60, 80 and 100 percent in turns
	require.Equal(t, connections.Numbers{Parts: &connections.Parts{78, 38, 38, 38, 38}, People: 230, Certain: true}, all[1].Numbers)
	require.Equal(t, connections.UsageFigure, all[2].Kind)
	require.Equal(t, connections.Numbers{People: 31, Certain: true}, all[2].Numbers)
	fake.SetOrdered(scope, "1", 100)
	require.Equal(t, all[1].Numbers, read()[1].Numbers, "it is read once a day")

	_, err = b.Admin(t).Exec(t.Context(), "update roblox_figures set day = day - 1, read_at = read_at - interval '1 day'")
	require.NoError(t, err)
	all = read()
	require.Len(t, all, 3+1, "the use of another day, and of progress the newest alone")
	require.EqualValues(t, 231, all[1].Numbers.People)
	var rows string
	require.NoError(t, b.Single(b.Org).QueryRow(t.Context(), "select string_agg(f::text, ' ') from roblox_figures f").Scan(&rows))
	require.NotContains(t, rows, "40000")

	// Who is erased is gone from each scope.
	e := connections.Erasure{ID: tenancy.NewID(), Connection: connection, User: 4_000_007}
	_, err = connections.ReceiveErasure(t.Context(), b.DB, b.Org, e, "n-1")
	require.NoError(t, err)
	require.NoError(t, syncing.WakeErasure(t.Context(), b.Client, b.Org, e.ID))
	require.Eventually(t, func() bool { return fake.Ordered(scope) == 230 }, patience, pause)
	_, err = b.Single(b.Org).Exec(t.Context(), "update roblox_connections set progress = '{}'")
	require.NoError(t, err)
	for _, f := range read() {
		require.Equal(t, connections.UsageFigure, f.Kind, "what is not counted any more is forgotten")
	}
}

// TestRecordRoblox writes what the real server kept of the processes.
func TestRecordRoblox(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	fake := &robloxtest.Fake{OperationPolls: 1}
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	space := b.library(t)
	b.inSpace(t, space, "a.png", "image/png", []byte("a"))
	connection := b.connect(t, keys, space)
	b.synced(t, connection)
	b.keepRun(t, syncing.SyncID(b.Org, connection), "roblox", "synced")
	require.NoError(t, connections.Stop(t.Context(), b.DB, b.Org, connection, "roblox_user_moderated"))
	require.NoError(t, syncing.WakeSync(t.Context(), b.Client, b.Org, connection, tenancy.NewID()))
	b.keepRun(t, syncing.SyncID(b.Org, connection), "roblox", "stopped")
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		return connections.Vault{}.Change(t.Context(), tx, connection, connections.Change{Resume: true})
	}))
	file, version := b.inSpace(t, space, "world.rbxlx", roblox.PlaceType, []byte(`<roblox version="4"></roblox>`))
	p := connections.Publication{ID: tenancy.NewID(), Connection: connection, File: file, Version: version, By: b.User, Place: 8, ContentType: "application/xml"}
	require.NoError(t, syncing.BeginPlace(t.Context(), b.DB, b.Client, b.Org, p, operations.Default))
	b.keepRun(t, syncing.PlaceID(b.Org, p.ID), "roblox", "place")
	e := connections.Erasure{ID: tenancy.NewID(), Connection: connection, User: 123}
	_, err := connections.ReceiveErasure(t.Context(), b.DB, b.Org, e, "n-1")
	require.NoError(t, err)
	require.NoError(t, syncing.WakeErasure(t.Context(), b.Client, b.Org, e.ID))
	b.keepRun(t, syncing.ErasureID(b.Org, e.ID), "roblox", "erased")
}
