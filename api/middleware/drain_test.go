package middleware

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/api/problem"
	"satchel/internal/fault"
)

var errRefused = fault.New(fault.TooLarge, "file_too_large", "The file is too large.")

// refusing serves a handler that reads n bytes of a body and refuses it.
func refusing(t *testing.T, n int64, limits Limits) *httptest.Server {
	t.Helper()
	a := New(Middleware{Log: slog.New(slog.DiscardHandler), Limits: limits}, prometheus.NewRegistry())
	e := gin.New()
	e.Use(a.Drain)
	e.POST("/", a.LimitClass(Upload), func(c *gin.Context) {
		_, _ = io.CopyN(io.Discard, c.Request.Body, n)
		_ = c.Request.Body.Close() // as readers of forms do
		problem.Write(c.Writer, http.StatusRequestEntityTooLarge, errRefused)
	})
	e.PUT("/", func(c *gin.Context) {
		sent, err := io.Copy(io.Discard, c.Request.Body)
		c.String(http.StatusOK, "%d %v", sent, err)
	})
	server := httptest.NewUnstartedServer(nil)
	server.Config = limits.Server(e)
	server.EnableHTTP2 = true
	t.Cleanup(server.Close)
	return server
}

// patient limits let a test that waits for the wrong thing hang instead of pass.
func patient() Limits {
	limits := DefaultLimits
	limits.DrainTime, limits.Stall = time.Hour, time.Hour
	return limits
}

const large = 20 << 20

func dial(t *testing.T, s *httptest.Server) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// requireRefusal reads the refusal, and returns whether it says that the connection
// ends.
func requireRefusal(t *testing.T, r *bufio.Reader) bool {
	t.Helper()
	answer, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Equal(t, http.StatusRequestEntityTooLarge, answer.StatusCode)
	require.Equal(t, problem.ContentType, answer.Header.Get("Content-Type"))
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), errRefused.Code)
	return answer.Close
}

// A client that sends everything before it reads anything gets the refusal, and no
// reset: with an announced length, in chunks, and when a part was read.
func TestRefusalReachesAClientThatStillSends(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header string
		read   int64
		chunks bool
	}{
		"announced":              {fmt.Sprintf("Content-Length: %d", large), 0, false},
		"announced, partly read": {fmt.Sprintf("Content-Length: %d", large), 1 << 20, false},
		"chunked":                {"Transfer-Encoding: chunked", 0, true},
		"chunked, partly read":   {"Transfer-Encoding: chunked", 1 << 20, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := refusing(t, tc.read, patient())
			s.Start()
			conn := dial(t, s)
			_, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", tc.header)
			require.NoError(t, err)
			piece := bytes.Repeat([]byte("x"), 1<<20)
			for range large / len(piece) {
				if tc.chunks {
					_, err = fmt.Fprintf(conn, "%x\r\n%s\r\n", len(piece), piece)
				} else {
					_, err = conn.Write(piece)
				}
				require.NoError(t, err, "the server takes what is sent")
			}
			if tc.chunks {
				_, err = io.WriteString(conn, "0\r\n\r\n")
				require.NoError(t, err)
			}
			require.True(t, requireRefusal(t, bufio.NewReader(conn)), "the client is told to stop")
		})
	}
}

// The refusal is whole before the client has sent everything.
func TestRefusalLeavesAtOnce(t *testing.T) {
	t.Parallel()
	s := refusing(t, 0, patient())
	s.Start()
	conn := dial(t, s)
	_, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\nfirst bytes", large)
	require.NoError(t, err)
	requireRefusal(t, bufio.NewReader(conn))
}

// A client that asks before it sends gets the refusal in the place of 100 Continue,
// and the connection ends without waiting for a body.
func TestRefusalInThePlaceOfContinue(t *testing.T) {
	t.Parallel()
	s := refusing(t, 0, patient())
	s.Start()
	conn := dial(t, s)
	_, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", large)
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	requireRefusal(t, r)
	_, err = r.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

// One that was told to go on, and is refused later, gets both answers.
func TestRefusalBehindContinue(t *testing.T) {
	t.Parallel()
	s := refusing(t, 1<<20, patient())
	s.Start()
	conn := dial(t, s)
	_, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", large)
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusContinue, answer.StatusCode)
	require.NoError(t, answer.Body.Close())
	_, err = conn.Write(bytes.Repeat([]byte("x"), large))
	require.NoError(t, err)
	requireRefusal(t, r)
}

// Go's client sees the refusal by HTTP/1.1, with and without asking first, and by
// HTTP/2, where another request of the same connection goes on.
func TestRefusalReachesGoClients(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		proto  int
		expect bool
	}{"HTTP/1.1": {1, false}, "HTTP/1.1 with Expect": {1, true}, "HTTP/2": {2, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := refusing(t, 1<<10, patient())
			if tc.proto == 2 {
				s.StartTLS()
			} else {
				s.Start()
			}
			client := s.Client()
			for range 3 {
				send := func(method string, body io.Reader) *http.Response {
					r, err := http.NewRequestWithContext(t.Context(), method, s.URL, body)
					require.NoError(t, err)
					if tc.expect {
						r.Header.Set("Expect", "100-continue")
					}
					answer, err := client.Do(r)
					require.NoError(t, err)
					require.Equal(t, tc.proto, answer.ProtoMajor)
					return answer
				}
				answer := send(http.MethodPost, bytes.NewReader(make([]byte, large)))
				body, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				_ = answer.Body.Close()
				require.Equal(t, http.StatusRequestEntityTooLarge, answer.StatusCode)
				require.Contains(t, string(body), errRefused.Code)
				answer = send(http.MethodPut, strings.NewReader("taken"))
				body, err = io.ReadAll(answer.Body)
				require.NoError(t, err)
				_ = answer.Body.Close()
				require.Equal(t, "5 <nil>", string(body))
			}
		})
	}
}

// A client cannot keep the server reading: not by sending without end, and not by
// sending nothing.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		limits func(*Limits)
		sends  bool
	}{
		"bytes": {func(l *Limits) { l.DrainBytes = 1 << 20 }, true},
		"time":  {func(l *Limits) { l.DrainTime = time.Millisecond }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := patient()
			tc.limits(&limits)
			s := refusing(t, 0, limits)
			s.Start()
			conn := dial(t, s)
			_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
			require.NoError(t, err)
			if !tc.sends {
				r := bufio.NewReader(conn)
				requireRefusal(t, r)
				_, err = r.ReadByte()
				require.ErrorIs(t, err, io.EOF)
				return
			}
			piece := make([]byte, 1<<20)
			for err == nil {
				_, err = conn.Write(piece)
			}
			require.Error(t, err, "the connection is closed")
		})
	}
}

// A body that is read whole leaves the connection as it is.
func TestConnectionIsKeptBehindAWholeBody(t *testing.T) {
	t.Parallel()
	s := refusing(t, large+1, patient())
	s.Start()
	conn := dial(t, s)
	r := bufio.NewReader(conn)
	for range 2 {
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nwhole")
		require.NoError(t, err)
		require.False(t, requireRefusal(t, r))
	}
}
