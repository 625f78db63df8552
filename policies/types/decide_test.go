package types

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"pgregory.net/rapid"
)

// portable makes the head of a Windows program, assembled so that this file
// holds none.
func portable() []byte {
	head := make([]byte, 256)
	copy(head, "MZ\x90\x00\x03")
	binary.LittleEndian.PutUint32(head[60:], 128)
	copy(head[128:], "PE\x00\x00\x64\x86")
	return head
}

func encode(t testing.TB, encoded string, err error) string {
	t.Helper()
	require.NoError(t, err)
	return encoded
}

func utf16Text(t testing.TB, order unicode.Endianness, bom unicode.BOMPolicy, s string) string {
	t.Helper()
	encoded, err := unicode.UTF16(order, bom).NewEncoder().String(s)
	return encode(t, encoded, err)
}

func ftyp(brand string) string {
	return "\x00\x00\x00\x20ftyp" + brand + "\x00\x00\x00\x00" + brand + "mif1miaf\x00\x00\x00\x08mdat"
}

func zipHead(names ...string) string {
	var b bytes.Buffer
	for _, name := range names {
		b.WriteString("PK\x03\x04\x14\x00\x00\x00\x00\x00")
		b.Write(make([]byte, 16))
		_ = binary.Write(&b, binary.LittleEndian, uint16(len(name)))
		b.WriteString("\x00\x00" + name)
	}
	return b.String()
}

const ole = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00"

// honest returns a head for every extension of the table: a row without one
// fails.
func honest(t testing.TB) map[string]string {
	heads := mediaHeads()
	for _, row := range table {
		for _, extension := range row.Extensions {
			if _, ok := heads[extension]; !ok {
				heads[extension] = headOf(t, row)
			}
		}
	}
	return heads
}

// headOf makes a head of what the row says it takes.
func headOf(t testing.TB, row Row) string {
	switch {
	case len(row.magics) > 0:
		m := row.magics[0]
		return strings.Repeat("\x00", m.at) + m.bytes + "\x00\x00\x00\x07\x06"
	case row.Container == Zip:
		return zipHead("a.txt")
	case row.Container == OLE:
		return ole
	case row.Container == RTF:
		return `{\rtf1\ansi text}`
	case slices.Contains(row.contents, plainText):
		return "just words\n"
	case slices.Contains(row.contents, "image/bmp"):
		return "BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00"
	}
	t.Fatalf("no head for %s", row.Title)
	return ""
}

func mediaHeads() map[string]string {
	const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	const jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
	const asf = "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
	const wav = "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00"
	stream := strings.Repeat("\x00\x00\x00\x00\x47"+strings.Repeat("\x00", 187), 5)
	ogg := func(codec string) string {
		return "OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x1e" + codec + "\x00\x00\x00\x00\x02"
	}
	return map[string]string{
		".jpg": jpeg, ".jpeg": jpeg, ".jpe": jpeg, ".jfif": jpeg, ".png": png, ".apng": png, ".gif": "GIF89a\x01\x00\x01\x00\x00\x00\x00;",
		".webp": "RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00", ".avif": ftyp("avif"), ".avifs": ftyp("avis"), ".heic": ftyp("heic"), ".heif": ftyp("mif1"), ".hif": ftyp("heix"),
		".tif": "II*\x00\x08\x00\x00\x00", ".tiff": "MM\x00*\x00\x00\x00\x08",
		".pdf": "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
		".md":  "# Title\n\ntext <br> text\n", ".html": "<!DOCTYPE html><title>x</title>", ".htm": "\n<!-- x --><p>text", ".svg": `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`,
		".mp3": "ID3\x03\x00\x00\x00\x00\x00\x21TIT2", ".mp2": "\xff\xfd\x90\x00", ".mpga": "\xff\xfb\x90\x00", ".m4a": ftyp("M4A "), ".m4b": ftyp("M4B "),
		".aac": "\xff\xf1\x50\x80\x01\x1f\xfc\x00\x00", ".wav": wav, ".wave": wav, ".flac": "fLaC\x00\x00\x00\x22\x10\x00\x10\x00",
		".ogg": ogg("\x01vorbis"), ".oga": ogg("\x7fFLAC"), ".opus": ogg("OpusHead"), ".spx": ogg("Speex   "),
		".weba": mkv("webm"), ".webm": mkv("webm"), ".mkv": mkv("matroska"), ".mka": mkv("matroska"), ".wma": asf, ".wmv": asf, ".asf": asf,
		".mp4": ftyp("isom"), ".m4v": ftyp("M4V "), ".mov": ftyp("qt  "), ".qt": ftyp("qt  "), ".3gp": ftyp("3gp4"), ".3g2": ftyp("3g2a"), ".ogv": ogg("\x80theora"),
		".mpg": "\x00\x00\x01\xba\x44\x00\x04\x00", ".mpeg": "\x00\x00\x01\xb3\x14\x00\xf0\x13", ".m2v": "\x00\x00\x01\xb3\x14\x00\xf0\x13", ".vob": "\x00\x00\x01\xba\x44\x00\x04\x00",
		".mts": stream, ".m2ts": stream, ".avi": "RIFF\x24\x00\x00\x00AVI LIST\x00\x00\x00\x00", ".flv": "FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00",
	}
}

