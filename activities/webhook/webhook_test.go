package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/webhook"
	"satchel/internal/pgtest"
	"satchel/internal/sealed"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

const key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// sent is one request that a receiver saw.
type sent struct {
	id, kind string
	file     uuid.UUID
	n        int
}

// bench is an organization with one webhook, a clock that the test moves, and a
// receiver that answers as the test says.
type bench struct {
	*pgtest.Database
	t    *testing.T
	org  tenancy.OrgID
	hook uuid.UUID
	acts *webhook.Activities

	mu     sync.Mutex
	now    time.Time
	got    []sent
	answer func(sent) (webhook.Answer, error)
}

func ok(sent) (webhook.Answer, error)   { return webhook.Answer{Status: 204}, nil }
func down(sent) (webhook.Answer, error) { return webhook.Answer{Code: "connection"}, nil }

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{Database: pgtest.New(t), t: t, now: time.Now().Truncate(time.Second), answer: ok, hook: tenancy.NewID()}
	b.org = b.Organization(t, 1<<30)
	owner := b.Member(t, b.org, tenancy.Owner)
	box, err := sealed.New(sealed.Config{Keys: key})
	require.NoError(t, err)
	b.acts = webhook.New(webhook.Ports{DB: b.DB, Box: box, Sender: b, Waker: b, Now: b.clock})
	b.inTx(func(tx *tenancy.Tx) error {
		last, err := events.Last(t.Context(), tx)
		if err != nil {
			return err
		}
		if err := webhooks.Create(t.Context(), tx, b.hook, webhooks.Change{URL: "https://school.example/hook"}, last, owner); err != nil {
			return err
		}
		_, err = webhooks.AddSecret(t.Context(), tx, box, webhooks.NewSecret{ID: tenancy.NewID(), Webhook: b.hook, Kind: webhooks.HMAC}, b.now)
		return err
	})
	return b
}

