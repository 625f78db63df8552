package previews

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/pictures"
	"satchel/policies/types"
)

var update = flag.Bool("update", false, "write the table of docs/previews.md, and docs/types.md")

// unseen are the kinds without previews. A new kind is in the table or here.
var unseen = []string{
	"image/x-xcf",
	"application/vnd.oasis.opendocument.formula", "application/vnd.ms-xpsdocument", "image/vnd.djvu", "audio/midi",
	"model/stl", "model/obj", "model/x-ply", "model/gltf-binary", "application/x-fbx", "application/vnd.sketchup.skp", "image/vnd.dxf", "image/vnd.dwg", "application/x-blender",
	"application/x.scratch.sb3", "application/x.scratch.sprite3", "application/x.scratch.sb2", "application/x-appinventor", "application/x-lego", "application/x-construct3",
	"application/x-uf2", "application/x-roblox", "application/x-ti-nspire", "application/x-ti-83", "application/vnd.recordare.musicxml",
	"application/x-audacity-project+sqlite3", "application/x-clip-studio", "application/x-affinity", "application/vnd.sqlite3", "application/x-fritzing", "application/x-greenfoot",
	"application/x-h5p", "application/x-imscc", "application/vnd.moodle.backup", "application/x-smarttech-notebook", "application/x-msaccess",
	"application/zip", "application/x-tar", "application/gzip",
}

// boundedByRenderer are pictures that policies/pictures does not measure: no page shows
// their originals, and the renderer reads their header first and has bounds of its own.
var boundedByRenderer = []string{"image/vnd.microsoft.icon", "image/jp2", "image/jxl"}

// A picture that is shown and not measured before would be opened unseen by the renderer.
func TestEveryPictureIsMeasured(t *testing.T) {
	t.Parallel()
	for _, kind := range types.Table() {
		row, _ := For(kind.MediaType)
		measured := pictures.Knows(kind.MediaType) || slices.Contains(boundedByRenderer, kind.MediaType)
		require.Equal(t, row.Method == Picture, measured, kind.MediaType)
	}
}

func TestEveryKindIsDecided(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, kind := range types.Table() {
		known[kind.MediaType] = true
		_, ok := For(kind.MediaType)
		listed := false
		for _, mediaType := range unseen {
			listed = listed || mediaType == kind.MediaType
		}
		require.NotEqual(t, ok, listed, "%s: it has a preview, or is in unseen", kind.MediaType)
	}
	for mediaType := range ofKinds {
		require.True(t, known[mediaType], "%s is no kind of policies/types", mediaType)
	}
	for _, mediaType := range unseen {
		require.True(t, known[mediaType], "%s is no kind of policies/types", mediaType)
	}
	_, ok := For(types.Opaque)
	require.False(t, ok)
}

const marks = "<!-- kinds -->"

// TestDocs: the page lists what the pipeline does.
func TestDocs(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "..", "docs", "previews.md")
	got, err := os.ReadFile(page)
	require.NoError(t, err)
	parts := strings.Split(string(got), marks)
	require.Len(t, parts, 3, "the table is between two marks")
	want := parts[0] + marks + "\n" + Documentation() + marks + parts[2]
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(got), "run: go test ./policies/previews -run TestDocs -update")
}

// TestTypesDocs: the page that users read is the table that the validator reads, with
// what the pipeline makes of each kind.
func TestTypesDocs(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "..", "docs", "types.md")
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(types.Markdown(Short)), 0o600))
	}
	got, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, types.Markdown(Short), string(got), "run: go test ./policies/previews -run TestTypesDocs -update")
	for _, m := range meanings {
		require.NotEmpty(t, short[m.method], m.method)
	}
}
