// Package drafts keeps what people let make from texts: what was asked for, the drafts with
// their revisions, the decisions, what models answered, and the money.
package drafts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/generation"
	"satchel/generation/drafts/draftsdb"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// State is where a generation is.
type State string

// The states. The first three are no end.
const (
	Waiting   State = "waiting"  // it is being made
	Draft     State = "draft"    // a person looks at it
	Approved  State = "approved" // its file is on its way
	Published State = "published"
	Rejected  State = "rejected"
	Expired   State = "expired"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// States lists every state.
var States = []State{Waiting, Draft, Approved, Published, Rejected, Expired, Failed, Cancelled}

// Life is how long a draft waits for a decision.
const Life = 30 * 24 * time.Hour

// The refusals of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "generation_not_found", "There is no such generation.")
	ErrEnded     = fault.New(fault.Conflict, "generation_ended", "This generation has ended. Ask for a new one.")
	ErrNoDraft   = fault.New(fault.Conflict, "no_draft", "There is no draft yet. Wait until its state is draft.")
	ErrDecided   = fault.New(fault.Conflict, "draft_decided", "This draft was decided about already.")
	ErrRevision  = fault.New(fault.Conflict, "draft_changed", "The draft was changed in the meantime. Read it again, and send your change with its revision.")
	ErrNotReady  = fault.New(fault.Conflict, "text_not_ready", "The text of this file is still being read. Try again in a minute.")
	ErrNoText    = fault.New(fault.Invalid, "no_text", "No text can be read from this file. Choose a file with text, or give a topic.")
	errNoSource  = fault.New(fault.NotFound, "file_not_found", "There is no such file.")
	errUnchanged = fault.New(fault.Invalid, "invalid_document", "The edited document has another kind or language than the draft. Leave schema and language as they are.")
)

// Generation is one row, without the text of its source.
type Generation struct {
	Org          tenancy.OrgID
	ID           uuid.UUID
	RequestedBy  uuid.UUID
	Kind         generation.Kind
	Language     string
	Level        string
	Items        int
	Topic        string
	File         *uuid.UUID
	Version      *uuid.UUID
	SourceSHA256 string
	Provider     string
	Model        string
	Prompt       int    // version of the prompt
	PromptSHA256 string // that the person saw
	State        State
	Code         string
	Revision     int
	Title        string
	Redactions   json.RawMessage
	Reserved     int64
	Spent        int64
	Format       string
	Answers      bool
	ResultFile   *uuid.UUID
	Result       *uuid.UUID // version
	DecidedBy    *uuid.UUID
	DecidedAt    *time.Time
	ExpiresAt    *time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	EndedAt      *time.Time
}

func fromRow(r draftsdb.GenerationGetRow) Generation {
	return Generation{Org: r.OrganizationID, ID: r.ID, RequestedBy: r.RequestedBy, Kind: generation.Kind(r.Kind), Language: r.Language, Level: r.Level, Items: int(r.Items), Topic: r.Topic,
		File: r.FileID, Version: r.VersionID, SourceSHA256: r.SourceSha256, Provider: r.Provider, Model: r.Model, Prompt: int(r.PromptVersion), PromptSHA256: r.PromptSha256, State: State(r.State),
		Code: r.Code, Revision: int(r.Revision), Title: r.Title, Redactions: r.Redactions, Reserved: r.ReservedMicro, Spent: r.SpentMicro, Format: r.Format, Answers: r.Answers,
		ResultFile: r.ResultFileID, Result: r.ResultVersionID, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt, ExpiresAt: r.ExpiresAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, EndedAt: r.EndedAt}
}

// Open says whether something can still become of it.
func (g Generation) Open() bool { return g.EndedAt == nil }

// Request is what was asked for, over the text that it was asked for.
func (g Generation) Request(source string) generation.Request {
	return generation.Request{Kind: g.Kind, Language: g.Language, Level: g.Level, Count: g.Items, Topic: g.Topic, Source: source}
}

// New is a generation that is asked for.
type New struct {
	ID, By       uuid.UUID
	Request      generation.Request
	Source       Source // zero for a topic
	Provider     string
	Model        string
	Prompt       int
	PromptSHA256 string
}

// Insert makes the row. One that an earlier try made is found.
func Insert(ctx context.Context, q tenancy.Queries, n New) error {
	p := draftsdb.GenerationInsertParams{ID: n.ID, RequestedBy: n.By, Kind: string(n.Request.Kind), Language: n.Request.Language, Level: n.Request.Level, Items: int32(n.Request.Count),
		Topic: n.Request.Topic, SourceText: n.Request.Source, SourceSha256: n.Source.SHA256, Provider: n.Provider, Model: n.Model, PromptVersion: int32(n.Prompt), PromptSha256: n.PromptSHA256}
	if n.Source.File != uuid.Nil {
		p.FileID, p.VersionID = &n.Source.File, &n.Source.Version
	}
	_, err := draftsdb.New(q).GenerationInsert(ctx, p)
	return wrap(err, "insert generation")
}

