package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// record makes a file of the teacher a record about students.
func (f family) record(name, class string, more map[string]any, students ...person) client.File {
	f.t.Helper()
	file := f.sends(f.teacher, name, text(2000))
	require.Equal(f.t, "published", file.Status, file.StatusReason)
	f.classify(file.ID, class, more, students...)
	return file
}

func (f family) classify(file, class string, more map[string]any, students ...person) {
	f.t.Helper()
	in := map[string]any{"class": class, "reason": "it is about them"}
	ids := []string{}
	for _, p := range students {
		ids = append(ids, p.id)
	}
	in["students"] = ids
	for k, v := range more {
		in[k] = v
	}
	f.must(f.owner, http.MethodPut, f.within("/records/"+file), in, nil)
}

// sharesRecords lets records be shared with people outside at all.
func (f family) sharesRecords() {
	f.t.Helper()
	f.must(f.owner, http.MethodPatch, f.within("/policies"), map[string]any{"share_records": true}, nil)
}

// shares is the teacher's share of a file with somebody outside.
func (f family) shares(file, basis, interest string) (s client.Share, err error) {
	in := map[string]any{"kind": "people", "file_id": file, "with": []map[string]any{{"email": "office@else.example", "name": "The office"}}}
	if basis != "" {
		in["disclosure_basis"] = basis
	}
	if interest != "" {
		in["disclosure_interest"] = interest
	}
	return s, f.teacher.Call(testContext(f.t), http.MethodPost, "/api/v1/storage/share", in, &s)
}

// disclosure is a row of the record of disclosures.
type disclosure struct {
	ID, Outcome, Rule, Basis, Interest, Party string
	File                                      string `json:"file_id"`
	Share                                     string `json:"share_id"`
	Students                                  []string
}

// disclosures are those of a file, the newest first.
func (f family) disclosures(file string) (all []disclosure) {
	f.t.Helper()
	var page struct{ Items []disclosure }
	f.must(f.owner, http.MethodGet, f.within("/disclosures?file="+file), nil, &page)
	return page.Items
}

// holdsStopDeletions: a legal hold that two people release, and a parent's request to see the
// records. What they cover is in no one's reach meanwhile, and the deletion goes on by itself.
func holdsStopDeletions(t *testing.T) {
	f := newFamily(t, true)
	ctx := testContext(t)
	for kind, holds := range map[string]func() (hold string, release func()){
		"legal": func() (string, func()) {
			h, err := f.owner.PlaceHold(ctx, f.ID, client.NewHold{Kind: "legal", Scope: "person", Target: f.ada.id, Reason: "a letter of the court"})
			require.NoError(t, err)
			return h.ID, func() {
				_, err := f.owner.AskHoldRelease(ctx, f.ID, h.ID, "settled")
				require.NoError(t, err)
				_, err = f.owner.ApproveHoldRelease(ctx, f.ID, h.ID)
				refused(t, err, http.StatusForbidden, "hold_release_takes_two")
				_, err = f.admin.ApproveHoldRelease(ctx, f.ID, h.ID)
				require.NoError(t, err)
			}
		},
		"access_request": func() (string, func()) {
			r, err := f.parent.AskAccess(ctx, f.ID, f.ada.id, "all of it")
			require.NoError(t, err)
			all, err := f.owner.Holds(ctx, f.ID, false)
			require.NoError(t, err)
			i := slices.IndexFunc(all, func(h client.Hold) bool { return h.Kind == "access_request" && h.State == "active" })
			require.GreaterOrEqual(t, i, 0, "it is held from the moment the request came in")
			return all[i].ID, func() {
				_, err := f.parent.EndAccessRequest(ctx, f.ID, r.ID, "withdrawn", "")
				require.NoError(t, err)
			}
		},
	} {
		file := f.sends(f.ada, kind+".txt", text(1000))
		require.Equal(t, "published", file.Status, file.StatusReason)
		versions := f.versions(file.ID)
		hold, release := holds()
		erasure, err := f.owner.Erase(ctx, client.NewErasure{Scope: "file", Target: file.ID, Basis: "parent_request"})
		require.NoError(t, err)
		comes(t, "the erasure is blocked by "+kind, func() bool {
			erasure, err = f.owner.Erasure(ctx, erasure.ID)
			require.NoError(t, err)
			return erasure.State == "blocked"
		})
		require.Equal(t, hold, *erasure.Hold)
		require.NotEmpty(t, f.objects(t, versions...), "nothing of it is destroyed")
		_, err = download(t, f.ada.Client, file.ID)
		require.Error(t, err, "it is not used meanwhile")
		release()
		comes(t, "the erasure goes on after "+kind, func() bool {
			erasure, err = f.owner.Erasure(ctx, erasure.ID)
			require.NoError(t, err)
			return erasure.State == "certified"
		})
		f.gone(f.ada, file.ID, versions)
	}
}

