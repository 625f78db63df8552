package members

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/members/membersdb"
)

// What a caller can meet.
var (
	ErrNoGuardian  = fault.New(fault.NotFound, "guardian_not_found", "There is no such link between a guardian and a student.")
	ErrNotGuardian = fault.New(fault.Conflict, "not_parent_and_student", "A link joins a guardian, who is no student, and a student. Give them those roles first; a guardian may have any other one.")
)

// Guardian is the link by which someone may read a student's files: a parent, or a
// member of the staff who is one as well. Neither need have signed in.
type Guardian struct {
	Parent    uuid.UUID
	Student   uuid.UUID
	CreatedBy uuid.UUID
	CreatedAt time.Time
}

// GuardianFilter narrows a list of links; nil takes all.
type GuardianFilter struct {
	Parent  *uuid.UUID
	Student *uuid.UUID
}

// ListGuardians reads a page of links in the order of parent and student, after
// the given link.
func ListGuardians(ctx context.Context, q tenancy.Queries, f GuardianFilter, afterParent, afterStudent uuid.UUID, limit int) ([]Guardian, error) {
	rows, err := membersdb.New(q).GuardianPage(ctx, membersdb.GuardianPageParams{
		AfterParent: afterParent, AfterStudent: afterStudent, ParentID: f.Parent, StudentID: f.Student, Most: int64(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("read guardians: %w", err)
	}
	links := make([]Guardian, len(rows))
	for i, r := range rows {
		links[i] = Guardian(r)
	}
	return links, nil
}

// AddGuardian links a guardian and a student of the organization. A link that is
// there already stays as it is, and the answer says so.
func AddGuardian(ctx context.Context, tx *tenancy.Tx, by, parent, student uuid.UUID) (Guardian, bool, error) {
	if err := Lock(ctx, tx); err != nil { // roles must not change meanwhile
		return Guardian{}, false, err
	}
	for user, wanted := range map[uuid.UUID]bool{parent: false, student: true} {
		is, err := isStudent(ctx, tx, user)
		if err != nil {
			return Guardian{}, false, err
		}
		if is != wanted {
			return Guardian{}, false, ErrNotGuardian
		}
	}
	made, err := membersdb.New(tx).GuardianInsert(ctx, membersdb.GuardianInsertParams{ParentID: parent, StudentID: student, CreatedBy: by})
	if err != nil {
		return Guardian{}, false, fmt.Errorf("link guardian and student: %w", err)
	}
	g, err := GetGuardian(ctx, tx, parent, student)
	return g, made == 1, err
}

// isStudent says whether a member, or else a person who has not signed in, is a
// student.
func isStudent(ctx context.Context, q tenancy.Queries, user uuid.UUID) (bool, error) {
	place, err := membersdb.New(q).PlaceOf(ctx, user)
	switch {
	case err != nil:
		return false, fmt.Errorf("read the place of a person: %w", err)
	case place.Role != "":
		return tenancy.Role(place.Role) == tenancy.Student, nil
	case place.Kind != "":
		return place.Kind == "student", nil
	}
	return false, ErrNoMember
}

// GetGuardian reads one link.
func GetGuardian(ctx context.Context, q tenancy.Queries, parent, student uuid.UUID) (Guardian, error) {
	g, err := membersdb.New(q).GuardianGet(ctx, membersdb.GuardianGetParams{ParentID: parent, StudentID: student})
	return Guardian(g), found("read guardian", err, ErrNoGuardian)
}

// RemoveGuardian ends a link.
func RemoveGuardian(ctx context.Context, q tenancy.Queries, parent, student uuid.UUID) error {
	ended, err := membersdb.New(q).GuardianDelete(ctx, membersdb.GuardianDeleteParams{ParentID: parent, StudentID: student})
	if err != nil {
		return fmt.Errorf("end link: %w", err)
	}
	if ended == 0 {
		return ErrNoGuardian
	}
	return nil
}

// Students lists the students whose files the guardian may read now: not those who
// are of age, and none who are students no more.
func Students(ctx context.Context, q tenancy.Queries, guardian uuid.UUID) ([]uuid.UUID, error) {
	students, err := membersdb.New(q).GuardianWards(ctx, guardian)
	if err != nil {
		return nil, fmt.Errorf("read students of guardian: %w", err)
	}
	return students, nil
}
