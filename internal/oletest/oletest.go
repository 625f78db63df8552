// Package oletest builds compound files (MS-CFB) for tests.
package oletest

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

const (
	sector     = 512
	endOfChain = 0xfffffffe
	freeSector = 0xffffffff

	smallSector, smallest = 64, 4096
	noEntry               = 0xffffffff
)

// Entry is a stream, or a storage when Children is not nil.
type Entry struct {
	Name     string
	Content  []byte
	Class    []byte // the 16 bytes of a class id
	Children []Entry
	// Exact keeps the stream's size, in the sectors for small streams. Other small
	// streams are padded with zeros to the size from which streams lie in large ones.
	Exact bool
}

// Compound builds a compound file of version 3. Streams are padded to the size from
// which they lie in sectors of their own.
func Compound(class []byte, entries ...Entry) []byte {
	b := &builder{}
	root := b.add(Entry{Name: "Root Entry", Class: class}, 5)
	b.link(root, entries)
	return b.build()
}

type builder struct {
	dir    [][]byte
	data   []byte
	chains [][2]int // of sectors: first, count

	small       []byte // the streams in small sectors, one after another
	smallChains []int  // how many sectors each has
}

// add appends a directory entry (MS-CFB 2.6.1) and returns its position.
func (b *builder) add(e Entry, kind byte) int {
	d := make([]byte, 128)
	name := utf16.Encode([]rune(e.Name))
	for i, c := range name {
		binary.LittleEndian.PutUint16(d[2*i:], c)
	}
	binary.LittleEndian.PutUint16(d[64:], uint16(2*len(name)+2))
	d[66], d[67] = kind, 1
	for _, at := range []int{68, 72, 76} {
		binary.LittleEndian.PutUint32(d[at:], noEntry)
	}
	copy(d[80:], e.Class)
	binary.LittleEndian.PutUint32(d[116:], endOfChain)
	switch {
	case kind == 2 && e.Exact && len(e.Content) < smallest:
		binary.LittleEndian.PutUint32(d[116:], uint32(len(b.small)/smallSector))
		binary.LittleEndian.PutUint32(d[120:], uint32(len(e.Content)))
		b.smallChains = append(b.smallChains, (len(e.Content)+smallSector-1)/smallSector)
		b.small = append(b.small, e.Content...)
		for len(b.small)%smallSector != 0 {
			b.small = append(b.small, 0)
		}
	case kind == 2:
		size := max(len(e.Content), smallest)
		content := append(bytes.Clone(e.Content), make([]byte, size-len(e.Content))...)
		binary.LittleEndian.PutUint32(d[116:], uint32(b.addSectors(content)))
		binary.LittleEndian.PutUint32(d[120:], uint32(size))
	}
	b.dir = append(b.dir, d)
	return len(b.dir) - 1
}

// link adds the children of an entry as a list of right siblings.
func (b *builder) link(parent int, children []Entry) {
	last := -1
	for _, e := range children {
		kind := byte(2)
		if e.Children != nil {
			kind = 1
		}
		at := b.add(e, kind)
		if last < 0 {
			binary.LittleEndian.PutUint32(b.dir[parent][76:], uint32(at))
		} else {
			binary.LittleEndian.PutUint32(b.dir[last][72:], uint32(at))
		}
		last = at
		b.link(at, e.Children)
	}
}

// addSmall makes the small streams a stream of the root, and returns where the table
// of their sectors is.
func (b *builder) addSmall() (first, count int) {
	if len(b.small) == 0 {
		return endOfChain, 0
	}
	binary.LittleEndian.PutUint32(b.dir[0][116:], uint32(b.addSectors(b.small)))
	binary.LittleEndian.PutUint32(b.dir[0][120:], uint32(len(b.small)))
	var table []byte
	at := uint32(0)
	for _, n := range b.smallChains {
		for i := range n {
			at++
			next := at
			if i == n-1 {
				next = endOfChain
			}
			table = binary.LittleEndian.AppendUint32(table, next)
		}
	}
	for len(table)%sector != 0 {
		table = binary.LittleEndian.AppendUint32(table, freeSector)
	}
	return b.addSectors(table), len(table) / sector
}

// addSectors appends content in sectors of its own and returns the first.
func (b *builder) addSectors(content []byte) int {
	first, count := len(b.data)/sector, (len(content)+sector-1)/sector
	b.data = append(b.data, content...)
	b.data = append(b.data, make([]byte, count*sector-len(content))...)
	b.chains = append(b.chains, [2]int{first, count})
	return first
}

// build lays out header, streams, directory and FAT.
func (b *builder) build() []byte {
	smallTable, smallTables := b.addSmall()
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
	header := headerOf(streams, dirs, fats, smallTable, smallTables)
	out := slices.Concat(header, b.data, dir)
	for _, next := range fat {
		out = binary.LittleEndian.AppendUint32(out, next)
	}
	return out
}

// headerOf makes the header (MS-CFB 2.2) of a file with so many sectors of streams,
// directory and FAT, one after another.
func headerOf(streams, dirs, fats, smallTable, smallTables int) []byte {
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
	binary.LittleEndian.PutUint32(header[60:], uint32(smallTable))
	binary.LittleEndian.PutUint32(header[64:], uint32(smallTables))
	binary.LittleEndian.PutUint32(header[68:], endOfChain)
	for i := range 109 {
		at := uint32(freeSector)
		if i < fats {
			at = uint32(streams + dirs + i)
		}
		binary.LittleEndian.PutUint32(header[76+4*i:], at)
	}
	return header
}
