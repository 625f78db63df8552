package roblox

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// ReadFiguresInput names the connection.
type ReadFiguresInput struct {
	Org        tenancy.OrgID
	Connection uuid.UUID
}

// ReadFiguresResult counts what was read.
type ReadFiguresResult struct {
	Read int
	Stop string `json:",omitempty"`
}

const (
	// mostPages bounds what is read of one scope: 20,000 people. Those beyond it are not counted.
	mostPages = 200
	// usageDays is how many days are asked for each time: Roblox changes its last ones.
	usageDays = 30
	// queryLooks is how often a query is asked for that Roblox works on.
	queryLooks = 20
)

// ReadFigures reads how far people are in what the organization named, and how many used the
// experience, once a day: what is read more often tells of single people. Numbers of
// accounts, by which the experience keeps its entries, do not leave the client.
func (a *Activities) ReadFigures(ctx context.Context, in ReadFiguresInput) (ReadFiguresResult, error) {
	defer queue.Heartbeat(ctx)()
	s, err := a.open(ctx, in.Org, in.Connection)
	if err != nil {
		return ReadFiguresResult{}, err
	}
	if s.State == connections.Stopped {
		return ReadFiguresResult{Stop: s.Code}, nil
	}
	now := a.Now().UTC()
	r := ReadFiguresResult{}
	r.Read, err = s.figures(ctx, now)
	if err != nil && stops(err) {
		r.Stop, err = s.stop(ctx, err)
	}
	if err != nil {
		return r, err
	}
	return r, connections.ForgetFigures(ctx, a.DB.Single(in.Org), s.Connection, now)
}

func (s *session) figures(ctx context.Context, now time.Time) (n int, err error) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	once := func(kind connections.FigureKind, name string, read func() ([]connections.Figure, error)) error {
		known, err := connections.FigureKnown(ctx, s.DB.Single(s.org), s.ID, kind, name, today)
		if err != nil || known {
			return err
		}
		found, err := read()
		if err != nil {
			return err
		}
		n += len(found)
		return connections.KeepFigures(ctx, s.DB, s.org, s.ID, found)
	}
	for _, name := range s.Progress {
		err := once(connections.ProgressFigure, name, func() ([]connections.Figure, error) { return s.progress(ctx, name, today) })
		if err != nil {
			return n, err
		}
	}
	if !(roblox.Key{Scopes: s.Key.Scopes}).May(roblox.UsageRead, s.Universe) {
		return n, nil // not every key has it, and nothing else needs it
	}
	return n, once(connections.UsageFigure, roblox.ActiveUsers, func() ([]connections.Figure, error) { return s.usage(ctx, today) })
}

// progress counts people by how far they are. What Roblox does not give to the end is not
// kept.
func (s *session) progress(ctx context.Context, name string, today time.Time) ([]connections.Figure, error) {
	type page struct {
		values []int64
		next   string
	}
	var parts connections.Parts
	token, certain := "", false
	for range mostPages {
		got, err := ask(ctx, s, connections.EntryList, func() (p page, err error) {
			p.values, p.next, err = s.cloud.ListOrdered(ctx, s.Universe, ProgressStore, name, token)
			return p, err
		})
		if err != nil {
			return nil, err
		}
		for _, v := range got.values {
			parts.Add(v)
		}
		if token = got.next; token == "" {
			certain = true
			break
		}
	}
	return []connections.Figure{{Kind: connections.ProgressFigure, Name: name, Day: today, Numbers: connections.Numbers{Parts: &parts, People: parts.People(), Certain: certain}}}, nil
}

// usage asks how many people used the experience, up to yesterday.
func (s *session) usage(ctx context.Context, today time.Time) ([]connections.Figure, error) {
	q, err := ask(ctx, s, connections.Ask, func() (roblox.Query, error) {
		return s.cloud.QueryMetric(ctx, s.Universe, roblox.ActiveUsers, today.AddDate(0, 0, -usageDays), today)
	})
	for look := 0; err == nil && !q.Done; look++ {
		if look == queryLooks {
			return nil, roblox.ErrBusy.Because(errors.New("a query of usage is not done"))
		}
		q, err = ask(ctx, s, connections.AskAgain, func() (roblox.Query, error) { return s.cloud.PollMetric(ctx, q.Path) })
	}
	if err != nil {
		return nil, err
	}
	all := make([]connections.Figure, 0, len(q.Points))
	for _, p := range q.Points {
		all = append(all, connections.Figure{Kind: connections.UsageFigure, Name: roblox.ActiveUsers, Day: p.Time, Numbers: connections.Numbers{People: int64(p.Value), Certain: p.Certain}})
	}
	return all, nil
}
