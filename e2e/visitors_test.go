package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

// visitor is somebody with the address of a share and nothing else.
type visitor struct {
	t      *testing.T
	token  string
	ticket string
}

func visitorOf(t *testing.T, address string) *visitor {
	t.Helper()
	_, token, found := strings.Cut(address, "/s/")
	require.True(t, found, address)
	return &visitor{t: t, token: token}
}

// reply is what a visitor got.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) code() string {
	var p client.Problem
	_ = json.Unmarshal(r.body, &p)
	return p.Code
}

// noFollow answers with the redirection itself, and keeps no cookies.
var noFollow = http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func send(t *testing.T, method, address, contentType string, body io.Reader, header ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(testContext(t), method, address, body)
	require.NoError(t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := noFollow.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Empty(t, resp.Header.Get("Set-Cookie"), "visitors get no cookies")
	read, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp.StatusCode, resp.Header, read}
}

func fetch(t *testing.T, address string, header ...string) reply {
	t.Helper()
	return send(t, http.MethodGet, address, "", nil, header...)
}

// call asks the twin for programs.
func (v *visitor) call(method, below string, in any) reply {
	v.t.Helper()
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		require.NoError(v.t, err)
		body = bytes.NewReader(encoded)
	}
	var header []string
	if v.ticket != "" {
		header = []string{"Share-Ticket", v.ticket}
	}
	return send(v.t, method, local.API+"/api/v1/public/shares/"+v.token+below, "application/json", body, header...)
}

// into reads an answer that must have this status.
func into[T any](t *testing.T, r reply, status int) (out T) {
	t.Helper()
	require.Equal(t, status, r.status, "%s", r.body)
	require.NoError(t, json.Unmarshal(r.body, &out), "%s", r.body)
	return out
}

// prove sends a password or a code and keeps the ticket.
func (v *visitor) prove(below string, in any) {
	v.t.Helper()
	v.ticket = into[struct{ Ticket string }](v.t, v.call(http.MethodPost, below, in), http.StatusOK).Ticket
}

// download asks for the address of a download.
func (v *visitor) download(in any) string {
	v.t.Helper()
	return into[struct{ URL string }](v.t, v.call(http.MethodPost, "/download", in), http.StatusCreated).URL
}

func share(t *testing.T, c *client.Client, n client.NewShare) client.Share {
	t.Helper()
	s, err := c.CreateShare(testContext(t), n)
	require.NoError(t, err)
	return s
}

// TestShareByLink: a password, exactly so many downloads, and what the visitor meets then.
func TestShareByLink(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	content := text(3 << 20)
	f := settled(t, s.Teacher, mustUpload(t, s.Teacher, "plan.txt", content))
	limit := 2
	made := share(t, s.Teacher, client.NewShare{Kind: "link", File: f.ID, Password: "correct horse", MaxDownloads: &limit})
	v := visitorOf(t, made.URL)
	page := fetch(t, made.URL, "Accept-Language", "de")
	require.Equal(t, http.StatusOK, page.status)
	require.NotContains(t, string(page.body), "plan.txt", "nothing is told before the password")
	require.Equal(t, "share_password_required", v.call(http.MethodGet, "", nil).code())
	require.Equal(t, "wrong_password", v.call(http.MethodPost, "/password", map[string]any{"password": "guess"}).code())
	v.prove("/password", map[string]any{"password": "correct horse"})
	first, second, third := v.download(nil), v.download(nil), v.download(nil)
	require.True(t, strings.HasPrefix(first, local.Content), first)
	var got []byte
	for from := 0; from < len(content); from += 1 << 20 {
		got = append(got, fetch(t, first, "Range", fmt.Sprintf("bytes=%d-%d", from, from+1<<20-1)).body...)
	}
	require.Equal(t, content, got)
	require.Equal(t, content, fetch(t, second).body)
	require.Equal(t, "share_used_up", fetch(t, third).code())
	require.Equal(t, http.StatusGone, fetch(t, made.URL).status)
	shown, err := s.Teacher.Share(testContext(t), made.ID)
	require.NoError(t, err)
	require.Equal(t, 2, shown.Downloads)
	require.Equal(t, "used_up", shown.Status)
}

