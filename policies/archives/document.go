package archives

import (
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// form is the family of documents that a container belongs to by its members,
// whatever it is called: a document inside an archive has macros just the same.
type form string

const (
	plainForm  form = "plain"
	officeForm form = "office"
	odfForm    form = "odf"
)

const (
	contentTypes = "[content_types].xml"
	odfManifest  = "meta-inf/manifest.xml"
	odfType      = "mimetype"

	// maxDescription bounds the members that describe a document.
	maxDescription = 4 << 20
)

func formOf(entries []entry) form {
	switch {
	case indexOf(entries, contentTypes) >= 0:
		return officeForm
	case indexOf(entries, odfManifest) >= 0 && indexOf(entries, odfType) >= 0:
		return odfForm
	}
	return plainForm
}

// indexOf finds a member by its name in lower case, as Office does.
func indexOf(entries []entry, name string) int {
	return slices.IndexFunc(entries, func(e entry) bool { return strings.ToLower(canonical(e.name)) == name })
}

func (c *container) checkDocument(form form) error {
	for i := range c.entries {
		if slices.ContainsFunc(append([]string{c.entries[i].name}, c.entries[i].aliases...), func(name string) bool { return isMacro(name, form) }) {
			if !c.macros {
				return found(Macros, i)
			}
			c.report.Macros = true
		}
	}
	switch form {
	case officeForm:
		return c.checkOffice()
	case odfForm:
		return c.checkODF()
	default:
		return nil
	}
}

// isMacro knows the places where each family keeps what runs.
func isMacro(name string, form form) bool {
	name = strings.ToLower(canonical(name))
	base := path.Base(name)
	if base == "vbaproject.bin" || base == "vbadata.xml" || strings.HasPrefix(base, "vbaprojectsignature") {
		return true
	}
	switch form {
	case officeForm:
		return slices.ContainsFunc(strings.Split(path.Dir(name), "/"), func(folder string) bool {
			return folder == "macrosheets" || folder == "intlmacrosheets" || folder == "activex"
		})
	case odfForm:
		return strings.HasPrefix(name, "basic/") || strings.HasPrefix(name, "scripts/")
	default:
		return false
	}
}

// runningTypes are parts of the content types that mean something runs. A macro
// may hide under any name, but not under any type.
var runningTypes = []string{"macroenabled", "vbaproject", "vbadata", "activex", "macrosheet"}

// mainPart ends the content type of a document's main part. What is in front of
// it is the document's media type.
const mainPart = ".main+xml"

// checkOffice reads the content types of all parts. A container without relations
// or without a main part is no document; it is only looked through for macros.
func (c *container) checkOffice() error {
	var document string
	err := c.eachElement(indexOf(c.entries, contentTypes), func(element xml.StartElement) Rule {
		if c.isUnusedDefault(element) {
			return ""
		}
		for _, attribute := range element.Attr {
			if attribute.Name.Local != "ContentType" {
				continue
			}
			if rule := c.checkPart(strings.ToLower(strings.TrimSpace(attribute.Value)), &document); rule != "" {
				return rule
			}
		}
		return ""
	})
	if err == nil && indexOf(c.entries, "_rels/.rels") >= 0 {
		c.report.Document = document
		if strings.Contains(document, "macroenabled") {
			c.report.Document = strings.TrimSuffix(document, ".main") + ".12"
		}
	}
	return err
}

// checkPart judges the content type of a part, and notes the document whose main part
// it is.
func (c *container) checkPart(contentType string, document *string) Rule {
	if main, ok := strings.CutSuffix(contentType, mainPart); ok && *document == "" {
		*document = main
	}
	if contentType == binaryWorkbook {
		*document = binaryWorkbook
	}
	if !slices.ContainsFunc(runningTypes, func(part string) bool { return strings.Contains(contentType, part) }) {
		return ""
	}
	if !c.macros {
		return Macros
	}
	c.report.Macros = true
	return ""
}

// binaryWorkbook is the one main part whose content type ends otherwise.
const binaryWorkbook = "application/vnd.ms-excel.sheet.binary.macroenabled.main"

// isUnusedDefault reports that an element gives a type to an extension that no
// part has, so that nothing is of that type. Some programs declare all types that
// they know. What cannot be compared beyond doubt counts as used.
func (c *container) isUnusedDefault(element xml.StartElement) bool {
	var extension string
	for _, attribute := range element.Attr {
		if attribute.Name.Local != "Extension" {
			continue
		}
		if extension != "" {
			return false
		}
		extension = strings.ToLower(attribute.Value)
	}
	if element.Name.Local != "Default" || !plainExtension.MatchString(extension) {
		return false
	}
	return !slices.ContainsFunc(c.entries, func(e entry) bool {
		return slices.ContainsFunc(append([]string{e.name}, e.aliases...), func(name string) bool { return mayHave(name, extension) })
	})
}

var plainExtension = regexp.MustCompile(`^[a-z0-9]{1,16}$`)

// mayHave is true for the extension anywhere in the path, since a part may be
// stored in pieces under its name, and for a name that another reader decodes.
func mayHave(name, extension string) bool {
	name = strings.ToLower(canonical(name))
	return strings.Contains(name+"/", "."+extension+"/") || strings.Contains(name, "%") || strings.ContainsFunc(name, notASCII)
}

func notASCII(r rune) bool { return r <= ' ' || r > '~' }

// checkODF reads the media type and the manifest, which is where an encrypted
// OpenDocument file says so: its zip members do not. A container without content is
// no document.
func (c *container) checkODF() error {
	err := c.eachElement(indexOf(c.entries, odfManifest), func(element xml.StartElement) Rule {
		if element.Name.Local == "encryption-data" {
			return Encrypted
		}
		for _, attribute := range element.Attr {
			if attribute.Name.Local == "full-path" && isMacro(attribute.Value, odfForm) {
				return Macros
			}
		}
		return ""
	})
	if err != nil {
		return err
	}
	mediaType, err := c.description(indexOf(c.entries, odfType))
	if err == nil && indexOf(c.entries, "content.xml") >= 0 {
		c.report.Document = strings.TrimSpace(string(mediaType))
	}
	return err
}

// description unpacks one small member completely.
func (c *container) description(i int) ([]byte, error) {
	if c.entries[i].unpacked > maxDescription {
		return nil, found(TooLarge, i)
	}
	r, err := c.zip.File[i].Open()
	if err != nil {
		return nil, c.s.or(found(Corrupt, i))
	}
	defer func() { _ = r.Close() }()
	content, err := io.ReadAll(io.LimitReader(r, maxDescription))
	if err != nil {
		return nil, c.s.or(found(ruleOf(err), i))
	}
	return content, nil
}

// eachElement parses a member as XML, in UTF-8 or UTF-16. What does not parse
// is a finding: an office program may be more forgiving than this.
func (c *container) eachElement(i int, judge func(xml.StartElement) Rule) error {
	content, err := c.description(i)
	if err != nil {
		return err
	}
	unmarked := transform.NewReader(strings.NewReader(string(content)), unicode.BOMOverride(encoding.Nop.NewDecoder()))
	decoder := xml.NewDecoder(unmarked)
	decoder.CharsetReader = sameCharset
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return found(Corrupt, i)
		}
		if element, ok := token.(xml.StartElement); ok {
			if rule := judge(element); rule != "" {
				return found(rule, i)
			}
		}
	}
}

// sameCharset accepts the declared charsets that are decoded already.
func sameCharset(charset string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "utf-8", "utf8", "utf-16", "utf16", "us-ascii", "ascii":
		return input, nil
	}
	return nil, errors.New("unexpected charset " + charset)
}
