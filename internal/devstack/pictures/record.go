// Package pictures compares the pictures of the guides with what the console shows now.
//
// A picture NAME.png has a record beside it, NAME.txt: the digest of the picture, the messages
// of the console's catalog that stand on the page, and what a screen reader is told of it.
package pictures

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Record is what is known of a picture without opening it.
type Record struct {
	Name     string   // of the picture, without its ending
	Digest   string   // of the picture's bytes: SHA-256 in hexadecimal
	Messages []string // texts of the catalog that the page shows, as the catalog has them
	Words    string   // the tree of roles and names, without what differs between two runs
}

const (
	digestLine  = "# sha256 "
	messageLine = "# message "
)

// NewRecord makes the record of a picture from its bytes and from what a screen reader is told.
func NewRecord(name string, picture []byte, said string, catalog map[string]bool) Record {
	return Record{Name: name, Digest: digest(picture), Messages: shown(said, catalog), Words: Words(said)}
}

func digest(picture []byte) string {
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:])
}

// Text is the record as its file has it.
func (r Record) Text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# What %s.png shows, for the tests that compare it (ADR 0056). `make pictures` writes both.\n%s%s\n", r.Name, digestLine, r.Digest)
	for _, m := range r.Messages {
		b.WriteString(messageLine + strconv.Quote(m) + "\n")
	}
	b.WriteString(r.Words)
	return []byte(b.String())
}

// ReadRecord reads the record of a picture in a folder. An error says which one is missing or
// cannot be read.
func ReadRecord(dir, name string) (Record, error) {
	r := Record{Name: name}
	b, err := os.ReadFile(filepath.Join(dir, name+".txt"))
	if err != nil {
		return r, fmt.Errorf("read the record of %s.png: %w; %s", name, err, Again(name))
	}
	var words strings.Builder
	for line := range strings.Lines(string(b)) {
		rest := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(rest, digestLine):
			r.Digest = strings.TrimPrefix(rest, digestLine)
		case strings.HasPrefix(rest, messageLine):
			m, err := strconv.Unquote(strings.TrimPrefix(rest, messageLine))
			if err != nil {
				return r, fmt.Errorf("read the record of %s.png: %q: %w; %s", name, rest, err, Again(name))
			}
			r.Messages = append(r.Messages, m)
		case strings.HasPrefix(rest, "# "):
		default:
			words.WriteString(line)
		}
	}
	r.Words = words.String()
	return r, nil
}

// Stale says what a picture and its record tell without a browser: it is another picture than
// the record is of, or it shows messages that the console does not have any more. It is empty
// where neither is so. What is new on a page, and how the page looks, only a browser can tell.
func (r Record) Stale(picture []byte, catalog map[string]bool) []string {
	var why []string
	if r.Digest != digest(picture) {
		why = append(why, fmt.Sprintf("%s.png is not the picture that its record describes; %s", r.Name, Again(r.Name)))
	}
	for _, m := range r.Messages {
		if !catalog[m] {
			why = append(why, fmt.Sprintf("%s.png is stale: it shows %q, which the console does not say any more; %s", r.Name, m, Again(r.Name)))
		}
	}
	return why
}

// Again tells how a picture is taken again.
func Again(name string) string {
	who, _, _ := strings.Cut(name, "-")
	return fmt.Sprintf("run `make pictures ONLY=%s`, look at docs/pictures/%s.png, and commit it with its record", who, name)
}

// In gives the names of the pictures of a folder, in their order.
func In(dir string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*.png"))
	for i, path := range found {
		found[i] = strings.TrimSuffix(filepath.Base(path), ".png")
	}
	return found, err
}

// varying is what differs between two runs: addresses, ids, days, hours, numbers.
var varying = []struct {
	found *regexp.Regexp
	to    string
}{
	{regexp.MustCompile(`(?m)^ *- /url: .*\n`), ""},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}`), "ID"},
	{regexp.MustCompile(`\b[0-9a-f]*[0-9][0-9a-f]{7,}\b`), "ID"},                                                                      // the beginning or the end of one
	{regexp.MustCompile(`\b[0-9a-f]{4,}…[0-9a-f]{4,}\b`), "ID"},                                                                       // both
	{regexp.MustCompile(`\b\d{1,2} [A-Z][a-z]{2,8} \d{4}\b|\b\d{4}-\d\d-\d\d\b|\b\d{1,2} [A-Z][a-z]{2,3}\b|\b\d{1,2}:\d\d\b`), "DAY"}, // a list has the hour of today, and the day of before
	{regexp.MustCompile(`\d[\d.,:\x{202f}\x{a0}]*\d|\d`), "0"},
	{regexp.MustCompile(`\b0 (B|kB|MB|GB|seconds?|minutes?|hours?|ms|s)\b`), "SIZE"},
}

// Words is what a screen reader is told, without what differs between two runs of the same
// console.
func Words(said string) string {
	for _, v := range varying {
		said = v.found.ReplaceAllString(said, v.to)
	}
	return strings.TrimSpace(said) + "\n"
}
