package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/api/consentpage"
	"satchel/api/public"
	"satchel/api/request"
	"satchel/api/storage"
	"satchel/tenancy"
)

// again sends one request as often as it is called.
type again func(header ...string) answer

// sends prepare a request to each route that makes something. A new one without
// a line here fails the test.
var sends = map[string]func(*scene) again{
	"POST " + storagePath + "/upload": func(s *scene) again {
		return func(header ...string) answer {
			body, contentType := form("new.txt", []byte(lorem), map[string]string{"category": planted}, nil)
			return s.owner.call(post, storagePath+"/upload", body, append(header, "Content-Type", contentType)...)
		}
	},
	"POST " + tusPath: func(s *scene) again {
		return func(header ...string) answer {
			return s.owner.call(post, tusPath, nil, append(header, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=")...)
		}
	},
	"POST " + filePath + "/versions/:n/restore": func(s *scene) again {
		return s.posts(s.owner, at(s.file, "/versions/1/restore"), nil)
	},
	"POST " + storagePath + "/files/bulk": func(s *scene) again {
		return s.posts(s.owner, storagePath+"/files/bulk", map[string]any{"action": "tag", "ids": []uuid.UUID{s.file, tenancy.NewID()}, "add_tags": []string{"algebra"}})
	},
	"POST " + adminPath + "/storage/scan": func(s *scene) again {
		return s.posts(s.operator, adminPath+"/storage/scan", map[string]any{"organization_id": s.owner.org})
	},
	"POST " + adminPath + "/reconcile": func(s *scene) again {
		return s.posts(s.operator, adminPath+"/reconcile", map[string]any{"repair": true})
	},
	"POST /api/v1/organizations": func(s *scene) again {
		return s.posts(s.operator, organizationsPath+"?wait=20", map[string]any{"slug": "north", "name": "North"})
	},
	"POST " + organizationPath + "/suspend": func(s *scene) again {
		return s.posts(s.operator, s.school("/suspend"), map[string]any{"reason": planted})
	},
	"POST " + organizationPath + "/resume": func(s *scene) again {
		s.operator.call(post, s.school("/suspend"), map[string]any{"reason": planted}).is(202)
		return s.posts(s.operator, s.school("/resume"), nil)
	},
	"POST " + organizationPath + "/export": func(s *scene) again {
		return s.posts(s.operator, s.school("/export"), nil)
	},
	"POST " + organizationPath + "/audit/verify": func(s *scene) again {
		return s.posts(s.owner, s.school("/audit/verify"), nil)
	},
	"POST " + organizationPath + "/members": func(s *scene) again {
		return s.posts(s.owner, s.school("/members"), map[string]any{"issuer": s.issuer.URL, "subject": planted, "role": tenancy.Student})
	},
	"POST " + organizationPath + "/invitations": func(s *scene) again {
		return s.posts(s.owner, s.school("/invitations"), map[string]any{"email": "plum@school.test", "role": tenancy.Teacher})
	},
	"POST /api/v1/invitations/accept": func(s *scene) again {
		_, token := s.invited()
		return s.posts(&person{b: s.testBundle, token: s.issuer.Token(uuid.NewString())}, "/api/v1/invitations/accept", map[string]any{"token": token})
	},
	"POST " + organizationPath + "/guardians": func(s *scene) again {
		parent, student := s.person(s.owner.org, tenancy.Parent), s.person(s.owner.org, tenancy.Student)
		return s.posts(s.owner, s.school("/guardians"), map[string]any{"parent_id": parent.id, "student_id": student.id})
	},
	"POST " + organizationPath + "/people": func(s *scene) again {
		return s.posts(s.owner, s.school("/people"), map[string]any{"kind": "student", "display_name": planted})
	},
	"POST " + storagePath + "/share": func(s *scene) again { // a link is shown once: TestShareByLink
		with := []map[string]any{{"user_id": s.person(s.owner.org, tenancy.Teacher).id}}
		return s.posts(s.owner, storagePath+"/share", map[string]any{"kind": "members", "file_id": s.file, "label": planted, "with": with})
	},
	"POST " + spacesPath: func(s *scene) again {
		return s.posts(s.owner, spacesPath, map[string]any{"kind": "group", "name": planted})
	},
	"POST " + spacePath + "/grants": func(s *scene) again {
		return s.posts(s.owner, s.spaceAt("/grants"), map[string]any{"user_id": s.person(s.owner.org, tenancy.Teacher).id, "level": 2, "reason": planted})
	},
	"POST " + breakGlassPath: func(s *scene) again {
		return s.posts(s.owner, breakGlassPath, map[string]any{"user_id": s.person(s.owner.org, tenancy.Student).id, "reason": planted})
	},
	"POST " + spacePath + "/folders": func(s *scene) again {
		return s.posts(s.owner, s.spaceAt("/folders"), map[string]any{"name": planted, "instructions": planted})
	},
	"POST " + classesPath: func(s *scene) again {
		return s.posts(s.owner, classesPath, map[string]any{"title": planted, "code": planted})
	},
	"POST " + rosterPath + "/sources": func(s *scene) again {
		return s.posts(s.owner, s.school("/roster/sources"), map[string]any{"name": planted})
	},
	"POST " + rosterPath + "/imports": func(s *scene) again {
		source, content := s.owner.source("SIS"), district(0)
		return func(header ...string) answer { return s.owner.roster(source, content, "", header...) }
	},
	"POST " + generationsPath: func(s *scene) again {
		s.owner.mayGenerate(s.file)
		return s.posts(s.owner, generationsPath, newQuiz(s.file))
	},
	"POST " + reportsPath: func(s *scene) again {
		return s.posts(s.owner, reportsPath, newReport)
	},
	"POST " + reportTimesPath: func(s *scene) again {
		return s.posts(s.owner, reportTimesPath, newReportTime)
	},
	"POST " + organizationPath + "/keys": func(s *scene) again {
		s.payFor("professional")
		return s.posts(s.owner, s.school("/keys"), newKey)
	},
	"POST " + robloxPath: func(s *scene) again { return s.posts(s.owner, robloxPath, newConnection) },
	"POST " + robloxOnePath + "/places/:place": func(s *scene) again {
		at, place := s.robloxAt("/places/7"), s.place(s.owner)
		return s.posts(s.owner, at, map[string]any{"file_id": place})
	},
	"POST " + agreementsPath: func(s *scene) again { return s.posts(s.owner, s.school("/agreements"), newAgreement) },
	"POST " + noticesPath:    func(s *scene) again { return s.posts(s.owner, s.school("/consent/notices"), newNotice(false)) },
	"POST " + organizationPath + "/people/:user/consent-requests": func(s *scene) again {
		pupil := s.person(s.owner.org, tenancy.Student)
		s.owner.made(s.school("/consent/notices"), newNotice(false))
		return s.posts(s.owner, s.school("/people/"+pupil.id.String()+"/consent-requests"), newAsking("guardian@home.example"))
	},
	"POST " + subprocessorsPath: func(s *scene) again {
		return s.posts(s.owner, s.school("/subprocessors"), newSubprocessor(s.file))
	},
	"POST " + decisionsPath: func(s *scene) again {
		pupil := s.person(s.owner.org, tenancy.Student)
		return s.posts(s.owner, s.school("/people/"+pupil.id.String()+"/consents"), newDecision("grant", s.file))
	},
	"POST " + retentionPath: func(s *scene) again { return s.posts(s.owner, s.school("/retention-policies"), newRetention("")) },
	"POST " + accessRequestsPath: func(s *scene) again {
		return s.posts(s.person(s.owner.org, tenancy.Student), s.school("/access-requests"), map[string]any{"note": planted})
	},
	"POST " + accessRequestPath + "/release": func(s *scene) again { return s.posts(s.owner, s.verified().at+"/release", nil) },
	"POST " + erasuresPath:                   func(s *scene) again { return s.posts(s.owner, erasuresPath, s.newErasure()) },
	"POST " + erasureAsksPath: func(s *scene) again {
		guardian, pupil := s.child(tenancy.Parent)
		return s.posts(guardian, s.school("/erasure-requests"), map[string]any{"student_id": pupil.id})
	},
	"POST " + consentsToPath:   func(s *scene) again { return s.posts(s.owner, s.school("/disclosure-consents"), s.consentTo()) },
	"POST " + amendmentsPath:   func(s *scene) again { return s.posts(s.owner, s.school("/amendments"), s.contested()) },
	"POST " + dutiesPath:       func(s *scene) again { return s.posts(s.owner, s.school("/compliance-duties"), newDuty(s.owner.id)) },
	"POST " + incidentsPath:    func(s *scene) again { return s.posts(s.owner, s.school("/incidents"), newIncident) },
	"POST " + dispositionsPath: func(s *scene) again { return s.posts(s.owner, s.school("/dispositions"), newDisposition) },
	"POST " + holdsPath:        func(s *scene) again { return s.posts(s.owner, s.school("/holds"), newHold) },
	"POST " + webhooksPath:     func(s *scene) again { return s.posts(s.owner, s.school("/webhooks"), newWebhook) },
	"POST " + webhookPath + "/rotate": func(s *scene) again {
		return s.posts(s.owner, s.webhook("/rotate"), map[string]any{"overlap": 60})
	},
	"POST " + webhookPath + "/test": func(s *scene) again { return s.posts(s.owner, s.webhook("/test"), map[string]any{}) },
	"POST " + organizationPath + "/keys/:key/rotate": func(s *scene) again {
		return s.posts(s.owner, s.school("/keys/"+s.key()+"/rotate"), map[string]any{"overlap": 60})
	},
}

func (s *scene) posts(p *person, path string, in any) again {
	return func(header ...string) answer { return p.call(post, path, in, header...) }
}

// exempt are the other POSTs, each with the reason why it needs no key.
var exempt = map[string]string{
	"POST " + reviewsPath + "/:file/decide":                         "what is decided is decided",
	"POST " + accessRequestPath + "/verify":                         "what is verified is not verified again",
	"POST " + erasureAskPath + "/decide":                            "what is decided is decided",
	"POST " + erasureAskPath + "/withdraw":                          "what is over is over",
	"POST " + breakGlassPath + "/:grant/review":                     "what is reviewed is reviewed",
	"POST " + consentToPath + "/sign":                               "what is signed is not signed again",
	"POST " + consentToPath + "/revoke":                             "what is revoked is revoked",
	"POST " + amendmentPath + "/steps":                              "a step that was taken is not taken again",
	"POST " + accessRequestPath + "/end":                            "what is over is over",
	"POST " + holdPath + "/release":                                 "what is asked for is asked for",
	"POST " + holdPath + "/release/approve":                         "what is released is released",
	"POST " + jobPath + "/cancel":                                   "the same again changes nothing, and answers the same",
	"POST " + jobPath + "/retry":                                    "a job that waits is not run again",
	"POST " + adminPath + "/jobs/bulk":                              "does again what is left to do",
	"POST " + adminPath + "/purges/replay":                          "what is told again already is not given up any more",
	"POST " + adminPath + "/temporal/decode":                        "makes nothing: what is stored, opened",
	"POST " + adminPath + "/schedules/:schedule/run":                "while a run is on its way there is no other",
	"POST " + robloxOnePath + "/sync":                               "while a sync runs, that is the answer",
	"POST " + robloxOnePath + "/assets/:asset/resolve":              "what is decided is decided",
	"POST " + robloxNotifyPath:                                      "Roblox names each notification, and one that comes again does nothing",
	"POST " + generationPath + "/approve":                           "what is approved is approved, and a second try answers the same",
	"POST " + generationPath + "/reject":                            "what is rejected is rejected, once or twice",
	"POST " + generationPath + "/cancel":                            "what is called off is called off, once or twice",
	"POST " + filePath + "/link":                                    "makes nothing: an address of what is there",
	"POST " + storagePath + "/links":                                "makes nothing: addresses of what is there",
	"POST " + storagePath + "/zip":                                  "a list of a day; a second one changes nothing",
	"POST " + public.PagePath + "/all":                              "a zip that is there is given again, and a download that is not begun counts nothing",
	"POST " + organizationPath + "/login-requests/:request/link":    "the same again changes nothing, and answers the same",
	"POST " + organizationPath + "/login-requests/:request/dismiss": "the same again changes nothing, and answers the same",
	"POST " + organizationPath + "/people/:user/merge":              "two are made one, once: then there is no such person",
	"POST " + organizationPath + "/login-rules/:rule/confirm":       "the same again changes nothing, and answers the same",
	"POST " + rosterImportPath + "/approve":                         "the same decision again changes nothing, and answers the same",
	"POST " + rosterImportPath + "/adds-only":                       "the same decision again changes nothing, and answers the same",
	"POST " + rosterImportPath + "/discard":                         "the same decision again changes nothing, and answers the same",
	"POST " + rosterImportPath + "/undo":                            "the import is undone, once or twice, by one operation",
	"POST " + webhookPath + "/replay":                               "what is tried again already is not tried twice",
	"POST " + webhookPath + "/deliveries/:delivery/replay":          "what is tried again already is not tried twice",
	"POST " + incidentPath + "/confirm":                             "what is confirmed is confirmed, and a second try says so",
	"POST " + incidentPath + "/clocks/:clock/told":                  "who was told was told, and a second try says so",
	"POST " + incidentPath + "/close":                               "what is closed is closed, and a second try says so",
	"POST " + dispositionsPath + "/:disposition/end":                "a directive ends once, and a second try says so",
	"POST " + filePath + "/rescan-pii":                              "it is inspected again, once or twice",
	"POST " + filePath + "/release":                                 "what is decided is decided",
	"POST " + filePath + "/reject":                                  "what is decided is decided",
	"POST " + filePath + "/restore":                                 "the file is out of the trash, once or twice",
	"POST " + organizationPath + "/keep":                            "the organization is kept, once or twice",
	"POST " + organizationPath + "/leave":                           "who has left has left",
	"POST " + organizationPath + "/invitations/:invitation/resend":  "it asks for a mail once more, and the pause between two is bounded",
	"POST " + sharePath + "/recipients/:recipient/resend":           "it asks for a mail once more, and the pause between two is bounded",
	"POST /api/v1/invitations/look":                                 "it reads",
	"POST /api/v1/invitations/decline":                              "the invitation has ended, once or twice",
	"POST " + breakGlassPath + "/:grant/approve":                    "access is approved by a second person, once or twice",
	"POST " + folderPath + "/hand-in":                               "what is handed in is handed in, and more files go with what is there",
	"POST " + folderPath + "/hand-ins/:student/return":              "a returned work is not returned again",
	"POST " + notificationsPath + "/:id/read":                       "it is read, once or twice",
	"POST " + notificationsPath + "/read-all":                       "what is read is read, once or twice",
	"POST " + myMailPath:                                            "it asks for a mail once more, and the codes of an hour are bounded",
	"POST " + myMailPath + "/confirm":                               "a code is good once, and a second try says so",
	"POST " + unsubscribePath:                                       "the mails have stopped, once or twice",
	"POST " + consentpage.Path + "/answer":                          "a link is good once, and a second try says so",
	"POST " + consentpage.Path + "/withdraw":                        "a consent is withdrawn once, and a second try says so",
	"POST " + askedPath + "/resend":                                 "it asks for a mail once more, and the mails of a day are bounded",
	"POST " + askedPath + "/cancel":                                 "it is taken back, once or twice",
	"POST " + public.PagePath + "/password":                         "it proves a password, and makes nothing",
	"POST " + public.PagePath + "/code":                             "a code is good once, and a second try says so",
	"POST " + public.PagePath + "/code/send":                        "it asks for a mail once more, and the pause between two is bounded",
	"POST " + public.PagePath + "/download":                         "a download that is not begun counts nothing",
	"POST " + public.PagePath + "/files":                            "a form of a browser has no key: each sending drops its files",
	"POST " + publicPath + "/password":                              "it proves a password, and makes nothing",
	"POST " + publicPath + "/code":                                  "a code is good once, and a second try says so",
	"POST " + publicPath + "/code/send":                             "it asks for a mail once more, and the pause between two is bounded",
	"POST " + publicPath + "/download":                              "a download that is not begun counts nothing",
	"POST " + publicPath + "/files":                                 "drops of the same bytes are two files; an upload that breaks is resumed by tus",
	"POST " + publicTus:                                             "an upload that is not finished expires; tus resumes by its address",
}

// shownOnce are made once all the same, and cannot be shown again: the code says so.
var shownOnce = map[string]string{
	"POST " + organizationPath + "/keys": "key_exists", "POST " + organizationPath + "/keys/:key/rotate": "key_exists",
	"POST " + robloxPath:   "roblox_connection_made",
	"POST " + webhooksPath: "webhook_secret_exists", "POST " + webhookPath + "/rotate": "webhook_secret_exists",
}

// TestWhatIsSentAgainMakesNothingAgain reads the router: every POST is here or
// has its reason.
func TestWhatIsSentAgainMakesNothingAgain(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, r := range (&API{}).Routes() {
		key := r.Method + " " + r.Path
		if r.Method != post {
			continue
		}
		known[key] = true
		if r.Idempotency.Replay == nil {
			require.NotEmpty(t, exempt[key], "%s: say in its Route how it is answered again, or in exempt why it need not be", key)
			continue
		}
		prepare, ok := sends[key]
		require.True(t, ok, "%s: say in sends how it is sent", key)
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			s := setup(t).scene()
			s.marks = map[tenancy.OrgID]int64{}
			send := prepare(s)
			first := send("Idempotency-Key", "one")
			require.Less(t, first.status, 300, "%s", first.body)
			made := s.rows()
			require.Equal(t, 1, made["idempotency_keys"])
			for _, text := range []string{planted, "plum", "north", "stl_"} {
				require.NotContains(t, holding(t, s.db.Admin(t), text), "idempotency_keys")
			}
			s.sameAgain(t, key, first, send, made)
			s.interrupt() // after the row, before the answer
			s.sameAgain(t, key, first, send, made)
			s.sameAgain(t, key, first, send, made)
		})
	}
	for key := range exempt {
		require.True(t, known[key], "%s is no route", key)
	}
}

