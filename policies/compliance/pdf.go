package compliance

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

const (
	pdfFont   = "go"
	pdfMargin = 20.0
	pdfTitle  = "Compliance report"
)

// words are how a report says it on paper.
var words = map[State]string{Met: "Met", NotMet: "Not met", Attention: "Needs attention", NotAsked: "Does not apply"}

var lawNames = map[Law]string{COPPA: "COPPA, 16 CFR 312", FERPA: "FERPA, 34 CFR 99"}

// WritePDF writes A4 pages, in English as the rules are. The same report gives the same bytes.
func (r *Report) WritePDF(w io.Writer) error {
	p := page{fpdf.New("P", "mm", "A4", "")}
	p.SetCreationDate(r.AsOf)
	p.SetModificationDate(r.AsOf)
	p.SetCatalogSort(true)
	p.SetTitle(pdfTitle, true)
	p.SetLang("en")
	p.AddUTF8FontFromBytes(pdfFont, "", goregular.TTF)
	p.AddUTF8FontFromBytes(pdfFont, "B", gobold.TTF)
	p.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	p.SetAutoPageBreak(true, pdfMargin)
	p.SetFooterFunc(func() {
		p.SetY(-14)
		p.SetFont(pdfFont, "", 8)
		p.SetTextColor(110, 118, 128)
		p.CellFormat(0, 5, fmt.Sprintf("%s, page %d", pdfTitle, p.PageNo()), "", 0, "R", false, 0, "")
	})
	p.AddPage()
	p.line("B", 20, 9, pdfTitle)
	p.line("", 9, 4.6, "Organization: "+r.Name)
	p.line("", 9, 4.6, "As of: "+r.AsOf.UTC().Format(time.RFC3339))
	p.line("", 9, 4.6, "Derived from the rows of the organization at that time. An engineer's reading of the rules, not legal advice. A count of 10000 is that many, or more.")
	for _, law := range Laws {
		p.Ln(5)
		verdict := "No rule is broken"
		if n := r.Count(law, NotMet); n > 0 {
			verdict = fmt.Sprintf("%d not met", n)
		}
		p.line("B", 14, 7, lawNames[law]+": "+verdict)
		for _, c := range r.Checks {
			if c.Law == law {
				p.check(c)
			}
		}
	}
	if err := p.Output(w); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

type page struct{ *fpdf.Fpdf }

func (p page) line(style string, size, height float64, text string) {
	p.SetFont(pdfFont, style, size)
	p.SetTextColor(31, 41, 51)
	p.MultiCell(0, height, basic(text), "", "L", false)
}

// check is a rule with its finding; it begins on a page that has room for its first lines.
func (p page) check(c Check) {
	const room = 40
	if _, height := p.GetPageSize(); p.GetY()+room > height-pdfMargin {
		p.AddPage()
	}
	p.Ln(3)
	p.line("B", 10, 5, words[c.State]+": "+c.Section)
	p.line("", 9, 4.6, c.Asks)
	p.line("", 9, 4.6, c.Reason)
	if len(c.Evidence) > 0 {
		counts := make([]string, len(c.Evidence))
		for i, e := range c.Evidence {
			counts[i] = strings.ReplaceAll(e.Name, "_", " ") + " " + strconv.FormatInt(e.Count, 10)
		}
		p.line("", 8, 4.2, "Evidence: "+strings.Join(counts, "; "))
	}
	proof := make([]string, len(c.Proof))
	for i, t := range c.Proof {
		proof[i] = t.Package + " " + t.Test
	}
	p.line("", 8, 4.2, "Proved by: "+strings.Join(proof, ", "))
}

// basic replaces characters beyond the basic plane, which the writer of fonts does not know.
func basic(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xFFFF {
			return '\u25a1'
		}
		return r
	}, s)
}
