package connections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/roblox"
	"satchel/roblox/connections/connectionsdb"
	"satchel/tenancy"
)

// Removing is the state of a lesson whose entry is being deleted. Lessons are planned,
// claimed, live, refused, withheld and unsure as assets are; an unsure one is read back by
// itself, since an entry, unlike an upload, can be found by its key.
const Removing State = "removing"

// Lesson is a document that was made from a text, as an entry of a data store.
type Lesson struct {
	Connection, File, Version uuid.UUID
	Name, Kind                string
	State                     State
	Code                      string
	Rule                      string // by which it may not leave
	Wanted, AtRoblox          bool
	Claim                     *uuid.UUID
	SHA256, Revision          string // of the entry as it was written last
	Tries                     int
	WrittenAt                 *time.Time
	UpdatedAt                 time.Time
}

// Key is the entry of a lesson. It says nothing of the file.
func (l Lesson) Key() string { return roblox.LessonKey(l.File) }

// WantedLesson is a published file that shows a document.
type WantedLesson struct {
	File, Version uuid.UUID
	Name, Kind    string
}

// LessonsWanted reads those of the spaces of a connection, behind one.
func LessonsWanted(ctx context.Context, q tenancy.Queries, c Connection, after uuid.UUID, n int) ([]WantedLesson, error) {
	rows, err := connectionsdb.New(q).LessonsWanted(ctx, connectionsdb.LessonsWantedParams{ConnectionID: c.ID, Spaces: c.Spaces, After: after, N: int64(n)})
	all := make([]WantedLesson, len(rows))
	for i, r := range rows {
		all[i] = WantedLesson{File: r.ID, Version: r.VersionID, Name: r.Name, Kind: r.Kind}
	}
	return all, wrap(err, "list lessons for Roblox")
}

// AddLesson says that a lesson is wanted, or by which rule it may not leave.
func (p Planning) AddLesson(ctx context.Context, w WantedLesson, rule string) error {
	q := connectionsdb.New(p.tx)
	if rule != "" {
		return wrap(q.LessonWithhold(ctx, connectionsdb.LessonWithholdParams{ConnectionID: p.connection, FileID: w.File, VersionID: w.Version, Name: w.Name, Kind: w.Kind, Rule: rule}), "withhold lesson")
	}
	return wrap(q.LessonPlan(ctx, connectionsdb.LessonPlanParams{ConnectionID: p.connection, FileID: w.File, VersionID: w.Version, Name: w.Name, Kind: w.Kind, LookAgain: lookAgain}), "plan lesson")
}

func settleLessons(ctx context.Context, q *connectionsdb.Queries, connection uuid.UUID) error {
	if err := q.LessonSettle(ctx, connection); err != nil {
		return fmt.Errorf("settle plan of lessons: %w", err)
	}
	return wrap(q.LessonForget(ctx, connection), "forget lessons that were withheld")
}

// LessonsDue reads those that have something to do now.
func LessonsDue(ctx context.Context, q tenancy.Queries, connection uuid.UUID, n int) ([]Lesson, error) {
	rows, err := connectionsdb.New(q).LessonsDue(ctx, connectionsdb.LessonsDueParams{ConnectionID: connection, N: int64(n)})
	all := make([]Lesson, len(rows))
	for i, r := range rows {
		all[i] = lessonOf(connection, connectionsdb.LessonListRow(r))
	}
	return all, wrap(err, "list lessons that are due")
}

func lessonOf(connection uuid.UUID, r connectionsdb.LessonListRow) Lesson {
	return Lesson{Connection: connection, File: r.FileID, Version: r.VersionID, Name: r.Name, Kind: r.Kind, State: State(r.State), Code: r.Code, Rule: r.Rule, Wanted: r.Wanted, AtRoblox: r.AtRoblox, Claim: r.Claim,
		SHA256: r.Sha256, Revision: r.Revision, Tries: int(r.Tries), WrittenAt: r.WrittenAt, UpdatedAt: r.UpdatedAt}
}

// LessonsLeft counts those that have something to do within a day, and says when that begins.
func LessonsLeft(ctx context.Context, q tenancy.Queries, connection uuid.UUID) (int64, time.Time, error) {
	r, err := connectionsdb.New(q).LessonsLeft(ctx, connection)
	return r.N, r.NextAt, wrap(err, "count lessons that are left")
}

// Document is what a version of a file shows.
type Document struct {
	JSON    string // canonical; empty: its generation was deleted
	Answers bool   // the file that a person approved has the answers
	Current bool   // it is what the file shows now
}

// DocumentOf reads it.
func DocumentOf(ctx context.Context, q tenancy.Queries, version uuid.UUID) (Document, error) {
	r, err := connectionsdb.New(q).LessonSource(ctx, version)
	if err != nil {
		return Document{}, notFound(err, roblox.ErrNotFound, "read document of a lesson")
	}
	return Document{JSON: r.Document, Answers: r.Answers, Current: r.Current}, nil
}

