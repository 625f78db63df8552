// Package types is the policy of what kinds of files are taken: which names and
// which contents belong together, who may bring a kind, and how it leaves.
//
// Content decides what a file is. A name or a claimed media type that differs
// within what is harmless is corrected and noted; only what is dangerous, or
// cannot be inspected, is refused.
//
// The policy is one table. The validator, docs/types.md and their tests all
// read it, so what is documented is what is enforced.
package types

import (
	"slices"
	"strings"
)

// Family groups the kinds for people and for the steps that treat them alike.
type Family string

// The closed list of families.
const (
	Image    Family = "image"
	Document Family = "document"
	Text     Family = "text"
	Source   Family = "source"
	Markup   Family = "markup"
	Audio    Family = "audio"
	Video    Family = "video"
	Model    Family = "model"
	Project  Family = "project"
	Archive  Family = "archive"
)

// Tier says how a kind comes in.
type Tier string

// The closed list of tiers. What belongs to none of them is never taken.
const (
	Default Tier = "default"
	Checked Tier = "checked" // taken by default, after a check of the whole content
	Staff   Tier = "staff"   // staff bring it; students where the organization allows it
	OptIn   Tier = "opt-in"  // taken where the organization allows it
)

// Switch is what an organization can turn on or off about kinds of files.
type Switch string

// The closed list of switches.
const (
	LegacyOfficeOff        Switch = "legacy_office_off"        // the old Office formats are not taken
	MacrosStaff            Switch = "macros_staff"             // staff bring documents with macros
	CoursePackagesStudents Switch = "course_packages_students" // students bring course packages too
	Scripts                Switch = "scripts"                  // shell and Windows scripts, delivered as .txt
	ArchivesMore           Switch = "archives_more"            // tar and gzip
	Databases              Switch = "databases"                // staff bring Access databases
	NativeScriptNames      Switch = "native_script_names"      // scripts leave under their own name
)

// SwitchMeaning is a switch with what it does.
type SwitchMeaning struct {
	Name    Switch
	Meaning string
}

var switches = []SwitchMeaning{
	{LegacyOfficeOff, "The old Office formats (doc, xls, ppt, rtf) are not taken."},
	{MacrosStaff, "Staff may upload documents with macros. They are shown with `active_content`."},
	{CoursePackagesStudents, "Students may upload course packages (h5p, imscc, mbz, SMART Notebook) as staff do."},
	{Scripts, "Shell and Windows scripts are taken. They leave as `name.sh.txt`."},
	{ArchivesMore, "tar and gzip archives are taken. The virus scanner opens them; Satchel does not."},
	{Databases, "Staff may upload Access databases."},
	{NativeScriptNames, "Scripts leave under their own name instead of `name.js.txt`."},
}

// Switches lists every switch, for the documentation.
func Switches() []SwitchMeaning { return slices.Clone(switches) }

// Container says that the whole content is opened by a policy of its own.
type Container string

// The closed list of containers.
const (
	NoContainer Container = ""
	Zip         Container = "zip" // policies/archives
	OLE         Container = "ole" // policies/ole
	RTF         Container = "rtf" // policies/ole
	XML         Container = "xml" // policies/ole: a document that is one XML file
)

// Row is one kind of file.
type Row struct {
	// Title is the kind's name for people, with its article left out.
	Title string
	// MediaType is what the file is stored as.
	MediaType string
	// Extensions are the endings of its name, in lower case with their dot. A file
	// that is given its right name gets the first.
	Extensions []string
	// Claims are media types, besides MediaType, that honest clients send for it.
	Claims []string
	Family Family
	Tier   Tier
	// Switch turns the kind on, for Staff and OptIn rows, or off.
	Switch Switch
	// Container is what opens the whole content.
	Container Container
	// Script says that a computer may run the file when it is opened by its name.
	Script bool
	// Macros says that the document is expected to carry macros.
	Macros bool

	// contents are the kinds of content, as detect names them, that the row takes.
	contents []string
	// magics are signatures of which the content has one. A row with neither
	// contents nor magics takes what is neither text nor another row's content.
	magics []magic
	// markers are members of which the zip has one; one that ends in / is a folder.
	markers []string
}

// magic is a signature at an offset.
type magic struct {
	at    int
	bytes string
}

// Delivered is the Content-Type with which the original leaves. Source code and
// markup leave as plain text: no browser runs them, whatever it sniffs.
func (r Row) Delivered() string {
	if r.Family == Source || r.Family == Markup {
		return "text/plain; charset=utf-8"
	}
	return r.MediaType
}

