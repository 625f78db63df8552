package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

func photo(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 1200, 900))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	img.Set(1, 1, color.White)
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

func zipOf(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range members {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestEachKindOfFileEndsAsItShould(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	cases := []struct {
		name    string
		content []byte
		status  string
		reason  string
		preview string
	}{
		{"photo.jpg", photo(t), "published", "", "ready"},
		{"cut.jpg", photo(t)[:20000], "published", "", "unavailable"},
		{"notes.txt", text(5000), "published", "", "ready"},
		{"Grüße – 你好 – 🎒.txt", text(100), "published", "", "ready"},
		{"bundle.zip", zipOf(t, map[string][]byte{"a.txt": text(100), "b.txt": text(100)}), "published", "", "none"},
		{"eicar.txt", eicar(), "quarantined", "infected:", ""},
		{"eicar.zip", zipOf(t, map[string][]byte{"deep/eicar.txt": eicar()}), "quarantined", "infected:", ""},
		{"nested.zip", zipOf(t, map[string][]byte{"inner.zip": zipOf(t, map[string][]byte{"eicar.txt": eicar()})}), "quarantined", "infected:", ""},
		{"fake.pdf", []byte("MZ\x90\x00" + string(text(2000))), "rejected", "executable", ""},
		{"fake.jpg", []byte("%PDF-1.4\n" + string(text(500))), "rejected", "content_mismatch", ""},
		{"script.txt", []byte("#!/bin/sh\nrm -rf /\n"), "published", "", "ready"}, // a text, which nothing here runs
		{"homework.py", []byte("print('Hallo')\n"), "published", "", "ready"},
		{"IMG_1.HEIC", photo(t), "published", "", "ready"},
		{"nothing.txt", []byte{}, "published", "", "none"},
		{"tools.zip", zipOf(t, map[string][]byte{"setup.exe": text(100)}), "rejected", "executable", ""},
	}
	t.Run("all", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				f := settled(t, s.Teacher, mustUpload(t, s.Teacher, c.name, c.content))
				require.Equal(t, c.status, f.Status, f.StatusReason)
				require.Contains(t, f.StatusReason, c.reason)
				require.Equal(t, c.name, f.Name)
				if c.preview != "" {
					require.Equal(t, c.preview, f.Preview)
				}
				got, err := download(t, s.Teacher, f.ID)
				if c.status == "published" {
					require.NoError(t, err)
					require.Equal(t, string(c.content), string(got))
				} else {
					require.Error(t, err)
					require.Empty(t, got)
				}
			})
		}
	})
	s.sound(t)
}

