// Package disclosureconsents is the consents of a parent, or of a student of 18 or more, to a
// disclosure of records to a third party (34 CFR 99.30): which records, for what, to whom, signed
// and dated, until when. A share on the basis 99.30 names one, and each use of it asks whether it
// is in force (app.consent_refusal).
package disclosureconsents

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
	"satchel/tenancy"
	"satchel/tenancy/disclosureconsents/disclosureconsentsdb"
)

// What callers can meet.
var (
	ErrNotFound = fault.New(fault.NotFound, "disclosure_consent_not_found", "There is no such consent to a disclosure.")
	ErrNoRecord = fault.New(fault.NotFound, "no_such_record", "A file is no education record about the student. file_ids are records of student_id.")
	ErrNotYours = fault.New(fault.Denied, "disclosure_consent_not_yours", "A parent signs for a child, and from 18 on the student; owners and admins record what was signed on paper. Ask one of them.").Under("34 CFR 99.30(a)")
	ErrState    = fault.New(fault.Conflict, "disclosure_consent_state", "The consent is signed, revoked or over already. Read it again.")
	errFiles    = fault.New(fault.Invalid, "invalid_file_ids", "file_ids are 1 to 200 records, each once.")
	errText     = fault.New(fault.Invalid, "invalid_text", "purpose is a text of 1 to 1000 characters and party one of 1 to 200: what the records are disclosed for, and to whom.")
	errEmail    = fault.New(fault.Invalid, "invalid_party_email", "party_email is the address of the party, to which the records are shared.")
	errExpires  = fault.New(fault.Invalid, "invalid_expires_at", "expires_at is in the future, and at most a year away.")
	errName     = fault.New(fault.Invalid, "invalid_name", "name is the signature: the name of who signs, of 1 to 200 characters; and approve is true.")
	errPaper    = fault.New(fault.Invalid, "invalid_evidence_file_id", "What was signed on paper has evidence_file_id, a published file with the form, and signed_at, the day on it, which is not to come.")
)

const (
	mostFiles  = 200
	maxPurpose = 1000
	maxName    = 200
	maxEmail   = 320
	longest    = 366 * 24 * time.Hour
)

// Consent is one.
type Consent struct {
	ID, Student            uuid.UUID
	Files                  []uuid.UUID
	Purpose, Party, Email  string
	RequestedBy            uuid.UUID
	RequestedAt, ExpiresAt time.Time
	Signer                 *uuid.UUID // nil: on paper, or not yet
	SignerName             string
	Method                 string // account or paper; empty: not signed
	Evidence               *uuid.UUID
	EvidenceSHA256         *string
	SignedAt               *time.Time
	RecordedBy             *uuid.UUID
	ContentSHA256          *string // of what was signed, with the signature
	RevokedBy              *uuid.UUID
	RevokedAt              *time.Time
	State                  string // requested, signed, revoked, expired
}

// New is a consent that the school asks for.
type New struct {
	ID, By, Student       uuid.UUID
	Files                 []uuid.UUID
	Purpose, Party, Email string
	ExpiresAt             time.Time
}

func isText(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0) && n >= least && n <= most
}

