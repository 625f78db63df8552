package notifications

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/tenancy"
	"satchel/tenancy/notifications/notificationsdb"
)

// State is how far a mail is.
type State string

// The states.
const (
	Queued     State = "queued"
	Sending    State = "sending"
	Sent       State = "sent"
	Failed     State = "failed"
	Suppressed State = "suppressed"
)

// Lease is how long a mail may be in the hands of a worker that may live. One that is longer has lost
// it, and the mail server may have taken the mail. What a worker that died had is free at once.
const Lease = 3 * time.Minute

// Turns names the lock that each turn of an organization shares while it has mails in hand.
func Turns(org tenancy.OrgID) string { return "notifications/" + org.String() }

// Free makes what a worker had that died due at once, and says how many mails there were. It must be
// called before the caller's own turn shares the lock. While another turn lives it frees nothing:
// which of the mails are whose is not kept, and their lease ends.
func Free(ctx context.Context, tx *tenancy.Tx, org tenancy.OrgID, now time.Time) (int64, error) {
	n, err := notificationsdb.New(tx).MailsFree(ctx, notificationsdb.MailsFreeParams{Moment: now, Turns: Turns(org)})
	return n, wrap("free mails", err)
}

// MostDoubts is after how many attempts that the server may have taken a mail is not
// tried again: SMTP has no transaction, so the second copy of such a mail is what it
// makes unavoidable, and a third is not.
const MostDoubts = 2

// Contents is a kind and how many notifications of it there are.
type Contents struct {
	Kind string
	N    int
}

// Letter is one mail that is being sent, and all that its text depends on.
type Letter struct {
	ID, User     uuid.UUID
	Kind         string
	Address      *uuid.UUID // of Confirm
	Attempt      int
	Doubts       int
	CreatedAt    time.Time
	To           string
	Role         tenancy.Role
	Organization string
	Contact      string // address of the organization; or empty
	Language     string
	Contents     []Contents
	Refused      string // why it is not sent; or empty
	AddressHash  []byte
}

// Take takes up to most mails that are due, with what their texts depend on. hash is
// the keyed hash of an address.
func Take(ctx context.Context, tx *tenancy.Tx, now time.Time, most int, hash func(string) []byte) ([]Letter, error) {
	q := notificationsdb.New(tx)
	rows, err := q.MailsTake(ctx, notificationsdb.MailsTakeParams{Lease: now.Add(Lease), Moment: now, Most: int64(most)})
	if err != nil || len(rows) == 0 {
		return nil, wrap("take mails", err)
	}
	letters, ids, index := make([]Letter, len(rows)), make([]uuid.UUID, len(rows)), map[uuid.UUID]int{}
	for i, r := range rows {
		letters[i] = Letter{ID: r.ID, User: r.UserID, Kind: r.Kind, Address: r.AddressID, Attempt: int(r.Attempts), Doubts: int(r.Doubts), CreatedAt: r.CreatedAt}
		ids[i], index[r.ID] = r.ID, i
	}
	facts, err := q.MailFacts(ctx, ids)
	if err != nil {
		return nil, wrap("read facts of mails", err)
	}
	told, err := q.MailContents(ctx, ids)
	if err != nil {
		return nil, wrap("read contents of mails", err)
	}
	for _, c := range told {
		l := &letters[index[c.MailID]]
		if Cadence(c.Mail) != Never || Required(c.Kind) {
			l.Contents = append(l.Contents, Contents{c.Kind, int(c.N)})
		}
	}
	hashes := make([][]byte, 0, len(rows))
	for _, f := range facts {
		l := &letters[index[f.ID]]
		l.To, l.Role, l.Organization, l.Contact, l.Language = f.Address, tenancy.Role(f.Role), f.Organization, f.Contact, f.Language
		l.Refused = refused(l, f)
		if l.To != "" {
			l.AddressHash = hash(l.To)
			hashes = append(hashes, l.AddressHash)
		}
	}
	bad, err := q.SuppressionsOf(ctx, hashes)
	if err != nil {
		return nil, wrap("read suppressions", err)
	}
	suppressed := map[string]string{}
	for _, s := range bad {
		suppressed[string(s.AddressHash)] = s.Reason
	}
	for i := range letters {
		l := &letters[i]
		reason, found := suppressed[string(l.AddressHash)]
		// Who complained is told of matters of security, and gets a code they ask for.
		wanted := reason == Complained && (Required(l.Kind) || l.Kind == Confirm)
		if found && l.Refused == "" && !wanted {
			l.Refused = CodeSuppressed
		}
	}
	return letters, nil
}

