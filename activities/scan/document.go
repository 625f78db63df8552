package scan

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/ole"
	"satchel/policies/types"
	"satchel/policies/verdict"
)

// document is a member of a container that the policy of old documents judges: an
// old document in a zip, or an object in a new one. The scanner alone would let a
// macro or an embedded package pass that is refused as a file of its own.
//
// Its zero value is no such document.
type document struct {
	kind types.Container
	size int64
	// embedded judges what the document embeds.
	embedded ole.Embedded
	file     *spool.File // a copy, made while the scanner reads
	full     *errorWriter
}

// documentOf prepares the copy of a member that begins with head.
func (s *stream) documentOf(head []byte, m archives.Member) (*document, error) {
	kind := types.ContainerOf(head)
	if m.Container || kind == types.NoContainer || kind == types.Zip {
		return &document{}, nil
	}
	if m.Size > ole.MaxSize {
		return &document{kind: kind, size: m.Size}, nil
	}
	file, err := s.spool.File()
	if err != nil {
		return nil, err
	}
	embedded := ole.Embedded{Harmless: types.HarmlessInside, Zip: s.insideOLE}
	return &document{kind: kind, size: m.Size, embedded: embedded, file: file, full: &errorWriter{Writer: file}}, nil
}

// insideOLE judges a new document that an old one embeds.
func (s *stream) insideOLE(content []byte) error {
	limits := s.limits
	limits.Refuses = types.NeverInside
	_, err := archives.Inspect(s.ctx, bytes.NewReader(content), int64(len(content)), limits)
	return err
}

func (d *document) copying(r io.Reader) io.Reader {
	if d.file == nil {
		return r
	}
	return io.TeeReader(r, d.full)
}

func (d *document) close() {
	if d.file != nil {
		_ = d.file.Close()
	}
}

// judge looks through the copy. Its error is the spool's.
func (d *document) judge(macros bool) (Finding, error) {
	var err error
	switch whole := io.NewSectionReader(d.file, 0, d.size); {
	case d.kind == types.NoContainer:
		return Finding{Verdict: verdict.Clean}, nil
	case d.file != nil && d.full.err != nil:
		return Finding{}, fmt.Errorf("spool member: %w", d.full.err)
	case d.file == nil:
		err = &ole.Finding{Rule: ole.TooLarge}
	case d.kind == types.RTF:
		err = ole.InspectRTF(whole)
	case d.kind == types.XML:
		err = ole.InspectXML(whole)
	default:
		_, err = ole.Inspect(d.file, d.size, d.embedded)
	}
	return findingOf(err, macros)
}

// findingOf turns a policy's finding into an answer; any other error is the spool's.
func findingOf(err error, macros bool) (Finding, error) {
	var document *ole.Finding
	var archive *archives.Finding
	switch {
	case err == nil:
		return Finding{Verdict: verdict.Clean}, nil
	case errors.As(err, &document):
		if macros && document.Rule == ole.Macros {
			return Finding{Verdict: verdict.Clean}, nil
		}
		return Finding{document.Class(), string(document.Rule)}, nil
	case errors.As(err, &archive):
		return Finding{archive.Class(), string(archive.Rule)}, nil
	}
	return Finding{}, fmt.Errorf("read member: %w", err)
}
