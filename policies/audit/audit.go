// Package audit is the audit log: append-only, one row an action, in the action's
// own transaction, chained by hash for each organization. Events name ids,
// codes and networks, and nothing else of a person: the audit log is kept long
// after what it speaks of.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/gowebpki/jcs"

	"satchel/policies/audit/auditdb"
	"satchel/tenancy"
)

// Result is how an action ended.
type Result string

// The results. Denied was refused by a rule; Failed was allowed and did not work.
const (
	Done   Result = "done"
	Denied Result = "denied"
	Failed Result = "failed"
)

// Results lists every result.
var Results = []Result{Done, Denied, Failed}

// Event is one action. Who acted, from where and when, comes from the context.
type Event struct {
	Action   string // a name of the table Actions
	ObjectID string // of what the table says that it names
	Result   Result // empty means Done
	Code     string // the refusal's code, or what the action turned on
}

// row is the event as it is written, in the order of RFC 8785 once canonical.
// Every value is a string, so that no reader's numbers change it.
type row struct {
	Action       string `json:"action"`
	Actor        string `json:"actor"`   // a user's id; empty for the platform itself
	Address      string `json:"address"` // the caller's network, see Network
	At           string `json:"at"`
	Code         string `json:"code"`
	Key          string `json:"key"` // the API key that was used
	Object       string `json:"object"`
	ObjectID     string `json:"object_id"`
	Organization string `json:"organization"`
	Request      string `json:"request"`
	Result       Result `json:"result"`
	Role         string `json:"role"`
}

// system is the role of what the platform does by itself.
const system = "system"

// Record writes the event with q, which is the transaction of the action: both
// are committed or neither is. It comes last in the transaction, with the commit,
// since the end of the organization's chain is locked until then.
func Record(ctx context.Context, q tenancy.Queries, e Event) error {
	entry, err := Prepare(ctx, q.Org(), e, 0)
	if err != nil {
		return err
	}
	if err := auditdb.New(tenancy.OnCommit(q)).EventInsert(ctx, entry.row); err != nil {
		return fmt.Errorf("record %s: %w", e.Action, err)
	}
	noteRecorded(q, entry)
	return nil
}

// Entry is an event that is ready to be written, by whom and from where it came included. It
// can be written behind its request, with others.
type Entry struct {
	org     tenancy.OrgID
	event   Event
	row     string
	actor   uuid.UUID
	while   time.Duration
	attempt *Attempt
}

// Prepare makes an entry of an event. With a while, it is left out where the log has the
// same of the same actor from less than that ago; zero writes it in any case.
func Prepare(ctx context.Context, org tenancy.OrgID, e Event, while time.Duration) (Entry, error) {
	attempt, _ := ctx.Value(attemptKey{}).(*Attempt)
	if attempt != nil && attempt.has(e) {
		return Entry{}, fmt.Errorf("record %s: %w", e.Action, ErrTwice)
	}
	row, err := canonical(ctx, org, e)
	if err != nil {
		return Entry{}, fmt.Errorf("write down %s: %w", e.Action, err)
	}
	actor, _ := tenancy.ActorFrom(ctx)
	return Entry{org: org, event: e, row: row, actor: actor.User, while: while, attempt: attempt}, nil
}

// RecordAll writes entries of the organization of q, in their order, as Record writes one.
func RecordAll(ctx context.Context, q tenancy.Queries, entries []Entry) error {
	now := time.Now()
	p := auditdb.EventsInsertParams{Since: now.AddDate(0, 0, -1), Until: now.AddDate(0, 0, 1)} // the clocks may differ
	type same struct {
		event Event
		actor uuid.UUID
	}
	written := map[same]bool{}
	for _, e := range entries {
		if e.org != q.Org() {
			return fmt.Errorf("record %s: it is of another organization", e.event.Action)
		}
		is := same{e.event, e.actor}
		if e.while > 0 && written[is] {
			continue
		}
		written[is] = true
		if since := now.Add(-e.while).AddDate(0, 0, -1); since.Before(p.Since) {
			p.Since = since
		}
		p.Events, p.Objects, p.Whiles = append(p.Events, e.row), append(p.Objects, e.event.ObjectID), append(p.Whiles, e.while)
	}
	if len(p.Events) == 0 {
		return nil
	}
	if err := auditdb.New(tenancy.OnCommit(q)).EventsInsert(ctx, p); err != nil {
		return fmt.Errorf("record %d events: %w", len(p.Events), err)
	}
	noteRecorded(q, entries...)
	return nil
}

// noteRecorded tells the requests of entries that they are on record, once q is committed.
func noteRecorded(q tenancy.Queries, entries ...Entry) {
	tenancy.AfterCommit(q, func() {
		for _, e := range entries {
			if e.attempt != nil {
				e.attempt.record(e.event)
			}
		}
	})
}

func canonical(ctx context.Context, org tenancy.OrgID, e Event) (string, error) {
	action, err := known(e.Action)
	if err != nil {
		return "", err
	}
	r := row{
		Action: e.Action, At: time.Now().UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano), Code: e.Code, Object: action.Object, ObjectID: e.ObjectID,
		Organization: org.String(), Result: e.Result, Role: system,
	}
	if r.Result == "" {
		r.Result = Done
	}
	if actor, ok := tenancy.ActorFrom(ctx); ok {
		r.Actor, r.Role = actor.User.String(), string(actor.Role)
		if actor.Key != uuid.Nil {
			r.Key = actor.Key.String()
		}
	}
	if from, ok := ctx.Value(originKey{}).(Origin); ok {
		r.Address, r.Request = from.Address, from.Request
	}
	b, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	b, err = jcs.Transform(b)
	return string(b), err
}

// Origin is the network address of a request.
type Origin struct {
	Address string // a network, see Network
	Request string // the request's id, as its answer and the log have it
}

type originKey struct{}

// WithOrigin tells Record where the request came from. The edge calls it.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// Network shortens an address to its network, /24 or /48: enough to see that a
// call came from somewhere else, too little to follow a child (16 CFR 312.2
// counts an address as personal information).
func Network(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	p, err := addr.Prefix(bits)
	if err != nil || !p.IsValid() {
		return ""
	}
	return p.String()
}
