package scan

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"satchel/internal/fault"
)

// heartbeatDetails is the content of a heartbeat, which the next attempt reads.
type heartbeatDetails struct {
	Bytes        int64
	FailingSince time.Time // of the first attempt that found the scanner away
	Differing    int       // attempts that read other bytes than were received
}

const heartbeatInterval = 5 * time.Second

// heartbeat heartbeats while an attempt runs. It beats by the clock and not by the
// bytes: the scanner may think for minutes about the last of them. A scan that
// ends before the first pause never beats, which spares Temporal a write; what
// an earlier attempt's beat remembered stays until there is another.
type heartbeat struct {
	ctx   context.Context //nolint:containedctx // lives for one attempt
	bytes atomic.Int64
	last  heartbeatDetails // changed only while the heartbeat is stopped
	quit  chan struct{}
	ended chan struct{}
}

func startHeartbeat(ctx context.Context) *heartbeat {
	p := &heartbeat{ctx: ctx, quit: make(chan struct{}), ended: make(chan struct{})}
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &p.last) // of another build: counting starts again
	}
	go p.run()
	return p
}

func (p *heartbeat) run() {
	defer close(p.ended)
	tick := time.NewTicker(heartbeatInterval)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
			p.beat()
		}
	}
}

func (p *heartbeat) beat() {
	now := p.last
	now.Bytes = p.bytes.Load()
	activity.RecordHeartbeat(p.ctx, now)
}

func (p *heartbeat) stop() {
	select {
	case <-p.ended:
	default:
		close(p.quit)
		<-p.ended
	}
}

// failing ends the heartbeat with a last beat that remembers the failure, and says
// for how long the scanner has been away by now.
func (p *heartbeat) failing() time.Duration {
	p.stop()
	if p.last.FailingSince.IsZero() {
		p.last.FailingSince = time.Now()
	}
	p.beat()
	return time.Since(p.last.FailingSince)
}

// Reads that give other bytes than were received are tried this often: a broken
// connection is worth another, a damaged object is not.
const rereads = 3

// differing ends the heartbeat with a last beat that remembers one more reading of
// other bytes, and gives the fault to end this attempt with.
func (p *heartbeat) differing(err error) error {
	p.stop()
	p.last.Differing++
	p.beat()
	if p.last.Differing < rereads {
		return ErrBytesDiffer.Because(err)
	}
	return fault.New(fault.Conflict, ErrBytesDiffer.Code, "%s", ErrBytesDiffer.Text).Because(err)
}

// count lets the heartbeat tell how far the scan is.
func (p *heartbeat) count(r io.Reader) io.Reader { return countingReader{r, &p.bytes} }

type countingReader struct {
	io.Reader
	n *atomic.Int64
}

func (c countingReader) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}
