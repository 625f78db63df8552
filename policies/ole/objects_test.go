package ole

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"satchel/internal/oletest"
)

// container packs text without compressing it: one chunk of literal tokens for each
// 8 bytes.
func container(text []byte) []byte {
	var tokens []byte
	for piece := range slices.Chunk(text, 8) {
		tokens = append(append(tokens, 0), piece...)
	}
	header := uint16(len(tokens)+2-3) | 0xb000
	return append(binary.LittleEndian.AppendUint16([]byte{1}, header), tokens...)
}

func dirRecord(kind uint16, body []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, kind)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(body))), body...)
}

// vba is a storage with one module whose text begins behind its compiled part.
func vba(compiled []byte, text string, more ...oletest.Entry) oletest.Entry {
	var wide []byte
	for _, u := range utf16.Encode([]rune("ThisDocument")) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	version := append(dirRecord(dirVersion, make([]byte, 4)), 0, 0)
	dir := slices.Concat(version, dirRecord(dirStreamName, wide),
		dirRecord(dirModuleOffset, binary.LittleEndian.AppendUint32(nil, uint32(len(compiled)))), dirRecord(dirModuleEnd, nil))
	return oletest.Entry{Name: "VBA", Children: append([]oletest.Entry{
		{Name: "dir", Content: container(dir), Exact: true}, {Name: "_VBA_PROJECT", Content: []byte("\xcc\x61")},
		{Name: "ThisDocument", Content: slices.Concat(compiled, container([]byte(text))), Exact: true},
	}, more...)}
}

const noCode = "Attribute VB_Name = \"ThisDocument\"\r\nOption Explicit\r\n\r\n"

// judged is the rule that a Word document with the entries breaks.
func judged(t *testing.T, entries ...oletest.Entry) Rule {
	t.Helper()
	content := oletest.Compound(nil, append([]oletest.Entry{goodWord}, entries...)...)
	document, err := Inspect(bytes.NewReader(content), int64(len(content)), Embedded{})
	if err == nil {
		require.Equal(t, word, document)
		return ""
	}
	var finding *Finding
	require.ErrorAs(t, err, &finding)
	return finding.Rule
}

// A project is written into documents in which no person wrote a macro. Only code
// is a reason to refuse, as text and as what it was compiled to.
func TestProjectsWithoutCode(t *testing.T) {
	t.Parallel()
	empty := []byte("\x01\x16\xfe\xca\x01\x00\x00\x00\xff\xff")
	in := func(storages ...oletest.Entry) oletest.Entry {
		return oletest.Entry{Name: "Macros", Children: append(storages, oletest.Entry{Name: "PROJECT", Content: []byte("ID")})}
	}
	for name, tc := range map[string]struct {
		entry oletest.Entry
		rule  Rule
	}{
		"no code":                        {in(vba(empty, noCode)), ""},
		"no code and nothing compiled":   {in(vba(nil, noCode)), ""},
		"an empty storage, as Publisher": {oletest.Entry{Name: "VBA", Children: []oletest.Entry{}}, ""},
		"code":                           {in(vba(empty, noCode+"Sub AutoOpen()\r\nEnd Sub\r\n")), Macros},
		"code that is compiled only":     {in(vba([]byte("\x01\x16\xfe\xca\x01\x00\x02\x00\xff\xff"), noCode)), Macros},
		"two compiled parts":             {in(vba(slices.Concat(empty, empty), noCode)), Macros},
		"a compiled part without a mark": {in(vba([]byte("\x01\x16"), noCode)), Macros},
		"a cache of code that ran":       {in(vba(empty, noCode, oletest.Entry{Name: "__SRP_0", Content: []byte("x")})), Macros},
		"a module that no list has":      {in(vba(empty, noCode, oletest.Entry{Name: "Other", Content: []byte("x")})), Macros},
		"a form":                         {in(vba(empty, noCode), oletest.Entry{Name: "UserForm1", Children: []oletest.Entry{{Name: "o", Content: []byte("x")}}}), Macros},
		"a list that breaks off":         {oletest.Entry{Name: "VBA", Children: []oletest.Entry{{Name: "dir", Content: []byte("\x01\xff\xff"), Exact: true}}}, Macros},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.rule, judged(t, tc.entry))
		})
	}
}

