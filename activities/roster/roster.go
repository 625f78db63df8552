// Package roster brings a roster into an organization, step by step: the package is
// scanned and read, compared, applied in slices, undone, and removed after its term.
// Every step finds in the database how far the one before it came.
package roster

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/internal/spool"
	"satchel/policies/verdict"
	"satchel/rosters"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
)

// Bucket is where packages lie until their term is over.
type Bucket interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
	Remove(ctx context.Context, key string) error
}

// Scanner gives the verdict about a package, all of its bytes and each of its files.
type Scanner interface {
	ScanPackage(ctx context.Context, content io.ReaderAt, size int64) (verdict.Verdict, error)
}

// Workflows starts the workflows of imports, or finds them started, and tells a
// waiting one that something was decided.
type Workflows interface {
	StartImport(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error
	StartUndo(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error
	Look(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error
}

// Ports are what the activities use.
type Ports struct {
	DB        *tenancy.DB
	Packages  Bucket
	Scanner   Scanner
	Hasher    rosters.Hasher
	Workflows Workflows
	Spool     *spool.Owner
}

// Activities are the activities of this package.
type Activities struct {
	Ports
	working chan struct{} // a place for each package that is read or compared at once
	page    int           // length of one list of a sweep
}

// New makes the activities.
func New(p Ports) *Activities {
	return &Activities{Ports: p, working: make(chan struct{}, 1), page: 500}
}

// errBusy sends a package back into the queue: imports share their worker's slots
// with the sweeps, and one that is read takes half a processor.
var errBusy = fault.New(fault.Limited, "rosters_busy", "Another roster is being read.").After(5 * time.Second)

// place takes a place, or says that none is free.
func (a *Activities) place() (release func(), err error) {
	select {
	case a.working <- struct{}{}:
		return func() { <-a.working }, nil
	default:
		return nil, errBusy
	}
}

// ReadRosterInput names an import whose package was received.
type ReadRosterInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
}

// ReadRosterResult says whether the rows are staged. An import that is stopped has
// the code of the reason.
type ReadRosterResult struct {
	Stopped bool
	Code    string `json:",omitempty"`
}

// ReadRoster scans the package, and stages its rows when it is clean.
func (a *Activities) ReadRoster(ctx context.Context, in ReadRosterInput) (ReadRosterResult, error) {
	i, err := rosters.Get(ctx, a.DB.Single(in.Org), in.Import)
	switch {
	case err != nil:
		return ReadRosterResult{}, err
	case !i.State.Open():
		return ended(i), nil
	case len(i.Modes) > 0:
		return ReadRosterResult{}, nil // staged by an attempt whose answer was lost
	}
	release, err := a.place()
	if err != nil {
		return ReadRosterResult{}, err
	}
	defer release()
	defer queue.Heartbeat(ctx)()
	return a.read(ctx, in, i)
}

// ended is the answer about an import that has ended.
func ended(i rosters.Import) ReadRosterResult {
	r := ReadRosterResult{Stopped: true}
	if i.Stop != nil {
		r.Code = i.Stop.Code
	}
	return r
}

// stop ends an import of which nothing is used.
func (a *Activities) stop(ctx context.Context, in ReadRosterInput, p *oneroster.Package, why rosters.StopReason) (ReadRosterResult, error) {
	return ReadRosterResult{Stopped: true, Code: why.Code}, rosters.Stop(ctx, a.DB, in.Org, in.Import, p, why)
}

// CompareRosterInput names an import whose rows are staged.
type CompareRosterInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
}

// CompareRosterResult counts the changes that were found.
type CompareRosterResult struct {
	Hash  string
	Total int64
	Holds int
}

// CompareRoster finds what the package changes. A second call finds it again.
func (a *Activities) CompareRoster(ctx context.Context, in CompareRosterInput) (CompareRosterResult, error) {
	if _, err := rosters.Get(ctx, a.DB.Single(in.Org), in.Import); err != nil {
		return CompareRosterResult{}, err
	}
	release, err := a.place()
	if err != nil {
		return CompareRosterResult{}, err
	}
	defer release()
	defer queue.Heartbeat(ctx)()
	found, err := rosters.Diff(ctx, a.DB, in.Org, in.Import)
	return CompareRosterResult{Hash: found.Hash, Total: found.Summary.Total, Holds: len(found.Holds)}, err
}

// TakeRosterTurnInput names an import whose changes were found.
type TakeRosterTurnInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
}

// TakeRosterTurnResult is what comes next; State and Code are of an import that has
// ended.
type TakeRosterTurnResult struct {
	Next  rosters.Next
	Until time.Time     `json:",omitzero"`
	State rosters.State `json:",omitempty"`
	Code  string        `json:",omitempty"`
}

// TakeRosterTurn says what comes next of an import, by what was decided and by the
// pause of its source.
func (a *Activities) TakeRosterTurn(ctx context.Context, in TakeRosterTurnInput) (TakeRosterTurnResult, error) {
	turn, err := rosters.TakeTurn(ctx, a.DB, in.Org, in.Import)
	result := TakeRosterTurnResult{Next: turn.Next, Until: turn.Until}
	if err != nil || turn.Next != rosters.NextEnd {
		return result, err
	}
	i, err := rosters.Get(ctx, a.DB.Single(in.Org), in.Import)
	result.State, result.Code = i.State, ended(i).Code
	return result, err
}
