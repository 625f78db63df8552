package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/shares"
	"satchel/tenancy"
)

// rows counts a share's record of accesses.
func (g given) rows(what, outcome, code string) (n int) {
	g.b.t.Helper()
	require.NoError(g.b.t, g.b.db.Single(g.org).QueryRow(context.Background(),
		"select count(*) from share_accesses where share_id = $1 and what = $2 and outcome = $3 and code = $4", g.id, what, outcome, code).Scan(&n))
	return n
}

// TestRecordsLeaveWithABasis: a record in a folder that is shared, and a file that became one
// after it was shared, leave once the share says on which basis and for what. The disclosure says it too.
func TestRecordsLeaveWithABasis(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, teacher := s.owner, s.person(s.owner.org, tenancy.Teacher)
	owner.call(patch, s.school("/policies"), map[string]any{"share_records": true}).is(200)
	folder := read[struct{ ID uuid.UUID }](teacher.call(post, spacesPath+"/"+s.class(teacher).String()+"/folders", map[string]any{"name": "Reports"}).is(201)).ID
	within := func(name string) uuid.UUID {
		body, contentType := form(name, []byte(lorem), map[string]string{"folder_id": folder.String()}, nil)
		id := read[struct{ ID uuid.UUID }](teacher.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(202)).ID
		s.publish(teacher.org, id)
		return id
	}
	report, sent := within("report.txt"), teacher.published("sent.txt", lorem).ID
	within("sheet.txt")
	shared, alone := teacher.give(gift{folder: folder}), teacher.give(gift{file: sent})
	s.call("", get, alone.api(""), nil).is(200)
	for _, file := range []uuid.UUID{report, sent} {
		owner.call(put, s.school("/records/"+file.String()), map[string]any{"class": "education_record", "reason": "r"}).is(200)
	}

	list := s.call("", get, shared.api("/entries"), nil).is(200).text()
	require.Contains(t, list, "sheet.txt")
	require.NotContains(t, list, "report.txt")
	s.call("", post, shared.api("/download"), map[string]any{"file_id": report}).refused(403, "share_needs_basis")
	s.call("", get, alone.api(""), nil).refused(403, "share_needs_basis")
	s.call("", post, alone.api("/download"), nil).refused(403, "share_needs_basis")
	require.NotContains(t, alone.open("").is(403).text(), lorem)

	change := func(g given, basis, interest string) answer {
		return teacher.call(patch, sharesPath+"/"+g.id.String(), map[string]any{"disclosure_basis": basis, "disclosure_interest": interest})
	}
	change(alone, "99.31(a)(2)", "").refused(400, "disclosure_basis_required")
	change(alone, "99.31(a)(2)", "the next school").is(200)
	change(shared, "99.31(a)(10)", "care").is(200)
	require.Contains(t, s.call("", get, shared.api("/entries"), nil).is(200).text(), "report.txt")
	contested := tenancy.NewID()
	for _, sql := range []string{
		"insert into amendments (organization_id, id, file_id, student_id, requester_id, what) values (app.org(), $1, $2, $3, $3, 'the grade')",
		"insert into record_statements (organization_id, amendment_id, file_id, student_id, statement) values (app.org(), $1, $2, $3, 'the grade is of another student')",
	} {
		_, err := s.db.Single(owner.org).Exec(t.Context(), sql, contested, report, teacher.id)
		require.NoError(t, err)
	}
	require.Contains(t, s.call("", get, shared.api("/entries"), nil).is(200).text(), "the grade is of another student", "a statement is in a list too")
	require.Contains(t, shared.open("").is(200).text(), "the grade is of another student")
	for g, want := range map[given][]any{alone: {sent, "99.31(a)(2)", "the next school"}, shared: {report, "99.31(a)(10)", "care"}} {
		file := want[0].(uuid.UUID)
		s.call("", get, g.click("/download", file), nil).is(200)
		var basis, interest string
		require.NoError(t, s.db.Single(owner.org).QueryRow(t.Context(), "select basis, interest from disclosures where share_id = $1 and file_id = $2 and outcome = 'disclosed' limit 1", g.id, file).Scan(&basis, &interest))
		require.Equal(t, want[1], basis)
		require.Equal(t, want[2], interest)
	}
	change(alone, "99.31(a)(3)", "an audit").is(200)
	var kept string
	require.NoError(t, s.db.Single(owner.org).QueryRow(t.Context(), "select disclosure_basis from shares where id = $1", alone.id).Scan(&kept))
	require.Equal(t, "99.31(a)(2)", kept, "that of the share stays, and another one is of those who are added with it")
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
		var address string
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
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // the reader is slow: nothing is waited for
		n, err = io.ReadFull(resp.Body, piece)
		got += int64(n)
	}
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Less(t, got, size)
}

