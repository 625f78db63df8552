package roblox_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	activity "satchel/activities/roblox"
	"satchel/internal/activitytest"
	"satchel/internal/kms"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// playedCloud counts uploads and keeps entries. What it does not play is not asked for.
type playedCloud struct {
	activity.Cloud

	mu      sync.Mutex
	made    int
	entries map[string]roblox.Entry
	between func() // before an entry is written
	puts    int
	lose    error // the answer of a write of a lesson
	told    []string
}

func (p *playedCloud) CreateAsset(context.Context, roblox.NewAsset) (roblox.Operation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	return roblox.Operation{ID: "op"}, nil
}

func (p *playedCloud) GetEntry(_ context.Context, _ int64, _, id string) (roblox.Entry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.entries[id]
	if !ok {
		return e, roblox.ErrNotFound
	}
	return e, nil
}

func (p *playedCloud) PutEntry(_ context.Context, _ int64, _, id string, e roblox.Entry) (roblox.Entry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.between != nil {
		p.between()
	}
	if p.entries[id].ETag != e.ETag {
		return e, roblox.ErrChanged
	}
	p.puts++
	e.ETag, e.Revision = fmt.Sprint("tag", p.puts), fmt.Sprint("rev", p.puts)
	p.entries[id] = e
	if p.lose != nil && strings.HasPrefix(id, "lesson-") {
		return e, p.lose
	}
	return e, nil
}

func (p *playedCloud) PublishMessage(_ context.Context, _ int64, _, message string) error {
	p.told = append(p.told, message)
	return nil
}

type testBundle struct {
	*activitytest.Fixture
	*activity.Activities
	cloud      *playedCloud
	connection uuid.UUID
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	f := activitytest.New(t)
	file, err := kms.ParseFile([]byte("test " + base64.StdEncoding.EncodeToString(make([]byte, 32))))
	require.NoError(t, err)
	b := &testBundle{Fixture: f, cloud: &playedCloud{entries: map[string]roblox.Entry{}}, connection: tenancy.NewID()}
	b.Activities = &activity.Activities{DB: f.DB, Vault: connections.Vault{Box: kms.New(file)}, Clean: f.Clean, Dial: func(string) activity.Cloud { return b.cloud },
		Budget: connections.Budget{DB: f.DB, Times: 1000}, Now: time.Now}
	f.Assured(t, f.Org, f.User, "roblox")
	require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) error {
		return b.Vault.Connect(t.Context(), tx, connections.New{ID: b.connection, By: f.User, Name: "n", Universe: 9, Creator: roblox.Creator{Type: roblox.CreatorUser, ID: 1}, APIKey: "k", Secret: "s", Spaces: []uuid.UUID{}})
	}))
	return b
}

// asset makes a row, of a file that is not there.
func (b *testBundle) asset(t *testing.T, state connections.State, more string) uuid.UUID {
	t.Helper()
	id := tenancy.NewID()
	_, err := b.Single(b.Org).Exec(t.Context(), `insert into roblox_assets (organization_id, id, connection_id, file_id, version_id, name, asset_type, sha256, state) values (app.org(), $1, $2, $1, $1, 'n', 'Image', repeat('a', 64), 'planned')`, id, b.connection)
	require.NoError(t, err)
	_, err = b.Single(b.Org).Exec(t.Context(), "update roblox_assets set state = '"+string(state)+"'"+more+" where id = $1", id)
	require.NoError(t, err)
	return id
}

func (b *testBundle) advance(t *testing.T) activity.AdvanceAssetsResult {
	t.Helper()
	r, err := activitytest.Run[activity.AdvanceAssetsResult](t, b.Activities, b.AdvanceAssets, activity.AdvanceAssetsInput{Org: b.Org, Connection: b.connection})
	require.NoError(t, err)
	return r
}

func (b *testBundle) state(t *testing.T, id uuid.UUID) connections.State {
	t.Helper()
	a, err := connections.GetAsset(t.Context(), b.Single(b.Org), b.connection, id)
	require.NoError(t, err)
	return a.State
}

