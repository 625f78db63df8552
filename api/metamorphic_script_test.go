package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"satchel/api/consentpage"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/exports"
	"satchel/tenancy/operations"
)

// script is what the people of an organization do. It demands nothing of the
// answers: those of two runs are compared. Two organizations may run it at once,
// a call of each, one after another.
func (s *school) script() {
	essay := s.filesComeIn()
	s.filesAreRead(essay)
	s.filesChange(essay)
	s.uploadsResume()
	s.administration()
	s.peopleAreKnown()
	s.placesAreUsed(essay)
	s.rostersAreImported()
	s.peopleComeAndGo()
	s.documentsAreMade()
	s.reportsAreMade()
	s.robloxIsConnected()
	s.consentIsKept(essay)
	s.keysAreUsed(essay)
	s.webhooksAreMade()
	s.recordsAreClassified(essay)
	s.recordsAreAskedFor()
	s.directoryIsRefused()
	s.glassIsReviewed()
	s.disclosuresAreConsentedTo(essay)
	s.recordsAreAmended(essay)
	s.holdsAreInForce()
	s.erasuresAreAsked()
	s.erasuresAreAskedFor()
	s.filesAreKeptForATime()
	s.whatIsNotTheirs()
	s.whatAnybodySees()
	s.whatWasCounted()
}

// send uploads by form and plays the workflow of what came.
func (s *school) send(p *person, name, content, signature string, fields map[string]string) uuid.UUID {
	body, contentType := form(name, []byte(content), fields, nil)
	made := id(s.do(p, post, storagePath+"/upload", body, "Content-Type", contentType))
	if made == uuid.Nil {
		return made
	}
	v, err := files.Get(context.Background(), s.db.Single(s.org), made)
	if err == nil && v.HeadID != nil {
		err = s.publishVersion(s.org, *v.HeadID, signature)
	}
	if err != nil {
		s.told = append(s.told, told{"the workflow", s.stable(err.Error())})
	}
	return made
}

func (s *school) filesComeIn() uuid.UUID {
	essay := s.send(s.teacher, "essay.txt", lorem, "", map[string]string{"category": "essays"})
	s.send(s.teacher, "essay.txt", lorem+"2", "", map[string]string{"file_id": essay.String(), "sha256": sum(lorem + "2")})
	s.send(s.pupil, "essay.txt", "mine", "", nil)
	s.send(s.pupil, "bad.txt", "taken for a virus", "Test", nil)
	for i := range 4 {
		s.send(s.teacher, fmt.Sprintf("page%d.txt", i), "page", "", nil)
	}
	s.send(s.pupil, "a.exe", "x", "", nil)
	s.send(s.pupil, "a.txt", "x", "", map[string]string{"sha256": sum("y")})
	return essay
}

// pages reads a list to its end.
func (s *school) pages(p *person, path string) {
	cursor := ""
	for range 20 {
		var page struct {
			Next *string `json:"next_cursor"`
		}
		a := s.do(p, get, path+cursor, nil)
		if a.status != http.StatusOK || json.Unmarshal(a.body, &page) != nil || page.Next == nil || *page.Next == "" {
			return
		}
		cursor = "&cursor=" + *page.Next
	}
}

