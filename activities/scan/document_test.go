package scan_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/activities/scan"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/oletest"
	"satchel/policies/types"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

func packed(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	member, err := w.Create(name)
	require.NoError(t, err)
	_, err = member.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// object is a compound file as a new document embeds it: its root has the class of
// its program.
func object(id byte, stream string, content []byte) []byte {
	class := append([]byte{id, 0, 3, 0}, "\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"...)
	return oletest.Compound(class, oletest.Entry{Name: stream, Content: content})
}

func letter(entries ...oletest.Entry) []byte {
	main := make([]byte, 4096)
	binary.LittleEndian.PutUint16(main, 0xa5ec)
	return oletest.Compound(nil, append([]oletest.Entry{{Name: "WordDocument", Content: main}}, entries...)...)
}

// An old document in a container is judged as it is by itself, and so is an object
// in a new document.
func TestOldDocumentsInContainers(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Hour)
	macros := oletest.Entry{Name: "Macros", Children: []oletest.Entry{{Name: "VBA", Children: []oletest.Entry{{Name: "dir", Content: []byte("x")}}}}}
	clean := scan.ScanObjectResult{Verdict: verdict.Clean}
	refused := func(rule string) scan.ScanObjectResult {
		return scan.ScanObjectResult{Verdict: verdict.Rejected, Detail: rule}
	}
	for name, tc := range map[string]struct {
		member  string
		content []byte
		want    scan.ScanObjectResult
	}{
		"a letter":               {"letter.doc", letter(), clean},
		"a letter with macros":   {"letter.doc", letter(macros), refused("macro_document")},
		"a drawing in a docx":    {"word/embeddings/oleObject1.bin", object(0x0a, "\x01Ole10Native", []byte("x")), clean},
		"a package in a docx":    {"word/embeddings/oleObject1.bin", object(0x0c, "\x01Ole10Native", []byte("x")), refused("embedded_object")},
		"an object of Rich Text": {"a.rtf", []byte(`{\rtf1{\object\objdata 0105}}`), refused("embedded_object")},
		"a letter of Rich Text":  {"a.rtf", []byte(`{\rtf1 Dear parents}`), clean},
		"Basic in a flat OpenDocument": {
			"a.fodt", []byte(`<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><ooo:source-code>x`), refused("macro_document"),
		},
		"a damaged letter": {"a.doc", letter()[:2000], scan.ScanObjectResult{Verdict: verdict.Unscannable, Detail: "corrupt_document"}},
		"a virus in it":    {"a.doc", append(letter(macros), signature...), scan.ScanObjectResult{Verdict: verdict.Infected, Detail: "Test"}},
	} {
		created := b.Receive(t, "pack.zip", packed(t, tc.member, tc.content))
		got, err := b.run(t, scan.ScanObjectInput{Org: b.Org, Version: created.Version, Archive: true})
		require.NoError(t, err, name)
		require.Equal(t, tc.want, got, name)
	}
}

// A document that was let in with its macros holds them in a compound file.
func TestMacrosThatWereLetIn(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Hour)
	project := oletest.Compound(nil, oletest.Entry{Name: "VBA", Children: []oletest.Entry{{Name: "dir", Content: []byte("x")}}})
	for mediaType, want := range map[string]verdict.Verdict{"application/vnd.ms-word.document.macroEnabled.12": verdict.Clean, "application/zip": verdict.Rejected} {
		content := packed(t, "word/settings.bin", project)
		got, err := scan.Local(t.Context(), b.Activities, bytes.NewReader(content), int64(len(content)), mediaType, true)
		require.NoError(t, err)
		require.Equal(t, want, got.Verdict, mediaType)
	}
}

// publish makes a published version of a kind.
func (b *bundle) publish(t *testing.T, name, mediaType string, content []byte) files.Created {
	t.Helper()
	created := b.Scanned(t, name, content)
	require.NoError(t, files.Inspected(t.Context(), b.Single(b.Org), created.Version, files.Inspection{MimeType: mediaType}))
	etag, err := b.Clean.Put(t.Context(), files.ContentKey(b.Org, created.Version), bytes.NewReader(content), int64(len(content)), "")
	require.NoError(t, err)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		return files.Publish(t.Context(), tx, created.Version, etag)
	}))
	return created
}

// The re-scan opens a container of a kind that the organization added, as the
// inspection did.
func TestRescanOpensContainersOfOpaqueKinds(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Hour)
	bad := bytes.Repeat(append(signature, '\n'), 100)
	b.publish(t, "score.sib", types.Opaque, packed(t, "a.txt", []byte("good")))
	infected := b.publish(t, "worse.sib", types.Opaque, packed(t, "a.txt", bad))
	model := b.publish(t, "house.skp", "application/vnd.sketchup.skp", packed(t, "a.txt", bad))
	b.publish(t, "empty.zip", "application/zip", nil)
	got, err := activitytest.Run[scan.RescanVersionsResult](t, b.Activities, b.RescanVersions, scan.RescanVersionsInput{Org: b.Org})
	require.NoError(t, err)
	require.EqualValues(t, 4, got.Scanned)
	require.Empty(t, got.Unscannable)
	require.Empty(t, got.Damaged)
	var found []any
	for _, i := range got.Infected {
		found = append(found, i.Version)
	}
	require.ElementsMatch(t, []any{infected.Version, model.Version}, found)
}
