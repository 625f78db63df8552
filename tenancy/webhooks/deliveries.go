package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/webhooks/webhooksdb"
)

// DeliveryState is the state of one event on its way to one webhook.
type DeliveryState string

// The states.
const (
	Pending   DeliveryState = "pending"
	Delivered DeliveryState = "delivered"
	Failed    DeliveryState = "failed"
	Withheld  DeliveryState = "withheld" // policies/disclosure does not let it leave
)

// Kept is how long deliveries and their bodies are kept.
const Kept = 30 * 24 * time.Hour

// MaxBody is how much is kept of a body.
const MaxBody = 16 << 10

// What a caller can meet.
var (
	ErrNoDelivery = fault.New(fault.NotFound, "delivery_not_found", "There is no such delivery to this webhook. Deliveries are kept for 30 days.")
	ErrInFlight   = fault.New(fault.Conflict, "delivery_pending", "The delivery is not over yet: it is tried by itself.")
	ErrSpan       = fault.New(fault.Invalid, "invalid_since", "since and until are times of the last 30 days, since before until.")
)

// ErrTurnOver is returned when another attempt delivers to the webhook now, or it is
// disabled or deleted.
var ErrTurnOver = errors.New("the turn is over")

// Delivery is one row of the log.
type Delivery struct {
	ID, Event uuid.UUID
	Seq       int64
	Type      string
	State     DeliveryState
	Code      string // why the last attempt failed
	Attempts  int
	NextAt    time.Time
	EndedAt   *time.Time
	CreatedAt time.Time
}

// Attempt is one request and its answer.
type Attempt struct {
	Number       int
	At           time.Time
	TookMS       int
	Status       int    // of the answer; 0: none
	Code         string // empty: delivered
	RequestBody  string // up to MaxBody
	ResponseBody string
}

// Due is a delivery that is to be tried now.
type Due struct {
	ID, Event, Lane uuid.UUID
	Type            string
	Attempts        int // before this one
	Round           int // of them, since it was made or replayed
	FirstAt         *time.Time
	Data            json.RawMessage
	At              time.Time // when it happened
}

// Begin takes the turn to deliver to a webhook: an attempt that began before writes
// nothing any more. It reads the row.
func Begin(ctx context.Context, tx *tenancy.Tx, id, turn uuid.UUID) (Webhook, error) {
	n, err := webhooksdb.New(tx).WebhookTurn(ctx, webhooksdb.WebhookTurnParams{ID: id, Turn: turn})
	if err != nil {
		return Webhook{}, wrap("take turn", err)
	}
	w, err := Get(ctx, tx, id)
	if err == nil && n == 0 {
		err = ErrTurnOver
	}
	return w, err
}

// mostFanned is how many events are looked at in one transaction.
const mostFanned = 2000

// FanOut makes the deliveries of the numbered events behind position, as far as one
// transaction goes, and gives the new position.
func FanOut(ctx context.Context, tx *tenancy.Tx, id, turn uuid.UUID, position int64, now time.Time) (int64, error) {
	q := webhooksdb.New(tx)
	until, err := q.EventUntil(ctx, webhooksdb.EventUntilParams{After: position, Most: mostFanned})
	if err != nil || until == position {
		return position, wrap("read events", err)
	}
	n, err := q.WebhookPosition(ctx, webhooksdb.WebhookPositionParams{ID: id, Turn: turn, Position: until})
	if err == nil && n == 0 {
		err = ErrTurnOver
	}
	if err != nil {
		return position, wrap("move position", err)
	}
	_, err = q.DeliveriesInsert(ctx, webhooksdb.DeliveriesInsertParams{WebhookID: id, After: position, Until: until, Moment: now})
	return until, wrap("make deliveries", err)
}

// ListDue reads up to n deliveries that are to be tried now: of each lane the first
// that waits, and none of the lanes that are busy.
func ListDue(ctx context.Context, q tenancy.Queries, id uuid.UUID, busy []uuid.UUID, now time.Time, n int) ([]Due, error) {
	rows, err := webhooksdb.New(q).DeliveryDue(ctx, webhooksdb.DeliveryDueParams{WebhookID: id, Busy: append([]uuid.UUID{}, busy...), Moment: now, Most: int64(n)})
	due := make([]Due, len(rows))
	for i, r := range rows {
		due[i] = Due{ID: r.ID, Event: r.EventID, Lane: r.Lane, Type: r.Type, Attempts: int(r.Attempts), Round: int(r.Round), FirstAt: r.FirstAt, Data: r.Data, At: r.At}
	}
	return due, wrap("list due deliveries", err)
}

