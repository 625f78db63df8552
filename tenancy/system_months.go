package tenancy

import "context"

// MonthRef says what became of a partition by month.
type MonthRef struct {
	Table     string `db:"of_table"`
	Partition string `db:"month"`
	Did       string `db:"did"`
	Wrong     bool   `db:"wrong"` // a person has to look at it
}

// EnsureMonths makes the partitions of the months to come, drops those whose rows have all been
// kept for their time, and says what it did and what is wrong.
func (d *DB) EnsureMonths(ctx context.Context) ([]MonthRef, error) {
	return everywhere[MonthRef](ctx, d, "select of_table, month, did, wrong from app.ensure_months()")
}
