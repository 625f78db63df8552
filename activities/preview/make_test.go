package preview_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/files"
	"satchel/policies/previews"
)

// tools are the bundle's renderer and doubles that write down what they are asked.
func (b *bundle) tools() preview.Tools {
	b.double = &double{}
	return preview.Tools{Pictures: b.renderer, Pages: b.double, Office: b.double, Player: b.double, Drawer: b.double, Texts: b.double}
}

// double plays the programs of others.
type double struct {
	asked                  []string
	pages                  int
	film                   bool
	officeErr, restErr     error
	countErr, recordingErr error
	meanwhile              func() // happens while pages are shown
}

func (d *double) Count(context.Context, string, string) (int, error) {
	d.asked = append(d.asked, "count")
	return d.pages, d.countErr
}

func (d *double) Show(_ context.Context, _, dir string, first, last int) (shown []preview.Picture, err error) {
	d.asked = append(d.asked, fmt.Sprintf("pages %d to %d", first, last))
	if d.meanwhile != nil {
		d.meanwhile()
	}
	if first > 1 && d.restErr != nil {
		return nil, d.restErr
	}
	for n := first; n <= last; n++ {
		path := filepath.Join(dir, fmt.Sprint(n))
		if err := os.WriteFile(path, []byte("page"), 0o600); err != nil {
			return nil, err
		}
		shown = append(shown, preview.Picture{Name: fmt.Sprintf("page-%d.jpg", n), Path: path, MimeType: "image/jpeg", Width: 2, Height: 3, Size: 4})
	}
	return shown, nil
}

func (d *double) PDF(_ context.Context, path, dir string) (string, error) {
	d.asked = append(d.asked, "office "+filepath.Base(path))
	return path, d.officeErr
}

func (d *double) Probe(context.Context, string, string) (preview.Recording, error) {
	d.asked = append(d.asked, "probe")
	r := preview.Recording{Duration: 1500 * time.Millisecond, Sound: true}
	if d.film {
		r.Width, r.Height = 1920, 1080
	}
	return r, d.recordingErr
}

func (d *double) Poster(_ context.Context, path, _ string, _ preview.Recording) (string, error) {
	d.asked = append(d.asked, "poster")
	return path, nil
}

func (d *double) Waveform(_ context.Context, path, _ string) (string, error) {
	d.asked = append(d.asked, "waveform")
	return path, nil
}

func (d *double) Picture(_ context.Context, path, _ string) (string, error) {
	d.asked = append(d.asked, "draw")
	return path, nil
}

func (d *double) Fragment(_ context.Context, _, dir string, method previews.Method, extension string) (preview.Picture, error) {
	d.asked = append(d.asked, string(method)+" "+extension)
	path := filepath.Join(dir, "text.html")
	return preview.Picture{Name: "text.html", Path: path, MimeType: "text/html; charset=utf-8", Size: 1}, os.WriteFile(path, []byte("x"), 0o600)
}

const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// made is what a version has after its previews were made.
type made struct {
	asked      []string
	state      string
	reason     string
	renditions []string
	pages      int32
	duration   int64
	width      int32
}

func (b *bundle) make(t *testing.T, name, mediaType string, content []byte) made {
	t.Helper()
	b.in.Version = b.scanned(t, name, mediaType, content)
	b.double.asked = nil
	result, err := b.run(t)
	require.NoError(t, err)
	m := made{asked: b.double.asked, state: result.Preview, reason: result.Reason}
	renditions, err := files.Renditions(t.Context(), b.Single(b.Org), b.in.Version)
	require.NoError(t, err)
	for _, r := range renditions {
		m.renditions = append(m.renditions, r.Name)
	}
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select coalesce(pages, 0), coalesce(duration_ms, 0), coalesce(width, 0) from file_versions where id = $1", b.in.Version).
		Scan(&m.pages, &m.duration, &m.width))
	return m
}

func TestMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	small := []string{"fit320.webp"}
	b.double.pages, b.double.film = 9, true
	fivePages := append(small, "page-1.jpg", "page-2.jpg", "page-3.jpg", "page-4.jpg", "page-5.jpg")
	for name, c := range map[string]struct {
		mediaType string
		want      made
	}{
		"photo.png":  {"image/png", made{state: "ready", renditions: small, width: 640}},
		"book.pdf":   {"application/pdf", made{asked: []string{"pages 1 to 1", "count", "pages 2 to 5"}, state: "ready", renditions: fivePages, pages: 9}},
		"essay.docx": {docx, made{asked: []string{"office source.docx", "pages 1 to 1", "count", "pages 2 to 5"}, state: "ready", renditions: fivePages, pages: 9}},
		"essay.odd":  {docx, made{asked: []string{"office source.docx", "pages 1 to 1", "count", "pages 2 to 5"}, state: "ready", renditions: fivePages, pages: 9}},
		"film.mp4":   {"video/mp4", made{asked: []string{"probe", "poster"}, state: "ready", renditions: small, duration: 1500, width: 1920}},
		"song.mp3":   {"audio/mpeg", made{asked: []string{"probe", "waveform"}, state: "ready", renditions: small, duration: 1500, width: 1920}},
		"map.svg":    {"image/svg+xml", made{asked: []string{"draw"}, state: "ready", renditions: small}},
		"a.py":       {"text/x-python", made{asked: []string{"code .py"}, state: "ready", renditions: []string{"text.html"}}},
		"a.md":       {"text/markdown", made{asked: []string{"markdown .md"}, state: "ready", renditions: []string{"text.html"}}},
		"a.csv":      {"text/csv", made{asked: []string{"table .csv"}, state: "ready", renditions: []string{"text.html"}}},
		"a.zip":      {"application/zip", made{state: "none", reason: "no_preview_of_kind"}},
	} {
		require.Equal(t, c.want, b.make(t, name, c.mediaType, []byte("content of "+name)), name)
	}
}

