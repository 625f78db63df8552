package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/listen"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// finalSuffix marks the id of the last event. A browser that comes back with it
// has everything, and is told by 204 to stop coming back. While the previews of a
// published version are pending it waits for their event instead.
const finalSuffix = ".final"

// FollowFile sends what happens to a file until its newest version is final,
// then the file as it is, and ends.
func (r *Storage) FollowFile(c *gin.Context) error {
	v, err := r.find(c)
	if err != nil {
		return err
	}
	seq, whole, err := lastEvent(c)
	if err != nil {
		return err
	}
	done, err := r.Streams.Open(request.Caller(c))
	if err != nil {
		return err
	}
	defer done()
	s := &eventStream{storage: r, actor: request.Caller(c), file: v.FileID, seq: seq, whole: whole}
	changed, cancel := r.Listener.Subscribe(s.actor.Org, s.file)
	defer cancel()
	defer r.Listener.Count()()
	if whole {
		if events, err := s.after(c.Request.Context()); err == nil && files.Final(events[0].Status) && events[0].EventSeq <= seq && events[0].Preview != files.PreviewPending {
			c.Status(http.StatusNoContent)
			return nil
		}
	}
	s.out = listen.NewStream(c.Writer)
	s.run(c.Request.Context(), changed)
	return nil
}

func lastEvent(c *gin.Context) (seq int64, whole bool, err error) {
	text := c.GetHeader("Last-Event-ID")
	if text == "" {
		return 0, false, nil
	}
	text, whole = strings.CutSuffix(text, finalSuffix)
	seq, err = strconv.ParseInt(text, 10, 64)
	if err != nil || seq < 0 {
		return 0, false, fault.New(fault.Invalid, "invalid_last_event_id", "Last-Event-ID is not the id of an event of this file.")
	}
	return seq, whole, nil
}

// eventStream is one client that follows one file.
type eventStream struct {
	storage *Storage
	out     *listen.Stream
	seq     int64 // of the last event that was sent
	whole   bool  // the client has seen a final event: only later previews bring it back

	actor tenancy.Actor // as authentication let them in
	file  uuid.UUID
}

// run ends without an error whatever happens: the answer has begun, and a
// client that was cut off resumes by itself.
func (s *eventStream) run(ctx context.Context, changed <-chan struct{}) {
	if !s.out.Write(": satchel\n\n") {
		return
	}
	s.out.Follow(ctx, s.storage.Listener, s.actor.Until, changed, func(ctx context.Context) bool {
		done, err := s.catchUp(ctx)
		s.log(ctx, err)
		return err == nil && !done
	}, func(ctx context.Context) bool {
		err := s.authorized(ctx)
		s.log(ctx, err)
		return err == nil
	})
}

// authorized repeats the checks of authentication and of access to the file, because
// a stream may last longer than a membership, a link to a student, or the active
// status of an organization.
func (s *eventStream) authorized(ctx context.Context) error {
	m, err := tenancy.GetMembership(ctx, s.storage.DB.Single(s.actor.Org), s.actor)
	if err != nil {
		return err
	}
	now := s.actor
	now.Role = m.Role
	if !m.Allows(tenancy.ReadFiles) || !now.May(tenancy.ReadFiles) {
		return files.ErrNotFound
	}
	return nil // whether the file is still theirs to see, the next reading of its events tells
}

func (s *eventStream) log(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.NotFound { // who comes back is told why
		s.storage.Log.WarnContext(ctx, "write event stream failed", "file", s.file.String(), "error", err)
	}
}

// catchUp sends the events that have not been sent. The version's state and the
// events are read in one statement, so "final" is never sent before the last
// event. Later changes have their own wake-up.
func (s *eventStream) catchUp(ctx context.Context) (done bool, err error) {
	for {
		events, err := s.after(ctx)
		if err != nil {
			return false, err
		}
		from := s.seq
		for _, e := range events {
			if e.Seq == 0 {
				break
			}
			if !s.send(strconv.FormatInt(e.Seq, 10), e.Type, withTime(e)) {
				return false, context.Canceled
			}
			s.seq = e.Seq
		}
		switch now := events[0]; {
		case now.EventSeq > s.seq && s.seq > from: // there are more than one statement gives
		case now.EventSeq > s.seq, !files.Final(now.Status), s.whole && now.Preview == files.PreviewPending:
			return false, nil
		default:
			return true, s.final(ctx)
		}
	}
}

func (s *eventStream) after(ctx context.Context) ([]files.Event, error) {
	return files.Follow(ctx, s.storage.DB.Single(s.actor.Org), s.file, s.seq)
}

func (s *eventStream) final(ctx context.Context) error {
	v, err := files.Get(ctx, s.storage.DB.Single(s.actor.Org), s.file)
	if err != nil {
		return err
	}
	f, err := s.storage.describe(v)
	if err != nil {
		return err
	}
	b, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	s.send(strconv.FormatInt(s.seq, 10)+finalSuffix, "final", b)
	return nil
}

// withTime adds when it happened to what happened.
func withTime(e files.Event) []byte {
	data := map[string]any{}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return []byte("{}")
	}
	data["at"] = e.CreatedAt.UTC()
	b, err := json.Marshal(data)
	if err != nil {
		return []byte("{}")
	}
	return b
}

func (s *eventStream) send(id, kind string, data []byte) bool {
	return s.out.Write("id: " + id + "\nevent: " + kind + "\ndata: " + string(data) + "\n\n")
}
