package uploads

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// TestTooManyOpenUploads fills the tier's places and asks for one more by each
// protocol; an ended upload makes room for both.
func TestTooManyOpenUploads(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	conn, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), "update tiers set concurrent_uploads = 3")
	require.NoError(t, err)
	u := b.replica(t)
	c := b.serve(t, u)
	var last reply
	for range 3 {
		last = c.create(10, "filename", "essay.txt")
		require.Equal(t, http.StatusCreated, last.status, "%s", last.body)
	}
	refused := c.create(10, "filename", "essay.txt")
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.Equal(t, "too_many_uploads", refused.code)
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	form := func() error {
		_, err := u.Form(tenancy.WithActor(t.Context(), b.teacher), b.teacher, Metadata{Name: "essay.txt"}, strings.NewReader("Dear diary"), -1)
		return err
	}
	require.ErrorIs(t, form(), tenancy.TooManyUploads)
	require.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, last.header.Get("Location"), nil, "Tus-Resumable", "1.0.0").status)
	require.NoError(t, form(), "a form takes its place and gives it back")
	require.Equal(t, http.StatusCreated, c.create(10, "filename", "essay.txt").status)
	require.Equal(t, fault.Limited, fault.KindOf(form()))
}

// TestOpenUploadsOfOthersCount: the limit is the organization's, and a person does not see the uploads
// of others.
func TestOpenUploadsOfOthersCount(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	conn, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), "update tiers set concurrent_uploads = 1")
	require.NoError(t, err)
	c := b.serve(t, b.replica(t))
	require.Equal(t, http.StatusCreated, c.create(10, "filename", "essay.txt").status)
	c.actor = b.actor(t, b.org, tenancy.Teacher)
	refused := c.create(10, "filename", "essay.txt")
	require.Equal(t, http.StatusTooManyRequests, refused.status, "%s", refused.body)
}
