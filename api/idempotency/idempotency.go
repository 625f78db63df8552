// Package idempotency answers a request that is sent again with what it made the
// first time: whatever makes something makes it once for an Idempotency-Key.
package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/problem"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/idempotency"
)

// Header is where a sender puts the key.
const Header = "Idempotency-Key"

// Handler answers one request.
type Handler = func(*gin.Context) error

// PreviousAttempt is what an earlier try of this request has left.
type PreviousAttempt struct {
	ID        uuid.UUID // under which it made, or would have made, the thing
	Status    int       // of its answer; 0 when no one knows whether there was one
	StartedAt time.Time // when it began
}

// HasResponse says that the earlier try came to an answer.
func (e PreviousAttempt) HasResponse() bool { return e.Status != 0 }

// Outcome is the result of an earlier attempt.
type Outcome int

// What Again can find.
const (
	NotCreated Outcome = iota // it made nothing: the request is handled under the same id
	Created                   // it made the thing, and Again has answered with it
	Unusable                  // it left something that cannot be used: a new id is given
)

// ReplayFunc looks for what an earlier try made, and answers with it as the handler
// would. The row is read and no answer is kept: answers hold names, addresses
// and keys, and would say what the thing was and not what it is.
type ReplayFunc func(*gin.Context, PreviousAttempt) (Outcome, error)

// Route is how one route takes repeated requests.
type Route struct {
	Replay ReplayFunc
	// Streaming says that the body is users' bytes. It cannot be read beforehand:
	// then the request is told from another by what it says of itself.
	Streaming bool
}

// fingerprintHeaders are the headers in which a request tells of bytes that flow. What a form
// holds is not among them, beyond its length.
var fingerprintHeaders = []string{"Content-Length", "Upload-Length", "Upload-Metadata"}

// Store keeps the keys.
type Store struct {
	DB  *tenancy.DB
	Log *slog.Logger
}

// Wrap lets the handler run once for a key. Without one it runs as it is.
func (r *Store) Wrap(way Route, do Handler) Handler {
	return func(c *gin.Context) error {
		values, sent := c.Request.Header[Header]
		if !sent {
			return do(c)
		}
		text, err := parse(values[0])
		if err != nil {
			return err
		}
		t := &attempt{store: r, c: c, route: way}
		if err := t.identify(text); err != nil {
			return err
		}
		return t.run(do)
	}
}

// attempt is one request with a key.
type attempt struct {
	store *Store
	c     *gin.Context
	route Route
	body  []byte

	org   tenancy.OrgID
	key   idempotency.Key
	claim idempotency.Claim
}

// identify reads the caller and the hash of the request.
func (t *attempt) identify(text string) error {
	t.key.Hash = sha256.Sum256([]byte(text))
	if actor, ok := tenancy.ActorFrom(t.c.Request.Context()); ok {
		t.org, t.key.Principal = actor.Org, sha256.Sum256([]byte("member "+actor.User.String()))
	} else {
		// Someone who belongs to no organization yet. Their keys lie with the
		// platform, under a hash that names no one.
		who := request.Person(t.c)
		t.org, t.key.Principal = tenancy.Platform, sha256.Sum256(fmt.Appendf(nil, "person %q %q", who.Issuer, who.Subject))
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s %q\n", t.c.Request.Method, t.c.Request.URL.Path)
	if t.route.Streaming {
		for _, name := range fingerprintHeaders {
			_, _ = fmt.Fprintf(h, "%s %q\n", name, t.header(name))
		}
	} else {
		var err error
		if t.body, err = io.ReadAll(t.c.Request.Body); err != nil {
			return request.BodyError(err)
		}
		_, _ = h.Write(t.body)
	}
	h.Sum(t.key.Fingerprint[:0])
	return nil
}

func (t *attempt) header(name string) string {
	if name == "Content-Length" { // which net/http takes out of the headers
		return strconv.FormatInt(t.c.Request.ContentLength, 10)
	}
	return t.c.GetHeader(name)
}

// rewindBody makes the body readable again for the handler.
func (t *attempt) rewindBody() {
	if !t.route.Streaming {
		t.c.Request.Body = io.NopCloser(bytes.NewReader(t.body))
	}
}

func (t *attempt) run(do Handler) (err error) {
	ctx := t.c.Request.Context()
	err = t.store.DB.InTx(ctx, t.org, func(tx *tenancy.Tx) (err error) {
		t.claim, err = idempotency.Take(ctx, tx, t.key)
		return err
	})
	if err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended && !t.hasResponse() { // refused on the way, or a panic
			t.abandon()
		}
	}()
	if !t.claim.New {
		made, err := t.replay(ctx)
		if err != nil {
			return err // and the next try looks again
		}
		if made {
			ended = true
			if !t.hasResponse() {
				t.finish(nil)
			}
			return nil
		}
	}
	defer t.renewClaim(ctx)()
	request.SetNewID(t.c, t.claim.ID)
	request.OnIdempotencyID(t.c, func(id uuid.UUID) error {
		return idempotency.SetID(ctx, t.store.DB.Single(t.org), t.key, t.claim.Holder, id)
	})
	t.rewindBody()
	err = do(t.c)
	ended = true
	t.finish(err)
	return err
}

