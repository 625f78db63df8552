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

// Markdown writes the policy as the page docs/types.md. Which kinds have previews is said
// by policies/previews, which knows this package.
func Markdown(preview func(mediaType string) string) string {
	var b strings.Builder
	b.WriteString(intro)
	for _, tier := range tiers {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| kind | extensions | stored as | leaves as | previews |\n|---|---|---|---|---|\n", tier.heading, tier.meaning)
		for _, row := range table {
			if row.Tier == tier.tier {
				fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s |\n", title(row), codes(row.Extensions), row.MediaType, leaves(row), preview(row.MediaType))
			}
		}
	}
	b.WriteString("\n## Switches of an organization\n\n| switch | meaning |\n|---|---|\n")
	for _, s := range Switches() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", s.Name, s.Meaning)
	}
	b.WriteString("\n## Refused\n\n| rule | what happened | what to do next |\n|---|---|---|\n")
	for _, reason := range reasons {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", reason.Rule, reason.What, reason.Next)
	}
	b.WriteString("\nNames that are never taken, whatever the file holds:\n\n")
	for _, reason := range reasons {
		if endings := neverExtensions[reason.Rule]; len(endings) > 0 {
			fmt.Fprintf(&b, "- `%s`: %s\n", reason.Rule, codes(endings))
		}
	}
	b.WriteString(outro)
	return b.String()
}

var tiers = []struct {
	tier             Tier
	heading, meaning string
}{
	{Default, "Taken by default", "Everybody who may upload may bring these."},
	{Checked, "Taken after a check", "The whole content is opened first. A document with macros, a remote template, a password, or a file inside it that is more than a picture, sound, film, text or PDF is refused."},
	{Staff, "Brought by staff", "Teachers, administrators and owners bring these, in part only where a switch of the organization allows it."},
	{OptIn, "Taken where the organization allows it", "An administrator turns these on by a switch."},
}

func title(r Row) string {
	if r.Switch == "" {
		return r.Title
	}
	return r.Title + " (`" + string(r.Switch) + "`)"
}

func leaves(r Row) string {
	switch {
	case r.Script:
		return "attachment, as plain text named `.txt`"
	case r.Delivered() != r.MediaType:
		return "attachment, as plain text"
	}
	return "attachment"
}

const intro = `# Which files are taken

This page is written from the table in ` + "`policies/types`" + ` that the validator itself reads; its test fails when the
two differ. Renew it with ` + "`go test ./policies/previews -run TestTypesDocs -update`" + `.

The content decides what a file is. A name or a claimed media type that differs within what is harmless is corrected: the
file is published, and ` + "`corrected`" + ` says from what to what. So a photo named ` + "`IMG_1.HEIC`" + ` that is a JPEG is stored as
` + "`image/jpeg`" + `, and a text with the ending of a page stays a text. Pictures are corrected to pictures, sound and video to
sound and video, texts to texts, and Office documents to Office documents. Names that are never taken are refused before any byte
is sent (415); what the content shows is judged once it is there.

An organization can add extensions of its own. Such files are scanned and stored as ` + "`application/octet-stream`" + `; a program is
refused under every name.

No original is ever shown inside a page: it leaves as an attachment. Only previews that Satchel encoded itself are shown
inline.
`

const outro = `
## What the first bytes cannot show

The content is judged by its first 64 KiB. Not seen there: what is appended to a file (a zip behind an image), active content
inside a PDF, and what a container holds. Zip containers and Office documents are opened by ` + "`policies/archives`" + `, old Office documents and documents that are one
XML file by ` + "`policies/ole`" + `, alone and inside a container. Everything goes through the virus scanner, and every original leaves as an
attachment.

A VBA project without code is no macro: Publisher and Excel write one into documents in which no person wrote any. An equation
of the editor that Office had until 2018 is taken when it is read to its end within the buffers of that editor, whose faults it
would need (CVE-2017-11882, CVE-2018-0798, CVE-2018-0802). A file inside a document is taken when it is a picture, sound, film,
text or PDF under each of its names.

The header of a picture says how large it is, and a browser takes memory for that before it looks at the data. Refused as
` + "`too_many_pixels`" + ` are pictures that declare more than 1,000 megapixels, and those that declare more than 100 in fewer bytes than
an encoder of their format needs for a blank picture of that size (` + "`policies/pictures/bounds.go`" + `). The frames of an animation share
one canvas, which counts once, and are not counted: renderer and browsers decode one at a time. Of a TIFF the first 128 pages count
together.

A script is a text like any other, and is taken under a name of its language or of a text. It never leaves under a name by
which a computer runs it, unless the organization says so.

## Names

A name may use any script. It is kept in Unicode's composed form (NFC), without folders, without blanks around it and without
dots at its end. Names are refused that hold control characters, line separators or marks that reorder text, that are empty,
or that are longer than 255 characters or 1,024 bytes.

## Try a folder

` + "`make judge DIR=folder`" + ` says which files of a folder a new organization takes, by kind, as a student and as staff, and names the
refused ones with their rule. ` + "`ARGS='--json'`" + ` prints one object a file, and ` + "`ARGS='--clamd socket'`" + ` asks a running scanner too.
` + "`ARGS='--previews'`" + ` makes the previews of what is taken, with the programs on this machine, and tells which files have none. What it says about public test collections is in [performance.md](performance.md).
`

func codes(values []string) string {
	if len(values) == 0 {
		return "–"
	}
	return "`" + strings.Join(values, "` `") + "`"
}
