package archives

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
)

// member is one file of a handmade zip. What is left zero is filled in
// honestly, so that a test states only its lie.
type member struct {
	name      string
	content   []byte
	deflate   bool
	flags     uint16
	method    uint16
	creator   uint16
	attrs     uint32
	extra     []byte // of the directory
	localName string
	localFlag uint16
	localMeth uint16
	crc       uint32
	localCRC  uint32
	unpacked  int64 // declared in both places
	localSize int64 // declared in front only
	raw       []byte
	after     []byte // between this member and the next
	at        int64  // its place in the directory; 0 is the true one
	zip64     bool
}

// handmade is a zip as bytes, with lies where a test wants them.
type handmade struct {
	members []member
	before  []byte
	gap     []byte // between members and directory
	behind  []byte // between directory and end record
	comment []byte
	after   []byte
	zip64   bool
	entries int // announced in the end record, 0 for the true number
	disk    uint16
	edit64  func(record []byte)
}

func deflated(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func (m *member) fill(t testing.TB) {
	if m.raw == nil {
		m.raw = m.content
		if m.deflate {
			m.raw = deflated(t, m.content)
		}
	}
	if m.deflate && m.method == 0 {
		m.method = 8
	}
	if m.localName == "" {
		m.localName = m.name
	}
	if m.localMeth == 0 {
		m.localMeth = m.method
	}
	if m.crc == 0 {
		m.crc = crc32.ChecksumIEEE(m.content)
	}
	if m.localCRC == 0 {
		m.localCRC = m.crc
	}
	if m.unpacked == 0 {
		m.unpacked = int64(len(m.content))
	}
	if m.localSize == 0 {
		m.localSize = m.unpacked
	}
	m.localFlag ^= m.flags
}

func le(values ...any) []byte {
	var b bytes.Buffer
	for _, value := range values {
		if err := binary.Write(&b, binary.LittleEndian, value); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func (m *member) local() []byte {
	packed, unpacked, extra := uint32(len(m.raw)), uint32(m.localSize), []byte(nil)
	if m.zip64 {
		extra = le(uint16(zip64Extra), uint16(16), uint64(m.localSize), uint64(len(m.raw)))
		packed, unpacked = unset32, unset32
	}
	head := le(uint32(0x04034b50), uint16(20), m.localFlag, m.localMeth, uint32(0), m.localCRC, packed, unpacked,
		uint16(len(m.localName)), uint16(len(extra)), []byte(m.localName), extra)
	return append(append(head, m.raw...), m.after...)
}

func (m *member) central(at int64) []byte {
	if m.at != 0 {
		at = m.at
	}
	packed, unpacked, offset, extra := uint32(len(m.raw)), uint32(m.unpacked), uint32(at), m.extra
	if m.zip64 {
		extra = append(le(uint16(zip64Extra), uint16(24), uint64(m.unpacked), uint64(len(m.raw)), uint64(at)), extra...)
		packed, unpacked, offset = unset32, unset32, unset32
	}
	return le(uint32(0x02014b50), m.creator<<8|20, uint16(20), m.flags, m.method, uint32(0), m.crc, packed, unpacked,
		uint16(len(m.name)), uint16(len(extra)), uint16(0), uint16(0), uint16(0), m.attrs, offset, []byte(m.name), extra)
}

func (h handmade) build(t testing.TB) []byte {
	t.Helper()
	out := bytes.NewBuffer(bytes.Clone(h.before))
	var central []byte
	for _, m := range h.members {
		m.fill(t)
		central = append(central, m.central(int64(out.Len()))...)
		out.Write(m.local())
	}
	out.Write(h.gap)
	at, n := out.Len(), len(h.members)
	if h.entries != 0 {
		n = h.entries
	}
	out.Write(central)
	out.Write(h.behind)
	if !h.zip64 {
		out.Write(le(uint32(0x06054b50), h.disk, h.disk, uint16(n), uint16(n), uint32(len(central)), uint32(at), uint16(len(h.comment)), h.comment, h.after))
		return out.Bytes()
	}
	record := le(uint32(0x06064b50), uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), uint64(n), uint64(n), uint64(len(central)), uint64(at))
	recordAt := out.Len()
	if h.edit64 != nil {
		h.edit64(record)
	}
	out.Write(record)
	out.Write(le(uint32(0x07064b50), uint32(0), uint64(recordAt), uint32(1)))
	out.Write(le(uint32(0x06054b50), uint16(0), uint16(0), uint16(unset16), uint16(unset16), uint32(unset32), uint32(unset32), uint16(len(h.comment)), h.comment, h.after))
	return out.Bytes()
}

func one(m member) handmade { return handmade{members: []member{m}} }

// packed makes an honest zip with the standard library's writer, which writes
// sizes behind the members.
func packed(t testing.TB, names []string, contents ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, name := range names {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write(contents[i])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// descriptor follows a stored or deflated member when its sizes were not
// known in front of it.
func descriptor(content []byte) []byte {
	return le(uint32(0x08074b50), crc32.ChecksumIEEE(content), uint32(len(content)), uint32(len(content)))
}
