package roblox

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/roblox/robloxtest"
	"satchel/roblox"
)

func open(t *testing.T, f http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	d, err := New(Config{URL: server.URL}, nil)
	require.NoError(t, err)
	t.Cleanup(d.http.CloseIdleConnections)
	return d.Open("secret")
}

var picture = roblox.NewAsset{Type: roblox.Image, DisplayName: "satchel-1", Creator: roblox.Creator{Type: roblox.CreatorGroup, ID: 5}, ContentType: "image/png", Content: []byte("picture")}

// all makes each call of a client once.
var all = map[string]func(ctx context.Context, c *Client) error{
	"create": func(ctx context.Context, c *Client) error { _, err := c.CreateAsset(ctx, picture); return err },
	"operation": func(ctx context.Context, c *Client) error {
		_, err := c.GetOperation(ctx, "op-7000000001")
		return err
	},
	"asset":   func(ctx context.Context, c *Client) error { _, err := c.GetAsset(ctx, 7_000_000_001); return err },
	"grant":   func(ctx context.Context, c *Client) error { return c.GrantAsset(ctx, 7_000_000_001, 9) },
	"archive": func(ctx context.Context, c *Client) error { return c.ArchiveAsset(ctx, 7_000_000_001) },
	"restore": func(ctx context.Context, c *Client) error { return c.RestoreAsset(ctx, 7_000_000_001) },
	"put": func(ctx context.Context, c *Client) error {
		_, err := c.PutEntry(ctx, 9, "satchel", "map", roblox.Entry{Value: []byte(`{}`), ETag: "1"})
		return err
	},
	"get":     func(ctx context.Context, c *Client) error { _, err := c.GetEntry(ctx, 9, "satchel", "map"); return err },
	"message": func(ctx context.Context, c *Client) error { return c.PublishMessage(ctx, 9, "satchel", "{}") },
	"quota":   func(ctx context.Context, c *Client) error { _, err := c.Quotas(ctx, 1); return err },
	"place": func(ctx context.Context, c *Client) error {
		_, err := c.PublishPlace(ctx, 9, 8, "application/xml", []byte("<roblox></roblox>"), true)
		return err
	},
	"introspect": func(ctx context.Context, c *Client) error { _, err := c.Introspect(ctx); return err },
	"ordered": func(ctx context.Context, c *Client) error {
		_, _, err := c.ListOrdered(ctx, 9, "satchel-progress", "quiz", "")
		return err
	},
	"erase": func(ctx context.Context, c *Client) error {
		return c.DeleteOrdered(ctx, 9, "satchel-progress", "quiz", "123")
	},
	"metric": func(ctx context.Context, c *Client) error {
		_, err := c.QueryMetric(ctx, 9, roblox.ActiveUsers, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
		return err
	},
	"poll": func(ctx context.Context, c *Client) error {
		_, err := c.PollMetric(ctx, "v1/universes/9/operations/metrics/query-1")
		return err
	},
	"delete": func(ctx context.Context, c *Client) error { return c.DeleteEntry(ctx, 9, "satchel", "map") },
}

// order is all, such that each finds what it needs.
var order = []string{"create", "operation", "asset", "grant", "restore", "archive", "put", "get", "message", "quota", "place", "introspect", "ordered", "erase", "metric", "poll", "delete"}

func TestEachCall(t *testing.T) {
	t.Parallel()
	f := &robloxtest.Fake{Random: rand.New(rand.NewPCG(1, 2)), Key: "secret"}
	f.SetEntry("9/satchel/map", `{"a":1}`)
	c := open(t, f)
	for range 5 { // ids are numbers and strings, and moderation is said in two ways
		for _, name := range order {
			if name == "put" {
				f.SetEntry("9/satchel/map", `{"a":1}`)
				e, err := c.GetEntry(t.Context(), 9, "satchel", "map")
				require.NoError(t, err)
				require.JSONEq(t, `{"a":1}`, string(e.Value))
				e.Value = []byte(`{"a":2}`)
				_, err = c.PutEntry(t.Context(), 9, "satchel", "map", e)
				require.NoError(t, err)
				_, err = c.PutEntry(t.Context(), 9, "satchel", "map", e)
				require.ErrorIs(t, err, roblox.ErrChanged, "an old etag writes nothing")
				continue
			}
			require.NoError(t, all[name](t.Context(), c), name)
		}
	}
	o, err := c.GetOperation(t.Context(), "op-7000000001")
	require.NoError(t, err)
	require.Equal(t, roblox.Operation{ID: "op-7000000001", Done: true, AssetID: 7_000_000_001}, o)
	a, err := c.GetAsset(t.Context(), o.AssetID)
	require.NoError(t, err)
	require.Equal(t, roblox.Approved, a.Moderation)
	k, err := c.Introspect(t.Context())
	require.NoError(t, err)
	require.Empty(t, k.Missing(9))
	require.True(t, k.May(roblox.PlaceScope, 9))
	made := f.Assets()
	require.Len(t, made, 5)
	require.Equal(t, "picture", string(made[0].Content))
	require.True(t, made[0].Granted["9"] && made[0].Archived)
	for _, r := range f.Requests() {
		require.Equal(t, "secret", r.Key)
	}
}

func TestAnOperationThatIsNotDone(t *testing.T) {
	t.Parallel()
	f := &robloxtest.Fake{OperationPolls: 2, Moderate: func(*robloxtest.Asset) (string, int) { return "Rejected", 1 }}
	c := open(t, f)
	o, err := c.CreateAsset(t.Context(), picture)
	require.NoError(t, err)
	for range 2 {
		require.False(t, o.Done)
		o, err = c.GetOperation(t.Context(), o.ID)
		require.NoError(t, err)
	}
	o, err = c.GetOperation(t.Context(), o.ID)
	require.NoError(t, err)
	require.True(t, o.Done)
	for _, want := range []roblox.Moderation{roblox.Reviewing, roblox.Rejected} {
		a, err := c.GetAsset(t.Context(), o.AssetID)
		require.NoError(t, err)
		require.Equal(t, want, a.Moderation)
	}
}

func TestEntriesAreMadeOnce(t *testing.T) {
	t.Parallel()
	c := open(t, &robloxtest.Fake{})
	_, err := c.GetEntry(t.Context(), 9, "s", "e")
	require.ErrorIs(t, err, roblox.ErrNotFound)
	e, err := c.PutEntry(t.Context(), 9, "s", "e", roblox.Entry{Value: []byte(`1`)})
	require.NoError(t, err)
	require.NotEmpty(t, e.ETag)
	_, err = c.PutEntry(t.Context(), 9, "s", "e", roblox.Entry{Value: []byte(`2`)})
	require.ErrorIs(t, err, roblox.ErrChanged)
	require.NoError(t, c.DeleteEntry(t.Context(), 9, "s", "e"))
	require.NoError(t, c.DeleteEntry(t.Context(), 9, "s", "e"))
}

// Every row of the table of errors, for what may be repeated and for what may not.
func TestErrors(t *testing.T) {
	t.Parallel()
	for play, want := range map[robloxtest.Play]struct {
		read, once *fault.Fault
		wait       time.Duration
	}{
		robloxtest.LostAnswer: {roblox.ErrDown, roblox.ErrUnsure, 0}, robloxtest.LostRequest: {roblox.ErrDown, roblox.ErrUnsure, 0},
		robloxtest.Limited: {roblox.ErrBusy, roblox.ErrBusy, time.Second}, robloxtest.LimitedBare: {roblox.ErrBusy, roblox.ErrBusy, 0}, robloxtest.LimitedReset: {roblox.ErrBusy, roblox.ErrBusy, 2 * time.Second},
		robloxtest.UserModerated: {roblox.ErrModerated, roblox.ErrModerated, 0}, robloxtest.KeyExpired: {roblox.ErrKey, roblox.ErrKey, 0}, robloxtest.NoScope: {roblox.ErrScope, roblox.ErrScope, 0},
		robloxtest.QuotaUsed: {roblox.ErrQuota, roblox.ErrQuota, 0}, robloxtest.Broken: {roblox.ErrDown, roblox.ErrUnsure, 0}, robloxtest.Gateway: {roblox.ErrDown, roblox.ErrUnsure, 0},
		robloxtest.WriteFailed: {roblox.ErrDown, roblox.ErrUnsure, 0}, robloxtest.BadRequest: {roblox.ErrRefused, roblox.ErrRefused, 0}, robloxtest.TooLarge: {roblox.ErrTooLarge, roblox.ErrTooLarge, 0},
		robloxtest.CutOff: {roblox.ErrDown, roblox.ErrUnsure, 0}, robloxtest.NotJSON: {roblox.ErrDown, roblox.ErrUnsure, 0}, robloxtest.Elsewhere: {roblox.ErrDown, roblox.ErrDown, 0},
		robloxtest.NotThere: {roblox.ErrNotFound, roblox.ErrNotFound, 0}, robloxtest.Aborted: {roblox.ErrChanged, roblox.ErrNotFound, 0}, robloxtest.Unimplemented: {roblox.ErrRefused, roblox.ErrRefused, 0},
	} {
		f := &robloxtest.Fake{Plan: func(*http.Request, int) robloxtest.Play { return play }}
		c := open(t, f)
		err := all["asset"](t.Context(), c)
		require.ErrorIs(t, err, want.read, "%s of a read: %v", play, err)
		require.Equal(t, want.wait, fault.Of(err).RetryAfter, play)
		err = all["place"](t.Context(), c)
		require.ErrorIs(t, err, want.once, "%s of a place: %v", play, err)
		require.NotContains(t, err.Error(), "secret")
		require.Len(t, f.Requests(), 2, "%s: a client tries once", play)
	}
}

// TestUploadsThatMayHaveBeenMade are never called a clean failure, and what was refused is
// never called unsure.
func TestUploadsThatMayHaveBeenMade(t *testing.T) {
	t.Parallel()
	for _, play := range []robloxtest.Play{robloxtest.LostAnswer, robloxtest.Broken, robloxtest.WriteFailed, robloxtest.CutOff, robloxtest.NotJSON} {
		f := &robloxtest.Fake{Plan: func(*http.Request, int) robloxtest.Play { return play }}
		require.ErrorIs(t, all["create"](t.Context(), open(t, f)), roblox.ErrUnsure, play)
		require.Len(t, f.Assets(), 1, play)
	}
	for _, play := range []robloxtest.Play{robloxtest.Limited, robloxtest.KeyExpired, robloxtest.UserModerated, robloxtest.BadRequest, robloxtest.QuotaUsed} {
		f := &robloxtest.Fake{Plan: func(*http.Request, int) robloxtest.Play { return play }}
		err := all["create"](t.Context(), open(t, f))
		require.Error(t, err)
		require.NotErrorIs(t, err, roblox.ErrUnsure, play)
		require.Empty(t, f.Assets(), play)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	d, err := New(Config{URL: server.URL}, nil)
	require.NoError(t, err)
	require.ErrorIs(t, all["create"](t.Context(), d.Open("k")), roblox.ErrDown, "nothing was sent")
}

func TestWhoCancelsAnUpload(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := open(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until then the server does not see that its client is gone
		cancel()
		<-r.Context().Done()
	}))
	require.ErrorIs(t, all["create"](ctx, c), roblox.ErrUnsure, "it may be there")
	require.ErrorIs(t, all["asset"](ctx, c), context.Canceled)
}

