package metadata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"io"
	"slices"
)

// The form of an AVIF is that of HEIF (ISO/IEC 23008-12) and of the AV1 Image File Format:
// ftyp, meta, mdat. What is allowed is what libheif writes for one still picture and its
// alpha, and nothing in which anybody could put words.
const (
	boxHeader  = 8 // size, name
	fullHeader = 4 // version, flags
	mostItems  = 2 // the picture and its alpha
)

func isAVIF(b []byte) bool { return len(b) >= 12 && string(b[4:12]) == "ftypavif" }

// avif is a picture that was walked.
type avif struct {
	width, height int
	items         []uint16
	extents       [][2]int // where the items' bytes are, from and to
}

func checkAVIF(content []byte) error {
	_, err := walkAVIF(content)
	return err
}

// stripAVIF takes nothing away, because places in the file are counted from its beginning:
// what holds more than pixels is refused.
func stripAVIF(content []byte) ([]byte, error) { return bytes.Clone(content), checkAVIF(content) }

func init() { image.RegisterFormat("avif", "????ftypavif", decodeAVIF, configAVIF) }

// configAVIF reads the sides.
func configAVIF(r io.Reader) (image.Config, error) {
	content, err := io.ReadAll(r)
	if err != nil {
		return image.Config{}, err
	}
	a, err := walkAVIF(content)
	return image.Config{ColorModel: color.NRGBAModel, Width: a.width, Height: a.height}, err
}

// decodeAVIF is of no use: nothing here shows pixels of AV1.
func decodeAVIF(io.Reader) (image.Image, error) { return nil, image.ErrFormat }

func walkAVIF(content []byte) (avif, error) {
	var a avif
	top, err := boxesOf(content)
	if err != nil {
		return a, err
	}
	if err := theseBoxes(top, "ftyp", "meta", "mdat"); err != nil {
		return a, err
	}
	if err := checkBrands(top[0].data); err != nil {
		return a, err
	}
	if err := a.meta(top[1].data); err != nil {
		return a, err
	}
	end := len(content)
	return a, a.payload(content, end-len(top[2].data), end)
}

// box is one box of ISO/IEC 14496-12, section 4.2.
type box struct {
	name string
	data []byte
}

func malformedAVIF(what string, args ...any) error {
	return fmt.Errorf("%w: AVIF: %s", ErrMalformed, fmt.Sprintf(what, args...))
}

func presentAVIF(what string, args ...any) error {
	return fmt.Errorf("%w: AVIF: %s", ErrPresent, fmt.Sprintf(what, args...))
}

func boxesOf(b []byte) (all []box, err error) {
	for len(b) > 0 {
		if len(b) < boxHeader {
			return nil, malformedAVIF("a box is cut off")
		}
		size := int64(binary.BigEndian.Uint32(b))
		if size < boxHeader || size > int64(len(b)) {
			return nil, malformedAVIF("box %q says %d of %d bytes", b[4:8], size, len(b))
		}
		all = append(all, box{string(b[4:8]), b[boxHeader:size]})
		b = b[size:]
	}
	return all, nil
}

// theseBoxes refuses any but the named ones, in this order.
func theseBoxes(all []box, names ...string) error {
	for i, b := range all {
		if !slices.Contains(names, b.name) {
			return presentAVIF("box %q", b.name)
		}
		if i >= len(names) || b.name != names[i] {
			return malformedAVIF("box %q where another belongs", b.name)
		}
	}
	if len(all) != len(names) {
		return malformedAVIF("%d boxes of %d", len(all), len(names))
	}
	return nil
}

var brands = []string{"avif", "mif1", "miaf", "MA1A", "MA1B"}

func checkBrands(data []byte) error {
	if len(data) < 8 || len(data)%4 != 0 || binary.BigEndian.Uint32(data[4:]) != 0 {
		return malformedAVIF("file type")
	}
	for at := 0; at < len(data); at += 4 {
		if at != 4 && !slices.Contains(brands, string(data[at:at+4])) {
			return presentAVIF("brand %q", data[at:at+4])
		}
	}
	return nil
}

// full takes the version and the flags from a box. They must be these.
func full(data []byte, version byte) ([]byte, error) {
	if len(data) < fullHeader {
		return nil, malformedAVIF("a box is cut off")
	}
	if data[0] != version || data[1]|data[2]|data[3] != 0 {
		return nil, presentAVIF("version or flags of a box")
	}
	return data[fullHeader:], nil
}

