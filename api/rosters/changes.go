package rosters

import (
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/rosters"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
)

// numberOf reads a cursor that is a number; numbers are the order of these lists.
func numberOf(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, request.ErrCursor
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return 0, request.ErrCursor
	}
	return n, nil
}

func cursorOf(n int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(n, 10)))
}

// Issues lists what was put right or refused in a package, by file and row.
func (r *Rosters) Issues(c *gin.Context) error {
	_, i, err := r.find(c)
	if err != nil {
		return err
	}
	limit, err := request.Limit(c)
	if err != nil {
		return err
	}
	from, err := numberOf(c.Query("cursor"))
	if err != nil {
		return err
	}
	places := i.Issues.Places
	from = min(from, int64(len(places)))
	page := request.Page[oneroster.Issue]{Items: orEmpty(places[from:])}
	if len(page.Items) > limit {
		page.Items, page.NextCursor = page.Items[:limit], cursorOf(from+int64(limit))
	}
	c.JSON(http.StatusOK, page)
	return nil
}

// ChangeView is one change, with what it changes. User names and addresses are known
// as hashes only: of them it says that they change.
type ChangeView struct {
	Kind      string         `json:"kind"`
	Action    string         `json:"action"`
	SourcedID string         `json:"sourced_id"`
	Person    string         `json:"person,omitempty"`
	School    string         `json:"school"`
	Held      string         `json:"held,omitempty"`
	Fields    []string       `json:"fields"` // whose values differ
	Before    map[string]any `json:"before,omitempty"`
	After     map[string]any `json:"after,omitempty"`
}

// hashed are fields that no one reads; hash is the platform's own.
var hashed = []string{"username", "email", "hash"}

func showChange(c rosters.Change) (ChangeView, error) {
	v := ChangeView{Kind: c.Kind, Action: c.Action, SourcedID: c.SourcedID, Person: c.Person, School: c.School, Held: c.Held, Fields: []string{}}
	for _, side := range []struct {
		from json.RawMessage
		to   *map[string]any
	}{{c.Before, &v.Before}, {c.After, &v.After}} {
		if side.from == nil {
			continue
		}
		if err := json.Unmarshal(side.from, side.to); err != nil {
			return v, err
		}
	}
	if v.Before != nil {
		for _, name := range slices.Sorted(maps.Keys(v.After)) {
			if name != "hash" && !reflect.DeepEqual(v.Before[name], v.After[name]) {
				v.Fields = append(v.Fields, name)
			}
		}
	}
	for _, name := range hashed {
		delete(v.Before, name)
		delete(v.After, name)
	}
	return v, nil
}

// The values of the filters.
var (
	kinds   = []string{"school", "term", "class", "person", "enrollment", "guardian"}
	actions = []string{"new", "changed", "back", "leaving"}
)

func filterOf(c *gin.Context) (f rosters.Filter, err error) {
	f.Kind, f.Action = c.Query("kind"), c.Query("action")
	if school, given := c.GetQuery("school"); given {
		if !request.IsText(school, 255) {
			return f, request.Invalid("school", "school is the sourcedId of a school.")
		}
		f.School = &school
	}
	switch {
	case f.Kind != "" && !slices.Contains(kinds, f.Kind):
		return f, request.Invalid("kind", "kind is one of %v.", kinds)
	case f.Action != "" && !slices.Contains(actions, f.Action):
		return f, request.Invalid("action", "action is one of %v.", actions)
	}
	f.After, err = numberOf(c.Query("cursor"))
	return f, err
}

// Changes lists what an import changes, in the order in which it is applied.
func (r *Rosters) Changes(c *gin.Context) error {
	org, i, err := r.find(c)
	if err != nil {
		return err
	}
	limit, err := request.Limit(c)
	if err != nil {
		return err
	}
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.DB.Single(org)
	rows, err := rosters.Changes(ctx, q, i.ID, f, limit+1)
	if err != nil {
		return err
	}
	page := request.Page[ChangeView]{Items: []ChangeView{}}
	if len(rows) > limit {
		rows = rows[:limit]
		page.NextCursor = cursorOf(rows[limit-1].Seq)
	}
	for _, row := range rows {
		v, err := showChange(row)
		if err != nil {
			return err
		}
		page.Items = append(page.Items, v)
	}
	if f.After == 0 { // once for a reading, and not for each page
		if err := r.recordRead(c, org, i); err != nil {
			return err
		}
	}
	c.JSON(http.StatusOK, page)
	return nil
}

func (r *Rosters) recordRead(c *gin.Context, org tenancy.OrgID, i rosters.Import) error {
	return audit.Record(c.Request.Context(), r.DB.Single(org), audit.Event{Action: "roster.read", ObjectID: i.ID.String()})
}

// csvPage is how many changes are read at once for a file.
const csvPage = 1000

var csvHeader = []string{"kind", "action", "sourced_id", "person", "school", "held", "fields", "before", "after"}

// ChangesFile sends the changes as a file for spreadsheets (RFC 4180).
func (r *Rosters) ChangesFile(c *gin.Context) error {
	org, i, err := r.find(c)
	if err != nil {
		return err
	}
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	if err := r.recordRead(c, org, i); err != nil {
		return err
	}
	c.Header("Content-Type", "text/csv; charset=utf-8; header=present")
	c.Header("Content-Disposition", `attachment; filename="roster-`+i.ID.String()+`.csv"`)
	c.Status(http.StatusOK)
	if err := r.writeChanges(c, org, i, f); err != nil {
		r.Log.WarnContext(c.Request.Context(), "write roster changes failed", "request_id", request.ID(c), "error", err)
		panic(http.ErrAbortHandler) // half a file must not look whole
	}
	return nil
}

func (r *Rosters) writeChanges(c *gin.Context, org tenancy.OrgID, i rosters.Import, f rosters.Filter) error {
	// Spreadsheets take a file without the mark for one of another encoding, and spoil
	// the names in it.
	if _, err := c.Writer.WriteString("\uFEFF"); err != nil {
		return err
	}
	w := csv.NewWriter(c.Writer)
	w.UseCRLF = true
	if err := w.Write(csvHeader); err != nil {
		return err
	}
	for {
		rows, err := rosters.Changes(c.Request.Context(), r.DB.Single(org), i.ID, f, csvPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			v, err := showChange(row)
			if err != nil {
				return err
			}
			if err := w.Write(cells(v)); err != nil {
				return err
			}
		}
		w.Flush()
		if err := w.Error(); err != nil || len(rows) < csvPage {
			return err
		}
		f.After = rows[len(rows)-1].Seq
	}
}

func cells(v ChangeView) []string {
	row := []string{v.Kind, v.Action, v.SourcedID, v.Person, v.School, v.Held, strings.Join(v.Fields, " "), said(v.Before), said(v.After)}
	for i, text := range row {
		row[i] = request.Cell(text)
	}
	return row
}

// said writes the fields of one side as a person reads them.
func said(fields map[string]any) string {
	parts := make([]string, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if text := valueOf(fields[name]); text != "" {
			parts = append(parts, name+": "+text)
		}
	}
	return strings.Join(parts, "; ")
}

func valueOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = valueOf(one)
		}
		return strings.Join(parts, ", ")
	}
	return ""
}
