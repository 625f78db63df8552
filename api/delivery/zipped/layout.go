// Package zipped lays a zip file out before its bytes are read, so that any stretch of it
// can be sent: its length is known, and a download that broke goes on where it stopped.
// archive/zip writes a file from its beginning only.
//
// Entries are stored and not deflated: most of what schools keep is compressed already,
// and the place of each byte then follows from names and sizes. The form is that of
// PKWARE's APPNOTE 6.3, with ZIP64 where sizes or offsets need it.
package zipped

import (
	"encoding/binary"
	"time"
)

// Entry is one file of the zip. Its name is safe: see Names.
type Entry struct {
	Name     string
	Size     int64
	Modified time.Time
}

// Layout says where each byte of the zip is.
type Layout struct {
	entries   []Entry
	offsets   []int64 // of the local headers
	directory int64   // where the central directory begins
	size      int64
}

// The signatures and fixed lengths: APPNOTE, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16.
const (
	localSignature     = 0x04034b50
	directorySignature = 0x02014b50
	end64Signature     = 0x06064b50
	locator64Signature = 0x07064b50
	endSignature       = 0x06054b50

	localLength     = 30
	directoryLength = 46
	end64Length     = 56
	locatorLength   = 20
	endLength       = 22

	zip64Tag       = 1
	versionPlain   = 20
	versionZIP64   = 45
	utf8Names      = 1 << 11 // the names are UTF-8: section 4.4.4, bit 11
	max16          = 1<<16 - 1
	max32          = 1<<32 - 1
	localExtra     = 4 + 16 // both sizes
	directoryExtra = 4 + 24 // both sizes and the offset
)

// New lays out entries in their order.
func New(entries []Entry) *Layout {
	l := &Layout{entries: entries, offsets: make([]int64, len(entries))}
	for i, e := range entries {
		l.offsets[i] = l.size
		l.size += l.headerLength(i) + e.Size
	}
	l.directory = l.size
	for i := range entries {
		l.size += l.recordLength(i)
	}
	l.size += endLength
	if l.large() {
		l.size += end64Length + locatorLength
	}
	return l
}

// Size is the length of the whole zip in bytes.
func (l *Layout) Size() int64 { return l.size }

// large says whether the end of the directory needs ZIP64.
func (l *Layout) large() bool { return len(l.entries) >= max16 || l.directory >= max32 }

// largeEntry says whether an entry needs ZIP64: all of its numbers are then in the extra
// field, so that the lengths follow from sizes and offsets.
func (l *Layout) largeEntry(i int) bool { return l.entries[i].Size >= max32 || l.offsets[i] >= max32 }

func (l *Layout) headerLength(i int) int64 {
	n := localLength + int64(len(l.entries[i].Name))
	if l.entries[i].Size >= max32 {
		n += localExtra
	}
	return n
}

func (l *Layout) recordLength(i int) int64 {
	n := directoryLength + int64(len(l.entries[i].Name))
	if l.largeEntry(i) {
		n += directoryExtra
	}
	return n
}

// header is the local header of an entry.
func (l *Layout) header(i int, crc uint32) []byte {
	e := l.entries[i]
	large := e.Size >= max32
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, l.headerLength(i)), localSignature)
	b = l.common(b, i, crc, large)
	if large {
		b = binary.LittleEndian.AppendUint16(b, localExtra)
	} else {
		b = binary.LittleEndian.AppendUint16(b, 0)
	}
	b = append(b, e.Name...)
	if large {
		b = extra(b, uint64(e.Size), uint64(e.Size))
	}
	return b
}

