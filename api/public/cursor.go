package public

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/shares/visitors"
)

// encodeCursor writes where a list goes on. It is not signed: it can only say where in the
// share's own list that is.
func encodeCursor(at *visitors.Cursor) string {
	if at == nil {
		return ""
	}
	b, err := json.Marshal(at)
	if err != nil {
		panic(err) // a name and an id always have a JSON form
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(text string) (at visitors.Cursor, err error) {
	if text == "" {
		return at, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &at)
	}
	if err != nil || at.ID == uuid.Nil {
		return visitors.Cursor{}, request.ErrCursor
	}
	return at, nil
}
