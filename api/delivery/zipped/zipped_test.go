package zipped

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// memory is the files of a zip, which can refuse one.
type memory struct {
	files  [][]byte
	refuse int // the number of the file, from 1
	opened int
}

var errLost = errors.New("access lost")

func (m *memory) Open(_ context.Context, i int, offset int64) (io.ReadCloser, error) {
	m.opened++
	if i+1 == m.refuse {
		return nil, errLost
	}
	return io.NopCloser(bytes.NewReader(m.files[i][offset:])), nil
}

func (m *memory) CRC(_ context.Context, i int) (uint32, error) {
	return crc32.ChecksumIEEE(m.files[i]), nil
}

func stretch(t require.TestingT, l *Layout, m *memory, offset, length int64) []byte {
	r, err := l.Open(context.Background(), m, offset, length)
	require.NoError(t, err)
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return content
}

// TestEveryStretchIsOfTheWhole: the zip is read back by the standard library, its length
// is the one that was said, and every stretch is that of the whole.
func TestEveryStretchIsOfTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		m, entries, names := &memory{}, []Entry{}, Names{}
		for i := range rapid.IntRange(0, 8).Draw(r, "files") {
			content := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(r, "content")
			m.files = append(m.files, content)
			name := names.Add(rapid.SliceOfN(rapid.String(), 0, 2).Draw(r, "folders"), rapid.String().Draw(r, "name"))
			entries = append(entries, Entry{Name: name, Size: int64(len(content)), Modified: time.Date(2026, 11, 28, 12, i, 0, 0, time.UTC)})
		}
		l := New(entries)
		whole := stretch(r, l, m, 0, l.Size())
		require.Len(r, whole, int(l.Size()))
		z, err := zip.NewReader(bytes.NewReader(whole), l.Size())
		require.NoError(r, err)
		require.Len(r, z.File, len(entries))
		for i, f := range z.File {
			body, err := f.Open()
			require.NoError(r, err)
			content, err := io.ReadAll(body) // which compares the CRC
			require.NoError(r, err)
			require.True(r, bytes.Equal(m.files[i], content))
			require.Equal(r, entries[i].Name, f.Name)
			require.True(r, entries[i].Modified.Equal(f.Modified))
		}
		from := rapid.Int64Range(0, l.Size()).Draw(r, "from")
		to := rapid.Int64Range(from, l.Size()).Draw(r, "to")
		require.True(r, bytes.Equal(whole[from:to], stretch(r, l, m, from, to-from)))
	})
}

// TestZIP64: entries and offsets beyond 4 GiB, and more entries than a plain zip has. The
// bytes of the entries are not needed to read the directory.
func TestZIP64(t *testing.T) {
	t.Parallel()
	m := &memory{files: make([][]byte, 70_000)}
	entries := []Entry{{Name: "small", Size: 5}, {Name: "large", Size: 5 << 30}, {Name: "behind", Size: 1}}
	for i := len(entries); i < len(m.files); i++ {
		entries = append(entries, Entry{Name: fmt.Sprint("f", i), Size: 0})
	}
	l := New(entries)
	z, err := zip.NewReader(at{l, m}, l.Size())
	require.NoError(t, err)
	require.Len(t, z.File, len(entries))
	require.EqualValues(t, 5<<30, z.File[1].UncompressedSize64)
	offset, err := z.File[2].DataOffset()
	require.NoError(t, err)
	require.Greater(t, offset, int64(5<<30))
	require.Equal(t, l.offsets[2]+l.headerLength(2), offset)
	last, err := z.File[len(entries)-1].DataOffset()
	require.NoError(t, err)
	require.Equal(t, l.directory, last)
}

// at reads a layout at any place.
type at struct {
	l *Layout
	m *memory
}

func (a at) ReadAt(p []byte, offset int64) (int, error) {
	n := min(int64(len(p)), a.l.Size()-offset)
	r, err := a.l.Open(context.Background(), a.m, offset, n)
	if err != nil {
		return 0, err
	}
	read, err := io.ReadFull(r, p[:n])
	if err == nil && int64(len(p)) > n {
		err = io.EOF
	}
	return read, err
}

