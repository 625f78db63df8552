package roblox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/disclosure"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// AdvanceAssetsInput names the connection.
type AdvanceAssetsInput struct {
	Org        tenancy.OrgID
	Connection uuid.UUID
}

// AdvanceAssetsResult says how far it is.
type AdvanceAssetsResult struct {
	Done int           // steps
	Left int64         // assets and lessons that have another one
	Wait time.Duration // until it is due
	Stop string        `json:",omitempty"` // why the connection is stopped
}

const (
	// atOnce is how many requests of one sync are on their way.
	atOnce = 8
	// steps bounds what one call does, so that what it did is seen.
	steps = 200
	// moderationPatience is after how long an asset that is still reviewed waits for another sync.
	moderationPatience = 24 * time.Hour
)

// AdvanceAssets does the next step of each asset and each lesson that is due.
func (a *Activities) AdvanceAssets(ctx context.Context, in AdvanceAssetsInput) (AdvanceAssetsResult, error) {
	defer queue.Heartbeat(ctx)()
	s, err := a.open(ctx, in.Org, in.Connection)
	if err != nil {
		return AdvanceAssetsResult{}, err
	}
	if s.State == connections.Stopped {
		return AdvanceAssetsResult{Stop: s.Code}, nil
	}
	var r AdvanceAssetsResult
	for r.Done < steps { // a step often makes the next one due
		due, err := s.due(ctx, steps-r.Done)
		if err != nil {
			return r, err
		}
		if len(due) == 0 {
			break
		}
		stopped, err := all(ctx, due)
		if err != nil {
			return r, err
		}
		if r.Done += len(due); stopped != nil {
			r.Stop, err = s.stop(ctx, stopped)
			return r, err
		}
	}
	r.Left, r.Wait, err = s.left(ctx)
	return r, err
}

// due are the next steps of assets and lessons.
func (s *session) due(ctx context.Context, n int) (steps []func(context.Context) error, err error) {
	assets, err := connections.Due(ctx, s.DB.Single(s.org), s.ID, n)
	if err != nil {
		return nil, err
	}
	for _, a := range assets {
		steps = append(steps, func(ctx context.Context) error { return s.step(ctx, a) })
	}
	if len(steps) == n {
		return steps, nil
	}
	lessons, err := connections.LessonsDue(ctx, s.DB.Single(s.org), s.ID, n-len(steps))
	for _, l := range lessons {
		steps = append(steps, func(ctx context.Context) error { return s.lessonStep(ctx, l) })
	}
	return steps, err
}

// left counts what has a next step within a day, and says how far the first one is away.
func (s *session) left(ctx context.Context) (int64, time.Duration, error) {
	assets, next, err := connections.Left(ctx, s.DB.Single(s.org), s.ID)
	if err != nil {
		return 0, 0, err
	}
	lessons, first, err := connections.LessonsLeft(ctx, s.DB.Single(s.org), s.ID)
	if assets == 0 || lessons > 0 && first.Before(next) {
		next = first
	}
	return assets + lessons, max(next.Sub(s.Now()), 0), err
}

// all does steps, some at once. What stops the connection stops those that have not begun.
func all(ctx context.Context, due []func(context.Context) error) (stopped, err error) {
	var g errgroup.Group
	g.SetLimit(atOnce)
	var mu sync.Mutex
	for _, step := range due {
		mu.Lock()
		ends := stopped != nil
		mu.Unlock()
		if ends || ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			err := step(ctx)
			if stops(err) {
				mu.Lock()
				defer mu.Unlock()
				stopped = err
				return nil
			}
			return err
		})
	}
	err = g.Wait()
	return stopped, errors.Join(err, context.Cause(ctx))
}

