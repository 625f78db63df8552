package archives

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/internal/spool"
	"satchel/policies/verdict"
)

// visited is what a walk showed, by the member's path.
func visited(t testing.TB, content []byte, limits Limits) map[string][]byte {
	t.Helper()
	seen := map[string][]byte{}
	err := Walk(context.Background(), bytes.NewReader(content), int64(len(content)), limits, func(m Member) error {
		got, err := io.ReadAll(m.Reader)
		require.Equal(t, m.Size, int64(len(got)))
		seen[fmt.Sprint(m.Path, m.Container)] = got
		return err
	})
	require.NoError(t, err)
	return seen
}

// filesIn makes the temporary files in a folder of the test.
func filesIn(dir string) func() (*spool.File, error) {
	return func() (*spool.File, error) {
		f, err := spool.Nameless(dir)
		if err != nil {
			return nil, err
		}
		return spool.NewFile(f), nil
	}
}

func TestWalkShowsEverything(t *testing.T) {
	t.Parallel()
	innermost := packed(t, []string{"deep.txt"}, hello)
	inner := packed(t, []string{"x.bin", "not-by-name"}, bytes.Repeat(hello, 5), innermost)
	content := handmade{members: []member{{name: "d/"}, {name: "d/a", content: hello}, {name: "in.zip", content: inner}, {name: "in64", content: inner, zip64: true}}, zip64: true}.build(t)
	for name, spoolMemory := range map[string]int64{"in memory": 1 << 20, "in files": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits, dir := DefaultLimits(), t.TempDir()
			limits.SpoolMemory, limits.TempFile = spoolMemory, filesIn(dir)
			require.Equal(t, map[string][]byte{
				"[1] false":     hello,
				"[2] true":      inner,
				"[2 0] false":   bytes.Repeat(hello, 5),
				"[2 1] true":    innermost,
				"[2 1 0] false": hello,
				"[3] true":      inner,
				"[3 0] false":   bytes.Repeat(hello, 5),
				"[3 1] true":    innermost,
				"[3 1 0] false": hello,
			}, visited(t, content, limits))
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, left, "spooled files must not stay")
		})
	}
}

func nested(t testing.TB, depth int) []byte {
	content := packed(t, []string{"core"}, hello)
	for range depth - 1 {
		content = packed(t, []string{"inner"}, content)
	}
	return content
}

func TestWalkDepth(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	for depth := 1; depth <= limits.Depth; depth++ {
		_, err := walkAll(nested(t, depth), limits)
		require.NoError(t, err, "depth %d", depth)
	}
	_, err := walkAll(nested(t, limits.Depth+1), limits)
	f := requireFinding(t, err, TooDeep)
	require.Equal(t, verdict.Unscannable, f.Class())
	require.Equal(t, []int{0, 0, 0, 0}, f.Path)
	_, err = walkAll(nested(t, 50), limits)
	_ = requireFinding(t, err, TooDeep)
}

