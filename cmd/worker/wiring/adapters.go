package wiring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"satchel/activities/checkpoint"
	"satchel/activities/extract"
	"satchel/activities/inspect"
	"satchel/activities/preview"
	"satchel/activities/scan"
	"satchel/internal/bootstrap"
	"satchel/internal/clamd"
	"satchel/internal/s3"
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/workers"
	"satchel/workflows/upload"
)

var adaptersModule = fx.Module("adapters", fx.Provide(
	newScanner, newTools, newTextTools, newReader, newExpect, newPersonalTools, newSpool, newMailer, newReceivers, newPurger, newReady, NewCleaner, NewUploads, upload.NewAdmission, newSigner))

func newInspect(db *tenancy.DB, store *s3.Store, s inspect.Small, limits archives.Limits, expect inspect.Expect) *inspect.Activities {
	return inspect.New(db, store.Staging, s, limits, expect)
}

func newScan(db *tenancy.DB, store *s3.Store, s scan.Scanner, limits archives.Limits, sp *spool.Owner, c scan.Config, w workers.Config) *scan.Activities {
	return scan.New(db, store.Staging, store.Clean, scan.Bounded(s, w.ScanSlots, c.MaxBytes), limits, sp, c)
}

func newPreview(db *tenancy.DB, store *s3.Store, tools preview.Tools, sp *spool.Owner) *preview.Activities {
	return preview.New(db, store.Staging, store.Clean, tools, sp)
}

func newExtract(db *tenancy.DB, store *s3.Store, tools extract.Tools, sp *spool.Owner) *extract.Activities {
	return extract.New(db, store.Clean, tools, sp)
}

// newSpool opens the spool for the life of the program. It is closed behind the
// workers, whose activities use it.
func newSpool(lc fx.Lifecycle, c spool.Config, log *slog.Logger) (*spool.Owner, error) {
	owner, err := spool.Open(c, log)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(owner.Close)) // after Run has ended: hooks stop in the other order
	listening(lc, func(ctx context.Context) error {
		owner.Run(ctx)
		return nil
	})
	return owner, nil
}

func newSigner(c signerConfig) (*audit.Signer, error) {
	s, err := audit.NewSigner(c.Key)
	if err != nil {
		return nil, fmt.Errorf("SATCHEL_AUDIT_KEY: %w; `satchel audit keygen` makes one", err)
	}
	return s, nil
}

func newCheckpoint(db *tenancy.DB, store *s3.Store, s *audit.Signer) *checkpoint.Activities {
	return checkpoint.New(db, store.Audit, s)
}

// Scanner is clamd as the scan activities know it.
type Scanner struct{ *clamd.Client }

func newScanner(c scannerConfig, w workers.Config, ready *bootstrap.Readiness, r prometheus.Registerer) scan.Scanner {
	client := clamd.New(c.Socket, clamd.WithMemory(c.MemoryBytes, max(w.ScanSlots, 0)))
	ready.Add("clamd", client.Ping)
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "satchel_scanner_signatures_timestamp_seconds", Help: "When the scanner's daily signatures were made. NaN while it does not answer, or has none."},
		func() float64 { return signed(client) }), versions{client, prometheus.NewDesc("satchel_scanner_info", "1, with the versions of the scanner and of its daily signatures. Absent while it does not answer.", []string{"engine", "signatures"}, nil)})
	return Scanner{client}
}

// versions exports which scanner with which signatures gives the verdicts.
type versions struct {
	client *clamd.Client
	info   *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (v versions) Describe(to chan<- *prometheus.Desc) { to <- v.info }

// Collect implements prometheus.Collector.
func (v versions) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if found, err := v.client.Version(ctx); err == nil {
		signatures, _, _ := strings.Cut(found.Database, "/")
		to <- prometheus.MustNewConstMetric(v.info, prometheus.GaugeValue, 1, found.Engine, signatures)
	}
}

func signed(client *clamd.Client) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	v, err := client.Version(ctx)
	at, ok := v.Signed()
	if err != nil || !ok {
		return math.NaN()
	}
	return float64(at.Unix())
}

// Scan translates clamd's answers. What is not known stays an error.
func (s Scanner) Scan(ctx context.Context, r io.Reader, size int64) (scan.Finding, error) {
	found, err := s.Client.Scan(ctx, r, size)
	if err != nil {
		return scan.Finding{}, translate(err)
	}
	return scan.Finding{Verdict: found.Outcome, Signature: found.Signature}, nil
}

// Version tells engine and signatures.
func (s Scanner) Version(ctx context.Context) (engine, database string, err error) {
	v, err := s.Client.Version(ctx)
	return v.Engine, v.Database, translate(err)
}

func translate(err error) error {
	switch {
	case errors.Is(err, clamd.ErrTooLarge):
		return fmt.Errorf("%w: %w", scan.ErrTooLarge, err)
	case errors.Is(err, clamd.ErrSourceSize):
		return scan.ErrBytesDiffer.Because(err)
	case errors.Is(err, clamd.ErrUnavailable):
		return scan.ErrScannerUnavailable.Because(err)
	}
	return err
}

func newReady(r *bootstrap.Readiness) workers.Readiness { return r }
