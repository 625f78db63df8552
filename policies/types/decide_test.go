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

// One honest head for every extension of the table: a row without one fails.
func honest(t testing.TB) map[string]string {
	const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	const jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
	office := func(part string) string { return zipHead("[Content_Types].xml", "_rels/.rels", part) }
	odf := func(kind string) string {
		return "PK\x03\x04\x14\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 12) + "\x27\x00\x00\x00\x08\x00\x00\x00" + "mimetypeapplication/vnd.oasis.opendocument." + kind + "PK\x03\x04"
	}
	ogg := func(codec string) string {
		return "OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x1e" + codec + "\x00\x00\x00\x00\x02"
	}
	mkv := func(doc string) string {
		return "\x1a\x45\xdf\xa3\x93\x42\x86\x81\x01\x42\x82" + string(rune(0x80 | len(doc)))[1:] + doc + "\x42\x87\x81\x02"
	}
	heads := map[string]string{
		".jpg": jpeg, ".jpeg": jpeg, ".jpe": jpeg, ".jfif": jpeg, ".png": png, ".gif": "GIF89a\x01\x00\x01\x00\x00\x00\x00;",
		".webp": "RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00", ".avif": ftyp("avif"), ".heic": ftyp("heic"), ".heif": ftyp("mif1"),
		".tif": "II*\x00\x08\x00\x00\x00", ".tiff": "MM\x00*\x00\x00\x00\x08",
		".pdf": "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", ".docx": office("word/document.xml"), ".xlsx": office("xl/workbook.xml"), ".pptx": office("ppt/presentation.xml"),
		".odt": odf("text"), ".ods": odf("spreadsheet"), ".odp": odf("presentation"),
		".txt": "just words\n", ".text": "", ".csv": "name;size\na;1\n", ".md": "# Title\n\ntext <br> text\n", ".markdown": "<h1 align=\"center\">Title</h1>\n",
		".mp3": "ID3\x03\x00\x00\x00\x00\x00\x21TIT2", ".m4a": ftyp("M4A "), ".aac": "\xff\xf1\x50\x80\x01\x1f\xfc\x00\x00", ".wav": "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00",
		".flac": "fLaC\x00\x00\x00\x22\x10\x00\x10\x00", ".ogg": ogg("\x01vorbis"), ".oga": ogg("\x7fFLAC"), ".opus": ogg("OpusHead"),
		".weba": mkv("webm"), ".webm": mkv("webm"), ".mkv": mkv("matroska"),
		".mp4": ftyp("isom"), ".m4v": ftyp("M4V "), ".mov": ftyp("qt  "), ".qt": ftyp("qt  "), ".3gp": ftyp("3gp4"), ".ogv": ogg("\x80theora"),
		".mpg": "\x00\x00\x01\xba\x44\x00\x04\x00", ".mpeg": "\x00\x00\x01\xb3\x14\x00\xf0\x13", ".avi": "RIFF\x24\x00\x00\x00AVI LIST\x00\x00\x00\x00",
		".zip": zipHead("a.txt"), ".html": "<!DOCTYPE html><title>x</title>", ".htm": "\n<!-- x --><p>text", ".svg": `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`,
	}
	for _, row := range table {
		for _, extension := range row.Extensions {
			require.Contains(t, heads, extension)
		}
	}
	return heads
}

func TestEveryRowTakesItsOwn(t *testing.T) {
	t.Parallel()
	heads := honest(t)
	for _, row := range table {
		for _, extension := range row.Extensions {
			claims := append([]string{"", "application/octet-stream", row.MediaType, strings.ToUpper(row.MediaType), row.MediaType + "; charset=utf-8"}, row.Claims...)
			for _, claim := range claims {
				name := "A name" + strings.ToUpper(extension)
				require.NoError(t, Admit(name, claim), "%s as %q", name, claim)
				got := Decide(name, claim, []byte(heads[extension]))
				require.Equal(t, Decision{Type: row.public()}, got, "%s as %q", name, claim)
				require.True(t, got.Accepted())
			}
		}
	}
}

