package events

import (
	"fmt"
	"strings"
)

// Envelope is what is sent to a webhook: the payload of the Standard Webhooks
// specification. Its members have this order.
type Envelope struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"` // when it happened, RFC 3339
	Data      any    `json:"data"`
}

// Schema is the JSON Schema (draft 2020-12) of what is sent of one type. Fields may be
// added later, so that readers pass over those that they do not know.
func (t Type) Schema() map[string]any {
	fields, required := map[string]any{}, []string{}
	for _, f := range t.Data {
		fields[f.Name] = f.schema()
		if !f.Optional {
			required = append(required, f.Name)
		}
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": t.Name, "description": t.What, "type": "object",
		"required": []string{"type", "timestamp", "data"},
		"properties": map[string]any{
			"type":      map[string]any{"const": t.Name},
			"timestamp": map[string]any{"type": "string", "format": "date-time"},
			"data":      map[string]any{"type": "object", "properties": fields, "required": required},
		},
	}
}

func (f Field) schema() map[string]any {
	s := map[string]any{"description": f.What}
	switch f.Kind {
	case ID:
		s["type"], s["format"] = "string", "uuid"
	case NullableID:
		s["type"], s["format"] = []string{"string", "null"}, "uuid"
	case Count:
		s["type"] = "integer"
	case Code:
		s["type"] = "string"
	}
	return s
}

// Docs is the table of docs/events.md.
func Docs() string {
	var page strings.Builder
	page.WriteString("| type | what happened | data |\n|---|---|---|\n")
	for _, t := range Types {
		var fields []string
		for _, f := range t.Data {
			field := "`" + f.Name + "` " + f.What
			if f.Optional {
				field += " (may be missing)"
			}
			fields = append(fields, field)
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", t.Name, t.What, strings.Join(fields, "; "))
	}
	return page.String()
}
