package pii

import (
	"strings"
	"unicode/utf8"
)

// name is a form of a person's name.
type name struct {
	person string
	folded string
	spaced bool // the script has no letter case, or no spaces
}

// rosterAutomaton finds full names, in both orders. A family or given name alone says
// nothing: many are words.
func rosterAutomaton(people []Person) (*automaton, []name) {
	var words []string
	var names []name
	add := func(p Person, form string) {
		folded := fold(form)
		words = append(words, folded)
		names = append(names, name{p.ID, folded, !hasASCIILetter(folded)})
	}
	for _, p := range people {
		given, family := strings.TrimSpace(p.Given), strings.TrimSpace(p.Family)
		if given == "" || family == "" || len(given)+len(family) > 120 {
			continue
		}
		for _, v := range variants(given, family) {
			add(p, v[0]+" "+v[1])
			add(p, v[1]+" "+v[0])
			add(p, v[1]+", "+v[0])
			add(p, v[1]+","+v[0])
			if unspaced(v[0] + v[1]) {
				add(p, v[1]+v[0])
			}
		}
	}
	if len(words) == 0 {
		return nil, nil
	}
	return newAutomaton(words), names
}

// variants are the name, with German vowels written as two letters, and in the cases of
// scripts that fold leaves as they are.
func variants(given, family string) [][2]string {
	all := [][2]string{{given, family}}
	long := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")
	if g, f := long.Replace(given), long.Replace(family); g != given || f != family {
		all = append(all, [2]string{g, f})
	}
	if whole := fold(given + family); len(whole) != utf8.RuneCountInString(whole) {
		for _, form := range []func(string) string{strings.ToUpper, strings.ToLower} {
			if g, f := form(given), form(family); g != given || f != family {
				all = append(all, [2]string{g, f})
			}
		}
	}
	return all
}

func hasASCIILetter(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' })
}

// roster proposes names of the roster.
func (s *scan) roster() {
	if s.names == nil {
		return
	}
	text := s.window.text
	s.names.find(s.low, func(ids []int32, start, end int) {
		from, to := int(s.at[start]), int(s.at[end-1])+1
		n := &s.nameOf[ids[0]]
		who := n.person
		for _, id := range ids[1:] {
			if s.nameOf[id].person != who {
				who = "" // two people of one name
			}
		}
		score, reasons := 0.85, []string{"full name of the roster"}
		if !n.spaced && !capitals(text[from:to]) {
			// "will young" in small letters is more often two words than a name.
			score, reasons = 0.3, append(reasons, "small letters")
			if s.about(person, from, to, 40) {
				score += contextBonus
			}
		}
		s.propose(candidate{category: RosterName, start: from, end: to, score: score, reasons: reasons, value: n.folded, person: who})
	})
}

// capitals says whether the first and the last word begin with a capital letter or with one
// that has none in ASCII.
func capitals(text []byte) bool {
	last := 0
	for i := 1; i < len(text); i++ {
		if !inWord(text[i-1]) && inWord(text[i]) {
			last = i
		}
	}
	small := func(c byte) bool { return c >= 'a' && c <= 'z' }
	return !small(text[0]) && !small(text[last])
}
