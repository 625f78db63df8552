package pictures

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Catalog reads the messages of a gettext file. Their ids are the English texts.
func Catalog(path string) (map[string]bool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all, id, reading := map[string]bool{}, "", false
	for line := range strings.Lines(string(b) + "\n") {
		line = strings.TrimSpace(line)
		rest, begins := strings.CutPrefix(line, "msgid ")
		if begins {
			id, reading = "", true
		}
		if !reading {
			continue
		}
		if !strings.HasPrefix(rest, `"`) { // the translation comes, or the line ends
			all[id], reading = true, false
			continue
		}
		part, err := strconv.Unquote(rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, line, err)
		}
		id += part
	}
	delete(all, "")
	return all, nil
}

// inTree is a name in quotes, or a text behind a colon, in a tree of roles and names.
var inTree = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|: .*$`)

// shown gives the messages that stand on a page as the whole of a name or text. A message with
// a value in it is not looked for: what a value is would have to be guessed, and a wrong guess
// would be a false alarm later. Pages that do not have the navigation of the console take their
// texts from elsewhere.
func shown(said string, catalog map[string]bool) []string {
	if !strings.Contains(said, `navigation "Places"`) && !strings.Contains(said, `button "Menu"`) {
		return nil
	}
	found := map[string]bool{}
	for line := range strings.Lines(said) {
		for _, text := range inTree.FindAllString(strings.TrimSpace(line), -1) {
			text = strings.TrimPrefix(text, ": ")
			if plain, err := strconv.Unquote(text); err == nil {
				text = plain
			}
			if catalog[text] && strings.ContainsFunc(text, func(r rune) bool { return r >= 'a' }) {
				found[text] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
