package pictures

import "encoding/binary"

// parseISO looks for the largest picture that an AVIF or HEIC file declares:
// `ispe` properties in meta/iprp/ipco, which the whole picture of a grid has like
// each of its tiles, and `tkhd` of the tracks of a sequence.
func parseISO(r *reader) (header, bool) {
	s := sizes{r: r}
	s.boxes(0, uint64(max(r.size, 0)), 0)
	return one(s.width, s.height, av1(area(s.width, s.height)))
}

// sizes collects the largest picture.
type sizes struct {
	r             *reader
	width, height uint32
}

func (s *sizes) add(width, height uint32) {
	if area(width, height) > area(s.width, s.height) {
		s.width, s.height = width, height
	}
}

// containers are the boxes that are entered, with the bytes in front of the
// boxes inside.
var containers = map[string]uint64{"meta": 4, "iprp": 0, "ipco": 0, "moov": 0, "trak": 0}

// boxes goes through the boxes between two positions. Depth is bounded by the
// shortest way to a property, and the number of boxes by the reader.
func (s *sizes) boxes(at, end uint64, depth int) {
	for depth < 5 && at < end {
		kind, body, next, ok := s.box(at, end)
		if !ok {
			return
		}
		if skip, enter := containers[kind]; enter {
			s.boxes(body+skip, next, depth+1)
		}
		switch kind {
		case "ispe":
			s.property(body + 4)
		case "tkhd":
			s.track(body, next)
		}
		at = next
	}
}

// box reads the head of a box: a size of 1 is a size of 64 bits behind
// the kind, and 0 for all that is left.
func (s *sizes) box(at, end uint64) (kind string, body, next uint64, ok bool) {
	p, ok := s.r.bytes(at, 8)
	if !ok {
		return "", 0, 0, false
	}
	size, body := uint64(binary.BigEndian.Uint32(p)), at+8
	switch size {
	case 0:
		size = end - at
	case 1:
		large, ok := s.r.bytes(body, 8)
		if !ok {
			return "", 0, 0, false
		}
		size, body = binary.BigEndian.Uint64(large), body+8
	}
	if size < body-at || size > end-at {
		return "", 0, 0, false
	}
	return string(p[4:]), body, at + size, true
}

func (s *sizes) property(at uint64) {
	if p, ok := s.r.bytes(at, 8); ok {
		s.add(binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:]))
	}
}

// track reads the sides at the end of a track's header, which have 16 bits
// behind the point.
func (s *sizes) track(body, next uint64) {
	if next-body < 84 {
		return
	}
	if p, ok := s.r.bytes(next-8, 8); ok {
		s.add(binary.BigEndian.Uint32(p)>>16, binary.BigEndian.Uint32(p[4:])>>16)
	}
}
