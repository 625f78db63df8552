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
	if while <= 0 {
		return audit.Record(ctx, q, readOf(v))
	}
	return RecordReads(ctx, q, []Version{v}, while)
}

// RecordReads is RecordRead of several versions: what is there already is asked for at once.
func RecordReads(ctx context.Context, q tenancy.Queries, versions []Version, while time.Duration) error {
	if len(versions) == 0 {
		return nil
	}
	objects := make([]string, len(versions))
	for i, v := range versions {
		objects[i] = v.File.String()
	}
	known, err := audit.Recent(ctx, q, readAction, objects, while)
	if err != nil {
		return err
	}
	for _, v := range versions {
		event := readOf(v)
		if known[event.Subject()] {
			continue
		}
		if err := audit.Record(ctx, q, event); err != nil {
			return err
		}
	}
	return nil
}

const readAction = "file.read"

func readOf(v Version) audit.Event {
	return audit.Event{Action: readAction, ObjectID: v.File.String(), Code: fmt.Sprintf("version_%d", v.Number)}
}
