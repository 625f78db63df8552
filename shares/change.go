package shares

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/policies/disclosure"
	"satchel/shares/sharesdb"
	"satchel/tenancy"
)

// Change is what PATCH may change of a share; nil leaves a field as it is. Of the fields
// that can be without, the zero value takes the limit away.
type Change struct {
	Permission   *Permission
	Version      *int32
	Label        *string
	Password     *string
	StartsAt     *time.Time
	ExpiresAt    *time.Time // zero: without end inside, the default life outside
	MaxDownloads *int32
	MaxFiles     *int32
	MaxBytes     *int64
	Accepted     *[]string
	Add          []Person
	Purpose      disclosure.Purpose // of those who are added, and of a share that has none; zero: the one of the share
}

// Update changes a share that is alive, under its lock: of several at once the last one
// counts, and none brings back what has ended. Links follow in the same transaction.
func Update(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, c Change) (Share, error) {
	q := sharesdb.New(tx)
	if _, err := q.ShareLock(ctx, id); err != nil {
		return Share{}, found("lock share", err)
	}
	s, err := Get(ctx, tx, id)
	switch {
	case err != nil:
		return s, err
	case s.EndedAt != nil || s.Status == Expired:
		return s, ErrEnded
	}
	p := sharesdb.ShareUpdateParams{ID: id, Label: c.Label, Basis: c.Purpose.Basis, Interest: c.Purpose.Interest, Consent: some(c.Purpose.Consent)}
	if err := c.apply(ctx, tx, s, &p); err != nil {
		return s, err
	}
	rows, err := q.ShareUpdate(ctx, p)
	switch {
	case err != nil:
		return s, refused("change share", err)
	case rows == 0:
		return s, ErrNotAllowed
	}
	if c.Password != nil {
		var hash *string
		if *c.Password != "" {
			hash = some(HashPassword(*c.Password))
		}
		if _, err := q.SharePasswordSet(ctx, sharesdb.SharePasswordSetParams{ID: id, PasswordHash: hash}); err != nil {
			return s, refused("set password", err)
		}
	}
	if len(c.Add) > 0 {
		if err := c.add(ctx, q, s); err != nil {
			return s, err
		}
		if s.Kind.Outside() {
			if err := disclosure.Opened(ctx, tx, id, c.Purpose); err != nil {
				return s, err
			}
		}
	}
	return Get(ctx, tx, id)
}

// apply checks the share as it would become, by the rules of a new one.
func (c Change) apply(ctx context.Context, q tenancy.Queries, s Share, p *sharesdb.ShareUpdateParams) error {
	next := s
	if c.Permission != nil {
		next.Permission = *c.Permission
		p.Permission = some(string(*c.Permission))
	}
	if c.Label != nil && !isText(*c.Label, 200) {
		return errLabel
	}
	if err := c.limits(&next, p); err != nil {
		return err
	}
	if err := checkPermission(s.Kind, next.Permission, s.Target); err != nil {
		return err
	}
	if err := checkLimits(s.Kind, next.Permission, next.MaxDownloads, next.Bounds); err != nil {
		return err
	}
	if err := c.secrets(ctx, q, s, &next, p); err != nil {
		return err
	}
	return c.times(ctx, q, next, p)
}

func (c Change) limits(next *Share, p *sharesdb.ShareUpdateParams) error {
	if c.MaxDownloads != nil {
		next.MaxDownloads = some(*c.MaxDownloads)
		p.SetsMaxDownloads, p.MaxDownloads = true, next.MaxDownloads
	}
	if c.MaxFiles != nil {
		next.Bounds.MaxFiles = *c.MaxFiles
		p.SetsMaxFiles, p.MaxFiles = true, some(*c.MaxFiles)
	}
	if c.MaxBytes != nil {
		next.Bounds.MaxBytes = *c.MaxBytes
		p.SetsMaxBytes, p.MaxBytes = true, some(*c.MaxBytes)
	}
	if c.Accepted != nil {
		next.Bounds.Accepted = *c.Accepted
		p.Accepted = append([]string{}, *c.Accepted...)
	}
	if next.MaxDownloads != nil && *next.MaxDownloads < next.Downloads {
		return ErrDownloads
	}
	return nil
}

func (c Change) secrets(ctx context.Context, q tenancy.Queries, s Share, next *Share, p *sharesdb.ShareUpdateParams) (err error) {
	if c.Password != nil {
		if *c.Password != "" && (!s.Kind.Outside() || !isPassword(*c.Password)) {
			return errNewPass
		}
		next.HasPassword = *c.Password != ""
	}
	if c.Version != nil {
		if *c.Version < 0 || s.Target.File == uuid.Nil || !s.Kind.Outside() {
			return errPin
		}
		p.SetsVersion = true
		p.VersionID, err = version(ctx, sharesdb.New(q), s.Target.File, *c.Version)
	}
	return err
}

