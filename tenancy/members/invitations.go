package members

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/members/membersdb"
)

// State is the state of an invitation.
type State string

// The states. All but Pending are ends.
const (
	Pending  State = "pending"
	Accepted State = "accepted"
	Declined State = "declined"
	Revoked  State = "revoked"
	Expired  State = "expired"
)

// States lists every state.
var States = []State{Pending, Accepted, Declined, Revoked, Expired}

// Delivery is what became of an invitation's mail.
type Delivery string

// The deliveries. A mail that could not be sent yet is Queued, with the code of
// its last failure; Failed was refused for good and waits for a person.
const (
	Queued Delivery = "queued"
	Sent   Delivery = "sent"
	Failed Delivery = "failed"
)

// How long an invitation is open.
const (
	DefaultTerm = 7 * 24 * time.Hour
	MaxTerm     = 30 * 24 * time.Hour
)

// resendPause keeps an address from being flooded.
const resendPause = time.Minute

// Errors of invitations. The end of an invitation is revealed to holders of its
// token, which cannot be guessed.
var (
	ErrNoInvitation       = fault.New(fault.NotFound, "invitation_not_found", "There is no such invitation. The link must be whole, and of the newest mail: a mail sent again replaces the one before.")
	ErrInvitationUsed     = fault.New(fault.NotFound, "invitation_used", "This invitation was accepted already. If that was you, you are a member: sign in as you did then. If it was not, tell the person who invited you.")
	ErrInvitationDeclined = fault.New(fault.NotFound, "invitation_declined", "This invitation was declined. If you would like to come after all, ask for a new one.")
	ErrInvitationRevoked  = fault.New(fault.NotFound, "invitation_revoked", "This invitation was withdrawn. Ask the person who invited you for a new one.")
	ErrInvitationExpired  = fault.New(fault.NotFound, "invitation_expired", "The time of this invitation is over. Ask the person who invited you for a new one.")

	ErrNoPerson     = fault.New(fault.NotFound, "person_not_found", "There is no such person in the organization, or they have left it.")
	ErrPersonMember = fault.New(fault.Conflict, "person_is_member", "This person is a member already, and needs no invitation.")

	ErrInvitationExists = fault.New(fault.Conflict, "invitation_exists", "This address has an open invitation already. Resend it, or revoke it first.")
	ErrInvitationEnded  = fault.New(fault.Conflict, "invitation_ended", "This invitation has ended. Invite the person again.")
	ErrResendTooSoon    = fault.New(fault.Limited, "resend_too_soon", "The mail went out less than a minute ago. Give it time to arrive.")
	ErrAlreadyMember    = fault.New(fault.Conflict, "already_member", "You are a member with this role or a higher one already. The invitation stays open for somebody else.")
	ErrEmail            = fault.New(fault.Invalid, "invalid_email", "email is one mail address such as name@school.example, of at most 254 characters.")
	ErrSuspended        = fault.New(fault.Denied, "organization_suspended", "The organization is suspended and takes no new members. Try again when it is not.")
	ErrNotReady         = fault.New(fault.Denied, "organization_not_ready", "The organization is still being set up, or is being deleted, and takes no new members.")
)

// Invitation is one row.
type Invitation struct {
	ID           uuid.UUID
	Email        *string // nil once it has ended
	Role         tenancy.Role
	State        State
	Delivery     Delivery
	DeliveryCode string
	Attempts     int
	InvitedBy    *uuid.UUID
	AcceptedBy   *uuid.UUID
	SentAt       *time.Time
	ExpiresAt    time.Time
	EndedAt      *time.Time
	CreatedAt    time.Time
	Person       *uuid.UUID // the person who is invited; nil: anyone who holds the token
	Open         bool       // by the database's clock, which is the only one that decides
}

// Refusal says why the invitation is not open; nil for one that is.
func (i Invitation) Refusal() error {
	switch {
	case i.Open:
		return nil
	case i.State == Accepted:
		return ErrInvitationUsed
	case i.State == Declined:
		return ErrInvitationDeclined
	case i.State == Revoked:
		return ErrInvitationRevoked
	}
	return ErrInvitationExpired // its workflow will write that down
}

// readInvitation turns a row of any query of invitations into one.
func readInvitation(r membersdb.InvitationGetRow, err error) (Invitation, error) {
	return Invitation{
		ID: r.ID, Email: r.Email, Role: r.Role, State: State(r.State), Delivery: Delivery(r.Delivery), DeliveryCode: r.DeliveryCode,
		Attempts: r.Attempts, InvitedBy: r.InvitedBy, AcceptedBy: r.AcceptedBy, SentAt: r.SentAt, ExpiresAt: r.ExpiresAt,
		EndedAt: r.EndedAt, CreatedAt: r.CreatedAt, Person: r.PersonID, Open: r.Open,
	}, found("read invitation", err, ErrNoInvitation)
}

// NewInvitation are the parameters of Invite.
type NewInvitation struct {
	ID     uuid.UUID
	Email  string
	Role   tenancy.Role
	Term   time.Duration // zero: DefaultTerm
	Person *uuid.UUID    // a person without a membership, who gets the login that accepts
}

