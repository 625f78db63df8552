package archives

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/policies/verdict"
)

var hello = []byte("hello, hello, hello")

func testLimits() Limits {
	limits := DefaultLimits()
	limits.Refuses = func(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".exe") }
	return limits
}

func inspect(t testing.TB, content []byte) (Report, error) {
	t.Helper()
	return Inspect(context.Background(), bytes.NewReader(content), int64(len(content)), testLimits())
}

func walkAll(content []byte, limits Limits) (int64, error) {
	var total int64
	err := Walk(context.Background(), bytes.NewReader(content), int64(len(content)), limits, func(m Member) error {
		n, err := io.Copy(io.Discard, m.Reader)
		total += n
		return err
	})
	return total, err
}

func requireFinding(t testing.TB, err error, rule Rule) *Finding {
	t.Helper()
	var f *Finding
	require.ErrorAs(t, err, &f)
	require.Equal(t, rule, f.Rule, "%v", err)
	return f
}

func TestEveryRuleHasSentences(t *testing.T) {
	t.Parallel()
	for _, reason := range Reasons() {
		require.NotEmpty(t, reason.What)
		require.NotEmpty(t, reason.Next)
		require.Contains(t, []verdict.Verdict{verdict.Rejected, verdict.Unscannable}, reason.Class)
		require.Contains(t, found(reason.Rule, 1, 2).Error(), reason.Next)
	}
}

