package pipeline_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	restoring "satchel/activities/reconcile"
	"satchel/files"
	"satchel/internal/freeport"
	"satchel/internal/pgtest"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/reconcile"
	"satchel/workflows/verification"
)

var (
	drill      = flag.Bool("drill", false, "run the drill of a restore, which takes minutes")
	drillFiles = flag.Int("files", 0, "of the drill: so many published files besides; the store survives then, and its objects are not copied")
	drillBytes = flag.Int("bytes", 100_000, "of the drill: the size of each of them")
)

// acknowledged is an upload that was acknowledged.
type acknowledged struct {
	files.Created
	at      time.Time
	sum     string
	trashed time.Time // that the deletion was acknowledged; zero: it was not
}

// TestRestoreUnderLoad is the drill: uploads go on while Postgres is backed up, Postgres is
// killed and its folder wiped, it is restored from the backup and the archived WAL into an empty
// folder, the objects are in another store with ETags of its own, and Temporal is given up for a
// new namespace. `make drill` runs it and prints what was lost, and how long it took.
func TestRestoreUnderLoad(t *testing.T) { //nolint:paralleltest // sets the server of all tests
	if !*drill {
		t.Skip("takes minutes: `make drill` runs it")
	}
	first := newCluster(t)
	running := first
	t.Cleanup(func() { running.kill(t) }) // behind the end of the test's database, which is dropped
	first.start(t)
	t.Setenv("SATCHEL_TEST_POSTGRES", first.url())
	b, ctx := setup(t, nil), context.Background()
	b.holds(t, *drillFiles, *drillBytes)
	load := &load{worker: b, stop: make(chan struct{})}
	for range 3 {
		load.running.Go(func() { load.run(ctx) })
	}
	load.more(t, 100)
	first.backUp(t)
	load.more(t, 300) // what comes behind the backup is in the archive alone

	first.kill(t)
	killed := time.Now()
	close(load.stop)
	load.running.Wait()
	b.Stop()
	b.DB.Close()
	first.wipe(t)
	store := b.Store
	if *drillFiles == 0 {
		store = copied(t, b.Store)
	}

	second := first.restored(t)
	running = second
	second.start(t)
	at := second.replayed(t)
	b.Maintained = true
	b.reopen(t, store)
	in := reconcile.ReconcileStorageInput{Repair: true, Restore: restoring.Restore{To: at, Found: time.Now()}}
	require.Eventually(t, func() bool { // the server takes seconds to know a new namespace
		in.Operation = tenancy.NewID()
		return reconcile.Begin(ctx, b.DB, b.Client, b.User, in) == nil
	}, patience, time.Second)
	var report reconcile.ReconcileStorageResult
	require.NoError(t, b.Client.GetWorkflow(ctx, reconcile.WorkflowID(in.Operation), "").Get(ctx, &report))
	require.Zero(t, report.Failed)
	require.Zero(t, report.Counts[restoring.LostContent], "the store has everything that the database names")
	b.Stop()
	b.Maintained = false
	b.Start(t)
	require.Eventually(t, func() bool {
		var open int
		_ = b.Single(b.Org).QueryRow(ctx, "select count(*) from file_versions where status in ('uploading', 'processing')").Scan(&open)
		return open == 0
	}, patience, 100*time.Millisecond)
	open := time.Now()

	t.Logf("open %s behind the kill; each object is read now", open.Sub(killed).Round(time.Millisecond))
	rowless := b.removed(t)
	b.RequireSettledWithin(t, 2*time.Minute+time.Duration(*drillFiles)*10*time.Millisecond) // rows, objects by their SHA-256, quota, workflows
	kept, lost := 0, time.Duration(0)
	for _, p := range load.sent {
		v, err := files.GetVersion(ctx, b.Single(b.Org), p.Version)
		if p.at.After(at) { // it may be there or not
			if err != nil {
				lost = max(lost, killed.Sub(p.at))
			}
			continue
		}
		kept++
		require.NoError(t, err, "acknowledged %s before the moment of the restore", at.Sub(p.at))
		if !p.trashed.IsZero() {
			if p.trashed.Before(at) {
				require.NotNil(t, v.TrashedAt, "what was deleted does not come back")
			}
			continue // deleted behind that moment: its bytes may be gone, and then it says so
		}
		require.Equal(t, files.Published, v.Status, v.StatusReason)
		sum := sha256.Sum256(read(t, b.Store.Clean, files.ContentKey(b.Org, p.Version)))
		require.Equal(t, p.sum, hex.EncodeToString(sum[:]))
	}
	require.Greater(t, kept, 20, "a drill of an empty system shows nothing")
	b.verifies(t)
	require.Eventually(t, func() bool {
		found, err := b.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: "JobKind IS NOT NULL AND ExecutionStatus = 'Running'"})
		return err == nil && found.GetCount() == 0
	}, patience, 100*time.Millisecond)
	t.Logf("drill: %d files of %d bytes, %d uploads acknowledged, %d of them before the moment of the restore and all there; RPO %s, RTO %s; the check found %v; %d objects of lost uploads were removed",
		*drillFiles, *drillBytes, len(load.sent), kept, lost.Round(time.Millisecond), open.Sub(killed).Round(time.Millisecond), report.Counts, rowless)
}

