package sweep

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/policies/consent"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// expireAgreements ends authorizations of schools whose time is over, and holds the files
// that have no other basis. New files are refused from the very time on, without this. Owners
// and admins are told 30 days before the last one ends, and when it has: held files are
// deleted after their time.
func (a *Activities) expireAgreements(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "end expired agreements", after, func(r tenancy.AgreementRef) uuid.UUID { return r.Agreement }, func(ctx context.Context, after uuid.UUID) ([]tenancy.AgreementRef, error) {
		return a.db.AgreementsExpired(ctx, after, a.page)
	}, func(ctx context.Context, r tenancy.AgreementRef) error {
		return a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
			ended, last, err := consent.Expire(ctx, tx, r.Agreement)
			code := "ended"
			if err == nil && !ended {
				code = "ending"
				last, err = consent.Warn(ctx, tx, r.Agreement)
			}
			if err == nil && last {
				err = notifications.PutManagers(ctx, tx, "agreement.ending", map[string]any{"agreement_id": r.Agreement, "code": code})
			}
			if err != nil || !ended {
				return err
			}
			return audit.Record(ctx, tx, audit.Event{Action: "consent.agreement_expire", ObjectID: r.Agreement.String()})
		})
	})
}

// deleteHeld deletes for good what waited for a basis for longer than it may: a hold is no
// way to keep a child's data without one (16 CFR 312.10).
func (a *Activities) deleteHeld(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "delete files held long", after, func(r tenancy.Ref) uuid.UUID { return r.File }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.FilesHeldTooLong(ctx, after, a.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		err := a.deleteForGood(ctx, r, a.erase, func(tx *tenancy.Tx) (bool, error) {
			if err := files.Lock(ctx, tx, r.File); err != nil {
				return false, err
			}
			held, err := consent.HeldTooLong(ctx, tx, r.File) // a basis may have come since it was found
			if err != nil || !held {
				return false, err
			}
			if _, err := files.TrashFor(ctx, tx, r.File, "consent_not_given"); err != nil {
				return false, fmt.Errorf("put into the trash: %w", err)
			}
			return true, nil
		}, func(tx *tenancy.Tx) error {
			return audit.Record(ctx, tx, audit.Event{Action: "consent.delete_held", ObjectID: r.File.String()})
		})
		if errors.Is(err, files.ErrNotFound) { // deleted by another way since it was found
			return nil
		}
		return err
	})
}

// noteAges notes students who turned 13. What they add counts as a child's no more from that
// very day on; the row says when the platform knew. Files of before stay marked.
func (a *Activities) noteAges(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "note ages", after, func(r tenancy.PersonRef) uuid.UUID { return r.User }, func(ctx context.Context, after uuid.UUID) ([]tenancy.PersonRef, error) {
		return a.db.PeopleAgedOut(ctx, after, a.page)
	}, func(ctx context.Context, r tenancy.PersonRef) error {
		return a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
			noted, err := consent.AgeOut(ctx, tx, r.User)
			if err != nil || !noted {
				return err
			}
			return audit.Record(ctx, tx, audit.Event{Action: "consent.age_out", ObjectID: r.User.String()})
		})
	})
}
