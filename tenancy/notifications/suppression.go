package notifications

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/tenancy"
	"satchel/tenancy/notifications/notificationsdb"
)

// Reasons for which an address gets no mail.
const (
	Bounced    = "bounced"
	Complained = "complained"
)

// Bounce is what a report of a mail server says about one mail.
type Bounce string

// The bounces.
const (
	Hard      Bounce = "hard"      // the address does not exist
	Soft      Bounce = "soft"      // it could not be reached, or is full
	Complaint Bounce = "complaint" // its person called the mail unwanted
)

// Five temporary failures in 14 days are a failure.
const (
	mostSoft   = 5
	softWithin = 14 * 24 * time.Hour
)

// BounceOf tells an address that does not exist from one that could not be reached, by
// the status of RFC 3463.
func BounceOf(status string) Bounce {
	for _, hard := range []string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"} {
		if status == hard {
			return Hard
		}
	}
	return Soft
}

// Report notes what came back about a mail, once. A mail that is not there any more, or
// went to no address, changes nothing.
func Report(ctx context.Context, tx *tenancy.Tx, mail uuid.UUID, b Bounce, status string, now time.Time) (noted bool, err error) {
	q := notificationsdb.New(tx)
	m, err := q.MailOf(ctx, mail)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (m.AddressHash == nil || worse(Bounce(m.Bounce), b)) {
		return false, nil
	}
	if err != nil {
		return false, wrap("read mail", err)
	}
	if err := q.MailBounced(ctx, notificationsdb.MailBouncedParams{ID: mail, Bounce: string(b)}); err != nil {
		return false, wrap("record bounce", err)
	}
	return true, suppress(ctx, q, m.AddressHash, b, status, now)
}

// worse says whether what is known weighs as much as the news.
func worse(known, news Bounce) bool {
	weight := map[Bounce]int{"": 0, Soft: 1, Hard: 2, Complaint: 3}
	return weight[known] >= weight[news]
}

// CountFailure counts that a server refused an address when a mail was handed over.
func CountFailure(ctx context.Context, q tenancy.Queries, l Letter, now time.Time) error {
	if l.AddressHash == nil {
		return nil
	}
	return suppress(ctx, notificationsdb.New(q), l.AddressHash, Soft, "", now)
}

func suppress(ctx context.Context, q *notificationsdb.Queries, hash []byte, b Bounce, status string, now time.Time) error {
	status = clean(status)
	if b == Soft {
		_, err := q.SuppressionCount(ctx, notificationsdb.SuppressionCountParams{ID: tenancy.NewID(), AddressHash: hash, Status: status, Moment: now, Since: now.Add(-softWithin), Most: mostSoft})
		return wrap("count failure", err)
	}
	reason := Bounced
	if b == Complaint {
		reason = Complained
	}
	return wrap("suppress address", q.SuppressionPut(ctx, notificationsdb.SuppressionPutParams{ID: tenancy.NewID(), AddressHash: hash, Reason: reason, Status: status, Moment: now}))
}

// clean is a status as the table takes it.
func clean(status string) string {
	if len(status) > 16 || strings.Trim(status, "0123456789.") != "" {
		return ""
	}
	return status
}

// Suppression is an address that gets no mail, by its id alone.
type Suppression = notificationsdb.SuppressionPageRow

// Suppressions reads a page of them, the newest first.
func Suppressions(ctx context.Context, q tenancy.Queries, before uuid.UUID, limit int) ([]Suppression, error) {
	rows, err := notificationsdb.New(q).SuppressionPage(ctx, notificationsdb.SuppressionPageParams{Before: before, Most: int64(limit)})
	return rows, wrap("list suppressions", err)
}

// Unsuppress lets an address have mail again.
func Unsuppress(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	n, err := notificationsdb.New(q).SuppressionDelete(ctx, id)
	if err == nil && n == 0 {
		return ErrNoSuppressed
	}
	return wrap("remove suppression", err)
}
