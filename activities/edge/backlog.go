package edge

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/activities/edge/edgedb"
	"satchel/tenancy"
	"satchel/tenancy/events"
)

// State is what became of a purge that the cache was not told.
type State string

// States of purges.
const (
	Waiting State = "waiting"
	GivenUp State = "given_up" // for longer than the cache keeps anything
)

// States are all of them.
var States = []State{Waiting, GivenUp}

// Backlogs counts the purges in a state by organization, in the order of their ids. Of an
// organization of which no cache was ever told, nothing waits.
func Backlogs(ctx context.Context, db *tenancy.DB, s State, after uuid.UUID, n int) ([]tenancy.EdgeBacklog, error) {
	return db.EdgeBacklogs(ctx, names(), string(s), after, n)
}

// Replay has what was given up of an organization told to the cache, and says how many keys
// that are.
func Replay(ctx context.Context, tx *tenancy.Tx) (int64, error) {
	n, err := edgedb.New(tx).PurgesReplay(ctx)
	if err != nil {
		return 0, fmt.Errorf("replay purges: %w", err)
	}
	return n, events.Notify(ctx, tx)
}
