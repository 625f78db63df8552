package export

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/google/uuid"

	"satchel/activities/export/exportdb"
	"satchel/files"
	"satchel/tenancy"
)

// The package of a request for access (34 CFR 99.10) is an export of the records of one student
// that were looked through: the first part says what was asked for and what there is, as lines
// of JSON and as a page to read, and the others hold the files. Each part ends with its manifest.

// ofRequest lists the versions that are in the package.
func ofRequest(request uuid.UUID) func(context.Context, tenancy.Queries, uuid.UUID, int64) ([]files.LiveObject, error) {
	return func(ctx context.Context, q tenancy.Queries, after uuid.UUID, n int64) ([]files.LiveObject, error) {
		rows, err := exportdb.New(q).RequestVersionPage(ctx, exportdb.RequestVersionPageParams{RequestID: request, After: after, Most: n})
		list := make([]files.LiveObject, len(rows))
		for i, r := range rows {
			list[i] = files.LiveObject(r)
		}
		return list, err
	}
}

// line is a row of one of the lists.
type line struct {
	key  string
	data json.RawMessage
}

type lines func(ctx context.Context, db *exportdb.Queries, request uuid.UUID, after string, most int64) ([]line, error)

func recordLines(ctx context.Context, db *exportdb.Queries, request uuid.UUID, after string, most int64) ([]line, error) {
	rows, err := db.RequestFilePage(ctx, exportdb.RequestFilePageParams{RequestID: request, After: after, Most: most})
	return toLines(rows, err, func(r exportdb.RequestFilePageRow) line { return line{r.Key, r.Data} })
}

func findingLines(ctx context.Context, db *exportdb.Queries, request uuid.UUID, after string, most int64) ([]line, error) {
	rows, err := db.RequestFindingPage(ctx, exportdb.RequestFindingPageParams{RequestID: request, After: after, Most: most})
	return toLines(rows, err, func(r exportdb.RequestFindingPageRow) line { return line{r.Key, r.Data} })
}

func disclosureLines(ctx context.Context, db *exportdb.Queries, request uuid.UUID, after string, most int64) ([]line, error) {
	rows, err := db.RequestDisclosurePage(ctx, exportdb.RequestDisclosurePageParams{RequestID: request, After: after, Most: most})
	return toLines(rows, err, func(r exportdb.RequestDisclosurePageRow) line { return line{r.Key, r.Data} })
}

func consentLines(ctx context.Context, db *exportdb.Queries, request uuid.UUID, after string, most int64) ([]line, error) {
	rows, err := db.RequestConsentPage(ctx, exportdb.RequestConsentPageParams{RequestID: request, After: after, Most: most})
	return toLines(rows, err, func(r exportdb.RequestConsentPageRow) line { return line{r.Key, r.Data} })
}

func statementLines(ctx context.Context, db *exportdb.Queries, request uuid.UUID, after string, most int64) ([]line, error) {
	rows, err := db.RequestStatementPage(ctx, exportdb.RequestStatementPageParams{RequestID: request, After: after, Most: most})
	return toLines(rows, err, func(r exportdb.RequestStatementPageRow) line { return line{r.Key, r.Data} })
}

func toLines[T any](rows []T, err error, as func(T) line) ([]line, error) {
	list := make([]line, len(rows))
	for i, r := range rows {
		list[i] = as(r)
	}
	return list, err
}

// each calls do for every row of a list, a page at a time.
func (l lines) each(ctx context.Context, q tenancy.Queries, request uuid.UUID, first string, do func(json.RawMessage) error) error {
	for after := first; ; {
		page, err := l(ctx, exportdb.New(q), request, after, rowsPage)
		if err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		for _, r := range page {
			if err := do(r.data); err != nil {
				return err
			}
			after = r.key
		}
		if len(page) < rowsPage {
			return nil
		}
	}
}

// writeRequest writes the first part.
func writeRequest(ctx context.Context, q tenancy.Queries, z *archive, request uuid.UUID) error {
	about, err := exportdb.New(q).RequestRow(ctx, request)
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	err = z.addLines("request.json", func(write func(any) error) error { return write(json.RawMessage(about)) })
	if err != nil {
		return err
	}
	for _, l := range []struct {
		name, first string
		rows        lines
	}{{"records.ndjson", firstID, recordLines}, {"findings.ndjson", "", findingLines}, {"statements.ndjson", firstID, statementLines}, {"consents.ndjson", firstID, consentLines}, {"disclosures.ndjson", firstID, disclosureLines}} {
		err := z.addLines(l.name, func(write func(any) error) error {
			return l.rows.each(ctx, q, request, l.first, func(data json.RawMessage) error { return write(data) })
		})
		if err != nil {
			return err
		}
	}
	_, err = z.add("index.html", zip.Deflate, time.Now(), func(w io.Writer) error { return writeIndex(ctx, q, w, request, about) })
	if err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	return nil
}

