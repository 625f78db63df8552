package main

import (
	"bytes"
	"fmt"
	"html/template"
	"os"
	"slices"
	"strings"

	_ "embed"

	"go.yaml.in/yaml/v3"
)

// referencePage is the page that is made of the contract.
const referencePage = "api/reference.md"

//go:embed reference.html
var referenceFrame string

var referenceTemplate = template.Must(template.New("reference").Parse(referenceFrame))

// contract is what is shown of an OpenAPI document.
type contract struct {
	Info struct{ Version, Description string }
	Tags []struct{ Name, Description string }

	Paths      ordered[ordered[yaml.Node]]
	Components struct {
		Parameters map[string]parameter
		Responses  map[string]response
		Schemas    ordered[schema]
	}
}

// ordered is a mapping in the order of its document.
type ordered[T any] []named[T]

type named[T any] struct {
	Name  string
	Value T
}

// UnmarshalYAML keeps the order.
func (o *ordered[T]) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a mapping is wanted", n.Line)
	}
	for i := 0; i < len(n.Content); i += 2 {
		e := named[T]{Name: n.Content[i].Value}
		if err := n.Content[i+1].Decode(&e.Value); err != nil {
			return err
		}
		*o = append(*o, e)
	}
	return nil
}

type operation struct {
	OperationID string `yaml:"operationId"`
	Tags        []string
	Summary     string
	Description string
	Security    *[]any
	Parameters  []parameter
	RequestBody struct{ Content ordered[media] } `yaml:"requestBody"`
	Responses   ordered[response]
}

type parameter struct {
	Ref         string `yaml:"$ref"`
	Name, In    string
	Required    bool
	Description string
	Schema      schema
}

type media struct{ Schema schema }

type response struct {
	Ref         string `yaml:"$ref"`
	Description string
	Content     ordered[media]
}

type schema struct {
	Ref         string `yaml:"$ref"`
	Type        any
	Format      string
	Description string
	Enum        []any
	Const       any
	Required    []string
	Properties  ordered[schema]
	Items       *schema
	AllOf       []schema `yaml:"allOf"`
	OneOf       []schema `yaml:"oneOf"`
	AnyOf       []schema `yaml:"anyOf"`
}

// What the frame shows.
type (
	shown struct {
		About   template.HTML
		Version string
		Count   int
		Tags    []*shownTag
		Schemas []shownSchema
	}
	shownTag struct {
		ID, Name, Description string
		Operations            []shownOperation
	}
	shownOperation struct {
		ID, Method, Path, Summary string
		Open                      bool
		Description               template.HTML
		Parameters                []shownParameter
		Bodies                    []shownBody
		Answers                   []shownAnswer
	}
	shownParameter struct {
		Name, In          string
		Required          bool
		Type, Description template.HTML
	}
	shownBody struct {
		Media        string
		Type, Fields template.HTML
	}
	shownAnswer struct {
		Status                    string
		Type, Description, Fields template.HTML
	}
	shownSchema struct {
		Name                string
		Description, Fields template.HTML
	}
)

func readReference(file string) (*page, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var c contract
	if err := yaml.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	view, ids, err := c.view()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var out bytes.Buffer
	if err := referenceTemplate.Execute(&out, view); err != nil {
		return nil, err
	}
	return &page{path: referencePage, title: "API reference", body: template.HTML(out.String()), ids: ids}, nil //nolint:gosec // made by templates
}

var methods = []string{"get", "head", "post", "put", "patch", "delete", "options"}

func (c contract) view() (shown, map[string]bool, error) {
	v, ids := shown{About: words(c.Info.Description), Version: c.Info.Version}, map[string]bool{"schemas": true}
	tags := map[string]*shownTag{}
	for _, t := range c.Tags {
		tag := &shownTag{ID: "tag-" + t.Name, Name: t.Name, Description: t.Description}
		v.Tags, tags[t.Name], ids[tag.ID] = append(v.Tags, tag), tag, true
	}
	for _, s := range c.Components.Schemas {
		ids["schema-"+s.Name] = true
		v.Schemas = append(v.Schemas, shownSchema{s.Name, words(s.Value.Description), fields(s.Value)})
	}
	for _, p := range c.Paths {
		var shared []parameter
		for _, m := range p.Value {
			if m.Name == "parameters" {
				if err := m.Value.Decode(&shared); err != nil {
					return v, nil, err
				}
			}
		}
		for _, m := range p.Value {
			if !slices.Contains(methods, m.Name) {
				continue
			}
			var op operation
			if err := m.Value.Decode(&op); err != nil {
				return v, nil, fmt.Errorf("%s %s: %w", m.Name, p.Name, err)
			}
			if len(op.Tags) == 0 || op.OperationID == "" || ids[op.OperationID] {
				return v, nil, fmt.Errorf("%s %s has no tag, or no operationId of its own", m.Name, p.Name)
			}
			if name := op.Tags[0]; tags[name] == nil { // the document need not describe it
				tag := &shownTag{ID: "tag-" + name, Name: name}
				v.Tags, tags[name], ids[tag.ID] = append(v.Tags, tag), tag, true
			}
			ids[op.OperationID] = true
			o, err := c.operation(op, append(shared, op.Parameters...))
			if err != nil {
				return v, nil, fmt.Errorf("%s %s: %w", m.Name, p.Name, err)
			}
			o.Method, o.Path = strings.ToUpper(m.Name), p.Name
			tag := tags[op.Tags[0]]
			tag.Operations, v.Count = append(tag.Operations, o), v.Count+1
		}
	}
	return v, ids, nil
}

