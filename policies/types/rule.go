package types

import "fmt"

// Rule is the stable name of a reason to refuse a file. It is part of the API:
// clients switch on it, rows and audit entries keep it. The zero value means
// that nothing was refused.
type Rule string

// The closed list of rules.
const (
	NotAllowed      Rule = "type_not_allowed"
	Executable      Rule = "executable"
	Script          Rule = "script"
	MacroDocument   Rule = "macro_document"
	LegacyOffice    Rule = "legacy_office"
	ContentMismatch Rule = "content_mismatch"
	ClaimMismatch   Rule = "claim_mismatch"
	NotAllowedHere  Rule = "type_not_allowed_here"
	TooManyPixels   Rule = "too_many_pixels"
)

// Reason is what a person reads about a rule.
type Reason struct {
	Rule Rule
	// What happened, and what to do Next, each a plain sentence.
	What, Next string
}

var reasons = []Reason{
	{NotAllowed, "Files of this kind are not accepted.", "Give the file a name that ends in one of the accepted extensions, or convert it to an accepted kind."},
	{Executable, "The file is a program, or its name is a program's.", "Share the documents that the program makes instead; programs are not accepted."},
	{Script, "The file is a script that a computer would run, or its name is a script's.", "Put the text into a document or a Markdown file that does not begin like a script."},
	{MacroDocument, "The document can carry macros, which are programs.", "Save it without macros, as docx, xlsx or pptx, and upload that."},
	{LegacyOffice, "The file is in the old Office format, in RTF, or an Office document with a password; none of these can be checked reliably.", "Save it as docx, xlsx or pptx, without a password, and upload that."},
	{ContentMismatch, "What the file holds is not what its name says.", "Give the file the extension of what it really is, or save it again in the format that its name says."},
	{ClaimMismatch, "The media type sent along with the file does not belong to its name.", "Send the media type that belongs to the file's extension, or none."},
	{NotAllowedHere, "The organization takes fewer kinds of files than the platform, and not this one.", "Convert the file to a kind that the organization takes, or ask its owner."},
	{TooManyPixels, "The picture says that it has far more pixels than it holds, or more than a browser can open.", "Save it again with at most 1,000 megapixels, or split it into parts."},
}

// Reasons lists every rule with its sentences, for the documentation.
func Reasons() []Reason { return append([]Reason(nil), reasons...) }

// Reason returns the sentences of a rule.
func (r Rule) Reason() Reason {
	for _, reason := range reasons {
		if reason.Rule == r {
			return reason
		}
	}
	return Reason{Rule: r, What: "The file was refused.", Next: "Ask the operator of this service about the rule " + string(r) + "."}
}

// Refusal is a rule as an error. It carries no name and no content, so that it
// can be logged and kept.
type Refusal struct{ Rule Rule }

// Error names the rule, the cause and the remedy.
func (r *Refusal) Error() string {
	reason := r.Rule.Reason()
	return fmt.Sprintf("%s: %s %s", r.Rule, reason.What, reason.Next)
}
