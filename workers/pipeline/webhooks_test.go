package pipeline_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/email"
	"satchel/activities/webhook"
	"satchel/cmd/worker/wiring"
	"satchel/internal/outbound"
	"satchel/internal/pgtest"
	"satchel/internal/pipelinetest"
	"satchel/internal/sealed"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
	delivering "satchel/workflows/webhook"
)

// receiver is a real HTTP server that keeps what it was sent and answers as the test
// says.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex
	got    []received
	answer func(http.ResponseWriter, *http.Request)
}

type received struct {
	header http.Header
	body   []byte
	at     time.Time
	event  struct {
		Type      string
		Timestamp time.Time
		Data      struct {
			File uuid.UUID `json:"file_id"`
			N    int       `json:"n"`
		}
	}
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		one := received{header: q.Header, at: time.Now()}
		one.body, _ = io.ReadAll(q.Body)
		_ = json.Unmarshal(one.body, &one.event)
		r.mu.Lock()
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, q)
			return
		}
		r.mu.Lock()
		r.got = append(r.got, one)
		r.mu.Unlock()
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(f func(http.ResponseWriter, *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// taken is what it took: what it answered with success.
func (r *receiver) taken() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received{}, r.got...)
}

// hooked makes a webhook that leads to an address, and gives its secret.
func hooked(t *testing.T, d *pgtest.Database, org tenancy.OrgID, url string, types ...string) (id uuid.UUID, secret string) {
	t.Helper()
	box, err := sealed.New(sealed.Config{Keys: pipelinetest.SecretsKey})
	require.NoError(t, err)
	id = tenancy.NewID()
	owner := d.Member(t, org, tenancy.Owner)
	require.NoError(t, d.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
		last, err := events.Last(context.Background(), tx)
		if err != nil {
			return err
		}
		if err := webhooks.Create(context.Background(), tx, id, webhooks.Change{URL: url, Types: types}, last, owner); err != nil {
			return err
		}
		secret, err = webhooks.AddSecret(context.Background(), tx, box, webhooks.NewSecret{ID: tenancy.NewID(), Webhook: id, Kind: webhooks.HMAC}, time.Now())
		return err
	}))
	return id, secret
}

// TestWebhookHearsOfAFile: a file goes through the whole pipeline, and its events
// arrive signed, in their order, each once, without anybody asking for it.
func TestWebhookHearsOfAFile(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	r := newReceiver(t)
	_, secret := hooked(t, b.Database, b.Org, r.URL, "file.*", "version.created", "preview.added")
	ticket := b.Receive(t, "picture.png", png)
	_, err := b.Ends(t, b.Process(t, ticket), ticket)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(r.taken()) >= 3 }, patience, pause)
	verifier, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	seen := map[string]bool{}
	var kinds []string
	for _, got := range r.taken() {
		require.NoError(t, verifier.Verify(got.body, got.header))
		require.Equal(t, ticket.File, got.event.Data.File)
		require.False(t, seen[got.header.Get("webhook-id")], "each once")
		seen[got.header.Get("webhook-id")] = true
		kinds = append(kinds, got.event.Type)
	}
	require.Equal(t, "version.created", kinds[0])
	require.ElementsMatch(t, []string{"version.created", "file.published", "preview.added"}, kinds)
	b.Trash(t, ticket.File)
	require.Eventually(t, func() bool {
		got := r.taken()
		return got[len(got)-1].event.Type == "file.trashed"
	}, patience, pause)
}

