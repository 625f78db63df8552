package api

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
)

var errCursor = fault.New(fault.Invalid, "invalid_cursor", "The cursor is not one that this list gave, or was given for another sort. Start without a cursor.")

// position is what a cursor holds: the last row and the order in which it was
// last. It is not signed, since it can only say where in the caller's own list
// to go on.
type position struct {
	Sort files.Sort `json:"s"`
	files.Cursor
}

func encodeCursor(sort files.Sort, c files.Cursor) string {
	b, err := json.Marshal(position{Sort: sort, Cursor: c})
	if err != nil {
		panic(err) // an id and a name always have a JSON form
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(sort files.Sort, text string) (files.Cursor, error) {
	if text == "" {
		return files.Cursor{}, nil
	}
	var p position
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return files.Cursor{}, errCursor.Because(err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return files.Cursor{}, errCursor.Because(err)
	}
	if p.Sort != sort || p.ID == uuid.Nil {
		return files.Cursor{}, errCursor
	}
	return p.Cursor, nil
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
		return nil, errCursor
	}
	for i := range ids {
		ids[i] = uuid.UUID(b[i*len(uuid.Nil):])
	}
	return ids, nil
}

// pageOf makes a page of rows of which one more than limit was asked for.
func pageOf[R, V any](rows []R, limit int, show func(R) V, ids func(R) []uuid.UUID) page[V] {
	p := page[V]{Items: make([]V, 0, min(len(rows), limit))}
	if len(rows) > limit {
		rows = rows[:limit]
		p.NextCursor = encodeIDs(ids(rows[limit-1]))
	}
	for _, r := range rows {
		p.Items = append(p.Items, show(r))
	}
	return p
}