// sharesHaveABasis: without a ground of the law and an interest a record is not shared, and the
// refusal is on record too; with both, the row of the disclosure is of the transaction that made
// the share.
func sharesHaveABasis(t *testing.T) {
	f := newFamily(t, true)
	f.sharesRecords()
	file := f.record("report.txt", "education_record", nil, f.ben)
	for _, missing := range [][2]string{{"", ""}, {"99.31(a)(2)", ""}, {"", "the next school"}} {
		_, err := f.shares(file.ID, missing[0], missing[1])
		refused(t, err, http.StatusBadRequest, "disclosure_basis_required")
	}
	_, err := f.shares(file.ID, "because", "the next school")
	refused(t, err, http.StatusBadRequest, "invalid_disclosure_basis")
	all, err := f.teacher.SharesOfFile(testContext(t), file.ID)
	require.NoError(t, err)
	require.Empty(t, all)

	made, err := f.shares(file.ID, "99.31(a)(2)", "the next school")
	require.NoError(t, err)
	rows := f.disclosures(file.ID)
	require.NotEmpty(t, rows)
	row := rows[0]
	require.Equal(t, "The office <office@else.example>", row.Party)
	require.Equal(t, []string{"opened", "99.31(a)(2)", "the next school", made.ID}, []string{row.Outcome, row.Basis, row.Interest, row.Share})
	require.Equal(t, []string{f.ben.id}, row.Students)
	var one bool
	require.NoError(t, superuser(t).QueryRow(testContext(t), `select s.xmin = d.xmin from shares s join disclosures d on d.organization_id = s.organization_id and d.share_id = s.id
		where s.organization_id = $1 and d.id = $2`, f.ID, row.ID).Scan(&one))
	require.True(t, one, "one transaction wrote both")
}

// optOutOutlivesTheStay: of two students of a directory, the one who opted out is in nothing that
// leaves, and is not when they have left the school.
func optOutOutlivesTheStay(t *testing.T) {
	f := newFamily(t, true)
	f.sharesRecords()
	ctx := testContext(t)
	cleo := f.person("cleo", "student")
	f.must(f.owner, http.MethodPost, f.within("/people"), map[string]any{"user_id": cleo.id, "kind": "student", "display_name": "Another student of grade 10", "grade": "10"}, nil)
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	f.must(f.owner, http.MethodPut, f.within("/directory-policy"), map[string]any{"categories": []string{"name"}, "notice_at": "2026-01-01", "opt_out_until": yesterday}, nil)
	entry := func(name string, student person) string {
		file := f.sends(f.teacher, name, text(500)).ID
		comes(t, "it is inspected", func() bool {
			var found struct{ State string }
			f.must(f.teacher, http.MethodGet, "/api/v1/storage/files/"+file+"/pii-findings", nil, &found)
			return found.State != "pending"
		})
		f.classify(file, "directory_info", map[string]any{"categories": []string{"name"}}, student)
		return file
	}
	of := map[string]string{"ben": entry("ben.txt", f.ben), "cleo": entry("cleo.txt", cleo)}
	shared := map[string]client.Share{}
	for name, file := range of {
		s, err := f.shares(file, "99.31(a)(11)", "the directory")
		require.NoError(t, err, name)
		shared[name] = s
	}
	status := func(name, want string) {
		t.Helper()
		s, err := f.teacher.Share(ctx, shared[name].ID)
		require.NoError(t, err)
		require.Equal(t, want, s.Status, name)
	}
	status("ben", "open")
	f.must(f.parent, http.MethodPut, f.within("/directory-opt-outs/"+f.ben.id), map[string]any{"opted_out": true}, nil)
	status("ben", "not_disclosed")
	_, err := f.shares(of["ben"], "99.31(a)(11)", "the directory")
	ruled(t, err, http.StatusForbidden, "not_directory_information", "34 CFR 99.37(a)(2)")

	f.must(f.owner, http.MethodPatch, f.within("/people/"+f.ben.id), map[string]any{"state": "left"}, nil)
	status("ben", "not_disclosed")
	_, err = f.shares(of["ben"], "99.31(a)(11)", "the directory")
	ruled(t, err, http.StatusForbidden, "not_directory_information", "34 CFR 99.37(b)")
	require.Equal(t, "34 CFR 99.37(b)", f.disclosures(of["ben"])[0].Rule, "the refusal is on record")
	status("cleo", "open")
	_, err = f.shares(of["cleo"], "99.31(a)(11)", "the directory")
	require.NoError(t, err, "the others are in it")
}

