package wiring

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/generation"
	"satchel/generation/providers"
	"satchel/internal/models"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/tenancy"
	making "satchel/workflows/generation"
	"satchel/workflows/upload"
)

var generationProcess = fx.Module("generation",
	fx.Provide(providers.New, newMaker, newDrafts, func(db *tenancy.DB, c client.Client) *generation.Sweeps {
		return &generation.Sweeps{DB: db, Starter: generationStarter{c}}
	}),
	// Only calls to models wait in a queue whose rate operators limit.
	component(func(m *generation.Maker) queue.Component {
		return queue.Component{Queue: queue.AI, Activities: []any{m}}
	}),
	component(func(d *generation.Drafts) queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{making.GenerateContent}, Activities: []any{d}}
	}),
	component(func(s *generation.Sweeps) queue.Component {
		return queue.Component{Sweeps: generation.SweepsOf(s)}
	}),
)

// ModelKeys are the secrets of models. The API has none of them.
type ModelKeys struct {
	OpenAI    string `env:"SATCHEL_MODEL_OPENAI_KEY"`    // key of the server of chat completions; empty: it asks for none
	Anthropic string `env:"SATCHEL_MODEL_ANTHROPIC_KEY"` // key of the server of Anthropic's messages

	ModerationURL   string `env:"SATCHEL_MODEL_MODERATION_URL"`  // base address of a server of OpenAI's moderations, such as https://models.example/v1, which is asked about each answer of a model before anybody sees it; empty: none is, and the teacher alone looks
	ModerationModel string `env:"SATCHEL_MODEL_MODERATION_NAME"` // name of its model; empty: the server chooses
	Moderation      string `env:"SATCHEL_MODEL_MODERATION_KEY"`  // key of that server; empty: it asks for none
}

func newMaker(db *tenancy.DB, list *providers.List, keys ModelKeys) *generation.Maker {
	asked := map[string]generation.Model{}
	for _, p := range list.All() {
		switch p.Name {
		case providers.OpenAI:
			asked[p.Name] = models.NewOpenAI(models.Config{BaseURL: p.URL, Key: keys.OpenAI, Model: p.Model, OldTokenLimit: p.OldLimit})
		case providers.Anthropic:
			asked[p.Name] = models.NewAnthropic(models.Config{BaseURL: p.URL, Key: keys.Anthropic, Model: p.Model})
		}
	}
	m := &generation.Maker{DB: db, Providers: list, Models: asked, Now: time.Now}
	if keys.ModerationURL != "" {
		m.Moderator = models.NewModeration(models.Config{BaseURL: keys.ModerationURL, Key: keys.Moderation, Model: keys.ModerationModel})
	}
	return m
}

func newDrafts(db *tenancy.DB, store *s3.Store, admission *upload.Admission) *generation.Drafts {
	return &generation.Drafts{DB: db, Staging: store.Staging, Admission: admission, Now: time.Now}
}

type generationStarter struct{ client client.Client }

// WakeGeneration starts the workflow of a generation, or has it look at its row.
func (s generationStarter) WakeGeneration(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return making.Wake(ctx, s.client, org, id)
}
