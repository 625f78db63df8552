package notifications

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/notifications/notificationsdb"
)

// Put writes a notification with the transaction of what it tells: both are committed
// or neither is. data holds ids, codes and numbers, and nothing of a person.
func Put(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, kind string, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode notification %s: %w", kind, err)
	}
	return wrap("put notification", notificationsdb.New(tx).InboxPut(ctx, notificationsdb.InboxPutParams{ID: tenancy.NewID(), UserID: user, Kind: kind, Data: encoded}))
}

// PutManagers is Put for each owner and admin of the organization.
func PutManagers(ctx context.Context, tx *tenancy.Tx, kind string, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode notification %s: %w", kind, err)
	}
	return wrap("put notifications", notificationsdb.New(tx).InboxPutManagers(ctx, notificationsdb.InboxPutManagersParams{Kind: kind, Data: encoded}))
}

// Dispatch decides about up to most waiting notifications, and says how many there
// were. Each is decided about once: another who dispatches passes over those that are
// being decided.
func Dispatch(ctx context.Context, tx *tenancy.Tx, now time.Time, most int) (int, error) {
	q := notificationsdb.New(tx)
	waiting, err := q.OutboxTake(ctx, int64(most))
	if err != nil || len(waiting) == 0 {
		return 0, wrap("take notifications", err)
	}
	done := notificationsdb.OutboxDoneParams{Moment: now}
	var mails notificationsdb.MailsPutParams
	digests := map[notificationsdb.DigestOpenParams]uuid.UUID{}
	for _, n := range waiting {
		d := Decide(n.Kind, Wishes{Member: n.Role != "", Reachable: n.Reachable, Inbox: Cadence(n.Inbox), Mail: Cadence(n.Mail), Zone: n.TimeZone,
			QuietFrom: wide(n.QuietFrom), QuietUntil: wide(n.QuietUntil), DigestHour: int(n.DigestHour)}, now)
		var mail uuid.UUID
		switch d.Mail {
		case "":
		case Daily, Weekly:
			if mail, err = digest(ctx, q, digests, n.UserID, d); err != nil {
				return 0, err
			}
		default:
			mail = tenancy.NewID()
			mails.Ids, mails.Users, mails.Kinds, mails.Next = append(mails.Ids, mail), append(mails.Users, n.UserID), append(mails.Kinds, d.Mail), append(mails.Next, d.At)
		}
		done.Ids, done.Mails, done.Codes, done.Hidden = append(done.Ids, n.ID), append(done.Mails, mail), append(done.Codes, d.Code), append(done.Hidden, d.Hidden)
	}
	if len(mails.Ids) > 0 {
		if err := q.MailsPut(ctx, mails); err != nil {
			return 0, wrap("put mails", err)
		}
	}
	return len(waiting), wrap("dispatch notifications", q.OutboxDone(ctx, done))
}

// digest finds the digest that is open, or opens one.
func digest(ctx context.Context, q *notificationsdb.Queries, known map[notificationsdb.DigestOpenParams]uuid.UUID, user uuid.UUID, d Decision) (uuid.UUID, error) {
	key := notificationsdb.DigestOpenParams{UserID: user, Kind: d.Mail}
	if id, found := known[key]; found {
		return id, nil
	}
	id, err := q.DigestOpen(ctx, notificationsdb.DigestOpenParams{ID: tenancy.NewID(), UserID: user, Kind: d.Mail, NextAt: d.At})
	known[key] = id
	return id, wrap("open digest", err)
}

func wide(n *int32) *int {
	if n == nil {
		return nil
	}
	w := int(*n)
	return &w
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
