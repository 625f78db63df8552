package pipeline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/kms"
	"satchel/internal/pipelinetest"
	"satchel/internal/roblox/robloxtest"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// TestOwnersAreToldOfAConnection that stopped, and of assets that a person decides about,
// once each.
func TestOwnersAreToldOfAConnection(t *testing.T) {
	t.Parallel()
	keys, options := toRoblox(t, &robloxtest.Fake{})
	b := setup(t, options)
	connection := b.connect(t, keys, b.library(t))
	owner := b.Member(t, b.Org, tenancy.Owner)
	b.Member(t, b.Org, tenancy.Teacher)
	told := func() (n int) {
		require.NoError(t, b.Single(b.Org).QueryRow(t.Context(), "select count(*) from notifications where kind = 'roblox.attention' and user_id = $1", owner).Scan(&n))
		var others int
		require.NoError(t, b.Single(b.Org).QueryRow(t.Context(), "select count(*) from notifications n join members m on m.user_id = n.user_id where n.kind = 'roblox.attention' and m.role not in ('owner', 'admin')").Scan(&others))
		require.Zero(t, others)
		return n
	}
	for _, step := range []struct {
		unsure int64
		want   int
	}{{0, 0}, {2, 1}, {2, 1}, {1, 1}, {2, 2}} {
		require.NoError(t, connections.TellUnsure(t.Context(), b.DB, b.Org, connection, step.unsure))
		require.Equal(t, step.want, told())
	}
	for range 2 {
		require.NoError(t, connections.Stop(t.Context(), b.DB, b.Org, connection, "roblox_key_refused"))
		require.Equal(t, 3, told())
	}
}

// TestKeysAreEncryptedAgain when another key of the service is in front, while workers run.
func TestKeysAreEncryptedAgain(t *testing.T) {
	t.Parallel()
	keys, options := toRoblox(t, &robloxtest.Fake{})
	after := kms.Config{Keys: "next " + strings.Repeat("B", 43) + "=\n" + keys.Keys}
	b := setup(t, func(o *pipelinetest.Options) {
		options(o)
		o.Keys = after
	})
	connection := b.connect(t, keys, b.library(t))
	require.Equal(t, 1, b.Sweep(t, "rotate-roblox-keys").Done)
	require.Zero(t, b.Sweep(t, "rotate-roblox-keys").Found)
	box, err := kms.Config{Keys: "next " + strings.Repeat("B", 43) + "="}.Open()
	require.NoError(t, err)
	key, err := connections.Vault{Box: box}.Key(t.Context(), b.DB, b.Org, connection)
	require.NoError(t, err, "the key before may be taken away")
	require.Equal(t, "secret", key)
}

// TestConnectionsSyncByThemselves when they are due.
func TestConnectionsSyncByThemselves(t *testing.T) {
	t.Parallel()
	fake := &robloxtest.Fake{}
	keys, options := toRoblox(t, fake)
	b := setup(t, options)
	space := b.library(t)
	b.inSpace(t, space, "a.png", "image/png", []byte("a"))
	connection := b.connect(t, keys, space)
	require.Zero(t, b.Sweep(t, "start-roblox-syncs").Found, "this one does not sync by itself")
	_, err := b.Single(b.Org).Exec(t.Context(), "update roblox_connections set automatic = true")
	require.NoError(t, err)
	require.Equal(t, 1, b.Sweep(t, "start-roblox-syncs").Done)
	require.Eventually(t, func() bool { return len(fake.Messages()) == 1 }, patience, pause)
	require.Eventually(t, func() bool {
		c, err := connections.Get(context.Background(), b.Single(b.Org), connection)
		return err == nil && c.SyncedAt != nil
	}, patience, pause)
	require.Zero(t, b.Sweep(t, "start-roblox-syncs").Found)
}
