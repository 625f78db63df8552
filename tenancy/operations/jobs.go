package operations

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations/operationsdb"
)

// ErrNotRetryable refuses to run a job again.
var ErrNotRetryable = fault.New(fault.Conflict, "job_not_retryable", "This job cannot be run again: it has not failed, or its kind begins only by its own request. Send that request again.")

// ErrOther refuses to run a job again beside another one that does the same.
var ErrOther = fault.New(fault.Conflict, "job_already_open", "Another job does the same now. Wait for its end.")

const uniqueViolation = "23505" // of PostgreSQL's error codes

// Attempt says that an attempt of the workflow's work begins. Where no job has the
// workflow, or nothing is new, it changes nothing.
func Attempt(ctx context.Context, q tenancy.Queries, workflow string, number int32) error {
	_, err := operationsdb.New(q).OperationAttempt(ctx, operationsdb.OperationAttemptParams{WorkflowID: workflow, Attempt: number})
	return wrap(err, "note attempt of job")
}

// Trouble is why an attempt failed, and when the next one comes. The zero time says that
// none does: then the workflow decides what becomes of the job.
type Trouble struct {
	Attempt int32 // 0: of a step that ends the job, and is no attempt of its work
	Class   Class
	Code    string
	Next    time.Time
}

// FailedAttempt says that an attempt of the workflow's work failed.
func FailedAttempt(ctx context.Context, q tenancy.Queries, workflow string, t Trouble) error {
	p := operationsdb.OperationRetryingParams{WorkflowID: workflow, Attempt: t.Attempt, ReasonClass: string(t.Class), ReasonCode: t.Code}
	if !t.Next.IsZero() {
		p.NextTryAt = &t.Next
	}
	_, err := operationsdb.New(q).OperationRetrying(ctx, p)
	return wrap(err, "note failed attempt of job")
}

// Recovered says that what failed before has succeeded.
func Recovered(ctx context.Context, q tenancy.Queries, workflow string) error {
	_, err := operationsdb.New(q).OperationRecovered(ctx, workflow)
	return wrap(err, "note recovery of job")
}

// SetPriority changes the priority of an open job.
func SetPriority(ctx context.Context, q tenancy.Queries, id uuid.UUID, p Priority) error {
	n, err := operationsdb.New(q).OperationPriority(ctx, operationsdb.OperationPriorityParams{ID: id, Priority: string(p)})
	return found(n, err, "set priority of job")
}

// AddCost adds what a step of the job cost, in millionths of the unit of money. An
// activity calls it in the transaction that settles the money, so that a retry of the
// activity adds nothing.
func AddCost(ctx context.Context, q tenancy.Queries, id uuid.UUID, micro int64) error {
	n, err := operationsdb.New(q).OperationCost(ctx, operationsdb.OperationCostParams{ID: id, Micro: micro})
	return found(n, err, "add cost of job")
}

// Retry opens a job that failed or was cancelled, for its workflow to run again.
func Retry(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	n, err := operationsdb.New(q).OperationReopen(ctx, id)
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == uniqueViolation:
		return ErrOther
	case err != nil:
		return fmt.Errorf("reopen job: %w", err)
	case n == 0:
		return ErrNotRetryable
	}
	return nil
}

// Sweep is what a run of a sweep found and did.
type Sweep struct {
	Run         uuid.UUID // of the workflow; the job's id
	Kind        string
	Workflow    string
	Started     time.Time
	Found, Done int64
}

// Swept makes the row of a sweep that found something, or adds to it.
func Swept(ctx context.Context, q tenancy.Queries, s Sweep) error {
	p := operationsdb.OperationSweptParams{ID: s.Run, Kind: s.Kind, WorkflowID: s.Workflow, Queue: string(Kinds[s.Kind].Place().Queue), StartedAt: &s.Started, Done: s.Done, Total: s.Found}
	if s.Done < s.Found {
		p.ReasonClass, p.ReasonCode = string(Ours), "items_failed"
	}
	return wrap(operationsdb.New(q).OperationSwept(ctx, p), "note sweep")
}

// SweptKept is how long the rows of sweeps are kept: they say what was found, and there are
// hundreds a day.
const SweptKept = 3 * 24 * time.Hour

// DeleteSwept deletes up to most rows of sweeps that are past their time.
func DeleteSwept(ctx context.Context, q tenancy.Queries, now time.Time, most int) (int64, error) {
	var kinds []string
	for name, k := range Kinds {
		if k.Sweep {
			kinds = append(kinds, name)
		}
	}
	n, err := operationsdb.New(q).OperationSweptDelete(ctx, operationsdb.OperationSweptDeleteParams{Kinds: kinds, Before: now.Add(-SweptKept), Most: int64(most)})
	return n, wrap(err, "delete old rows of sweeps")
}

// Doubt notes that no workflow was found that does an open job; Believe takes it back.
func Doubt(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	_, err := operationsdb.New(q).OperationDoubted(ctx, id)
	return wrap(err, "doubt job")
}

// Believe notes that the workflow of a job was found.
func Believe(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	_, err := operationsdb.New(q).OperationBelieved(ctx, id)
	return wrap(err, "believe job")
}

// Moment is a line of a job's timeline.
type Moment struct {
	N        int32     `json:"n"`
	At       time.Time `json:"at"`
	State    State     `json:"state"`
	Attempt  int32     `json:"attempt"`
	Code     string    `json:"code"`
	Priority Priority  `json:"priority"`
}

// Timeline reads what happened to a job.
func Timeline(ctx context.Context, q tenancy.Queries, id uuid.UUID) ([]Moment, error) {
	rows, err := operationsdb.New(q).OperationTimeline(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read timeline of job: %w", err)
	}
	moments := make([]Moment, len(rows))
	for i, r := range rows {
		moments[i] = Moment{N: r.N, At: r.At.UTC(), State: State(r.State), Attempt: r.Attempt, Code: r.Code, Priority: Priority(r.Priority)}
	}
	return moments, nil
}

// Count is how many jobs there are that have this much in common.
type Count struct {
	Kind     string     `json:"kind" db:"kind"`
	State    State      `json:"state" db:"state"`
	Queue    queue.Name `json:"queue" db:"queue"`
	Priority Priority   `json:"priority" db:"priority"`
	N        int64      `json:"n" db:"n"`
}

// Counts counts the organization's jobs, or those that a person asked for.
func Counts(ctx context.Context, q tenancy.Queries, by *uuid.UUID) ([]Count, error) {
	counts := []Count{}
	if by != nil {
		rows, err := operationsdb.New(q).OperationCountsOf(ctx, by)
		for _, r := range rows {
			counts = append(counts, Count{r.Kind, State(r.State), queue.Name(r.Queue), Priority(r.Priority), r.N})
		}
		return counts, wrap(err, "count jobs")
	}
	rows, err := operationsdb.New(q).OperationCounts(ctx)
	for _, r := range rows {
		counts = append(counts, Count{r.Kind, State(r.State), queue.Name(r.Queue), Priority(r.Priority), r.N})
	}
	return counts, wrap(err, "count jobs")
}

func wrap(err error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
