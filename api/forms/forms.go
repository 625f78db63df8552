// Package forms reads multipart forms part by part, as their bytes come.
package forms

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"satchel/internal/fault"
)

// maxPartHeaders bounds the headers of one part of a form. mime/multipart would
// keep 10 MB of them in memory for each connection.
const maxPartHeaders = 16 << 10

var errPartHeaders = fault.New(fault.TooLarge, "part_headers_too_large",
	"The headers of one part of the form are longer than %d bytes. Shorten them. The file was not kept.", maxPartHeaders)

// ErrForm refuses a form that is none, or not a whole one.
var ErrForm = fault.New(fault.Invalid, "invalid_form", "The body is not a complete multipart/form-data form. Send the file in a part named file.")

// Reader reads a form part by part.
type Reader struct {
	form *multipart.Reader
	body *headerLimit
}

// New reads the form of a request.
func New(r *http.Request) (*Reader, error) {
	body := &headerLimit{ReadCloser: r.Body}
	r.Body = body
	form, err := r.MultipartReader()
	return &Reader{form, body}, err
}

// EndBy bounds the time in which the rest of the form must come, where the connection can.
func (f *Reader) EndBy(at time.Time) {
	if b, ok := f.body.ReadCloser.(interface{ EndBy(at time.Time) }); ok {
		b.EndBy(at)
	}
}

// Next gives the next part, whose headers it reads. The part before must have
// been read to its end.
func (f *Reader) Next() (*multipart.Part, error) {
	f.body.limited, f.body.left = true, maxPartHeaders
	defer func() { f.body.limited = false }()
	part, err := f.form.NextRawPart()
	switch {
	case err == nil, err == io.EOF: // a wrapped EOF is that of a form without its last boundary
		return part, err
	case errors.Is(err, errPartHeaders):
		return nil, errPartHeaders
	}
	return nil, ErrForm.Because(err)
}

// headerLimit ends a body when more than what is left is read while it is limited.
type headerLimit struct {
	io.ReadCloser
	limited bool
	left    int
}

// Read reads no more than is left.
func (b *headerLimit) Read(p []byte) (int, error) {
	if !b.limited {
		return b.ReadCloser.Read(p)
	}
	if b.left == 0 {
		return 0, errPartHeaders
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
