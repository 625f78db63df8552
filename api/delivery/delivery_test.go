package delivery

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// memory is a store of one object that counts what is asked of it.
type memory struct {
	data   []byte
	opens  int
	asked  int64
	closed int
	fail   error
}

func (m *memory) Open(_ context.Context, _, _ string, offset, length int64) (io.ReadCloser, error) {
	m.opens++
	if length < 0 {
		length = int64(len(m.data)) - offset
	}
	m.asked += length
	if m.fail != nil {
		return nil, m.fail
	}
	return &closing{Reader: bytes.NewReader(m.data[offset:min(int64(len(m.data)), offset+length)]), m: m}, nil
}

type closing struct {
	io.Reader
	m *memory
}

func (c *closing) Close() error { c.m.closed++; return nil }

func ask(m *memory, size int64, header ...string) (*httptest.ResponseRecorder, error) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	err := Serve(w, r, m, Content{Key: "k", Tag: "t", Name: "n.txt", Type: "text/plain", Size: size, Modified: time.Unix(1e9, 0)})
	return w, err
}

// Whatever range is asked for, the answer is that stretch, from one read of the
// store that asks for no byte more, and every body that was opened is closed.
func TestRangeCostsOneReadOfItsLength(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &memory{data: rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(rt, "data")}
		n := len(m.data)
		from := rapid.IntRange(0, n-1).Draw(rt, "from")
		to := rapid.IntRange(from, n+10).Draw(rt, "to")
		w, err := ask(m, int64(n), "Range", "bytes="+strconv.Itoa(from)+"-"+strconv.Itoa(to))
		want := m.data[from:min(to+1, n)]
		if err != nil || w.Code != http.StatusPartialContent || !bytes.Equal(w.Body.Bytes(), want) {
			rt.Fatalf("%v %d %q", err, w.Code, w.Body.Bytes())
		}
		if m.opens != 1 || m.asked != int64(len(want)) || m.closed != m.opens {
			rt.Fatalf("%d reads of %d bytes, %d closed", m.opens, m.asked, m.closed)
		}
	})
}

// TestAWholeObjectIsReadToItsEnd: a connection to the store with bytes that were not read is not used again.
func TestAWholeObjectIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	m := &ending{memory{data: []byte("all of it")}, false}
	w := httptest.NewRecorder()
	require.NoError(t, Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), m, Content{Key: "k", Tag: "t", Name: "n.txt", Type: "text/plain", Size: 9, Modified: time.Unix(1e9, 0)}))
	require.Equal(t, "all of it", w.Body.String())
	require.True(t, m.ended)
}

// ending is a store whose object has an end of its own behind its last byte, as an encrypted one.
type ending struct {
	memory

	ended bool
}

func (e *ending) Open(_ context.Context, _, _ string, offset, length int64) (io.ReadCloser, error) {
	if offset != 0 || length >= 0 {
		return nil, errors.New("a range is asked for")
	}
	return &closing{Reader: io.MultiReader(bytes.NewReader(e.data), readerFunc(func([]byte) (int, error) {
		e.ended = true
		return 0, io.EOF
	})), m: &e.memory}, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestHeadAndMatchReadNothing(t *testing.T) {
	t.Parallel()
	m := &memory{data: []byte("hello")}
	w, err := ask(m, 5, "If-None-Match", `"t"`)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotModified, w.Code)
	require.Zero(t, m.opens)
}

func TestStoreThatFailsBeforeTheFirstByteCanStillBeSaid(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	w, err := ask(&memory{fail: broken}, 5)
	require.ErrorIs(t, err, broken)
	require.Empty(t, w.Header().Get("Content-Disposition"))
	require.Empty(t, w.Header().Get("ETag"))
	require.Empty(t, w.Header().Get("Content-Length"))
}

// An object that ends early cuts the connection: a short body that looks whole
// would be taken for the file.
func TestShortObjectCutsTheConnection(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { _, _ = ask(&memory{data: []byte("hel")}, 5) })
}

func FuzzDisposition(f *testing.F) {
	for _, name := range []string{"a.txt", "", `a"; filename="evil.exe`, "a\r\nSet-Cookie: x=1", "../../etc/passwd", "наука.pdf", "100%.txt", "a\xffb", strings.Repeat("ü", 255), "a;b=c", "\u202etxt.exe"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		header := Disposition("attachment", name)
		for _, c := range []byte(header) {
			if c < 0x20 || c >= 0x7f {
				t.Fatalf("byte %#x in %q", c, header)
			}
		}
		how, params, err := mime.ParseMediaType(header)
		if err != nil || how != "attachment" || len(params) != 1 {
			t.Fatalf("%q: %v %v %v", header, how, params, err)
		}
		if want := strings.ToValidUTF8(name, "\uFFFD"); params["filename"] != want {
			t.Fatalf("%q came back as %q", want, params["filename"])
		}
	})
}

