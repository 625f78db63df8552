package api

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/api/middleware"
	"satchel/tenancy"
)

// short are bounds that are worth waiting for.
var short = middleware.Limits{
	Header: 2 * time.Second, HeaderBytes: 8 << 10, Idle: time.Minute, Quick: 10 * time.Second, Body: 64 << 10, Stall: 5 * time.Second, MinBytes: 4 << 10,
}

// listener serves the API as its program does, and tells of connections that end.
func (b *testBundle) listener(h http.Handler) (address string, ended <-chan struct{}) {
	b.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(b.t, err)
	closed := make(chan struct{}, 10)
	server := b.api.Server(h)
	server.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			closed <- struct{}{}
		}
	}
	go func() { _ = server.Serve(l) }()
	b.t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String(), closed
}

// patience is when a test gives up what should have ended.
const patience = 2 * time.Minute

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn.(*net.TCPConn)
}

// drip sends a byte now and then, for ever: only the server can end it.
func drip(conn net.Conn) {
	now := time.NewTicker(10 * time.Millisecond)
	defer now.Stop()
	for range now.C {
		if _, err := conn.Write([]byte("a")); err != nil {
			return
		}
	}
}

func requestOf(token, path, rest string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s", path, token, rest)
}

func TestHeadersAByteAtATime(t *testing.T) {
	t.Parallel()
	b := setupWithin(t, short)
	address, ended := b.listener(b.api.Handler())
	conn := dial(t, address)
	_, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	require.NoError(t, err)
	go drip(conn)
	answer, _ := io.ReadAll(conn)
	require.Empty(t, answer)
	wait(t, ended)
}

func TestHeadersWithoutEnd(t *testing.T) {
	t.Parallel()
	b := setupWithin(t, short)
	address, ended := b.listener(b.api.Handler())
	conn := dial(t, address)
	_, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("a", 16<<10)+"\r\n\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, conn.Close())
	wait(t, ended)
}

func TestABodyAByteAtATime(t *testing.T) {
	t.Parallel()
	b := setupWithin(t, short)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	owner.call(remove, at(f.ID, ""), nil).is(http.StatusNoContent)
	form := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
	cases := map[string]struct{ path, contentType, begins, code string }{
		"quick":  {owner.orgPath("/invitations"), "application/json", `{"email":"`, "body_timeout"},
		"upload": {storagePath + "/upload", "multipart/form-data; boundary=x", form, "body_cut_short"},
		// What no one reads.
		"before the body": {storagePath + "/upload", "text/plain\r\nX-Organization-ID: x", "", "invalid_organization"},
		"no route":        {"/nowhere", "text/plain", "", "no_such_route"},
		"another page":    {storagePath + "/upload", "text/plain\r\nOrigin: https://other.test", "", "origin_not_allowed"},
		"no upload":       {tusPath, "text/plain\r\nTus-Resumable: 1.0.0", "", "invalid_length"},
		"no new bytes":    {at(f.ID, "/restore"), "text/plain", "", f.ID.String()},
	}
	t.Run("all", func(t *testing.T) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				address, ended := b.listener(b.api.Handler())
				conn := dial(t, address)
				_, err := io.WriteString(conn, requestOf(owner.token, c.path, "Content-Type: "+c.contentType+"\r\nContent-Length: 60000\r\n\r\n"+c.begins))
				require.NoError(t, err)
				go drip(conn)
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				require.NoError(t, err)
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Contains(t, string(body), `"`+c.code+`"`)
				wait(t, ended)
			})
		}
	})
	require.Zero(t, owner.count("invitations"))
	require.Equal(t, 1, owner.count("files"))
}

// Anyone who asks for bytes and takes none may not keep the server's hand out.
func TestAReaderThatNeverReads(t *testing.T) {
	t.Parallel()
	b := setupWithin(t, short)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", strings.Repeat(lorem, 2000)) // far more than the buffers between the two
	address, ended := b.listener(b.api.ContentHandler())
	conn := dial(t, address)
	require.NoError(t, conn.SetReadBuffer(4<<10))
	_, err := io.WriteString(conn, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", at(f.ID, "/content"), owner.token))
	require.NoError(t, err)
	wait(t, ended)
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	send := func(body string) answer {
		return owner.call(post, owner.orgPath("/invitations"), strings.NewReader(body), "Content-Type", "application/json")
	}
	for _, open := range []string{"[", `{"a":`, `[{"[":`} {
		send(strings.Repeat(open, 10_000)).refused(http.StatusBadRequest, "body_too_deep")
		send(`{"email":`+strings.Repeat(open, 40)).refused(http.StatusBadRequest, "body_too_deep")
	}
	send(`{"email":"`+strings.Repeat("[", 1000)+`\"","role":"teacher"}`).refused(http.StatusBadRequest, "invalid_email")
	for _, text := range []string{`a\u0000b`, `\\\u0000`, "\xff"} {
		send(`{"email":"`+text+`","role":"teacher"}`).refused(http.StatusBadRequest, "invalid_text")
	}
	send(`{"email":"\\u0000","role":"teacher"}`).refused(http.StatusBadRequest, "invalid_email") // a backslash, and no escape
	send(strings.Repeat("[", 2<<20)).refused(http.StatusRequestEntityTooLarge, "body_too_large")
	send(`{"email":"`+strings.Repeat("a", 2<<20)).refused(http.StatusRequestEntityTooLarge, "body_too_large")
	owner.call(post, owner.orgPath("/invitations"), io.MultiReader(strings.NewReader(`{"email":"`), bytes.NewReader(make([]byte, 2<<20))),
		"Content-Type", "application/json", "Idempotency-Key", "one").refused(http.StatusRequestEntityTooLarge, "body_too_large")
}

func wait(t *testing.T, ended <-chan struct{}) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the server holds on to the connection")
	}
}