func mkv(doc string) string {
	return "\x1a\x45\xdf\xa3\x93\x42\x86\x81\x01\x42\x82" + string(rune(0x80 | len(doc)))[1:] + doc + "\x42\x87\x81\x02"
}

// everything is what an organization can turn on, for a caller who is staff.
func everything() Rules {
	r := Rules{Staff: true}
	for _, s := range Switches() {
		if s.Name != LegacyOfficeOff {
			r.Switches = append(r.Switches, s.Name)
		}
	}
	return r
}

func TestEveryRowTakesItsOwn(t *testing.T) {
	t.Parallel()
	heads := honest(t)
	for _, row := range table {
		for _, extension := range row.Extensions {
			claims := append([]string{"", "application/octet-stream", row.MediaType, strings.ToUpper(row.MediaType), row.MediaType + "; charset=utf-8"}, row.Claims...)
			for _, claim := range claims {
				name := "A name" + strings.ToUpper(extension)
				require.NoError(t, Admit(name, claim, everything()), "%s as %q", name, claim)
				got := Decide(name, claim, []byte(heads[extension]), everything())
				require.Equal(t, Decision{Type: row.public()}, got, "%s as %q", name, claim)
				require.True(t, got.Accepted())
			}
		}
	}
}

// Each content under each other name: it is taken as what it is, with a note, if
// that is harmless, and refused otherwise.
func TestEveryRowKnowsTheOthers(t *testing.T) {
	t.Parallel()
	for ending, head := range honest(t) {
		found := detect([]byte(head))
		actual, known := byContent(found.content, []byte(head))
		for _, row := range table {
			got := Decide("x"+row.Extensions[0], "", []byte(head), everything())
			switch {
			case row.takes(found.content, []byte(head)):
				want := row.public()
				if want.Container == NoContainer {
					want.Container = containerOf(found.content)
				}
				require.Equal(t, Decision{Type: want}, got, "content of %s as %s", ending, row.Extensions[0])
			case known && relatives(row, actual):
				require.Equal(t, Decision{Type: actual.public(), From: row.MediaType}, got, "content of %s as %s", ending, row.Extensions[0])
			default:
				require.Equal(t, ContentMismatch, got.Rule, "content of %s as %s", ending, row.Extensions[0])
				require.Equal(t, got.Expected, row.Title)
			}
		}
	}
}

