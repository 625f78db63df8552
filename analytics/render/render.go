// Package render writes reports as files. Each format is written as a stream: a report of a
// hundred thousand rows takes little more memory than its rows.
package render

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"satchel/analytics"
)

// form is how a format is written.
type form struct {
	ending, mediaType string
	write             func(io.Writer, *analytics.Document, string) error
}

var forms = map[analytics.Format]form{
	analytics.JSON: {".json", "application/json", writeJSON},
	analytics.CSV:  {".csv", "text/csv", writeCSV},
	analytics.XLSX: {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", writeXLSX},
	analytics.PDF:  {".pdf", "application/pdf", writePDF},
}

// Render writes a report. folder is where a format may keep temporary files.
func Render(w io.Writer, d *analytics.Document, format analytics.Format, folder string) error {
	f, known := forms[format]
	if !known {
		return fmt.Errorf("format %q is not known", format)
	}
	out := bufio.NewWriter(w)
	if err := f.write(out, d, folder); err != nil {
		return fmt.Errorf("write report as %s: %w", format, err)
	}
	return out.Flush()
}

// Name is what the file of a report is called, and MediaType what it is.
func Name(d *analytics.Document, format analytics.Format) string {
	days := d.Period.From.Format(time.DateOnly)
	if d.Period.To.After(d.Period.From) {
		days = analytics.Say(d.Language, "file.days", days, d.Period.To.Format(time.DateOnly))
	}
	return d.Kind.Title(d.Language) + " " + days + forms[format].ending
}

// MediaType is that of a format.
func MediaType(format analytics.Format) string { return forms[format].mediaType }

// about are the lines that say what the report is.
func about(d *analytics.Document) [][2]string {
	say := func(key string, args ...any) string { return analytics.Say(d.Language, "about."+key, args...) }
	lines := [][2]string{
		{say("report"), d.Title}, {say("organization"), d.Organization},
		{say("from"), d.Period.From.Format(time.DateOnly)}, {say("to"), d.Period.To.Format(time.DateOnly)}, {say("time_zone"), d.TimeZone},
		{say("as_of"), d.AsOf.UTC().Format(time.RFC3339)},
	}
	if d.Threshold > 0 {
		lines = append(lines, [2]string{say("hidden"), say("hidden.text", d.Threshold, hiddenMark)})
	}
	for _, n := range d.Notes {
		lines = append(lines, [2]string{say("note"), n})
	}
	return lines
}

// hiddenMark stands for a figure that is hidden.
const hiddenMark = "*"

// rows gives those of a table with its total, which is labeled in the language.
func rows(t analytics.Table, language string, each func(analytics.Row) error) error {
	for _, r := range t.Rows {
		if err := each(r); err != nil {
			return err
		}
	}
	if t.Total == nil {
		return nil
	}
	total := *t.Total
	total.Labels = make([]string, len(t.Labels))
	if len(total.Labels) > 0 {
		total.Labels[0] = analytics.Say(language, "total")
	}
	return each(total)
}

func headings(t analytics.Table, language string) []string {
	names := append([]string{}, t.Labels...)
	for _, c := range t.Columns {
		title := c.Title
		if c.Unit != analytics.Count {
			title += " (" + analytics.Say(language, "unit."+string(c.Unit)) + ")"
		}
		names = append(names, title)
	}
	return names
}

// inert takes from a text what a spreadsheet would calculate: what begins with one of these
// characters is a formula to some of them.
func inert(s string) string {
	s = plain(s)
	if trimmed := strings.TrimLeft(s, " \u00a0\ufeff"); trimmed != "" && strings.ContainsRune("=+-@\t|％＝＋－＠", []rune(trimmed)[0]) {
		return "'" + s
	}
	return s
}

// plain is a text without control characters, which XML does not hold.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// writeCSV writes the tables one below the other, each with its title and headings, and an
// empty line between two.
func writeCSV(w io.Writer, d *analytics.Document, _ string) error {
	out := csv.NewWriter(w)
	for _, line := range about(d) {
		_ = out.Write([]string{line[0], inert(line[1])}) // Error says below what went wrong
	}
	for _, t := range d.Tables {
		_ = out.Write([]string{""})
		_ = out.Write([]string{inert(t.Title)})
		_ = out.Write(headings(t, d.Language))
		record := make([]string, 0, len(t.Labels)+len(t.Columns))
		err := rows(t, d.Language, func(r analytics.Row) error {
			record = record[:0]
			for _, l := range r.Labels {
				record = append(record, inert(l))
			}
			for _, v := range r.Values {
				record = append(record, figure(v))
			}
			return out.Write(record)
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func figure(v analytics.Value) string {
	if v.Hidden {
		return hiddenMark
	}
	return strconv.FormatInt(v.N, 10)
}

// writeJSON writes satchel-report/1. A hidden figure is null.
func writeJSON(w io.Writer, d *analytics.Document, _ string) error {
	head := struct {
		Schema       string         `json:"schema"`
		Kind         analytics.Kind `json:"kind"`
		Language     string         `json:"language"` // of its texts
		Title        string         `json:"title"`
		Organization string         `json:"organization"`
		From         string         `json:"from"`
		To           string         `json:"to"`
		TimeZone     string         `json:"time_zone"`
		AsOf         time.Time      `json:"as_of"`
		Threshold    int            `json:"threshold"`
		Rows         int            `json:"rows"`
		Notes        []string       `json:"notes"`
	}{"satchel-report/1", d.Kind, analytics.Language(d.Language), d.Title, d.Organization, d.Period.From.Format(time.DateOnly), d.Period.To.Format(time.DateOnly), d.TimeZone, d.AsOf.UTC(), d.Threshold, d.Rows(), append([]string{}, d.Notes...)}
	b, err := json.Marshal(head)
	if err != nil {
		return err
	}
	p := printer{w: w}
	p.put(string(b[:len(b)-1]) + `,"tables":[`)
	for i, t := range d.Tables {
		if i > 0 {
			p.put(",")
		}
		p.table(d, t)
	}
	p.put("]}\n")
	return p.err
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) put(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

func (p *printer) value(v any) {
	b, err := json.Marshal(v)
	if err != nil && p.err == nil {
		p.err = err
	}
	p.put(string(b))
}

func (p *printer) table(d *analytics.Document, t analytics.Table) {
	head, err := json.Marshal(struct {
		Name    string             `json:"name"`
		Title   string             `json:"title"`
		Note    string             `json:"note"`
		Labels  []string           `json:"labels"`
		Columns []analytics.Column `json:"columns"`
		Chart   string             `json:"chart_svg"` // empty: none
	}{t.Name, t.Title, t.Note, t.Labels, t.Columns, SVG(d, t)})
	if err != nil {
		p.err = err
		return
	}
	p.put(string(head[:len(head)-1]) + `,"rows":[`)
	for i, r := range t.Rows {
		if i > 0 {
			p.put(",\n")
		}
		p.row(r)
	}
	p.put(`],"total":`)
	if t.Total == nil {
		p.put("null}")
		return
	}
	p.row(*t.Total)
	p.put("}")
}

func (p *printer) row(r analytics.Row) {
	p.put("[")
	for i, l := range r.Labels {
		if i > 0 {
			p.put(",")
		}
		p.value(l)
	}
	for i, v := range r.Values {
		if i > 0 || len(r.Labels) > 0 {
			p.put(",")
		}
		if v.Hidden {
			p.put("null")
			continue
		}
		p.put(strconv.FormatInt(v.N, 10))
	}
	p.put("]")
}
