package api

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/consentpage"
	"satchel/api/problem"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
)

func noticeText() map[string]any {
	return map[string]any{
		"summary": "The school asks whether it may keep files of your child.", "collected": "Files that your child adds, and the name.", "used": "School work.", "disclosed": "To the teachers of the child.",
		"third_parties": []any{map[string]any{"name": "A maker of games", "purpose": "Places of classes"}}, "consent_required": "Nothing is collected without your consent.",
		"online_notice": "https://school.example/privacy", "means": "By the two questions below.", "contact_deleted": "Your address is deleted after two weeks without an answer.",
		"rights": "You may see the files, have them deleted, and refuse further use.",
	}
}

func newNotice(material bool) map[string]any { return noticeOf(noticeText(), material) }

func noticeOf(text map[string]any, material bool) map[string]any {
	return map[string]any{"language": "en", "notice": text, "material": material}
}

func newAsking(email string) map[string]any {
	return map[string]any{"email": email, "language": "en"}
}

// asked is a request of the scene.
func (s *scene) asked() string {
	pupil := s.person(s.owner.org, tenancy.Student)
	s.owner.made(s.school("/consent/notices"), newNotice(false))
	return s.owner.made(s.school("/people/"+pupil.id.String()+"/consent-requests"), newAsking(uuid.NewString()+"@home.example"))
}

// family is a child with files that wait, and the staff who ask the parents.
type family struct {
	*testBundle
	owner, pupil *person
	org          tenancy.OrgID
	work         uuid.UUID
}

func newFamily(t *testing.T) family {
	t.Helper()
	b := setup(t)
	org := b.organization()
	f := family{testBundle: b, org: org, owner: b.person(org, tenancy.Owner), pupil: b.person(org, tenancy.Student)}
	f.work = f.pupil.published("work.txt", lorem).ID
	f.owner.endAgreements()
	f.owner.made(f.owner.orgPath("/consent/notices"), newNotice(false))
	f.hidden()
	return f
}

func (f family) contacts() requests.Contacts { return requests.Contacts{Box: f.api.Secrets} }

func (f family) hidden() {
	f.t.Helper()
	f.pupil.call(get, at(f.work, "/content"), nil).refused(http.StatusConflict, "not_published")
}

func (f family) ask(email string) uuid.UUID {
	f.t.Helper()
	return uuid.MustParse(f.owner.made(f.owner.orgPath("/people/"+f.pupil.id.String()+"/consent-requests"), newAsking(email)))
}

// mail sends a mail as the worker does, and gives the token in it.
func (f family) mail(request uuid.UUID, kind string, now time.Time) (token string) {
	f.t.Helper()
	require.NoError(f.t, f.db.InTx(f.t.Context(), f.org, func(tx *tenancy.Tx) error {
		l, due, err := requests.Write(f.t.Context(), tx, f.contacts(), request, kind, now)
		if err != nil {
			return err
		}
		require.True(f.t, due, kind)
		token = l.Token
		_, err = requests.Record(f.t.Context(), tx, request, requests.Sent{Mail: kind, ID: l.ID, Taken: true}, now)
		return err
	}))
	return token
}

func (f family) state(request uuid.UUID) string {
	f.t.Helper()
	return read[struct{ State string }](f.owner.call(get, f.owner.orgPath("/consent-requests/"+request.String()), nil).is(http.StatusOK)).State
}

// rows is everything that a link could change.
func (f family) rows() (all string) {
	f.t.Helper()
	require.NoError(f.t, f.db.Admin(f.t).QueryRow(f.t.Context(), `select coalesce((select string_agg(r::text, ';' order by r.id) from consent_requests r where r.organization_id = $1), '')
		|| coalesce((select string_agg(t::text, ';' order by t.id) from consent_tokens t where t.organization_id = $1), '')
		|| coalesce((select string_agg(d::text, ';' order by d.seq) from consent_decisions d where d.organization_id = $1), '')`, f.org).Scan(&all))
	return all
}

func (f family) page(token string) answer {
	return f.call("", get, "/consent/"+token, nil)
}

