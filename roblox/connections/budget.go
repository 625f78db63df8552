package connections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"satchel/roblox"
	"satchel/roblox/connections/connectionsdb"
	"satchel/tenancy"
)

// Kind is a kind of request with a limit of its own.
type Kind string

// The kinds.
const (
	Create    Kind = "create"
	Poll      Kind = "operation"
	Look      Kind = "asset"
	Grant     Kind = "grant"
	Archive   Kind = "archive"
	EntryRead Kind = "entry_read"
	EntryPut  Kind = "entry_write"
	Message   Kind = "message"
	Publish   Kind = "place"
	EntryList Kind = "entry_list"
	Ask       Kind = "query"
	AskAgain  Kind = "query_poll"
)

// Limits is how many requests of each kind a minute Roblox takes from the owner of a key, as
// published. Entries share the budget of the game's own servers, of which a tenth is used.
var Limits = map[Kind]int{Create: 120, Poll: 300, Look: 120, Grant: 100, Archive: 100, EntryRead: 30, EntryPut: 30, Message: 500, Publish: 30, EntryList: 30, Ask: 30, AskAgain: 300}

// Budget gives out turns. The turns of an owner are rows, so they hold across processes and
// organizations.
type Budget struct {
	DB *tenancy.DB
	// Times has the time of limits pass so many times as fast, for tests against a fake; zero
	// is once.
	Times int
	// Observe hears of each turn: how long it is away, and whether it was given. Nil: nothing does.
	Observe func(k Kind, wait time.Duration, given bool)
}

// pace is the time between two turns, and burst how far they may come early. In no minute
// there are more than 80 % of the limit: 70 of a hundred by the pace, 10 by the burst. The
// rest is for requests that are late.
func (b Budget) pace(k Kind) (pace, burst time.Duration) {
	limit := float64(Limits[k] * max(b.Times, 1))
	pace = time.Duration(float64(time.Minute) / (0.7 * limit))
	return pace, time.Duration(max(0.1*limit-1, 0) * float64(pace))
}

// patience is how long a step waits for its turn. What is further away is tried again later.
const patience = 20 * time.Second

// Take waits for a turn. One that is too far away gives ErrBusy with its time.
func (b Budget) Take(ctx context.Context, owner string, k Kind) error {
	pace, burst := b.pace(k)
	wait, err := connectionsdb.New(b.DB.Single(tenancy.Platform)).BudgetTake(ctx, connectionsdb.BudgetTakeParams{Owner: owner, Kind: string(k), Pace: pace, Burst: burst, Patience: patience})
	if errors.Is(err, pgx.ErrNoRows) {
		b.observe(k, patience, false)
		return roblox.ErrBusy.After(patience)
	}
	if err != nil {
		return fmt.Errorf("take a turn: %w", err)
	}
	b.observe(k, time.Duration(max(wait, 0)*float64(time.Second)), true)
	if wait <= 0 {
		return nil
	}
	t := time.NewTimer(time.Duration(wait * float64(time.Second)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b Budget) observe(k Kind, wait time.Duration, given bool) {
	if b.Observe != nil {
		b.Observe(k, wait, given)
	}
}

// unsaid is how long Roblox is left alone when it says that it is busy and not for how long.
const unsaid = 5 * time.Second

// Hold gives no turn for a while: Roblox says that it is busy.
func (b Budget) Hold(ctx context.Context, owner string, k Kind, wait time.Duration) error {
	if wait <= 0 {
		wait = unsaid / time.Duration(max(b.Times, 1))
	}
	_, burst := b.pace(k)
	err := connectionsdb.New(b.DB.Single(tenancy.Platform)).BudgetHold(ctx, connectionsdb.BudgetHoldParams{Owner: owner, Kind: string(k), Burst: burst, Hold: wait})
	return wrap(err, "hold turns")
}