// TestRefusedEntryCutsTheZip: what is lost in between is an error and no shorter zip.
func TestRefusedEntryCutsTheZip(t *testing.T) {
	t.Parallel()
	m := &memory{files: [][]byte{[]byte("one"), []byte("two"), []byte("three")}, refuse: 2}
	l := New([]Entry{{Name: "1", Size: 3}, {Name: "2", Size: 3}, {Name: "3", Size: 5}})
	r, err := l.Open(context.Background(), m, 0, l.Size())
	require.NoError(t, err)
	sent, err := io.ReadAll(r)
	require.ErrorIs(t, err, errLost)
	require.Len(t, sent, int(l.offsets[1]+l.headerLength(1)))
	_, err = l.Open(context.Background(), m, l.offsets[1]+l.headerLength(1), 1)
	require.ErrorIs(t, err, errLost, "before the first byte it can be answered")
	m.refuse, m.files[1] = 0, []byte("t")
	r, err = l.Open(context.Background(), m, 0, l.Size())
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	for _, bad := range [][2]int64{{-1, 1}, {0, l.Size() + 1}, {0, -1}} {
		_, err := l.Open(context.Background(), m, bad[0], bad[1])
		require.Error(t, err)
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	var n Names
	long := strings.Repeat("ä", 150) + ".docx"
	for _, c := range []struct {
		folders []string
		name    string
		want    string
	}{
		{nil, "../../etc/passwd", ".._.._etc_passwd"}, {[]string{"..", "."}, "a.txt", "folder/folder/a.txt"}, {nil, `C:\autoexec.bat`, "C__autoexec.bat"},
		{nil, "/absolute", "_absolute"}, {nil, "CON", "_CON"}, {nil, "con.txt", "_con.txt"}, {nil, "LPT1.pdf", "_LPT1.pdf"}, {nil, "console.log", "console.log"},
		{nil, "invoice\u202Efdp.exe", "invoicefdp.exe"}, {nil, "line\nbreak", "line_break"}, {nil, "\x00", "_"}, {nil, "", "file"}, {nil, "...", "file (2)"},
		{nil, "trailing. ", "trailing"}, {nil, "Essay.docx", "Essay.docx"}, {nil, "ESSAY.docx", "ESSAY (2).docx"}, {nil, "essay.DOCX", "essay (3).DOCX"},
		{nil, "cafe\u0301", "café"}, {nil, "café", "café (2)"}, {nil, "straße", "straße"}, {nil, "STRASSE", "STRASSE (2)"}, {nil, "\xff\xfe", "_ (2)"},
		{[]string{"a"}, "x", "a/x"}, {[]string{"A"}, "x", "a/x (2)"}, {nil, `<>:"|?*`, "_______"},
		{nil, "notes.txt", "notes.txt"}, {[]string{"notes.txt"}, "x", "notes (2).txt/x"}, {[]string{"Notes.TXT"}, "y", "notes (2).txt/y"}, // a file and a folder of one name
		{nil, "notes (2).txt", "notes (2) (2).txt"}, {[]string{"b", "c"}, "x", "b/c/x"}, {[]string{"b"}, "C", "b/C (2)"}, {nil, "B", "B (2)"},
	} {
		got := n.Add(c.folders, c.name)
		require.Equal(t, c.want, got, "%q", c.name)
	}
	cut := n.Add(nil, long)
	require.LessOrEqual(t, len(cut), maxPart)
	require.True(t, strings.HasSuffix(cut, "ä.docx"), cut)
}

// TestNamesStayBelowTheirFolder, whatever they are, and no two are one.
func TestNamesStayBelowTheirFolder(t *testing.T) {
	t.Parallel()
	part := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("./\\ aA:\u202e\u0301CON"))), rapid.Just(".."))
	rapid.Check(t, func(r *rapid.T) {
		var n Names
		var all []string
		for range rapid.IntRange(1, 12).Draw(r, "files") {
			name := n.Add(rapid.SliceOfN(part, 0, 3).Draw(r, "folders"), part.Draw(r, "name"))
			all = append(all, name)
			require.Equal(r, name, path.Clean(name))
			require.False(r, path.IsAbs(name) || name == "." || strings.HasPrefix(name, "../") || strings.Contains(name, `\`), name)
			require.Less(r, len(name), 1<<12)
		}
		requireUnpacked(r, all)
	})
}

// requireUnpacked: no two of the files, and none of the folders above them, are one.
func requireUnpacked(t require.TestingT, names []string) {
	used := map[string]bool{}
	for _, name := range names {
		require.False(t, used[fold(name)], name)
		used[fold(name)] = true
	}
	for _, name := range names {
		for above := path.Dir(name); above != "."; above = path.Dir(above) {
			require.False(t, used[fold(above)], "%s is a file, and a folder of %s", above, name)
		}
	}
}

// TestManyEqualNames end: with each numbered from 1 on, these take minutes.
func TestManyEqualNames(t *testing.T) {
	t.Parallel()
	var n Names
	all := make([]string, 100_000)
	for i := range all {
		all[i] = n.Add([]string{"Class 7b"}, "Essay.docx")
	}
	require.Equal(t, "Class 7b/Essay (100000).docx", all[len(all)-1])
	requireUnpacked(t, all)
}
