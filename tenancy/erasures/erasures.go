// Package erasures keeps the requests that something be erased, how far each is, and its
// certificate. A request comes from the school: for a parent (16 CFR 312.6(a)(2)), for a
// student, after a consent was withdrawn, or at the end of a contract. What a hold covers is
// not erased while it lasts: the database refuses it (policies/rls/functions/system_holds.sql).
package erasures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/erasures/erasuresdb"
	"satchel/tenancy/operations"
)

// Scope is what is erased.
type Scope string

// The scopes. That of an organization is the deletion of the organization, which operators
// begin.
const (
	File         Scope = "file"
	Person       Scope = "person"  // the files about a person, and those that the person sent
	Consent      Scope = "consent" // what was here of a child by a consent alone that was withdrawn; the platform begins it
	Organization Scope = "organization"
)

// Basis is why.
type Basis string

// The bases. What an officer decided to keep goes before the first three.
const (
	ParentRequest    Basis = "parent_request"
	StudentRequest   Basis = "student_request" // of a student whose rights are their own
	ConsentWithdrawn Basis = "consent_withdrawn"
	SchoolDirective  Basis = "school_directive"
	ContractEnd      Basis = "contract_end"
)

// rules are the sections that a certificate names.
var rules = map[Basis]string{
	ParentRequest:    "16 CFR 312.6(a)(2)",
	StudentRequest:   "34 CFR 99.5",
	ConsentWithdrawn: "16 CFR 312.6(a)(2)",
	SchoolDirective:  "34 CFR 99.31(a)(1)(i)(B)",
	ContractEnd:      "16 CFR 312.10",
}

// Rule is the section by which a basis erases.
func (b Basis) Rule() string { return rules[b] }

// State is how far an erasure is.
type State string

// The states.
const (
	Planned   State = "planned"
	Erasing   State = "erasing"
	Blocked   State = "blocked" // the rest waits for a hold
	Verifying State = "verifying"
	Certified State = "certified"
)

// What callers can meet.
var (
	ErrNotFound     = fault.New(fault.NotFound, "erasure_not_found", "There is no such erasure.")
	ErrTarget       = fault.New(fault.NotFound, "erasure_target_not_found", "There is no such file or person in your organization. What was erased before has an erasure of its own: look in the list.")
	ErrOpen         = fault.New(fault.Conflict, "erasure_open", "An erasure of this is under way already. Look in the list.")
	ErrNotCertified = fault.New(fault.Conflict, "erasure_not_certified", "This erasure has not come to its end. Its state says how far it is, and hold_id for which hold it waits.")
	errScope        = fault.New(fault.Invalid, "invalid_scope", "scope is file or person. An organization is erased by its deletion, which an operator begins.")
	errBasis        = fault.New(fault.Invalid, "invalid_basis", "basis is parent_request, student_request, consent_withdrawn, school_directive or contract_end.")
	errTarget       = fault.New(fault.Invalid, "invalid_target_id", "target_id names the file or the person.")
	errReference    = fault.New(fault.Invalid, "invalid_reference", "reference has at most 200 characters: the number of the letter or case in your files, and no name.")
)

// New is an erasure that is asked for.
type New struct {
	ID, By, Target uuid.UUID
	Scope          Scope
	Basis          Basis
	Reference      string
}

// Erasure is one erasure.
type Erasure struct {
	ID, Target                           uuid.UUID
	Scope                                Scope
	Basis                                Basis
	Reference                            string
	State                                State
	Hold                                 *uuid.UUID
	RequestedBy                          *uuid.UUID
	RequestedAt                          time.Time
	CertifiedAt                          *time.Time
	Files, Versions, Erased, Kept, Waits int64 // files and versions to erase, versions erased, files kept, files that wait for a hold
	Exports                              int64
}

func show(r erasuresdb.ErasureGetRow) Erasure {
	return Erasure{
		ID: r.ID, Target: r.TargetID, Scope: Scope(r.Scope), Basis: Basis(r.Basis), Reference: r.Reference, State: State(r.State), Hold: r.HoldID,
		RequestedBy: r.RequestedBy, RequestedAt: r.RequestedAt, CertifiedAt: r.CertifiedAt,
		Files: r.Files, Versions: r.Versions, Erased: r.Erased, Kept: r.Kept, Waits: r.Blocked, Exports: r.Exports,
	}
}

