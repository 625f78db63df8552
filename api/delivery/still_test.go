package delivery

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// slow takes each piece of a body in 400 ms.
type slow struct{ *httptest.ResponseRecorder }

func (s slow) Write(b []byte) (int, error) {
	time.Sleep(400 * time.Millisecond) //nolint:forbidigo // the clock of synctest, which nothing waits for
	return s.ResponseRecorder.Write(b)
}

// TestRightIsAskedForWhileBytesFlow: once a second and not for each piece, and the
// connection is cut when it is lost.
func TestRightIsAskedForWhileBytesFlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{data: make([]byte, 2<<20)}
		asked, ended := 0, int64(-1)
		c := Content{Key: "k", Tag: "t", Name: "n.bin", Size: 2 << 20, OnEnd: func(n int64) { ended = n }}
		c.Still = func() error {
			if asked++; asked == 3 {
				return errors.New("lost")
			}
			return nil
		}
		w := slow{httptest.NewRecorder()}
		require.PanicsWithValue(t, http.ErrAbortHandler, func() { _ = Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), m, c) })
		require.Equal(t, 3, asked)
		require.Equal(t, ended, int64(w.Body.Len()), "what left is told")
		require.Less(t, w.Body.Len(), 2<<20)
		require.Equal(t, m.opens, m.closed)

		asked = 10
		w = slow{httptest.NewRecorder()}
		require.NoError(t, Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), m, c))
		require.Equal(t, 2<<20, w.Body.Len())
	})
}