func TestHonestContainers(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{
		"empty":        handmade{}.build(t),
		"stored":       one(member{name: "a.txt", content: hello}).build(t),
		"deflated":     one(member{name: "a.txt", content: hello, deflate: true}).build(t),
		"unicode":      one(member{name: "Grüße/日本.txt", content: hello, flags: flagUTF8}).build(t),
		"old encoding": one(member{name: "Gr\x81\xe1e.txt", content: hello}).build(t),
		"comment":      handmade{members: []member{{name: "a", content: hello}}, comment: []byte("made by hand")}.build(t),
		"folders":      handmade{members: []member{{name: "d/"}, {name: "d/a", content: hello}}}.build(t),
		"folder link":  one(member{name: "d/", creator: creatorUnix, attrs: unixFolder << 16}).build(t),
		"unix file":    one(member{name: "d", content: hello, creator: creatorUnix, attrs: (unixFile | 0o644) << 16}).build(t),
		"zip64 end":    handmade{members: []member{{name: "a", content: hello}}, zip64: true}.build(t),
		"zip64 member": one(member{name: "a", content: hello, zip64: true}).build(t),
		"library":      packed(t, []string{"a", "b/c"}, hello, bytes.Repeat(hello, 9000)),
		"nested":       packed(t, []string{"in.zip"}, packed(t, []string{"a"}, hello)),
		"sent to a pipe, from a pipe": one(member{name: "-", content: hello, deflate: true, creator: creatorUnix, attrs: (unixPipe | 0o600) << 16,
			flags: flagDescribed, after: descriptor(hello)}).build(t),
		"sizes behind, 24 bytes": one(member{name: "a", content: hello, flags: flagDescribed, after: append(descriptor(hello)[:8], le(uint64(len(hello)), uint64(len(hello)))...)}).build(t),
		"empty members":          packed(t, []string{"a", "b"}, nil, nil),
		"shrinks well":           packed(t, []string{"zeros"}, make([]byte, 3<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := inspect(t, content)
			require.NoError(t, err)
			require.GreaterOrEqual(t, report.Entries, 0)
			_, err = walkAll(content, DefaultLimits())
			require.NoError(t, err)
		})
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	content := handmade{zip64: true, members: []member{{name: "a.ZIP", content: hello}, {name: "b", content: bytes.Repeat(hello, 10), deflate: true}}}.build(t)
	report, err := inspect(t, content)
	require.NoError(t, err)
	report.members = nil
	require.Equal(t, Report{Entries: 2, Packed: report.Packed, Unpacked: int64(11 * len(hello)), Nested: 1, Zip64: true}, report)
}

func TestHostileContainers(t *testing.T) {
	t.Parallel()
	good := one(member{name: "a", content: hello}).build(t)
	var many handmade
	for i := range 10_001 {
		many.members = append(many.members, member{name: fmt.Sprint(i)})
	}
	for name, tc := range map[string]struct {
		content []byte
		rule    Rule
	}{
		"nothing":                 {nil, NotAZip},
		"something else":          {bytes.Repeat([]byte("x"), 100), NotAZip},
		"truncated":               {good[:len(good)-1], Corrupt},
		"truncated before end":    {good[:len(good)-endSize], Corrupt},
		"prepended":               {append([]byte("#!/bin/sh\n"), good...), ExtraData},
		"prepended, offsets true": {handmade{before: []byte("MZ program"), members: []member{{name: "a", content: hello}}}.build(t), ExtraData},
		"appended":                {append(bytes.Clone(good), "tail"...), ExtraData},
		"end in the comment":      {handmade{comment: []byte("PK\x05\x06 and more of it, to be sure")}.build(t), Corrupt},
		"gap before directory":    {handmade{members: []member{{name: "a", content: hello}}, gap: []byte("hidden")}.build(t), ExtraData},
		"gap behind directory":    {handmade{members: []member{{name: "a", content: hello}}, behind: []byte("hidden")}.build(t), ExtraData},
		"gap between members":     {handmade{members: []member{{name: "a", content: hello, after: []byte("hidden")}, {name: "b"}}}.build(t), ExtraData},
		"only hidden data":        {handmade{gap: []byte("hidden")}.build(t), ExtraData},
		"folder with content":     {one(member{name: "d/", content: hello}).build(t), ExtraData},
		"more announced":          {handmade{members: []member{{name: "a", content: hello}}, entries: 2}.build(t), Corrupt},
		"fewer announced":         {handmade{members: []member{{name: "a"}, {name: "b"}}, entries: 1}.build(t), ExtraData},
		"too many members":        {many.build(t), TooManyEntries},
		"several disks":           {handmade{disk: 1}.build(t), SplitArchive},

		"encrypted flag":     {one(member{name: "a", content: hello, flags: flagEncrypted}).build(t), Encrypted},
		"strong encryption":  {one(member{name: "a", content: hello, flags: flagStrong}).build(t), Encrypted},
		"masked directory":   {one(member{name: "a", content: hello, flags: flagMasked}).build(t), Encrypted},
		"AES method":         {one(member{name: "a", content: hello, method: 99}).build(t), Encrypted},
		"AES field":          {one(member{name: "a", content: hello, extra: le(uint16(aesExtra), uint16(0))}).build(t), Encrypted},
		"encrypted in front": {one(member{name: "a", content: hello, localFlag: flagEncrypted}).build(t), HeaderMismatch},

		"other name in front":   {one(member{name: "a", localName: "b", content: hello}).build(t), HeaderMismatch},
		"other method in front": {one(member{name: "a", localMeth: 8, content: hello}).build(t), HeaderMismatch},
		"other size in front":   {one(member{name: "a", localSize: 1, content: hello}).build(t), HeaderMismatch},
		"other sum in front":    {one(member{name: "a", localCRC: 1, content: hello}).build(t), HeaderMismatch},
		"described in front":    {one(member{name: "a", localFlag: flagDescribed, content: hello}).build(t), HeaderMismatch},

		"traversal":             {one(member{name: "../a"}).build(t), UnsafeName},
		"traversal inside":      {one(member{name: "a/../../b"}).build(t), UnsafeName},
		"traversal, Windows":    {one(member{name: `a\..\..\b`}).build(t), UnsafeName},
		"absolute":              {one(member{name: "/etc/passwd"}).build(t), UnsafeName},
		"absolute, Windows":     {one(member{name: `C:\a`}).build(t), UnsafeName},
		"share":                 {one(member{name: `\\host\a`}).build(t), UnsafeName},
		"NUL":                   {one(member{name: "a\x00b"}).build(t), UnsafeName},
		"line end":              {one(member{name: "a\nb"}).build(t), UnsafeName},
		"right to left":         {one(member{name: "a\u202egpj.exe"}).build(t), UnsafeName},
		"no name":               {one(member{name: ""}).build(t), UnsafeName},
		"endless name":          {one(member{name: strings.Repeat("a", 2000)}).build(t), UnsafeName},
		"traversal by alias":    {one(member{name: "a", extra: le(uint16(unicodeName), uint16(9), [5]byte{}, []byte("../a"))}).build(t), UnsafeName},
		"duplicate":             {handmade{members: []member{{name: "a"}, {name: "a"}}}.build(t), DuplicateName},
		"duplicate, disguised":  {handmade{members: []member{{name: "b/a"}, {name: `.\b\\a`}}}.build(t), DuplicateName},
		"file and folder":       {handmade{members: []member{{name: "a"}, {name: "a/"}}}.build(t), DuplicateName},
		"symbolic link":         {one(member{name: "a", content: []byte("/etc"), creator: creatorUnix, attrs: 0xa000 << 16}).build(t), SpecialFile},
		"pipe":                  {one(member{name: "a", content: hello, creator: creatorUnix, attrs: unixPipe << 16}).build(t), SpecialFile},
		"pipe without bytes":    {one(member{name: "-", creator: creatorUnix, attrs: unixPipe << 16}).build(t), SpecialFile},
		"device":                {one(member{name: "a", creator: creatorUnix, attrs: 0x6000 << 16}).build(t), SpecialFile},
		"stored, sizes differ":  {one(member{name: "a", content: hello, unpacked: 1}).build(t), SizeLie},
		"unknown method":        {one(member{name: "a", content: hello, method: 14}).build(t), UnsupportedMethod},
		"declares a bomb":       {one(member{name: "a", content: hello, deflate: true, unpacked: 200 << 20}).build(t), Bomb},
		"many small bombs":      {bombs(40, 4<<20).build(t), Bomb},
		"declares too much":     {one(member{name: "a", content: hello, deflate: true, unpacked: 3000 << 20}).build(t), TooLarge},
		"overlapping":           {overlapping(t), Overlap},
		"members of one offset": {handmade{members: []member{{name: "a", content: hello}, {name: "b", content: hello, at: 1}}}.build(t), Overlap},

		"zip64 end lies about entries": {lie64(t, 24), HeaderMismatch},
		"zip64 end lies about size":    {lie64(t, 40), HeaderMismatch},
		"zip64 end lies about offset":  {lie64(t, 48), HeaderMismatch},
		"zip64 end lies about disks":   {lie64(t, 16), SplitArchive},
		"zip64 and small end disagree": {disagree64(t), HeaderMismatch},
		"zip64 field missing":          {one(member{name: "a", content: hello, unpacked: unset32}).build(t), Corrupt},
		"zip64 field beyond 63 bits":   {one(member{name: "a", content: hello, deflate: true, unpacked: -1, zip64: true}).build(t), Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := inspect(t, tc.content)
			_ = requireFinding(t, err, tc.rule)
			_, err = walkAll(tc.content, DefaultLimits())
			_ = requireFinding(t, err, tc.rule)
		})
	}
}

