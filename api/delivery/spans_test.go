package delivery

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const letters = "abcdefghijklmnopqrstuvwxyz"

// requested asks for letters by a method and returns the answer and what the store
// was asked for.
func requested(t *testing.T, method, data string, header ...string) (*httptest.ResponseRecorder, *memory, error) {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w, m := httptest.NewRecorder(), &memory{data: []byte(data)}
	err := Serve(w, r, m, Content{Key: "k", Tag: "t", Name: "n.txt", Type: "text/plain", Size: int64(len(data)), Modified: time.Unix(1e9, 0)})
	require.Equal(t, m.opens, m.closed, "every body is closed")
	return w, m, err
}

// Each form of one range (RFC 9110, section 14.1.2).
func TestOneRange(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"bytes=0-4": "0-4", "bytes=4-4": "4-4", "bytes=25-25": "25-25", "bytes=0-25": "0-25", "bytes=0-": "0-25", "bytes=20-": "20-25",
		"bytes=-3": "23-25", "bytes=-26": "0-25", "bytes=-100": "0-25", "bytes=20-100": "20-25", "bytes=0-99999999999999999999": "0-25",
		"bytes=-99999999999999999999": "0-25", "Bytes=0-4": "0-4", "bytes= 0-4": "0-4", "bytes=,0-4, ,": "0-4", "bytes=007-08": "7-8", "bytes=0-4,99-": "0-4", "bytes=-0,1-2": "1-2",
	} {
		w, m, err := requested(t, http.MethodGet, letters, "Range", asked)
		require.NoError(t, err, asked)
		require.Equal(t, http.StatusPartialContent, w.Code, asked)
		require.Equal(t, "bytes "+want+"/26", w.Header().Get("Content-Range"), asked)
		first, last, _ := strings.Cut(want, "-")
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		require.Equal(t, letters[from:to+1], w.Body.String(), asked)
		require.Equal(t, strconv.Itoa(to+1-from), w.Header().Get("Content-Length"), asked)
		require.EqualValues(t, to+1-from, m.asked, "%s: no byte more is read", asked)
	}
}

// A range without a byte of the file is answered with its size (section 15.5.17).
func TestUnsatisfiableRange(t *testing.T) {
	t.Parallel()
	for _, asked := range []string{"bytes=26-", "bytes=26-30", "bytes=99-100,200-", "bytes=-0", "bytes=-0,26-", "bytes=99999999999999999999-", "bytes=99999999999999999999-99999999999999999999"} {
		w, m, err := requested(t, http.MethodGet, letters, "Range", asked)
		require.ErrorIs(t, err, ErrRange, asked)
		require.Equal(t, "bytes */26", w.Header().Get("Content-Range"), asked)
		require.Empty(t, w.Header().Get("ETag"), asked)
		require.Zero(t, m.opens, asked)
	}
}

// What is malformed, of another unit, too much or overlapping is ignored: the whole
// is sent.
func TestIgnoredRange(t *testing.T) {
	t.Parallel()
	for _, asked := range []string{
		"", "bytes", "bytes=", "bytes=,", "bytes=z", "bytes=-", "bytes=--1", "bytes=1", "bytes=4-2", "bytes=+1-5", "bytes=-+5", "bytes=1-5z", "bytes=0x1-5", "bytes=1 - 5", "bytes=1-2-3",
		"bytes=0-4,z", "bytes:0-4", "lines=0-4", "=0-4", "bytes=0-4;5-6", "bytes=0-4,4-8", "bytes=4-8,0-4", "bytes=0-,0-", "bytes=0-25,-1",
		"bytes=" + strings.Repeat("0-0,", 16) + "1-1", "bytes=" + strings.Repeat(",", 100_000),
	} {
		w, m, err := requested(t, http.MethodGet, letters, "Range", asked)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, w.Code, "%.40s", asked)
		require.Equal(t, letters, w.Body.String(), "%.40s", asked)
		require.Empty(t, w.Header().Get("Content-Range"), "%.40s", asked)
		require.Equal(t, 1, m.opens, "%.40s", asked)
	}
}

// A file of no bytes has no range.
func TestRangeOfNothing(t *testing.T) {
	t.Parallel()
	for _, asked := range []string{"bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=5-"} {
		w, m, err := requested(t, http.MethodGet, "", "Range", asked)
		require.NoError(t, err)
		require.Equal(t, []any{http.StatusOK, "0", "", ""}, []any{w.Code, w.Header().Get("Content-Length"), w.Header().Get("Content-Range"), w.Body.String()}, asked)
		require.Zero(t, m.opens, asked)
	}
}

// A range is of GET alone (section 14.2).
func TestHeadIgnoresRange(t *testing.T) {
	t.Parallel()
	for _, asked := range []string{"bytes=0-4", "bytes=99-", "bytes=z"} {
		w, m, err := requested(t, http.MethodHead, letters, "Range", asked)
		require.NoError(t, err)
		require.Equal(t, []any{http.StatusOK, "26", ""}, []any{w.Code, w.Header().Get("Content-Length"), w.Header().Get("Content-Range")}, asked)
		require.Equal(t, "bytes", w.Header().Get("Accept-Ranges"))
		require.Empty(t, w.Body.String())
		require.Zero(t, m.opens, asked)
	}
}