// Copies in a container reach back over what is unpacked already.
func TestDecompress(t *testing.T) {
	t.Parallel()
	text, ok := decompress([]byte("\x01\x03\xb0\x02a\x05\x00"))
	require.True(t, ok)
	require.Equal(t, strings.Repeat("a", 9), string(text))
	for _, broken := range []string{"", "\x00", "\x01\xff\xbf", "\x01\x03\xb0\x02a\x45\x10", "\x01\x02\xb0\x01\x00\x00"} {
		_, ok := decompress([]byte(broken))
		require.False(t, ok, "%q", broken)
	}
}

// native is the stream Equation Native: a header of 28 bytes, and the equation.
func native(records string) []byte {
	mtef := "\x03\x01\x01\x03\x0a" + records
	b := binary.LittleEndian.AppendUint16(nil, 28)
	b = append(b, make([]byte, 6)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(mtef)))
	return append(append(b, make([]byte, 16)...), mtef...)
}

func equationEntry(stream string, content []byte) oletest.Entry {
	return oletest.Entry{Name: "ObjectPool", Children: []oletest.Entry{
		{Name: "_1", Class: class(2), Children: []oletest.Entry{{Name: stream, Content: content, Exact: true}}},
	}}
}

// An equation of the old editor passes when it fits the editor's buffers.
func TestEquations(t *testing.T) {
	t.Parallel()
	const x = "\x12\x83x\x00" // a character with its typeface
	font := func(name string) string { return "\x08\x81\x00" + name + "\x00" }
	for name, tc := range map[string]struct {
		records string
		rule    Rule
	}{
		"a letter":               {"\x0a\x01" + x + "\x00\x00", ""},
		"a fraction":             {"\x0a\x01\x03\x0e\x00\x00\x01" + x + "\x00\x01" + x + "\x00\x00\x00\x00", ""},
		"a matrix":               {"\x05\x01\x02\x02\x02\x02\x00\x00" + strings.Repeat("\x01"+x+"\x00", 4) + "\x00\x00", ""},
		"a pile with a ruler":    {"\x24\x01\x01\x07\x01\x00\x10\x00\x11\x00\x00", ""},
		"an accent, moved":       {"\x01\xa2\x80\x80\x01\x00\x02\x00\x83x\x00\x06\x05\x00\x00\x00", ""},
		"sizes":                  {"\x09\x65\x20\x00\x09\x64\x01\x00\x02\x09\x01\x80\x0b\x0c\x0d\x0e\x00", ""},
		"a font":                 {font("Times New Roman") + "\x01" + x + "\x00\x00", ""},
		"a font of 31 letters":   {font(strings.Repeat("A", 31)) + "\x00", ""},
		"a font beyond a buffer": {font(strings.Repeat("A", 48)) + "\x00", EmbeddedObject},
		"code in a font":         {font("cmd\x01\x02") + "\x00", EmbeddedObject},
		"a matrix beyond":        {"\x05\x01\x02\x02\xff\x02" + strings.Repeat("\x00", 80), EmbeddedObject},
		"no end":                 {"\x0a\x01" + x, EmbeddedObject},
		"lines without end":      {strings.Repeat("\x01", 1000), EmbeddedObject},
		"another record":         {"\x0f\x00", EmbeddedObject},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.rule, judged(t, equationEntry("Equation Native", native(tc.records))))
			old := append(binary.LittleEndian.AppendUint32(nil, uint32(len(native(tc.records))-28)), native(tc.records)[28:]...)
			require.Equal(t, tc.rule, judged(t, equationEntry("\x01Ole10Native", old)))
		})
	}
	require.Equal(t, EmbeddedObject, judged(t, equationEntry("Equation Native", []byte("x"))))
	require.Equal(t, EmbeddedObject, judged(t, equationEntry("Equation Native", append([]byte{28, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0}, make([]byte, 16)...))))
	require.Equal(t, EmbeddedObject, judged(t, equationEntry("Other", []byte("x"))), "an equation without its data")
}

// Drawings of OLE 1 pass, packages do not: those hold a file of any sort.
func TestObjectsOfOLE1(t *testing.T) {
	t.Parallel()
	of := func(id byte) oletest.Entry {
		class := append([]byte{id, 0, 3, 0}, "\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"...)
		return oletest.Entry{Name: "_1", Class: class, Children: []oletest.Entry{{Name: "\x01Ole10Native", Content: []byte("x")}}}
	}
	require.Empty(t, judged(t, of(0x0a)), "a picture of Paintbrush")
	require.Empty(t, judged(t, of(0x26)), "clip art")
	require.Equal(t, EmbeddedObject, judged(t, of(0x0c)), "a package")
	require.Equal(t, EmbeddedObject, judged(t, of(0x00)), "a workbook of OLE 1")
}

