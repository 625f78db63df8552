// Package e2e drives the whole local stack through its public API, disturbs its
// processes, and checks the platform's invariants after each disturbance.
package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/client"
	"satchel/internal/devstack"
	"satchel/internal/devstack/checks"
)

var local *devstack.Stack

func TestMain(m *testing.M) {
	path := os.Getenv("SATCHEL_STACK_FILE")
	if path == "" {
		fmt.Fprintln(os.Stderr, "SATCHEL_STACK_FILE is not set: run `make e2e`, which starts a stack for these tests")
		os.Exit(1)
	}
	var err error
	if local, err = devstack.Read(path); err != nil {
		fmt.Fprintln(os.Stderr, "read the stack:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// patience is how long anything may take to settle by itself after a fault.
const patience = 2 * time.Minute

// testContext outlives the test's own, which is cancelled before its clean-up.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// school is an organization of one test's own, with a client for each role.
type school struct {
	ID                      string
	Owner, Teacher, Student *client.Client
}

func newSchool(t *testing.T) school {
	t.Helper()
	id, err := local.Provision(testContext(t), "e2e-"+uuid.NewString(), "Test school")
	require.NoError(t, err)
	s := school{ID: id}
	s.Owner, s.Teacher, s.Student = s.member(t, "owner"), s.member(t, "teacher"), s.member(t, "student")
	return s
}

func (s school) member(t *testing.T, role string) *client.Client {
	t.Helper()
	c, err := local.Member(testContext(t), s.ID, role+"-"+uuid.NewString(), role)
	require.NoError(t, err)
	c.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return c
}

// setQuota changes the organization's limits.
func (s school) setQuota(t *testing.T, limits map[string]any) {
	t.Helper()
	limits["organization_id"] = s.ID
	require.NoError(t, local.Operator().Call(testContext(t), http.MethodPut, "/api/v1/admin/storage/quotas", limits, nil))
}

// quota is GET /storage/quota.
type quota struct {
	Max, Used, Reserved int64
	MaxFileSize         int64 `json:"max_file_size"`
}

func quotaOf(t *testing.T, c *client.Client) quota {
	t.Helper()
	var q quota
	require.NoError(t, c.Call(testContext(t), http.MethodGet, "/api/v1/storage/quota", nil, &q))
	return q
}

// upload sends bytes by tus and gives the file's id.
func upload(ctx context.Context, c *client.Client, name string, content []byte) (string, error) {
	sum := sha256.Sum256(content)
	return c.Upload(ctx, client.Upload{
		Body: bytes.NewReader(content), Size: int64(len(content)), Retries: 12,
		Metadata: map[string]string{"filename": name, "sha256": hex.EncodeToString(sum[:])},
	})
}

func mustUpload(t *testing.T, c *client.Client, name string, content []byte) string {
	t.Helper()
	id, err := upload(testContext(t), c, name, content)
	require.NoError(t, err)
	return id
}

// settled waits for the file's final state.
func settled(t *testing.T, c *client.Client, id string) client.File {
	t.Helper()
	ctx, cancel := context.WithTimeout(testContext(t), patience)
	defer cancel()
	f, err := c.Watch(ctx, id, nil)
	require.NoError(t, err, "file %s did not settle", id)
	f, err = c.WaitForPreviews(ctx, f)
	require.NoError(t, err, "the previews of file %s did not come", id)
	return f
}

func download(t *testing.T, c *client.Client, id string) ([]byte, error) {
	t.Helper()
	var b bytes.Buffer
	_, err := c.Download(testContext(t), id, 0, &b)
	return b.Bytes(), err
}

// text makes n bytes of plain text that no other call makes.
func text(n int) []byte {
	seed := make([]byte, 16)
	_, _ = rand.Read(seed)
	line := hex.EncodeToString(seed) + "\n"
	return []byte(strings.Repeat(line, n/len(line)+1)[:n])
}

func eicar() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*")
}

// refused demands a problem with this status and code.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, code, p.Code, p.Error())
	require.Equal(t, status, p.Status, p.Error())
}

// sound runs the operator's reconciler over the school, or over everything when
// it has no id, and demands that rows, objects, quota and workflows agree. A finding has
// the time of the sweeps to go away by itself: what a killed process or a store that was away
// left behind is theirs to clear, and people hear of a final state before its objects are cleared.
func (s school) sound(t *testing.T) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		found := s.findings(t)
		assert.Empty(c, found, "the reconciler found: %s", found)
	}, patience+time.Minute, 500*time.Millisecond)
}

// findings runs the operator's reconciler over the school, without repairs.
func (s school) findings(t *testing.T) []checks.Finding {
	t.Helper()
	ctx, cancel := context.WithTimeout(testContext(t), patience)
	defer cancel()
	found, err := checks.Reconcile(ctx, local, s.ID, checks.Reconciling{Deep: true})
	require.NoError(t, err)
	return found
}

// signal disturbs one process of the stack; it gives false when none runs.
func signal(t *testing.T, name string, sig syscall.Signal) bool {
	t.Helper()
	done, err := local.Processes().Signal(testContext(t), name, sig)
	require.NoError(t, err)
	return done
}

// kill ends a process without warning and waits until another one runs.
func kill(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(testContext(t), patience)
	defer cancel()
	require.NoError(t, local.Processes().Kill(ctx, name))
}

// ready waits until API and worker say that nothing is missing.
func ready(t *testing.T) {
	t.Helper()
	for _, base := range []string{local.Metrics.API, local.Metrics.Worker} {
		url := strings.TrimSuffix(base, "/metrics") + "/readyz"
		require.Eventually(t, func() bool {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			if err != nil {
				return false
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return false
			}
			defer func() { _ = resp.Body.Close() }()
			var said struct{ Missing []string } // the API is ready for traffic before it has all of its parts
			return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(&said) == nil && len(said.Missing) == 0
		}, patience, 100*time.Millisecond, url)
	}
}
