package uploads

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/tus/tusd/v2/pkg/handler"

	"satchel/files"
	"satchel/tenancy"
)

// locker gives tusd locks that are leases of rows: they hold across replicas,
// and one of a dead process runs out.
type locker struct{ u *Uploads }

func (l locker) NewLock(id string) (handler.Lock, error) {
	parsed, err := uuid.Parse(id)
	return &lease{u: l.u, id: parsed}, err
}

const (
	leasePoll  = 100 * time.Millisecond // how often a waiting request asks
	leaseRenew = files.LeaseTerm / 3
)

// lease is the right to write to one upload, held by one request.
type lease struct {
	u    *Uploads
	id   uuid.UUID
	v    *request
	stop context.CancelFunc
	done sync.WaitGroup
}

// Lock takes the lease. When another request holds it, that one is asked to let
// go: mostly it is the half-open connection of the same client. A PATCH only
// waits: if it stopped a PATCH at the same offset, both could be refused, the
// one as interrupted and the other for its offset. A client whose connection
// broke asks for the offset with HEAD first, which does interrupt.
func (l *lease) Lock(ctx context.Context, requestUnlock func()) error {
	l.v = requestOf(ctx)
	l.v.setUnlock(requestUnlock)
	for {
		err := l.take(ctx)
		if err == nil {
			l.renew() //nolint:contextcheck // ctx is only for the wait; the lease is kept as long as the visit
			return nil
		}
		if errors.Is(err, files.ErrLeased) {
			err = l.acquire(ctx)
		}
		if ctx.Err() != nil {
			return l.u.answer(ctx, files.ErrLeased)
		}
		if err != nil {
			return l.u.answer(ctx, err)
		}
	}
}

// take takes the lease if it is free. A PATCH gets the upload's row with it, and
// only if its caller may write: no other request of a PATCH reads the row. One
// that does not get the lease asks for the reason.
func (l *lease) take(ctx context.Context) error {
	q := l.u.DB.Single(l.v.actor.Org)
	if !l.v.patch {
		return files.Lease(ctx, q, l.id, l.v.leaseHolder)
	}
	row, err := files.LeaseForWriting(ctx, q, l.id, writerOf(l.v))
	if errors.Is(err, files.ErrLeased) {
		if _, refused := l.u.authorize(ctx, l.v.actor, l.id); refused != nil {
			return refused
		}
	}
	if err == nil {
		l.v.row = &row
	}
	return err
}

// writerOf says whose uploads a request may write to: their own, as isUploader does of one.
func writerOf(v *request) files.Writer {
	w := files.Writer{Holder: v.leaseHolder}
	if v.actor.May(tenancy.EditFiles) {
		w.Editor = v.actor.User
	}
	return w
}

// acquire asks the holder to let go, unless this is a PATCH, and gives it a moment. A holder in this
// process is told at once; one in another sees it when it renews.
func (l *lease) acquire(ctx context.Context) error {
	if !l.v.patch {
		l.u.interrupt(l.id)
		if err := files.RequestLease(ctx, l.u.DB.Single(l.v.actor.Org), l.id); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(leasePoll):
	}
	return nil
}

// interrupt stops this process's own writers of an upload.
func (u *Uploads) interrupt(id uuid.UUID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for v := range u.active {
		if v.ticket.Upload == id {
			v.interrupt()
		}
	}
}

// renew keeps the lease in the background until Unlock.
func (l *lease) renew() {
	ctx, stop := context.WithCancel(l.v.ctx)
	l.stop = stop
	l.done.Go(func() {
		held := time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(leaseRenew):
			}
			asked := time.Now()
			wanted, err := files.RenewLease(ctx, l.u.DB.Single(l.v.actor.Org), l.id, l.v.leaseHolder)
			switch {
			case err == nil:
				held = asked
			case errors.Is(err, files.ErrLeaseLost) || time.Since(held) > files.LeaseTerm:
				// Another may be writing: nothing more may reach the store.
				l.v.cancel()
				wanted = true
			}
			if wanted {
				l.v.interrupt()
			}
		}
	})
}

// Unlock gives the lease back. A failure is not worth an answer: it runs out.
func (l *lease) Unlock() error {
	l.stop()
	l.done.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.v.ctx), rowTimeout)
	defer cancel()
	return files.ReleaseLease(ctx, l.u.DB.Single(l.v.actor.Org), l.id, l.v.leaseHolder)
}
