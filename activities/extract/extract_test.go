package extract_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/extract"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/spool"
	"satchel/policies/previews"
	"satchel/tenancy"
)

// double plays the programs of others.
type double struct {
	text  string // of a PDF
	err   error  // of every call
	blind error  // of the recognizer
	asked []string
}

func (d *double) Text(context.Context, string, string, int, int64) (string, error) {
	d.asked = append(d.asked, "text")
	return d.text, d.err
}

func (d *double) Pictures(_ context.Context, _, _ string, pages int) ([]string, error) {
	d.asked = append(d.asked, "pages")
	return []string{"page-1.jpg", "page-2.jpg"}[:min(2, pages)], d.err
}

func (d *double) PDF(_ context.Context, path, _ string) (string, error) {
	d.asked = append(d.asked, "office")
	return path, d.err
}

func (d *double) Shrink(_ context.Context, path, _ string) (string, error) {
	d.asked = append(d.asked, "shrink")
	return path, d.err
}

func (d *double) Read(context.Context, string, string) (string, error) {
	d.asked = append(d.asked, "read")
	return "letters", errors.Join(d.err, d.blind)
}

type bundle struct {
	*activitytest.Fixture
	*extract.Activities
	double *double
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{Fixture: activitytest.New(t), double: &double{}}
	owner, err := spool.Open(spool.Config{Dir: t.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	b.Activities = extract.New(b.DB, b.Clean, extract.Tools{Documents: b.double, Office: b.double, Pictures: b.double, Scans: b.double}, owner)
	return b
}

// published makes a published version of a kind.
func (b *bundle) published(t *testing.T, name, mediaType string, content []byte) uuid.UUID {
	t.Helper()
	version := b.Scanned(t, name, content).Version
	require.NoError(t, files.Inspected(t.Context(), b.Single(b.Org), version, files.Inspection{MimeType: mediaType}))
	etag, err := b.Clean.Put(t.Context(), files.ContentKey(b.Org, version), bytes.NewReader(content), int64(len(content)), mediaType)
	require.NoError(t, err)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error { return files.Publish(t.Context(), tx, version, etag) }))
	return version
}

func (b *bundle) read(t *testing.T, version uuid.UUID) (extract.ReadTextResult, error) {
	t.Helper()
	return activitytest.Run[extract.ReadTextResult](t, b.Activities, b.ReadText, extract.ReadTextInput{Org: b.Org, Version: version})
}

func (b *bundle) stored(t *testing.T, version uuid.UUID) (state, title, body string) {
	t.Helper()
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select state, title, body from file_texts where version_id = $1", version).Scan(&state, &title, &body))
	return state, title, body
}