// TestBrokenSecondPage takes nothing away from the first.
func TestBrokenSecondPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.double.pages, b.double.restErr = 3, &preview.Finding{State: "unavailable", Reason: "crashed"}
	got := b.make(t, "book.pdf", "application/pdf", []byte("%PDF"))
	require.Equal(t, []string{"fit320.webp", "page-1.jpg"}, got.renditions)
	require.Equal(t, "ready", got.state)
	b.double.countErr = &preview.Finding{State: "unavailable", Reason: "unreadable"}
	b.double.pages = 0
	require.Equal(t, int32(0), b.make(t, "book.pdf", "application/pdf", []byte("%PDF")).pages)
	b.double.countErr = errors.New("killed from outside")
	b.in.Version = b.scanned(t, "book.pdf", "application/pdf", []byte("%PDF"))
	_, err := b.run(t)
	require.Error(t, err, "a fault is tried again")
}

// TestWithoutLibreOffice: the picture is shown that the writer's program left in the
// document, and without one the state says that this server has no program.
func TestWithoutLibreOffice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.double.officeErr = &preview.Finding{State: files.PreviewNotAvailable, Reason: "program_not_installed"}
	got := b.make(t, "essay.docx", docx, zipped(t, "word/document.xml", "<w/>"))
	require.Equal(t, made{asked: []string{"office source.docx"}, state: "not_available_here", reason: "program_not_installed"}, got)
	got = b.make(t, "essay.docx", docx, zipped(t, "word/document.xml", "<w/>", "docProps/thumbnail.jpeg", "a small picture"))
	require.Equal(t, "ready", got.state)
	require.Equal(t, "a small picture", string(b.renderer.contents))
	require.Equal(t, "not_available_here", b.make(t, "old.doc", "application/msword", []byte("old")).state)
}

// TestPictureThatACameraPutIn: the bytes from the largest JPEG on are drawn.
func TestPictureThatACameraPutIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var picture bytes.Buffer
	require.NoError(t, jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 48)), nil))
	raw := append([]byte("II*\x00 what the sensor saw "), picture.Bytes()...)
	for name, kind := range map[string]string{"tree.nef": "image/x-dng", "poster.psd": "image/vnd.adobe.photoshop"} {
		require.Equal(t, "ready", b.make(t, name, kind, append(raw, "more"...)).state)
		require.Equal(t, picture.String()+"more", string(b.renderer.contents))
		require.Equal(t, "no_picture", b.make(t, name, kind, []byte("II*\x00 and no picture")).reason)
	}
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

const root = `<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>`

func TestCovers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		members []string
		reason  string
	}{
		"EPUB 3":         {[]string{"OEBPS/book.opf", `<package><manifest><item id="a" href="other.jpg" media-type="image/jpeg"/><item id="b" href="images/front%20page.jpg" media-type="image/jpeg" properties="cover-image"/></manifest></package>`, "OEBPS/images/front page.jpg", "the cover"}, ""},
		"EPUB 2":         {[]string{"OEBPS/book.opf", `<package><metadata><meta name="cover" content="b"/></metadata><manifest><item id="b" href="front.jpg" media-type="image/jpeg"/></manifest></package>`, "OEBPS/front.jpg", "the cover"}, ""},
		"no cover":       {[]string{"OEBPS/book.opf", `<package><manifest><item id="b" href="front.jpg" media-type="image/jpeg"/></manifest></package>`, "OEBPS/front.jpg", "a picture"}, "no_picture"},
		"cover is gone":  {[]string{"OEBPS/book.opf", `<package><manifest><item id="cover" href="front.jpg" media-type="image/jpeg"/></manifest></package>`}, "no_picture"},
		"no description": {nil, "unreadable"},
		"no XML":         {[]string{"OEBPS/book.opf", `hello`}, "unreadable"},
	} {
		got := b.make(t, "book.epub", "application/epub+zip", zipped(t, append([]string{"META-INF/container.xml", root}, c.members...)...))
		require.Equal(t, c.reason, got.reason, name)
		if c.reason == "" {
			require.Equal(t, "the cover", string(b.renderer.contents), name)
		}
	}
	require.Equal(t, "unreadable", b.make(t, "book.epub", "application/epub+zip", []byte("no zip")).reason)
}
