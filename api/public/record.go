package public

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"satchel/api/delivery/signed"
	"satchel/api/links"
	"satchel/internal/fault"
	"satchel/shares/visitors"
	"satchel/tenancy"
)

// record writes an access down; what cannot be written is logged, since nothing that is
// counted leaves by it.
func (p *Public) record(ctx context.Context, a visitors.Access) {
	if err := p.tryRecord(ctx, a); err != nil && context.Cause(ctx) == nil {
		p.Log.WarnContext(ctx, "record access by share failed", "organization", a.Ref.Org, "share", a.Ref.Share, "error", err)
	}
}

func (p *Public) tryRecord(ctx context.Context, a visitors.Access) error {
	key, slotted := slotOf(a, time.Now())
	if slotted && p.recorded.has(key) {
		return nil
	}
	err := visitors.Record(ctx, p.DB.Single(a.Ref.Org), a)
	if err == nil && slotted {
		p.recorded.note(key)
	}
	return err
}

// recordRefusal writes down that a visitor was refused. What is ours to repair is no
// refusal.
func (p *Public) recordRefusal(ctx context.Context, ref tenancy.ShareVisit, what visitors.What, file uuid.UUID, err error) {
	if ref.Share == uuid.Nil || err == nil {
		return
	}
	f := fault.Of(err)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		return
	}
	p.record(ctx, visitors.Access{Ref: ref, What: what, File: file, Code: f.Code})
}

// recordProof writes down a password or a code, and whether it was the right one.
func (p *Public) recordProof(ctx context.Context, v visit, what visitors.What, err error) {
	if err != nil {
		p.recordRefusal(ctx, v.ref, what, uuid.Nil, err)
		return
	}
	p.record(ctx, visitors.Access{Ref: v.ref, What: what})
}

// Refused writes down that an address on the content host gave nothing.
func (p *Public) Refused(ctx context.Context, link signed.Link, err error) {
	what, file := visitors.Preview, link.File
	switch link.Transformation {
	case "":
		what = visitors.Download
	case links.ZipWord:
		what, file = visitors.Zip, uuid.Nil // the link names the zip there
	}
	p.recordRefusal(ctx, tenancy.ShareVisit{Org: link.Organization, Share: link.Share}, what, file, err)
}

// slot names a row of the record that is written once an hour or a minute.
type slot struct {
	share, recipient, file uuid.UUID
	what                   visitors.What
	code                   string
	since                  int64
}

func slotOf(a visitors.Access, now time.Time) (slot, bool) {
	unit := time.Minute
	switch a.Slot() {
	case "":
		return slot{}, false
	case "hour":
		unit = time.Hour
	}
	return slot{share: a.Ref.Share, recipient: recipientOf(a.Ref), file: a.File, what: a.What, code: a.Code, since: now.Truncate(unit).Unix()}, true
}

// mostSlots bounds how many slots are remembered, twice.
const mostSlots = 8192

// slots remembers which of them were written, so that a share that many read costs the
// database no question for it. What is forgotten is asked again.
type slots struct {
	mu          sync.Mutex
	now, before map[slot]struct{}
}

func (s *slots) has(k slot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.now[k]; ok {
		return true
	}
	_, ok := s.before[k]
	return ok
}

func (s *slots) note(k slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || len(s.now) >= mostSlots {
		s.now, s.before = make(map[slot]struct{}), s.now
	}
	s.now[k] = struct{}{}
}
