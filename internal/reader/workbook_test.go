package reader_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"satchel/internal/segments"
)

// rezipped writes an archive again with one member changed.
func rezipped(t testing.TB, archive []byte, name string, change func(string) string) []byte {
	t.Helper()
	from, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	var members []string
	for _, m := range from.File {
		body, err := m.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		if m.Name == name {
			content = []byte(change(string(content)))
		}
		members = append(members, m.Name, string(content))
	}
	return zipped(t, members...)
}

// TestDamagedSheetIsNotRead: the library gives the rows before the damage and no error, so
// the rest of the sheet would count as read and as free of personal data.
func TestDamagedSheetIsNotRead(t *testing.T) {
	t.Parallel()
	whole := workbook(t, 3)
	for name, change := range map[string]func(string) string{
		"cut off":              func(s string) string { return s[:strings.Index(s, "</row>")+6] },
		"empty":                func(string) string { return "" },
		"a tag that is broken": func(s string) string { return strings.Replace(s, "</row>", "</row><", 1) },
		"a control character":  func(s string) string { return strings.Replace(s, "</row>", "</row>\x01", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			texts, unread, _ := read(t, sheet, rezipped(t, whole, "xl/worksheets/sheet1.xml", change))
			require.Equal(t, []string{segments.Unreadable}, unread)
			require.Contains(t, texts, "sheet 2: name ssn two lines 536221876", "the other sheets are read")
		})
	}
	t.Run("a sheet that is missing", func(t *testing.T) {
		t.Parallel()
		_, unread, _ := read(t, sheet, rezipped(t, whole, "xl/_rels/workbook.xml.rels", func(s string) string {
			return strings.Replace(s, "worksheets/sheet1.xml", "worksheets/gone.xml", 1)
		}))
		require.Equal(t, []string{segments.Unreadable}, unread)
	})
}

// TestSheetOfAChartIsRead: it has no rows, and nothing of the workbook is missing.
func TestSheetOfAChartIsRead(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"grade", 3}))
	require.NoError(t, f.AddChartSheet("Chart1", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Name: "Sheet1!$A$1", Values: "Sheet1!$B$1"}}}))
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	texts, unread, _ := read(t, sheet, b.Bytes())
	require.Empty(t, unread)
	require.Contains(t, texts, "sheet 1: grade 3")
}
