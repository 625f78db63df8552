package spaces

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/spaces/spacesdb"
	"satchel/tenancy"
)

// Teacher is a member of the organization who teaches.
type Teacher = spacesdb.TeacherPageRow

// Teachers reads a page of the teachers in the order of their ids.
func Teachers(ctx context.Context, q tenancy.Queries, after uuid.UUID, limit int) ([]Teacher, error) {
	rows, err := spacesdb.New(q).TeacherPage(ctx, spacesdb.TeacherPageParams{After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list teachers: %w", err)
	}
	return rows, nil
}

// Published is how many published files each space holds, outside of the trash.
type Published []spacesdb.PublishedBySpaceRow

// CountPublished counts the files that were begun before a moment, as the platform and
// not as a person.
func CountPublished(ctx context.Context, q tenancy.Queries, before time.Time) (Published, error) {
	rows, err := spacesdb.New(q).PublishedBySpace(ctx, before)
	if err != nil {
		return nil, fmt.Errorf("count published files: %w", err)
	}
	return rows, nil
}

// Access is how many of the published files a person reads, and how many they do not by
// the kind of the space that holds them.
type Access struct {
	Readable int64
	Hidden   map[Kind]int64
}

// AccessOf counts as the actor of ctx: row-level security itself is asked, so that the
// count cannot differ from what the person sees.
func AccessOf(ctx context.Context, q tenancy.Queries, p Published, before time.Time) (Access, error) {
	rows, err := spacesdb.New(q).ReadableBySpace(ctx, before)
	if err != nil {
		return Access{}, fmt.Errorf("count readable files: %w", err)
	}
	readable := map[uuid.UUID]int64{}
	for _, r := range rows {
		readable[r.SpaceID] = r.Files
	}
	a := Access{Hidden: map[Kind]int64{}}
	for _, s := range p {
		seen := min(readable[s.SpaceID], s.Files) // a file may have been published in between
		a.Readable += seen
		if hidden := s.Files - seen; hidden > 0 {
			a.Hidden[Kind(s.Kind)] += hidden
		}
	}
	return a, nil
}
