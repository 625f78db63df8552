package tenancy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
)

// What operators ask of the jobs of all organizations.

// JobFilter narrows the list. Zero values narrow nothing.
type JobFilter struct {
	Org                          OrgID
	Kind, State, Queue, Priority string
	RequestedBy                  uuid.UUID
	From, To                     time.Time
	BeforeAt                     time.Time // the last of the page before
	BeforeID                     uuid.UUID
	Limit                        int
}

// Job is the row of a job.
type Job struct {
	ID          uuid.UUID
	Kind        string
	WorkflowID  string
	State       string
	Steps       json.RawMessage
	Result      json.RawMessage
	Error       json.RawMessage
	CreatedBy   *uuid.UUID
	CreatedAt   time.Time
	EndedAt     *time.Time
	Queue       string
	Priority    string
	Attempts    int32
	NextTryAt   *time.Time
	StartedAt   *time.Time
	Done        int64
	Total       int64
	ReasonClass string
	ReasonCode  string
	CostMicro   int64
	TargetType  string
	TargetID    *uuid.UUID
	Rounds      int32
}

// JobOf is a job, and whose it is.
type JobOf struct {
	Org OrgID `db:"organization_id"`
	Job
}

const jobColumns = `organization_id, id, kind, workflow_id, state, steps, result, error, created_by, created_at, ended_at,
	queue, priority, attempts, next_try_at, started_at, done, total, reason_class, reason_code, cost_micro, target_type, target_id, rounds`

// Jobs lists jobs, the newest first.
func (d *DB) Jobs(ctx context.Context, f JobFilter) ([]JobOf, error) {
	newest := func(a, b JobOf) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), bytes.Compare(b.ID[:], a.ID[:]))
	}
	const sql = "select " + jobColumns + " from app.jobs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
	args := []any{orNull(f.Org), orNull(f.Kind), orNull(f.State), orNull(f.Queue), orNull(f.Priority), orNull(f.RequestedBy), orNull(f.From), orNull(f.To), orNull(f.BeforeAt), orNull(f.BeforeID), f.Limit}
	if f.Org.IsZero() {
		return mergedBy(ctx, d, f.Limit, newest, sql, args...)
	}
	found, err := inOrganization[JobOf](ctx, d, f.Org, sql, args...)
	if errors.Is(err, ErrNoOrganization) { // one that is gone has none
		return nil, nil
	}
	return found, err
}

// orNull gives nil, which narrows nothing, for a zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// JobCount is how many jobs there are that have this much in common.
type JobCount struct {
	Kind, State, Queue, Priority string
	N                            int64
}

// JobCounts counts the jobs of all organizations.
func (d *DB) JobCounts(ctx context.Context) ([]JobCount, error) {
	type key struct{ kind, state, queue, priority string }
	return summed(ctx, d, func(c JobCount) key { return key{c.Kind, c.State, c.Queue, c.Priority} }, func(to *JobCount, c JobCount) { to.N += c.N }, "select kind, state, queue, priority, n from app.job_counts()")
}

// JobBacklog is what waits in a queue for one organization at one priority.
type JobBacklog struct {
	Queue    string    `json:"queue" db:"queue"`
	Priority string    `json:"priority" db:"priority"`
	Org      OrgID     `json:"organization_id" db:"organization_id"`
	N        int64     `json:"waiting" db:"n"`
	Oldest   time.Time `json:"oldest" db:"oldest"`
}

// JobBacklogs tells what waits.
func (d *DB) JobBacklogs(ctx context.Context) ([]JobBacklog, error) {
	return everywhere[JobBacklog](ctx, d, "select queue, priority, organization_id, n, oldest from app.job_backlog()")
}

// JobFailure is what failed for one reason.
type JobFailure struct {
	Kind          string    `json:"kind" db:"kind"`
	Class         string    `json:"reason_class" db:"reason_class"`
	Code          string    `json:"reason_code" db:"reason_code"`
	N             int64     `json:"failures" db:"n"`
	Organizations int64     `json:"organizations" db:"organizations"`
	FirstSeen     time.Time `json:"first_seen" db:"first_seen"`
	LastSeen      time.Time `json:"last_seen" db:"last_seen"`
}

// JobFailures groups what failed since a time.
func (d *DB) JobFailures(ctx context.Context, since time.Time) ([]JobFailure, error) {
	type key struct{ kind, class, code string }
	return summed(ctx, d, func(f JobFailure) key { return key{f.Kind, f.Class, f.Code} }, func(to *JobFailure, f JobFailure) {
		to.N += f.N
		to.Organizations += f.Organizations
		if f.FirstSeen.Before(to.FirstSeen) {
			to.FirstSeen = f.FirstSeen
		}
		if f.LastSeen.After(to.LastSeen) {
			to.LastSeen = f.LastSeen
		}
	}, "select kind, reason_class, reason_code, n, organizations, first_seen, last_seen from app.job_failures($1)", since)
}

// OpenJob is a job that has not ended, as the sweep compares it with Temporal.
type OpenJob struct {
	Org        OrgID      `db:"organization_id"`
	ID         uuid.UUID  `db:"operation_id"`
	Kind       string     `db:"kind"`
	WorkflowID string     `db:"workflow_id"`
	State      string     `db:"state"`
	DoubtedAt  *time.Time `db:"doubted_at"`
}

// JobsOpen pages through the open jobs that are older than that, behind one.
func (d *DB) JobsOpen(ctx context.Context, older time.Duration, org OrgID, after uuid.UUID, n int) ([]OpenJob, error) {
	return pageOf[OpenJob](ctx, d, "organization_id,operation_id", "select organization_id, operation_id, kind, workflow_id, state, doubted_at from app.jobs_open($1, $2, $3, $4)", older, org, after, n)
}

// MarkPaused marks what waits in a queue as paused, or as waiting again, and counts it.
func (d *DB) MarkPaused(ctx context.Context, queue string, paused bool) (int64, error) {
	counts, err := everywhere[struct{ N int64 }](ctx, d, "select app.jobs_mark_paused($1, $2) as n", queue, paused)
	var n int64
	for _, c := range counts {
		n += c.N
	}
	return n, err
}