func (s *school) filesAreRead(essay uuid.UUID) {
	for _, query := range []string{"limit=3", "sort=name", "sort=-name&limit=2", "sort=created_at&limit=5", "status=published", "status=quarantined", "q=essay", "category=essays", "sort=none"} {
		s.pages(s.owner, storagePath+"/files?"+query)
	}
	for _, query := range []string{"q=essay", "q=esay&in=name", "q=lorem&in=text", "q=essay&sort=-created_at&limit=2&kind=text", "q=", "q=a&kind=none"} {
		s.pages(s.teacher, storagePath+"/search?"+query)
		s.pages(s.parent, storagePath+"/search?"+query)
	}
	s.pages(s.owner, storagePath+"/recent?limit=1")
	s.pages(s.pupil, storagePath+"/files?shared=true")
	s.pages(s.pupil, storagePath+"/files?limit=1")
	s.pages(s.parent, storagePath+"/files?limit=1")
	s.do(s.teacher, get, at(essay, ""), nil)
	s.do(s.pupil, get, at(essay, ""), nil)
	etag := s.do(s.teacher, get, at(essay, "/content"), nil).header.Get("ETag")
	s.do(s.teacher, get, at(essay, "/content"), nil, "Range", "bytes=5-9")
	s.do(s.teacher, get, at(essay, "/content"), nil, "If-None-Match", etag)
	s.do(s.teacher, head, at(essay, "/content"), nil)
	s.do(s.teacher, post, at(essay, "/link"), map[string]any{"version": 1})
	s.do(s.teacher, post, storagePath+"/links", map[string]any{"items": []any{map[string]any{"file_id": essay}, map[string]any{"file_id": s.strange}}})
	zip := id(s.do(s.teacher, post, storagePath+"/zip", map[string]any{"files": []uuid.UUID{essay, s.strange}, "name": "of the class"}))
	s.do(s.teacher, get, storagePath+"/zip/"+zip.String(), nil)
	s.do(nil, get, s.teacher.link(essay, nil), nil)
	s.do(nil, head, s.teacher.link(essay, nil), nil)
	s.do(s.teacher, get, at(essay, "/events"), nil)
	s.do(s.teacher, get, at(essay, "/versions"), nil)
	s.do(s.teacher, get, at(essay, "/versions/1/content"), nil)
	s.do(s.teacher, head, at(essay, "/versions/2/content"), nil)

	// A picture has previews, of the workflow that is played here.
	ctx, image := context.Background(), []byte("RIFF not really an image")
	body, contentType := form("picture.txt", []byte("picture"), nil, nil)
	picture := id(s.do(s.teacher, post, storagePath+"/upload", body, "Content-Type", contentType))
	v, err := files.Get(ctx, s.db.Single(s.org), picture)
	if err == nil {
		var etag string
		etag, err = s.store.Clean.Put(ctx, files.RenditionKey(s.org, v.VersionID, "w320.webp"), bytes.NewReader(image), int64(len(image)), "image/webp")
		shown := []files.Rendition{{Name: "w320.webp", MimeType: "image/webp", Width: 320, Height: 240, Size: int64(len(image)), Etag: etag}}
		if err == nil {
			err = s.db.InTx(ctx, s.org, func(tx *tenancy.Tx) error {
				return files.Previewed(ctx, tx, v.VersionID, files.Preview{State: files.PreviewReady, Width: 640, Height: 480, Renditions: shown})
			})
		}
		if err == nil {
			err = s.publishVersion(s.org, v.VersionID, "")
		}
	}
	if err != nil {
		s.told = append(s.told, told{"the workflow", s.stable(err.Error())})
	}
	s.do(s.teacher, get, at(picture, ""), nil)
	s.do(s.teacher, get, at(picture, "/renditions/w320.webp"), nil)
	s.do(s.teacher, head, at(picture, "/renditions/w320.webp"), nil)
	s.do(s.teacher, get, at(picture, "/renditions/none"), nil)
}

func (s *school) filesChange(essay uuid.UUID) {
	s.do(s.teacher, patch, at(essay, ""), map[string]string{"name": "Ünïcode ✓.txt", "description": "changed"})
	s.do(s.teacher, patch, at(essay, ""), map[string]string{"name": "a\x00b"})
	s.do(s.pupil, patch, at(essay, ""), map[string]string{"name": "mine.txt"})
	s.do(s.teacher, post, at(essay, "/versions/1/restore"), nil)
	s.do(s.teacher, post, at(essay, "/versions/9/restore"), nil)
	s.do(s.teacher, get, at(essay, "/versions/1/diff/2"), nil)
	s.do(s.teacher, get, at(essay, "/versions/1/diff/9"), nil)
	s.do(s.teacher, remove, at(essay, "/versions/1"), nil)
	s.do(s.teacher, remove, at(essay, "/versions/2"), nil)
	s.do(s.pupil, remove, at(essay, "/versions/2"), nil)
	s.filesChangeTogether(essay)
	s.personalData(essay)
	s.do(s.teacher, remove, at(essay, ""), nil)
	s.do(s.teacher, get, at(essay, "/content"), nil)
	s.pages(s.owner, storagePath+"/files?status=deleted")
	s.do(s.teacher, post, at(essay, "/restore"), nil)
	s.do(s.teacher, post, at(essay, "/restore"), nil)
}