func (c contract) operation(op operation, parameters []parameter) (shownOperation, error) {
	o := shownOperation{ID: op.OperationID, Summary: op.Summary, Description: words(op.Description), Open: op.Security != nil && len(*op.Security) == 0}
	for _, p := range parameters {
		if p.Ref != "" {
			found, ok := c.Components.Parameters[last(p.Ref)]
			if !ok {
				return o, fmt.Errorf("%s is not there", p.Ref)
			}
			p = found
		}
		o.Parameters = append(o.Parameters, shownParameter{p.Name, p.In, p.Required, typeOf(p.Schema), words(p.Description)})
	}
	for _, b := range op.RequestBody.Content {
		o.Bodies = append(o.Bodies, shownBody{b.Name, typeOf(b.Value.Schema), fields(b.Value.Schema)})
	}
	for _, r := range op.Responses {
		a := r.Value
		if a.Ref != "" {
			found, ok := c.Components.Responses[last(a.Ref)]
			if !ok {
				return o, fmt.Errorf("%s is not there", a.Ref)
			}
			a = found
		}
		var types []string
		var inner template.HTML
		for _, m := range a.Content {
			said := "<code>" + template.HTMLEscapeString(m.Name) + "</code>"
			if t := typeOf(m.Value.Schema); t != "" {
				said += " " + string(t)
			}
			types, inner = append(types, said), inner+fields(m.Value.Schema)
		}
		o.Answers = append(o.Answers, shownAnswer{r.Name, template.HTML(strings.Join(types, "<br>")), words(a.Description), inner}) //nolint:gosec // escaped above
	}
	return o, nil
}

func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// words renders the Markdown of a description.
func words(text string) template.HTML {
	var b bytes.Buffer
	if err := markdown.Convert([]byte(text), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(text)) //nolint:gosec // escaped
	}
	return template.HTML(b.String()) //nolint:gosec // goldmark escapes; raw HTML is left out
}

// typeOf says a type in a few words.
func typeOf(s schema) template.HTML {
	esc := template.HTMLEscapeString
	switch {
	case s.Ref != "":
		name := esc(last(s.Ref))
		return template.HTML(`<a href="#schema-` + name + `">` + name + `</a>`) //nolint:gosec // escaped
	case len(s.AllOf) > 0:
		return joined(s.AllOf, " and ")
	case len(s.OneOf) > 0:
		return joined(s.OneOf, " or ")
	case len(s.AnyOf) > 0:
		return joined(s.AnyOf, " or ")
	case s.Items != nil:
		return "array of " + typeOf(*s.Items)
	case s.Const != nil:
		return template.HTML("<code>" + esc(fmt.Sprint(s.Const)) + "</code>") //nolint:gosec // escaped
	case len(s.Enum) > 0:
		all := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			all[i] = "<code>" + esc(fmt.Sprint(e)) + "</code>"
		}
		return template.HTML(strings.Join(all, ", ")) //nolint:gosec // escaped
	}
	said := ""
	switch t := s.Type.(type) {
	case string:
		said = t
	case []any:
		for i, one := range t {
			if i > 0 {
				said += " or "
			}
			said += fmt.Sprint(one)
		}
	}
	if s.Format != "" {
		said += " (" + s.Format + ")"
	}
	return template.HTML(esc(said)) //nolint:gosec // escaped
}

func joined(all []schema, with string) template.HTML {
	said := make([]string, len(all))
	for i, s := range all {
		said[i] = string(typeOf(s))
	}
	return template.HTML(strings.Join(said, with)) //nolint:gosec // of escaped parts
}

// fields is the table of an object's properties, with those of objects inside.
func fields(s schema) template.HTML {
	var b strings.Builder
	rows(&b, s, "")
	for _, part := range s.AllOf {
		rows(&b, part, "")
	}
	if b.Len() == 0 {
		if s.Ref == "" && len(s.Properties) == 0 && (len(s.Enum) > 0 || len(s.OneOf)+len(s.AnyOf) > 0) {
			return "<p>" + typeOf(s) + "</p>"
		}
		return ""
	}
	return template.HTML("<table><thead><tr><th>field</th><th>type</th><th>meaning</th></tr></thead><tbody>" + b.String() + "</tbody></table>") //nolint:gosec // of escaped parts
}

func rows(b *strings.Builder, s schema, below string) {
	for _, p := range s.Properties {
		required := ""
		if slices.Contains(s.Required, p.Name) {
			required = ` <span class="soft">always</span>`
		}
		fmt.Fprintf(b, "<tr><td><code>%s</code>%s</td><td>%s</td><td>%s</td></tr>\n", template.HTMLEscapeString(below+p.Name), required, typeOf(p.Value), words(p.Value.Description))
		inner := p.Value
		name := below + p.Name + "."
		if inner.Items != nil {
			inner, name = *inner.Items, below+p.Name+"[]."
		}
		if inner.Ref == "" {
			rows(b, inner, name)
		}
	}
}