func (a *avif) meta(data []byte) error {
	data, err := full(data, 0)
	if err != nil {
		return err
	}
	all, err := boxesOf(data)
	if err != nil {
		return err
	}
	names := []string{"hdlr", "pitm", "iloc", "iinf", "iprp", "iref"}
	if len(all) == len(names)-1 {
		names = names[:len(all)] // without alpha
	}
	if err := theseBoxes(all, names...); err != nil {
		return err
	}
	readers := []func([]byte) error{a.handler, a.primary, a.locations, a.infos, a.properties, a.references}
	for i, b := range all {
		if b.name == "iprp" { // it is a plain box
			if err := readers[i](b.data); err != nil {
				return err
			}
			continue
		}
		data, err := full(b.data, 0)
		if err != nil {
			return err
		}
		if err := readers[i](data); err != nil {
			return err
		}
	}
	if len(a.items) == mostItems != (len(all) == 6) {
		return malformedAVIF("a second picture that is no alpha")
	}
	return nil
}

// handler: the kind is a picture, and the name is empty.
func (a *avif) handler(data []byte) error {
	if string(data) != "\x00\x00\x00\x00pict"+string(make([]byte, 13)) {
		return presentAVIF("handler")
	}
	return nil
}

func (a *avif) primary(data []byte) error {
	if string(data) != "\x00\x01" {
		return malformedAVIF("primary item")
	}
	return nil
}

// locations: each item is one stretch, whose place is counted from the file's beginning. They
// are in any order; everywhere else the picture comes first.
func (a *avif) locations(data []byte) error {
	const itemLength = 2 + 2 + 4 + 2 + 4 + 4
	if len(data) < 4 || data[0] != 0x44 || data[1] != 0x40 {
		return malformedAVIF("lengths of locations")
	}
	n := int(binary.BigEndian.Uint16(data[2:]))
	if n < 1 || n > mostItems || len(data) != 4+n*itemLength {
		return malformedAVIF("%d locations in %d bytes", n, len(data))
	}
	for i, b := 0, data[4:]; i < n; i, b = i+1, b[itemLength:] {
		item := binary.BigEndian.Uint16(b)
		if item < 1 || int(item) > n || slices.Contains(a.items, item) || binary.BigEndian.Uint16(b[2:]) != 0 || binary.BigEndian.Uint16(b[8:]) != 1 {
			return malformedAVIF("location of item %d", item)
		}
		from := int(binary.BigEndian.Uint32(b[4:])) + int(binary.BigEndian.Uint32(b[10:]))
		a.items = append(a.items, item)
		a.extents = append(a.extents, [2]int{from, from + int(binary.BigEndian.Uint32(b[14:]))})
	}
	slices.Sort(a.items)
	return nil
}

// infos: each item is AV1 and has no name.
func (a *avif) infos(data []byte) error {
	if len(data) < 2 || int(binary.BigEndian.Uint16(data)) != len(a.items) {
		return malformedAVIF("number of items")
	}
	all, err := boxesOf(data[2:])
	if err != nil {
		return err
	}
	if len(all) != len(a.items) {
		return malformedAVIF("number of items")
	}
	for i, b := range all {
		if want := fmt.Sprintf("\x02\x00\x00\x00\x00%c\x00\x00av01\x00", rune(i+1)); b.name != "infe" || string(b.data) != want {
			return presentAVIF("item of another kind, or with a name")
		}
	}
	return nil
}

func (a *avif) properties(data []byte) error {
	all, err := boxesOf(data)
	if err != nil {
		return err
	}
	if err := theseBoxes(all, "ipco", "ipma"); err != nil {
		return err
	}
	given, err := boxesOf(all[0].data)
	if err != nil {
		return err
	}
	if len(given) > 16 {
		return presentAVIF("%d properties", len(given))
	}
	for _, p := range given {
		if err := a.property(p); err != nil {
			return err
		}
	}
	if a.width == 0 || a.height == 0 {
		return malformedAVIF("no sides")
	}
	return a.associations(all[1].data, len(given))
}

const alphaName = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00"

