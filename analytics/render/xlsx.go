package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"satchel/analytics"
)

// writeXLSX writes a sheet that says what the report is, and one for each table. Texts are
// cells of text: none is calculated.
func writeXLSX(w io.Writer, d *analytics.Document, folder string) (err error) {
	f := excelize.NewFile(excelize.Options{TmpDir: folder})
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	number, err := f.NewStyle(&excelize.Style{NumFmt: 3}) // thousands apart
	if err != nil {
		return err
	}
	first := analytics.Say(d.Language, "about.report")
	if err := f.SetSheetName("Sheet1", first); err != nil {
		return err
	}
	for i, line := range about(d) {
		for c, text := range line {
			cell, err := excelize.CoordinatesToCellName(c+1, i+1)
			if err != nil {
				return err
			}
			if err := f.SetCellStr(first, cell, inert(text)); err != nil {
				return err
			}
		}
	}
	if err := f.SetColWidth(first, "A", "A", 16); err != nil {
		return err
	}
	if err := f.SetColWidth(first, "B", "B", 90); err != nil {
		return err
	}
	for n, t := range d.Tables {
		if err := sheet(f, t, d.Language, n, bold, number); err != nil {
			return err
		}
	}
	return f.Write(w)
}

// mostSheetRows is how many rows a sheet has, without its heading.
const mostSheetRows = excelize.TotalRows - 2

// sheetName is the number of a table with its title: in the 31 characters that a sheet's name
// may have, without those that it may not.
func sheetName(n int, title string) string {
	kept := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) {
			return -1
		}
		return r
	}, title)
	return short(fmt.Sprintf("%d %s", n+1, kept), excelize.MaxSheetNameLength)
}

func sheet(f *excelize.File, t analytics.Table, language string, n, bold, number int) error {
	name := sheetName(n, t.Title)
	if _, err := f.NewSheet(name); err != nil {
		return err
	}
	s, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := s.SetColWidth(1, max(len(t.Labels), 1), 30); err != nil {
		return err
	}
	if len(t.Columns) > 0 {
		if err := s.SetColWidth(len(t.Labels)+1, len(t.Labels)+len(t.Columns), 18); err != nil {
			return err
		}
	}
	if err := s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	cells := make([]any, 0, len(t.Labels)+len(t.Columns))
	for _, title := range headings(t, language) {
		cells = append(cells, excelize.Cell{StyleID: bold, Value: title})
	}
	if err := s.SetRow("A1", cells); err != nil {
		return err
	}
	at := 1
	err = rows(t, language, func(r analytics.Row) error {
		if at++; at > mostSheetRows {
			return fmt.Errorf("table %s has more rows than a sheet", t.Name)
		}
		cells = cells[:0]
		for _, l := range r.Labels {
			cells = append(cells, inert(l))
		}
		for _, v := range r.Values {
			if v.Hidden {
				cells = append(cells, hiddenMark)
				continue
			}
			cells = append(cells, excelize.Cell{StyleID: number, Value: v.N})
		}
		return s.SetRow(fmt.Sprintf("A%d", at), cells)
	})
	if err != nil {
		return err
	}
	return s.Flush()
}
