package files

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/files/filesdb"
	"satchel/internal/fault"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// ErrVersionEnded tells a pipeline step that its version is no longer being processed: it
// was deleted, or an earlier attempt already settled it.
var ErrVersionEnded = fault.New(fault.Conflict, "version_settled", "This version is no longer being processed.")

// Inspection is what the content of a version was found to be.
type Inspection struct {
	MimeType      string
	CorrectedFrom string   // what the name or the claim said instead
	Found         string   // of a refused file: the kind that the content is,
	Expected      string   // and the kind that the name says
	Active        []string // what of it may run: "macros"
}

// Inspected records what the content was found to be.
func Inspected(ctx context.Context, q tenancy.Queries, version uuid.UUID, i Inspection) error {
	if i.Active == nil {
		i.Active = []string{}
	}
	n, err := filesdb.New(q).VersionInspected(ctx, filesdb.VersionInspectedParams{
		ID: version, MimeType: i.MimeType, CorrectedFrom: i.CorrectedFrom, FoundKind: i.Found, ExpectedKind: i.Expected, ActiveContent: i.Active,
	})
	return expectOneRow(n, err, ErrVersionEnded)
}

// Verdict is what the scanner said of which bytes.
type Verdict struct {
	Verdict          verdict.Verdict // one of verdict.Recorded
	Signature        string
	Engine, Database string
	SHA256           string // of the bytes that were scanned
	CRC32            *int64 // of the same, for zips; nil: not known
}

// Scanned records a verdict.
func Scanned(ctx context.Context, q tenancy.Queries, version uuid.UUID, v Verdict) error {
	n, err := filesdb.New(q).VersionScanned(ctx, filesdb.VersionScannedParams{
		ID: version, ScanVerdict: v.Verdict, ScanSignature: v.Signature, ScanEngine: v.Engine, ScanDatabase: v.Database, ScanSha256: v.SHA256, Crc32: v.CRC32,
	})
	return expectOneRow(n, err, ErrVersionEnded)
}

// Rendition is one derived image.
type Rendition = filesdb.RenditionGetRow

// The states of a version's previews.
const (
	PreviewPending      = "pending" // of a published version: they follow
	PreviewReady        = "ready"
	PreviewUnavailable  = "unavailable"        // of this file there are none
	PreviewNotAvailable = "not_available_here" // this server has no program for the kind
	PreviewNone         = "none"               // not to be made
)

// Preview is what became of a version's previews.
type Preview struct {
	State         string
	Reason        string // a code, when there are none
	Width, Height int32  // of a picture or film as it is seen; zero when not known
	Pages         int32  // zero when not known
	Duration      time.Duration
	Renditions    []Rendition
}

// Previewed records what became of the previews of a version that is in process, or that
// was published while they were made.
func Previewed(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, p Preview) error {
	q := filesdb.New(tx)
	n, err := q.VersionPreview(ctx, filesdb.VersionPreviewParams{ID: version, Preview: p.State, Reason: p.Reason,
		Width: positive(p.Width), Height: positive(p.Height), Pages: positive(p.Pages), DurationMs: positive(p.Duration.Milliseconds())})
	if err := expectOneRow(n, err, ErrVersionEnded); err != nil {
		return err
	}
	for _, r := range p.Renditions {
		err := q.RenditionInsert(ctx, filesdb.RenditionInsertParams{
			VersionID: version, Name: r.Name, MimeType: r.MimeType, Width: r.Width, Height: r.Height, Size: r.Size, Etag: r.Etag,
		})
		if err != nil {
			return fmt.Errorf("insert rendition: %w", err)
		}
	}
	return nil
}

// AddPages adds pages that were asked for to a published version. It returns
// ErrVersionEnded for one that is not published any more, whose objects are cleared.
func AddPages(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, pages []Rendition) error {
	q := filesdb.New(tx)
	v, err := lock(ctx, q, version)
	if err != nil {
		return err
	}
	if v.Status != Published {
		return ErrVersionEnded
	}
	for _, r := range pages {
		err := q.RenditionInsert(ctx, filesdb.RenditionInsertParams{
			VersionID: version, Name: r.Name, MimeType: r.MimeType, Width: r.Width, Height: r.Height, Size: r.Size, Etag: r.Etag, OnDemand: true,
		})
		if err != nil {
			return fmt.Errorf("insert page: %w", err)
		}
	}
	return nil
}

