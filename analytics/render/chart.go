package render

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"

	"satchel/analytics"
)

// canvas is where a chart is drawn: an SVG, or a page of a PDF. Lengths are in millimeters.
type canvas interface {
	rect(x, y, w, h float64)
	line(x1, y1, x2, y2 float64, strong bool)
	text(x, y float64, anchor, s string) // anchor: start, middle or end
}

// The size of every chart.
const (
	chartWidth, chartHeight = 170.0, 62.0
	plotLeft, plotRight     = 24.0, 168.0
	plotTop, plotBottom     = 3.0, 52.0
	mostBars                = 10
	barLabel                = 62.0 // how much of the width the names of bars take
)

type point struct {
	label string
	n     int64
}

// points are the figures that a chart shows; hidden ones are not among them.
func points(t analytics.Table) (shown []point) {
	for _, r := range t.Rows {
		if t.Plotted < len(r.Values) && !r.Values[t.Plotted].Hidden && len(r.Labels) > 0 {
			shown = append(shown, point{r.Labels[0], r.Values[t.Plotted].N})
		}
	}
	return shown
}

// draw draws the chart of a table; false where there is nothing to draw.
func draw(c canvas, t analytics.Table, language string) bool {
	shown := points(t)
	switch t.Chart {
	case analytics.Bars:
		slices.SortStableFunc(shown, func(a, b point) int { return cmp.Compare(b.n, a.n) })
		shown = shown[:min(len(shown), mostBars)]
		if len(shown) == 0 || shown[0].n <= 0 {
			return false
		}
		drawBars(c, t, language, shown)
	case analytics.Line:
		if len(shown) < 2 {
			return false
		}
		drawLine(c, t, language, shown)
	default:
		return false
	}
	return true
}

func drawBars(c canvas, t analytics.Table, language string, shown []point) {
	most := float64(shown[0].n)
	step := chartHeight / float64(len(shown))
	thick := min(step*0.7, 6)
	for i, p := range shown {
		y := float64(i)*step + (step-thick)/2
		c.text(barLabel-2, y+thick/2+1.2, "end", short(p.label, 40))
		c.rect(barLabel, y, max((chartWidth-barLabel-22)*float64(p.n)/most, 0.3), thick)
		c.text(barLabel+(chartWidth-barLabel-22)*float64(p.n)/most+1.5, y+thick/2+1.2, "start", readable(p.n, t.Columns[t.Plotted].Unit, language))
	}
}

func drawLine(c canvas, t analytics.Table, language string, shown []point) {
	var most int64
	for _, p := range shown {
		most = max(most, p.n)
	}
	top := nice(most)
	y := func(n int64) float64 { return plotBottom - (plotBottom-plotTop)*float64(n)/float64(top) }
	x := func(i int) float64 {
		return plotLeft + (plotRight-plotLeft)*float64(i)/float64(len(shown)-1)
	}
	const steps = 4
	for i := range steps + 1 {
		n := top / steps * int64(i)
		c.line(plotLeft, y(n), plotRight, y(n), false)
		c.text(plotLeft-1.5, y(n)+1.2, "end", readable(n, t.Columns[t.Plotted].Unit, language))
	}
	for i := 1; i < len(shown); i++ {
		c.line(x(i-1), y(shown[i-1].n), x(i), y(shown[i].n), true)
	}
	c.text(plotLeft, plotBottom+5, "start", shown[0].label)
	c.text((plotLeft+plotRight)/2, plotBottom+5, "middle", shown[len(shown)/2].label)
	c.text(plotRight, plotBottom+5, "end", shown[len(shown)-1].label)
}

// nice is the next 1, 2, 4 or 8 of a power of ten, of which a quarter is a whole number.
func nice(n int64) int64 {
	top := int64(4)
	for top < n {
		switch lead := top / int64(math.Pow10(int(math.Log10(float64(top))))); lead {
		case 4:
			top *= 2
		case 8:
			top = top / 8 * 20
		default:
			top *= 2
		}
	}
	return top
}

// readable writes a figure as people read it in a language.
func readable(n int64, unit analytics.Unit, language string) string {
	point := func(s string) string { return strings.Replace(s, ".", analytics.Say(language, "decimal"), 1) }
	if unit == analytics.Bytes {
		f, names := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
		i := 0
		for ; f >= 1024 && i < len(names)-1; i++ {
			f /= 1024
		}
		if i == 0 {
			return strconv.FormatInt(n, 10) + " B"
		}
		return point(fmt.Sprintf("%.1f %s", f, names[i]))
	}
	if unit == analytics.Micro {
		return point(fmt.Sprintf("%.2f", float64(n)/1e6))
	}
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	if unit == analytics.Milliseconds {
		digits += " ms"
	}
	return sign + digits
}

func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// SVG draws the chart of a table; empty where there is none. It says in words what it
// shows, and has no script and no address in it.
func SVG(d *analytics.Document, t analytics.Table) string {
	var s svg
	if !draw(&s, t, d.Language) {
		return ""
	}
	shown := points(t)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" font-family="sans-serif" font-size="3.4"><title>%s</title><desc>%s</desc>%s</svg>`,
		chartWidth, chartHeight, escaped(t.Title),
		escaped(analytics.Say(d.Language, "chart.says", t.Columns[t.Plotted].Title, d.Title, len(shown), shown[0].label, shown[len(shown)-1].label)), s.String())
}

// escaped is a text as XML may hold it.
func escaped(s string) string { return html.EscapeString(plain(s)) }

type svg struct{ strings.Builder }

func (s *svg) rect(x, y, w, h float64) {
	_, _ = fmt.Fprintf(s, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="#1f6f8b"/>`, x, y, w, h)
}

func (s *svg) line(x1, y1, x2, y2 float64, strong bool) {
	color, width := "#d5d9de", 0.2
	if strong {
		color, width = "#1f6f8b", 0.7
	}
	_, _ = fmt.Fprintf(s, `<line x1="%.2f" y1="%.2f" x2="%.2f" y2="%.2f" stroke="%s" stroke-width="%g" stroke-linecap="round"/>`, x1, y1, x2, y2, color, width)
}

func (s *svg) text(x, y float64, anchor, text string) {
	_, _ = fmt.Fprintf(s, `<text x="%.2f" y="%.2f" text-anchor="%s" fill="#333b45">%s</text>`, x, y, anchor, escaped(text))
}
