package drafts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/generation"
	"satchel/generation/drafts/draftsdb"
	"satchel/generation/providers"
	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Money is set aside before a model is asked, as much as the call can cost, and settled by
// what it cost. A step whose cost is not known is settled at what was set aside.

// The refusals of caps. None is tried again by itself.
var (
	ErrJobCap   = fault.New(fault.OverQuota, "generation_job_cap", "This would cost more than one generation may. Ask for fewer items, or choose a shorter text.")
	ErrDayCap   = fault.New(fault.OverQuota, "generation_day_cap", "Your organization has spent what it may spend on models today. Try again tomorrow, or use the provider extractive.")
	ErrMonthCap = fault.New(fault.OverQuota, "generation_month_cap", "Your organization has spent what it may spend on models this month. An owner can raise the cap, or use the provider extractive.")
)

const (
	day   = "day"
	month = "month"
)

// monthOf is the first day of a day's month.
func monthOf(d time.Time) time.Time {
	return time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// dayOf is the day of a moment, in UTC.
func dayOf(now time.Time) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
}

// Reserve sets money aside for one request to a model and gives the id of the charge. The
// row of the month is locked first, then that of the day: of requests that come at once,
// each sees what those before it took.
func Reserve(ctx context.Context, db *tenancy.DB, g Generation, round int, micro int64, caps providers.Caps, now time.Time) (uuid.UUID, error) {
	id, today := tenancy.NewID(), dayOf(now)
	err := db.InTx(ctx, g.Org, func(tx *tenancy.Tx) error {
		q := draftsdb.New(tx)
		n, err := q.GenerationReserve(ctx, draftsdb.GenerationReserveParams{ID: g.ID, Micro: micro, Cap: caps.Job})
		if err := refused(n, err, ErrJobCap); err != nil {
			return err
		}
		for _, p := range []struct {
			period string
			starts time.Time
			most   int64
			full   error
		}{{month, monthOf(today), caps.Month, ErrMonthCap}, {day, today, caps.Day, ErrDayCap}} {
			if err := q.SpendingOpen(ctx, draftsdb.SpendingOpenParams{Period: p.period, StartsOn: p.starts}); err != nil {
				return fmt.Errorf("open sum of %s: %w", p.period, err)
			}
			n, err := q.SpendingReserve(ctx, draftsdb.SpendingReserveParams{Period: p.period, StartsOn: p.starts, Micro: micro, Cap: p.most})
			if err := refused(n, err, p.full); err != nil {
				return err
			}
		}
		return wrap(q.ChargeInsert(ctx, draftsdb.ChargeInsertParams{ID: id, GenerationID: g.ID, Round: int16(round), Day: today, ReservedMicro: micro}), "insert charge")
	})
	return id, err
}

func refused(n int64, err, full error) error {
	switch {
	case err != nil:
		return fmt.Errorf("set money aside: %w", err)
	case n == 0:
		return full
	}
	return nil
}

// Bill is what a request cost.
type Bill struct {
	Known                     bool // the provider said so, or nothing was made
	Micro                     int64
	InputTokens, OutputTokens int64
}

func (b Bill) outcome() string {
	switch {
	case !b.Known:
		return "unknown"
	case b.Micro == 0 && b.InputTokens+b.OutputTokens == 0:
		return "free"
	}
	return "paid"
}

// Settle ends a charge. One that was ended before stays as it was.
func Settle(ctx context.Context, tx *tenancy.Tx, charge uuid.UUID, b Bill) error {
	q := draftsdb.New(tx)
	c, err := q.ChargeSettle(ctx, draftsdb.ChargeSettleParams{ID: charge, Outcome: b.outcome(), CostMicro: b.Micro, InputTokens: b.InputTokens, OutputTokens: b.OutputTokens})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("settle charge: %w", err)
	}
	if c.CostMicro == nil {
		return errors.New("a settled charge has no cost")
	}
	cost := *c.CostMicro
	if err := q.GenerationSettle(ctx, draftsdb.GenerationSettleParams{ID: c.GenerationID, Reserved: c.ReservedMicro, Cost: cost}); err != nil {
		return fmt.Errorf("settle generation: %w", err)
	}
	// In the order in which money is set aside: two that wait for each other would both fail.
	for _, p := range []draftsdb.SpendingSettleParams{{Period: month, StartsOn: monthOf(c.Day)}, {Period: day, StartsOn: c.Day}} {
		p.Reserved, p.Cost, p.InputTokens, p.OutputTokens = c.ReservedMicro, cost, b.InputTokens, b.OutputTokens
		if err := q.SpendingSettle(ctx, p); err != nil {
			return fmt.Errorf("settle sum of %s: %w", p.Period, err)
		}
	}
	if cost == 0 {
		return nil
	}
	if err := operations.AddCost(ctx, tx, c.GenerationID, cost); err != nil && !errors.Is(err, operations.ErrNotFound) {
		return err
	}
	return nil
}

