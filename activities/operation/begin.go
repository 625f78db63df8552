package operation

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Request is an operation that someone asks for.
type Request struct {
	Operation operations.Operation
	Org       tenancy.OrgID // whose operation it is
	Action    string        // what the audit log calls it

	// Change is what the request changes at once, or nil. It may answer with
	// operations.AlreadyRunning: then that operation is the answer.
	Change func(tx *tenancy.Tx) error

	// Target is the organization that Change changes, where it is not Org. The
	// audit log of Target names it. No transaction spans two organizations: the
	// row comes behind the change, or with RowFirst before it.
	Target tenancy.OrgID

	// RowFirst is for a change whose commit has something begin by itself, which
	// then finds its row. A refused change ends the operation as failed.
	RowFirst bool

	// Start starts the workflow of the operation, or finds it started.
	Start func(ctx context.Context, id uuid.UUID) error

	// Swept says that a sweep starts what cannot be started now. Otherwise such an
	// operation ends as failed, and Begin fails with it.
	Swept bool
}

// startTimeout is how long a request waits for Temporal where a sweep starts what
// could not be started.
const startTimeout = 5 * time.Second

// notStarted ends an operation of which nothing happened.
var notStarted = &operations.Failure{Code: "not_started"}

// Begin makes the row of an operation, its change and the entry of the audit log,
// and then starts the workflow: one without a row would have nowhere to report.
// It gives the operation that does the work, which is another one while the same
// work runs already. What an earlier try with the same id began is only started.
func Begin(ctx context.Context, db *tenancy.DB, r Request) (uuid.UUID, error) {
	id := r.Operation.ID
	if target := r.Target.UUID(); target != uuid.Nil {
		r.Operation.Target = operations.Target{Type: "organization", ID: &target}
	}
	var err error
	switch {
	case r.Target == tenancy.OrgID{}:
		id, err = r.record(ctx, db)
	case r.RowFirst:
		err = r.recordBefore(ctx, db)
	default:
		err = r.recordBehind(ctx, db)
	}
	if err != nil {
		return uuid.Nil, err
	}
	return id, r.start(ctx, db, id)
}

// record makes everything in one transaction.
func (r Request) record(ctx context.Context, db *tenancy.DB) (uuid.UUID, error) {
	id := r.Operation.ID
	err := db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
		if _, err := operations.Get(ctx, tx, id); !errors.Is(err, operations.ErrNotFound) {
			return err // a try before this one came so far
		}
		event := audit.Event{Action: r.Action}
		err := r.insert(ctx, tx)
		var running operations.AlreadyRunning
		if errors.As(err, &running) {
			id, event.Code, err = running.ID, "already_running", nil
		}
		if err != nil {
			return err
		}
		event.ObjectID = id.String()
		return audit.Record(ctx, tx, event)
	})
	return id, err
}

func (r Request) insert(ctx context.Context, tx *tenancy.Tx) error {
	if r.Change != nil {
		if err := r.Change(tx); err != nil {
			return err
		}
	}
	return operations.Insert(ctx, tx, r.Operation)
}

// recordBehind changes the target, which is in force with its commit, and makes
// the row behind it.
func (r Request) recordBehind(ctx context.Context, db *tenancy.DB) error {
	own := db.Single(r.Org)
	if _, err := operations.Get(ctx, own, r.Operation.ID); !errors.Is(err, operations.ErrNotFound) {
		return err // a try before this one came so far
	}
	if err := r.changeTarget(ctx, db); err != nil {
		return err
	}
	return operations.Insert(ctx, own, r.Operation)
}

// recordBefore makes the row, and then changes the target.
func (r Request) recordBefore(ctx context.Context, db *tenancy.DB) error {
	own := db.Single(r.Org)
	if err := operations.Insert(ctx, own, r.Operation); err != nil {
		return err
	}
	err := r.changeTarget(ctx, db)
	if err != nil {
		_ = operations.End(context.WithoutCancel(ctx), own, r.Operation.ID, operations.Failed, nil, nil, notStarted)
	}
	return err
}

func (r Request) changeTarget(ctx context.Context, db *tenancy.DB) error {
	return db.InTx(ctx, r.Target, func(tx *tenancy.Tx) error {
		if err := r.Change(tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: r.Action, ObjectID: r.Target.String()})
	})
}

func (r Request) start(ctx context.Context, db *tenancy.DB, id uuid.UUID) error {
	if r.Swept {
		attempt, cancel := context.WithTimeout(ctx, startTimeout)
		defer cancel()
		_ = r.Start(attempt, id)
		return nil
	}
	err := r.Start(ctx, id)
	if err != nil {
		_ = operations.End(context.WithoutCancel(ctx), db.Single(r.Org), id, operations.Failed, nil, nil, notStarted)
	}
	return err
}