// Each content under each other name: only rows that share a kind of content
// may agree.
func TestEveryRowRefusesTheOthers(t *testing.T) {
	t.Parallel()
	heads := honest(t)
	for ending, head := range heads {
		content := detect([]byte(head)).content
		for _, row := range table {
			want := ContentMismatch
			if slices.Contains(row.contents, content) {
				want = ""
			}
			got := Decide("x"+row.Extensions[0], "", []byte(head))
			require.Equal(t, want, got.Rule, "content of %s as %s", ending, row.Extensions[0])
		}
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, claim string
		want        Rule
	}{
		{"a.jpg", "image/png", ClaimMismatch}, {"a.jpg", "application/pdf", ClaimMismatch}, {"a.jpg", "nonsense", ClaimMismatch}, {"a.jpg", ";", ""},
		{"a.jpg", "image/jpeg; charset=\"", ClaimMismatch}, {"a.docx", "application/msword", ClaimMismatch},
		{"a", "", NotAllowed}, {"", "", NotAllowed}, {".", "", NotAllowed}, {"a.", "", NotAllowed}, {"a.xyz", "", NotAllowed}, {"jpg", "image/jpeg", NotAllowed},
		{"a.jpg.", "", ""}, {"a.jpg . .", "", ""}, {"a.JPG", "", ""}, {"dir.jpg/a", "", NotAllowed},
		{"invoice.pdf.exe", "", Executable}, {"invoice.pdf.exe.", "application/pdf", Executable}, {"a.jar", "", Executable}, {"a.LNK ", "", Executable},
		{"a.ps1", "", Script}, {"a.php", "image/png", Script}, {"a.jpg.js", "", Script}, {".htaccess", "", Script},
		{"a.docm", "", MacroDocument}, {"a.xlsb", "", MacroDocument}, {"a.doc", "", LegacyOffice}, {"a.rtf", "", LegacyOffice},
		{"a.jpg\x00.exe", "", Executable}, {"a.exe\x00.jpg", "", ""}, {"evil.exe::$DATA", "", NotAllowed},
	} {
		err := Admit(tc.name, tc.claim)
		var refusal *Refusal
		if tc.want == "" {
			require.NoError(t, err, "%q", tc.name)
			continue
		}
		require.ErrorAs(t, err, &refusal, "%q as %q: %v", tc.name, tc.claim, err)
		require.Equal(t, tc.want, refusal.Rule, "%q as %q", tc.name, tc.claim)
		require.Contains(t, err.Error(), tc.want.Reason().Next)
		require.Equal(t, tc.want, Decide(tc.name, tc.claim, []byte("text")).Rule)
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
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600)
	for _, tc := range []struct {
		what, name, head string
		want             Rule
	}{
		{"UTF-8 with mark", "a.txt", "\xef\xbb\xbfhello", ""},
		{"UTF-8 cut in a rune", "a.txt", "hello \xe6\x97", ""},
		{"Arabic", "a.csv", "اسم;حجم\n", ""},
		{"UTF-16 LE", "a.txt", utf16Text(t, le, unicode.UseBOM, "日本語 hello\n"), ""},
		{"UTF-16 BE", "a.csv", utf16Text(t, be, unicode.UseBOM, "日本語 hello\n"), ""},
		{"UTF-16 LE unmarked", "a.txt", utf16Text(t, le, unicode.IgnoreBOM, "hello there\n"), ""},
		{"UTF-16 BE unmarked", "a.md", utf16Text(t, be, unicode.IgnoreBOM, "hello there\n"), ""},
		{"UTF-16 cut in a pair", "a.txt", utf16Text(t, le, unicode.UseBOM, "hi 😀")[:10], ""},
		{"UTF-32", "a.txt", utf32Text, ""},
		{"Windows-1252", "a.csv", latin, ""},
		{"begins like a bitmap", "a.txt", "BMW is a car maker", ""},
		{"begins like a program", "a.csv", "MZ,Maputo,25.97\n", ""},
		{"chat log", "a.txt", "<alice> hello\n", ""},
		{"XML as text", "a.txt", "<?xml version=\"1.0\"?><a/>", ContentMismatch},
		{"control characters", "a.txt", "a\x00b", ContentMismatch},
		{"random", "a.txt", "\x01\x02\x03\x04\xff", ContentMismatch},
		{"lone surrogate", "a.txt", "\xff\xfea\x00\x00\xd8b\x00", ContentMismatch},

		{"page as text", "a.txt", "<!DOCTYPE html><script>alert(1)</script>", ContentMismatch},
		{"page as text, after blanks", "a.txt", "\n\t <HTML>", ContentMismatch},
		{"page as text, UTF-16", "a.txt", utf16Text(t, le, unicode.UseBOM, "<html><body>"), ContentMismatch},
		{"page as Markdown", "a.md", "<script src=x></script>", ContentMismatch},
		{"page as picture", "a.png", "<html></html>", ContentMismatch},
		{"fragment as table", "a.csv", "<b>x</b>;y\n", ContentMismatch},
		{"drawing as text", "a.txt", "<!-- x --> <svg onload=x>", ContentMismatch},
		{"drawing as page", "a.html", "<svg/>", ContentMismatch},
		{"text as drawing", "a.svg", "svg", ContentMismatch},
		{"drawing with doctype", "a.svg", "<?xml version=\"1.0\"?>\n<!DOCTYPE svg PUBLIC \"a\" \"b\" [\n<!ENTITY x \"y\">\n]>\n<svg>", ""},
		{"drawing with prefix", "a.svg", "<x:svg xmlns:x=\"http://www.w3.org/2000/svg\"/>", ""},
		{"page from XML", "a.html", "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\">", ""},
		{"RTF as text", "a.txt", `{\rtf1\ansi`, LegacyOffice},
		{"PDF as text", "a.txt", "%PDF-1.4\n", ContentMismatch},
		{"all-text PDF", "a.pdf", "%PDF-1.4\n1 0 obj\n", ""},

		{"shebang", "a.txt", "#!/bin/sh\n", Script},
		{"shebang, marked", "a.md", "\xef\xbb\xbf#!/usr/bin/env python3\n", Script},
		{"shebang, UTF-16", "a.txt", utf16Text(t, le, unicode.UseBOM, "#!/bin/sh\n"), Script},
		{"shebang, binary follows", "a.bin", "#!/bin/sh\n\x00\x01", Script},
		{"PHP", "a.txt", "\n<?php system('x');", Script},
		{"PHP, short", "a.txt", "<?= 1 ?>", Script},
		{"PHP in a page", "a.html", "<html><?PHP x ?>", Script},
		{"PHP in a picture", "a.gif", "GIF89a\x01\x00\x01\x00\x00\x00\x00;<?php x", Script},
		{"batch", "a.txt", "@echo off\r\ndel x", Script},
		{"batch after comments", "a.txt", "REM hello\r\n:: x\r\n@ECHO OFF", Script},
		{"PowerShell", "a.txt", "# hello\n<# long\ncomment #>\nparam (\n [string]$x)", Script},
		{"PowerShell download", "a.txt", "IEX (New-Object Net.WebClient).DownloadString('x')", Script},
		{"PowerShell variable", "a.md", "$client = New-Object System.Net.WebClient", Script},
		{"VBScript", "a.txt", "' hello\nSet shell = CreateObject(\"WScript.Shell\")", Script},
		{"VBScript errors", "a.csv", "On Error Resume Next\n", Script},
		{"JScript", "a.txt", "// x\nvar s = new ActiveXObject('WScript.Shell');", Script},
		{"JavaScript", "a.txt", "/* x */\n'use strict';\n", Script},
		{"HTA", "a.txt", "<HTA:APPLICATION id=x>", Script},
		{"PostScript", "a.txt", "%!PS-Adobe-3.0\n", Script},
		{"code inside Markdown", "a.md", "# How to\n\nRun this:\n\n```sh\n#!/bin/sh\n<?php ?>\n```\n", ""},
		{"essay on functions", "a.txt", "Function and form are one.\n", ""},
		{"essay on echo", "a.txt", "Echo off the walls came the sound.\n", ""},

		{"page in front of a PDF", "a.pdf", "<!DOCTYPE html><script>alert(1)</script>\n" + pdf, ContentMismatch},
		{"page in front of a PDF, as page", "a.html", "<html><body>\n" + pdf, ContentMismatch},
		{"page with words in front", "a.pdf", "hello <script src=x></script>\n" + pdf, ContentMismatch},
		{"drawing in front of a PDF", "a.pdf", "<svg onload=x>\n" + pdf, ContentMismatch},
		{"fragment in front of a PDF", "a.pdf", "<img src=x onerror=y>\n" + pdf, ContentMismatch},
		{"script in front of a PDF", "a.pdf", "@echo off\r\ndel x\r\n" + pdf, Script},
		{"PHP in front of a PDF", "a.pdf", "<?php x ?>\n" + pdf, Script},
		{"PDF behind a line of a printer", "a.pdf", "@PJL SET COPIES=1\n" + pdf, ""},
		{"PDF behind blanks", "a.pdf", "\r\n\r\n" + pdf, ""},

		{"AAC with a tag", "a.aac", id3(30) + "\xff\xf1\x50\x80", ""},
		{"AAC with two tags", "a.aac", id3(30) + id3(200) + "\xff\xf9\x50\x80", ""},
		{"AAC with a cover beyond the head", "a.aac", id3(HeadSize), ""},
		{"MP3 with a cover beyond the head", "a.mp3", id3(HeadSize), ""},
		{"MP3 with a tag", "a.mp3", id3(30) + "\xff\xfb\x90\x64", ""},
		{"MP3 with a tag as AAC", "a.aac", id3(30) + "\xff\xfb\x90\x64", ContentMismatch},
		{"AAC with a tag as MP3", "a.mp3", id3(30) + "\xff\xf1\x50\x80", ContentMismatch},
		{"a tag with a program behind", "a.aac", id3(30) + string(portable()), Executable},

		{"OpenDocument, content first", "a.odt", zipHead("content.xml", "mimetype", "META-INF/manifest.xml"), ""},
		{"OpenDocument, META-INF first", "a.odt", zipHead("META-INF/", "META-INF/manifest.xml", "mimetype"), ""},
		{"META-INF first in a zip", "a.zip", zipHead("META-INF/", "META-INF/manifest.xml"), Executable},
		{"jar as OpenDocument", "a.odt", zipHead("META-INF/", "META-INF/MANIFEST.MF", "A.class"), Executable},
		{"jar as OpenDocument, without folder", "a.odt", zipHead("META-INF/MANIFEST.MF", "A.class"), Executable},
		{"Word as OpenDocument", "a.odt", zipHead("[Content_Types].xml", "word/document.xml"), ContentMismatch},

		{"program as picture", "a.jpg", string(portable()), Executable},
		{"program as text", "a.txt", string(portable()), Executable},
		{"program inside a PDF", "a.pdf", "%PDF-1.7\n\xe2\xe3\x00\n" + string(portable()), Executable},
		{"short program", "a.png", "MZ\x00", Executable},
		{"ELF", "a.mp3", "\x7fELF\x02\x01\x01\x00", Executable},
		{"class", "a.zip", "\xca\xfe\xba\xbe\x00\x00\x00\x34", Executable},
		{"jar as zip", "a.zip", zipHead("META-INF/MANIFEST.MF", "A.class"), Executable},
		{"program, unknown name", "a", string(portable()), Executable},

		{"old Word as docx", "a.docx", ole, LegacyOffice},
		{"old Word", "a.doc", ole, LegacyOffice},
		{"old Word as text", "a.txt", ole, LegacyOffice},
		{"Word as Excel", "a.xlsx", zipHead("[Content_Types].xml", "word/document.xml"), ContentMismatch},
		{"Word as zip", "a.zip", zipHead("[Content_Types].xml", "word/document.xml"), ContentMismatch},
		{"empty zip", "a.zip", "PK\x05\x06" + strings.Repeat("\x00", 18), ""},
		{"PNG as JPEG", "a.jpg", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00", ContentMismatch},
		{"nothing as JPEG", "a.jpg", "", ContentMismatch},
		{"7z as zip", "a.zip", "7z\xbc\xaf\x27\x1c\x00\x04", ContentMismatch},
	} {
		got := Decide(tc.name, "", []byte(tc.head))
		require.Equal(t, tc.want, got.Rule, tc.what)
		require.Equal(t, tc.want == "", got.Accepted(), tc.what)
	}
}

// id3 is a tag of n bytes behind its header.
func id3(n int) string {
	header := []byte{'I', 'D', '3', 4, 0, 0, byte(n >> 21 & 0x7f), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}
	return string(header) + strings.Repeat("\x00", n)
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
		got := Decide(name, claim, head)
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
		require.Equal(t, row.Family == Image, row.Preview, row.Title)
		require.Equal(t, row.Preview, row.Leaves == Reencoded, row.Title)
		for _, extension := range row.Extensions {
			require.Equal(t, strings.ToLower(extension), extension)
			require.Empty(t, owner[extension], "%s belongs to two rows", extension)
			owner[extension] = row.Title
			require.Equal(t, NotAllowed, refusalOf(extension), "%s is accepted and refused", extension)
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
	for rule := range refusedExtensions {
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
		got := Decide(name, claim, head)
		require.Equal(t, got, Decide(name, claim, head), "the answer must not change")
		if got.Accepted() {
			require.NoError(t, Admit(name, claim))
			require.False(t, hasProgram(head) && bytes.IndexByte(head, 0) >= 0 && !bytes.HasPrefix(head, []byte("\xff\xfe")))
		}
	})
}
