package reader

import "time"

// Forget ends the children that wait, as their time does, and expects no file.
func (r Reader) Forget() {
	r.ready.mu.Lock()
	all := append([]*waiting(nil), r.ready.children...)
	r.ready.expected = nil
	r.ready.mu.Unlock()
	for _, w := range all {
		r.ready.forget(w)
	}
}

// Waiting is how many children wait.
func (r Reader) Waiting() int {
	r.ready.mu.Lock()
	defer r.ready.mu.Unlock()
	return len(r.ready.children)
}

// Later lets the time of the expected files pass.
func (r Reader) Later(d time.Duration) {
	r.ready.mu.Lock()
	defer r.ready.mu.Unlock()
	was := r.ready.now
	r.ready.now = func() time.Time { return was().Add(d) }
}
