package erasure

import (
	"context"
	"fmt"

	"satchel/internal/fault"
	"satchel/rosters"
	"satchel/tenancy/erasures"
)

// errReading asks for another attempt: a package that is being read brings the person back otherwise, and what is
// read of it is not to be told from what is staged already.
var errReading = fault.New(fault.Unavailable, "roster_being_read", "A roster that may name the person is being read. The erasure goes on when it was.")

// removePackages removes the packages of rosters that name the person, and their copies in the inbox, before the
// row goes that says of which source they are. They are one archive for a school, which is not changed; what was
// read of it is in rows, by which an import is undone.
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
		if err := a.parts.Packages.Remove(ctx, rosters.Key(in.Org, p.Import)); err != nil {
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
		if err := a.parts.Inbox.Remove(ctx, a.parts.InboxFolder(in.Org, p.Source)+p.Name); err != nil {
			return fmt.Errorf("remove package of the inbox: %w", err)
		}
	}
	return nil
}
