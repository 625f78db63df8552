// Package generation has what teachers let make from a text: quizzes, worksheets,
// lesson plans, reading passages, rubrics and vocabulary lists. A document has one
// canonical JSON form. What it says of a source has an anchor, which are the bytes of
// the source that it is from. The package is pure: it reads no database and calls no other system.
package generation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"satchel/internal/fault"
)

// Kind is what is made.
type Kind string

// The kinds.
const (
	Quiz       Kind = "quiz"
	Worksheet  Kind = "worksheet"
	LessonPlan Kind = "lesson_plan"
	Passage    Kind = "reading_passage"
	Rubric     Kind = "rubric"
	Vocabulary Kind = "vocabulary"
)

// Kinds lists every kind.
var Kinds = []Kind{Quiz, Worksheet, LessonPlan, Passage, Rubric, Vocabulary}

// Schema is the name and version of a kind's JSON form.
func (k Kind) Schema() string { return "satchel-" + string(k) + "/1" }

// Known says whether the kind is one of Kinds.
func (k Kind) Known() bool { return slices.Contains(Kinds, k) }

// Languages are those in which documents are made, and Levels for whom.
var (
	Languages = []string{"en", "de"}
	Levels    = []string{"", "primary", "lower_secondary", "upper_secondary", "adult"}
)

// Document is what was made. A kind has some of its parts; parts says which.
type Document struct {
	Schema   string `json:"schema"`
	Title    string `json:"title"`
	Language string `json:"language"`
	Level    string `json:"level,omitempty"`
	// Source is empty where a document was made from a topic.
	Source *Source `json:"source,omitempty"`
	// Asked is how many items were asked for; a poor source gives fewer.
	Asked     int         `json:"asked,omitempty"`
	Passage   []Paragraph `json:"passage,omitempty"`
	Questions []Question  `json:"questions,omitempty"`
	Sections  []Section   `json:"sections,omitempty"`
	Criteria  []Criterion `json:"criteria,omitempty"`
	Terms     []Term      `json:"terms,omitempty"`
}

// Source names the text that anchors point into.
type Source struct {
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// Anchor is a part of the source: its bytes from Start to before End.
type Anchor struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Paragraph is one of a passage.
type Paragraph struct {
	Text   string  `json:"text"`
	Anchor *Anchor `json:"anchor,omitempty"`
}

// QuestionType is how a question is answered.
type QuestionType string

// The types of questions.
const (
	Choice QuestionType = "choice" // one of the options
	Cloze  QuestionType = "cloze"  // the word in the gap
	Open   QuestionType = "open"   // a text
)

// Gap is where the word of a cloze question is missing.
const Gap = "____"

// Question is one question. Options and Key are those of a choice; Accepted are the
// words of a gap, or one sample answer of an open question.
type Question struct {
	ID        string       `json:"id"`
	Type      QuestionType `json:"type"`
	Stem      string       `json:"stem"`
	Options   []string     `json:"options,omitempty"`
	Key       int          `json:"key"`
	Accepted  []string     `json:"accepted,omitempty"`
	Rationale string       `json:"rationale,omitempty"`
	Points    int          `json:"points"`
	Anchor    *Anchor      `json:"anchor,omitempty"`
}

// Section is a part of a lesson plan.
type Section struct {
	Heading string   `json:"heading"`
	Minutes int      `json:"minutes"`
	Lines   []string `json:"lines"`
}

// Criterion is a line of a rubric. Its levels begin with the best one.
type Criterion struct {
	Name   string        `json:"name"`
	Levels []RubricLevel `json:"levels"`
	Anchor *Anchor       `json:"anchor,omitempty"`
}

// RubricLevel is a cell of a rubric.
type RubricLevel struct {
	Label  string `json:"label"`
	Points int    `json:"points"`
	Text   string `json:"text"`
}

// Term is a line of a vocabulary list.
type Term struct {
	Term       string  `json:"term"`
	Definition string  `json:"definition,omitempty"`
	Example    string  `json:"example,omitempty"`
	Anchor     *Anchor `json:"anchor,omitempty"`
}

// Kind is the kind of the document by its schema; empty if the schema is not known.
func (d *Document) Kind() Kind {
	for _, k := range Kinds {
		if d.Schema == k.Schema() {
			return k
		}
	}
	return ""
}

// Items is how many of what the kind counts the document has.
func (d *Document) Items() int {
	switch d.Kind() {
	case Quiz, Worksheet, Passage:
		return len(d.Questions)
	case LessonPlan:
		return len(d.Sections)
	case Rubric:
		return len(d.Criteria)
	case Vocabulary:
		return len(d.Terms)
	}
	return 0
}

// MaxBytes bounds the JSON form of a document.
const MaxBytes = 1 << 20

// Marshal returns the canonical JSON form. The same document gives the same bytes.
func Marshal(d *Document) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Unmarshal reads the JSON form and validates it. source is the text that anchors point
// into; a document without a source takes an empty one.
func Unmarshal(data []byte, source string) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, invalid("The document is larger than 1 MiB. Remove a part of it.")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var d Document
	if err := dec.Decode(&d); err != nil {
		return nil, invalid("The document is not in the form of its schema: %s.", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, invalid("There is something after the document. Send one document.")
	}
	if err := Validate(&d, source); err != nil {
		return nil, err
	}
	return &d, nil
}

func invalid(text string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_document", text, args...)
}
