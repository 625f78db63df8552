// Package records is what a file is under FERPA (34 CFR 99.3), which students it is about,
// and to whom records were disclosed (99.32). Disclosures are written by the database, in the
// transaction of each (policies/rls/functions/system_records.sql).
package records

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/policies/disclosure"
	"satchel/tenancy"
	"satchel/tenancy/records/recordsdb"
)

// Class is what a file is under 34 CFR 99.3.
type Class string

// The classes.
const (
	EducationRecord    Class = "education_record"
	DirectoryInfo      Class = "directory_info"
	SolePossessionNote Class = "sole_possession_note" // of its writer alone
	Treatment          Class = "treatment"            // of a student of 18 or more, for those who treat
	LawEnforcementUnit Class = "law_enforcement_unit"
	NotRecord          Class = "not_record"
)

// Classes lists them.
var Classes = []Class{EducationRecord, DirectoryInfo, SolePossessionNote, Treatment, LawEnforcementUnit, NotRecord}

// What callers can meet.
var (
	ErrNotFound   = fault.New(fault.NotFound, "no_such_file", "There is no such file.")
	errClass      = fault.New(fault.Invalid, "invalid_class", "class is education_record, directory_info, sole_possession_note, treatment, law_enforcement_unit or not_record.")
	errReason     = fault.New(fault.Invalid, "invalid_reason", "reason says why, in 1 to 1000 characters.")
	errCategories = fault.New(fault.Invalid, "invalid_categories", "categories are those of directory_info, each of %s; no other class has any.", strings.Join(disclosure.Categories, ", "))
	errStudents   = fault.New(fault.Invalid, "invalid_students", "students are ids of students of the organization, each once, at most 200.")
)

const mostStudents = 200

// Record is what a file is, and by whose word.
type Record struct {
	File       uuid.UUID
	Class      Class
	Decided    bool // by a person; else by its place
	Reason     string
	DecidedBy  *uuid.UUID
	DecidedAt  *time.Time
	Students   []uuid.UUID
	Categories []string // of directory information
}

// Get says what a file is. ErrNotFound for what the caller neither reads nor oversees.
func Get(ctx context.Context, q tenancy.Queries, file uuid.UUID) (Record, error) {
	db := recordsdb.New(q)
	r, err := db.RecordGet(ctx, file)
	if errors.Is(err, pgx.ErrNoRows) {
		return Record{}, ErrNotFound
	}
	if err != nil {
		return Record{}, fmt.Errorf("read class of record: %w", err)
	}
	students, err := db.RecordStudents(ctx, file)
	if err != nil {
		return Record{}, fmt.Errorf("read students of record: %w", err)
	}
	return Record{File: file, Class: Class(r.Class), Decided: r.DecidedBy != nil, Reason: r.Reason, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt, Students: students, Categories: r.Categories}, nil
}

// Set is a decision of what a file is. Students are those whom it is about beside its subject:
// nil leaves them as they are.
type Set struct {
	File, By uuid.UUID
	Class    Class
	Reason   string
	Students []uuid.UUID
	// Categories are what directory information holds: without any, nothing of it is disclosed as such.
	Categories []string
}

// Classify decides what a file is, and notes it in the audit log. Shares that the class does
// not permit end with it.
func Classify(ctx context.Context, tx *tenancy.Tx, s Set) error {
	s.Reason = strings.TrimSpace(s.Reason)
	switch {
	case !slices.Contains(Classes, s.Class):
		return errClass
	case s.Reason == "" || !utf8.ValidString(s.Reason) || utf8.RuneCountInString(s.Reason) > 1000 || strings.ContainsRune(s.Reason, 0):
		return errReason
	case s.Class != DirectoryInfo && len(s.Categories) > 0, slices.ContainsFunc(s.Categories, func(c string) bool { return !slices.Contains(disclosure.Categories, c) }), len(s.Categories) > len(disclosure.Categories):
		return errCategories
	case len(s.Students) > mostStudents:
		return errStudents
	}
	db := recordsdb.New(tx)
	err := db.RecordSet(ctx, recordsdb.RecordSetParams{FileID: s.File, Class: string(s.Class), Reason: s.Reason, Categories: append([]string{}, s.Categories...), DecidedBy: s.By})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23503" {
		return ErrNotFound.Because(err)
	}
	if err != nil {
		return fmt.Errorf("classify record: %w", err)
	}
	if s.Students != nil {
		if err := db.RecordStudentsClear(ctx, recordsdb.RecordStudentsClearParams{FileID: s.File, Students: s.Students}); err != nil {
			return fmt.Errorf("clear students of record: %w", err)
		}
		n, err := db.RecordStudentsAdd(ctx, recordsdb.RecordStudentsAddParams{FileID: s.File, Students: s.Students})
		switch {
		case err != nil:
			return fmt.Errorf("name students of record: %w", err)
		case int(n) != len(s.Students): // one is named twice, or is no student here
			return errStudents
		}
	}
	if err := db.RecordStudentsNamed(ctx, s.File); err != nil {
		return fmt.Errorf("bring record to the consents of its students: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "record.classify", ObjectID: s.File.String(), Code: string(s.Class)})
}

// Outcome is what became of a request for a record.
type Outcome string

// The outcomes.
const (
	Opened    Outcome = "opened"    // a share was made, by which the party can have it
	Disclosed Outcome = "disclosed" // the party had it
	Refused   Outcome = "refused"
)

// Outcomes lists them.
var Outcomes = []Outcome{Opened, Disclosed, Refused}

// Disclosure is one of a record, or one that was refused.
type Disclosure struct {
	ID         uuid.UUID
	At         time.Time
	File       uuid.UUID
	FileName   string // empty for who does not read the file
	Way        string
	Outcome    Outcome
	Class      Class // then
	Rule       string
	Basis      string
	Interest   string
	Party      string // empty: the holder of a link
	Share      *uuid.UUID
	Actor      *uuid.UUID
	Recordable bool
	Students   []uuid.UUID
}

// Filter narrows a list; zero values do not.
type Filter struct {
	File, Student uuid.UUID
	Outcome       Outcome
}

// Disclosures reads a page, the newest first, before the given one: of all for who oversees,
// of a student's for the student and the student's guardians.
func Disclosures(ctx context.Context, q tenancy.Queries, f Filter, before uuid.UUID, limit int) ([]Disclosure, error) {
	p := recordsdb.DisclosureListParams{Before: some(before), FileID: some(f.File), StudentID: some(f.Student), Most: int64(limit)}
	if f.Outcome != "" {
		p.Outcome = (*string)(&f.Outcome)
	}
	rows, err := recordsdb.New(q).DisclosureList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list disclosures: %w", err)
	}
	list := make([]Disclosure, len(rows))
	for i, r := range rows {
		list[i] = Disclosure{
			ID: r.ID, At: r.At, File: r.FileID, FileName: r.FileName, Way: r.Way, Outcome: Outcome(r.Outcome), Class: Class(r.Class), Rule: r.Rule,
			Basis: r.Basis, Interest: r.Interest, Party: r.Party, Share: r.ShareID, Actor: r.ActorID, Recordable: r.Recordable, Students: r.Students,
		}
	}
	return list, nil
}

func some(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
