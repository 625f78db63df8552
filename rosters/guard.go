package rosters

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"satchel/rosters/oneroster"
	"satchel/rosters/rostersdb"
	"satchel/tenancy"
)

// Hold is a reason for which an import waits for a person.
type Hold struct {
	Code   string `json:"code"`
	Kind   string `json:"kind,omitempty"`
	School string `json:"school,omitempty"`
	Count  int64  `json:"count"`        // how many
	Of     int64  `json:"of,omitempty"` // of how many
}

// The reasons.
const (
	HoldFirst       = "first_import"
	HoldClasses     = "classes_leaving"
	HoldStudents    = "students_leaving"
	HoldStaff       = "staff_leaving"
	HoldEnrollments = "enrollments_leaving"
	HoldEmpty       = "kind_empty"
	HoldIdentifiers = "identifiers_changed"
	HoldSeats       = "seats_exceeded"
	HoldSize        = "size_changed"
	HoldEncoding    = "encoding_converted"
)

// Thresholds of the holds: an import waits above the number and the percentage.
const (
	leavingFloor, leavingPercent = 10, 5 // students and classes of a school
	staffFloor, staffPercent     = 3, 5
	enrollmentPercent            = 10
	identifierPercent            = 2
	sizePercent                  = 25
	sizeFloor                    = 4 << 10 // bytes; small packages differ by more for one class
)

// above says whether n is more than the floor and more than the percentage of all.
func above(n, all, floor, percent int64) bool { return n > floor && n*100 > all*percent }

// holds finds the reasons to ask a person.
func (d *differ) holds(ctx context.Context, s Summary) ([]Hold, error) {
	all := []Hold{}
	for _, find := range []func(context.Context, Summary) ([]Hold, error){d.holdFirst, d.holdSchools, d.holdEnrollments, d.holdEmpty, d.holdIdentifiers, d.holdSeats} {
		holds, err := find(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("look for holds: %w", err)
		}
		all = append(all, holds...)
	}
	if d.i.Windows1252 {
		all = append(all, Hold{Code: HoldEncoding})
	}
	return all, nil
}

func (d *differ) holdFirst(ctx context.Context, _ Summary) ([]Hold, error) {
	size, err := d.q.ImportLastSize(ctx, d.i.Source)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return []Hold{{Code: HoldFirst, Count: 1}}, nil
	case err != nil:
		return nil, err
	}
	differs := max(size-d.i.Size, d.i.Size-size)
	if above(differs, size, sizeFloor, sizePercent) {
		return []Hold{{Code: HoldSize, Count: d.i.Size, Of: size}}, nil
	}
	return nil, nil
}

// holdSchools looks at each school by itself: a small one would vanish in the sum.
func (d *differ) holdSchools(ctx context.Context, _ Summary) (holds []Hold, err error) {
	leaving, err := d.q.LeavingBySchool(ctx, d.i.ID)
	if err != nil || len(leaving) == 0 {
		return nil, err
	}
	active := map[[2]string]int64{}
	classes, err := d.q.ActiveClasses(ctx, &d.i.Source)
	if err != nil {
		return nil, err
	}
	for _, c := range classes {
		active[[2]string{"class", c.School}] = c.N
	}
	people, err := d.q.ActivePeople(ctx, &d.i.Source)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		active[[2]string{p.Kind, p.School}] = p.N
	}
	for _, l := range leaving {
		code, kind, floor, percent := HoldClasses, "class", int64(leavingFloor), int64(leavingPercent)
		switch {
		case l.Kind == "person" && l.PersonKind == "student":
			code, kind = HoldStudents, "student"
		case l.Kind == "person" && l.PersonKind == "staff":
			code, kind, floor, percent = HoldStaff, "staff", staffFloor, staffPercent
		case l.Kind == "person":
			continue // guardians come and go with their students
		}
		if all := active[[2]string{kind, l.School}]; above(l.N, all, floor, percent) {
			holds = append(holds, Hold{Code: code, Kind: l.Kind, School: l.School, Count: l.N, Of: all})
		}
	}
	return holds, nil
}

func leavingOf(s Summary, kind string) (n int64) {
	for _, c := range s.Changes {
		if c.Kind == kind {
			n += c.Leaving
		}
	}
	return n
}

func (d *differ) holdEnrollments(ctx context.Context, s Summary) ([]Hold, error) {
	n := leavingOf(s, "enrollment")
	if n == 0 {
		return nil, nil
	}
	all, err := d.q.ActiveEnrollments(ctx, &d.i.Source)
	if err != nil || !above(n, all, leavingFloor, enrollmentPercent) {
		return nil, err
	}
	return []Hold{{Code: HoldEnrollments, Kind: "enrollment", Count: n, Of: all}}, nil
}

// holdEmpty finds a complete list that lists nothing of what is there.
func (d *differ) holdEmpty(ctx context.Context, s Summary) (holds []Hold, err error) {
	for kind, k := range map[string]oneroster.Kind{"class": oneroster.Classes, "person": oneroster.Users, "enrollment": oneroster.Enrollments} {
		if n := leavingOf(s, kind); n > 0 && d.complete(k) && d.rows[k].Usable == 0 {
			holds = append(holds, Hold{Code: HoldEmpty, Kind: kind, Count: n})
		}
	}
	return holds, ctx.Err()
}

func (d *differ) holdIdentifiers(ctx context.Context, _ Summary) ([]Hold, error) {
	n, err := d.q.IdentifiersChanged(ctx, rostersdb.IdentifiersChangedParams{ImportID: d.i.ID, SourceID: &d.i.Source})
	if all := d.rows[oneroster.Users].Rows; err != nil || n == 0 || !above(n, all, 0, identifierPercent) {
		return nil, err
	}
	return []Hold{{Code: HoldIdentifiers, Kind: "person", Count: n, Of: d.rows[oneroster.Users].Rows}}, nil
}

// holdSeats compares the people that there would be with the seats of the tier:
// those who could not sign in would be a surprise later.
func (d *differ) holdSeats(ctx context.Context, s Summary) ([]Hold, error) {
	people, err := d.q.PeopleActiveCount(ctx)
	if err != nil {
		return nil, err
	}
	coming := int64(0)
	for _, c := range s.Changes {
		if c.Kind == "person" {
			coming += c.New + c.Back
		}
	}
	if coming == 0 {
		return nil, nil
	}
	tier, err := tenancy.GetTier(ctx, d.tx)
	if err != nil {
		return nil, err
	}
	if after := people + coming - leavingOf(s, "person"); after > int64(tier.MaxMembers) {
		return []Hold{{Code: HoldSeats, Kind: "person", Count: after, Of: int64(tier.MaxMembers)}}, nil
	}
	return nil, nil
}
