package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
	add(!f.From.IsZero(), "at >= @from", "from", f.From)
	add(!f.To.IsZero(), "at < @to", "to", f.To)
	add(f.Before > 0, "seq < @before", "before", f.Before)
	found, err := rows(ctx, q, columns+" where "+strings.Join(where, " and ")+" order by seq desc limit @limit", args)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, len(found))
	for i, s := range found {
		if lines[i], err = s.line(); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

const columns = "select seq, event, hash, at, action, actor, object, object_id, result from audit_events"

// ListRecent says whether the caller left this very event in the audit log less than
// that long ago.
func ListRecent(ctx context.Context, q tenancy.Queries, e Event, ago time.Duration) (bool, error) {
	actor, _ := tenancy.ActorFrom(ctx)
	var known bool
	err := q.QueryRow(ctx, `select exists (select from audit_events where object_id = $1 and action = $2 and actor = $3
		and result = 'done' and event::jsonb ->> 'code' = $4 and at > now() - $5::interval)`,
		e.ObjectID, e.Action, actor.User.String(), e.Code, ago).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("look into the audit log: %w", err)
	}
	return known, nil
}

func rows(ctx context.Context, q tenancy.Queries, sql string, args ...any) ([]stored, error) {
	found, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	list, err := pgx.CollectRows(found, pgx.RowToStructByName[stored])
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return list, nil
}

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
	var first, last *int64
	err := q.QueryRow(ctx, `select min(seq), max(seq) from audit_events
		where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)`, orNull(from), orNull(to)).Scan(&first, &last)
	if err != nil {
		return fmt.Errorf("find the time in the audit log: %w", err)
	}
	if first == nil {
		return nil
	}
	err = EachEvent(ctx, q, *first-1, func(l Line) error {
		if l.Seq > *last {
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
		found, err := rows(ctx, q, columns+" where seq > $1 and seq <= $2 order by seq limit $3", after, through, page)
		if err != nil {
			return err
		}
		for _, s := range found {
			if err := visit(s); err != nil {
				return err
			}
			after = s.Seq
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
	var h Head
	var hash []byte
	err := q.QueryRow(ctx, "select seq, hash from audit_heads").Scan(&h.Seq, &hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("read the end of the audit log: %w", err)
	}
	copy(h.Hash[:], hash)
	return h, nil
}
