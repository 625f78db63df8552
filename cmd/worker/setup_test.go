package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"satchel/activities/email"
	"satchel/activities/export"
	"satchel/activities/finalize"
	"satchel/activities/invitation"
	"satchel/activities/preview"
	"satchel/activities/reconcile"
	"satchel/activities/scan"
	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/clamd"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/pgtest"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/audit"
	"satchel/policies/previews"
	"satchel/tenancy"
	"satchel/workers"
	"satchel/workflows/upload"
)

const (
	room     = 1 << 30
	patience = time.Minute // how long a test waits for what must happen
	pause    = 20 * time.Millisecond
)

// virus is what the fake scanner takes for one.
var virus = []byte("this test calls me a virus")

// program begins like one for Linux.
var program = []byte("\x7fELF\x02\x01\x01\x00\x00\x00")

// testKey is the base64 of 32 bytes: no secret of anyone's.
const testKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// bundle is one whole worker on a real database, a real store and a real
// Temporal, with a fake scanner and a fake renderer.
type bundle struct {
	*pgtest.Database
	clamd     *clamdtest.Fake
	client    client.Client
	namespace string
	org       tenancy.OrgID
	user      uuid.UUID
	checker   reconcile.Checker
	mails     *heldMails
	admission *upload.Admission
	options
}

type options struct {
	store      *s3.Store // one of the test's own when nil
	budget     time.Duration
	maxBytes   int64
	maxRunning int
	partBytes  int64         // of an export
	unstarted  time.Duration // until the sweep looks
	silent     time.Duration // until the sweep looks for previews
	render     func(ctx context.Context, path, dir string) (preview.Pictures, error)
}

func setup(t *testing.T, change func(*options)) *bundle {
	t.Helper()
	b := &bundle{Database: pgtest.New(t), clamd: clamdtest.Start(t, clamdtest.Scanning(map[string][]byte{"Test.Virus": virus}))}
	b.mails = &heldMails{}
	b.options = options{budget: time.Minute, maxBytes: 8 << 20, partBytes: 1 << 20, maxRunning: 4, unstarted: time.Second, silent: time.Minute, render: onePicture}
	b.client, b.namespace = dial(t)
	if change != nil {
		change(&b.options)
	}
	if b.store == nil {
		b.store = s3test.New(t)
	}
	b.org = b.Organization(t, room)
	b.user = b.Member(t, b.org, tenancy.Student)
	b.startWorker(t)
	return b
}

// Render makes the bundle the fake renderer.
func (b *bundle) Render(ctx context.Context, path, dir string) (preview.Pictures, error) {
	return b.render(ctx, path, dir)
}

func onePicture(_ context.Context, _, dir string) (preview.Pictures, error) {
	path := filepath.Join(dir, "fit320.webp")
	if err := os.WriteFile(path, []byte("small"), 0o600); err != nil {
		return preview.Pictures{}, err
	}
	return preview.Pictures{Width: 640, Height: 480, Renditions: []preview.Picture{
		{Name: "fit320.webp", Path: path, MimeType: "image/webp", Width: 320, Height: 240, Size: 5}}}, nil
}

// fakeTools make one picture of every kind of file, by the bundle's renderer.
func fakeTools(b *bundle) preview.Tools {
	return preview.Tools{Pictures: b, Pages: fakes{b}, Office: fakes{b}, Player: fakes{b}, Drawer: fakes{b}, Texts: fakes{b}}
}

// fakes are tools that hand the file on.
type fakes struct{ *bundle }

func (f fakes) Count(context.Context, string, string) (int, error) { return 1, nil }

func (f fakes) Show(ctx context.Context, path, dir string, _, _ int) ([]preview.Picture, error) {
	p, err := f.render(ctx, path, dir)
	return p.Renditions, err
}

func (f fakes) PDF(_ context.Context, path, _ string) (string, error) { return path, nil }

func (f fakes) Probe(context.Context, string, string) (preview.Recording, error) {
	return preview.Recording{Duration: time.Second, Sound: true}, nil
}

func (f fakes) Poster(_ context.Context, path, _ string, _ preview.Recording) (string, error) {
	return path, nil
}

func (f fakes) Waveform(_ context.Context, path, _ string) (string, error) { return path, nil }

func (f fakes) Picture(_ context.Context, path, _ string) (string, error) { return path, nil }

func (f fakes) Fragment(ctx context.Context, path, dir string, _ previews.Method, _ string) (preview.Picture, error) {
	p, err := f.render(ctx, path, dir)
	if err != nil {
		return preview.Picture{}, err
	}
	return p.Renditions[0], nil
}

