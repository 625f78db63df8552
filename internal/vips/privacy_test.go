package vips

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/vips/metadata"
)

func TestRenditionsTellNothing(t *testing.T) {
	t.Parallel()
	picture := corners(900, 700)
	for name, source := range map[string][]byte{
		"jpeg":             tellingJPEG(t, picture),
		"jpeg, GPS turned": withSegments(asJPEG(t, picture), jpegEXIF(6)),
		"png":              tellingPNG(t, picture),
		"webp":             tellingWebP(t, picture, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, tells(source), "the source must have something to hide")
			for _, r := range setup(t).mustRender(t, source).Renditions {
				content, err := os.ReadFile(r.Path)
				require.NoError(t, err)
				require.NoError(t, metadata.Check(content))
				require.False(t, tells(content), r.Name)
				for _, sign := range []string{"Exif", "EXIF", "xmpmeta", "XMP ", "ICC", "8BIM", "II*\x00", "MM\x00*"} {
					require.NotContains(t, string(content), sign, r.Name)
				}
			}
		})
	}
}

func tells(content []byte) bool {
	for _, secret := range secrets {
		if bytes.Contains(content, []byte(secret)) {
			return true
		}
	}
	return false
}
