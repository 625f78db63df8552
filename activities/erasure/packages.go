package erasure

import (
	"context"
	"fmt"

	"satchel/internal/fault"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

// errReading asks for another attempt: a package that is being read brings the person back otherwise, and what is
// read of it is not to be told from what is staged already.
var errReading = fault.New(fault.Unavailable, "roster_being_read", "A roster that may name the person is being read. The erasure goes on when it was.")

// removePackages removes the packages of rosters that name the person, and their copies in the inbox, before the
// row goes that says of which source they are. They are one archive for a school, which is not changed; what was
// read of it is in rows, by which an import is undone. A hold that is placed meanwhile keeps those that are left, and
// the row with them.
func (a *Activities) removePackages(ctx context.Context, in Input) error {
	packages, picked, err := erasures.Packages(ctx, a.parts.DB.Single(in.Org), in.Erasure)
	if err != nil {
		return err
	}
	for _, p := range packages {
		if p.Reading {
			return errReading
		}
	}
	for _, p := range packages {
		if err := a.removeUnheld(ctx, in, a.parts.Packages, rosters.Key(in.Org, p.Import)); err != nil {
			return fmt.Errorf("remove package of roster: %w", err)
		}
	}
	if a.parts.Inbox == nil {
		return nil
	}
	for _, p := range picked {
		if p.Name == "" { // it was read and lies in the inbox still: the next look there moves it
			return errReading
		}
	}
	for _, p := range picked {
		if err := a.removeUnheld(ctx, in, a.parts.Inbox, a.parts.InboxFolder(in.Org, p.Source)+p.Name); err != nil {
			return fmt.Errorf("remove package of the inbox: %w", err)
		}
	}
	return nil
}

// removeUnheld removes an object unless a hold covers the person. The transaction is open until the object is gone, so
// that a hold is answered before that or finds it gone; it is one for each object, so that a hold waits for one.
func (a *Activities) removeUnheld(ctx context.Context, in Input, from Bucket, key string) error {
	return a.parts.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		goes, err := erasures.Goes(ctx, tx, in.Erasure)
		if err != nil || !goes {
			return err
		}
		return from.Remove(ctx, key)
	})
}