// holds gives the organization published files whose rows are put in behind the rules, many at a time.
func (b *worker) holds(t *testing.T, n, size int) {
	t.Helper()
	if n == 0 {
		return
	}
	ctx := t.Context()
	content := bytes.Repeat([]byte("x"), size)
	sum := sha256.Sum256(content)
	ids, etags := make([]uuid.UUID, n), make([]string, n)
	g, puts := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i := range ids {
		ids[i] = tenancy.NewID()
		g.Go(func() (err error) {
			etags[i], err = b.Store.Clean.PutWithKey(puts, files.ContentKey(b.Org, ids[i]), bytes.NewReader(content), int64(size), sum[:], time.Minute)
			return err
		})
	}
	require.NoError(t, g.Wait())
	conn, err := pgx.Connect(ctx, b.AdminURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(ctx, "set session_replication_role = replica")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "create temporary table made as select id, etag, number from unnest($1::uuid[], $2::text[]) with ordinality as m (id, etag, number)", ids, etags)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, `insert into files (organization_id, id, space_id, name, uploaded_by, status, head_id, current_id)
		select $1, id, (select id from spaces where organization_id = $1 limit 1), 'essay ' || number || '.txt', $2, 'published', id, id from made`, b.Org, b.User)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, `insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, sha256, scan_sha256, scan_verdict, scanned_at, published_at, object_etag, used_bytes, uploaded_by, received_at, cleaned_at, contains_pii)
		select $1, id, id, 1, 'published', $3, 'text/plain', $4, $4, 'clean', now(), now(), etag, $3, $2, now(), now(), false from made`, b.Org, b.User, size, hex.EncodeToString(sum[:]))
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "update storage_quotas set max_bytes = 1::bigint << 40, used_bytes = used_bytes + $2::bigint where organization_id = $1", b.Org, int64(n)*int64(size))
	require.NoError(t, err)
}

// removed takes away the bytes of uploads whose rows were lost, as the reconciler does when they are ten minutes old, and gives
// how many there were. Nothing else is left to repair.
func (b *worker) removed(t *testing.T) int {
	t.Helper()
	found, err := b.Checker.Check(context.Background(), b.Org, restoring.Options{Repair: true})
	require.NoError(t, err)
	for _, f := range found {
		require.Equal(t, restoring.OrphanStaged, f.Kind)
		require.True(t, f.Repaired)
	}
	return len(found)
}

// load sends files, and deletes some.
type load struct {
	*worker
	stop    chan struct{}
	running sync.WaitGroup

	mu   sync.Mutex
	sent []acknowledged
}

// more waits until so many further files were acknowledged.
func (l *load) more(t *testing.T, n int) {
	t.Helper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.sent)
	}
	before := count()
	require.Eventually(t, func() bool { return count() >= before+n }, patience, 10*time.Millisecond)
}

