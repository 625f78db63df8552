package ole

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// InspectRTF looks through a Rich Text document for what it may not hold: embedded
// objects, and templates and fields that load something from elsewhere. Its error
// is a *Finding, or r's.
func InspectRTF(r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		b, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if b != '\\' {
			continue
		}
		word, err := controlWord(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := judge(word, in); err != nil {
			return err
		}
	}
}

// controlWord reads the letters of a control word. Readers of the format take line
// ends inside a word for its end, and so does this.
func controlWord(in *bufio.Reader) (string, error) {
	const longest = 32
	var word strings.Builder
	for word.Len() <= longest {
		b, err := in.ReadByte()
		if err != nil {
			return word.String(), err
		}
		if b|0x20 < 'a' || b|0x20 > 'z' {
			if b == '\\' {
				return word.String(), in.UnreadByte()
			}
			return word.String(), nil
		}
		word.WriteByte(b)
	}
	return word.String(), nil
}

// judge knows the control words of objects, and looks at where a template and a
// field lead.
func judge(word string, in *bufio.Reader) error {
	switch word {
	case "object", "objdata", "objemb", "objlink", "objautlink", "objocx", "objsub", "objpub", "objicemb", "objhtml":
		return found(EmbeddedObject)
	case "template", "linkstyles":
		if isRemote(peek(in)) {
			return found(RemoteTemplate)
		}
	case "fldinst":
		field := strings.ToUpper(peek(in))
		switch {
		case strings.Contains(field, "DDE"):
			return found(Macros)
		case (strings.Contains(field, "INCLUDE") || strings.Contains(field, "LINK ")) && !strings.Contains(field, "HYPERLINK") && isRemote(field):
			return found(RemoteTemplate)
		}
	}
	return nil
}

// peek returns what follows, up to the end of the group.
func peek(in *bufio.Reader) string {
	const far = 512
	next, _ := in.Peek(far)
	text, _, _ := strings.Cut(string(next), "}")
	return text
}

// isRemote reports an address of the web or a share, however its backslashes are
// escaped.
func isRemote(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "://") || strings.Contains(text, `\\\\`) || strings.Contains(text, "http") || strings.Contains(text, `\'`)
}
