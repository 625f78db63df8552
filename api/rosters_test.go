package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/request"
	apirosters "satchel/api/rosters"
	"satchel/rosters"
	"satchel/rosters/generate"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
)

// district is a package of a small district, the same each time.
func district(days int) []byte {
	d := generate.New(7, generate.Size{People: 30, Classes: 4, PerStudent: 2})
	for range days {
		d.Day(0.01)
	}
	return packed(d)
}

func packed(d *generate.District) []byte {
	var b bytes.Buffer
	if err := d.Write(&b, generate.V12); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// source makes a roster source of the person's organization.
func (p *person) source(name string) uuid.UUID {
	p.b.t.Helper()
	return read[apirosters.SourceView](p.call(post, p.orgPath("/roster/sources"), map[string]any{"name": name}).is(http.StatusCreated)).ID
}

func (p *person) roster(source uuid.UUID, content []byte, query string, header ...string) answer {
	p.b.t.Helper()
	return p.call(post, p.orgPath("/roster/imports?source_id="+source.String()+query), bytes.NewReader(content), append(header, "Content-Type", "application/zip")...)
}

// received sends a roster and plays its workflow until a person decides.
func (p *person) received(source uuid.UUID, content []byte) apirosters.ImportView {
	p.b.t.Helper()
	i := read[apirosters.ImportView](p.roster(source, content, "").is(http.StatusAccepted))
	require.NoError(p.b.t, p.b.compareRoster(p.org, i.ID))
	return p.imported(i.ID)
}

func (p *person) imported(id uuid.UUID) apirosters.ImportView {
	p.b.t.Helper()
	return read[apirosters.ImportView](p.call(get, p.orgPath("/roster/imports/"+id.String()), nil).is(http.StatusOK))
}

// compareRoster plays the part of the workflow that reads and compares.
func (b *testBundle) compareRoster(org tenancy.OrgID, id uuid.UUID) error {
	ctx := context.Background()
	i, err := rosters.Get(ctx, b.db.Single(org), id)
	if err != nil {
		return err
	}
	body, err := b.store.Staging.Open(ctx, rosters.Key(org, id), i.ETag, 0, -1)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	p, err := oneroster.Open(bytes.NewReader(content), i.Size, oneroster.DefaultLimits)
	if err != nil {
		return err
	}
	stager := rosters.Stager{DB: b.db.DB, Hasher: b.api.Hasher, Limits: rosters.DefaultLimits}
	if err := stager.Stage(ctx, org, i, p); err != nil {
		return err
	}
	_, err = rosters.Diff(ctx, b.db.DB, org, id)
	return err
}

// applyRoster plays the part of the workflow that follows a decision.
func (b *testBundle) applyRoster(org tenancy.OrgID, id uuid.UUID) error {
	ctx := context.Background()
	turn, err := rosters.TakeTurn(ctx, b.db.DB, org, id)
	if err != nil || turn.Next != rosters.NextApply {
		return err
	}
	a, err := rosters.NewApplier(ctx, b.db.DB, org, id)
	if err != nil {
		return err
	}
	for done := (rosters.Batch{Reached: 1}); done.Reached > 0 && err == nil; {
		done, err = a.Apply(ctx)
	}
	if err == nil {
		_, err = a.Finish(ctx, rosters.Applied)
	}
	return err
}

// undoRoster plays the workflow that takes an import back.
func (b *testBundle) undoRoster(org tenancy.OrgID, id uuid.UUID) error {
	ctx := context.Background()
	a, err := rosters.NewApplier(ctx, b.db.DB, org, id)
	for more := true; more && err == nil; {
		more, err = a.Undo(ctx)
	}
	if err == nil {
		_, err = a.Finish(ctx, rosters.Undone)
	}
	return err
}

func TestRosterIsSentShownDecidedAndUndone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	source := owner.source("SIS")
	i := owner.received(source, district(0))
	require.Equal(t, rosters.Waiting, i.State)
	require.True(t, i.Waits, "the first import waits for a person")
	require.Equal(t, rosters.HoldFirst, i.Holds[0].Code)
	at := owner.orgPath("/roster/imports/" + i.ID.String())
	owner.call(post, at+"/approve", map[string]any{"changes_hash": "another"}).refused(http.StatusConflict, "roster_diff_changed")
	owner.call(post, at+"/approve", map[string]any{}).refused(http.StatusBadRequest, "invalid_changes_hash")
	owner.call(post, at+"/undo", nil).refused(http.StatusConflict, "roster_import_not_last")
	for range 2 { // the same again is the same
		decided := read[apirosters.ImportView](owner.call(post, at+"/approve", map[string]any{"changes_hash": i.Hash}).is(http.StatusOK))
		require.Equal(t, rosters.Approve, decided.Decision)
	}
	require.Equal(t, []uuid.UUID{i.ID, i.ID}, b.workflows.decided)
	owner.call(post, at+"/discard", map[string]any{"changes_hash": i.Hash}).refused(http.StatusConflict, "roster_import_not_waiting")
	require.NoError(t, b.applyRoster(owner.org, i.ID))
	applied := owner.imported(i.ID)
	require.Equal(t, rosters.Applied, applied.State)
	require.Equal(t, applied.Summary.Total, applied.Report.Applied)
	require.Equal(t, 30, owner.count("people where state = 'active'"))

	begun := read[struct {
		Operation string    `json:"operation"`
		ID        uuid.UUID `json:"operation_id"`
	}](owner.call(post, at+"/undo", nil).is(http.StatusAccepted))
	owner.call(get, begun.Operation, nil).is(http.StatusOK)
	require.NoError(t, b.undoRoster(owner.org, i.ID))
	require.Equal(t, rosters.Undone, owner.imported(i.ID).State)
	require.Zero(t, owner.count("people where state = 'active'"))
	owner.call(post, at+"/undo", nil).is(http.StatusAccepted)
	require.Nil(t, read[request.Page[apirosters.SourceView]](owner.call(get, owner.orgPath("/roster/sources"), nil)).Items[0].LastImport)
}