// NextAt is when the next delivery is to be tried; nil when none waits.
func NextAt(ctx context.Context, q tenancy.Queries, id uuid.UUID) (*time.Time, error) {
	next, err := webhooksdb.New(q).DeliveryNext(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &next, wrap("read next delivery", err)
}

// Outcome is what became of an attempt.
type Outcome struct {
	Attempt Attempt
	State   DeliveryState
	NextAt  time.Time // of a pending one
	Now     time.Time
	OpenAt  time.Time // when a webhook that is down is tried again
}

// DownAfter is how many failures in a row make a webhook down: from then on one
// delivery at a time is tried, until one succeeds.
const DownAfter = 5

// Record writes an attempt and what follows from it. A success after the webhook was
// down makes everything that waits due.
func Record(ctx context.Context, tx *tenancy.Tx, webhook, turn uuid.UUID, d Due, o Outcome) error {
	q := webhooksdb.New(tx)
	if err := health(ctx, q, webhook, turn, o); err != nil {
		return err
	}
	n, err := q.DeliveryEnd(ctx, webhooksdb.DeliveryEndParams{ID: d.ID, State: string(o.State), Code: o.Attempt.Code, Moment: o.Now, NextAt: o.NextAt})
	if err != nil || n == 0 {
		return wrap("end delivery", err)
	}
	a := o.Attempt
	return wrap("record attempt", q.AttemptInsert(ctx, webhooksdb.AttemptInsertParams{DeliveryID: d.ID, Number: a.Number, Moment: a.At, TookMs: a.TookMS, Status: a.Status,
		Code: a.Code, RequestBody: a.RequestBody, ResponseBody: a.ResponseBody}))
}

// Withhold ends a delivery that may not leave. It says nothing of the receiver.
func Withhold(ctx context.Context, q tenancy.Queries, d Due, code string, now time.Time) error {
	_, err := webhooksdb.New(q).DeliveryEnd(ctx, webhooksdb.DeliveryEndParams{ID: d.ID, State: string(Withheld), Code: code, Moment: now, NextAt: now})
	return wrap("withhold delivery", err)
}

// FileThere says whether a file has not been removed for good.
func FileThere(ctx context.Context, q tenancy.Queries, file uuid.UUID) (bool, error) {
	there, err := webhooksdb.New(q).FileThere(ctx, file)
	return there, wrap("look for file", err)
}

// health notes in the webhook's row whether its receiver answers.
func health(ctx context.Context, q *webhooksdb.Queries, webhook, turn uuid.UUID, o Outcome) error {
	if o.State != Delivered {
		n, err := q.WebhookFailed(ctx, webhooksdb.WebhookFailedParams{ID: webhook, Turn: turn, Moment: o.Now, Down: DownAfter, OpenAt: o.OpenAt})
		if err == nil && n == 0 {
			err = ErrTurnOver
		}
		return wrap("note failure", err)
	}
	// Almost always there was no failure before: the row is not written for nothing.
	before, err := q.WebhookHealth(ctx, webhooksdb.WebhookHealthParams{ID: webhook, Turn: turn})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrTurnOver
	case err != nil || before.Failures == 0:
		return wrap("read health", err)
	}
	wasDown, err := q.WebhookSucceeded(ctx, webhooksdb.WebhookSucceededParams{ID: webhook, Turn: turn})
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrTurnOver
	}
	if err != nil || !wasDown {
		return wrap("note success", err)
	}
	return wrap("make deliveries due", q.DeliveriesDue(ctx, webhooksdb.DeliveriesDueParams{WebhookID: webhook, Moment: o.Now}))
}

// Deliveries lists the log of a webhook, the newest event first, before the event of
// the number before when it is not nil. An empty state lists all.
func Deliveries(ctx context.Context, q tenancy.Queries, webhook uuid.UUID, state DeliveryState, before *int64, n int) ([]Delivery, error) {
	rows, err := webhooksdb.New(q).DeliveryPage(ctx, webhooksdb.DeliveryPageParams{WebhookID: webhook, State: string(state), Before: before, Most: int64(n)})
	found := make([]Delivery, len(rows))
	for i, r := range rows {
		found[i] = deliveryOf(webhooksdb.DeliveryGetRow(r))
	}
	return found, wrap("list deliveries", err)
}