func (f family) post(token, what string, fields url.Values) answer {
	if fields == nil {
		fields = url.Values{}
	}
	if !fields.Has("key") {
		fields.Set("key", consentpage.Key(token))
	}
	return f.call("", post, "/consent/"+token+"/"+what, strings.NewReader(fields.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

func answers(use, disclose string) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"use": use, "disclose": disclose} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

var linkOf = regexp.MustCompile(`(?:href|action)="(/[^"]+)"`)

// prefetch follows what a mail program may: the page, every address on it, by GET and HEAD.
func (f family) prefetch(token string) {
	f.t.Helper()
	before := f.rows()
	page := f.page(token)
	f.call("", head, "/consent/"+token, nil)
	for _, m := range linkOf.FindAllStringSubmatch(string(page.body), -1) {
		f.call("", get, m[1], nil)
		f.call("", head, m[1], nil)
	}
	require.Equal(f.t, before, f.rows(), "GET changes nothing")
}

// TestAParentAgreesByMail: a link that programs follow changes nothing, nothing is preset, a
// link is used once, the consent counts after the second mail, and is withdrawn by one click.
func TestAParentAgreesByMail(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	request := f.ask("guardian@home.example")
	require.Equal(t, requests.NoticePending, f.state(request))
	require.NotContains(t, f.rows(), "guardian@home.example", "the address is sealed")
	token := f.mail(request, requests.NoticeMail, time.Now())
	require.NotContains(t, f.rows(), token, "only the hash is kept")
	require.Equal(t, requests.Requested, f.state(request))
	f.prefetch(token)
	page := f.page(token).is(http.StatusOK)
	require.NotContains(t, string(page.body), "checked")
	require.NotContains(t, string(page.body), "<script")
	require.Equal(t, 2, strings.Count(string(page.body), "<fieldset>"))
	require.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")
	f.call("", get, "/consent/"+token+"?lang=de", nil).is(http.StatusOK).holds("Ich willige nicht ein")

	before := f.rows()
	f.post(token, "answer", answers("yes", "")).is(http.StatusBadRequest).holds("please answer each question")
	f.post(token, "answer", answers("", "no")).is(http.StatusBadRequest)
	f.post(token, "answer", url.Values{"use": {"yes"}, "disclose": {"no"}, "key": {"of another site"}})
	f.post(token, "withdraw", nil)
	require.Equal(t, before, f.rows())

	agreed := f.post(token, "answer", answers("yes", "no")).is(http.StatusOK)
	require.Equal(t, requests.Provisional, f.state(request))
	f.hidden()
	before = f.rows()
	f.post(token, "answer", answers("no", "no")).holds("you agree")
	f.page(token).is(http.StatusOK)
	require.Equal(t, before, f.rows(), "a link is used once")

	second := f.mail(request, requests.ConfirmMail, time.Now().Add(25*time.Hour))
	require.Equal(t, requests.Granted, f.state(request))
	f.pupil.call(get, at(f.work, "/content"), nil).is(http.StatusOK)
	f.prefetch(second)
	f.page(second).is(http.StatusOK).holds("Withdraw the consent")
	f.post(second, "withdraw", nil).is(http.StatusOK).holds("The consent is withdrawn")
	require.Equal(t, requests.Revoked, f.state(request))
	f.hidden()
	require.Contains(t, string(agreed.body), "/withdraw", "the page of the answer has the way back")
	f.page(second).is(http.StatusOK)
	f.page("nonsense").is(http.StatusNotFound)
	shown := f.owner.call(get, f.owner.orgPath("/consent-requests/"+request.String()), nil).is(http.StatusOK)
	shown.holds(`"has_address":false`)
	require.Zero(t, f.count("consent_requests where contact_sealed is not null"))
}

func (f family) count(what string) (n int) {
	f.t.Helper()
	require.NoError(f.t, f.db.Single(f.org).QueryRow(f.t.Context(), "select count(*) from "+what).Scan(&n))
	return n
}

// TestTheStricterOfTwoParentsWins by mail too, and who agreed is told.
func TestTheStricterOfTwoParentsWins(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	one, other := f.ask("one@home.example"), f.ask("other@home.example")
	f.post(f.mail(one, requests.NoticeMail, time.Now()), "answer", answers("yes", "no")).is(http.StatusOK)
	f.mail(one, requests.ConfirmMail, time.Now().Add(25*time.Hour))
	f.pupil.call(get, at(f.work, "/content"), nil).is(http.StatusOK)
	f.post(f.mail(other, requests.NoticeMail, time.Now()), "answer", answers("no", "no")).is(http.StatusOK).holds("The stricter answer counts")
	require.Equal(t, requests.Denied, f.state(other))
	f.hidden()
	require.Equal(t, 1, f.count("consent_requests where overruled and due_at <= now()"), "who agreed is told")
	f.mail(one, requests.OverruledMail, time.Now())
	require.Zero(t, f.count("consent_requests where overruled"))
}

// discovers has files of children without a basis taken and held, and gives one of the pupil's.
func (f family) discovers(name string) uuid.UUID {
	f.t.Helper()
	f.owner.call(put, f.owner.orgPath("/consent"), map[string]any{"gate": "discovered", "youngest_grade": nil, "hold_days": 3, "own_webhooks": false, "own_webhooks_reason": ""}).is(http.StatusOK)
	return f.pupil.published(name, lorem).ID
}

// due says whether the sweep of files that are held deletes a file.
func (f family) due(file uuid.UUID) (due bool) {
	f.t.Helper()
	require.NoError(f.t, f.db.Admin(f.t).QueryRow(f.t.Context(), "select exists (select from app.files_held_too_long($1, 1000) h where h.file_id = $2)", uuid.Nil, file).Scan(&due))
	return due
}

// TestARefusalKeepsTheRecordsOfTheSchool: one answer by mail deletes what waited for it, at once.
// What was here by a parent's consent has the days of a hold, and what the school authorized is
// held until a person decides, also when a parent had agreed to it meanwhile.
func TestARefusalKeepsTheRecordsOfTheSchool(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	waits := f.discovers("waits.txt")
	one, other := f.ask("one@home.example"), f.ask("other@home.example")
	f.post(f.mail(one, requests.NoticeMail, time.Now()), "answer", answers("yes", "no")).is(http.StatusOK)
	second := f.mail(one, requests.ConfirmMail, time.Now().Add(25*time.Hour))
	require.Zero(t, f.count("files where held_since is not null"))
	byConsent := f.pupil.published("by consent.txt", lorem).ID
	f.post(second, "withdraw", nil).is(http.StatusOK).holds("the school decides")
	require.Equal(t, 3, f.count("files where held_since is not null"))
	for _, file := range []uuid.UUID{f.work, waits, byConsent} {
		require.False(t, f.due(file), "nothing goes at once that did not wait")
	}
	require.Equal(t, 2, f.count("files where held_until > now() + interval '2 days'"), "what was here by the consent goes after the days of a hold")
	f.owner.made(f.owner.orgPath("/agreements"), newAgreement)
	f.post(f.mail(other, requests.NoticeMail, time.Now()), "answer", answers("no", "no")).is(http.StatusOK).holds("the school decides")
	require.True(t, f.due(waits), "it waits for no consent any more")
	require.True(t, f.due(byConsent))
	require.False(t, f.due(f.work))
	require.Equal(t, 1, f.count("files where held_since is not null and held_until is null"), "the school's own is held until a person decides")
	f.hidden()
}

// TestWhomMayBeAsked: not a student, not who got many mails, not one who is asked already.
func TestWhomMayBeAsked(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	ask := func(email string) answer {
		return f.owner.call(post, f.owner.orgPath("/people/"+f.pupil.id.String()+"/consent-requests"), newAsking(email))
	}
	_, err := f.db.Single(f.org).Exec(t.Context(), "insert into mail_addresses (organization_id, id, user_id, address, verified_at) values (app.org(), $1, $2, 'Pupil@School.example', now())", tenancy.NewID(), f.pupil.id)
	require.NoError(t, err)
	refused := ask("pupil@school.example").refused(http.StatusConflict, "address_of_student")
	require.Equal(t, "16 CFR 312.5(b)(1)", read[problem.Problem](refused).Rule)
	ask("no address").refused(http.StatusBadRequest, "invalid_email")
	made := f.ask("guardian@home.example")
	ask("Guardian@home.example").refused(http.StatusConflict, "consent_request_exists")
	for range 2 {
		f.owner.call(post, f.owner.orgPath("/consent-requests/"+made.String()+"/cancel"), nil).is(http.StatusOK)
		made = f.ask("guardian@home.example")
	}
	f.owner.call(post, f.owner.orgPath("/consent-requests/"+made.String()+"/cancel"), nil).is(http.StatusOK)
	require.Equal(t, requests.Void, f.state(made))
	ask("guardian@home.example").refused(http.StatusTooManyRequests, "consent_mails_limited")
	other := f.person(f.org, tenancy.Teacher)
	f.owner.call(post, f.owner.orgPath("/people/"+other.id.String()+"/consent-requests"), newAsking("a@home.example")).refused(http.StatusNotFound, "person_not_found")
	stranger := f.person(f.organization(), tenancy.Owner)
	stranger.call(get, stranger.orgPath("/consent-requests/"+made.String()), nil).refused(http.StatusNotFound, "consent_request_not_found")
}

// TestANoticeNeedsEveryBlock of 16 CFR 312.4, and is never changed; a material change ends what
// was agreed to before.
func TestANoticeNeedsEveryBlock(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	for field := range noticeText() {
		text := noticeText()
		delete(text, field)
		refused := f.owner.call(post, f.owner.orgPath("/consent/notices"), noticeOf(text, false)).refused(http.StatusBadRequest, "invalid_"+field)
		require.Contains(t, read[problem.Problem](refused).Rule, "16 CFR 312.4", field)
	}
	for _, sql := range []string{"update consent_notices set material = true", "delete from consent_notices"} {
		_, err := f.db.Admin(t).Exec(t.Context(), sql)
		require.ErrorContains(t, err, "never changed")
	}
	request := f.ask("guardian@home.example")
	f.post(f.mail(request, requests.NoticeMail, time.Now()), "answer", answers("yes", "yes")).is(http.StatusOK)
	f.mail(request, requests.ConfirmMail, time.Now().Add(25*time.Hour))
	waits := f.ask("second@home.example")
	old := f.mail(waits, requests.NoticeMail, time.Now())

	changed := noticeText()
	changed["used"] = "School work, and more."
	f.owner.made(f.owner.orgPath("/consent/notices"), noticeOf(changed, true))
	require.Equal(t, requests.ReconsentRequired, f.state(request))
	f.pupil.call(get, at(f.work, "/content"), nil).is(http.StatusOK) // what is here stays under the earlier notice
	body, contentType := form("new.txt", []byte("a"), nil, nil)
	f.pupil.call(post, storagePath+"/upload", body, "Content-Type", contentType).consentRefused("consent_required", noBasis)
	require.Equal(t, requests.NoticePending, f.state(waits), "who has not answered is asked with the new one")
	before := f.rows()
	f.post(old, "answer", answers("yes", "no")).is(http.StatusGone).holds("There is a newer mail")
	require.Equal(t, before, f.rows())
}

// TestAMaterialNoticeEndsSignedFormsToo: also those of guardians without an account.
func TestAMaterialNoticeEndsSignedFormsToo(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	scan := f.owner.published("form.txt", lorem).ID
	f.owner.made(f.owner.orgPath("/people/"+f.pupil.id.String()+"/consents"), newDecision("grant", scan))
	asked := f.ask("guardian@home.example")
	guardian := read[struct {
		ID uuid.UUID `json:"guardian_id"`
	}](f.owner.call(get, f.owner.orgPath("/consent-requests/"+asked.String()), nil).is(http.StatusOK)).ID
	_, err := f.db.Single(f.org).Exec(t.Context(), `insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method, scopes, evidence_file_id, evidence_sha256)
		values (app.org(), $1, $2, $3, 'grant', 'signed_form', '{collect_use}', $4, repeat('a', 64))`, tenancy.NewID(), f.pupil.id, guardian, scan)
	require.NoError(t, err)
	upload := func() answer {
		body, contentType := form(uuid.NewString(), []byte("a"), nil, nil)
		return f.pupil.call(post, storagePath+"/upload", body, "Content-Type", contentType)
	}
	upload().is(http.StatusAccepted)
	changed := noticeText()
	changed["used"] = "School work, and more."
	f.owner.made(f.owner.orgPath("/consent/notices"), noticeOf(changed, true))
	upload().consentRefused("consent_required", noBasis)
	require.Equal(t, 2, f.count("consent_decisions where kind = 'reconsent' and method = 'signed_form'"))
	_, err = f.db.Single(f.org).Exec(t.Context(), "select app.consent_apply_all(app.org())") // as when an agreement ends
	require.NoError(t, err)
	f.pupil.call(get, at(f.work, "/content"), nil).is(http.StatusOK) // what is here stays under the earlier notice
	f.owner.made(f.owner.orgPath("/consent/notices"), noticeOf(changed, true))
	require.Equal(t, 2, f.count("consent_decisions where kind = 'reconsent'"), "an end is written once")
}

// TestTheTimeIsOver: nothing is collected, the address and the links go.
func TestTheTimeIsOver(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	waits := f.discovers("waits.txt")
	request := f.ask("guardian@home.example")
	token := f.mail(request, requests.NoticeMail, time.Now())
	advance := func(days int) (step requests.Step) {
		require.NoError(t, f.db.InTx(t.Context(), f.org, func(tx *tenancy.Tx) (err error) {
			step, err = requests.Advance(t.Context(), tx, request, time.Now().AddDate(0, 0, days))
			return err
		}))
		return step
	}
	require.Empty(t, advance(2).Mail)
	require.Equal(t, requests.ReminderMail, advance(4).Mail)
	f.mail(request, requests.ReminderMail, time.Now().AddDate(0, 0, 4))
	require.Empty(t, advance(5).Mail)
	require.Equal(t, requests.ReminderMail, advance(11).Mail)
	f.mail(request, requests.ReminderMail, time.Now().AddDate(0, 0, 11))
	require.Empty(t, advance(13).Mail, "there is no third one")
	require.Equal(t, "expire", advance(15).Event)
	require.Equal(t, requests.Expired, f.state(request))
	f.page(token).is(http.StatusGone).holds("The time to answer is over")
	before := f.rows()
	f.post(token, "answer", answers("yes", "no")).is(http.StatusGone)
	require.Equal(t, before, f.rows())
	require.True(t, advance(15).Over)
	require.True(t, f.due(waits), "the sweep deletes it")
	require.False(t, f.due(f.work), "what the school had authorized did not wait for this answer")
	require.Zero(t, f.count("consent_requests where contact_sealed is not null"))
}

// TestARefusalStandsUntilTheSameGuardianAgrees: asking again and waiting does not undo it, nor
// does an answer that is not confirmed, whatever the school authorizes.
func TestARefusalStandsUntilTheSameGuardianAgrees(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	f.owner.made(f.owner.orgPath("/agreements"), newAgreement)
	refused := func(when string) {
		t.Helper()
		f.hidden()
		body, contentType := form(uuid.NewString(), []byte("a"), nil, nil)
		f.pupil.call(post, storagePath+"/upload", body, "Content-Type", contentType).consentRefused("consent_required", "16 CFR 312.6(a)(2)")
		require.Equal(t, "16 CFR 312.6(a)(2)", read[struct{ Rule string }](f.owner.call(get, f.owner.orgPath("/people/"+f.pupil.id.String()+"/consent"), nil).is(http.StatusOK)).Rule, when)
	}
	f.post(f.mail(f.ask("guardian@home.example"), requests.NoticeMail, time.Now()), "answer", answers("no", "no")).is(http.StatusOK)
	refused("no")
	again := f.ask("guardian@home.example")
	f.mail(again, requests.NoticeMail, time.Now())
	require.NoError(t, f.db.InTx(t.Context(), f.org, func(tx *tenancy.Tx) error {
		_, err := requests.Advance(t.Context(), tx, again, time.Now().AddDate(0, 0, 15))
		return err
	}))
	require.Equal(t, requests.Expired, f.state(again))
	refused("asked again, and not answered")
	last := f.ask("guardian@home.example")
	f.post(f.mail(last, requests.NoticeMail, time.Now()), "answer", answers("yes", "no")).is(http.StatusOK)
	require.Equal(t, requests.Provisional, f.state(last))
	refused("agreed, and not confirmed")
	f.mail(last, requests.ConfirmMail, time.Now().Add(25*time.Hour))
	f.pupil.call(get, at(f.work, "/content"), nil).is(http.StatusOK)
}

// TestTwoParentsWithoutAccountsAreTwo: a form of one who was asked by mail is theirs. Those
// without an id are one row: a refusal among them stands beside a grant until it is lifted.
func TestTwoParentsWithoutAccountsAreTwo(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	scan := f.owner.published("form.txt", lorem).ID
	path := f.owner.orgPath("/people/" + f.pupil.id.String() + "/consents")
	say := func(kind string, guardian *uuid.UUID) answer {
		in := newDecision(kind, scan)
		in["guardian_id"] = guardian
		return f.owner.call(post, path, in)
	}
	reads := func() int { return f.pupil.call(get, at(f.work, "/content"), nil).status }
	guardian := read[struct {
		ID uuid.UUID `json:"guardian_id"`
	}](f.owner.call(get, f.owner.orgPath("/consent-requests/"+f.ask("guardian@home.example").String()), nil).is(http.StatusOK)).ID
	say("deny", &guardian).is(http.StatusCreated)
	say("grant", nil).is(http.StatusCreated)
	f.hidden()
	say("grant", &guardian).is(http.StatusCreated)
	require.Equal(t, http.StatusOK, reads(), "the same guardian agrees on a form")
	say("deny", nil).is(http.StatusCreated)
	say("grant", nil).is(http.StatusCreated)
	f.hidden()
	say("void", &guardian).refused(http.StatusBadRequest, "invalid_guardian_id")
	in := newDecision("void", scan)
	delete(in, "evidence_file_id")
	f.owner.call(post, path, in).refused(http.StatusBadRequest, "invalid_evidence_file_id")
	say("void", nil).is(http.StatusCreated)
	require.Equal(t, http.StatusOK, reads(), "it is lifted expressly")
	stranger := f.person(f.org, tenancy.Parent).id
	say("grant", &stranger).refused(http.StatusBadRequest, "invalid_guardian_id")
}