// What only unpacking shows.
func TestWalkFindings(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat(hello, 1000)
	badSum := one(member{name: "a", content: hello, crc: 7}).build(t)
	described := packed(t, []string{"a"}, hello)
	binary.LittleEndian.PutUint32(described[bytes.Index(described, []byte("PK\x07\x08"))+4:], 7)
	mixed := func(in []byte) []byte { return packed(t, []string{"before", "in"}, hello, in) }
	encrypted := one(member{name: "a", content: hello, flags: flagEncrypted}).build(t)
	for name, tc := range map[string]struct {
		content []byte
		rule    Rule
		path    []int
	}{
		"wrong sum":              {badSum, Corrupt, []int{0}},
		"wrong sum behind":       {described, Corrupt, []int{0}},
		"sum set to zero":        {zeroSum(t), Corrupt, []int{0}},
		"more than declared":     {one(member{name: "a", content: long, deflate: true, unpacked: 10}).build(t), SizeLie, []int{0}},
		"less than declared":     {one(member{name: "a", content: long, deflate: true, unpacked: 20_000}).build(t), Corrupt, []int{0}},
		"no deflate stream":      {one(member{name: "a", content: long, raw: []byte("nonsense"), method: 8}).build(t), Corrupt, []int{0}},
		"torn deflate stream":    {one(member{name: "a", content: long, raw: deflated(t, long)[:20], method: 8}).build(t), Corrupt, []int{0}},
		"data behind the stream": {one(member{name: "a", content: long, raw: append(deflated(t, long), "hidden"...), method: 8}).build(t), ExtraData, []int{0}},
		"zip behind a picture":   {mixed(append([]byte("GIF89a......"), nested(t, 1)...)), ExtraData, []int{1}},
		"encrypted inside":       {mixed(encrypted), Encrypted, []int{1, 0}},
		"encrypted, deeper":      {mixed(mixed(encrypted)), Encrypted, []int{1, 1, 0}},
		"broken inside":          {mixed([]byte("PK\x03\x04 but nothing else of a zip")), Corrupt, []int{1}},
		"spanned inside":         {mixed(append([]byte("PK\x07\x08"), nested(t, 1)...)), ExtraData, []int{1}},
		"macros inside":          {mixed(packed(t, []string{"word/vbaProject.bin"}, hello)), Macros, []int{1, 0}},
		"7z inside":              {mixed([]byte("7z\xbc\xaf\x27\x1c\x00\x04....")), NestedArchive, []int{1}},
		"rar inside":             {mixed([]byte("Rar!\x1a\x07\x01\x00....")), NestedArchive, []int{1}},
		"rar 4 inside":           {mixed([]byte("Rar!\x1a\x07\x00....")), NestedArchive, []int{1}},
		"zstd inside":            {mixed([]byte("\x28\xb5\x2f\xfd....")), NestedArchive, []int{1}},
		"ace inside":             {mixed([]byte("1234567**ACE**....")), NestedArchive, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, spoolMemory := range []int64{0, 1 << 20} {
				limits, dir := DefaultLimits(), t.TempDir()
				limits.SpoolMemory, limits.TempFile = spoolMemory, filesIn(dir)
				_, err := walkAll(tc.content, limits)
				f := requireFinding(t, err, tc.rule)
				require.Equal(t, tc.path, f.Path)
				// A visitor that reads nothing, or hides the error, hides nothing.
				err = Walk(t.Context(), bytes.NewReader(tc.content), int64(len(tc.content)), limits, func(Member) error { return nil })
				_ = requireFinding(t, err, tc.rule)
				err = Walk(t.Context(), bytes.NewReader(tc.content), int64(len(tc.content)), limits, func(m Member) error {
					_, _ = io.Copy(io.Discard, m.Reader)
					return nil
				})
				_ = requireFinding(t, err, tc.rule)
			}
		})
	}
}

// zeroSum is a zip whose checksums say "not set", which the library takes for
// good.
func zeroSum(t testing.TB) []byte {
	content := one(member{name: "a", content: hello}).build(t)
	clear(content[14:18])
	central := bytes.Index(content, centralMagic)
	clear(content[central+16 : central+20])
	return content
}

// The limits hold for everything inside together.
func TestWalkSharesLimits(t *testing.T) {
	t.Parallel()
	inner := packed(t, []string{"a", "b", "c"}, hello, hello, hello)
	content := packed(t, []string{"1", "2", "3"}, inner, inner, inner)

	limits := DefaultLimits()
	limits.Entries = 12
	_, err := walkAll(content, limits)
	require.NoError(t, err)
	limits.Entries = 11
	_, err = walkAll(content, limits)
	_ = requireFinding(t, err, TooManyEntries)

	limits = DefaultLimits()
	limits.Total = int64(3*len(inner) + 9*len(hello))
	total, err := walkAll(content, limits)
	require.NoError(t, err)
	require.Equal(t, limits.Total, total)
	limits.Total--
	_, err = walkAll(content, limits)
	_ = requireFinding(t, err, TooLarge)
}

