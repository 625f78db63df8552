package members

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// What a caller can meet.
var (
	ErrNoGuardian  = fault.New(fault.NotFound, "guardian_not_found", "There is no such link between a parent and a student.")
	ErrNotGuardian = fault.New(fault.Conflict, "not_parent_and_student", "A link joins a member who is a parent and a member who is a student. Set their roles first.")
)

// Guardian is the link by which a parent may read a student's files.
type Guardian struct {
	Parent    uuid.UUID `db:"parent_id"`
	Student   uuid.UUID `db:"student_id"`
	CreatedBy uuid.UUID `db:"created_by"`
	CreatedAt time.Time `db:"created_at"`
}

// ListGuardians reads a page of links in the order of parent and student, after
// the given link.
func ListGuardians(ctx context.Context, q tenancy.Queries, afterParent, afterStudent uuid.UUID, limit int) ([]Guardian, error) {
	return many[Guardian](ctx, q, `select parent_id, student_id, created_by, created_at from guardianships
		where (parent_id, student_id) > ($1, $2) order by parent_id, student_id limit $3`, afterParent, afterStudent, limit)
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
	tag, err := tx.Exec(ctx, `insert into guardianships (organization_id, parent_id, student_id, created_by)
		values (app.org(), $1, $2, $3) on conflict (organization_id, parent_id, student_id) do nothing`, parent, student, by)
	if err != nil {
		return Guardian{}, false, fmt.Errorf("link parent and student: %w", err)
	}
	g, err := GetGuardian(ctx, tx, parent, student)
	return g, tag.RowsAffected() == 1, err
}

// GetGuardian reads one link.
func GetGuardian(ctx context.Context, q tenancy.Queries, parent, student uuid.UUID) (Guardian, error) {
	return one[Guardian](ctx, q, ErrNoGuardian, `select parent_id, student_id, created_by, created_at from guardianships
		where parent_id = $1 and student_id = $2`, parent, student)
}

// RemoveGuardian ends a link.
func RemoveGuardian(ctx context.Context, q tenancy.Queries, parent, student uuid.UUID) error {
	tag, err := q.Exec(ctx, "delete from guardianships where parent_id = $1 and student_id = $2", parent, student)
	if err != nil {
		return fmt.Errorf("end link: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNoGuardian
	}
	return nil
}

// Students lists the students whose files the parent may read.
func Students(ctx context.Context, q tenancy.Queries, parent uuid.UUID) ([]uuid.UUID, error) {
	rows, err := q.Query(ctx, "select student_id from guardianships where parent_id = $1 order by student_id", parent)
	if err != nil {
		return nil, fmt.Errorf("read wards: %w", err)
	}
	wards, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("read wards: %w", err)
	}
	return wards, nil
}