// step does the next step of an asset. An error is what no step of it can put right, or what
// stops the connection; all else is in its row.
func (s *session) step(ctx context.Context, a connections.Asset) error {
	switch a.State {
	case connections.Planned:
		return s.upload(ctx, a)
	case connections.Claimed:
		// Who claimed it has not said what became of it, and had the time to.
		return s.move(ctx, a, connections.Move{To: connections.Unsure, Code: roblox.ErrUnsure.Code, Rests: true})
	case connections.Uploading:
		return s.poll(ctx, a)
	case connections.Reviewing, connections.Live:
		return s.look(ctx, a)
	case connections.Approved:
		err := tell(ctx, s, connections.Grant, func() error { return s.cloud.GrantAsset(ctx, *a.AssetID, s.Universe) })
		return s.settle(ctx, a, err, connections.Move{To: connections.Live, Rests: true})
	case connections.Archiving:
		err := tell(ctx, s, connections.Archive, func() error { return s.cloud.ArchiveAsset(ctx, *a.AssetID) })
		if errors.Is(err, roblox.ErrNotFound) {
			err = nil
		}
		return s.settle(ctx, a, err, connections.Move{To: connections.Archived, Rests: true})
	case connections.Restoring:
		err := tell(ctx, s, connections.Archive, func() error { return s.cloud.RestoreAsset(ctx, *a.AssetID) })
		return s.settle(ctx, a, err, connections.Move{To: connections.Reviewing})
	default:
		return s.move(ctx, a, connections.Move{To: a.State, Code: a.Code, Rests: true}) // nothing is to be done
	}
}

// move writes what became of an asset, also when the step was called off meanwhile: what
// Roblox has done is done.
func (s *session) move(ctx context.Context, a connections.Asset, m connections.Move) error {
	return connections.MoveAsset(context.WithoutCancel(ctx), s.DB.Single(s.org), a, m)
}

// settle writes what a request led to.
func (s *session) settle(ctx context.Context, a connections.Asset, err error, well connections.Move) error {
	if err == nil {
		return s.move(ctx, a, well)
	}
	return s.trouble(ctx, a, a.State, err)
}

// trouble writes what a refusal means. back is the state in which the step is done again.
func (s *session) trouble(ctx context.Context, a connections.Asset, back connections.State, err error) error {
	f := fault.Of(err)
	m := connections.Move{To: back, Code: f.Code, Tries: a.Tries + 1}
	switch {
	case ctx.Err() != nil && !errors.Is(err, roblox.ErrUnsure):
		m.Code, m.Tries = a.Code, a.Tries // the step was called off
		return errors.Join(err, s.move(ctx, a, m))
	case stops(err):
		m.Pause = time.Minute
		return errors.Join(s.move(ctx, a, m), err)
	case errors.Is(err, roblox.ErrUnsure), f.Kind == fault.NotFound && back != connections.Planned:
		m.To, m.Rests = connections.Unsure, true
	case f.Kind == fault.Limited, f.Kind == fault.Unavailable:
		m.Pause = max(f.RetryAfter, pause(a.Tries, time.Second, 10*time.Minute))
	case f.Kind == fault.Internal:
		return errors.Join(err, s.move(ctx, a, connections.Move{To: back, Code: f.Code, Tries: a.Tries + 1, Pause: pause(a.Tries, time.Second, 10*time.Minute)}))
	default:
		m.To, m.Rests = connections.Refused, true
	}
	return s.move(ctx, a, m)
}

// pause doubles with each try.
func pause(tries int, first, longest time.Duration) time.Duration {
	return min(first<<min(tries, 20), longest)
}