func (b *bench) inTx(f func(*tenancy.Tx) error) {
	b.t.Helper()
	require.NoError(b.t, b.InTx(b.t.Context(), b.org, f))
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *bench) answers(f func(sent) (webhook.Answer, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

// Watch wakes no one: a turn ends when nothing is left.
func (b *bench) Watch(tenancy.OrgID, uuid.UUID) (<-chan struct{}, func()) {
	return make(chan struct{}), func() {}
}

// Send is the receiver.
func (b *bench) Send(_ context.Context, _ string, h http.Header, body []byte) (webhook.Answer, error) {
	var e struct {
		Type string
		Data struct {
			File uuid.UUID `json:"file_id"`
			N    int       `json:"n"`
		}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return webhook.Answer{}, err
	}
	s := sent{h.Get("Webhook-Id"), e.Type, e.Data.File, e.Data.N}
	b.mu.Lock()
	b.got = append(b.got, s)
	answer := b.answer
	b.mu.Unlock()
	return answer(s)
}

func (b *bench) take() []sent {
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.got
	b.got = nil
	return got
}

// tell records an event of a file; of the nil id one of no file.
func (b *bench) tell(file uuid.UUID, n int) uuid.UUID {
	b.t.Helper()
	id, data := tenancy.NewID(), map[string]any{"n": n}
	if file != uuid.Nil {
		data["file_id"] = file
	}
	b.inTx(func(tx *tenancy.Tx) error {
		return events.Record(b.t.Context(), tx, id, events.ShareDownloaded, data)
	})
	return id
}

// file makes a file in a library; nothing but its id matters.
func (b *bench) file(kind string) uuid.UUID {
	b.t.Helper()
	user, space, file := b.Member(b.t, b.org, tenancy.Teacher), tenancy.NewID(), tenancy.NewID()
	_, err := b.Single(b.org).Exec(b.t.Context(), "insert into spaces (organization_id, id, kind, name) values (app.org(), $1, $2, 'Space')", space, kind)
	require.NoError(b.t, err)
	_, err = b.Single(b.org).Exec(b.t.Context(), "insert into files (organization_id, id, name, uploaded_by, space_id) values (app.org(), $1, 'essay.pdf', $2, $3)", file, user, space)
	require.NoError(b.t, err)
	return file
}

func (b *bench) turn() webhook.DeliverEventsResult {
	b.t.Helper()
	r, err := b.acts.DeliverEvents(b.t.Context(), webhook.DeliverEventsInput{Org: b.org, Webhook: b.hook})
	require.NoError(b.t, err)
	return r
}

func (b *bench) get() webhooks.Webhook {
	b.t.Helper()
	w, err := webhooks.Get(b.t.Context(), b.Single(b.org), b.hook)
	require.NoError(b.t, err)
	return w
}

func (b *bench) log() map[uuid.UUID]webhooks.Delivery {
	b.t.Helper()
	rows, err := webhooks.Deliveries(b.t.Context(), b.Single(b.org), b.hook, "", nil, 1000)
	require.NoError(b.t, err)
	found := map[uuid.UUID]webhooks.Delivery{}
	for _, d := range rows {
		found[d.Event] = d
	}
	return found
}

// TestFailingEventHoldsBackItsFileAlone: the later events of the file wait, those of
// others arrive, and in the end each file's have arrived in their order.
func TestFailingEventHoldsBackItsFileAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bad, good := b.file("library"), b.file("library")
	b.turn()
	b.take()
	for n := range 6 {
		b.tell(bad, n)
		b.tell(good, n)
	}
	b.answers(func(s sent) (webhook.Answer, error) {
		if s.file == bad {
			return webhook.Answer{Status: 500, Body: []byte("not \x00 this\xff one")}, nil
		}
		return ok(s)
	})
	r := b.turn()
	require.Equal(t, 6, r.Delivered)
	require.Equal(t, 1, r.Failed)
	require.False(t, r.More)
	require.Greater(t, r.Wait, 4*time.Second)
	require.LessOrEqual(t, r.Wait, 5*time.Second)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5}, numbers(b.take(), good))
	b.answers(ok)
	b.pass(r.Wait)
	require.Equal(t, webhook.DeliverEventsResult{Delivered: 6}, b.turn())
	require.Equal(t, []int{0, 1, 2, 3, 4, 5}, numbers(b.take(), bad))
	require.Equal(t, webhook.DeliverEventsResult{}, b.turn(), "each once")
	for _, d := range b.log() {
		require.Equal(t, webhooks.Delivered, d.State)
	}
}

func numbers(got []sent, file uuid.UUID) (of []int) {
	for _, s := range got {
		if s.file == file {
			of = append(of, s.n)
		}
	}
	return of
}

// TestAttemptsAreOnRecord with what was sent and what came back, bounded and as text.
func TestAttemptsAreOnRecord(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	event := b.tell(uuid.Nil, 1)
	long := slices.Repeat([]byte("\xff"), webhooks.MaxBody)
	b.answers(func(sent) (webhook.Answer, error) {
		return webhook.Answer{Status: 503, RetryAfter: "600", Body: long}, nil
	})
	r := b.turn()
	require.InDelta(t, (10 * time.Minute).Seconds(), r.Wait.Seconds(), 1, "the receiver asks to wait")
	d, attempts, err := webhooks.GetDelivery(t.Context(), b.Single(b.org), b.hook, b.log()[event].ID)
	require.NoError(t, err)
	require.Equal(t, webhooks.Pending, d.State)
	require.Equal(t, "status_503", d.Code)
	require.Len(t, attempts, 1)
	require.Equal(t, 503, attempts[0].Status)
	require.LessOrEqual(t, len(attempts[0].ResponseBody), webhooks.MaxBody)
	require.JSONEq(t, `{"n": 1}`, string(extract(t, attempts[0].RequestBody)))
	require.Equal(t, event.String(), b.take()[0].id)
}

func extract(t *testing.T, body string) json.RawMessage {
	t.Helper()
	var e struct{ Data json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(body), &e))
	return e.Data
}

