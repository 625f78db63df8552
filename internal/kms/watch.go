package kms

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Watched is a key file that is read again when it has changed, so that keys are replaced
// while programs run. What cannot be read changes nothing: a file that is half written
// takes no key away.
type Watched struct {
	path string

	mu     sync.Mutex
	keys   *File
	seen   os.FileInfo
	looked time.Time
}

// lookEvery is how often the file is looked at. A value under a key that is not known is
// looked up at once.
const lookEvery = 5 * time.Second

// Watch begins with the keys that were read.
func Watch(path string, keys *File) *Watched { return &Watched{path: path, keys: keys} }

func (w *Watched) now(again bool) *File {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !again && time.Since(w.looked) < lookEvery {
		return w.keys
	}
	w.looked = time.Now()
	info, err := os.Stat(w.path)
	if err == nil && w.seen != nil && os.SameFile(info, w.seen) && info.ModTime().Equal(w.seen.ModTime()) && info.Size() == w.seen.Size() {
		return w.keys
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(w.path)
	}
	var keys *File
	if err == nil {
		keys, err = ParseFile(text)
	}
	if err != nil {
		slog.Warn("key file not read; the keys that were read before stay", "error", err)
		return w.keys
	}
	w.keys, w.seen = keys, info
	return keys
}

// Current names the first key.
func (w *Watched) Current(ctx context.Context) (string, error) { return w.now(false).Current(ctx) }

// Wrap encrypts a data key under the first key.
func (w *Watched) Wrap(ctx context.Context, dataKey, bound []byte) (string, []byte, error) {
	return w.now(false).Wrap(ctx, dataKey, bound)
}

// Unwrap decrypts a data key. Another program may have read a new key before this one.
func (w *Watched) Unwrap(ctx context.Context, keyID string, wrapped, bound []byte) ([]byte, error) {
	dataKey, err := w.now(false).Unwrap(ctx, keyID, wrapped, bound)
	if errors.Is(err, ErrNoKey) {
		return w.now(true).Unwrap(ctx, keyID, wrapped, bound)
	}
	return dataKey, err
}
