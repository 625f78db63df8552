package idempotency

import (
	"strings"

	"satchel/internal/fault"
)

// maxKeyLength is far above a UUID, and far below what would be a burden.
const maxKeyLength = 255

var errKey = fault.New(fault.Invalid, "invalid_idempotency_key",
	"Idempotency-Key is 1 to %d visible characters of ASCII, with or without quotes around them. A UUID is a good one.", maxKeyLength)

// parse reads the key: a string as structured fields write it (RFC 9651, section
// 3.3.3), or as most clients send it, the bare text.
func parse(header string) (string, error) {
	text := header
	if strings.HasPrefix(header, `"`) {
		var ok bool
		if text, ok = quoted(header); !ok {
			return "", errKey
		}
	} else if strings.ContainsAny(header, `",;\ `) { // a list, parameters, half a string
		return "", errKey
	}
	if text == "" || len(text) > maxKeyLength || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", errKey
	}
	return text, nil
}

// quoted takes the quotes off; within them only \" and \\ are escapes.
func quoted(header string) (string, bool) {
	var text strings.Builder
	for i := 1; i < len(header); i++ {
		switch header[i] {
		case '"':
			return text.String(), i == len(header)-1
		case '\\':
			if i++; i == len(header) || header[i] != '"' && header[i] != '\\' {
				return "", false
			}
		}
		text.WriteByte(header[i])
	}
	return "", false
}
