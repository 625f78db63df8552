package sweep

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
)

// makeMonths makes the partitions of the months to come, and says what is wrong with those
// there are. A row never waits for it: without a month it goes into the default partition.
func (a *Activities) makeMonths(ctx context.Context, _ uuid.UUID) (swept SweepResult, err error) {
	months, err := a.db.EnsureMonths(ctx)
	if err != nil {
		return swept, err
	}
	for _, m := range months {
		swept.Found++
		if m.Wrong {
			swept.Failed++
			slog.ErrorContext(ctx, "a partition by month needs a person: see docs/runbooks/sweep-stopped.md", "table", m.Table, "partition", m.Partition, "found", m.Did)
			continue
		}
		swept.Done++
		slog.InfoContext(ctx, "partition by month", "table", m.Table, "partition", m.Partition, "did", m.Did)
	}
	return swept, nil
}
