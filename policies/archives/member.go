package archives

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
	"strings"
)

// errExtra means that the data of a packed member continue after its declared
// end.
var errExtra = errors.New("data after the end of the deflate stream")

// inflate is the library's decompressor, only that it notices when the packed
// bytes hold more than the stream: a place to hide things from a scanner.
func inflate(packed io.Reader) io.ReadCloser {
	src := bufio.NewReader(packed)
	return &inflater{src: src, z: flate.NewReader(src)}
}

type inflater struct {
	src *bufio.Reader
	z   io.ReadCloser
}

func (f *inflater) Read(p []byte) (int, error) {
	n, err := f.z.Read(p)
	if errors.Is(err, io.EOF) {
		if _, more := f.src.ReadByte(); more == nil {
			return n, errExtra
		}
	}
	return n, err
}

func (f *inflater) Close() error { return f.z.Close() }

// ruleOf sorts an error of unpacking, once the reader's own are ruled out.
func ruleOf(err error) Rule {
	switch {
	case errors.Is(err, errExtra):
		return ExtraData
	case errors.Is(err, zip.ErrFormat):
		return SizeLie
	case errors.Is(err, zip.ErrAlgorithm):
		return UnsupportedMethod
	}
	return Corrupt
}

// metered hands out a member's bytes and stops at the first that should not be
// there. Its error stays, so that a visitor who swallows it changes nothing.
type metered struct {
	w    *walker
	s    *source
	r    io.Reader
	path []int

	declared, count int64
	wantSum, sum    uint32
	head            []byte
	end             [endSize]byte
	err             error
}

func (m *metered) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.r.Read(p)
	m.count += int64(n)
	switch {
	case m.count > m.declared:
		n, m.err = 0, m.finding(SizeLie)
	case int64(n) > m.w.bytes:
		n, m.err = 0, m.finding(TooLarge)
	case errors.Is(err, io.EOF):
		m.err = m.ended()
	case err != nil:
		m.err = m.finding(ruleOf(err))
	}
	m.w.bytes -= int64(n)
	m.addSum(p[:n])
	m.head = append(m.head, p[:min(n, headSize-len(m.head))]...)
	m.keepEnd(p[:n])
	if m.err == io.EOF { //nolint:errorlint // set by ended, never wrapped
		m.err = m.whole()
	}
	return n, m.err
}

func (m *metered) ended() error {
	if m.count != m.declared {
		return m.finding(SizeLie)
	}
	return io.EOF
}

// addSum covers the one checksum that the library does not verify: it takes
// zero for "not set".
func (m *metered) addSum(p []byte) {
	if m.wantSum == 0 {
		m.sum = crc32.Update(m.sum, crc32.IEEETable, p)
	}
}

// finding prefers the reader's own failure, which explains everything else.
func (m *metered) finding(rule Rule) error { return m.s.or(found(rule, m.path...)) }

// keepEnd remembers the last bytes handed out.
func (m *metered) keepEnd(p []byte) {
	if len(p) >= endSize {
		copy(m.end[:], p[len(p)-endSize:])
		return
	}
	copy(m.end[:], m.end[len(p):])
	copy(m.end[endSize-len(p):], p)
}

// whole judges the complete member. One that ends as a zip does and also begins
// as one is unpacked; one that does not carries a zip behind something else,
// where a scanner that trusts the beginning does not look.
func (m *metered) whole() error {
	if m.sum != 0 {
		return m.finding(Corrupt)
	}
	if m.count >= endSize && bytes.HasPrefix(m.end[:], endMagic) && !beginsWith(m.head, zipHeads) {
		return m.finding(ExtraData)
	}
	return io.EOF
}

// zipHeads begin a zip container, the last two one of several parts.
var zipHeads = []string{"PK\x03\x04", "PK\x05\x06", "PK\x07\x08", "PK00"}

// closedHeads begin archives that may be encrypted inside, or that the scanner
// cannot open, so that its "clean" means nothing. What is missing here (tar,
// gzip, bzip2, xz, cab, iso) the scanner opens, and says so when it cannot.
var closedHeads = []string{
	"7z\xbc\xaf\x27\x1c",
	"Rar!\x1a\x07",
	"\x28\xb5\x2f\xfd", // Zstandard
	"\x04\x22\x4d\x18", // LZ4
	"LZIP",
}

// isClosedFormat also recognizes ACE, whose signature follows the length of its first header.
func isClosedFormat(head []byte) bool {
	const aceAt = 7
	return beginsWith(head, closedHeads) || len(head) > aceAt && bytes.HasPrefix(head[aceAt:], []byte("**ACE**"))
}

// headSize is enough to tell all of them.
const headSize = 16

func beginsWith(head []byte, magics []string) bool {
	for _, magic := range magics {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// nestedNames are the endings of archives and of documents that are one.
var nestedNames = []string{".zip", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub", ".jar", ".apk", ".7z", ".rar",
	".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".cab", ".iso"}

func countNested(entries []entry) int {
	n := 0
	for i := range entries {
		name := strings.ToLower(entries[i].name)
		for _, ending := range nestedNames {
			if strings.HasSuffix(name, ending) {
				n++
				break
			}
		}
	}
	return n
}
