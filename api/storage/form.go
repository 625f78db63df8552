package storage

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"satchel/internal/fault"
)

// maxPartHeaders bounds the headers of one part of a form. mime/multipart would
// keep 10 MB of them in memory for each connection.
const maxPartHeaders = 16 << 10

var errPartHeaders = fault.New(fault.TooLarge, "part_headers_too_large",
	"The headers of one part of the form are longer than %d bytes. Shorten them. The file was not kept.", maxPartHeaders)

// formReader reads a form part by part.
type formReader struct {
	form *multipart.Reader
	body *headerLimit
}

func newFormReader(r *http.Request) (*formReader, error) {
	body := &headerLimit{ReadCloser: r.Body}
	r.Body = body
	form, err := r.MultipartReader()
	return &formReader{form, body}, err
}

// next gives the next part, whose headers it reads. The part before must have
// been read to its end.
func (f *formReader) next() (*multipart.Part, error) {
	f.body.limited, f.body.left = true, maxPartHeaders
	defer func() { f.body.limited = false }()
	part, err := f.form.NextRawPart()
	switch {
	case err == nil, err == io.EOF: // a wrapped EOF is that of a form without its last boundary
		return part, err
	case errors.Is(err, errPartHeaders):
		return nil, errPartHeaders
	}
	return nil, errForm.Because(err)
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
