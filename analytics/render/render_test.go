package render_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"satchel/analytics"
	"satchel/analytics/render"
)

func document(labels ...string) *analytics.Document {
	day := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	t := analytics.Table{Name: "types", Title: "Kinds of files", Labels: []string{"Kind"}, Chart: analytics.Bars,
		Columns: []analytics.Column{{Name: "files", Title: "Files", Unit: analytics.Count}, {Name: "bytes", Title: "Size", Unit: analytics.Bytes}}}
	for i, l := range labels {
		t.Rows = append(t.Rows, analytics.Row{Labels: []string{l}, Values: []analytics.Value{{N: int64(i+1) * 1000}, {N: 1 << 20, Hidden: i%2 == 1}}})
	}
	t.Total = &analytics.Row{Values: []analytics.Value{{N: 3000}, {N: 2 << 20}}}
	line := t
	line.Name, line.Title, line.Chart, line.Total = "days", "By day", analytics.Line, nil
	return &analytics.Document{Kind: analytics.Types, Title: "Kinds of files", Organization: "Grundschule Süd & Co", Period: analytics.Period{From: day, To: day.AddDate(0, 0, 6)},
		TimeZone: "Europe/Berlin", AsOf: day.AddDate(0, 0, 8), Threshold: 10, Tables: []analytics.Table{t, line}}
}

func write(t *testing.T, d *analytics.Document, format analytics.Format) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, render.Render(&out, d, format, t.TempDir()))
	return out.Bytes()
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var read struct {
		Schema, From, To string
		Threshold, Rows  int
		Tables           []struct {
			Name  string
			Rows  [][]any
			Total []any
			Chart string `json:"chart_svg"`
		}
	}
	require.NoError(t, json.Unmarshal(write(t, document("application/pdf", "text/plain"), analytics.JSON), &read))
	require.Equal(t, "satchel-report/1", read.Schema)
	require.Equal(t, "2026-11-08", read.To)
	require.Equal(t, 4, read.Rows)
	require.Equal(t, []any{"text/plain", 2000.0, nil}, read.Tables[0].Rows[1], "what is hidden is null")
	require.Equal(t, []any{"Total", 3000.0, 2097152.0}, append([]any{"Total"}, read.Tables[0].Total...))
	for _, table := range read.Tables {
		require.NoError(t, wellFormed(table.Chart))
		require.Contains(t, table.Chart, "<title>")
		require.NotContains(t, strings.ReplaceAll(table.Chart, "http://www.w3.org/2000/svg", ""), "http")
	}
}

func wellFormed(s string) error {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err == io.EOF { //nolint:errorlint // io.EOF is given as it is
			return nil
		} else if err != nil {
			return err
		}
	}
}

