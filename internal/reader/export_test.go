package reader

// Forget ends the child that waits, as its time does.
func (r Reader) Forget() {
	r.ready.mu.Lock()
	w := r.ready.child
	r.ready.mu.Unlock()
	r.ready.forget(w)
}
