package export_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/export"
	"satchel/activities/finalize"
	"satchel/internal/activitytest"
	"satchel/tenancy"
	"satchel/tenancy/exports"
)

// quiet is an admission queue in which no file waits.
type quiet struct{}

func (quiet) StartAdmitted(context.Context, tenancy.OrgID) error { return nil }

func (quiet) StartAdmittedBehind(context.Context, tenancy.OrgID, uuid.UUID) error { return nil }

// newExport is an organization with a published file and an export that is made.
func newExport(t *testing.T) (*activitytest.Fixture, *export.Activities, export.WriteExportPartInput) {
	t.Helper()
	f := activitytest.New(t)
	a := export.New(f.DB, f.Exports, f.Clean, nil, export.Config{PartBytes: 1 << 20, PartEntries: 10, ConcurrentArchives: 1})
	in := export.WriteExportPartInput{Org: f.Org, Export: tenancy.NewID(), Part: 1}
	settle := finalize.New(finalize.NewCleaner(f.DB, finalize.Objects{Staging: f.Staging, Clean: f.Clean, Quarantine: f.Quarantine}), quiet{})
	published := finalize.PublishVersionInput{Org: f.Org, Version: f.Scanned(t, "notes.txt", []byte("the bytes")).Version}
	_, err := activitytest.Run[finalize.PublishVersionResult](t, settle, settle.PublishVersion, published)
	require.NoError(t, err)
	require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) error {
		_, _, err := exports.Begin(t.Context(), tx, in.Export)
		return err
	}))
	return f, a, in
}

// TestPartIsWrittenOnce: an attempt that fails half way, by the export's bucket or by
// the files' one, leaves no part, the next one writes it, and one more finds it.
func TestPartIsWrittenOnce(t *testing.T) {
	t.Parallel()
	f, a, in := newExport(t)
	for part := 1; part <= 2; part++ {
		in.Part = part
		if part == 1 {
			f.Exports.Fail("put")
		} else {
			f.Clean.Fail("open")
		}
		_, err := activitytest.Run[export.WriteExportPartResult](t, a, a.WriteExportPart, in)
		activitytest.RequireRefused(t, err, "internal", true)
		require.Len(t, f.Exports.Keys(t), part-1)
		for range 2 {
			done, err := activitytest.Run[export.WriteExportPartResult](t, a, a.WriteExportPart, in)
			require.NoError(t, err)
			require.Equal(t, export.WriteExportPartResult{Files: int64(part - 1), End: part == 2}, done)
			require.Len(t, f.Exports.Keys(t), part)
		}
	}
	pending, err := f.Exports.ListPending(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, pending, "no piece of a failed attempt stays")

	for range 2 {
		finished, err := activitytest.Run[export.FinishExportResult](t, a, a.FinishExport, export.FinishExportInput{Org: f.Org, Export: in.Export})
		require.NoError(t, err)
		require.Len(t, finished.Parts, 2)
		require.EqualValues(t, 1, finished.Files)
	}
	_, err = activitytest.Run[export.WriteExportPartResult](t, a, a.WriteExportPart, in)
	activitytest.RequireRefused(t, err, "export_not_running", false)
}

func TestExportNeedsItsOrganization(t *testing.T) {
	t.Parallel()
	f, a, in := newExport(t)
	for org, code := range map[tenancy.OrgID]string{{}: "no_organization", f.Organization(t, 1000): "export_not_running"} {
		_, err := activitytest.Run[export.WriteExportPartResult](t, a, a.WriteExportPart, export.WriteExportPartInput{Org: org, Export: in.Export, Part: 1})
		activitytest.RequireRefused(t, err, code, false)
	}
	require.Empty(t, f.Exports.Keys(t))
}