// TestGoneDisables at the first answer of 410: an event, a row of the audit log and a
// mail say so, and what waited can be replayed.
func TestGoneDisables(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.Admin(t).Exec(t.Context(), "update organizations set contact_email = 'office@school.example' where id = $1", b.org)
	require.NoError(t, err)
	first, second := b.tell(uuid.Nil, 1), b.tell(uuid.Nil, 2)
	b.answers(func(sent) (webhook.Answer, error) { return webhook.Answer{Status: http.StatusGone}, nil })
	r := b.turn()
	require.True(t, r.Over)
	require.True(t, r.Mail)
	w := b.get()
	require.Equal(t, webhooks.Disabled, w.State)
	require.Equal(t, webhooks.Gone, w.DisabledCode)
	require.Equal(t, webhooks.Failed, b.log()[first].State)
	require.Equal(t, webhooks.Failed, b.log()[second].State)
	told, err := events.List(t.Context(), b.Single(b.org), events.WebhookDisabled, 0, 10)
	require.NoError(t, err)
	require.Len(t, told, 1)
	require.Equal(t, webhook.DeliverEventsResult{Over: true, Mail: true}, b.turn(), "nothing is sent any more")

	b.take()
	b.answers(ok)
	missed := b.tell(uuid.Nil, 3)
	b.inTx(func(tx *tenancy.Tx) error {
		last, err := events.Last(t.Context(), tx)
		if err != nil {
			return err
		}
		_, err = webhooks.Enable(t.Context(), tx, b.hook, last)
		return err
	})
	require.Zero(t, b.turn().Delivered, "it begins behind what happened meanwhile")
	b.inTx(func(tx *tenancy.Tx) error {
		n, err := webhooks.ReplaySpan(t.Context(), tx, b.hook, webhooks.Span{Since: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour)}, b.clock())
		require.GreaterOrEqual(t, n, int64(3))
		return err
	})
	b.turn()
	var ids []string
	for _, s := range b.take() {
		ids = append(ids, s.id)
	}
	require.Subset(t, ids, []string{first.String(), second.String(), missed.String()}, "under the ids that they had")
}

// TestThreeDaysOfFailuresDisable: a receiver that is down is asked every few minutes,
// and one delivery at a time; after three days the webhook is disabled.
func TestThreeDaysOfFailuresDisable(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for n := range 20 {
		b.tell(uuid.Nil, n)
	}
	b.answers(down)
	began, asked := b.clock(), 0
	for {
		r := b.turn()
		if r.Over {
			break
		}
		require.False(t, r.More, "it rests")
		require.LessOrEqual(t, r.Wait, 8*time.Hour)
		require.Positive(t, r.Wait)
		asked += len(b.take())
		b.pass(r.Wait)
		require.Less(t, b.clock().Sub(began), 4*24*time.Hour)
	}
	require.GreaterOrEqual(t, b.clock().Sub(began), 3*24*time.Hour)
	require.Less(t, asked, 1000, "every five minutes at most")
	require.Equal(t, webhooks.Failing, b.get().DisabledCode)
}

// TestReceiverComesBack: everything that waits is due at once.
func TestReceiverComesBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for n := range 50 {
		b.tell(uuid.Nil, n)
	}
	b.answers(down)
	for range 10 {
		b.pass(b.turn().Wait)
	}
	b.take()
	b.answers(ok)
	r := b.turn()
	require.Equal(t, 50, r.Delivered)
	require.Zero(t, r.Wait)
	require.Nil(t, b.get().FailingSince)
}

