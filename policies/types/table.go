// Package types is the policy of what kinds of files are taken in: which names,
// which claims and which contents belong together, and how each kind leaves.
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
	Audio    Family = "audio"
	Video    Family = "video"
	Archive  Family = "archive"
	Markup   Family = "markup"
)

// Delivery says in which form the bytes may be given to a browser.
type Delivery string

// The original never leaves inline: only an image that Satchel itself encoded
// again may be shown in a page.
const (
	AsAttachment Delivery = "attachment"
	Reencoded    Delivery = "attachment; re-encoded previews inline"
)

// Row is one kind of file.
type Row struct {
	// Title is the kind's name for people.
	Title string
	// MediaType is what the file is stored and delivered as.
	MediaType string
	// Extensions are the endings of its name, in lower case with their dot.
	Extensions []string
	// Claims are media types, besides MediaType, that honest clients send for it.
	Claims []string
	// Family and Leaves as above.
	Family Family
	Leaves Delivery
	// Preview says whether renditions are made of it.
	Preview bool
	// Zip says that the bytes are a zip container, which policies/archives
	// inspects. The head of a container cannot prove which document it holds.
	Zip bool

	// contents are the kinds of content, as detect names them, that the row takes.
	contents []string
}

const (
	wordDocument = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	spreadsheet  = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	presentation = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	odfText      = "application/vnd.oasis.opendocument.text"
	odfSheet     = "application/vnd.oasis.opendocument.spreadsheet"
	odfSlides    = "application/vnd.oasis.opendocument.presentation"
	zipContent   = "application/zip"
)

// zipClaims are what clients send for any zip container when they know no better.
var zipClaims = []string{zipContent, "application/x-zip", "application/x-zip-compressed"}