// bombs declares n members that each stay below the layer.
func bombs(n int, size int64) handmade {
	var h handmade
	for i := range n {
		h.members = append(h.members, member{name: fmt.Sprint(i), content: hello, deflate: true, unpacked: size})
	}
	return h
}

// overlapping lets many members share one packed stream, as the densest bombs do.
func overlapping(t testing.TB) []byte {
	h := handmade{members: []member{{name: "a", content: bytes.Repeat(hello, 1000), deflate: true}}}
	for i := range 5 {
		h.members = append(h.members, member{name: fmt.Sprint(i), content: bytes.Repeat(hello, 1000), deflate: true, at: 1 + int64(i)})
	}
	return h.build(t)
}

func lie64(t testing.TB, at int) []byte {
	return handmade{members: []member{{name: "a", content: hello}}, zip64: true, edit64: func(record []byte) { record[at]++ }}.build(t)
}

func disagree64(t testing.TB) []byte {
	content := handmade{members: []member{{name: "a", content: hello}}, zip64: true}.build(t)
	end := content[len(content)-endSize:]
	binary.LittleEndian.PutUint16(end[8:], 7)
	binary.LittleEndian.PutUint16(end[10:], 7)
	return content
}

// counting counts reads and can fail at one of them.
type counting struct {
	r      io.ReaderAt
	reads  int
	failAt int
	err    error
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	if c.reads == c.failAt {
		return 0, c.err
	}
	return c.r.ReadAt(p, off)
}

