package disclosure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/disclosure/disclosuredb"
	"satchel/tenancy"
)

// Contractor is the basis on which another system that works for the school gets a record.
const Contractor = "99.31(a)(1)(i)(B)"

// Consented is the basis of a consent (34 CFR 99.30).
const Consented = "99.30"

// Directory is the basis of directory information.
const Directory = "99.31(a)(11)"

// Bases are the grounds on which a record goes to somebody outside: a consent, and those of
// 34 CFR 99.31, which need none.
var Bases = []string{
	Consented, Contractor, "99.31(a)(2)", "99.31(a)(3)", "99.31(a)(4)", "99.31(a)(5)", "99.31(a)(6)", "99.31(a)(7)", "99.31(a)(8)", "99.31(a)(9)", "99.31(a)(10)", Directory, "99.31(a)(12)",
}

// Categories are what may be directory information (34 CFR 99.3): a social security number and
// the number of a student never are. The checks of record_classes and directory_policies have the same.
var Categories = []string{
	"name", "address", "telephone", "email", "photograph", "birth_date", "birth_place", "field_of_study", "grade_level",
	"enrollment_status", "attendance_dates", "activities", "weight_height", "degrees_awards", "last_school",
}

// Purpose says why a record may go to somebody outside: by law, and for what.
type Purpose struct {
	Basis, Interest string
	Consent         uuid.UUID // of the basis 99.30
}

// What a share of a record needs.
var (
	ErrPurpose  = fault.New(fault.Invalid, "disclosure_basis_required", "This is an education record: say on which basis of the law it may leave (disclosure_basis) and what the legitimate interest of the other side is (disclosure_interest).")
	errBasis    = fault.New(fault.Invalid, "invalid_disclosure_basis", "disclosure_basis is one of %s.", strings.Join(Bases, ", "))
	errConsent  = fault.New(fault.Invalid, "invalid_disclosure_consent_id", "disclosure_consent_id names the consent of the basis 99.30, and of no other.")
	errInterest = fault.New(fault.Invalid, "invalid_disclosure_interest", "disclosure_interest has at most 500 characters.")
)

// Check refuses a purpose that is none, and the absence of one for an education record
// (99.32(a)(3): the record of a disclosure names the legitimate interest).
func (p Purpose) Check(d Decision) error {
	const longest = 500
	switch {
	case p.Basis != "" && !slices.Contains(Bases, p.Basis):
		return errBasis
	case (p.Basis == Consented) != (p.Consent != uuid.Nil):
		return errConsent
	case !utf8.ValidString(p.Interest) || utf8.RuneCountInString(p.Interest) > longest || strings.ContainsRune(p.Interest, 0):
		return errInterest
	case d.Class == "education_record" && (p.Basis == "" || strings.TrimSpace(p.Interest) == ""):
		return ErrPurpose.Under("34 CFR 99.32(a)(3)")
	}
	return nil
}

// Refused is a refusal with what was asked for. The transaction that met it is rolled back,
// so who answers the request writes it down in one of its own (NoteRefused).
type Refused struct {
	Way    Way
	Target Target
	Rule   string
	Party  string // to whom; empty: the holder of a link
	err    error
}

// Error says what the refusal says.
func (r *Refused) Error() string { return r.err.Error() }

// Unwrap gives the refusal.
func (r *Refused) Unwrap() error { return r.err }

// RefusalOf is Refusal with what was asked for.
func (d Decision) RefusalOf(way Way, t Target, party string) error {
	if err := d.Refusal(); err != nil {
		return &Refused{Way: way, Target: t, Rule: d.Rule, Party: party, err: err}
	}
	return nil
}

// NoteRefused writes down that a record was asked for and refused; the same again in a minute
// is written once. What is no record of a student has no such row.
func NoteRefused(ctx context.Context, q tenancy.Queries, r *Refused) error {
	if r.Target.File == uuid.Nil {
		return nil
	}
	return note(ctx, q, disclosuredb.DisclosureNoteParams{Way: string(r.Way), FileID: r.Target.File, Outcome: "refused", Rule: r.Rule, Party: r.Party, Unit: "minute"})
}

// Disclose is Check about a file that is about to go to a party, and writes down in the same
// transaction what became of it: once a day for the same file, way and party.
func Disclose(ctx context.Context, q tenancy.Queries, way Way, file uuid.UUID, party string) (Decision, error) {
	d, err := Check(ctx, q, way, Target{File: file})
	if err != nil {
		return d, err
	}
	p := disclosuredb.DisclosureNoteParams{Way: string(way), FileID: file, Outcome: "disclosed", Basis: Contractor, Party: party, Unit: "day"}
	if !d.Allowed {
		p.Outcome, p.Rule, p.Basis = "refused", d.Rule, ""
	}
	return d, note(ctx, q, p)
}

func note(ctx context.Context, q tenancy.Queries, p disclosuredb.DisclosureNoteParams) error {
	if err := disclosuredb.New(q).DisclosureNote(ctx, p); err != nil {
		return fmt.Errorf("note disclosure: %w", err)
	}
	return nil
}

// Opened writes down, in the transaction that makes a share with people outside or adds
// people to it, to whom the share gives a record. Without a purpose those who are added have
// the one with which the share was made.
func Opened(ctx context.Context, q tenancy.Queries, share uuid.UUID, p Purpose) error {
	if err := disclosuredb.New(q).DisclosureOpened(ctx, disclosuredb.DisclosureOpenedParams{ShareID: share, Basis: p.Basis, Interest: p.Interest}); err != nil {
		return fmt.Errorf("note share of a record: %w", err)
	}
	return nil
}
