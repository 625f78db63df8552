package scan_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/activities/scan"
	"satchel/internal/activitytest"
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// scanner finds its signature anywhere in a stream.
type scanner struct {
	err     error
	streams int
}

var signature = []byte("X5O-the-virus")

func (s *scanner) Scan(_ context.Context, r io.Reader, _ int64) (scan.Finding, error) {
	s.streams++
	content, err := io.ReadAll(r)
	switch {
	case err != nil:
		return scan.Finding{}, err
	case s.err != nil:
		return scan.Finding{}, s.err
	case bytes.Contains(content, signature):
		return scan.Finding{Verdict: verdict.Infected, Signature: "Test"}, nil
	}
	return scan.Finding{Verdict: verdict.Clean}, nil
}

func (s *scanner) Version(context.Context) (engine, database string, err error) {
	return "test", "1", nil
}

type bundle struct {
	*activitytest.Fixture
	*scan.Activities
	scanner *scanner
	owner   *spool.Owner
	dir     string
}

func setup(t *testing.T, budget time.Duration) *bundle {
	t.Helper()
	b := &bundle{Fixture: activitytest.New(t), scanner: &scanner{}, dir: t.TempDir()}
	var err error
	b.owner, err = spool.Open(spool.Config{Dir: b.dir}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.owner.Close()) })
	b.Activities = scan.New(b.DB, b.Staging, b.Clean, b.scanner, archives.DefaultLimits(), b.owner, scan.Config{MaxBytes: 1 << 20, Budget: budget})
	return b
}

func (b *bundle) run(t *testing.T, in scan.ScanObjectInput) (scan.ScanObjectResult, error) {
	t.Helper()
	return activitytest.Run[scan.ScanObjectResult](t, b.Activities, b.ScanObject, in)
}

func zipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	member, err := w.Create("member.txt")
	require.NoError(t, err)
	_, err = member.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// TestScanAgain: a second call asks the scanner again and writes the same verdict.
func TestScanAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Hour)
	for content, want := range map[string]scan.ScanObjectResult{
		"nothing bad":                         {Verdict: verdict.Clean},
		"before " + string(signature) + " it": {Verdict: verdict.Infected, Detail: "Test"},
	} {
		created := b.Receive(t, "notes.txt", []byte(content))
		for range 2 {
			got, err := b.run(t, scan.ScanObjectInput{Org: b.Org, Version: created.Version})
			require.NoError(t, err)
			require.Equal(t, want, got)
			v := b.Version(t, created.Version)
			require.Equal(t, want.Verdict, v.ScanVerdict)
		}
	}
}

// TestArchiveIsScannedFromTheSpool: what is packed is found, and nothing with a
// name lies in the spool.
func TestArchiveIsScannedFromTheSpool(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Hour)
	created := b.Receive(t, "pack.zip", zipped(t, bytes.Repeat(append(signature, '\n'), 100)))
	got, err := b.run(t, scan.ScanObjectInput{Org: b.Org, Version: created.Version, Archive: true})
	require.NoError(t, err)
	require.Equal(t, scan.ScanObjectResult{Verdict: verdict.Infected, Detail: "Test"}, got)
	require.Equal(t, 2, b.scanner.streams, "the container and its member")
	left, err := filepath.Glob(filepath.Join(b.dir, "*", "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestFailureIsNoVerdict: a scanner or a store that is away, or a spool that cannot
// be used, is tried again, and the version has no verdict until then.
func TestFailureIsNoVerdict(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Hour)
	created := b.Receive(t, "pack.zip", zipped(t, []byte("good")))
	in := scan.ScanObjectInput{Org: b.Org, Version: created.Version, Archive: true}
	b.scanner.err = scan.ErrScannerUnavailable
	_, err := b.run(t, in)
	activitytest.RequireRefused(t, err, "scanner_unavailable", true)
	b.scanner.err = errors.New("unknown")
	_, err = b.run(t, in)
	activitytest.RequireRefused(t, err, "internal", true)
	b.scanner.err = nil
	b.Staging.Fail("open")
	_, err = b.run(t, in)
	activitytest.RequireRefused(t, err, "internal", true)
	require.NoError(t, b.owner.Close())
	_, err = b.run(t, in)
	activitytest.RequireRefused(t, err, "internal", true)
	require.Empty(t, b.Version(t, created.Version).ScanVerdict)
}

// TestBudgetEndsUnscannable: a scanner that stays away for the budget ends the file,
// which is never published unseen.
func TestBudgetEndsUnscannable(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.scanner.err = scan.ErrScannerUnavailable
	created := b.Receive(t, "notes.txt", []byte("good"))
	got, err := b.run(t, scan.ScanObjectInput{Org: b.Org, Version: created.Version})
	require.NoError(t, err)
	require.Equal(t, scan.ScanObjectResult{Verdict: verdict.Unscannable, Detail: "scanner_unavailable"}, got)
}

func TestScanNeedsAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Hour)
	created := b.Receive(t, "notes.txt", []byte("good"))
	for org, code := range map[tenancy.OrgID]string{{}: "no_organization", b.Organization(t, 1000): "file_not_found"} {
		_, err := b.run(t, scan.ScanObjectInput{Org: org, Version: created.Version})
		activitytest.RequireRefused(t, err, code, false)
	}
	_, err := activitytest.Run[scan.RescanVersionsResult](t, b.Activities, b.RescanVersions, scan.RescanVersionsInput{})
	activitytest.RequireRefused(t, err, "no_organization", false)
	require.Zero(t, b.scanner.streams)
}
