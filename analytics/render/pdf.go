package render

import (
	"fmt"
	"io"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"satchel/analytics"
)

const (
	pdfFont   = "go"
	pdfMargin = 20.0
	pdfRow    = 5.4
	// mostPDFRows is how many rows of a table are on paper. No one reads more there; the
	// other formats have them.
	mostPDFRows = 500
)

// writePDF writes A4 pages. The same report gives the same bytes.
func writePDF(w io.Writer, d *analytics.Document, _ string) error {
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCreationDate(d.AsOf.UTC())
	p.SetModificationDate(d.AsOf.UTC())
	p.SetCatalogSort(true)
	p.SetTitle(d.Title, true)
	p.SetLang(analytics.Language(d.Language))
	p.AddUTF8FontFromBytes(pdfFont, "", goregular.TTF)
	p.AddUTF8FontFromBytes(pdfFont, "B", gobold.TTF)
	p.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	p.SetAutoPageBreak(true, pdfMargin)
	p.SetFooterFunc(func() {
		p.SetY(-14)
		p.SetFont(pdfFont, "", 8)
		p.SetTextColor(110, 118, 128)
		p.CellFormat(0, 5, basic(analytics.Say(d.Language, "page", d.Title, p.PageNo())), "", 0, "R", false, 0, "")
	})
	p.AddPage()
	p.SetFont(pdfFont, "B", 20)
	p.SetTextColor(31, 41, 51)
	p.MultiCell(0, 9, basic(d.Title), "", "L", false)
	p.SetFont(pdfFont, "", 9)
	p.SetTextColor(80, 88, 98)
	for _, line := range about(d)[1:] {
		p.MultiCell(0, 4.6, basic(line[0]+": "+line[1]), "", "L", false)
	}
	for _, t := range d.Tables {
		page{p, d.Language}.table(t)
	}
	if err := p.Output(w); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

// page draws on the page where the PDF is.
type page struct {
	*fpdf.Fpdf
	language string
}

func (p page) table(t analytics.Table) {
	_, height := p.GetPageSize()
	c := &pageCanvas{page: p}
	if needed := 40 + chartHeight; t.Chart != analytics.NoChart && p.GetY()+needed > height-pdfMargin {
		p.AddPage()
	}
	p.Ln(5)
	p.SetTextColor(31, 41, 51)
	p.SetFont(pdfFont, "B", 13)
	p.MultiCell(0, 7, basic(t.Title), "", "L", false)
	c.x, c.y = pdfMargin, p.GetY()+2
	if draw(c, t, p.language) {
		p.SetY(c.y + chartHeight + 2)
	}
	if t.Note != "" {
		p.SetFont(pdfFont, "", 9)
		p.MultiCell(0, 4.6, basic(t.Note), "", "L", false)
	}
	p.Ln(1)
	widths := p.widths(t)
	p.heading(t, widths)
	n := 0
	_ = rows(t, p.language, func(r analytics.Row) error {
		if n++; n > mostPDFRows {
			return nil
		}
		if p.GetY()+pdfRow > height-pdfMargin {
			p.AddPage()
			p.heading(t, widths)
		}
		p.row(t, r, widths)
		return nil
	})
	if len(t.Rows) > mostPDFRows {
		p.SetFont(pdfFont, "", 9)
		p.MultiCell(0, 6, basic(analytics.Say(p.language, "page.first_rows", len(t.Rows), mostPDFRows)), "", "L", false)
	}
}

// widths shares the page among the columns: names take more than figures.
func (p page) widths(t analytics.Table) []float64 {
	width, _ := p.GetPageSize()
	shares := 2.2*float64(len(t.Labels)) + float64(len(t.Columns))
	all := make([]float64, 0, len(t.Labels)+len(t.Columns))
	for range t.Labels {
		all = append(all, (width-2*pdfMargin)*2.2/shares)
	}
	for range t.Columns {
		all = append(all, (width-2*pdfMargin)/shares)
	}
	return all
}

func (p page) heading(t analytics.Table, widths []float64) {
	p.SetFont(pdfFont, "B", 8)
	p.SetTextColor(31, 41, 51)
	p.SetFillColor(232, 238, 242)
	names := append([]string{}, t.Labels...)
	for _, c := range t.Columns {
		names = append(names, c.Title)
	}
	for i, title := range names {
		p.CellFormat(widths[i], pdfRow, p.fitting(title, widths[i]), "", 0, p.side(t, i), true, 0, "")
	}
	p.Ln(-1)
}

func (p page) side(t analytics.Table, i int) string {
	if i < len(t.Labels) {
		return "L"
	}
	return "R"
}

func (p page) row(t analytics.Table, r analytics.Row, widths []float64) {
	p.SetFont(pdfFont, "", 8)
	p.SetTextColor(51, 59, 69)
	p.SetDrawColor(213, 217, 222)
	cells := append([]string{}, r.Labels...)
	for i, v := range r.Values {
		text := hiddenMark
		if !v.Hidden {
			text = readable(v.N, t.Columns[i].Unit, p.language)
		}
		cells = append(cells, text)
	}
	for i, text := range cells {
		p.CellFormat(widths[i], pdfRow, p.fitting(text, widths[i]), "B", 0, p.side(t, i), false, 0, "")
	}
	p.Ln(-1)
}

// fitting cuts a text to a width.
func (p page) fitting(s string, width float64) string {
	s = basic(s)
	for r := []rune(s); p.GetStringWidth(s) > width-2*p.GetCellMargin() && len(r) > 1; {
		r = r[:len(r)-1]
		s = string(r) + "…"
	}
	return s
}

// pageCanvas draws a chart at a place of the page: the same shapes as the SVG has.
type pageCanvas struct {
	page
	x, y float64
}

func (c *pageCanvas) rect(x, y, w, h float64) {
	c.SetFillColor(31, 111, 139)
	c.Rect(c.x+x, c.y+y, w, h, "F")
}

func (c *pageCanvas) line(x1, y1, x2, y2 float64, strong bool) {
	c.SetDrawColor(213, 217, 222)
	c.SetLineWidth(0.2)
	if strong {
		c.SetDrawColor(31, 111, 139)
		c.SetLineWidth(0.7)
	}
	c.Line(c.x+x1, c.y+y1, c.x+x2, c.y+y2)
	c.SetLineWidth(0.2)
}

func (c *pageCanvas) text(x, y float64, anchor, s string) {
	c.SetFont(pdfFont, "", 8)
	c.SetTextColor(51, 59, 69)
	s = basic(s)
	switch anchor {
	case "end":
		x -= c.GetStringWidth(s)
	case "middle":
		x -= c.GetStringWidth(s) / 2
	}
	c.Text(c.x+x, c.y+y, s)
}

// basic replaces what the writer of fonts does not know: characters beyond the basic plane,
// and the narrow space between thousands.
func basic(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > 0xFFFF:
			return '\u25a1'
		case r == '\u202f':
			return '\u00a0'
		}
		return r
	}, s)
}
