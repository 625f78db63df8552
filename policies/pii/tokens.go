package pii

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// interesting are the characters at which a value may be recognized.
var interesting = func() (is [256]bool) {
	for c := '0'; c <= '9'; c++ {
		is[c] = true
	}
	is['@'], is[':'] = true, true
	return is
}()

// tokens goes through the window up to its safe end.
func (s *scan) tokens(to int) {
	text := s.window.text
	tokenEnd, runEnd, colonEnd := s.from, s.from, s.from
	for i := s.from; i < to; i++ {
		c := text[i]
		if !interesting[c] {
			continue
		}
		switch c {
		case '@':
			s.email(i)
			continue
		case ':':
			if i >= colonEnd {
				colonEnd = s.ipv6(i)
			}
			continue
		}
		if i >= tokenEnd {
			var start int
			start, tokenEnd = tokenAt(text, i)
			s.token(start, tokenEnd)
		}
		if i >= runEnd {
			runEnd = s.run(i)
		}
		if i == 0 || !isDigit(text[i-1]) {
			s.iban(i)
			s.address(i)
			if s.present&(birth|born) != 0 {
				s.birthDate(i)
			}
		}
	}
}

// tokenAt is the stretch of letters, digits and single -_/. between them around a place.
func tokenAt(text []byte, i int) (start, end int) {
	start, end = i, i+1
	for start > 0 && i-start <= mostToken && (inWord(text[start-1]) || start > 1 && inner(text[start-1]) && inWord(text[start-2])) {
		start--
	}
	for end < len(text) && end-i <= mostToken && (inWord(text[end]) || end+1 < len(text) && inner(text[end]) && inWord(text[end+1])) {
		end++
	}
	return start, end
}

func inner(c byte) bool { return c == '-' || c == '_' || c == '/' || c == '.' }

// token proposes what a single token may be.
func (s *scan) token(start, end int) {
	if end-start > mostToken || end-start < 2 {
		return
	}
	text := s.window.text[start:end]
	for _, p := range s.patterns {
		if p.expression.Match(text) {
			base := 0.6
			if p.weak {
				base = 0.1
			}
			score, reasons := s.scored(base, "the organization's pattern", student, start, end)
			s.propose(candidate{StudentID, start, end, score, reasons, string(text), 2, ""})
			break
		}
	}
	s.ipv4(start, end)
	if len(text) < 5 || len(text) > 20 || len(text) != 11 && len(text) != 13 && s.present&(passport|permit|medical|student) == 0 {
		return
	}
	if compact, letters, digits := compactToken(text); compact != "" {
		s.identifiers(start, end, compact, letters, digits)
	}
}

// identifiers proposes what a token of letters, digits and hyphens may be.
func (s *scan) identifiers(start, end int, compact string, letters, digits int) {
	text := s.window.text[start:end]
	if validMBI(compact) && (len(text) == 11 || len(text) == 13 && text[4] == '-' && text[8] == '-') {
		score, reasons := s.scored(0.5, "form of a Medicare identifier", mbi, start, end)
		s.propose(candidate{MBI, start, end, score, reasons, compact, 4, ""})
	}
	size := letters + digits
	if digits < 4 {
		return
	}
	if size == len(text) && (letters == 0 && size == 9 || letters >= 1 && isLetter(text[0]) && size >= 8 && size <= 10) {
		s.labeled(Passport, 0.05, passport, start, end, compact)
	}
	if size <= 16 && (letters > 0 || size >= 7) {
		base := 0.05
		if letters > 0 && digits >= 5 {
			base = 0.3
		}
		s.labeled(License, base, permit, start, end, compact)
	}
	s.labeled(MedicalID, 0.05, medical, start, end, compact)
	s.labeled(StudentID, 0.05, student, start, end, compact)
}

// labeled proposes a token that counts beside a word of context only.
func (s *scan) labeled(c Category, base float64, t topic, start, end int, value string) {
	if s.present&t == 0 || looksLikeDate(s.window.text[start:end]) {
		return
	}
	score, reasons := s.scored(base, "token", t, start, end)
	if len(reasons) > 1 {
		s.propose(candidate{c, start, end, score, reasons, value, 4, ""})
	}
}

// compactToken is the token in capitals without hyphens; empty when it has other characters.
func compactToken(text []byte) (compact string, letters, digits int) {
	out := make([]byte, 0, mostToken)
	for _, c := range text {
		switch {
		case isDigit(c):
			digits++
			out = append(out, c)
		case isLetter(c):
			letters++
			out = append(out, c&^0x20)
		case c == '-':
		default:
			return "", 0, 0
		}
	}
	return string(out), letters, digits
}

// looksLikeDate knows 2024-05-12 and 12-05-2024.
func looksLikeDate(text []byte) bool {
	if len(text) < 6 || len(text) > 10 {
		return false
	}
	var sizes [3]int
	n := 0
	for _, c := range text {
		switch {
		case isDateSeparator(c) && n < 2:
			n++
		case isDigit(c):
			sizes[n]++
		default:
			return false
		}
	}
	return sizes[1] > 0 && sizes[1] <= 2 && (sizes[0] == 4 && sizes[2] <= 2 || sizes[0] <= 2 && (sizes[2] == 4 || sizes[2] == 2))
}

// iban proposes an account number whose first digit is at i. It may be split by single
// spaces or hyphens.
func (s *scan) iban(i int) {
	text := s.window.text
	start, country := countryBefore(text, i)
	size := ibanLength[string(country[:])]
	if size == 0 || joined(text, start) {
		return
	}
	value := append(make([]byte, 0, 34), country[:]...)
	at, capital, digits, split := i, text[start] < 'a', 0, i-start > 2
	for len(value) < size && at < len(text) {
		c := text[at]
		switch {
		case isDigit(c):
			digits++
		case isLetter(c) && len(value) >= 4:
			capital = capital && c < 'a'
		case (c == ' ' || c == '-') && at+1 < len(text) && inWord(text[at+1]):
			split = true
			at++
			continue
		default:
			return
		}
		value = append(value, c&^(0x20*(c>>6)))
		at++
	}
	// Words of prose with a number may have a remainder of 1 too.
	if len(value) < size || joined(text, at) || digits < size/3 || split && !capital || !validIBAN(string(value)) {
		return
	}
	s.propose(candidate{IBAN, start, at, 1, []string{"length of the country", "checksum"}, string(value), 4, ""})
}

// countryBefore are the two letters before a place, in capitals, and where they begin.
func countryBefore(text []byte, i int) (start int, country [2]byte) {
	start = i
	for n := 1; n >= 0; n-- {
		if start > 1 && (text[start-1] == ' ' || text[start-1] == '-') {
			start--
		}
		if start == 0 || !isLetter(text[start-1]) {
			return i, [2]byte{}
		}
		start--
		country[n] = text[start] &^ 0x20
	}
	return start, country
}
