package pipeline_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/cmd/worker/wiring"
	"satchel/internal/mail"
	"satchel/internal/pipelinetest"
	"satchel/internal/sealed"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
	"satchel/tenancy/people"
	"satchel/workflows/consentrequest"
)

const guardian = "guardian@home.example"

var directNotice = requests.Notice{
	Summary: "The school asks whether it may keep files of your child.", Collected: "Files", Used: "School work", Disclosed: "To teachers", ThirdParties: []requests.ThirdParty{},
	ConsentRequired: "Nothing without your consent.", OnlineNotice: "https://school.example/privacy", Means: "By the question below.", ContactDeleted: "After two weeks.", Rights: "To see, delete and refuse.",
}

// family is a child with a file that waits for a parent's consent.
type family struct {
	*worker
	child uuid.UUID
	file  uuid.UUID
}

func (b *worker) family(t *testing.T) family {
	t.Helper()
	ctx, f := context.Background(), family{worker: b, child: b.Member(t, b.Org, tenancy.Student), file: tenancy.NewID()}
	for _, sql := range []string{
		"update agreements set ended_at = now()",
		"insert into coppa_settings (organization_id, gate) values (app.org(), 'discovered') on conflict (organization_id) do update set gate = 'discovered'",
	} {
		_, err := b.Single(b.Org).Exec(ctx, sql)
		require.NoError(t, err)
	}
	_, err := b.Single(b.Org).Exec(ctx, "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", f.file, f.child)
	require.NoError(t, err)
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error {
		_, err := requests.Publish(ctx, tx, requests.NewNotice{ID: tenancy.NewID(), Language: "en", Notice: directNotice, By: b.User}, time.Now())
		return err
	}))
	return f
}

func (f family) contacts(t *testing.T) requests.Contacts {
	t.Helper()
	box, err := sealed.New(sealed.Config{Keys: pipelinetest.SecretsKey})
	require.NoError(t, err)
	hasher, err := people.NewHasher(people.HashConfig{Key: pipelinetest.HashKey})
	require.NoError(t, err)
	return requests.Contacts{Box: box, HashEmail: hasher.HashEmail}
}

func (f family) ask(t *testing.T) uuid.UUID {
	t.Helper()
	ctx, id := context.Background(), tenancy.NewID()
	require.NoError(t, f.InTx(ctx, f.Org, func(tx *tenancy.Tx) error {
		return requests.Create(ctx, tx, f.contacts(t), requests.New{ID: id, Child: f.child, Email: guardian, Language: "en", By: f.User}, time.Now())
	}))
	f.wake(t, id)
	return id
}

func (f family) wake(t *testing.T, id uuid.UUID) {
	t.Helper()
	require.NoError(t, consentrequest.Wake(context.Background(), f.Client, f.Org, id))
}

func (f family) request(t *testing.T, id uuid.UUID) requests.Request {
	t.Helper()
	r, err := requests.Get(context.Background(), f.Single(f.Org), id)
	require.NoError(t, err)
	return r
}

func (f family) is(t *testing.T, id uuid.UUID, state string) {
	t.Helper()
	require.Eventually(t, func() bool { return f.request(t, id).State == state }, patience, pause, state)
}

// link is the token of the newest mail.
func (f family) link(t *testing.T) (token string) {
	t.Helper()
	all := f.Mails.All()
	require.NotEmpty(t, all)
	_, rest, found := strings.Cut(all[len(all)-1].Text, "https://school.test/consent/")
	require.True(t, found)
	token, _, _ = strings.Cut(rest, "\n")
	return token
}

func (f family) answer(t *testing.T, id uuid.UUID, do func(ctx context.Context, tx *tenancy.Tx, token uuid.UUID) error) {
	t.Helper()
	ctx := context.Background()
	ref, found, err := f.ConsentByToken(ctx, requests.Hash(f.link(t)))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, id, ref.Request)
	require.NoError(t, f.InTx(ctx, f.Org, func(tx *tenancy.Tx) error { return do(ctx, tx, ref.Token) }))
	f.wake(t, id)
}