// PreviewAgain lets a published version wait for previews which this platform could not
// make before. It says false where they are decided otherwise.
func PreviewAgain(ctx context.Context, tx *tenancy.Tx, version uuid.UUID) (bool, error) {
	n, err := filesdb.New(tx).VersionPreviewAgain(ctx, version)
	return n > 0, err
}

// DecidePreview gives a version that is about to be published the state of its previews
// where none was recorded.
func DecidePreview(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, state, reason string) error {
	_, err := filesdb.New(tx).VersionPreviewDecide(ctx, filesdb.VersionPreviewDecideParams{ID: version, Preview: state, Reason: reason, Undecided: []string{""}})
	return err
}

// GiveUpPreviews ends the wait for previews that did not come, and their step. It changes
// nothing where they are decided.
func GiveUpPreviews(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, reason string) error {
	q := filesdb.New(tx)
	n, err := q.VersionPreviewDecide(ctx, filesdb.VersionPreviewDecideParams{ID: version, Preview: PreviewUnavailable, Reason: reason, Undecided: []string{"", PreviewPending}})
	if err != nil || n == 0 {
		return err
	}
	return q.StepEnd(ctx, filesdb.StepEndParams{VersionID: version, Name: StepPreview, State: "failed"})
}

func positive[N int32 | int64](n N) *N {
	if n <= 0 {
		return nil
	}
	return &n
}

// GetRendition reads one rendition of a version.
func GetRendition(ctx context.Context, q tenancy.Queries, version uuid.UUID, name string) (Rendition, error) {
	r, err := filesdb.New(q).RenditionGet(ctx, filesdb.RenditionGetParams{VersionID: version, Name: name})
	return r, orNotFound(err)
}

// Publish makes a version readable and settles its quota. The statement itself
// demands a clean verdict for the very bytes; a file that went to the trash in
// the meantime is not published. The second call of a retried step finds it
// published and succeeds.
func Publish(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, objectETag string) error {
	q := filesdb.New(tx)
	v, err := lock(ctx, q, version)
	switch {
	case err != nil:
		return err
	case v.Status == Published:
		return nil
	case v.TrashedAt != nil:
		return ErrVersionEnded
	}
	n, err := q.VersionPublish(ctx, filesdb.VersionPublishParams{ID: version, ObjectEtag: objectETag})
	if err := expectOneRow(n, err, ErrVersionEnded); err != nil {
		return err
	}
	// A step whose worker died, and that was given up, is still running in its row.
	if err := q.StepEndOpen(ctx, version); err != nil {
		return fmt.Errorf("end steps: %w", err)
	}
	return record(ctx, tx, "file.publish", version, "")
}

// lock takes the file's row before the version's and the upload's, which is the
// order of every transaction, and only then reads the version: what was read
// before the lock may be past.
func lock(ctx context.Context, q *filesdb.Queries, version uuid.UUID) (Version, error) {
	v, err := q.VersionGet(ctx, version)
	if err != nil {
		return v, orNotFound(err)
	}
	if _, err := q.FileLock(ctx, v.FileID); err != nil {
		return v, orNotFound(err)
	}
	v, err = q.VersionGet(ctx, version)
	return v, orNotFound(err)
}

// Withdraw ends a version that will not be published and gives its bytes back
// to the quota. It does nothing to one that has already ended: a cancellation
// that comes after the publication must not take the previews away.
func Withdraw(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, to Status, reason string) error {
	q := filesdb.New(tx)
	if _, err := lock(ctx, q, version); err != nil {
		return err
	}
	n, err := q.VersionWithdraw(ctx, filesdb.VersionWithdrawParams{ID: version, Status: to, StatusReason: reason})
	if err != nil {
		return fmt.Errorf("withdraw version: %w", err)
	}
	if n == 0 {
		return nil
	}
	if _, err := q.UploadFinish(ctx, version); err != nil {
		return fmt.Errorf("end upload: %w", err)
	}
	if err := q.StepEndOpen(ctx, version); err != nil {
		return fmt.Errorf("end steps: %w", err)
	}
	if err := deleteRenditions(ctx, q, version); err != nil {
		return fmt.Errorf("delete renditions: %w", err)
	}
	return record(ctx, tx, withdrawal(to), version, reason)
}

