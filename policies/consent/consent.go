// Package consent holds on what basis the data of children is here: agreements of the
// school, decisions of guardians, and who else gets data. Whether a file may come in is
// decided by a trigger (app.file_consent), and what may be done with it by one table
// (app.consent_matrix), which policies/disclosure asks: 16 CFR 312.5.
package consent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/policies/consent/consentdb"
	"satchel/tenancy"
)

// The gates.
const (
	PreUpload  = "pre_upload" // a child's file without a basis is refused
	Discovered = "discovered" // it is taken and held, for so many days
)

// The rows, as they are read.
type (
	// Settings are an organization's rules of consent.
	Settings = consentdb.SettingsGetRow
	// Agreement is a school's authorization.
	Agreement = consentdb.AgreementGetRow
	// Subprocessor is somebody who may get data, with their written assurances.
	Subprocessor = consentdb.SubprocessorGetRow
	// Decision is what a guardian decided.
	Decision = consentdb.DecisionGetRow
	// Public is what anybody may read of a subprocessor.
	Public = consentdb.SubprocessorsPublicRow
	// Cell is what one method permits for one action.
	Cell = consentdb.MatrixListRow
	// Method is a way to obtain consent.
	Method = consentdb.MethodListRow
	// State is what holds for a child.
	State = consentdb.ChildStateRow
	// Applied is what a decision changed.
	Applied = consentdb.ApplyRow
)

// The refusals.
var (
	ErrNoAgreement    = fault.New(fault.NotFound, "agreement_not_found", "There is no such agreement, or it has ended.")
	ErrNoSubprocessor = fault.New(fault.NotFound, "subprocessor_not_found", "There is no such subprocessor, or it has ended.")
	ErrNoChild        = fault.New(fault.NotFound, "person_not_found", "There is no such student.")
	ErrNoGuardian     = fault.New(fault.Invalid, "invalid_guardian_id", "guardian_id names a guardian of this student. Link them first, name the one of a request for consent, or leave it out for a guardian who is no member.")
	ErrNoFile         = fault.New(fault.Invalid, "invalid_file", "The file that holds the evidence is a published file that you see, and not in the trash.")
	ErrNoAssurance    = fault.New(fault.Denied, "assurance_required", "Your organization has no written assurances of who gives this service. Record the subprocessor with the file that holds them, then enable it.").Under("16 CFR 312.8(c)")
)

// GetSettings reads what the organization decided, or the strictest of each.
func GetSettings(ctx context.Context, q tenancy.Queries) (Settings, error) {
	s, err := consentdb.New(q).SettingsGet(ctx)
	return s, failed("read consent settings", err)
}

// SetSettings writes it. Where it declares another youngest grade, files of students who were no
// children when they added them are a child's no more.
func SetSettings(ctx context.Context, tx *tenancy.Tx, s Settings) error {
	q := consentdb.New(tx)
	before, err := q.SettingsGet(ctx)
	if err != nil {
		return fmt.Errorf("read consent settings: %w", err)
	}
	if err := q.SettingsSet(ctx, consentdb.SettingsSetParams(s)); err != nil {
		return fmt.Errorf("write consent settings: %w", err)
	}
	if s.YoungestGrade == nil || before.YoungestGrade != nil && *before.YoungestGrade == *s.YoungestGrade {
		return nil
	}
	_, err = q.Ages(ctx)
	return failed("bring files to the youngest grade", err)
}

// NewAgreement is an authorization of the school that is to be recorded.
type NewAgreement = consentdb.AgreementInsertParams

// AddAgreement records one, and releases what waited for it.
func AddAgreement(ctx context.Context, tx *tenancy.Tx, n NewAgreement) error {
	q := consentdb.New(tx)
	if err := q.AgreementInsert(ctx, n); err != nil {
		return fmt.Errorf("record agreement: %w", err)
	}
	_, err := q.ApplyAll(ctx)
	return failed("release files", err)
}

