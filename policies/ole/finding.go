package ole

import (
	"fmt"

	"satchel/policies/verdict"
)

// Rule is the stable name of a finding.
type Rule string

// The closed list of rules.
const (
	Macros         Rule = "macro_document"
	EmbeddedObject Rule = "embedded_object"
	RemoteTemplate Rule = "remote_template"
	Encrypted      Rule = "encrypted"
	Executable     Rule = "executable"
	Corrupt        Rule = "corrupt_document"
	TooLarge       Rule = "document_too_large"
)

// Reason is what a person reads about a rule.
type Reason struct {
	Rule Rule
	// Class is Rejected for a document that is dangerous or damaged, and Unscannable
	// for one that may be honest but cannot be looked at completely.
	Class      verdict.Verdict
	What, Next string
}

const modern = "Save it as docx, xlsx or pptx, and upload that."

var reasons = []Reason{
	{Macros, verdict.Rejected, "The document holds macros, which are programs.", "Save it without macros, as docx, xlsx or pptx, and upload that."},
	{EmbeddedObject, verdict.Rejected, "The document holds an embedded file or an equation of the old editor, by which programs are smuggled in.",
		"Remove the embedded object, or save the document as PDF."},
	{RemoteTemplate, verdict.Rejected, "The document loads a part of itself from the internet when it is opened.", modern},
	{Encrypted, verdict.Rejected, "The document has a password, so nothing can look inside.", "Save it without a password and upload that."},
	{Executable, verdict.Rejected, "The file is an installer, which is a program.", "Share the documents that the program makes instead; programs are not accepted."},
	{Corrupt, verdict.Unscannable, "The document is damaged, or too unusual to be checked.", modern},
	{TooLarge, verdict.Unscannable, "The document is larger than can be checked in the old format.", modern},
}

// Reasons lists every rule with its class and sentences, for the documentation.
func Reasons() []Reason { return append([]Reason(nil), reasons...) }

// Reason returns the class and the sentences of a rule.
func (r Rule) Reason() Reason {
	for _, reason := range reasons {
		if reason.Rule == r {
			return reason
		}
	}
	return Reason{r, verdict.Unscannable, "The document could not be checked completely.", modern}
}

// Finding is a reason not to pass a document on. Trying again gives the same: any
// other error of this package is the reader's and may be tried again.
type Finding struct{ Rule Rule }

// Class returns what the finding means for the file.
func (f *Finding) Class() verdict.Verdict { return f.Rule.Reason().Class }

// Error says the rule, what happened and what to do next.
func (f *Finding) Error() string {
	reason := f.Rule.Reason()
	return fmt.Sprintf("%s: %s %s", f.Rule, reason.What, reason.Next)
}

func found(rule Rule) error { return &Finding{rule} }
