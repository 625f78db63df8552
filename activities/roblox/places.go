package roblox

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/disclosure"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// PublishPlaceInput names the publication.
type PublishPlaceInput struct {
	Org         tenancy.OrgID
	Publication uuid.UUID
}

// PublishPlaceResult says what became of it.
type PublishPlaceResult struct {
	State  string
	Code   string `json:",omitempty"`
	Number int64  `json:",omitempty"`
}

// PublishPlace makes a version of a place of a file, once. A try whose end is not known
// makes it unsure: who asked looks in Roblox.
func (a *Activities) PublishPlace(ctx context.Context, in PublishPlaceInput) (PublishPlaceResult, error) {
	defer queue.Heartbeat(ctx)()
	q := a.DB.Single(in.Org)
	p, err := connections.GetPublication(ctx, q, in.Publication)
	if err != nil {
		return PublishPlaceResult{}, err
	}
	if p.Ended {
		r := PublishPlaceResult{State: p.State, Code: p.Code}
		if p.Number != nil {
			r.Number = *p.Number
		}
		return r, nil
	}
	s, err := a.open(ctx, in.Org, p.Connection)
	if err != nil {
		return PublishPlaceResult{}, err
	}
	number, err := s.publish(ctx, p)
	own := context.WithoutCancel(ctx)
	if err == nil {
		return PublishPlaceResult{State: connections.PlaceDone, Number: number}, connections.EndPlace(own, q, p.ID, connections.PlaceDone, "", &number)
	}
	f := fault.Of(err)
	r := PublishPlaceResult{State: connections.PlaceFailed, Code: f.Code}
	switch {
	case errors.Is(err, roblox.ErrUnsure):
		r.State = connections.PlaceUnsure
	case errors.Is(err, disclosure.ErrRefused):
		r.Code = f.Rule
	case f.Kind == fault.Limited, f.Kind == fault.Unavailable, f.Kind == fault.Internal:
		return PublishPlaceResult{}, err // another try may do better
	case stops(err):
		if _, stopErr := s.stop(ctx, err); stopErr != nil {
			return PublishPlaceResult{}, stopErr
		}
	}
	return r, connections.EndPlace(own, q, p.ID, r.State, r.Code, nil)
}

func (s *session) publish(ctx context.Context, p connections.Publication) (int64, error) {
	q := s.DB.Single(s.org)
	if s.State == connections.Stopped {
		return 0, connections.ErrStopped
	}
	if err := allowed(ctx, q, p.File); err != nil {
		return 0, err
	}
	source, err := connections.SourceOf(ctx, q, p.Version)
	if err != nil {
		return 0, err
	}
	content, err := s.read(ctx, p.Version, source)
	if err != nil {
		return 0, err
	}
	contentType, ok := roblox.PlaceContent(source.Name, content[:min(len(content), 16)])
	if !ok {
		return 0, connections.ErrNoPlace
	}
	if err := s.Budget.Take(ctx, s.KeyOwner, connections.Publish); err != nil {
		return 0, err
	}
	claimed, err := connections.ClaimPlace(ctx, q, p.ID)
	switch {
	case err != nil:
		return 0, err
	case !claimed:
		return 0, roblox.ErrUnsure // the try before this one did not say what became of it
	}
	number, err := s.cloud.PublishPlace(ctx, s.Universe, p.Place, contentType, content, p.Publish)
	if err == nil || errors.Is(err, roblox.ErrUnsure) {
		return number, err
	}
	own := context.WithoutCancel(ctx)
	if errors.Is(err, roblox.ErrBusy) {
		err = errors.Join(err, s.Budget.Hold(own, s.KeyOwner, connections.Publish, fault.Of(err).RetryAfter))
	}
	return 0, errors.Join(err, connections.ReleasePlace(own, q, p.ID))
}

// EndPublicationInput names a publication whose work ended without a word of Roblox.
type EndPublicationInput struct {
	Org         tenancy.OrgID
	Publication uuid.UUID
	Code        string
}

// EndPublicationResult says nothing.
type EndPublicationResult struct{}

// EndPublication ends a publication that was given up: one that was claimed may have been
// made.
func (a *Records) EndPublication(ctx context.Context, in EndPublicationInput) (EndPublicationResult, error) {
	q := a.DB.Single(in.Org)
	p, err := connections.GetPublication(ctx, q, in.Publication)
	if err != nil {
		return EndPublicationResult{}, err
	}
	state := connections.PlaceFailed
	if p.State == string(connections.Claimed) {
		state = connections.PlaceUnsure
	}
	return EndPublicationResult{}, connections.EndPlace(ctx, q, p.ID, state, in.Code, nil)
}

// EraseRobloxPersonInput names the request.
type EraseRobloxPersonInput struct {
	Org     tenancy.OrgID
	Erasure uuid.UUID
}

// EraseRobloxPersonResult says nothing of the person.
type EraseRobloxPersonResult struct{}

// EraseRobloxPerson deletes what an experience kept of a person in the store of progress,
// and forgets their number.
func (a *Activities) EraseRobloxPerson(ctx context.Context, in EraseRobloxPersonInput) (EraseRobloxPersonResult, error) {
	q := a.DB.Single(in.Org)
	e, err := connections.GetErasure(ctx, q, in.Erasure)
	if err != nil || e.User == 0 {
		return EraseRobloxPersonResult{}, err
	}
	s, err := a.open(ctx, in.Org, e.Connection)
	if err != nil {
		return EraseRobloxPersonResult{}, err
	}
	err = tell(ctx, s, connections.EntryPut, func() error {
		return s.cloud.DeleteEntry(ctx, s.Universe, ProgressStore, strconv.FormatInt(e.User, 10))
	})
	for i := 0; i < len(s.Progress) && err == nil; i++ {
		err = tell(ctx, s, connections.EntryPut, func() error {
			return s.cloud.DeleteOrdered(ctx, s.Universe, ProgressStore, s.Progress[i], strconv.FormatInt(e.User, 10))
		})
	}
	if err != nil {
		if stops(err) {
			// A person puts the key right; until then the request stays, and is tried again.
			return EraseRobloxPersonResult{}, roblox.ErrDown.Because(err)
		}
		return EraseRobloxPersonResult{}, err
	}
	return EraseRobloxPersonResult{}, connections.ErasureDone(ctx, q, e.ID)
}