// common is what the local header and the record in the directory share: from the version
// to the length of the name.
func (l *Layout) common(b []byte, i int, crc uint32, large bool) []byte {
	e := l.entries[i]
	version, size := uint16(versionPlain), uint32(max32)
	if large {
		version = versionZIP64
	} else {
		size = uint32(e.Size)
	}
	day, clock := dosTime(e.Modified)
	b = binary.LittleEndian.AppendUint16(b, version)
	b = binary.LittleEndian.AppendUint16(b, utf8Names)
	b = binary.LittleEndian.AppendUint16(b, 0) // stored
	b = binary.LittleEndian.AppendUint16(b, clock)
	b = binary.LittleEndian.AppendUint16(b, day)
	b = binary.LittleEndian.AppendUint32(b, crc)
	b = binary.LittleEndian.AppendUint32(b, size)
	b = binary.LittleEndian.AppendUint32(b, size)
	return binary.LittleEndian.AppendUint16(b, uint16(len(e.Name)))
}

// record is an entry's in the central directory.
func (l *Layout) record(i int, crc uint32) []byte {
	e, large := l.entries[i], l.largeEntry(i)
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, l.recordLength(i)), directorySignature)
	b = binary.LittleEndian.AppendUint16(b, versionZIP64) // made by: the meaning of attributes is that of DOS
	b = l.common(b, i, crc, large)
	length, offset := uint16(0), uint32(max32)
	if large {
		length = directoryExtra
	} else {
		offset = uint32(l.offsets[i])
	}
	b = binary.LittleEndian.AppendUint16(b, length)
	b = append(b, make([]byte, 10)...) // no comment, the first disk, no attributes
	b = binary.LittleEndian.AppendUint32(b, offset)
	b = append(b, e.Name...)
	if large {
		b = extra(b, uint64(e.Size), uint64(e.Size), uint64(l.offsets[i]))
	}
	return b
}

// extra is the ZIP64 extra field: section 4.5.3.
func extra(b []byte, numbers ...uint64) []byte {
	b = binary.LittleEndian.AppendUint16(b, zip64Tag)
	b = binary.LittleEndian.AppendUint16(b, uint16(8*len(numbers)))
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}

// end closes the zip.
func (l *Layout) end() []byte {
	var b []byte
	records, length := uint64(len(l.entries)), int64(0)
	for i := range l.entries {
		length += l.recordLength(i)
	}
	if l.large() {
		b = l.end64(b, records, length)
	}
	few, short, near := uint16(max16), uint32(max32), uint32(max32)
	if !l.large() {
		few, near = uint16(records), uint32(l.directory)
	}
	if !l.large() && length < max32 {
		short = uint32(length)
	}
	b = binary.LittleEndian.AppendUint32(b, endSignature)
	b = append(b, 0, 0, 0, 0) // the first disk
	b = binary.LittleEndian.AppendUint16(b, few)
	b = binary.LittleEndian.AppendUint16(b, few)
	b = binary.LittleEndian.AppendUint32(b, short)
	b = binary.LittleEndian.AppendUint32(b, near)
	return append(b, 0, 0) // no comment
}

func (l *Layout) end64(b []byte, records uint64, length int64) []byte {
	b = binary.LittleEndian.AppendUint32(b, end64Signature)
	b = binary.LittleEndian.AppendUint64(b, end64Length-12)
	b = binary.LittleEndian.AppendUint16(b, versionZIP64)
	b = binary.LittleEndian.AppendUint16(b, versionZIP64)
	b = append(b, make([]byte, 8)...) // the first disk
	b = binary.LittleEndian.AppendUint64(b, records)
	b = binary.LittleEndian.AppendUint64(b, records)
	b = binary.LittleEndian.AppendUint64(b, uint64(length))
	b = binary.LittleEndian.AppendUint64(b, uint64(l.directory))
	b = binary.LittleEndian.AppendUint32(b, locator64Signature)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(l.directory+length))
	return binary.LittleEndian.AppendUint32(b, 1)
}

// dosTime is a time as zip keeps it, in UTC, to two seconds, from 1980 on.
func dosTime(t time.Time) (day, clock uint16) {
	t = t.UTC()
	if t.Year() < 1980 || t.Year() > 2107 {
		return 1<<5 | 1, 0
	}
	return uint16((t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day()), uint16(t.Hour()<<11 | t.Minute()<<5 | t.Second()/2)
}
