package prompt

import (
	"encoding/json"
	"strings"

	"satchel/generation"
)

// shape says what a kind is asked for.
type shape struct {
	items, say string
	parts      []string // of properties, beside the title
}

var shapes = map[generation.Kind]shape{
	generation.Quiz:      {items: "questions", say: questionRules, parts: []string{"questions"}},
	generation.Worksheet: {items: "questions", say: questionRules + " Give the terms that are needed, with their definitions.", parts: []string{"questions", "terms"}},
	generation.Passage:   {items: "questions", say: "Write a passage of a few paragraphs about the material, and questions about it. " + questionRules, parts: []string{"passage", "questions"}},
	generation.LessonPlan: {items: "sections", say: "Each section has a heading, its minutes and the steps as lines. Give the terms that are needed, with their definitions.",
		parts: []string{"sections", "terms"}},
	generation.Rubric:     {items: "criteria", say: "Each criterion has the same four levels, the best one first, with fewer points from level to level.", parts: []string{"criteria"}},
	generation.Vocabulary: {items: "terms", say: "Each term has a definition and a sentence that uses it.", parts: []string{"terms"}},
}

const questionRules = `A question of the type choice has 3 to 5 different options, and key is the index of the right one, from 0. ` +
	`A question of the type cloze has one gap, written ____, and accepted has the words that fit. ` +
	`A question of the type open has a sample answer in accepted. Options or accepted are empty where a type has none, and key is 0. ` +
	`Say in rationale why the answer is right.`

// properties are the parts of a reply. Strict schemas take few words: bounds are checked
// by generation.Validate.
var properties = map[string]string{
	"passage": array(object("text", text, "sentence", number)),
	"questions": array(object("type", `{"type":"string","enum":["choice","cloze","open"]}`, "stem", text, "options", array(text), "key", number, "accepted", array(text),
		"rationale", text, "points", number, "sentence", number)),
	"sections": array(object("heading", text, "minutes", number, "lines", array(text))),
	"criteria": array(object("name", text, "levels", array(object("label", text, "points", number, "text", text)), "sentence", number)),
	"terms":    array(object("term", text, "definition", text, "example", text, "sentence", number)),
}

const (
	text   = `{"type":"string"}`
	number = `{"type":"integer"}`
)

func array(of string) string { return `{"type":"array","items":` + of + `}` }

// object requires every property and takes no other, which strict schemas ask for.
func object(pairs ...string) string {
	var names, all []string
	for i := 0; i < len(pairs); i += 2 {
		names = append(names, `"`+pairs[i]+`"`)
		all = append(all, `"`+pairs[i]+`":`+pairs[i+1])
	}
	return `{"type":"object","properties":{` + strings.Join(all, ",") + `},"required":[` + strings.Join(names, ",") + `],"additionalProperties":false}`
}

func (s shape) schema() json.RawMessage {
	pairs := []string{"title", text}
	for _, p := range s.parts {
		pairs = append(pairs, p, properties[p])
	}
	return compact(object(pairs...))
}