func TestRosterIsDiscarded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	i := owner.received(owner.source("SIS"), district(0))
	owner.call(post, owner.orgPath("/roster/imports/"+i.ID.String()+"/discard"), map[string]any{"changes_hash": i.Hash}).is(http.StatusOK)
	turn, err := rosters.TakeTurn(t.Context(), b.db.DB, owner.org, i.ID)
	require.NoError(t, err)
	require.Equal(t, rosters.NextEnd, turn.Next)
	require.Equal(t, rosters.Discarded, owner.imported(i.ID).State)
	require.Zero(t, owner.count("people"))
}

// TestRosterThatIsNotTaken leaves neither a row nor an object.
func TestRosterThatIsNotTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	source := owner.source("SIS")
	at, zip := owner.orgPath("/roster/imports?source_id="+source.String()), district(0)
	owner.call(post, owner.orgPath("/roster/imports"), bytes.NewReader(zip), "Content-Type", "application/zip").refused(http.StatusBadRequest, "invalid_source_id")
	owner.roster(uuid.New(), zip, "").refused(http.StatusNotFound, "roster_source_not_found")
	owner.roster(source, zip, "&encoding=latin1").refused(http.StatusBadRequest, "invalid_encoding")
	owner.roster(source, zip, "&review=perhaps").refused(http.StatusBadRequest, "invalid_review")
	owner.roster(source, nil, "").refused(http.StatusBadRequest, "roster_missing")
	owner.call(post, at, bytes.NewReader(zip), "Content-Type", "text/csv").refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	large := int(oneroster.DefaultLimits.Bytes) + 1
	owner.roster(source, make([]byte, large), "").refused(http.StatusRequestEntityTooLarge, "roster_too_large")
	chunked := struct{ io.Reader }{bytes.NewReader(make([]byte, large))} // no length is said
	owner.call(post, at, chunked, "Content-Type", "application/zip").refused(http.StatusRequestEntityTooLarge, "roster_too_large")
	form, contentType := form("roster.zip", nil, nil, nil)
	owner.call(post, at, form, "Content-Type", contentType).refused(http.StatusBadRequest, "roster_missing")
	require.Zero(t, owner.count("roster_imports"))

	owner.roster(source, zip, "").is(http.StatusAccepted)
	owner.roster(source, zip, "").refused(http.StatusConflict, "roster_import_open")
	require.Equal(t, 1, owner.count("roster_imports"))
	require.Len(t, b.staged(), 1)
	b.person(owner.org, tenancy.Teacher).roster(source, zip, "").refused(http.StatusForbidden, "not_granted")
}

// staged lists the objects of the staging bucket.
func (b *testBundle) staged() (keys []string) {
	b.t.Helper()
	for o, err := range b.store.Staging.ListAfter(context.Background(), "", "") {
		require.NoError(b.t, err)
		keys = append(keys, o.Key)
	}
	return keys
}

func TestRosterComesInAForm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	content := district(0)
	body, contentType := form("roster.zip", content, map[string]string{"note": "of today"}, nil)
	i := read[apirosters.ImportView](owner.call(post, owner.orgPath("/roster/imports?review=true&source_id="+owner.source("SIS").String()), body, "Content-Type", contentType).is(http.StatusAccepted))
	require.Equal(t, sum(string(content)), i.SHA256)
	require.True(t, i.Review)
	require.Equal(t, "utf-8", i.Encoding)
	o := read[struct{ Kind string }](owner.call(get, i.Operation, nil).is(http.StatusOK))
	require.Equal(t, "import_roster", o.Kind)
}