var table = []Row{
	{Title: "JPEG image", MediaType: "image/jpeg", Extensions: []string{".jpg", ".jpeg", ".jpe", ".jfif"}, Claims: []string{"image/jpg", "image/pjpeg"},
		Family: Image, Leaves: Reencoded, Preview: true, contents: []string{"image/jpeg"}},
	{Title: "PNG image", MediaType: "image/png", Extensions: []string{".png"}, Claims: []string{"image/x-png", "image/apng"},
		Family: Image, Leaves: Reencoded, Preview: true, contents: []string{"image/png", "image/apng"}},
	{Title: "GIF image", MediaType: "image/gif", Extensions: []string{".gif"},
		Family: Image, Leaves: Reencoded, Preview: true, contents: []string{"image/gif"}},
	{Title: "WebP image", MediaType: "image/webp", Extensions: []string{".webp"},
		Family: Image, Leaves: Reencoded, Preview: true, contents: []string{"image/webp"}},
	{Title: "AVIF image", MediaType: "image/avif", Extensions: []string{".avif"}, Claims: []string{"image/avif-sequence"},
		Family: Image, Leaves: Reencoded, Preview: true, contents: []string{"image/avif"}},
	{Title: "HEIC image", MediaType: "image/heic", Extensions: []string{".heic", ".heif"}, Claims: []string{"image/heif", "image/heic-sequence", "image/heif-sequence"},
		Family: Image, Leaves: Reencoded, Preview: true, contents: []string{"image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"}},
	{Title: "TIFF image", MediaType: "image/tiff", Extensions: []string{".tif", ".tiff"}, Claims: []string{"image/tif", "image/x-tiff"},
		Family: Image, Leaves: Reencoded, Preview: true, contents: []string{"image/tiff"}},

	{Title: "PDF document", MediaType: "application/pdf", Extensions: []string{".pdf"}, Claims: []string{"application/x-pdf"},
		Family: Document, Leaves: AsAttachment, contents: []string{"application/pdf"}},
	{Title: "Word document", MediaType: wordDocument, Extensions: []string{".docx"}, Claims: zipClaims,
		Family: Document, Leaves: AsAttachment, Zip: true, contents: []string{wordDocument, zipContent}},
	{Title: "Excel workbook", MediaType: spreadsheet, Extensions: []string{".xlsx"}, Claims: zipClaims,
		Family: Document, Leaves: AsAttachment, Zip: true, contents: []string{spreadsheet, zipContent}},
	{Title: "PowerPoint presentation", MediaType: presentation, Extensions: []string{".pptx"}, Claims: zipClaims,
		Family: Document, Leaves: AsAttachment, Zip: true, contents: []string{presentation, zipContent}},
	{Title: "OpenDocument text", MediaType: odfText, Extensions: []string{".odt"}, Claims: zipClaims,
		Family: Document, Leaves: AsAttachment, Zip: true, contents: []string{odfText, zipContent, metaFirst}},
	{Title: "OpenDocument spreadsheet", MediaType: odfSheet, Extensions: []string{".ods"}, Claims: zipClaims,
		Family: Document, Leaves: AsAttachment, Zip: true, contents: []string{odfSheet, zipContent, metaFirst}},
	{Title: "OpenDocument presentation", MediaType: odfSlides, Extensions: []string{".odp"}, Claims: zipClaims,
		Family: Document, Leaves: AsAttachment, Zip: true, contents: []string{odfSlides, zipContent, metaFirst}},

	{Title: "Plain text", MediaType: "text/plain", Extensions: []string{".txt", ".text"},
		Family: Text, Leaves: AsAttachment, contents: []string{"text/plain"}},
	{Title: "CSV table", MediaType: "text/csv", Extensions: []string{".csv"}, Claims: []string{"text/plain", "application/csv", "text/x-csv", "text/comma-separated-values", "application/vnd.ms-excel"},
		Family: Text, Leaves: AsAttachment, contents: []string{"text/plain"}},
	{Title: "Markdown text", MediaType: "text/markdown", Extensions: []string{".md", ".markdown"}, Claims: []string{"text/plain", "text/x-markdown"},
		Family: Text, Leaves: AsAttachment, contents: []string{"text/plain", htmlFragment}},

	{Title: "MP3 audio", MediaType: "audio/mpeg", Extensions: []string{".mp3"}, Claims: []string{"audio/mp3", "audio/x-mp3", "audio/x-mpeg", "audio/mpeg3"},
		Family: Audio, Leaves: AsAttachment, contents: []string{"audio/mpeg", taggedAudio}},
	{Title: "MPEG-4 audio", MediaType: "audio/mp4", Extensions: []string{".m4a"}, Claims: []string{"audio/x-m4a", "audio/m4a", "audio/aac", "video/mp4"},
		Family: Audio, Leaves: AsAttachment, contents: []string{"audio/mp4", "audio/x-m4a", "video/mp4"}},
	{Title: "AAC audio", MediaType: "audio/aac", Extensions: []string{".aac"}, Claims: []string{"audio/x-aac", "audio/aacp", "audio/vnd.dlna.adts"},
		Family: Audio, Leaves: AsAttachment, contents: []string{"audio/aac", taggedAudio}},
	{Title: "WAV audio", MediaType: "audio/wav", Extensions: []string{".wav"}, Claims: []string{"audio/x-wav", "audio/wave", "audio/vnd.wave"},
		Family: Audio, Leaves: AsAttachment, contents: []string{"audio/wav"}},
	{Title: "FLAC audio", MediaType: "audio/flac", Extensions: []string{".flac"}, Claims: []string{"audio/x-flac"},
		Family: Audio, Leaves: AsAttachment, contents: []string{"audio/flac"}},
	{Title: "Ogg audio", MediaType: "audio/ogg", Extensions: []string{".ogg", ".oga", ".opus"}, Claims: []string{"application/ogg", "audio/opus", "audio/vorbis", "video/ogg"},
		Family: Audio, Leaves: AsAttachment, contents: []string{"audio/ogg", "application/ogg"}},
	{Title: "WebM audio", MediaType: "audio/webm", Extensions: []string{".weba"}, Claims: []string{"video/webm"},
		Family: Audio, Leaves: AsAttachment, contents: []string{"video/webm"}},

	{Title: "MPEG-4 video", MediaType: "video/mp4", Extensions: []string{".mp4", ".m4v"}, Claims: []string{"video/x-m4v", "application/mp4", "audio/mp4"},
		Family: Video, Leaves: AsAttachment, contents: []string{"video/mp4", "video/x-m4v", "audio/mp4", "audio/x-m4a", "video/3gpp"}},
	{Title: "QuickTime video", MediaType: "video/quicktime", Extensions: []string{".mov", ".qt"}, Claims: []string{"video/mov", "video/x-quicktime"},
		Family: Video, Leaves: AsAttachment, contents: []string{"video/quicktime", "video/mp4"}},
	{Title: "WebM video", MediaType: "video/webm", Extensions: []string{".webm"}, Claims: []string{"audio/webm"},
		Family: Video, Leaves: AsAttachment, contents: []string{"video/webm"}},
	{Title: "Matroska video", MediaType: "video/matroska", Extensions: []string{".mkv"}, Claims: []string{"video/x-matroska"},
		Family: Video, Leaves: AsAttachment, contents: []string{"video/matroska", "video/webm"}},
	{Title: "Ogg video", MediaType: "video/ogg", Extensions: []string{".ogv"}, Claims: []string{"application/ogg"},
		Family: Video, Leaves: AsAttachment, contents: []string{"video/ogg", "application/ogg"}},
	{Title: "MPEG video", MediaType: "video/mpeg", Extensions: []string{".mpg", ".mpeg"},
		Family: Video, Leaves: AsAttachment, contents: []string{"video/mpeg"}},
	{Title: "AVI video", MediaType: "video/x-msvideo", Extensions: []string{".avi"}, Claims: []string{"video/avi", "video/msvideo"},
		Family: Video, Leaves: AsAttachment, contents: []string{"video/x-msvideo"}},
	{Title: "3GPP video", MediaType: "video/3gpp", Extensions: []string{".3gp"}, Claims: []string{"video/3gp", "audio/3gpp"},
		Family: Video, Leaves: AsAttachment, contents: []string{"video/3gpp", "video/mp4"}},

	{Title: "Zip archive", MediaType: zipContent, Extensions: []string{".zip"}, Claims: zipClaims[1:],
		Family: Archive, Leaves: AsAttachment, Zip: true, contents: []string{zipContent}},

	{Title: "HTML page", MediaType: "text/html", Extensions: []string{".html", ".htm"}, Claims: []string{"application/xhtml+xml", "text/plain"},
		Family: Markup, Leaves: AsAttachment, contents: []string{htmlPage, htmlFragment}},
	{Title: "SVG drawing", MediaType: "image/svg+xml", Extensions: []string{".svg"}, Claims: []string{"image/svg", "text/xml", "application/xml", "text/plain"},
		Family: Markup, Leaves: AsAttachment, contents: []string{svgDrawing}},
}

