package files

import (
	"context"

	"github.com/google/uuid"

	"satchel/files/filesdb"
	"satchel/tenancy"
)

// Received versions of an organization stand in a line: at most so many of them
// are in the pipeline at once, the others wait as rows. How many is its tier's
// concurrent_scans, read again at each admission, and never more than the
// platform's ceiling. A row that was received and not started is one that waits.

// AdmittedVersion is a version that was let into the pipeline.
type AdmittedVersion = filesdb.VersionAdmitRow

// Admit lets in the versions that have waited longest, until as many of the
// organization are in the pipeline as its tier allows, or the ceiling. A bound
// that was lowered puts no one out. One that has been there for an hour does not
// count any more: its workflow may be blocked until the next deploy, and those
// behind it would wait with it. Anyone who calls it starts their workflows after
// the commit; the sweep starts what was let in and shows no life.
func Admit(ctx context.Context, q tenancy.Queries, ceiling int) ([]AdmittedVersion, error) {
	return filesdb.New(q).VersionAdmit(ctx, int64(ceiling))
}

// ReturnToQueue puts a version back in the admission queue whose workflow could not be started.
func ReturnToQueue(ctx context.Context, q tenancy.Queries, version uuid.UUID) error {
	return filesdb.New(q).VersionStepBack(ctx, version)
}

// ListInPipeline says whether any version of the organization is in the pipeline, so
// that those in the admission queue will have their turn.
func ListInPipeline(ctx context.Context, q tenancy.Queries) (bool, error) {
	return filesdb.New(q).VersionMoving(ctx)
}