// SettleLost settles what attempts before this one set aside and never settled: their worker
// died, and it is not known whether the model was paid.
func SettleLost(ctx context.Context, db *tenancy.DB, g Generation) error {
	return db.InTx(ctx, g.Org, func(tx *tenancy.Tx) error {
		open, err := draftsdb.New(tx).ChargeOpen(ctx, g.ID)
		if err != nil {
			return fmt.Errorf("find open charges: %w", err)
		}
		for _, id := range open {
			if err := Settle(ctx, tx, id, Bill{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// StoredAnswer reads what a model answered to this very request; false: it was not asked.
func StoredAnswer(ctx context.Context, q tenancy.Queries, id uuid.UUID, round int, request [32]byte) (generation.Answer, bool, error) {
	r, err := draftsdb.New(q).AnswerGet(ctx, draftsdb.AnswerGetParams{GenerationID: id, Round: int16(round), RequestSha256: request[:]})
	if errors.Is(err, pgx.ErrNoRows) {
		return generation.Answer{}, false, nil
	}
	return answerOf(draftsdb.AnswerOfRoundRow(r)), err == nil, wrap(err, "read answer")
}

// AnswerOfRound reads what a model answered in a round, whatever it was asked exactly.
func AnswerOfRound(ctx context.Context, q tenancy.Queries, id uuid.UUID, round int) (generation.Answer, bool, error) {
	r, err := draftsdb.New(q).AnswerOfRound(ctx, draftsdb.AnswerOfRoundParams{GenerationID: id, Round: int16(round)})
	if errors.Is(err, pgx.ErrNoRows) {
		return generation.Answer{}, false, nil
	}
	return answerOf(r), err == nil, wrap(err, "read answer")
}

func answerOf(r draftsdb.AnswerOfRoundRow) generation.Answer {
	return generation.Answer{Finish: generation.Finish(r.Finish), Text: r.Body, Model: r.Model, RequestID: r.RequestID}
}

// StoreAnswer keeps an answer and settles its charge, in one transaction: what was paid for
// is there, and what is there was paid for. It goes before the step ends.
func StoreAnswer(ctx context.Context, db *tenancy.DB, g Generation, round int, request [32]byte, a generation.Answer, charge uuid.UUID, b Bill) error {
	return db.InTx(ctx, g.Org, func(tx *tenancy.Tx) error {
		_, err := draftsdb.New(tx).AnswerInsert(ctx, draftsdb.AnswerInsertParams{GenerationID: g.ID, Round: int16(round), RequestSha256: request[:], Finish: string(a.Finish),
			Body: strings.ReplaceAll(strings.ToValidUTF8(a.Text, ""), "\x00", ""), Model: a.Model, RequestID: a.RequestID})
		if err != nil {
			return fmt.Errorf("store answer: %w", err)
		}
		return Settle(ctx, tx, charge, b)
	})
}

// Sum is what was spent in a day or a month.
type Sum struct {
	Period                           string
	Starts                           time.Time
	Reserved, Spent                  int64
	Calls, InputTokens, OutputTokens int64
}

// Spending reads the sums of the last days and months.
func Spending(ctx context.Context, q tenancy.Queries, now time.Time) ([]Sum, error) {
	const days, months = 31, 12
	rows, err := draftsdb.New(q).SpendingList(ctx, draftsdb.SpendingListParams{Since: dayOf(now).AddDate(0, 0, -days), SinceMonth: monthOf(dayOf(now)).AddDate(0, -months, 0)})
	sums := make([]Sum, len(rows))
	for i, r := range rows {
		sums[i] = Sum{r.Period, r.StartsOn, r.ReservedMicro, r.SpentMicro, r.Calls, r.InputTokens, r.OutputTokens}
	}
	return sums, wrap(err, "read spending")
}