// Ask takes a request. Nothing is destroyed by it: a workflow does that, and a hold that is
// placed before it comes so far is heard.
func Ask(ctx context.Context, tx *tenancy.Tx, n New) error {
	n.Reference = strings.TrimSpace(n.Reference)
	switch {
	case n.Scope != File && n.Scope != Person:
		return errScope
	case rules[n.Basis] == "":
		return errBasis
	case n.Target == uuid.Nil:
		return errTarget
	case !utf8.ValidString(n.Reference) || utf8.RuneCountInString(n.Reference) > 200 || strings.ContainsRune(n.Reference, 0):
		return errReference
	}
	q := erasuresdb.New(tx)
	err := q.ErasureInsert(ctx, erasuresdb.ErasureInsertParams{ID: n.ID, Scope: string(n.Scope), TargetID: n.Target, Basis: string(n.Basis), Reference: n.Reference, RequestedBy: &n.By})
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.ConstraintName == "erasures_once":
			return ErrOpen.Because(err)
		case pg.Code == "SQ060":
			return ErrTarget.Because(err)
		}
	}
	if err != nil {
		return fmt.Errorf("take request to erase: %w", err)
	}
	return record(ctx, tx, "erasure.request", n.ID, string(n.Scope)+":"+string(n.Basis))
}

func record(ctx context.Context, tx *tenancy.Tx, action string, id uuid.UUID, code string) error {
	return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code})
}

// Get reads one.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Erasure, error) {
	r, err := erasuresdb.New(q).ErasureGet(ctx, id)
	if err != nil {
		return Erasure{}, orNotFound(err)
	}
	return show(r), nil
}

func orNotFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return fmt.Errorf("read erasure: %w", err)
}

// List reads a page, the newest first.
func List(ctx context.Context, q tenancy.Queries, before uuid.UUID, limit int) ([]Erasure, error) {
	p := erasuresdb.ErasureListParams{Most: int64(limit)}
	if before != uuid.Nil {
		p.Before = &before
	}
	rows, err := erasuresdb.New(q).ErasureList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	list := make([]Erasure, len(rows))
	for i, r := range rows {
		list[i] = show(erasuresdb.ErasureGetRow(r))
	}
	return list, nil
}

// GetCertificate reads the certificate of an erasure that has come to its end.
func GetCertificate(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Certificate, error) {
	b, err := erasuresdb.New(q).ErasureCertificate(ctx, id)
	switch {
	case err != nil:
		return Certificate{}, orNotFound(err)
	case len(b) == 0:
		return Certificate{}, ErrNotCertified
	}
	var c Certificate
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("read certificate: %w", err)
	}
	return c, nil
}

