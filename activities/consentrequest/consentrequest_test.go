package consentrequest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/consentrequest"
	"satchel/internal/activitytest"
	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/internal/sealed"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
	"satchel/tenancy/people"
)

// post is a mail server that takes mails, or fails as it is told.
type post struct {
	mails []consentrequest.Message
	err   error
}

func (p *post) Send(_ context.Context, m consentrequest.Message) error {
	if p.err == nil {
		p.mails = append(p.mails, m)
	}
	return p.err
}

// token is that of the newest mail's link.
func (p *post) token(t *testing.T) string {
	t.Helper()
	require.NotEmpty(t, p.mails)
	_, rest, found := strings.Cut(p.mails[len(p.mails)-1].Text, "https://school.test/consent/")
	require.True(t, found)
	token, _, _ := strings.Cut(rest, "\n")
	return token
}

// family is a child, a file that waits for a parent's consent, and a clock that the test moves.
type family struct {
	*pgtest.Database
	t           *testing.T
	org         tenancy.OrgID
	owner       uuid.UUID
	child, file uuid.UUID
	post        *post
	acts        *consentrequest.Activities
	now         time.Time
}

const day = 24 * time.Hour

func newFamily(t *testing.T) *family {
	t.Helper()
	d := pgtest.New(t)
	box, err := sealed.New(sealed.Config{Keys: strings.Repeat("A", 43) + "="})
	require.NoError(t, err)
	tokens, err := notifications.NewTokens(box)
	require.NoError(t, err)
	hasher, err := people.NewHasher(people.HashConfig{Key: strings.Repeat("k", 32)})
	require.NoError(t, err)
	f := &family{Database: d, t: t, org: d.Organization(t, 1<<20), post: &post{}, now: time.Now(), file: tenancy.NewID()}
	f.owner, f.child = d.Member(t, f.org, tenancy.Owner), d.Member(t, f.org, tenancy.Student)
	f.acts = &consentrequest.Activities{
		DB: d.DB, Mailer: f.post, Contacts: requests.Contacts{Box: box, HashEmail: hasher.HashEmail}, Tokens: tokens, URL: "https://school.test", Now: func() time.Time { return f.now },
	}
	f.exec("update agreements set ended_at = now()")
	f.exec("insert into coppa_settings (organization_id, gate) values (app.org(), 'discovered')")
	f.publish("School work", false)
	f.in(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := tx.Exec(ctx, "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", f.file, f.child)
		return err
	})
	return f
}

func (f *family) exec(sql string, args ...any) {
	f.t.Helper()
	_, err := f.Single(f.org).Exec(f.t.Context(), sql, args...)
	require.NoError(f.t, err)
}

func (f *family) in(do func(ctx context.Context, tx *tenancy.Tx) error) {
	f.t.Helper()
	require.NoError(f.t, f.InTx(f.t.Context(), f.org, func(tx *tenancy.Tx) error { return do(f.t.Context(), tx) }))
}

func (f *family) publish(used string, material bool) {
	f.t.Helper()
	f.in(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := requests.Publish(ctx, tx, requests.NewNotice{ID: tenancy.NewID(), Language: "en", Material: material, By: f.owner, Notice: requests.Notice{
			Summary: "The school asks.", Collected: "Files of your child", Used: used, Disclosed: "To teachers", ThirdParties: []requests.ThirdParty{}, ConsentRequired: "Nothing without consent.",
			OnlineNotice: "https://school.example/privacy", Means: "By the question.", ContactDeleted: "After two weeks.", Rights: "To see, delete, refuse.",
		}}, f.now)
		return err
	})
}

func (f *family) ask(email string) uuid.UUID {
	f.t.Helper()
	id := tenancy.NewID()
	f.in(func(ctx context.Context, tx *tenancy.Tx) error {
		return requests.Create(ctx, tx, f.acts.Contacts, requests.New{ID: id, Child: f.child, Email: email, Language: "de", By: f.owner}, f.now)
	})
	return id
}

func (f *family) advance(id uuid.UUID) consentrequest.AdvanceConsentResult {
	f.t.Helper()
	r, err := f.acts.AdvanceConsent(f.t.Context(), consentrequest.AdvanceConsentInput{Org: f.org, Request: id})
	require.NoError(f.t, err)
	return r
}

// sends does what is due until there is no mail, as the workflow does, and gives the mails.
func (f *family) sends(id uuid.UUID) (mails []string) {
	f.t.Helper()
	for step := f.advance(id); step.Mail != ""; step = f.advance(id) {
		in := consentrequest.SendConsentMailInput{Org: f.org, Request: id, Mail: step.Mail}
		r, err := f.acts.SendConsentMail(f.t.Context(), in)
		require.NoError(f.t, err)
		require.True(f.t, r.Due)
		again, err := f.acts.SendConsentMail(f.t.Context(), in) // the worker died before it said so
		require.NoError(f.t, err)
		require.False(f.t, again.Due, "a mail goes out once")
		mails = append(mails, step.Mail)
	}
	return mails
}

