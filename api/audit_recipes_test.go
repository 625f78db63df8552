package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/generations"
	apipeople "satchel/api/people"
	"satchel/api/request"
	"satchel/tenancy"
)

// recipes say how each route that leaves a row succeeds, and in whose trail the
// row is. A recorded route without one fails the test.
var recipes = map[string]func(*scene) (answer, tenancy.OrgID){
	"POST " + storagePath + "/upload": func(s *scene) (answer, tenancy.OrgID) {
		body, contentType := form(planted+"2.txt", []byte("new"), map[string]string{"category": planted}, nil)
		return s.owner.call(post, storagePath+"/upload", body, "Content-Type", contentType), s.owner.org
	},
	"POST " + tusPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ="), s.owner.org
	},
	"DELETE " + tusUploadPath: func(s *scene) (answer, tenancy.OrgID) {
		made := s.owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=").is(201)
		s.mark(s.owner.org)
		address := made.header.Get("Location")
		return s.owner.call(remove, address[strings.Index(address, tusPath):], nil, "Tus-Resumable", "1.0.0"), s.owner.org
	},
	"PATCH " + filePath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, at(s.file, ""), map[string]string{"name": planted + "3.txt"}), s.owner.org
	},
	"DELETE " + filePath: func(s *scene) (answer, tenancy.OrgID) { return s.owner.call(remove, at(s.file, ""), nil), s.owner.org },
	"POST " + filePath + "/restore": func(s *scene) (answer, tenancy.OrgID) {
		s.owner.call(remove, at(s.file, ""), nil).is(204)
		s.mark(s.owner.org)
		return s.owner.call(post, at(s.file, "/restore"), nil), s.owner.org
	},
	"POST " + filePath + "/rescan-pii": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, at(s.file, "/rescan-pii"), nil), s.owner.org
	},
	"POST " + filePath + "/release": func(s *scene) (answer, tenancy.OrgID) {
		file := s.owner.waiting(tenancy.PersonalDataHold).ID
		s.mark(s.owner.org)
		return s.owner.call(post, at(file, "/release"), nil), s.owner.org
	},
	"POST " + filePath + "/reject": func(s *scene) (answer, tenancy.OrgID) {
		file := s.owner.waiting(tenancy.PersonalDataHold).ID
		s.mark(s.owner.org)
		return s.owner.call(post, at(file, "/reject"), nil), s.owner.org
	},
	"GET " + filePath + "/content": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(get, at(s.file, "/content"), nil), s.owner.org
	},
	"GET " + signedPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.call("", get, s.owner.link(s.file, nil), nil), s.owner.org
	},
	"GET " + filePath + "/versions/:n/content": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(get, at(s.file, "/versions/1/content"), nil), s.owner.org
	},
	"POST " + filePath + "/versions/:n/restore": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, at(s.file, "/versions/1/restore"), nil), s.owner.org
	},
	"DELETE " + filePath + "/versions/:n": func(s *scene) (answer, tenancy.OrgID) {
		s.owner.newVersion(s.file, lorem+"2")
		s.mark(s.owner.org)
		return s.owner.call(remove, at(s.file, "/versions/1"), nil), s.owner.org
	},
	"POST " + storagePath + "/files/bulk": func(s *scene) (answer, tenancy.OrgID) { // each file that is changed has an entry of its own
		return s.owner.call(post, storagePath+"/files/bulk", map[string]any{"action": "trash", "ids": []uuid.UUID{tenancy.NewID()}}), s.owner.org
	},
	"PUT " + adminPath + "/storage/quotas": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(put, adminPath+"/storage/quotas", map[string]any{"organization_id": s.owner.org, "max": 1 << 20}), s.owner.org
	},
	"POST " + adminPath + "/storage/scan": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(post, adminPath+"/storage/scan", map[string]any{"organization_id": s.owner.org}), s.owner.org
	},
	"PATCH " + jobPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, jobAt(s.job(s.owner, "rescan_storage"), ""), map[string]string{"priority": "low"}), s.owner.org
	},
	"POST " + jobPath + "/cancel": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, jobAt(s.job(s.owner, "rescan_storage"), "/cancel"), nil), s.owner.org
	},
	"POST " + jobPath + "/retry": func(s *scene) (answer, tenancy.OrgID) {
		id := s.job(s.owner, "rescan_storage")
		s.endJob(s.owner, id)
		return s.owner.call(post, jobAt(id, "/retry"), nil), s.owner.org
	},
	"POST " + adminPath + "/jobs/bulk": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(post, adminPath+"/jobs/bulk", map[string]any{"action": "cancel", "filter": map[string]any{"state": "failed"}}), tenancy.Platform
	},
	"PATCH " + adminPath + "/queues/:queue": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(patch, adminPath+"/queues/batch", map[string]any{"paused": true, "reason": "r"}), tenancy.Platform
	},
	"PATCH " + adminPath + "/schedules/:schedule": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(patch, adminPath+"/schedules/purge-trashed-files", map[string]any{"paused": true, "reason": "r"}), tenancy.Platform
	},
	"POST " + adminPath + "/schedules/:schedule/run": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(post, adminPath+"/schedules/purge-trashed-files/run", nil), tenancy.Platform
	},
	"POST " + adminPath + "/temporal/decode": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(post, adminPath+"/temporal/decode", s.owner.b.stored(s.owner.org, planted)), tenancy.Platform
	},
	"POST " + adminPath + "/purges/replay": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(post, adminPath+"/purges/replay", map[string]any{"organization_id": s.owner.org}), s.owner.org
	},
	"POST " + adminPath + "/reconcile": func(s *scene) (answer, tenancy.OrgID) {
		s.mark(tenancy.Platform)
		return s.operator.call(post, adminPath+"/reconcile", map[string]any{"repair": true}), tenancy.Platform
	},
	"POST " + organizationPath + "/suspend": func(s *scene) (answer, tenancy.OrgID) {
		return s.operator.call(post, s.school("/suspend"), map[string]any{"reason": planted}), s.owner.org
	},
	"POST " + organizationPath + "/resume": func(s *scene) (answer, tenancy.OrgID) {
		s.operator.call(post, s.school("/suspend"), map[string]any{"reason": planted}).is(202)
		s.mark(s.owner.org)
		return s.operator.call(post, s.school("/resume"), nil), s.owner.org
	},
	"PATCH " + organizationPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, s.school(""), map[string]any{"name": planted}), s.owner.org
	},
	"GET " + organizationPath + "/exports/:operation/:part": func(s *scene) (answer, tenancy.OrgID) {
		id := s.exported(s.owner)
		s.mark(s.owner.org)
		return s.owner.call(get, s.school("/exports/"+id+"/1"), nil), s.owner.org
	},
	"PATCH " + organizationPath + "/policies": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, s.school("/policies"), map[string]any{"trash_days": 5}), s.owner.org
	},
	"PUT " + adminPath + "/tiers/:name": func(s *scene) (answer, tenancy.OrgID) {
		s.mark(tenancy.Platform)
		tier := map[string]any{"max_members": 5, "max_bytes": 1 << 30, "max_file_size": 1 << 20, "requests_per_minute": 60,
			"concurrent_uploads": 2, "concurrent_scans": 1, "renditions": true, "features": []string{}}
		return s.operator.call(put, adminPath+"/tiers/tiny", tier), tenancy.Platform
	},
	"POST " + organizationPath + "/members": func(s *scene) (answer, tenancy.OrgID) {
		in := map[string]any{"issuer": s.issuer.URL, "subject": planted, "role": tenancy.Student}
		return s.owner.call(post, "/api/v1/organizations/"+s.owner.org.String()+"/members", in), s.owner.org
	},
	"PUT " + organizationPath + "/members/:user": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(put, s.school("/members/"+s.person(s.owner.org, tenancy.Student).id.String()), map[string]any{"role": tenancy.Teacher}), s.owner.org
	},
	"DELETE " + organizationPath + "/members/:user": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(remove, s.school("/members/"+s.person(s.owner.org, tenancy.Student).id.String()), nil), s.owner.org
	},
	"POST " + organizationPath + "/leave": func(s *scene) (answer, tenancy.OrgID) {
		s.person(s.owner.org, tenancy.Owner)
		return s.owner.call(post, s.school("/leave"), nil), s.owner.org
	},
	"POST " + organizationPath + "/invitations": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/invitations"), map[string]any{"email": "plum@school.test", "role": tenancy.Teacher}), s.owner.org
	},
	"DELETE " + organizationPath + "/invitations/:invitation": func(s *scene) (answer, tenancy.OrgID) {
		id, _ := s.invited()
		return s.owner.call(remove, s.school("/invitations/"+id.String()), nil), s.owner.org
	},
	"POST " + organizationPath + "/invitations/:invitation/resend": func(s *scene) (answer, tenancy.OrgID) {
		id, _ := s.invited()
		return s.owner.call(post, s.school("/invitations/"+id.String()+"/resend"), nil), s.owner.org
	},
	"POST /api/v1/invitations/accept": func(s *scene) (answer, tenancy.OrgID) {
		_, token := s.invited()
		return s.call(s.issuer.Token(uuid.NewString()), post, "/api/v1/invitations/accept", map[string]any{"token": token}), s.owner.org
	},
	"POST /api/v1/invitations/decline": func(s *scene) (answer, tenancy.OrgID) {
		_, token := s.invited()
		return s.call(s.issuer.Token(uuid.NewString()), post, "/api/v1/invitations/decline", map[string]any{"token": token}), s.owner.org
	},
	"POST " + organizationPath + "/guardians": func(s *scene) (answer, tenancy.OrgID) {
		parent, student := s.person(s.owner.org, tenancy.Parent), s.person(s.owner.org, tenancy.Student)
		return s.owner.call(post, s.school("/guardians"), map[string]any{"parent_id": parent.id, "student_id": student.id}), s.owner.org
	},
	"DELETE " + organizationPath + "/guardians/:parent/:student": func(s *scene) (answer, tenancy.OrgID) {
		parent, student := s.person(s.owner.org, tenancy.Parent), s.person(s.owner.org, tenancy.Student)
		s.owner.call(post, s.school("/guardians"), map[string]any{"parent_id": parent.id, "student_id": student.id}).is(201)
		s.mark(s.owner.org)
		return s.owner.call(remove, s.school("/guardians/"+parent.id.String()+"/"+student.id.String()), nil), s.owner.org
	},
	"POST " + organizationPath + "/people": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/people"), map[string]any{"kind": "student", "display_name": planted}), s.owner.org
	},
	"PATCH " + organizationPath + "/people/:user": func(s *scene) (answer, tenancy.OrgID) {
		at := s.school("/people/" + s.owner.known(planted, "student").String())
		s.mark(s.owner.org)
		return s.owner.call(patch, at, map[string]any{"display_name": planted + " B", "email": "plum@school.test"}), s.owner.org
	},
	"POST " + organizationPath + "/people/:user/merge": func(s *scene) (answer, tenancy.OrgID) {
		at, member := s.school("/people/"+s.owner.known(planted, "student").String()), s.person(s.owner.org, tenancy.Student)
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/merge", map[string]any{"into": member.id}), s.owner.org
	},
	"DELETE " + organizationPath + "/people/:user/logins/:login": func(s *scene) (answer, tenancy.OrgID) {
		user := s.owner.known(planted, "student")
		s.owner.call(post, s.waits(s.owner)+"/link", map[string]any{"user_id": user}).is(200)
		at := s.school("/people/" + user.String() + "/logins")
		login := read[request.Page[apipeople.LoginView]](s.owner.call(get, at, nil).is(200)).Items[0]
		s.mark(s.owner.org)
		return s.owner.call(remove, at+"/"+login.ID.String(), nil), s.owner.org
	},
	"POST " + organizationPath + "/login-requests/:request/link": func(s *scene) (answer, tenancy.OrgID) {
		user, at := s.owner.known(planted, "student"), s.waits(s.owner)
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/link", map[string]any{"user_id": user}), s.owner.org
	},
	"POST " + organizationPath + "/login-requests/:request/dismiss": func(s *scene) (answer, tenancy.OrgID) {
		at := s.waits(s.owner)
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/dismiss", nil), s.owner.org
	},
	"PUT " + organizationPath + "/login-rules": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(put, s.school("/login-rules"), map[string]any{"rules": []any{}}), s.owner.org
	},
	"POST " + organizationPath + "/login-rules/:rule/confirm": func(s *scene) (answer, tenancy.OrgID) {
		rule := s.owner.believes(map[string]any{})
		s.mark(s.owner.org)
		return s.operator.call(post, s.school("/login-rules/"+rule.String()+"/confirm"), nil), s.owner.org
	},
	"POST " + rosterPath + "/sources": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/roster/sources"), map[string]any{"name": planted}), s.owner.org
	},
	"PATCH " + rosterPath + "/sources/:source": func(s *scene) (answer, tenancy.OrgID) {
		source := s.owner.source("SIS")
		s.mark(s.owner.org)
		return s.owner.call(patch, s.school("/roster/sources/"+source.String()), map[string]any{"name": planted}), s.owner.org
	},
	"POST " + rosterPath + "/imports": func(s *scene) (answer, tenancy.OrgID) {
		source := s.owner.source("SIS")
		s.mark(s.owner.org)
		return s.owner.roster(source, district(0), ""), s.owner.org
	},
	"GET " + rosterImportPath + "/changes":     func(s *scene) (answer, tenancy.OrgID) { return s.ofImport(get, "/changes") },
	"GET " + rosterImportPath + "/changes.csv": func(s *scene) (answer, tenancy.OrgID) { return s.ofImport(get, "/changes.csv") },
	"POST " + rosterImportPath + "/approve":    func(s *scene) (answer, tenancy.OrgID) { return s.ofImport(post, "/approve") },
	"POST " + rosterImportPath + "/adds-only":  func(s *scene) (answer, tenancy.OrgID) { return s.ofImport(post, "/adds-only") },
	"POST " + rosterImportPath + "/discard":    func(s *scene) (answer, tenancy.OrgID) { return s.ofImport(post, "/discard") },
	"POST " + rosterImportPath + "/undo": func(s *scene) (answer, tenancy.OrgID) {
		i := s.owner.received(s.owner.source("SIS"), district(0))
		at := s.school("/roster/imports/" + i.ID.String())
		s.owner.call(post, at+"/approve", map[string]any{"changes_hash": i.Hash}).is(200)
		require.NoError(s.t, s.applyRoster(s.owner.org, i.ID))
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/undo", nil), s.owner.org
	},
	"PUT " + filePath + "/links/:space": func(s *scene) (answer, tenancy.OrgID) {
		space := s.owner.group()
		s.mark(s.owner.org)
		return s.owner.call(put, at(s.file, "/links/"+space.String()), nil), s.owner.org
	},
	"DELETE " + filePath + "/links/:space": func(s *scene) (answer, tenancy.OrgID) {
		space := s.owner.group()
		s.owner.call(put, at(s.file, "/links/"+space.String()), nil).is(204)
		s.mark(s.owner.org)
		return s.owner.call(remove, at(s.file, "/links/"+space.String()), nil), s.owner.org
	},
	"POST " + storagePath + "/share": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, storagePath+"/share", map[string]any{"kind": "link", "file_id": s.file, "label": planted, "password": planted}), s.owner.org
	},
	"PATCH " + sharePath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, s.shareAt(), map[string]any{"label": planted}), s.owner.org
	},
	"DELETE " + sharePath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(remove, s.shareAt(), nil), s.owner.org
	},
	"DELETE " + sharePath + "/recipients/:recipient": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(remove, s.recipientAt(), nil), s.owner.org
	},
	"POST " + sharePath + "/recipients/:recipient/resend": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.recipientAt()+"/resend", nil), s.owner.org
	},
	"POST " + spacesPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, spacesPath, map[string]any{"kind": "group", "name": planted}), s.owner.org
	},
	"PATCH " + spacePath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, s.spaceAt(""), map[string]any{"name": planted, "state": "frozen"}), s.owner.org
	},
	"POST " + spacePath + "/grants": func(s *scene) (answer, tenancy.OrgID) {
		in := map[string]any{"user_id": s.person(s.owner.org, tenancy.Teacher).id, "level": 2, "reason": planted}
		return s.owner.call(post, s.spaceAt("/grants"), in), s.owner.org
	},
	"DELETE " + spacePath + "/grants/:grant": func(s *scene) (answer, tenancy.OrgID) {
		path := s.spaceAt("/grants")
		in := map[string]any{"user_id": s.person(s.owner.org, tenancy.Teacher).id, "level": 2}
		made := id(s.owner.call(post, path, in).is(201))
		s.mark(s.owner.org)
		return s.owner.call(remove, path+"/"+made.String(), nil), s.owner.org
	},
	"POST " + breakGlassPath: func(s *scene) (answer, tenancy.OrgID) {
		in := map[string]any{"user_id": s.person(s.owner.org, tenancy.Student).id, "reason": planted}
		return s.owner.call(post, breakGlassPath, in), s.owner.org
	},
	"POST " + breakGlassPath + "/:grant/approve": func(s *scene) (answer, tenancy.OrgID) {
		teacher, admin := s.person(s.owner.org, tenancy.Teacher), s.person(s.owner.org, tenancy.Admin)
		space := id(teacher.call(post, spacesPath, map[string]any{"kind": "confidential", "name": planted}).is(201))
		asked := id(admin.call(post, breakGlassPath, map[string]any{"space_id": space, "reason": planted}).is(201))
		s.mark(s.owner.org)
		return s.owner.call(post, breakGlassPath+"/"+asked.String()+"/approve", nil), s.owner.org
	},
	"POST " + spacePath + "/folders": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.spaceAt("/folders"), map[string]any{"name": planted, "instructions": planted}), s.owner.org
	},
	"PATCH " + folderPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, s.folderAt("", nil), map[string]any{"name": planted + "2"}), s.owner.org
	},
	"DELETE " + folderPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(remove, s.folderAt("", nil), nil), s.owner.org
	},
	"PUT " + folderPath + "/links/:space": func(s *scene) (answer, tenancy.OrgID) {
		space := s.owner.group()
		return s.owner.call(put, s.folderAt("/links/"+space.String(), nil), nil), s.owner.org
	},
	"DELETE " + folderPath + "/links/:space": func(s *scene) (answer, tenancy.OrgID) {
		space := s.owner.group()
		path := s.folderAt("/links/"+space.String(), nil)
		s.owner.call(put, path, nil).is(204)
		s.mark(s.owner.org)
		return s.owner.call(remove, path, nil), s.owner.org
	},
	"POST " + folderPath + "/hand-in": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.handIn("/hand-in"), nil), s.owner.org
	},
	"DELETE " + folderPath + "/hand-in": func(s *scene) (answer, tenancy.OrgID) {
		path := s.handIn("/hand-in")
		s.owner.call(post, path, nil).is(200)
		s.mark(s.owner.org)
		return s.owner.call(remove, path, nil), s.owner.org
	},
	"POST " + folderPath + "/hand-ins/:student/return": func(s *scene) (answer, tenancy.OrgID) {
		folder := s.handIn("")
		s.owner.call(post, folder+"/hand-in", nil).is(200)
		s.mark(s.owner.org)
		return s.owner.call(post, folder+"/hand-ins/"+s.owner.id.String()+"/return", map[string]any{"note": planted}), s.owner.org
	},
	"POST " + classesPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, classesPath, map[string]any{"title": planted, "code": planted}), s.owner.org
	},
	"PATCH " + classPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, s.classAt(""), map[string]any{"title": planted}), s.owner.org
	},
	"PUT " + classPath + "/members/:user": func(s *scene) (answer, tenancy.OrgID) {
		student := s.person(s.owner.org, tenancy.Student)
		return s.owner.call(put, s.classAt("/members/"+student.id.String()), map[string]any{"role": "student"}), s.owner.org
	},
	"DELETE " + classPath + "/members/:user": func(s *scene) (answer, tenancy.OrgID) {
		path := s.classAt("/members/" + s.person(s.owner.org, tenancy.Student).id.String())
		s.owner.call(put, path, map[string]any{"role": "student"}).is(204)
		s.mark(s.owner.org)
		return s.owner.call(remove, path, nil), s.owner.org
	},
	"POST " + reportsPath: func(s *scene) (answer, tenancy.OrgID) {
		s.mark(s.owner.org)
		return s.owner.call(post, reportsPath, newReport), s.owner.org
	},
	"POST " + reportTimesPath: func(s *scene) (answer, tenancy.OrgID) {
		s.mark(s.owner.org)
		return s.owner.call(post, reportTimesPath, newReportTime), s.owner.org
	},
	"PATCH " + reportTimePath: func(s *scene) (answer, tenancy.OrgID) {
		at := s.reportTime()
		s.mark(s.owner.org)
		return s.owner.call(patch, at, map[string]any{"at": "07:45"}), s.owner.org
	},
	"DELETE " + reportTimePath: func(s *scene) (answer, tenancy.OrgID) {
		at := s.reportTime()
		s.mark(s.owner.org)
		return s.owner.call(remove, at, nil), s.owner.org
	},
	"POST " + generationsPath: func(s *scene) (answer, tenancy.OrgID) {
		s.owner.mayGenerate(s.file)
		s.mark(s.owner.org)
		return s.owner.call(post, generationsPath, newQuiz(s.file)), s.owner.org
	},
	"PATCH " + generationPath: func(s *scene) (answer, tenancy.OrgID) {
		id := s.draft()
		shown := read[generations.View](s.owner.call(get, generationAt(id, ""), nil).is(http.StatusOK))
		return s.owner.call(patch, generationAt(id, ""), map[string]any{"revision": 1, "document": shown.Document}), s.owner.org
	},
	"POST " + generationPath + "/approve": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, generationAt(s.draft(), "/approve"), map[string]any{"revision": 1, "format": "markdown"}), s.owner.org
	},
	"POST " + generationPath + "/reject": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, generationAt(s.draft(), "/reject"), nil), s.owner.org
	},
	"POST " + generationPath + "/cancel": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, generationAt(s.draft(), "/cancel"), nil), s.owner.org
	},
	"POST " + organizationPath + "/keys": func(s *scene) (answer, tenancy.OrgID) {
		s.payFor("professional")
		return s.owner.call(post, s.school("/keys"), newKey), s.owner.org
	},
	"POST " + organizationPath + "/keys/:key/rotate": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/keys/"+s.key()+"/rotate"), map[string]any{}), s.owner.org
	},
	"DELETE " + organizationPath + "/keys/:key": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(remove, s.school("/keys/"+s.key()), nil), s.owner.org
	},
	"DELETE " + mailsPath + "/suppressions/:suppression": func(s *scene) (answer, tenancy.OrgID) {
		id := tenancy.NewID()
		_, err := s.db.Single(s.owner.org).Exec(s.t.Context(), "insert into mail_suppressions (organization_id, id, address_hash, reason, suppressed_at) values (app.org(), $1, sha256('a'), 'bounced', now())", id)
		require.NoError(s.t, err)
		return s.owner.call(remove, s.school("/mail/suppressions/"+id.String()), nil), s.owner.org
	},
	"POST " + robloxPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, robloxPath, newConnection), s.owner.org
	},
	"PATCH " + robloxOnePath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, s.robloxAt(""), map[string]any{"name": "Other"}), s.owner.org
	},
	"DELETE " + robloxOnePath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(remove, s.robloxAt(""), nil), s.owner.org
	},
	"POST " + robloxOnePath + "/sync": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.robloxAt("/sync"), nil), s.owner.org
	},
	"POST " + robloxOnePath + "/assets/:asset/resolve": func(s *scene) (answer, tenancy.OrgID) {
		at := s.robloxAt("")
		return s.owner.call(post, at+"/assets/"+s.unsure(s.owner.org, at).String()+"/resolve", map[string]any{"outcome": "not_there"}), s.owner.org
	},
	"POST " + robloxOnePath + "/places/:place": func(s *scene) (answer, tenancy.OrgID) {
		at, place := s.robloxAt("/places/7"), s.place(s.owner)
		s.mark(s.owner.org)
		return s.owner.call(post, at, map[string]any{"file_id": place}), s.owner.org
	},
	"PUT " + consentPath + "/terms": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(put, s.school("/consent/terms"), map[string]any{"consent_days": 10, "confirm_hours": 12}), s.owner.org
	},
	"POST " + noticesPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/consent/notices"), newNotice(true)), s.owner.org
	},
	"POST " + organizationPath + "/people/:user/consent-requests": func(s *scene) (answer, tenancy.OrgID) {
		pupil := s.person(s.owner.org, tenancy.Student)
		s.owner.made(s.school("/consent/notices"), newNotice(false))
		s.mark(s.owner.org)
		return s.owner.call(post, s.school("/people/"+pupil.id.String()+"/consent-requests"), newAsking("guardian@home.example")), s.owner.org
	},
	"POST " + askedPath + "/resend": func(s *scene) (answer, tenancy.OrgID) {
		made := s.asked()
		s.mark(s.owner.org)
		return s.owner.call(post, s.school("/consent-requests/"+made+"/resend"), nil), s.owner.org
	},
	"POST " + askedPath + "/cancel": func(s *scene) (answer, tenancy.OrgID) {
		made := s.asked()
		s.mark(s.owner.org)
		return s.owner.call(post, s.school("/consent-requests/"+made+"/cancel"), nil), s.owner.org
	},
	"PUT " + consentPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(put, s.school("/consent"), newConsentSettings), s.owner.org
	},
	"POST " + agreementsPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/agreements"), newAgreement), s.owner.org
	},
	"DELETE " + agreementsPath + "/:agreement": func(s *scene) (answer, tenancy.OrgID) {
		made := s.owner.made(s.school("/agreements"), newAgreement)
		s.mark(s.owner.org)
		return s.owner.call(remove, s.school("/agreements/"+made), nil), s.owner.org
	},
	"POST " + subprocessorsPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/subprocessors"), newSubprocessor(s.file)), s.owner.org
	},
	"DELETE " + subprocessorsPath + "/:subprocessor": func(s *scene) (answer, tenancy.OrgID) {
		made := s.owner.made(s.school("/subprocessors"), newSubprocessor(s.file))
		s.mark(s.owner.org)
		return s.owner.call(remove, s.school("/subprocessors/"+made), nil), s.owner.org
	},
	"POST " + decisionsPath: func(s *scene) (answer, tenancy.OrgID) {
		pupil := s.person(s.owner.org, tenancy.Student)
		return s.owner.call(post, s.school("/people/"+pupil.id.String()+"/consents"), newDecision("grant", s.file)), s.owner.org
	},
	"POST " + retentionPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/retention-policies"), newRetention("")), s.owner.org
	},
	"PUT " + retentionOnePath: func(s *scene) (answer, tenancy.OrgID) {
		at := s.retention("")
		s.mark(s.owner.org)
		return s.owner.call(put, at, newRetention(planted)), s.owner.org
	},
	"DELETE " + retentionOnePath: func(s *scene) (answer, tenancy.OrgID) {
		at := s.retention("")
		s.mark(s.owner.org)
		return s.owner.call(remove, at, nil), s.owner.org
	},
	"POST " + reviewsPath + "/:file/decide": func(s *scene) (answer, tenancy.OrgID) {
		at := s.review()
		s.mark(s.owner.org)
		return s.owner.call(post, at, map[string]any{"decision": "dispose", "reason": planted}), s.owner.org
	},
	"POST " + accessRequestsPath: func(s *scene) (answer, tenancy.OrgID) {
		pupil := s.person(s.owner.org, tenancy.Student)
		s.mark(s.owner.org)
		return s.owner.call(post, s.school("/access-requests"), map[string]any{"student_id": pupil.id, "note": planted}), s.owner.org
	},
	"POST " + accessRequestPath + "/verify": func(s *scene) (answer, tenancy.OrgID) {
		r := s.requested()
		s.mark(s.owner.org)
		return s.owner.call(post, r.at+"/verify", map[string]any{"how": planted}), s.owner.org
	},
	"PUT " + accessRequestPath + "/files/:file": func(s *scene) (answer, tenancy.OrgID) {
		r := s.verified()
		s.mark(s.owner.org)
		return s.owner.call(put, r.at+"/files/"+r.file.String(), map[string]any{"decision": "withhold", "reason": planted}), s.owner.org
	},
	"POST " + accessRequestPath + "/release": func(s *scene) (answer, tenancy.OrgID) {
		r := s.verified()
		s.mark(s.owner.org)
		return s.owner.call(post, r.at+"/release", nil), s.owner.org
	},
	"GET " + accessRequestPath + "/package/:part": func(s *scene) (answer, tenancy.OrgID) {
		r := s.packaged()
		s.mark(s.owner.org)
		return s.owner.call(get, r.at+"/package/1", nil), s.owner.org
	},
	"POST " + accessRequestPath + "/end": func(s *scene) (answer, tenancy.OrgID) {
		r := s.requested()
		s.mark(s.owner.org)
		return s.owner.call(post, r.at+"/end", map[string]any{"outcome": "rejected", "reason": planted}), s.owner.org
	},
	"PUT " + recordPath: func(s *scene) (answer, tenancy.OrgID) {
		at := s.record(s.owner)
		s.mark(s.owner.org)
		return s.owner.call(put, at, newClass), s.owner.org
	},
	"POST " + erasuresPath: func(s *scene) (answer, tenancy.OrgID) {
		in := s.newErasure()
		s.mark(s.owner.org)
		return s.owner.call(post, erasuresPath, in), s.owner.org
	},
	"POST " + erasureAsksPath: func(s *scene) (answer, tenancy.OrgID) {
		guardian, pupil := s.child(tenancy.Parent)
		s.mark(s.owner.org)
		return guardian.call(post, s.school("/erasure-requests"), map[string]any{"student_id": pupil.id, "note": planted}), s.owner.org
	},
	"POST " + erasureAskPath + "/decide": func(s *scene) (answer, tenancy.OrgID) {
		at, _ := s.eraseOf(s.child(tenancy.Parent))
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/decide", map[string]any{"outcome": "refused", "reason": planted}), s.owner.org
	},
	"POST " + erasureAskPath + "/withdraw": func(s *scene) (answer, tenancy.OrgID) {
		guardian, pupil := s.child(tenancy.Parent)
		at, _ := s.eraseOf(guardian, pupil)
		s.mark(s.owner.org)
		return guardian.call(post, at+"/withdraw", nil), s.owner.org
	},
	"POST " + amendmentsPath: func(s *scene) (answer, tenancy.OrgID) {
		in := s.contested()
		s.mark(s.owner.org)
		return s.owner.call(post, s.school("/amendments"), in), s.owner.org
	},
	"POST " + amendmentPath + "/steps": func(s *scene) (answer, tenancy.OrgID) {
		at := s.amendment()
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/steps", map[string]any{"step": "review"}), s.owner.org
	},
	"POST " + consentsToPath: func(s *scene) (answer, tenancy.OrgID) {
		in := s.consentTo()
		s.mark(s.owner.org)
		return s.owner.call(post, s.school("/disclosure-consents"), in), s.owner.org
	},
	"POST " + consentToPath + "/sign": func(s *scene) (answer, tenancy.OrgID) {
		path, form := s.askedConsent(), s.owner.published("form.txt", lorem).ID
		s.mark(s.owner.org)
		return s.owner.call(post, path+"/sign", map[string]any{"name": planted, "approve": true, "evidence_file_id": form, "signed_at": "2026-01-01T00:00:00Z"}), s.owner.org
	},
	"POST " + consentToPath + "/revoke": func(s *scene) (answer, tenancy.OrgID) {
		path := s.askedConsent()
		s.mark(s.owner.org)
		return s.owner.call(post, path+"/revoke", nil), s.owner.org
	},
	"POST " + breakGlassPath + "/:grant/review": func(s *scene) (answer, tenancy.OrgID) {
		grant := s.broken()
		s.mark(s.owner.org)
		return s.owner.call(post, breakGlassPath+"/"+grant.String()+"/review", map[string]any{"decision": "not_justified", "note": planted}), s.owner.org
	},
	"PUT " + directoryPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(put, s.school("/directory-policy"), newDirectory), s.owner.org
	},
	"PUT " + optOutPath: func(s *scene) (answer, tenancy.OrgID) {
		pupil := s.person(s.owner.org, tenancy.Student)
		s.mark(s.owner.org)
		return s.owner.call(put, s.school("/directory-opt-outs/"+pupil.id.String()), map[string]any{"opted_out": true}), s.owner.org
	},
	"POST " + dutiesPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/compliance-duties"), newDuty(s.owner.id)), s.owner.org
	},
	"PUT " + incidentClocksPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(put, s.school("/incident-clocks"), map[string]any{"own_hours": 48}), s.owner.org
	},
	"POST " + incidentsPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/incidents"), newIncident), s.owner.org
	},
	"POST " + incidentPath + "/confirm": func(s *scene) (answer, tenancy.OrgID) {
		at := s.incident()
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/confirm", map[string]any{"confirmed_at": "2026-11-02T00:00:00Z"}), s.owner.org
	},
	"POST " + incidentPath + "/clocks/:clock/told": func(s *scene) (answer, tenancy.OrgID) {
		at := s.incident()
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/clocks/own/told", map[string]any{"note": planted}), s.owner.org
	},
	"POST " + incidentPath + "/close": func(s *scene) (answer, tenancy.OrgID) {
		at := s.incident()
		s.owner.call(post, at+"/clocks/own/told", map[string]any{"note": planted}).is(200)
		s.mark(s.owner.org)
		return s.owner.call(post, at+"/close", map[string]any{"closing": planted}), s.owner.org
	},
	"POST " + dispositionsPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/dispositions"), newDisposition), s.owner.org
	},
	"POST " + dispositionsPath + "/:disposition/end": func(s *scene) (answer, tenancy.OrgID) {
		made := s.owner.made(s.school("/dispositions"), newDisposition)
		s.mark(s.owner.org)
		return s.owner.call(post, s.school("/dispositions/"+made+"/end"), map[string]any{"state": "withdrawn", "outcome": planted}), s.owner.org
	},
	"POST " + holdsPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/holds"), newHold), s.owner.org
	},
	"POST " + holdPath + "/release": func(s *scene) (answer, tenancy.OrgID) {
		at := s.hold("/release")
		s.mark(s.owner.org)
		return s.owner.call(post, at, map[string]any{"reason": planted}), s.owner.org
	},
	"POST " + holdPath + "/release/approve": func(s *scene) (answer, tenancy.OrgID) {
		at := s.hold("/release")
		s.owner.call(post, at, map[string]any{"reason": planted}).is(200)
		s.mark(s.owner.org)
		return s.colleague().call(post, at+"/approve", nil), s.owner.org
	},
	"POST " + webhooksPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.school("/webhooks"), newWebhook), s.owner.org
	},
	"PATCH " + webhookPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(patch, s.webhook(""), map[string]any{"state": "disabled"}), s.owner.org
	},
	"DELETE " + webhookPath: func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(remove, s.webhook(""), nil), s.owner.org
	},
	"POST " + webhookPath + "/rotate": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.webhook("/rotate"), map[string]any{"overlap": 60}), s.owner.org
	},
	"POST " + webhookPath + "/test": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.webhook("/test"), nil), s.owner.org
	},
	"POST " + webhookPath + "/replay": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, s.webhook("/replay"), map[string]any{"since": time.Now().Add(-time.Hour)}), s.owner.org
	},
	"POST " + webhookPath + "/deliveries/:delivery/replay": func(s *scene) (answer, tenancy.OrgID) {
		at := s.webhook("")
		return s.owner.call(post, at+"/deliveries/"+s.failedDelivery(at)+"/replay", nil), s.owner.org
	},
	"GET " + organizationPath + "/audit": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(get, "/api/v1/organizations/"+s.owner.org.String()+"/audit", nil), s.owner.org
	},
	"POST " + organizationPath + "/audit/verify": func(s *scene) (answer, tenancy.OrgID) {
		return s.owner.call(post, "/api/v1/organizations/"+s.owner.org.String()+"/audit/verify", nil), s.owner.org
	},
	"GET " + organizationPath + "/audit/export": func(s *scene) (answer, tenancy.OrgID) {
		s.payFor("professional")
		return s.owner.call(get, "/api/v1/organizations/"+s.owner.org.String()+"/audit/export", nil), s.owner.org
	},
}
