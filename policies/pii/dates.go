package pii

import (
	"bytes"
	"fmt"
)

// date is a day that was read, and where.
type date struct {
	year, month, day int
	start, end       int
}

// birthDate proposes the date whose first number is at i, beside a word of birth.
func (s *scan) birthDate(i int) {
	text := s.window.text
	d, ok := numericDate(text, i)
	if !ok {
		d, ok = wordDate(text, i)
	}
	if !ok || d.year < 1900 || d.year > 2035 || d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31 {
		return
	}
	value := fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
	if s.context(birth, d.start, d.end) {
		s.propose(candidate{BirthDate, d.start, d.end, 0.3 + contextBonus, []string{"date", "context"}, value, 2, ""})
	} else if d.year >= 1940 && s.context(born, d.start, d.end) {
		// Texts on history say when people were born.
		s.propose(candidate{BirthDate, d.start, d.end, 0.1 + contextBonus, []string{"date", "context"}, value, 2, ""})
	}
}

// readNumber reads up to most digits at a place.
func readNumber(text []byte, at, most int) (value, end int) {
	end = at
	for end < len(text) && end-at < most && isDigit(text[end]) {
		value = value*10 + int(text[end]-'0')
		end++
	}
	return value, end
}

// numericDate reads 2011-05-12, 5/12/2011, 12.05.2011, 5/12/11 and 20110512. Spaces may stand
// beside the separators.
func numericDate(text []byte, i int) (date, bool) {
	if i > 1 && isDateSeparator(text[i-1]) && isDigit(text[i-2]) || joined(text, i) {
		return date{}, false
	}
	var parts, sizes [3]int
	at, by := i, byte(0)
	for n := range parts {
		value, end := readNumber(text, at, 9)
		if end == at {
			return date{}, false
		}
		parts[n], sizes[n] = value, end-at
		at = end
		if n == 2 {
			break
		}
		if sizes[0] == 8 {
			return compactDate(value, i, end), !joined(text, end)
		}
		at = skipSpaces(text, at)
		if at >= len(text) || !isDateSeparator(text[at]) || n == 1 && text[at] != by {
			return date{}, false
		}
		by = text[at]
		at = skipSpaces(text, at+1)
	}
	if joined(text, at) {
		return date{}, false
	}
	d, ok := orderDate(parts, sizes, by)
	d.start, d.end = i, at
	return d, ok
}

func isDateSeparator(c byte) bool { return c == '-' || c == '/' || c == '.' }

// skipSpaces passes up to two.
func skipSpaces(text []byte, at int) int {
	for from := at; at < len(text) && text[at] == ' ' && at-from < 2; {
		at++
	}
	return at
}

// orderDate says which of three numbers is the year, the month and the day.
func orderDate(parts, sizes [3]int, by byte) (date, bool) {
	switch {
	case sizes[1] > 2:
		return date{}, false
	case sizes[0] == 4 && sizes[2] <= 2:
		return date{year: parts[0], month: parts[1], day: parts[2]}, true
	case sizes[0] <= 2 && (sizes[2] == 4 || sizes[2] == 2):
		d := date{year: fullYear(parts[2], sizes[2]), month: parts[0], day: parts[1]}
		if by == '.' || d.month > 12 {
			d.month, d.day = d.day, d.month
		}
		return d, true
	}
	return date{}, false
}

func compactDate(value, start, end int) date {
	if value >= 19000000 && value <= 20351231 {
		return date{value / 10000, value / 100 % 100, value % 100, start, end}
	}
	return date{value % 10000, value / 1000000, value / 10000 % 100, start, end}
}

func fullYear(year, digits int) int {
	switch {
	case digits == 4:
		return year
	case year <= 35:
		return 2000 + year
	}
	return 1900 + year
}

// months are names in English, German and Spanish by their first letters.
var months = []struct {
	begins string
	month  int
}{
	{"jan", 1}, {"ene", 1}, {"feb", 2}, {"mar", 3}, {"maerz", 3}, {"apr", 4}, {"abr", 4}, {"may", 5}, {"mai", 5}, {"jun", 6}, {"jul", 7},
	{"aug", 8}, {"ago", 8}, {"sep", 9}, {"oct", 10}, {"okt", 10}, {"nov", 11}, {"dec", 12}, {"dez", 12}, {"dic", 12},
}

func monthOf(word []byte) int {
	if len(word) < 3 || len(word) > 10 {
		return 0
	}
	for _, m := range months {
		if len(word) >= len(m.begins) && bytes.EqualFold(word[:len(m.begins)], []byte(m.begins)) {
			return m.month
		}
	}
	return 0
}

// wordDate reads May 12, 2011; 12 May 2011; 12. Mai 2011; 12 de mayo de 2011.
func wordDate(text []byte, i int) (date, bool) {
	day, at := readNumber(text, i, 3)
	if at == i || day > 31 {
		return date{}, false
	}
	month, start := monthBefore(text, i)
	if parts(text[at:min(len(text), at+2)], "st", "nd", "rd", "th") {
		at += 2
	}
	for range 4 {
		for at < len(text) && (text[at] == ' ' || text[at] == ',' || text[at] == '.' || text[at] == '-') {
			at++
		}
		if at >= len(text) || at > i+40 {
			return date{}, false
		}
		if isDigit(text[at]) {
			year, end := readNumber(text, at, 5)
			return date{year, month, day, start, end}, end-at == 4 && !joined(text, end) && month > 0
		}
		word := wordAt(text, at)
		if m := monthOf(word); m > 0 && month == 0 {
			month = m
		} else if !parts(word, "de", "of", "del") {
			return date{}, false
		}
		at += len(word)
	}
	return date{}, false
}

// monthBefore is the month that is named before a place, and where its name begins.
func monthBefore(text []byte, i int) (month, start int) {
	end := i
	for end > 0 && end > i-2 && (text[end-1] == ' ' || text[end-1] == '.') {
		end--
	}
	word := end
	for end < i && word > 0 && word > end-10 && isLetter(text[word-1]) {
		word--
	}
	if month = monthOf(text[word:end]); month > 0 {
		return month, word
	}
	return 0, i
}

func wordAt(text []byte, at int) []byte {
	end := at
	for end < len(text) && end-at < 12 && isLetter(text[end]) {
		end++
	}
	return text[at:end]
}