// times checks the policy of today as well: what was allowed when the share was made may
// not be any more.
func (c Change) times(ctx context.Context, q tenancy.Queries, next Share, p *sharesdb.ShareUpdateParams) error {
	starts, expires := c.StartsAt, c.ExpiresAt
	if expires != nil && expires.IsZero() {
		expires = nil
	}
	if err := checkTimes(starts, expires); err != nil {
		return err
	}
	p.StartsAt = starts
	p.SetsExpiresAt, p.ExpiresAt = c.ExpiresAt != nil, expires
	if err := checkPurpose(c.Purpose, next.Target); err != nil || !next.Kind.Outside() {
		return err
	}
	basis, parties, err := c.basis(ctx, q, next.ID)
	if err != nil {
		return err
	}
	d, err := disclosure.CheckOn(ctx, q, Way(next.Kind, next.Permission), next.Target, basis, parties)
	if err != nil {
		return err
	}
	if err := d.RefusalOf(Way(next.Kind, next.Permission), next.Target, party(c.Add)); err != nil {
		return err
	}
	if c.Purpose != (disclosure.Purpose{}) {
		if err := c.Purpose.Check(d); err != nil {
			return err
		}
	}
	b, err := disclosure.GetBounds(ctx, q)
	switch {
	case err != nil:
		return err
	case next.Kind == Link && b.Password && !next.HasPassword:
		return ErrPassword.Under("passwords_required")
	case c.ExpiresAt == nil:
		return nil
	}
	if starts == nil {
		starts = &next.StartsAt
	}
	p.ExpiresAt, err = endWithin(ctx, q, b, starts, expires)
	return err
}

// basis is that of the share as it would become, and those outside who have it then. Each use of a share asks with the share's, so
// who is added on a basis that has conditions of its own would not be asked about by them.
func (c Change) basis(ctx context.Context, q tenancy.Queries, id uuid.UUID) (disclosure.Purpose, []string, error) {
	own, err := sharesdb.New(q).ShareBasis(ctx, id)
	if err != nil {
		return disclosure.Purpose{}, nil, fmt.Errorf("read basis of share: %w", err)
	}
	has := disclosure.Purpose{Basis: own.DisclosureBasis}
	if own.DisclosureConsent != nil {
		has.Consent = *own.DisclosureConsent
	}
	asked := disclosure.Purpose{Basis: c.Purpose.Basis, Consent: c.Purpose.Consent}
	parties := append(own.Parties, addresses(c.Add)...)
	switch conditional := asked.Basis == disclosure.Directory || asked.Basis == disclosure.Consented; {
	case has.Basis == "":
		return asked, parties, nil
	case conditional && asked != has:
		return has, nil, errOtherBasis
	}
	return has, parties, nil
}

func (c Change) add(ctx context.Context, q *sharesdb.Queries, s Share) error {
	n := New{Kind: s.Kind, With: c.Add}
	if err := n.checkWith(); err != nil {
		return err
	}
	has, err := q.RecipientCount(ctx, s.ID)
	if err != nil {
		return fmt.Errorf("count recipients: %w", err)
	}
	if int(has)+len(c.Add) > mostPeople {
		return ErrRecipients
	}
	return add(ctx, q, s.ID, c.Add)
}

// Revoke ends a share: the next statement of anybody is refused by it. It says false for
// one that had ended before, which keeps its reason.
func Revoke(ctx context.Context, q tenancy.Queries, id uuid.UUID) (bool, error) {
	n, err := sharesdb.New(q).ShareEnd(ctx, id)
	if err != nil {
		return false, refused("end share", err)
	}
	return n == 1, nil
}

// RemoveRecipient takes the share from one of its recipients; without any it ends.
func RemoveRecipient(ctx context.Context, tx *tenancy.Tx, share, recipient uuid.UUID) error {
	n, err := sharesdb.New(tx).RecipientEnd(ctx, sharesdb.RecipientEndParams{ShareID: share, ID: recipient})
	switch {
	case err != nil:
		return refused("end recipient", err)
	case n == 0:
		return ErrNoRecipient
	}
	return nil
}

// Resend asks for a recipient's mail once more, with a new token.
func Resend(ctx context.Context, tx *tenancy.Tx, share, recipient uuid.UUID) (Recipient, error) {
	s, err := Get(ctx, tx, share)
	if err != nil {
		return Recipient{}, err
	}
	if s.EndedAt != nil || s.Status == Expired {
		return Recipient{}, ErrEnded
	}
	r, err := GetRecipient(ctx, tx, share, recipient)
	if err != nil {
		return r, err
	}
	if !r.Outside || r.EndedAt != nil {
		return r, ErrNoRecipient
	}
	n, err := sharesdb.New(tx).RecipientQueue(ctx, sharesdb.RecipientQueueParams{ShareID: share, ID: recipient})
	switch {
	case err != nil:
		return r, refused("queue mail", err)
	case n == 0:
		return r, ErrResend
	}
	return GetRecipient(ctx, tx, share, recipient)
}

// found turns a missing row into the error that names it.
func found(what string, err error) error {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoShare
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
