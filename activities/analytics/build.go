// Package analytics makes the files of reports, and counts what they are made of.
package analytics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/analytics"
	"satchel/analytics/render"
	"satchel/analytics/reports"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/internal/spool"
	"satchel/tenancy"
)

// Staging is the bucket in which files wait for their inspection.
type Staging interface {
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error)
}

// Admission lets received files into the pipeline.
type Admission interface {
	StartAdmitted(ctx context.Context, org tenancy.OrgID) error
}

// Builder has the activities about one report.
type Builder struct {
	DB        *tenancy.DB
	Staging   Staging
	Admission Admission
	Spool     *spool.Owner
	Now       func() time.Time
}

// BuildReportInput names the report.
type BuildReportInput struct {
	Org    tenancy.OrgID
	Report uuid.UUID
}

// BuildReportResult says what the row says.
type BuildReportResult struct {
	State reports.State
	File  uuid.UUID
}

// writeTTL is how long the rows of the file wait for what goes on with it.
const writeTTL = 48 * time.Hour

// BuildReport reads the figures of a report and sends its file where the bytes of an upload
// are. The file's version has the id of the report: a try that finds it received only notes
// it, so that one report is never two files.
func (b *Builder) BuildReport(ctx context.Context, in BuildReportInput) (BuildReportResult, error) {
	defer queue.Heartbeat(ctx)()
	rep, err := reports.Get(ctx, b.DB.Single(in.Org), in.Report)
	if err != nil || !rep.Open() {
		return result(rep), err
	}
	person, err := b.person(ctx, in.Org, rep)
	if err != nil {
		return BuildReportResult{}, err
	}
	if err := reports.CatchUp(ctx, b.DB, in.Org); err != nil {
		return BuildReportResult{}, err
	}
	about, err := reports.ReadAbout(ctx, b.DB.Single(in.Org), rep.RequestedBy)
	if err != nil {
		return BuildReportResult{}, err
	}
	reader := &reports.Reader{All: b.DB.Single(in.Org), Person: b.DB.ForPeople().Single(in.Org), About: about, Now: b.Now()}
	d, err := reader.Read(person, rep)
	if err != nil {
		return BuildReportResult{}, err
	}
	made := reports.Made{Version: rep.ID, Rows: d.Rows(), AsOf: d.AsOf, TimeZone: d.TimeZone, Threshold: d.Threshold}
	if made.File, err = b.write(person, in.Org, rep, d); err != nil {
		return BuildReportResult{}, err
	}
	if err := b.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error { return reports.Deliver(ctx, tx, rep, made) }); err != nil {
		return BuildReportResult{}, err
	}
	if err := b.Admission.StartAdmitted(ctx, in.Org); err != nil {
		activity.GetLogger(ctx).Warn("start admitted version failed; sweep will retry", "org", in.Org, "error", err)
	}
	return BuildReportResult{State: reports.Ready, File: made.File}, nil
}

func result(r reports.Report) BuildReportResult {
	if r.File == nil {
		return BuildReportResult{State: r.State}
	}
	return BuildReportResult{State: r.State, File: *r.File}
}

// person is the context of who asked, who may have lost the right since.
func (b *Builder) person(ctx context.Context, org tenancy.OrgID, rep reports.Report) (context.Context, error) {
	actor := tenancy.Actor{Org: org, User: rep.RequestedBy}
	m, err := tenancy.GetMembership(ctx, b.DB.Single(org), actor)
	if errors.Is(err, tenancy.ErrNoOrganization) {
		return nil, reports.ErrNotYours.Because(err)
	}
	if err != nil {
		return nil, err
	}
	actor.Role = m.Role
	as := tenancy.WithActor(ctx, actor)
	if !actor.May(tenancy.MakeReports) {
		return nil, reports.ErrNotYours
	}
	return as, reports.Allowed(as, b.DB.ForPeople().Single(org), actor, rep.Definition, rep.Class)
}

var errLost = fault.New(fault.Conflict, "report_version_lost", "The version that a report was to become has ended. Ask for the report again.")

// write stores the bytes first and makes the rows of the file with their end, by the rights
// of who asked: what a try that died has stored is written over, or found by the reconciler.
func (b *Builder) write(ctx context.Context, org tenancy.OrgID, rep reports.Report, d *analytics.Document) (file uuid.UUID, err error) {
	v, err := files.GetVersion(ctx, b.DB.Single(org), rep.ID)
	switch {
	case err == nil && v.ReceivedAt != nil:
		return v.FileID, nil
	case err == nil:
		return uuid.Nil, errLost
	case !errors.Is(err, files.ErrNotFound):
		return uuid.Nil, err
	}
	folder, err := b.Spool.Folder("report")
	if err != nil {
		return uuid.Nil, fmt.Errorf("make folder: %w", err)
	}
	defer folder.Discard(func(message string, pairs ...any) { activity.GetLogger(ctx).Warn(message, pairs...) })
	out, err := os.Create(folder.Path("report"))
	if err != nil {
		return uuid.Nil, fmt.Errorf("make file: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	sum := sha256.New()
	if err := render.Render(io.MultiWriter(out, sum), d, rep.Format, folder.Path()); err != nil {
		return uuid.Nil, err
	}
	size, err := out.Seek(0, io.SeekCurrent)
	if err != nil {
		return uuid.Nil, fmt.Errorf("measure file: %w", err)
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return uuid.Nil, fmt.Errorf("read file: %w", err)
	}
	etag, err := b.Staging.Put(ctx, files.StagingKey(org, rep.ID), out, size, "")
	if err != nil {
		return uuid.Nil, fmt.Errorf("store file of report: %w", err)
	}
	err = b.DB.ForPeople().InTx(ctx, org, func(tx *tenancy.Tx) error {
		n := files.New{Version: rep.ID, Name: render.Name(d, rep.Format), ClaimedType: render.MediaType(rep.Format), Size: size, UploadedBy: rep.RequestedBy, KeepBoth: true, TTL: writeTTL,
			ChangeDescription: fmt.Sprintf("Report %s, as of %s.", rep.ID, d.AsOf.UTC().Format(time.RFC3339))}
		if rep.Place == analytics.Staff {
			if n.Space, err = reports.Room(ctx, tx); err != nil {
				return err
			}
		}
		created, err := files.Create(ctx, tx, n)
		if err != nil {
			return err
		}
		file = created.File
		return files.Receive(ctx, tx, files.Received{Upload: rep.ID, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil)), ETag: etag})
	})
	return file, err
}

// EndReportInput names the report, and says how it ended.
type EndReportInput struct {
	Org    tenancy.OrgID
	Report uuid.UUID
	State  reports.State
	Code   string
}

// EndReportResult is empty.
type EndReportResult struct{}

// EndReport ends a report that failed or was called off. The first end stays.
func (b *Builder) EndReport(ctx context.Context, in EndReportInput) (EndReportResult, error) {
	rep, err := reports.Get(ctx, b.DB.Single(in.Org), in.Report)
	if err != nil || !rep.Open() {
		return EndReportResult{}, err
	}
	lost := in.Code == reports.ErrNotYours.Code || in.Code == reports.ErrClass.Code
	return EndReportResult{}, b.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		if rep.Schedule != nil && lost { // it would fail each time
			if err := reports.StopSchedule(ctx, tx, *rep.Schedule); err != nil {
				return err
			}
		}
		return reports.End(ctx, tx, in.Report, in.State, in.Code)
	})
}