func saying(yes bool) func(context.Context, *tenancy.Tx, uuid.UUID) error {
	return func(ctx context.Context, tx *tenancy.Tx, token uuid.UUID) error {
		_, err := requests.Answer(ctx, tx, token, requests.Answers{Use: yes}, requests.Visitor{}, time.Now())
		return err
	}
}

func withdrawing(ctx context.Context, tx *tenancy.Tx, token uuid.UUID) error {
	_, err := requests.WithdrawConsent(ctx, tx, token, requests.Visitor{}, time.Now())
	return err
}

// passes moves a moment of a request into the past, which nothing but a test does.
func (f family) passes(t *testing.T, id uuid.UUID, column string) {
	t.Helper()
	_, err := f.Admin(t).Exec(context.Background(), "update consent_requests set "+column+" = now() - interval '1 minute' where id = $1", id)
	require.NoError(t, err)
	f.wake(t, id)
}

// fileIs says whether the file waits for a basis, and whether its time is over: the sweep of such
// files deletes it then.
func (f family) fileIs(t *testing.T, held, over bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		var isHeld, isOver bool
		err := f.Single(f.Org).QueryRow(context.Background(), "select held_since is not null, coalesce(held_until < now(), false) from files where id = $1", f.file).Scan(&isHeld, &isOver)
		return err == nil && isHeld == held && isOver == over
	}, patience, pause)
}

func (f family) ended(t *testing.T, id uuid.UUID) {
	t.Helper()
	require.NoError(t, f.Client.GetWorkflow(context.Background(), consentrequest.WorkflowID(f.Org, id), "").Get(context.Background(), nil))
}

// withdrawn runs a request from its mail over the second mail to the withdrawal.
func (f family) withdrawn(t *testing.T) uuid.UUID {
	t.Helper()
	f.fileIs(t, true, false)
	id := f.ask(t)
	f.is(t, id, requests.Requested)
	f.answer(t, id, saying(true))
	f.is(t, id, requests.Provisional)
	f.fileIs(t, true, false)
	f.passes(t, id, "confirm_at")
	f.is(t, id, requests.Granted)
	f.fileIs(t, false, false)
	f.ended(t, id)
	f.answer(t, id, withdrawing)
	require.Equal(t, requests.Revoked, f.request(t, id).State)
	f.fileIs(t, true, false) // what was here by the consent has the days of a hold
	f.ended(t, id)
	return id
}

// TestConsentFromTheMailToTheWithdrawal: nothing personal is in Temporal, and each step is on
// record.
func TestConsentFromTheMailToTheWithdrawal(t *testing.T) {
	t.Parallel()
	f := setup(t, nil).family(t)
	id := f.withdrawn(t)
	require.Len(t, f.Mails.All(), 2)
	require.Equal(t, guardian, f.Mails.All()[0].To)
	require.Contains(t, f.Mails.All()[0].Text, "Nothing without your consent.", "the mail is the direct notice")
	require.NotEqual(t, f.Mails.All()[0].ReportTag, f.Mails.All()[1].ReportTag)
	require.Nil(t, f.request(t, id).ContactSealed, "the address is deleted")
	for _, action := range []string{"consent.request_send", "consent.request_confirm"} {
		require.Equal(t, 1, countEvents(t, &f.Bench, id, action), action)
	}
	events := f.Client.GetWorkflowHistory(context.Background(), consentrequest.WorkflowID(f.Org, id), "", false, 1)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		require.NotContains(t, e.String(), "home.example")
	}
}

// TestAMailServerIsDownAndThenUp: the mail is tried, and one link counts.
func TestAMailServerIsDownAndThenUp(t *testing.T) {
	t.Parallel()
	f := setup(t, nil).family(t)
	f.Mails.Fail(wiring.MailFaults[mail.ErrUnavailable])
	id := f.ask(t)
	require.Eventually(t, func() bool { return f.Mails.Tries() >= 2 }, patience, pause)
	require.Equal(t, requests.NoticePending, f.request(t, id).State)
	f.Mails.Fail(nil)
	f.is(t, id, requests.Requested)
	var links int
	require.NoError(t, f.Single(f.Org).QueryRow(context.Background(), "select count(*) from consent_tokens").Scan(&links))
	require.Equal(t, 1, links, "mails that did not go out leave no link")
	f.answer(t, id, saying(false))
	f.fileIs(t, true, true)
}

