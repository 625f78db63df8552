package e2e

import (
	"encoding/json"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

// longWork is GET /operations/{id}.
type longWork struct {
	State string
	Steps []struct {
		Name, State string
		Done        int64
	}
	Result, Error json.RawMessage
}

func operationOf(t *testing.T, c *client.Client, path string) longWork {
	t.Helper()
	var op longWork
	require.Eventually(t, func() bool {
		err := c.Call(testContext(t), http.MethodGet, path, nil, &op)
		return err == nil && op.State != "running"
	}, patience, 50*time.Millisecond)
	return op
}

// provision asks for an organization whose owner is invited by mail.
func provision(t *testing.T, slug, email string) (operation string, err error) {
	t.Helper()
	var begun struct {
		Operation string
	}
	in := map[string]any{"slug": slug, "name": "Killed school", "tier": "basic", "owner": map[string]string{"email": email}}
	err = local.Operator().Call(testContext(t), http.MethodPost, "/api/v1/organizations", in, &begun)
	return begun.Operation, err
}

// one finds the one organization of a slug; a slug is part of no other's here.
func one(t *testing.T, slug string) (id, status string) {
	t.Helper()
	var page client.Page[struct{ ID, Slug, Status string }]
	require.NoError(t, local.Operator().Call(testContext(t), http.MethodGet, "/api/v1/organizations?q="+slug, nil, &page))
	require.Len(t, page.Items, 1)
	return page.Items[0].ID, page.Items[0].Status
}

// TestWorkerDiesWhileOrganizationsAreSetUp kills the worker between the steps of
// several provisionings, at moments that chance chooses. Each settles: one
// organization, active, with one invitation.
func TestWorkerDiesWhileOrganizationsAreSetUp(t *testing.T) {
	const schools = 6
	slugs, operations := make([]string, schools), make([]string, schools)
	for i := range schools {
		slugs[i] = "killed-" + uuid.NewString()
		var err error
		operations[i], err = provision(t, slugs[i], slugs[i]+"@school.example")
		require.NoError(t, err)
		if i%2 == 0 {
			signal(t, "worker", syscall.SIGKILL)
		}
	}
	for i, operation := range operations {
		op := operationOf(t, local.Operator(), operation)
		require.Equal(t, "succeeded", op.State, string(op.Error))
		id, status := one(t, slugs[i])
		require.Equal(t, "active", status)
		var invited client.Page[struct{ Role, State string }]
		require.NoError(t, local.Operator().Call(testContext(t), http.MethodGet, "/api/v1/organizations/"+id+"/invitations", nil, &invited))
		require.Len(t, invited.Items, 1)
		require.Equal(t, "owner", invited.Items[0].Role)
		school{ID: id}.sound(t)
	}
	ready(t)
}

// TestOneSlugTwoOperators: of requests at once for one slug one wins, and the
// others are told.
func TestOneSlugTwoOperators(t *testing.T) {
	slug := "race-" + uuid.NewString()
	const operators = 5
	errs, operations := make([]error, operators), make([]string, operators)
	var wg sync.WaitGroup
	for i := range operators {
		wg.Go(func() { operations[i], errs[i] = provision(t, slug, "owner@school.example") })
	}
	wg.Wait()
	won := ""
	for i, err := range errs {
		if err == nil {
			require.Empty(t, won, "two won")
			won = operations[i]
			continue
		}
		refused(t, err, http.StatusConflict, "slug_taken")
	}
	require.NotEmpty(t, won)
	require.Equal(t, "succeeded", operationOf(t, local.Operator(), won).State)
	one(t, slug)
}