func (s *scene) sameAgain(t *testing.T, key string, first answer, send again, made map[string]int) {
	t.Helper()
	second := send("Idempotency-Key", `"one"`)
	now := s.rows()
	if code := shownOnce[key]; code != "" {
		second.refused(http.StatusConflict, code)
		delete(now, "audit_events") // the refusal is on record
		for table, n := range now {
			require.Equal(t, made[table], n, table)
		}
		return
	}
	require.Equal(t, made, now)
	if key != "POST "+organizationPath+"/guardians" { // 201 if it is new, and who is interrupted finds it there
		require.Equal(t, first.status, second.status, "%s", second.body)
	}
	require.Less(t, second.status, 300, "%s", second.body)
	require.JSONEq(t, orEmpty(first.body), orEmpty(second.body))
	require.Equal(t, first.header.Get("Location"), second.header.Get("Location"))
	require.Equal(t, first.header.Get("X-File-ID"), second.header.Get("X-File-ID"))
}

func orEmpty(b []byte) string {
	if len(b) == 0 {
		return "{}"
	}
	return string(b)
}

// interrupt makes every request one whose server died before it answered.
func (s *scene) interrupt() {
	s.t.Helper()
	_, err := s.db.Admin(s.t.(*testing.T)).Exec(context.Background(), "update idempotency_keys set status = null, busy_until = now()")
	require.NoError(s.t, err)
}