// If-Range sends the stretch of the same bytes, and else the whole (section 13.1.5).
func TestIfRange(t *testing.T) {
	t.Parallel()
	modified := time.Unix(1e9, 0).UTC()
	for condition, status := range map[string]int{
		`"t"`: 206, `"x"`: 200, `W/"t"`: 200, "t": 200, "*": 200,
		modified.Format(http.TimeFormat): 206, modified.Add(time.Hour).Format(http.TimeFormat): 200, modified.Add(-time.Hour).Format(http.TimeFormat): 200, "yesterday": 200,
	} {
		for _, asked := range []string{"bytes=0-4", "bytes=99-"} {
			w, _, err := requested(t, http.MethodGet, letters, "Range", asked, "If-Range", condition)
			if status == http.StatusPartialContent && asked == "bytes=99-" {
				require.ErrorIs(t, err, ErrRange, condition)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, status, w.Code, "%s with %s", asked, condition)
		}
	}
	w, _, err := requested(t, http.MethodGet, letters, "If-Range", `"x"`)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.Code, "a condition of no range is none")
	_, _, err = requested(t, http.MethodGet, letters, "Range", "bytes=0-4", "If-Match", `"x"`)
	require.ErrorIs(t, err, ErrPrecondition, "another condition goes first")
}

// pieces reads a multipart answer.
func pieces(t require.TestingT, w *httptest.ResponseRecorder) (ranges, bodies []string) {
	kind, params, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/byteranges", kind)
	require.Empty(t, w.Header().Get("Content-Range"), "only its parts have one")
	require.Equal(t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"))
	for r := multipart.NewReader(bytes.NewReader(w.Body.Bytes()), params["boundary"]); ; {
		part, err := r.NextPart()
		if err == io.EOF { //nolint:errorlint // the end, as it is documented
			return ranges, bodies
		}
		require.NoError(t, err)
		require.Equal(t, "text/plain", part.Header.Get("Content-Type"))
		body, err := io.ReadAll(part)
		require.NoError(t, err)
		ranges, bodies = append(ranges, part.Header.Get("Content-Range")), append(bodies, string(body))
	}
}

// Several ranges come as parts in the order in which they were asked for (section
// 15.3.7.2).
func TestSeveralRanges(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string][]string{
		"bytes=0-1,10-11":         {"0-1", "10-11"},
		"bytes=10-11, 0-1":        {"10-11", "0-1"},
		"bytes=0-4,5-9":           {"0-4", "5-9"}, // next to each other
		"bytes=5-9,0-4":           {"5-9", "0-4"},
		"bytes=0-0,99-,-1":        {"0-0", "25-25"},
		"bytes=0-0,2-2,4-4,20-99": {"0-0", "2-2", "4-4", "20-25"},
	} {
		w, m, err := requested(t, http.MethodGet, letters, "Range", asked)
		require.NoError(t, err, asked)
		require.Equal(t, http.StatusPartialContent, w.Code, asked)
		ranges, bodies := pieces(t, w)
		total := 0
		for i, part := range want {
			first, last, _ := strings.Cut(part, "-")
			from, _ := strconv.Atoi(first)
			to, _ := strconv.Atoi(last)
			require.Equal(t, "bytes "+part+"/26", ranges[i], asked)
			require.Equal(t, letters[from:to+1], bodies[i], asked)
			total += to + 1 - from
		}
		require.Len(t, ranges, len(want), asked)
		require.Equal(t, []any{len(want), int64(total)}, []any{m.opens, m.asked}, "%s: one read of its length a piece", asked)
	}
}

// Whatever is asked for, an answer is the whole, a stretch, or parts that together
// are no larger than the file.
func TestAnyRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		asked := "bytes=" + rapid.StringMatching(`([0-9]{0,2}-[0-9]{0,2},){0,5}[0-9]{0,2}-[0-9]{0,2}`).Draw(rt, "range")
		w, m, err := requested(t, http.MethodGet, letters, "Range", asked)
		switch {
		case err != nil:
			require.ErrorIs(rt, err, ErrRange)
			require.Zero(rt, m.opens)
		case w.Code == http.StatusOK:
			require.Equal(rt, letters, w.Body.String())
		case w.Header().Get("Content-Range") != "":
			var from, to int
			_, err := fmt.Sscanf(w.Header().Get("Content-Range"), "bytes %d-%d/26", &from, &to)
			require.NoError(rt, err)
			require.Equal(rt, letters[from:to+1], w.Body.String())
		default:
			ranges, bodies := pieces(rt, w)
			for i, of := range ranges {
				var from, to int
				_, err := fmt.Sscanf(of, "bytes %d-%d/26", &from, &to)
				require.NoError(rt, err)
				require.Equal(rt, letters[from:to+1], bodies[i])
			}
			require.LessOrEqual(rt, len(strings.Join(bodies, "")), len(letters))
			require.LessOrEqual(rt, m.asked, int64(len(letters)))
		}
	})
}
