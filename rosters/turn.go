package rosters

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
)

// Next is what comes next of an import whose changes were found.
type Next string

// What can come next.
const (
	NextWait    Next = "wait"    // for a decision, or for the end of a pause
	NextCompare Next = "compare" // the source changed since the changes were found
	NextApply   Next = "apply"
	NextEnd     Next = "end" // the import has ended
)

// Turn is what comes next, and until when to wait for it.
type Turn struct {
	Next  Next
	Until time.Time
}

// NeedsDecision says whether a person has to look at the changes first.
func (i Import) NeedsDecision() bool { return i.Review || len(i.Holds) > 0 }

// notDecided ends an import that no one looked at.
var notDecided = &StopReason{Code: "not_decided", Text: "The changes were not decided within 7 days, so nothing was imported. Send a newer roster and decide about it."}

// TakeTurn looks what was decided about an import, and whether its source is paused,
// and says what comes next. It ends an import that was discarded or waited too long,
// and lets one that may go on be applied.
func TakeTurn(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) (Turn, error) {
	i, err := Get(ctx, db.Single(org), id)
	if err != nil {
		return Turn{}, err
	}
	source, err := GetSource(ctx, db.Single(org), i.Source)
	if err != nil {
		return Turn{}, err
	}
	now := time.Now()
	switch {
	case i.State == Applying:
		return Turn{Next: NextApply}, nil
	case !i.State.Open():
		return Turn{Next: NextEnd}, nil
	case i.State != Waiting:
		return Turn{Next: NextCompare}, nil
	case i.Decision == Discard:
		return Turn{Next: NextEnd}, EndWithout(ctx, db, org, id, Discarded, nil)
	case i.NeedsDecision() && i.Decision == "" && i.WaitsUntil != nil && i.WaitsUntil.After(now):
		return Turn{Next: NextWait, Until: *i.WaitsUntil}, nil
	case i.NeedsDecision() && i.Decision == "":
		return Turn{Next: NextEnd}, EndWithout(ctx, db, org, id, Discarded, notDecided)
	case source.PausedUntil != nil && source.PausedUntil.After(now):
		return Turn{Next: NextWait, Until: *source.PausedUntil}, nil
	}
	fresh, err := BeginApply(ctx, db, org, id)
	if !fresh {
		return Turn{Next: NextCompare}, err
	}
	return Turn{Next: NextApply}, err
}
