package rosters

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"satchel/rosters/oneroster"
	"satchel/rosters/rostersdb"
	"satchel/tenancy"
)

// Hasher turns a user name or an address into a keyed hash. Only hashes are kept;
// an empty value has none.
type Hasher interface {
	HashUsername(org tenancy.OrgID, name string) []byte
	HashEmail(org tenancy.OrgID, email string) []byte
}

// Limits bound how many rows of a kind a package may have. The other kinds have
// the bound of the unpacked bytes alone.
type Limits map[oneroster.Kind]int

// DefaultLimits are those of the platform.
var DefaultLimits = Limits{oneroster.Users: 100_000, oneroster.Classes: 20_000, oneroster.Enrollments: 1_000_000}

// When a package has so many faulty rows that it is more likely wrong as a whole.
// A few rows never stop it: in the roster of one class each is more than 1 %.
const (
	mostFaulty      = 100
	faultyPercent   = 1
	alwaysTolerated = 5
)

// batchRows is how many rows are staged in one transaction.
const batchRows = 1000

// Stager puts the rows of a package into the database.
type Stager struct {
	DB     *tenancy.DB
	Hasher Hasher
	Limits Limits
}

// Stage reads a package and stages its rows, and marks those that refer to
// nothing. A second call goes on where the first one ended. What is wrong with
// the package as a whole is a *oneroster.Stop, and leaves no row behind.
func (s *Stager) Stage(ctx context.Context, org tenancy.OrgID, i Import, p *oneroster.Package) error {
	err := s.stage(ctx, org, i, p)
	var stop *oneroster.Stop
	if errors.As(err, &stop) {
		if cleanErr := CleanRows(ctx, s.DB, org, i.ID); cleanErr != nil {
			return cleanErr
		}
	}
	return err
}

func (s *Stager) stage(ctx context.Context, org tenancy.OrgID, i Import, p *oneroster.Package) error {
	if len(i.Modes) > 0 {
		return nil // by an attempt whose answer was lost
	}
	source, err := GetSource(ctx, s.DB.Single(org), i.Source)
	if err != nil {
		return err
	}
	for _, k := range oneroster.Kinds {
		if k == oneroster.Demographics && !source.KeepAges {
			continue // birth dates are not even staged where no one asked for them
		}
		if err := s.kind(ctx, org, i.ID, p, k); err != nil {
			return err
		}
	}
	return s.check(ctx, org, i, p)
}

// kind stages the rows of one file.
func (s *Stager) kind(ctx context.Context, org tenancy.OrgID, id uuid.UUID, p *oneroster.Package, k oneroster.Kind) error {
	last, err := rostersdb.New(s.DB.Single(org)).RowsLast(ctx, rostersdb.RowsLastParams{ImportID: id, Kind: string(k)})
	if err != nil {
		return fmt.Errorf("find where staging ended: %w", err)
	}
	// Rows are read while those before them are staged: either takes half of the time. One
	// goroutine stages them, in their order, so that what is staged has no gap.
	beside, ctx := errgroup.WithContext(ctx)
	b := batch{org: org, id: id, kind: k, hasher: s.Hasher, db: s.DB, full: make(chan rostersdb.RowsInsertParams)}
	beside.Go(func() error { return b.insertAll(ctx) })
	rows, faulty, most := 0, 0, s.Limits[k]
	err = p.Rows(ctx, k, func(r oneroster.Record) error {
		rows++
		if most > 0 && rows > most {
			return tooMany(k, most)
		}
		if r.Refused != "" {
			faulty++
		}
		if r.Row <= int(last) || faulty > mostFaulty && thresholded(k) {
			return nil // staged before, or never to be used: the rest is read for its report
		}
		return b.add(ctx, r)
	})
	if err == nil {
		err = b.flush(ctx)
	}
	close(b.full)
	if insertErr := beside.Wait(); insertErr != nil {
		err = insertErr // what ended the reading as well
	}
	if err == nil && thresholded(k) && faulty > mostFaulty {
		err = tooManyFaulty(k, faulty, rows)
	}
	return err
}

func thresholded(k oneroster.Kind) bool { return k == oneroster.Users || k == oneroster.Enrollments }

func tooMany(k oneroster.Kind, most int) error {
	return &oneroster.Stop{Code: oneroster.TooManyRows, File: oneroster.FileOf[k],
		Text: fmt.Sprintf("The file has more than %d rows, which is the most of one package. Split the package by school.", most)}
}