// statementTravels: after a hearing that upheld the record, what the parent says is with the file
// for who reads it, for who gets it by a share, and in what the parent gets of the records.
func statementTravels(t *testing.T) {
	f := newFamily(t, true)
	f.sharesRecords()
	ctx := testContext(t)
	file := f.record("report.txt", "education_record", nil, f.ben)
	a, err := f.parent.AskAmendment(ctx, f.ID, file.ID, f.ben.id, "the grade of March is of another student")
	require.NoError(t, err)
	step := func(p person, s client.AmendmentStep) string {
		t.Helper()
		after, err := p.StepAmendment(ctx, f.ID, a.ID, s)
		require.NoError(t, err, s.Step)
		return after.State
	}
	hearing := time.Now().Add(time.Hour)
	step(f.owner, client.AmendmentStep{Step: "review"})
	step(f.owner, client.AmendmentStep{Step: "deny", Reason: "the grade is right"})
	step(f.parent, client.AmendmentStep{Step: "request_hearing"})
	step(f.owner, client.AmendmentStep{Step: "schedule", HearingAt: &hearing, HearingPlace: "room 4", HearingOfficer: "the deputy of another school"})
	_, err = f.owner.StepAmendment(ctx, f.ID, a.ID, client.AmendmentStep{Step: "hold"})
	refused(t, err, http.StatusConflict, "amendment_not_due")
	f.passes(t, 2*time.Hour)
	step(f.owner, client.AmendmentStep{Step: "hold"})
	step(f.owner, client.AmendmentStep{Step: "decide_uphold", Decision: "both were heard; the sheet of March shows the grade"})
	const statement = "the sheet is of another student"
	require.Equal(t, "statement_attached", step(f.parent, client.AmendmentStep{Step: "state", Statement: statement}))

	var read struct{ Statements []struct{ Statement string } }
	f.must(f.teacher, http.MethodGet, "/api/v1/storage/files/"+file.ID, nil, &read)
	require.Len(t, read.Statements, 1)
	require.Equal(t, statement, read.Statements[0].Statement)
	var shared client.Share
	f.must(f.teacher, http.MethodPost, "/api/v1/storage/share", map[string]any{"kind": "link", "file_id": file.ID, "disclosure_basis": "99.31(a)(2)", "disclosure_interest": "the next school"}, &shared)
	require.Contains(t, string(visitorOf(t, shared.URL).call(http.MethodGet, "", nil).body), statement)
	require.Contains(t, string(fetch(t, shared.URL).body), statement)

	r, err := f.parent.AskAccess(ctx, f.ID, f.ben.id, "all of it")
	require.NoError(t, err)
	_, err = f.owner.VerifyAccessRequest(ctx, f.ID, r.ID, "came to the office with a passport")
	require.NoError(t, err)
	entries := f.packaged(r.ID)
	require.Contains(t, string(entries["statements.ndjson"]), statement)
	require.Contains(t, string(entries["index.html"]), statement)
	require.Contains(t, string(entries["records.ndjson"]), file.ID)
}

// packaged releases the records of a request and gives the entries of the first part, as the
// parent fetches it.
func (f family) packaged(request string) map[string][]byte {
	f.t.Helper()
	ctx := testContext(f.t)
	_, err := f.owner.ReleaseAccessRequest(ctx, f.ID, request)
	require.NoError(f.t, err)
	comes(f.t, "the package is ready", func() bool {
		r, err := f.parent.AccessRequest(ctx, f.ID, request)
		require.NoError(f.t, err)
		return r.State == "ready"
	})
	var packed bytes.Buffer
	size, err := f.parent.AccessRequestPackage(ctx, f.ID, request, 1, &packed)
	require.NoError(f.t, err)
	z, err := zip.NewReader(bytes.NewReader(packed.Bytes()), size)
	require.NoError(f.t, err)
	entries := map[string][]byte{}
	for _, member := range z.File {
		r, err := member.Open()
		require.NoError(f.t, err)
		entries[member.Name], err = io.ReadAll(r)
		require.NoError(f.t, err)
	}
	return entries
}

// clockOf45Days tells the officers on the 30th and the 40th day, and says that the request is
// late from the 45th on; a request that was answered is not late.
func clockOf45Days(t *testing.T) {
	f := newFamily(t, true)
	ctx := testContext(t)
	r, err := f.parent.AskAccess(ctx, f.ID, f.ada.id, "all of it")
	require.NoError(t, err)
	require.Equal(t, 45*24*time.Hour, r.Due.Sub(r.Received))
	told := func() (days []int) {
		t.Helper()
		all, err := f.owner.Notifications(ctx)
		require.NoError(t, err)
		for _, n := range slices.Backward(all) {
			var data struct{ Day int }
			if n.Kind == "access_request.due" {
				require.NoError(t, json.Unmarshal(n.Data, &data))
				days = append(days, data.Day)
			}
		}
		return days
	}
	begun := told()
	const day = 24 * time.Hour
	for _, at := range []struct {
		passes time.Duration
		told   []int
		late   bool
	}{{29 * day, nil, false}, {day, []int{30}, false}, {10 * day, []int{30, 40}, false}, {5 * day, []int{30, 40, 45}, true}, {20 * day, []int{30, 40, 45}, true}} {
		f.passes(t, at.passes)
		comes(t, "officers are told", func() bool { return len(told()) >= len(begun)+len(at.told) })
		require.Equal(t, append(slices.Clone(begun), at.told...), told())
		r, err = f.owner.AccessRequest(ctx, f.ID, r.ID)
		require.NoError(t, err)
		require.Equal(t, at.late, r.Overdue)
	}
	r, err = f.parent.EndAccessRequest(ctx, f.ID, r.ID, "withdrawn", "")
	require.NoError(t, err)
	require.False(t, r.Overdue)
}
