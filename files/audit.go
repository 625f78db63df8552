package files

import (
	"context"

	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/tenancy"
)

// record writes a change to the organization's audit log in the transaction of the
// change. It is called in the domain and not at the edges, so that neither requests
// nor workflows can omit it. It is called last, because it locks the head of the
// audit log until the transaction ends.
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
