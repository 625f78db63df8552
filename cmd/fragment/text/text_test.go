package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"satchel/internal/fragment"
)

func render(t *testing.T, content string, kind fragment.Kind, ending string) (string, bool) {
	t.Helper()
	var b strings.Builder
	cut, err := Render(&b, []byte(content), kind, ending)
	require.NoError(t, err)
	return b.String(), cut
}

func TestCode(t *testing.T) {
	t.Parallel()
	made, cut := render(t, "def f():\n    return '<b>'\n", fragment.Code, ".py")
	require.False(t, cut)
	require.Contains(t, made, `<span class="k">def</span>`)
	require.NotContains(t, made, "<b>")
	made, _ = render(t, "plain <i>words</i>", fragment.Code, ".nobody-knows")
	require.Contains(t, made, "plain &lt;i&gt;words&lt;/i&gt;")
	made, cut = render(t, strings.Repeat("x\n", fragment.MaxLines+1), fragment.Code, ".txt")
	require.True(t, cut)
	require.Equal(t, fragment.MaxLines, strings.Count(made, "x\n"))
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	made, _ := render(t, "# Rain\n\n- [x] done\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n<script>alert(1)</script>\n", fragment.Markdown, ".md")
	require.Contains(t, made, "<h1>Rain</h1>")
	require.Contains(t, made, "<td>1</td>")
	require.NotContains(t, made, "<script")
}

func TestTable(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"commas": "Name,Points\nAda,12\n", "semicolons": "Name;Points\r\nAda;12\r\n", "tabs": "Name\tPoints\nAda\t12", "Excel": "sep=|\nName|Points\nAda|12\n",
		"byte order mark": "\xEF\xBB\xBFName,Points\nAda,12\n",
	} {
		made, cut := render(t, source, fragment.Table, ".csv")
		require.False(t, cut)
		require.Equal(t, "<table>\n<thead><tr><th>Name</th><th>Points</th></tr></thead><tbody>\n<tr><td>Ada</td><td>12</td></tr>\n</tbody></table>\n", made, name)
	}
	made, cut := render(t, strings.Repeat(strings.Repeat("<,", 60)+"\n", 200), fragment.Table, ".csv")
	require.True(t, cut)
	require.Equal(t, fragment.MaxRows, strings.Count(made, "<tr>"))
	require.Equal(t, fragment.MaxRows*fragment.MaxColumns, strings.Count(made, "&lt;"))
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("Größe")
	require.NoError(t, err)
	for _, content := range []string{"Größe", "\xEF\xBB\xBFGröße", "Gr\xF6\xDFe", utf16} {
		made, _ := render(t, content, fragment.Code, ".txt")
		require.Contains(t, made, "Größe", "%q", content)
	}
	long := strings.Repeat("x", fragment.MaxSource-1) + "ß and more" // the bound cuts the letter
	made, cut := render(t, long, fragment.Code, ".txt")
	require.True(t, cut)
	require.True(t, utf8.ValidString(made))
	require.NotContains(t, made, "Ã")
}

// FuzzRender: no text makes it fail, and no text's own markup comes through.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{"", "a,b\n1,2", "# x", "\xFF\xFE", "<script>", "\"", "sep=\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, kind := range []fragment.Kind{fragment.Code, fragment.Markdown, fragment.Table} {
			var b strings.Builder
			_, err := Render(&b, content, kind, ".txt")
			require.NoError(t, err)
			require.NotContains(t, b.String(), "<script")
		}
	})
}
