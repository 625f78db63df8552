package pii

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Sizes of a window. What a recognizer looks at before and after a place is less than
// lookBack and lookAhead, and no value is longer.
const (
	block     = 64 << 10
	lookBack  = 2 << 10
	lookAhead = 1 << 10

	mostParses = 20_000 // of telephone numbers of a text by the library, which are dear
)

// Scan reads a text to its end or bound. An error is the reader's or the context's; the
// result then says what was found before, and that the rest is unknown.
func (d *Detector) Scan(ctx context.Context, r io.Reader) (Result, error) {
	s := scan{Detector: d, line: 1, counts: map[Category]int{}, parses: mostParses}
	raw := make([]byte, block)
	held := 0 // bytes of a character that the block cut
	var failed error
	for last := false; !last; {
		if failed = ctx.Err(); failed != nil {
			break
		}
		count, err := io.ReadFull(r, raw[held:])
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			last = true
		case err != nil:
			last, failed = true, fmt.Errorf("read text: %w", err)
		}
		have := raw[:held+count]
		if over := s.window.read + int64(len(have)) - d.options.MostBytes; over > 0 {
			have = have[:max(0, int64(len(have))-over)]
			last = true
			s.unread(TooLong)
		}
		done := s.window.add(have, last)
		held = copy(raw, have[done:])
		s.look(last)
	}
	if failed != nil {
		s.unread(Broken)
	}
	if s.window.bad > 16 && s.window.bad*10 > s.window.read {
		s.unread(NotText)
	}
	return s.result(), failed
}

// ScanString is Scan of a text in memory.
func (d *Detector) ScanString(text string) Result {
	result, _ := d.Scan(context.Background(), strings.NewReader(text))
	return result
}

// scan is the state of one text.
type scan struct {
	*Detector
	window    normal
	from      int // in the window: what is before was looked at
	counted   int // in the window: up to here line is counted
	line      int
	found     []Finding
	counts    map[Category]int
	uncertain []string
	parses    int

	low        []byte  // the window folded
	at         []int32 // where each of its bytes is in the window
	cues       []cue   // in the window, by their ends
	present    topic   // topics of cues and of the table's head
	header     header
	candidates []candidate

	digits, mergedDigits []byte // buffers of run
	groupsRead, merged   []group
}

// candidate is a proposal in the window's own places.
type candidate struct {
	category   Category
	start, end int
	score      float64
	reasons    []string
	value      string // canonical, for the HMAC; it goes no further
	tail       int    // characters of the end that may be shown
	person     string
}

func (s *scan) propose(c candidate) {
	if c.score >= s.options.Least && (s.options.Only == nil || slices.Contains(s.options.Only, c.category)) {
		s.candidates = append(s.candidates, c)
	}
}

func (s *scan) unread(reason string) {
	if !slices.Contains(s.uncertain, reason) {
		s.uncertain = append(s.uncertain, reason)
	}
}

func (s *scan) result() Result {
	r := Result{Version: Version, Findings: s.found, Uninspectable: s.uncertain}
	for _, c := range Categories {
		if s.counts[c] > s.options.MostEach {
			r.Capped = append(r.Capped, c)
		}
	}
	return r
}

// look finds what begins in the window between from and its safe end.
func (s *scan) look(last bool) {
	text := s.window.text
	to := len(text)
	if !last {
		to = safeEnd(text, s.from)
	}
	if to <= s.from {
		return
	}
	s.cue()
	s.candidates = s.candidates[:0]
	s.markers()
	s.roster()
	s.tokens(to)
	s.accept(to)
	forget := max(0, to-lookBack)
	s.count(forget)
	s.window.forget(forget)
	s.from, s.counted = to-forget, s.counted-forget
}

// safeEnd is a place where no value goes on: after a line, else after a space that follows
// a letter, else, of a text that has neither for long, anywhere.
func safeEnd(text []byte, from int) int {
	most := len(text) - lookAhead
	least := max(from, most-block/4)
	if most <= least {
		return from
	}
	if i := bytes.LastIndexByte(text[least:most], '\n'); i >= 0 {
		return least + i + 1
	}
	for i := most - 1; i > least; i-- {
		if text[i] == ' ' && (text[i-1]|0x20 >= 'a' && text[i-1]|0x20 <= 'z') {
			return i + 1
		}
	}
	return most
}

// count brings line up to a place of the window.
func (s *scan) count(place int) {
	if place > s.counted {
		s.line += bytes.Count(s.window.text[s.counted:place], []byte("\n"))
		s.counted = place
	}
}

// accept keeps the best of the proposals for each place that begin before to.
func (s *scan) accept(to int) {
	all := slices.DeleteFunc(s.candidates, func(c candidate) bool { return c.start < s.from || c.start >= to })
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(priority[a.category], priority[b.category]), cmp.Compare(a.start, b.start))
	})
	// Places that are taken, by bytes of the window: overlaps are found without comparing all.
	taken := make([]uint64, len(s.window.text)/64+1)
	kept := all[:0]
	for _, c := range all {
		if s.marked(taken, c) {
			continue
		}
		kept = append(kept, c)
	}
	slices.SortStableFunc(kept, func(a, b candidate) int { return cmp.Compare(a.start, b.start) })
	ended := map[Category]int{}
	for _, c := range kept {
		if markers[c.category] {
			if c.start < ended[c.category] {
				continue // "504 plan" within "has a 504 plan"
			}
			ended[c.category] = c.end
		}
		s.counts[c.category]++
		if s.counts[c.category] > s.options.MostEach {
			continue
		}
		s.count(c.start)
		from, end := s.window.place(c.start, c.end)
		s.found = append(s.found, Finding{
			Category: c.category, Start: from, End: end, Line: s.line, Score: min(c.score, 1), Reasons: c.reasons,
			Masked: mask(c.value, min(c.tail, (c.end-c.start)/3)), HMAC: digest(s.options.Key, c.category, c.value), Person: c.person,
		})
	}
}

// marked says whether another value has part of the place, and takes it otherwise. Markers
// stand beside values, and beside markers of other categories.
func (s *scan) marked(taken []uint64, c candidate) bool {
	if markers[c.category] {
		return false
	}
	for i := c.start; i < c.end; i++ {
		if taken[i/64]&(1<<(i%64)) != 0 {
			return true
		}
	}
	for i := c.start; i < c.end; i++ {
		taken[i/64] |= 1 << (i % 64)
	}
	return false
}

var priority = func() map[Category]int {
	of := map[Category]int{}
	for i, c := range Categories {
		of[c] = i
	}
	return of
}()

var markers = map[Category]bool{SpecialEd: true, Health: true, Discipline: true, LunchStatus: true}

// mask shows the last characters of a value, at most four and a third of it.
func mask(value string, tail int) string {
	runes := []rune(value)
	tail = min(tail, len(runes)/3, 4)
	if tail <= 0 {
		return "…"
	}
	return "…" + string(runes[len(runes)-tail:])
}

// markers proposes phrases that say something about a person. A phrase that is not clear by
// itself counts beside a word for one person.
func (s *scan) markers() {
	for _, c := range s.cues {
		p := &phrases[c.phrase]
		if p.category == "" {
			continue
		}
		score, reasons := p.score, []string{"phrase"}
		if s.about(person, c.start, c.end, 48) {
			score += contextBonus
			reasons = append(reasons, "beside a person")
		}
		s.propose(candidate{category: p.category, start: c.start, end: c.end, score: score, reasons: reasons, value: p.text})
	}
}
