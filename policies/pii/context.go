package pii

import (
	"bytes"
	"sort"
	"sync"
)

// topic is what a word of context speaks of. Topics are bits: a word may have several.
type topic uint32

const (
	ssn topic = 1 << iota
	itin
	card
	bank
	routing
	phone
	address
	email
	birth  // "date of birth"
	born   // "born", which is said of persons of history too
	permit // driver license
	passport
	mbi
	nhs
	medical
	student
	person  // one person: "his", "her", "my son"
	company // an organization's address or number
	version // dotted numbers that are not addresses
	network
	other // numbers of orders, books, parcels
)

const contextBonus = 0.35

// cue is a phrase at a place of the window.
type cue struct {
	phrase     int32
	start, end int
}

// phraseAutomaton is the same for all detectors.
var phraseAutomaton = sync.OnceValue(func() *automaton {
	words := make([]string, len(phrases))
	for i, p := range phrases {
		words[i] = fold(p.text)
	}
	return newAutomaton(words)
})

// cue finds the phrases of the window.
func (s *scan) cue() {
	s.low, s.at = lower(s.window.text, s.low, s.at)
	s.cues = s.cues[:0]
	s.present = 0
	s.phrases.find(s.low, func(ids []int32, start, end int) {
		for _, id := range ids {
			s.present |= phrases[id].topics
			s.cues = append(s.cues, cue{id, int(s.at[start]), int(s.at[end-1]) + 1})
		}
	})
	if !s.header.read {
		s.readHeader()
	}
	for _, t := range s.header.columns {
		s.present |= t
	}
}

// scored adds a word of context to a base score.
func (s *scan) scored(base float64, reason string, t topic, start, end int) (float64, []string) {
	reasons := []string{reason}
	if s.present&t != 0 && s.context(t, start, end) {
		// A shape that says nothing counts beside a word that says what it is.
		return max(base+contextBonus, DefaultLeast), append(reasons, "context")
	}
	return base, reasons
}

// context says whether a word of the topic is before a value, among the last five words of
// its sentence, in brackets right after it, or in the head of its column.
func (s *scan) context(t topic, start, end int) bool {
	text := s.window.text
	first := sort.Search(len(s.cues), func(i int) bool { return s.cues[i].end > start-64 })
	for _, c := range s.cues[first:] {
		if c.end > end+96 {
			break
		}
		if phrases[c.phrase].topics&t == 0 {
			continue
		}
		if c.end <= start && wordsIn(text[c.end:start]) <= 5 && !sentenceEnds(text, c.end, start) {
			return true
		}
		if c.start >= end && c.start-end <= 3 && bytes.ContainsAny(text[end:c.start], "([=") {
			return true
		}
	}
	return s.header.says(t, text, start)
}

// about says whether a word of the topic is within so many bytes of a place, in its line.
func (s *scan) about(t topic, start, end, within int) bool {
	text := s.window.text
	first := sort.Search(len(s.cues), func(i int) bool { return s.cues[i].end > start-within })
	for _, c := range s.cues[first:] {
		if c.end > end+within+64 {
			break
		}
		if phrases[c.phrase].topics&t == 0 {
			continue
		}
		between := text[min(c.end, start):start]
		if c.start >= end {
			between = text[end:c.start]
		}
		if len(between) <= within && !bytes.ContainsAny(between, "\n.;?!") {
			return true
		}
	}
	return false
}

// sentenceEnds says whether a sentence ends between two places. A full stop after up to four
// letters may be that of an abbreviation ("Tel.", "No.").
func sentenceEnds(text []byte, from, to int) bool {
	for i := from; i+1 < to; i++ {
		if c := text[i]; (c == '.' || c == '?' || c == '!') && (text[i+1] == ' ' || text[i+1] == '\n' || text[i+1] == '\r') {
			letters := 0
			for i-1-letters >= 0 && letters <= 4 && isLetter(text[i-1-letters]) {
				letters++
			}
			if c != '.' || letters > 4 {
				return true
			}
		}
	}
	return false
}

// near says whether a word of the topic is within so many bytes of a place, in any line.
func (s *scan) near(t topic, start, end, within int) bool {
	if s.present&t == 0 {
		return false
	}
	first := sort.Search(len(s.cues), func(i int) bool { return s.cues[i].end > start-within })
	for _, c := range s.cues[first:] {
		if c.end > end+within {
			break
		}
		if phrases[c.phrase].topics&t != 0 {
			return true
		}
	}
	return false
}

// wordsIn counts the words that begin in text.
func wordsIn(text []byte) int {
	count, in := 0, false
	for _, c := range text {
		now := inWord(c)
		if now && !in {
			count++
		}
		in = now
	}
	return count
}

// header is the first line of a table of text: its cells are context of their columns.
type header struct {
	read    bool
	by      byte // between cells; 0: no table
	columns []topic
}

const mostColumns = 256

// readHeader reads the first line of the text, in its first window.
func (s *scan) readHeader() {
	s.header.read = true
	text := s.window.text
	end := bytes.IndexByte(text, '\n')
	if end < 0 || end > lookBack {
		return
	}
	line := text[:end]
	for _, by := range []byte("\t;,|") {
		if count := bytes.Count(line, []byte{by}); count > 0 && count < mostColumns && !bytes.ContainsAny(line, ".!?") {
			s.header.by = by
			s.header.columns = make([]topic, count+1)
			break
		}
	}
	if s.header.by == 0 {
		return
	}
	for _, c := range s.cues {
		if c.end > end {
			break
		}
		if column := columnOf(line[:c.start], s.header.by); column < len(s.header.columns) {
			s.header.columns[column] |= phrases[c.phrase].topics
		}
	}
}

// says whether the head of the column in which a place is has the topic.
func (h *header) says(t topic, text []byte, start int) bool {
	if h.by == 0 {
		return false
	}
	from := max(0, start-lookBack)
	line := bytes.LastIndexByte(text[from:start], '\n')
	if line < 0 {
		return false // the first line itself, or one too long for a table
	}
	column := columnOf(text[from+line+1:start], h.by)
	return column < len(h.columns) && h.columns[column]&t != 0
}

// columnOf counts the separators before a place, without those in quotes.
func columnOf(before []byte, by byte) int {
	column, quoted := 0, false
	for _, c := range before {
		switch {
		case c == '"':
			quoted = !quoted
		case c == by && !quoted:
			column++
		}
	}
	return column
}
