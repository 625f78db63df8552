// Package previews is the policy of which kind of file gets which preview. It is one
// table over the kinds of policies/types; the pipeline and docs/previews.md read it.
package previews

import (
	"slices"

	"satchel/policies/types"
)

// Method is how previews of a kind are made.
type Method string

// The closed list of methods.
const (
	Picture  Method = "picture"  // the picture itself, smaller
	Pages    Method = "pages"    // the first pages of a PDF
	Office   Method = "office"   // by way of a PDF
	Drawing  Method = "drawing"  // an SVG, drawn
	Film     Method = "film"     // one frame
	Sound    Method = "sound"    // its loudness as a picture
	Cover    Method = "cover"    // the cover of an EPUB
	Member   Method = "member"   // a picture that the program which wrote the file put into it
	Embedded Method = "embedded" // the largest JPEG in the file, which a camera or Photoshop put into it
	Markdown Method = "markdown" // as HTML
	Table    Method = "table"    // the first rows as HTML
	Code     Method = "code"     // the text as HTML
)

// Quick says that the method takes tenths of a second and needs none of the programs of
// others that take more.
func (m Method) Quick() bool { return m == Picture }

// HasPages says that a document of the method has pages, each of which can be shown.
func (m Method) HasPages() bool { return m == Pages || m == Office }

// PagesAtOnce is how many pages of a document are made when one of them is asked for: a
// reader who turns a page turns the next.
const PagesAtOnce = 10

// FirstOf is the first page of those that are made with page n, both from 1.
func FirstOf(n int) int { return (n-1)/PagesAtOnce*PagesAtOnce + 1 }

// Row says how the previews of one kind are made.
type Row struct {
	Method Method
	// Members are names of pictures in a zip, the best first. Beside Office they are
	// what is shown where LibreOffice is missing.
	Members []string
}

// ofKinds are the kinds by their media types.
var ofKinds = map[string]Row{
	"image/jpeg": {Method: Picture}, "image/png": {Method: Picture}, "image/gif": {Method: Picture}, "image/webp": {Method: Picture},
	"image/avif": {Method: Picture}, "image/heic": {Method: Picture}, "image/tiff": {Method: Picture}, "image/bmp": {Method: Picture},
	"image/jp2": {Method: Picture}, "image/jxl": {Method: Picture}, "image/vnd.microsoft.icon": {Method: Picture},

	"image/x-dng": {Method: Embedded}, "image/vnd.adobe.photoshop": {Method: Embedded},

	"application/pdf":      {Method: Pages},
	"application/epub+zip": {Method: Cover},
	"image/svg+xml":        {Method: Drawing},

	"text/markdown":             {Method: Markdown},
	"text/csv":                  {Method: Table},
	"text/tab-separated-values": {Method: Table},

	"application/vnd.apple.pages":      {Method: Member, Members: iWork},
	"application/vnd.apple.numbers":    {Method: Member, Members: iWork},
	"application/vnd.apple.keynote":    {Method: Member, Members: iWork},
	"application/x-krita":              {Method: Member, Members: []string{"mergedimage.png", "preview.png"}},
	"image/openraster":                 {Method: Member, Members: []string{"mergedimage.png", "Thumbnails/thumbnail.png"}},
	"application/x-procreate":          {Method: Member, Members: []string{"QuickLook/Thumbnail.png"}},
	"application/x-musescore":          {Method: Member, Members: []string{"Thumbnails/thumbnail.png"}},
	"application/vnd.geogebra.file":    {Method: Member, Members: []string{"geogebra_thumbnail.png"}},
	"application/x-minecraft-world":    {Method: Member, Members: []string{"world_icon.jpeg"}},
	"model/3mf":                        {Method: Member, Members: []string{"Metadata/thumbnail.png"}},
	"application/x-extension-fcstd":    {Method: Member, Members: []string{"thumbnails/Thumbnail.png"}},
	"application/vnd.ms-publisher":     {Method: Office},
	"application/vnd.visio":            {Method: Office},
	"application/vnd.ms-visio.drawing": {Method: Office},

	"application/msword": {Method: Office}, "application/vnd.ms-excel": {Method: Office}, "application/vnd.ms-powerpoint": {Method: Office}, "application/rtf": {Method: Office},
	"application/vnd.oasis.opendocument.text-flat-xml": {Method: Office},
}

var (
	iWork        = []string{"preview.jpg", "QuickLook/Thumbnail.jpg", "preview-web.jpg"}
	openXML      = []string{"docProps/thumbnail.jpeg", "docProps/thumbnail.png"}
	openDocument = []string{"Thumbnails/thumbnail.png"}
)

func init() {
	for _, kind := range []string{"wordprocessingml.document", "wordprocessingml.template", "spreadsheetml.sheet", "spreadsheetml.template",
		"presentationml.presentation", "presentationml.slideshow", "presentationml.template"} {
		ofKinds["application/vnd.openxmlformats-officedocument."+kind] = Row{Office, openXML}
	}
	for _, kind := range []string{"word.document", "excel.sheet", "excel.sheet.binary", "powerpoint.presentation", "powerpoint.slideshow"} {
		ofKinds["application/vnd.ms-"+kind+".macroEnabled.12"] = Row{Office, openXML}
	}
	for _, kind := range []string{"text", "text-template", "spreadsheet", "spreadsheet-template", "presentation", "presentation-template", "graphics"} {
		ofKinds["application/vnd.oasis.opendocument."+kind] = Row{Office, openDocument}
	}
}

// ofFamilies are the kinds that ofKinds does not name.
var ofFamilies = map[types.Family]Method{
	types.Text: Code, types.Source: Code, types.Markup: Code, types.Video: Film, types.Audio: Sound,
}

// without are kinds of those families that have none, each with its reason.
var without = map[string]string{
	"audio/midi": "notes, which ffmpeg does not play",
}

// For tells how the previews of files of a stored media type are made. Kinds without
// previews are not known.
func For(mediaType string) (Row, bool) {
	if row, ok := ofKinds[mediaType]; ok {
		row.Members = slices.Clone(row.Members)
		return row, true
	}
	kind, ok := types.ByMediaType(mediaType)
	if _, none := without[mediaType]; !ok || none {
		return Row{}, false
	}
	method, ok := ofFamilies[kind.Family]
	return Row{Method: method}, ok
}

// MediaTypes are the stored media types that ofKinds names for a method, in their order.
func MediaTypes(m Method) []string {
	var all []string
	for name, row := range ofKinds {
		if row.Method == m {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
