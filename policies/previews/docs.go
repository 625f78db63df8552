package previews

import (
	"fmt"
	"strings"

	"satchel/policies/types"
)

// meanings describe the methods in the order of the page.
var meanings = []struct {
	method                   Method
	preview, program, absent string
}{
	{Picture, "`fit320`, `fit800`, `fit1600` as WebP and JPEG", "libvips", "the worker does not start"},
	{Pages, "the first page in the sizes of a picture, `page-1.jpg` to `page-5.jpg`, `pages`", "poppler-utils", "`not_available_here`"},
	{Office, "as a PDF", "LibreOffice, then poppler-utils", "the small picture that the writing program put into the file, else `not_available_here`"},
	{Drawing, "the drawing in the sizes of a picture", "librsvg2-bin", "`not_available_here`"},
	{Film, "one frame in the sizes of a picture, `duration`, `width`, `height`", "ffmpeg", "`not_available_here`"},
	{Sound, "the loudness in the sizes of a picture, `duration`", "ffmpeg", "`not_available_here`"},
	{Cover, "the cover in the sizes of a picture", "libvips", "the worker does not start"},
	{Member, "the picture in the file in the sizes of a picture", "libvips", "the worker does not start"},
	{Embedded, "the picture that the camera or the program put into the file, in the sizes of a picture", "libvips", "the worker does not start"},
	{Markdown, "`text.html`: headings, lists, tables", "goldmark", "always there"},
	{Table, "`text.html`: the first 100 rows of 40 columns", "Go's csv", "always there"},
	{Code, "`text.html`: the first 2,000 lines, its words marked by classes", "chroma", "always there"},
}

// short names the previews of a method in a few words, for a column of docs/types.md.
var short = map[Method]string{
	Picture: "picture", Pages: "pages", Office: "pages", Drawing: "picture", Film: "a frame", Sound: "loudness", Cover: "cover",
	Member: "picture in it", Embedded: "picture in it", Markdown: "HTML", Table: "HTML table", Code: "HTML",
}

// Short says what previews files of a stored media type have.
func Short(mediaType string) string {
	row, ok := For(mediaType)
	if !ok {
		return "no"
	}
	return short[row.Method]
}

// Documentation writes the table of docs/previews.md.
func Documentation() string {
	var b strings.Builder
	b.WriteString("| kinds | preview | made with | without it |\n|---|---|---|---|\n")
	for _, m := range meanings {
		var kinds []string
		for _, kind := range types.Table() {
			if row, ok := For(kind.MediaType); ok && row.Method == m.method {
				kinds = append(kinds, kind.Title)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.Join(kinds, ", "), m.preview, m.program, m.absent)
	}
	return b.String()
}
