package connections

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/roblox"
	"satchel/roblox/connections/connectionsdb"
	"satchel/tenancy"
)

// FigureKind is what a figure of an experience says.
type FigureKind string

// The kinds of figures.
const (
	ProgressFigure FigureKind = "progress" // how far people are, now
	UsageFigure    FigureKind = "usage"    // how many people used the experience on a day
)

// Parts are how many people are how far: below a quarter, below a half, below three quarters,
// further, and done.
type Parts [5]int64

// Add counts a person by how far they are, in percent.
func (p *Parts) Add(percent int64) {
	p[min(max(percent, 0)/25, int64(len(p)-1))]++
}

// People are all of them.
func (p Parts) People() (n int64) {
	for _, part := range p {
		n += part
	}
	return n
}

// Numbers are those of a figure.
type Numbers struct {
	Parts   *Parts `json:"parts,omitempty"` // of progress
	People  int64  `json:"people"`
	Certain bool   `json:"certain"` // Roblox counted it to the end
}

// Figure is one figure of an experience.
type Figure struct {
	Kind    FigureKind
	Name    string
	Day     time.Time // UTC
	Numbers Numbers
	ReadAt  time.Time
}

// mostProgress bounds what is counted of one connection.
const mostProgress = 50

var progressName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$`)

// The refusals of what is counted.
var (
	ErrProgressName = fault.New(fault.Invalid, "invalid_progress", "progress lists at most 50 names of what is counted: letters, digits, dots, hyphens and underscores, at most 50 each, such as volcano-quiz.")
)

// CheckProgress refuses names that are no scopes of a data store.
func CheckProgress(names []string) error {
	seen := map[string]bool{}
	for _, n := range names {
		if !progressName.MatchString(n) || seen[n] {
			return ErrProgressName
		}
		seen[n] = true
	}
	if len(names) > mostProgress {
		return ErrProgressName
	}
	return nil
}

// MayCount refuses a key with which progress is not read, or a person is not erased from it.
func MayCount(info KeyInfo, universe int64) error {
	k := roblox.Key{Scopes: info.Scopes}
	for _, right := range []string{roblox.ProgressRead, roblox.ProgressWrite} {
		if !k.May(right, universe) {
			return roblox.ErrScope.Because(nil).Under(right)
		}
	}
	return nil
}

// FigureKnown says whether a figure was read on a day already.
func FigureKnown(ctx context.Context, q tenancy.Queries, connection uuid.UUID, kind FigureKind, name string, since time.Time) (bool, error) {
	known, err := connectionsdb.New(q).FigureKnown(ctx, connectionsdb.FigureKnownParams{ConnectionID: connection, Kind: string(kind), Name: name, Since: since})
	return known, wrap(err, "look for figure of experience")
}

// KeepFigures keeps figures of one name. Of progress only the newest stays: how it changed
// from day to day would tell of single people.
func KeepFigures(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, connection uuid.UUID, all []Figure) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		q := connectionsdb.New(tx)
		for _, f := range all {
			encoded, err := json.Marshal(f.Numbers)
			if err != nil {
				return fmt.Errorf("encode figure of experience: %w", err)
			}
			p := connectionsdb.FigureKeepParams{ConnectionID: connection, Kind: string(f.Kind), Name: f.Name, Day: f.Day, Numbers: encoded}
			if err := q.FigureKeep(ctx, p); err != nil {
				return fmt.Errorf("keep figure of experience: %w", err)
			}
			if f.Kind == ProgressFigure {
				if err := q.FigureForget(ctx, connectionsdb.FigureForgetParams{ConnectionID: connection, Name: f.Name, Day: f.Day}); err != nil {
					return fmt.Errorf("forget older figure of experience: %w", err)
				}
			}
		}
		return nil
	})
}

// usageKept is how long the use of an experience by day is kept.
const usageKept = 400 * 24 * time.Hour

// ForgetFigures forgets what is not counted any more, and what is old.
func ForgetFigures(ctx context.Context, q tenancy.Queries, c Connection, now time.Time) error {
	return wrap(connectionsdb.New(q).FiguresForget(ctx, connectionsdb.FiguresForgetParams{ConnectionID: c.ID, Names: c.Progress, Before: now.Add(-usageKept)}), "forget figures of experience")
}

// Figures reads what an experience says: progress now, and use since a day.
func Figures(ctx context.Context, q tenancy.Queries, connection uuid.UUID, since time.Time) ([]Figure, error) {
	rows, err := connectionsdb.New(q).FigureList(ctx, connectionsdb.FigureListParams{ConnectionID: connection, Since: since})
	if err != nil {
		return nil, fmt.Errorf("list figures of experience: %w", err)
	}
	all := make([]Figure, len(rows))
	for i, r := range rows {
		all[i] = Figure{Kind: FigureKind(r.Kind), Name: r.Name, Day: r.Day, ReadAt: r.ReadAt}
		if err := json.Unmarshal(r.Numbers, &all[i].Numbers); err != nil {
			return nil, fmt.Errorf("read figure of experience: %w", err)
		}
	}
	return all, nil
}
