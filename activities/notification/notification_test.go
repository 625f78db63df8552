package notification

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/internal/sealed"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// post is a mail server that takes mails, or fails as it is told.
type post struct {
	mu    sync.Mutex
	mails []Message
	fail  error
	takes bool // also when it fails
}

func (p *post) Send(_ context.Context, m Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail == nil || p.takes {
		p.mails = append(p.mails, m)
	}
	return p.fail
}

type hashing struct{}

func (hashing) HashEmail(_ tenancy.OrgID, address string) []byte {
	return append(make([]byte, 32-len(address[:min(32, len(address))])), address[:min(32, len(address))]...)
}

type stage struct {
	*pgtest.Database
	t      *testing.T
	org    tenancy.OrgID
	post   *post
	tokens *notifications.Tokens
	acts   *Activities
	sweeps *Sweeps
	now    time.Time
}

func setup(t *testing.T) *stage {
	t.Helper()
	d := pgtest.New(t)
	box, err := sealed.New(sealed.Config{Keys: strings.Repeat("A", 43) + "="})
	require.NoError(t, err)
	tokens, err := notifications.NewTokens(box)
	require.NoError(t, err)
	s := &stage{Database: d, t: t, org: d.Organization(t, 1<<20), post: &post{}, tokens: tokens, now: time.Now()}
	clock := func() time.Time { return s.now }
	s.acts = New(Ports{DB: d.DB, Locks: s.locks(), Mailer: s.post, Hasher: hashing{}, Tokens: tokens, URL: "https://satchel.example", Now: clock})
	s.sweeps = &Sweeps{DB: d.DB, Tokens: tokens, Now: clock}
	return s
}

// locks are those of one process, which lives until the test ends.
func (s *stage) locks() *tenancy.Locks {
	l := tenancy.NewLocks(s.DB)
	s.t.Cleanup(func() { ends(l) })
	return l
}

// ends does to the locks what the end of their process does.
func ends(l *tenancy.Locks) {
	done, end := context.WithCancel(context.Background())
	end()
	l.Keep(done)
}

// reachable is a member with a confirmed address.
func (s *stage) reachable(role tenancy.Role, address string) uuid.UUID {
	s.t.Helper()
	user := s.Member(s.t, s.org, role)
	_, err := s.Single(s.org).Exec(s.t.Context(), "insert into mail_addresses (organization_id, id, user_id, address, verified_at) values (app.org(), $1, $2, $3, now())", tenancy.NewID(), user, address)
	require.NoError(s.t, err)
	return user
}

func (s *stage) tell(user uuid.UUID, kind string) {
	s.t.Helper()
	require.NoError(s.t, s.InTx(s.t.Context(), s.org, func(tx *tenancy.Tx) error {
		return notifications.Put(s.t.Context(), tx, user, kind, map[string]any{})
	}))
}

func (s *stage) turn() DispatchNotificationsResult {
	s.t.Helper()
	r, err := s.acts.DispatchNotifications(s.t.Context(), DispatchNotificationsInput{Org: s.org})
	require.NoError(s.t, err)
	return r
}

func (s *stage) states() (all []string) {
	s.t.Helper()
	rows, err := notifications.Log(s.t.Context(), s.Single(s.org), "", uuid.Nil, 100)
	require.NoError(s.t, err)
	for _, r := range rows {
		all = append(all, r.State+" "+r.Code)
	}
	return all
}

// TestEachIsSentOnce: a mail to who wants it, at once, with what stops it; none to
// students, nor again.
func TestEachIsSentOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	teacher, student := s.reachable(tenancy.Teacher, "t@school.example"), s.reachable(tenancy.Student, "s@school.example")
	s.tell(teacher, "share.received")
	s.tell(student, "handin.returned")
	s.tell(s.Member(t, s.org, tenancy.Teacher), "share.received") // without an address
	require.Equal(t, 3, s.turn().Dispatched)
	require.Zero(t, s.turn().Dispatched)
	require.Len(t, s.post.mails, 1)
	require.ElementsMatch(t, []string{"sent ", "suppressed student"}, s.states())
	m := s.post.mails[0]
	require.Equal(t, "t@school.example", m.To)
	require.Equal(t, "Something was shared with you", m.Subject)
	u, err := url.Parse(m.Unsubscribe)
	require.NoError(t, err)
	sub, err := s.tokens.ReadUnsubscribe(strings.TrimPrefix(u.Path, "/unsubscribe/"))
	require.NoError(t, err)
	require.NoError(t, notifications.Unsubscribe(t.Context(), s.DB, sub))
	s.tell(teacher, "share.received")
	s.tell(teacher, "key.all_spaces") // a matter of security comes all the same
	s.turn()
	require.Len(t, s.post.mails, 2)
	require.Empty(t, s.post.mails[1].Unsubscribe)
}

