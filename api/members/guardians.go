package members

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// GuardianView is the link between a parent and a student whose files the
// parent may read.
type GuardianView struct {
	Parent    uuid.UUID `json:"parent_id"`
	Student   uuid.UUID `json:"student_id"`
	CreatedBy uuid.UUID `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
}

func showGuardian(g members.Guardian) GuardianView {
	return GuardianView{Parent: g.Parent, Student: g.Student, CreatedBy: g.CreatedBy, CreatedAt: g.CreatedAt.UTC()}
}

// ListGuardians lists the links between parents and students: all, or those of one of either.
func (r *Members) ListGuardians(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	var f members.GuardianFilter
	if f.Parent, err = request.QueryID(c, "parent_id", "person"); err != nil {
		return err
	}
	if f.Student, err = request.QueryID(c, "student_id", "person"); err != nil {
		return err
	}
	return request.List(c, 2, func(after []uuid.UUID, limit int) ([]members.Guardian, error) {
		return members.ListGuardians(c.Request.Context(), r.DB.Single(org), f, after[0], after[1], limit)
	}, showGuardian, func(g members.Guardian) []uuid.UUID { return []uuid.UUID{g.Parent, g.Student} })
}

type guardianBody struct {
	Parent  uuid.UUID `json:"parent_id"`
	Student uuid.UUID `json:"student_id"`
}

// AddGuardian lets a parent read a student's files.
func (r *Members) AddGuardian(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[guardianBody](c)
	if err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	var link members.Guardian
	status := http.StatusOK
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		var made bool
		var err error
		if link, made, err = members.AddGuardian(ctx, tx, by, in.Parent, in.Student); err != nil || !made {
			return err
		}
		status = http.StatusCreated
		return audit.Record(ctx, tx, guardianEvent("guardian.add", in.Parent, in.Student))
	})
	if err != nil {
		return err
	}
	c.JSON(status, showGuardian(link))
	return nil
}

// RemoveGuardian takes that back.
func (r *Members) RemoveGuardian(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	parent, parentErr := uuid.Parse(c.Param("parent"))
	student, studentErr := uuid.Parse(c.Param("student"))
	if parentErr != nil || studentErr != nil {
		return members.ErrNoGuardian
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := members.RemoveGuardian(ctx, tx, parent, student); err != nil {
			return err
		}
		return audit.Record(ctx, tx, guardianEvent("guardian.remove", parent, student))
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// guardianEvent names the student, and the parent as what it turned on.
func guardianEvent(action string, parent, student uuid.UUID) audit.Event {
	return audit.Event{Action: action, ObjectID: student.String(), Code: parent.String()}
}
