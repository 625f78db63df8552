package generation

import (
	"crypto/sha256"
	"encoding/json"
)

// Call is one question to a model. No tools are offered, and what comes back has the
// schema.
type Call struct {
	System, Prompt string
	// SchemaName and Schema say which JSON is answered; every property is required.
	SchemaName string
	Schema     json.RawMessage
	MaxTokens  int
	// EndUser is a hash that says nothing of the organization to anybody else.
	EndUser string
	// Progress is called while an answer comes, with its bytes so far. It may be nil.
	Progress func(bytes int)
}

// Sum is a hash of all that is sent: of two equal ones the answer can be the same.
func (c Call) Sum() [sha256.Size]byte {
	all, err := json.Marshal([]any{c.System, c.Prompt, c.SchemaName, c.Schema, c.MaxTokens})
	if err != nil {
		panic(err) // texts, and a schema that is a constant
	}
	return sha256.Sum256(all)
}

// Bytes is how much is sent.
func (c Call) Bytes() int { return len(c.System) + len(c.Prompt) + len(c.Schema) }

// Finish says how an answer ended.
type Finish string

// The ends of an answer. Each is a result: money was spent on it.
const (
	Complete Finish = "complete"
	CutOff   Finish = "cut_off" // the room for the answer was too small
	Refused  Finish = "refused" // by the model or its filter
)

// Answer is what a model gave back.
type Answer struct {
	Text      string
	Finish    Finish
	Model     string
	RequestID string
	// InputTokens and OutputTokens are what is paid for. Where Metered is false the
	// provider did not say, and the reservation is what the answer costs.
	InputTokens, OutputTokens int64
	Metered                   bool
}