// personalData asks what is known of a file, and decides about one that waits for nothing.
func (s *school) personalData(essay uuid.UUID) {
	for _, p := range []*person{s.teacher, s.owner, s.pupil} {
		s.do(p, get, at(essay, "/pii-findings"), nil)
		s.do(p, post, at(essay, "/rescan-pii"), nil)
		s.do(p, post, at(essay, "/release"), nil)
		s.do(p, post, at(essay, "/reject"), nil)
		s.pages(p, storagePath+"/held?limit=1")
	}
}

// filesChangeTogether names a file of nothing here, and one that the caller may not change.
func (s *school) filesChangeTogether(essay uuid.UUID) {
	work := s.send(s.pupil, "sketch.txt", "sketch", "", nil)
	change := func(p *person, action string, rest map[string]any) uuid.UUID {
		in := map[string]any{"action": action, "ids": []uuid.UUID{essay, work, s.strange}}
		for k, v := range rest {
			in[k] = v
		}
		return id(s.do(p, post, storagePath+"/files/bulk", in))
	}
	tagged := change(s.teacher, "tag", map[string]any{"add_tags": []string{"Algebra", "algebra", "term 1"}, "remove_tags": []string{"none"}})
	s.do(s.teacher, get, storagePath+"/bulk/"+tagged.String(), nil)
	s.do(s.pupil, get, storagePath+"/bulk/"+tagged.String(), nil)
	s.do(s.teacher, get, storagePath+"/bulk/"+s.strange.String(), nil)
	s.pages(s.teacher, storagePath+"/files?tag=ALGEBRA&limit=1")
	s.pages(s.owner, storagePath+"/files?tag=ALGEBRA&limit=1")
	change(s.teacher, "move", map[string]any{"folder_id": nil})
	change(s.teacher, "trash", nil)
	change(s.teacher, "restore", nil)
	change(s.pupil, "none", nil)
}

