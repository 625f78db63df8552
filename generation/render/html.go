package render

import (
	"bytes"
	"fmt"
	"html/template"

	"satchel/generation"
)

// pageTemplate escapes everything: nothing of a document is HTML.
var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="{{.Language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body { font: 1rem/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } th, td { border: 1px solid #666; padding: .3rem .6rem; text-align: left; vertical-align: top }
@media print { body { margin: 0; max-width: none } }
</style>
</head>
<body>
{{range .Blocks}}{{if eq .Level 1}}<h1>{{.Heading}}</h1>
{{else if .Level}}<h2>{{.Heading}}</h2>
{{else if .Items}}<ul style="list-style: none">
{{range .Items}}<li>{{.}}</li>
{{end}}</ul>
{{else if .Rows}}<table>
{{range $i, $row := .Rows}}<tr>{{range $row}}{{if $i}}<td>{{.}}</td>{{else}}<th scope="col">{{.}}</th>{{end}}{{end}}</tr>
{{end}}</table>
{{else}}<p>{{.Text}}</p>
{{end}}{{end}}</body>
</html>
`))

// shownBlock is a block with names that a template reaches.
type shownBlock struct {
	Heading, Text string
	Level         int
	Items         []string
	Rows          [][]string
}

func page(d *generation.Document, answers bool) ([]byte, error) {
	view := struct {
		Language, Title string
		Blocks          []shownBlock
	}{Language: d.Language, Title: d.Title}
	for _, b := range blocks(d, answers) {
		view.Blocks = append(view.Blocks, shownBlock{Heading: b.heading, Level: b.level, Text: b.text, Items: b.items, Rows: b.rows})
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}
