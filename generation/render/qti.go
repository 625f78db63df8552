package render

import (
	"fmt"
	"strings"
	"unicode"

	"satchel/generation"
)

// dialect is what differs between the versions of QTI. The elements of 3.0 are those of
// 2.1 with the prefix qti- and dashes, so an item is built once.
type dialect struct {
	item, manifest, schema, version, resource, template string
	dashes                                              bool
}

var (
	v21 = dialect{item: "http://www.imsglobal.org/xsd/imsqti_v2p1", manifest: "http://www.imsglobal.org/xsd/imscp_v1p1", schema: "QTIv2.1 Package", version: "1.0.0",
		resource: "xmlv2p1", template: "http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"}
	v30 = dialect{item: "http://www.imsglobal.org/xsd/imsqtiasi_v3p0", manifest: "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1", schema: "QTI Package", version: "3.0.0",
		resource: "xmlv3p0", template: "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/map_response", dashes: true}
)

func qti21(d *generation.Document, _ bool) ([]byte, error) { return v21.pack(d) }
func qti30(d *generation.Document, _ bool) ([]byte, error) { return v30.pack(d) }

// pack writes an item for each question, the test that has them, and the manifest.
func (q dialect) pack(d *generation.Document) ([]byte, error) {
	manifest := el("resources", nil)
	section := q.el("assessmentSection", []string{"identifier", "section", "title", d.Title, "visible", "true"})
	var members []member
	test := el("resource", []string{"identifier", "test", "type", "imsqti_test_" + q.resource, "href", "test.xml"}, el("file", []string{"href", "test.xml"}))
	for i, question := range d.Questions {
		id := "item-" + number(i+1)
		file := "items/" + id + ".xml"
		members = append(members, member{file, q.question(d, question, id).document()})
		section.kids = append(section.kids, q.el("assessmentItemRef", []string{"identifier", id, "href", file}))
		test.kids = append(test.kids, el("dependency", []string{"identifierref", id}))
		manifest.kids = append(manifest.kids, el("resource", []string{"identifier", id, "type", "imsqti_item_" + q.resource, "href", file}, el("file", []string{"href", file})))
	}
	manifest.kids = append(manifest.kids, test)
	part := q.el("testPart", []string{"identifier", "part", "navigationMode", "nonlinear", "submissionMode", "individual"}, section)
	root := q.el("assessmentTest", []string{"xmlns", q.item, "identifier", "test", "title", d.Title}, part)
	whole := el("manifest", []string{"xmlns", q.manifest, "identifier", "manifest"},
		el("metadata", nil, el("schema", nil, txt(q.schema)), el("schemaversion", nil, txt(q.version))), el("organizations", nil), manifest)
	return packed(append([]member{{"imsmanifest.xml", whole.document()}, {"test.xml", root.document()}}, members...))
}

func (q dialect) question(d *generation.Document, question generation.Question, id string) node {
	body := q.el("itemBody", nil)
	for _, p := range d.Passage {
		body.kids = append(body.kids, el("p", nil, txt(p.Text)))
	}
	var declaration node
	processed := question.Type != generation.Open
	switch question.Type {
	case generation.Choice:
		interaction := q.el("choiceInteraction", []string{"responseIdentifier", "RESPONSE", "shuffle", "false", "maxChoices", "1"}, q.el("prompt", nil, txt(question.Stem)))
		for i, o := range question.Options {
			interaction.kids = append(interaction.kids, q.el("simpleChoice", []string{"identifier", letter(i)}, txt(o)))
		}
		body.kids = append(body.kids, interaction)
		declaration = q.declaration("identifier", []string{letter(question.Key)}, question.Points)
	case generation.Cloze:
		before, after, _ := strings.Cut(question.Stem, generation.Gap)
		p := el("p", nil)
		for _, kid := range []node{txt(before), q.el("textEntryInteraction", []string{"responseIdentifier", "RESPONSE", "expectedLength", number(longest(question.Accepted))}), txt(after)} {
			if kid.name != "" || kid.text != "" {
				p.kids = append(p.kids, kid)
			}
		}
		body.kids = append(body.kids, p)
		declaration = q.declaration("string", question.Accepted, question.Points)
	case generation.Open:
		if len(question.Accepted) > 0 {
			body.kids = append(body.kids, q.el("rubricBlock", []string{"view", "scorer"}, el("p", nil, txt(question.Accepted[0]))))
		}
		body.kids = append(body.kids, q.el("extendedTextInteraction", []string{"responseIdentifier", "RESPONSE"}, q.el("prompt", nil, txt(question.Stem))))
		declaration = q.declaration("string", nil, question.Points)
	}
	item := q.el("assessmentItem", []string{"xmlns", q.item, "identifier", id, "title", question.ID, "adaptive", "false", "timeDependent", "false", "xml:lang", d.Language},
		declaration,
		q.el("outcomeDeclaration", []string{"identifier", "SCORE", "cardinality", "single", "baseType", "float", "normalMaximum", number(question.Points)},
			q.el("defaultValue", nil, q.el("value", nil, txt("0")))),
		body)
	if processed {
		item.kids = append(item.kids, q.el("responseProcessing", []string{"template", q.template}))
	}
	return item
}

// declaration says which answers are right, and that each gives all points.
func (q dialect) declaration(base string, right []string, points int) node {
	n := q.el("responseDeclaration", []string{"identifier", "RESPONSE", "cardinality", "single", "baseType", base})
	if len(right) == 0 {
		return n
	}
	mapping := q.el("mapping", []string{"defaultValue", "0"})
	for _, r := range right {
		entry := []string{"mapKey", r, "mappedValue", number(points)}
		if base == "string" {
			entry = append(entry, "caseSensitive", "false")
		}
		mapping.kids = append(mapping.kids, q.el("mapEntry", entry))
	}
	n.kids = []node{q.el("correctResponse", nil, q.el("value", nil, txt(right[0]))), mapping}
	return n
}

// el is an element of QTI in the words of the dialect.
func (q dialect) el(name string, attrs []string, kids ...node) node {
	if !q.dashes {
		return el(name, attrs, kids...)
	}
	dashed := make([]string, len(attrs))
	for i, a := range attrs {
		if dashed[i] = a; i%2 == 0 {
			dashed[i] = dash(a)
		}
	}
	return el("qti-"+dash(name), dashed, kids...)
}

func dash(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if unicode.IsUpper(r) {
			fmt.Fprintf(&b, "-%c", unicode.ToLower(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func longest(all []string) (n int) {
	for _, s := range all {
		n = max(n, len([]rune(s)))
	}
	return n
}
