// Package directory is what a school designated as directory information (34 CFR 99.37), with
// its public notice, and who opted out of it. Whether a file may be disclosed as such is
// app.directory_refusal, which each use of a share asks.
package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/policies/disclosure"
	"satchel/tenancy"
	"satchel/tenancy/directory/directorydb"
)

// What callers can meet.
var (
	ErrNone       = fault.New(fault.NotFound, "no_directory_policy", "Your organization has not said what its directory information is. Nothing is disclosed as such until an owner or admin does.")
	ErrNoStudent  = fault.New(fault.NotFound, "no_such_student", "There is no such student in your organization.")
	ErrNotYours   = fault.New(fault.Denied, "opt_out_not_yours", "A parent opts out for a child, and from 18 on the student does. Ask an owner or admin of the school.")
	errCategories = fault.New(fault.Invalid, "invalid_categories", "categories are some of %s, each once.", strings.Join(disclosure.Categories, ", "))
	errDays       = fault.New(fault.Invalid, "invalid_opt_out_until", "opt_out_until is a day after notice_at: parents and students are given time to refuse.")
	errHolder     = fault.New(fault.Invalid, "invalid_holder_id", "holder_id is who opted out: the student or a guardian, known to your organization. Owners and admins alone name one.")
)

// Policy is what the school designated.
type Policy struct {
	Categories  []string
	NoticeAt    time.Time // the day of the public notice
	OptOutUntil time.Time // the last day to refuse
	SetBy       uuid.UUID
	SetAt       time.Time
}

// GetPolicy reads it.
func GetPolicy(ctx context.Context, q tenancy.Queries) (Policy, error) {
	p, err := directorydb.New(q).PolicyGet(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return Policy{}, ErrNone
	}
	if err != nil {
		return Policy{}, fmt.Errorf("read directory policy: %w", err)
	}
	return Policy(p), nil
}

