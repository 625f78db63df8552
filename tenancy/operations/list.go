package operations

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations/operationsdb"
)

// Filter narrows a list of jobs. Zero values narrow nothing.
type Filter struct {
	Kind        string
	State       State
	Queue       queue.Name
	Priority    Priority
	RequestedBy uuid.UUID
	From, To    time.Time
	Before      Cursor // the last of the page before
	Limit       int
}

// Cursor is where a page ends.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

// columns begins the one query that is put together here: a static one would hold every
// filter with "or it is null", and Postgres would not choose the index of those that are
// set.
const columns = `select id, kind, workflow_id, state, steps, result, error, created_by, created_at, ended_at,
       queue, priority, attempts, next_try_at, started_at, done, total, reason_class, reason_code, cost_micro, target_type, target_id, rounds
  from operations`

// List reads a page of the organization's jobs, the newest first.
func List(ctx context.Context, q tenancy.Queries, f Filter) ([]Operation, error) {
	where, args := []string{"true"}, pgx.NamedArgs{"limit": f.Limit}
	add := func(on bool, clause, name string, value any) {
		if on {
			where = append(where, clause)
			args[name] = value
		}
	}
	add(f.Kind != "", "kind = @kind", "kind", f.Kind)
	add(f.State != "", "state = @state", "state", string(f.State))
	add(f.Queue != "", "queue = @queue", "queue", string(f.Queue))
	add(f.Priority != "", "priority = @priority", "priority", string(f.Priority))
	add(f.RequestedBy != uuid.Nil, "created_by = @by", "by", f.RequestedBy)
	add(!f.From.IsZero(), "created_at >= @from", "from", f.From)
	add(!f.To.IsZero(), "created_at < @to", "to", f.To)
	add(!f.Before.At.IsZero(), "(created_at, id) < (@at, @id)", "at", f.Before.At)
	args["id"] = f.Before.ID
	rows, err := q.Query(ctx, columns+" where "+strings.Join(where, " and ")+" order by created_at desc, id desc limit @limit", args)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[operationsdb.OperationGetRow])
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	jobs := make([]Operation, len(found))
	for i, r := range found {
		jobs[i] = fromRow(r)
	}
	return jobs, nil
}

// OfOrganization is a job, and whose it is.
type OfOrganization struct {
	Org tenancy.OrgID
	Operation
}

// ListAll reads a page of the jobs of all organizations, or of the one that is named.
func ListAll(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, f Filter) ([]OfOrganization, error) {
	rows, err := db.Jobs(ctx, tenancy.JobFilter{Org: org, Kind: f.Kind, State: string(f.State), Queue: string(f.Queue), Priority: string(f.Priority),
		RequestedBy: f.RequestedBy, From: f.From, To: f.To, BeforeAt: f.Before.At, BeforeID: f.Before.ID, Limit: f.Limit})
	if err != nil {
		return nil, fmt.Errorf("list jobs of all organizations: %w", err)
	}
	jobs := make([]OfOrganization, len(rows))
	for i, r := range rows {
		jobs[i] = OfOrganization{r.Org, fromRow(operationsdb.OperationGetRow(r.Job))}
	}
	return jobs, nil
}

// CountAll counts the jobs of all organizations.
func CountAll(ctx context.Context, db *tenancy.DB) ([]Count, error) {
	rows, err := db.JobCounts(ctx)
	counts := make([]Count, len(rows))
	for i, r := range rows {
		counts[i] = Count{r.Kind, State(r.State), queue.Name(r.Queue), Priority(r.Priority), r.N}
	}
	return counts, wrap(err, "count jobs of all organizations")
}
