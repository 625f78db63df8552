package pii

import (
	"bytes"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// atext are the characters of the local part of an address without quotes, and the full stop.
var atext = func() (is [256]bool) {
	for c := range 256 {
		is[c] = inWord(byte(c)) || bytes.IndexByte([]byte(".!#$%&'*+/=?^_`{|}~-"), byte(c)) >= 0
	}
	return is
}()

// shared are mailboxes of a function, which say nothing about a person.
var shared = map[string]bool{
	"info": true, "admin": true, "support": true, "office": true, "contact": true, "noreply": true, "no-reply": true, "webmaster": true,
	"postmaster": true, "help": true, "helpdesk": true, "sales": true, "press": true, "mail": true, "hello": true, "team": true,
	"licensing": true, "license": true, "legal": true, "security": true, "privacy": true, "abuse": true, "hostmaster": true, "service": true,
	"sekretariat": true, "kontakt": true, "secretaria": true, "contacto": true, "enquiries": true, "gnu": true, "bugs": true, "donotreply": true,
}

// email proposes the address around an @.
func (s *scan) email(at int) {
	text := s.window.text
	start, end := emailAround(text, at)
	local := string(text[start:at])
	if local == "" || len(local) > 64 || text[at-1] == '.' || strings.Contains(local, "..") {
		return
	}
	domain := publicDomain(strings.ToLower(string(text[at+1 : end])))
	if domain == "" {
		return
	}
	value := fold(string(text[start:end]))
	if len(s.options.Emails) > 0 {
		if who, ok := s.options.Emails[s.rosterHash(string(text[start:end]), value)]; ok {
			s.propose(candidate{RosterEmail, start, end, 1, []string{"address of the roster"}, value, 4, who})
			return
		}
	}
	score, reasons := 1.0, []string{"form", "public suffix"}
	if shared[strings.ToLower(local)] || isExample(domain) {
		score, reasons = 0.3, append(reasons, "mailbox of a function, or an example")
	}
	s.propose(candidate{Email, start, end, score, reasons, value, 4, ""})
}

func (s *scan) rosterHash(address, folded string) [32]byte {
	if s.options.HashEmail != nil {
		return s.options.HashEmail(address)
	}
	return digest(s.options.Key, RosterEmail, folded)
}

// emailAround is how far the characters of an address go.
func emailAround(text []byte, at int) (start, end int) {
	start, end = at, at+1
	for start > 0 && at-start <= 64 && atext[text[start-1]] {
		start--
	}
	for start < at && !inWord(text[start]) {
		start++
	}
	for end < len(text) && end-at <= 255 && (inWord(text[end]) || text[end] == '-' || text[end] == '.') {
		end++
	}
	for end > at+1 && !inWord(text[end-1]) {
		end--
	}
	return start, end
}

// publicDomain is the ASCII form of a domain below a public suffix; empty when it is none.
func publicDomain(domain string) string {
	if !strings.Contains(domain, ".") || strings.Contains(domain, "..") {
		return ""
	}
	if strings.ContainsFunc(domain, func(r rune) bool { return r >= utf8.RuneSelf }) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return ""
		}
		domain = ascii
	}
	suffix, listed := publicsuffix.PublicSuffix(domain)
	if !listed && !strings.Contains(suffix, ".") || suffix == domain {
		return ""
	}
	return domain
}

func isExample(domain string) bool {
	for _, reserved := range []string{"example.com", "example.org", "example.net"} {
		if domain == reserved || strings.HasSuffix(domain, "."+reserved) {
			return true
		}
	}
	return false
}

// ipv4 proposes a token of four numbers.
func (s *scan) ipv4(start, end int) {
	token := s.window.text[start:end]
	if slash := bytes.IndexByte(token, '/'); slash >= 0 {
		token = token[:slash]
		end = start + slash
	}
	if len(token) < 7 || len(token) > 15 || bytes.Count(token, []byte(".")) != 3 {
		return
	}
	address, err := netip.ParseAddr(string(token))
	if err != nil {
		return
	}
	s.address46(address, start, end)
}

// ipv6 proposes the address around a colon, and says up to where it looked.
func (s *scan) ipv6(at int) int {
	text := s.window.text
	start, end := at, at+1
	part := func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' || c == ':' || c == '.' }
	for start > 0 && at-start <= 48 && part(text[start-1]) {
		start--
	}
	for end < len(text) && end-at <= 48 && part(text[end]) {
		end++
	}
	looked := end
	for end > at && (text[end-1] == '.' || text[end-1] == ':' && (end-2 < start || text[end-2] != ':')) {
		end--
	}
	for start < end && text[start] == '.' {
		start++
	}
	if s.unspecified(start, end) {
		return looked
	}
	if end-start < 3 || end-start > 45 || joined(text, start) || joined(text, end) || bytes.Count(text[start:end], []byte(":")) < 2 {
		return looked
	}
	if address, err := netip.ParseAddr(string(text[start:end])); err == nil {
		s.address46(address, start, end)
	}
	return looked
}

// unspecified proposes ::, which names no host, so that a word beside it makes it no more.
func (s *scan) unspecified(start, end int) bool {
	text := s.window.text
	if string(text[start:end]) != "::" || start > 0 && inWord(text[start-1]) || end < len(text) && inWord(text[end]) {
		return false
	}
	s.propose(candidate{IP, start, end, 0.1, []string{"the unspecified address"}, "::", 2, ""})
	return true
}

// address46 proposes an address of the internet by what its range is for.
func (s *scan) address46(a netip.Addr, start, end int) {
	base, reason := 0.6, "form"
	plain := a.Unmap()
	switch {
	case plain.IsPrivate(), plain.IsLoopback(), plain.IsUnspecified(), plain.IsMulticast(), plain.IsLinkLocalUnicast(), documentation(plain):
		base, reason = 0.1, "of no place in the internet"
	case a.Is4() && numbering(a.As4()):
		base, reason = 0.3, "may be the number of a section or version"
	case a.Is6() && (end-start < 10 || bytes.IndexFunc(s.window.text[start:end], unicode.IsDigit) < 0):
		base, reason = 0.1, "short, or made of words"
	}
	if s.present&version != 0 && s.context(version, start, end) && (s.present&network == 0 || !s.context(network, start, end)) {
		return
	}
	score, reasons := s.scored(base, reason, network, start, end)
	s.propose(candidate{IP, start, end, score, reasons, plain.String(), 2, ""})
}

var documented = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("255.0.0.0/8"), netip.MustParsePrefix("0.0.0.0/8"),
}

func documentation(a netip.Addr) bool {
	for _, p := range documented {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func numbering(octets [4]byte) bool {
	for _, o := range octets {
		if o > 31 {
			return false
		}
	}
	return true
}
