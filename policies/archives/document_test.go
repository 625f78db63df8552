package archives

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

const (
	mainWord  = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
	macroWord = "application/vnd.ms-word.document.macroEnabled.main+xml"
	wordType  = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	odfType1  = "application/vnd.oasis.opendocument.text"
)

func typesXML(contentType string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+
		`<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="%s"/></Types>`, contentType)
}

const vba = "application/vnd.ms-office.vbaProject"

// defaultXML also gives an extension a type.
func defaultXML(extension, contentType string) string {
	element := fmt.Sprintf(`<Default Extension="%s" ContentType="%s"/><Override`, extension, contentType)
	return strings.Replace(typesXML(mainWord), "<Override", element, 1)
}

func manifest(inside string) string {
	return `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">` +
		`<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">` + inside + `</manifest:file-entry></manifest:manifest>`
}

// document packs name, content pairs.
func document(t *testing.T, pairs ...string) []byte {
	t.Helper()
	var names []string
	var contents [][]byte
	for i := 0; i < len(pairs); i += 2 {
		names, contents = append(names, pairs[i]), append(contents, []byte(pairs[i+1]))
	}
	return packed(t, names, contents...)
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	const types, rels, doc = "[Content_Types].xml", "_rels/.rels", "word/document.xml"
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(`<?xml version="1.0" encoding="UTF-16"?><Types><Override ContentType="` + macroWord + `"/></Types>`)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		document string
		pairs    []string
		rule     Rule
	}{
		"word":                        {wordType, []string{types, typesXML(mainWord), rels, "<r/>", doc, "<d/>"}, ""},
		"word, other main part":       {wordType, []string{types, typesXML(mainWord), rels, "<r/>", "word/document2.xml", "<d/>"}, ""},
		"word as sheet":               {wordType, []string{types, typesXML(mainWord), rels, "<r/>", doc, "<d/>"}, ""},
		"word without types":          {"", []string{rels, "<r/>", doc, "<d/>"}, ""},
		"word without relations":      {"", []string{types, typesXML(mainWord), doc, "<d/>"}, ""},
		"plain zip as word":           {"", []string{"a", "b"}, ""},
		"macro type":                  {wordType, []string{types, typesXML(macroWord), rels, "<r/>", doc, "<d/>"}, Macros},
		"macro type in a zip":         {"", []string{types, typesXML(macroWord)}, Macros},
		"macro type escaped":          {wordType, []string{types, typesXML("application/vnd.ms-word.document.&#109;acroEnabled.main+xml"), rels, "<r/>"}, Macros},
		"macro type in UTF-16":        {wordType, []string{types, wide, rels, "<r/>"}, Macros},
		"macro part":                  {wordType, []string{types, typesXML(mainWord), rels, "<r/>", "word/vbaProject.bin", "x"}, Macros},
		"macro part, other case":      {wordType, []string{types, typesXML(mainWord), rels, "<r/>", "WORD/VBAPROJECT.BIN", "x"}, Macros},
		"macro part, other name":      {wordType, []string{types, typesXML("application/vnd.ms-office.vbaProject"), rels, "<r/>", "word/x.bin", "x"}, Macros},
		"macro part in a plain zip":   {"", []string{"x/word/vbaProject.bin", "x"}, Macros},
		"macro sheet":                 {wordType, []string{types, typesXML(mainWord), rels, "<r/>", "xl/macrosheets/sheet1.xml", "x"}, Macros},
		"active control":              {wordType, []string{types, typesXML(mainWord), rels, "<r/>", "word/activeX/activeX1.xml", "x"}, Macros},
		"two spellings of one part":   {wordType, []string{types, typesXML(mainWord), rels, "<r/>", "[content_types].xml", "<Types/>"}, DuplicateName},
		"types are no XML":            {wordType, []string{types, "nonsense <", rels, "<r/>"}, Corrupt},
		"types in an odd charset":     {wordType, []string{types, `<?xml version="1.0" encoding="utf-7"?><Types/>`, rels, "<r/>"}, Corrupt},
		"unused macro default":        {wordType, []string{types, defaultXML("bin", vba), rels, "<r/>", doc, "<d/>"}, ""},
		"used macro default":          {wordType, []string{types, defaultXML("bin", vba), rels, "<r/>", "word/x.bin", "x"}, Macros},
		"used, other case":            {wordType, []string{types, defaultXML("BIN", vba), rels, "<r/>", "word/x.Bin", "x"}, Macros},
		"used, in pieces":             {wordType, []string{types, defaultXML("bin", vba), rels, "<r/>", "word/x.bin/[0].last.piece", "x"}, Macros},
		"perhaps used, escaped":       {wordType, []string{types, defaultXML("bin", vba), rels, "<r/>", "word/x.b%69n", "x"}, Macros},
		"perhaps used, odd extension": {wordType, []string{types, defaultXML("b.n", vba), rels, "<r/>"}, Macros},
		"perhaps used, two":           {wordType, []string{types, defaultXML(`none" Extension="bin`, vba), rels, "<r/>", "word/x.bin", "x"}, Macros},
		"macro default without any":   {wordType, []string{types, defaultXML("", vba), rels, "<r/>"}, Macros},
		"unused override":             {wordType, []string{types, typesXML(vba), rels, "<r/>", doc, "<d/>"}, Macros},
		"text, type last":             {odfType1, []string{"META-INF/manifest.xml", manifest(""), "content.xml", "<c/>", "mimetype", odfType1}, ""},
		"text, type missing":          {"", []string{"META-INF/manifest.xml", manifest(""), "content.xml", "<c/>"}, ""},
		"jar as text":                 {"", []string{"META-INF/", "", "META-INF/MANIFEST.MF", "x", "A.class", "x"}, ""},
		"text":                        {odfType1, []string{"mimetype", odfType1, "content.xml", "<c/>", "META-INF/manifest.xml", manifest("")}, ""},
		"text as sheet":               {odfType1, []string{"mimetype", odfType1, "content.xml", "<c/>", "META-INF/manifest.xml", manifest("")}, ""},
		"text without content":        {"", []string{"mimetype", odfType1, "META-INF/manifest.xml", manifest("")}, ""},
		"text without manifest":       {"", []string{"mimetype", odfType1, "content.xml", "<c/>"}, ""},
		"text, encrypted":             {odfType1, []string{"mimetype", odfType1, "content.xml", "x", "META-INF/manifest.xml", manifest(`<manifest:encryption-data/>`)}, Encrypted},
		"text, encrypted, in a zip":   {"", []string{"mimetype", odfType1, "content.xml", "x", "META-INF/manifest.xml", manifest(`<manifest:encryption-data/>`)}, Encrypted},
		"text with Basic":             {odfType1, []string{"mimetype", odfType1, "content.xml", "<c/>", "META-INF/manifest.xml", manifest(""), "Basic/Standard/Module1.xml", "x"}, Macros},
		"text with Python":            {odfType1, []string{"mimetype", odfType1, "content.xml", "<c/>", "META-INF/manifest.xml", manifest(""), "Scripts/python/a.py", "x"}, Macros},
		"Basic in a plain zip":        {"", []string{"Basic/lesson.txt", "x"}, ""},
		"charset in other words":      {wordType, []string{types, strings.Replace(typesXML(mainWord), "UTF-8", "utf8", 1), rels, "<r/>", doc, "<d/>"}, ""},
		"a show":                      {"application/vnd.openxmlformats-officedocument.presentationml.slideshow", []string{types, typesXML("application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml"), rels, "<r/>"}, ""},
		"a program's name in a zip":   {"", []string{"tools/setup.EXE", "x"}, Executable},
		"a folder named word":         {"", []string{"word/lesson.txt", "x"}, ""},
		"an empty description":        {"", []string{types, "", rels, "<r/>"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := inspect(t, document(t, tc.pairs...))
			if tc.rule == "" {
				require.NoError(t, err)
				require.Equal(t, tc.document, report.Document)
				return
			}
			_ = requireFinding(t, err, tc.rule)
		})
	}
}

// Where macros are let pass, the report tells of them.
func TestMacrosLetPass(t *testing.T) {
	t.Parallel()
	content := document(t, "[Content_Types].xml", typesXML(macroWord), "_rels/.rels", "<r/>", "word/document.xml", "<d/>", "word/vbaProject.bin", "x")
	limits := DefaultLimits()
	limits.Macros = true
	report, err := Inspect(t.Context(), bytes.NewReader(content), int64(len(content)), limits)
	require.NoError(t, err)
	require.True(t, report.Macros)
	require.Equal(t, "application/vnd.ms-word.document.macroenabled.12", report.Document)
	for name, has := range map[string]bool{"word/vbaproject.bin": true, "word/": true, "*.bin": true, "xl/": false, "*.exe": false, "document.xml": false} {
		require.Equal(t, has, report.Has(name), name)
	}
}
