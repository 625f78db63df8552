package spaces

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/spaces/spacesdb"
	"satchel/tenancy"
)

// What a caller of reviews can meet.
var (
	ErrNoReview   = fault.New(fault.NotFound, "break_glass_not_found", "There is no such use of break-glass.")
	ErrReviewed   = fault.New(fault.Conflict, "break_glass_reviewed", "This use of break-glass is reviewed already.")
	ErrReviewer   = fault.New(fault.Denied, "break_glass_reviewer", "An owner reviews what an admin did, and another owner or an admin what an owner did; none reviews themselves.").Under("34 CFR 99.31(a)(1)(ii)")
	errReviewed   = fault.New(fault.Invalid, "invalid_decision", "decision is justified or not_justified.")
	errReviewNote = fault.New(fault.Invalid, "invalid_note", "note has at most 1000 characters; not_justified needs one.")
)

// Review is a use of break-glass, and what an owner said of it.
type Review = spacesdb.ReviewGetRow

// Reviews reads a page, the newest first: those that wait, and with reviewed all.
func Reviews(ctx context.Context, q tenancy.Queries, reviewed bool, before uuid.UUID, limit int) ([]Review, error) {
	p := spacesdb.ReviewListParams{Reviewed: reviewed, Most: int64(limit)}
	if before != uuid.Nil {
		p.Before = &before
	}
	rows, err := spacesdb.New(q).ReviewList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list reviews of break-glass: %w", err)
	}
	page := make([]Review, len(rows))
	for i, r := range rows {
		page[i] = Review(r)
	}
	return page, nil
}

// GetReview reads one.
func GetReview(ctx context.Context, q tenancy.Queries, grant uuid.UUID) (Review, error) {
	r, err := spacesdb.New(q).ReviewGet(ctx, grant)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, ErrNoReview
	}
	if err != nil {
		return r, fmt.Errorf("read review of break-glass: %w", err)
	}
	return r, nil
}

// Decide says whether the reason of a use of break-glass was one.
func Decide(ctx context.Context, tx *tenancy.Tx, grant uuid.UUID, decision, note string) error {
	note = strings.TrimSpace(note)
	switch {
	case decision != "justified" && decision != "not_justified":
		return errReviewed
	case !utf8.ValidString(note) || strings.ContainsRune(note, 0) || utf8.RuneCountInString(note) > 1000, decision == "not_justified" && note == "":
		return errReviewNote
	}
	r, err := GetReview(ctx, tx, grant)
	switch {
	case err != nil:
		return err
	case r.Decision != "":
		return ErrReviewed
	}
	n, err := spacesdb.New(tx).ReviewDecide(ctx, spacesdb.ReviewDecideParams{ID: grant, Decision: decision, Note: note})
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "42501":
		return ErrReviewer.Because(err)
	case err != nil:
		return fmt.Errorf("review break-glass: %w", err)
	case n == 0: // another one was faster
		return ErrReviewed
	}
	return audit.Record(ctx, tx, audit.Event{Action: "space.review", ObjectID: grant.String(), Code: decision})
}

// Tell tells owners of a review that waits, once a day of those in app.break_glass_day.
func Tell(ctx context.Context, tx *tenancy.Tx, grant uuid.UUID) error {
	day, err := spacesdb.New(tx).ReviewTell(ctx, grant)
	if err != nil || day == 0 {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{Action: "space.review_due", ObjectID: grant.String(), Code: "day_" + strconv.Itoa(int(day))})
}
