package storage

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/files"
)

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
		return files.Cursor{}, request.ErrCursor.Because(err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return files.Cursor{}, request.ErrCursor.Because(err)
	}
	if p.Sort != sort || p.ID == uuid.Nil {
		return files.Cursor{}, request.ErrCursor
	}
	return p.Cursor, nil
}
