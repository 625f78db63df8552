// Package operations keeps one row for each long-running work that someone
// asked for: what it is, how far it is, how it ended. The row outlives
// Temporal's history.
package operations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/operations/operationsdb"
)

// State is the state of an operation.
type State string

// The states. Only Running is not an end.
const (
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// ErrNotFound refuses an operation that this organization does not have.
var ErrNotFound = fault.New(fault.NotFound, "operation_not_found", "There is no such operation.")

// ErrJustEnded asks to try again: the operation that was to be the answer ended in
// that moment.
var ErrJustEnded = fault.New(fault.Conflict, "operation_just_ended", "The same work ended in this moment. Send the request again.")

// Operation is one row.
type Operation struct {
	ID         uuid.UUID
	Kind       string
	WorkflowID string
	State      State
	Steps      json.RawMessage
	Result     json.RawMessage
	Error      json.RawMessage
	CreatedBy  *uuid.UUID
	CreatedAt  time.Time
	EndedAt    *time.Time
}

// Step is how far one part of an operation is.
type Step struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // where it is known
}

// Failure is why an operation failed: a stable code, nothing of the data.
type Failure struct {
	Code string `json:"code"`
}

// Insert makes the row of an operation that is about to start. The row comes
// first: a workflow without one would have nowhere to report.
func Insert(ctx context.Context, q tenancy.Queries, o Operation) error {
	err := operationsdb.New(q).OperationInsert(ctx, operationsdb.OperationInsertParams{ID: o.ID, Kind: o.Kind, WorkflowID: o.WorkflowID, CreatedBy: o.CreatedBy})
	if err != nil {
		return fmt.Errorf("insert operation: %w", err)
	}
	return nil
}

// VerifyAuditLog is the kind of operations that verify an audit log.
const VerifyAuditLog = "verify_audit_log"

// InsertVerification makes the row of a verification of the organization's audit
// log. While another one runs it gives that one's id, and begun is false.
func InsertVerification(ctx context.Context, tx *tenancy.Tx, o Operation) (running uuid.UUID, begun bool, err error) {
	q := operationsdb.New(tx)
	n, err := q.OperationInsertVerification(ctx, operationsdb.OperationInsertVerificationParams{ID: o.ID, WorkflowID: o.WorkflowID, CreatedBy: o.CreatedBy})
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("insert verification: %w", err)
	}
	if n == 1 {
		return o.ID, true, nil
	}
	running, err = q.OperationRunningVerification(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, false, ErrJustEnded // between the two statements
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("find running verification: %w", err)
	}
	return running, false, nil
}

// Progress says how far a running operation is.
func Progress(ctx context.Context, q tenancy.Queries, id uuid.UUID, steps []Step) error {
	encoded, err := encode(steps)
	if err != nil {
		return err
	}
	n, err := operationsdb.New(q).OperationProgress(ctx, operationsdb.OperationProgressParams{ID: id, Steps: encoded})
	return found(n, err, "note progress of operation")
}

// End says how an operation ended. The first end stays: a repeated call changes
// nothing.
func End(ctx context.Context, q tenancy.Queries, id uuid.UUID, state State, steps []Step, result any, trouble *Failure) error {
	p := operationsdb.OperationEndParams{ID: id, State: string(state)}
	var err error
	if p.Steps, err = encode(steps); err != nil {
		return err
	}
	if p.Result, err = encode(result); err != nil {
		return err
	}
	if p.Error, err = encode(trouble); err != nil {
		return err
	}
	n, err := operationsdb.New(q).OperationEnd(ctx, p)
	return found(n, err, "end operation")
}

// encode gives the JSON of a column. What is nil, also behind an interface, is
// SQL's null and not JSON's.
func encode(what any) (json.RawMessage, error) {
	b, err := json.Marshal(what)
	if err != nil {
		return nil, fmt.Errorf("encode operation: %w", err)
	}
	if string(b) == "null" {
		return nil, nil
	}
	return b, nil
}

// Reopen lets an operation that failed, or was called off while its work was
// not, report again: its work is started again. What succeeded stays.
func Reopen(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	if err := operationsdb.New(q).OperationReopen(ctx, id); err != nil {
		return fmt.Errorf("reopen operation: %w", err)
	}
	return nil
}

func found(n int64, err error, doing string) error {
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", doing, err)
	case n == 0:
		return ErrNotFound
	}
	return nil
}

// Get reads an operation.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Operation, error) {
	o, err := operationsdb.New(q).OperationGet(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Operation{}, ErrNotFound
	case err != nil:
		return Operation{}, fmt.Errorf("read operation: %w", err)
	}
	return Operation{ID: o.ID, Kind: o.Kind, WorkflowID: o.WorkflowID, State: State(o.State), Steps: o.Steps, Result: o.Result, Error: o.Error,
		CreatedBy: o.CreatedBy, CreatedAt: o.CreatedAt, EndedAt: o.EndedAt}, nil
}
