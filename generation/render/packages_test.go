package render

import (
	"encoding/xml"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/generation"
)

// element is any XML element.
type element struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Kids    []element  `xml:",any"`
	Text    string     `xml:",chardata"`
	Inner   string     `xml:",innerxml"`
}

// find returns the elements of a name, in the words of QTI 2.1 or of 3.0.
func (e element) find(name string) (all []element) {
	if local := e.XMLName.Local; local == name || local == "qti-"+dash(name) {
		all = append(all, e)
	}
	for _, k := range e.Kids {
		all = append(all, k.find(name)...)
	}
	return all
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name || a.Name.Local == dash(name) {
			return a.Value
		}
	}
	return ""
}

func parse(t require.TestingT, document []byte) (e element) {
	require.NoError(t, xml.Unmarshal(document, &e))
	return e
}

// readQTI reads a package as a learning platform does: the manifest, the test, its items.
func readQTI(t require.TestingT, content []byte, format Format) (all []generation.Question) {
	files := members(t, content)
	manifest := parse(t, files["imsmanifest.xml"])
	namespaces := map[Format][3]string{
		QTI21: {"http://www.imsglobal.org/xsd/imscp_v1p1", "http://www.imsglobal.org/xsd/imsqti_v2p1", "imsqti_item_xmlv2p1"},
		QTI30: {"http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1", "http://www.imsglobal.org/xsd/imsqtiasi_v3p0", "imsqti_item_xmlv3p0"},
	}[format]
	require.Equal(t, namespaces[0], manifest.XMLName.Space)
	listed := map[string]string{}
	for _, r := range manifest.find("resource") {
		require.Contains(t, files, r.attr("href"))
		listed[r.attr("identifier")] = r.attr("type")
	}
	for _, d := range manifest.find("dependency") {
		require.Equal(t, namespaces[2], listed[d.attr("identifierref")])
	}
	require.Len(t, listed, len(files)-1)
	test := parse(t, files["test.xml"])
	for _, ref := range test.find("assessmentItemRef") {
		item := parse(t, files[ref.attr("href")])
		require.Equal(t, xml.Name{Space: namespaces[1], Local: item.XMLName.Local}, item.XMLName)
		all = append(all, readItem(t, item))
	}
	return all
}

func readItem(t require.TestingT, item element) generation.Question {
	points, err := strconv.Atoi(item.find("outcomeDeclaration")[0].attr("normalMaximum"))
	require.NoError(t, err)
	q := generation.Question{ID: item.attr("title"), Points: points, Rationale: "Because: {x}"}
	var right []string
	for _, entry := range item.find("mapEntry") {
		require.Equal(t, strconv.Itoa(points), entry.attr("mappedValue"))
		right = append(right, entry.attr("mapKey"))
	}
	body := item.find("itemBody")[0]
	switch {
	case len(body.find("choiceInteraction")) == 1:
		q.Type, q.Stem = generation.Choice, body.find("prompt")[0].Text
		for i, c := range body.find("simpleChoice") {
			if q.Options = append(q.Options, c.Text); c.attr("identifier") == right[0] {
				q.Key = i
			}
		}
	case len(body.find("textEntryInteraction")) == 1:
		q.Type, q.Accepted = generation.Cloze, right
		paragraphs := body.find("p")
		before, rest, _ := strings.Cut(paragraphs[len(paragraphs)-1].Inner, "<")
		_, after, _ := strings.Cut(rest, "/>")
		q.Stem = unescaped(t, before) + generation.Gap + unescaped(t, after)
	default:
		require.Len(t, body.find("extendedTextInteraction"), 1)
		require.Empty(t, item.find("responseProcessing"), "a text is read by a person")
		q.Type, q.Stem, q.Accepted = generation.Open, body.find("prompt")[0].Text, []string{body.find("rubricBlock")[0].find("p")[0].Text}
	}
	return q
}

func unescaped(t require.TestingT, s string) string { return parse(t, []byte("<p>"+s+"</p>")).Text }

func TestQTIIsReadBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []generation.Kind{generation.Quiz, generation.Worksheet, generation.Passage} {
		for _, format := range []Format{QTI21, QTI30} {
			d := document(kind)
			file, err := Render(d, format, false)
			require.NoError(t, err)
			require.Equal(t, d.Questions, readQTI(t, file.Content, format))
			if kind == generation.Passage {
				require.Contains(t, elements(t, members(t, file.Content)["items/item-1.xml"], "p"), hostile, "the passage is in each item")
			}
		}
	}
}

// readGIFT reads what GIFT's description says, with its escapes.
func readGIFT(t require.TestingT, content string) (all []generation.Question) {
	for _, entry := range strings.Split(strings.TrimSpace(content), "\n\n") {
		if strings.HasPrefix(entry, "//") {
			continue // a comment
		}
		parts := split(entry, "{")
		if len(parts) == 1 {
			continue // a text without a question
		}
		require.Len(t, parts, 2)
		head, before, ok := strings.Cut(parts[0], "::[plain]")
		require.True(t, ok)
		inner := split(parts[1], "}")
		require.Len(t, inner, 2)
		q := generation.Question{ID: strings.TrimPrefix(head, "::"), Points: 2, Rationale: "Because: {x}", Stem: plain(before) + generation.Gap + plain(inner[1])}
		answers, _, _ := strings.Cut(inner[0], "####")
		right := split(answers, "=")
		switch {
		case answers == "":
			q.Type, q.Stem, q.Accepted = generation.Open, strings.TrimSuffix(plain(before), " "), []string{"A sample <answer>."}
		case len(split(answers, "~")) == 1:
			q.Type = generation.Cloze
			for _, a := range right[1:] {
				q.Accepted = append(q.Accepted, strings.TrimSpace(plain(a)))
			}
		default:
			q.Type = generation.Choice
			if inner[1] == "" {
				q.Stem = strings.TrimSuffix(plain(before), " ")
			}
			for _, piece := range strings.Split(mark(answers, "~="), "\x00")[1:] {
				if piece[0] == '=' {
					q.Key = len(q.Options)
				}
				q.Options = append(q.Options, strings.TrimSpace(plain(piece[1:])))
			}
		}
		all = append(all, q)
	}
	return all
}

// mark puts a NUL before each of the characters that is not escaped.
func mark(s, chars string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			b.WriteString(s[i : i+2])
			i++
			continue
		}
		if strings.IndexByte(chars, s[i]) >= 0 {
			b.WriteByte(0)
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func split(s, char string) []string { return strings.Split(mark(s, char), "\x00"+char) }

func plain(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func TestGIFTIsReadBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []generation.Kind{generation.Quiz, generation.Worksheet, generation.Passage} {
		d := document(kind)
		file, err := Render(d, GIFT, false)
		require.NoError(t, err)
		require.Equal(t, d.Questions, readGIFT(t, string(file.Content)))
	}
}