// A picture never becomes sound, nor a text a picture: a correction stays within
// what the same programs open.
func TestCorrectionsStayInTheFamily(t *testing.T) {
	t.Parallel()
	open := map[Family]string{Image: "picture", Audio: "player", Video: "player", Text: "editor", Source: "editor", Markup: "editor", Document: "office"}
	for _, named := range table {
		for _, actual := range table {
			if named.MediaType == actual.MediaType || !relatives(named, actual) {
				continue
			}
			same := open[named.Family] == open[actual.Family]
			viaOffice := (named.Container == OLE || named.Container == RTF) && actual.textual() || named.textual() && actual.Container == RTF ||
				named.Family == Document && actual.Container != NoContainer
			require.True(t, same || viaOffice, "%s becomes %s", named.Title, actual.Title)
			require.False(t, actual.Family == Image && named.Family != Image, "%s becomes %s", named.Title, actual.Title)
		}
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, claim string
		rules       Rules
		want        Rule
	}{
		{"a.jpg", "image/png", Rules{}, ""}, {"a.jpg", "application/pdf", Rules{}, ""}, {"a.jpg", "nonsense", Rules{}, ""}, {"a.jpg", ";", Rules{}, ""},
		{"a.jpg", "application/x-msdownload", Rules{}, ClaimMismatch}, {"a.txt", "application/java-archive; x=y", Rules{}, ClaimMismatch},
		{"a", "", Rules{}, ""}, {"", "", Rules{}, NotAllowed}, {"a.", "", Rules{}, ""}, {"a.xyz", "", Rules{}, NotAllowed}, {"jpg", "image/jpeg", Rules{}, ""},
		{"a.jpg.", "", Rules{}, ""}, {"a.jpg . .", "", Rules{}, ""}, {"a.JPG", "", Rules{}, ""},
		{"invoice.pdf.exe", "", Rules{}, Executable}, {"invoice.pdf.exe.", "application/pdf", Rules{}, Executable}, {"a.jar", "", everything(), Executable}, {"a.LNK ", "", Rules{}, Executable},
		{"a.hta", "", everything(), Script}, {"a.php", "image/png", Rules{}, ""}, {"a.jpg.js", "", Rules{}, ""}, {".htaccess", "", Rules{}, Script},
		{"a.ps1", "", Rules{}, SwitchedOff}, {"a.ps1", "", Rules{Switches: []Switch{Scripts}}, ""}, {"a.bat", "", Rules{}, SwitchedOff},
		{"a.docm", "", Rules{}, MacroDocument}, {"a.docm", "", Rules{Staff: true}, MacroDocument}, {"a.xlsb", "", Rules{Switches: []Switch{MacrosStaff}}, StaffOnly},
		{"a.xlsb", "", Rules{Switches: []Switch{MacrosStaff}, Staff: true}, ""},
		{"a.doc", "", Rules{}, ""}, {"a.rtf", "", Rules{}, ""}, {"a.rtf", "", Rules{Switches: []Switch{LegacyOfficeOff}, Staff: true}, LegacyOffice},
		{"a.h5p", "", Rules{}, StaffOnly}, {"a.h5p", "", Rules{Staff: true}, ""}, {"a.h5p", "", Rules{Switches: []Switch{CoursePackagesStudents}}, ""},
		{"a.mdb", "", Rules{Staff: true}, SwitchedOff}, {"a.tar", "", Rules{Staff: true}, SwitchedOff}, {"a.rar", "", everything(), OtherArchive}, {"a.gdoc", "", everything(), LinkShortcut},
		{"a.sib", "", Rules{Extensions: []string{".sib"}}, ""}, {"a.exe", "", Rules{Extensions: []string{".exe"}}, Executable},
		{"a.jpg\x00.exe", "", Rules{}, Executable}, {"a.exe\x00.jpg", "", Rules{}, ""}, {"evil.exe::$DATA", "", Rules{}, NotAllowed},
	} {
		err := Admit(tc.name, tc.claim, tc.rules)
		var refusal *Refusal
		if tc.want == "" {
			require.NoError(t, err, "%q", tc.name)
			continue
		}
		require.ErrorAs(t, err, &refusal, "%q as %q: %v", tc.name, tc.claim, err)
		require.Equal(t, tc.want, refusal.Rule, "%q as %q", tc.name, tc.claim)
		require.Contains(t, err.Error(), tc.want.Reason().Next)
		require.Equal(t, tc.want, Decide(tc.name, tc.claim, []byte("text"), tc.rules).Rule)
	}
}