func (l *load) run(ctx context.Context) {
	for n := 0; ; n++ {
		select {
		case <-l.stop:
			return
		default:
		}
		content := []byte(tenancy.NewID().String())
		sum := sha256.Sum256(content)
		p := acknowledged{sum: hex.EncodeToString(sum[:])}
		if l.send(ctx, &p, content) != nil {
			continue // Postgres is gone, and nothing was acknowledged
		}
		p.at = time.Now()
		_ = l.Admission.StartAdmitted(ctx, l.Org)
		if n%5 == 4 && l.trash(ctx, p) == nil {
			p.trashed = time.Now()
		}
		l.mu.Lock()
		l.sent = append(l.sent, p)
		l.mu.Unlock()
	}
}

func (l *load) send(ctx context.Context, p *acknowledged, content []byte) error {
	err := l.InTx(ctx, l.Org, func(tx *tenancy.Tx) (err error) {
		p.Created, err = files.Create(ctx, tx, files.New{Name: "notes.txt", Size: int64(len(content)), UploadedBy: l.User, TTL: time.Hour})
		return err
	})
	if err != nil {
		return err
	}
	// As the API does it: encrypted, with a SHA-256 of the cipher text that the store keeps.
	key, sum := files.StagingKey(l.Org, p.Version), sha256.Sum256(content)
	if err := l.Store.Staging.Prepare(ctx, key); err != nil {
		return err
	}
	etag, err := l.Store.Staging.PutWithSHA256(ctx, key, bytes.NewReader(content), int64(len(content)), sum[:])
	if err != nil {
		return err
	}
	return l.InTx(ctx, l.Org, func(tx *tenancy.Tx) error {
		return files.Receive(ctx, tx, files.Received{Upload: p.Upload, Size: int64(len(content)), SHA256: p.sum, ETag: etag})
	})
}

func (l *load) trash(ctx context.Context, p acknowledged) error {
	return l.InTx(ctx, l.Org, func(tx *tenancy.Tx) error {
		_, err := files.Trash(ctx, tx, p.File)
		return err
	})
}

// reopen goes on with the restored database, another store and a new namespace.
func (b *worker) reopen(t *testing.T, store *s3.Store) {
	t.Helper()
	d := &pgtest.Database{AppURL: b.AppURL, OwnerURL: b.OwnerURL, AdminURL: b.AdminURL}
	var err error
	d.DB, err = tenancy.Open(context.Background(), tenancy.Config{URL: d.AppURL, MaxConns: 8, Timeout: 60e9})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	b.Database, b.Store = d, store
	b.Move(t)
}

// verifies demands that the audit log is whole.
func (b *worker) verifies(t *testing.T) {
	t.Helper()
	ctx, op := context.Background(), tenancy.NewID()
	id, err := verification.Begin(ctx, b.DB, b.Client, b.User, b.Org, op)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		o, err := operations.Get(ctx, b.Single(b.Org), id)
		var report audit.Report
		return err == nil && o.State == operations.Succeeded && json.Unmarshal(o.Result, &report) == nil && report.OK && report.Events > 0
	}, patience, 100*time.Millisecond)
}

// copied is another store with the same objects, as a tool that copies buckets makes it.
func copied(t *testing.T, from *s3.Store) *s3.Store {
	t.Helper()
	to := s3test.New(t)
	for source, target := range map[*s3.Bucket]*s3.Bucket{from.Staging: to.Staging, from.Clean: to.Clean, from.Quarantine: to.Quarantine, from.Audit: to.Audit, from.Exports: to.Exports} {
		for _, key := range keys(t, source) {
			put(t, target, key, read(t, source, key))
		}
	}
	return to
}

// cluster is a PostgreSQL of the test's own, with an archive of its WAL.
type cluster struct {
	programs, root, data string // root also holds the backup and the archive
	address              netip.AddrPort
	command              *exec.Cmd
	ended                chan struct{}
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(t, err)
	require.NotEmpty(t, found, "needs Debian's postgresql")
	root, err := os.MkdirTemp("/var/tmp", "satchel-drill-") // where the user postgres reaches it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	c := &cluster{programs: found[len(found)-1], root: root, data: filepath.Join(root, "first"), address: freeport.Address(t)}
	require.NoError(t, os.Mkdir(filepath.Join(root, "archive"), 0o700))
	if os.Geteuid() == 0 {
		said, err := exec.CommandContext(t.Context(), "chown", "-R", "postgres:", root).CombinedOutput()
		require.NoError(t, err, string(said))
	}
	c.run(t, "initdb", "--pgdata", c.data, "--username", "postgres", "--encoding", "UTF8", "--locale", "C.UTF-8", "--auth", "trust", "--no-instructions")
	return c
}

