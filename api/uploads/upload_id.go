package uploads

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"satchel/tenancy"
)

type idKey struct{}

// WithID says under which id the request creates its upload.
func WithID(ctx context.Context, id uuid.UUID) context.Context {
	return context.WithValue(ctx, idKey{}, id)
}

func idOf(ctx context.Context) uuid.UUID {
	id, _ := ctx.Value(idKey{}).(uuid.UUID)
	return id
}

// Created answers a creation that is sent again with the upload that it made.
// Bytes that came with it are left alone: the offset says which of them are here.
func (u *Uploads) Created(w http.ResponseWriter, r *http.Request, actor tenancy.Actor, id uuid.UUID) (made, gone bool, err error) {
	row, err := u.authorize(r.Context(), actor, id)
	switch {
	case errors.Is(err, errNoUpload):
		return false, false, nil
	case err != nil:
		return false, false, err
	}
	if ended := checkOpen(row); ended != nil {
		return false, true, nil //nolint:nilerr // which is what the caller asks
	}
	h := w.Header()
	h.Set("Tus-Resumable", "1.0.0")
	h.Set("Location", u.location(row.ID))
	h.Set("X-File-ID", row.FileID.String())
	h.Set("Upload-Offset", strconv.FormatInt(row.OffsetBytes, 10))
	if row.FinishedAt == nil {
		h.Set("Upload-Expires", row.ExpiresAt.UTC().Format(http.TimeFormat))
	}
	w.WriteHeader(http.StatusCreated)
	return true, false, nil
}
