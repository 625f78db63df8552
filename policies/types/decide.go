package types

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"
)

// HeadSize is how many of the first bytes of a file Decide should be given.
// Fewer are fine for a file that is shorter; more are not looked at.
const HeadSize = 64 << 10

// Rules are what an organization decided about kinds of files, and whether the
// caller is staff.
type Rules struct {
	Switches []Switch
	// Extensions are endings, in lower case with their dot, of files that are taken
	// as Opaque.
	Extensions []string
	// Only are the media types to which the organization narrows what it takes; none
	// is all. Extensions are taken beside them.
	Only  []string
	Staff bool
}

func (r Rules) on(s Switch) bool { return slices.Contains(r.Switches, s) }

// RulesOf makes rules of the names of switches, the extensions and the media types
// that an organization keeps.
func RulesOf(switches, extensions, only []string, staff bool) Rules {
	r := Rules{Extensions: extensions, Only: only, Staff: staff}
	for _, name := range switches {
		r.Switches = append(r.Switches, Switch(name))
	}
	return r
}

// IsSwitch says whether a name is one of the switches.
func IsSwitch(name string) bool {
	return slices.ContainsFunc(switches, func(s SwitchMeaning) bool { return string(s.Name) == name })
}

// MaxExtraExtensions is how many extensions an organization may add.
const MaxExtraExtensions = 50

var plainEnding = regexp.MustCompile(`^\.[a-z0-9]{1,12}$`)

// ExtraExtensions cleans the extensions that an organization wants to add. Its
// error is a sentence for people.
func ExtraExtensions(wanted []string) ([]string, error) {
	if len(wanted) > MaxExtraExtensions {
		return nil, fmt.Errorf("extra_extensions has at most %d extensions", MaxExtraExtensions)
	}
	clean := make([]string, 0, len(wanted))
	for _, w := range wanted {
		ending := "." + strings.TrimPrefix(strings.ToLower(strings.TrimSpace(w)), ".")
		if !plainEnding.MatchString(ending) {
			return nil, errors.New("an extension has 1 to 12 letters and digits")
		}
		if rule := never(ending); rule != "" {
			return nil, fmt.Errorf("%s files are never taken: %s", ending, rule.Reason().What)
		}
		if _, known := byExtension(ending); known {
			return nil, fmt.Errorf("%s files are in the table of kinds already", ending)
		}
		if !slices.Contains(clean, ending) {
			clean = append(clean, ending)
		}
	}
	return clean, nil
}

// AllowMacros says whether the caller may bring documents with macros.
func (r Rules) AllowMacros() bool { return r.Staff && r.on(MacrosStaff) }

// NativeScripts says whether scripts leave under their own name.
func (r Rules) NativeScripts() bool { return r.on(NativeScriptNames) }

// allows says which rule keeps a kind out, if any.
func (r Rules) allows(row Row) Rule {
	switch {
	case row.Switch == LegacyOfficeOff && r.on(LegacyOfficeOff):
		return LegacyOffice
	case row.Tier == OptIn && row.MediaType != Opaque && !r.on(row.Switch):
		return SwitchedOff
	case row.Tier != Staff:
		return ""
	case row.Switch == CoursePackagesStudents:
		if !r.Staff && !r.on(CoursePackagesStudents) {
			return StaffOnly
		}
	case !r.on(row.Switch):
		if row.Macros {
			return MacroDocument
		}
		return SwitchedOff
	case !r.Staff:
		return StaffOnly
	}
	return ""
}

// Narrows says whether the organization takes fewer kinds of files than the
// platform, and not this one.
func (r Rules) Narrows(mediaType string) bool {
	return len(r.Only) > 0 && mediaType != Opaque && !slices.Contains(r.Only, mediaType)
}

// Decision is the outcome for one file.
type Decision struct {
	// Type is the row that the content selects. It is set when Rule is empty, and
	// also when the name was good and something else was not. A container's row is
	// final only after Contained.
	Type Row
	// From is what the name or the claim said where the content is something else
	// of the same kind: a media type, or an extension that selects none. It is
	// empty when nothing was corrected.
	From string
	// Rule says why the file is refused. It is empty for an accepted file.
	Rule Rule
	// Found and Expected are the titles of the kinds that the content and the name
	// select, of a file that is refused because they differ.
	Found, Expected string
}

// Accepted reports whether the file may go on. The zero Decision is not
// accepted.
func (d Decision) Accepted() bool { return d.Rule == "" && d.Type.MediaType != "" }

// Admit judges a name and a claimed media type before any byte is there. Its
// error is a *Refusal. An admitted file still has to pass Decide.
func Admit(name, claim string, rules Rules) error {
	row, rule := admit(name, rules)
	switch {
	case rule != "":
	case isProgramClaim(claim):
		rule = ClaimMismatch
	case row.MediaType != "" && rules.Narrows(row.MediaType):
		rule = NotAllowedHere
	}
	if rule != "" {
		return &Refusal{Rule: rule, Found: row.Title}
	}
	return nil
}