// textual reports that the kind is written in text.
func (r Row) textual() bool {
	return r.Family == Text || r.Family == Source || r.Family == Markup
}

// table is the policy.
var table = slices.Concat(images, documents, texts, sources, media, models, projects, packed)

// noClaim are the media types by which a client says that it does not know.
var noClaim = []string{"", "application/octet-stream", "binary/octet-stream", "application/unknown", "application/x-unknown", "application/download", "application/x-download", "application/force-download"}

// programClaims are media types that only a program has.
var programClaims = []string{"application/x-msdownload", "application/x-msdos-program", "application/x-dosexec", "application/x-executable", "application/x-msi",
	"application/vnd.microsoft.portable-executable", "application/java-archive", "application/x-java-archive", "application/x-sharedlib", "application/x-mach-binary",
	"application/vnd.android.package-archive", "application/x-shockwave-flash", "application/x-apple-diskimage", "application/hta", "application/x-ms-shortcut"}

// neverExtensions are endings that are refused whatever the content is, each with
// a better reason than "unknown".
var neverExtensions = map[Rule][]string{
	Executable: {".exe", ".dll", ".com", ".scr", ".msi", ".msix", ".msp", ".appx", ".cpl", ".sys", ".drv", ".ocx", ".pif", ".lnk", ".jar", ".class", ".apk", ".ipa",
		".app", ".dmg", ".pkg", ".deb", ".rpm", ".appimage", ".so", ".dylib", ".elf", ".run", ".swf", ".crx", ".xpi", ".wasm", ".dex", ".chm", ".hlp", ".gadget",
		".iso", ".img", ".vhd", ".vhdx", ".xll", ".scf", ".inf", ".ade", ".adp"},
	Script: {".vbe", ".jse", ".wsf", ".wsh", ".wsc", ".hta", ".sct", ".reg", ".phar", ".phtml", ".asp", ".aspx", ".jsp", ".jspx", ".cgi",
		".scpt", ".applescript", ".command", ".url", ".webloc", ".desktop", ".htaccess", ".svgz", ".eps", ".ps", ".psm1", ".psd1", ".vb", ".msc", ".settingcontent-ms", ".library-ms", ".search-ms"},
	MacroDocument: {".dotm", ".xltm", ".xlam", ".potm", ".ppam", ".sldm", ".vsdm", ".mde", ".accde", ".xla", ".ppa", ".wll"},
	LinkShortcut:  {".gdoc", ".gsheet", ".gslides", ".gdraw", ".gform", ".gsite"},
	OtherArchive:  {".rar", ".7z", ".ace", ".arj", ".lzh", ".zst", ".xz", ".bz2", ".cab"},
}

// Table returns the policy, in the order in which it is documented. The rows
// are the caller's own.
func Table() []Row {
	rows := make([]Row, len(table))
	for i, row := range table {
		rows[i] = row.public()
	}
	return rows
}

// public is a copy that no caller can change the policy through.
func (r Row) public() Row {
	r.Extensions = slices.Clone(r.Extensions)
	r.Claims = slices.Clone(r.Claims)
	r.contents, r.magics, r.markers = nil, nil, nil
	return r
}

// Opaque is the media type of a file whose ending the organization added: it is
// scanned, and delivered as an attachment.
const Opaque = "application/octet-stream"

var opaqueRow = Row{Title: "file of the organization's own kind", MediaType: Opaque, Family: Project, Tier: OptIn}

// ByMediaType finds the row of a stored media type.
func ByMediaType(mediaType string) (Row, bool) {
	row, ok := byMediaType(mediaType)
	return row.public(), ok
}

func byMediaType(mediaType string) (Row, bool) {
	if mediaType == Opaque {
		return opaqueRow, true
	}
	for _, row := range table {
		if strings.EqualFold(row.MediaType, mediaType) {
			return row, true
		}
	}
	return Row{}, false
}

// ByName finds the row that a file's name selects.
func ByName(name string) (Row, bool) {
	row, ok := byExtension(extension(name))
	return row.public(), ok
}

// byExtension finds the row of a name's ending.
func byExtension(extension string) (Row, bool) {
	for _, row := range table {
		if slices.Contains(row.Extensions, extension) {
			return row, true
		}
	}
	return Row{}, false
}

// extension returns the last ending of a name as the most careless reader of
// it would see it: dots and blanks at the very end do not count, since Windows
// drops them.
func extension(name string) string {
	name = strings.TrimRight(name, ". \t")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return strings.ToLower(name[i:])
}
