package types

const (
	office       = "application/vnd.openxmlformats-officedocument."
	odf          = "application/vnd.oasis.opendocument."
	wordDocument = office + "wordprocessingml.document"
	spreadsheet  = office + "spreadsheetml.sheet"
	presentation = office + "presentationml.presentation"
	zipContent   = "application/zip"
	oleContent   = "application/x-ole-storage"
	rtfContent   = "application/rtf"
)

// zipClaims are what clients send for any zip container when they know no better.
var zipClaims = []string{zipContent, "application/x-zip", "application/x-zip-compressed"}

// document is a kind of Office or OpenDocument file: a zip that describes itself.
func document(title, mediaType string, extensions ...string) Row {
	return Row{Title: title, MediaType: mediaType, Extensions: extensions, Claims: zipClaims, Family: Document, Tier: Default, Container: Zip,
		contents: []string{zipContent}}
}

// macroDocument is the same with macros.
func macroDocument(title, mediaType string, extensions ...string) Row {
	r := document(title, mediaType, extensions...)
	r.Tier, r.Switch, r.Macros = Staff, MacrosStaff, true
	return r
}

// legacy is a kind of the old Office: an OLE compound file.
func legacy(title, mediaType string, extensions ...string) Row {
	return Row{Title: title, MediaType: mediaType, Extensions: extensions, Claims: []string{oleContent, "application/vnd.ms-office", "application/x-msoffice"},
		Family: Document, Tier: Checked, Switch: LegacyOfficeOff, Container: OLE, contents: []string{oleContent}}
}

// bundle is a zip that is known by a member.
func bundle(family Family, title, mediaType string, markers []string, extensions ...string) Row {
	return Row{Title: title, MediaType: mediaType, Extensions: extensions, Claims: zipClaims, Family: family, Tier: Default, Container: Zip,
		contents: []string{zipContent}, markers: markers}
}

var documents = []Row{
	{Title: "PDF document", MediaType: "application/pdf", Extensions: []string{".pdf"}, Claims: []string{"application/x-pdf"},
		Family: Document, Tier: Default, contents: []string{"application/pdf"}},
	document("Word document", wordDocument, ".docx"),
	document("Word template", office+"wordprocessingml.template", ".dotx"),
	document("Excel workbook", spreadsheet, ".xlsx"),
	document("Excel template", office+"spreadsheetml.template", ".xltx"),
	document("PowerPoint presentation", presentation, ".pptx"),
	document("PowerPoint show", office+"presentationml.slideshow", ".ppsx"),
	document("PowerPoint template", office+"presentationml.template", ".potx"),
	document("Visio drawing", "application/vnd.ms-visio.drawing", ".vsdx"),
	macroDocument("Word document with macros", "application/vnd.ms-word.document.macroEnabled.12", ".docm"),
	macroDocument("Excel workbook with macros", "application/vnd.ms-excel.sheet.macroEnabled.12", ".xlsm"),
	macroDocument("binary Excel workbook", "application/vnd.ms-excel.sheet.binary.macroEnabled.12", ".xlsb"),
	macroDocument("PowerPoint presentation with macros", "application/vnd.ms-powerpoint.presentation.macroEnabled.12", ".pptm"),
	macroDocument("PowerPoint show with macros", "application/vnd.ms-powerpoint.slideshow.macroEnabled.12", ".ppsm"),
	legacy("Word 97 document", "application/msword", ".doc", ".dot"),
	legacy("Excel 97 workbook", "application/vnd.ms-excel", ".xls", ".xlt"),
	legacy("PowerPoint 97 presentation", "application/vnd.ms-powerpoint", ".ppt", ".pps", ".pot"),
	legacy("Publisher document", "application/vnd.ms-publisher", ".pub"),
	legacy("Visio 2003 drawing", "application/vnd.visio", ".vsd"),
	{Title: "Rich Text document", MediaType: rtfContent, Extensions: []string{".rtf"}, Claims: []string{"text/rtf", "application/msword", "text/richtext", "application/x-rtf"},
		Family: Document, Tier: Checked, Switch: LegacyOfficeOff, Container: RTF, contents: []string{rtfContent}},
	document("OpenDocument text", odf+"text", ".odt"),
	document("OpenDocument text template", odf+"text-template", ".ott"),
	document("OpenDocument spreadsheet", odf+"spreadsheet", ".ods"),
	document("OpenDocument spreadsheet template", odf+"spreadsheet-template", ".ots"),
	document("OpenDocument presentation", odf+"presentation", ".odp"),
	document("OpenDocument presentation template", odf+"presentation-template", ".otp"),
	document("OpenDocument drawing", odf+"graphics", ".odg"),
	document("OpenDocument formula", odf+"formula", ".odf"),
	bundle(Document, "Pages document", "application/vnd.apple.pages", iWork, ".pages"),
	bundle(Document, "Numbers spreadsheet", "application/vnd.apple.numbers", iWork, ".numbers"),
	bundle(Document, "Keynote presentation", "application/vnd.apple.keynote", iWork, ".key"),
	bundle(Document, "EPUB book", "application/epub+zip", []string{"mimetype", "meta-inf/container.xml"}, ".epub"),
	bundle(Document, "XPS document", "application/vnd.ms-xpsdocument", []string{"fixeddocseq.fdseq", "fixeddocumentsequence.fdseq", "_rels/.rels"}, ".xps", ".oxps"),
	{Title: "DjVu document", MediaType: "image/vnd.djvu", Extensions: []string{".djvu", ".djv"}, Family: Document, Tier: Default, magics: []magic{{0, "AT&TFORM"}}},
}

// iWork are members of which each program of Apple writes one. The last three are
// of a document that was a folder on the computer and is packed as one.
var iWork = []string{"index/", "index.zip", "index.xml", "index.apxl", "buildversionhistory.plist", "metadata/", "*.pages/index.zip", "*.numbers/index.zip", "*.key/index.zip"}

// packed are containers of any files.
var packed = []Row{
	{Title: "zip archive", MediaType: zipContent, Extensions: []string{".zip"}, Claims: append([]string{"application/x-compressed", "multipart/x-zip"}, zipClaims[1:]...),
		Family: Archive, Tier: Default, Container: Zip, contents: []string{zipContent}},
	{Title: "tar archive", MediaType: "application/x-tar", Extensions: []string{".tar"}, Family: Archive, Tier: OptIn, Switch: ArchivesMore,
		contents: []string{"application/x-tar"}, magics: []magic{{257, "ustar"}}},
	{Title: "gzip archive", MediaType: "application/gzip", Extensions: []string{".gz", ".tgz"}, Claims: []string{"application/x-gzip", "application/x-tar", "application/x-compressed-tar"},
		Family: Archive, Tier: OptIn, Switch: ArchivesMore, contents: []string{"application/gzip"}, magics: []magic{{0, "\x1f\x8b"}}},
}