// SetPolicy replaces it, and notes that in the audit log.
func SetPolicy(ctx context.Context, tx *tenancy.Tx, org tenancy.OrgID, p Policy) error {
	slices.Sort(p.Categories)
	switch {
	case len(slices.Compact(slices.Clone(p.Categories))) != len(p.Categories), slices.ContainsFunc(p.Categories, func(c string) bool { return !slices.Contains(disclosure.Categories, c) }):
		return errCategories
	case !p.OptOutUntil.After(p.NoticeAt):
		return errDays
	}
	err := directorydb.New(tx).PolicySet(ctx, directorydb.PolicySetParams{Categories: append([]string{}, p.Categories...), NoticeAt: p.NoticeAt, OptOutUntil: p.OptOutUntil, SetBy: p.SetBy})
	if err != nil {
		return fmt.Errorf("set directory policy: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "directory.policy", ObjectID: org.String()})
}

// Word is what a guardian or the student said last.
type Word struct {
	Holder     uuid.UUID
	OptedOut   bool
	RecordedBy uuid.UUID
	At         time.Time
}

// OptOut is what is known of a student: opted out when anybody who may has.
type OptOut struct {
	Student  uuid.UUID
	OptedOut bool
	Words    []Word
}

// OptOutOf reads it, for who oversees the organization, the student, and the student's guardians.
func OptOutOf(ctx context.Context, q tenancy.Queries, by tenancy.Actor, student uuid.UUID) (OptOut, error) {
	db := directorydb.New(q)
	is, err := db.StudentIs(ctx, student)
	switch {
	case err != nil:
		return OptOut{}, fmt.Errorf("read student: %w", err)
	case !is.Student, !by.Administers() && by.Role != tenancy.Auditor && by.User != student && !is.Ward:
		return OptOut{}, ErrNoStudent
	}
	rows, err := db.OptOutsOf(ctx, student)
	if err != nil {
		return OptOut{}, fmt.Errorf("read opt-outs: %w", err)
	}
	o := OptOut{Student: student, Words: make([]Word, len(rows))}
	for i, r := range rows {
		o.Words[i] = Word{Holder: r.HolderID, OptedOut: r.OptedOut, RecordedBy: r.RecordedBy, At: r.At}
		o.OptedOut = o.OptedOut || r.OptedOut
	}
	return o, nil
}

// Say is a word about a student. Holder is whose it is; the zero value is who says it, and for
// an owner or admin the student.
type Say struct {
	Student, Holder uuid.UUID
	OptedOut        bool
	By              tenancy.Actor
}

// SetOptOut records it, and notes it in the audit log. What a student who is an adult takes back
// is taken back as a whole, also what guardians said before.
func SetOptOut(ctx context.Context, tx *tenancy.Tx, s Say) error {
	db := directorydb.New(tx)
	is, err := db.StudentIs(ctx, s.Student)
	if err != nil {
		return fmt.Errorf("read student: %w", err)
	}
	officer := s.By.Administers()
	switch {
	case !is.Student:
		return ErrNoStudent
	case !officer && s.Holder != uuid.Nil && s.Holder != s.By.User:
		return errHolder
	case !officer && s.By.User == s.Student && !is.Adult:
		return ErrNotYours.Under("34 CFR 99.5")
	case !officer && s.By.User != s.Student && !is.Ward:
		return ErrNotYours
	}
	if s.Holder == uuid.Nil {
		s.Holder = s.By.User
		if officer {
			s.Holder = s.Student
		}
	}
	err = db.OptOutSet(ctx, directorydb.OptOutSetParams{StudentID: s.Student, HolderID: s.Holder, OptedOut: s.OptedOut, RecordedBy: s.By.User})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23503" {
		return errHolder.Because(err)
	}
	if err != nil {
		return fmt.Errorf("record opt-out: %w", err)
	}
	if !s.OptedOut && s.Holder == s.Student && is.Adult {
		if err := db.OptOutsRescind(ctx, directorydb.OptOutsRescindParams{StudentID: s.Student, RecordedBy: s.By.User}); err != nil {
			return fmt.Errorf("rescind opt-outs: %w", err)
		}
	}
	code := "rescinded"
	if s.OptedOut {
		code = "opted_out"
	}
	return audit.Record(ctx, tx, audit.Event{Action: "directory.opt_out", ObjectID: s.Student.String(), Code: code})
}

// OptedOut is a student of whom somebody opted out.
type OptedOut struct {
	Student uuid.UUID
	At      time.Time // when that was said last
}

// List reads a page of them, in the order of their ids.
func List(ctx context.Context, q tenancy.Queries, after uuid.UUID, limit int) ([]OptedOut, error) {
	p := directorydb.OptedOutListParams{Most: int64(limit)}
	if after != uuid.Nil {
		p.After = &after
	}
	rows, err := directorydb.New(q).OptedOutList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list opt-outs: %w", err)
	}
	list := make([]OptedOut, len(rows))
	for i, r := range rows {
		list[i] = OptedOut{Student: r.StudentID, At: r.At}
	}
	return list, nil
}

// Own is a student of whose side somebody is: themselves, or one whose guardian they are.
type Own struct {
	Student     uuid.UUID
	DisplayName string // empty: there is none
	Self        bool
	Rights      bool // they are that person's: a guardian's until the student is 18, and then the student's (34 CFR 99.5)
	OptedOut    bool // known of those alone of whom the person has the rights
}

// OwnStudents are those of the actor. One person has a few.
func OwnStudents(ctx context.Context, q tenancy.Queries) ([]Own, error) {
	rows, err := directorydb.New(q).OwnStudents(ctx)
	if err != nil {
		return nil, fmt.Errorf("read own students: %w", err)
	}
	list := make([]Own, len(rows))
	for i, r := range rows {
		list[i] = Own{Student: r.StudentID, DisplayName: r.DisplayName, Self: r.Self, Rights: r.Rights, OptedOut: r.Rights && r.OptedOut}
	}
	return list, nil
}