// hostile are names that spreadsheets would calculate, or that would break out of a form.
var hostile = []string{"=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "\u00a0=1", "＝1+1", "|calc", `"=1","=2"`, "a\r\n=1", "</text><script>alert(1)</script>", "🎒\x00bell"}

func TestNothingIsCalculated(t *testing.T) {
	t.Parallel()
	reader := csv.NewReader(bytes.NewReader(write(t, document(hostile...), analytics.CSV)))
	reader.FieldsPerRecord = -1
	records, err := reader.ReadAll()
	require.NoError(t, err)
	for _, record := range records {
		for _, cell := range record {
			if cell = strings.TrimLeft(cell, " \u00a0\ufeff"); cell != "" {
				require.NotContains(t, "=+-@\t|＝＋－＠", string([]rune(cell)[0]), "%q", cell)
				require.NotContains(t, cell, "\n=")
			}
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(write(t, document(hostile...), analytics.XLSX)))
	require.NoError(t, err)
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		require.NoError(t, err)
		for y, row := range rows {
			for x := range row {
				cell, err := excelize.CoordinatesToCellName(x+1, y+1)
				require.NoError(t, err)
				formula, err := f.GetCellFormula(sheet, cell)
				require.NoError(t, err)
				require.Empty(t, formula)
			}
		}
	}
	require.NoError(t, f.Close())
	require.NoError(t, wellFormed(render.SVG(document(hostile...), document(hostile...).Tables[0])))
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	f, err := excelize.OpenReader(bytes.NewReader(write(t, document("application/pdf", "text/plain"), analytics.XLSX)))
	require.NoError(t, err)
	require.Equal(t, []string{"Report", "1 Kinds of files", "2 By day"}, f.GetSheetList())
	rows, err := f.GetRows("1 Kinds of files", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	require.Equal(t, [][]string{{"Kind", "Files", "Size (bytes)"}, {"application/pdf", "1000", "1048576"}, {"text/plain", "2000", "*"}, {"Total", "3000", "2097152"}}, rows)
	require.NoError(t, f.Close())
}

func TestPDF(t *testing.T) {
	t.Parallel()
	many := make([]string, 600)
	for i := range many {
		many[i] = fmt.Sprintf("2026-11-%d", i)
	}
	d := document(many...)
	first := write(t, d, analytics.PDF)
	require.True(t, bytes.HasPrefix(first, []byte("%PDF-")))
	require.Equal(t, first, write(t, d, analytics.PDF), "the same report is the same bytes")
	require.NotEmpty(t, write(t, document(), analytics.PDF), "a report without rows")
	require.NotEmpty(t, write(t, document(hostile...), analytics.PDF))
}

func TestNames(t *testing.T) {
	t.Parallel()
	d := document()
	require.Equal(t, "Kinds of files 2026-11-02 to 2026-11-08.xlsx", render.Name(d, analytics.XLSX))
	d.Language = "de"
	require.Equal(t, "Arten von Dateien 2026-11-02 bis 2026-11-08.xlsx", render.Name(d, analytics.XLSX))
	d.Language = ""
	d.Period.To = d.Period.From
	require.Equal(t, "Kinds of files 2026-11-02.csv", render.Name(d, analytics.CSV))
}

// TestAReportInGerman has no English word of the program in any form: what the document says by
// itself is the reader's, and everything else is of the catalog.
func TestAReportInGerman(t *testing.T) {
	t.Parallel()
	d := document("application/pdf", "text/plain")
	d.Language, d.Title, d.Notes = "de", "Arten von Dateien", []string{"Ein Satz."}
	d.Tables = d.Tables[:1]
	d.Tables[0].Title, d.Tables[0].Labels = "Nach Art", []string{"Art"}
	d.Tables[0].Columns[0].Title, d.Tables[0].Columns[1].Title = "Dateien", "Größe"
	csv := string(write(t, d, analytics.CSV))
	for _, said := range []string{"Bericht,Arten von Dateien\n", "Zeitzone,Europe/Berlin\n", "Verborgen,\"Zahlen über weniger als 10 Personen", "Art,Dateien,Größe (Bytes)\n", "\nSumme,3000,2097152\n"} {
		require.Contains(t, csv, said)
	}
	f, err := excelize.OpenReader(bytes.NewReader(write(t, d, analytics.XLSX)))
	require.NoError(t, err)
	require.Equal(t, []string{"Bericht", "1 Nach Art"}, f.GetSheetList())
	require.NoError(t, f.Close())
	require.Contains(t, render.SVG(d, d.Tables[0]), "Dateien, Arten von Dateien: 2 Zahlen, von application/pdf bis text/plain.")
	d.Tables[0].Plotted = 1
	require.Contains(t, render.SVG(d, d.Tables[0]), "1,0 MiB")
	require.Contains(t, string(write(t, d, analytics.JSON)), `"language":"de"`)
	require.Contains(t, string(write(t, d, analytics.PDF)), "/Lang (de)")
	for _, english := range []string{"Report", "Time zone", "Hidden", "Total", "bytes"} {
		require.NotContains(t, csv, english)
	}
}
