package content

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/search"
	"satchel/tenancy"
)

// Reads puts into the audit log who was handed which bytes, and notes what they used last.
// One write of an organization runs at a time; what comes meanwhile is written with the
// next one. A read that is alone waits for one commit, and a thousand wait for a few.
type Reads struct {
	db  *tenancy.DB // of the whole organization: a write is of many readers
	log *slog.Logger

	mu      sync.Mutex
	waiting map[tenancy.OrgID][]*read // an entry, an empty one too: a write of the organization runs
}

// NewReads gives an empty one.
func NewReads(db *tenancy.DB, log *slog.Logger) *Reads {
	return &Reads{db: db, log: log, waiting: map[tenancy.OrgID][]*read{}}
}

// read is one read that waits to be on record.
type read struct {
	entry audit.Entry
	used  search.Used
	done  chan struct{}
	err   error // once done is closed
}

const (
	mostReads = 500 // in one transaction
	writeTime = 10 * time.Second
)

var errNotRecorded = fault.New(fault.Unavailable, "not_recorded", "The read could not be put on record, so its bytes stay here. Try again.").After(time.Second)

// Reading records a read once its first byte leaves: onStart begins it, and durable waits
// for it. An answer without bytes, as to HEAD or of what the client has already, leaves no
// row.
func (r *Reads) Reading(ctx context.Context, v Version, while time.Duration) (onStart, durable func() error) {
	wait := func() error { return errNotRecorded }
	return func() (err error) {
		wait, err = r.Record(ctx, v, while)
		return err
	}, func() error { return wait() }
}

// Record begins to put on record that the actor of ctx is handed the bytes of a version,
// unless that is there from less than a while ago: a player that asks for a hundred
// ranges of one video is one read. Previews leave no row: a page of thumbnails would bury
// the rest. durable waits until the row cannot be lost any more; the last byte leaves behind it.
func (r *Reads) Record(ctx context.Context, v Version, while time.Duration) (durable func() error, err error) {
	entry, err := audit.Prepare(ctx, v.Organization, readOf(v), while)
	if err != nil {
		return nil, err
	}
	one := &read{entry: entry, done: make(chan struct{})}
	if actor, ok := tenancy.ActorFrom(ctx); ok {
		one.used = search.Used{User: actor.User, File: v.File}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list, runs := r.waiting[v.Organization]
	r.waiting[v.Organization] = append(list, one)
	if !runs {
		go r.write(v.Organization) //nolint:contextcheck // it writes the reads of many requests
	}
	return func() error {
		select {
		case <-one.done:
			return one.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}, nil
}

// write writes what waits of an organization until nothing does.
func (r *Reads) write(org tenancy.OrgID) {
	for {
		r.mu.Lock()
		list := r.waiting[org]
		if len(list) == 0 {
			delete(r.waiting, org)
			r.mu.Unlock()
			return
		}
		batch := list[:min(len(list), mostReads)]
		r.waiting[org] = list[len(batch):]
		r.mu.Unlock()
		if err := r.commit(org, batch, true); err != nil {
			// One of them may be what fails, such as a note for a member who is gone by now.
			for _, one := range batch {
				one.err = r.commit(org, []*read{one}, false)
			}
		}
		for _, one := range batch {
			close(one.done)
		}
	}
}

func (r *Reads) commit(org tenancy.OrgID, batch []*read, note bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	entries, used := make([]audit.Entry, len(batch)), make([]search.Used, len(batch))
	for i, one := range batch {
		entries[i], used[i] = one.entry, one.used
	}
	err := r.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if note {
			if err := search.UseAll(ctx, tx, used); err != nil {
				return err
			}
		}
		return audit.RecordAll(ctx, tx, entries)
	})
	if err != nil {
		r.log.Warn("record reads failed", slog.String("org", org.String()), slog.Int("reads", len(batch)), slog.Any("error", err))
		return errNotRecorded
	}
	return nil
}

// RecordReads puts reads of several versions into the audit log with q, apart from those
// that are there from less than a while ago.
func RecordReads(ctx context.Context, q tenancy.Queries, versions []Version, while time.Duration) error {
	entries := make([]audit.Entry, 0, len(versions))
	for _, v := range versions {
		entry, err := audit.Prepare(ctx, q.Org(), readOf(v), while)
		if err != nil {
			return err
		}
		entries = append(entries, entry)
	}
	return audit.RecordAll(ctx, q, entries)
}

func readOf(v Version) audit.Event {
	return audit.Event{Action: "file.read", ObjectID: v.File.String(), Code: fmt.Sprintf("version_%d", v.Number)}
}