// word6 is the main stream of Word 6, with commands behind its header.
func word6(commands string) oletest.Entry {
	b := make([]byte, 0x400)
	binary.LittleEndian.PutUint16(b, 0xa5dc)
	binary.LittleEndian.PutUint32(b[0x118:], uint32(len(b)))
	binary.LittleEndian.PutUint32(b[0x11c:], uint32(len(commands)))
	return oletest.Entry{Name: "WordDocument", Content: slices.Concat(b, []byte(commands))}
}

// Formats that are older than their kind's name.
func TestOlderFormats(t *testing.T) {
	t.Parallel()
	bof := func(kind byte) []byte { return append(record(recordBOF4, 0, 0, kind, 0, 0, 0), record(0x000a)...) }
	for name, tc := range map[string]struct {
		content  []byte
		document string
		rule     Rule
	}{
		"Word 6":                   {oletest.Compound(nil, word6("")), word, ""},
		"Word 6 with keys":         {oletest.Compound(nil, word6("\xff\x03\x00\x00\x40")), word, ""},
		"Word 6 with macros":       {oletest.Compound(nil, word6("\xff\x01\x01\x00\x40")), "", Macros},
		"Word 6 with odd commands": {oletest.Compound(nil, word6("\x00\x01\x01\x00\x40")), "", Corrupt},
		"PowerPoint 4":             {oletest.Compound(nil, oletest.Entry{Name: "PP40", Content: []byte("x")}), powerPoint, ""},
		"Excel 4":                  {bof(0x10), excel, ""},
		"a macro sheet of Excel 4": {bof(0x40), "", Macros},
		"Excel 4, cut off":         {bof(0x10)[:8], "", Corrupt},
		"rights of Office":         {oletest.Compound(nil, goodWord, oletest.Entry{Name: "\x09DRMContent", Content: []byte("x")}), "", Encrypted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := Inspect(bytes.NewReader(tc.content), int64(len(tc.content)), Embedded{})
			require.Equal(t, tc.document, document)
			if tc.rule == "" {
				require.NoError(t, err)
				return
			}
			var finding *Finding
			require.ErrorAs(t, err, &finding)
			require.Equal(t, tc.rule, finding.Rule)
		})
	}
}

// A document that is one XML file has macros like any other.
func TestDocumentsOfXML(t *testing.T) {
	t.Parallel()
	wide := func(s string) string {
		b := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(s)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return string(b)
	}
	const basic = `<office:script><ooo:library-embedded ooo:name="Standard"/></office:script>`
	for name, tc := range map[string]struct {
		content string
		rule    Rule
	}{
		"a letter":                   {`<office:document>` + basic + `<text:p>a &lt;ooo:source-code&gt;</text:p></office:document>`, ""},
		"Basic":                      {`<office:document><ooo:module ooo:name="M"><ooo:source-code>Sub Main</ooo:source-code></ooo:module>`, Macros},
		"Basic behind a megabyte":    {strings.Repeat("<text:p/>", 120_000) + `<ooo:source-code >`, Macros},
		"Basic in UTF-16":            {wide(`<a:source-code>`), Macros},
		"Basic of a linked library":  {`<ooo:library-linked xlink:href="file:///x"/>`, Macros},
		"an entity":                  {`<!DOCTYPE d [<!ENTITY a "x">]><office:document/>`, Corrupt},
		"Word 2003":                  {`<w:wordDocument w:macrosPresent="no"><w:body/></w:wordDocument>`, ""},
		"Word 2003 with macros":      {`<w:wordDocument w:macrosPresent="yes">`, Macros},
		"Word 2003 with its storage": {`<w:docSuppData><w:binData w:name="editdata.mso">`, Macros},
		"a flat package":             {`<pkg:package><pkg:part pkg:contentType="application/xml"/></pkg:package>`, ""},
		"a flat package with macros": {`<pkg:part pkg:name="/word/v.bin" pkg:contentType="application/vnd.ms-office.vbaProject">`, Macros},
		"a flat package, hidden":     {`<pkg:part pkg:contentType="application/vnd.ms-office.vba&#80;roject">`, Macros},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := InspectXML(strings.NewReader(tc.content))
			if tc.rule == "" {
				require.NoError(t, err)
				return
			}
			var finding *Finding
			require.ErrorAs(t, err, &finding)
			require.Equal(t, tc.rule, finding.Rule)
		})
	}
}

