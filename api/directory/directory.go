// Package directory answers for directory information (34 CFR 99.37): what the school
// designated, and who opted out.
package directory

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/directory"
)

// Directory answers for directory information.
type Directory struct {
	DB *tenancy.DB // as the caller
}

// PolicyView is what the school designated.
type PolicyView struct {
	Categories  []string  `json:"categories"`
	NoticeAt    string    `json:"notice_at"`
	OptOutUntil string    `json:"opt_out_until"`
	SetBy       uuid.UUID `json:"set_by"`
	SetAt       time.Time `json:"set_at"`
}

func (r *Directory) answerPolicy(c *gin.Context, org tenancy.OrgID) error {
	p, err := directory.GetPolicy(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, PolicyView{
		Categories: append([]string{}, p.Categories...), NoticeAt: p.NoticeAt.Format(time.DateOnly), OptOutUntil: p.OptOutUntil.Format(time.DateOnly), SetBy: p.SetBy, SetAt: p.SetAt.UTC(),
	})
	return nil
}

// GetPolicy shows it.
func (r *Directory) GetPolicy(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return r.answerPolicy(c, org)
}

type policyBody struct {
	Categories  []string `json:"categories"`
	NoticeAt    string   `json:"notice_at"`
	OptOutUntil string   `json:"opt_out_until"`
}

// SetPolicy replaces it.
func (r *Directory) SetPolicy(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[policyBody](c)
	if err != nil {
		return err
	}
	p := directory.Policy{Categories: in.Categories, SetBy: request.Caller(c).User}
	for _, day := range []struct {
		name, text string
		to         *time.Time
	}{{"notice_at", in.NoticeAt, &p.NoticeAt}, {"opt_out_until", in.OptOutUntil, &p.OptOutUntil}} {
		if *day.to, err = time.Parse(time.DateOnly, day.text); err != nil {
			return request.Invalid(day.name, "%s is a day, such as 2026-09-01.", day.name)
		}
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return directory.SetPolicy(ctx, tx, org, p) }); err != nil {
		return err
	}
	return r.answerPolicy(c, org)
}

// WordView is what a guardian or the student said last.
type WordView struct {
	Holder     uuid.UUID `json:"holder_id"`
	OptedOut   bool      `json:"opted_out"`
	RecordedBy uuid.UUID `json:"recorded_by"`
	At         time.Time `json:"at"`
}

// OptOutView is what is known of a student.
type OptOutView struct {
	Student  uuid.UUID  `json:"student_id"`
	OptedOut bool       `json:"opted_out"`
	Words    []WordView `json:"words"`
}

func (r *Directory) answerOptOut(c *gin.Context, org tenancy.OrgID, student uuid.UUID) error {
	o, err := directory.OptOutOf(c.Request.Context(), r.DB.Single(org), request.Caller(c), student)
	if err != nil {
		return err
	}
	v := OptOutView{Student: o.Student, OptedOut: o.OptedOut, Words: make([]WordView, len(o.Words))}
	for i, w := range o.Words {
		v.Words[i] = WordView{Holder: w.Holder, OptedOut: w.OptedOut, RecordedBy: w.RecordedBy, At: w.At.UTC()}
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// GetOptOut shows whether a student is opted out.
func (r *Directory) GetOptOut(c *gin.Context) error {
	org, student, err := request.Below(c, r.DB, "student", directory.ErrNoStudent)
	if err != nil {
		return err
	}
	return r.answerOptOut(c, org, student)
}

type optOutBody struct {
	OptedOut *bool      `json:"opted_out"`
	Holder   *uuid.UUID `json:"holder_id"`
}

// SetOptOut opts a student out, or takes that back.
func (r *Directory) SetOptOut(c *gin.Context) error {
	org, student, err := request.Below(c, r.DB, "student", directory.ErrNoStudent)
	if err != nil {
		return err
	}
	in, err := request.Body[optOutBody](c)
	if err != nil {
		return err
	}
	if in.OptedOut == nil { // what is left out must not take an opt-out back
		return request.Invalid("opted_out", "opted_out is true or false.")
	}
	say := directory.Say{Student: student, OptedOut: *in.OptedOut, By: request.Caller(c)}
	if in.Holder != nil {
		say.Holder = *in.Holder
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return directory.SetOptOut(ctx, tx, say) }); err != nil {
		return err
	}
	return r.answerOptOut(c, org, student)
}

// OptedOutView is a student of whom somebody opted out.
type OptedOutView struct {
	Student uuid.UUID `json:"student_id"`
	At      time.Time `json:"at"`
}

// ListOptOuts lists the students who are opted out.
func (r *Directory) ListOptOuts(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]directory.OptedOut, error) {
		return directory.List(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, func(o directory.OptedOut) OptedOutView { return OptedOutView{o.Student, o.At.UTC()} }, func(o directory.OptedOut) []uuid.UUID { return []uuid.UUID{o.Student} })
}

// OwnView is a student of whose side the caller is.
type OwnView struct {
	Student     uuid.UUID `json:"student_id"`
	DisplayName string    `json:"display_name"`
	Self        bool      `json:"self"`
	Rights      bool      `json:"rights"`
	OptedOut    *bool     `json:"opted_out"` // null: the caller has not the rights
}

// ListOwn lists the caller and their children, as far as they are students.
func (r *Directory) ListOwn(c *gin.Context) error {
	own, err := directory.OwnStudents(c.Request.Context(), r.DB.Single(request.Caller(c).Org))
	if err != nil {
		return err
	}
	items := make([]OwnView, len(own))
	for i, o := range own {
		items[i] = OwnView{Student: o.Student, DisplayName: o.DisplayName, Self: o.Self, Rights: o.Rights}
		if o.Rights {
			items[i].OptedOut = &o.OptedOut
		}
	}
	c.JSON(http.StatusOK, request.Page[OwnView]{Items: items})
	return nil
}