// EndAgreement ends one. Files that have no other basis are held from then on.
func EndAgreement(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	q := consentdb.New(tx)
	n, err := q.AgreementEnd(ctx, id)
	if err != nil {
		return fmt.Errorf("end agreement: %w", err)
	}
	if n == 0 {
		return ErrNoAgreement
	}
	_, err = q.ApplyAll(ctx)
	return failed("hold files", err)
}

// Expire ends an agreement whose time is over and holds the files that have no other basis.
// It says whether it did, and whether the organization has no agreement any more.
func Expire(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (ended, last bool, err error) {
	q := consentdb.New(tx)
	last, err = q.AgreementExpire(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	if err == nil {
		_, err = q.ApplyAll(ctx)
	}
	return err == nil, last, failed("expire agreement", err)
}

// Warn notes that an agreement ends within 30 days, once, and says whether the organization
// has none that counts for longer.
func Warn(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (last bool, err error) {
	last, err = consentdb.New(tx).AgreementWarn(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return last, failed("note the end of an agreement", err)
}

// GetAgreement reads one.
func GetAgreement(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Agreement, error) {
	a, err := consentdb.New(q).AgreementGet(ctx, id)
	return a, or(err, ErrNoAgreement)
}

// Agreements lists them by their ids.
func Agreements(ctx context.Context, q tenancy.Queries, after uuid.UUID, most int) ([]Agreement, error) {
	rows, err := consentdb.New(q).AgreementList(ctx, consentdb.AgreementListParams{After: after, Most: int64(most)})
	found := make([]Agreement, len(rows))
	for i, r := range rows {
		found[i] = Agreement(r)
	}
	return found, failed("list agreements", err)
}

// NewSubprocessor is one that is to be recorded. The hash of its assurance is filled in.
type NewSubprocessor = consentdb.SubprocessorInsertParams

// AddSubprocessor records one, with the file that holds its written assurances.
func AddSubprocessor(ctx context.Context, tx *tenancy.Tx, n NewSubprocessor) (err error) {
	if n.AssuranceSha256, err = evidence(ctx, tx, n.AssuranceFileID); err != nil {
		return err
	}
	return failed("record subprocessor", consentdb.New(tx).SubprocessorInsert(ctx, n))
}

func evidence(ctx context.Context, q tenancy.Queries, file uuid.UUID) (string, error) {
	sum, err := consentdb.New(q).AssuranceFile(ctx, file)
	return sum, or(err, ErrNoFile)
}

// EndSubprocessor ends one.
func EndSubprocessor(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	n, err := consentdb.New(tx).SubprocessorEnd(ctx, id)
	if err == nil && n == 0 {
		return ErrNoSubprocessor
	}
	return failed("end subprocessor", err)
}

// GetSubprocessor reads one.
func GetSubprocessor(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Subprocessor, error) {
	s, err := consentdb.New(q).SubprocessorGet(ctx, id)
	return s, or(err, ErrNoSubprocessor)
}

// Subprocessors lists them by their ids.
func Subprocessors(ctx context.Context, q tenancy.Queries, after uuid.UUID, most int) ([]Subprocessor, error) {
	rows, err := consentdb.New(q).SubprocessorList(ctx, consentdb.SubprocessorListParams{After: after, Most: int64(most)})
	found := make([]Subprocessor, len(rows))
	for i, r := range rows {
		found[i] = Subprocessor(r)
	}
	return found, failed("list subprocessors", err)
}

// PublicList is what anybody may know of an organization's subprocessors.
func PublicList(ctx context.Context, q tenancy.Queries, org tenancy.OrgID) ([]Public, error) {
	found, err := consentdb.New(q).SubprocessorsPublic(ctx, org.UUID())
	return found, failed("list subprocessors", err)
}

// The kinds of services that get data only with written assurances.
const (
	Roblox  = "roblox"
	Model   = "model"
	Webhook = "webhook" // unless the organization says that the receivers are its own
)

// RequireAssurance refuses to enable a kind of service for which no subprocessor with a
// written assurance is recorded. What is enabled already goes on.
func RequireAssurance(ctx context.Context, q tenancy.Queries, kind string) error {
	ok, err := consentdb.New(q).Assured(ctx, kind)
	if err == nil && !ok {
		return ErrNoAssurance
	}
	return failed("look for assurance", err)
}

// NewDecision is what a guardian decided, as staff records it.
type NewDecision = consentdb.DecisionInsertParams

// LockChild has what is decided about a child, and what a child adds, wait for the transaction.
func LockChild(ctx context.Context, tx *tenancy.Tx, child uuid.UUID) error {
	return failed("lock child", consentdb.New(tx).ChildLock(ctx, child))
}

// Decide records a decision of a guardian and brings the child's files to it, in the same
// transaction: of a revocation, nothing is read after its commit.
func Decide(ctx context.Context, tx *tenancy.Tx, n NewDecision) (Applied, error) {
	q := consentdb.New(tx)
	if err := LockChild(ctx, tx, n.ChildID); err != nil {
		return Applied{}, err
	}
	known, err := q.ChildKnown(ctx, consentdb.ChildKnownParams{ChildID: n.ChildID, GuardianID: n.GuardianID})
	switch {
	case err != nil:
		return Applied{}, fmt.Errorf("look for child: %w", err)
	case !known.Student:
		return Applied{}, ErrNoChild
	case !known.Guardian:
		return Applied{}, ErrNoGuardian
	}
	if n.EvidenceFileID != nil {
		sum, err := evidence(ctx, tx, *n.EvidenceFileID)
		if err != nil {
			return Applied{}, err
		}
		n.EvidenceSha256 = &sum
	}
	if err := q.DecisionInsert(ctx, n); err != nil {
		return Applied{}, fmt.Errorf("record decision: %w", err)
	}
	a, err := q.Apply(ctx, n.ChildID)
	return a, failed("bring files to the decision", err)
}

// GetDecision reads one.
func GetDecision(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Decision, error) {
	d, err := consentdb.New(q).DecisionGet(ctx, id)
	return d, or(err, ErrNoChild)
}

// Decisions lists those about a child by their ids.
func Decisions(ctx context.Context, q tenancy.Queries, child, after uuid.UUID, most int) ([]Decision, error) {
	rows, err := consentdb.New(q).DecisionList(ctx, consentdb.DecisionListParams{ChildID: child, After: after, Most: int64(most)})
	found := make([]Decision, len(rows))
	for i, r := range rows {
		found[i] = Decision(r)
	}
	return found, failed("list decisions", err)
}

// StateOf says whether somebody is a child now, on what basis their files are here, and
// who holds their rights.
func StateOf(ctx context.Context, q tenancy.Queries, child uuid.UUID) (State, error) {
	known, err := consentdb.New(q).ChildKnown(ctx, consentdb.ChildKnownParams{ChildID: child})
	if err == nil && !known.Student {
		return State{}, ErrNoChild
	}
	if err != nil {
		return State{}, fmt.Errorf("look for child: %w", err)
	}
	s, err := consentdb.New(q).ChildState(ctx, child)
	return s, failed("read state of consent", err)
}

// AgeOut notes that a student is no child any more, and says whether it is new. Files that
// were collected before stay marked.
func AgeOut(ctx context.Context, q tenancy.Queries, user uuid.UUID) (bool, error) {
	n, err := consentdb.New(q).AgeOut(ctx, user)
	return n > 0, failed("note the age", err)
}

// HeldTooLong says whether a file still waits for a basis after its time. A transaction that
// has the file locked knows it until its end.
func HeldTooLong(ctx context.Context, q tenancy.Queries, file uuid.UUID) (bool, error) {
	held, err := consentdb.New(q).HeldTooLong(ctx, file)
	return held, failed("look for a hold", err)
}

// Matrix is what each method permits: the one table, as the database asks it.
func Matrix(ctx context.Context, q tenancy.Queries) ([]Cell, []Method, error) {
	cells, err := consentdb.New(q).MatrixList(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read matrix: %w", err)
	}
	methods, err := consentdb.New(q).MethodList(ctx)
	return cells, methods, failed("read methods", err)
}

// LongestAgreement is how far away the end of an agreement may be.
const LongestAgreement = 10 * 365 * 24 * time.Hour

func or(err error, absent error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return absent
	}
	return err
}

func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
