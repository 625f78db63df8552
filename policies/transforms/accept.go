package transforms

import (
	"strconv"
	"strings"
)

// For gives the spec with the format that a reader's Accept header prefers (RFC 9110,
// section 12.5.1): WebP where it is named, else JPEG. A reader
// that names neither gets JPEG, which all show.
func (s Spec) For(accept string) Spec {
	if s.Format != "" {
		return s
	}
	s.Format = JPEG
	if weight(accept, "image/webp") > 0 && weight(accept, "image/webp") >= weight(accept, "image/jpeg") {
		s.Format = WebP
	}
	return s
}

// weight is the quality that the header gives a media type by its own name. Wildcards say
// nothing of WebP: programs that send them were written before it.
func weight(accept, mediaType string) float64 {
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), mediaType) {
			continue
		}
		for parameter := range strings.SplitSeq(parameters, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			if !strings.EqualFold(key, "q") {
				continue
			}
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
		return 1
	}
	return 0
}
