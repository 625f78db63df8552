// Package segments takes the text out of files and says where in the file each piece of it
// is. Formats that are XML, HTML and plain text are read here; what a program of ours reads
// in a child process comes back in the same form, as frames of one file.
package segments

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// The parts of a file.
const (
	Text       = "text"       // the whole of a text file
	Page       = "page"       // of a PDF
	Field      = "field"      // of a form, with its name before the value
	Note       = "note"       // an annotation on a page
	Sheet      = "sheet"      // lines are rows, and tabs are between cells
	Slide      = "slide"      // of a presentation
	Body       = "body"       // of a document
	Header     = "header"     // headers, footers, notes and comments of a document
	Message    = "message"    // of a mail
	Properties = "properties" // what a program or camera noted about the file
	Location   = "location"   // where a picture was taken: latitude and longitude
	Name       = "name"       // of the file itself
)

// Place is where a piece of text is. It names nothing: names of members and sheets may be
// personal themselves.
type Place struct {
	Member string `json:"member,omitempty"` // numbers of members of a zip or parts of a mail, such as 3/1
	Part   string `json:"part"`
	Number int    `json:"number,omitempty"` // of the part, from 1
}

// Unread says that something of a file was not read, and why. It is about the file: another
// try gives the same.
type Unread struct {
	Reason string // a code
	Detail string // for the log, nothing of the file's text
}

func (u *Unread) Error() string { return fmt.Sprintf("not read (%s): %s", u.Reason, u.Detail) }

// The reasons.
const (
	Unreadable  = "unreadable"     // damaged, or not of its kind
	Protected   = "protected"      // needs a password
	TooLong     = "too_long"       // more text than is read
	TooMany     = "too_many_parts" // more pages, sheets or members than are read
	TooDeep     = "too_deep"       // zips within zips
	Entities    = "xml_entities"   // XML that declares entities of its own
	NoText      = "no_text_of_kind"
	PicturePage = "page_without_text" // a page that is a picture
	Picture     = "picture"           // whose letters were not recognized
)

// Sink takes texts. What is written belongs to the place that was begun last.
type Sink interface {
	Begin(Place) error
	io.Writer
}

// Write gives a whole text to a sink.
func Write(to Sink, at Place, text string) error {
	if text == "" {
		return nil
	}
	if err := to.Begin(at); err != nil {
		return err
	}
	_, err := io.WriteString(to, text)
	return err
}

// Frames writes texts into one stream: a line of JSON begins a place, and #N a piece of N
// bytes of its text.
type Frames struct {
	w    *bufio.Writer
	left int64
}

// NewFrames makes a sink that takes most bytes of text, and refuses more as too long.
func NewFrames(w io.Writer, most int64) *Frames { return &Frames{bufio.NewWriterSize(w, 64<<10), most} }

// Begin begins the text of a place.
func (f *Frames) Begin(at Place) error {
	line, err := json.Marshal(at)
	if err != nil {
		return err
	}
	if f.left -= int64(len(line)); f.left < 0 {
		return &Unread{TooLong, "places"}
	}
	_, err = f.w.Write(append(line, '\n'))
	return err
}

// Write adds to the text.
func (f *Frames) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	whole := len(p)
	p = p[:min(int64(whole), f.left)]
	f.left -= int64(len(p))
	if len(p) > 0 {
		if _, err := fmt.Fprintf(f.w, "#%d\n", len(p)); err != nil {
			return 0, err
		}
		if _, err := f.w.Write(p); err != nil {
			return 0, err
		}
	}
	if len(p) < whole {
		return len(p), &Unread{TooLong, "text"}
	}
	return whole, nil
}

// Close writes what is not written yet.
func (f *Frames) Close() error { return f.w.Flush() }

// ErrFrames says that a stream is not one of frames: its writer was taken over by a file.
var ErrFrames = errors.New("not a stream of segments")

const (
	mostLine  = 4 << 10
	mostPiece = 1 << 30
)

// Each gives every text of a stream to a function, which may leave some of it.
func Each(r io.Reader, take func(Place, io.Reader) error) error {
	b := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := readLine(b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var at Place
		if err := json.Unmarshal(line, &at); err != nil {
			return fmt.Errorf("%w: %w", ErrFrames, err)
		}
		body := &pieces{from: b}
		if err := take(at, body); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return err
		}
	}
}

func readLine(b *bufio.Reader) ([]byte, error) {
	line, err := b.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case err != nil || len(line) > mostLine:
		return nil, ErrFrames
	}
	return line, nil
}

// pieces reads the text of one place.
type pieces struct {
	from *bufio.Reader
	left int64 // of the piece
}

func (p *pieces) Read(to []byte) (int, error) {
	for p.left == 0 {
		next, err := p.from.Peek(1)
		if errors.Is(err, io.EOF) || err == nil && next[0] != '#' {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		line, err := readLine(p.from)
		if err != nil {
			return 0, ErrFrames
		}
		if p.left, err = strconv.ParseInt(string(line[1:len(line)-1]), 10, 64); err != nil || p.left < 0 || p.left > mostPiece {
			return 0, ErrFrames
		}
	}
	n, err := p.from.Read(to[:min(int64(len(to)), p.left)])
	p.left -= int64(n)
	if errors.Is(err, io.EOF) && p.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