// TestDigest: several are one mail at its hour.
func TestDigest(t *testing.T) {
	t.Parallel()
	s := setup(t)
	user := s.reachable(tenancy.Teacher, "t@school.example")
	require.NoError(t, notifications.Prefer(t.Context(), s.Single(s.org), user, notifications.Preference{Kind: "*", Channel: notifications.Mail, Cadence: notifications.EachDay}))
	for range 3 {
		s.tell(user, "share.received")
		s.turn()
	}
	require.Empty(t, s.post.mails)
	s.now = s.now.Add(25 * time.Hour)
	s.turn()
	require.Len(t, s.post.mails, 1)
	require.Equal(t, "Your day: 3 things are new", s.post.mails[0].Subject)
}

// TestFailures: what is put off is tried again as the same mail; what the server may
// have taken is tried once more, and no third time; what it refused is not.
func TestFailures(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		kind   fault.Kind
		tries  int
		mails  int
		states []string
	}{
		"mail_deferred": {fault.Unavailable, 3, 0, []string{"queued mail_deferred"}},
		"mail_unsure":   {fault.Unavailable, 4, 2, []string{"failed mail_unsure"}},
		"mail_refused":  {fault.Invalid, 2, 0, []string{"failed mail_refused"}},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.tell(s.reachable(tenancy.Teacher, "t@school.example"), "share.received")
			s.post.fail, s.post.takes = fault.New(c.kind, code, "It failed."), code == "mail_unsure"
			for range c.tries {
				s.turn()
				s.now = s.now.Add(time.Hour)
			}
			require.Equal(t, c.states, s.states())
			require.Len(t, s.post.mails, c.mails)
			for _, m := range s.post.mails {
				require.Equal(t, s.post.mails[0].ID, m.ID)
			}
		})
	}
}

// TestKilledBetweenMailAndRecord: the mail is sent again once, after its lease, as the
// same mail; a worker that dies each time does not send it a third time.
func TestKilledBetweenMailAndRecord(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.tell(s.reachable(tenancy.Teacher, "t@school.example"), "share.received")
	require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
		_, err := notifications.Dispatch(t.Context(), tx, s.now, 10)
		return err
	}))
	take := func() (n int) {
		require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
			letters, err := notifications.Take(t.Context(), tx, s.now, 10, func(a string) []byte { return hashing{}.HashEmail(s.org, a) })
			n = len(letters)
			return err
		}))
		return n
	}
	require.Equal(t, 1, take()) // and the worker dies
	require.Zero(t, take(), "it is in the hands of another")
	s.now = s.now.Add(notifications.Lease + time.Second)
	require.Equal(t, 1, take()) // and dies again
	s.now = s.now.Add(notifications.Lease + time.Second)
	s.turn()
	require.Equal(t, []string{"failed mail_unsure"}, s.states())
	require.Empty(t, s.post.mails)
}

// TestWhatADeadWorkerHeldIsDueAtOnce: as long as it lives, its mails are its own until their lease
// ends. When it dies, the next turn has them, as the same mails and with a doubt, before what waits.
func TestWhatADeadWorkerHeldIsDueAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.tell(s.reachable(tenancy.Teacher, "t@school.example"), "share.received")
	dead := s.locks()
	living, err := dead.Share(t.Context(), notifications.Turns(s.org))
	require.NoError(t, err)
	var held []notifications.Letter
	require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
		if _, err := notifications.Dispatch(t.Context(), tx, s.now, 10); err != nil {
			return err
		}
		held, err = notifications.Take(t.Context(), tx, s.now, 10, func(a string) []byte { return hashing{}.HashEmail(s.org, a) })
		return err
	}))
	require.Len(t, held, 1)
	require.NoError(t, living.Check(t.Context()))
	s.turn()
	require.Empty(t, s.post.mails, "it is in the hands of one that lives")
	ends(dead)
	require.Error(t, living.Check(t.Context()), "it would know, if it did live")
	living.Release(t.Context())

	s.tell(s.reachable(tenancy.Teacher, "u@school.example"), "share.received")
	s.turn()
	require.Len(t, s.post.mails, 2)
	rows, err := notifications.Log(t.Context(), s.Single(s.org), notifications.Sent, uuid.Nil, 10)
	require.NoError(t, err)
	doubts := map[uuid.UUID]int{}
	for _, r := range rows {
		doubts[r.ID] = int(r.Doubts)
	}
	require.Len(t, doubts, 2)
	require.Equal(t, 1, doubts[held[0].ID])
	s.now = s.now.Add(notifications.Lease + time.Second)
	s.turn()
	require.Len(t, s.post.mails, 2)
}