// TestACrashBehindTheClaim: whether the request was made is not known, and it is not made
// again. While the claim holds, its worker may still say.
func TestACrashBehindTheClaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dead := b.asset(t, connections.Claimed, ", claim = gen_random_uuid(), claimed_at = now() - interval '10 minutes', next_at = now() - interval '5 minutes'")
	alive := b.asset(t, connections.Claimed, ", claim = gen_random_uuid(), claimed_at = now(), next_at = now() + interval '5 minutes'")
	r := b.advance(t)
	require.Equal(t, 1, r.Done)
	require.EqualValues(t, 1, r.Left)
	require.Greater(t, r.Wait, 4*time.Minute)
	require.Equal(t, connections.Unsure, b.state(t, dead))
	require.Equal(t, connections.Claimed, b.state(t, alive))
	require.Zero(t, b.cloud.made)
}

// TestALateAnswer of a try whose claim is not its own any more changes nothing.
func TestALateAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.Single(b.Org)
	id := b.asset(t, connections.Planned, "")
	first := connections.Asset{ID: id, State: connections.Planned}
	claimed, err := connections.ClaimUpload(t.Context(), q, &first)
	require.NoError(t, err)
	require.True(t, claimed)
	second := connections.Asset{ID: id, State: connections.Planned}
	claimed, err = connections.ClaimUpload(t.Context(), q, &second)
	require.NoError(t, err)
	require.False(t, claimed, "one claims")
	other := tenancy.NewID()
	second.State, second.Claim = connections.Claimed, &other
	require.NoError(t, connections.MoveAsset(t.Context(), q, second, connections.Move{To: connections.Uploading, Operation: "theirs"}))
	require.Equal(t, connections.Claimed, b.state(t, id))
	require.NoError(t, connections.MoveAsset(t.Context(), q, first, connections.Move{To: connections.Uploading, Operation: "ours"}))
	require.Equal(t, connections.Uploading, b.state(t, id))
}

// TestAFileThatIsGone is not uploaded.
func TestAFileThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.asset(t, connections.Planned, "")
	b.advance(t)
	require.Equal(t, connections.Archived, b.state(t, id))
	require.Zero(t, b.cloud.made)
}

func (b *testBundle) publish(t *testing.T) activity.PublishAssetMapResult {
	t.Helper()
	r, err := activitytest.Run[activity.PublishAssetMapResult](t, b.Activities, b.PublishAssetMap, activity.PublishAssetMapInput{Org: b.Org, Connection: b.connection})
	require.NoError(t, err)
	return r
}

// TestTheMapIsWrittenOnce for what is in it, after what somebody else wrote between, and with
// its pages before its index.
func TestTheMapIsWrittenOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	live := b.asset(t, connections.Live, ", asset_id = 7, next_at = null")
	times := 0
	b.cloud.between = func() { // the game's own server writes
		if times++; times == 1 {
			b.cloud.entries[activity.Page(1)] = roblox.Entry{Value: []byte(`{}`), ETag: "theirs"}
		}
	}
	b.cloud.entries[activity.Index] = roblox.Entry{Value: []byte(`{"pages":3}`), ETag: "old"}
	b.cloud.entries[activity.Page(2)] = roblox.Entry{Value: []byte(`{}`), ETag: "old"}
	r := b.publish(t)
	require.NotContains(t, b.cloud.entries, activity.Page(2), "pages that are too many go")
	require.True(t, r.Changed)
	var page struct {
		Assets map[string]struct{ ID int64 }
	}
	require.NoError(t, json.Unmarshal(b.cloud.entries[activity.Page(1)].Value, &page))
	require.EqualValues(t, 7, page.Assets[live.String()].ID)
	require.Len(t, b.cloud.told, 1)
	puts := b.cloud.puts
	require.False(t, b.publish(t).Changed)
	require.Equal(t, puts, b.cloud.puts)
	require.Len(t, b.cloud.told, 1)
}

func (p *playedCloud) DeleteEntry(_ context.Context, _ int64, _, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.entries, id)
	return nil
}

// TestAKeyThatCannotBeRead is the operator's to put right: the step waits.
func TestAKeyThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for code, box := range map[string]*kms.Box{"no_encryption_keys": nil, "roblox_key_not_readable": other(t)} {
		b.Vault.Box = box
		_, err := activitytest.Run[activity.AdvanceAssetsResult](t, b.Activities, b.AdvanceAssets, activity.AdvanceAssetsInput{Org: b.Org, Connection: b.connection})
		activitytest.RequireRefused(t, err, code, true)
	}
}

func other(t *testing.T) *kms.Box {
	t.Helper()
	file, err := kms.ParseFile([]byte("other " + base64.StdEncoding.EncodeToString(make([]byte, 32))))
	require.NoError(t, err)
	return kms.New(file)
}