// indexed is what the page says of a record or a disclosure.
type indexed struct {
	FileID    uuid.UUID `json:"file_id"`
	Number    int32     `json:"number"`
	Name      *string   `json:"name"`
	Class     string    `json:"class"`
	SHA256    string    `json:"sha256"`
	Decision  string    `json:"decision"`
	Reason    string    `json:"reason"`
	At        time.Time `json:"at"`
	Outcome   string    `json:"outcome"`
	Party     string    `json:"party"`
	Basis     string    `json:"basis"`
	Interest  string    `json:"interest"`
	Statement string    `json:"statement"`
}

// Path is where the file lies in one of the parts.
func (i indexed) Path() string {
	return Entry(files.LiveObject{FileID: i.FileID, Number: i.Number, Name: *i.Name})
}

var (
	indexHead = template.Must(template.New("head").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Education records</title>
<style>body { font-family: sans-serif; line-height: 1.5; max-width: 70rem; margin: 2rem auto; padding: 0 1rem } table { border-collapse: collapse; width: 100% } th, td { border: 1px solid #888; padding: .3rem .5rem; text-align: left; overflow-wrap: anywhere }</style></head>
<body>
<h1>Education records</h1>
<p>The answer of <strong>{{.Organization}}</strong> to the request {{.ID}} of {{.ReceivedAt.Format "2 January 2006"}}. The files are in the parts that follow. The file manifest.ndjson of each
part has the SHA-256 of each entry. findings.ndjson says where personal data was found, without the data.</p>
{{if .Withheld}}<p>Records withheld: {{.Withheld}}. The list says why.</p>{{end}}
<h2>Records</h2>
<table><thead><tr><th scope="col">File</th><th scope="col">What it is</th><th scope="col">SHA-256</th></tr></thead><tbody>
`))
	indexRecord = template.Must(template.New("record").Parse(`<tr>{{if and .Name (eq .Decision "include")}}<td>{{.Path}}</td><td>{{.Class}}</td><td><code>{{.SHA256}}</code></td>{{else}}<td>{{.FileID}}</td><td>{{.Class}}</td><td>withheld: {{.Reason}}</td>{{end}}</tr>
`))
	indexStatement = template.Must(template.New("statement").Parse(`<tr><td>{{.At.Format "2006-01-02 15:04"}} UTC</td><td>{{.FileID}}</td><td>{{.Statement}}</td></tr>
`))
	indexDisclosure = template.Must(template.New("disclosure").Parse(`<tr><td>{{.At.Format "2006-01-02 15:04"}} UTC</td><td>{{.FileID}}</td><td>{{.Outcome}}</td><td>{{if .Party}}{{.Party}}{{else}}the holder of a link{{end}}</td><td>{{.Basis}} {{.Interest}}</td></tr>
`))
)

const indexStatements = `</tbody></table>
<h2>Statements about records</h2>
<table><thead><tr><th scope="col">When</th><th scope="col">File</th><th scope="col">Statement</th></tr></thead><tbody>
`

const indexMiddle = `</tbody></table>
<h2>Disclosures</h2>
<table><thead><tr><th scope="col">When</th><th scope="col">File</th><th scope="col">What became of it</th><th scope="col">To whom</th><th scope="col">Why</th></tr></thead><tbody>
`

func writeIndex(ctx context.Context, q tenancy.Queries, w io.Writer, request uuid.UUID, about []byte) error {
	var head struct {
		ID           uuid.UUID `json:"id"`
		Organization string    `json:"organization"`
		ReceivedAt   time.Time `json:"received_at"`
		Withheld     int       `json:"withheld"`
	}
	if err := json.Unmarshal(about, &head); err != nil {
		return err
	}
	if err := indexHead.Execute(w, head); err != nil {
		return err
	}
	rows := func(l lines, t *template.Template) error {
		return l.each(ctx, q, request, firstID, func(data json.RawMessage) error {
			var i indexed
			if err := json.Unmarshal(data, &i); err != nil {
				return err
			}
			i.At = i.At.UTC()
			return t.Execute(w, i)
		})
	}
	if err := rows(recordLines, indexRecord); err != nil {
		return err
	}
	if _, err := io.WriteString(w, indexStatements); err != nil {
		return err
	}
	if err := rows(statementLines, indexStatement); err != nil {
		return err
	}
	if _, err := io.WriteString(w, indexMiddle); err != nil {
		return err
	}
	if err := rows(disclosureLines, indexDisclosure); err != nil {
		return err
	}
	_, err := io.WriteString(w, "</tbody></table>\n</body>\n</html>\n")
	return err
}