// TestReceiverDownForAnHour: 10,000 events while the receiver is down for an hour of
// the workflow's clock. Each arrives, and none before an earlier one of its file.
func TestReceiverDownForAnHour(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org, r := d.Organization(t, 1), newReceiver(t)
	const files, each = 200, 50
	hook, _ := hooked(t, d, org, r.URL, events.ShareDownloaded)
	user, space := d.Member(t, org, tenancy.Teacher), tenancy.NewID()
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{"insert into spaces (organization_id, id, kind, name) values (app.org(), $1, 'library', 'Library')", []any{space}},
		{`insert into files (organization_id, id, name, uploaded_by, space_id)
			select app.org(), md5('file' || f)::uuid, 'essay ' || f, $1, $2 from generate_series(1, $3::integer) f`, []any{user, space, files}},
		{`insert into organization_events (organization_id, id, type, data)
			select app.org(), gen_random_uuid(), $1, jsonb_build_object('file_id', md5('file' || f)::uuid, 'space_id', $4::uuid, 'n', n)
			  from generate_series(1, $3::integer) n, generate_series(1, $2::integer) f order by n, f`, []any{events.ShareDownloaded, files, each, space}},
	} {
		_, err := d.Single(org).Exec(t.Context(), s.sql, s.args...)
		require.NoError(t, err)
	}

	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(10 * time.Minute)
	box, err := sealed.New(sealed.Config{Keys: pipelinetest.SecretsKey})
	require.NoError(t, err)
	acts := webhook.New(webhook.Ports{DB: d.DB, Box: box, Sender: wiring.NewReceivers(outbound.Config{Loopback: true}, outbound.Options{}), Waker: asleep{}, Now: env.Now})
	env.RegisterWorkflow(delivering.DeliverToWebhook)
	env.RegisterActivity(acts)
	env.RegisterActivity(&email.Activities{})
	up := env.Now().Add(time.Hour)
	r.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	env.RegisterDelayedCallback(func() { r.answers(nil) }, time.Hour)
	env.ExecuteWorkflow(delivering.DeliverToWebhook, delivering.DeliverToWebhookInput{Org: org, Webhook: hook})
	require.NoError(t, env.GetWorkflowError())
	var result delivering.DeliverToWebhookResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, files*each, result.Delivered)
	require.Less(t, result.Failed, int64(100), "a receiver that is down is asked now and then")
	require.Less(t, env.Now(), up.Add(15*time.Minute), "it is found back within minutes")

	last, ids := map[uuid.UUID]int{}, map[string]bool{}
	for _, got := range r.taken() {
		data := got.event.Data
		require.Equal(t, last[data.File]+1, data.N, "file %s", data.File)
		last[data.File] = data.N
		ids[got.header.Get("webhook-id")] = true
	}
	require.Len(t, ids, files*each)
	t.Logf("%d events to a receiver that was down for an hour: %d failed attempts, done %s after it was back", files*each, result.Failed, env.Now().Sub(up).Round(time.Second))
}

// asleep wakes no one.
type asleep struct{}

func (asleep) Watch(tenancy.OrgID, uuid.UUID) (<-chan struct{}, func()) {
	return make(chan struct{}), func() {}
}

// TestDisabledWebhookIsMailed: a receiver that is gone, from its answer to the mail.
func TestDisabledWebhookIsMailed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	r := newReceiver(t)
	r.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	_, err := b.Admin(t).Exec(t.Context(), "update organizations set contact_email = 'office@school.example' where id = $1", b.Org)
	require.NoError(t, err)
	hook, _ := hooked(t, b.Database, b.Org, r.URL)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		return events.Record(t.Context(), tx, tenancy.NewID(), events.WebhookTest, map[string]any{"webhook_id": hook})
	}))
	require.Eventually(t, func() bool {
		w, err := webhooks.Get(context.Background(), b.Single(b.Org), hook)
		return err == nil && w.State == webhooks.Disabled && w.Mail == "sent"
	}, patience, pause)
	mails := b.Mails.All()
	require.Len(t, mails, 1)
	require.Equal(t, "office@school.example", mails[0].To)
	require.Contains(t, mails[0].Text, hook.String())
	require.Contains(t, mails[0].Text, "410")
}

// TestLostWebhookIsSwept: a webhook whose workflow and notification were lost is found.
func TestLostWebhookIsSwept(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	r := newReceiver(t)
	hook, _ := hooked(t, b.Database, b.Org, r.URL, events.WebhookTest)
	_, err := b.Single(b.Org).Exec(t.Context(), "insert into organization_events (organization_id, id, type, data) values (app.org(), gen_random_uuid(), 'webhook.test', jsonb_build_object('webhook_id', $1::uuid))", hook)
	require.NoError(t, err)
	b.Sweep(t, "start-waiting-webhooks")
	require.Eventually(t, func() bool { return len(r.taken()) == 1 }, patience, pause)
}
