package load

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// platform answers as the API does, with these files and their bytes by id.
func platform(t *testing.T, files []client.File, bytes map[string]string) *client.Client {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/storage/files", func(w http.ResponseWriter, r *http.Request) {
		page := client.Page[client.File]{Items: files[:1], NextCursor: "rest"} // pages are followed
		if r.URL.Query().Get("cursor") == "rest" {
			page = client.Page[client.File]{Items: files[1:]}
		}
		_ = json.NewEncoder(w).Encode(page)
	})
	mux.HandleFunc("GET /api/v1/storage/files/{id}/content", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(bytes[r.PathValue("id")]))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return &client.Client{Base: s.URL}
}

func sumOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// TestJudge: each way in which an upload can have gone wrong is found, and counted once.
func TestJudge(t *testing.T) {
	t.Parallel()
	sent := func(number int, name, outcome string, answer Event, file string) Upload {
		return Upload{Line: Line{Event: Sending, Number: number, Way: Form, Name: name, Size: 5, SHA256: sumOf("bytes"), Outcome: outcome, File: file}, Answer: answer}
	}
	file := func(id, name, status string) client.File {
		return client.File{ID: id, Name: name, Status: status, Size: 5}
	}
	c := platform(t, []client.File{
		file("1", "sound", "published"), file("2", "changed", "published"), file("3", "twice", "published"), file("4", "twice", "published"),
		file("5", "open", "processing"), file("6", "virus", "quarantined"), file("7", "let through", "published"), file("8", "not told", "published"),
		file("9", "half", "uploading"), file("10", "withdrawn", "rejected"),
	}, map[string]string{"1": "bytes", "2": "BYTES", "3": "bytes", "4": "bytes", "7": "bytes", "8": "bytes"})
	v, err := Judge(t.Context(), c, []Upload{
		sent(1, "sound", published, Acknowledged, "1"),
		sent(2, "changed", published, Acknowledged, "2"),
		sent(3, "twice", published, Acknowledged, "3"),
		sent(4, "open", published, Acknowledged, "5"),
		sent(5, "virus", quarantined, Acknowledged, "6"),
		sent(6, "let through", quarantined, Acknowledged, "7"),
		sent(7, "gone", published, Acknowledged, "77"),
		sent(8, "not told", published, "", ""),
		sent(9, "half", published, GivenUp, ""),
		sent(10, "no", published, Refused, ""),
		sent(11, "withdrawn", published, Acknowledged, "10"),
		sent(12, "bare", published, Unanswered, ""),
	})
	require.NoError(t, err)
	require.Len(t, v.Notes, 10)
	v.Notes = nil
	require.Equal(t, Verdict{Uploads: 12, Acknowledged: 8, Unanswered: 1, Refused: 1, GivenUp: 2, Lost: 1, Corrupt: 1, Stuck: 2, Wrong: 2, Twice: 1, Bytes: 6 * 5}, v)
	require.Equal(t, 10, v.Wrongs())
}

// TestLedger: what clients did is read again from the file alone.
func TestLedger(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l, err := Create(path)
	require.NoError(t, err)
	tries := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch tries++; {
		case r.Header.Get("Idempotency-Key") == "":
			w.WriteHeader(http.StatusServiceUnavailable)
		case tries == 1: // cut: the client cannot know
			panic(http.ErrAbortHandler)
		case tries == 2:
			w.WriteHeader(http.StatusAccepted)
			_ = json.NewEncoder(w).Encode(client.File{ID: "made"})
		case tries == 3:
			w.WriteHeader(http.StatusUnsupportedMediaType)
		default:
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	c := Client{API: &client.Client{Base: s.URL}, School: 2, Ledger: l, Patience: time.Minute}
	f := File{Name: "a.txt", Body: []byte("bytes"), Way: Form, Outcome: published}
	for number, want := range []Event{Acknowledged, Refused} {
		got, err := c.Send(t.Context(), number, f)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := c.Send(over, 2, f)
	require.NoError(t, err)
	require.Equal(t, GivenUp, got)
	f.Way = Bare // and without a key there is no second try
	got, err = c.Send(t.Context(), 4, f)
	require.NoError(t, err)
	require.Equal(t, Unanswered, got)
	require.NoError(t, l.Write(Line{Event: Sending, Number: 3, Name: "b.txt"})) // the client dies here
	require.NoError(t, l.Close())

	all, err := Read(path)
	require.NoError(t, err)
	require.Len(t, all, 5)
	require.Equal(t, []Event{Acknowledged, Refused, GivenUp, Unanswered, ""}, []Event{all[0].Answer, all[1].Answer, all[2].Answer, all[3].Answer, all[4].Answer})
	require.Equal(t, "made", all[0].File)
	require.Equal(t, sumOf("bytes"), all[0].SHA256)
	require.Equal(t, 2, all[0].School)
	require.NotEqual(t, all[0].Key, all[1].Key)
}

// TestMixed: the shares are whole, and each file says what has to become of it.
func TestMixed(t *testing.T) {
	t.Parallel()
	total := 0
	for _, k := range mixed {
		total += k.share
		require.NotEmpty(t, k.make("mark"))
	}
	require.Equal(t, 100, total)
	for n := range 50 {
		f := Mixed(n)
		require.NotEmpty(t, f.Body)
		require.Contains(t, []string{published, quarantined}, f.Outcome)
		require.Positive(t, f.chunk())
		require.False(t, f.Way == Form && len(f.Body) > largestForm)
	}
}