// upload makes the asset. Between the claim and what is written behind the answer lies the
// one request that must not be made twice.
func (s *session) upload(ctx context.Context, a connections.Asset) error {
	q := s.DB.Single(s.org)
	source, err := connections.SourceOf(ctx, q, a.Version)
	if err == nil && !source.Current {
		err = roblox.ErrNotFound
	}
	if err == nil {
		err = allowed(ctx, q, a.File)
	}
	switch {
	case errors.Is(err, roblox.ErrNotFound):
		return s.move(ctx, a, connections.Move{To: connections.Archived, Code: "not_current", Rests: true})
	case errors.Is(err, disclosure.ErrRefused):
		return s.move(ctx, a, connections.Move{To: connections.Withheld, Code: fault.Of(err).Rule, Rests: true})
	case err != nil:
		return s.trouble(ctx, a, connections.Planned, err)
	}
	content, err := s.read(ctx, a.Version, source)
	if err != nil {
		return s.trouble(ctx, a, connections.Planned, err)
	}
	_, contentType, _ := roblox.TypeOf(source.MimeType, source.Name)
	if err := s.Budget.Take(ctx, s.KeyOwner, connections.Create); err != nil {
		return s.trouble(ctx, a, connections.Planned, err)
	}
	claimed, err := connections.ClaimUpload(ctx, q, &a)
	if err != nil || !claimed {
		return err
	}
	o, err := s.cloud.CreateAsset(ctx, roblox.NewAsset{Type: a.Type, DisplayName: roblox.DisplayName(a.Version), Creator: s.Creator, ContentType: contentType, Content: content})
	if errors.Is(err, roblox.ErrBusy) {
		err = errors.Join(err, s.Budget.Hold(context.WithoutCancel(ctx), s.KeyOwner, connections.Create, fault.Of(err).RetryAfter))
	}
	if err != nil {
		return s.trouble(ctx, a, connections.Planned, err)
	}
	return s.move(ctx, a, connections.Move{To: connections.Uploading, Operation: o.ID, Pause: time.Second})
}

// read reads a version whole; its size is bounded.
func (s *session) read(ctx context.Context, version uuid.UUID, source connections.Source) ([]byte, error) {
	if source.Size > roblox.MaxAsset {
		return nil, roblox.ErrTooLarge
	}
	r, err := s.Clean.Open(ctx, files.ContentKey(s.org, version), source.ETag, 0, -1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	content, err := io.ReadAll(io.LimitReader(r, roblox.MaxAsset+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read version: %w", err)
	case int64(len(content)) != source.Size:
		return nil, fmt.Errorf("version has %d bytes and not %d", len(content), source.Size)
	}
	return content, nil
}

// poll asks how far an upload is.
func (s *session) poll(ctx context.Context, a connections.Asset) error {
	o, err := ask(ctx, s, connections.Poll, func() (roblox.Operation, error) { return s.cloud.GetOperation(ctx, a.Operation) })
	switch {
	case err != nil:
		return s.trouble(ctx, a, a.State, err)
	case !o.Done:
		return s.move(ctx, a, connections.Move{To: a.State, Tries: a.Tries + 1, Pause: pause(a.Tries+1, time.Second, time.Minute)})
	}
	return s.move(ctx, a, connections.Move{To: connections.Reviewing, AssetID: &o.AssetID})
}

// look asks what moderation decided, of a live asset too: it may be rejected late.
func (s *session) look(ctx context.Context, a connections.Asset) error {
	found, err := ask(ctx, s, connections.Look, func() (roblox.Asset, error) { return s.cloud.GetAsset(ctx, *a.AssetID) })
	switch {
	case err != nil:
		return s.trouble(ctx, a, a.State, err)
	case found.Moderation == roblox.Rejected:
		return s.move(ctx, a, connections.Move{To: connections.Rejected, Code: "roblox_moderation", Rests: true})
	case a.State == connections.Live:
		return s.move(ctx, a, connections.Move{To: connections.Live, Rests: true})
	case found.Moderation == roblox.Approved && !a.Wanted:
		return s.move(ctx, a, connections.Move{To: connections.Archiving})
	case found.Moderation == roblox.Approved:
		return s.move(ctx, a, connections.Move{To: connections.Approved})
	case s.Now().Sub(a.CreatedAt) > moderationPatience && a.Tries > 5:
		return s.move(ctx, a, connections.Move{To: a.State, Code: "roblox_moderation_slow", Rests: true})
	}
	return s.move(ctx, a, connections.Move{To: a.State, Tries: a.Tries + 1, Pause: pause(a.Tries, time.Second, 15*time.Minute)})
}
