package delivery

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// span is a stretch of bytes that is sent, from one position up to but without
// another.
type span struct{ from, to int64 }

// maxRanges bounds how many pieces one request may ask for; each costs a read
// of the store. With more, the whole is sent, which a server may always do.
const maxRanges = 16

// spansOf reads a Range header (RFC 9110, section 14.2) of a file of size bytes. None
// means that the header is ignored and the whole is sent: for other methods than
// GET and other units than bytes, as the RFC demands, and for what is malformed,
// overlaps or has too many pieces, as it allows. Of no bytes there is no range.
// False means that no range has a byte of the file.
func spansOf(method, header string, size int64) (spans []span, satisfiable bool) {
	unit, set, _ := strings.Cut(header, "=")
	if method != http.MethodGet || size == 0 || !strings.EqualFold(unit, "bytes") || strings.Count(set, ",") >= maxRanges {
		return nil, true
	}
	asked := false
	for spec := range strings.SplitSeq(set, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue // a list may have empty elements (section 5.6.1.2)
		}
		s, ok := parseSpec(spec, size)
		if !ok {
			return nil, true
		}
		asked = true
		if s.from < s.to {
			spans = append(spans, s)
		}
	}
	if overlap(spans) {
		return nil, true
	}
	return spans, !asked || len(spans) > 0
}

// parseSpec reads first-last, first- or -length. One without a byte of the file
// comes out empty.
func parseSpec(spec string, size int64) (span, bool) {
	first, last, found := strings.Cut(spec, "-")
	from, isFrom := position(first)
	to, isTo := position(last)
	switch {
	case !found, first == "" && !isTo, first != "" && !isFrom, last != "" && !isTo:
		return span{}, false
	case first == "":
		return span{size - min(to, size), size}, true
	case last == "":
		return span{from, size}, true
	case to < from:
		return span{}, false
	}
	return span{from, min(to, size-1) + 1}, true
}

// position reads digits. A position beyond all files is one, however long it is.
func position(digits string) (int64, bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		n = math.MaxInt64
	}
	return n, true
}

// overlap reports that two spans share a byte: sent twice, a small request could
// cost many times the file.
func overlap(spans []span) bool {
	order := slices.SortedFunc(slices.Values(spans), func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(order); i++ {
		if order[i].from < order[i-1].to {
			return true
		}
	}
	return false
}

// setRange rewrites the header so that http.ServeContent, which reads some forms
// otherwise than the RFC, sends the spans. It still decides about conditions.
func setRange(h http.Header, spans []span, satisfiable bool, size int64) {
	switch {
	case !satisfiable:
		h.Set("Range", fmt.Sprintf("bytes=%d-", size))
	case len(spans) == 0:
		h.Del("Range")
	default:
		specs := make([]string, len(spans))
		for i, s := range spans {
			specs[i] = fmt.Sprintf("%d-%d", s.from, s.to-1)
		}
		h.Set("Range", "bytes="+strings.Join(specs, ","))
	}
}
