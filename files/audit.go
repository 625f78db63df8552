package files

import (
	"context"

	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/tenancy"
)

// record puts what was just done into the organization's audit log, in the same
// transaction. It stands in the domain and not at the edges, so that no way to a
// file, a request's or a workflow's, can leave it out. It comes last: from here
// on the end of the audit log is locked.
func record(ctx context.Context, tx *tenancy.Tx, action string, id uuid.UUID, code string) error {
	return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code})
}

// withdrawals are the ways in which a version ends unpublished, as the audit log
// calls them.
var withdrawals = map[Status]string{Quarantined: "file.quarantine", Expired: "file.expire"}

func withdrawal(to Status) string {
	if action, ok := withdrawals[to]; ok {
		return action
	}
	return "file.withdraw"
}
