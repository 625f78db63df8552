package imports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Entry is what became of one revision of an object.
type Entry struct {
	Object   string `json:"object"`
	Path     string `json:"path"`
	Revision string `json:"revision"`
	Size     int64  `json:"size"`
	File     string `json:"file_id,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
	Status   string `json:"status"` // of the file, or "failed"
	Code     string `json:"code,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Adopted  bool   `json:"adopted,omitempty"` // the file was there already, with the same bytes
}

// Statuses of an entry that are not statuses of a file.
const (
	StatusPublished = "published"
	StatusFailed    = "failed" // nothing is known to be wrong with the file: the next run tries again
	StatusRefused   = "refused"
)

// settled says that another run would come to the same end.
func (e Entry) settled() bool { return e.Status != StatusFailed && e.Status != "processing" }

// Ledger is an append-only file of entries: one line of JSON each, the last one of an
// object counts. It is written through to the disk before the next object of the same
// sender begins, and one process at a time holds it.
type Ledger struct {
	mu      sync.Mutex
	file    *os.File
	entries map[string]Entry
}

// ErrLedgerInUse says that another import of the same source runs.
var ErrLedgerInUse = errors.New("another import writes this ledger")

// OpenLedger reads a ledger, or begins one. A last line that a crash cut is left out:
// its object is sent again under the same Idempotency-Key.
func OpenLedger(name string) (*Ledger, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the person names it, or a hash does
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if err := lock(file); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: %w", name, ErrLedgerInUse)
	}
	l := &Ledger{file: file, entries: map[string]Entry{}}
	if err := l.read(); err != nil {
		_ = file.Close()
		return nil, err
	}
	return l, nil
}

func (l *Ledger) read() error {
	r := bufio.NewReader(l.file)
	var whole int64
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("ledger %s, byte %d: %w: name another one with --ledger", l.file.Name(), whole, err)
		}
		whole += int64(len(line))
		l.entries[e.Object] = e
	}
	if err := l.file.Truncate(whole); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if _, err := l.file.Seek(whole, io.SeekStart); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Get gives the last entry of an object.
func (l *Ledger) Get(object string) (Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[object]
	return e, ok
}

// Put adds an entry.
func (l *Ledger) Put(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	l.entries[e.Object] = e
	return nil
}

// Each gives the last entries of all objects, in no order.
func (l *Ledger) Each(give func(Entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		give(e)
	}
}

// Close ends the ledger once its lines are on the disk.
func (l *Ledger) Close() error {
	err := errors.Join(l.file.Sync(), l.file.Close())
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}
