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
	ErrNoGuardian  = fault.New(fault.NotFound, "guardian_not_found", "There is no such link between a parent and a student.")
	ErrNotGuardian = fault.New(fault.Conflict, "not_parent_and_student", "A link joins a member who is a parent and a member who is a student. Set their roles first.")
)

// Guardian is the link by which a parent may read a student's files.
type Guardian struct {
	Parent    uuid.UUID
	Student   uuid.UUID
	CreatedBy uuid.UUID
	CreatedAt time.Time
}

// ListGuardians reads a page of links in the order of parent and student, after
// the given link.
func ListGuardians(ctx context.Context, q tenancy.Queries, afterParent, afterStudent uuid.UUID, limit int) ([]Guardian, error) {
	rows, err := membersdb.New(q).GuardianPage(ctx, membersdb.GuardianPageParams{AfterParent: afterParent, AfterStudent: afterStudent, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("read guardians: %w", err)
	}
	links := make([]Guardian, len(rows))
	for i, r := range rows {
		links[i] = Guardian(r)
	}
	return links, nil
}

// AddGuardian links a parent and a student of the organization. A link that is
// there already stays as it is, and the answer says so.
func AddGuardian(ctx context.Context, tx *tenancy.Tx, by, parent, student uuid.UUID) (Guardian, bool, error) {
	if err := lock(ctx, tx); err != nil { // roles must not change meanwhile
		return Guardian{}, false, err
	}
	for user, wanted := range map[uuid.UUID]tenancy.Role{parent: tenancy.Parent, student: tenancy.Student} {
		role, err := roleOf(ctx, tx, user)
		if err != nil {
			return Guardian{}, false, err
		}
		if role != wanted {
			return Guardian{}, false, ErrNotGuardian
		}
	}
	made, err := membersdb.New(tx).GuardianInsert(ctx, membersdb.GuardianInsertParams{ParentID: parent, StudentID: student, CreatedBy: by})
	if err != nil {
		return Guardian{}, false, fmt.Errorf("link parent and student: %w", err)
	}
	g, err := GetGuardian(ctx, tx, parent, student)
	return g, made == 1, err
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

// Students lists the students whose files the parent may read.
func Students(ctx context.Context, q tenancy.Queries, parent uuid.UUID) ([]uuid.UUID, error) {
	students, err := membersdb.New(q).GuardianStudents(ctx, parent)
	if err != nil {
		return nil, fmt.Errorf("read students of parent: %w", err)
	}
	return students, nil
}