func (f *family) state(id uuid.UUID) string {
	f.t.Helper()
	r, err := requests.Get(f.t.Context(), f.Single(f.org), id)
	require.NoError(f.t, err)
	return r.State
}

func (f *family) token(text string) uuid.UUID {
	f.t.Helper()
	ref, found, err := f.ConsentByToken(f.t.Context(), requests.Hash(text))
	require.NoError(f.t, err)
	require.True(f.t, found)
	return ref.Token
}

func (f *family) answer(text string, yes bool) error {
	return f.InTx(f.t.Context(), f.org, func(tx *tenancy.Tx) error {
		_, err := requests.Answer(f.t.Context(), tx, f.token(text), requests.Answers{Use: yes}, requests.Visitor{}, f.now)
		return err
	})
}

// fileIs says whether the file waits for a basis, and whether its time is over: the sweep of such
// files deletes it then.
func (f *family) fileIs(held, over bool) {
	f.t.Helper()
	var isHeld, isOver bool
	require.NoError(f.t, f.Single(f.org).QueryRow(f.t.Context(), "select held_since is not null, coalesce(held_until < now(), false) from files where id = $1", f.file).Scan(&isHeld, &isOver))
	require.Equal(f.t, []bool{held, over}, []bool{isHeld, isOver})
}

// fileIsHeld says that the file waits, for however long.
func (f *family) fileIsHeld() {
	f.t.Helper()
	var held bool
	require.NoError(f.t, f.Single(f.org).QueryRow(f.t.Context(), "select held_since is not null from files where id = $1", f.file).Scan(&held))
	require.True(f.t, held)
}

func (f *family) granted(email string) uuid.UUID {
	f.t.Helper()
	id := f.ask(email)
	require.Equal(f.t, []string{requests.NoticeMail}, f.sends(id))
	require.NoError(f.t, f.answer(f.post.token(f.t), true))
	require.Empty(f.t, f.sends(id))
	f.now = f.now.Add(25 * time.Hour)
	require.Equal(f.t, []string{requests.ConfirmMail}, f.sends(id))
	require.Equal(f.t, requests.Granted, f.state(id))
	return id
}

// TestAMaterialChangeAsksAgain: nothing new until the parent answers, and what was agreed to
// before stays when no answer comes.
func TestAMaterialChangeAsksAgain(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	id := f.granted("guardian@home.example")
	f.fileIs(false, false)
	withdraw := f.post.token(t)
	require.True(t, f.advance(id).Over, "a consent needs no workflow")
	f.publish("Something else", true)
	require.Equal(t, requests.ReconsentRequired, f.state(id))
	due, err := f.ConsentRequestsDue(t.Context(), f.now.Add(time.Minute), 0, time.Minute, uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, due, 1, "the sweep finds it")
	require.Equal(t, []string{requests.NoticeMail}, f.sends(id))
	require.Contains(t, f.post.mails[len(f.post.mails)-1].Text, "Something else")
	f.now = f.now.Add(15 * day)
	require.True(t, f.advance(id).Over)
	require.Equal(t, requests.ReconsentRequired, f.state(id), "the time passed without an answer")
	f.fileIs(false, false)
	require.True(t, f.advance(id).Over, "it is not asked for ever")
	f.in(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := requests.WithdrawConsent(ctx, tx, f.token(withdraw), requests.Visitor{}, f.now)
		return err
	})
	require.True(t, f.advance(id).Over)
	f.fileIs(true, false) // what was here by the consent keeps its days
}

// TestWhatComesBack: a mail that cannot be delivered waits for staff, one that may have been
// taken is sent again, and a second mail that came back ends the consent.
func TestWhatComesBack(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	id := f.ask("guardian@home.example")
	in := consentrequest.SendConsentMailInput{Org: f.org, Request: id, Mail: requests.NoticeMail}
	f.post.err = fault.New(fault.Unavailable, notifications.CodeUnsure, "It may have been taken.")
	_, err := f.acts.SendConsentMail(t.Context(), in)
	require.Error(t, err)
	require.Equal(t, requests.NoticePending, f.state(id))
	f.post.err = fault.New(fault.Invalid, "address_refused", "No such address.")
	r, err := f.acts.SendConsentMail(t.Context(), in)
	require.NoError(t, err)
	require.False(t, r.Taken)
	require.Equal(t, requests.Undeliverable, f.state(id))
	var told int
	require.NoError(t, f.Single(f.org).QueryRow(t.Context(), "select count(*) from notifications where kind = 'parent.unreachable' and user_id = $1", f.owner).Scan(&told))
	require.Equal(t, 1, told)
	f.post.err = nil
	f.in(func(ctx context.Context, tx *tenancy.Tx) error {
		return requests.Resend(ctx, tx, f.acts.Contacts, id, "", f.now)
	})
	require.Equal(t, []string{requests.NoticeMail}, f.sends(id))
	require.NoError(t, f.answer(f.post.token(t), true))
	f.now = f.now.Add(25 * time.Hour)
	require.Equal(t, []string{requests.ConfirmMail}, f.sends(id))
	f.fileIs(false, false)
	f.in(func(ctx context.Context, tx *tenancy.Tx) error {
		changed, err := requests.Bounce(ctx, tx, f.token(f.post.token(t)), "5.1.1", f.now)
		require.True(t, changed)
		return err
	})
	require.Equal(t, requests.Void, f.state(id))
	f.fileIs(true, false)
	require.NotContains(t, f.post.mails[0].Text, "%!")
	require.Equal(t, "de", f.post.mails[0].Language)
}

