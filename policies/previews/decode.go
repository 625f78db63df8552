package previews

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Decode reads the bytes as UTF-8, as UTF-16 with a byte order mark, or else as
// Windows-1252, in which older programs save. content may be the beginning of a text.
func Decode(content []byte) string {
	if bytes.HasPrefix(content, []byte("\xFF\xFE")) || bytes.HasPrefix(content, []byte("\xFE\xFF")) {
		decoded, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(content)
		if err == nil {
			return string(decoded)
		}
	}
	content = bytes.TrimPrefix(content, []byte("\xEF\xBB\xBF"))
	if utf8.Valid(withoutCutRune(content)) {
		return string(withoutCutRune(content))
	}
	decoded, err := charmap.Windows1252.NewDecoder().Bytes(content)
	if err != nil {
		return strings.ToValidUTF8(string(content), "�")
	}
	return string(decoded)
}

// withoutCutRune leaves out a character that the bound has cut in half.
func withoutCutRune(content []byte) []byte {
	for back := 1; back < utf8.UTFMax && back <= len(content); back++ {
		if last := content[len(content)-back]; utf8.RuneStart(last) {
			if !utf8.FullRune(content[len(content)-back:]) {
				return content[:len(content)-back]
			}
			break
		}
	}
	return content
}
