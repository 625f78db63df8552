package render

import (
	"satchel/generation"
)

const (
	wordNS    = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	relNS     = "http://schemas.openxmlformats.org/package/2006/relationships"
	officeRel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	wordType  = "application/vnd.openxmlformats-officedocument.wordprocessingml."
)

// docx writes a Word document of four parts.
func docx(d *generation.Document, answers bool) ([]byte, error) {
	var body []node
	for _, b := range blocks(d, answers) {
		switch {
		case b.heading != "":
			body = append(body, wordParagraph("Heading"+number(b.level), b.heading))
		case b.items != nil:
			for _, item := range b.items {
				body = append(body, wordParagraph("Item", item))
			}
		case b.rows != nil:
			body = append(body, wordTable(b.rows), wordParagraph("", ""))
		default:
			body = append(body, wordParagraph("", b.text))
		}
	}
	body = append(body, el("w:sectPr", nil, el("w:pgSz", []string{"w:w", "11906", "w:h", "16838"}),
		el("w:pgMar", []string{"w:top", "1134", "w:right", "1134", "w:bottom", "1134", "w:left", "1134", "w:header", "708", "w:footer", "708", "w:gutter", "0"})))
	return packed([]member{
		{"[Content_Types].xml", el("Types", []string{"xmlns", "http://schemas.openxmlformats.org/package/2006/content-types"},
			el("Default", []string{"Extension", "rels", "ContentType", "application/vnd.openxmlformats-package.relationships+xml"}),
			el("Default", []string{"Extension", "xml", "ContentType", "application/xml"}),
			el("Override", []string{"PartName", "/word/document.xml", "ContentType", wordType + "document.main+xml"}),
			el("Override", []string{"PartName", "/word/styles.xml", "ContentType", wordType + "styles+xml"})).document()},
		{"_rels/.rels", relation("officeDocument", "word/document.xml")},
		{"word/_rels/document.xml.rels", relation("styles", "styles.xml")},
		{"word/document.xml", el("w:document", []string{"xmlns:w", wordNS}, el("w:body", nil, body...)).document()},
		{"word/styles.xml", styles(d.Language)},
	})
}

func relation(kind, target string) []byte {
	return el("Relationships", []string{"xmlns", relNS}, el("Relationship", []string{"Id", "rId1", "Type", officeRel + kind, "Target", target})).document()
}

func wordParagraph(style, text string) node {
	var kids []node
	if style != "" {
		kids = append(kids, el("w:pPr", nil, el("w:pStyle", []string{"w:val", style})))
	}
	if text != "" {
		kids = append(kids, el("w:r", nil, el("w:t", []string{"xml:space", "preserve"}, txt(text))))
	}
	return el("w:p", nil, kids...)
}

func wordTable(rows [][]string) node {
	border := func(side string) node {
		return el("w:"+side, []string{"w:val", "single", "w:sz", "4", "w:space", "0", "w:color", "666666"})
	}
	kids := []node{el("w:tblPr", nil, el("w:tblW", []string{"w:w", "5000", "w:type", "pct"}),
		el("w:tblBorders", nil, border("top"), border("left"), border("bottom"), border("right"), border("insideH"), border("insideV")))}
	grid := el("w:tblGrid", nil)
	width := number(9638 / len(rows[0]))
	for range rows[0] {
		grid.kids = append(grid.kids, el("w:gridCol", []string{"w:w", width}))
	}
	kids = append(kids, grid)
	for i, row := range rows {
		line := el("w:tr", nil)
		style := ""
		if i == 0 {
			line.kids, style = append(line.kids, el("w:trPr", nil, el("w:tblHeader", nil))), "Head"
		}
		for _, cell := range row {
			line.kids = append(line.kids, el("w:tc", nil, el("w:tcPr", nil, el("w:tcW", []string{"w:w", width, "w:type", "dxa"})), wordParagraph(style, cell)))
		}
		kids = append(kids, line)
	}
	return el("w:tbl", nil, kids...)
}

func styles(language string) []byte {
	style := func(id, name string, paragraph []node, run ...node) node {
		return el("w:style", []string{"w:type", "paragraph", "w:styleId", id}, el("w:name", []string{"w:val", name}),
			el("w:basedOn", []string{"w:val", "Normal"}), el("w:pPr", nil, paragraph...), el("w:rPr", nil, run...))
	}
	size := func(half string) node { return el("w:sz", []string{"w:val", half}) }
	space := el("w:spacing", []string{"w:before", "240", "w:after", "120"})
	return el("w:styles", []string{"xmlns:w", wordNS},
		el("w:docDefaults", nil,
			el("w:rPrDefault", nil, el("w:rPr", nil, el("w:rFonts", []string{"w:ascii", "Calibri", "w:hAnsi", "Calibri", "w:cs", "Calibri"}), size("22"), el("w:lang", []string{"w:val", language}))),
			el("w:pPrDefault", nil, el("w:pPr", nil, el("w:spacing", []string{"w:after", "120"})))),
		el("w:style", []string{"w:type", "paragraph", "w:default", "1", "w:styleId", "Normal"}, el("w:name", []string{"w:val", "Normal"})),
		style("Heading1", "heading 1", []node{el("w:keepNext", nil), space, el("w:outlineLvl", []string{"w:val", "0"})}, el("w:b", nil), size("36")),
		style("Heading2", "heading 2", []node{el("w:keepNext", nil), space, el("w:outlineLvl", []string{"w:val", "1"})}, el("w:b", nil), size("28")),
		style("Item", "Item", []node{el("w:ind", []string{"w:left", "567"})}),
		style("Head", "Head", nil, el("w:b", nil))).document()
}