// TestReportsSuppress: an address that does not exist gets no more, however often the
// report comes; a report whose tag is not from here changes nothing.
func TestReportsSuppress(t *testing.T) {
	t.Parallel()
	s := setup(t)
	user := s.reachable(tenancy.Teacher, "t@school.example")
	s.tell(user, "share.received")
	s.turn()
	report := func(tag string) []byte {
		return []byte(strings.ReplaceAll("To: bounces+"+tag+"@school.example\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n\n--b--\n", "\n", "\r\n"))
	}
	for tag, want := range map[string]bool{strings.Repeat("a", notifications.ReportTagLength): false, s.post.mails[0].ReportTag: true} {
		noted, err := s.sweeps.take(t.Context(), report(tag))
		require.NoError(t, err)
		require.Equal(t, want, noted)
	}
	noted, err := s.sweeps.take(t.Context(), report(s.post.mails[0].ReportTag))
	require.NoError(t, err)
	require.False(t, noted, "it is known")
	s.tell(user, "share.received")
	s.turn()
	require.Len(t, s.post.mails, 1)
	require.Contains(t, s.states(), "suppressed address_suppressed")
}

// TestReportsAboutMailsToParents: a mail that came back makes the request undeliverable, and one
// that was called unwanted changes nothing.
func TestReportsAboutMailsToParents(t *testing.T) {
	t.Parallel()
	s := setup(t)
	child, guardian, id := s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Parent), tenancy.NewID()
	for _, sql := range []string{
		`insert into consent_notices (organization_id, id, number, language, material, body, body_sha256) select app.org(), $1, 1, 'en', $2::uuid is null or $3::uuid is null, b, encode(sha256(convert_to(b, 'UTF8')), 'hex')
			from (values ('{"summary":"s","collected":"c","used":"u","disclosed":"d","third_parties":[],"consent_required":"r","online_notice":"https://a.example","means":"m","contact_deleted":"c","rights":"r"}')) v (b)`,
		"insert into consent_requests (organization_id, id, child_id, guardian_id, expires_at) values (app.org(), $1, $2, $3, now() + interval '1 day')",
		"update consent_requests set state = 'notice_pending', contact_sealed = 's', contact_hash = sha256('a'), notice_id = $1 where id = $1 and child_id = $2 and guardian_id = $3",
		"insert into consent_tokens (organization_id, id, request_id, purpose, token_hash, mail) select app.org(), $1, $1, 'answer', sha256('t'), 'notice' where $2::uuid is not null and $3::uuid is not null",
	} {
		_, err := s.Single(s.org).Exec(t.Context(), sql, id, child, guardian)
		require.NoError(t, err)
	}
	state := func() (state string) {
		require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select state from consent_requests where id = $1", id).Scan(&state))
		return state
	}
	report := func(kind, fields string) []byte {
		return []byte(strings.ReplaceAll("To: bounces+"+s.tokens.ReportTag(id)+"@school.example\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/"+kind+"\n\n"+fields+"\n\n--b--\n", "\n", "\r\n"))
	}
	noted, err := s.sweeps.take(t.Context(), report("feedback-report", "Feedback-Type: abuse"))
	require.NoError(t, err)
	require.False(t, noted)
	require.Equal(t, "notice_pending", state())
	for _, want := range []bool{true, false} {
		noted, err := s.sweeps.take(t.Context(), report("delivery-status", "Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1"))
		require.NoError(t, err)
		require.Equal(t, want, noted)
		require.Equal(t, "undeliverable", state())
	}
}

// TestAddressIsConfirmed by the code of the newest mail alone.
func TestAddressIsConfirmed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	user := s.Member(t, s.org, tenancy.Teacher)
	in := func(f func(*tenancy.Tx) error) { require.NoError(t, s.InTx(t.Context(), s.org, f)) }
	in(func(tx *tenancy.Tx) error {
		_, err := notifications.Add(t.Context(), tx, user, "t@school.example", s.now, 0)
		return err
	})
	s.turn()
	require.Len(t, s.post.mails, 1)
	_, rest, _ := strings.Cut(s.post.mails[0].Text, "added this address. It is good for 30 minutes.")
	code := strings.TrimSpace(rest)[:9]
	require.NotContains(t, s.post.mails[0].Subject, code)
	confirm := func(code string) (refusal *fault.Fault) {
		in(func(tx *tenancy.Tx) (err error) {
			refusal, err = notifications.ConfirmAddress(t.Context(), tx, user, code, s.now)
			return err
		})
		return refusal
	}
	require.Equal(t, notifications.ErrWrongCode, confirm("0000"))
	require.Nil(t, confirm(code))
	require.Equal(t, notifications.ErrNoAddress, confirm(code))
	s.tell(user, "share.received")
	s.turn()
	require.Len(t, s.post.mails, 2)
}
