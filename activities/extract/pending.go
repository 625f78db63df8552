package extract

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/activities/extract/extractdb"
	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// isTooLong says that a text has more lexemes than fit into a tsvector.
func isTooLong(err error) bool {
	const programLimitExceeded = "54000"
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == programLimitExceeded
}

// GiveUpTextInput names the version.
type GiveUpTextInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// GiveUpTextResult is empty.
type GiveUpTextResult struct{}

// GiveUpText ends the wait for a text that could not be read. It changes nothing where
// that is decided.
func (p *Pending) GiveUpText(ctx context.Context, in GiveUpTextInput) (GiveUpTextResult, error) {
	q := p.db.Single(in.Org)
	if _, err := files.GetVersion(ctx, q, in.Version); err != nil {
		return GiveUpTextResult{}, err
	}
	_, err := extractdb.New(q).TextStore(ctx, extractdb.TextStoreParams{VersionID: in.Version, State: Unavailable, Reason: reasonFailed, Language: unknownLanguage})
	return GiveUpTextResult{}, err
}

// Config says when a text is asked for again.
type Config struct {
	Again time.Duration `env:"SATCHEL_TEXTS_AGAIN" envDefault:"1h"` // a published file whose text was asked for and did not come for this long is asked for again; longer than all attempts take
}

// Pending are the activities about texts that are not read yet.
type Pending struct {
	db      *tenancy.DB
	starter Starter
	config  Config
	page    int // length of one list
}

// NewPending makes the activities.
func NewPending(db *tenancy.DB, s Starter, c Config) *Pending {
	return &Pending{db: db, starter: s, config: c, page: 200}
}

// Starter starts the workflow that reads the text of a published version, or finds it
// started.
type Starter interface {
	StartText(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
}

// SweepsOf is the sweep of texts. Its interval is how long a text waits at most before it
// is read.
func SweepsOf(p *Pending) []queue.Sweep {
	return []queue.Sweep{{Name: "start-pending-texts", Every: 20 * time.Second, Run: p.startPendingTexts}}
}

// startPendingTexts starts a workflow for every published version whose text is not read
// yet. The publication makes the row; this is the only start, so a process that dies
// loses none.
func (p *Pending) startPendingTexts(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepAndNote(ctx, "start pending texts", after, func(r tenancy.Ref) uuid.UUID { return r.File }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return p.db.TextsPending(ctx, p.config.Again, after, p.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		return p.starter.StartText(ctx, r.Org, r.Version)
	}, p.db.TextsAsked)
}