func (a *avif) property(p box) error {
	switch p.name {
	case "av1C":
		if len(p.data) < 4 || p.data[0] != 0x81 {
			return malformedAVIF("configuration")
		}
		return checkOBUs(p.data[4:], true)
	case "ispe":
		return a.sides(p)
	case "pixi":
		data, err := full(p.data, 0)
		if err != nil {
			return err
		}
		if len(data) < 2 || len(data) != 1+int(data[0]) || len(data) > 5 {
			return malformedAVIF("depths")
		}
		return nil
	case "colr": // a profile would be here as well, and could hold words
		if len(p.data) != 11 || string(p.data[:4]) != "nclx" || p.data[10]&0x7f != 0 {
			return presentAVIF("color profile")
		}
		return nil
	case "auxC":
		if string(p.data) != "\x00\x00\x00\x00"+alphaName {
			return presentAVIF("auxiliary picture that is no alpha")
		}
		return nil
	}
	return presentAVIF("property %q", p.name)
}

// sides are those of every item of the picture.
func (a *avif) sides(p box) error {
	data, err := full(p.data, 0)
	if err != nil {
		return err
	}
	if len(data) != 8 {
		return malformedAVIF("sides of %d bytes", len(data))
	}
	w, h := int(binary.BigEndian.Uint32(data)), int(binary.BigEndian.Uint32(data[4:]))
	if w < 1 || h < 1 || w > 1<<16 || h > 1<<16 || a.width != 0 && (a.width != w || a.height != h) {
		return malformedAVIF("sides of %d × %d", w, h)
	}
	a.width, a.height = w, h
	return nil
}

// associations name properties that there are, and nothing else.
func (a *avif) associations(data []byte, properties int) error {
	data, err := full(data, 0)
	if err != nil {
		return err
	}
	if len(data) < 4 || int(binary.BigEndian.Uint32(data)) != len(a.items) {
		return malformedAVIF("number of associations")
	}
	data = data[4:]
	for _, item := range a.items {
		if len(data) < 3 || binary.BigEndian.Uint16(data) != item || len(data) < 3+int(data[2]) || int(data[2]) > 16 {
			return malformedAVIF("associations of item %d", item)
		}
		for _, p := range data[3 : 3+int(data[2])] {
			if n := int(p & 0x7f); n < 1 || n > properties {
				return malformedAVIF("association with property %d", n)
			}
		}
		data = data[3+int(data[2]):]
	}
	if len(data) > 0 {
		return presentAVIF("%d bytes behind the associations", len(data))
	}
	return nil
}

// references: the second picture is the alpha of the first.
func (a *avif) references(data []byte) error {
	if string(data) != "\x00\x00\x00\x0eauxl\x00\x02\x00\x01\x00\x01" {
		return presentAVIF("reference that is not of an alpha")
	}
	return nil
}

// payload: the items fill mdat, one behind the other, and hold AV1 alone.
func (a *avif) payload(content []byte, from, to int) error {
	sorted := slices.SortedFunc(slices.Values(a.extents), func(x, y [2]int) int { return x[0] - y[0] })
	for _, e := range sorted {
		if e[0] != from || e[1] <= e[0] || e[1] > to {
			return presentAVIF("bytes between pictures, at %d", from)
		}
		if err := checkOBUs(content[e[0]:e[1]], false); err != nil {
			return err
		}
		from = e[1]
	}
	if from != to {
		return presentAVIF("%d bytes behind the last picture", to-from)
	}
	return nil
}

// The kinds of open bitstream units that a still picture needs: AV1, section 6.2.2.
// Metadata (5) and padding (15) are not among them.
const (
	obuSequence  = 1
	obuDelimiter = 2
	obuHeader    = 3
	obuTiles     = 4
	obuFrame     = 6
)

// checkOBUs walks the units of AV1 (section 5.3). A configuration holds the header of the
// sequence at most.
func checkOBUs(b []byte, configuration bool) error {
	pictures := 0
	for len(b) > 0 {
		kind := int(b[0] >> 3 & 0xf)
		if b[0]&^0x78 != 0x02 { // forbidden, extension and reserved bits are clear, and the size is there
			return malformedAVIF("header of a unit")
		}
		size, n := binary.Uvarint(b[1:])
		if n <= 0 || n > 8 || size > uint64(len(b)-1-n) {
			return malformedAVIF("a unit is cut off")
		}
		data := b[1+n : 1+n+int(size)]
		switch kind {
		case obuSequence:
		case obuDelimiter:
			if len(data) > 0 || configuration {
				return presentAVIF("delimiter with content")
			}
		case obuHeader, obuTiles, obuFrame:
			if configuration {
				return presentAVIF("unit %d in a configuration", kind)
			}
			pictures++
		default:
			return presentAVIF("unit %d of AV1", kind)
		}
		b = b[1+n+int(size):]
	}
	if !configuration && pictures == 0 {
		return malformedAVIF("an item without a picture")
	}
	return nil
}
