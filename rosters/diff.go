package rosters

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"satchel/rosters/oneroster"
	"satchel/rosters/rostersdb"
	"satchel/tenancy"
)

// removals is the number behind which the removals of an import are: they are
// applied last, and not at all by an import that only adds.
const removals = 1_000_000_000

// Counts is how much of a kind changes in a school, which is named by its
// sourcedId. An empty school is everything of no school.
type Counts struct {
	Kind    string `json:"kind"`
	School  string `json:"school"`
	New     int64  `json:"new"`
	Changed int64  `json:"changed"`
	Back    int64  `json:"back"`
	Leaving int64  `json:"leaving"`
	Held    int64  `json:"held"` // of all these, rows that are held alone
}

// RowCounts is what a file of the package had.
type RowCounts struct {
	Kind    string `json:"kind"`
	Rows    int64  `json:"rows"`
	Refused int64  `json:"refused"`
}

// Summary is the difference between a package and what is there, in numbers.
type Summary struct {
	Rows           []RowCounts `json:"rows"`
	Changes        []Counts    `json:"changes"`
	Total          int64       `json:"total"`
	Removals       int64       `json:"removals"`
	SchoolsMissing int64       `json:"schools_missing"` // schools with classes that the package does not name: nothing of them is removed
}

// Found is the result of a comparison.
type Found struct {
	Hash    string
	Holds   []Hold
	Summary Summary
}

// Diff compares the staged package with what is there and writes down the
// changes. A second call begins again, and gives the same hash while nothing
// changed in between.
func Diff(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) (Found, error) {
	var result Found
	err := db.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		i, err := Get(ctx, tx, id)
		if err != nil {
			return err
		}
		if !i.State.Open() {
			return ErrNotOpen
		}
		d := differ{q: rostersdb.New(tx), tx: tx, i: i}
		result, err = d.run(ctx)
		return err
	})
	return result, err
}

type differ struct {
	q    *rostersdb.Queries
	tx   *tenancy.Tx
	i    Import
	rows map[oneroster.Kind]rostersdb.RowsCountsRow
}

func (d *differ) run(ctx context.Context) (Found, error) {
	source, err := d.q.SourceLock(ctx, d.i.Source)
	if err != nil {
		return Found{}, found("lock roster source", err, ErrNoSource)
	}
	if err := errors.Join(d.q.PlanForMany(ctx), d.q.ChangesDelete(ctx, d.i.ID)); err != nil {
		return Found{}, fmt.Errorf("begin comparison: %w", err)
	}
	if err := d.count(ctx); err != nil {
		return Found{}, err
	}
	if err := d.insert(ctx); err != nil {
		return Found{}, err
	}
	result := Found{}
	if result.Summary, err = d.summary(ctx); err != nil {
		return result, err
	}
	if result.Holds, err = d.holds(ctx, result.Summary); err != nil {
		return result, err
	}
	if result.Hash, err = d.hash(ctx, source.Revision, result); err != nil {
		return result, err
	}
	return result, d.note(ctx, source.Revision, result)
}

func (d *differ) count(ctx context.Context) error {
	rows, err := d.q.RowsCounts(ctx, d.i.ID)
	if err != nil {
		return fmt.Errorf("count rows: %w", err)
	}
	d.rows = map[oneroster.Kind]rostersdb.RowsCountsRow{}
	for _, r := range rows {
		d.rows[oneroster.Kind(r.Kind)] = r
	}
	return nil
}

// complete says whether a file lists everything of its kind: what it omits is
// gone. A row of which not even the identifier can be read could be any of them.
func (d *differ) complete(k oneroster.Kind) bool {
	return d.i.Modes[k] == oneroster.Bulk && d.rows[k].Nameless == 0
}