// AdmitAnywhere judges what no organization can allow: it needs no row, and
// answers before one is read.
func AdmitAnywhere(name, claim string) error {
	if rule := never(extension(name)); rule != "" {
		return &Refusal{Rule: rule}
	}
	if isProgramClaim(claim) {
		return &Refusal{Rule: ClaimMismatch}
	}
	return nil
}

// admit judges a name. A name without an extension is admitted: its content will
// tell.
func admit(name string, rules Rules) (Row, Rule) {
	ending := extension(name)
	if rule := never(ending); rule != "" {
		return Row{}, rule
	}
	row, known := byExtension(ending)
	switch {
	case known:
		return row, rules.allows(row)
	case ending == "" && name != "":
		return Row{}, ""
	case slices.Contains(rules.Extensions, ending):
		return opaqueRow, ""
	}
	return Row{}, NotAllowed
}

func never(ending string) Rule {
	for rule, endings := range neverExtensions {
		if slices.Contains(endings, ending) {
			return rule
		}
	}
	return ""
}

// NeverInside says whether no member of an archive may have a name. Scripts, links
// and other archives do no harm there.
func NeverInside(name string) bool {
	rule := never(extension(name))
	return rule == Executable || rule == MacroDocument
}

// HarmlessInside says whether a file may lie in a document, from which a person opens
// it without another look: a picture, a sound, a film, a text or a PDF under its own
// name. Source code and markup leave Satchel as plain text, but a document opens them
// as what they are.
func HarmlessInside(name string, content []byte) bool {
	d := Decide(name, "", content, Rules{})
	named, known := byExtension(extension(name))
	return known && d.Accepted() && d.From == "" && d.Type.Container == NoContainer && named.Tier == Default && named.Delivered() == named.MediaType
}

// Decide judges a file by its name, its claim and the first bytes of its
// content. What a program is by content is refused as such whatever it is
// called.
//
// A head cannot show everything. Not detected here: what is appended after the
// head (a zip behind an image, a second document behind a PDF), what a container
// holds (see Contained), and active content inside a PDF. Such files leave as
// attachments only.
func Decide(name, claim string, head []byte, rules Rules) Decision {
	head = head[:min(len(head), HeadSize)]
	found := detect(head)
	if found.rule != "" {
		// The danger is named before the formality.
		return Decision{Rule: found.rule}
	}
	row, rule := admit(name, rules)
	if rule == "" && isProgramClaim(claim) {
		rule = ClaimMismatch
	}
	if rule != "" {
		return Decision{Type: row.public(), Rule: rule}
	}
	if len(head) == 0 {
		return empty(row)
	}
	return settle(claim, head, found.content, row, rules)
}

// empty is a file of no bytes, which is what its name says.
func empty(row Row) Decision {
	if row.MediaType == "" {
		row, _ = byMediaType(plainText)
	}
	row = row.public()
	row.Container = NoContainer
	return Decision{Type: row}
}

// settle holds the content against the name.
func settle(claim string, head []byte, content string, row Row, rules Rules) Decision {
	if row.takes(content, head) {
		return Decision{Type: row.opened(content), From: differingClaim(row, claim)}
	}
	actual, known := byContent(content, head)
	refused := Decision{Type: row.public(), Rule: ContentMismatch, Found: actual.Title, Expected: row.Title}
	switch {
	case !known && row.MediaType == "":
		return Decision{Rule: NotAllowed}
	case !known, row.MediaType != "" && !relatives(row, actual):
		return refused
	}
	if rule := rules.allows(actual); rule != "" {
		return Decision{Type: actual.public(), Rule: rule, Found: actual.Title, Expected: row.Title}
	}
	from := row.MediaType
	if from == "" {
		// A name without an extension says nothing that could be wrong.
		return Decision{Type: actual.opened(content), From: differingClaim(actual, claim)}
	}
	return Decision{Type: actual.opened(content), From: from}
}

// opened is the row with what opens its content, also where the kind is not known by
// what it holds.
func (r Row) opened(content string) Row {
	r = r.public()
	if r.Container == NoContainer {
		r.Container = containerOf(content)
	}
	return r
}

// containerOf says what opens content whose kind does not tell.
func containerOf(content string) Container {
	switch content {
	case zipContent:
		return Zip
	case oleContent:
		return OLE
	case rtfContent:
		return RTF
	case officeXML:
		return XML
	}
	return NoContainer
}

// takes reports that content is of the row's kind.
func (r Row) takes(content string, head []byte) bool {
	switch {
	case r.MediaType == Opaque:
		return true
	case r.MediaType == "":
		return false
	case slices.Contains(r.contents, content), hasMagic(r.magics, head):
		return true
	}
	return false
}

func hasMagic(magics []magic, head []byte) bool {
	for _, m := range magics {
		if len(head) >= m.at+len(m.bytes) && bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
			return true
		}
	}
	return false
}

