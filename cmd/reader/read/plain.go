package read

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jhillyerd/enmime/v2"
	"golang.org/x/net/html"

	"satchel/internal/segments"
)

// text gives a text as it is, in UTF-8. Tables are texts: their first line names the columns
// to the detectors.
func (r *reading) text(at string, source io.Reader) error {
	decoded, err := segments.Decoder(source)
	if err != nil {
		return err
	}
	if err := r.to.Begin(segments.Place{Member: at, Part: segments.Text}); err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{r.to}, decoded)
	return err
}

// html gives what is shown, and then what is not: comments, and attributes that hold words.
func (r *reading) html(at string, source *io.SectionReader) error {
	decoded, err := segments.Decoder(source)
	if err != nil {
		return err
	}
	if err := r.to.Begin(segments.Place{Member: at, Part: segments.Body}); err != nil {
		return err
	}
	title, err := segments.ReadHTML(decoded, r.to)
	if err != nil {
		return err
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if decoded, err = segments.Decoder(source); err != nil {
		return err
	}
	if err := r.to.Begin(segments.Place{Member: at, Part: segments.Properties}); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(r.to, title); err != nil {
		return err
	}
	return unshown(decoded, r.to)
}

var wordy = map[string]bool{"alt": true, "title": true, "value": true, "content": true, "placeholder": true, "href": true, "aria-label": true}

func unshown(source io.Reader, to io.Writer) error {
	z := html.NewTokenizer(source)
	z.SetMaxBuf(1 << 20)
	script := false
	for {
		kind := z.Next()
		var err error
		switch kind {
		case html.ErrorToken:
			if errors.Is(z.Err(), io.EOF) {
				return nil
			}
			return &segments.Unread{Reason: segments.Unreadable, Detail: z.Err().Error()}
		case html.CommentToken:
			_, err = fmt.Fprintf(to, "%s\n", z.Text())
		case html.TextToken:
			if script {
				_, err = fmt.Fprintf(to, "%s\n", z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			script = kind == html.StartTagToken && (string(name) == "script" || string(name) == "template" || string(name) == "noscript")
			for more && err == nil {
				var key, value []byte
				if key, value, more = z.TagAttr(); wordy[string(key)] && len(value) > 0 {
					_, err = fmt.Fprintf(to, "%s\n", bytes.TrimPrefix(bytes.TrimPrefix(value, []byte("mailto:")), []byte("tel:")))
				}
			}
		case html.EndTagToken:
			script = false
		case html.DoctypeToken:
		}
		if err != nil {
			return err
		}
	}
}

// mail gives a message's head and texts, and reads what is attached.
func (r *reading) mail(at string, depth int, source io.Reader) error {
	message, err := enmime.ReadEnvelope(io.LimitReader(source, mostMember))
	if err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	if n, err := io.CopyN(io.Discard, source, 1); err == nil && n > 0 {
		r.unread(at, &segments.Unread{Reason: segments.TooLong, Detail: "a mail"})
	}
	for _, problem := range message.Errors {
		if problem.Severe {
			r.unread(at, &segments.Unread{Reason: segments.Unreadable, Detail: problem.Name})
		}
	}
	var head strings.Builder
	for _, name := range []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject"} {
		if value := message.GetHeader(name); value != "" {
			fmt.Fprintf(&head, "%s: %s\n", name, value)
		}
	}
	if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Header}, head.String()); err != nil {
		return err
	}
	if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Message}, message.Text); err != nil {
		return err
	}
	if message.HTML != "" {
		if err := r.html(at, io.NewSectionReader(strings.NewReader(message.HTML), 0, int64(len(message.HTML)))); err != nil {
			return err
		}
	}
	index := 0
	for _, parts := range [][]*enmime.Part{message.Attachments, message.Inlines, message.OtherParts} {
		for _, part := range parts {
			index++
			if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Name, Number: index}, part.FileName); err != nil {
				return err
			}
			if err := r.member(at, index, depth, part.Content); err != nil {
				return err
			}
		}
	}
	return nil
}
