package pipeline_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/workflows/webhook"
)

// TestRecordWebhooks writes what the real server kept of the processes of webhooks.
func TestRecordWebhooks(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	r := newReceiver(t)
	_, err := b.Admin(t).Exec(t.Context(), "update organizations set contact_email = 'office@school.example' where id = $1", b.Org)
	require.NoError(t, err)
	ask := func(hook uuid.UUID) {
		require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
			return events.Record(t.Context(), tx, tenancy.NewID(), events.WebhookTest, map[string]any{"webhook_id": hook})
		}))
	}
	kept := func(hook uuid.UUID, name string) {
		id := webhook.WorkflowID(b.Org, hook)
		require.Eventually(t, func() bool {
			_, err := b.Client.DescribeWorkflowExecution(context.Background(), id, "")
			return err == nil
		}, patience, pause)
		b.keepRun(t, id, "webhook", name)
	}
	good, _ := hooked(t, b.Database, b.Org, r.URL, events.WebhookTest)
	ask(good)
	require.Eventually(t, func() bool { return len(r.taken()) == 1 }, patience, pause)
	kept(good, "delivered")
	r.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	gone, _ := hooked(t, b.Database, b.Org, r.URL, events.WebhookTest)
	ask(gone)
	require.Eventually(t, func() bool { return len(b.Mails.All()) == 1 }, patience, pause)
	kept(gone, "disabled")
	require.NoError(t, b.runOf(t, "webhook", "cleaned", webhook.CleanEvents, webhook.CleanEventsInput{Org: tenancy.Platform}))
}
