// Package repeat answers a request that is sent again with what it made the
// first time: whatever makes something makes it once for an Idempotency-Key.
package repeat

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

// Earlier is what an earlier try of this request has left.
type Earlier struct {
	ID     uuid.UUID // under which it made, or would have made, the thing
	Status int       // of its answer; 0 when nobody knows whether there was one
	Since  time.Time // when it began
}

// Answered says that the earlier try came to an answer.
func (e Earlier) Answered() bool { return e.Status != 0 }

// Found is what became of an earlier try.
type Found int

// What Again can find.
const (
	Nothing Found = iota // it made nothing: the request is handled under the same id
	Made                 // it made the thing, and Again has answered with it
	Spoiled              // it left something that cannot be used: a new id is given
)

// Again looks for what an earlier try made, and answers with it as the handler
// would. The row is read and no answer is kept: answers hold names, addresses
// and keys, and would say what the thing was and not what it is.
type Again func(*gin.Context, Earlier) (Found, error)

// Way is how one route takes repeated requests.
type Way struct {
	Again Again
	// Flows says that the body is users' bytes. It cannot be read beforehand:
	// then the request is told from another by what it says of itself.
	Flows bool
}

// said are the headers in which a request tells of bytes that flow. What a form
// holds is not among them, beyond its length.
var said = []string{"Content-Length", "Upload-Length", "Upload-Metadata"}

// Repeats keeps the keys.
type Repeats struct {
	DB  *tenancy.DB
	Log *slog.Logger
}

// Once lets the handler run once for a key. Without one it runs as it is.
func (r *Repeats) Once(way Way, do Handler) Handler {
	return func(c *gin.Context) error {
		values, sent := c.Request.Header[Header]
		if !sent {
			return do(c)
		}
		text, err := parse(values[0])
		if err != nil {
			return err
		}
		t := &try{repeats: r, c: c, way: way}
		if err := t.name(text); err != nil {
			return err
		}
		return t.run(do)
	}
}

// try is one request with a key.
type try struct {
	repeats *Repeats
	c       *gin.Context
	way     Way
	body    []byte

	org   tenancy.OrgID
	key   idempotency.Key
	claim idempotency.Claim
}

// name finds out who is calling and what is asked.
func (t *try) name(text string) error {
	t.key.Hash = sha256.Sum256([]byte(text))
	if actor, ok := tenancy.ActorFrom(t.c.Request.Context()); ok {
		t.org, t.key.Principal = actor.Org, sha256.Sum256([]byte("member "+actor.User.String()))
	} else {
		// Somebody who belongs to no organization yet. Their keys lie with the
		// platform, under a hash that names nobody.
		who := request.Person(t.c)
		t.org, t.key.Principal = tenancy.Platform, sha256.Sum256(fmt.Appendf(nil, "person %q %q", who.Issuer, who.Subject))
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s %q\n", t.c.Request.Method, t.c.Request.URL.Path)
	if t.way.Flows {
		for _, name := range said {
			_, _ = fmt.Fprintf(h, "%s %q\n", name, t.header(name))
		}
	} else {
		var err error
		if t.body, err = io.ReadAll(t.c.Request.Body); err != nil {
			return request.Unread(err)
		}
		_, _ = h.Write(t.body)
	}
	h.Sum(t.key.Fingerprint[:0])
	return nil
}

func (t *try) header(name string) string {
	if name == "Content-Length" { // which net/http takes out of the headers
		return strconv.FormatInt(t.c.Request.ContentLength, 10)
	}
	return t.c.GetHeader(name)
}

// rewind gives the body to whoever reads it next.
func (t *try) rewind() {
	if !t.way.Flows {
		t.c.Request.Body = io.NopCloser(bytes.NewReader(t.body))
	}
}

func (t *try) run(do Handler) (err error) {
	ctx := t.c.Request.Context()
	err = t.repeats.DB.InTx(ctx, t.org, func(tx *tenancy.Tx) (err error) {
		t.claim, err = idempotency.Take(ctx, tx, t.key)
		return err
	})
	if err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended && !t.answered() { // refused on the way, or a panic
			t.leave()
		}
	}()
	if !t.claim.First {
		made, err := t.again(ctx)
		if err != nil {
			return err // and the next try looks again
		}
		if made {
			ended = true
			if !t.answered() {
				t.conclude(nil)
			}
			return nil
		}
	}
	defer t.keep(ctx)()
	request.SetNewID(t.c, t.claim.ID)
	request.OnName(t.c, func(id uuid.UUID) error {
		return idempotency.Name(ctx, t.repeats.DB.Once(t.org), t.key, t.claim.Holder, id)
	})
	t.rewind()
	err = do(t.c)
	ended = true
	t.conclude(err)
	return err
}

func (t *try) answered() bool { return t.claim.Status != nil }

// again answers with what an earlier try made, or says that it made nothing.
func (t *try) again(ctx context.Context) (made bool, err error) {
	e := Earlier{ID: t.claim.ID, Since: t.claim.Since}
	if t.answered() {
		e.Status = *t.claim.Status
	}
	t.rewind()
	found, err := t.way.Again(t.c, e)
	switch {
	case err != nil:
		return false, err
	case found == Made:
		return true, nil
	case e.Answered():
		return false, idempotency.ErrGone
	case found == Spoiled:
		t.claim.ID = tenancy.NewID()
		return false, idempotency.Name(ctx, t.repeats.DB.Once(t.org), t.key, t.claim.Holder, t.claim.ID)
	}
	return false, nil
}

// keep renews the claim for as long as the handler runs.
func (t *try) keep(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		renew := time.NewTicker(idempotency.Lease / 3)
		defer renew.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-renew.C:
				if err := idempotency.Renew(ctx, t.repeats.DB.Once(t.org), t.key, t.claim.Holder); err != nil && ctx.Err() == nil {
					t.warn(ctx, err)
				}
			}
		}
	}()
	return stop
}

// conclude notes what became of the request. An answer that was not noted costs
// the next try a look, and nothing else: what was made is known by its id.
func (t *try) conclude(err error) {
	ctx, cancel := t.after()
	defer cancel()
	q, status := t.repeats.DB.Once(t.org), t.c.Writer.Status()
	if err != nil {
		status = problem.Status(problem.Of(err))
	}
	switch {
	case status < http.StatusMultipleChoices:
		err = idempotency.Finish(ctx, q, t.key, t.claim.Holder, status)
	case status < http.StatusInternalServerError && !errors.Is(t.c.Request.Context().Err(), context.Canceled):
		err = idempotency.Release(ctx, q, t.key, t.claim.Holder)
	default:
		err = idempotency.Leave(ctx, q, t.key, t.claim.Holder)
	}
	if err != nil {
		t.warn(ctx, err)
	}
}

func (t *try) leave() {
	ctx, cancel := t.after()
	defer cancel()
	if err := idempotency.Leave(ctx, t.repeats.DB.Once(t.org), t.key, t.claim.Holder); err != nil {
		t.warn(ctx, err)
	}
}

const noteTimeout = 5 * time.Second

// after is for what is noted when the caller may have gone.
func (t *try) after() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.c.Request.Context()), noteTimeout)
}

func (t *try) warn(ctx context.Context, err error) {
	t.repeats.Log.WarnContext(ctx, "an idempotency key is not up to date, its next request will look", "request_id", request.ID(t.c), "error", err)
}
