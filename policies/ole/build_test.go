package ole

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

const (
	sector     = 512
	endOfChain = 0xfffffffe
	freeSector = 0xffffffff
	noEntry    = 0xffffffff
)

// entry is a stream, or a storage when it has children.
type entry struct {
	name     string
	content  []byte
	class    []byte // 16 bytes
	children []entry
}

// compound builds a compound file of version 3. Streams are padded to the size from
// which they lie in sectors of their own.
func compound(class []byte, entries ...entry) []byte {
	b := &builder{}
	root := b.add(entry{name: "Root Entry", class: class}, 5)
	b.link(root, entries)
	return b.build()
}

type builder struct {
	dir    [][]byte
	data   []byte
	chains [][2]int // of sectors: first, count
}

// add appends a directory entry (MS-CFB 2.6.1) and returns its position.
func (b *builder) add(e entry, kind byte) int {
	d := make([]byte, 128)
	name := utf16.Encode([]rune(e.name))
	for i, c := range name {
		binary.LittleEndian.PutUint16(d[2*i:], c)
	}
	binary.LittleEndian.PutUint16(d[64:], uint16(2*len(name)+2))
	d[66], d[67] = kind, 1
	for _, at := range []int{68, 72, 76} {
		binary.LittleEndian.PutUint32(d[at:], noEntry)
	}
	copy(d[80:], e.class)
	binary.LittleEndian.PutUint32(d[116:], endOfChain)
	if kind == 2 {
		size := max(len(e.content), 4096)
		count := (size + sector - 1) / sector
		first := len(b.data) / sector
		b.data = append(b.data, e.content...)
		b.data = append(b.data, make([]byte, count*sector-len(e.content))...)
		b.chains = append(b.chains, [2]int{first, count})
		binary.LittleEndian.PutUint32(d[116:], uint32(first))
		binary.LittleEndian.PutUint32(d[120:], uint32(size))
	}
	b.dir = append(b.dir, d)
	return len(b.dir) - 1
}

// link adds the children of an entry as a list of right siblings.
func (b *builder) link(parent int, children []entry) {
	last := -1
	for _, e := range children {
		kind := byte(2)
		if e.children != nil {
			kind = 1
		}
		at := b.add(e, kind)
		if last < 0 {
			binary.LittleEndian.PutUint32(b.dir[parent][76:], uint32(at))
		} else {
			binary.LittleEndian.PutUint32(b.dir[last][72:], uint32(at))
		}
		last = at
		b.link(at, e.children)
	}
}

// build lays out header, streams, directory and FAT.
func (b *builder) build() []byte {
	streams := len(b.data) / sector
	var dir []byte
	for _, d := range b.dir {
		dir = append(dir, d...)
	}
	for len(dir)%sector != 0 {
		empty := make([]byte, 128)
		for _, at := range []int{68, 72, 76} {
			binary.LittleEndian.PutUint32(empty[at:], noEntry)
		}
		dir = append(dir, empty...)
	}
	dirs := len(dir) / sector
	fats := 1
	for fats*sector/4 < streams+dirs+fats {
		fats++
	}
	fat := make([]uint32, fats*sector/4)
	for i := range fat {
		fat[i] = freeSector
	}
	chain := func(first, count int) {
		for i := range count {
			fat[first+i] = uint32(first + i + 1)
		}
		fat[first+count-1] = endOfChain
	}
	for _, c := range b.chains {
		chain(c[0], c[1])
	}
	chain(streams, dirs)
	for i := range fats {
		fat[streams+dirs+i] = 0xfffffffd
	}
	header := make([]byte, sector)
	copy(header, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	binary.LittleEndian.PutUint16(header[24:], 0x3e)
	binary.LittleEndian.PutUint16(header[26:], 3)
	binary.LittleEndian.PutUint16(header[28:], 0xfffe)
	binary.LittleEndian.PutUint16(header[30:], 9)
	binary.LittleEndian.PutUint16(header[32:], 6)
	binary.LittleEndian.PutUint32(header[44:], uint32(fats))
	binary.LittleEndian.PutUint32(header[48:], uint32(streams))
	binary.LittleEndian.PutUint32(header[56:], 4096)
	binary.LittleEndian.PutUint32(header[60:], endOfChain)
	binary.LittleEndian.PutUint32(header[68:], endOfChain)
	for i := range 109 {
		at := uint32(freeSector)
		if i < fats {
			at = uint32(streams + dirs + i)
		}
		binary.LittleEndian.PutUint32(header[76+4*i:], at)
	}
	out := slices.Concat(header, b.data, dir)
	for _, next := range fat {
		out = binary.LittleEndian.AppendUint32(out, next)
	}
	return out
}
