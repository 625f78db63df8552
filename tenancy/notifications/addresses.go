package notifications

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/notifications/notificationsdb"
)

// What a caller can meet.
var (
	ErrNoAddress    = fault.New(fault.NotFound, "mail_address_not_found", "You have no such mail address here. Add one with POST /api/v1/me/mail.")
	ErrAddress      = fault.New(fault.Invalid, "invalid_address", "address is one mail address, such as first.last@school.example, without a name.")
	ErrWrongCode    = fault.New(fault.Denied, "wrong_mail_code", "This is not the code of the newest mail. Look at it again, or add the address again for another one.")
	ErrCodeOver     = fault.New(fault.Conflict, "mail_code_over", "This code is over: it is good for 30 minutes and five attempts. Add the address again for another one.")
	ErrStudentMail  = fault.New(fault.Denied, "no_mail_to_students", "Your school has no mail sent to students. You find what happened in the inbox here.")
	ErrSuppressed   = fault.New(fault.Conflict, "mail_address_suppressed", "No mail is sent to this address: mails to it came back. Give another one, or ask an owner or admin of your organization to let it have mail again.")
	ErrTooManyCodes = fault.New(fault.Limited, "too_many_mail_codes", "You asked for many codes. Wait an hour, then add the address again.").After(time.Hour)
)

// Address is one of a person, as they see it.
type Address = notificationsdb.AddressListRow

const (
	codeDigits   = 8
	codeLife     = 30 * time.Minute
	mostAttempts = 5
	mostCodes    = 5 // an hour
)

// CheckAddress gives the address as it is kept.
func CheckAddress(address string) (string, error) {
	address = strings.TrimSpace(address)
	parsed, err := mail.ParseAddress(address)
	// What the parser takes and changes, such as a name or a quoted part, is no plain address.
	if err != nil || parsed.Address != address || parsed.Name != "" || len(address) > 254 || strings.ContainsAny(address, " \t\r\n\"<>,;") || !strings.Contains(address, ".") {
		return "", ErrAddress
	}
	return address, nil
}

// Add has a code mailed to an address that a person gave. It replaces one that waits for
// its code; one that is confirmed is used until the new one is.
func Add(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, address string, now time.Time, asked int64) (uuid.UUID, error) {
	address, err := CheckAddress(address)
	if err != nil {
		return uuid.Nil, err
	}
	if asked >= mostCodes {
		return uuid.Nil, ErrTooManyCodes
	}
	q, id := notificationsdb.New(tx), tenancy.NewID()
	if err := q.AddressDropPending(ctx, user); err != nil {
		return uuid.Nil, wrap("forget address", err)
	}
	if err := q.AddressAdd(ctx, notificationsdb.AddressAddParams{ID: id, UserID: user, Address: address}); err != nil {
		return uuid.Nil, wrap("add address", err)
	}
	err = q.MailPut(ctx, notificationsdb.MailPutParams{ID: tenancy.NewID(), UserID: user, Kind: Confirm, AddressID: &id, NextAt: now})
	return id, wrap("queue code", err)
}

// Asked counts the codes that were mailed for a person in the last hour. The log of mails
// is not the person's to read.
func Asked(ctx context.Context, wide tenancy.Queries, user uuid.UUID, now time.Time) (int64, error) {
	n, err := notificationsdb.New(wide).CodesAsked(ctx, notificationsdb.CodesAskedParams{UserID: user, Since: now.Add(-time.Hour)})
	return n, wrap("count codes", err)
}

// MayHaveMail refuses a student whose school has no mail sent to students.
func MayHaveMail(ctx context.Context, wide tenancy.Queries, user uuid.UUID) error {
	closed, err := notificationsdb.New(wide).MailClosed(ctx, user)
	if err == nil && closed {
		return ErrStudentMail
	}
	return wrap("read whether mail is sent", err)
}

// Deliverable refuses an address to which no code would go, since mails to it came back. hash
// is its keyed hash. Who complained gets the code they ask for.
func Deliverable(ctx context.Context, wide tenancy.Queries, hash []byte) error {
	bounced, err := notificationsdb.New(wide).SuppressionBounced(ctx, hash)
	if err == nil && bounced {
		return ErrSuppressed
	}
	return wrap("look for suppression", err)
}

// Addresses lists a person's.
func Addresses(ctx context.Context, q tenancy.Queries, user uuid.UUID) ([]Address, error) {
	rows, err := notificationsdb.New(q).AddressList(ctx, user)
	return rows, wrap("list addresses", err)
}

// IssueCode makes a code for an address and keeps its hash: the newest mail has the one
// that is good. It says whether the address still waits for one.
func IssueCode(ctx context.Context, q tenancy.Queries, address uuid.UUID, now time.Time) (code string, waits bool, err error) {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", false, fmt.Errorf("draw a code: %w", err)
	}
	code = fmt.Sprintf("%0*d", codeDigits, n.Int64())
	_, err = notificationsdb.New(q).AddressCode(ctx, notificationsdb.AddressCodeParams{ID: address, CodeHash: hashOf(address, code), ExpiresAt: now.Add(codeLife)})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	return code, err == nil, wrap("issue code", err)
}

// ConfirmAddress takes a person's code: its address is written to from now on. A wrong
// code is counted, so the caller commits also when it is refused.
func ConfirmAddress(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, code string, now time.Time) (refusal *fault.Fault, err error) {
	q := notificationsdb.New(tx)
	a, err := q.AddressPending(ctx, user)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoAddress, nil
	case err != nil:
		return nil, wrap("read address", err)
	case a.CodeHash == nil || a.CodeExpiresAt == nil || now.After(*a.CodeExpiresAt) || a.Attempts >= mostAttempts:
		return ErrCodeOver, nil
	case subtle.ConstantTimeCompare(hashOf(a.ID, digits(code)), a.CodeHash) != 1:
		return ErrWrongCode, wrap("count attempt", q.AddressWrong(ctx, a.ID))
	}
	if err := q.AddressDropVerified(ctx, user); err != nil {
		return nil, wrap("replace address", err)
	}
	_, err = q.AddressConfirm(ctx, notificationsdb.AddressConfirmParams{ID: a.ID, Moment: now})
	return nil, wrap("confirm address", err)
}

// RemoveAddress forgets an address of a person.
func RemoveAddress(ctx context.Context, q tenancy.Queries, user, id uuid.UUID) error {
	n, err := notificationsdb.New(q).AddressDelete(ctx, notificationsdb.AddressDeleteParams{UserID: user, ID: id})
	if err == nil && n == 0 {
		return ErrNoAddress
	}
	return wrap("remove address", err)
}

// hashOf is bound to the address: a code is good for its own alone.
func hashOf(address uuid.UUID, code string) []byte {
	sum := sha256.Sum256(append(address[:], code...))
	return sum[:]
}

// digits are those of a code as people type it.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, code)
}