// TestRosterChangesAreShown page by page, by kind and school, and as a file in which
// no cell is a formula. Of a user name only a hash is known, which is not shown.
func TestRosterChangesAreShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	source := owner.source("SIS")
	d := generate.New(7, generate.Size{People: 20, Classes: 3, PerStudent: 2})
	first := owner.received(source, packed(d))
	at := owner.orgPath("/roster/imports/" + first.ID.String())
	owner.call(post, at+"/approve", map[string]any{"changes_hash": first.Hash}).is(http.StatusOK)
	require.NoError(t, b.applyRoster(owner.org, first.ID))
	d.People[3].Family = "=cmd|' /C calc'!A0"
	d.People[4].Username = "another"
	i := owner.received(source, packed(d))
	at = owner.orgPath("/roster/imports/" + i.ID.String())
	require.EqualValues(t, 2, i.Summary.Total)
	var all []apirosters.ChangeView
	for cursor := ""; ; {
		page := read[request.Page[apirosters.ChangeView]](owner.call(get, at+"/changes?limit=1"+cursor, nil).is(http.StatusOK))
		all = append(all, page.Items...)
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	require.Len(t, all, 2)
	require.Equal(t, []string{"name"}, all[0].Fields)
	require.Equal(t, []string{"username"}, all[1].Fields)
	require.NotContains(t, all[1].After, "username")
	for query, n := range map[string]int{"kind=person": 2, "kind=class": 0, "action=changed": 2, "school=" + all[0].School: 2, "school=": 0} {
		require.Len(t, read[request.Page[apirosters.ChangeView]](owner.call(get, at+"/changes?"+query, nil).is(http.StatusOK)).Items, n, query)
	}
	for query, code := range map[string]string{"kind=toy": "invalid_kind", "action=eat": "invalid_action", "cursor=!": "invalid_cursor", "limit=0": "invalid_limit"} {
		owner.call(get, at+"/changes?"+query, nil).refused(http.StatusBadRequest, code)
	}
	file := strings.TrimPrefix(string(owner.call(get, at+"/changes.csv", nil).is(http.StatusOK).body), "\uFEFF")
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	for _, row := range rows {
		for _, cell := range row {
			require.False(t, strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "@"), cell)
		}
	}
	require.Contains(t, file, "=cmd", "the name is there, behind other words of its cell")
}

// TestRosterIssuesNameRowsAndNoValues.
func TestRosterIssuesNameRowsAndNoValues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	d := generate.New(7, generate.Size{People: 20, Classes: 3, PerStudent: 2})
	d.Enrollments[0].User = planted
	i := owner.received(owner.source("SIS"), packed(d))
	require.Positive(t, i.Issues)
	at := owner.orgPath("/roster/imports/" + i.ID.String() + "/issues")
	a := owner.call(get, at, nil).is(http.StatusOK)
	require.NotContains(t, string(a.body), planted)
	found := read[request.Page[oneroster.Issue]](a)
	require.Len(t, found.Items, i.Issues)
	one := read[request.Page[oneroster.Issue]](owner.call(get, at+"?limit=1", nil).is(http.StatusOK))
	require.Equal(t, found.Items[:1], one.Items)
	owner.call(get, at+"?cursor=LTE", nil).refused(http.StatusBadRequest, "invalid_cursor")
}

// TestPausedSourceHoldsItsImports, and taking the pause away tells the import.
func TestPausedSourceHoldsItsImports(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	source := owner.source("SIS")
	at := owner.orgPath("/roster/sources/" + source.String())
	owner.call(patch, at, map[string]any{"paused_until": "2100-01-01T00:00:00Z", "leave_days": 3}).is(http.StatusOK)
	i := owner.received(source, district(0))
	owner.call(post, owner.orgPath("/roster/imports/"+i.ID.String()+"/approve"), map[string]any{"changes_hash": i.Hash}).is(http.StatusOK)
	require.NoError(t, b.applyRoster(owner.org, i.ID))
	require.Equal(t, rosters.Waiting, owner.imported(i.ID).State)
	changed := read[apirosters.SourceView](owner.call(patch, at, map[string]any{"paused_until": nil}).is(http.StatusOK))
	require.Nil(t, changed.PausedUntil)
	require.EqualValues(t, 3, changed.LeaveDays, "what is not named stays")
	require.Equal(t, []uuid.UUID{i.ID, i.ID}, b.workflows.decided)
	require.NoError(t, b.applyRoster(owner.org, i.ID))
	require.Equal(t, rosters.Applied, owner.imported(i.ID).State)
}

func TestRosterSourceSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	at := owner.orgPath("/roster/sources")
	first := owner.source("One")
	owner.source("Two")
	owner.call(post, at, map[string]any{"name": "One"}).refused(http.StatusConflict, "roster_source_exists")
	owner.call(patch, at+"/"+first.String(), map[string]any{"name": "Two"}).refused(http.StatusConflict, "roster_source_exists")
	for field, value := range map[string]any{"name": " ", "leave_days": 61, "paused_until": "tomorrow"} {
		owner.call(patch, at+"/"+first.String(), map[string]any{field: value}).refused(http.StatusBadRequest, "invalid_"+field)
	}
	owner.call(patch, at+"/"+uuid.NewString(), map[string]any{"name": "x"}).refused(http.StatusNotFound, "roster_source_not_found")
}

// TestPickupsAreListed, with the import that each became.
func TestPickupsAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	source := owner.source("SIS")
	at := owner.orgPath("/roster/sources/" + source.String())
	require.True(t, read[apirosters.SourceView](owner.call(patch, at, map[string]any{"pickup": true}).is(http.StatusOK)).Pickup)
	require.True(t, read[apirosters.SourceView](owner.call(patch, at, map[string]any{"leave_days": 3}).is(http.StatusOK)).Pickup, "what is not named stays")
	q := b.db.Single(owner.org)
	seen, _, err := rosters.SeePickup(t.Context(), q, source, rosters.InInbox{Name: "a.zip", ETag: "e", Size: 5}, time.Hour)
	require.NoError(t, err)
	empty, _, err := rosters.SeePickup(t.Context(), q, source, rosters.InInbox{Name: "b.zip", ETag: "e"}, time.Hour)
	require.NoError(t, err)
	require.NoError(t, rosters.RefusePickup(t.Context(), q, empty, "roster_missing"))
	require.NoError(t, rosters.EndPickup(t.Context(), q, empty.ID, rosters.PickupRefused, "refused/b.zip"))
	taken, _, err := rosters.SeePickup(t.Context(), q, source, rosters.InInbox{Name: "c.zip", ETag: "e", Size: 1}, time.Hour)
	require.NoError(t, err)
	require.NoError(t, b.db.InTx(t.Context(), owner.org, func(tx *tenancy.Tx) error {
		return rosters.Begin(t.Context(), tx, rosters.Package{Import: taken.ID, Source: source, Size: 1, SHA256: strings.Repeat("0", 64), ETag: "x", Pickup: "e"})
	}))
	page := read[request.Page[apirosters.PickupView]](owner.call(get, owner.orgPath("/roster/pickups"), nil).is(http.StatusOK))
	require.Len(t, page.Items, 3)
	require.Equal(t, &taken.ID, page.Items[0].Import)
	require.Equal(t, rosters.PickupTaken, page.Items[0].State)
	require.Equal(t, []string{"roster_missing", "refused/b.zip"}, []string{page.Items[1].Code, page.Items[1].MovedTo})
	require.Nil(t, page.Items[1].Import)
	require.Equal(t, seen.ID, page.Items[2].ID)
	require.Nil(t, page.Items[2].TakenAt)
}

// rostersAreImported has a source, an import that is applied and undone, and one that
// is discarded.
func (s *school) rostersAreImported() {
	in := s.within("/roster")
	source := id(s.do(s.owner, post, in+"/sources", map[string]any{"name": "SIS"}))
	s.do(s.owner, patch, in+"/sources/"+source.String(), map[string]any{"leave_days": 5})
	s.do(s.owner, get, in+"/sources", nil)
	s.do(s.owner, get, in+"/pickups", nil)
	for _, decision := range []string{"approve", "discard", "adds-only"} {
		made := s.do(s.owner, post, in+"/imports?source_id="+source.String(), bytes.NewReader(district(0)), "Content-Type", "application/zip")
		s.played(s.compareRoster(s.org, id(made)))
		at := in + "/imports/" + id(made).String()
		s.do(s.owner, get, at, nil)
		s.do(s.owner, get, at+"/issues", nil)
		s.do(s.owner, get, at+"/changes.csv", nil)
		s.do(s.owner, get, at+"/changes?limit=5", nil)
		var shown apirosters.ImportView
		_ = json.Unmarshal(s.do(s.owner, get, at, nil).body, &shown)
		s.do(s.owner, post, at+"/"+decision, map[string]any{"changes_hash": shown.Hash})
		s.played(s.applyRoster(s.org, shown.ID))
		if decision == "approve" {
			s.do(s.owner, post, at+"/undo", nil)
			s.played(s.undoRoster(s.org, shown.ID))
		}
		s.do(s.owner, get, at, nil)
	}
	s.pages(s.owner, in+"/imports?limit=1")
}

// played keeps what a workflow that is played failed with.
func (s *school) played(err error) {
	if err != nil {
		s.told = append(s.told, told{"the workflow", s.stable(err.Error())})
	}
}