func tooManyFaulty(k oneroster.Kind, faulty, rows int) error {
	return &oneroster.Stop{Code: oneroster.TooManyRefused, File: oneroster.FileOf[k],
		Text: fmt.Sprintf("%d of %d rows cannot be used, which is more than 1 %% or 100. Nothing was imported. The issues name the rows; correct the export and send it again.", faulty, rows)}
}

// batch collects rows for one statement.
type batch struct {
	org    tenancy.OrgID
	id     uuid.UUID
	kind   oneroster.Kind
	hasher Hasher
	db     *tenancy.DB
	p      rostersdb.RowsInsertParams
	full   chan rostersdb.RowsInsertParams
}

func (b *batch) add(ctx context.Context, r oneroster.Record) error {
	username, email := hashed(b.hasher.HashUsername, b.org, r.Username), hashed(b.hasher.HashEmail, b.org, r.Email)
	p := &b.p
	p.Rows = append(p.Rows, int32(r.Row))
	p.SourcedIds = append(p.SourcedIds, r.SourcedID)
	p.Leavings = append(p.Leavings, r.Leaving)
	refused := string(r.Refused)
	if refused == "" && r.RoleIgnored {
		refused = string(oneroster.RoleIgnored)
	}
	p.Refusals = append(p.Refusals, refused)
	p.Hashes = append(p.Hashes, rowHash(r, username, email))
	p.Orgs = append(p.Orgs, r.Org)
	p.Classes = append(p.Classes, r.Class)
	p.Persons = append(p.Persons, r.User)
	p.Roles = append(p.Roles, r.Role)
	p.Flags = append(p.Flags, r.School || r.Primary || b.kind == oneroster.Users && r.Role == "guardian")
	p.Titles = append(p.Titles, r.Title+r.Name) // a row has one of the two
	p.Codes = append(p.Codes, r.Code)
	p.TermLists = append(p.TermLists, array(r.Terms))
	p.Starting = append(p.Starting, date(r.Starts))
	p.Ending = append(p.Ending, date(r.Ends))
	p.Grades = append(p.Grades, r.Grade)
	p.UsernameHashes = append(p.UsernameHashes, username)
	p.EmailHashes = append(p.EmailHashes, email)
	p.IdentifierLists = append(p.IdentifierLists, array(r.Identifiers))
	p.AgentLists = append(p.AgentLists, array(r.Agents))
	p.Thirteens = append(p.Thirteens, monthOf(r.Birth, 13))
	p.Adults = append(p.Adults, monthOf(r.Birth, 18))
	if len(p.Rows) < batchRows {
		return nil
	}
	return b.flush(ctx)
}

// flush hands the rows over to be inserted.
func (b *batch) flush(ctx context.Context) error {
	if len(b.p.Rows) == 0 {
		return nil
	}
	b.p.ImportID, b.p.Kind = b.id, string(b.kind)
	select {
	case b.full <- b.p:
	case <-ctx.Done():
		return ctx.Err()
	}
	b.p = rostersdb.RowsInsertParams{}
	return nil
}

// insertAll inserts what is flushed, each batch in a transaction.
func (b *batch) insertAll(ctx context.Context) error {
	for p := range b.full {
		err := b.db.InTx(ctx, b.org, func(tx *tenancy.Tx) error {
			q := rostersdb.New(tx)
			if n, err := q.ImportTouch(ctx, b.id); err != nil || n == 0 {
				return cmp.Or(err, error(ErrNoImport))
			}
			if err := q.RowsInsert(ctx, p); err != nil {
				return fmt.Errorf("stage rows: %w", err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func hashed(hash func(tenancy.OrgID, string) []byte, org tenancy.OrgID, v string) string {
	if v == "" {
		return ""
	}
	return hex.EncodeToString(hash(org, v))
}

// rowHash is the SHA-256 of the fields that are used, each with its length before
// it, in hexadecimal. User name and address are in it as keyed hashes.
func rowHash(r oneroster.Record, username, email string) string {
	h := sha256.New()
	for _, f := range []string{r.Title, r.Name, r.Code, r.Org, strings.Join(r.Terms, ","), date(r.Starts), date(r.Ends), r.Grade, r.Role, username, email, strings.Join(r.Identifiers, ",")} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(f)))
		h.Write(n[:])
		h.Write([]byte(f))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// array writes a text array as PostgreSQL reads one.
func array(values []string) string {
	if len(values) == 0 {
		return "{}"
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}"
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// monthOf gives the first day of the first month in which a person is that old on
// every day.
func monthOf(birth time.Time, years int) string {
	if birth.IsZero() {
		return ""
	}
	day := birth.AddDate(years, 0, 0)
	if day.Day() > 1 {
		day = time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return date(day)
}
