package logins

import (
	"context"

	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/members"
	"satchel/tenancy/people"
)

// EventLeft is the type of the event that the time of a person has ended.
const EventLeft = "person.left"

// Leave ends the time of a person who is leaving, once it is over: the membership,
// unless it is an owner's or admin's, and the links to guardians or students. It says
// false when there was nothing to end. The logins stay the person's: one who is
// brought back signs in as before.
func Leave(ctx context.Context, tx *tenancy.Tx, user uuid.UUID) (bool, error) {
	if err := members.Lock(ctx, tx); err != nil {
		return false, err
	}
	due, err := people.EndDue(ctx, tx, user)
	if err != nil || !due {
		return false, err
	}
	if _, err := members.Withdraw(ctx, tx, user); err != nil {
		return false, err
	}
	if err := members.EndLinks(ctx, tx, user); err != nil {
		return false, err
	}
	if err := events.Record(ctx, tx, tenancy.NewID(), EventLeft, told{User: user}); err != nil {
		return false, err
	}
	return true, audit.Record(ctx, tx, audit.Event{Action: "person.end", ObjectID: user.String()})
}
