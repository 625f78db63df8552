package vips

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// forged is what a child reports and leaves behind; the test changes one thing.
type forged struct {
	report Report
	dir    string
}

func (f *forged) put(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, name), content, 0o600))
}

func (f *forged) replace(t *testing.T, content []byte) {
	t.Helper()
	f.put(t, "fit320.jpg", content)
	f.report.Renditions[0].Size = int64(len(content))
}

func honest(t *testing.T) *forged {
	t.Helper()
	f := &forged{dir: t.TempDir(), report: Report{Width: 20, Height: 10, Orientation: 1, Format: "png", Pages: 1,
		Renditions: []Rendition{{Name: "fit320.jpg", File: "fit320.jpg", MIME: "image/jpeg", Width: 20, Height: 10}}}}
	f.replace(t, asJPEG(t, corners(20, 10)))
	return f
}

func TestVerifyBelievesTheHonest(t *testing.T) {
	t.Parallel()
	f := honest(t)
	result, err := verify(f.report, f.dir)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(f.dir, "fit320.jpg"), result.Renditions[0].Path)
}

func TestVerifyBelievesNothingElse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		forge func(*testing.T, *forged)
		text  string
	}{
		"no renditions":        {func(_ *testing.T, f *forged) { f.report.Renditions = nil }, "0 renditions"},
		"no size":              {func(_ *testing.T, f *forged) { f.report.Width = 0 }, "outside the limits"},
		"size beyond limits":   {func(_ *testing.T, f *forged) { f.report.Width, f.report.Height = 16_384, 16_384 }, "outside the limits"},
		"orientation":          {func(_ *testing.T, f *forged) { f.report.Orientation = 9 }, "orientation"},
		"pages":                {func(_ *testing.T, f *forged) { f.report.Pages = 0 }, "pages"},
		"format":               {func(_ *testing.T, f *forged) { f.report.Format = "svg" }, "format"},
		"invented name":        {func(_ *testing.T, f *forged) { f.report.Renditions[0].Name = "fit9.jpg" }, "not one of ours"},
		"file elsewhere":       {func(_ *testing.T, f *forged) { f.report.Renditions[0].File = "../fit320.jpg" }, "not one of ours"},
		"other type":           {func(_ *testing.T, f *forged) { f.report.Renditions[0].MIME = "text/html" }, "not one of ours"},
		"size in bytes":        {func(_ *testing.T, f *forged) { f.report.Renditions[0].Size++ }, "bytes, reported"},
		"width":                {func(_ *testing.T, f *forged) { f.report.Renditions[0].Width++ }, "20 × 10"},
		"absent file":          {func(t *testing.T, f *forged) { require.NoError(t, os.Remove(f.dir+"/fit320.jpg")) }, "no such file"},
		"unmentioned file":     {func(t *testing.T, f *forged) { f.put(t, "extra", nil) }, "not reported"},
		"page instead":         {func(t *testing.T, f *forged) { f.replace(t, []byte("<script>alert(1)</script>")) }, "read header"},
		"png instead":          {func(t *testing.T, f *forged) { f.replace(t, asPNG(t, corners(20, 10))) }, "png, reported as image/jpeg"},
		"larger than its step": {forgeLarge, "for a side of 320"},
		"position":             {func(t *testing.T, f *forged) { f.replace(t, withSegments(asJPEG(t, corners(20, 10)), jpegEXIF(1))) }, "metadata present"},
		"too many bytes":       {func(t *testing.T, f *forged) { f.replace(t, make([]byte, maxRendition+1)) }, "larger than"},
		"reported twice": {func(_ *testing.T, f *forged) {
			f.report.Renditions = append(f.report.Renditions, f.report.Renditions[0])
		}, "twice"},
		"symbolic link": {forgeLink, "not a regular file"},
		"named pipe":    {forgePipe, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := honest(t)
			c.forge(t, f)
			_, err := verify(f.report, f.dir)
			require.ErrorContains(t, err, c.text)
			require.NotErrorAs(t, err, new(NotRenderable), "a lie is a fault of the child")
		})
	}
}

func forgeLarge(t *testing.T, f *forged) {
	f.replace(t, asJPEG(t, corners(400, 10)))
	f.report.Renditions[0].Width = 400
}

func forgeLink(t *testing.T, f *forged) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.Rename(filepath.Join(f.dir, "fit320.jpg"), secret))
	require.NoError(t, os.Symlink(secret, filepath.Join(f.dir, "fit320.jpg")))
}

func forgePipe(t *testing.T, f *forged) {
	path := filepath.Join(f.dir, "fit320.jpg")
	require.NoError(t, os.Remove(path))
	require.NoError(t, syscall.Mkfifo(path, 0o600))
}
