package pii

import (
	"bytes"
	"strings"
)

var states = words(`AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR
	PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR`)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// address proposes an American address whose house number is at i: a number, one to five
// words, a word for a street. A state and its postal code make it sure. Addresses of
// organizations are no personal data.
func (s *scan) address(i int) {
	text := s.window.text
	_, at := readNumber(text, i, 7)
	if at-i > 6 || joined(text, i) || i > 0 && (text[i-1] == '.' || text[i-1] == '-' || text[i-1] == '/' || text[i-1] == '$') {
		return
	}
	if at < len(text) && isLetter(text[at]) {
		at++ // 221B
	}
	end, capital := streetEnd(text, at)
	if end == 0 {
		return
	}
	base, reasons := 0.1, []string{"number and street"}
	if capital {
		base = 0.3
	}
	if postal := postalEnd(text, end); postal > 0 {
		base, end = base+0.4, postal
		reasons = append(reasons, "state and postal code")
	}
	score, more := s.scored(base, "form", address, i, end)
	reasons = append(reasons, more[1:]...)
	if len(more) == 1 && s.near(company, i, end, 120) {
		score -= 0.4
	}
	s.propose(candidate{Address, i, end, score, reasons, fold(string(text[i:end])), 2, ""})
}

// streetEnd reads up to six words, of which the last is one for a street. It says whether
// all begin with a capital letter.
func streetEnd(text []byte, at int) (end int, capital bool) {
	capital = true
	for n := range 6 {
		if at >= len(text) || text[at] != ' ' {
			return 0, false
		}
		at++
		from := at
		for at < len(text) && at-from < 24 && (inWord(text[at]) || text[at] == '\'' || text[at] == '-') {
			at++
		}
		if at == from {
			return 0, false
		}
		capital = capital && text[from] < 'a'
		if n > 0 && isStreet(text[from:at]) {
			return at, capital
		}
		if at < len(text) && text[at] == '.' {
			at++
		}
	}
	return 0, false
}

func isStreet(word []byte) bool {
	var low [9]byte // no word for a street is longer
	if len(word) > len(low) {
		return false
	}
	for i, c := range word {
		low[i] = c | 0x20
	}
	switch string(low[:len(word)]) { // faster than a map, and asked for each word after a number
	case "street", "st", "avenue", "ave", "road", "rd", "boulevard", "blvd", "lane", "ln", "drive", "dr", "court", "ct", "place", "pl", "way",
		"circle", "cir", "terrace", "ter", "parkway", "pkwy", "highway", "hwy", "trail", "trl", "square", "sq", "loop":
		return true
	}
	return false
}

// postalEnd finds a state and five digits, or five and four, within 60 bytes and one line break.
func postalEnd(text []byte, from int) int {
	most := min(len(text), from+60)
	rest := text[from:most]
	if first := bytes.IndexByte(rest, '\n'); first >= 0 {
		if second := bytes.IndexByte(rest[first+1:], '\n'); second >= 0 {
			most = from + first + 1 + second
		}
	}
	for at := from; at+3 < most; at++ {
		if joined(text, at) || joined(text, at+2) || !states[string(text[at:at+2])] {
			continue
		}
		digits := at + 2
		for digits < most && (text[digits] == ' ' || text[digits] == ',') {
			digits++
		}
		_, end := readNumber(text, digits, 6)
		if end-digits != 5 || joined(text, end) {
			continue
		}
		if end+5 <= len(text) && text[end] == '-' {
			if _, four := readNumber(text, end+1, 5); four-end == 5 {
				return four
			}
		}
		return end
	}
	return 0
}
