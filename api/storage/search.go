package storage

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/files"
	"satchel/policies/types"
	"satchel/search"
	"satchel/tenancy"
)

// ResultView is one file that a search found.
type ResultView struct {
	File    ListedView `json:"file"`
	Matched []string   `json:"matched"` // name, text
	Around  string     `json:"around"`  // HTML: the text around what was found, with mark elements
}

// ResultPage is one page of a search.
type ResultPage struct {
	Items []ResultView `json:"items"`
	// Alike says that nothing matches and these names are alike.
	Alike      bool   `json:"alike"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// SearchFiles finds files of the caller's by name and by text.
func (r *Storage) SearchFiles(c *gin.Context) error {
	q, err := searchQuery(c)
	if err != nil {
		return err
	}
	include, err := readInclude(c)
	if err != nil {
		return err
	}
	answer, err := tenancy.Read(c.Request.Context(), r.DB, request.Caller(c).Org, func(ctx context.Context, on tenancy.Queries) (ResultPage, error) {
		return r.found(ctx, on, q, include)
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, answer)
	return nil
}

// found reads one page of a search.
func (r *Storage) found(ctx context.Context, on tenancy.Queries, q search.Query, in included) (ResultPage, error) {
	limit := q.Limit
	q.Limit++ // one more tells whether there is a next page
	page, err := search.Find(ctx, on, q)
	if err != nil {
		return ResultPage{}, err
	}
	answer := ResultPage{Items: []ResultView{}, Alike: page.Fuzzy}
	if len(page.Found) > limit {
		last := page.Found[limit-1]
		answer.NextCursor = encodeSearch(q.Order, search.Cursor{Score: last.Score, ID: last.FileID, Fuzzy: page.Fuzzy})
		page.Found = page.Found[:limit]
	}
	rows := make([]files.Listed, len(page.Found))
	for i, f := range page.Found {
		rows[i] = f.Listed
	}
	shown, err := r.list(ctx, on, rows, in)
	if err != nil {
		return ResultPage{}, err
	}
	for _, f := range page.Found {
		at := slices.IndexFunc(shown, func(v ListedView) bool { return v.ID == f.FileID })
		if at < 0 {
			continue
		}
		item := ResultView{File: shown[at], Matched: []string{}, Around: f.Around}
		if f.Named {
			item.Matched = append(item.Matched, "name")
		}
		if f.Written {
			item.Matched = append(item.Matched, "text")
		}
		answer.Items = append(answer.Items, item)
	}
	return answer, nil
}

func searchQuery(c *gin.Context) (q search.Query, err error) {
	q = search.Query{Text: c.Query("q"), Scope: search.Scope(c.Query("in")), Order: search.Order(c.Query("sort"))}
	for name, id := range map[string]**uuid.UUID{"space_id": &q.Space, "class_id": &q.Class, "uploaded_by": &q.UploadedBy, "subject_id": &q.Subject} {
		if *id, err = optional(c, name, uuid.Parse, "is an id"); err != nil {
			return q, err
		}
	}
	n, err := readNarrowing(c)
	if err != nil {
		return q, err
	}
	q.Types, q.SizeFrom, q.SizeTo, q.ChangedFrom, q.ChangedTo = n.Types, n.SizeFrom, n.SizeTo, n.ChangedFrom, n.ChangedTo
	if q.Limit, err = request.Limit(c); err != nil {
		return q, err
	}
	if q.Order == "" {
		q.Order = search.Relevance
	}
	q.After, err = decodeSearch(q.Order, c.Query("cursor"))
	return q, err
}

// readNarrowing reads the filters that lists and searches have in common.
func readNarrowing(c *gin.Context) (n search.Narrowing, err error) {
	bytes := func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }
	for name, size := range map[string]**int64{"size_from": &n.SizeFrom, "size_to": &n.SizeTo} {
		if *size, err = optional(c, name, bytes, "is a number of bytes"); err != nil {
			return n, err
		}
	}
	for name, t := range map[string]**time.Time{"changed_from": &n.ChangedFrom, "changed_to": &n.ChangedTo} {
		if *t, err = optional(c, name, request.Moment, "is a time such as 2026-11-28T12:00:00Z"); err != nil {
			return n, err
		}
	}
	if n.Types, err = searchedTypes(c); err != nil {
		return n, err
	}
	return n, nil
}

// optional reads a parameter that may be missing.
func optional[T any](c *gin.Context, name string, parse func(string) (T, error), what string) (*T, error) {
	text := c.Query(name)
	if text == "" {
		return nil, nil
	}
	v, err := parse(text)
	if err != nil {
		return nil, request.Invalid(name, "%s %s.", name, what)
	}
	return &v, nil
}

// searchedTypes are the media types of the kind that is asked for, or the one type.
func searchedTypes(c *gin.Context) ([]string, error) {
	kind, one := c.Query("kind"), c.Query("type")
	if len(one) > types.MaxNameBytes {
		return nil, request.Invalid("type", "type is a media type such as application/pdf.")
	}
	switch {
	case kind == "" && one == "":
		return nil, nil
	case kind == "":
		return []string{one}, nil
	}
	var found []string
	for _, row := range types.Table() {
		if string(row.Family) == kind && (one == "" || one == row.MediaType) {
			found = append(found, row.MediaType)
		}
	}
	switch {
	case found == nil && one == "":
		return nil, request.Invalid("kind", "kind is one of image, document, text, source, markup, audio, video, model, project, archive.")
	case found == nil:
		return []string{one + " is not " + kind}, nil // matches nothing
	}
	return found, nil
}

// searched is what a cursor of a search holds. It is not signed, since it can only say
// where in the caller's own search to go on.
type searched struct {
	Order search.Order `json:"o"`
	search.Cursor
}

func encodeSearch(order search.Order, c search.Cursor) string {
	b, err := json.Marshal(searched{order, c})
	if err != nil {
		panic(err) // an id and a number always have a JSON form
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeSearch(order search.Order, text string) (search.Cursor, error) {
	if text == "" {
		return search.Cursor{}, nil
	}
	var p searched
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return p.Cursor, request.ErrCursor.Because(err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p.Cursor, request.ErrCursor.Because(err)
	}
	if p.Order != order || p.ID == uuid.Nil {
		return p.Cursor, request.ErrCursor
	}
	return p.Cursor, nil
}

// ListRecent lists what the caller opened or changed last.
func (r *Storage) ListRecent(c *gin.Context) error {
	limit, err := request.Limit(c)
	if err != nil {
		return err
	}
	var after search.RecentCursor
	if text := c.Query("cursor"); text != "" {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return request.ErrCursor.Because(err)
		}
		if err := json.Unmarshal(b, &after); err != nil || after.ID == uuid.Nil {
			return request.ErrCursor.Because(err)
		}
	}
	include, err := readInclude(c)
	if err != nil {
		return err
	}
	page, err := tenancy.Read(c.Request.Context(), r.DB, request.Caller(c).Org, func(ctx context.Context, q tenancy.Queries) (request.Page[ListedView], error) {
		return r.recent(ctx, q, after, limit, include)
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, page)
	return nil
}

// recent reads one page of what the actor of q used last.
func (r *Storage) recent(ctx context.Context, q tenancy.Queries, after search.RecentCursor, limit int, in included) (page request.Page[ListedView], err error) {
	rows, next, err := search.Recent(ctx, q, after, limit)
	if err != nil {
		return page, err
	}
	if page.Items, err = r.list(ctx, q, rows, in); err != nil || next == nil {
		return page, err
	}
	b, err := json.Marshal(next)
	page.NextCursor = base64.RawURLEncoding.EncodeToString(b)
	return page, err
}

// used notes that the caller opened or changed a file. A note that is lost is no reason
// to keep the file from its reader.
func (r *Storage) used(c *gin.Context, file files.View) {
	actor := request.Caller(c)
	ctx := c.Request.Context()
	if err := search.Use(ctx, r.DB.Single(actor.Org), file.FileID); err != nil && context.Cause(ctx) == nil {
		r.Log.WarnContext(ctx, "note recent file failed", slog.String("org", actor.Org.String()), slog.String("file", file.FileID.String()), slog.Any("error", err))
	}
}
