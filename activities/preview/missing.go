package preview

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/previews"
	"satchel/tenancy"
)

// GiveUpPreviewsInput names the version.
type GiveUpPreviewsInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// GiveUpPreviewsResult is empty.
type GiveUpPreviewsResult struct{}

// GiveUpPreviews ends the wait of a published version for previews that could not be
// made. It changes nothing where they are decided.
func (m *Missing) GiveUpPreviews(ctx context.Context, in GiveUpPreviewsInput) (GiveUpPreviewsResult, error) {
	if _, err := files.GetVersion(ctx, m.db.Single(in.Org), in.Version); err != nil {
		return GiveUpPreviewsResult{}, err
	}
	return GiveUpPreviewsResult{}, m.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		return files.GiveUpPreviews(ctx, tx, in.Version, reasonFailed)
	})
}

// Config says how long previews may be missing.
type Config struct {
	Silent time.Duration `env:"SATCHEL_PREVIEWS_SILENT" envDefault:"15m"`  // a published version whose previews are pending for this long is started again; longer than one attempt
	Unused time.Duration `env:"SATCHEL_PICTURES_UNUSED" envDefault:"720h"` // a picture that was asked for and not used for this long is removed; it is made again when it is asked for
}

// Missing are the activities about previews that did not come.
type Missing struct {
	db      *tenancy.DB
	starter Starter
	texts   Again
	clean   Clean
	has     func(previews.Method) bool
	config  Config
	page    int // length of one list
}

// NewMissing makes the activities.
func NewMissing(db *tenancy.DB, s Starter, clean Clean, texts Again, tools Tools, c Config) *Missing {
	has := tools.Available
	if has == nil {
		has = func(previews.Method) bool { return true }
	}
	return &Missing{db: db, starter: s, clean: clean, texts: texts, has: has, config: c, page: 500}
}

// reasonFailed says that a fault lasted through all attempts.
const reasonFailed = "failed"

// Starter starts the workflow that makes the previews of a published version, or finds it
// started.
type Starter interface {
	StartPreviews(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
}

// Again lets the text of a version be read that ended for a reason, where this machine
// has the program now.
type Again interface {
	Again(ctx context.Context, org tenancy.OrgID, version uuid.UUID, mediaType, reason string) error
}

// SweepsOf is the sweep of previews.
func SweepsOf(m *Missing) []queue.Sweep {
	return []queue.Sweep{{Name: "start-missing-previews", Every: time.Minute, Run: m.startMissingPreviews}}
}

// startMissingPreviews starts a workflow for every published version whose previews have
// been pending for too long: the workflow that made them was ended or lost.
func (m *Missing) startMissingPreviews(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start missing previews", after, func(r tenancy.Ref) uuid.UUID { return r.Version }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return m.db.VersionsWithoutPreviews(ctx, m.config.Silent, after, m.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		return m.starter.StartPreviews(ctx, r.Org, r.Version)
	})
}

// RetryUnavailableInput names the platform, and where the sweep goes on.
type RetryUnavailableInput struct {
	Org   tenancy.OrgID
	After uuid.UUID
}

// PlatformWork marks work across organizations.
func (RetryUnavailableInput) PlatformWork() {}

// RetryUnavailable starts a workflow for every published version that has no previews
// because a program was missing which this machine has now, and lets texts be read again
// that were not for the same cause.
func (m *Missing) RetryUnavailable(ctx context.Context, in RetryUnavailableInput) (queue.Swept, error) {
	return queue.SweepByID(ctx, "retry unavailable", in.After, func(u tenancy.Unavailable) uuid.UUID { return u.Version }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Unavailable, error) {
		return m.db.VersionsNotAvailable(ctx, after, m.page)
	}, m.retry)
}

func (m *Missing) retry(ctx context.Context, u tenancy.Unavailable) error {
	if u.TextReason != "" {
		return m.texts.Again(ctx, u.Org, u.Version, u.MimeType, u.TextReason)
	}
	row, known := previews.For(u.MimeType)
	if !known || !m.has(row.Method) {
		return nil
	}
	var again bool
	err := m.db.InTx(ctx, u.Org, func(tx *tenancy.Tx) (err error) {
		again, err = files.PreviewAgain(ctx, tx, u.Version)
		return err
	})
	if err != nil || !again {
		return err
	}
	return m.starter.StartPreviews(ctx, u.Org, u.Version)
}
