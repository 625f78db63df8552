// Package records answers for education records: what a file is, and to whom it was disclosed.
package records

import (
	"encoding/csv"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/records"
)

// Records answers for education records.
type Records struct {
	DB  *tenancy.DB // as the caller
	Log *slog.Logger
}

// View is what a file is.
type View struct {
	File       uuid.UUID     `json:"file_id"`
	Class      records.Class `json:"class"`
	Decided    bool          `json:"decided"`
	Reason     string        `json:"reason"`
	DecidedBy  *uuid.UUID    `json:"decided_by"`
	DecidedAt  *time.Time    `json:"decided_at"`
	Students   []uuid.UUID   `json:"students"`
	Categories []string      `json:"categories"`
}

func (r *Records) answer(c *gin.Context, org tenancy.OrgID, file uuid.UUID) error {
	f, err := records.Get(c.Request.Context(), r.DB.Single(org), file)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, View{File: f.File, Class: f.Class, Decided: f.Decided, Reason: f.Reason, DecidedBy: f.DecidedBy, DecidedAt: request.UTC(f.DecidedAt), Students: append([]uuid.UUID{}, f.Students...), Categories: append([]string{}, f.Categories...)})
	return nil
}

// Get says what a file is.
func (r *Records) Get(c *gin.Context) error {
	org, file, err := request.Below(c, r.DB, "file", records.ErrNotFound)
	if err != nil {
		return err
	}
	return r.answer(c, org, file)
}

type classBody struct {
	Class      records.Class `json:"class"`
	Reason     string        `json:"reason"`
	Students   []uuid.UUID   `json:"students"`
	Categories []string      `json:"categories"`
}

// Classify decides what a file is.
func (r *Records) Classify(c *gin.Context) error {
	org, file, err := request.Below(c, r.DB, "file", records.ErrNotFound)
	if err != nil {
		return err
	}
	in, err := request.Body[classBody](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	set := records.Set{File: file, By: request.Caller(c).User, Class: in.Class, Reason: in.Reason, Students: in.Students, Categories: in.Categories}
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return records.Classify(ctx, tx, set) }); err != nil {
		return err
	}
	return r.answer(c, org, file)
}

// DisclosureView is one disclosure of a record.
type DisclosureView struct {
	ID         uuid.UUID       `json:"id"`
	At         time.Time       `json:"at"`
	File       uuid.UUID       `json:"file_id"`
	FileName   string          `json:"file_name"`
	Way        string          `json:"way"`
	Outcome    records.Outcome `json:"outcome"`
	Class      records.Class   `json:"class"`
	Rule       string          `json:"rule"`
	Basis      string          `json:"basis"`
	Interest   string          `json:"interest"`
	Party      string          `json:"party"`
	Share      *uuid.UUID      `json:"share_id"`
	Actor      *uuid.UUID      `json:"actor_id"`
	Recordable bool            `json:"recordable"`
	Students   []uuid.UUID     `json:"students"`
}

func show(d records.Disclosure) DisclosureView {
	return DisclosureView{
		ID: d.ID, At: d.At.UTC(), File: d.File, FileName: d.FileName, Way: d.Way, Outcome: d.Outcome, Class: d.Class, Rule: d.Rule, Basis: d.Basis, Interest: d.Interest,
		Party: d.Party, Share: d.Share, Actor: d.Actor, Recordable: d.Recordable, Students: append([]uuid.UUID{}, d.Students...),
	}
}

func filter(c *gin.Context) (f records.Filter, err error) {
	for name, id := range map[string]*uuid.UUID{"file": &f.File, "student": &f.Student} {
		if text := c.Query(name); text != "" {
			if *id, err = uuid.Parse(text); err != nil {
				return f, request.Invalid(name, "%s is an id.", name)
			}
		}
	}
	f.Outcome = records.Outcome(c.Query("outcome"))
	if f.Outcome != "" && !slices.Contains(records.Outcomes, f.Outcome) {
		return f, request.Invalid("outcome", "outcome is opened, disclosed or refused.")
	}
	return f, nil
}

// ListDisclosures lists disclosures of records, the newest first: all for who oversees the
// organization, those of a student for the student and the student's guardians.
func (r *Records) ListDisclosures(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	f, err := filter(c)
	if err != nil {
		return err
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]records.Disclosure, error) {
		return records.Disclosures(c.Request.Context(), r.DB.Single(org), f, before[0], limit)
	}, show, func(d records.Disclosure) []uuid.UUID { return []uuid.UUID{d.ID} })
}

// ExportDisclosures sends them all as CSV (RFC 4180), with the same filters.
func (r *Records) ExportDisclosures(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	f, err := filter(c)
	if err != nil {
		return err
	}
	const page = 500
	ctx, q := c.Request.Context(), r.DB.Single(org)
	list, err := records.Disclosures(ctx, q, f, uuid.Nil, page)
	if err != nil {
		return err
	}
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="disclosures-`+org.String()+`.csv"`)
	c.Status(http.StatusOK)
	w := csv.NewWriter(c.Writer)
	err = w.Write([]string{"at", "outcome", "students", "file_id", "file_name", "class", "way", "party", "basis", "interest", "rule", "actor_id", "recordable", "id"})
	for err == nil && len(list) > 0 {
		for _, d := range list {
			_ = w.Write(cells(d)) // Flush tells of errors
		}
		if w.Flush(); w.Error() != nil {
			err = w.Error()
		} else if len(list) < page {
			break
		} else {
			list, err = records.Disclosures(ctx, q, f, list[len(list)-1].ID, page)
		}
	}
	if w.Flush(); err != nil {
		r.Log.WarnContext(ctx, "write disclosures failed", "request_id", request.ID(c), "error", err)
		panic(http.ErrAbortHandler) // half a list must not look whole
	}
	return nil
}

// cells are the row of a disclosure.
func cells(d records.Disclosure) []string {
	students := make([]string, len(d.Students))
	for i, s := range d.Students {
		students[i] = s.String()
	}
	actor, recordable := "", "no"
	if d.Actor != nil {
		actor = d.Actor.String()
	}
	if d.Recordable {
		recordable = "yes"
	}
	return []string{
		d.At.UTC().Format(time.RFC3339Nano), string(d.Outcome), strings.Join(students, " "), d.File.String(), request.Cell(d.FileName), string(d.Class), d.Way,
		request.Cell(d.Party), d.Basis, request.Cell(d.Interest), d.Rule, actor, recordable, d.ID.String(),
	}
}
