package archives

import (
	"fmt"

	"satchel/policies/verdict"
)

// Rule is the stable name of a finding.
type Rule string

// The closed list of rules.
const (
	NotAZip           Rule = "not_a_zip"
	Corrupt           Rule = "corrupt_archive"
	Ambiguous         Rule = "ambiguous_archive"
	ExtraData         Rule = "extra_data"
	Overlap           Rule = "overlapping_members"
	HeaderMismatch    Rule = "header_mismatch"
	Encrypted         Rule = "encrypted"
	UnsafeName        Rule = "unsafe_member_name"
	DuplicateName     Rule = "duplicate_member_name"
	SpecialFile       Rule = "special_file"
	Bomb              Rule = "compression_bomb"
	SizeLie           Rule = "member_size_lie"
	Macros            Rule = "macro_document"
	Executable        Rule = "executable"
	SplitArchive      Rule = "split_archive"
	UnsupportedMethod Rule = "unsupported_method"
	NestedArchive     Rule = "nested_archive"
	TooDeep           Rule = "nested_too_deep"
	TooManyEntries    Rule = "too_many_members"
	TooLarge          Rule = "unpacks_too_large"
)

// Reason is what a person reads about a rule.
type Reason struct {
	Rule Rule
	// Class is Rejected for a file that hides or contradicts what it holds, and
	// Unscannable for one that may be honest but cannot be looked at completely.
	Class      verdict.Verdict
	What, Next string
}

const (
	packAgain = "Pack the files again with an ordinary zip program."
	inParts   = "Upload the files in smaller parts."
)

var reasons = []Reason{
	{NotAZip, verdict.Rejected, "The file is not a zip archive.", packAgain},
	{Corrupt, verdict.Rejected, "The archive is damaged or cut off.", packAgain},
	{Ambiguous, verdict.Rejected, "The archive can be read in more than one way.", packAgain},
	{ExtraData, verdict.Rejected, "The archive holds bytes that belong to none of its members.", packAgain},
	{Overlap, verdict.Rejected, "Members of the archive share the same bytes.", packAgain},
	{HeaderMismatch, verdict.Rejected, "The archive describes a member in two ways that disagree.", packAgain},
	{Encrypted, verdict.Rejected, "The archive or document is encrypted, so its content cannot be checked.", "Upload it without a password."},
	{UnsafeName, verdict.Rejected, "A member's name would be dangerous to unpack.", "Rename the member and pack the files again."},
	{DuplicateName, verdict.Rejected, "Two members of the archive have the same name.", "Rename one of them and pack the files again."},
	{SpecialFile, verdict.Rejected, "The archive holds a link or a device instead of a file.", "Replace it with the file it refers to and pack the files again."},
	{Bomb, verdict.Rejected, "A member unpacks to far more than its packed size.", "Upload that file itself, or pack it in a way that shrinks it less."},
	{SizeLie, verdict.Rejected, "A member is larger or smaller than the archive says.", packAgain},
	{Macros, verdict.Rejected, "The document holds macros or active controls, which are programs.", "Save it without macros and upload that."},
	{Executable, verdict.Rejected, "A member of the archive has the name of a program.", "Leave programs out of the archive and pack the other files again."},
	{SplitArchive, verdict.Unscannable, "The archive is one part of several.", "Upload one archive that is whole."},
	{UnsupportedMethod, verdict.Unscannable, "A member is packed in a way that cannot be opened here.", "Pack the files again with the method Deflate."},
	{NestedArchive, verdict.Unscannable, "A member is an archive of a kind that cannot be opened here.", "Unpack it and put its files into the zip archive."},
	{TooDeep, verdict.Unscannable, "Archives are nested too deeply.", "Unpack the inner archives first."},
	{TooManyEntries, verdict.Unscannable, "The archive has too many members.", inParts},
	{TooLarge, verdict.Unscannable, "The archive unpacks to more than can be scanned.", inParts},
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
	return Reason{r, verdict.Unscannable, "The archive could not be looked at completely.", packAgain}
}

// Finding is a reason not to pass a container on. It is an error so that a
// caller who does not ask for it still stops, but trying again gives the same:
// any other error of this package is the reader's and may be tried again.
//
// It names members by their position only, since names may be personal.
type Finding struct {
	Rule Rule
	// Path leads to the member, as positions from the outermost container
	// inwards. It is empty when the container as a whole is meant.
	Path []int
}

// Class returns what the finding means for the file.
func (f *Finding) Class() verdict.Verdict { return f.Rule.Reason().Class }

// Error names the rule, the cause and the remedy.
func (f *Finding) Error() string {
	reason := f.Rule.Reason()
	if len(f.Path) == 0 {
		return fmt.Sprintf("%s: %s %s", f.Rule, reason.What, reason.Next)
	}
	return fmt.Sprintf("%s in member %v: %s %s", f.Rule, f.Path, reason.What, reason.Next)
}

func found(rule Rule, path ...int) *Finding { return &Finding{Rule: rule, Path: path} }
