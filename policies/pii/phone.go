package pii

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// regions are tried for numbers without a country code that begin with 0, or as a word of
// context says.
var regions = []string{"GB", "DE", "FR", "ES", "AT", "CH", "IN", "BR", "IL", "MX"}

// phone proposes telephone numbers that begin with the first group.
func (s *scan) phone(g []group, index int) {
	text := s.window.text
	start := g[0].start
	if start > 0 && text[start-1] == '(' {
		start--
	}
	if start > 0 && text[start-1] == '+' {
		s.international(g, start-1)
		return
	}
	if index > 0 && start == g[0].start && !parts(g[0].before, " ", "  ", " - ") {
		return // within a longer number
	}
	if index == 0 && s.chinese(g, start) || s.northAmerican(g, start) || index > 0 {
		return
	}
	s.national(g, start)
}

// northAmerican knows three, three and four digits, with or without a 1 before them.
func (s *scan) northAmerican(g []group, start int) bool {
	first := 0
	if len(g) > 3 && string(g[0].digits) == "1" {
		first = 1
	}
	var digits string
	var count int
	base := 0.6
	rest := g[first:]
	switch {
	case len(rest) >= 3 && len(rest[0].digits) == 3 && len(rest[1].digits) == 3 && len(rest[2].digits) == 4:
		digits, count = join(rest[:3]), first+3
		if parts(rest[1].before, " ", " - ") && rest[0].start == start {
			base = 0.3 // columns of numbers, and sums, look like this
		}
		if count < len(g) && string(g[count].before) == string(g[count-1].before) {
			return false
		}
	case len(g) >= 2 && len(g[0].digits) == 3 && len(g[1].digits) == 7:
		digits, count, base = join(g[:2]), 2, 0.3
	case len(g[0].digits) == 10 && len(g) == 1:
		digits, count, base = string(g[0].digits), 1, 0.15
	case len(g[0].digits) == 11 && g[0].digits[0] == '1' && len(g) == 1:
		digits, count, base = string(g[0].digits[1:]), 1, 0.15
	default:
		return false
	}
	if digits[0] < '2' || digits[3] < '2' || digits[1:3] == "11" || digits[4:6] == "11" || allSame(digits) {
		return false
	}
	end := g[count-1].end
	if s.arithmetic(start, end) {
		base = 0.1
	}
	score, reasons := s.scored(base, "form", phone, start, end)
	if score < s.options.Least {
		return true
	}
	if !s.valid(digits, "US") {
		score -= 0.35 // no area of the plan: an invented number, or another one
		reasons = append(reasons, "no known area")
	}
	s.propose(candidate{Phone, start, end, score, reasons, "+1" + digits, 4, ""})
	return true
}

// chinese knows mobile numbers of China, whose form is one of North America too.
func (s *scan) chinese(g []group, start int) bool {
	digits := string(g[0].digits)
	if len(g) > 1 || len(digits) != 11 || digits[0] != '1' || digits[1] < '3' || s.valid(digits[1:], "US") || !s.valid(digits, "CN") {
		return false
	}
	score, reasons := s.scored(0.1, "valid in a country", phone, start, g[0].end)
	s.propose(candidate{Phone, start, g[0].end, score, reasons, "+86" + digits, 4, ""})
	return true
}

// international knows a plus sign, a country code and 6 to 14 more digits.
func (s *scan) international(g []group, start int) {
	if start > 0 && inWord(s.window.text[start-1]) {
		return
	}
	best := 0
	var value string
	for i := range g {
		if i > 0 && len(g[i].before) > 2 {
			break
		}
		digits := join(g[:i+1])
		if len(digits) > 15 {
			break
		}
		if len(digits) >= 7 && s.valid("+"+digits, "ZZ") {
			best, value = i+1, "+"+digits
		}
	}
	if best == 0 {
		return
	}
	score, reasons := s.scored(0.75, "valid in its country", phone, start, g[best-1].end)
	s.propose(candidate{Phone, start, g[best-1].end, score, reasons, value, 4, ""})
}

// national knows numbers of other countries as they are written there.
func (s *scan) national(g []group, start int) {
	if s.present&phone == 0 && s.options.Least > 0.3 {
		return
	}
	size, count := 0, 0
	for i := range g {
		if i > 0 && len(g[i].before) > 2 || size+len(g[i].digits) > 13 {
			return
		}
		size += len(g[i].digits)
		count++
	}
	if size < 8 {
		return
	}
	end := g[count-1].end
	if looksLikeDate(s.window.text[g[0].start:g[count-1].end]) {
		return
	}
	base := 0.1
	if g[0].digits[0] == '0' && count > 1 {
		base = 0.3
	}
	score, reasons := s.scored(base, "valid in a country", phone, start, end)
	if score < s.options.Least || s.present&other != 0 && s.context(other, start, end) {
		return
	}
	digits := join(g)
	for _, region := range regions {
		if s.valid(digits, region) {
			s.propose(candidate{Phone, start, end, score, reasons, digits, 4, ""})
			return
		}
	}
}

// parts says whether what parts two groups is one of some texts.
func parts(before []byte, texts ...string) bool {
	return slices.Contains(texts, string(before))
}

// valid asks the library, as often as a text may cost. After that every form is taken.
func (s *scan) valid(number, region string) bool {
	if s.counts[Phone] > s.options.MostEach || s.parses <= 0 {
		return true
	}
	s.parses--
	parsed, err := phonenumbers.Parse(number, region)
	return err == nil && phonenumbers.IsValidNumber(parsed)
}

// arithmetic says whether a sign of calculation stands beside the place.
func (s *scan) arithmetic(start, end int) bool {
	text := s.window.text
	before := strings.TrimRight(string(text[max(0, start-3):start]), " ")
	after := strings.TrimLeft(string(text[end:min(len(text), end+3)]), " ")
	return before != "" && strings.ContainsAny(before[len(before)-1:], "=*/<>^") || after != "" && strings.ContainsAny(after[:1], "=+*/<>^")
}
