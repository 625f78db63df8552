package roblox_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/roblox"
)

func TestWhatBecomesOfAFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mediaType, name string
		want            roblox.AssetType
	}{
		{"image/png", "a.png", roblox.Image}, {"audio/mpeg", "a.mp3", roblox.Audio}, {"model/gltf-binary", "a.glb", roblox.Model},
		{roblox.PlaceType, "a.RBXM", roblox.Model}, {roblox.PlaceType, "a.rbxl", ""}, {"application/pdf", "a.pdf", ""}, {"video/mp4", "a.mp4", ""},
	} {
		got, content, ok := roblox.TypeOf(c.mediaType, c.name)
		require.Equal(t, c.want, got, c.name)
		require.Equal(t, c.want != "", ok, c.name)
		require.Equal(t, ok, content != "", c.name)
	}
}

func TestWhatAPlaceIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, head, want string }{
		{"a.rbxl", "<roblox!\x89\xff\r\n", "application/octet-stream"}, {"a.rbxlx", `<roblox version="4">`, "application/xml"},
		{"a.rbxl", `<roblox version="4">`, ""}, {"a.rbxlx", "<roblox!", ""}, {"a.rbxm", "<roblox!", ""}, {"a.rbxl", "", ""},
	} {
		got, ok := roblox.PlaceContent(c.name, []byte(c.head))
		require.Equal(t, c.want, got, c.name)
		require.Equal(t, c.want != "", ok)
	}
}

func TestMissingRights(t *testing.T) {
	t.Parallel()
	k := roblox.Key{Scopes: []roblox.Scope{{Name: "asset", Operations: []string{"read", "write"}}, {Name: "asset-permissions", Operations: []string{"write"}},
		{Name: "universe-datastores.objects", Operations: []string{"create", "read", "update"}, Universes: []int64{7}}}}
	require.Equal(t, []string{"universe-datastores.objects:delete", "universe-messaging-service:publish"}, k.Missing(7))
	require.Contains(t, k.Missing(8), "universe-datastores.objects:read")
	require.False(t, k.May(roblox.PlaceScope, 7))
}