// refused says why a mail that is due is not sent: what was so when it was queued may
// have changed.
func refused(l *Letter, f notificationsdb.MailFactsRow) string {
	switch {
	case f.Role == "":
		return CodeNotMember
	case f.Status != "active":
		return CodeInactive
	case tenancy.Role(f.Role) == tenancy.Student && !f.MailStudents:
		return CodeStudent
	case f.Address == "" && l.Kind == Confirm:
		return CodeAddressGone
	case f.Address == "":
		return CodeNoAddress
	case l.Kind == Confirm:
		return ""
	case len(l.Contents) == 0 && l.Digest():
		return CodeEmpty
	case len(l.Contents) == 0:
		return CodeUnwanted
	}
	return ""
}

// Digest says whether the mail is one of several notifications.
func (l Letter) Digest() bool { return l.Kind == Daily || l.Kind == Weekly }

// Outcome is what became of one attempt.
type Outcome struct {
	State State
	Code  string
	Doubt bool          // the server may have taken it
	After time.Duration // of Queued: when it is tried again
}

// Record writes down what became of a mail in this attempt. It says whether the mail was
// still in these hands.
func Record(ctx context.Context, q tenancy.Queries, l Letter, o Outcome, now time.Time) (bool, error) {
	p := notificationsdb.MailEndParams{ID: l.ID, Code: o.Code, State: string(o.State), AddressHash: l.AddressHash, NextAt: now.Add(o.After), Moment: now, Attempt: int32(l.Attempt)}
	if o.Doubt {
		p.Doubts = 1
	}
	n, err := notificationsdb.New(q).MailEnd(ctx, p)
	return n > 0, wrap("record mail", err)
}

// Next is when the next mail of the organization is due; false without one.
func Next(ctx context.Context, q tenancy.Queries) (time.Time, bool, error) {
	at, err := notificationsdb.New(q).MailNext(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return at, err == nil, wrap("read next mail", err)
}

// Logged is one mail in the log.
type Logged = notificationsdb.MailPageRow

// Log reads a page of the log of mails, the newest first.
func Log(ctx context.Context, q tenancy.Queries, state State, before uuid.UUID, limit int) ([]Logged, error) {
	rows, err := notificationsdb.New(q).MailPage(ctx, notificationsdb.MailPageParams{Before: before, State: string(state), Most: int64(limit)})
	return rows, wrap("read log of mails", err)
}

// Kept is how long the log of mails and read notifications can be read.
const (
	MailsKept         = 90 * 24 * time.Hour
	NotificationsKept = 365 * 24 * time.Hour
	// UnconfirmedKept is how long an address stays that its person did not confirm: it may be another person's.
	UnconfirmedKept = 7 * 24 * time.Hour
)

// DeleteOld deletes up to n rows of each that are past their time, and says how many
// there were.
func DeleteOld(ctx context.Context, q tenancy.Queries, now time.Time, n int) (int64, error) {
	db := notificationsdb.New(q)
	notifications, err := db.OutboxDelete(ctx, notificationsdb.OutboxDeleteParams{Before: now.Add(-NotificationsKept), Most: int64(n)})
	if err != nil {
		return 0, wrap("delete old notifications", err)
	}
	mails, err := db.MailsDelete(ctx, notificationsdb.MailsDeleteParams{Before: now.Add(-MailsKept), Most: int64(n)})
	if err != nil {
		return 0, wrap("delete old mails", err)
	}
	addresses, err := db.AddressesDelete(ctx, notificationsdb.AddressesDeleteParams{Before: now.Add(-UnconfirmedKept), Most: int64(n)})
	return max(notifications, mails, addresses), wrap("delete unconfirmed addresses", err)
}