// TestBytesAreCounted: who counts downloads hears once of each that began, also of one
// that broke, and of none that sent nothing.
func TestBytesAreCounted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, ranges, match string
		refuse                error
		connection            int // bytes that it takes
		empty                 bool
		started               int
		want                  []int64
	}{
		"whole":          {method: http.MethodGet, connection: 100, started: 1, want: []int64{10}},
		"a range":        {method: http.MethodGet, ranges: "bytes=2-4", connection: 100, started: 1, want: []int64{3}},
		"broken":         {method: http.MethodGet, connection: 4, started: 1, want: []int64{4}},
		"refused":        {method: http.MethodGet, refuse: errors.New("used up"), connection: 100, started: 1},
		"HEAD":           {method: http.MethodHead, connection: 100},
		"known already":  {method: http.MethodGet, match: `"t"`, connection: 100},
		"no such bytes":  {method: http.MethodGet, ranges: "bytes=10-", connection: 100},
		"broken at once": {method: http.MethodGet, connection: 0, started: 1, want: []int64{0}},
		"empty":          {method: http.MethodGet, empty: true, started: 1, want: []int64{0}},
		"empty, a range": {method: http.MethodGet, empty: true, ranges: "bytes=0-4", started: 1, want: []int64{0}},
		"empty, refused": {method: http.MethodGet, empty: true, refuse: errors.New("used up"), started: 1},
		"empty, HEAD":    {method: http.MethodHead, empty: true},
		"empty, known":   {method: http.MethodGet, empty: true, match: `"t"`},
	} {
		var told []int64
		started := 0
		r := httptest.NewRequest(c.method, "/", nil)
		r.Header.Set("Range", c.ranges)
		r.Header.Set("If-None-Match", c.match)
		data := []byte("0123456789")
		if c.empty {
			data = nil
		}
		err := Serve(&broken{ResponseRecorder: httptest.NewRecorder(), room: c.connection}, r, &memory{data: data}, Content{
			Key: "k", Tag: "t", Name: "n.txt", Type: "text/plain", Size: int64(len(data)),
			OnStart: func() error { started++; return c.refuse }, OnEnd: func(n int64) { told = append(told, n) },
		})
		if c.refuse != nil {
			require.ErrorIs(t, err, c.refuse, name)
		}
		require.Equal(t, c.started, started, name)
		require.Equal(t, c.want, told, name)
	}
}

// TestLastByteWaits: all but the last byte leave before what was begun is durable, and the
// last one stays here when it never is. What fits into one write waits as a whole, so that
// its refusal is an answer.
func TestLastByteWaits(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	for name, c := range map[string]struct {
		size    int
		fails   bool
		before  int // bytes that left when durable is asked
		after   int
		refused bool // by an answer
		cut     bool
	}{
		"large":           {size: len(data), before: len(data) - 1, after: len(data)},
		"large, and lost": {size: len(data), fails: true, before: len(data) - 1, after: len(data) - 1, cut: true},
		"in one go":       {size: 100_000, before: 99_999, after: 100_000},
		"small":           {size: 100, before: 0, after: 100},
		"small, and lost": {size: 100, fails: true, before: 0, after: 0, refused: true},
		"one byte":        {size: 1, before: 0, after: 1},
	} {
		sent, asked, left := httptest.NewRecorder(), 0, 0
		serve := func() error {
			return Serve(sent, httptest.NewRequest(http.MethodGet, "/", nil), &memory{data: data[:c.size]}, Content{
				Key: "k", Tag: "t", Name: "n.txt", Type: "text/plain", Size: int64(c.size),
				Durable: func() error {
					asked, left = asked+1, sent.Body.Len()
					if c.fails {
						return errors.New("not durable")
					}
					return nil
				},
			})
		}
		if c.cut {
			require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { _ = serve() }, name)
		} else {
			require.Equal(t, c.refused, serve() != nil, name)
		}
		require.Equal(t, []int{1, c.before, c.after}, []int{asked, left, sent.Body.Len()}, name)
	}
}

// broken is a connection that breaks after some bytes.
type broken struct {
	*httptest.ResponseRecorder
	room int
}

func (b *broken) Write(p []byte) (int, error) {
	if len(p) <= b.room {
		b.room -= len(p)
		return b.ResponseRecorder.Write(p)
	}
	n := b.room
	b.room = 0
	_, _ = b.ResponseRecorder.Write(p[:n])
	return n, errors.New("connection reset")
}
