// Package scan asks the virus scanner about every byte of a version, and about
// every member of a zip container. Only a complete answer about the complete
// bytes is a verdict; everything else is an error or "unscannable".
package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// Source reads an object whole, if it still has the given ETag.
type Source interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Scanner judges exactly size bytes of r. Its verdict is about all of them; a
// stream it could not take whole is an error: ErrScannerUnavailable when another
// attempt may help, ErrTooLarge when none will, ErrBytesDiffer when r held
// another number of bytes.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader, size int64) (Finding, error)
	Version(ctx context.Context) (engine, database string, err error)
}

// Finding is a scanner's answer about one stream. Its zero value is no answer.
type Finding struct {
	Verdict   verdict.Verdict
	Signature string
}

// What keeps a scanner from a verdict. ErrTooLarge is about the stream and stays
// the same at every attempt: what cannot be taken whole is unscannable.
var (
	ErrTooLarge           = errors.New("the stream is longer than the scanner takes")
	ErrScannerUnavailable = fault.New(fault.Unavailable, "scanner_unavailable", "The virus scanner gives no verdict right now. The file waits for it.")
	ErrBytesDiffer        = fault.New(fault.Unavailable, "stored_bytes_differ", "The stored bytes are not the ones that were received. Upload the file again.")
)

// Reasons for which a file ends unscannable without the scanner's word.
const (
	tooLarge    = "too_large"
	unavailable = "scanner_unavailable"
)

// Config bounds the scans.
type Config struct {
	MaxBytes int64         `env:"SATCHEL_SCAN_MAX_BYTES" envDefault:"2097152000"` // a larger file ends as unscannable; clamd needs a StreamMaxLength one byte above
	Budget   time.Duration `env:"SATCHEL_SCAN_BUDGET" envDefault:"15m"`           // a file that cannot be scanned within this time ends as unscannable
}

// Activities are the activities of this package.
type Activities struct {
	db                *tenancy.DB
	staged, published Source
	scanner           Scanner
	limits            archives.Limits
	spool             *spool.Owner
	config            Config
}

// New makes the activities.
func New(db *tenancy.DB, staged, published Source, scanner Scanner, limits archives.Limits, sp *spool.Owner, c Config) *Activities {
	limits.TempFile = sp.File
	return &Activities{db: db, staged: staged, published: published, scanner: scanner, limits: limits, spool: sp, config: c}
}

// ScanObjectInput names the version to scan.
type ScanObjectInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
	Archive bool // a zip container: walk through its members too
}

// ScanObjectResult is the verdict.
type ScanObjectResult struct {
	Verdict verdict.Verdict
	Detail  string // the signature, the rule, or why it is unscannable
}

// ScanObject reads the staged object once and gives the scanner's verdict. A
// scanner that stays away for the budget, counted from the first failure of
// this step, ends the file as unscannable: it is never published unseen, and
// never waits for ever.
func (a *Activities) ScanObject(ctx context.Context, in ScanObjectInput) (ScanObjectResult, error) {
	q := a.db.Single(in.Org)
	v, err := files.ListInProcess(ctx, q, in.Version)
	if err != nil {
		return ScanObjectResult{}, err
	}
	var result ScanObjectResult
	err = files.Step(ctx, q, in.Version, files.StepScan, activity.GetInfo(ctx).Attempt, func() error {
		found, err := a.scanWithBudget(ctx, func(p *heartbeat) (files.Verdict, error) { return a.staging(ctx, v, in.Archive, p) })
		if err != nil {
			return err
		}
		result = ScanObjectResult{Verdict: found.Verdict, Detail: found.Signature}
		if result.Verdict == verdict.Rejected {
			return nil
		}
		return files.Scanned(ctx, q, in.Version, found)
	})
	return result, err
}

