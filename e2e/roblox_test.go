package e2e

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
	"satchel/internal/devstack"
)

// TestRoblox: an owner connects an experience, a picture of a space becomes an asset there, a
// place is published, and neither a teacher nor another school reaches any of it. Roblox is
// the fake of the local stack.
func TestRoblox(t *testing.T) {
	s, other := newSchool(t), newSchool(t)
	ctx := testContext(t)
	var space struct{ ID string }
	require.NoError(t, s.Owner.Call(ctx, http.MethodPost, "/api/v1/spaces", map[string]any{"name": "Pictures", "kind": "library"}, &space))
	var content bytes.Buffer
	require.NoError(t, png.Encode(&content, image.NewGray(image.Rect(0, 0, 32, 32))))
	picture := settled(t, s.Owner, mustUpload(t, s.Owner, "volcano.png", content.Bytes()))
	require.NoError(t, s.Owner.Call(ctx, http.MethodPatch, "/api/v1/storage/files/"+picture.ID, map[string]any{"space_id": space.ID}, nil))
	in := client.NewRobloxConnection{Name: "Our world", UniverseID: time.Now().UnixNano(), Creator: client.RobloxCreator{Type: "group", ID: 5}, APIKey: "key", SpaceIDs: []string{space.ID}}
	_, err := s.Teacher.ConnectRoblox(ctx, in)
	require.Error(t, err)
	_, err = s.Owner.ConnectRoblox(ctx, in)
	refused(t, err, http.StatusForbidden, "assurance_required")
	require.NoError(t, devstack.Assure(ctx, s.Owner, s.ID, "roblox"))
	c, err := s.Owner.ConnectRoblox(ctx, in)
	require.NoError(t, err)
	require.NotEmpty(t, c.Secret)
	_, err = other.Owner.RobloxConnection(ctx, c.ID)
	refused(t, err, http.StatusNotFound, "roblox_connection_not_found")

	ends := func(id string, err error) {
		require.NoError(t, err)
		var op struct{ State string }
		require.Eventually(t, func() bool {
			return s.Owner.Call(ctx, http.MethodGet, "/api/v1/operations/"+id, nil, &op) == nil && op.State != "running"
		}, patience, 200*time.Millisecond)
		require.Equal(t, "succeeded", op.State)
	}
	ends(s.Owner.SyncRoblox(ctx, c.ID))
	assets, next, err := s.Owner.RobloxAssets(ctx, c.ID, "", "")
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, assets, 1)
	require.Equal(t, "live", assets[0].State, assets[0].Code)
	require.NotNil(t, assets[0].AssetID)

	place := settled(t, s.Owner, mustUpload(t, s.Owner, "world.rbxlx", []byte(`<roblox version="4"></roblox>`)))
	ends(s.Owner.PublishRobloxPlace(ctx, c.ID, 7, place.ID, true))
	quotas, err := s.Owner.RobloxQuotas(ctx, c.ID)
	require.NoError(t, err)
	require.NotEmpty(t, quotas)
	require.NoError(t, s.Owner.DisconnectRoblox(ctx, c.ID))
}
