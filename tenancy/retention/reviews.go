package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/retention/retentiondb"
)

// Due is a file whose time is over.
type Due struct {
	Policy   uuid.UUID
	Disposal string
	Since    time.Time
}

// FileDue says by which policy a file is due at this moment; false when it is not, or not any
// more: it was found a while ago.
func FileDue(ctx context.Context, tx *tenancy.Tx, file uuid.UUID) (Due, bool, error) {
	r, err := retentiondb.New(tx).FileDue(ctx, file)
	if errors.Is(err, pgx.ErrNoRows) {
		return Due{}, false, nil
	}
	return Due{Policy: r.PolicyID, Disposal: r.Disposal, Since: r.Since}, err == nil, err
}

// Enlist lists a file for an officer's decision.
func Enlist(ctx context.Context, tx *tenancy.Tx, file uuid.UUID, d Due) error {
	err := retentiondb.New(tx).ReviewPut(ctx, retentiondb.ReviewPutParams{FileID: file, PolicyID: d.Policy, DueAt: d.Since})
	if err != nil {
		return fmt.Errorf("list file for review: %w", err)
	}
	return record(ctx, tx, "retention.review", file, "policy:"+d.Policy.String())
}

// Listed is a file that is listed for a decision, or was.
type Listed = retentiondb.ReviewGetRow

// GetReview reads one.
func GetReview(ctx context.Context, q tenancy.Queries, file uuid.UUID) (Listed, error) {
	r, err := retentiondb.New(q).ReviewGet(ctx, file)
	if err != nil {
		return r, orMissing(err, ErrNoReview)
	}
	return r, nil
}

// Reviews pages through the files of a state, in the order of their ids.
func Reviews(ctx context.Context, q tenancy.Queries, state string, after uuid.UUID, n int) ([]Listed, error) {
	rows, err := retentiondb.New(q).ReviewList(ctx, retentiondb.ReviewListParams{After: after, State: state, Most: int64(n)})
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	all := make([]Listed, len(rows))
	for i, r := range rows {
		all[i] = Listed(r)
	}
	return all, nil
}

// longest is how far away the day is until which a file may be kept.
const longest = 10 * 366 * 24 * time.Hour

// Keep keeps a listed file until a day, after which its policy applies again.
func Keep(ctx context.Context, tx *tenancy.Tx, file, by uuid.UUID, until time.Time, reason string) error {
	if left := time.Until(until); left <= 0 || left > longest {
		return fault.New(fault.Invalid, "invalid_keep_until", "keep_until is a time to come, in ten years at most: without an end is for a policy to say.")
	}
	listed, err := lock(ctx, tx, file)
	if err != nil {
		return err
	}
	return decide(ctx, tx, listed, "retention.keep", retentiondb.ReviewDecideParams{State: Kept, KeepUntil: &until, Reason: reason, DecidedBy: by, FileID: file})
}

// Dispose notes that a listed file goes. The caller puts it into the trash in the same
// transaction. What is on hold does not go.
func Dispose(ctx context.Context, tx *tenancy.Tx, file, by uuid.UUID, reason string) (policy uuid.UUID, err error) {
	listed, err := lock(ctx, tx, file)
	if err != nil {
		return policy, err
	}
	held, err := retentiondb.New(tx).FileOnHold(ctx, file)
	switch {
	case err != nil:
		return policy, orMissing(err, ErrNoReview)
	case held:
		return policy, tenancy.ErrOnHold
	}
	return listed.PolicyID, decide(ctx, tx, listed, "retention.dispose", retentiondb.ReviewDecideParams{State: Disposed, Reason: reason, DecidedBy: by, FileID: file})
}

// lock reads a listed file, about which no one else decides until the transaction ends.
func lock(ctx context.Context, tx *tenancy.Tx, file uuid.UUID) (retentiondb.ReviewLockRow, error) {
	r, err := retentiondb.New(tx).ReviewLock(ctx, file)
	if err != nil {
		err = orMissing(err, ErrNoReview)
	}
	return r, err
}

func decide(ctx context.Context, tx *tenancy.Tx, listed retentiondb.ReviewLockRow, action string, p retentiondb.ReviewDecideParams) error {
	switch {
	case !bounded(p.Reason, 1, 1000):
		return fault.New(fault.Invalid, "invalid_reason", "reason says in 1 to 1000 characters why.")
	case listed.State == Disposed:
		return ErrDecided
	}
	if err := retentiondb.New(tx).ReviewDecide(ctx, p); err != nil {
		return fmt.Errorf("decide about file: %w", err)
	}
	return record(ctx, tx, action, p.FileID, "policy:"+listed.PolicyID.String())
}
