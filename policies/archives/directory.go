package archives

import (
	"bytes"
	"encoding/binary"
	"math"
)

const (
	endSize       = 22
	maxComment    = math.MaxUint16
	locatorSize   = 20
	end64Size     = 56
	centralSize   = 46
	localSize     = 30
	firstTail     = 256 << 10
	maxDirectory  = 4 << 20
	unset16       = math.MaxUint16
	unset32       = math.MaxUint32
	zip64Extra    = 0x0001
	unicodeName   = 0x7075
	aesExtra      = 0x9901
	strongExtra   = 0x0017
	flagEncrypted = 1 << 0
	flagDescribed = 1 << 3
	flagStrong    = 1 << 6
	flagUTF8      = 1 << 11
	flagMasked    = 1 << 13
)

var (
	endMagic     = []byte("PK\x05\x06")
	end64Magic   = []byte("PK\x06\x06")
	locatorMagic = []byte("PK\x06\x07")
	centralMagic = []byte("PK\x01\x02")
	localMagic   = []byte("PK\x03\x04")
)

// directory is the position of the list of members.
type directory struct {
	offset, size int64
	entries      uint64
	zip64        bool
}

// entry is one member as the directory describes it.
type entry struct {
	name             string
	flags, method    uint16
	crc              uint32
	packed, unpacked int64
	offset           int64
	creator          uint16
	attributes       uint32
	// aliases are further names that some readers would use instead.
	aliases []string
}

func (e *entry) folder() bool { return len(e.name) > 0 && e.name[len(e.name)-1] == '/' }

// findDirectory reads the end of the container. The last end record counts, and
// its comment must reach exactly to the end of the file: otherwise another
// reader could take another record, and see other members.
func findDirectory(s *source) (directory, error) {
	if s.size < endSize {
		return directory{}, found(NotAZip)
	}
	if err := s.holdFrom(max(0, s.size-firstTail)); err != nil {
		return directory{}, err
	}
	at := bytes.LastIndex(s.tail[max(0, len(s.tail)-endSize-maxComment):], endMagic)
	if at < 0 {
		return directory{}, s.or(found(missingEnd(s)))
	}
	at += max(0, len(s.tail)-endSize-maxComment)
	end := s.tail[at:]
	switch whole := endSize + int(commentSize(end)); {
	case len(end) < whole:
		return directory{}, found(Corrupt)
	case len(end) > whole:
		return directory{}, found(ExtraData)
	}
	return readEnd(s, end[:endSize], s.tailAt+int64(at))
}

func commentSize(end []byte) uint16 {
	if len(end) < endSize {
		return 0
	}
	return binary.LittleEndian.Uint16(end[20:])
}

// missingEnd tells a torn archive from something else altogether.
func missingEnd(s *source) Rule {
	head, err := s.bytes(0, 4)
	if err == nil && bytes.Equal(head, localMagic) {
		return Corrupt
	}
	return NotAZip
}

func readEnd(s *source, end []byte, endAt int64) (directory, error) {
	le := binary.LittleEndian
	disk, startDisk, here, all := le.Uint16(end[4:]), le.Uint16(end[6:]), le.Uint16(end[8:]), le.Uint16(end[10:])
	d := directory{offset: int64(le.Uint32(end[16:])), size: int64(le.Uint32(end[12:])), entries: uint64(all)}
	if (disk != 0 && disk != unset16) || (startDisk != 0 && startDisk != unset16) || here != all {
		return directory{}, found(SplitArchive)
	}
	large, present, err := readEnd64(s, endAt)
	if err != nil {
		return directory{}, err
	}
	switch {
	case present && !agrees(d, large):
		return directory{}, found(HeaderMismatch)
	case present:
		d, endAt = large, large.offset+large.size
	case d.needs64():
		return directory{}, found(Corrupt)
	}
	// Bytes between the directory and its end record belong to no member.
	if d.offset+d.size != endAt {
		return directory{}, found(ExtraData)
	}
	return d, nil
}

func (d directory) needs64() bool {
	return d.offset == unset32 || d.size == unset32 || d.entries == unset16
}

// agrees compares the small record with the large one: each field of the small
// one says the same or says that it is too small to tell.
func agrees(small, large directory) bool {
	return (small.offset == unset32 || small.offset == large.offset) &&
		(small.size == unset32 || small.size == large.size) &&
		(small.entries == unset16 || small.entries == large.entries)
}

