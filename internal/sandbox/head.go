package sandbox

import (
	"strings"
	"unicode"
)

// head keeps the first bytes of a stream and swallows the rest, so that a child that
// floods a pipe costs the parent nothing and does not block.
type head struct {
	limit int
	kept  []byte
}

func (h *head) Write(p []byte) (int, error) {
	h.kept = append(h.kept, p[:min(len(p), h.limit-len(h.kept))]...)
	return len(p), nil
}

// text is safe for a log line.
func (h *head) text() string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, string(h.kept)))
}