// noClaim are the media types by which a client says that it does not know.
var noClaim = []string{"", "application/octet-stream", "binary/octet-stream", "application/unknown", "application/x-unknown", "application/download", "application/x-download", "application/force-download"}

// refusedExtensions name a better reason than "unknown" for endings that people
// do try.
var refusedExtensions = map[Rule][]string{
	Executable: {".exe", ".dll", ".com", ".scr", ".msi", ".msix", ".appx", ".cpl", ".sys", ".drv", ".ocx", ".pif", ".lnk", ".jar", ".class", ".apk", ".ipa",
		".app", ".dmg", ".pkg", ".deb", ".rpm", ".appimage", ".so", ".dylib", ".elf", ".bin", ".run", ".swf", ".crx", ".xpi", ".wasm", ".dex", ".chm", ".hlp", ".gadget"},
	Script: {".sh", ".bash", ".zsh", ".bat", ".cmd", ".ps1", ".psm1", ".psd1", ".vbs", ".vbe", ".js", ".jse", ".mjs", ".wsf", ".wsh", ".wsc", ".hta", ".sct", ".reg",
		".php", ".php3", ".php4", ".php5", ".phtml", ".phar", ".asp", ".aspx", ".jsp", ".jspx", ".cgi", ".pl", ".py", ".rb", ".lua", ".scpt", ".applescript", ".command", ".url", ".scf", ".inf", ".htaccess"},
	MacroDocument: {".docm", ".dotm", ".xlsm", ".xltm", ".xlam", ".xlsb", ".pptm", ".potm", ".ppsm", ".ppam", ".sldm", ".vsdm", ".accdb", ".mdb", ".mde", ".accde"},
	LegacyOffice:  {".doc", ".dot", ".xls", ".xlt", ".xla", ".xlw", ".ppt", ".pot", ".pps", ".ppa", ".pub", ".rtf", ".mpp", ".vsd"},
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
	r.contents = nil
	return r
}

// ByMediaType finds the row of a stored media type.
func ByMediaType(mediaType string) (Row, bool) {
	for _, row := range Table() {
		if row.MediaType == mediaType {
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
