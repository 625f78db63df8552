package spaces

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/spaces/spacesdb"
	"satchel/tenancy"
)

// SchoolClass is a class, with the id of its space where the actor is in it.
type SchoolClass = spacesdb.ClassGetRow

// CreateClass makes a class by hand; its space comes with it. The same id again
// changes nothing.
func CreateClass(ctx context.Context, q tenancy.Queries, id uuid.UUID, title, code string) (SchoolClass, error) {
	title, err := cleanName(title, 200)
	if err != nil {
		return SchoolClass{}, err
	}
	if _, err := spacesdb.New(q).ClassInsert(ctx, spacesdb.ClassInsertParams{ID: id, Title: title, Code: code}); err != nil {
		return SchoolClass{}, fmt.Errorf("make class: %w", err)
	}
	return GetClass(ctx, q, id)
}

// GetClass reads one class.
func GetClass(ctx context.Context, q tenancy.Queries, id uuid.UUID) (SchoolClass, error) {
	c, err := spacesdb.New(q).ClassGet(ctx, id)
	return c, found("read class", err, ErrNoClass)
}

// ListClasses reads a page of classes by title. An empty state lists all.
func ListClasses(ctx context.Context, q tenancy.Queries, state string, after uuid.UUID, limit int) ([]SchoolClass, error) {
	rows, err := spacesdb.New(q).ClassPage(ctx, spacesdb.ClassPageParams{State: state, After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list classes: %w", err)
	}
	page := make([]SchoolClass, len(rows))
	for i, r := range rows {
		page[i] = SchoolClass(r)
	}
	return page, nil
}

// UpdateClass changes a class. What is changed by hand an import leaves as it is.
func UpdateClass(ctx context.Context, q tenancy.Queries, id uuid.UUID, title, code, state *string) error {
	if title != nil {
		clean, err := cleanName(*title, 200)
		if err != nil {
			return err
		}
		title = &clean
	}
	n, err := spacesdb.New(q).ClassUpdate(ctx, spacesdb.ClassUpdateParams{ID: id, Title: title, Code: code, State: state})
	return changed("change class", n, err, ErrNoClass)
}

// ClassMember is a person in a class. EndsAt is zero where nothing ends it.
type ClassMember = spacesdb.ClassMemberPageRow

// ClassMembers reads a page of who is in a class now, in the order of their ids.
func ClassMembers(ctx context.Context, q tenancy.Queries, class, after uuid.UUID, limit int) ([]ClassMember, error) {
	rows, err := spacesdb.New(q).ClassMemberPage(ctx, spacesdb.ClassMemberPageParams{ClassID: class, After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list class: %w", err)
	}
	return rows, nil
}

// SetClassMember puts a person into a class by hand, or changes what they are there.
func SetClassMember(ctx context.Context, q tenancy.Queries, class, user uuid.UUID, role string, primary bool, endsAt *time.Time) error {
	err := spacesdb.New(q).ClassMemberSet(ctx, spacesdb.ClassMemberSetParams{ClassID: class, UserID: user, Role: role, PrimaryTeacher: primary, EndsAt: endsAt})
	if err != nil {
		return missing("add to class", err)
	}
	return nil
}

// RemoveClassMember ends a person's time in a class now, by whichever way they came.
// An import does not bring them back.
func RemoveClassMember(ctx context.Context, q tenancy.Queries, class, user, by uuid.UUID) error {
	n, err := spacesdb.New(q).ClassMemberRemove(ctx, spacesdb.ClassMemberRemoveParams{ClassID: class, UserID: user, RemovedBy: by})
	return changed("remove from class", n, err, ErrNotMember)
}