func (b *bundle) startWorker(t *testing.T) {
	t.Helper()
	config := scan.Config{MaxBytes: b.maxBytes, Budget: b.budget}
	var r finalize.Cleaner
	app := fxtest.New(t, fx.NopLogger, processes(), fx.Provide(
		func() *tenancy.DB { return b.DB }, func() *s3.Store { return b.store }, func() client.Client { return b.client },
		func() preview.Tools { return fakeTools(b) }, func() preview.Config { return preview.Config{Silent: b.silent} },
		func() scan.Scanner {
			return scanner{clamd.New(b.clamd.Socket, clamd.WithMemory(1<<20, 4), clamd.WithIdleTimeout(2*time.Second), clamd.WithVerdictTimeout(2*time.Second))}
		},
		func() scan.Config { return config }, func() *spool.Owner { return openSpool(t) },
		func() email.Mailer { return b.mails },
		func() email.Config { return email.Config{InvitationURL: "https://school.test/invitations"} },
		func() invitation.Config { return invitation.Config{Unstarted: time.Second, Silent: time.Minute} },
		func() sweep.Config { return sweep.Config{Unstarted: b.unstarted, Silent: time.Minute, Trash: 0} },
		func() export.Config {
			return export.Config{PartBytes: b.partBytes, PartEntries: 20, ConcurrentArchives: 1}
		},
		func() workers.Config {
			return workers.Config{Namespace: b.namespace, ScanSlots: 4, PreviewSlots: 2, InteractiveSlots: 16, BatchSlots: 4, ExternalSlots: 1, StopTimeout: 10 * time.Second}
		},
		func() *slog.Logger {
			return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		},
		func() prometheus.Registerer { return prometheus.NewRegistry() },
		func() workers.Readiness { return ready{} },
		func() upload.AdmissionConfig { return upload.AdmissionConfig{MaxRunning: b.maxRunning} },
		newCleaner, newUploads, upload.NewAdmission, archives.DefaultLimits, func() (*audit.Signer, error) { return audit.NewSigner(testKey) },
	), fx.Populate(&r, &b.admission), fx.Invoke(workers.Run))
	app.RequireStart()
	t.Cleanup(app.RequireStop)
	b.checker = reconcile.Checker{DB: b.DB, Staging: listed{bucket{b.store.Staging}}, Clean: listed{bucket{b.store.Clean}},
		Quarantine: listed{bucket{b.store.Quarantine}}, Exports: listed{bucket{b.store.Exports}}, Workflows: newUploads(b.client, b.admission), Clearer: r}
}

// openSpool opens a spool in a folder of the test.
func openSpool(t *testing.T) *spool.Owner {
	t.Helper()
	owner, err := spool.Open(spool.Config{Dir: t.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	return owner
}

// receive makes a version whose bytes are complete, as an upload leaves it.
func (b *bundle) receive(t *testing.T, name string, content []byte) files.Created {
	t.Helper()
	ctx := context.Background()
	var ticket files.Created
	require.NoError(t, b.InTx(ctx, b.org, func(tx *tenancy.Tx) (err error) {
		ticket, err = files.Create(ctx, tx, files.New{Name: name, Size: int64(len(content)), UploadedBy: b.user, TTL: time.Hour})
		return err
	}))
	etag, err := b.store.Staging.Put(ctx, files.StagingKey(b.org, ticket.Version), bytes.NewReader(content), int64(len(content)), "")
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.NoError(t, b.InTx(ctx, b.org, func(tx *tenancy.Tx) error {
		return files.Receive(ctx, tx, files.Received{Upload: ticket.Upload, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), ETag: etag})
	}))
	return ticket
}

func (b *bundle) start(t *testing.T, ticket files.Created) client.WorkflowRun {
	t.Helper()
	in := upload.UploadFileInput{Org: b.org, File: ticket.File, Version: ticket.Version}
	require.NoError(t, upload.Start(context.Background(), b.client, in))
	return b.client.GetWorkflow(context.Background(), upload.WorkflowID(b.org, ticket.Version), "")
}

// ends waits for the workflow and gives the version's row.
func (b *bundle) ends(t *testing.T, run client.WorkflowRun, ticket files.Created) (files.Version, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	err := run.Get(ctx, nil)
	require.NoError(t, ctx.Err())
	v, readErr := files.GetVersion(context.Background(), b.Single(b.org), ticket.Version)
	require.NoError(t, readErr)
	return v, err
}

// keys lists what lies in a bucket.
func keys(t *testing.T, b *s3.Bucket) (found []string) {
	t.Helper()
	require.NoError(t, b.List(context.Background(), "", func(o s3.Object) error {
		found = append(found, o.Key)
		return nil
	}))
	return found
}

// requireSettled demands that rows, objects, quota and workflows agree.
func (b *bundle) requireSettled(t *testing.T) {
	t.Helper()
	found, err := b.checker.Check(context.Background(), b.org, reconcile.Options{Deep: true})
	require.NoError(t, err)
	require.Empty(t, found)
}

func zipped(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, content := range members {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func read(t *testing.T, b *s3.Bucket, key string) []byte {
	t.Helper()
	body, err := b.Open(context.Background(), key, "", 0, -1)
	require.NoError(t, err)
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(body)
	require.NoError(t, err)
	return content
}

// ready is told what no one asks for here.
type ready struct{}

func (ready) Add(string, func(context.Context) error) {}

// heldMails is a mail server that takes mails, or fails as it is told.
type heldMails struct {
	mu    sync.Mutex
	mails []email.Message
	err   error
	tries int
}

func (h *heldMails) Send(_ context.Context, m email.Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tries++
	if h.err == nil {
		h.mails = append(h.mails, m)
	}
	return h.err
}

func (h *heldMails) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

// arrived gives the tokens that lie in the mailbox, the oldest first.
func (h *heldMails) arrived() (tokens []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.mails {
		_, rest, _ := strings.Cut(m.Text, "#token=")
		token, _, _ := strings.Cut(rest, "\n")
		tokens = append(tokens, token)
	}
	return tokens
}

func (h *heldMails) attempts() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tries
}
