package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/mail"
)

func setup(t *testing.T) (*mail.Sender, *httptest.Server) {
	t.Helper()
	b, err := openBox(t.TempDir())
	require.NoError(t, err)
	b.slow = 3 * time.Second
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := newSMTP(b)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	sender, err := mail.New(mail.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: mail.None, From: "Satchel <no-reply@school.example>", Timeout: 1500 * time.Millisecond})
	require.NoError(t, err)
	web := httptest.NewServer(newWeb(b))
	t.Cleanup(web.Close)
	return sender, web
}

// fetch reads an answer to its end.
func fetch(t *testing.T, url, host string) (status int, header http.Header, text string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	if host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(body)
}

func TestMailsAreShownNewestFirstAndEscaped(t *testing.T) {
	t.Parallel()
	sender, web := setup(t)
	hostile := `<script>alert("1")</script>`
	long := strings.Repeat("Grüße 🎒 = ", 40)
	ctx := context.Background()
	require.NoError(t, sender.Send(ctx, mail.Message{To: "first@school.example", Subject: "first", Text: "one", HTML: "<p>one</p>"}))
	require.NoError(t, sender.Send(ctx, mail.Message{To: "second@school.example", Subject: "Grüße " + hostile, Text: long + hostile, HTML: hostile}))
	_, header, body := fetch(t, web.URL, "")
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, body, "<script")
	require.Contains(t, body, "Grüße &lt;script&gt;")
	require.Less(t, strings.Index(body, "second@school.example"), strings.Index(body, "first@school.example"))

	var found struct{ Items []message }
	_, _, body = fetch(t, web.URL+"/messages", "")
	require.NoError(t, json.Unmarshal([]byte(body), &found))
	require.Len(t, found.Items, 2)
	require.Equal(t, long+hostile, strings.TrimSpace(found.Items[0].Text), "what a mail says comes back whole")
	require.Equal(t, hostile, strings.TrimSpace(found.Items[0].HTML))
	_, _, body = fetch(t, web.URL+"/messages?to=FIRST@school.example", "")
	require.NoError(t, json.Unmarshal([]byte(body), &found))
	require.Len(t, found.Items, 1)
	require.Equal(t, "first", found.Items[0].Subject)
}

// TestLinksCanBeFollowed: those of the text, and only those that lead to a page.
func TestLinksCanBeFollowed(t *testing.T) {
	t.Parallel()
	sender, web := setup(t)
	text := "See http://127.0.0.1:8400/invitations#token=a_b-c.\n\n(https://school.example/a?b=1&c=2), not javascript:alert(1)"
	require.NoError(t, sender.Send(t.Context(), mail.Message{To: "one@school.example", Subject: "links", Text: text, HTML: "<p>-</p>"}))
	_, _, body := fetch(t, web.URL+"/?to=one@school.example", "")
	require.Contains(t, body, `<a href="http://127.0.0.1:8400/invitations#token=a_b-c" rel="noreferrer">`)
	require.Contains(t, body, `<a href="https://school.example/a?b=1&amp;c=2" rel="noreferrer">`)
	require.Equal(t, 2, strings.Count(body, `rel="noreferrer"`))
	_, _, body = fetch(t, web.URL+"/?to=unknown@school.example", "")
	require.Contains(t, body, "Nothing has arrived for unknown@school.example")
}

func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	_, web := setup(t)
	status, _, _ := fetch(t, web.URL, "evil.test")
	require.Equal(t, http.StatusForbidden, status)
}

func TestBrokenMailsAreShownAsTheyCame(t *testing.T) {
	t.Parallel()
	require.Equal(t, "no headers at all", read([]byte("no headers at all")).Text)
	broken := read([]byte("Subject: =?utf-8?q?caf=C3=A9?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhalf"))
	require.Equal(t, "café", broken.Subject)
	require.Equal(t, "half", broken.Text)
}

func TestOnlyOnThisMachine(t *testing.T) {
	t.Parallel()
	good := config{Env: "local", Web: "127.0.0.1:1", SMTP: "[::1]:1"}
	require.NoError(t, good.check())
	for _, bad := range []config{{Env: "production", Web: good.Web, SMTP: good.SMTP}, {Env: "local", Web: "0.0.0.0:1", SMTP: good.SMTP}, {Env: "local", Web: good.Web, SMTP: "mail.school.example:25"}} {
		require.Error(t, bad.check())
	}
}

// TestFaultsByAddress: each is what a real server does, and those that send know which of them
// may have been taken.
func TestFaultsByAddress(t *testing.T) {
	t.Parallel()
	sender, web := setup(t)
	send := func(to string) error {
		return sender.Send(t.Context(), mail.Message{To: to, Subject: "s", Text: "t", HTML: "<p>t</p>"})
	}
	kept := func(to string) int {
		var found struct{ Items []message }
		_, _, body := fetch(t, web.URL+"/messages?to="+url.QueryEscape(to), "")
		require.NoError(t, json.Unmarshal([]byte(body), &found))
		return len(found.Items)
	}
	for to, want := range map[string]struct {
		says string
		kept int
	}{
		"busy@faults.invalid": {"451", 0}, "unknown+anna@faults.invalid": {"550", 0}, "full@faults.invalid": {"552", 0}, "REFUSED@faults.invalid": {"554", 0},
		"lost@faults.invalid": {"", 1}, "slow@faults.invalid": {"", 1},
	} {
		require.ErrorContains(t, send(to), want.says, to)
		require.Equal(t, want.kept, kept(to), to)
	}
	require.Error(t, send("greylist@faults.invalid"))
	require.NoError(t, send("greylist@faults.invalid"))
	require.Equal(t, 1, kept("greylist@faults.invalid"))
	require.NoError(t, send("busy@school.example"), "other addresses are taken")
}
