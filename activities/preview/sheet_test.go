package preview

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"satchel/policies/previews"
)

func TestSheet(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a", "    b", "", "c"}, sheetText("a\r\n\tb\n\n\x00c", previews.Code))
	require.Equal(t, []string{"name              points            ", "A, B              3                 "}, sheetText("name;points\n\"A, B\";3\n", previews.Table))
	long := sheetText(strings.Repeat("ä", sheetColumns+1), previews.Code)
	require.Equal(t, []int{sheetColumns, 1}, []int{utf8.RuneCountInString(long[0]), utf8.RuneCountInString(long[1])})
	require.Len(t, sheetText(strings.Repeat("x\n", 10*sheetLines), previews.Code), sheetLines)
	require.Len(t, sheetText(strings.Repeat("x,y\n", 10*sheetLines), previews.Table), sheetLines)
	require.Contains(t, Sheet("# Rain\n# & <b>", previews.Markdown), `font-weight="bold" font-size="17">Rain</text>`)
}

// FuzzSheet: whatever a text says, its drawing is well formed, is bounded, and has no
// elements but those of a sheet.
func FuzzSheet(f *testing.F) {
	f.Add([]byte("</text><image href='file:///etc/passwd'/>"), 0)
	f.Add([]byte("a,\"b\n\xff\xfe"), 1)
	f.Add([]byte("# ]]> \ufffe &amp;"), 2)
	f.Fuzz(func(t *testing.T, content []byte, method int) {
		m := []previews.Method{previews.Code, previews.Table, previews.Markdown}[uint(method)%3]
		drawn := Sheet(previews.Decode(content), m)
		require.Less(t, len(drawn), 1000+sheetLines*(100+sheetColumns*8))
		for d := xml.NewDecoder(strings.NewReader(drawn)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			require.NoError(t, err, drawn)
			if e, ok := token.(xml.StartElement); ok {
				require.Contains(t, []string{"svg", "rect", "g", "text"}, e.Name.Local)
			}
		}
	})
}
