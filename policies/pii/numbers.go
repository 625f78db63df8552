package pii

import "bytes"

// group is digits without anything between them. before is what parts it from the group
// before it.
type group struct {
	start, end int
	digits     []byte // in the scan's buffer, until the next run
	before     []byte // in the window
}

const (
	fewestDigits = 6 // of the shortest value, an account

	mostGroups = 32
	mostParts  = 3 // characters between two groups
)

// run is the numbers of one line with nothing but separators between them.
type run struct {
	groups []group
	alike  bool // letters stand for digits
}

// alikes are letters that pass for digits.
func alike(c byte) byte {
	switch c {
	case 'O', 'o':
		return '0'
	case 'l', 'I':
		return '1'
	}
	return 0
}

func isPart(c byte) bool {
	return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')' || c == '\t' || c == '_'
}

// run reads the numbers from a digit on, proposes what they may be, and says where they end.
func (s *scan) run(i int) int {
	text := s.window.text
	start := i
	for start > 0 && alike(text[start-1]) != 0 && i-start < 4 {
		start--
	}
	if start > 0 && inWord(text[start-1]) {
		start = i
	}
	r, end := s.readRun(text, start)
	if len(r.groups) == 0 { // the letters before the digit are letters
		start = i
		r, end = s.readRun(text, start)
	}
	if start > 0 {
		switch c := text[start-1]; {
		case inWord(c), c == '$', (c == '.' || c == ',') && start > 1 && isDigit(text[start-2]):
			// The first group belongs to a word, a sum of money or a decimal fraction.
			r.groups = r.groups[1:]
		}
	}
	if n := len(r.groups); n > 0 && r.groups[n-1].end < len(text) {
		last := r.groups[n-1].end
		if c := text[last]; inWord(c) || c == '%' || c == ',' && last+1 < len(text) && isDigit(text[last+1]) {
			r.groups = r.groups[:n-1]
		}
	}
	total := 0
	for i := range r.groups {
		total += len(r.groups[i].digits)
	}
	if total >= fewestDigits {
		s.numbers(r)
	}
	return end
}

func (s *scan) readRun(text []byte, start int) (run, int) {
	r := run{groups: s.groupsRead[:0]}
	s.digits = s.digits[:0]
	at, parted := start, start
	for len(r.groups) < mostGroups {
		first := len(s.digits)
		end, letters := s.readGroup(text, at)
		if end == at {
			break
		}
		r.alike = r.alike || letters
		r.groups = append(r.groups, group{at, end, s.digits[first:len(s.digits):len(s.digits)], text[parted:at]})
		at, parted = end, end
		for at < len(text) && at-parted < mostParts && isPart(text[at]) {
			at++
		}
		if at == parted || at == len(text) {
			break
		}
	}
	s.groupsRead = r.groups
	return r, max(parted, start+1)
}

// readGroup reads digits, and letters that pass for digits among them. It says where they
// end, and whether there are such letters.
func (s *scan) readGroup(text []byte, from int) (end int, letters bool) {
	first, digits := len(s.digits), false
	for end = from; end < len(text) && end-from <= mostToken; end++ {
		c := text[end]
		if isDigit(c) {
			digits = true
		} else if c = alike(c); c != 0 {
			letters = true
		} else {
			break
		}
		s.digits = append(s.digits, c)
	}
	if digits && (!letters || !joined(text, end)) {
		return end, letters
	}
	// A word, or a number with a unit: the letters are letters.
	for end = from; end < len(text) && isDigit(text[end]) && end-from <= mostToken; {
		end++
	}
	s.digits = append(s.digits[:first], text[from:end]...)
	return end, false
}

// numbers proposes what a run's groups may be, as they are and as hyphens part them.
func (s *scan) numbers(r run) {
	s.groups(r, false)
	if s.merge(r.groups); len(s.merged) < len(r.groups) {
		s.groups(run{s.merged, r.alike}, true)
	}
}

// merge joins groups that only a space parts: all of them where there is nothing else, or
// those between hyphens.
func (s *scan) merge(groups []group) {
	s.merged, s.mergedDigits = s.merged[:0], s.mergedDigits[:0]
	for _, g := range groups {
		first := len(s.mergedDigits)
		s.mergedDigits = append(s.mergedDigits, g.digits...)
		if n := len(s.merged); n > 0 && (string(g.before) == " " || string(g.before) == "  ") && len(s.merged[n-1].digits)+len(g.digits) <= 19 {
			last := &s.merged[n-1]
			last.digits = s.mergedDigits[first-len(last.digits):]
			last.end = g.end
			continue
		}
		g.digits = s.mergedDigits[first:]
		s.merged = append(s.merged, g)
	}
}

func (s *scan) groups(r run, merged bool) {
	for i := range r.groups {
		rest := r.groups[i:]
		alone := i == 0 && len(r.groups) == 1
		s.social(rest, i, r.alike, merged, len(r.groups))
		s.cards(rest, r.alike, merged)
		if r.alike || merged {
			continue
		}
		s.phone(rest, i)
		s.nhs(rest)
		if alone {
			s.bare(rest[0])
		}
	}
}

