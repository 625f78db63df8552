package scan

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"satchel/policies/archives"
	"satchel/policies/types"
	"satchel/policies/verdict"
)

// stream is one scan of one object: a single read of it that feeds the hash,
// the scanner and, for a container, the spool that its members are read from.
type stream struct {
	*Activities
	ctx       context.Context //nolint:containedctx // lives for one scan
	heartbeat *heartbeat
	differ    func(error) error // the fault for bytes that are not the received ones
	sha256    string            // of all the bytes, once they were read
	crc32     int64             // of the same
}

// hasMacros says whether the inspection let macros pass for a kind of document.
func hasMacros(mediaType string) bool {
	kind, _ := types.ByMediaType(mediaType)
	return kind.Macros
}

func (s *stream) scan(source Source, o object) (Finding, error) {
	if !o.archive {
		return s.whole(source, o, io.Discard)
	}
	file, err := s.spool.File()
	if err != nil {
		return Finding{}, err
	}
	defer func() { _ = file.Close() }()
	whole, err := s.whole(source, o, file)
	if err != nil || whole.Verdict != verdict.Clean {
		return whole, err
	}
	return s.members(file, o)
}

// whole passes every byte of the object to the scanner and to what else wants
// it. Memory stays at the scanner's own buffer. A verdict counts only for the
// bytes that were received.
func (s *stream) whole(source Source, o object, copied io.Writer) (Finding, error) {
	hash, sum := sha256.New(), crc32.NewIEEE()
	spooled := &errorWriter{Writer: copied}
	body := &opened{open: func() (io.ReadCloser, error) { return open(s.ctx, source, o) }}
	defer body.close()
	watched := &errorReader{Reader: body}
	found, err := s.ask(io.TeeReader(watched, io.MultiWriter(hash, sum, spooled)), o.size)
	switch {
	case body.err != nil:
		return Finding{}, body.err
	case watched.err != nil:
		return Finding{}, fmt.Errorf("read object: %w", watched.err)
	case spooled.err != nil:
		return Finding{}, fmt.Errorf("spool object: %w", spooled.err)
	case errors.Is(err, ErrTooLarge):
		return Finding{verdict.Unscannable, tooLarge}, nil
	case errors.Is(err, ErrBytesDiffer):
		return Finding{}, s.differ(err)
	case err != nil:
		return Finding{}, fmt.Errorf("scan object: %w", err)
	}
	if s.sha256 = hex.EncodeToString(hash.Sum(nil)); s.sha256 != o.sha256 {
		return Finding{}, s.differ(errors.New("the stored object's SHA-256 is another one"))
	}
	s.crc32 = int64(sum.Sum32())
	return found, nil
}

// errorReader remembers the reader's own failure: a connection that broke is not an
// object of another length.
type errorReader struct {
	io.Reader
	err error
}

func (w *errorReader) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// errorWriter remembers the writer's own failure: a spool that is full is not a
// scanner that gives no verdict.
type errorWriter struct {
	io.Writer
	err error
}

func (w *errorWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

// opened opens the object at its first read: a scan waits for its place with the scanner, and
// the store does not keep a connection open for as long as that may take.
type opened struct {
	open func() (io.ReadCloser, error)
	body io.ReadCloser
	err  error // of the opening
}

func (o *opened) Read(p []byte) (int, error) {
	if o.body == nil && o.err == nil {
		o.body, o.err = o.open()
	}
	if o.err != nil {
		return 0, o.err
	}
	return o.body.Read(p)
}

func (o *opened) close() {
	if o.body != nil {
		_ = o.body.Close()
	}
}

// open reads the object, or nothing of an empty one, which has no range.
func open(ctx context.Context, source Source, o object) (io.ReadCloser, error) {
	if o.size == 0 {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return source.Open(ctx, o.key, o.etag, 0, -1)
}

// ask takes only the three answers that a scanner can give; silence is no
// verdict.
func (s *stream) ask(r io.Reader, size int64) (Finding, error) {
	found, err := s.scanner.Scan(s.ctx, s.heartbeat.count(r), size)
	if err != nil {
		return Finding{}, err
	}
	if found.Verdict.ByScanner() {
		return found, nil
	}
	return Finding{}, ErrScannerUnavailable.Because(fmt.Errorf("the scanner answered %q", found.Verdict))
}

// errStop ends a walk whose outcome is decided.
var errStop = errors.New("decided")

// members gives every member of a container to the scanner, which does not see
// some of them by itself. An infected member decides at once; a program, or one
// that cannot be looked at, does not hide an infected one behind it.
func (s *stream) members(file io.ReaderAt, o object) (Finding, error) {
	limits := s.limits
	// The inspection decided about macros and names; what is nested is bound alike.
	limits.Macros = o.macros
	limits.Refuses = types.NeverInside
	worst := Finding{Verdict: verdict.Clean}
	err := archives.Walk(s.ctx, file, o.size, limits, func(m archives.Member) error {
		found, err := s.member(m, o.macros)
		if err != nil {
			return err
		}
		worst = mostSevere(worst, found)
		if worst.Verdict == verdict.Infected {
			return errStop
		}
		return nil
	})
	var finding *archives.Finding
	switch {
	case err == nil, worst.Verdict == verdict.Infected:
		return worst, nil
	case errors.As(err, &finding):
		return Finding{finding.Class(), string(finding.Rule)}, nil
	}
	return Finding{}, fmt.Errorf("walk through archive: %w", err)
}

// member asks the scanner about one member, and the policies whether it is a
// program, or an old document that may not come in by itself either. macros let a
// document's own macros pass.
func (s *stream) member(m archives.Member, macros bool) (Finding, error) {
	body := bufio.NewReaderSize(m.Reader, types.HeadSize)
	// An error comes again at the reading that follows.
	head, _ := body.Peek(types.HeadSize)
	program := types.IsProgram(head)
	document, err := s.documentOf(head, m)
	if err != nil {
		return Finding{}, err
	}
	defer document.close()
	found, err := s.ask(document.copying(body), m.Size)
	switch {
	case errors.Is(err, ErrTooLarge):
		found = Finding{verdict.Unscannable, tooLarge}
	case err != nil:
		return Finding{}, err
	}
	if program {
		found = mostSevere(found, Finding{verdict.Rejected, string(types.Executable)})
	}
	if found.Verdict != verdict.Clean {
		return found, nil // the scanner may not have read to the end
	}
	return document.judge(macros)
}

// severity orders what members of one container were found to be.
var severity = []verdict.Verdict{verdict.Clean, verdict.Unscannable, verdict.Rejected, verdict.Infected}

func mostSevere(a, b Finding) Finding {
	if slices.Index(severity, b.Verdict) > slices.Index(severity, a.Verdict) {
		return b
	}
	return a
}
