// Package retry replaces the repetition of calls to AWS. The local server makes none.
package retry

// Standard repeats no call.
type Standard struct{}

// NewStandard returns it.
func NewStandard() *Standard { return &Standard{} }

// IsErrorRetryable returns false.
func (*Standard) IsErrorRetryable(error) bool { return false }
