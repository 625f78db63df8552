package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

const classesPath = "/api/v1/classes"

// Class is a class. Space is its space's id, where the caller is in it.
type Class struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Code      string    `json:"code"`
	State     string    `json:"state"` // active, archived
	Rostered  bool      `json:"rostered"`
	Space     string    `json:"space_id,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// ClassMember describes a person's place in a class.
type ClassMember struct {
	Role    string     `json:"role"` // student, teacher
	Primary bool       `json:"primary_teacher"`
	EndsAt  *time.Time `json:"ends_at,omitempty"`
}

// Classes lists the classes of the organization by title.
func (c *Client) Classes(ctx context.Context) ([]Class, error) {
	return All[Class](ctx, c, classesPath, nil)
}

// CreateClass makes a class by hand, with its space.
func (c *Client) CreateClass(ctx context.Context, title, code string) (Class, error) {
	var k Class
	return k, c.Call(ctx, http.MethodPost, classesPath, map[string]string{"title": title, "code": code}, &k)
}

// SetClassMember puts a person into a class, or changes what they are there.
func (c *Client) SetClassMember(ctx context.Context, class, user string, m ClassMember) error {
	return c.Call(ctx, http.MethodPut, classMember(class, user), m, nil)
}

// RemoveClassMember ends a person's time in a class at once.
func (c *Client) RemoveClassMember(ctx context.Context, class, user string) error {
	return c.Call(ctx, http.MethodDelete, classMember(class, user), nil, nil)
}

func classMember(class, user string) string {
	return classesPath + "/" + url.PathEscape(class) + "/members/" + url.PathEscape(user)
}
