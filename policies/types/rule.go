package types

import (
	"fmt"
	"strings"
)

// Rule is the stable name of a reason to refuse a file. It is part of the API:
// clients switch on it, rows and audit entries keep it. The zero value means
// that nothing was refused.
type Rule string

// The closed list of rules.
const (
	NotAllowed       Rule = "type_not_allowed"
	Executable       Rule = "executable"
	Script           Rule = "script"
	MacroDocument    Rule = "macro_document"
	LegacyOffice     Rule = "legacy_office"
	LinkShortcut     Rule = "link_shortcut"
	OtherArchive     Rule = "other_archive"
	StaffOnly        Rule = "staff_only"
	SwitchedOff      Rule = "type_switched_off"
	ContentMismatch  Rule = "content_mismatch"
	ClaimMismatch    Rule = "claim_mismatch"
	NotThatDocument  Rule = "not_that_document"
	NotAllowedHere   Rule = "type_not_allowed_here"
	TooManyPixels    Rule = "too_many_pixels"
	ExtensionChanged Rule = "extension_changed"
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
	{Script, "The name is one that a computer runs, or the file hides a script in something else.", "Give a text the ending .txt, and upload it again."},
	{MacroDocument, "The document can carry macros, which are programs.", "Save it without macros, as docx, xlsx or pptx, and upload that."},
	{LegacyOffice, "The organization does not take the old Office formats and RTF.", "Save the file as docx, xlsx or pptx, and upload that."},
	{LinkShortcut, "This is a link to a document at Google, not the document.", "In Google Docs, choose File, Download, and upload the downloaded file."},
	{OtherArchive, "Archives of this kind cannot be opened for inspection.", "Unpack it, and upload the files or a zip archive of them."},
	{StaffOnly, "Only teachers and administrators may upload files of this kind here.", "Ask a teacher to upload it, or hand in another kind of file."},
	{SwitchedOff, "The organization does not take files of this kind.", "Convert the file, or ask an administrator to allow this kind."},
	{ContentMismatch, "What the file holds is not what its name says.", "Give the file the extension of what it really is, or save it again in the format that its name says."},
	{ClaimMismatch, "The media type sent along with the file is a program's.", "Send the media type that belongs to the file's extension, or none."},
	{NotThatDocument, "The file is a zip archive, but not the document that its name says.", "Save it again in the format that its name says."},
	{NotAllowedHere, "The organization takes fewer kinds of files than the platform, and not this one.", "Convert the file to a kind that the organization takes, or ask its owner."},
	{TooManyPixels, "The picture says that it has far more pixels than it holds, or more than a browser can open.", "Save it again with at most 1,000 megapixels, or split it into parts."},
	{ExtensionChanged, "The new name ends in the extension of another kind of file.", "Keep the extension that the name has."},
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

// Sentence says what was found, what the name made expect, and what to do next.
// found and expected are titles of kinds; either may be empty.
func (r Rule) Sentence(found, expected string) string {
	reason := r.Reason()
	what := reason.What
	switch {
	case found != "" && expected != "":
		what = fmt.Sprintf("The name says %s, but the content is %s.", article(expected), article(found))
	case expected != "" && (r == ContentMismatch || r == NotThatDocument):
		what = fmt.Sprintf("The name says %s, but the content is not.", article(expected))
	case found != "" && r != ContentMismatch:
		what = fmt.Sprintf("The file is %s. %s", article(found), reason.What)
	}
	return what + " " + reason.Next
}

// article puts the right indefinite article in front of a title.
func article(title string) string {
	first := strings.ToLower(title[:1])
	if strings.Contains("aeio", first) || strings.HasPrefix(title, "MP3") || strings.HasPrefix(title, "HTML") || strings.HasPrefix(title, "SVG") ||
		strings.HasPrefix(title, "MPEG") || strings.HasPrefix(title, "XML") || strings.HasPrefix(title, "SQL") || strings.HasPrefix(title, "H5P") {
		return "an " + title
	}
	return "a " + title
}

// Refusal is a rule as an error. It carries no name and no content, so that it
// can be logged and kept.
type Refusal struct {
	Rule Rule
	// Found and Expected are titles of kinds; either may be empty.
	Found, Expected string
}

// Error names the rule, the cause and the remedy.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s: %s", r.Rule, r.Rule.Sentence(r.Found, r.Expected))
}
