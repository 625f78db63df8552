package search

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/search/searchdb"
	"satchel/tenancy"
)

// RecentCursor is the last row of the page before. The zero cursor starts.
type RecentCursor struct {
	UsedAt time.Time `json:"at"`
	ID     uuid.UUID `json:"id"`
}

// Recent reads what the actor of q opened or changed, the last first, and where the next
// page begins.
func Recent(ctx context.Context, q tenancy.Queries, after RecentCursor, limit int) ([]files.Listed, *RecentCursor, error) {
	params := searchdb.RecentPageParams{Page: int32(limit) + 1}
	if after.ID != uuid.Nil {
		params.BeforeAt, params.BeforeID = &after.UsedAt, &after.ID
	}
	rows, err := searchdb.New(q).RecentPage(ctx, params)
	if err != nil {
		return nil, nil, fmt.Errorf("list recent files: %w", err)
	}
	var next *RecentCursor
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = &RecentCursor{last.UsedAt, last.FileID}
	}
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i] = row.FileID
	}
	found, err := files.ListedByIDs(ctx, q, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("read recent files: %w", err)
	}
	var views []files.Listed
	for _, id := range ids {
		if v, ok := found[id]; ok {
			views = append(views, v)
		}
	}
	return views, next, nil
}

// Used is a file that a person opened.
type Used struct{ User, File uuid.UUID }

// UseAll notes what several persons opened, as Use does of one.
func UseAll(ctx context.Context, q tenancy.Queries, used []Used) error {
	var p searchdb.RecentUseAllParams
	known := map[Used]bool{{}: true} // nothing is no one's
	for _, u := range used {
		if !known[u] {
			known[u] = true
			p.Users, p.Files = append(p.Users, u.User), append(p.Files, u.File)
		}
	}
	if len(p.Users) == 0 {
		return nil
	}
	return searchdb.New(q).RecentUseAll(ctx, p)
}

// Use notes that the actor of q opened or changed a file, once a minute at most.
func Use(ctx context.Context, q tenancy.Queries, file uuid.UUID) error {
	return searchdb.New(q).RecentUse(ctx, file)
}