var (
	linkInMail = regexp.MustCompile(`https?://\S+/s/\S+`)
	codeInMail = regexp.MustCompile(`Your code is ([0-9 ]+)\.`)
)

// mailed waits for the newest mail to an address that matches.
func mailed(t *testing.T, to string, wanted *regexp.Regexp) []string {
	t.Helper()
	var found []string
	require.Eventually(t, func() bool {
		mails, err := local.Mails(testContext(t), to)
		if err != nil {
			return false
		}
		for _, m := range mails {
			if found = wanted.FindStringSubmatch(m.Text); found != nil {
				return true
			}
		}
		return false
	}, patience, 200*time.Millisecond)
	return found
}

// TestShareWithSomebodyOutside: the link comes by mail, the code by another, and who is
// taken out has nothing any more.
func TestShareWithSomebodyOutside(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	content := text(10_000)
	f := settled(t, s.Teacher, mustUpload(t, s.Teacher, "report.txt", content))
	address := "may-" + uuid.NewString() + "@home.example"
	made := share(t, s.Teacher, client.NewShare{Kind: "people", File: f.ID, With: []client.ShareWith{{Email: address, Name: "Aunt May"}}})
	require.Empty(t, made.URL, "the link is hers alone")
	v := visitorOf(t, mailed(t, address, linkInMail)[0])
	require.Equal(t, "share_code_required", v.call(http.MethodGet, "", nil).code())
	require.Equal(t, http.StatusAccepted, v.call(http.MethodPost, "/code/send", nil).status)
	v.prove("/code", map[string]any{"code": mailed(t, address, codeInMail)[1]})
	require.Equal(t, "report.txt", into[struct{ Name string }](t, v.call(http.MethodGet, "", nil), http.StatusOK).Name)
	at := v.download(nil)
	require.Equal(t, content, fetch(t, at).body)
	require.NoError(t, s.Teacher.RemoveShareRecipient(testContext(t), made.ID, made.Recipients[0].ID))
	require.Equal(t, "share_ended", v.call(http.MethodGet, "", nil).code())
	require.Equal(t, http.StatusGone, fetch(t, at).status)
	shown, err := s.Teacher.Share(testContext(t), made.ID)
	require.NoError(t, err)
	require.Empty(t, shown.Recipients[0].Email, "her address is forgotten")
}