// ClaimLesson notes that the write begins. False: it is not this step's any more.
func ClaimLesson(ctx context.Context, q tenancy.Queries, l *Lesson) (bool, error) {
	claim := tenancy.NewID()
	n, err := connectionsdb.New(q).LessonClaim(ctx, connectionsdb.LessonClaimParams{ConnectionID: l.Connection, FileID: l.File, VersionID: l.Version, Was: string(l.State), Claim: &claim, Lease: lease})
	if err == nil && n == 1 {
		l.State, l.Claim, l.AtRoblox = Claimed, &claim, true
	}
	return n == 1, wrap(err, "claim lesson")
}

// MoveLesson writes what becomes of a lesson, unless the row is not any more as it was read.
func MoveLesson(ctx context.Context, q tenancy.Queries, l Lesson, m Move) error {
	_, err := connectionsdb.New(q).LessonMove(ctx, connectionsdb.LessonMoveParams{ConnectionID: l.Connection, FileID: l.File, Was: string(l.State), Claim: l.Claim, State: string(m.To), Code: m.Code,
		Tries: int32(min(m.Tries, 1000)), Pause: m.Pause, GoesOn: !m.Rests})
	return wrap(err, "move lesson")
}

// LessonWritten notes what is in the entry now.
func LessonWritten(ctx context.Context, q tenancy.Queries, l Lesson, sha256, revision string) error {
	_, err := connectionsdb.New(q).LessonWritten(ctx, connectionsdb.LessonWrittenParams{ConnectionID: l.Connection, FileID: l.File, VersionID: l.Version, Was: string(l.State), Claim: l.Claim, Sha256: sha256, Revision: revision})
	return wrap(err, "note lesson")
}

// UnwantLesson has a lesson taken away: it is not shown any more, or by a rule may not leave.
func UnwantLesson(ctx context.Context, q tenancy.Queries, l Lesson, rule string) error {
	_, err := connectionsdb.New(q).LessonUnwant(ctx, connectionsdb.LessonUnwantParams{ConnectionID: l.Connection, FileID: l.File, Was: string(l.State), Claim: l.Claim, Rule: rule})
	return wrap(err, "take lesson away")
}

// LessonRemoved notes that no entry is there. What a rule keeps inside stays listed with it.
func LessonRemoved(ctx context.Context, q tenancy.Queries, l Lesson) error {
	d := connectionsdb.New(q)
	if err := d.LessonKept(ctx, connectionsdb.LessonKeptParams{ConnectionID: l.Connection, FileID: l.File}); err != nil {
		return fmt.Errorf("note that a lesson stays inside: %w", err)
	}
	return wrap(d.LessonGone(ctx, connectionsdb.LessonGoneParams{ConnectionID: l.Connection, FileID: l.File}), "forget lesson")
}

// LessonCounts gives how many lessons are in each state.
func LessonCounts(ctx context.Context, q tenancy.Queries, connection uuid.UUID) (map[State]int64, error) {
	rows, err := connectionsdb.New(q).LessonCounts(ctx, connection)
	counts := map[State]int64{}
	for _, r := range rows {
		counts[State(r.State)] = r.N
	}
	return counts, wrap(err, "count lessons")
}

// Lessons reads a page, by file.
func Lessons(ctx context.Context, q tenancy.Queries, connection, after uuid.UUID, n int) ([]Lesson, error) {
	rows, err := connectionsdb.New(q).LessonList(ctx, connectionsdb.LessonListParams{ConnectionID: connection, After: after, N: int64(n)})
	all := make([]Lesson, len(rows))
	for i, r := range rows {
		all[i] = lessonOf(connection, r)
	}
	return all, wrap(err, "list lessons")
}

// LessonEntry is a lesson as experiences find it.
type LessonEntry struct {
	File     uuid.UUID `json:"-"`
	Key      string    `json:"key"`
	Kind     string    `json:"kind"`
	Name     string    `json:"name"`
	Revision string    `json:"revision"`
	SHA256   string    `json:"sha256"`
}

// LiveLessons are those that experiences may read, by file.
func LiveLessons(ctx context.Context, q tenancy.Queries, connection uuid.UUID) ([]LessonEntry, error) {
	rows, err := connectionsdb.New(q).LessonsLive(ctx, connection)
	all := make([]LessonEntry, len(rows))
	for i, r := range rows {
		all[i] = LessonEntry{File: r.FileID, Key: roblox.LessonKey(r.FileID), Kind: r.Kind, Name: r.Name, Revision: r.Revision, SHA256: r.Sha256}
	}
	return all, wrap(err, "list live lessons")
}
