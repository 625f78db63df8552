package ratelimit

import (
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
type Streams struct{ open *Concurrency[principal] }

// Streams makes the counter, of this replica's share.
func (t *Limiter) Streams() *Streams {
	return &Streams{NewConcurrency[principal](max(1, t.config.Streams/t.config.Replicas))}
}

// Open admits one more stream of the actor, until done.
func (s *Streams) Open(actor tenancy.Actor) (done func(), err error) {
	done, ok := s.open.Enter(principalOf(actor))
	if !ok {
		return nil, TooManyStreams.After(streamRetry)
	}
	return done, nil
}