// CheckEmail refuses what is not one plain mail address (RFC 5321, 4.1.2: at
// most 254 characters with its brackets taken off).
func CheckEmail(email string) error {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 254 || strings.ContainsAny(email, " \t[]") {
		return ErrEmail
	}
	return nil
}

// Invite makes the row of an invitation. The same id again gives the same row
// and false. It refuses when no seat is free; whether one is when the person
// accepts is asked then.
func Invite(ctx context.Context, tx *tenancy.Tx, n NewInvitation) (Invitation, bool, error) {
	if err := CheckEmail(n.Email); err != nil {
		return Invitation{}, false, err
	}
	if n.Term == 0 {
		n.Term = DefaultTerm
	}
	actor, known := tenancy.ActorFrom(ctx)
	var by *uuid.UUID
	if known {
		if by = &actor.User; !actor.MayManage(n.Role) {
			return Invitation{}, false, ErrRank
		}
	}
	if made, err := GetInvitation(ctx, tx, n.ID); !errors.Is(err, ErrNoInvitation) {
		return made, false, err
	}
	if n.Person != nil {
		if err := checkPerson(ctx, tx, *n.Person); err != nil {
			return Invitation{}, false, err
		}
	}
	if err := CheckSeats(ctx, tx); err != nil {
		return Invitation{}, false, err
	}
	rows, err := membersdb.New(tx).InvitationInsert(ctx, membersdb.InvitationInsertParams{ID: n.ID, Email: n.Email, Role: n.Role, InvitedBy: by, Term: n.Term, PersonID: n.Person})
	if err != nil {
		return Invitation{}, false, fmt.Errorf("insert invitation: %w", err)
	}
	made, err := GetInvitation(ctx, tx, n.ID)
	if rows == 0 && err != nil {
		return Invitation{}, false, ErrInvitationExists
	}
	return made, rows == 1, err
}

// GetInvitation reads one invitation.
func GetInvitation(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Invitation, error) {
	return readInvitation(membersdb.New(q).InvitationGet(ctx, id))
}

