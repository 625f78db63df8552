package inspect

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/policies/archives"
	"satchel/policies/types"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// stored is an object in memory. It counts what is fetched of it.
type stored struct {
	content []byte
	fetched int64
	err     error
}

func (s *stored) Open(_ context.Context, _, _ string, offset, length int64) (io.ReadCloser, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.fetched += length
	return io.NopCloser(bytes.NewReader(s.content[offset : offset+length])), nil
}

func judged(t *testing.T, name string, source *stored) (InspectObjectResult, error) {
	t.Helper()
	a := New(nil, source, nil, archives.DefaultLimits(), nil)
	found, err := a.inspect(t.Context(), files.Version{ID: uuid.New(), OrganizationID: tenancy.OrgID(uuid.New()), Name: name, Size: int64(len(source.content))}, types.Rules{})
	return found.Result, err
}

func pngHeader(width, height uint32) []byte {
	p := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	p = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(p, width), height)
	return append(p, 8, 2, 0, 0, 0, 0, 0, 0, 0)
}

// jpegBehind is a JPEG with n segments of metadata before its frame header, and
// megabytes of data behind it.
func jpegBehind(n int, width, height uint16, data int) []byte {
	segment := append([]byte{0xff, 0xe2, 0xfd, 0xea}, make([]byte, 65_000)...)
	p := append([]byte{0xff, 0xd8}, bytes.Repeat(segment, n)...)
	p = binary.BigEndian.AppendUint16(append(p, 0xff, 0xc0, 0, 11, 8), height)
	p = append(binary.BigEndian.AppendUint16(p, width), 1, 1, 0x11, 0)
	return append(p, make([]byte, data)...)
}

// A picture that would take a browser's memory is refused, by a rule that
// people can read, wherever its header is.
func TestPicturesWithTooManyPixels(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file    string
		content []byte
		rule    types.Rule
	}{
		"a small picture":                     {"a.png", pngHeader(100, 100), ""},
		"900 megapixels in 33 bytes":          {"a.png", pngHeader(30_000, 30_000), types.TooManyPixels},
		"4 gigapixels":                        {"a.jpg", jpegBehind(0, 64_250, 64_250, 0), types.TooManyPixels},
		"4 gigapixels behind 3 MB of EXIF":    {"a.jpg", jpegBehind(50, 64_250, 64_250, 5<<20), types.TooManyPixels},
		"200 megapixels of a telephone":       {"a.jpg", jpegBehind(50, 16_320, 12_240, 20<<20), ""},
		"a wrong name is a more useful reply": {"a.txt", pngHeader(30_000, 30_000), types.ContentMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := &stored{content: tc.content}
			got, err := judged(t, tc.file, source)
			require.NoError(t, err)
			require.Equal(t, string(tc.rule), got.Rule)
			require.Equal(t, tc.rule == "", got.Verdict == verdict.Accepted)
			require.Less(t, source.fetched, int64(5<<20), "only the way to the header is read")
		})
	}
}

// A store that fails is tried again and is no finding about the file.
func TestInspectionFailsWithItsStore(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	_, err := judged(t, "a.png", &stored{content: pngHeader(1, 1), err: down})
	require.ErrorIs(t, err, down)
}

func zipped(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	require.NoError(t, err)
	_, err = w.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

// What a container holds is looked at whatever the file is called, and its members
// are scanned.
func TestContainersUnderEveryName(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, member, rule string
	}{
		"a zip":                        {"a.zip", "a.txt", ""},
		"a program in a zip":           {"a.zip", "setup.exe", "executable"},
		"a program in a model":         {"a.skp", "setup.exe", "executable"},
		"a model":                      {"a.skp", "a.txt", ""},
		"a program in an opaque file":  {"a.sib", "setup.exe", "executable"},
		"an opaque file":               {"a.sib", "a.txt", ""},
		"a renamed zip":                {"a.sb3", "a.txt", "not_that_document"},
		"a program in a document":      {"a.docx", "setup.exe", "executable"},
		"a zip that says it is a Word": {"a.docx", "a.txt", "not_that_document"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := &stored{content: zipped(t, tc.member)}
			a := New(nil, source, nil, archives.DefaultLimits(), nil)
			v := files.Version{ID: uuid.New(), OrganizationID: tenancy.OrgID(uuid.New()), Name: tc.file, Size: int64(len(source.content))}
			found, err := a.inspect(t.Context(), v, types.Rules{Extensions: []string{".sib"}})
			require.NoError(t, err)
			require.Equal(t, tc.rule, found.Result.Rule)
			require.Equal(t, tc.rule == "", found.Result.Archive, "its members are scanned")
		})
	}
}
