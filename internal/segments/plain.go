package segments

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	encodings "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// sample is how much of a text tells its encoding.
const sample = 64 << 10

// Decoder gives a text of any encoding as UTF-8.
func Decoder(r io.Reader) (io.Reader, error) {
	head := make([]byte, sample)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	all := io.MultiReader(bytes.NewReader(head), r)
	if e := encodingOf(head); e != nil {
		return transform.NewReader(all, e.NewDecoder()), nil
	}
	return transform.NewReader(all, encodings.BOMOverride(transform.Nop)), nil
}

// encodingOf is the encoding of the beginning of a text; nil for UTF-8. A byte order mark
// decides, then valid UTF-8, then zeros at every second place, which no other text has, then
// the statistics of chardet where they are sure, else Windows-1252, in which every byte has
// a meaning.
func encodingOf(head []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return encodings.UTF16(encodings.LittleEndian, encodings.UseBOM)
	}
	even, odd := zeros(head)
	switch {
	case odd > len(head)/5 && even*10 < odd:
		return encodings.UTF16(encodings.LittleEndian, encodings.IgnoreBOM)
	case even > len(head)/5 && odd*10 < even:
		return encodings.UTF16(encodings.BigEndian, encodings.IgnoreBOM)
	case utf8.Valid(whole(head)):
		return nil
	}
	const sure, enough = 0.8, 64
	if found := chardet.Detect(head); len(head) >= enough && found.Confidence >= sure {
		if e, err := htmlindex.Get(found.Encoding); err == nil {
			return e
		}
	}
	return charmap.Windows1252
}

func zeros(head []byte) (even, odd int) {
	for i, c := range head {
		if c == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	return even, odd
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

// Decode is Decoder of a text in memory.
func Decode(content []byte) string {
	r, err := Decoder(bytes.NewReader(content))
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return strings.ToValidUTF8(string(content), " ")
	}
	return string(text)
}

// mostToken is how long a piece of HTML between two tags may be.
const mostToken = 1 << 20

// hidden are elements whose content is not shown, and inline those that part no words.
var (
	hidden = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Template: true, atom.Noscript: true}
	inline = map[atom.Atom]bool{atom.A: true, atom.B: true, atom.I: true, atom.Em: true, atom.Strong: true, atom.Span: true, atom.U: true, atom.Code: true, atom.Mark: true, atom.Small: true}
)

// ReadHTML takes the text out of a page, whose style hides nothing here. Nothing of it is
// run or fetched.
func ReadHTML(r io.Reader, to io.Writer) (title string, err error) {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(mostToken)
	var heading strings.Builder
	inTitle, skipped := false, 0
	for {
		var err error
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if errors.Is(z.Err(), io.EOF) {
				return heading.String(), nil
			}
			return heading.String(), &Unread{Unreadable, z.Err().Error()}
		case html.TextToken:
			switch {
			case skipped > 0:
			case inTitle:
				heading.Write(z.Text())
			default:
				_, err = to.Write(z.Text())
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
				_, err = io.WriteString(to, "\n")
			}
		case html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
		if err != nil {
			return heading.String(), err
		}
	}
}