func TestBounds(t *testing.T) {
	t.Parallel()
	f := &robloxtest.Fake{}
	c := open(t, f)
	large := picture
	large.Content = make([]byte, roblox.MaxAsset+1)
	_, err := c.CreateAsset(t.Context(), large)
	require.ErrorIs(t, err, roblox.ErrTooLarge)
	_, err = c.PublishPlace(t.Context(), 1, 1, "application/xml", make([]byte, roblox.MaxPlace+1), false)
	require.ErrorIs(t, err, roblox.ErrTooLarge)
	require.ErrorIs(t, c.PublishMessage(t.Context(), 1, "t", strings.Repeat("x", 1025)), roblox.ErrTooLarge)
	require.Empty(t, f.Requests())
	for _, address := range []string{"", "roblox", "http://apis.roblox.com", "ftp://127.0.0.1"} {
		_, err := New(Config{URL: address}, nil)
		require.Error(t, err, address)
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{"AlreadyHasAccess": nil, "PublicAssetCannotBeGrantedTo": nil, "RateLimited": roblox.ErrBusy, "AssetNotFound": roblox.ErrNotFound, "UnknownError": roblox.ErrDown, "CannotManageAsset": roblox.ErrScope} {
		c := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"successAssetIds": []any{}, "errors": []any{map[string]any{"assetId": 1, "code": code}}})
		}))
		err := c.GrantAsset(t.Context(), 1, 2)
		if want == nil {
			require.NoError(t, err, code)
			continue
		}
		require.ErrorIs(t, err, want, code)
	}
}

