// Package search finds files by their names and by what is written in them. Who finds
// what is decided by app.search and by the policy of files, which have the same rule.
package search

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/search/searchdb"
	"satchel/tenancy"
)

// Scope is what is compared.
type Scope string

// The scopes.
const (
	Everything Scope = "all"
	Names      Scope = "name"
	Texts      Scope = "text"
)

// Order is the order of what is found.
type Order string

// The orders. Relevance is that of the newest Window files that match; Newest has no end.
const (
	Relevance Order = "relevance"
	Newest    Order = "-created_at"
)

// Bounds of a search.
const (
	MaxQuery = 500 // characters
	Window   = 200 // files that are ordered by relevance
)

// What a caller of Find can meet.
var (
	ErrQuery = fault.New(fault.Invalid, "invalid_query", "q is what to look for: 1 to %d characters of text.", MaxQuery)
	ErrScope = fault.New(fault.Invalid, "invalid_scope", "in is one of all, name, text.")
	ErrOrder = fault.New(fault.Invalid, "unknown_sort", "sort is one of relevance, -created_at.")
)

// Narrowing says which files are looked at. Zero values narrow nothing.
type Narrowing struct {
	Space       *uuid.UUID `json:"space_id,omitempty"`
	UploadedBy  *uuid.UUID `json:"uploaded_by,omitempty"`
	Subject     *uuid.UUID `json:"subject_id,omitempty"`
	Class       *uuid.UUID `json:"class_id,omitempty"` // whose space and groups hold the file
	Types       []string   `json:"types,omitempty"`    // media types
	SizeFrom    *int64     `json:"size_from,omitempty"`
	SizeTo      *int64     `json:"size_to,omitempty"`
	ChangedFrom *time.Time `json:"changed_from,omitempty"`
	ChangedTo   *time.Time `json:"changed_to,omitempty"` // not included
}

// Cursor is the last row of the page before. The zero cursor starts.
type Cursor struct {
	Score int32     `json:"score"`
	ID    uuid.UUID `json:"id"`
	Fuzzy bool      `json:"fuzzy,omitempty"` // the search goes on among names that are alike
}

// Query is what to look for.
type Query struct {
	Text  string
	Scope Scope
	Order Order
	Narrowing
	Limit int
	After Cursor
}

// Found is one file.
type Found struct {
	files.Listed
	Named   bool   // by its name
	Written bool   // by its text
	Score   int32  // 0 by Newest
	Around  string // HTML: the text around what was found, with mark elements
}

// Page is a part of what was found.
type Page struct {
	Found []Found
	Fuzzy bool // nothing matches; these names are alike
}

// Find finds one page for the actor of q. When nothing matches, it looks for names that
// are alike, as after a slip of the keyboard.
func Find(ctx context.Context, q tenancy.Queries, in Query) (Page, error) {
	in, err := in.checked()
	if err != nil {
		return Page{}, err
	}
	fuzzy := in.After.Fuzzy
	rows, err := page(ctx, q, in, fuzzy)
	if err == nil && len(rows) == 0 && in.After.ID == uuid.Nil && in.Scope != Texts {
		fuzzy = true
		rows, err = page(ctx, q, in, fuzzy)
	}
	if err != nil {
		return Page{}, fmt.Errorf("search files: %w", err)
	}
	found, err := show(ctx, q, rows)
	return Page{Found: found, Fuzzy: fuzzy && len(found) > 0}, err
}

func (q Query) checked() (Query, error) {
	q.Text = strings.TrimSpace(norm.NFC.String(q.Text))
	if q.Scope == "" {
		q.Scope = Everything
	}
	if q.Order == "" {
		q.Order = Relevance
	}
	switch {
	case q.Text == "" || !utf8.ValidString(q.Text) || utf8.RuneCountInString(q.Text) > MaxQuery || strings.ContainsRune(q.Text, 0):
		return q, ErrQuery
	case q.Scope != Everything && q.Scope != Names && q.Scope != Texts:
		return q, ErrScope
	case q.Order != Relevance && q.Order != Newest:
		return q, ErrOrder
	}
	return q, nil
}

func page(ctx context.Context, q tenancy.Queries, in Query, fuzzy bool) ([]searchdb.SearchPageRow, error) {
	narrowing, err := json.Marshal(in.Narrowing)
	if err != nil {
		return nil, err
	}
	params := searchdb.SearchPageParams{Query: in.Text, Scope: string(in.Scope), Fuzzy: fuzzy, Narrowing: narrowing, Newest: in.Order == Newest, Page: int32(in.Limit)}
	if in.After.ID != uuid.Nil {
		params.AfterScore, params.AfterID = &in.After.Score, &in.After.ID
	}
	return searchdb.New(q).SearchPage(ctx, params)
}

// show reads the files of a page. One that was taken away in between is left out.
func show(ctx context.Context, q tenancy.Queries, rows []searchdb.SearchPageRow) ([]Found, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.FileID
	}
	views, err := files.ListedByIDs(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	found := make([]Found, 0, len(rows))
	for _, r := range rows {
		if v, ok := views[r.FileID]; ok {
			found = append(found, Found{Listed: v, Named: r.Named, Written: r.Written, Score: r.Score, Around: marked(r.Around)})
		}
	}
	return found, nil
}

// marked makes HTML of a part of a text, in which app.text_around has marked what was
// found with two control characters that no stored text holds.
func marked(around string) string {
	return strings.NewReplacer("\x02", "<mark>", "\x03", "</mark>").Replace(html.EscapeString(around))
}
