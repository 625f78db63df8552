package archives

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

const (
	mainWord  = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
	macroWord = "application/vnd.ms-word.document.macroEnabled.main+xml"
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
		kind  Kind
		pairs []string
		rule  Rule
	}{
		"word":                        {WordDocument, []string{types, typesXML(mainWord), rels, "<r/>", doc, "<d/>"}, ""},
		"word, other main part":       {WordDocument, []string{types, typesXML(mainWord), rels, "<r/>", "word/document2.xml", "<d/>"}, ""},
		"word as sheet":               {Spreadsheet, []string{types, typesXML(mainWord), rels, "<r/>", doc, "<d/>"}, NotThatDocument},
		"word without types":          {WordDocument, []string{rels, "<r/>", doc, "<d/>"}, NotThatDocument},
		"word without relations":      {WordDocument, []string{types, typesXML(mainWord), doc, "<d/>"}, NotThatDocument},
		"plain zip as word":           {WordDocument, []string{"a", "b"}, NotThatDocument},
		"macro type":                  {WordDocument, []string{types, typesXML(macroWord), rels, "<r/>", doc, "<d/>"}, Macros},
		"macro type in a zip":         {Zip, []string{types, typesXML(macroWord)}, Macros},
		"macro type escaped":          {WordDocument, []string{types, typesXML("application/vnd.ms-word.document.&#109;acroEnabled.main+xml"), rels, "<r/>"}, Macros},
		"macro type in UTF-16":        {WordDocument, []string{types, wide, rels, "<r/>"}, Macros},
		"macro part":                  {WordDocument, []string{types, typesXML(mainWord), rels, "<r/>", "word/vbaProject.bin", "x"}, Macros},
		"macro part, other case":      {WordDocument, []string{types, typesXML(mainWord), rels, "<r/>", "WORD/VBAPROJECT.BIN", "x"}, Macros},
		"macro part, other name":      {WordDocument, []string{types, typesXML("application/vnd.ms-office.vbaProject"), rels, "<r/>", "word/x.bin", "x"}, Macros},
		"macro part in a plain zip":   {Zip, []string{"x/word/vbaProject.bin", "x"}, Macros},
		"macro sheet":                 {Spreadsheet, []string{types, typesXML(mainWord), rels, "<r/>", "xl/macrosheets/sheet1.xml", "x"}, Macros},
		"active control":              {WordDocument, []string{types, typesXML(mainWord), rels, "<r/>", "word/activeX/activeX1.xml", "x"}, Macros},
		"two spellings of one part":   {WordDocument, []string{types, typesXML(mainWord), rels, "<r/>", "[content_types].xml", "<Types/>"}, DuplicateName},
		"types are no XML":            {WordDocument, []string{types, "nonsense <", rels, "<r/>"}, Corrupt},
		"types in an odd charset":     {WordDocument, []string{types, `<?xml version="1.0" encoding="utf-7"?><Types/>`, rels, "<r/>"}, Corrupt},
		"unused macro default":        {WordDocument, []string{types, defaultXML("bin", vba), rels, "<r/>", doc, "<d/>"}, ""},
		"used macro default":          {WordDocument, []string{types, defaultXML("bin", vba), rels, "<r/>", "word/x.bin", "x"}, Macros},
		"used, other case":            {WordDocument, []string{types, defaultXML("BIN", vba), rels, "<r/>", "word/x.Bin", "x"}, Macros},
		"used, in pieces":             {WordDocument, []string{types, defaultXML("bin", vba), rels, "<r/>", "word/x.bin/[0].last.piece", "x"}, Macros},
		"perhaps used, escaped":       {WordDocument, []string{types, defaultXML("bin", vba), rels, "<r/>", "word/x.b%69n", "x"}, Macros},
		"perhaps used, odd extension": {WordDocument, []string{types, defaultXML("b.n", vba), rels, "<r/>"}, Macros},
		"perhaps used, two":           {WordDocument, []string{types, defaultXML(`none" Extension="bin`, vba), rels, "<r/>", "word/x.bin", "x"}, Macros},
		"macro default without any":   {WordDocument, []string{types, defaultXML("", vba), rels, "<r/>"}, Macros},
		"unused override":             {WordDocument, []string{types, typesXML(vba), rels, "<r/>", doc, "<d/>"}, Macros},
		"text, type last":             {ODFText, []string{"META-INF/manifest.xml", manifest(""), "content.xml", "<c/>", "mimetype", odfType1}, ""},
		"text, type missing":          {ODFText, []string{"META-INF/manifest.xml", manifest(""), "content.xml", "<c/>"}, NotThatDocument},
		"jar as text":                 {ODFText, []string{"META-INF/", "", "META-INF/MANIFEST.MF", "x", "A.class", "x"}, NotThatDocument},
		"text":                        {ODFText, []string{"mimetype", odfType1, "content.xml", "<c/>", "META-INF/manifest.xml", manifest("")}, ""},
		"text as sheet":               {ODFSheet, []string{"mimetype", odfType1, "content.xml", "<c/>", "META-INF/manifest.xml", manifest("")}, NotThatDocument},
		"text without content":        {ODFText, []string{"mimetype", odfType1, "META-INF/manifest.xml", manifest("")}, NotThatDocument},
		"text without manifest":       {ODFText, []string{"mimetype", odfType1, "content.xml", "<c/>"}, NotThatDocument},
		"text, encrypted":             {ODFText, []string{"mimetype", odfType1, "content.xml", "x", "META-INF/manifest.xml", manifest(`<manifest:encryption-data/>`)}, Encrypted},
		"text, encrypted, in a zip":   {Zip, []string{"mimetype", odfType1, "content.xml", "x", "META-INF/manifest.xml", manifest(`<manifest:encryption-data/>`)}, Encrypted},
		"text with Basic":             {ODFText, []string{"mimetype", odfType1, "content.xml", "<c/>", "META-INF/manifest.xml", manifest(""), "Basic/Standard/Module1.xml", "x"}, Macros},
		"text with Python":            {ODFText, []string{"mimetype", odfType1, "content.xml", "<c/>", "META-INF/manifest.xml", manifest(""), "Scripts/python/a.py", "x"}, Macros},
		"Basic in a plain zip":        {Zip, []string{"Basic/lesson.txt", "x"}, ""},
		"an empty description":        {WordDocument, []string{types, "", rels, "<r/>"}, NotThatDocument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := inspect(t, document(t, tc.pairs...), tc.kind)
			if tc.rule == "" {
				require.NoError(t, err)
				return
			}
			_ = requireFinding(t, err, tc.rule)
		})
	}
}