// rows counts every table.
func (s *scene) rows() map[string]int {
	s.t.Helper()
	ctx, conn := context.Background(), s.db.Admin(s.t.(*testing.T))
	rows, err := conn.Query(ctx, "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')")
	require.NoError(s.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	counted := map[string]int{}
	for _, table := range tables {
		var n int
		require.NoError(s.t, conn.QueryRow(ctx, "select count(*) from "+pgx.Identifier{table}.Sanitize()).Scan(&n))
		counted[table] = n
	}
	return counted
}

func TestAKeyNamesOneRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, other := b.person(org, tenancy.Owner), b.person(org, tenancy.Owner)
	invite := func(p *person, email string, header ...string) answer {
		return p.call(post, p.orgPath("/invitations"), map[string]any{"email": email, "role": tenancy.Teacher}, header...)
	}
	first := invite(owner, "a@school.example", "Idempotency-Key", "one").is(201)
	invite(owner, "b@school.example", "Idempotency-Key", "one").refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	owner.call(post, owner.orgPath("/guardians"), map[string]any{}, "Idempotency-Key", "one").refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	invite(other, "b@school.example", "Idempotency-Key", "one").is(201)
	for _, key := range []string{" ", `"`, "a b", "a, b", strings.Repeat("k", 256)} {
		invite(owner, "c@school.example", "Idempotency-Key", key).refused(http.StatusBadRequest, "invalid_idempotency_key")
	}
	// What was refused made nothing, and may be fixed under its key.
	invite(owner, "no address", "Idempotency-Key", "two").refused(http.StatusBadRequest, "invalid_email")
	invite(owner, "d@school.example", "Idempotency-Key", "two").is(201)
	// What was made and is gone is not made again.
	id := read[struct{ ID string }](first).ID
	_, err := b.db.Single(org).Exec(t.Context(), "delete from invitations where id = $1", id)
	require.NoError(t, err)
	invite(owner, "a@school.example", "Idempotency-Key", "one").refused(http.StatusConflict, "idempotency_key_spent")
	// Elsewhere the header says nothing.
	owner.call(get, storagePath+"/files", nil, "Idempotency-Key", "one").is(200)
}

func TestTheSameUploadAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	answers := make([]answer, 12)
	var all sync.WaitGroup
	for n := range answers {
		all.Go(func() {
			body, contentType := form("a.txt", []byte(lorem), nil, nil)
			answers[n] = owner.call(post, storagePath+"/upload", body, "Content-Type", contentType, "Idempotency-Key", "one")
		})
	}
	all.Wait()
	took := 0
	for _, a := range answers {
		if a.status == http.StatusConflict {
			a.refused(http.StatusConflict, "idempotency_key_in_use")
			require.NotEmpty(t, a.header.Get("Retry-After"))
			continue
		}
		a.is(http.StatusAccepted)
		took++
	}
	require.Positive(t, took)
	require.Len(t, read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files", nil)).Items, 1)
}

// An upload whose bytes were cut off is sent again under its key, and ends as
// one file; what the first try left is ended.
func TestAnUploadThatWasCutOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	content := bytes.Repeat([]byte(lorem), 1000) // more than one part
	body, contentType := form("a.txt", content, nil, nil)
	whole, err := io.ReadAll(body)
	require.NoError(t, err)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", b.server.Listener.Addr().String())
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "POST %s/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nIdempotency-Key: one\r\n\r\n",
		storagePath, owner.token, contentType, len(whole))
	require.NoError(t, err)
	_, err = conn.Write(whole[:len(whole)-100])
	require.NoError(t, err)
	require.Eventually(t, func() bool { // it is on its way
		return owner.count("file_versions") == 1
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, conn.Close())
	var a answer
	require.Eventually(t, func() bool {
		a = owner.call(post, storagePath+"/upload", bytes.NewReader(whole), "Content-Type", contentType, "Idempotency-Key", "one")
		return a.status != http.StatusConflict
	}, time.Minute, 10*time.Millisecond)
	v := read[storage.FileView](a.is(http.StatusAccepted))
	require.EqualValues(t, len(content), v.Size)
	received, failed := owner.count("file_versions where status = 'processing'"), owner.count("file_versions where status = 'failed'")
	require.Equal(t, 1, received)
	require.Equal(t, 1, failed)
	listed := read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files", nil)).Items
	require.Len(t, listed, 1, "what the first try left is not beside the file")
	require.Equal(t, v.ID, listed[0].ID)
	again := owner.call(post, storagePath+"/upload", bytes.NewReader(whole), "Content-Type", contentType, "Idempotency-Key", "one")
	require.Equal(t, v.ID, read[storage.FileView](again.is(http.StatusAccepted)).ID)
}

func (p *person) count(what string) (n int) {
	p.b.t.Helper()
	require.NoError(p.b.t, p.b.db.Single(p.org).QueryRow(context.Background(), "select count(*) from "+what).Scan(&n))
	return n
}

// A failure behind the answer neither ends the process nor makes a second file
// when the request is repeated.
func TestAFailureAfterTheRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	send := func() answer {
		body, contentType := form("a.txt", []byte(lorem), nil, nil)
		return owner.call(post, storagePath+"/upload", body, "Content-Type", contentType, "Idempotency-Key", "one")
	}
	b.workflows.onStart = func(started) { panic("a bug") }
	send().is(http.StatusAccepted)
	b.uploads.Wait(context.Background())
	b.workflows.onStart = nil
	send().is(http.StatusAccepted)
	require.Equal(t, 1, owner.count("files"))
}
