package pictures_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/devstack/pictures"
)

const page = `- navigation "Places":
  - link "Essay 1":
    - /url: /console/o/01890000-0000-7000-8000-000000000001
  - link "My files"
- text: 4.2 kB, 30 November 2026 at 08:13, 12:04, 0190a3b2, 1,204 files, DUE 2 Dec
- paragraph: Your files are "here".
`

// TestWords: an hour, a number and an id are no change; a word is.
func TestWords(t *testing.T) {
	t.Parallel()
	later := strings.NewReplacer("4.2 kB", "18 B", "30 November 2026", "1 December 2026", "08:13", "18:59", "12:04", "3 Dec 2026", "0190a3b2", "0190ffff", "1,204", "7", "2 Dec", "31 Jan", "000001", "00000f").Replace(page)
	require.NotEqual(t, page, later)
	require.Equal(t, pictures.Words(page), pictures.Words(later))
	require.NotEqual(t, pictures.Words(page), pictures.Words(strings.Replace(page, "Essay", "Test", 1)))
	require.Contains(t, pictures.Words(page), "Essay 0")
}

// TestLook: a part that moved is a change, with its place; a picture with fewer colors is none.
func TestLook(t *testing.T) {
	t.Parallel()
	plain := image.NewGray(image.Rect(0, 0, 400, 400))
	other := image.NewGray(plain.Bounds())
	draw.Draw(other, image.Rect(0, 0, 20, 200), image.White, image.Point{}, draw.Src)
	part, where := pictures.Look(plain, plain)
	require.Zero(t, part)
	require.True(t, where.Empty())
	part, where = pictures.Look(plain, other)
	require.InDelta(t, 10.0/400, part, 1e-9)
	require.Equal(t, image.Rect(0, 0, 20, 200), where)
	part, _ = pictures.Look(plain, image.NewGray(image.Rect(0, 0, 400, 380)))
	require.InDelta(t, 1, part, 1e-9)
	require.True(t, pictures.LooksStale(part))

	small, err := pictures.Small(other)
	require.NoError(t, err)
	again, err := png.Decode(bytes.NewReader(small))
	require.NoError(t, err)
	part, _ = pictures.Look(other, again)
	require.Zero(t, part)
}

// TestStale: a record is written and read, and says when its picture or a message of it is
// another one. Other messages of the catalog do not matter.
func TestStale(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	po := filepath.Join(dir, "messages.po")
	require.NoError(t, os.WriteFile(po, []byte("msgid \"\"\nmsgstr \"\"\n\"Language: en\\n\"\n\n#: a.tsx:1\nmsgid \"My files\"\nmsgstr \"My files\"\n\nmsgid \"\"\n\"Your files \"\n\"are \\\"here\\\".\"\nmsgstr \"\"\n\n#~ msgid \"Old\"\n\nmsgid \"Bin\"\nmsgstr \"Bin\""), 0o600))
	catalog, err := pictures.Catalog(po)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"My files": true, `Your files are "here".`: true, "Bin": true}, catalog)

	picture := []byte("a picture")
	r := pictures.NewRecord("teacher-files", picture, page, catalog)
	require.Equal(t, []string{"My files", `Your files are "here".`}, r.Messages)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "teacher-files.txt"), r.Text(), 0o600))
	read, err := pictures.ReadRecord(dir, "teacher-files")
	require.NoError(t, err)
	require.Equal(t, r, read)

	require.Empty(t, read.Stale(picture, catalog))
	delete(catalog, "Bin")
	require.Empty(t, read.Stale(picture, catalog))
	delete(catalog, "My files")
	require.Equal(t, []string{"teacher-files.png is stale: it shows \"My files\", which the console does not say any more; run `make pictures ONLY=teacher`, look at docs/pictures/teacher-files.png, and commit it with its record"}, read.Stale(picture, catalog))
	another := read.Stale([]byte("another"), catalog)
	require.Len(t, another, 2)
	require.Contains(t, another[0], "not the picture that its record describes")
	_, err = pictures.ReadRecord(dir, "teacher-bin")
	require.ErrorContains(t, err, "read the record of teacher-bin.png")
}
