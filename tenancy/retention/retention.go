// Package retention keeps for how long an organization keeps its files, by category: the
// policies, which anybody may read, and what an officer decides about before it is disposed of.
// What is due is said by the database (policies/rls/functions/system_retention.sql).
package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/retention/retentiondb"
)

// The things that days are counted from.
const (
	Published   = "published"    // the first publication of the file
	LastVersion = "last_version" // the publication of the shown version
	Trashed     = "trashed"
)

// What becomes of a file that is due.
const (
	Delete = "delete" // it goes to the trash
	Review = "review" // an officer decides
)

// The states of a review.
const (
	Waiting  = "waiting"
	Kept     = "kept"
	Disposed = "disposed"
)

// States lists them.
var States = []string{Waiting, Kept, Disposed}

// most bounds the policies of an organization.
const most = 200

// What callers can meet.
var (
	ErrNotFound = fault.New(fault.NotFound, "retention_policy_not_found", "There is no such retention policy.")
	ErrNoReview = fault.New(fault.NotFound, "retention_review_not_found", "This file is not listed for a decision.")
	ErrTaken    = fault.New(fault.Conflict, "retention_policy_exists", "There is a retention policy of this category already. Change that one.")
	ErrTooMany  = fault.New(fault.Conflict, "too_many_retention_policies", "Your organization has 200 retention policies. Delete one first.")
	ErrDecided  = fault.New(fault.Conflict, "retention_review_decided", "This file was put into the trash already.")
)

// Policy is what one category of files is kept for, and for how long.
type Policy struct {
	ID            uuid.UUID
	Category      string // empty: every category without a policy of its own
	Children      bool
	Purpose, Need string
	Days          *int32 // nil: without a limit
	Begins        string
	Disposal      string
	CreatedBy     uuid.UUID
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

func fromRow(r retentiondb.PolicyGetRow) Policy {
	return Policy{ID: r.ID, Category: r.Category, Children: r.Children, Purpose: r.Purpose, Need: r.BusinessNeed, Days: r.Days, Begins: r.Begins, Disposal: r.Disposal,
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

func bounded(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}

func (p Policy) check() error {
	switch {
	case !bounded(p.Category, 0, 100):
		return fault.New(fault.Invalid, "invalid_category", "category has at most 100 characters; empty is every category without a policy of its own.")
	case !bounded(p.Purpose, 1, 500):
		return fault.New(fault.Invalid, "invalid_purpose", "purpose says in 1 to 500 characters what the files are collected for.")
	case !bounded(p.Need, 1, 1000):
		return fault.New(fault.Invalid, "invalid_business_need", "business_need says in 1 to 1000 characters why they are kept for so long.")
	case p.Days != nil && (*p.Days < 1 || *p.Days > 36500):
		return fault.New(fault.Invalid, "invalid_days", "days is from 1 to 36500, or null for no limit.")
	case p.Children && p.Days == nil:
		return fault.New(fault.Invalid, "invalid_days", "Children's data is not kept without a limit: give days.").Under("16 CFR 312.10")
	case !slices.Contains([]string{Published, LastVersion, Trashed}, p.Begins):
		return fault.New(fault.Invalid, "invalid_begins", "begins is published, last_version or trashed.")
	case !slices.Contains([]string{Delete, Review}, p.Disposal):
		return fault.New(fault.Invalid, "invalid_disposal", "disposal is delete or review.")
	case p.Begins == Trashed && p.Disposal == Review:
		return fault.New(fault.Invalid, "invalid_disposal", "What is in the trash is not reviewed: choose delete, or count the days from published or last_version.")
	}
	return nil
}

func record(ctx context.Context, tx *tenancy.Tx, action string, id uuid.UUID, code string) error {
	return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code})
}

// Create makes a policy.
func Create(ctx context.Context, tx *tenancy.Tx, p Policy) error {
	if err := p.check(); err != nil {
		return err
	}
	q := retentiondb.New(tx)
	n, err := q.PolicyCount(ctx)
	if err != nil {
		return fmt.Errorf("count retention policies: %w", err)
	}
	if n >= most {
		return ErrTooMany
	}
	if err := free(ctx, q, p); err != nil {
		return err
	}
	err = q.PolicyInsert(ctx, retentiondb.PolicyInsertParams{ID: p.ID, Category: p.Category, Children: p.Children, Purpose: p.Purpose, BusinessNeed: p.Need, Days: p.Days, Begins: p.Begins, Disposal: p.Disposal, CreatedBy: p.CreatedBy})
	if err != nil {
		return fmt.Errorf("make retention policy: %w", err)
	}
	return record(ctx, tx, "retention_policy.create", p.ID, p.Disposal)
}

func free(ctx context.Context, q *retentiondb.Queries, p Policy) error {
	taken, err := q.PolicyTaken(ctx, retentiondb.PolicyTakenParams{Category: p.Category, Children: p.Children, ID: p.ID})
	if err == nil && taken {
		err = ErrTaken
	}
	return err
}

// Change replaces what a policy says.
func Change(ctx context.Context, tx *tenancy.Tx, p Policy) error {
	if err := p.check(); err != nil {
		return err
	}
	q := retentiondb.New(tx)
	if err := free(ctx, q, p); err != nil {
		return err
	}
	n, err := q.PolicyUpdate(ctx, retentiondb.PolicyUpdateParams{ID: p.ID, Category: p.Category, Children: p.Children, Purpose: p.Purpose, BusinessNeed: p.Need, Days: p.Days, Begins: p.Begins, Disposal: p.Disposal})
	switch {
	case err != nil:
		return fmt.Errorf("change retention policy: %w", err)
	case n == 0:
		return ErrNotFound
	}
	return record(ctx, tx, "retention_policy.change", p.ID, p.Disposal)
}

// Remove deletes a policy, and what waits for a decision by it.
func Remove(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	q := retentiondb.New(tx)
	n, err := q.PolicyDelete(ctx, id)
	switch {
	case err != nil:
		return fmt.Errorf("delete retention policy: %w", err)
	case n == 0:
		return ErrNotFound
	}
	if err := q.ReviewsForget(ctx, id); err != nil {
		return fmt.Errorf("forget what waits for a decision: %w", err)
	}
	return record(ctx, tx, "retention_policy.delete", id, "")
}

// Get reads a policy.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Policy, error) {
	r, err := retentiondb.New(q).PolicyGet(ctx, id)
	if err != nil {
		return Policy{}, orMissing(err, ErrNotFound)
	}
	return fromRow(r), nil
}

func orMissing(err error, missing *fault.Fault) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return missing
	}
	return fmt.Errorf("read retention: %w", err)
}

// List reads all policies, by category.
func List(ctx context.Context, q tenancy.Queries) ([]Policy, error) {
	rows, err := retentiondb.New(q).PolicyList(ctx)
	if err != nil {
		return nil, fmt.Errorf("list retention policies: %w", err)
	}
	all := make([]Policy, len(rows))
	for i, r := range rows {
		all[i] = fromRow(retentiondb.PolicyGetRow(r))
	}
	return all, nil
}