// ListInvitations reads a page, newest first, before the given one; the nil id
// begins. An empty state lists all.
func ListInvitations(ctx context.Context, q tenancy.Queries, state State, before uuid.UUID, limit int) ([]Invitation, error) {
	rows, err := membersdb.New(q).InvitationPage(ctx, membersdb.InvitationPageParams{Before: before, State: string(state), Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	page := make([]Invitation, len(rows))
	for i, r := range rows {
		page[i], _ = readInvitation(membersdb.InvitationGetRow(r), nil)
	}
	return page, nil
}

// MarkSending notes that the invitation's workflow has begun.
func MarkSending(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	return membersdb.New(q).InvitationStarted(ctx, id)
}

// Resend asks for the mail once more, with a new token.
func Resend(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (Invitation, error) {
	i, err := lockInvitation(ctx, tx, id)
	switch {
	case err != nil:
		return i, err
	case !i.Open:
		return i, ErrInvitationEnded
	case i.Delivery == Sent && i.SentAt != nil && time.Since(*i.SentAt) < resendPause:
		return i, ErrResendTooSoon
	}
	if err := membersdb.New(tx).InvitationQueue(ctx, id); err != nil {
		return i, fmt.Errorf("queue invitation: %w", err)
	}
	return GetInvitation(ctx, tx, id)
}

// End ends an open invitation and forgets its address. It says false for one
// that had ended before, which stays as it was.
func End(ctx context.Context, q tenancy.Queries, id uuid.UUID, to State, acceptedBy *uuid.UUID) (bool, error) {
	ended, err := membersdb.New(q).InvitationEnd(ctx, membersdb.InvitationEndParams{ID: id, State: string(to), AcceptedBy: acceptedBy})
	if err != nil {
		return false, fmt.Errorf("end invitation: %w", err)
	}
	return ended == 1, nil
}

// Hash is what is kept of a token.
func Hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// RecordAttempt begins one attempt to send the mail: the token's hash replaces the
// one before, whose mail is worth nothing from then on. It says false for an
// invitation that is not open any more.
func RecordAttempt(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte) (Invitation, bool, error) {
	i, err := lockInvitation(ctx, tx, id)
	if err != nil || !i.Open {
		return i, false, err
	}
	if err := membersdb.New(tx).InvitationAttempt(ctx, membersdb.InvitationAttemptParams{ID: id, TokenHash: hash}); err != nil {
		return i, false, fmt.Errorf("note attempt: %w", err)
	}
	return i, true, nil
}

// RecordDelivery says what became of the attempt with this token. It says false when
// another attempt has begun since, or the invitation has ended: then the row is
// not this attempt's to write.
func RecordDelivery(ctx context.Context, q tenancy.Queries, id uuid.UUID, hash []byte, d Delivery, code string) (bool, error) {
	noted, err := membersdb.New(q).InvitationDelivered(ctx, membersdb.InvitationDeliveredParams{ID: id, TokenHash: hash, Delivery: string(d), DeliveryCode: code})
	if err != nil {
		return false, fmt.Errorf("note delivery: %w", err)
	}
	return noted == 1, nil
}

func lockInvitation(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (Invitation, error) {
	r, err := membersdb.New(tx).InvitationLock(ctx, id)
	return readInvitation(membersdb.InvitationGetRow(r), err)
}

// Accept makes the person a member by the open invitation with this token. Of
// several who come at once, one gets it. A member gets the invitation's role
// when it is the higher one, and is told that they are one already otherwise.
func Accept(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte, user uuid.UUID) (tenancy.Role, error) {
	i, err := lockAcceptable(ctx, tx, id, hash)
	if err != nil {
		return "", err
	}
	if i.Person != nil {
		return "", ErrNoInvitation // it is for that person: AcceptAs
	}
	old, err := roleOf(ctx, tx, user)
	switch {
	case err == nil && !i.Role.Above(old):
		return old, ErrAlreadyMember
	case err == nil:
		// An owner may have promised this role to someone who has come meanwhile.
		_, err = change(ctx, tx, tenancy.Actor{Role: tenancy.Owner}, user, old, i.Role)
	case errors.Is(err, ErrNoMember):
		err = add(ctx, tx, user, i.Role)
	}
	if err != nil {
		return "", err
	}
	_, err = End(ctx, tx, id, Accepted, &user)
	return i.Role, err
}

// AcceptAs gives the login to the person that the open invitation with this token
// names, and makes them a member.
func AcceptAs(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte, issuer, subject string) (uuid.UUID, tenancy.Role, error) {
	i, err := lockAcceptable(ctx, tx, id, hash)
	switch {
	case err != nil:
		return uuid.Nil, "", err
	case i.Person == nil:
		return uuid.Nil, "", ErrNoInvitation // anyone's: Accept
	}
	// Somebody else may have come by another way, or have been given a role that who
	// invited may not give.
	if err := checkPerson(ctx, tx, *i.Person); err != nil {
		return *i.Person, "", err
	}
	linked, err := membersdb.New(tx).LoginLink(ctx, membersdb.LoginLinkParams{Issuer: issuer, Subject: subject, Person: *i.Person})
	switch {
	case err != nil:
		return *i.Person, "", fmt.Errorf("link login: %w", err)
	case !linked:
		return *i.Person, "", ErrAlreadyMember
	}
	if err := add(ctx, tx, *i.Person, i.Role); err != nil {
		return *i.Person, "", err
	}
	_, err = End(ctx, tx, id, Accepted, i.Person)
	return *i.Person, i.Role, err
}

// lockAcceptable reads the open invitation with this token, while the organization
// takes members.
func lockAcceptable(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte) (Invitation, error) {
	err := Lock(ctx, tx)
	if errors.Is(err, tenancy.ErrNoOrganization) {
		return Invitation{}, ErrNoInvitation
	}
	if err != nil {
		return Invitation{}, err
	}
	i, err := lockOpen(ctx, tx, id, hash)
	if err != nil {
		return i, err
	}
	return i, checkAcceptsMembers(ctx, tx)
}

// checkPerson wants a person who is active and no member.
func checkPerson(ctx context.Context, q tenancy.Queries, user uuid.UUID) error {
	place, err := membersdb.New(q).PersonWithoutPlace(ctx, user)
	switch {
	case err != nil:
		return fmt.Errorf("read person: %w", err)
	case place.Member:
		return ErrPersonMember
	case !place.Active:
		return ErrNoPerson
	}
	return nil
}

// AcceptedSince says whether the person accepted an invitation of the
// organization after a time.
func AcceptedSince(ctx context.Context, q tenancy.Queries, user uuid.UUID, since time.Time) (bool, error) {
	accepted, err := membersdb.New(q).InvitationAccepted(ctx, membersdb.InvitationAcceptedParams{UserID: user, Since: since})
	if err != nil {
		return false, fmt.Errorf("look for an accepted invitation: %w", err)
	}
	return accepted, nil
}

// Decline ends the open invitation with this token.
func Decline(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte) error {
	if _, err := lockOpen(ctx, tx, id, hash); err != nil {
		return err
	}
	_, err := End(ctx, tx, id, Declined, nil)
	return err
}

// lockOpen reads the invitation under its lock. The token is compared again, since
// another mail may have replaced it after the look-up.
func lockOpen(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte) (Invitation, error) {
	r, err := membersdb.New(tx).InvitationLockByToken(ctx, membersdb.InvitationLockByTokenParams{ID: id, TokenHash: hash})
	i, err := readInvitation(membersdb.InvitationGetRow(r), err)
	if err == nil {
		err = i.Refusal()
	}
	return i, err
}

func checkAcceptsMembers(ctx context.Context, q tenancy.Queries) error {
	o, err := tenancy.GetOrganization(ctx, q)
	switch {
	case err != nil:
		return err
	case o.Status == "suspended":
		return ErrSuspended
	case o.Status != "active":
		return ErrNotReady
	}
	return nil
}