// TestAStudentWhoTurns13 ends what is open, and the address goes.
func TestAStudentWhoTurns13(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	id := f.granted("guardian@home.example")
	f.exec("insert into people (organization_id, user_id, kind) values (app.org(), $1, 'student')", f.child)
	f.exec("update people set aged_out_at = now() where user_id = $1", f.child)
	r, err := requests.Get(t.Context(), f.Single(f.org), id)
	require.NoError(t, err)
	require.Equal(t, requests.AgedOut, r.State)
	require.Nil(t, r.ContactSealed)
	require.True(t, f.advance(id).Over)
	f.fileIs(false, false)
}

// TestWhatStaffRecordEndsTheRequest: a second mail makes no consent of what was refused on paper
// since.
func TestWhatStaffRecordEndsTheRequest(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"deny": requests.Revoked, "grant": requests.Provisional} {
		f := newFamily(t)
		parent := f.Member(t, f.org, tenancy.Parent)
		f.exec("insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $3)", parent, f.child, f.owner)
		id := tenancy.NewID()
		f.in(func(ctx context.Context, tx *tenancy.Tx) error {
			return requests.Create(ctx, tx, f.acts.Contacts, requests.New{ID: id, Child: f.child, Guardian: &parent, Email: "guardian@home.example", Language: "en", By: f.owner}, f.now)
		})
		f.sends(id)
		require.NoError(t, f.answer(f.post.token(t), true))
		f.exec("insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method, scopes, recorded_by) values (app.org(), $1, $2, $3, $4, 'card', '{collect_use}', $5)", tenancy.NewID(), f.child, parent, kind, f.owner)
		require.Equal(t, want, f.state(id), kind)
		f.now = f.now.Add(25 * time.Hour)
		if kind == "deny" {
			require.True(t, f.advance(id).Over)
			f.fileIs(true, false)
		}
	}
}

// TestOneOfManyAnswersCounts: of one link used by many at once, one answer counts.
func TestOneOfManyAnswersCounts(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	id := f.ask("guardian@home.example")
	f.sends(id)
	token := f.post.token(t)
	var wait sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		wait.Go(func() { results[i] = f.answer(token, i%2 == 0) })
	}
	wait.Wait()
	counted := 0
	for _, err := range results {
		if err == nil {
			counted++
		} else {
			require.ErrorIs(t, err, requests.ErrUsed)
		}
	}
	require.Equal(t, 1, counted)
	require.Contains(t, []string{requests.Provisional, requests.Denied}, f.state(id))
}

// TestTheStricterOfTwoAtOnce: a yes that is confirmed and a no at the same time leave the file
// held, whichever comes first.
func TestTheStricterOfTwoAtOnce(t *testing.T) {
	t.Parallel()
	for range 5 {
		f := newFamily(t)
		yes, no := f.ask("one@home.example"), f.ask("other@home.example")
		f.sends(yes)
		require.NoError(t, f.answer(f.post.token(t), true))
		f.sends(no)
		link := f.post.token(t)
		f.now = f.now.Add(25 * time.Hour)
		var wait sync.WaitGroup
		var confirmed, refused error
		wait.Go(func() {
			_, confirmed = f.acts.SendConsentMail(context.Background(), consentrequest.SendConsentMailInput{Org: f.org, Request: yes, Mail: requests.ConfirmMail})
		})
		wait.Go(func() { refused = f.answer(link, false) })
		wait.Wait()
		require.NoError(t, confirmed)
		require.NoError(t, refused)
		f.fileIsHeld() // for its days if it was released before, and at once if it waited
		require.Equal(t, requests.Granted, f.state(yes))
		require.Contains(t, f.sends(yes), requests.OverruledMail)
		require.True(t, f.advance(no).Over)
		f.fileIsHeld()
	}
}

// woken records the requests that the sweep wakes.
type woken struct{ requests []uuid.UUID }

func (w *woken) WakeConsentRequest(_ context.Context, _ tenancy.OrgID, request uuid.UUID) error {
	w.requests = append(w.requests, request)
	return nil
}

// TestTheSweepWakesOnce what is due, and leaves it alone for a while.
func TestTheSweepWakesOnce(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	id := f.ask("guardian@home.example")
	w := &woken{}
	s := &consentrequest.Sweeps{DB: f.DB, Starter: w, Now: func() time.Time { return f.now }}
	sweep := func() {
		_, err := activitytest.Sweep(t, consentrequest.SweepsOf(s), "start-consent-requests")
		require.NoError(t, err)
	}
	sweep()
	require.Empty(t, w.requests, "its workflow has just been started")
	f.now = f.now.Add(time.Minute)
	sweep()
	sweep()
	require.Equal(t, []uuid.UUID{id}, w.requests)
}
