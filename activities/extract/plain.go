package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding/charmap"
	encodings "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"
)

// head reads the first bytes of a file.
func head(path string, most int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // a file in the spool's own folder
	if err != nil {
		return nil, fmt.Errorf("open spooled file: %w", err)
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, most))
}

// decode makes UTF-8 of a text: by its byte order mark, else as UTF-8 where it is that,
// else as Windows-1252, in which every byte has a meaning.
func decode(content []byte) string {
	if bytes.HasPrefix(content, []byte{0xff, 0xfe}) || bytes.HasPrefix(content, []byte{0xfe, 0xff}) {
		if text, err := encodings.UTF16(encodings.LittleEndian, encodings.UseBOM).NewDecoder().Bytes(content); err == nil {
			return string(text)
		}
	}
	if cut := bytes.TrimPrefix(content, []byte("\ufeff")); utf8.Valid(whole(cut)) {
		return string(cut)
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(content)
	if err != nil {
		return strings.ToValidUTF8(string(content), " ")
	}
	return string(text)
}

// whole leaves out a character that the bound cut in two.
func whole(content []byte) []byte {
	for back := 1; back < utf8.UTFMax && back <= len(content); back++ {
		last := content[len(content)-back]
		if utf8.RuneStart(last) {
			if !utf8.FullRune(content[len(content)-back:]) {
				return content[:len(content)-back]
			}
			break
		}
	}
	return content
}

// clean makes the text that is stored: NFC, without control characters, of which two mark
// what a search found, in single spaces and lines, and not longer than most bytes.
func clean(text string, most int) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, " "))
	var b strings.Builder
	space, line := false, false
	for _, r := range text {
		switch {
		case r == '\n':
			line = true
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = true
		default:
			if b.Len()+utf8.RuneLen(r)+1 > most {
				return b.String()
			}
			if b.Len() > 0 && line {
				b.WriteByte('\n')
			} else if b.Len() > 0 && space {
				b.WriteByte(' ')
			}
			space, line = false, false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden are elements whose content is not shown, and inline those that part no words.
var (
	hidden = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Template: true, atom.Noscript: true}
	inline = map[atom.Atom]bool{atom.A: true, atom.B: true, atom.I: true, atom.Em: true, atom.Strong: true, atom.Span: true, atom.U: true, atom.Code: true, atom.Mark: true, atom.Small: true}
)

// readHTML takes the text out of a page. Nothing of it is run or fetched.
func readHTML(r io.Reader) (found, error) {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxRead)
	var title, body strings.Builder
	inTitle, skipped := false, 0
	for body.Len() < 2*maxText {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if errors.Is(z.Err(), io.EOF) || body.Len() > 0 {
				return found{title.String(), body.String()}, nil
			}
			return found{}, unreadable(z.Err())
		case html.TextToken:
			switch {
			case skipped > 0:
			case inTitle:
				title.Write(z.Text())
			default:
				body.Write(z.Text())
			}
		case html.StartTagToken, html.EndTagToken:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			switch {
			case hidden[tag] && kind == html.StartTagToken:
				skipped++
			case hidden[tag]:
				skipped = max(0, skipped-1)
			case tag == atom.Title:
				inTitle = kind == html.StartTagToken
			case !inline[tag]:
				body.WriteByte('\n')
			}
		case html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
	return found{title.String(), body.String()}, nil
}