// Get reads a generation.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Generation, error) {
	r, err := draftsdb.New(q).GenerationGet(ctx, id)
	return fromRow(r), notFound(err, "read generation")
}

// lock reads a generation that the transaction changes.
func lock(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (Generation, error) {
	r, err := draftsdb.New(tx).GenerationLock(ctx, id)
	return fromRow(draftsdb.GenerationGetRow(r)), notFound(err, "lock generation")
}

// List reads a page, the newest first.
func List(ctx context.Context, q tenancy.Queries, state State, before uuid.UUID, limit int) ([]Generation, error) {
	p := draftsdb.GenerationListParams{State: string(state), N: int64(limit)}
	if before != uuid.Nil {
		p.Before = &before
	}
	rows, err := draftsdb.New(q).GenerationList(ctx, p)
	all := make([]Generation, len(rows))
	for i, r := range rows {
		all[i] = fromRow(draftsdb.GenerationGetRow(r))
	}
	return all, wrap(err, "list generations")
}

// Source is the text of a file, as it is published now.
type Source struct {
	File, Version uuid.UUID
	SHA256        string // of the version's bytes
	Text          string
	Personal      *bool // whether it contains personal data; nil: no detector looked
}

// ReadSource reads the text of a file that the actor of q may read.
func ReadSource(ctx context.Context, q tenancy.Queries, file uuid.UUID) (Source, error) {
	db := draftsdb.New(q)
	r, err := db.SourceGet(ctx, file)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		seen, err := db.SourceSeen(ctx, file)
		if err == nil && seen {
			return Source{}, ErrNotReady // nothing of it is published yet
		}
		return Source{}, wrapOr(err, errNoSource, "look for source")
	case err != nil:
		return Source{}, fmt.Errorf("read source: %w", err)
	case r.State == "pending":
		return Source{}, ErrNotReady
	case r.State != "ready":
		return Source{}, ErrNoText
	case len(r.Body) > generation.MaxSource:
		return Source{}, generation.ErrLongSource
	}
	return Source{File: r.FileID, Version: r.VersionID, SHA256: r.Sha256, Text: r.Body, Personal: r.ContainsPii}, nil
}

// SourceText is the text of which a generation is made, as it was when it was asked for.
func SourceText(ctx context.Context, q tenancy.Queries, id uuid.UUID) (string, error) {
	text, err := draftsdb.New(q).GenerationSource(ctx, id)
	return text, notFound(err, "read text of source")
}

// Names are those that no model is given: of the people of the organization, of its schools
// and its own.
func Names(ctx context.Context, q tenancy.Queries) ([]string, error) {
	names, err := draftsdb.New(q).NamesKnown(ctx)
	return names, wrap(err, "read names")
}

// Revision is a draft as it was made or changed.
type Revision struct {
	Number   int
	Document json.RawMessage
	By       *uuid.UUID // nil: the provider
	At       time.Time
}

// Newest reads the newest revision.
func Newest(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Revision, error) {
	r, err := draftsdb.New(q).RevisionGet(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Revision{}, ErrNoDraft
	}
	return Revision{Number: int(r.Number), Document: json.RawMessage(r.Document), By: r.MadeBy, At: r.CreatedAt}, wrap(err, "read draft")
}