// TestCrashBetweenAnswerAndRecord: the event is sent again under its id, and the
// attempt that was thought dead writes nothing.
func TestCrashBetweenAnswerAndRecord(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	event := b.tell(uuid.Nil, 1)
	in := webhook.DeliverEventsInput{Org: b.org, Webhook: b.hook}
	b.answers(func(sent) (webhook.Answer, error) { return webhook.Answer{}, errors.New("the worker dies here") })
	_, err := b.acts.DeliverEvents(t.Context(), in)
	require.ErrorContains(t, err, "the worker dies here")
	require.Equal(t, webhooks.Pending, b.log()[event].State)

	// A second turn takes over while the first still waits for its answer.
	waits, late := make(chan struct{}), make(chan struct{})
	b.answers(func(s sent) (webhook.Answer, error) {
		close(waits)
		<-late
		return webhook.Answer{Status: 500}, nil
	})
	ended := make(chan error, 1)
	go func() {
		_, err := b.acts.DeliverEvents(t.Context(), in)
		ended <- err
	}()
	<-waits
	b.answers(ok)
	require.Equal(t, 1, b.turn().Delivered)
	close(late)
	require.NoError(t, <-ended)
	d := b.log()[event]
	require.Equal(t, webhooks.Delivered, d.State)
	require.Equal(t, 1, d.Attempts, "the older turn has written nothing")
	require.Nil(t, b.get().FailingSince)
	for _, s := range b.take() {
		require.Equal(t, event.String(), s.id)
	}
}

// TestConfidentialIsWithheld: the check of disclosure is asked for each event, and what
// it refuses is not sent and says nothing of the receiver.
func TestConfidentialIsWithheld(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	secret, plain := b.file("confidential"), b.file("library")
	hidden, shown := b.tell(secret, 1), b.tell(plain, 1)
	b.turn()
	for _, s := range b.take() {
		require.NotEqual(t, secret, s.file)
	}
	require.Equal(t, webhooks.Withheld, b.log()[hidden].State)
	require.Equal(t, webhooks.Delivered, b.log()[shown].State)
	require.Zero(t, b.get().Failures)
}

// TestFiltersChoose: types and groups of types, and a test goes to its webhook alone.
func TestFiltersChoose(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.inTx(func(tx *tenancy.Tx) error {
		return webhooks.Update(t.Context(), tx, b.hook, webhooks.Change{URL: "https://school.example/hook", Types: []string{"share.*", "usage.warning"}})
	})
	for kind, data := range map[string]map[string]any{
		"share.created": {}, "usage.warning": {}, "file.published": {}, "shared.nothing": {}, events.WebhookTest: {"webhook_id": b.hook}, "webhook.disabled": {"webhook_id": b.hook},
	} {
		b.inTx(func(tx *tenancy.Tx) error { return events.Record(t.Context(), tx, tenancy.NewID(), kind, data) })
	}
	b.inTx(func(tx *tenancy.Tx) error {
		return events.Record(t.Context(), tx, tenancy.NewID(), events.WebhookTest, map[string]any{"webhook_id": tenancy.NewID()})
	})
	b.turn()
	var kinds []string
	for _, s := range b.take() {
		kinds = append(kinds, s.kind)
	}
	require.ElementsMatch(t, []string{"share.created", "usage.warning", events.WebhookTest}, kinds)
}

// TestOldRowsGo: deliveries after 30 days, events after 90; what waits stays.
func TestOldRowsGo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	event := b.tell(uuid.Nil, 1)
	b.turn()
	require.Equal(t, webhooks.Delivered, b.log()[event].State)
	sweeps := &webhook.Sweeps{DB: b.DB, Now: b.clock}
	clean := func() {
		_, err := sweeps.DeleteOldEvents(t.Context(), webhook.DeleteOldEventsInput{Org: tenancy.Platform})
		require.NoError(t, err)
	}
	clean()
	require.Len(t, b.log(), 1)
	b.pass(31 * 24 * time.Hour)
	clean()
	require.Empty(t, b.log())
	found, err := events.Exists(t.Context(), b.Single(b.org), event)
	require.NoError(t, err)
	require.True(t, found)
	b.pass(60 * 24 * time.Hour)
	clean()
	found, err = events.Exists(t.Context(), b.Single(b.org), event)
	require.NoError(t, err)
	require.False(t, found)
}