// insert writes down the changes, in the order in which they are applied.
// Removals of classes and people are found before enrollments, which end with
// them.
func (d *differ) insert(ctx context.Context) error {
	id, source, orgs := d.i.ID, &d.i.Source, d.i.Modes[oneroster.Orgs] == oneroster.Bulk
	seq, gone := int64(0), int64(removals)
	for _, s := range []struct {
		what   string
		insert func() (int64, error)
		after  *int64
	}{
		{"schools", func() (int64, error) {
			return d.q.ChangesInsertSchools(ctx, rostersdb.ChangesInsertSchoolsParams{ImportID: id, SourceID: source, AfterSeq: seq})
		}, &seq},
		{"terms", func() (int64, error) {
			return d.q.ChangesInsertTerms(ctx, rostersdb.ChangesInsertTermsParams{ImportID: id, SourceID: source, AfterSeq: seq})
		}, &seq},
		{"classes", func() (int64, error) {
			return d.q.ChangesInsertClasses(ctx, rostersdb.ChangesInsertClassesParams{ImportID: id, SourceID: source, AfterSeq: seq})
		}, &seq},
		{"classes that leave", func() (int64, error) {
			return d.q.ChangesInsertClassesLeaving(ctx, rostersdb.ChangesInsertClassesLeavingParams{ImportID: id, SourceID: source, AfterSeq: gone, Complete: d.complete(oneroster.Classes), OrgsBulk: orgs})
		}, &gone},
		{"people", func() (int64, error) {
			return d.q.ChangesInsertPeople(ctx, rostersdb.ChangesInsertPeopleParams{ImportID: id, SourceID: source, AfterSeq: seq})
		}, &seq},
		{"roles", func() (int64, error) {
			return d.q.ChangesInsertRoles(ctx, rostersdb.ChangesInsertRolesParams{ImportID: id, SourceID: source, AfterSeq: seq})
		}, &seq},
		{"people who leave", func() (int64, error) {
			return d.q.ChangesInsertPeopleLeaving(ctx, rostersdb.ChangesInsertPeopleLeavingParams{ImportID: id, SourceID: source, AfterSeq: gone, Complete: d.complete(oneroster.Users), OrgsBulk: orgs})
		}, &gone},
		{"enrollments", func() (int64, error) {
			return d.q.ChangesInsertEnrollments(ctx, rostersdb.ChangesInsertEnrollmentsParams{ImportID: id, SourceID: source, AfterSeq: seq, AfterRemoval: gone, Complete: d.complete(oneroster.Enrollments), OrgsBulk: orgs})
		}, &seq}, // numbers of removals that are skipped do no harm
		{"guardians", func() (int64, error) {
			return d.q.ChangesInsertGuardians(ctx, rostersdb.ChangesInsertGuardiansParams{ImportID: id, SourceID: d.i.Source, AfterSeq: seq})
		}, &seq},
		{"held rows", func() (int64, error) { return d.q.ChangesHoldWith(ctx, id) }, nil},
	} {
		n, err := s.insert()
		if err != nil {
			return fmt.Errorf("compare %s: %w", s.what, err)
		}
		if s.after != nil {
			*s.after += n
		}
	}
	return nil
}

func (d *differ) summary(ctx context.Context) (Summary, error) {
	s := Summary{Rows: []RowCounts{}, Changes: []Counts{}}
	for _, k := range oneroster.Kinds {
		if r, ok := d.rows[k]; ok {
			s.Rows = append(s.Rows, RowCounts{Kind: r.Kind, Rows: r.Rows, Refused: r.Refused})
		}
	}
	rows, err := d.q.ChangesCounts(ctx, d.i.ID)
	if err != nil {
		return s, fmt.Errorf("count changes: %w", err)
	}
	for _, r := range rows {
		if n := len(s.Changes); n == 0 || s.Changes[n-1].Kind != r.Kind || s.Changes[n-1].School != r.School {
			s.Changes = append(s.Changes, Counts{Kind: r.Kind, School: r.School})
		}
		c := &s.Changes[len(s.Changes)-1]
		c.Held += r.Held
		s.Total += r.N
		switch r.Action {
		case "new":
			c.New = r.N
		case "changed":
			c.Changed = r.N
		case "back":
			c.Back = r.N
		case "leaving":
			c.Leaving = r.N
			s.Removals += r.N
		}
	}
	if d.i.Modes[oneroster.Orgs] == oneroster.Bulk {
		s.SchoolsMissing, err = d.q.SchoolsMissing(ctx, rostersdb.SchoolsMissingParams{ImportID: d.i.ID, SourceID: &d.i.Source})
	}
	return s, err
}

// hash names the changes: a decision about them holds for no others.
func (d *differ) hash(ctx context.Context, revision int64, f Found) (string, error) {
	changes, err := d.q.ChangesFingerprint(ctx, d.i.ID)
	if err != nil {
		return "", fmt.Errorf("hash changes: %w", err)
	}
	b, err := json.Marshal([]any{d.i.SHA256, d.i.Windows1252, revision, changes, f.Summary, f.Holds})
	if err != nil {
		return "", fmt.Errorf("hash changes: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

func (d *differ) note(ctx context.Context, revision int64, f Found) error {
	holds, err := encode(f.Holds)
	if err != nil {
		return err
	}
	summary, err := encode(f.Summary)
	if err != nil {
		return err
	}
	n, err := d.q.ImportFound(ctx, rostersdb.ImportFoundParams{ID: d.i.ID, BaseRevision: &revision, DiffHash: f.Hash, Holds: holds, Summary: summary, Patience: Patience})
	if err != nil {
		return fmt.Errorf("note changes: %w", err)
	}
	if n == 0 {
		return ErrNotOpen // it has gone, or ended, and no change of it stays
	}
	return nil
}