func FuzzEquation(f *testing.F) {
	f.Add(native("\x0a\x01\x12\x83x\x00\x00\x00"))
	f.Fuzz(func(_ *testing.T, content []byte) {
		_ = checkEquation(content, 0)
		_ = checkOldEquation(content, 0)
	})
}

func FuzzProject(f *testing.F) {
	f.Add(container([]byte("x")), container([]byte(noCode)))
	f.Fuzz(func(_ *testing.T, dir, module []byte) {
		_ = (&project{streams: map[string][]byte{"dir": dir, "thisdocument": module}}).hasCode()
	})
}

// packageOf packs a file with the names of its label, its source, its copy and
// those in UTF-16.
func packageOf(label, source, copied, file string, wide ...string) []byte {
	b := append([]byte{2, 0}, label+"\x00"+source+"\x00\x00\x00\x03\x00"...)
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(copied)+1)), copied+"\x00"...)
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(file))), file...)
	for _, name := range wide {
		units := utf16.Encode([]rune(name))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(units)))
		for _, u := range units {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
	}
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// A file inside a document passes when another policy says so of each of its names.
func TestPackages(t *testing.T) {
	t.Parallel()
	policy := Embedded{Harmless: func(name string, content []byte) bool {
		return strings.HasSuffix(name, ".txt") && string(content) == "text"
	}}
	const path = `C:\Users\x\a.txt`
	for name, tc := range map[string]struct {
		content []byte
		rule    Rule
	}{
		"a text":                        {packageOf("a.txt", path, path, "text", path, "a.txt", path), ""},
		"a text of an old program":      {packageOf("a.txt", path, path, "text"), ""},
		"a caption":                     {packageOf("Listen to this", path, path, "text"), ""},
		"another content":               {packageOf("a.txt", path, path, "program"), EmbeddedObject},
		"another name of the label":     {packageOf("a.exe", path, path, "text"), EmbeddedObject},
		"another name of the source":    {packageOf("a.txt", `C:\a.exe`, path, "text"), EmbeddedObject},
		"another name of the copy":      {packageOf("a.txt", path, `C:\a.exe`, "text"), EmbeddedObject},
		"another name in UTF-16":        {packageOf("a.txt", path, path, "text", path, "a.exe", path), EmbeddedObject},
		"no ending":                     {packageOf("a.txt", "a", "a", "text"), EmbeddedObject},
		"a command instead of a file":   {bytes.Replace(packageOf("a.txt", path, path, "text"), []byte{0, 0, 3, 0}, []byte{0, 0, 1, 0}, 1), EmbeddedObject},
		"a package that breaks off":     {packageOf("a.txt", path, path, "text")[:40], EmbeddedObject},
		"names in UTF-16 that run over": {append(packageOf("a.txt", path, path, "text"), 0xff, 0, 0, 0), EmbeddedObject},
	} {
		err := policy.checkPackage(tc.content, 0)
		if tc.rule == "" {
			require.NoError(t, err, name)
			continue
		}
		var finding *Finding
		require.ErrorAs(t, err, &finding, name)
		require.Equal(t, tc.rule, finding.Rule, name)
		require.Error(t, Embedded{}.checkPackage(tc.content, 0), name)
	}
	for _, class := range []string{"\x0c\x00\x03\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46", "\x20\xa7\x0d\xf2\x2f\xc0\xce\x11\x92\x7b\x08\x00\x09\x5a\xe3\x40"} {
		content := oletest.Compound([]byte(class), oletest.Entry{Name: "\x01Ole10Native", Content: packageOf("a.txt", path, path, "text"), Exact: true})
		_, err := Inspect(bytes.NewReader(content), int64(len(content)), policy)
		require.NoError(t, err)
		_, err = Inspect(bytes.NewReader(content), int64(len(content)), Embedded{})
		require.ErrorContains(t, err, string(EmbeddedObject))
	}
}

// A new document in an old one is another policy's.
func TestNewDocumentsInOldOnes(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	policy := Embedded{Zip: func([]byte) error { return refused }}
	content := oletest.Compound(nil, goodWord, oletest.Entry{Name: "_1", Children: []oletest.Entry{{Name: "Package", Content: []byte("PK\x03\x04")}}})
	_, err := Inspect(bytes.NewReader(content), int64(len(content)), policy)
	require.ErrorIs(t, err, refused)
	_, err = Inspect(bytes.NewReader(content), int64(len(content)), Embedded{})
	require.ErrorContains(t, err, string(EmbeddedObject))
}
