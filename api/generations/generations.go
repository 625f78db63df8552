// Package generations answers for documents that are made from texts: they are asked for,
// looked at, changed, and approved or rejected.
package generations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/listen"
	"satchel/api/request"
	"satchel/api/uploads"
	"satchel/files"
	"satchel/generation"
	"satchel/generation/drafts"
	"satchel/generation/prompt"
	"satchel/generation/providers"
	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Workflows are those that these routes start and wake.
type Workflows interface {
	GenerateContent(ctx context.Context, org tenancy.OrgID, priority operations.Priority, n drafts.New) error
	LookAtGeneration(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error
	// CancelGeneration asks the workflow to end; false where none runs.
	CancelGeneration(ctx context.Context, org tenancy.OrgID, id uuid.UUID) (bool, error)
}

// Uploads makes the rows of a file whose bytes the platform writes. *uploads.Uploads is one.
type Uploads interface {
	Reserve(ctx context.Context, actor tenancy.Actor, a uploads.Metadata, size int64, ttl time.Duration) (files.Created, error)
}

// Generations answers for all of it.
type Generations struct {
	DB        *tenancy.DB // as the caller
	All       *tenancy.DB // of the whole organization: the names that no model is given
	Providers *providers.List
	Uploads   Uploads
	Workflows Workflows
	Listener  *listen.Listener
	Now       func() time.Time
}

// kind is what jobs of generations are called.
const kind = "generate_content"

func (r *Generations) query(c *gin.Context) *tenancy.SingleStatement {
	return r.DB.Single(request.Caller(c).Org)
}

// View is a generation as its person sees it.
type View struct {
	ID            uuid.UUID       `json:"id"`
	Kind          generation.Kind `json:"kind"`
	Language      string          `json:"language"`
	Level         string          `json:"level"`
	Count         int             `json:"count"`
	Topic         string          `json:"topic"`
	State         drafts.State    `json:"state"`
	Code          string          `json:"code"` // why it failed
	Title         string          `json:"title"`
	Revision      int             `json:"revision"`
	CostMicro     int64           `json:"cost_micro"`
	Currency      string          `json:"currency"`
	Format        string          `json:"format"`
	Answers       bool            `json:"answers"`
	FileID        *uuid.UUID      `json:"file_id"`    // that it became
	VersionID     *uuid.UUID      `json:"version_id"` // of that file
	DecidedAt     *time.Time      `json:"decided_at"`
	ExpiresAt     *time.Time      `json:"expires_at"`
	CreatedAt     time.Time       `json:"created_at"`
	EndedAt       *time.Time      `json:"ended_at"`
	Provenance    Provenance      `json:"provenance"`
	Document      json.RawMessage `json:"document,omitempty"`
	EditedBy      *uuid.UUID      `json:"edited_by,omitempty"`
	ReviewedBy    *uuid.UUID      `json:"reviewed_by,omitempty"`
	OperationPath string          `json:"operation"`
}

// Provenance says where a document is from.
type Provenance struct {
	Provider      string          `json:"provider"`
	Model         string          `json:"model"`
	PromptVersion int             `json:"prompt_version"`
	SourceFile    *uuid.UUID      `json:"source_file_id"`
	SourceVersion *uuid.UUID      `json:"source_version_id"`
	SourceSHA256  string          `json:"source_sha256"`
	Redactions    json.RawMessage `json:"redactions"`
}

func (r *Generations) show(g drafts.Generation) View {
	v := View{ID: g.ID, Kind: g.Kind, Language: g.Language, Level: g.Level, Count: g.Items, Topic: g.Topic, State: g.State, Code: g.Code, Title: g.Title, Revision: g.Revision,
		CostMicro: g.Spent, Currency: r.Providers.Currency, Format: g.Format, Answers: g.Answers, FileID: g.ResultFile, VersionID: g.Result, DecidedAt: request.UTC(g.DecidedAt),
		CreatedAt: g.CreatedAt.UTC(), EndedAt: request.UTC(g.EndedAt), OperationPath: "/api/v1/operations/" + g.ID.String(), ReviewedBy: g.DecidedBy,
		Provenance: Provenance{Provider: g.Provider, Model: g.Model, PromptVersion: g.Prompt, SourceFile: g.File, SourceVersion: g.Version, SourceSHA256: g.SourceSHA256, Redactions: g.Redactions}}
	if g.State == drafts.Draft {
		v.ExpiresAt = request.UTC(g.ExpiresAt)
	}
	return v
}

// asked is what someone asks for.
type asked struct {
	Kind     generation.Kind     `json:"kind"`
	Language string              `json:"language"`
	Level    string              `json:"level"`
	Count    int                 `json:"count"`
	FileID   *uuid.UUID          `json:"file_id"`
	Topic    string              `json:"topic"`
	Provider string              `json:"provider"`
	Priority operations.Priority `json:"priority"`
	// ConfirmPrompt is the hash of the prompt that the person saw in the preview.
	ConfirmPrompt string `json:"confirm_prompt"`
}

// work is a request that may be carried out.
type work struct {
	provider providers.Provider
	request  generation.Request
	source   drafts.Source
	question *drafts.Question // of a model
}

// needsLook says whether a person has to see what is sent: no detector has said that
// there is no personal data in it.
func (w work) needsLook() bool {
	return w.question != nil && (w.source.Personal == nil || *w.source.Personal)
}

// usual are what is asked for where nothing is said.
const usualCount = 10

// prepare checks what was asked for, as the caller.
func (r *Generations) prepare(ctx context.Context, org tenancy.OrgID, in asked) (w work, err error) {
	if in.Provider == "" {
		in.Provider = providers.Extractive
	}
	if in.Count == 0 {
		in.Count = usualCount
	}
	if in.FileID == nil && in.Topic == "" {
		return w, request.Invalid("source", "Give file_id, the file from whose text something is made, or a topic.")
	}
	if w.provider, err = r.Providers.Get(in.Provider); err != nil {
		return w, err
	}
	q := r.DB.Single(org)
	var file uuid.UUID
	if in.FileID != nil {
		file = *in.FileID
		if w.source, err = drafts.ReadSource(ctx, q, file); err != nil {
			return w, err
		}
	}
	if _, err := drafts.Allowed(ctx, q, w.provider, file); err != nil {
		return w, err
	}
	w.request = generation.Request{Kind: in.Kind, Language: in.Language, Level: in.Level, Count: in.Count, Topic: in.Topic, Source: w.source.Text}
	if err := w.request.Validate(); err != nil {
		return w, err
	}
	if !w.provider.Outside {
		if in.Topic != "" {
			return w, generation.ErrNeedsSource
		}
		return w, nil
	}
	names, err := drafts.Names(ctx, r.All.Single(org))
	if err != nil {
		return w, err
	}
	question := drafts.Ask(w.request, names)
	w.question = &question
	return w, nil
}

var errLook = fault.New(fault.Conflict, "prompt_not_confirmed", "No one has said that this text is free of personal data. Look at what is sent, by GET /api/v1/generation/preview, and send its prompt_sha256 as confirm_prompt.")

// Create asks for a document.
func (r *Generations) Create(c *gin.Context) error {
	in, err := request.Body[asked](c)
	if err != nil {
		return err
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	priority, err := operations.PriorityFor(actor, kind, in.Priority)
	if err != nil {
		return err
	}
	w, err := r.prepare(ctx, actor.Org, in)
	if err != nil {
		return err
	}
	n := drafts.New{ID: request.NewID(c), By: actor.User, Request: w.request, Source: w.source, Provider: w.provider.Name, Model: w.provider.Model}
	if w.question != nil {
		n.Prompt, n.PromptSHA256 = prompt.Version, in.ConfirmPrompt
		switch {
		case in.ConfirmPrompt == "" && w.needsLook():
			return errLook
		case in.ConfirmPrompt != "" && in.ConfirmPrompt != w.question.Sum():
			return drafts.ErrChanged
		}
	}
	if err := r.Workflows.GenerateContent(ctx, actor.Org, priority, n); err != nil {
		return err
	}
	return r.answer(c, n.ID)
}

func (r *Generations) answer(c *gin.Context, id uuid.UUID) error {
	g, err := drafts.Get(c.Request.Context(), r.query(c), id)
	if err != nil {
		return err
	}
	c.Header("Location", "/api/v1/generations/"+id.String())
	c.JSON(http.StatusAccepted, r.show(g))
	return nil
}

// ReplayCreate answers a request that was sent again.
func (r *Generations) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	outcome, err := idempotency.OutcomeOf(r.answer(c, e.ID), drafts.ErrNotFound)
	return outcome, err
}

// List lists the caller's, the newest first.
func (r *Generations) List(c *gin.Context) error {
	state := drafts.State(c.Query("state"))
	if state != "" && !slices.Contains(drafts.States, state) {
		return request.Invalid("state", "state is one of waiting, draft, approved, published, rejected, expired, failed, cancelled.")
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]drafts.Generation, error) {
		return drafts.List(c.Request.Context(), r.query(c), state, before[0], limit)
	}, r.show, func(g drafts.Generation) []uuid.UUID { return []uuid.UUID{g.ID} })
}