// TestARefusedAddressIsAskedAgain by staff, at another one.
func TestARefusedAddressIsAskedAgain(t *testing.T) {
	t.Parallel()
	f := setup(t, nil).family(t)
	f.Mails.Fail(wiring.MailFaults[mail.ErrAddressRefused])
	id := f.ask(t)
	f.is(t, id, requests.Undeliverable)
	require.Equal(t, "address_refused", f.request(t, id).MailCode)
	f.Mails.Fail(nil)
	ctx := context.Background()
	require.NoError(t, f.InTx(ctx, f.Org, func(tx *tenancy.Tx) error {
		return requests.Resend(ctx, tx, f.contacts(t), id, "other@home.example", time.Now())
	}))
	f.wake(t, id)
	f.is(t, id, requests.Requested)
	require.Equal(t, "other@home.example", f.Mails.All()[0].To)

	ref, found, err := f.ConsentByToken(ctx, requests.Hash(f.link(t)))
	require.NoError(t, err)
	require.True(t, found)
	require.NoError(t, f.InTx(ctx, f.Org, func(tx *tenancy.Tx) error {
		changed, err := requests.Bounce(ctx, tx, ref.Token, "5.1.1", time.Now())
		require.True(t, changed)
		return err
	}))
	f.is(t, id, requests.Undeliverable)
}

// TestALostRequestIsFound: a process died between the row and the start of its workflow.
func TestALostRequestIsFound(t *testing.T) {
	t.Parallel()
	f := setup(t, nil).family(t)
	ctx, id := context.Background(), tenancy.NewID()
	require.NoError(t, f.InTx(ctx, f.Org, func(tx *tenancy.Tx) error {
		return requests.Create(ctx, tx, f.contacts(t), requests.New{ID: id, Child: f.child, Email: guardian, Language: "en", By: f.User}, time.Now().Add(-time.Hour))
	}))
	require.Eventually(t, func() bool {
		f.Sweep(t, "start-consent-requests")
		return f.request(t, id).State == requests.Requested
	}, patience, pause)
	require.Len(t, f.Mails.All(), 1)
}

// TestRecordConsentRequests writes the histories that workflows/consentrequest replays.
func TestRecordConsentRequests(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	ctx := context.Background()
	f := setup(t, nil).family(t)
	id := f.ask(t)
	f.is(t, id, requests.Requested)
	f.answer(t, id, saying(true))
	f.passes(t, id, "confirm_at")
	f.is(t, id, requests.Granted)
	f.ended(t, id)
	f.keepOf(t, f.Client.GetWorkflow(ctx, consentrequest.WorkflowID(f.Org, id), ""), "consentrequest", "granted")
	f.answer(t, id, withdrawing)
	f.fileIs(t, true, false)
	f.ended(t, id)
	f.keepOf(t, f.Client.GetWorkflow(ctx, consentrequest.WorkflowID(f.Org, id), ""), "consentrequest", "withdrawn")

	f = setup(t, nil).family(t)
	id = f.ask(t)
	f.is(t, id, requests.Requested)
	f.answer(t, id, saying(false))
	f.ended(t, id)
	f.keepOf(t, f.Client.GetWorkflow(ctx, consentrequest.WorkflowID(f.Org, id), ""), "consentrequest", "refused")

	f = setup(t, nil).family(t)
	f.Mails.Fail(wiring.MailFaults[mail.ErrUnavailable])
	id = f.ask(t)
	require.Eventually(t, func() bool { return f.Mails.Tries() >= 2 }, patience, pause)
	f.passes(t, id, "expires_at")
	f.is(t, id, requests.Expired)
	f.ended(t, id)
	f.keepOf(t, f.Client.GetWorkflow(ctx, consentrequest.WorkflowID(f.Org, id), ""), "consentrequest", "expired")
}