func (n *New) check(now time.Time) error {
	n.Purpose, n.Party, n.Email = strings.TrimSpace(n.Purpose), strings.TrimSpace(n.Party), strings.ToLower(strings.TrimSpace(n.Email))
	sorted := slices.SortedFunc(slices.Values(n.Files), func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	switch at := strings.LastIndexByte(n.Email, '@'); {
	case len(sorted) == 0 || len(sorted) > mostFiles || len(slices.Compact(sorted)) != len(n.Files):
		return errFiles
	case !isText(n.Purpose, 1, maxPurpose) || !isText(n.Party, 1, maxName):
		return errText
	case !isText(n.Email, 3, maxEmail) || at < 1 || at == len(n.Email)-1 || strings.ContainsAny(n.Email, " <>\t\r\n"):
		return errEmail
	case !n.ExpiresAt.After(now) || n.ExpiresAt.After(now.Add(longest-time.Hour)): // this clock and the database's may differ
		return errExpires
	}
	return nil
}

// Ask writes a consent down, for the parents or the student to sign.
func Ask(ctx context.Context, tx *tenancy.Tx, n New) error {
	if err := n.check(time.Now()); err != nil {
		return err
	}
	q := disclosureconsentsdb.New(tx)
	found, err := q.ConsentRecords(ctx, disclosureconsentsdb.ConsentRecordsParams{FileIds: n.Files, StudentID: n.Student})
	switch {
	case err != nil:
		return fmt.Errorf("read records: %w", err)
	case int(found) != len(n.Files):
		return ErrNoRecord
	}
	err = q.ConsentInsert(ctx, disclosureconsentsdb.ConsentInsertParams{
		ID: n.ID, StudentID: n.Student, FileIds: n.Files, Purpose: n.Purpose, Party: n.Party, PartyEmail: n.Email, RequestedBy: n.By, ExpiresAt: n.ExpiresAt,
	})
	if err != nil {
		return fmt.Errorf("write consent to disclosure: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "disclosure_consent.ask", ObjectID: n.ID.String()})
}

// Get reads one.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Consent, error) {
	r, err := disclosureconsentsdb.New(q).ConsentGet(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Consent{}, ErrNotFound
	}
	if err != nil {
		return Consent{}, fmt.Errorf("read consent to disclosure: %w", err)
	}
	return show(r), nil
}

func show(r disclosureconsentsdb.ConsentGetRow) Consent {
	return Consent{
		ID: r.ID, Student: r.StudentID, Files: r.FileIds, Purpose: r.Purpose, Party: r.Party, Email: r.PartyEmail, RequestedBy: r.RequestedBy, RequestedAt: r.RequestedAt, ExpiresAt: r.ExpiresAt,
		Signer: r.SignerID, SignerName: r.SignerName, Method: r.Method, Evidence: r.EvidenceFileID, EvidenceSHA256: r.EvidenceSha256, SignedAt: r.SignedAt, RecordedBy: r.RecordedBy,
		ContentSHA256: r.ContentSha256, RevokedBy: r.RevokedBy, RevokedAt: r.RevokedAt, State: r.State,
	}
}

// List reads a page, the newest first: of a student, or of all that the caller sees.
func List(ctx context.Context, q tenancy.Queries, student, before uuid.UUID, limit int) ([]Consent, error) {
	p := disclosureconsentsdb.ConsentListParams{Most: int64(limit)}
	if student != uuid.Nil {
		p.StudentID = &student
	}
	if before != uuid.Nil {
		p.Before = &before
	}
	rows, err := disclosureconsentsdb.New(q).ConsentList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list consents to disclosures: %w", err)
	}
	list := make([]Consent, len(rows))
	for i, r := range rows {
		list[i] = show(disclosureconsentsdb.ConsentGetRow(r))
	}
	return list, nil
}

// Signature is that of a consent. With evidence an owner or admin records what was signed on
// paper; without, who is signed in signs, as a guardian or as the student.
type Signature struct {
	Name     string
	Approve  bool
	Evidence uuid.UUID
	SignedAt *time.Time // of paper
}

// Sign signs a consent, which counts from then on.
func Sign(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, by tenancy.Actor, s Signature) error {
	s.Name = strings.TrimSpace(s.Name)
	if !s.Approve || !isText(s.Name, 1, maxName) {
		return errName.Under("34 CFR 99.30(d)")
	}
	c, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	q := disclosureconsentsdb.New(tx)
	p := disclosureconsentsdb.ConsentSignParams{ID: id, SignerName: s.Name, RecordedBy: &by.User}
	if s.Evidence == uuid.Nil {
		mine, err := q.ConsentMine(ctx, c.Student)
		switch {
		case err != nil:
			return fmt.Errorf("read right to records: %w", err)
		case !mine:
			return ErrNotYours
		}
		p.Method, p.SignerID = "account", &by.User
	} else {
		switch {
		case !by.Administers():
			return ErrNotYours
		case s.SignedAt == nil || s.SignedAt.After(time.Now()):
			return errPaper
		}
		hash, err := q.ConsentEvidence(ctx, s.Evidence)
		if errors.Is(err, pgx.ErrNoRows) {
			return errPaper
		}
		if err != nil {
			return fmt.Errorf("read form: %w", err)
		}
		p.Method, p.EvidenceFileID, p.EvidenceSha256, p.SignedAt = "paper", &s.Evidence, &hash, s.SignedAt
	}
	return changed(ctx, tx, id, "disclosure_consent.sign", p.Method)(q.ConsentSign(ctx, p))
}

// Revoke ends a consent. What was disclosed on it stays on record.
func Revoke(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, by tenancy.Actor) error {
	c, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	q := disclosureconsentsdb.New(tx)
	if !by.Administers() {
		mine, err := q.ConsentMine(ctx, c.Student)
		switch {
		case err != nil:
			return fmt.Errorf("read right to records: %w", err)
		case !mine:
			return ErrNotYours
		}
	}
	return changed(ctx, tx, id, "disclosure_consent.revoke", "")(q.ConsentRevoke(ctx, disclosureconsentsdb.ConsentRevokeParams{ID: id, RevokedBy: &by.User}))
}

// changed takes what a change gave: a change of no row is refused, another one is noted in the
// audit log.
func changed(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, action, code string) func(int64, error) error {
	return func(n int64, err error) error {
		var pg *pgconn.PgError
		switch {
		case errors.As(err, &pg) && pg.Code == "SQ048":
			return ErrState.Because(err)
		case err != nil:
			return fmt.Errorf("change consent to disclosure: %w", err)
		case n == 0:
			return ErrState
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code})
	}
}