// form posts a multipart upload; chunked hides the body's length.
func form(t *testing.T, c *client.Client, name string, content []byte, chunked bool, fields map[string]string, query string) (client.File, error) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		require.NoError(t, w.WriteField(k, v))
	}
	part, err := w.CreateFormFile("file", name)
	require.NoError(t, err)
	_, err = part.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	var body io.Reader = &b
	if chunked {
		body = struct{ io.Reader }{&b}
	}
	resp, err := c.Send(testContext(t), http.MethodPost, "/api/v1/storage/upload"+query, http.Header{"Content-Type": {w.FormDataContentType()}}, body)
	if err != nil {
		return client.File{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var f client.File
	require.NoError(t, decodeJSON(resp.Body, &f))
	return f, nil
}

func TestFormUploadWaitsForTheOutcome(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	content := text(3 << 20)
	f, err := form(t, s.Student, "essay.txt", content, false, map[string]string{"category": "homework"}, "?wait=30")
	require.NoError(t, err)
	require.Equal(t, "published", f.Status)
	require.Equal(t, "homework", f.Category)
	got, err := download(t, s.Student, f.ID)
	require.NoError(t, err)
	require.Equal(t, content, got)
	s.sound(t)
}

// The limits are the same on every way in, with and without a declared length.
func TestLimitsAreAlikeOnEveryWayIn(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.setQuota(t, map[string]any{"max": 40 << 20, "max_file_size": 10 << 20})
	ways := map[string]func(name string, content []byte, sha string) error{
		"form": func(name string, content []byte, sha string) error {
			_, err := form(t, s.Teacher, name, content, false, map[string]string{"sha256": sha}, "")
			return err
		},
		"chunked": func(name string, content []byte, sha string) error {
			_, err := form(t, s.Teacher, name, content, true, map[string]string{"sha256": sha}, "")
			return err
		},
		"tus": func(name string, content []byte, sha string) error {
			_, err := s.Teacher.Upload(testContext(t), client.Upload{Body: bytes.NewReader(content), Size: int64(len(content)),
				Metadata: map[string]string{"filename": name, "sha256": sha}})
			return err
		},
	}
	wrong := hex.EncodeToString(make([]byte, 32))
	for way, send := range ways {
		t.Run(way, func(t *testing.T) {
			refused(t, send("big.txt", text(10<<20+1), ""), 413, "too_large")
			refused(t, send("run.exe", text(100), ""), 415, "type_not_allowed")
			refused(t, send("sum.txt", text(100), wrong), 422, "checksum_mismatch")
		})
	}
	s.setQuota(t, map[string]any{"max": 1 << 20, "max_file_size": 10 << 20})
	for way, send := range ways {
		t.Run("full "+way, func(t *testing.T) { refused(t, send("full.txt", text(9<<20), ""), 507, "over_quota") })
	}
	require.Zero(t, quotaOf(t, s.Owner).Reserved, "a refusal gives everything back")
	s.sound(t)
}

// Twenty uploads race for room that ten of them fill.
func TestQuotaIsNotRaced(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.setQuota(t, map[string]any{"max": 100 * 10_000_000 / 10})
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			header := http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Length": {"10000000"}, "Upload-Metadata": {"filename " + b64(fmt.Sprintf("f%d.txt", i))}}
			resp, err := s.Teacher.Send(testContext(t), http.MethodPost, "/api/v1/storage/tus", header, nil)
			if err == nil {
				_ = resp.Body.Close()
				accepted.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 10, accepted.Load())
	require.EqualValues(t, 100_000_000, quotaOf(t, s.Owner).Reserved)
}

func TestHostileNamesAreCleanedOrRefused(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, name := range []string{"evil\u202etxt.exe", "a\x00b.txt", "", "invoice.pdf.exe"} {
		_, err := upload(testContext(t), s.Teacher, name, text(10))
		require.Error(t, err, "%q", name)
	}
	f := settled(t, s.Teacher, mustUpload(t, s.Teacher, `..\..\etc/passwd "quoted"; x.txt`, text(10)))
	require.NotContains(t, f.Name, "/")
	require.NotContains(t, f.Name, `\`)
}

func TestAnotherOrganizationsFileIsNotFoundOnEveryRoute(t *testing.T) {
	t.Parallel()
	a, b := newSchool(t), newSchool(t)
	id := settled(t, a.Teacher, mustUpload(t, a.Teacher, "photo.jpg", photo(t))).ID
	base := "/api/v1/storage/files/" + id
	for _, r := range [][2]string{
		{"GET", base}, {"GET", base + "/content"}, {"HEAD", base + "/content"}, {"GET", base + "/renditions/w320.webp"}, {"GET", base + "/events"},
		{"GET", base + "/versions"}, {"GET", base + "/versions/1/content"}, {"PATCH", base}, {"DELETE", base}, {"POST", base + "/restore"},
	} {
		for _, c := range []*client.Client{b.Owner, b.Teacher, b.Student} {
			err := c.Call(testContext(t), r[0], r[1], map[string]string{}, nil)
			var p *client.Problem
			require.ErrorAs(t, err, &p, "%v", r)
			require.Equal(t, 404, p.Status, "%v", r)
		}
	}
	_, err := a.Student.Get(testContext(t), id)
	refused(t, err, 404, "file_not_found")
}

func TestNewVersionReplacesOnlyWhenPublished(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	first := text(1000)
	id := settled(t, s.Teacher, mustUpload(t, s.Teacher, "plan.txt", first)).ID
	f, err := form(t, s.Teacher, "plan.txt", eicar(), false, map[string]string{"file_id": id}, "?wait=30")
	require.NoError(t, err)
	require.Equal(t, "quarantined", f.Status)
	got, err := download(t, s.Teacher, id)
	require.NoError(t, err)
	require.Equal(t, first, got, "the published version stays")
	second := text(2000)
	f, err = form(t, s.Teacher, "plan.txt", second, false, map[string]string{"file_id": id}, "?wait=30")
	require.NoError(t, err)
	require.Equal(t, "published", f.Status)
	require.Equal(t, 3, f.Version)
	got, err = download(t, s.Teacher, id)
	require.NoError(t, err)
	require.Equal(t, second, got)
	require.EqualValues(t, 3000, quotaOf(t, s.Owner).Used)
	s.sound(t)
}

func TestTrashAndBack(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ctx := testContext(t)
	id := settled(t, s.Teacher, mustUpload(t, s.Teacher, "plan.txt", text(100))).ID
	require.NoError(t, s.Teacher.Delete(ctx, id))
	_, err := download(t, s.Teacher, id)
	require.Error(t, err)
	page, err := s.Teacher.List(ctx, url.Values{"status": {"deleted"}})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	f, err := s.Teacher.Restore(ctx, id)
	require.NoError(t, err)
	require.Equal(t, "published", f.Status)
	_, err = download(t, s.Teacher, id)
	require.NoError(t, err)
	s.sound(t)
}

// The final event comes when the version is published; its previews may add an event
// after that. Once they are there, each reader sees the same.
func TestEventsTellEachStepOnceAndResume(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id := mustUpload(t, s.Teacher, "notes.txt", text(1000))
	watch := func() (steps []client.Event, final client.Event) {
		_, err := s.Teacher.Watch(testContext(t), id, func(e client.Event) { steps = append(steps, e) })
		require.NoError(t, err)
		final = steps[len(steps)-1]
		require.Equal(t, "final", final.Type)
		return steps[:len(steps)-1], final
	}
	live, _ := watch()
	settled(t, s.Teacher, id)
	second, secondFinal := watch()
	require.Equal(t, live, second[:len(live)], "what a reader saw live stays as it was")
	third, thirdFinal := watch()
	require.Equal(t, second, third)
	require.Equal(t, secondFinal, thirdFinal)
}

// No transaction is held while bytes flow: many slow uploads leave room for
// quick downloads.
func TestSlowUploadsDoNotHoldConnections(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id := settled(t, s.Teacher, mustUpload(t, s.Teacher, "notes.txt", text(1000))).ID
	ctx, stop := context.WithCancel(testContext(t))
	var wg sync.WaitGroup
	var writers []*io.PipeWriter
	for i := range 50 {
		content := text(4096)
		sum := sha256.Sum256(content)
		up, err := begin(ctx, s.Teacher, fmt.Sprintf("slow%d.txt", i), len(content), hex.EncodeToString(sum[:]))
		require.NoError(t, err)
		r, w := io.Pipe()
		wg.Go(func() {
			header := http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Offset": {"0"}, "Content-Type": {"application/offset+octet-stream"}, "Content-Length": {"4096"}}
			resp, err := s.Teacher.Send(ctx, http.MethodPatch, up, header, r)
			if err == nil {
				_ = resp.Body.Close()
			}
		})
		_, err = w.Write(content[:100])
		require.NoError(t, err)
		writers = append(writers, w)
	}
	for range 200 {
		_, err := download(t, s.Teacher, id)
		require.NoError(t, err)
	}
	stop()
	for _, w := range writers {
		_ = w.CloseWithError(io.ErrUnexpectedEOF)
	}
	wg.Wait()
}
