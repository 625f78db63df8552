package upload

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// ReleaseID is the only way to name the workflow that publishes a version which waited.
func ReleaseID(org tenancy.OrgID, version uuid.UUID) string {
	return "release/" + org.String() + "/" + version.String()
}

// StartRelease starts it, or finds it running. It is asked for only while the version is
// released and not published.
func StartRelease(ctx context.Context, c client.Client, in UploadFileInput) error {
	if err := queue.StartAgain(ctx, c, ReleaseID(in.Org, in.Version), in.Org.String(), queue.Default, "release", "PublishHeldFile", in); err != nil {
		return fmt.Errorf("start PublishHeldFile: %w", err)
	}
	return nil
}

// PublishHeldFile publishes a version that waited for a decision and was released. Its bytes
// were found clean before; what its kind is shown by is looked up again.
func PublishHeldFile(ctx workflow.Context, in UploadFileInput) (end UploadFileResult, err error) {
	u := &upload{in: in}
	defer func() {
		if !u.ended {
			end, err = u.withdraw(ctx, end, err)
		}
	}()
	found, err := u.inspect(ctx, false)
	switch {
	case err != nil:
		return end, err
	case found.Verdict == verdict.Rejected: // by a rule that is newer than the file
		return UploadFileResult{files.Rejected, found.Rule}, nil
	case found.Verdict != verdict.Accepted:
		return u.quarantine(ctx, verdict.Unscannable, found.Rule)
	}
	return u.publishFound(ctx, found)
}
