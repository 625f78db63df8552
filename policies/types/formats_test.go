package types

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Formats of which the public collections of test files have examples.
func TestFormatsOfCollections(t *testing.T) {
	t.Parallel()
	const xml = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	const flat = xml + `<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2">`
	stl := "OpenSCAD Model\n" + strings.Repeat("\x00", 65) + "\x01\x00\x00\x00" + strings.Repeat("\x00\x00\x80\x3f", 12) + "\x00\x00"
	for _, tc := range []struct {
		what, name, head string
		as               string
		container        Container
	}{
		{"a binary model", "a.stl", stl, "model/stl", NoContainer},
		{"a binary model of FBX", "a.fbx", "Kaydara FBX Binary  \x00\x1a\x00\xe8\x1c", "application/x-fbx", NoContainer},
		{"a raw image in the large form", "a.dng", "II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00", "image/x-dng", NoContainer},
		{"a TIFF in the large form", "a.tif", "MM\x00+\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10", "image/tiff", NoContainer},
		{"a workbook of Excel 4", "a.xls", "\x09\x04\x06\x00\x00\x00\x10\x00\xd3\x10", "application/vnd.ms-excel", OLE},
		{"a flat OpenDocument", "a.fodt", flat, odf + "text-flat-xml", XML},
		{"the same as XML", "a.xml", flat, "application/xml", XML},
		{"the same as text", "a.txt", flat, plainText, XML},
		{"the same without a name's ending", "a", flat, "application/xml", XML},
		{"the same with an entity", "a.xml", `<!DOCTYPE d [<!ENTITY o "urn">]><o:document xmlns:o="&o;">`, "application/xml", XML},
		{"Word 2003", "a.doc", xml + `<?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">`, "application/xml", XML},
		{"a flat package of Word", "a.xml", xml + `<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">`, "application/xml", XML},
		{"homework with a document", "a.xml", xml + `<document><title>x</title></document>`, "application/xml", NoContainer},
		{"a member of a docx", "document.xml", xml + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml">`, "application/xml", NoContainer},
	} {
		got := Decide(tc.name, "", []byte(tc.head), Rules{})
		require.True(t, got.Accepted(), "%s: %s", tc.what, got.Rule)
		require.Equal(t, tc.as, got.Type.MediaType, tc.what)
		require.Equal(t, tc.container, got.Type.Container, tc.what)
	}
}

// A document of Apple's programs that was a folder is packed as one.
func TestPackedFolders(t *testing.T) {
	t.Parallel()
	d := Decide("Vortrag.key", "", []byte(zipHead("Vortrag.key/Index.zip")), Rules{})
	has := func(name string) bool { return name == "*.key/index.zip" }
	require.Equal(t, "application/vnd.apple.keynote", Contained(d, "", has, Rules{}).Type.MediaType)
}

// What a stored file may be is looked at again, also where its kind does not tell.
func TestHidesContainer(t *testing.T) {
	t.Parallel()
	for mediaType, want := range map[string]bool{
		Opaque: true, "application/vnd.sketchup.skp": true, "application/x-ti-nspire": true,
		zipContent: false, wordDocument: false, "image/png": false, "text/plain": false, "no/kind": false,
	} {
		require.Equal(t, want, HidesContainer(mediaType), mediaType)
	}
	require.Equal(t, Zip, ContainerOf([]byte(zipHead("a.txt"))))
	require.Equal(t, OLE, ContainerOf([]byte(ole)))
	require.Equal(t, NoContainer, ContainerOf([]byte("text")))
}

// What a document may embed is opened from there under its own name.
func TestHarmlessInside(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, content string
		want          bool
	}{
		{"a.txt", "text", true}, {"a.pdf", "%PDF-1.7\n1 0 obj\n", true}, {"a.wav", "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00", true},
		{"a", "text", false}, {"a.jpg", "text", false}, {"a.html", "<html>", false}, {"a.js", "x", false}, {"a.py", "x", false}, {"a.bat", "x", false},
		{"a.txt", string(portable()), false}, {"a.zip", zipHead("a.txt"), false}, {"a.doc", ole, false}, {"a.lnk", "x", false}, {"a.docm", zipHead("a"), false},
	} {
		require.Equal(t, tc.want, HarmlessInside(tc.name, []byte(tc.content)), tc.name)
	}
}

// An organization that takes fewer kinds takes the extensions that it added.
func TestNarrows(t *testing.T) {
	t.Parallel()
	r := RulesOf(nil, []string{".sib"}, []string{"text/plain"}, false)
	require.NoError(t, Admit("a.txt", "", r))
	require.NoError(t, Admit("a.sib", "", r))
	require.NoError(t, Admit("a", "", r), "the content will tell")
	require.ErrorContains(t, Admit("a.pdf", "", r), string(NotAllowedHere))
	require.ErrorContains(t, Admit("a.exe", "", r), string(Executable))
	_, err := Rename("text/plain", "a.txt", "a.csv", r)
	require.ErrorContains(t, err, string(NotAllowedHere))
	_, err = Rename("text/csv", "a.csv", "b.csv", r)
	require.NoError(t, err, "its kind does not change")
	require.False(t, Rules{}.Narrows("application/pdf"))
}