// as is a command of the user postgres: PostgreSQL refuses to run as root.
func (c *cluster) as(program string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(c.programs, program)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"}, args...)
	}
	command := exec.Command(args[0], args[1:]...)
	command.Dir = c.root
	return command
}

func (c *cluster) run(t *testing.T, program string, args ...string) {
	t.Helper()
	said, err := c.as(program, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", program, said)
}

func (c *cluster) url() string {
	return fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", c.address)
}

// start runs it, and waits until it takes writes.
func (c *cluster) start(t *testing.T) {
	t.Helper()
	archive := filepath.Join(c.root, "archive")
	settings := []string{"-D", c.data, "-c", "listen_addresses=" + c.address.Addr().String(), "-c", fmt.Sprintf("port=%d", c.address.Port()), "-c", "unix_socket_directories=", "-c", "max_connections=200",
		"-c", "wal_level=replica", "-c", "archive_mode=on", "-c", "archive_timeout=5s", "-c", "archive_command=cp %p " + archive + "/%f.new && mv " + archive + "/%f.new " + archive + "/%f"}
	log, err := os.Create(filepath.Join(c.root, filepath.Base(c.data)+".log"))
	require.NoError(t, err)
	c.command, c.ended = c.as("postgres", settings...), make(chan struct{})
	c.command.Stdout, c.command.Stderr = log, log
	c.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, c.command.Start())
	go func() { _ = c.command.Wait(); close(c.ended) }()
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), c.url())
		if err != nil {
			return false
		}
		defer func() { _ = conn.Close(context.Background()) }()
		var recovers bool
		return conn.QueryRow(t.Context(), "select pg_is_in_recovery()").Scan(&recovers) == nil && !recovers
	}, patience, 100*time.Millisecond, "the log is %s", log.Name())
}

// kill ends all of its processes with SIGKILL, as a machine that fails. They work in the
// folder of the data.
func (c *cluster) kill(t *testing.T) {
	t.Helper()
	if c.command == nil {
		return
	}
	_ = c.command.Process.Kill()
	<-c.ended
	found, err := filepath.Glob("/proc/[0-9]*/cwd")
	require.NoError(t, err)
	for _, cwd := range found {
		if folder, err := os.Readlink(cwd); err == nil && strings.HasPrefix(folder, c.data) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(cwd))); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

func (c *cluster) wipe(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return os.RemoveAll(c.data) == nil }, patience, 100*time.Millisecond) // the last of the killed may write still
}

// backUp copies the whole cluster while it is written to.
func (c *cluster) backUp(t *testing.T) {
	t.Helper()
	c.run(t, "pg_basebackup", "--pgdata", filepath.Join(c.root, "backup"), "--dbname", c.url(), "--checkpoint", "fast", "--wal-method", "stream")
}

// restored is the backup in a folder of its own, to be taken to the end of the archive.
func (c *cluster) restored(t *testing.T) *cluster {
	t.Helper()
	r := &cluster{programs: c.programs, root: c.root, data: filepath.Join(c.root, "second"), address: c.address}
	said, err := exec.CommandContext(t.Context(), "cp", "-a", filepath.Join(c.root, "backup"), r.data).CombinedOutput()
	require.NoError(t, err, string(said))
	settings, err := os.OpenFile(filepath.Join(r.data, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = fmt.Fprintf(settings, "\nrestore_command = 'cp %s/archive/%%f %%p'\n", c.root)
	require.NoError(t, err)
	require.NoError(t, settings.Close())
	require.NoError(t, os.WriteFile(filepath.Join(r.data, "recovery.signal"), nil, 0o644))
	return r
}

// replayed is the moment to which it was restored: the last transaction of the archive.
func (c *cluster) replayed(t *testing.T) (at time.Time) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.url())
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.NoError(t, conn.QueryRow(t.Context(), "select pg_last_xact_replay_timestamp()").Scan(&at))
	return at
}