// MarkCleaned notes that the store holds nothing of a version that its state has no
// use for. A version that has changed its state since leaves other objects behind,
// and stays uncleaned.
func MarkCleaned(ctx context.Context, q tenancy.Queries, version uuid.UUID, state Status) error {
	return filesdb.New(q).VersionCleaned(ctx, filesdb.VersionCleanedParams{ID: version, Status: state})
}

// States reads the states of many versions at once. One without a row is left out.
func States(ctx context.Context, q tenancy.Queries, versions []uuid.UUID) (map[uuid.UUID]Status, error) {
	rows, err := filesdb.New(q).VersionStates(ctx, versions)
	states := make(map[uuid.UUID]Status, len(rows))
	for _, r := range rows {
		states[r.ID] = r.Status
	}
	return states, err
}

// The pipeline's steps as people see them, in order.
const (
	StepInspect    = "inspect"
	StepScan       = "scan"
	StepQuarantine = "quarantine"
	StepPreview    = "preview"
	StepPublish    = "publish"
)

// Step runs f as one visible step of a version's way: its start and end are
// rows and events that the people who wait can see. A step's state is advice to
// them and decides nothing.
func Step(ctx context.Context, q tenancy.Queries, version uuid.UUID, name string, attempt int32, f func() error) error {
	db := filesdb.New(q)
	n, err := db.StepBegin(ctx, filesdb.StepBeginParams{VersionID: version, Name: name, Attempt: attempt})
	if err == nil && n == 0 {
		_, err = ListInProcess(ctx, q, version) // tells a version that has ended from one that is not there
		err = cmp.Or(err, error(ErrVersionEnded))
	}
	if err != nil {
		return fmt.Errorf("begin step %s: %w", name, err)
	}
	err = f()
	state := "done"
	if err != nil {
		state = "failed"
	}
	if endErr := db.StepEnd(context.WithoutCancel(ctx), filesdb.StepEndParams{VersionID: version, Name: name, State: state}); err == nil && endErr != nil {
		return fmt.Errorf("end step %s: %w", name, endErr)
	}
	return err
}

// Hold makes a version wait for a decision: it is not published until Release. Its bytes
// stay where they arrived, and in the quota.
func Hold(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, reason string) error {
	q := filesdb.New(tx)
	v, err := lock(ctx, q, version)
	switch {
	case err != nil:
		return err
	case v.TrashedAt != nil:
		return ErrVersionEnded
	}
	n, err := q.VersionHold(ctx, filesdb.VersionHoldParams{ID: version, StatusReason: reason})
	if err := expectOneRow(n, err, ErrVersionEnded); err != nil {
		return err
	}
	if err := q.StepEndOpen(ctx, version); err != nil {
		return fmt.Errorf("end steps: %w", err)
	}
	return record(ctx, tx, "file.hold", version, reason)
}

// ErrWantsConsent refuses to release what waits for want of a legal basis too.
var ErrWantsConsent = fault.New(fault.Denied, "consent_required", "This is a file of a child that also waits for a parent's consent or an authorization of the school. Record one, then release it.").Under("16 CFR 312.5(a)(1)")

// Release lets a version that waits go on to its publication, unless its file waits for a
// consent too: two reasons to wait are two decisions.
func Release(ctx context.Context, tx *tenancy.Tx, version uuid.UUID) error {
	q := filesdb.New(tx)
	v, err := lock(ctx, q, version)
	switch {
	case err != nil:
		return err
	case v.TrashedAt != nil:
		return ErrVersionEnded
	}
	wants, err := q.VersionWantsConsent(ctx, version)
	switch {
	case err != nil:
		return fmt.Errorf("look for a consent: %w", err)
	case wants:
		return ErrWantsConsent
	}
	n, err := q.VersionRelease(ctx, version)
	if err := expectOneRow(n, err, ErrVersionEnded); err != nil {
		return err
	}
	return record(ctx, tx, "file.release", version, "")
}