func zipped(t *testing.T, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		f, err := w.Create(members[i])
		require.NoError(t, err)
		_, err = f.Write([]byte(members[i+1]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

const (
	word  = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	excel = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	slide = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	odt   = "application/vnd.oasis.opendocument.text"
)

func TestTextsByKind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.double.text = "from a PDF"
	for name, c := range map[string]struct {
		mediaType   string
		content     []byte
		title, body string
	}{
		"a.txt":   {"text/plain", []byte("one\x02 two\r\n\n  three "), "", "one two\nthree"},
		"b.txt":   {"text/plain", []byte("Stra\xdfe"), "", "Straße"},
		"c.txt":   {"text/plain", []byte("\xff\xfeH\x00i\x00"), "", "Hi"},
		"d.txt":   {"text/plain", []byte("\ufeffA\u0308pfel"), "", "Äpfel"},
		"a.html":  {"text/html", []byte("<title>T &amp; U</title><style>no</style><p>one <b>t</b>wo<p>three<script>no()</script>"), "T & U", "one two\nthree"},
		"a.docx":  {word, zipped(t, "docProps/core.xml", "<c><dc:title>Title</dc:title></c>", "word/document.xml", "<w:document><w:p><w:r><w:t>one </w:t></w:r><w:r><w:t>two</w:t></w:r></w:p><w:p><w:instrText>no</w:instrText><w:t>three</w:t></w:p></w:document>"), "Title", "one two\nthree"},
		"a.xlsx":  {excel, zipped(t, "xl/sharedStrings.xml", "<sst><si><t>one</t></si><si><t>two</t></si></sst>", "xl/worksheets/sheet1.xml", "<s><c><v>17</v></c><c><is><t>three</t></is></c></s>"), "", "one\ntwo\nthree"},
		"a.pptx":  {slide, zipped(t, "ppt/slides/slide10.xml", "<a:p><a:t>ten</a:t></a:p>", "ppt/slides/slide2.xml", "<a:p><a:t>two</a:t></a:p>"), "", "two\nten"},
		"a.odt":   {odt, zipped(t, "meta.xml", "<m><dc:title>Titel</dc:title></m>", "content.xml", "<d><office:automatic-styles>no</office:automatic-styles><text:h>one</text:h><text:p>two<text:s/><text:span>three</text:span></text:p></d>"), "Titel", "one\ntwo\nthree"},
		"a.fodt":  {"application/vnd.oasis.opendocument.text-flat-xml", []byte("<d><office:binary-data>AAAA</office:binary-data><text:p>one</text:p></d>"), "", "one"},
		"a.epub":  {"application/epub+zip", zipped(t, "book.opf", "<p><dc:title>Book</dc:title></p>", "1.xhtml", "<p>one</p>", "2.xhtml", "<p>two</p>"), "Book", "one\ntwo"},
		"a.pdf":   {"application/pdf", []byte("%PDF"), "", "from a PDF"},
		"a.doc":   {"application/msword", []byte("old"), "", "from a PDF"},
		"a.rtf":   {"application/rtf", []byte("{}"), "", "from a PDF"},
		"a.png":   {"image/png", []byte("picture"), "", "letters"},
		"a.py":    {"text/x-python", []byte("print('<b>')"), "", "print('<b>')"},
		"bad.xml": {odt, zipped(t, "content.xml", "<d><text:p>one</text:p><text:p"), "", "one"},
	} {
		version := b.published(t, name, c.mediaType, c.content)
		result, err := b.read(t, version)
		require.NoError(t, err, name)
		require.Equal(t, extract.Ready, result.State, name)
		state, title, body := b.stored(t, version)
		require.Equal(t, []string{extract.Ready, c.title, c.body}, []string{state, title, body}, name)
		again, err := b.read(t, version)
		require.NoError(t, err)
		require.Equal(t, result, again, "a second call changes nothing")
	}
}

// TestScansAreRead: a PDF without text is one of pictures.
func TestScansAreRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	version := b.published(t, "scan.pdf", "application/pdf", []byte("%PDF"))
	_, err := b.read(t, version)
	require.NoError(t, err)
	_, _, body := b.stored(t, version)
	require.Equal(t, "letters\nletters", body)
	require.Equal(t, []string{"text", "pages", "read", "read"}, b.double.asked)
}

func TestFilesWithoutText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	missing := &extract.Finding{State: extract.NotAvailable, Reason: "program_not_installed"}
	for name, c := range map[string]struct {
		mediaType string
		content   []byte
		err       error
		want      extract.ReadTextResult
	}{
		"a.mp4":  {"video/mp4", []byte("film"), nil, extract.ReadTextResult{State: extract.None, Reason: "no_text_of_kind"}},
		"a.zip":  {"application/zip", []byte("zip"), nil, extract.ReadTextResult{State: extract.None, Reason: "no_text_of_kind"}},
		"a.txt":  {"text/plain", []byte(" \n"), nil, extract.ReadTextResult{State: extract.None, Reason: "empty"}},
		"a.docx": {word, []byte("no zip"), nil, extract.ReadTextResult{State: extract.Unavailable, Reason: "unreadable"}},
		"a.png":  {"image/png", []byte("picture"), missing, extract.ReadTextResult{State: extract.NotAvailable, Reason: "program_not_installed"}},
	} {
		b.double.err = c.err
		version := b.published(t, name, c.mediaType, c.content)
		result, err := b.read(t, version)
		require.NoError(t, err, name)
		require.Equal(t, c.want, result, name)
		state, _, _ := b.stored(t, version)
		require.Equal(t, c.want.State, state, name)
	}
}

