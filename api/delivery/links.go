package delivery

import (
	"context"
	"time"

	"satchel/api/delivery/signed"
)

// Authorizer asks for the right behind a link at each use. The signature of a link says
// that it was given; whether it still gives anything is what the rows say now.
type Authorizer interface {
	// Authorize gives the version that a link names when its bytes, or the rendition
	// in link.Transformation, may leave at this moment. Every other answer is an error,
	// which the client reads: what is revoked, deleted, quarantined or out of reach is
	// refused here. It is asked for HEAD and for each range too, so that what is counted
	// is counted in Grant.OnStart.
	Authorize(ctx context.Context, link signed.Link) (Grant, error)
}

// Grant is a published version whose bytes may leave now, with what its row says.
type Grant struct {
	Name        string // the file's, as people gave it
	MimeType    string // as it was found, of the stored version
	Size        int64
	ObjectETag  string // the store's
	SHA256      string
	PublishedAt time.Time
	Pages       int // of a document; 0 when it has none or they are not known
	// Exact says that each byte counts, so that the content host itself sends them and no
	// cache in front of it does.
	Exact bool
	// Public says that anyone who has the link has it, with nothing proven.
	Public bool

	// OnStart and OnEnd are those of Content: OnStart refuses or records a use when its
	// first byte is about to leave; OnEnd is told how many bytes were sent.
	OnStart func() error
	// Durable is that of Content.
	Durable func() error
	OnEnd   func(sent int64)
	// Still is that of Content.
	Still func() error
}
