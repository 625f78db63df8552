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
	_, err := RecordReads(ctx, q, []Version{v}, while)
	return err
}

// RecordReads is RecordRead of several versions: what is there already is asked for at once.
// It says how many it wrote.
func RecordReads(ctx context.Context, q tenancy.Queries, versions []Version, while time.Duration) (written int, err error) {
	known := map[audit.Subject]bool{}
	if while > 0 && len(versions) > 0 {
		objects := make([]string, len(versions))
		for i, v := range versions {
			objects[i] = v.File.String()
		}
		if known, err = audit.Recent(ctx, q, readAction, objects, while); err != nil {
			return 0, err
		}
	}
	for _, v := range versions {
		event := readOf(v)
		if known[event.Subject()] {
			continue
		}
		if err := audit.Record(ctx, q, event); err != nil {
			return written, err
		}
		written++
	}
	return written, nil
}

const readAction = "file.read"

func readOf(v Version) audit.Event {
	return audit.Event{Action: readAction, ObjectID: v.File.String(), Code: fmt.Sprintf("version_%d", v.Number)}
}
