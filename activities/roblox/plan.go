package roblox

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/disclosure"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// PlanSyncInput names the connection.
type PlanSyncInput struct {
	Org        tenancy.OrgID
	Connection uuid.UUID
}

// PlanSyncResult counts the files.
type PlanSyncResult struct {
	Wanted, Withheld int
	Stop             string `json:",omitempty"` // why the connection is stopped
}

const (
	pageOfFiles = 500
	// mostFiles bounds what one connection brings to Roblox; those beyond it are left.
	mostFiles = 10_000
)

// planned is a file with what was decided about it.
type planned struct {
	connections.Wanted
	asset roblox.AssetType
	state connections.State
	code  string
}

// PlanSync asks Roblox what the key may do, and writes which files and lessons are to be there.
func (a *Activities) PlanSync(ctx context.Context, in PlanSyncInput) (PlanSyncResult, error) {
	defer queue.Heartbeat(ctx)()
	s, err := a.open(ctx, in.Org, in.Connection)
	if err != nil {
		return PlanSyncResult{}, err
	}
	if s.State == connections.Stopped {
		return PlanSyncResult{Stop: s.Code}, nil
	}
	if err := s.check(ctx); err != nil {
		if !stops(err) {
			return PlanSyncResult{}, err
		}
		code, err := s.stop(ctx, err)
		return PlanSyncResult{Stop: code}, err
	}
	all, err := s.wanted(ctx)
	if err != nil {
		return PlanSyncResult{}, err
	}
	lessons, err := s.wantedLessons(ctx)
	if err != nil {
		return PlanSyncResult{}, err
	}
	err = connections.Plan(ctx, a.DB, in.Org, in.Connection, func(p connections.Planning) error {
		for _, f := range all {
			if err := p.Add(ctx, f.Wanted, f.asset, f.state, f.code); err != nil {
				return err
			}
		}
		for _, l := range lessons {
			if err := p.AddLesson(ctx, l.WantedLesson, l.rule); err != nil {
				return err
			}
		}
		return nil
	})
	return countPlanned(all, lessons), err
}

func countPlanned(all []planned, lessons []plannedLesson) (r PlanSyncResult) {
	for _, f := range all {
		if f.state == connections.Planned {
			r.Wanted++
		} else {
			r.Withheld++
		}
	}
	for _, l := range lessons {
		if l.rule == "" {
			r.Wanted++
		} else {
			r.Withheld++
		}
	}
	return r
}

// check keeps what Roblox says about the key, and refuses one that cannot do the work.
func (s *session) check(ctx context.Context) error {
	key, err := s.cloud.Introspect(ctx)
	if err != nil {
		return err
	}
	if err := connections.Checked(ctx, s.DB.Single(s.org), s.Connection, key); err != nil {
		return err
	}
	switch {
	case !key.Enabled || key.Expired:
		return roblox.ErrKey
	case len(key.Missing(s.Universe)) > 0:
		return roblox.ErrScope
	}
	return nil
}

// wanted reads the files of the spaces, and asks of each whether it may leave.
func (s *session) wanted(ctx context.Context) (all []planned, err error) {
	q, after := s.DB.Single(s.org), uuid.Nil
	for len(all) < mostFiles {
		page, err := connections.FilesWanted(ctx, q, s.Spaces, after, pageOfFiles)
		if err != nil || len(page) == 0 {
			return all, err
		}
		for _, f := range page {
			after = f.File
			t, _, ok := roblox.TypeOf(f.MimeType, f.Name)
			if !ok {
				continue
			}
			one := planned{Wanted: f, asset: t, state: connections.Planned}
			err := allowed(ctx, q, f.File)
			switch {
			case errors.Is(err, disclosure.ErrRefused):
				one.state, one.code = connections.Withheld, fault.Of(err).Rule
			case err != nil:
				return nil, err
			case f.Size > roblox.MaxAsset:
				one.state, one.code = connections.Withheld, roblox.ErrTooLarge.Code
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// allowed asks whether a file may leave the organization by a connector.
func allowed(ctx context.Context, q tenancy.Queries, file uuid.UUID) error {
	d, err := disclosure.Disclose(ctx, q, disclosure.Connector, file, "Roblox")
	if err != nil {
		return err
	}
	return d.Refusal()
}

// FinishSyncInput names the connection.
type FinishSyncInput struct {
	Org        tenancy.OrgID
	Connection uuid.UUID
}

// FinishSyncResult counts the assets by state.
type FinishSyncResult struct{ Assets map[connections.State]int64 }

// FinishSync notes when the connection was synced, and counts what became of it.
func (a *Records) FinishSync(ctx context.Context, in FinishSyncInput) (FinishSyncResult, error) {
	q := a.DB.Single(in.Org)
	if _, err := connections.Get(ctx, q, in.Connection); err != nil {
		return FinishSyncResult{}, err
	}
	counts, err := connections.Counts(ctx, q, in.Connection)
	if err != nil {
		return FinishSyncResult{}, err
	}
	if err := connections.TellUnsure(ctx, a.DB, in.Org, in.Connection, counts[connections.Unsure]); err != nil {
		return FinishSyncResult{}, err
	}
	return FinishSyncResult{counts}, connections.Synced(ctx, q, in.Connection)
}
