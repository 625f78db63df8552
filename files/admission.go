package files

import (
	"context"

	"github.com/google/uuid"

	"satchel/files/filesdb"
	"satchel/tenancy"
)

// Received versions of an organization wait in its admission queue: a limited number
// of them is in the pipeline at once, the others wait as rows. The limit is the
// tier's concurrent_scans, read at each admission, and never more than the
// platform's ceiling. A waiting row is one that was received and not started.

// AdmittedVersion is a version that was admitted to the pipeline.
type AdmittedVersion = filesdb.VersionAdmitRow

// Admit admits the versions that have waited longest, until as many of the
// organization are in the pipeline as its tier or the ceiling allows. A lowered
// limit removes none. A version that has been in the pipeline for an hour is
// not counted any more: its workflow may be blocked until the next deployment,
// and must not block the versions behind it. The caller starts the workflows
// after the commit; the sweep starts admitted versions whose workflow was not
// started.
func Admit(ctx context.Context, q tenancy.Queries, ceiling int) ([]AdmittedVersion, error) {
	return filesdb.New(q).VersionAdmit(ctx, int64(ceiling))
}

// AdmitBehind is Admit when a published version has left the pipeline and the objects that it
// does not need any more are removed, which it notes as MarkCleaned does.
func AdmitBehind(ctx context.Context, q tenancy.Queries, version uuid.UUID, ceiling int) ([]AdmittedVersion, error) {
	rows, err := filesdb.New(q).VersionAdmitBehind(ctx, filesdb.VersionAdmitBehindParams{ID: version, Ceiling: int64(ceiling)})
	admitted := make([]AdmittedVersion, len(rows))
	for i, r := range rows {
		admitted[i] = AdmittedVersion(r)
	}
	return admitted, err
}

// ReturnToQueue puts a version back in the admission queue whose workflow could not be started.
func ReturnToQueue(ctx context.Context, q tenancy.Queries, version uuid.UUID) error {
	return filesdb.New(q).VersionStepBack(ctx, version)
}

// ListInPipeline says whether any version of the organization is in the pipeline, so
// that those in the admission queue will be admitted.
func ListInPipeline(ctx context.Context, q tenancy.Queries) (bool, error) {
	return filesdb.New(q).VersionMoving(ctx)
}