func TestContents(t *testing.T) {
	t.Parallel()
	latin, err := charmap.Windows1252.NewEncoder().String("Grüße für Österreich\r\n")
	require.NoError(t, err)
	utf32Text, err := utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewEncoder().String("日本語\n")
	require.NoError(t, err)
	le, be := unicode.LittleEndian, unicode.BigEndian
	const pdf = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n\x00\x01 0 obj\n"
	for _, tc := range []struct {
		what, name, head string
		want             Rule
		as               string // the media type, where it is not the name's
	}{
		{"UTF-8 with mark", "a.txt", "\xef\xbb\xbfhello", "", ""},
		{"UTF-8 cut in a rune", "a.txt", "hello \xe6\x97", "", ""},
		{"Arabic", "a.csv", "اسم;حجم\n", "", ""},
		{"UTF-16 LE", "a.txt", utf16Text(t, le, unicode.UseBOM, "日本語 hello\n"), "", ""},
		{"UTF-16 BE", "a.csv", utf16Text(t, be, unicode.UseBOM, "日本語 hello\n"), "", ""},
		{"UTF-16 LE unmarked", "a.txt", utf16Text(t, le, unicode.IgnoreBOM, "hello there\n"), "", ""},
		{"UTF-16 BE unmarked", "a.md", utf16Text(t, be, unicode.IgnoreBOM, "hello there\n"), "", ""},
		{"UTF-16 cut in a pair", "a.txt", utf16Text(t, le, unicode.UseBOM, "hi 😀")[:10], "", ""},
		{"UTF-32", "a.txt", utf32Text, "", ""},
		{"Windows-1252", "a.csv", latin, "", ""},
		{"begins like a bitmap", "a.txt", "BMW is a car maker", "", ""},
		{"begins like a program", "a.csv", "MZ,Maputo,25.97\n", "", ""},
		{"chat log", "a.txt", "<alice> hello\n", "", ""},
		{"XML as text", "a.txt", "<?xml version=\"1.0\"?><a/>", "", ""},
		{"control characters", "a.txt", "a\x00b", ContentMismatch, ""},
		{"random", "a.txt", "\x01\x02\x03\x04\xff", ContentMismatch, ""},
		{"lone surrogate", "a.txt", "\xff\xfea\x00\x00\xd8b\x00", ContentMismatch, ""},

		{"page as text", "a.txt", "<!DOCTYPE html><script>alert(1)</script>", "", ""},
		{"page as text, after blanks", "a.txt", "\n\t <HTML>", "", ""},
		{"page as text, UTF-16", "a.txt", utf16Text(t, le, unicode.UseBOM, "<html><body>"), "", ""},
		{"page as Markdown", "a.md", "<script src=x></script>", "", ""},
		{"page as picture", "a.png", "<html></html>", ContentMismatch, ""},
		{"fragment as table", "a.csv", "<b>x</b>;y\n", "", ""},
		{"drawing as text", "a.txt", "<!-- x --> <svg onload=x>", "", ""},
		{"drawing as page", "a.html", "<svg/>", "", ""},
		{"text as drawing", "a.svg", "svg", "", "text/plain"},
		{"drawing with doctype", "a.svg", "<?xml version=\"1.0\"?>\n<!DOCTYPE svg PUBLIC \"a\" \"b\" [\n<!ENTITY x \"y\">\n]>\n<svg>", "", ""},
		{"drawing with prefix", "a.svg", "<x:svg xmlns:x=\"http://www.w3.org/2000/svg\"/>", "", ""},
		{"page from XML", "a.html", "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\">", "", ""},
		{"RTF as text", "a.txt", `{\rtf1\ansi`, "", "application/rtf"},
		{"PDF as text", "a.txt", "%PDF-1.4\n", ContentMismatch, ""},
		{"all-text PDF", "a.pdf", "%PDF-1.4\n1 0 obj\n", "", ""},

		{"shebang", "a.txt", "#!/bin/sh\n", "", ""},
		{"shebang, marked", "a.md", "\xef\xbb\xbf#!/usr/bin/env python3\n", "", ""},
		{"shebang, UTF-16", "a.txt", utf16Text(t, le, unicode.UseBOM, "#!/bin/sh\n"), "", ""},
		{"shebang, binary follows", "a.bin", "#!/bin/sh\n\x00\x01", Script, ""},
		{"PHP", "a.txt", "\n<?php system('x');", "", ""},
		{"PHP, short", "a.txt", "<?= 1 ?>", "", ""},
		{"PHP in a page", "a.html", "<html><?PHP x ?>", "", ""},
		{"PHP in a picture", "a.gif", "GIF89a\x01\x00\x01\x00\x00\x00\x00;<?php x", Script, ""},
		{"batch", "a.txt", "@echo off\r\ndel x", "", ""},
		{"batch after comments", "a.txt", "REM hello\r\n:: x\r\n@ECHO OFF", "", ""},
		{"PowerShell", "a.txt", "# hello\n<# long\ncomment #>\nparam (\n [string]$x)", "", ""},
		{"PowerShell download", "a.txt", "IEX (New-Object Net.WebClient).DownloadString('x')", "", ""},
		{"PowerShell variable", "a.md", "$client = New-Object System.Net.WebClient", "", ""},
		{"VBScript", "a.txt", "' hello\nSet shell = CreateObject(\"WScript.Shell\")", "", ""},
		{"VBScript errors", "a.csv", "On Error Resume Next\n", "", ""},
		{"JScript", "a.txt", "// x\nvar s = new ActiveXObject('WScript.Shell');", "", ""},
		{"JavaScript", "a.txt", "/* x */\n'use strict';\n", "", ""},
		{"HTA", "a.txt", "<HTA:APPLICATION id=x>", "", ""},
		{"PostScript", "a.txt", "%!PS-Adobe-3.0\n", "", ""},
		{"code inside Markdown", "a.md", "# How to\n\nRun this:\n\n```sh\n#!/bin/sh\n<?php ?>\n```\n", "", ""},
		{"essay on functions", "a.txt", "Function and form are one.\n", "", ""},
		{"essay on echo", "a.txt", "Echo off the walls came the sound.\n", "", ""},

		{"page in front of a PDF", "a.pdf", "<!DOCTYPE html><script>alert(1)</script>\n" + pdf, ContentMismatch, ""},
		{"page in front of a PDF, as page", "a.html", "<html><body>\n" + pdf, ContentMismatch, ""},
		{"page with words in front", "a.pdf", "hello <script src=x></script>\n" + pdf, ContentMismatch, ""},
		{"drawing in front of a PDF", "a.pdf", "<svg onload=x>\n" + pdf, ContentMismatch, ""},
		{"fragment in front of a PDF", "a.pdf", "<img src=x onerror=y>\n" + pdf, ContentMismatch, ""},
		{"script in front of a PDF", "a.pdf", "@echo off\r\ndel x\r\n" + pdf, Script, ""},
		{"PHP in front of a PDF", "a.pdf", "<?php x ?>\n" + pdf, Script, ""},
		{"PDF behind a line of a printer", "a.pdf", "@PJL SET COPIES=1\n" + pdf, "", ""},
		{"PDF behind blanks", "a.pdf", "\r\n\r\n" + pdf, "", ""},

		{"AAC with a tag", "a.aac", id3(30) + "\xff\xf1\x50\x80", "", ""},
		{"AAC with two tags", "a.aac", id3(30) + id3(200) + "\xff\xf9\x50\x80", "", ""},
		{"AAC with a cover beyond the head", "a.aac", id3(HeadSize), "", ""},
		{"MP3 with a cover beyond the head", "a.mp3", id3(HeadSize), "", ""},
		{"MP3 with a tag", "a.mp3", id3(30) + "\xff\xfb\x90\x64", "", ""},
		{"MP3 with a tag as AAC", "a.aac", id3(30) + "\xff\xfb\x90\x64", "", "audio/mpeg"},
		{"AAC with a tag as MP3", "a.mp3", id3(30) + "\xff\xf1\x50\x80", "", "audio/aac"},
		{"a tag with a program behind", "a.aac", id3(30) + string(portable()), Executable, ""},

		{"OpenDocument, content first", "a.odt", zipHead("content.xml", "mimetype", "META-INF/manifest.xml"), "", ""},
		{"OpenDocument, META-INF first", "a.odt", zipHead("META-INF/", "META-INF/manifest.xml", "mimetype"), "", ""},
		{"META-INF first in a zip", "a.zip", zipHead("META-INF/", "META-INF/manifest.xml"), "", ""},
		{"jar as OpenDocument", "a.odt", zipHead("META-INF/", "META-INF/MANIFEST.MF", "A.class"), "", ""},
		{"jar as OpenDocument, without folder", "a.odt", zipHead("META-INF/MANIFEST.MF", "A.class"), "", ""},
		{"Word as OpenDocument", "a.odt", zipHead("[Content_Types].xml", "word/document.xml"), "", ""},

		{"program as picture", "a.jpg", string(portable()), Executable, ""},
		{"program as text", "a.txt", string(portable()), Executable, ""},
		{"program inside a PDF", "a.pdf", "%PDF-1.7\n\xe2\xe3\x00\n" + string(portable()), Executable, ""},
		{"short program", "a.png", "MZ\x00", Executable, ""},
		{"ELF", "a.mp3", "\x7fELF\x02\x01\x01\x00", Executable, ""},
		{"class", "a.zip", "\xca\xfe\xba\xbe\x00\x00\x00\x34", Executable, ""},
		{"jar as zip", "a.zip", zipHead("META-INF/MANIFEST.MF", "A.class"), "", ""},
		{"program, unknown name", "a", string(portable()), Executable, ""},

		{"old Word as docx", "a.docx", ole, "", "application/msword"},
		{"old Word", "a.doc", ole, "", ""},
		{"old Word as text", "a.txt", ole, ContentMismatch, ""},
		{"Word as Excel", "a.xlsx", zipHead("[Content_Types].xml", "word/document.xml"), "", ""},
		{"Word as zip", "a.zip", zipHead("[Content_Types].xml", "word/document.xml"), "", ""},
		{"empty zip", "a.zip", "PK\x05\x06" + strings.Repeat("\x00", 18), "", ""},
		{"PNG as JPEG", "a.jpg", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00", "", "image/png"},
		{"nothing as JPEG", "a.jpg", "", "", ""},
		{"Windows-1252 that begins with MZ", "a.csv", "MZ-Klasse;\xdcbung;M\xfcller\r\n1;2;3\r\n", "", ""},
		{"Windows-1252 that begins with CWS", "a.txt", "CWS Aufgabe f\xfcr heute\r\n", "", ""},
		{"a soft hyphen of a word processor", "a.csv", "Wort,Trennung\nDonau\x1fdampf,1\n", "", ""},
		{"a dictionary", "a.txt", "execute (v.) = to carry out", "", ""},
		{"a poem", "a.txt", "Echo on\n\nThe hills reply.\n", "", ""},
		{"slides in Markdown", "a.md", "<style>h1 { color: red }</style>\n\n# Slide\n", "", ""},
		{"a page that begins with words", "a.html", "Hallo <b>Welt</b>! Meine erste Seite.", "", ""},
		{"a page that begins with a drawing", "a.html", "<svg xmlns=\"http://www.w3.org/2000/svg\"/><p>Logo</p>", "", ""},
		{"a page as drawing", "a.svg", "<html></html>", "", "text/html"},
		{"homework", "a.py", "print('Hallo')\n", "", ""},
		{"homework without an extension", "Makefile", "all:\n\tcc x.c\n", "", "text/plain"},
		{"a picture without an extension", "IMG_1", "\xff\xd8\xff\xe0\x00\x10JFIF\x00", "", "image/jpeg"},
		{"nonsense without an extension", "x", "\x01\x02\x03\x04\xff\x00", NotAllowed, ""},
		{"an iPhone's photo", "IMG_3630.HEIC", "\xff\xd8\xff\xe0\x00\x10JFIF\x00", "", "image/jpeg"},
		{"an AVIF with another major brand", "a.avif", "\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00avifmif1miaf\x00\x00\x00\xea", "", ""},
		{"a recording of Chrome", "a.webm", mkv("matroska"), "", "video/matroska"},
		{"a table of HTML as Excel", "a.xls", "<html><table></table></html>", "", "text/html"},
		{"a table of CSV as Excel", "a.xls", "a;b\n1;2\n", "", "text/plain"},
		{"a new document under an old name", "a.doc", zipHead("[Content_Types].xml"), "", zipContent},
		{"a page as PDF", "a.pdf", "<html>Please sign in</html>", ContentMismatch, ""},
		{"a film as TypeScript", "a.ts", strings.Repeat("\x47"+strings.Repeat("\x00", 187), 5), ContentMismatch, ""},
		{"a program as source", "a.py", string(portable()), Executable, ""},
		{"a drawing program's file in an old format", "a.png", "BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00", "", "image/bmp"},
		{"7z as zip", "a.zip", "7z\xbc\xaf\x27\x1c\x00\x04", ContentMismatch, ""},
	} {
		got := Decide(tc.name, "", []byte(tc.head), Rules{})
		require.Equal(t, tc.want, got.Rule, tc.what)
		require.Equal(t, tc.want == "", got.Accepted(), tc.what)
		named, _ := ByName(tc.name)
		switch {
		case tc.want != "":
		case tc.as == "" && named.MediaType != "":
			require.Equal(t, named.MediaType, got.Type.MediaType, tc.what)
			require.Empty(t, got.From, tc.what)
		default:
			require.Equal(t, tc.as, got.Type.MediaType, tc.what)
			require.Equal(t, named.MediaType, got.From, tc.what)
		}
	}
}

// id3 is a tag of n bytes behind its header.
func id3(n int) string {
	header := []byte{'I', 'D', '3', 4, 0, 0, byte(n >> 21 & 0x7f), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}
	return string(header) + strings.Repeat("\x00", n)
}

// A container of a kind that is not known by what it holds is opened all the same.
func TestContainersOfOpaqueKinds(t *testing.T) {
	t.Parallel()
	rules := Rules{Extensions: []string{".sib"}}
	for _, tc := range []struct {
		name, head string
		container  Container
	}{
		{"a.sib", zipHead("a.txt"), Zip}, {"a.sib", ole, OLE}, {"a.sib", `{\rtf1 x}`, RTF}, {"a.sib", "\x01\x02\x00", NoContainer},
		{"a.skp", zipHead("a.txt"), Zip}, {"a.tns", zipHead("a.txt"), Zip}, {"a.skp", "\xff\xfe\xff\x0e\x00", NoContainer},
	} {
		got := Decide(tc.name, "", []byte(tc.head), rules)
		require.True(t, got.Accepted(), "%s: %s", tc.name, got.Rule)
		require.Equal(t, tc.container, got.Type.Container, "%s of %q", tc.name, tc.head)
		kept := Contained(got, "", func(string) bool { return false }, rules)
		require.Equal(t, got, kept, "what it holds does not change its kind")
	}
}

func TestZeroDecisionIsNotAccepted(t *testing.T) {
	t.Parallel()
	require.False(t, Decision{}.Accepted())
}

// No name and no claim makes a program acceptable.
func TestProgramsAreAlwaysRefused(t *testing.T) {
	t.Parallel()
	var names []string
	for _, row := range table {
		for _, extension := range row.Extensions {
			names = append(names, "a"+extension)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		magic := rapid.SampledFrom(append([]string{"#!"}, programs...)).Draw(rt, "magic")
		rest := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "rest")
		// A few printable signatures are also how a text may begin; a program
		// has zeros in its header.
		head := append([]byte(magic+"\x00"), rest...)
		name := rapid.OneOf(rapid.SampledFrom(names), rapid.String()).Draw(rt, "name")
		claim := rapid.OneOf(rapid.SampledFrom(noClaim), rapid.String()).Draw(rt, "claim")
		got := Decide(name, claim, head, everything())
		require.Contains(rt, []Rule{Executable, Script}, got.Rule)
	})
}

