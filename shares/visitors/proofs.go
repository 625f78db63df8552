package visitors

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/shares/visitors/visitorsdb"
	"satchel/tenancy"
)

// What stands between a visitor and a share.
var (
	ErrPassword      = fault.New(fault.Denied, "share_password_required", "This share has a password. POST it to …/password, and send the ticket that comes back.")
	ErrWrongPassword = fault.New(fault.Denied, "wrong_password", "That is not the password of this share. Check it and try again.")
	ErrCode          = fault.New(fault.Denied, "share_code_required", "This share is for one person. POST to …/code/send for a code by mail, POST the code to …/code, and send the ticket that comes back.")
	ErrWrongCode     = fault.New(fault.Denied, "wrong_code", "That is not the code, or it is too old. Look into the newest mail, or ask for a new code.")
	errAttempts      = fault.New(fault.Limited, "too_many_attempts", "There were too many attempts at this share. Wait as long as Retry-After says. If you do not know the password, ask the person who sent you the link.")
)

// The bounds of attempts: see app.share_attempt.
const (
	freeOfAddress    = 5
	freeOfShare      = 100
	longestOfAddress = time.Hour
	longestOfShare   = 5 * time.Minute
)

// ofShare is the row that counts the attempts of all addresses.
var ofShare = make([]byte, sha256.Size)

// Attempt counts an attempt at a password or a code before it is looked at, or refuses it
// with the time to wait. address is a keyed hash.
func Attempt(ctx context.Context, q tenancy.Queries, share uuid.UUID, address []byte) error {
	db := visitorsdb.New(q)
	for _, row := range []visitorsdb.AttemptParams{
		{ShareID: share, AddressHash: address, Free: freeOfAddress, Longest: longestOfAddress},
		{ShareID: share, AddressHash: ofShare, Free: freeOfShare, Longest: longestOfShare},
	} {
		wait, err := db.Attempt(ctx, row)
		if err != nil {
			return err
		}
		if wait > 0 {
			return errAttempts.After(time.Duration(wait * float64(time.Second)))
		}
	}
	return nil
}

// Forgive takes back what Attempt counted: it was the right one.
func Forgive(ctx context.Context, q tenancy.Queries, share uuid.UUID, address []byte) error {
	db := visitorsdb.New(q)
	if err := db.AttemptForget(ctx, visitorsdb.AttemptForgetParams{ShareID: share, AddressHash: address}); err != nil {
		return err
	}
	return db.AttemptReturn(ctx, visitorsdb.AttemptReturnParams{ShareID: share, AddressHash: ofShare})
}

// CodeDigits is the length of a code: with five tries each, a guess of one in twenty
// million.
const CodeDigits = 8

// HashCode is what is kept of a code. It lives for minutes and for five tries, and the
// share's id keeps equal codes of two shares apart.
func HashCode(share, recipient uuid.UUID, code string) []byte {
	h := sha256.Sum256([]byte(share.String() + recipient.String() + code))
	return h[:]
}

// UseCode takes the newest code of a person, once. Each try counts, also a wrong one.
func UseCode(ctx context.Context, q tenancy.Queries, share, recipient uuid.UUID, code string) error {
	db := visitorsdb.New(q)
	hash, err := db.CodeTake(ctx, visitorsdb.CodeTakeParams{ShareID: share, RecipientID: recipient})
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrWrongCode
	}
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(hash, HashCode(share, recipient, digits(code))) != 1 {
		return ErrWrongCode
	}
	used, err := db.CodeUse(ctx, visitorsdb.CodeUseParams{ShareID: share, RecipientID: recipient, CodeHash: hash})
	if err != nil {
		return err
	}
	if used == 0 {
		return ErrWrongCode
	}
	return db.ProvenSet(ctx, visitorsdb.ProvenSetParams{ShareID: share, ID: recipient})
}

// digits drops the spaces with which people copy a code.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '-' {
			return -1
		}
		return r
	}, strings.TrimSpace(code))
}

// CodeMail is to whom a code goes, and from whom.
type CodeMail struct{ Email, Organization string }

// IssueCode keeps the hash of a new code, in the place of the one before. It is false when
// there is no address to send it to any more.
func IssueCode(ctx context.Context, q tenancy.Queries, share, recipient uuid.UUID, code string) (CodeMail, bool, error) {
	db := visitorsdb.New(q)
	to, err := db.CodeMailGet(ctx, visitorsdb.CodeMailGetParams{ShareID: share, RecipientID: recipient})
	if errors.Is(err, pgx.ErrNoRows) {
		return CodeMail{}, false, nil
	}
	if err != nil || to.Email == nil {
		return CodeMail{}, false, err
	}
	err = db.CodeSet(ctx, visitorsdb.CodeSetParams{ShareID: share, RecipientID: recipient, CodeHash: HashCode(share, recipient, code)})
	return CodeMail{*to.Email, to.Organization}, err == nil, err
}
