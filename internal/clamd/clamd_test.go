package clamd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/internal/clamd/clamdtest"
	"satchel/policies/verdict"
)

// patient is long enough never to be the reason of a failure, brief is short
// enough for the tests that wait for a timeout on purpose.
const (
	patient = time.Minute
	brief   = 150 * time.Millisecond
	poll    = time.Millisecond
)

func clientOf(fake *clamdtest.Fake, timeout time.Duration, opts ...Option) *Client {
	return New(fake.Socket, append([]Option{WithIdleTimeout(timeout), WithVerdictTimeout(timeout)}, opts...)...)
}

// ways are the two in which bytes reach the daemon.
var ways = map[string][]Option{"streamed": nil, "held": {WithMemory(64<<20, 8)}}

func scanBytes(t *testing.T, c *Client, content []byte) (Verdict, error) {
	t.Helper()
	return c.Scan(t.Context(), bytes.NewReader(content), int64(len(content)))
}

func TestScanHonestDaemon(t *testing.T) {
	t.Parallel()
	marker := []byte("marker-of-this-test")
	fake := clamdtest.Start(t, clamdtest.Scanning(map[string][]byte{"Test.Marker": marker}))

	for name, tc := range map[string]struct {
		content []byte
		want    Verdict
	}{
		"empty":              {nil, Verdict{Outcome: verdict.Clean}},
		"short":              {[]byte("hello"), Verdict{Outcome: verdict.Clean}},
		"exactly one chunk":  {make([]byte, chunkSize), Verdict{Outcome: verdict.Clean}},
		"one byte more":      {make([]byte, chunkSize+1), Verdict{Outcome: verdict.Clean}},
		"infected":           {marker, Verdict{Outcome: verdict.Infected, Signature: "Test.Marker"}},
		"infected at chunks": {append(make([]byte, chunkSize-5), marker...), Verdict{Outcome: verdict.Infected, Signature: "Test.Marker"}},
	} {
		for way, opts := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				got, err := scanBytes(t, clientOf(fake, patient, opts...), tc.content)
				require.NoError(t, err)
				require.Equal(t, tc.want, got)
				require.Equal(t, tc.want.Outcome == verdict.Clean, got.Clean())
			})
		}
	}
}

// The daemon must receive what the source holds, whatever the source's reads
// look like and wherever chunks begin.
func TestScanSendsExactBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		content := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(rt, "content"), rapid.IntRange(1, 9000).Draw(rt, "times"))
		fake := clamdtest.Start(t, clamdtest.Scanning(map[string][]byte{"All.Of.It": content}))
		defer fake.Behave(clamdtest.Behaviour{})
		source := rapid.SampledFrom([]func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r },
			iotest.HalfReader, iotest.DataErrReader,
		}).Draw(rt, "source")(bytes.NewReader(content))
		way := rapid.SampledFrom([]string{"streamed", "held"}).Draw(rt, "way")
		got, err := clientOf(fake, patient, ways[way]...).Scan(t.Context(), source, int64(len(content)))
		require.NoError(rt, err)
		require.Equal(rt, Verdict{Outcome: verdict.Infected, Signature: "All.Of.It"}, got)
		require.Equal(rt, way == "held", fake.Descriptors() == 1)
	})
}

// Whatever the daemon does wrong, the caller gets an error of a known kind and
// no verdict.
func TestScanBadReplies(t *testing.T) {
	t.Parallel()
	big := make([]byte, 3*chunkSize)
	for _, behaviour := range clamdtest.BadReplies() {
		for _, content := range [][]byte{nil, []byte("x"), big} {
			if behaviour.StopAfter > int64(len(content)) {
				continue
			}
			for way, opts := range ways {
				t.Run(behaviour.Name+" "+way, func(t *testing.T) {
					t.Parallel()
					timeout := patient
					if behaviour.Hang {
						timeout = brief
					}
					got, err := scanBytes(t, clientOf(clamdtest.Start(t, behaviour), timeout, opts...), content)
					require.Error(t, err)
					require.Zero(t, got)
					require.False(t, got.Clean())
					known := errors.Is(err, ErrUnavailable) || errors.Is(err, ErrTooLarge)
					require.True(t, known, "kind of %v", err)
					streamed := way == "streamed" || len(content) == 0
					require.Equal(t, streamed && strings.HasPrefix(behaviour.Name, "size limit"), errors.Is(err, ErrTooLarge), "%v", err)
				})
			}
		}
	}
}

// An answer that is already there when the stream goes on is noticed, even if
// the daemon keeps reading and would answer properly after it.
func TestScanEarlyAnswerWhileStreaming(t *testing.T) {
	t.Parallel()
	fake := clamdtest.Start(t, clamdtest.Behaviour{Early: "stream: OK\x00"})
	c := clientOf(fake, patient)
	s, err := c.open(t.Context(), "INSTREAM")
	require.NoError(t, err)
	defer s.close()
	require.Eventually(t, s.answered, patient, time.Millisecond)
	require.ErrorIs(t, c.send(s, strings.NewReader("abc"), 3), ErrUnavailable)
}

func TestScanSourceErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	for name, tc := range map[string]struct {
		then io.Reader // after the bytes "abc"
		size int64
		want error
	}{
		"fails in the middle":  {iotest.ErrReader(broken), 10, broken},
		"fails after the last": {iotest.ErrReader(broken), 3, broken},
		"torn":                 {iotest.ErrReader(io.ErrUnexpectedEOF), 10, io.ErrUnexpectedEOF},
		"too short":            {strings.NewReader(""), 4, ErrSourceSize},
		"too long":             {strings.NewReader(""), 2, ErrSourceSize},
		"not empty":            {strings.NewReader(""), 0, ErrSourceSize},
		"negative size":        {strings.NewReader(""), -1, ErrSourceSize},
		"never ends":           {emptyReads{}, 3, io.ErrNoProgress},
	} {
		for way, opts := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				fake := clamdtest.Start(t, clamdtest.Scanning(nil))
				got, err := clientOf(fake, patient, opts...).Scan(t.Context(), io.MultiReader(strings.NewReader("abc"), tc.then), tc.size)
				require.ErrorIs(t, err, tc.want)
				require.NotErrorIs(t, err, ErrUnavailable, "the daemon is not to blame")
				require.Zero(t, got)
			})
		}
	}
}

type emptyReads struct{}

func (emptyReads) Read([]byte) (int, error) { return 0, nil }

func TestCancellationIsTheCallers(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]clamdtest.Behaviour{
		"waiting for the verdict": {Hang: true},
		"writing":                 {Unread: true, Hang: true},
	} {
		for way, opts := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				fake := clamdtest.Start(t, behaviour)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					for fake.Scans() == 0 {
						time.Sleep(time.Millisecond) //nolint:forbidigo // polls for the fake's count, which has no other signal
					}
					cancel()
				}()
				_, err := clientOf(fake, patient, opts...).Scan(ctx, bytes.NewReader(make([]byte, 8<<20)), 8<<20)
				require.ErrorIs(t, err, context.Canceled)
				require.NotErrorIs(t, err, ErrUnavailable)
			})
		}
	}
}

func TestNoDaemon(t *testing.T) {
	t.Parallel()
	c := New(filepath.Join(t.TempDir(), "unknown"))
	_, err := scanBytes(t, c, nil)
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, c.Ping(t.Context()), ErrUnavailable)
	_, err = c.Version(t.Context())
	require.ErrorIs(t, err, ErrUnavailable)
}

// A daemon that dies between two scans is found again by the same client.
func TestClientSurvivesRestart(t *testing.T) {
	t.Parallel()
	fake := clamdtest.Start(t, clamdtest.Scanning(nil))
	c := clientOf(fake, patient)
	require.NoError(t, c.Ping(t.Context()))
	fake.Behave(clamdtest.Behaviour{})
	_, err := scanBytes(t, c, []byte("x"))
	require.ErrorIs(t, err, ErrUnavailable)
	fake.Behave(clamdtest.Scanning(nil))
	got, err := scanBytes(t, c, []byte("x"))
	require.NoError(t, err)
	require.True(t, got.Clean())
}

func TestPing(t *testing.T) {
	t.Parallel()
	for pong, good := range map[string]bool{
		"PONG\x00": true, "PONG": false, "PONG\n": false, "PONG\x00PONG\x00": false, "NO\x00": false, "\x00": false,
	} {
		fake := clamdtest.Start(t, clamdtest.Behaviour{Pong: pong})
		err := clientOf(fake, patient).Ping(t.Context())
		if good {
			require.NoError(t, err, "%q", pong)
			continue
		}
		require.ErrorIs(t, err, ErrUnavailable, "%q", pong)
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	at, ok := Version{Database: "27800/Thu Oct 30 08:00:00 2025"}.Signed()
	require.True(t, ok)
	require.Equal(t, time.Date(2025, 10, 30, 8, 0, 0, 0, time.Local), at)
	for _, database := range []string{"", "27800", "27800/", "27800/yesterday"} {
		_, ok := Version{Database: database}.Signed()
		require.False(t, ok, database)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for banner, want := range map[string]Version{
		"ClamAV 1.4.6/27800/Thu Oct 30 08:00:00 2025\x00": {"ClamAV 1.4.6", "27800/Thu Oct 30 08:00:00 2025"},
		"ClamAV 1.4.6\x00":   {"ClamAV 1.4.6", ""},
		"ClamAV 1.4.6/\x00":  {"ClamAV 1.4.6", ""},
		"something else\x00": {},
		"ClamAV 1.4.6":       {},
	} {
		fake := clamdtest.Start(t, clamdtest.Behaviour{Banner: banner})
		got, err := clientOf(fake, patient).Version(t.Context())
		require.Equal(t, want, got)
		require.Equal(t, want == Version{}, errors.Is(err, ErrUnavailable), "%q: %v", banner, err)
	}
}
