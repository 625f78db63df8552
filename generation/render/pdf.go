package render

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"satchel/generation"
)

const (
	pdfFont   = "go"
	pdfMargin = 20.0
	pdfLine   = 6.0
	pdfRows   = 5.0
)

// pdf writes A4 pages. Fixed dates and a sorted catalog make the same document the same
// bytes.
func pdf(d *generation.Document, answers bool) ([]byte, error) {
	p := fpdf.New("P", "mm", "A4", "")
	fixed := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	p.SetCreationDate(fixed)
	p.SetModificationDate(fixed)
	p.SetCatalogSort(true)
	p.SetTitle(d.Title, true)
	p.SetLang(d.Language)
	p.AddUTF8FontFromBytes(pdfFont, "", goregular.TTF)
	p.AddUTF8FontFromBytes(pdfFont, "B", gobold.TTF)
	p.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	p.SetAutoPageBreak(true, pdfMargin)
	p.AddPage()
	for _, b := range blocks(d, answers) {
		switch {
		case b.heading != "":
			p.Ln(2)
			p.SetFont(pdfFont, "B", 20-4*float64(b.level))
			p.MultiCell(0, 9, basic(b.heading), "", "L", false)
		case b.items != nil:
			p.SetFont(pdfFont, "", 11)
			for _, item := range b.items {
				p.SetX(pdfMargin + 6)
				p.MultiCell(0, pdfLine, basic(item), "", "L", false)
			}
			p.Ln(2)
		case b.rows != nil:
			pdfTable(p, b.rows)
		default:
			p.SetFont(pdfFont, "", 11)
			p.MultiCell(0, pdfLine, basic(b.text), "", "L", false)
			p.Ln(1)
		}
	}
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// pdfTable writes each row as high as its highest cell. A row that does not fit on the
// rest of the page begins the next one.
func pdfTable(p *fpdf.Fpdf, rows [][]string) {
	width, height := p.GetPageSize()
	column := (width - 2*pdfMargin) / float64(len(rows[0]))
	for i, row := range rows {
		style := ""
		if i == 0 {
			style = "B"
		}
		p.SetFont(pdfFont, style, 9)
		lines := 1
		for _, cell := range row {
			lines = max(lines, len(p.SplitText(basic(cell), column-2*p.GetCellMargin())))
		}
		high := float64(lines) * pdfRows
		if p.GetY()+high > height-pdfMargin && p.GetY() > pdfMargin {
			p.AddPage()
		}
		top := p.GetY()
		for c, cell := range row {
			x := pdfMargin + float64(c)*column
			if high < height-2*pdfMargin {
				p.Rect(x, top, column, high, "D")
			}
			p.SetXY(x, top)
			p.MultiCell(column, pdfRows, basic(cell), "", "L", false)
		}
		if high < height-2*pdfMargin {
			p.SetXY(pdfMargin, top+high)
		}
	}
	p.Ln(3)
}

// basic replaces characters beyond the basic plane, which the writer of fonts does not
// know.
func basic(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if r > 0xFFFF {
			runes[i] = '\u25a1'
		}
	}
	return string(runes)
}
