package spaces

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/spaces"
	"satchel/tenancy"
)

// ClassView is a class. Its space is shown to those who are in it.
type ClassView struct {
	ID        uuid.UUID  `json:"id"`
	Title     string     `json:"title"`
	Code      string     `json:"code"`
	State     string     `json:"state"`
	Rostered  bool       `json:"rostered"` // came with a roster
	Space     *uuid.UUID `json:"space_id,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

func showClass(c spaces.SchoolClass) ClassView {
	return ClassView{ID: c.ID, Title: c.Title, Code: c.Code, State: c.State, Rostered: c.Rostered, Space: c.SpaceID, CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC()}
}

var classStates = []string{"active", "archived"}

// ListClasses lists the classes of the organization by title.
func (r *Spaces) ListClasses(c *gin.Context) error {
	state := c.Query("state")
	if state != "" && !slices.Contains(classStates, state) {
		return request.Invalid("state", "state is one of %v.", classStates)
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]spaces.SchoolClass, error) {
		return spaces.ListClasses(c.Request.Context(), r.query(c), state, after[0], limit)
	}, showClass, func(k spaces.SchoolClass) []uuid.UUID { return []uuid.UUID{k.ID} })
}

type classBody struct {
	Title string `json:"title"`
	Code  string `json:"code"`
}

const maxCode = 100

// CreateClass makes a class by hand, with its space.
func (r *Spaces) CreateClass(c *gin.Context) error {
	in, err := request.Body[classBody](c)
	if err != nil {
		return err
	}
	if !request.IsText(in.Code, maxCode) {
		return request.Invalid("code", "code is at most %d characters of text.", maxCode)
	}
	id := request.NewID(c)
	var made spaces.SchoolClass
	err = r.change(c, audit.Event{Action: "class.create", ObjectID: id.String()}, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		made, err = spaces.CreateClass(ctx, tx, id, in.Title, in.Code)
		return err
	})
	if err != nil {
		return err
	}
	return created(c, http.StatusCreated, "/api/v1/classes/", id, showClass(made))
}

// ReplayCreateClass answers with the class that the first try made.
func (r *Spaces) ReplayCreateClass(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return replay(c, e, spaces.ErrNoClass, "/api/v1/classes/", func() (any, error) {
		k, err := spaces.GetClass(c.Request.Context(), r.query(c), e.ID)
		return showClass(k), err
	})
}

// GetClass answers with one class.
func (r *Spaces) GetClass(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoClass)
	if err != nil {
		return err
	}
	k, err := spaces.GetClass(c.Request.Context(), r.query(c), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showClass(k))
	return nil
}

type classChange struct {
	Title *string `json:"title"`
	Code  *string `json:"code"`
	State *string `json:"state"`
}

// ChangeClass renames or archives a class.
func (r *Spaces) ChangeClass(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoClass)
	if err != nil {
		return err
	}
	in, err := request.Body[classChange](c)
	switch {
	case err != nil:
		return err
	case in.State != nil && !slices.Contains(classStates, *in.State):
		return request.Invalid("state", "state is one of %v.", classStates)
	case in.Code != nil && !request.IsText(*in.Code, maxCode):
		return request.Invalid("code", "code is at most %d characters of text.", maxCode)
	}
	return r.changed(c, audit.Event{Action: "class.change", ObjectID: id.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.UpdateClass(ctx, tx, id, in.Title, in.Code, in.State)
	}, func(ctx context.Context, q tenancy.Queries) (any, error) {
		k, err := spaces.GetClass(ctx, q, id)
		return showClass(k), err
	})
}

// ClassMemberView is a person in a class.
type ClassMemberView struct {
	User    uuid.UUID  `json:"user_id"`
	Name    string     `json:"display_name"`
	Role    string     `json:"role"`
	Primary bool       `json:"primary_teacher"`
	Origin  string     `json:"origin"` // roster or manual
	EndsAt  *time.Time `json:"ends_at,omitempty"`
}

// ListClassMembers lists who is in a class.
func (r *Spaces) ListClassMembers(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoClass)
	if err != nil {
		return err
	}
	if _, err := spaces.GetClass(c.Request.Context(), r.query(c), id); err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]spaces.ClassMember, error) {
		return spaces.ClassMembers(c.Request.Context(), r.query(c), id, after[0], limit)
	}, func(m spaces.ClassMember) ClassMemberView {
		return ClassMemberView{User: m.UserID, Name: m.DisplayName, Role: m.Role, Primary: m.PrimaryTeacher, Origin: m.Origin, EndsAt: spaces.Limit(m.EndsAt)}
	}, func(m spaces.ClassMember) []uuid.UUID { return []uuid.UUID{m.UserID} })
}

type classMemberBody struct {
	Role    string     `json:"role"`
	Primary bool       `json:"primary_teacher"`
	EndsAt  *time.Time `json:"ends_at"`
}

// SetClassMember puts a person into a class by hand.
func (r *Spaces) SetClassMember(c *gin.Context) error {
	id, user, err := r.classAndPerson(c)
	if err != nil {
		return err
	}
	in, err := request.Body[classMemberBody](c)
	switch {
	case err != nil:
		return err
	case in.Role != "student" && in.Role != "teacher", in.Primary && in.Role != "teacher":
		return request.Invalid("role", "role is student or teacher; only a teacher is the primary one.")
	}
	return r.done(c, audit.Event{Action: "class.member_set", ObjectID: id.String(), Code: user.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.SetClassMember(ctx, tx, id, user, in.Role, in.Primary, in.EndsAt)
	})
}

// RemoveClassMember ends a person's time in a class at once.
func (r *Spaces) RemoveClassMember(c *gin.Context) error {
	id, user, err := r.classAndPerson(c)
	if err != nil {
		return err
	}
	by := request.Caller(c).User
	return r.done(c, audit.Event{Action: "class.member_remove", ObjectID: id.String(), Code: user.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.RemoveClassMember(ctx, tx, id, user, by)
	})
}

// classAndPerson reads the class and the person of the path. The class is looked up
// first: what else is wrong with a request says nothing of a class that is not there.
func (r *Spaces) classAndPerson(c *gin.Context) (class, user uuid.UUID, err error) {
	if class, err = pathID(c, "id", spaces.ErrNoClass); err != nil {
		return class, user, err
	}
	if _, err = spaces.GetClass(c.Request.Context(), r.query(c), class); err != nil {
		return class, user, err
	}
	user, err = pathID(c, "user", spaces.ErrNotMember)
	return class, user, err
}
