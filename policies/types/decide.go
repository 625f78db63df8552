package types

import (
	"mime"
	"slices"
	"strings"
)

// HeadSize is how many of the first bytes of a file Decide should be given.
// Fewer are fine for a file that is shorter; more are not looked at.
const HeadSize = 64 << 10

// Decision is the outcome for one file.
type Decision struct {
	// Type is the row that the name selects. It is set when Rule is empty, and
	// also when the name was good and something else was not.
	Type Row
	// Rule says why the file is refused. It is empty for an accepted file.
	Rule Rule
}

// Accepted reports whether the file may go on. The zero Decision is not
// accepted.
func (d Decision) Accepted() bool { return d.Rule == "" && d.Type.MediaType != "" }

// Admit judges a name and a claimed media type before any byte is there. Its
// error is a *Refusal. An admitted file still has to pass Decide.
func Admit(name, claim string) error {
	if _, rule := admit(name, claim); rule != "" {
		return &Refusal{Rule: rule}
	}
	return nil
}

// Decide judges a file by its name, its claim and the first bytes of its
// content. What a program or a script is by content is refused as such whatever
// it is called.
//
// A head cannot show everything. Not detected here: what is appended after the
// head (a zip behind an image, a second document behind a PDF), macros, links
// and encryption inside a container (see policies/archives), and active content
// inside a PDF. Such files leave as attachments only.
func Decide(name, claim string, head []byte) Decision {
	found := detect(head[:min(len(head), HeadSize)])
	row, rule := admit(name, claim)
	return Decision{Type: row.public(), Rule: firstRule(row, rule, found)}
}

// firstRule puts the danger before the formality: a program under a wrong name
// is reported as a program.
func firstRule(row Row, admitted Rule, found finding) Rule {
	switch {
	case found.content == metaFirst && slices.Contains(row.contents, metaFirst):
		// Not a Java archive, or policies/archives finds no document in it.
		return admitted
	case found.rule == Executable, found.rule == Script:
		return found.rule
	case admitted != "":
		return admitted
	case found.rule != "":
		return found.rule
	case !slices.Contains(row.contents, found.content):
		return ContentMismatch
	}
	return ""
}

// IsProgram says whether content that begins with head is a program, whatever
// it is called. It is what a zip is asked about each of its members: sources and
// scripts may be handed in there, programs may not.
func IsProgram(head []byte) bool {
	return detect(head[:min(len(head), HeadSize)]).rule == Executable
}

func admit(name, claim string) (Row, Rule) {
	ending := extension(name)
	row, known := byExtension(ending)
	if !known {
		return Row{}, refusalOf(ending)
	}
	if !claimFits(row, claim) {
		return row, ClaimMismatch
	}
	return row, ""
}

func refusalOf(ending string) Rule {
	for rule, endings := range refusedExtensions {
		if slices.Contains(endings, ending) {
			return rule
		}
	}
	return NotAllowed
}

// claimFits compares without the claim's parameters, such as a charset.
func claimFits(row Row, claim string) bool {
	bare, _, _ := strings.Cut(claim, ";")
	bare = strings.ToLower(strings.TrimSpace(bare))
	if slices.Contains(noClaim, bare) {
		return true
	}
	if _, _, err := mime.ParseMediaType(claim); err != nil {
		return false
	}
	return bare == row.MediaType || slices.Contains(row.Claims, bare)
}