// byContent finds the row that content belongs to by itself: the first of the
// table that takes it.
func byContent(content string, head []byte) (Row, bool) {
	switch content {
	case htmlPage, htmlFragment:
		return byMediaType("text/html")
	case xmlText, officeXML:
		return byMediaType("application/xml")
	case zipContent:
		return byMediaType(zipContent)
	}
	for _, row := range table {
		if content != unknown && slices.Contains(row.contents, content) && row.Tier != OptIn {
			return row, true
		}
	}
	for _, row := range table {
		if hasMagic(row.magics, head) {
			return row, true
		}
	}
	return Row{}, false
}

// relatives reports that a file of one kind under the other's name is a harmless
// slip: the same programs open both.
func relatives(named, actual Row) bool {
	switch {
	case named.Family == Image:
		return actual.Family == Image
	case named.Family == Audio, named.Family == Video:
		return actual.Family == Audio || actual.Family == Video
	case named.textual():
		return actual.textual() || actual.Container == RTF
	case named.Container == OLE, named.Container == RTF:
		// Many programs write tables of HTML or CSV and call them .xls.
		return actual.textual() || actual.Container != NoContainer
	case named.Family == Document && named.Container == Zip:
		return actual.Container == OLE || actual.Container == RTF || actual.Container == Zip
	}
	return false
}

// Contained finishes the decision about a container, once it was opened. document
// is the media type that the content gives itself, empty if it gives none; has
// reports a member by its name in lower case, or a folder by its name and a
// slash.
func Contained(d Decision, document string, has func(name string) bool, rules Rules) Decision {
	row, _ := byMediaType(d.Type.MediaType)
	actual, known := byMediaType(document)
	switch {
	case row.Container == NoContainer, row.MediaType == zipContent && d.From == "", document != "" && document == row.MediaType, slices.ContainsFunc(row.markers, has):
		return d
	case !known || actual.Container == NoContainer || row.markers != nil:
		return Decision{Type: d.Type, Rule: NotThatDocument, Found: foundTitle(actual, row), Expected: expectedTitle(d, row)}
	}
	if rule := rules.allows(actual); rule != "" {
		return Decision{Type: actual.public(), Rule: rule, Found: actual.Title, Expected: expectedTitle(d, row)}
	}
	from := d.From
	if from == "" {
		from = row.MediaType
	}
	if from == actual.MediaType {
		from = ""
	}
	return Decision{Type: actual.public(), From: from}
}

func foundTitle(actual, row Row) string {
	if actual.Title == "" && row.Container == Zip {
		return "zip archive"
	}
	return actual.Title
}

func expectedTitle(d Decision, row Row) string {
	if named, ok := byMediaType(d.From); ok {
		return named.Title
	}
	return row.Title
}

// IsProgram says whether content that begins with head is a program, whatever
// it is called. It is what a zip is asked about each of its members.
func IsProgram(head []byte) bool {
	return detect(head[:min(len(head), HeadSize)]).rule == Executable
}

// ContainerOf says what opens content that begins with head, whatever it is called.
func ContainerOf(head []byte) Container {
	return containerOf(detect(head[:min(len(head), HeadSize)]).content)
}

// HidesContainer reports that a file which is stored under a media type may be a
// container that only its content shows: its kind is not known by what it holds.
func HidesContainer(mediaType string) bool {
	row, known := byMediaType(mediaType)
	if !known || row.Container != NoContainer {
		return false
	}
	return row.MediaType == Opaque || slices.ContainsFunc(row.magics, func(m magic) bool { return m.at == 0 && m.bytes == "PK\x03\x04" })
}

// differingClaim returns the claim, without its parameters such as a charset, if
// it is not one of the row's.
func differingClaim(row Row, claim string) string {
	bare, _, _ := strings.Cut(claim, ";")
	bare = strings.ToLower(strings.TrimSpace(bare))
	if _, _, err := mime.ParseMediaType(bare); err != nil || slices.Contains(noClaim, bare) || row.MediaType == Opaque {
		return ""
	}
	switch {
	case bare == strings.ToLower(row.MediaType), slices.Contains(row.Claims, bare):
		return ""
	case row.textual() && textualClaim(bare):
		return ""
	}
	return bare
}

// textualClaim reports the media types that clients send for one text or another.
func textualClaim(bare string) bool {
	if strings.HasPrefix(bare, "text/") || strings.HasSuffix(bare, "+xml") || strings.HasSuffix(bare, "+json") {
		return true
	}
	return slices.Contains([]string{"application/json", "application/xml", "application/javascript", "application/x-javascript", "application/x-sh", "application/x-python-code",
		"application/x-httpd-php", "application/sql", "application/x-tex", "application/x-latex", "application/x-yaml", "application/yaml", "application/typescript"}, bare)
}

func isProgramClaim(claim string) bool {
	bare, _, _ := strings.Cut(claim, ";")
	return slices.Contains(programClaims, strings.ToLower(strings.TrimSpace(bare)))
}