func (t *attempt) hasResponse() bool { return t.claim.Status != nil }

// replay answers with the resource that an earlier attempt created, or reports
// that it created none.
func (t *attempt) replay(ctx context.Context) (made bool, err error) {
	e := PreviousAttempt{ID: t.claim.ID, StartedAt: t.claim.Since}
	if t.hasResponse() {
		e.Status = *t.claim.Status
	}
	t.rewindBody()
	found, err := t.route.Replay(t.c, e)
	switch {
	case err != nil:
		return false, err
	case found == Created:
		return true, nil
	case e.HasResponse():
		return false, idempotency.ErrGone
	case found == Unusable:
		t.claim.ID = tenancy.NewID()
		return false, idempotency.SetID(ctx, t.store.DB.Single(t.org), t.key, t.claim.Holder, t.claim.ID)
	}
	return false, nil
}

// renewClaim renews the claim for as long as the handler runs.
func (t *attempt) renewClaim(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		renew := time.NewTicker(idempotency.Lease / 3)
		defer renew.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-renew.C:
				if err := idempotency.Renew(ctx, t.store.DB.Single(t.org), t.key, t.claim.Holder); err != nil && ctx.Err() == nil {
					t.warn(ctx, err)
				}
			}
		}
	}()
	return stop
}

// finish records the outcome of the request. When that fails, the next attempt
// looks up the resource by its id.
func (t *attempt) finish(err error) {
	ctx, cancel := t.cleanupContext()
	defer cancel()
	q, status := t.store.DB.Single(t.org), t.c.Writer.Status()
	if err != nil {
		status = problem.Status(problem.Of(err))
	}
	switch {
	case status < http.StatusMultipleChoices:
		err = idempotency.Finish(ctx, q, t.key, t.claim.Holder, status)
	case status < http.StatusInternalServerError && !errors.Is(t.c.Request.Context().Err(), context.Canceled):
		err = idempotency.Release(ctx, q, t.key, t.claim.Holder)
	default:
		err = idempotency.Abandon(ctx, q, t.key, t.claim.Holder)
	}
	if err != nil {
		t.warn(ctx, err)
	}
}

func (t *attempt) abandon() {
	ctx, cancel := t.cleanupContext()
	defer cancel()
	if err := idempotency.Abandon(ctx, t.store.DB.Single(t.org), t.key, t.claim.Holder); err != nil {
		t.warn(ctx, err)
	}
}

const cleanupTimeout = 5 * time.Second

// cleanupContext is for what is noted when the caller may have gone.
func (t *attempt) cleanupContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.c.Request.Context()), cleanupTimeout)
}

func (t *attempt) warn(ctx context.Context, err error) {
	t.store.Log.WarnContext(ctx, "update idempotency key failed; next request will look up the row", "request_id", request.ID(t.c), "error", err)
}
