package main

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/freeport"
	"satchel/internal/oidc/oidctest"
	"satchel/internal/pgtest"
	"satchel/internal/s3test"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

// programVariable makes the test's own program the API, so that a test can kill it.
const programVariable = "SATCHEL_TEST_RUN_API"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// silent is an address that takes connections and never answers, as a Temporal
// whose host hangs does.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// process is an API in a process of its own.
type process struct {
	cmd *exec.Cmd
	url string
	log bytes.Buffer
}

func startAPI(t *testing.T, d *pgtest.Database, issuer *oidctest.Issuer) *process {
	t.Helper()
	store, listen := s3test.Serve(t), freeport.Address(t).String()
	program, err := os.Executable()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(program), url: "http://" + listen}
	p.cmd.Env = append(os.Environ(), programVariable+"=1",
		"SATCHEL_DATABASE_URL="+d.AppURL, "SATCHEL_TEMPORAL_ADDRESS="+silent(t), "SATCHEL_OIDC_ISSUER="+issuer.URL, "SATCHEL_OIDC_AUDIENCE="+oidctest.Audience,
		"SATCHEL_API_LISTEN="+listen, "SATCHEL_CONTENT_LISTEN=127.0.0.1:0", "SATCHEL_METRICS_LISTEN=127.0.0.1:0", "SATCHEL_SPOOL_DIR="+t.TempDir(),
		"SATCHEL_S3_ENDPOINT="+store.Endpoint, "SATCHEL_S3_ACCESS_KEY="+store.AccessKey, "SATCHEL_S3_SECRET_KEY="+store.SecretKey, "SATCHEL_S3_REGION="+store.Region,
		"SATCHEL_S3_STAGING_BUCKET="+store.Staging, "SATCHEL_S3_CLEAN_BUCKET="+store.Clean, "SATCHEL_S3_QUARANTINE_BUCKET="+store.Quarantine,
		"SATCHEL_S3_AUDIT_BUCKET="+store.Audit, "SATCHEL_S3_EXPORTS_BUCKET="+store.Exports, "SATCHEL_S3_KEYS_BUCKET="+store.Keys, "SATCHEL_KMS_KEYS=test "+strings.Repeat("A", 43)+"=", "SATCHEL_PEOPLE_HASH_KEY="+strings.Repeat("k", 32), "SATCHEL_CONTENT_KEYS="+strings.Repeat("c", 32), "SATCHEL_SECRETS_KEY="+strings.Repeat("A", 43)+"=")
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	require.Eventually(t, func() bool {
		resp, err := http.Get(p.url + "/healthz")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
	return p
}

// upload sends a form and gives the file's id.
func (p *process) upload(t *testing.T, token string) uuid.UUID {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "notes.txt")
	require.NoError(t, err)
	_, err = part.Write([]byte("a text"))
	require.NoError(t, err)
	require.NoError(t, form.Close())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/api/v1/storage/upload", &body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusAccepted, resp.StatusCode)
	var file struct{ ID uuid.UUID }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&file))
	return file.ID
}

// temporal notes what is started in it.
type temporal struct {
	client.Client
	mu      sync.Mutex
	started []string
}

func (c *temporal) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = append(c.started, o.ID)
	return nil, nil
}

// starter is the sweep's side of Temporal, as cmd/worker/wiring binds it.
type starter struct {
	*upload.Admission
	temporal *temporal
}

func (s starter) StartUpload(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error {
	return upload.Start(ctx, s.temporal, upload.UploadFileInput{Org: org, File: file, Version: version})
}

// TestKilledBetweenTheAnswerAndTheStart kills the API with SIGKILL after its 202 and
// before the workflow of the file is started: the rows are all that is left, and
// the sweep starts the workflow of every file that was answered for.
func TestKilledBetweenTheAnswerAndTheStart(t *testing.T) {
	t.Parallel()
	d, issuer := pgtest.New(t), oidctest.New(t)
	org := d.Organization(t, 1<<20)
	user, err := d.EnsureUser(t.Context(), issuer.URL, "pupil")
	require.NoError(t, err)
	require.NoError(t, tenancy.SetMember(t.Context(), d.Single(org), user, tenancy.Student))
	api := startAPI(t, d, issuer)
	var answered []uuid.UUID
	for range 2 {
		answered = append(answered, api.upload(t, issuer.Token("pupil")))
	}
	require.NoError(t, api.cmd.Process.Signal(syscall.SIGKILL))
	_ = api.cmd.Wait()
	require.True(t, api.cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled(), "it did not end by itself: %s", api.log.String())

	c := &temporal{}
	admission, err := upload.NewAdmission(d.DB, c, upload.AdmissionConfig{MaxRunning: 3})
	require.NoError(t, err)
	s := sweep.New(d.DB, starter{admission, c}, nil, sweep.Config{})
	for _, name := range []string{"start-waiting-uploads", "admit-waiting-uploads", "start-waiting-uploads", "admit-waiting-uploads"} {
		_, err = activitytest.Sweep(t, sweep.SweepsOf(s), name)
		require.NoError(t, err)
	}
	for _, id := range answered {
		file, err := files.Get(t.Context(), d.Single(org), id)
		require.NoError(t, err)
		require.Equal(t, files.Processing, file.Effective())
		require.Contains(t, c.started, upload.WorkflowID(org, file.VersionID))
	}
}