// Over a remote object each read is a request: their number must not grow with
// the number of small members.
func TestInspectReadsFewTimes(t *testing.T) {
	t.Parallel()
	h := handmade{}
	for i := range 5000 {
		h.members = append(h.members, member{name: fmt.Sprintf("folder/file-%05d.txt", i), content: bytes.Repeat(hello, 100)})
	}
	content := h.build(t)
	r := &counting{r: bytes.NewReader(content)}
	_, err := Inspect(t.Context(), r, int64(len(content)), DefaultLimits())
	require.NoError(t, err)
	require.LessOrEqual(t, r.reads, 3+len(content)/window*2, "for %d bytes", len(content))
}

// A failing reader is never a finding, and a finding never a failing reader.
func TestReaderErrorsAreNotFindings(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	content := packed(t, []string{"a", "b", "in.zip"}, bytes.Repeat(hello, 60_000), make([]byte, 900<<10), packed(t, []string{"c"}, hello))
	for _, cause := range []error{broken, io.ErrUnexpectedEOF, io.EOF} {
		for failAt := 1; ; failAt++ {
			r := &counting{r: bytes.NewReader(content), failAt: failAt, err: cause}
			err := Walk(t.Context(), r, int64(len(content)), DefaultLimits(), func(Member) error { return nil })
			if r.reads < failAt {
				require.NoError(t, err)
				break
			}
			var f *Finding
			require.Error(t, err)
			require.NotErrorAs(t, err, &f, "read %d failed with %v: %v", failAt, cause, err)
		}
	}
}

// An object that is shorter than announced is a failure to read, since another
// look may find it whole.
func TestShortObject(t *testing.T) {
	t.Parallel()
	content := one(member{name: "a", content: hello}).build(t)
	_, err := Inspect(t.Context(), bytes.NewReader(content), int64(len(content))+10, DefaultLimits())
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	var f *Finding
	require.NotErrorAs(t, err, &f)
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	content := one(member{name: "a", content: hello}).build(t)
	_, err := Inspect(ctx, bytes.NewReader(content), int64(len(content)), DefaultLimits())
	require.ErrorIs(t, err, context.Canceled)
	err = Walk(ctx, bytes.NewReader(content), int64(len(content)), DefaultLimits(), func(Member) error { return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func TestIncompleteLimits(t *testing.T) {
	t.Parallel()
	content := one(member{name: "a", content: hello}).build(t)
	_, err := Inspect(t.Context(), bytes.NewReader(content), int64(len(content)), Limits{})
	require.ErrorContains(t, err, "DefaultLimits")
}

// A byte changed anywhere never makes anything worse than a finding, and never
// brings forth more bytes than the limits allow.
func TestDamagedContainers(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.Total = 1 << 20
	seeds := [][]byte{
		packed(t, []string{"a", "in.zip"}, hello, packed(t, []string{"c"}, bytes.Repeat(hello, 100))),
		handmade{members: []member{{name: "a", content: hello, zip64: true}, {name: "b/", content: nil}}, zip64: true, comment: hello}.build(t),
	}
	rapid.Check(t, func(rt *rapid.T) {
		content := bytes.Clone(rapid.SampledFrom(seeds).Draw(rt, "seed"))
		for range rapid.IntRange(1, 3).Draw(rt, "changes") {
			content[rapid.IntRange(0, len(content)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
		}
		total, err := walkAll(content, limits)
		require.LessOrEqual(rt, total, limits.Total)
		var f *Finding
		require.True(rt, err == nil || errors.As(err, &f), "%v", err)
	})
}

func FuzzInspect(f *testing.F) {
	f.Add(one(member{name: "a", content: hello}).build(f))
	f.Add(handmade{members: []member{{name: "a", content: hello, zip64: true}}, zip64: true}.build(f))
	f.Add(packed(f, []string{"[Content_Types].xml", "_rels/.rels"}, []byte(`<Types/>`), nil))
	f.Add(packed(f, []string{"mimetype", "META-INF/manifest.xml"}, []byte("application/vnd.oasis.opendocument.text"), []byte(`<m/>`)))
	f.Fuzz(func(t *testing.T, content []byte) {
		limits := DefaultLimits()
		limits.Total, limits.Entries = 1<<20, 100
		report, err := Inspect(context.Background(), bytes.NewReader(content), int64(len(content)), limits)
		var found *Finding
		require.True(t, err == nil || errors.As(err, &found), "%v", err)
		require.LessOrEqual(t, report.Unpacked, limits.Total)
		require.LessOrEqual(t, report.Packed, int64(len(content)))
		require.LessOrEqual(t, report.Entries, limits.Entries)
	})
}