// scanWithBudget runs one attempt under a heartbeat that remembers, from attempt to
// attempt, since when the scanner has been away.
func (a *Activities) scanWithBudget(ctx context.Context, attempt func(*heartbeat) (files.Verdict, error)) (files.Verdict, error) {
	p := startHeartbeat(ctx)
	defer p.stop()
	found, err := attempt(p)
	if err == nil || !errors.Is(err, ErrScannerUnavailable) || ctx.Err() != nil {
		return found, err
	}
	if p.failing() < a.config.Budget {
		return files.Verdict{}, err
	}
	activity.GetLogger(ctx).Warn("scanner unavailable for the whole scan budget", "error", err)
	return files.Verdict{Verdict: verdict.Unscannable, Signature: unavailable}, nil
}

// staging scans the version's staged object, which must still be the one that
// was received, byte for byte.
func (a *Activities) staging(ctx context.Context, v files.Version, archive bool, p *heartbeat) (files.Verdict, error) {
	if v.Size > a.config.MaxBytes {
		return files.Verdict{Verdict: verdict.Unscannable, Signature: tooLarge}, nil
	}
	key := files.StagingKey(v.OrganizationID, v.ID)
	return a.scan(ctx, a.staged, object{key, v.StagingEtag, v.Sha256, v.Size, archive, hasMacros(v.MimeType)}, p, p.differing)
}

// object is what a scan reads: SHA256 is of the bytes that it must find there.
type object struct {
	key, etag, sha256 string
	size              int64
	archive           bool
	macros            bool // a document of a kind that has them
}

func (a *Activities) scan(ctx context.Context, source Source, o object, p *heartbeat, differ func(error) error) (files.Verdict, error) {
	engine, database, err := a.scanner.Version(ctx)
	if err != nil {
		return files.Verdict{}, err
	}
	s := &stream{Activities: a, ctx: ctx, heartbeat: p, differ: differ}
	found, err := s.scan(source, o)
	if err != nil {
		return files.Verdict{}, err
	}
	return files.Verdict{Verdict: found.Verdict, Signature: found.Signature, Engine: engine, Database: database, SHA256: s.sha256, CRC32: &s.crc32}, nil
}

// Small gives the scanner's word about a small version's staged object, which must still be the
// one that was received, byte for byte. It is one attempt without a budget and is no activity:
// the caller takes a clean verdict alone, and ScanObject decides about everything else. wait is how
// long it waits for its place with the scanner at most: a scan that has begun is not given up for that.
func Small(ctx context.Context, a *Activities, v files.Version, mediaType string, wait time.Duration) (files.Verdict, error) {
	if v.Size > a.config.MaxBytes {
		return files.Verdict{Verdict: verdict.Unscannable, Signature: tooLarge}, nil
	}
	o := object{files.StagingKey(v.OrganizationID, v.ID), v.StagingEtag, v.Sha256, v.Size, false, hasMacros(mediaType)}
	ctx = context.WithValue(ctx, waitKey{}, wait)
	return a.scan(ctx, a.staged, o, &heartbeat{ctx: ctx}, differs)
}

// Local gives the verdict about bytes that are at hand, as ScanObject does about a
// version's: all of them, and of a zip container each member. It touches no
// database and no store, and is no activity.
func Local(ctx context.Context, a *Activities, content io.ReaderAt, size int64, mediaType string, archive bool) (ScanObjectResult, error) {
	if size > a.config.MaxBytes {
		return ScanObjectResult{Verdict: verdict.Unscannable, Detail: tooLarge}, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(content, 0, size)); err != nil {
		return ScanObjectResult{}, fmt.Errorf("read the file: %w", err)
	}
	o := object{sha256: hex.EncodeToString(hash.Sum(nil)), size: size, archive: archive, macros: hasMacros(mediaType)}
	found, err := a.scan(ctx, local{content, size}, o, &heartbeat{ctx: ctx}, differs)
	return ScanObjectResult{Verdict: found.Verdict, Detail: found.Signature}, err
}

// local is bytes at hand as a Source.
type local struct {
	content io.ReaderAt
	size    int64
}

// Open reads all of them: a scan asks for nothing else.
func (l local) Open(context.Context, string, string, int64, int64) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(l.content, 0, l.size)), nil
}
