package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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
		{fault.New(fault.Limited, "rate_limited", "x"), 429, "rate_limited"},
		{fmt.Errorf("wait: %w", context.DeadlineExceeded), 503, "timeout"},
		{&http.MaxBytesError{Limit: 1}, 413, "body_too_large"},
		{NoCredentials, 401, "unauthenticated"},
	} {
		f := Of(c.err)
		require.Equal(t, c.code, f.Code)
		require.Equal(t, c.status, Status(f), c.code)
	}
}

func TestWhenToComeBack(t *testing.T) {
	t.Parallel()
	limited := fault.New(fault.Limited, "rate_limited", "x")
	for _, c := range []struct {
		f    *fault.Fault
		wait string
	}{
		{limited, "2"},
		{limited.After(time.Millisecond), "1"},
		{limited.After(2*time.Second + 1), "3"},
		{files.ErrLeased, "2"},
		{files.ErrNotFound, ""},
		{fault.New(fault.Conflict, "in_progress", "x").After(3 * time.Second), "3"},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("X-Request-ID", "request-1")
		Write(w, Status(c.f), c.f)
		require.Equal(t, c.wait, w.Header().Get("Retry-After"), c.f.Code)
		var p Problem
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		require.Equal(t, Problem{Type: "urn:satchel:problem:" + c.f.Code, Title: http.StatusText(Status(c.f)), Status: Status(c.f),
			Detail: c.f.Text, Code: c.f.Code, RequestID: "request-1"}, p)
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	require.NotContains(t, Headers(401, NoCredentials)["WWW-Authenticate"], "error")
	require.Contains(t, Headers(401, fault.New(fault.Denied, "invalid_token", "x"))["WWW-Authenticate"], `error="invalid_token"`)
}
