package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"satchel/policies/audit/auditdb"
	"satchel/tenancy"
)

// Filter narrows a list of the audit log. Zero values narrow nothing.
type Filter struct {
	Action, Actor, ObjectID string
	Result                  Result
	From, To                time.Time
	Before                  int64 // the last sequence number of the page before
	Limit                   int
}

// List reads a page of the audit log, the newest first.
func List(ctx context.Context, q tenancy.Queries, f Filter) ([]Line, error) {
	where, args := []string{"true"}, pgx.NamedArgs{"limit": f.Limit}
	add := func(on bool, clause, name string, value any) {
		if on {
			where = append(where, clause)
			args[name] = value
		}
	}
	add(f.Action != "", "action = @action", "action", f.Action)
	add(f.Actor != "", "actor = @actor", "actor", f.Actor)
	add(f.ObjectID != "", "object_id = @object_id", "object_id", f.ObjectID)
	add(f.Result != "", "result = @result", "result", string(f.Result))
	// Of the other months nothing is read. A month is that of the database's clock, at of the
	// program's; what was there before the months has none.
	add(!f.From.IsZero(), "at >= @from and (month = '-infinity' or month >= date_trunc('month', @from::timestamptz at time zone 'UTC' - interval '1 day')::date)", "from", f.From)
	add(!f.To.IsZero(), "at < @to and (month = '-infinity' or month <= date_trunc('month', @to::timestamptz at time zone 'UTC' + interval '1 day')::date)", "to", f.To)
	add(f.Before > 0, "seq < @before", "before", f.Before)
	rows, err := q.Query(ctx, columns+" where "+strings.Join(where, " and ")+" order by seq desc limit @limit", args)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[stored])
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	lines := make([]Line, len(found))
	for i, s := range found {
		if lines[i], err = s.line(); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// columns begins the one query that is put together here. A static one would hold
// every filter with "or it is null", and Postgres would not choose the index of
// the filters that are set.
const columns = "select seq, event, hash, at, action, actor, object, object_id, result from audit_events"

// page is how much of an audit log is in memory at once.
const page = 1000

// EachEvent gives every line after a sequence number to visit, in order.
func EachEvent(ctx context.Context, q tenancy.Queries, after int64, visit func(Line) error) error {
	return each(ctx, q, after, math.MaxInt64, func(s stored) error {
		l, err := s.line()
		if err != nil {
			return err
		}
		return visit(l)
	})
}

// EachBetween passes every line of a time range to visit, in order, with those numbered
// between them: without a gap, so that the chain can be followed. A zero time is
// no limit.
func EachBetween(ctx context.Context, q tenancy.Queries, from, to time.Time, visit func(Line) error) error {
	span, err := auditdb.New(q).EventSpan(ctx, auditdb.EventSpanParams{Since: orNull(from), Until: orNull(to)})
	if err != nil {
		return fmt.Errorf("find the time in the audit log: %w", err)
	}
	if span.First == 0 {
		return nil
	}
	err = EachEvent(ctx, q, span.First-1, func(l Line) error {
		if l.Seq > span.Last {
			return errEnd
		}
		return visit(l)
	})
	if errors.Is(err, errEnd) {
		return nil
	}
	return err
}

var errEnd = errors.New("the time ends here")

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// each gives the rows behind one sequence number, up to and with another, to visit.
func each(ctx context.Context, q tenancy.Queries, after, through int64, visit func(stored) error) error {
	for {
		found, err := auditdb.New(q).EventPage(ctx, auditdb.EventPageParams{After: after, Through: through, Most: page})
		if err != nil {
			return fmt.Errorf("read audit log: %w", err)
		}
		for _, r := range found {
			if err := visit(stored(r)); err != nil {
				return err
			}
			after = r.Seq
		}
		if len(found) < page {
			return nil
		}
	}
}

// Head is the end of an organization's audit log. An organization of which nothing
// was recorded yet has the zero Head.
type Head struct {
	Seq  int64 `json:"seq"`
	Hash Hash  `json:"hash"`
}

// GetHead reads the end of the audit log.
func GetHead(ctx context.Context, q tenancy.Queries) (Head, error) {
	r, err := auditdb.New(q).HeadGet(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, fmt.Errorf("read the end of the audit log: %w", err)
	}
	h := Head{Seq: r.Seq}
	copy(h.Hash[:], r.Hash)
	return h, nil
}
