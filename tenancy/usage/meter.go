// Package usage counts what an organization uses, for each day of UTC. Most
// of it is read from existing rows; a Meter counts the rest in memory.
package usage

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
)

// Metric is something that a Meter counts.
type Metric string

// The metrics.
const (
	BytesOut  Metric = "bytes_out" // bytes of files and previews that left, aborted answers included
	Downloads Metric = "downloads" // answers with a file's content from its first byte
)

// Interval is how often a meter writes its sums to the database. A killed
// process loses at most the counts since the last flush; an orderly stop loses
// none. No count is written twice.
const Interval = 5 * time.Second

// maxSeen bounds the people that a meter remembers as noted today. Beyond it the memory is emptied and they are noted again, which changes nothing.
const maxSeen = 100_000

type counter struct {
	day    string
	metric Metric
}

type visit struct {
	day  string
	user uuid.UUID
}

type seen struct {
	org tenancy.OrgID
	visit
}

// batch is what one transaction adds for one organization. Once it was sent it
// never changes: a retry must be the same.
type batch struct {
	id     uuid.UUID
	sums   map[counter]int64
	visits []visit
}

// Meter gathers counts and adds them to the database by Flush. Its methods may
// be called from many goroutines; a nil Meter counts nothing. Memory is bounded
// by the number of organizations, and not by that of requests: for each there is
// one batch on its way and one that is filled, however long the database is away.
type Meter struct {
	db  *tenancy.DB
	now func() time.Time

	mu          sync.Mutex
	filling     map[tenancy.OrgID]*batch
	activeToday map[seen]struct{}

	flushing sync.Mutex // guards sent
	sent     map[tenancy.OrgID]*batch
}

// NewMeter makes a meter whose days follow now.
func NewMeter(db *tenancy.DB, now func() time.Time) *Meter {
	return &Meter{db: db, now: now, filling: map[tenancy.OrgID]*batch{}, activeToday: map[seen]struct{}{}, sent: map[tenancy.OrgID]*batch{}}
}

// Add counts n of a metric, today.
func (m *Meter) Add(org tenancy.OrgID, metric Metric, n int64) {
	if m == nil || n <= 0 {
		return
	}
	day := dayOf(m.now())
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batch(org).sums[counter{day, metric}] += n
}

// Active notes that a person did something today.
func (m *Meter) Active(org tenancy.OrgID, user uuid.UUID) {
	if m == nil {
		return
	}
	v := visit{dayOf(m.now()), user}
	m.mu.Lock()
	defer m.mu.Unlock()
	who := seen{org, v}
	if _, known := m.activeToday[who]; known {
		return
	}
	if len(m.activeToday) >= maxSeen {
		clear(m.activeToday)
	}
	m.activeToday[who] = struct{}{}
	b := m.batch(org)
	b.visits = append(b.visits, v)
}

func (m *Meter) batch(org tenancy.OrgID) *batch {
	b := m.filling[org]
	if b == nil {
		b = &batch{id: tenancy.NewID(), sums: map[counter]int64{}}
		m.filling[org] = b
	}
	return b
}

// Run flushes every Interval until ctx ends, and once more then. Failures go to
// failed; what failed is sent again by the next flush.
func (m *Meter) Run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := m.Flush(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), Interval)
			defer cancel()
			// Twice: the first may have sent only what an earlier one left over.
			if err := errors.Join(m.Flush(last), m.Flush(last)); err != nil {
				failed(err)
			}
			return
		}
	}
}

// Flush writes the collected counts. An organization whose last batch failed
// gets that batch again first, and newer counts with the next flush.
func (m *Meter) Flush(ctx context.Context) error {
	m.flushing.Lock()
	defer m.flushing.Unlock()
	m.take()
	var failures []error
	for org, b := range m.sent {
		if err := add(ctx, m.db, org, b); err != nil {
			failures = append(failures, err)
			continue
		}
		delete(m.sent, org)
	}
	return errors.Join(failures...)
}

// take moves the collected counts to the batch that is sent.
func (m *Meter) take() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for org, b := range m.filling {
		if m.sent[org] == nil {
			m.sent[org] = b
			delete(m.filling, org)
		}
	}
}

// dayOf names the day of UTC.
func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }
