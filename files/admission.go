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
// organization are in the pipeline as its tier allows, or the ceiling. A lowered
// limit removes none. One that has been there for an hour does not
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
