package generation

import (
	"slices"
	"strings"
	"unicode/utf8"

	"satchel/internal/fault"
)

// MaxSource bounds the text that something is made from: some 300 pages.
const MaxSource = 1 << 20

// Request is what to make. Source or Topic is set.
type Request struct {
	Kind     Kind
	Language string
	Level    string
	Count    int
	Topic    string
	Source   string
}

// Validate says what is wrong with a request.
func (r Request) Validate() error {
	bad := func(text string, args ...any) error {
		return fault.New(fault.Invalid, "invalid_generation", text, args...)
	}
	switch {
	case !r.Kind.Known():
		return bad("The kind %q is not known. It is one of quiz, worksheet, lesson_plan, reading_passage, rubric, vocabulary.", r.Kind)
	case !slices.Contains(Languages, r.Language):
		return fault.New(fault.Invalid, "unsupported_language", "The language %q is not supported. Ask for one of %s.", r.Language, strings.Join(Languages, ", "))
	case !slices.Contains(Levels, r.Level):
		return bad("The level %q is not known. It is one of %s.", r.Level, strings.Join(Levels[1:], ", "))
	case r.Count < 1 || r.Count > 50:
		return bad("Ask for 1 to 50 items.")
	case (r.Topic == "") == (strings.TrimSpace(r.Source) == ""):
		if r.Topic == "" {
			return ErrEmptySource
		}
		return bad("Give a source or a topic, and not both.")
	case utf8.RuneCountInString(r.Topic) > maxTitle || strings.ContainsFunc(r.Topic, unprintable) || strings.TrimSpace(r.Topic) != r.Topic:
		return bad("The topic is one line of at most %d characters.", maxTitle)
	case len(r.Source) > MaxSource:
		return ErrLongSource
	}
	return nil
}

// What a source can be too little or too much for.
var (
	ErrEmptySource = fault.New(fault.Invalid, "empty_source", "There is no text in the file. Choose a file with text, or give a topic.")
	ErrLongSource  = fault.New(fault.TooLarge, "source_too_long", "The text is longer than some 300 pages. Choose a part of it.")
	ErrPoorSource  = fault.New(fault.Invalid, "poor_source", "The text has no sentence from which this can be made. Choose a text with whole sentences.")
	ErrNeedsSource = fault.New(fault.Invalid, "needs_source", "Without a model, documents are made from a file's text only. Choose a file instead of a topic.")
)
