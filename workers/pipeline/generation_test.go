package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	documents "satchel/generation"
	"satchel/generation/drafts"
	"satchel/generation/providers"
	"satchel/internal/models/modelstest"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/generation"
)

// modelOf is the fake as a server. A topic that names an error has it played.
func modelOf(t *testing.T, fake *modelstest.Fake) string {
	t.Helper()
	topic := regexp.MustCompile(`Topic: (play:\w+)`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		var body map[string]any
		if err != nil || json.Unmarshal(sent, &body) != nil {
			http.Error(w, "no request", http.StatusBadRequest)
			return
		}
		if play := topic.FindSubmatch(sent); play != nil {
			body["model"] = string(play[1])
			sent, _ = json.Marshal(body) // it was JSON
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(sent)), int64(len(sent))
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func generating(url string) func(*pipelinetest.Options) {
	return func(o *pipelinetest.Options) {
		o.Models = providers.Config{OpenAIURL: url, OpenAIModel: "m", OpenAICompany: "c", OpenAICountry: "DE", OpenAINoTraining: true, OpenAIInput: 1_000_000, OpenAIOutput: 1_000_000,
			Currency: "EUR", JobCap: 1 << 40, DayCap: 1 << 40, MonthCap: 1 << 40}
	}
}

// mayGenerate turns generation on.
func (b *worker) mayGenerate(t *testing.T) {
	t.Helper()
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		p, err := tenancy.GetPolicies(t.Context(), tx)
		if err != nil {
			return err
		}
		p.Generation, p.GenerationProviders = true, []string{providers.Extractive, providers.OpenAI}
		return tenancy.SetPolicies(t.Context(), tx, p)
	}))
}

// generate asks for a vocabulary list.
func (b *worker) generate(t *testing.T, provider, source, topic string) uuid.UUID {
	t.Helper()
	n := drafts.New{ID: tenancy.NewID(), By: b.User, Provider: provider, Request: documents.Request{Kind: documents.Vocabulary, Language: "en", Count: 3, Source: source, Topic: topic}}
	require.NoError(t, generation.Begin(t.Context(), b.DB, b.Client, b.Org, operations.Default, n))
	return n.ID
}

func (b *worker) generationIn(t *testing.T, id uuid.UUID, state drafts.State) drafts.Generation {
	t.Helper()
	var g drafts.Generation
	require.Eventually(t, func() bool {
		var err error
		g, err = drafts.Get(context.Background(), b.Single(b.Org), id)
		return err == nil && g.State == state
	}, patience, pause)
	return g
}

// approve does what the API does: the rows of the file, and the decision.
func (b *worker) approve(t *testing.T, id uuid.UUID) files.Created {
	t.Helper()
	var made files.Created
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) (err error) {
		if made, err = files.Create(t.Context(), tx, files.New{Name: "words.csv", ClaimedType: "text/csv", Size: 500, UploadedBy: b.User, TTL: time.Hour}); err != nil {
			return err
		}
		return drafts.Approve(t.Context(), tx, id, drafts.Approval{By: b.User, Revision: 1, Format: "csv", File: made.File, Version: made.Version})
	}))
	return made
}

func (b *worker) reject(t *testing.T, id uuid.UUID) {
	t.Helper()
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		_, err := drafts.Refuse(t.Context(), tx, id, b.User, drafts.Rejected)
		return err
	}))
	require.NoError(t, generation.Look(t.Context(), b.Client, b.Org, id))
}

const science = "A volcano is an opening in the crust of the Earth through which lava escapes. Magma is the molten rock that lies beneath the surface. " +
	"A seismometer is an instrument that records the shaking of the ground. Pumice is a light rock that forms when lava cools with bubbles of gas inside."

