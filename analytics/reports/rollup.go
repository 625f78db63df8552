package reports

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/analytics"
	"satchel/analytics/reports/reportsdb"
	"satchel/analytics/suppress"
	"satchel/tenancy"
)

// Kept is how long single events are kept, without names. Their sums by day stay.
const Kept = 400 * 24 * time.Hour

// stretch is how many rows of each log one transaction reads: an organization with a
// million of them does not keep others waiting.
const stretch = 20_000

// Rolled says what a roll-up did.
type Rolled struct {
	Events, Days int64
	Unfinished   bool // there is more
}

// RollUp reads what the logs of the organization have more, up to a bound, and counts the
// days again on which it happened. A second call finds nothing more.
func RollUp(ctx context.Context, tx *tenancy.Tx) (Rolled, error) {
	r, err := reportsdb.New(tx).ActivityRollUp(ctx, reportsdb.ActivityRollUpParams{Most: stretch, Kept: Kept})
	if err != nil {
		return Rolled{}, fmt.Errorf("roll up activity: %w", err)
	}
	return Rolled(r), nil
}

// CatchUp rolls up all that there is.
func CatchUp(ctx context.Context, db *tenancy.DB, org tenancy.OrgID) error {
	for {
		var r Rolled
		err := db.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
			r, err = RollUp(ctx, tx)
			return err
		})
		if err != nil || !r.Unfinished {
			return err
		}
	}
}

// About is what all reports of an organization have in common.
type About struct {
	Name      string
	Language  string // of who asked, or of the organization
	Zone      *time.Location
	Threshold int
}

// ReadAbout reads it, as a report says it to a person.
func ReadAbout(ctx context.Context, q tenancy.Queries, to uuid.UUID) (About, error) {
	a, err := reportsdb.New(q).AboutGet(ctx, to)
	if err != nil {
		return About{}, fmt.Errorf("read what reports are about: %w", err)
	}
	threshold := int(a.Threshold)
	if threshold == 0 {
		threshold = suppress.Usual
	}
	return About{Name: a.Name, Language: analytics.Language(a.Language), Zone: analytics.Zone(a.TimeZone), Threshold: max(threshold, suppress.Least)}, nil
}
