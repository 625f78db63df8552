package rosters

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/rosters/oneroster"
	"satchel/rosters/rostersdb"
	"satchel/tenancy"
)

// check marks the rows that refer to nothing or are there twice, finds out what
// each person is, and stops the import when too many rows are faulty.
func (s *Stager) check(ctx context.Context, org tenancy.OrgID, i Import, p *oneroster.Package) error {
	return s.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		q := rostersdb.New(tx)
		if err := q.PlanForMany(ctx); err != nil {
			return fmt.Errorf("set plan: %w", err)
		}
		for _, step := range references(q, i, p) {
			if _, err := step.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", step.what, err)
			}
		}
		if err := noteRefused(ctx, q, i.ID, &p.Warnings); err != nil {
			return err
		}
		if err := threshold(ctx, q, i.ID); err != nil {
			return err
		}
		return noteChecked(ctx, q, i.ID, p)
	})
}

type step struct {
	what string
	run  func(context.Context) (int64, error)
}

func references(q *rostersdb.Queries, i Import, p *oneroster.Package) []step {
	id, source := i.ID, &i.Source
	bulk := func(k oneroster.Kind) bool { return p.Modes[k] == oneroster.Bulk }
	steps := []step{
		{"find rows that are there twice", func(ctx context.Context) (int64, error) { return q.RowsRefuseDuplicates(ctx, id) }},
		{"find roles", func(ctx context.Context) (int64, error) { return q.RowsSetRoles(ctx, id) }},
	}
	if !bulk(oneroster.Roles) && p.Version == oneroster.V12 {
		steps = append(steps, step{"keep roles", func(ctx context.Context) (int64, error) {
			return q.RowsSetRolesKnown(ctx, rostersdb.RowsSetRolesKnownParams{ImportID: id, SourceID: source})
		}})
	}
	return append(steps,
		step{"find ages", func(ctx context.Context) (int64, error) { return q.RowsSetAges(ctx, id) }},
		step{"refuse users without a role", func(ctx context.Context) (int64, error) { return q.RowsRefuseRoleless(ctx, id) }},
		step{"hash people", func(ctx context.Context) (int64, error) { return q.RowsHashPeople(ctx, id) }},
		step{"end enrollments of those who leave", func(ctx context.Context) (int64, error) { return q.RowsLeaveWith(ctx, id) }},
		step{"check schools", func(ctx context.Context) (int64, error) {
			return q.RowsRefuseUnknownSchools(ctx, rostersdb.RowsRefuseUnknownSchoolsParams{ImportID: id, SourceID: source, OrgsBulk: bulk(oneroster.Orgs)})
		}},
		step{"check classes", func(ctx context.Context) (int64, error) {
			return q.RowsRefuseUnknownClasses(ctx, rostersdb.RowsRefuseUnknownClassesParams{ImportID: id, SourceID: source, ClassesBulk: bulk(oneroster.Classes)})
		}},
		step{"check people", func(ctx context.Context) (int64, error) {
			return q.RowsRefuseUnknownPeople(ctx, rostersdb.RowsRefuseUnknownPeopleParams{ImportID: id, SourceID: source, PeopleBulk: bulk(oneroster.Users)})
		}})
}

// noteRefused puts what only the database could find into the report.
func noteRefused(ctx context.Context, q *rostersdb.Queries, id uuid.UUID, report *oneroster.Report) error {
	rows, err := q.RowsRefused(ctx, id)
	if err != nil {
		return fmt.Errorf("read refused rows: %w", err)
	}
	for _, r := range rows {
		file := oneroster.FileOf[oneroster.Kind(r.Kind)]
		for n, row := range r.Places {
			count := 1
			if n == len(r.Places)-1 {
				count = int(r.N) - n // the last place carries those that are not named
			}
			report.AddMany(oneroster.Code(r.Code), file, int(row), "", count)
		}
	}
	return nil
}

// threshold stops a package of which too many rows of a kind are faulty.
func threshold(ctx context.Context, q *rostersdb.Queries, id uuid.UUID) error {
	counts, err := q.RowsCounts(ctx, id)
	if err != nil {
		return fmt.Errorf("count rows: %w", err)
	}
	for _, c := range counts {
		k := oneroster.Kind(c.Kind)
		if thresholded(k) && (c.Faulty > mostFaulty || c.Faulty > alwaysTolerated && c.Faulty*100 > c.Rows*faultyPercent) {
			return tooManyFaulty(k, int(c.Faulty), int(c.Rows))
		}
	}
	return nil
}

func noteChecked(ctx context.Context, q *rostersdb.Queries, id uuid.UUID, p *oneroster.Package) error {
	modes, err := encode(p.Modes)
	if err != nil {
		return err
	}
	issues, err := IssuesOf(&p.Warnings)
	if err != nil {
		return err
	}
	if err := q.ImportChecked(ctx, rostersdb.ImportCheckedParams{ID: id, Modes: modes, Issues: issues}); err != nil {
		return fmt.Errorf("note what was checked: %w", err)
	}
	return nil
}

// IssuesOf gives the issues of a package as they are kept.
func IssuesOf(r *oneroster.Report) ([]byte, error) {
	return encode(Issues{Places: r.Issues(), Omitted: r.Omitted()})
}

// Stop ends an import of whose package nothing is used, and keeps what was found
// wrong with it. p is nil when the package could not be opened. Both are in one
// transaction: an import whose issues are noted and which is open looks like one
// that was staged.
func Stop(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID, p *oneroster.Package, why StopReason) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		i, err := Get(ctx, tx, id)
		if err != nil || !i.State.Open() {
			return err
		}
		if p != nil {
			if err := noteChecked(ctx, rostersdb.New(tx), id, p); err != nil {
				return err
			}
		}
		if _, err := End(ctx, tx, id, Stopped, &why, nil); err != nil {
			return err
		}
		return tell(ctx, tx, i, Stopped)
	})
}

// ReasonOf gives the reason of a package that was stopped, as it is kept.
func ReasonOf(s *oneroster.Stop) StopReason {
	return StopReason{Code: string(s.Code), File: s.File, Row: s.Row, Column: s.Column, Text: s.Text}
}
