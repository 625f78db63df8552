package files

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/files/filesdb"
	"satchel/tenancy"
)

// DoneStep is a step that was done before it was told.
type DoneStep struct {
	Name         string
	Began, Ended time.Time
}

// Whole is everything that is known of a version which one step took from its inspection to
// its clean object.
type Whole struct {
	Inspection Inspection
	Verdict    Verdict
	ObjectETag string
	Preview    string // its state, where none was recorded before
	Reason     string // of it
	Steps      []DoneStep
}

// PublishWhole is Inspected, Scanned, the steps, DecidePreview and Publish in one transaction with
// one change of the version's row. It demands what Publish does: a clean verdict for the very
// bytes, and a file that is not in the trash. The second call finds the version published and
// succeeds.
func PublishWhole(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, w Whole) error {
	q := filesdb.New(tx)
	file, err := q.VersionFileLock(ctx, version)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("lock file: %w", err)
	case file.TrashedAt != nil:
		return ErrVersionEnded
	}
	if w.Inspection.Active == nil {
		w.Inspection.Active = []string{}
	}
	if err := q.StepsDone(ctx, doneSteps(version, w.Steps)); err != nil {
		return fmt.Errorf("tell steps: %w", err)
	}
	n, err := q.VersionPublishWhole(ctx, filesdb.VersionPublishWholeParams{
		ID: version, MimeType: w.Inspection.MimeType, CorrectedFrom: w.Inspection.CorrectedFrom, ActiveContent: w.Inspection.Active,
		ScanVerdict: string(w.Verdict.Verdict), ScanEngine: w.Verdict.Engine, ScanDatabase: w.Verdict.Database, ScanSha256: w.Verdict.SHA256, Crc32: w.Verdict.CRC32,
		Preview: w.Preview, PreviewReason: w.Reason, ObjectEtag: w.ObjectETag,
	})
	if err == nil && n == 0 {
		var v Version
		if v, err = q.VersionGet(ctx, version); err == nil && v.Status == Published {
			return nil
		}
	}
	if err := expectOneRow(n, err, ErrVersionEnded); err != nil {
		return err
	}
	// What a worker that died has left ends at the commit.
	if err := filesdb.New(tenancy.OnCommit(tx)).StepEndOpen(ctx, version); err != nil {
		return fmt.Errorf("end steps: %w", err)
	}
	return record(ctx, tx, "file.publish", version, "")
}

// doneSteps says how many seconds ago steps began and ended.
func doneSteps(version uuid.UUID, steps []DoneStep) filesdb.StepsDoneParams {
	p := filesdb.StepsDoneParams{VersionID: version}
	for _, s := range steps {
		p.Names = append(p.Names, s.Name)
		p.Began, p.Ended = append(p.Began, time.Since(s.Began).Seconds()), append(p.Ended, time.Since(s.Ended).Seconds())
	}
	return p
}
