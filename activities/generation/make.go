// Package generation makes documents from texts: by rules, or by asking a model. An answer
// of a model is stored before a step ends, so that a step that is tried again pays nothing.
package generation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/generation"
	"satchel/generation/drafts"
	"satchel/generation/extractive"
	"satchel/generation/prompt"
	"satchel/generation/providers"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// Model asks a model once. Beside an error, an answer that is Metered says that nothing was
// paid.
type Model interface {
	Ask(ctx context.Context, call generation.Call) (generation.Answer, error)
}

// Moderator says whether a text is unfit to be shown at a school. What it cannot say is an
// error, and nothing is shown until it can.
type Moderator interface {
	Flagged(ctx context.Context, text string) (bool, error)
}

// ErrModerated refuses an answer that nobody should see. Another try would ask for another
// answer and be paid, so none is made by itself.
var ErrModerated = fault.New(fault.Invalid, "answer_moderated", "The moderation of this service calls what the model wrote unfit for a school, so it is not shown. Choose another text or topic.")

// Maker has the activity that may cost money.
type Maker struct {
	DB        *tenancy.DB
	Providers *providers.List
	Models    map[string]Model // by the name of the provider
	Moderator Moderator        // nil: a person alone looks at it
	Now       func() time.Time
}

// MakeDraftInput names the generation. Round is 1, and 2 behind an answer that could not be
// used.
type MakeDraftInput struct {
	Org        tenancy.OrgID
	Generation uuid.UUID
	Round      int
}

// What became of a round.
const (
	Drafted  = "drafted"
	Again    = "again"    // the answer could not be used, and another round may do better
	Refused  = "refused"  // by the model
	Unusable = "unusable" // also in the last round
	Ended    = "ended"    // nothing is wanted any more
)

// MakeDraftResult says what became of it, and nothing of what is in it.
type MakeDraftResult struct{ State string }

const rounds = 2

// MakeDraft makes the first draft of a generation.
func (m *Maker) MakeDraft(ctx context.Context, in MakeDraftInput) (MakeDraftResult, error) {
	defer queue.Heartbeat(ctx)()
	q := m.DB.Single(in.Org)
	g, err := drafts.Get(ctx, q, in.Generation)
	switch {
	case err != nil:
		return MakeDraftResult{}, err
	case g.State == drafts.Draft || g.State == drafts.Approved:
		return MakeDraftResult{Drafted}, nil // an attempt before this one stored it
	case g.State != drafts.Waiting:
		return MakeDraftResult{Ended}, nil
	}
	source, err := drafts.SourceText(ctx, q, g.ID)
	if err != nil {
		return MakeDraftResult{}, err
	}
	r := g.Request(source)
	if g.Provider == providers.Extractive {
		return m.extract(ctx, g, r)
	}
	return m.ask(ctx, g, r, in.Round)
}

// extract sends nothing anywhere.
func (m *Maker) extract(ctx context.Context, g drafts.Generation, r generation.Request) (MakeDraftResult, error) {
	if _, err := drafts.Allowed(ctx, m.DB.Single(g.Org), providers.Provider{Name: g.Provider}, uuid.Nil); err != nil {
		return MakeDraftResult{}, err
	}
	d, err := extractive.Make(r)
	if err != nil {
		return MakeDraftResult{}, err
	}
	return m.store(ctx, g, drafts.Made{Document: d})
}

func (m *Maker) store(ctx context.Context, g drafts.Generation, made drafts.Made) (MakeDraftResult, error) {
	err := m.DB.InTx(ctx, g.Org, func(tx *tenancy.Tx) error { return drafts.Store(ctx, tx, g.ID, made) })
	return MakeDraftResult{Drafted}, err
}

// round is one round of questions to a model.
type round struct {
	drafts.Generation
	provider providers.Provider
	model    Model
	caps     providers.Caps
	number   int
}

func (m *Maker) ask(ctx context.Context, g drafts.Generation, request generation.Request, number int) (MakeDraftResult, error) {
	r := round{Generation: g, number: number}
	question, err := m.prepare(ctx, &r, request)
	if err != nil {
		return MakeDraftResult{}, err
	}
	answer, err := m.answer(ctx, r, question.Call)
	if err != nil {
		return MakeDraftResult{}, err
	}
	if answer.Finish == generation.Refused {
		return MakeDraftResult{Refused}, nil
	}
	var d *generation.Document
	if answer.Finish == generation.Complete {
		d, err = prompt.Read(answer.Text, request, question.Redactor)
	}
	if d == nil {
		activity.GetLogger(ctx).Info("answer of model not usable", "generation", g.ID, "round", number, "finish", answer.Finish, "code", fault.Of(err).Code)
		if number < rounds {
			return MakeDraftResult{Again}, nil
		}
		return MakeDraftResult{Unusable}, nil
	}
	flagged, err := m.flagged(ctx, d)
	switch {
	case err != nil:
		return MakeDraftResult{}, err // the answer is kept, so that the next attempt pays nothing
	case flagged:
		return MakeDraftResult{}, ErrModerated
	}
	return m.store(ctx, g, drafts.Made{Document: d, Model: answer.Model, Redactions: question.Redactor.Count()})
}

// flagged asks the moderation about all words of a document, before anybody sees them.
func (m *Maker) flagged(ctx context.Context, d *generation.Document) (bool, error) {
	if m.Moderator == nil {
		return false, nil
	}
	text, err := generation.Marshal(d)
	if err != nil {
		return false, err
	}
	return m.Moderator.Flagged(ctx, string(text))
}

// prepare makes the call, and refuses one that may not be made.
func (m *Maker) prepare(ctx context.Context, r *round, request generation.Request) (drafts.Question, error) {
	q := m.DB.Single(r.Org)
	var err error
	if r.provider, err = m.Providers.Get(r.Provider); err != nil {
		return drafts.Question{}, err
	}
	if r.model = m.Models[r.Provider]; r.model == nil {
		return drafts.Question{}, providers.ErrUnknown
	}
	var file uuid.UUID
	switch {
	case r.File != nil:
		file = *r.File
	case r.Version != nil: // the file is gone: so is the right to send its text
		return drafts.Question{}, drafts.ErrEnded
	}
	policies, err := drafts.Allowed(ctx, q, r.provider, file)
	if err != nil {
		return drafts.Question{}, err
	}
	r.caps = m.Providers.Caps(policies.GenerationJob, policies.GenerationDay, policies.GenerationMonth)
	names, err := drafts.Names(ctx, q)
	if err != nil {
		return drafts.Question{}, err
	}
	question := drafts.Ask(request, names)
	if r.PromptSHA256 != "" && r.PromptSHA256 != question.Sum() {
		return drafts.Question{}, drafts.ErrChanged
	}
	if r.number > 1 {
		before, found, err := drafts.AnswerOfRound(ctx, q, r.ID, r.number-1)
		if err != nil {
			return drafts.Question{}, err
		}
		if found {
			_, wrong := prompt.Read(before.Text, request, question.Redactor)
			question.Call = prompt.Again(question.Call, before.Finish, wrong)
		}
	}
	return question, nil
}

// answer gives what the model answered, and asks it where it was not asked.
func (m *Maker) answer(ctx context.Context, r round, call generation.Call) (generation.Answer, error) {
	sum := call.Sum()
	stored, found, err := drafts.StoredAnswer(ctx, m.DB.Single(r.Org), r.ID, r.number, sum)
	if err != nil || found {
		return stored, err
	}
	if err := drafts.SettleLost(ctx, m.DB, r.Generation); err != nil {
		return generation.Answer{}, err
	}
	worst := r.provider.Price.Worst(call.Bytes(), call.MaxTokens)
	charge, err := drafts.Reserve(ctx, m.DB, r.Generation, r.number, worst, r.caps, m.Now())
	if err != nil {
		return generation.Answer{}, err
	}
	call.EndUser = drafts.EndUser(r.Org, m.Now())
	answer, err := r.model.Ask(ctx, call)
	// Money is settled also when the step was cancelled while the model wrote.
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err != nil {
		bill := drafts.Bill{Known: answer.Metered}
		return answer, errors.Join(err, m.DB.InTx(own, r.Org, func(tx *tenancy.Tx) error { return drafts.Settle(own, tx, charge, bill) }))
	}
	bill := drafts.Bill{Known: answer.Metered, InputTokens: answer.InputTokens, OutputTokens: answer.OutputTokens, Micro: r.provider.Price.Cost(answer.InputTokens, answer.OutputTokens)}
	if err := drafts.StoreAnswer(own, m.DB, r.Generation, r.number, sum, answer, charge, bill); err != nil {
		return answer, fmt.Errorf("keep what was paid for: %w", err)
	}
	return answer, nil
}

const settleTimeout = 10 * time.Second