// readEnd64 reads the large form of the end record, if its locator is directly
// before the small one. The record itself must be directly before the locator.
func readEnd64(s *source, endAt int64) (directory, bool, error) {
	if endAt < locatorSize+end64Size {
		return directory{}, false, nil
	}
	block, err := s.bytes(endAt-locatorSize-end64Size, locatorSize+end64Size)
	if err != nil {
		return directory{}, false, err
	}
	end, locator := block[:end64Size], block[end64Size:]
	if !bytes.HasPrefix(locator, locatorMagic) {
		return directory{}, false, nil
	}
	le := binary.LittleEndian
	if le.Uint32(locator[4:]) != 0 || le.Uint32(locator[16:]) > 1 || le.Uint32(end[16:]) != 0 || le.Uint32(end[20:]) != 0 {
		return directory{}, false, found(SplitArchive)
	}
	at := endAt - locatorSize - end64Size
	if le.Uint64(locator[8:]) != uint64(at) || !bytes.HasPrefix(end, end64Magic) || le.Uint64(end[4:]) != end64Size-12 {
		return directory{}, false, found(HeaderMismatch)
	}
	here, all, size, offset := le.Uint64(end[24:]), le.Uint64(end[32:]), le.Uint64(end[40:]), le.Uint64(end[48:])
	if here != all || offset > uint64(at) || size != uint64(at)-offset {
		return directory{}, false, found(HeaderMismatch)
	}
	return directory{offset: int64(offset), size: int64(size), entries: all, zip64: true}, true, nil
}

// readEntries reads the whole directory at once. It must hold exactly the
// announced number of members and nothing else.
func readEntries(s *source, d directory, limit int) ([]entry, error) {
	switch {
	case d.entries > uint64(limit):
		return nil, found(TooManyEntries)
	case d.size > maxDirectory:
		return nil, found(TooManyEntries)
	case d.offset < 0 || d.size < 0 || d.offset > s.size || d.size < int64(d.entries)*centralSize:
		return nil, found(Corrupt)
	}
	if err := s.holdFrom(d.offset); err != nil {
		return nil, err
	}
	rest := s.tail[d.offset-s.tailAt:][:d.size]
	entries := make([]entry, 0, d.entries)
	for i := range int(d.entries) {
		e, n, rule := parseCentral(rest)
		if rule != "" {
			return nil, found(rule, i)
		}
		entries, rest = append(entries, e), rest[n:]
	}
	if len(rest) > 0 {
		return nil, found(ExtraData)
	}
	return entries, nil
}

// parseCentral reads one record and returns its length.
func parseCentral(p []byte) (entry, int, Rule) {
	if len(p) < centralSize || !bytes.HasPrefix(p, centralMagic) {
		return entry{}, 0, Corrupt
	}
	le := binary.LittleEndian
	nameEnd := centralSize + int(le.Uint16(p[28:]))
	extraEnd := nameEnd + int(le.Uint16(p[30:]))
	end := extraEnd + int(le.Uint16(p[32:]))
	if len(p) < end {
		return entry{}, 0, Corrupt
	}
	if disk := le.Uint16(p[34:]); disk != 0 && disk != unset16 {
		return entry{}, 0, SplitArchive
	}
	e := entry{
		name: string(p[centralSize:nameEnd]), creator: le.Uint16(p[4:]), flags: le.Uint16(p[8:]), method: le.Uint16(p[10:]), crc: le.Uint32(p[16:]),
		packed: int64(le.Uint32(p[20:])), unpacked: int64(le.Uint32(p[24:])), attributes: le.Uint32(p[38:]), offset: int64(le.Uint32(p[42:])),
	}
	rule := e.readExtra(p[nameEnd:extraEnd])
	return e, end, rule
}

// readExtra reads the 64-bit sizes, which are in a fixed order and present for
// overflowing fields only, and records other names and encryption it finds.
func (e *entry) readExtra(extra []byte) Rule {
	seen := map[uint16]bool{}
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if len(extra) < 4+n {
			return Corrupt
		}
		field := extra[4 : 4+n]
		extra = extra[4+n:]
		switch id {
		case zip64Extra:
			if seen[id] {
				return Ambiguous
			}
			if rule := e.readLarge(field); rule != "" {
				return rule
			}
		case unicodeName:
			if n > 5 {
				e.aliases = append(e.aliases, string(field[5:]))
			}
		case aesExtra, strongExtra:
			return Encrypted
		}
		seen[id] = true
	}
	if e.packed == unset32 || e.unpacked == unset32 || e.offset == unset32 {
		if !seen[zip64Extra] {
			return Corrupt
		}
	}
	return ""
}

func (e *entry) readLarge(field []byte) Rule {
	for _, value := range []*int64{&e.unpacked, &e.packed, &e.offset} {
		if *value != unset32 {
			continue
		}
		if len(field) < 8 {
			return Corrupt
		}
		large := binary.LittleEndian.Uint64(field)
		if large > math.MaxInt64 {
			return Corrupt
		}
		*value, field = int64(large), field[8:]
	}
	return ""
}