// FuzzAnswer reads what any server may send.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"path":"operations/1","done":true,"response":{"assetId":"12","moderationResult":{"moderationState":"MODERATION_STATE_APPROVED"}}}`))
	f.Add([]byte(`{"errors":{"a":["user is moderated"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var o operation
		if json.Unmarshal(data, &o) == nil {
			known, err := o.known(t.Context(), call{once: true})
			if err == nil {
				require.NotEmpty(t, known.ID)
				require.Equal(t, known.Done, known.AssetID > 0)
			}
		}
		for _, status := range []int{400, 403, 409, 429, 500} {
			require.Error(t, call{}.refusal(status, http.Header{"Retry-After": {string(data)}}, data))
		}
	})
}

// TestFiguresOfAnExperience: pages are read to their end, whose values they are is not, and a
// query that takes longer is asked for again.
func TestFiguresOfAnExperience(t *testing.T) {
	t.Parallel()
	f := &robloxtest.Fake{Active: map[string]int64{"2026-01-30": 7, "2026-01-31": 12, "2026-02-01": 99}, QueryPolls: 1}
	for n := range 250 {
		f.SetOrdered("9/satchel-progress/quiz", strconv.Itoa(1000+n), int64(n))
	}
	c := open(t, f)
	var all []int64
	for page, pages := "", 0; ; pages++ {
		values, next, err := c.ListOrdered(t.Context(), 9, "satchel-progress", "quiz", page)
		require.NoError(t, err)
		all = append(all, values...)
		if page = next; next == "" {
			require.Equal(t, 2, pages)
			break
		}
	}
	require.Len(t, all, 250)
	values, next, err := c.ListOrdered(t.Context(), 9, "satchel-progress", "nothing", "")
	require.NoError(t, err, "no server has written there")
	require.Empty(t, values)
	require.Empty(t, next)
	for range 2 {
		require.NoError(t, c.DeleteOrdered(t.Context(), 9, "satchel-progress", "quiz", "1000"))
	}
	require.Equal(t, 249, f.Ordered("9/satchel-progress/quiz"))

	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	q, err := c.QueryMetric(t.Context(), 9, roblox.ActiveUsers, from, from.AddDate(0, 1, 0))
	require.NoError(t, err)
	require.False(t, q.Done)
	q, err = c.PollMetric(t.Context(), q.Path)
	require.NoError(t, err)
	require.True(t, q.Done)
	require.Equal(t, []roblox.Point{{Time: from.AddDate(0, 0, 29), Value: 7, Certain: true}, {Time: from.AddDate(0, 0, 30), Value: 12, Certain: true}}, q.Points)
	_, err = c.PollMetric(t.Context(), "v1/../../elsewhere")
	require.ErrorIs(t, err, roblox.ErrDown)
}
