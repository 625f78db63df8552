package content

import (
	"context"
	"fmt"
	"time"

	"satchel/policies/audit"
	"satchel/tenancy"
)

// RecordRead puts into the audit log that the actor of ctx was handed a version's
// bytes, unless that is there from less than a while ago: a player that asks for a
// hundred ranges of one video is one read. Previews leave no row: a page of thumbnails
// would bury the rest.
func RecordRead(ctx context.Context, q tenancy.Queries, v Version, while time.Duration) error {
	event := audit.Event{Action: "file.read", ObjectID: v.File.String(), Code: fmt.Sprintf("version_%d", v.Number)}
	if while > 0 {
		known, err := audit.ListRecent(ctx, q, event, while)
		if err != nil || known {
			return err
		}
	}
	return audit.Record(ctx, q, event)
}