// TestDropBox: what is dropped runs the whole pipeline, and its dropper alone sees what
// became of it.
func TestDropBox(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	box := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Box"})
	made := share(t, s.teacher.Client, client.NewShare{Kind: "link", Permission: "upload", Folder: box.ID, MaxFiles: 5})
	v := visitorOf(t, made.URL)
	clean := text(5000)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	require.NoError(t, w.WriteField("name", "Mr. Guest"))
	for name, content := range map[string][]byte{"letter.txt": clean, "eicar.txt": eicar()} {
		part, err := w.CreateFormFile("file", name)
		require.NoError(t, err)
		_, err = part.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	sent := send(t, http.MethodPost, local.API+"/api/v1/public/shares/"+v.token+"/files", w.FormDataContentType(), &b)
	v.ticket = into[struct{ Ticket string }](t, sent, http.StatusAccepted).Ticket
	type dropped struct {
		Items []struct{ Name, State string }
	}
	var list dropped
	require.Eventually(t, func() bool {
		list = into[dropped](t, v.call(http.MethodGet, "/files", nil), http.StatusOK)
		for _, d := range list.Items {
			if d.State == "checking" {
				return false
			}
		}
		return true
	}, patience, 100*time.Millisecond)
	became := map[string]string{}
	for _, d := range list.Items {
		became[d.Name] = d.State
	}
	require.Equal(t, map[string]string{"letter.txt": "taken", "eicar.txt": "refused"}, became)
	files, err := s.teacher.List(testContext(t), url.Values{"folder_id": {box.ID}, "status": {"published"}})
	require.NoError(t, err)
	require.Len(t, files.Items, 1)
	got, err := download(t, s.teacher.Client, files.Items[0].ID)
	require.NoError(t, err)
	require.Equal(t, clean, got)
	require.Empty(t, into[dropped](t, visitorOf(t, made.URL).call(http.MethodGet, "/files", nil), http.StatusOK).Items, "another visitor sees nothing")
	require.Equal(t, "share_drop_box", v.call(http.MethodPost, "/download", map[string]any{"all": true}).code())
}

// bound is how long after its end a share may still give something, anywhere.
const bound = 2 * time.Second

// TestEndedShareIsRefused: within two seconds of the answer to its revocation, by the page,
// the API and the content host, for a download that has begun and a preview too.
func TestEndedShareIsRefused(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	f := settled(t, s.Teacher, mustUpload(t, s.Teacher, "photo.jpg", photo(t)))
	made := share(t, s.Teacher, client.NewShare{Kind: "link", File: f.ID})
	v := visitorOf(t, made.URL)
	preview := into[struct {
		URL string `json:"preview_url"`
	}](t, v.call(http.MethodGet, "", nil), http.StatusOK).URL
	at := v.download(nil)
	require.Equal(t, http.StatusOK, fetch(t, preview).status)
	require.Equal(t, http.StatusPartialContent, fetch(t, at, "Range", "bytes=0-99").status)
	require.NoError(t, s.Teacher.RevokeShare(testContext(t), made.ID))
	revoked := time.Now()
	for what, ask := range map[string]func() reply{
		"page":     func() reply { return fetch(t, made.URL) },
		"api":      func() reply { return v.call(http.MethodGet, "", nil) },
		"download": func() reply { return fetch(t, at, "Range", "bytes=100-199") },
		"preview":  func() reply { return fetch(t, preview) },
	} {
		var got reply
		for got = ask(); got.status < http.StatusBadRequest && time.Since(revoked) < bound; got = ask() {
		}
		require.Equal(t, http.StatusGone, got.status, "%s: %s", what, got.body)
	}
}

// TestAllOfASharedFolder: one zip, in pieces, as one download.
func TestAllOfASharedFolder(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	top := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Unit"})
	below := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Readings", Parent: top.ID})
	s.put(s.teacher, "", top.ID)
	s.put(s.teacher, "", below.ID)
	limit := 1
	made := share(t, s.teacher.Client, client.NewShare{Kind: "link", Folder: top.ID, MaxDownloads: &limit})
	page := fetch(t, made.URL)
	form := regexp.MustCompile(`formaction="([^"]+)"`).FindSubmatch(page.body)
	require.NotNil(t, form, "%s", page.body)
	click := send(t, http.MethodPost, local.API+string(form[1]), "application/x-www-form-urlencoded", strings.NewReader("folder="))
	require.Equal(t, http.StatusSeeOther, click.status, "%s", click.body)
	at := click.header.Get("Location")
	whole := fetch(t, at, "Range", "bytes=0-99")
	require.Equal(t, http.StatusPartialContent, whole.status)
	rest := fetch(t, at, "Range", "bytes=100-", "If-Range", whole.header.Get("ETag"))
	require.Equal(t, http.StatusPartialContent, rest.status)
	names := unzip(t, append(whole.body, rest.body...))
	require.Len(t, names, 2)
	require.NotEqual(t, strings.HasPrefix(names[0], "Readings/"), strings.HasPrefix(names[1], "Readings/"), names)
	require.Equal(t, "download_complete", fetch(t, at).code())
	shown, err := s.teacher.Share(testContext(t), made.ID)
	require.NoError(t, err)
	require.Equal(t, 1, shown.Downloads)
}