func (r *Generations) find(c *gin.Context) (drafts.Generation, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return drafts.Generation{}, drafts.ErrNotFound
	}
	return drafts.Get(c.Request.Context(), r.query(c), id)
}

// Get shows one with its document, once it is a draft, or has ended, or the time to wait is
// up.
func (r *Generations) Get(c *gin.Context) error {
	wait, err := request.Wait(c)
	if err != nil {
		return err
	}
	g, err := r.find(c)
	if err != nil {
		return err
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	if moving := g.State; wait > 0 && (moving == drafts.Waiting || moving == drafts.Approved) {
		g, err = listen.WaitFor(ctx, r.Listener, org, g.ID, wait, func() (drafts.Generation, bool, error) {
			g, err := drafts.Get(ctx, r.DB.Single(org), g.ID)
			return g, g.State != moving, err
		})
		if err != nil {
			return err
		}
	}
	return r.showWhole(c, g)
}

func (r *Generations) showWhole(c *gin.Context, g drafts.Generation) error {
	v := r.show(g)
	if g.Revision > 0 && (g.Open() || g.State == drafts.Published) {
		newest, err := drafts.Newest(c.Request.Context(), r.query(c), g.ID)
		if err != nil && (g.Open() || !errors.Is(err, drafts.ErrNoDraft)) { // an erasure of the source, or of the file, takes the drafts
			return err
		}
		v.Document, v.EditedBy = newest.Document, newest.By
	}
	c.JSON(http.StatusOK, v)
	return nil
}

func (r *Generations) showAgain(c *gin.Context, id uuid.UUID) error {
	g, err := drafts.Get(c.Request.Context(), r.query(c), id)
	if err != nil {
		return err
	}
	return r.showWhole(c, g)
}

// PreviewView is what would be sent.
type PreviewView struct {
	Provider     string         `json:"provider"`
	Outside      bool           `json:"outside"` // the text leaves the platform
	Company      string         `json:"company"`
	Country      string         `json:"country"`
	Model        string         `json:"model"`
	System       string         `json:"system"`
	Prompt       string         `json:"prompt"`
	PromptSHA256 string         `json:"prompt_sha256"`
	Redactions   map[string]int `json:"redactions"`
	Confirm      bool           `json:"confirm"` // the request has to carry prompt_sha256 as confirm_prompt
	WorstMicro   int64          `json:"worst_micro"`
	Currency     string         `json:"currency"`
}

// Preview shows what would be sent to whom, with what was taken out of it.
func (r *Generations) Preview(c *gin.Context) error {
	in := asked{Kind: generation.Kind(c.Query("kind")), Language: c.Query("language"), Level: c.Query("level"), Topic: c.Query("topic"), Provider: c.Query("provider")}
	var err error
	if n := c.Query("count"); n != "" {
		if in.Count, err = strconv.Atoi(n); err != nil {
			return request.Invalid("count", "count is a number from 1 to 50.")
		}
	}
	if f := c.Query("file_id"); f != "" {
		id, err := uuid.Parse(f)
		if err != nil {
			return files.ErrNotFound
		}
		in.FileID = &id
	}
	w, err := r.prepare(c.Request.Context(), request.Caller(c).Org, in)
	if err != nil {
		return err
	}
	v := PreviewView{Provider: w.provider.Name, Outside: w.provider.Outside, Company: w.provider.Company, Country: w.provider.Country, Model: w.provider.Model,
		Redactions: map[string]int{}, Currency: r.Providers.Currency, Confirm: w.needsLook()}
	if w.question != nil {
		v.System, v.Prompt, v.PromptSHA256, v.Redactions = w.question.Call.System, w.question.Call.Prompt, w.question.Sum(), w.question.Redactor.Count()
		v.WorstMicro = w.provider.Price.Worst(w.question.Call.Bytes(), w.question.Call.MaxTokens)
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// ProviderView is a provider that this service has.
type ProviderView struct {
	Name        string `json:"name"`
	Model       string `json:"model"`
	Outside     bool   `json:"outside"`
	Company     string `json:"company"`
	Country     string `json:"country"`
	InputPrice  int64  `json:"input_price_micro"`  // of a million tokens
	OutputPrice int64  `json:"output_price_micro"` // of a million tokens
	Allowed     bool   `json:"allowed"`            // by the organization
}

// ListProviders lists the providers, which for those outside is the list of subprocessors.
func (r *Generations) ListProviders(c *gin.Context) error {
	policies, err := tenancy.GetPolicies(c.Request.Context(), r.query(c))
	if err != nil {
		return err
	}
	views := []ProviderView{}
	for _, p := range r.Providers.All() {
		views = append(views, ProviderView{Name: p.Name, Model: p.Model, Outside: p.Outside, Company: p.Company, Country: p.Country, InputPrice: p.Price.Input, OutputPrice: p.Price.Output,
			Allowed: policies.Generation && slices.Contains(policies.GenerationProviders, p.Name)})
	}
	c.JSON(http.StatusOK, gin.H{"items": views, "currency": r.Providers.Currency})
	return nil
}

// SumView is what was spent in a day or a month.
type SumView struct {
	Period        string `json:"period"`
	Starts        string `json:"starts_on"`
	ReservedMicro int64  `json:"reserved_micro"`
	SpentMicro    int64  `json:"spent_micro"`
	Calls         int64  `json:"calls"`
	InputTokens   int64  `json:"input_tokens"`
	OutputTokens  int64  `json:"output_tokens"`
}

// Spending shows what the organization spends on models, and its caps.
func (r *Generations) Spending(c *gin.Context) error {
	ctx, q := c.Request.Context(), r.query(c)
	policies, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return err
	}
	sums, err := drafts.Spending(ctx, q, r.Now())
	if err != nil {
		return err
	}
	views := make([]SumView, len(sums))
	for i, s := range sums {
		views[i] = SumView{s.Period, s.Starts.Format(time.DateOnly), s.Reserved, s.Spent, s.Calls, s.InputTokens, s.OutputTokens}
	}
	caps := r.Providers.Caps(policies.GenerationJob, policies.GenerationDay, policies.GenerationMonth)
	c.JSON(http.StatusOK, gin.H{"currency": r.Providers.Currency, "job_cap_micro": caps.Job, "day_cap_micro": caps.Day, "month_cap_micro": caps.Month, "items": views})
	return nil
}

// origin says in words where a document is from, for the version that it becomes.
func origin(g drafts.Generation) string {
	from := "a topic"
	if g.Version != nil {
		from = fmt.Sprintf("version %s (SHA-256 %s)", g.Version, g.SourceSHA256)
	}
	by := "cut from the text by rules, without a model"
	if g.Provider != providers.Extractive {
		by = fmt.Sprintf("made by a machine: %s, model %s, prompt %d", g.Provider, g.Model, g.Prompt)
	}
	return fmt.Sprintf("Generation %s from %s; %s; reviewed and approved by a person at revision %d.", g.ID, from, by, g.Revision)
}