// social proposes American social security and taxpayer numbers: three, two and four digits.
func (s *scan) social(g []group, index int, alike, merged bool, all int) {
	var digits string
	same := func(a, b []byte) bool { return string(a) == string(b) }
	base, count := 0.05, 1
	switch {
	case len(g) >= 3 && len(g[0].digits) == 3 && len(g[1].digits) == 2 && len(g[2].digits) == 4:
		one, two := bytes.TrimSpace(g[1].before), bytes.TrimSpace(g[2].before)
		if !bytes.Equal(one, two) || len(one) > 1 {
			return
		}
		if index > 0 && same(g[0].before, g[1].before) || len(g) > 3 && same(g[3].before, g[2].before) {
			return // a part of a longer number
		}
		digits, count, base = join(g[:3]), 3, 0.3
		if string(g[1].before) == "-" && !merged && !alike {
			base = 0.6
		}
	case !merged && pair(g, index) && (len(g[0].digits) == 3 && len(g[1].digits) == 6 || len(g[0].digits) == 5 && len(g[1].digits) == 4):
		digits, count = join(g[:2]), 2 // a separator is missing; one between five and four is a postal code's too
	case len(g[0].digits) == 9 && all == 1:
		digits = string(g[0].digits)
	default:
		return
	}
	start, end := g[0].start, g[count-1].end
	if validSSN(digits) {
		score, reasons := s.scored(base, "form", ssn, start, end)
		s.propose(candidate{SSN, start, end, score, reasons, digits, 4, ""})
	}
	if validITIN(digits) {
		score, reasons := s.scored(base, "form and range", itin|ssn, start, end)
		s.propose(candidate{ITIN, start, end, score, reasons, digits, 4, ""})
	}
}

// pair says whether a hyphen joins two groups, and blanks part them from the others of the run.
func pair(g []group, index int) bool {
	return len(g) >= 2 && string(g[1].before) == "-" && (index == 0 || blank(g[0].before)) && (len(g) == 2 || blank(g[2].before))
}

func blank(before []byte) bool { return len(bytes.TrimSpace(before)) == 0 }

// join is the digits of groups.
func join(g []group) string {
	out := make([]byte, 0, 24)
	for i := range g {
		out = append(out, g[i].digits...)
	}
	return string(out)
}

// cards proposes payment cards: an issuer's range, the check digit, and groups as on a card.
func (s *scan) cards(g []group, alike, merged bool) {
	if c := g[0].digits[0]; c < '1' || c > '6' {
		return
	}
	size := 0
	for i := range g {
		if i > 0 && (len(g[0].digits) != 4 || string(g[i].before) != string(g[1].before) || len(g[i].before) > 1 && !merged) {
			return
		}
		if size += len(g[i].digits); size > 19 {
			return
		}
		if size >= 12 && cardGroups(g[:i+1], size) {
			s.card(g, i+1, alike, merged)
		}
	}
}

// card proposes the first count groups.
func (s *scan) card(g []group, count int, alike, merged bool) {
	if partOfMore(g[0].before) || count < len(g) && partOfMore(g[count].before) {
		return
	}
	digits := join(g[:count])
	name := issuer(digits)
	if name == "" || allSame(digits) || !luhn(digits) {
		return
	}
	base := 0.9
	if name == "maestro" || name == "airlines" || merged && count == 1 && !alike {
		base = 0.3 // a wide range, or digits that only a space parts
	}
	start, end := g[0].start, g[count-1].end
	score, reasons := s.scored(base, "check digit, range of "+name, card, start, end)
	if count == 1 && len(reasons) == 1 && s.present&other != 0 && s.context(other, start, end) {
		score -= 0.55 // one in ten long numbers has the check digit
	}
	s.propose(candidate{Card, start, end, score, reasons, digits, 4, ""})
}

// partOfMore says whether what parts groups makes one number of them: a decimal fraction, or
// a number of many parts.
func partOfMore(parts []byte) bool {
	return string(parts) == "." || string(parts) == "-"
}

// cardGroups says whether the digits are together, or in the groups that are printed on cards.
func cardGroups(g []group, size int) bool {
	if len(g) == 1 {
		return true
	}
	if size == 15 || size == 14 {
		return len(g) == 3 && len(g[0].digits) == 4 && len(g[1].digits) == 6
	}
	for i := range g[:len(g)-1] {
		if len(g[i].digits) != 4 {
			return false
		}
	}
	return true
}

// nhs proposes numbers of the British health service: three, three and four digits.
func (s *scan) nhs(g []group) {
	if s.present&nhs == 0 {
		return
	}
	digits, count, base := string(g[0].digits), 1, 0.1
	if len(g) >= 3 && len(g[0].digits) == 3 && len(g[1].digits) == 3 && len(g[2].digits) == 4 && string(g[1].before) == string(g[2].before) {
		digits, count, base = join(g[:3]), 3, 0.2
	}
	if !validNHS(digits) {
		return
	}
	start, end := g[0].start, g[count-1].end
	score, reasons := s.scored(base, "check digit", nhs, start, end)
	if len(reasons) > 1 {
		score += contextBonus // a check digit and a word: more than either
	}
	s.propose(candidate{NHS, start, end, score, reasons, digits, 4, ""})
}

// bare proposes numbers without form: of accounts, and of banks by their check digit.
func (s *scan) bare(g group) {
	if s.present&(bank|routing) == 0 {
		return
	}
	digits := string(g.digits)
	if validRouting(digits) {
		score, reasons := s.scored(0.3, "check digit", routing, g.start, g.end)
		s.propose(candidate{Routing, g.start, g.end, score, reasons, digits, 4, ""})
	}
	if size := len(digits); size >= 6 && size <= 17 && !allSame(digits) {
		score, reasons := s.scored(0.05, "digits", bank, g.start, g.end)
		s.propose(candidate{BankAccount, g.start, g.end, score, reasons, digits, 4, ""})
	}
}
