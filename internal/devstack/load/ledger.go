// Package load sends files to a running stack as patient clients do. Each keeps a ledger of its own
// on the disk, of what is about to be sent and of what was answered, and in the end the ledger is
// held against what the platform has: that says what was lost, changed, kept twice or never ended.
package load

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// Event is what a line of the ledger tells of an upload.
type Event string

// The events, in the order in which an upload has them: it is sent, then answered.
const (
	Sending      Event = "sending"
	Acknowledged Event = "acknowledged" // the platform said that it has all bytes
	Refused      Event = "refused"      // the platform said that it never takes this
	GivenUp      Event = "given_up"     // no answer that means either came in time
	Unanswered   Event = "unanswered"   // a request that must not be sent again had no answer: its file may be there or not
)

// Line is one line of the ledger.
type Line struct {
	At     time.Time `json:"at"`
	Event  Event     `json:"event"`
	Number int       `json:"number"`

	// Of what is sent.
	School  int    `json:"school,omitempty"` // by its number
	Way     Way    `json:"way,omitempty"`
	Name    string `json:"name,omitempty"` // no other upload has it
	Key     string `json:"key,omitempty"`  // the Idempotency-Key; empty: it has none
	Size    int64  `json:"size,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	Outcome string `json:"outcome,omitempty"` // the final status that such a file has

	// Of the answer.
	File  string `json:"file,omitempty"`  // its id
	Why   string `json:"why,omitempty"`   // the refusal
	Tries int    `json:"tries,omitempty"` // how often the client began or went on
}

// Ledger is written by clients that run side by side. A line is in the file before the call that it
// announces, and after the one that it tells of.
type Ledger struct {
	mu   sync.Mutex
	file *os.File
}

// Create makes an empty ledger in place of an earlier one.
func Create(path string) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the ledger: %w", err)
	}
	return &Ledger{file: f}, nil
}

// Write adds a line, with the time of now.
func (l *Ledger) Write(line Line) error {
	line.At = time.Now()
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.file.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}

// Close closes the file.
func (l *Ledger) Close() error { return l.file.Close() }

// Upload is all that a ledger says of one upload.
type Upload struct {
	Line         // as it was sent
	Answer Event // empty: the client died before it had one
}

// Read gives the uploads of a ledger, in the order in which they were begun.
func Read(path string) ([]Upload, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer func() { _ = f.Close() }()
	var all []Upload
	at := map[int]int{} // where the upload of a number is
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var line Line
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("line %d of the ledger: %w", n, err)
		}
		i, known := at[line.Number]
		switch {
		case line.Event == Sending && !known:
			at[line.Number] = len(all)
			all = append(all, Upload{Line: line})
		case line.Event == Sending || !known || all[i].Answer != "":
			return nil, fmt.Errorf("line %d of the ledger: upload %d is %s out of order", n, line.Number, line.Event)
		default:
			u := &all[i]
			u.Answer, u.File, u.Why, u.Tries = line.Event, line.File, line.Why, line.Tries
		}
	}
	return all, lines.Err()
}
