package request

import (
	"encoding/base64"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/internal/fault"
)

// ErrCursor refuses a cursor that cannot be one of the list.
var ErrCursor = fault.New(fault.Invalid, "invalid_cursor", "The cursor is not one that this list gave, or was given for another sort. Start without a cursor.")

// Page is one page of a list.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// encodeIDs makes the cursor of a list that is ordered by ids alone.
func encodeIDs(ids []uuid.UUID) string {
	var b []byte
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeIDs reads a cursor of n ids; without one, they are nil.
func decodeIDs(text string, n int) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, n)
	if text == "" {
		return ids, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != n*len(uuid.Nil) {
		return nil, ErrCursor
	}
	for i := range ids {
		ids[i] = uuid.UUID(b[i*len(uuid.Nil):])
	}
	return ids, nil
}

// List answers with a page of a list that is ordered by so many ids. It reads one
// more than was asked for, which tells whether there is a next page.
func List[R, V any](c *gin.Context, ids int, read func(after []uuid.UUID, limit int) ([]R, error), show func(R) V, of func(R) []uuid.UUID) error {
	limit, err := Limit(c)
	if err != nil {
		return err
	}
	after, err := decodeIDs(c.Query("cursor"), ids)
	if err != nil {
		return err
	}
	rows, err := read(after, limit+1)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, pageOf(rows, limit, show, of))
	return nil
}

// pageOf makes a page of rows of which one more than limit was asked for.
func pageOf[R, V any](rows []R, limit int, show func(R) V, ids func(R) []uuid.UUID) Page[V] {
	p := Page[V]{Items: make([]V, 0, min(len(rows), limit))}
	if len(rows) > limit {
		rows = rows[:limit]
		p.NextCursor = encodeIDs(ids(rows[limit-1]))
	}
	for _, r := range rows {
		p.Items = append(p.Items, show(r))
	}
	return p
}
