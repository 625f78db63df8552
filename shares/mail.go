package shares

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/shares/sharesdb"
	"satchel/tenancy"
)

// Mail is what a mail to a recipient outside says.
type Mail struct {
	To, Name   string
	Sharer     string // empty where the organization keeps no name
	Permission Permission
	ExpiresAt  *time.Time
}

// RecordAttempt begins one attempt to send the mail: the token's hash replaces the one
// before, whose mail is worth nothing from then on. It says false when the share or the
// recipient has ended.
func RecordAttempt(ctx context.Context, q tenancy.Queries, share, recipient uuid.UUID, hash []byte) (Mail, bool, error) {
	r, err := sharesdb.New(q).MailBegin(ctx, sharesdb.MailBeginParams{ShareID: share, ID: recipient, TokenHash: hash})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Mail{}, false, nil
	case err != nil:
		return Mail{}, false, fmt.Errorf("note attempt: %w", err)
	}
	m := Mail{To: value(r.Email), Name: r.Name, Sharer: r.Sharer, Permission: Permission(r.Permission)}
	if !r.ExpiresAt.IsZero() {
		m.ExpiresAt = &r.ExpiresAt
	}
	return m, true, nil
}

// RecordDelivery says what became of the attempt with this token. It says false when
// another attempt has begun since, or the share has ended.
func RecordDelivery(ctx context.Context, q tenancy.Queries, share, recipient uuid.UUID, hash []byte, d Delivery, code string) (bool, error) {
	n, err := sharesdb.New(q).MailEnd(ctx, sharesdb.MailEndParams{ShareID: share, ID: recipient, TokenHash: hash, Delivery: string(d), DeliveryCode: code})
	if err != nil {
		return false, fmt.Errorf("note delivery: %w", err)
	}
	return n == 1, nil
}

// MarkMailing notes that the mail's workflow has begun.
func MarkMailing(ctx context.Context, q tenancy.Queries, share, recipient uuid.UUID) error {
	return sharesdb.New(q).MailStarted(ctx, sharesdb.MailStartedParams{ShareID: share, ID: recipient})
}

// Expire writes down that a share's time is over, which it is in force without: its
// addresses and links go. It says false when it had ended, or has been given more time.
func Expire(ctx context.Context, q tenancy.Queries, id uuid.UUID) (bool, error) {
	n, err := sharesdb.New(q).ShareExpire(ctx, id)
	if err != nil {
		return false, fmt.Errorf("expire share: %w", err)
	}
	return n == 1, nil
}
