package uploads

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

type requestKey struct{}

// request is one tus request. It is carried in the context through tusd, whose
// interfaces have no parameter for the caller.
type request struct {
	actor       tenancy.Actor
	leaseHolder string // of the lease, new for each request
	answer      *problemWriter
	ticket      files.Created
	row         *files.Upload // of a PATCH, as it was when the lease was taken
	post        bool
	patch       bool
	body        io.Reader   // as it comes from the connection
	length      int64       // of the body, or -1
	cut         atomic.Bool // the connection broke while the body was read
	wrote       bool        // the version is received

	// ctx is what the store works on. It outlives the client, whose last bytes
	// are worth keeping, and ends when the lease is lost.
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	writing bool
	wanted  bool
	unlock  func() // tusd's: closes the body
}

func newRequest(r *http.Request, answer *problemWriter) *request {
	v := &request{leaseHolder: uuid.NewString(), answer: answer, post: r.Method == http.MethodPost, patch: r.Method == http.MethodPatch, length: r.ContentLength}
	v.ctx, v.cancel = context.WithCancel(context.WithValue(context.WithoutCancel(r.Context()), requestKey{}, v))
	return v
}

// requestOf finds the visit that enter put there; tusd hands the context through.
func requestOf(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// header is the answer's, as long as it has not been sent.
func (v *request) header() http.Header { return v.answer.Header() }

// noMore refuses a body without a length that goes on behind the announced end
// of the file: tusd would answer that it took all of it. A body that breaks off
// there has brought the whole file.
func (v *request) noMore() error {
	var next [1]byte
	for {
		n, err := v.body.Read(next[:])
		switch {
		case n > 0:
			return errTooLong
		case err != nil:
			return nil //nolint:nilerr // see above
		}
	}
}

// end ends the visit's context, under which nothing runs any more.
func (v *request) end() { v.cancel() }

// ended says whether this request made an upload and broke off before its
// client could learn the address.
func (v *request) ended() bool {
	return v.post && v.ticket.Upload != uuid.Nil && v.cut.Load() && !v.wrote
}

// interrupt stops the body: what has arrived is kept, and the lease is given
// back after that. tusd reads its body field without a lock when it is
// interrupted, so an interruption that comes before the body is being read
// waits for beginWriting.
func (v *request) interrupt() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wanted = true
	if v.writing && v.unlock != nil {
		v.unlock()
	}
}

// beginWriting is false when the request was interrupted before it began.
func (v *request) beginWriting() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.writing = true
	return !v.wanted
}

func (v *request) setUnlock(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unlock = f
}

func (v *request) endWriting() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.writing = false
}