func (s *school) uploadsResume() {
	s.do(nil, http.MethodOptions, tusPath, nil)
	create := func() string {
		a := s.do(s.teacher, post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=")
		_, path, made := strings.Cut(a.header.Get("Location"), tusPath)
		if !made { // what is asked for next is then not there, and the runs differ
			path = "/" + s.strange.String()
		}
		return tusPath + path
	}
	upload := create()
	s.do(s.teacher, head, upload, nil, "Tus-Resumable", "1.0.0")
	s.do(s.teacher, patch, upload, strings.NewReader("he"), "Tus-Resumable", "1.0.0", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	s.do(s.teacher, patch, upload, strings.NewReader("he"), "Tus-Resumable", "1.0.0", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	s.do(s.teacher, head, upload, nil, "Tus-Resumable", "1.0.0")
	s.do(s.teacher, patch, upload, strings.NewReader("llo"), "Tus-Resumable", "1.0.0", "Upload-Offset", "2", "Content-Type", "application/offset+octet-stream")
	s.do(s.teacher, remove, create(), nil, "Tus-Resumable", "1.0.0")
	s.do(s.teacher, post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "2000000000", "Upload-Metadata", "filename YS50eHQ=")
}

func (s *school) administration() {
	s.do(s.teacher, get, storagePath+"/quota", nil)
	s.do(s.owner, get, adminPath+"/storage/stats", nil)
	s.do(s.owner, post, adminPath+"/storage/scan", nil)
	s.do(s.owner, get, adminPath+"/tiers", nil)
	op := tenancy.NewID()
	if err := operations.Insert(context.Background(), s.db.Single(s.org), operations.Operation{ID: op, Kind: "rescan", WorkflowID: "w", CreatedBy: &s.owner.id}); err != nil {
		s.told = append(s.told, told{"the workflow", s.stable(err.Error())})
	}
	s.do(s.owner, get, "/api/v1/operations/"+op.String(), nil)
	s.jobs(op)
	s.do(s.owner, get, s.within("/exports/"+s.copied()+"/1"), nil)
	s.do(s.owner, get, s.within(""), nil)
	s.do(s.owner, patch, s.within(""), map[string]any{"name": "Northern school", "contact_email": "office@school.test"})
	s.do(s.pupil, get, s.within(""), nil)
	s.do(s.owner, get, s.within("/policies"), nil)
	s.do(s.owner, patch, s.within("/policies"), map[string]any{"trash_days": 5})
}

// jobs looks at a job, and changes and follows it.
func (s *school) jobs(op uuid.UUID) {
	s.do(s.owner, get, jobsPath, nil)
	s.do(s.teacher, get, jobsPath, nil)
	s.do(s.owner, get, jobsPath+"/counts", nil)
	s.do(s.owner, get, jobAt(op, ""), nil)
	s.do(s.teacher, get, jobAt(op, ""), nil)
	s.do(s.owner, patch, jobAt(op, ""), map[string]string{"priority": "low"})
	s.do(s.owner, post, jobAt(op, "/cancel"), nil)
	if err := operations.End(context.Background(), s.db.Single(s.org), op, operations.Failed, nil, nil, &operations.Failure{Code: "c"}); err != nil {
		s.told = append(s.told, told{"the workflow", s.stable(err.Error())})
	}
	s.do(s.owner, get, jobAt(op, "/events"), nil)
	s.do(s.owner, post, jobAt(op, "/retry"), nil)
}

// placesAreUsed has a class with a hand-in, a group with links, and an admin who
// breaks the glass.
func (s *school) placesAreUsed(essay uuid.UUID) {
	class := classesPath + "/" + id(s.do(s.owner, post, classesPath, map[string]any{"title": "7b", "code": "7b"})).String()
	s.do(s.owner, patch, class, map[string]any{"title": "8b"})
	s.do(s.owner, put, class+"/members/"+s.teacher.id.String(), map[string]any{"role": "teacher", "primary_teacher": true})
	s.do(s.owner, put, class+"/members/"+s.pupil.id.String(), map[string]any{"role": "student"})
	s.pages(s.teacher, class+"/members?limit=1")
	s.pages(s.owner, classesPath+"?limit=1")
	var shown struct {
		Space uuid.UUID `json:"space_id"`
	}
	_ = json.Unmarshal(s.do(s.teacher, get, class, nil).body, &shown)
	room := spacesPath + "/" + shown.Space.String()
	folder := "/api/v1/folders/" + id(s.do(s.teacher, post, room+"/folders", map[string]any{"name": "Essays", "mode": "handin"})).String()
	work := s.send(s.pupil, "work.txt", "work", "", map[string]string{"folder_id": strings.TrimPrefix(folder, "/api/v1/folders/")})
	s.do(s.pupil, post, folder+"/hand-in", nil)
	s.do(s.pupil, remove, folder+"/hand-in", nil)
	s.do(s.pupil, post, folder+"/hand-in", nil)
	s.pages(s.teacher, folder+"/hand-ins?limit=1")
	s.do(s.teacher, get, at(work, "/content"), nil)
	s.do(s.teacher, post, folder+"/hand-ins/"+s.pupil.id.String()+"/return", map[string]any{"note": "good"})
	var told struct{ Items []struct{ ID uuid.UUID } }
	_ = json.Unmarshal(s.do(s.pupil, get, notificationsPath, nil).body, &told)
	for _, n := range told.Items {
		s.do(s.pupil, post, notificationsPath+"/"+n.ID.String()+"/read", nil)
	}
	for _, p := range []*person{s.owner, s.teacher, s.pupil, s.parent} {
		s.do(p, get, spacesPath, nil) // whole: spaces of one name have the order of their ids
		s.pages(p, storagePath+"/files?space_id="+shown.Space.String()+"&limit=1")
	}
	s.pages(s.teacher, room+"/people?limit=1")
	s.pages(s.teacher, room+"/folders?limit=1")
	s.do(s.teacher, get, folder, nil)
	s.shares(essay, uuid.MustParse(strings.TrimPrefix(class, classesPath+"/")))
	s.do(s.teacher, get, folder+"/shares", nil)
	s.do(s.teacher, get, room+"/shares", nil)
	s.groupAndLinks(essay)
	s.do(s.owner, post, breakGlassPath, map[string]any{"user_id": s.pupil.id, "reason": "a parent asks for it"})
	s.do(s.owner, get, notificationsPath, nil)
	s.mail()
	s.pages(s.owner, apiPath+"/access-report?limit=1")
	s.do(s.owner, get, apiPath+"/compliance-report", nil)
	s.do(s.owner, get, apiPath+"/data-inventory", nil)
	s.do(s.parent, get, myStudentsPath, nil)
	s.do(s.owner, remove, class+"/members/"+s.pupil.id.String(), nil)
}

// documentsAreMade lets quizzes be made of a text, without a model.
func (s *school) documentsAreMade() {
	source := s.send(s.teacher, "volcanoes.txt", volcanoes, "", nil)
	in := newQuiz(source)
	s.do(s.teacher, post, generationsPath, in)
	s.do(s.owner, patch, s.within("/policies"), map[string]any{"generation": true})
	if err := s.readText(s.org, source); err != nil {
		s.told = append(s.told, told{"the workflow", s.stable(err.Error())})
	}
	s.do(s.pupil, post, generationsPath, in)
	s.do(s.teacher, get, generatingPath+"/providers", nil)
	s.do(s.teacher, get, generatingPath+"/preview?kind=quiz&language=en&file_id="+source.String(), nil)
	for _, then := range []string{"/approve", "/reject", "/cancel"} {
		made := id(s.do(s.teacher, post, generationsPath, in))
		if err := s.playDraft(s.org, made); err != nil {
			s.told = append(s.told, told{"the workflow", s.stable(err.Error())})
		}
		var shown struct{ Document json.RawMessage }
		_ = json.Unmarshal(s.do(s.teacher, get, generationAt(made, ""), nil).body, &shown)
		s.do(s.teacher, patch, generationAt(made, ""), map[string]any{"revision": 1, "document": shown.Document})
		s.do(s.teacher, get, generationAt(made, "/output?format=csv"), nil)
		s.do(s.owner, get, generationAt(made, ""), nil)
		s.do(s.teacher, post, generationAt(made, then), map[string]any{"revision": 2, "format": "gift"})
	}
	s.do(s.teacher, get, generationAt(s.strange, ""), nil)
	s.pages(s.teacher, generationsPath+"?limit=2")
	s.do(s.teacher, get, generatingPath+"/spending", nil)
}

// reportsAreMade asks for reports, and lets one come by itself.
func (s *school) reportsAreMade() {
	for _, who := range []*person{s.owner, s.teacher, s.pupil} {
		s.do(who, post, reportsPath, newReport)
		s.do(who, post, reportTimesPath, newReportTime)
	}
	made := id(s.do(s.owner, post, reportsPath, newReport))
	s.do(s.owner, get, reportsPath+"/"+made.String(), nil)
	s.do(s.teacher, get, reportsPath+"/"+made.String(), nil)
	s.do(s.owner, get, reportsPath+"/"+s.strange.String(), nil)
	s.pages(s.owner, reportsPath+"?limit=1")
	at := reportTimesPath + "/" + id(s.do(s.owner, post, reportTimesPath, newReportTime)).String()
	s.do(s.owner, patch, at, map[string]any{"active": false})
	s.do(s.teacher, patch, at, map[string]any{"active": true})
	s.do(s.owner, get, reportTimesPath, nil)
	s.do(s.owner, remove, at, nil)
	s.do(s.owner, remove, reportTimesPath+"/"+s.strange.String(), nil)
}

// consentIsKept records on what basis the data of children is here.
func (s *school) consentIsKept(essay uuid.UUID) {
	at := func(rest string) string { return organizationsPath + "/" + s.org.String() + rest }
	s.do(s.pupil, get, at("/consent"), nil)
	s.do(s.owner, put, at("/consent"), newConsentSettings)
	s.do(s.owner, get, at("/consent"), nil)
	s.do(s.owner, get, at("/consent/matrix"), nil)
	made := id(s.do(s.owner, post, at("/agreements"), newAgreement))
	s.do(s.owner, get, at("/agreements?limit=1"), nil)
	s.do(s.owner, remove, at("/agreements/"+made.String()), nil)
	s.do(s.owner, remove, at("/agreements/"+s.strange.String()), nil)
	giver := id(s.do(s.owner, post, at("/subprocessors"), newSubprocessor(essay)))
	s.do(s.owner, post, at("/subprocessors"), newSubprocessor(s.strange))
	s.do(s.owner, get, at("/subprocessors"), nil)
	s.do(nil, get, apiPath+"/public/organizations/"+s.org.String()+"/subprocessors", nil)
	s.do(nil, get, apiPath+"/public/organizations/"+s.org.String()+"/privacy-notice", nil)
	s.do(nil, get, "/privacy/"+s.org.String(), nil)
	s.do(nil, head, "/privacy/"+s.org.String(), nil)
	s.do(s.owner, remove, at("/subprocessors/"+giver.String()), nil)
	of := "/people/" + s.pupil.id.String()
	s.do(s.owner, post, at(of+"/consents"), newDecision("grant", essay))
	s.do(s.owner, get, at(of+"/consents"), nil)
	s.dutiesAreRecorded(at)
	s.do(s.owner, get, at(of+"/consent"), nil)
	s.do(s.owner, get, at("/people/"+s.strange.String()+"/consent"), nil)
	s.parentsAreAsked(at)
}

// parentsAreAsked asks for a parent's consent, and answers by links that are none.
func (s *school) parentsAreAsked(at func(string) string) {
	s.do(s.owner, get, at("/consent/terms"), nil)
	s.do(s.owner, put, at("/consent/terms"), map[string]any{"consent_days": 10, "confirm_hours": 12})
	s.do(s.owner, get, at("/consent/transitions"), nil)
	s.do(s.owner, post, at("/people/"+s.pupil.id.String()+"/consent-requests"), newAsking("guardian@home.example"))
	s.do(s.owner, post, at("/consent/notices"), map[string]any{"notice": map[string]any{}})
	s.do(s.owner, post, at("/consent/notices"), newNotice(false))
	s.do(s.owner, get, at("/consent/notices?limit=1"), nil)
	made := id(s.do(s.owner, post, at("/people/"+s.pupil.id.String()+"/consent-requests"), newAsking("guardian@home.example")))
	s.do(s.owner, get, at("/consent-requests?state=notice_pending"), nil)
	s.do(s.owner, get, at("/consent-requests/"+made.String()), nil)
	s.do(s.owner, get, at("/consent-requests/"+s.strange.String()), nil)
	s.do(s.owner, post, at("/consent-requests/"+made.String()+"/resend"), map[string]any{"email": "other@home.example"})
	s.do(s.owner, post, at("/consent-requests/"+made.String()+"/cancel"), nil)
	s.do(s.owner, post, at("/consent-requests/"+made.String()+"/cancel"), nil)
	page := strings.TrimSuffix(consentpage.Path, ":token") + "nonsense"
	s.do(nil, get, page, nil)
	s.do(nil, head, page, nil)
	s.do(nil, post, page+"/answer", nil)
	s.do(nil, post, page+"/withdraw", nil)
}

// robloxIsConnected brings files to Roblox, as far as this service goes.
func (s *school) robloxIsConnected() {
	s.do(s.pupil, post, robloxPath, newConnection)
	made := id(s.do(s.owner, post, robloxPath, newConnection))
	at := robloxPath + "/" + made.String()
	s.do(s.owner, post, robloxPath, newConnection)
	s.do(s.owner, get, robloxPath, nil)
	s.do(s.owner, get, at, nil)
	s.do(s.pupil, get, at, nil)
	s.do(s.owner, patch, at, map[string]any{"automatic": false})
	s.do(s.owner, get, at+"/quota", nil)
	unsure := s.unsure(s.org, at)
	s.pages(s.owner, at+"/assets?limit=1")
	s.pages(s.owner, at+"/lessons?limit=1")
	s.do(s.owner, post, at+"/assets/"+unsure.String()+"/resolve", map[string]any{"outcome": "there", "asset_id": 7})
	s.do(s.owner, post, at+"/assets/"+s.strange.String()+"/resolve", map[string]any{"outcome": "not_there"})
	s.do(s.owner, post, at+"/places/8", map[string]any{"file_id": s.strange})
	s.do(s.owner, post, at+"/sync", nil)
	s.do(s.owner, remove, at, nil)
	s.do(s.owner, get, at+"/figures", nil)
	s.do(s.owner, get, robloxPath+"/"+s.strange.String(), nil)
	s.as("", post, apiPath+"/roblox/notifications/"+made.String(), map[string]any{"NotificationId": "n", "EventType": "e"}, "Roblox-Signature", "t=1")
}

// mail is what a person is told and how, and what an owner sees of it.
func (s *school) mail() {
	s.do(s.owner, post, notificationsPath+"/read-all", nil)
	s.do(s.owner, post, myMailPath, map[string]string{"address": "owner@school.test"})
	s.do(s.owner, post, myMailPath+"/confirm", map[string]string{"code": "nonsense"})
	s.do(s.owner, get, myMailPath, nil)
	s.do(s.owner, remove, myMailPath+"/"+uuid.NewString(), nil)
	s.do(s.owner, patch, myPreferencesPath, map[string]any{"preferences": []map[string]string{{"kind": "*", "channel": "mail", "cadence": "daily"}}})
	s.do(s.owner, get, myPreferencesPath, nil)
	s.do(s.owner, get, s.within("/mail/deliveries"), nil)
	s.do(s.owner, get, s.within("/mail/suppressions"), nil)
	s.do(s.owner, remove, s.within("/mail/suppressions/"+uuid.NewString()), nil)
	s.do(s.owner, get, s.within("/mail/preview?kind=share.received"), nil)
	unsubscribe := strings.TrimSuffix(unsubscribePath, ":token")
	s.do(s.owner, get, unsubscribe+"nonsense", nil)
	s.do(s.owner, post, unsubscribe+"nonsense", nil)
}

// shares gives a file of the teacher's to the pupil, to the class, and to people outside.
func (s *school) shares(essay, class uuid.UUID) {
	give := func(in map[string]any) string {
		in["file_id"] = essay
		return sharesPath + "/" + id(s.do(s.teacher, post, storagePath+"/share", in)).String()
	}
	named := give(map[string]any{"kind": "members", "with": []map[string]any{{"user_id": s.parent.id}}})
	whole := give(map[string]any{"kind": "classes", "with": []map[string]any{{"class_id": class}}})
	link := give(map[string]any{"kind": "link", "max_downloads": 3, "password": "correct horse", "expires_at": "2199-01-01T00:00:00Z"})
	outside := give(map[string]any{"kind": "people", "with": []map[string]any{{"email": "aunt@else.test"}}, "expires_at": "2199-01-01T00:00:00Z"})
	s.do(s.pupil, post, storagePath+"/share", map[string]any{"kind": "link", "file_id": essay})
	s.pages(s.teacher, sharesPath+"?limit=2")
	s.pages(s.parent, sharesPath+"?which=received&limit=1")
	s.pages(s.owner, sharesPath+"?which=outside&limit=1")
	s.pages(s.teacher, at(essay, "/shares?limit=1"))
	s.do(s.parent, get, named, nil)
	s.do(s.teacher, patch, whole, map[string]any{"permission": "edit"})
	s.do(s.pupil, patch, at(essay, ""), map[string]any{"description": "by a share"})
	var seen struct {
		Recipients []struct{ ID uuid.UUID }
	}
	_ = json.Unmarshal(s.do(s.teacher, get, outside, nil).body, &seen)
	for _, r := range seen.Recipients {
		s.do(s.teacher, post, outside+"/recipients/"+r.ID.String()+"/resend", nil)
		s.do(s.teacher, remove, outside+"/recipients/"+r.ID.String(), nil)
	}
	s.do(s.teacher, get, outside, nil)
	s.do(s.owner, get, link+"/accesses", nil)
	for _, share := range []string{named, whole, link} {
		s.do(s.teacher, remove, share, nil)
	}
	s.do(s.parent, get, at(essay, ""), nil)
}

// groupAndLinks shows a file and a folder of the teacher's to a group.
func (s *school) groupAndLinks(essay uuid.UUID) {
	group := id(s.do(s.teacher, post, spacesPath, map[string]any{"kind": "group", "name": "Northern group"}))
	room := spacesPath + "/" + group.String()
	given := id(s.do(s.teacher, post, room+"/grants", map[string]any{"user_id": s.pupil.id, "level": 2}))
	s.pages(s.teacher, room+"/grants?limit=1")
	s.do(s.teacher, put, at(essay, "/links/"+group.String()), nil)
	s.do(s.teacher, get, at(essay, "/links"), nil)
	s.do(s.pupil, get, at(essay, ""), nil)
	s.do(s.pupil, put, at(essay, "/star"), nil)
	s.do(s.pupil, remove, at(essay, "/star"), nil)
	s.do(s.teacher, remove, at(essay, "/links/"+group.String()), nil)
	s.do(s.pupil, get, at(essay, ""), nil)
	folder := "/api/v1/folders/" + id(s.do(s.teacher, post, room+"/folders", map[string]any{"name": "Shown"})).String()
	other := id(s.do(s.teacher, post, spacesPath, map[string]any{"kind": "staff", "name": "Staff"}))
	s.do(s.teacher, put, folder+"/links/"+other.String(), nil)
	s.do(s.teacher, get, folder+"/links", nil)
	s.do(s.owner, get, spacesPath+"/"+other.String(), nil)
	s.do(s.teacher, remove, folder+"/links/"+other.String(), nil)
	s.do(s.teacher, patch, folder, map[string]any{"name": "Not shown"})
	s.do(s.teacher, remove, folder, nil)
	s.do(s.teacher, remove, room+"/grants/"+given.String(), nil)
	s.do(s.teacher, patch, room, map[string]any{"state": "frozen"})
	s.do(s.teacher, get, room, nil)
}

// copied asks for an export, plays its workflow, and gives its id.
func (s *school) copied() string {
	var begun struct {
		ID uuid.UUID `json:"operation_id"`
	}
	_ = json.Unmarshal(s.do(s.owner, post, s.within("/export"), nil).body, &begun)
	ctx, key := context.Background(), exports.Prefix(s.org, begun.ID)+"000001-a.zip"
	etag, err := s.store.Exports.Put(ctx, key, strings.NewReader(archive), int64(len(archive)), "")
	if err == nil {
		err = s.db.InTx(ctx, s.org, func(tx *tenancy.Tx) error {
			_, err := exports.AddPart(ctx, tx, begun.ID, exports.Part{Number: 1, Key: key, ETag: etag, Size: int64(len(archive)), SHA256: sum(archive), Entries: 1, End: true})
			return err
		})
	}
	if err == nil {
		_, err = exports.Finish(ctx, s.db.Single(s.org), begun.ID)
	}
	if err != nil {
		s.told = append(s.told, told{"the workflow", s.stable(err.Error())})
	}
	return begun.ID.String()
}