// TestATextBecomesAFile on the real engine, without a model and with one; a decision whose
// signal is lost is found by the sweep.
func TestATextBecomesAFile(t *testing.T) {
	t.Parallel()
	fake := &modelstest.Fake{}
	b := setup(t, generating(modelOf(t, fake)))
	b.mayGenerate(t)
	for _, provider := range []string{providers.Extractive, providers.OpenAI} {
		id := b.generate(t, provider, science, "")
		b.generationIn(t, id, drafts.Draft)
		made := b.approve(t, id)
		if provider == providers.OpenAI {
			require.NoError(t, generation.Look(t.Context(), b.Client, b.Org, id))
		} else {
			_, err := b.Single(b.Org).Exec(t.Context(), "update generations set updated_at = now() - interval '1 hour' where id = $1", id)
			require.NoError(t, err)
			b.Sweep(t, "wake-generations")
		}
		b.generationIn(t, id, drafts.Published)
		require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, id).State)
		require.Eventually(t, func() bool {
			v, err := files.GetVersion(context.Background(), b.Single(b.Org), made.Version)
			return err == nil && v.Status == files.Published
		}, patience, pause)
	}
	require.Len(t, fake.Requests(), 1)
	require.NotContains(t, fake.Requests()[0].Body, "tools")
}

// TestEachErrorOfAModel is seen in the row of the job: what another try may cure waits for
// the next one, what none can ends the generation. Of the first nothing is paid twice.
func TestEachErrorOfAModel(t *testing.T) {
	t.Parallel()
	fake := &modelstest.Fake{}
	b := setup(t, generating(modelOf(t, fake)))
	b.mayGenerate(t)
	again := map[string]string{"limited": "model_busy", "limited_long": "model_busy", "overloaded": "model_unavailable", "broken": "model_unavailable", "gateway": "model_unavailable", "timeout": "model_unavailable",
		"conflict": "model_unavailable", "dropped": "model_unavailable"}
	final := map[string]string{"spend_limit": "model_out_of_money", "quota": "model_out_of_money", "billing": "model_out_of_money", "spend_limit_400": "model_out_of_money", "invalid": "model_refused_request",
		"long": "source_too_long_for_model", "large": "source_too_long_for_model", "unprocessable": "model_refused_request", "unauthorized": "model_not_configured", "forbidden": "model_not_configured",
		"no_model": "model_not_configured", "redirect": "model_not_configured", "refused": "model_refused"}
	ids := map[string]uuid.UUID{}
	for play := range again {
		ids[play] = b.generate(t, providers.OpenAI, "", "play:"+play)
	}
	for play := range final {
		ids[play] = b.generate(t, providers.OpenAI, "", "play:"+play)
	}
	for play, code := range final {
		g := b.generationIn(t, ids[play], drafts.Failed)
		require.Equal(t, code, g.Code, play)
		o := b.operationOf(t, b.Org, ids[play])
		require.Equal(t, operations.Failed, o.State, play)
		require.Equal(t, code, o.ReasonCode, play)
		require.Zero(t, g.Reserved, play)
	}
	for play, code := range again {
		var o operations.Operation
		require.Eventually(t, func() bool {
			var err error
			o, err = operations.Get(context.Background(), b.Single(b.Org), ids[play])
			return err == nil && o.State == operations.Retrying
		}, patience, pause, play)
		require.Equal(t, code, o.ReasonCode, play)
		require.NotNil(t, o.NextTryAt, play)
		require.Less(t, time.Until(*o.NextTryAt), 19*time.Minute, play) // a pause is up to a quarter longer
		require.NoError(t, b.Client.CancelWorkflow(t.Context(), generation.WorkflowID(b.Org, ids[play]), ""))
		g := b.generationIn(t, ids[play], drafts.Cancelled)
		require.Equal(t, play == "dropped", g.Spent > 0, "%s: only of a stream that broke no one knows what it cost", play)
	}
}

// TestRecordGeneration writes what the real server kept of the process.
func TestRecordGeneration(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, generating(modelOf(t, &modelstest.Fake{})))
	b.mayGenerate(t)
	published := b.generate(t, providers.Extractive, science, "")
	b.generationIn(t, published, drafts.Draft)
	b.approve(t, published)
	require.NoError(t, generation.Look(t.Context(), b.Client, b.Org, published))
	b.keepRun(t, generation.WorkflowID(b.Org, published), "generation", "published")
	rejected := b.generate(t, providers.OpenAI, science, "")
	b.generationIn(t, rejected, drafts.Draft)
	b.reject(t, rejected)
	b.keepRun(t, generation.WorkflowID(b.Org, rejected), "generation", "rejected")
	failed := b.generate(t, providers.OpenAI, "", "play:refused")
	b.keepRun(t, generation.WorkflowID(b.Org, failed), "generation", "failed")
}
