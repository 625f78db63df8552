package types

import (
	"fmt"
	"strings"
)

// MediaTypes lists the media types as which files are stored.
func MediaTypes() []string {
	var all []string
	for _, row := range table {
		all = append(all, row.MediaType)
	}
	return all
}

// Markdown writes the policy as the page docs/types.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("\n## Accepted\n\n| kind | extensions | stored as | also claimed as | family | leaves as | previews |\n|---|---|---|---|---|---|---|\n")
	for _, row := range table {
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s | %s | %s |\n", row.Title, codes(row.Extensions), row.MediaType,
			codes(row.Claims), row.Family, row.Leaves, yes(row.Preview))
	}
	b.WriteString("\n## Refused\n\n| rule | what happened | what to do next |\n|---|---|---|\n")
	for _, reason := range reasons {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", reason.Rule, reason.What, reason.Next)
	}
	b.WriteString("\nNames that are refused with a rule of their own, without a look at the content:\n\n")
	for _, reason := range reasons {
		if endings := refusedExtensions[reason.Rule]; len(endings) > 0 {
			fmt.Fprintf(&b, "- `%s`: %s\n", reason.Rule, codes(endings))
		}
	}
	b.WriteString(outro)
	return b.String()
}

const intro = `# Which files are taken

This page is written from the table in ` + "`policies/types`" + ` that the validator itself reads; its test fails when the
two differ. Renew it with ` + "`go test ./policies/types -run TestDocs -update`" + `.

A file is taken when its name, the media type that the client claims and the content agree. The name and the claim are
judged before any byte is sent (415), the content once it is there. A claim is optional: no media type, and
` + "`application/octet-stream`" + `, claim nothing. Parameters such as a charset are ignored.

No original is ever shown inside a page: it leaves as an attachment. Only previews that Satchel encoded itself are shown
inline.
`

const outro = `
## What the first bytes cannot show

The content is judged by its first 64 KiB. Not seen there: what is appended to a file (a zip behind an image), active content
inside a PDF, and what a container holds. Zip containers and Office documents are opened by ` + "`policies/archives`" + `, everything
goes through the virus scanner, and every original leaves as an attachment.

The header of a picture says how large it is, and a browser takes memory for that before it looks at the data. Refused as
` + "`too_many_pixels`" + ` are pictures that declare more than 1,000 megapixels, and those that declare more than 100 in fewer bytes than
an encoder of their format needs for a blank picture of that size (` + "`policies/pictures/bounds.go`" + `). The frames of an animation share
one canvas, which counts once; of a TIFF the first 128 pages count together.

Scripts are recognized by how they begin: an interpreter line, PHP, and the first statements typical of batch files,
PowerShell, VBScript, JScript and JavaScript. Source code inside a document or further down in a text is not a script.

## Names

A name may use any script. It is kept in Unicode's composed form (NFC), without folders, without blanks around it and without
dots at its end. Names are refused that hold control characters, line separators or marks that reorder text, that are empty,
or that are longer than 255 characters or 1,024 bytes.
`

func codes(values []string) string {
	if len(values) == 0 {
		return "–"
	}
	return "`" + strings.Join(values, "` `") + "`"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
