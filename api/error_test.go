package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

func TestEveryKindHasAStatus(t *testing.T) {
	t.Parallel()
	require.Len(t, statusOf, len(fault.Kinds))
	for _, k := range fault.Kinds {
		require.Contains(t, statusOf, k, k.String())
	}
}

func TestStatusOfWhatCallersMeet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{errors.New("anything"), 500, "internal"},
		{fmt.Errorf("read: %w", files.ErrNotFound), 404, "file_not_found"},
		{files.ErrNotPublished, 409, "not_published"},
		{files.ErrQuarantined, 403, "quarantined"},
		{files.ErrTooLarge, 413, "too_large"},
		{files.ErrChecksum, 422, "checksum_mismatch"},
		{files.ErrLeased, 423, "upload_locked"},
		{tenancy.OverQuota, 507, "over_quota"},
		{fault.New(fault.Invalid, "type_not_allowed", "x").Under("script"), 415, "type_not_allowed"},
		{fmt.Errorf("wait: %w", context.DeadlineExceeded), 503, "timeout"},
		{&http.MaxBytesError{Limit: 1}, 413, "body_too_large"},
		{errNoToken, 401, "unauthenticated"},
	} {
		f := asFault(c.err)
		require.Equal(t, c.code, f.Code)
		require.Equal(t, c.status, statusFor(f), c.code)
	}
}
