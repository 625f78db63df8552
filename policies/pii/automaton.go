package pii

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// automaton finds all of many words in one pass (Aho–Corasick). States are numbered breadth
// first, so that the edges of a state follow those of the state before it, and edge i leads
// to state i+1: thirteen bytes a state. A table of 256 for each state of a large roster would
// take gigabytes. The states that a text is in most of the time, the first and those one
// character deep, have one.
type automaton struct {
	states []state
	edges  []byte       // by which byte
	tables [][256]int32 // of the states with the lowest numbers
	ends   []ending     // by state

	// A small automaton has a table of all its states by classes of bytes, which takes a
	// third of the time. An entry is the row of the next state, and whether words end there.
	classes [256]int32
	width   int32
	rows    []int32
	endOf   []int32 // by state
}

// mostEntries bounds the table of a small automaton to 16 MiB.
const mostEntries = 4 << 20

type state struct {
	first int32 // edge; they end where those of the next state begin
	fail  int32
	hit   int32 // the nearest state on the way by fail that ends a word, itself too; -1 none
}

type ending struct {
	state  int32
	length int32
	ids    []int32
	open   bool // the word may begin and end within others: scripts without spaces
}

// newAutomaton takes folded words; the id of a word is its index. Empty words are left out.
func newAutomaton(words []string) *automaton {
	order := make([]int32, 0, len(words))
	for i := range words {
		if words[i] != "" {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case words[a] < words[b]:
			return -1
		case words[a] > words[b]:
			return 1
		}
		return 0
	})
	a := &automaton{}
	a.build(words, order)
	a.link()
	a.tabulate()
	return a
}

// build makes the trie breadth first, of the sorted words: those below a state are neighbors.
func (a *automaton) build(words []string, order []int32) {
	type work struct {
		from, to int32
		depth    int32
	}
	queue := []work{{0, int32(len(order)), 0}}
	for s := int32(0); len(queue) > 0; s++ {
		w := queue[0]
		queue = queue[1:]
		here := state{first: int32(len(a.edges)), hit: -1}
		i := w.from
		for i < w.to && len(words[order[i]]) == int(w.depth) {
			i++
		}
		if i > w.from {
			a.ends = append(a.ends, ending{s, w.depth, order[w.from:i], unspaced(words[order[w.from]])})
			here.hit = s
		}
		a.states = append(a.states, here)
		for i < w.to {
			by := words[order[i]][w.depth]
			from := i
			for i < w.to && words[order[i]][w.depth] == by {
				i++
			}
			a.edges = append(a.edges, by)
			queue = append(queue, work{from, i, w.depth + 1})
		}
	}
}

// edgesOf are the first and the last edge, excluded, of a state.
func (a *automaton) edgesOf(s int32) (first, end int32) {
	if int(s)+1 < len(a.states) {
		return a.states[s].first, a.states[s+1].first
	}
	return a.states[s].first, int32(len(a.edges))
}

func (a *automaton) link() {
	for s := range int32(len(a.states)) {
		first, end := a.edgesOf(s)
		for e := first; e < end; e++ {
			child := &a.states[e+1]
			if s != 0 {
				child.fail = a.step(a.states[s].fail, a.edges[e])
			}
			if child.hit < 0 {
				child.hit = a.states[child.fail].hit
			}
		}
	}
	_, deep := a.edgesOf(0)
	tables := make([][256]int32, 0, deep+1)
	for s := range deep + 1 {
		var t [256]int32
		for c := range t {
			t[c] = a.step(s, byte(c))
		}
		tables = append(tables, t)
	}
	a.tables = tables
}

// tabulate makes the table of a small automaton. The bytes of no word are one class.
func (a *automaton) tabulate() {
	a.width = 1
	for _, by := range a.edges {
		if a.classes[by] == 0 {
			a.classes[by] = a.width
			a.width++
		}
	}
	if len(a.states)*int(a.width) > mostEntries {
		return
	}
	rows := make([]int32, len(a.states)*int(a.width))
	for s := range int32(len(a.states)) {
		row := rows[s*a.width : (s+1)*a.width]
		if s > 0 {
			copy(row, rows[a.states[s].fail*a.width:])
		}
		first, end := a.edgesOf(s)
		for e := first; e < end; e++ {
			entry := (e + 1) * a.width << 1
			if a.states[e+1].hit >= 0 {
				entry |= 1
			}
			row[a.classes[a.edges[e]]] = entry
		}
	}
	a.rows = rows
	a.endOf = make([]int32, len(a.states))
	for i := range a.ends {
		a.endOf[a.ends[i].state] = int32(i)
	}
}

// step is the state after one more byte.
func (a *automaton) step(s int32, by byte) int32 {
	for {
		if int(s) < len(a.tables) {
			return a.tables[s][by]
		}
		first, end := a.edgesOf(s)
		for e := first; e < end; e++ {
			if a.edges[e] == by {
				return e + 1
			}
		}
		if s == 0 {
			return 0
		}
		s = a.states[s].fail
	}
}

// find calls hit for each word in text that begins and ends where words do: with its
// ids and its place.
func (a *automaton) find(text []byte, hit func(ids []int32, start, end int)) {
	if a.rows != nil {
		row := int32(0)
		for i, c := range text {
			entry := a.rows[row+a.classes[c]]
			row = entry >> 1
			if entry&1 != 0 {
				a.report(row/a.width, text, i+1, hit)
			}
		}
		return
	}
	s := int32(0)
	for i, c := range text {
		s = a.step(s, c)
		if a.states[s].hit >= 0 {
			a.report(s, text, i+1, hit)
		}
	}
}

// report calls hit for the words that end at a place, in a state.
func (a *automaton) report(s int32, text []byte, end int, hit func(ids []int32, start, end int)) {
	for found := a.states[s].hit; found > 0; found = a.states[a.states[found].fail].hit {
		e := a.ending(found)
		start := end - int(e.length)
		if e.open || !joined(text, start) && !joined(text, end) {
			hit(e.ids, start, end)
		}
	}
}

// ending is that of a state which has one.
func (a *automaton) ending(s int32) *ending {
	if a.endOf != nil {
		return &a.ends[a.endOf[s]]
	}
	i, _ := slices.BinarySearchFunc(a.ends, s, func(e ending, s int32) int { return int(e.state - s) })
	return &a.ends[i]
}

// joined says whether a place is within a word.
func joined(text []byte, at int) bool {
	return at > 0 && at < len(text) && inWord(text[at-1]) && inWord(text[at])
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
}

// unspaced says whether a word is in a script that puts no spaces between words.
func unspaced(word string) bool {
	for _, r := range word {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
			return true
		}
	}
	return false
}