// The table must not contradict itself.
func TestTable(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, row := range Table() {
		require.NotEmpty(t, row.Title)
		require.NotEmpty(t, row.Extensions, row.Title)
		require.NotEmpty(t, row.Tier, row.Title)
		require.Equal(t, row.Switch != "", row.Tier != Default, row.Title)
		for _, extension := range row.Extensions {
			require.Equal(t, strings.ToLower(extension), extension)
			require.Empty(t, owner[extension], "%s belongs to two rows", extension)
			owner[extension] = row.Title
			require.Empty(t, never(extension), "%s is accepted and refused", extension)
		}
		require.False(t, slices.Contains(noClaim, row.MediaType))
		found, ok := ByMediaType(row.MediaType)
		require.True(t, ok)
		require.Equal(t, row, found, "two rows are stored as %s", row.MediaType)
	}
	_, ok := ByMediaType("application/x-msdownload")
	require.False(t, ok)
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for _, reason := range Reasons() {
		require.NotEmpty(t, reason.What)
		require.NotEmpty(t, reason.Next)
		require.Equal(t, reason, reason.Rule.Reason())
	}
	for rule := range neverExtensions {
		require.Contains(t, fmt.Sprint(reasons), string(rule))
	}
	for _, rule := range refusedContents {
		require.Contains(t, fmt.Sprint(reasons), string(rule))
	}
}

func FuzzDecide(f *testing.F) {
	for ending, head := range honest(f) {
		f.Add("a"+ending, "", []byte(head))
	}
	f.Add("a.jpg", "image/jpeg", portable())
	f.Add("a.txt", "text/plain", []byte("#!/bin/sh"))
	f.Fuzz(func(t *testing.T, name, claim string, head []byte) {
		got := Decide(name, claim, head, Rules{})
		require.Equal(t, got, Decide(name, claim, head, Rules{}), "the answer must not change")
		if got.Accepted() {
			require.NoError(t, Admit(name, claim, Rules{}))
			require.False(t, hasProgram(head) && bytes.IndexByte(head, 0) >= 0 && !bytes.HasPrefix(head, []byte("\xff\xfe")))
		}
	})
}