func deliveryOf(r webhooksdb.DeliveryGetRow) Delivery {
	return Delivery{ID: r.ID, Event: r.EventID, Seq: r.Seq, Type: r.Type, State: DeliveryState(r.State), Code: r.Code, Attempts: r.Attempts,
		NextAt: r.NextAt, EndedAt: r.EndedAt, CreatedAt: r.CreatedAt}
}

// GetDelivery reads one with its last hundred attempts, the newest first.
func GetDelivery(ctx context.Context, q tenancy.Queries, webhook, id uuid.UUID) (Delivery, []Attempt, error) {
	db := webhooksdb.New(q)
	r, err := db.DeliveryGet(ctx, webhooksdb.DeliveryGetParams{WebhookID: webhook, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return Delivery{}, nil, ErrNoDelivery
	}
	if err != nil {
		return Delivery{}, nil, wrap("read delivery", err)
	}
	rows, err := db.AttemptList(ctx, id)
	attempts := make([]Attempt, len(rows))
	for i, a := range rows {
		attempts[i] = Attempt{Number: a.Number, At: a.At, TookMS: a.TookMs, Status: a.Status, Code: a.Code, RequestBody: a.RequestBody, ResponseBody: a.ResponseBody}
	}
	return deliveryOf(r), attempts, wrap("list attempts", err)
}

// Replay has one delivery tried again, under the id that it had.
func Replay(ctx context.Context, tx *tenancy.Tx, webhook, id uuid.UUID, now time.Time) error {
	n, err := webhooksdb.New(tx).DeliveryReplay(ctx, webhooksdb.DeliveryReplayParams{WebhookID: webhook, ID: id, Moment: now})
	if err != nil || n == 1 {
		return wrap("replay delivery", err)
	}
	if _, _, err := GetDelivery(ctx, tx, webhook, id); err != nil {
		return err
	}
	return ErrInFlight
}

// Span is which events are replayed.
type Span struct {
	Since, Until time.Time
	Everything   bool // those too that were delivered
}

// ReplaySpan has the failed deliveries of a span tried again, and those of events that
// never had one because the webhook was disabled. It says how many there are. Events from
// before the webhook are not its receiver's.
func ReplaySpan(ctx context.Context, tx *tenancy.Tx, webhook uuid.UUID, s Span, now time.Time) (int64, error) {
	if !s.Since.Before(s.Until) || now.Sub(s.Since) > Kept+time.Hour {
		return 0, ErrSpan
	}
	q := webhooksdb.New(tx)
	w, err := Get(ctx, tx, webhook)
	if err != nil {
		return 0, err
	}
	again, err := q.DeliveriesReplay(ctx, webhooksdb.DeliveriesReplayParams{WebhookID: webhook, Since: s.Since, Until: s.Until, Everything: s.Everything, Moment: now})
	if err != nil {
		return 0, wrap("replay deliveries", err)
	}
	since := s.Since
	if since.Before(w.CreatedAt) {
		since = w.CreatedAt
	}
	span, err := q.EventSpan(ctx, webhooksdb.EventSpanParams{Since: since, Until: s.Until})
	if err != nil {
		return 0, wrap("read span", err)
	}
	// What is behind the position comes by itself.
	missed, err := q.DeliveriesInsert(ctx, webhooksdb.DeliveriesInsertParams{WebhookID: webhook, After: span.First - 1, Until: min(span.Last, w.Position), Moment: now})
	return again + missed, wrap("make deliveries", err)
}

// DeleteOld deletes up to n deliveries, with their bodies, that ended and were made
// before, and secrets that expired before.
func DeleteOld(ctx context.Context, tx *tenancy.Tx, before time.Time, n int) (int64, error) {
	q := webhooksdb.New(tx)
	if err := q.SecretsDelete(ctx, before); err != nil {
		return 0, wrap("delete secrets", err)
	}
	deleted, err := q.DeliveriesDelete(ctx, webhooksdb.DeliveriesDeleteParams{Before: before, Most: int64(n)})
	return deleted, wrap("delete deliveries", err)
}
