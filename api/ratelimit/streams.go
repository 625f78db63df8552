package ratelimit

import (
	"sync"
	"time"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// TooManyStreams refuses one more event stream.
var TooManyStreams = fault.New(fault.Limited, "too_many_streams", "You follow as many files at once as one caller may. End a stream, or wait as long as Retry-After says and try again.")

// streamRetry is how long to wait for a stream to end: most files are final
// within it.
const streamRetry = 5 * time.Second

// Streams bounds how many event streams a principal holds open. Each holds a
// connection and asks the database every few seconds for as long as it lasts,
// which no rate of requests bounds.
type Streams struct {
	most int

	mu   sync.Mutex
	open map[principal]int
}

// Streams makes the counter, of this replica's share.
func (t *Limiter) Streams() *Streams {
	return &Streams{most: max(1, t.config.Streams/t.config.Replicas), open: map[principal]int{}}
}

// Open admits one more stream of the actor, until done.
func (s *Streams) Open(actor tenancy.Actor) (done func(), err error) {
	who := principalOf(actor)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[who] >= s.most {
		return nil, TooManyStreams.After(streamRetry)
	}
	s.open[who]++
	return func() { s.end(who) }, nil
}

func (s *Streams) end(who principal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[who]--; s.open[who] <= 0 {
		delete(s.open, who)
	}
}