// Edit replaces the document of a draft. revision is the one that was changed.
func Edit(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID, revision int, document []byte) error {
	g, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := g.decidable(revision); err != nil {
		return err
	}
	source, err := SourceText(ctx, tx, id)
	if err != nil {
		return err
	}
	d, err := generation.Unmarshal(document, source)
	if err != nil {
		return err
	}
	if d.Kind() != g.Kind || d.Language != g.Language {
		return errUnchanged
	}
	canonical, err := generation.Marshal(d)
	if err != nil {
		return err
	}
	q := draftsdb.New(tx)
	if err := q.RevisionInsert(ctx, draftsdb.RevisionInsertParams{GenerationID: id, Number: int32(g.Revision + 1), Document: string(canonical), MadeBy: &by}); err != nil {
		return fmt.Errorf("insert revision: %w", err)
	}
	_, err = q.GenerationEdited(ctx, draftsdb.GenerationEditedParams{ID: id, Title: d.Title, Revision: int32(revision)})
	if err != nil {
		return fmt.Errorf("edit draft: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "generation.edit", ObjectID: id.String(), Code: fmt.Sprintf("revision_%d", g.Revision+1)})
}

// decidable refuses a change of what is no draft, or not the draft that was seen.
func (g Generation) decidable(revision int) error {
	switch {
	case g.State == Waiting:
		return ErrNoDraft
	case g.State == Approved || g.State == Published:
		return ErrDecided
	case g.State != Draft || g.ExpiresAt != nil && !g.ExpiresAt.After(time.Now()):
		return ErrEnded
	case revision != g.Revision:
		return ErrRevision
	}
	return nil
}

// Approval is how a draft becomes a file.
type Approval struct {
	By            uuid.UUID
	Revision      int
	Format        string
	Answers       bool
	File, Version uuid.UUID
}

// Approve notes that a person approved a draft, and the version that it becomes.
func Approve(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, a Approval) error {
	g, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := g.decidable(a.Revision); err != nil {
		return err
	}
	_, err = draftsdb.New(tx).GenerationApproved(ctx, draftsdb.GenerationApprovedParams{ID: id, Revision: int32(a.Revision), Format: a.Format, Answers: a.Answers,
		ResultFileID: &a.File, ResultVersionID: &a.Version, DecidedBy: &a.By})
	if err != nil {
		return fmt.Errorf("approve draft: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "generation.approve", ObjectID: id.String(), Code: a.Version.String()})
}

// Refuse ends a generation by a person: it was rejected, or is not wanted any more. It says
// false where it was ended in this way before.
func Refuse(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID, to State) (bool, error) {
	g, err := lock(ctx, tx, id)
	switch {
	case err != nil:
		return false, err
	case g.State == to:
		return false, nil
	case g.State == Approved || g.State == Published:
		return false, ErrDecided
	case !g.Open():
		return false, ErrEnded
	case to == Rejected && g.State == Waiting:
		return false, ErrNoDraft
	}
	if _, err := draftsdb.New(tx).GenerationRefused(ctx, draftsdb.GenerationRefusedParams{ID: id, State: string(to), DecidedBy: &by}); err != nil {
		return false, fmt.Errorf("end generation: %w", err)
	}
	action := "generation.reject"
	if to == Cancelled {
		action = "generation.cancel"
	}
	return true, errors.Join(forget(ctx, tx, id, true), audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String()}))
}

// forget removes what models answered, and with the drafts all that was made of the text.
func forget(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, drafts bool) error {
	q := draftsdb.New(tx)
	if err := q.AnswerDelete(ctx, id); err != nil {
		return fmt.Errorf("forget answers: %w", err)
	}
	if !drafts {
		return nil
	}
	return wrap(q.RevisionDelete(ctx, id), "forget drafts")
}

// Made is the first draft.
type Made struct {
	Document   *generation.Document
	Model      string
	Redactions map[string]int
}

// Store keeps the first draft. Where there is one, or nothing is wanted any more, it
// changes nothing.
func Store(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, m Made) error {
	canonical, err := generation.Marshal(m.Document)
	if err != nil {
		return err
	}
	if m.Redactions == nil {
		m.Redactions = map[string]int{}
	}
	counts, err := json.Marshal(m.Redactions)
	if err != nil {
		return fmt.Errorf("encode counts: %w", err)
	}
	q := draftsdb.New(tx)
	asker, err := q.GenerationDrafted(ctx, draftsdb.GenerationDraftedParams{ID: id, Title: m.Document.Title, Redactions: counts, Model: m.Model, Life: Life})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // an earlier try stored it, or it has ended
	}
	if err != nil {
		return fmt.Errorf("store draft: %w", err)
	}
	if err := q.RevisionInsert(ctx, draftsdb.RevisionInsertParams{GenerationID: id, Number: 1, Document: string(canonical)}); err != nil {
		return fmt.Errorf("insert draft: %w", err)
	}
	return errors.Join(tell(ctx, tx, asker, id, "generation.drafted"), audit.Record(ctx, tx, audit.Event{Action: "generation.draft", ObjectID: id.String()}))
}

// tell notifies the person who asked for the generation.
func tell(ctx context.Context, tx *tenancy.Tx, asker, id uuid.UUID, kind string) error {
	return notifications.Put(ctx, tx, asker, kind, map[string]any{"generation_id": id})
}

// End ends a generation by the platform: published, expired, failed or cancelled. The first
// end stays, and what was approved is not called off any more. The code says why there is
// no file; of one that is published it is the version, which is for the audit log alone.
func End(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, to State, code string) error {
	g, err := lock(ctx, tx, id)
	if err != nil || !g.Open() || g.State == Approved && to == Cancelled {
		return err
	}
	why := code
	if to == Published {
		why = ""
	}
	if _, err := draftsdb.New(tx).GenerationEnded(ctx, draftsdb.GenerationEndedParams{ID: id, State: string(to), Code: why}); err != nil {
		return fmt.Errorf("end generation: %w", err)
	}
	if to == Failed {
		if err := tell(ctx, tx, g.RequestedBy, id, "generation.failed"); err != nil {
			return err
		}
	}
	action := map[State]string{Published: "generation.publish", Expired: "generation.expire", Failed: "generation.fail", Cancelled: "generation.cancel"}[to]
	return errors.Join(forget(ctx, tx, id, to != Published), audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code}))
}

func wrap(err error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func wrapOr(err, otherwise error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return otherwise
}

func notFound(err error, doing string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return wrap(err, doing)
}