// Begin makes the inventory, and lets what waited for a hold be tried again. It gives the
// state, and changes nothing about what is certified.
func Begin(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (State, error) {
	q := erasuresdb.New(tx)
	e, err := q.ErasureLock(ctx, id)
	if err != nil {
		return "", orNotFound(err)
	}
	if State(e.State) == Certified {
		return Certified, nil
	}
	if State(e.State) == Planned {
		if _, err := q.ItemInventory(ctx, id); err != nil {
			return "", fmt.Errorf("list what is to be erased: %w", err)
		}
		if Scope(e.Scope) == Consent { // the database asked for it, in the transaction that withdrew the consent
			if err := record(ctx, tx, "erasure.request", id, e.Scope+":"+e.Basis); err != nil {
				return "", err
			}
		}
	}
	if err := q.ItemUnblock(ctx, id); err != nil {
		return "", fmt.Errorf("try again what waited for a hold: %w", err)
	}
	return Erasing, setState(ctx, q, id, Erasing, nil)
}

func setState(ctx context.Context, q *erasuresdb.Queries, id uuid.UUID, to State, hold *uuid.UUID) error {
	if err := q.ErasureState(ctx, erasuresdb.ErasureStateParams{ID: id, State: string(to), HoldID: hold}); err != nil {
		return fmt.Errorf("note how far the erasure is: %w", err)
	}
	return nil
}

// MarkWoken notes that the workflow of an erasure was started.
func MarkWoken(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	if err := erasuresdb.New(q).ErasureWoken(ctx, id); err != nil {
		return fmt.Errorf("note the start: %w", err)
	}
	return nil
}

// Settle says where an erasure goes when all that could be erased is: to the verification, or
// to wait for a hold.
func Settle(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (State, error) {
	q := erasuresdb.New(tx)
	e, err := q.ErasureLock(ctx, id)
	if err != nil {
		return "", orNotFound(err)
	}
	if State(e.State) == Certified {
		return Certified, nil
	}
	n, err := q.ItemCounts(ctx, id)
	if err != nil {
		return "", fmt.Errorf("count versions of erasure: %w", err)
	}
	switch {
	case n.Open > 0: // a hold was released meanwhile, or a version came
		return Erasing, setState(ctx, q, id, Erasing, nil)
	case n.Blocked == 0:
		return Verifying, setState(ctx, q, id, Verifying, nil)
	}
	if err := setState(ctx, q, id, Blocked, &n.HoldID); err != nil || State(e.State) == Blocked {
		return Blocked, err
	}
	return Blocked, record(ctx, tx, "erasure.block", id, "hold:"+n.HoldID.String())
}

// errOpenItems says that a certificate would not be true.
var errOpenItems = fault.New(fault.Conflict, "erasure_not_done", "Versions of the erasure are not erased yet.")

// Certify ends an erasure of which nothing is left, and gives its certificate. One that is
// certified keeps the certificate that it has. tell writes down outside the database whose own row is
// about to be emptied, so that a database that is restored finds it.
func Certify(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, s *audit.Signer, now time.Time, tell func(person uuid.UUID) error) (Certificate, error) {
	q := erasuresdb.New(tx)
	e, err := q.ErasureLock(ctx, id)
	if err != nil {
		return Certificate{}, orNotFound(err)
	}
	if State(e.State) == Certified {
		return GetCertificate(ctx, tx, id)
	}
	n, err := q.ItemCounts(ctx, id)
	switch {
	case err != nil:
		return Certificate{}, fmt.Errorf("count versions of erasure: %w", err)
	case n.Open+n.Unverified+n.Blocked > 0:
		return Certificate{}, errOpenItems
	}
	items, err := q.ItemAll(ctx, id)
	if err != nil {
		return Certificate{}, fmt.Errorf("list versions of erasure: %w", err)
	}
	c := Certificate{ID: id, Organization: tx.Org().String(), Scope: Scope(e.Scope), Target: e.TargetID, Basis: Basis(e.Basis), Rule: Basis(e.Basis).Rule(),
		RequestedAt: e.RequestedAt.UTC().Format(time.RFC3339), Exports: e.Exports}
	if e.RequestedBy != nil {
		c.RequestedBy = e.RequestedBy.String()
	}
	c.add(items)
	if c.Derived, err = ListDerived(ctx, tx, id, Derived{}, mostDerived); err != nil {
		return Certificate{}, err
	}
	if c.Scope == Person {
		if c.Person, err = forgetPerson(ctx, q, e.TargetID, tell); err != nil {
			return Certificate{}, err
		}
	}
	return c, certify(ctx, tx, &c, s, now, func(b []byte) error {
		return q.ErasureCertify(ctx, erasuresdb.ErasureCertifyParams{ID: id, At: &now, Certificate: b})
	})
}

// forgetPerson empties the row of a person who has left, unless a hold covers the person.
func forgetPerson(ctx context.Context, q *erasuresdb.Queries, user uuid.UUID, tell func(person uuid.UUID) error) (PersonState, error) {
	if err := q.HoldsWait(ctx); err != nil {
		return "", fmt.Errorf("wait for holds: %w", err)
	}
	state, err := q.PersonState(ctx, user)
	if err == nil && PersonState(state) == PersonErased {
		if err = tell(user); err == nil {
			err = forget(ctx, q, user)
		}
	}
	if err != nil {
		return "", fmt.Errorf("erase the person's row: %w", err)
	}
	return PersonState(state), nil
}

// ForgetAgain empties the row of a person who was erased, where a restore brought it back, and what
// became of it: empty where there is nothing of the person.
func ForgetAgain(ctx context.Context, tx *tenancy.Tx, user uuid.UUID) (PersonState, error) {
	return forgetPerson(ctx, erasuresdb.New(tx), user, func(uuid.UUID) error { return nil })
}

// PersonThere says whether something of a person is in their own row.
func PersonThere(ctx context.Context, q tenancy.Queries, user uuid.UUID) (bool, error) {
	there, err := erasuresdb.New(q).PersonThere(ctx, user)
	return there, wrap("look for the person", err)
}

// forget empties the row, and what imports of rosters say of the person.
func forget(ctx context.Context, q *erasuresdb.Queries, user uuid.UUID) error {
	if err := q.RosterChangesForget(ctx, user); err != nil {
		return err
	}
	if err := q.RosterRowsForget(ctx, user); err != nil {
		return err
	}
	return q.PersonForget(ctx, user)
}

// add puts what became of each version into the certificate. Items come by their files.
func (c *Certificate) add(items []erasuresdb.ItemAllRow) {
	var file uuid.UUID
	for _, i := range items {
		if i.Reason != "" {
			if n := len(c.Kept); n == 0 || c.Kept[n-1].File != i.FileID {
				c.Kept = append(c.Kept, Kept{i.FileID, i.Reason})
			}
			continue
		}
		method := Deletion
		if i.Encrypted {
			method = CryptographicErase
		}
		c.Items = append(c.Items, Item{File: i.FileID, Version: i.VersionID, SHA256: i.Sha256, Size: i.Size, Method: method})
		if i.FileID != file {
			file = i.FileID
			c.Files++
		}
		c.Versions++
		c.Bytes += i.Size
	}
}

// certify signs a certificate and keeps it, with what the audit log says of it.
func certify(ctx context.Context, tx *tenancy.Tx, c *Certificate, s *audit.Signer, now time.Time, keep func(b []byte) error) error {
	head, err := audit.GetHead(ctx, tx)
	if err != nil {
		return fmt.Errorf("read the end of the audit log: %w", err)
	}
	c.CertifiedAt, c.KeysBackup = now.UTC().Format(time.RFC3339), now.Add(KeysKept).UTC().Format(time.RFC3339)
	c.AuditSeq, c.AuditHash = head.Seq, head.Hash
	if *c, err = c.sign(s); err != nil {
		return err
	}
	b, err := json.Marshal(*c)
	if err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	if err := keep(b); err != nil {
		return fmt.Errorf("keep certificate: %w", err)
	}
	return record(ctx, tx, "erasure.certify", c.ID, string(c.Scope))
}

// Removed is what the deletion of an organization removed.
type Removed struct {
	Files, Objects  int64
	Versions, Bytes int64
	Rows            map[string]int64
}

// CertifyOrganization writes the certificate of an organization whose rows are gone, into the
// platform, which outlives it. Its id is that of the operation that deleted it.
func CertifyOrganization(ctx context.Context, tx *tenancy.Tx, target tenancy.OrgID, id uuid.UUID, r Removed, s *audit.Signer, now time.Time) error {
	requested, by := now, (*uuid.UUID)(nil)
	o, err := operations.Get(ctx, tx, id)
	switch {
	case errors.Is(err, operations.ErrNotFound):
	case err != nil:
		return fmt.Errorf("read the operation: %w", err)
	default:
		requested, by = o.CreatedAt, o.CreatedBy
	}
	c := Certificate{ID: id, Organization: target.String(), Scope: Organization, Target: target.UUID(), Basis: ContractEnd, Rule: ContractEnd.Rule(),
		RequestedAt: requested.UTC().Format(time.RFC3339), Files: r.Files, Versions: r.Versions, Bytes: r.Bytes, Exports: r.Rows["exports"], Objects: r.Objects, Rows: r.Rows}
	if by != nil {
		c.RequestedBy = by.String()
	}
	return certify(ctx, tx, &c, s, now, func(b []byte) error {
		return erasuresdb.New(tx).ErasureOfOrganization(ctx, erasuresdb.ErasureOfOrganizationParams{
			ID: id, TargetID: target.UUID(), RequestedBy: by, RequestedAt: requested, At: &now, Certificate: b})
	})
}
