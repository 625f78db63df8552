package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

// rows counts a share's record of accesses.
func (g given) rows(what, outcome, code string) (n int) {
	g.b.t.Helper()
	require.NoError(g.b.t, g.b.db.Single(g.org).QueryRow(context.Background(),
		"select count(*) from share_accesses where share_id = $1 and what = $2 and outcome = $3 and code = $4", g.id, what, outcome, code).Scan(&n))
	return n
}

// TestRefusalsAreOnRecord: at the page, its twin and the content host. A flood of them is a
// row a minute, and one of wrong passwords too.
func TestRefusalsAreOnRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	g := teacher.give(gift{file: teacher.published("essay.txt", lorem).ID})
	at := g.click("/download", uuid.Nil)
	b.call("", get, at, nil).is(http.StatusOK)
	began := time.Now().Truncate(time.Minute)
	g.revoke()
	for range 20 {
		g.open("").is(http.StatusGone)
		b.call("", get, g.api(""), nil).refused(http.StatusGone, "share_revoked")
		b.call("", post, g.api("/download"), nil).refused(http.StatusGone, "share_revoked")
		b.call("", get, at, nil).refused(http.StatusGone, "share_revoked")
	}
	minutes := int(time.Now().Truncate(time.Minute).Sub(began)/time.Minute) + 1
	for _, what := range []string{"page", "download"} {
		n := g.rows(what, "refused", "share_revoked")
		require.Positive(t, n, what)
		require.LessOrEqual(t, n, minutes, what)
	}

	viewed := teacher.give(gift{file: teacher.published("poster.txt", lorem).ID, permission: "view"})
	b.call("", post, viewed.api("/download"), nil).refused(http.StatusForbidden, "share_view_only")
	require.Equal(t, 1, viewed.rows("download", "refused", "share_view_only"))

	used := teacher.give(gift{file: teacher.published("once.txt", lorem).ID, max: 1})
	first, second := used.click("/download", uuid.Nil), used.click("/download", uuid.Nil)
	b.call("", get, first, nil).is(http.StatusOK)
	b.call("", get, second, nil).refused(http.StatusGone, "share_used_up")
	require.Equal(t, 1, used.rows("download", "refused", "share_used_up"), "refused at the first byte")

	guarded := teacher.give(gift{file: teacher.published("guarded.txt", lorem).ID, password: "a good password"})
	began = time.Now().Truncate(time.Minute)
	for range 12 {
		b.call("", post, guarded.api("/password"), map[string]string{"password": "a wrong password"})
	}
	minutes = int(time.Now().Truncate(time.Minute).Sub(began)/time.Minute) + 1
	require.Positive(t, guarded.rows("password", "refused", "wrong_password"))
	require.LessOrEqual(t, guarded.rows("password", "refused", "wrong_password"), minutes)
}

// TestRunningDownloadIsCut: who reads slowly does not get the rest of a file whose share
// has ended, or that was quarantined or trashed, neither as a visitor nor as a member.
func TestRunningDownloadIsCut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	content := strings.Repeat(lorem, (48<<20)/len(lorem)) // more than the buffers between
	const revoke = "update shares set ended_at = now(), ended_reason = 'revoked' where id = $1"
	const quarantine = "update file_versions set status = 'quarantined', status_reason = 'infected:x', object_etag = '' where file_id = (select file_id from shares where id = $1)"
	const trash = "update files set trashed_at = now() where id = (select file_id from shares where id = $1)"
	for _, row := range []struct{ name, end, code string }{{"visitor, revoked", revoke, "share_revoked"}, {"visitor, quarantined", quarantine, "share_withheld"}, {"member, trashed", trash, ""}} {
		file := teacher.published("essay.txt", content)
		g := teacher.give(gift{file: file.ID})
		address := ""
		if row.code != "" {
			address = g.click("/download", uuid.Nil)
		} else {
			given := read[struct{ URL string }](teacher.call(post, at(file.ID, "/link"), nil).is(http.StatusOK))
			address = strings.TrimPrefix(given.URL, contentURL)
		}
		b.cutWhile(t, address, int64(len(content)), func() { g.sql(row.end, g.id) })
		if row.code != "" {
			require.Equal(t, 1, g.rows("download", "refused", row.code), row.name)
		}
	}
}

// cutWhile reads an address slowly, ends the right to it after the first bytes, and sees
// that the connection breaks before the end.
func (b *testBundle) cutWhile(t *testing.T, address string, size int64, end func()) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+address, nil)
	require.NoError(t, err)
	resp, err := b.server.Client().Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	piece := make([]byte, 64<<10)
	_, err = io.ReadFull(resp.Body, piece)
	require.NoError(t, err)
	end()
	got := int64(len(piece))
	for err == nil {
		var n int
		time.Sleep(10 * time.Millisecond) // the reader is slow
		n, err = io.ReadFull(resp.Body, piece)
		got += int64(n)
	}
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Less(t, got, size)
}
