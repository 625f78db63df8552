package envelope

import (
	"io"
	"os"
	"sync"
)

// batch is how many bytes are read at once while those before them are decrypted.
const batch = 2 * sealed

// worthAhead is from how many bytes on it pays to read ahead: what is shorter is through before
// a second goroutine has begun.
const worthAhead = 2 << 20

// batches hold what was read ahead. Those of a reader that is not read to its end go with it.
var batches = sync.Pool{New: func() any { return new([batch]byte) }}

// fetcher reads whole segments of an object on one core, while those before them are decrypted
// on another.
type fetcher struct {
	free    chan *[batch]byte
	read    chan fetched
	stopped chan struct{}
	stop    func() // may be called again, and by any goroutine

	now  fetched // its segments are being decrypted
	from int     // those from here on
}

// fetched is what was read, and the error that ended the reading.
type fetched struct {
	buffer *[batch]byte
	n      int
	err    error
}

// fetch begins to read so many bytes of src, of which two batches are held at most.
func fetch(src io.Reader, size int64) *fetcher {
	f := &fetcher{free: make(chan *[batch]byte, 2), read: make(chan fetched, 2), stopped: make(chan struct{})}
	f.stop = sync.OnceFunc(func() { close(f.stopped) })
	for range cap(f.free) {
		f.free <- batches.Get().(*[batch]byte)
	}
	go f.run(src, size)
	return f
}

func (f *fetcher) run(src io.Reader, left int64) {
	for left > 0 {
		p := fetched{}
		select {
		case p.buffer = <-f.free:
		case <-f.stopped:
			return
		}
		p.n, p.err = io.ReadFull(src, p.buffer[:min(left, batch)])
		left -= int64(p.n)
		f.read <- p // there is room for each buffer
		if p.err != nil {
			return
		}
	}
}

// next gives n bytes, which are those of a segment and valid until the next call.
func (f *fetcher) next(n int) ([]byte, error) {
	if f.from == f.now.n {
		used := f.now
		f.now, f.from = fetched{}, 0 // end gives back what is here, and what is in free, each once
		if used.err != nil {
			batches.Put(used.buffer)
			return nil, used.err // nothing comes behind it
		}
		if used.buffer != nil {
			f.free <- used.buffer
		}
		select {
		case f.now = <-f.read:
		case <-f.stopped:
			return nil, os.ErrClosed
		}
	}
	if f.now.n-f.from < n {
		return nil, f.now.err
	}
	b := f.now.buffer[f.from : f.from+n]
	f.from += n
	return b, nil
}

// end is called by who reads, at the end of the object or of what is authentic in it.
func (f *fetcher) end() {
	f.stop()
	if f.now.buffer != nil {
		batches.Put(f.now.buffer)
	}
	f.now = fetched{}
	for {
		select {
		case b := <-f.free:
			batches.Put(b)
		default:
			return
		}
	}
}