func TestWalkBombs(t *testing.T) {
	t.Parallel()
	// A white picture of a drawing program, alone or in a document, is none.
	white := one(member{name: "canvas.bmp", content: bytes.Repeat([]byte{0xff}, 8<<20), deflate: true}).build(t)
	_, err := walkAll(packed(t, []string{"in"}, white), DefaultLimits())
	require.NoError(t, err)

	zeros := one(member{name: "zeros", content: make([]byte, 130<<20), deflate: true}).build(t)
	_, err = walkAll(zeros, DefaultLimits())
	_ = requireFinding(t, err, Bomb)
	_, err = walkAll(packed(t, []string{"in"}, zeros), DefaultLimits())
	_ = requireFinding(t, err, Bomb)

	// A bomb that declares little is stopped at what it declares.
	lying := one(member{name: "zeros", content: make([]byte, 5<<20), deflate: true, unpacked: 1000}).build(t)
	total, err := walkAll(lying, DefaultLimits())
	_ = requireFinding(t, err, SizeLie)
	require.LessOrEqual(t, total, int64(1000))
}

func TestVisitErrorIsReturned(t *testing.T) {
	t.Parallel()
	mine := errors.New("scanner away")
	for _, content := range [][]byte{nested(t, 1), nested(t, 2)} {
		err := Walk(t.Context(), bytes.NewReader(content), int64(len(content)), DefaultLimits(), func(Member) error { return mine })
		require.ErrorIs(t, err, mine)
		var f *Finding
		require.NotErrorAs(t, err, &f)
	}
}

func TestSpoolFailureIsNoFinding(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.SpoolMemory, limits.TempFile = 0, filesIn("/nonexistent/spool")
	_, err := walkAll(nested(t, 2), limits)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Whatever is packed comes out again, and never more than the budget.
func TestWalkBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		content, want := drawZip(rt, rapid.IntRange(1, 3).Draw(rt, "depth"))
		limits := DefaultLimits()
		limits.Total = rapid.Int64Range(1, 20_000).Draw(rt, "budget")
		limits.SpoolMemory = rapid.Int64Range(0, 500).Draw(rt, "memory")
		total, err := walkAll(content, limits)
		require.LessOrEqual(rt, total, limits.Total)
		if want <= limits.Total {
			require.NoError(rt, err)
			require.Equal(rt, want, total)
			return
		}
		var f *Finding
		require.ErrorAs(rt, err, &f)
		require.Equal(rt, TooLarge, f.Rule)
	})
}

// drawZip makes a random container and says how many bytes a walk must show.
func drawZip(rt *rapid.T, depth int) ([]byte, int64) {
	var b bytes.Buffer
	var want int64
	w := zip.NewWriter(&b)
	for i := range rapid.IntRange(0, 4).Draw(rt, "members") {
		content := bytes.Repeat([]byte("content "), rapid.IntRange(0, 200).Draw(rt, "repeat"))
		if depth > 1 && rapid.Bool().Draw(rt, "nested") {
			var inside int64
			content, inside = drawZip(rt, depth-1)
			want += inside
		}
		want += int64(len(content))
		f, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i), Method: rapid.SampledFrom([]uint16{zip.Store, zip.Deflate}).Draw(rt, "method")})
		require.NoError(rt, err)
		_, err = f.Write(content)
		require.NoError(rt, err)
	}
	require.NoError(rt, w.Close())
	return b.Bytes(), want
}

func FuzzWalk(f *testing.F) {
	f.Add(nested(f, 3))
	f.Add(one(member{name: "a", content: bytes.Repeat(hello, 100), deflate: true}).build(f))
	f.Add(handmade{members: []member{{name: "a", content: hello, zip64: true}}, zip64: true}.build(f))
	f.Fuzz(func(t *testing.T, content []byte) {
		limits := DefaultLimits()
		limits.Total, limits.Entries = 1<<20, 100
		total, err := walkAll(content, limits)
		require.LessOrEqual(t, total, limits.Total)
		var found *Finding
		require.True(t, err == nil || errors.As(err, &found), "%v", err)
	})
}