// TestPageOfACrowdedAddress: a browser behind an address that asks too often reads a page in
// its language, a program a problem.
func TestPageOfACrowdedAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	g := teacher.give(gift{file: teacher.published("essay.txt", lorem).ID})
	g.open("").is(http.StatusOK)
	crowded := func(ask func() answer) answer { // others of the address ask as well
		for range 1000 {
			for b.api.auth.RateLimit.AllowAddress(http.Header{}, netip.MustParseAddr("127.0.0.1")) == nil {
			}
			if a := ask(); a.status == http.StatusTooManyRequests {
				return a
			}
		}
		t.Fatal("the address is never refused")
		return answer{}
	}
	a := crowded(func() answer { return g.open("?lang=de") })
	require.Contains(t, a.header.Get("Content-Type"), "text/html")
	require.Contains(t, string(a.body), "Zu viele Anfragen")
	require.NotContains(t, string(a.body), "essay")
	require.NotEmpty(t, a.header.Get("Retry-After"))
	a = crowded(func() answer { return g.send("/password", nil) })
	require.Contains(t, string(a.body), "Too many requests")
	crowded(func() answer { return b.call("", get, g.api(""), nil) }).refused(http.StatusTooManyRequests, "rate_limited")
}

// TestVisitorTurnsPages: of a document each page is shown, also when the original is kept
// back; a page that there is not is the nearest one.
func TestVisitorTurnsPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	f := teacher.published("worksheet.pdf", lorem)
	version := b.head(teacher.org, f.ID).VersionID
	g := teacher.give(gift{file: f.ID, permission: shares.View})
	g.sql("update file_versions set pages = 12 where id = $1", version)
	for query, page := range map[string]int{"": 1, "?page=7": 7, "?page=12": 12, "?page=13": 12, "?page=0": 1, "?page=x": 1} {
		shown := string(g.open(query).is(http.StatusOK).body)
		require.Contains(t, shown, fmt.Sprintf("/c/%s/page-%d.jpg?s=", version, page), query)
		require.Contains(t, shown, fmt.Sprintf("Page %d of 12", page), query)
		require.Equal(t, page > 1, strings.Contains(shown, `rel="prev"`), query)
		require.Equal(t, page < 12, strings.Contains(shown, `rel="next"`), query)
	}
	etag, err := b.store.Clean.Put(t.Context(), files.RenditionKey(teacher.org, version, "page-7.jpg"), strings.NewReader("picture"), 7, "image/jpeg")
	require.NoError(t, err)
	g.sql("insert into renditions (organization_id, version_id, name, mime_type, width, height, size, etag, on_demand) values (app.org(), $1, 'page-7.jpg', 'image/jpeg', 800, 600, 7, $2, true)", version, etag)
	seen := read[map[string]any](b.call("", get, g.api("?page=7"), nil).is(http.StatusOK))
	require.EqualValues(t, 12, seen["pages"])
	address, ok := seen["preview_url"].(string)
	require.True(t, ok)
	require.Equal(t, "picture", string(b.call("", get, strings.TrimPrefix(address, contentURL), nil).is(http.StatusOK).body))
}
