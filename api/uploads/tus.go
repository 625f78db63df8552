package uploads

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/tus/tusd/v2/pkg/handler"
	"golang.org/x/exp/slog" // tusd's configuration asks for this one

	"satchel/api/problem"
	"satchel/api/uploads/ingest"
	"satchel/files"
	"satchel/tenancy"
)

// TusPath is where the tus protocol lives.
const TusPath = "/api/v1/storage/tus"

// maxSize is the value of Tus-Max-Size: an S3 store takes no larger object.
// OPTIONS names no organization, so an organization's own limit cannot be used.
const maxSize = 5 << 40

// TusHandler serves everything below TusPath. It expects the actor in the
// request's context (tenancy.WithActor); only OPTIONS, which browsers send
// without credentials, is answered without one.
func (u *Uploads) TusHandler() http.Handler { return u.tus }

// newTus ties tusd down: no downloads of unjudged bytes, no concatenation, no
// deferred length, no draft protocol, and every request authorized by us.
func (u *Uploads) newTus() (http.Handler, error) {
	composer := handler.NewStoreComposer()
	composer.UseCore(store{u})
	composer.UseTerminater(store{u})
	composer.UseLocker(locker{u})
	tusd, err := handler.NewUnroutedHandler(handler.Config{
		StoreComposer:             composer,
		BasePath:                  TusPath + "/",
		DisableDownload:           true,
		DisableConcatenation:      true,
		MaxSize:                   maxSize,                            // of any organization; what its own limit is, create checks
		Cors:                      &handler.CorsConfig{Disable: true}, // the edge decides which pages may call, for all routes alike
		Logger:                    slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.Level(100)})),
		AcquireLockTimeout:        u.config.LockTimeout,
		NetworkTimeout:            u.config.NetworkTimeout,
		PreFinishResponseCallback: u.finished,
	})
	if err != nil {
		return nil, err
	}
	routed := tusd.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { u.route(tusd, w, r) }))
	return http.StripPrefix(TusPath, u.serve(routed)), nil
}

// serve prepares a request for tusd.
func (u *Uploads) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &problemWriter{ResponseWriter: w, draining: u.isDraining}
		defer out.flush()
		v := newRequest(r, out)
		defer v.end()
		r = r.Clone(context.WithValue(r.Context(), requestKey{}, v))
		r.Header.Del("X-HTTP-Method-Override") // the router has translated it; here it would pass by the authorization
		if r.Body != nil {
			r.Body = &requestBody{ReadCloser: r.Body, visit: v, window: u.config.NetworkTimeout}
			v.body = r.Body
		}
		next.ServeHTTP(out, r)
		if v.ended() {
			u.terminate(v)
		}
	})
}

// route sends an authenticated request to what it asks for.
func (u *Uploads) route(tusd *handler.UnroutedHandler, w http.ResponseWriter, r *http.Request) {
	v := requestOf(r.Context())
	actor, ok := tenancy.ActorFrom(r.Context())
	if !ok {
		u.writeProblem(r.Context(), w, problem.NoCredentials)
		return
	}
	v.actor = actor
	id := strings.Trim(r.URL.Path, "/")
	switch {
	case id == "" && r.Method == http.MethodPost:
		if r.Header.Get("Upload-Concat") != "" {
			u.writeProblem(r.Context(), w, errConcat)
			return
		}
		tusd.PostFile(w, r)
	case id != "":
		u.routeUpload(tusd, w, r, v, id)
	default:
		w.Header().Set("Allow", "POST, OPTIONS")
		u.writeProblem(r.Context(), w, errMethod)
	}
}

func (u *Uploads) routeUpload(tusd *handler.UnroutedHandler, w http.ResponseWriter, r *http.Request, v *request, id string) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		u.writeProblem(r.Context(), w, errNoUpload)
		return
	}
	if bringsBytes(r) { // the statement that takes the lease authorizes it
		tusd.PatchFile(w, r)
		return
	}
	row, err := u.authorize(r.Context(), v.actor, parsed)
	if err != nil {
		u.writeProblem(r.Context(), w, err)
		return
	}
	v.header().Set("X-File-ID", row.FileID.String())
	switch r.Method {
	case http.MethodHead:
		tusd.HeadFile(w, r)
	case http.MethodPatch:
		tusd.PatchFile(w, r)
	case http.MethodDelete:
		tusd.DelFile(w, r)
	default:
		w.Header().Set("Allow", "HEAD, PATCH, DELETE, OPTIONS")
		u.writeProblem(r.Context(), w, errMethod)
	}
}