// TestFaultsAreTriedAgain: no attempt that failed decides, and giving up does.
func TestFaultsAreTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	version := b.published(t, "a.pdf", "application/pdf", []byte("%PDF"))
	for _, failure := range []func(){func() { b.double.err = errors.New("killed from outside") }, func() { b.Clean.Fail("open") }} {
		failure()
		_, err := b.read(t, version)
		activitytest.RequireRefused(t, err, "internal", true)
		state, _, _ := b.stored(t, version)
		require.Equal(t, "pending", state)
	}
	p := extract.NewPending(b.DB, nil, extract.Config{})
	_, err := activitytest.Run[extract.GiveUpTextResult](t, p, p.GiveUpText, extract.GiveUpTextInput{Org: b.Org, Version: version})
	require.NoError(t, err)
	state, _, _ := b.stored(t, version)
	require.Equal(t, extract.Unavailable, state)
}

// TestLongTextsAreCut: at a bound, and where Postgres takes no more words.
func TestLongTextsAreCut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var words strings.Builder
	for range 100_000 {
		words.WriteString(uuid.NewString()[:7] + " ")
	}
	version := b.published(t, "a.txt", "text/plain", []byte(words.String()))
	result, err := b.read(t, version)
	require.NoError(t, err)
	require.Equal(t, extract.Ready, result.State)
	require.LessOrEqual(t, result.Bytes, 250_000)
	require.Greater(t, result.Bytes, 50_000)
}

func TestSweepAsksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	version := b.published(t, "a.txt", "text/plain", []byte("one"))
	ask := func(again time.Duration) []tenancy.Ref {
		due, err := b.TextsPending(t.Context(), again, uuid.Nil, 10)
		require.NoError(t, err)
		return due
	}
	due := ask(time.Hour)
	require.Len(t, due, 1)
	require.Equal(t, version, due[0].Version)
	require.Equal(t, due, ask(time.Hour), "the process that listed it died before it started the workflow")
	older := due[0]
	older.Version = uuid.New()
	require.NoError(t, b.TextsAsked(t.Context(), []tenancy.Ref{older}))
	require.Equal(t, due, ask(time.Hour), "an older version was asked for")
	require.NoError(t, b.TextsAsked(t.Context(), due))
	require.Empty(t, ask(time.Hour), "it was asked for")
	require.Len(t, ask(-time.Hour), 1, "and did not come")
	_, err := b.read(t, version)
	require.NoError(t, err)
	require.Empty(t, ask(-time.Hour))
}

// TestTextsAreReadOnceTheProgramIsThere: each by the program that it lacked, and a PDF of
// pictures is not read in vain while only the recognizer is missing.
func TestTextsAreReadOnceTheProgramIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	missing := &extract.Finding{State: extract.NotAvailable, Reason: "program_not_installed"}
	b.double.blind = missing
	scanned := b.published(t, "scan.pdf", "application/pdf", []byte("%PDF"))
	result, err := b.read(t, scanned)
	require.NoError(t, err)
	require.Equal(t, "recognizer_not_installed", result.Reason)
	b.double.err = missing
	old := b.published(t, "old.doc", "application/msword", []byte("doc"))
	_, err = b.read(t, old)
	require.NoError(t, err)

	installed := map[previews.Method]bool{}
	retry := extract.Retry{DB: b.DB, Tools: extract.Tools{Available: func(m previews.Method) bool { return installed[m] }}}
	pending := func() (names []string) {
		all, err := b.VersionsNotAvailable(t.Context(), uuid.Nil, 10)
		require.NoError(t, err)
		for _, u := range all {
			require.NoError(t, retry.Again(t.Context(), u.Org, u.Version, u.MimeType, u.TextReason))
		}
		for name, version := range map[string]uuid.UUID{"scan": scanned, "old": old} {
			if state, _, _ := b.stored(t, version); state == "pending" {
				names = append(names, name)
			}
		}
		return names
	}
	require.Empty(t, pending())
	installed[previews.Pages] = true
	require.Empty(t, pending(), "it would be read in vain")
	installed[previews.Picture] = true
	require.Equal(t, []string{"scan"}, pending())
	due, err := b.TextsPending(t.Context(), time.Hour, uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, due, 1, "the sweep of pending texts starts it at once")
	b.double.err, b.double.blind = nil, nil
	_, err = b.read(t, scanned)
	require.NoError(t, err)
	installed[previews.Office] = true
	require.Equal(t, []string{"old"}, pending())
	state, _, _ := b.stored(t, scanned)
	require.Equal(t, extract.Ready, state)
}