// bringsBytes says whether a request is a PATCH that tusd takes the lease for. One
// that tusd refuses for its headers comes to no lease, and is authorized before
// it, so that a stranger reads that there is no such upload.
func bringsBytes(r *http.Request) bool {
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	return r.Method == http.MethodPatch && r.Header.Get("Content-Type") == "application/offset+octet-stream" && err == nil && offset >= 0
}

// authorize reads the upload as the actor may see it, before tusd takes its
// lease: a stranger must not even be able to interrupt it. Other people's,
// other organizations' and form uploads are absent alike.
func (u *Uploads) authorize(ctx context.Context, actor tenancy.Actor, id uuid.UUID) (files.Upload, error) {
	row, err := u.row(ctx, actor.Org, id)
	if err != nil {
		return row, err
	}
	if _, ok := tusMetadata(row); !ok || !isUploader(actor, row.UploadedBy) {
		return row, errNoUpload
	}
	return row, nil
}

// row reads an upload; one that has ended without being received is gone.
func (u *Uploads) row(ctx context.Context, org tenancy.OrgID, id uuid.UUID) (files.Upload, error) {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	row, err := files.GetUpload(ctx, u.DB.Single(org), id)
	if errors.Is(err, files.ErrNotFound) {
		return row, errNoUpload
	}
	return row, err
}

// checkOpen refuses an upload that takes no more bytes and never became a file.
// An expired one is refused even before the sweep has ended it.
func checkOpen(row files.Upload) error {
	switch {
	case row.TrashedAt != nil, row.FinishedAt == nil && time.Now().After(row.ExpiresAt):
		return errGone
	case row.FinishedAt != nil && slices.Contains(ends, row.Status):
		return errGone
	}
	return nil
}

// ends are the states of an upload that never became a file.
var ends = []files.Status{files.Expired, files.Deleted, files.Failed, files.Rejected}

// restart starts the workflow again when a client repeats its last request,
// whose answer it never got.
func (u *Uploads) restart(ctx context.Context, org tenancy.OrgID, row files.Upload) {
	if row.FinishedAt != nil && row.Status == files.Processing {
		u.StartReceived(ctx, org, files.Created{File: row.FileID, Version: row.VersionID, Upload: row.ID, Number: row.Number})
	}
}

// finished runs when the last byte is received, before the client hears of it.
func (u *Uploads) finished(event handler.HookEvent) (handler.HTTPResponse, error) {
	v := requestOf(event.Context)
	u.StartReceived(event.Context, v.actor.Org, v.ticket)
	return handler.HTTPResponse{}, nil
}

// location is where a client finds its upload.
func (u *Uploads) location(id uuid.UUID) string {
	return strings.TrimSuffix(u.config.PublicURL, "/") + TusPath + "/" + id.String()
}

// terminate ends an upload whose creating request was cut off: its client never
// learned the address, and its reservation would last until it expires.
func (u *Uploads) terminate(v *request) {
	u.ingest.Metrics.End(ingest.Tus, errCutShort)
	if err := u.ingest.Withdraw(v.ctx, v.actor.Org, v.ticket.Upload, files.Failed, errCutShort.Code); err != nil {
		u.Log.Warn("end abandoned upload failed; sweep will expire it", "organization", v.actor.Org, "version", v.ticket.Version, "error", err)
	}
}

// leastBytes is what a body must bring within the network timeout. The timeout
// alone lets a client hold its lease, its reservation and its spool for days
// with a byte a second.
const leastBytes = 16 << 10

// requestBody notes that the connection broke, which tusd keeps from the store,
// and ends a body that is too slow.
type requestBody struct {
	io.ReadCloser
	visit  *request
	window time.Duration

	waited time.Duration // for the client, since the last leastBytes were complete
	came   int64
}

func (b *requestBody) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := b.ReadCloser.Read(p)
	if b.waited, b.came = b.waited+time.Since(began), b.came+int64(n); b.came >= leastBytes {
		b.waited, b.came = 0, 0
	}
	if err == nil && b.window > 0 && b.waited > b.window {
		err = os.ErrDeadlineExceeded // which tusd answers as it does silence
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		b.visit.cut.Store(true)
	}
	return n, err
}

// Drain asks every tus request that is writing, and those still to come, to
// stop after what it has, so that a server can go without losing a byte: the
// clients are told 503 and resume elsewhere. It does not wait; the server's shutdown does.
func (u *Uploads) Drain() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.draining = true
	for v := range u.active {
		v.interrupt()
	}
}

func (u *Uploads) isDraining() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.draining
}
