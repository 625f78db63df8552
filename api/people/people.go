// Package people answers for the people of an organization: their names, which login
// is whose, and what the organization believes about logins.
package people

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/files"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/members"
	"satchel/tenancy/people"
)

// People answers for people and logins.
type People struct {
	DB     *tenancy.DB
	Hasher *people.Hasher
	Log    *slog.Logger
}

// PersonView is a person. What a roster says, and by what a first sign-in finds the
// person, is shown to those who manage members.
type PersonView struct {
	Organization tenancy.OrgID `json:"organization_id"`
	User         uuid.UUID     `json:"user_id"`
	Kind         people.Kind   `json:"kind"`
	Name         string        `json:"display_name"`
	Grade        string        `json:"grade"`
	State        people.State  `json:"state"`
	LeavesAt     *time.Time    `json:"leaves_at"`
	Role         tenancy.Role  `json:"role,omitempty"` // none before the first sign-in
	Managed      *ManagedView  `json:"managed,omitempty"`
}

// ManagedView is the part of a person for those who manage members.
type ManagedView struct {
	Source      *uuid.UUID `json:"source_id"` // null: made by hand
	SourcedID   *string    `json:"sourced_id"`
	Identifiers []string   `json:"identifiers"`
	HasUsername bool       `json:"has_username"`
	HasEmail    bool       `json:"has_email"`
	SetByHand   []string   `json:"set_by_hand"`
	Logins      int64      `json:"logins"`
	AdultFrom   *string    `json:"adult_from"`
	Since       time.Time  `json:"since"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

func show(c *gin.Context, org tenancy.OrgID) func(people.Person) PersonView {
	manages := request.Caller(c).May(tenancy.ManageMembers)
	return func(p people.Person) PersonView {
		v := PersonView{Organization: org, User: p.User, Kind: p.Kind, Name: p.Name, Grade: p.Grade, State: p.State, LeavesAt: request.UTC(p.LeavesAt), Role: p.Role}
		if manages {
			v.Managed = managed(p)
		}
		return v
	}
}

func managed(p people.Person) *ManagedView {
	v := &ManagedView{
		Source: p.Source, SourcedID: p.SourcedID, Identifiers: p.Identifiers, HasUsername: p.UsernameHash != nil, HasEmail: p.EmailHash != nil,
		SetByHand: p.SetByHand, Logins: p.Logins, Since: p.Since.UTC(), CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	if p.AdultFrom != nil {
		day := p.AdultFrom.Format(time.DateOnly)
		v.AdultFrom = &day
	}
	return v
}

const maxSearch = 200

// List lists people by name.
func (r *People) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	f := people.Filter{Search: strings.TrimSpace(c.Query("q")), Kind: people.Kind(c.Query("kind")), State: people.State(c.Query("state"))}
	switch {
	case !request.IsText(f.Search, maxSearch):
		return request.Invalid("q", "q is a part of a name, of at most %d characters.", maxSearch)
	case f.Kind != "" && !slices.Contains(people.Kinds, f.Kind):
		return request.Invalid("kind", "kind is one of %v.", people.Kinds)
	case f.State != "" && !slices.Contains(people.States, f.State):
		return request.Invalid("state", "state is one of %v.", people.States)
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]people.Person, error) {
		return people.List(c.Request.Context(), r.DB.Single(org), f, after[0], limit)
	}, show(c, org), func(p people.Person) []uuid.UUID { return []uuid.UUID{p.User} })
}

// Get answers with one person.
func (r *People) Get(c *gin.Context) error {
	org, user, err := request.Below(c, r.DB, "user", people.ErrNoPerson)
	if err != nil {
		return err
	}
	return r.answer(c, http.StatusOK, org, user)
}

func (r *People) answer(c *gin.Context, status int, org tenancy.OrgID, user uuid.UUID) error {
	p, err := people.Get(c.Request.Context(), r.DB.Single(org), user)
	if err != nil {
		return err
	}
	c.JSON(status, show(c, org)(p))
	return nil
}

type personBody struct {
	User        *uuid.UUID  `json:"user_id"` // of a member, who becomes a person
	Kind        people.Kind `json:"kind"`
	Name        string      `json:"display_name"`
	Grade       string      `json:"grade"`
	Username    string      `json:"username"`
	Email       string      `json:"email"`
	Identifiers []string    `json:"identifiers"`
}

func (b personBody) check() error {
	if !slices.Contains(people.Kinds, b.Kind) {
		return request.Invalid("kind", "kind is one of %v.", people.Kinds)
	}
	return checkNames(b.Username, b.Email)
}

const maxUsername = 255

// checkNames refuses what would be hashed and never be found again.
func checkNames(username, email string) error {
	if !request.IsText(username, maxUsername) {
		return request.Invalid("username", "username is a text of at most %d characters.", maxUsername)
	}
	if email == "" {
		return nil
	}
	return members.CheckEmail(strings.TrimSpace(email))
}

// Create makes a person by hand.
func (r *People) Create(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[personBody](c)
	if err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	n := people.NewPerson{
		User: request.NewID(c), Kind: in.Kind, Name: in.Name, Grade: in.Grade, Identifiers: in.Identifiers,
		UsernameHash: r.Hasher.HashUsername(org, in.Username), EmailHash: r.Hasher.HashEmail(org, in.Email),
	}
	if in.User != nil {
		n.User, n.Known = *in.User, true
		if _, err := members.GetMember(ctx, r.DB.Single(org), n.User); err != nil {
			return err
		}
	}
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		_, fresh, err := people.Create(ctx, tx, n)
		if err != nil || !fresh {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "person.create", ObjectID: n.User.String(), Code: string(n.Kind)})
	})
	if err != nil {
		return err
	}
	return r.answerCreated(c, org, n.User)
}

func (r *People) answerCreated(c *gin.Context, org tenancy.OrgID, user uuid.UUID) error {
	c.Header("Location", "/api/v1/organizations/"+org.String()+"/people/"+user.String())
	return r.answer(c, http.StatusCreated, org, user)
}

// ReplayCreate answers with the person that the earlier try made.
func (r *People) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil || !e.HasResponse() {
		return idempotency.NotCreated, err
	}
	in, err := request.Body[personBody](c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	user := e.ID
	if in.User != nil {
		user = *in.User
	}
	return idempotency.OutcomeOf(r.answerCreated(c, org, user), people.ErrNoPerson)
}

type changeBody struct {
	Kind         *people.Kind  `json:"kind"`
	Name         *string       `json:"display_name"`
	Grade        *string       `json:"grade"`
	Username     *string       `json:"username"` // "" removes it
	Email        *string       `json:"email"`    // "" removes it
	Identifiers  *[]string     `json:"identifiers"`
	State        *people.State `json:"state"`
	LeavesAt     *time.Time    `json:"leaves_at"`
	FollowRoster []string      `json:"follow_roster"`
}

func (b changeBody) changes(h *people.Hasher, org tenancy.OrgID) (people.Changes, error) {
	c := people.Changes{Kind: b.Kind, Name: b.Name, Grade: b.Grade, Identifiers: b.Identifiers, State: b.State, LeavesAt: b.LeavesAt}
	if b.Kind != nil && !slices.Contains(people.Kinds, *b.Kind) {
		return c, request.Invalid("kind", "kind is one of %v.", people.Kinds)
	}
	if b.State != nil && !slices.Contains(people.States, *b.State) {
		return c, request.Invalid("state", "state is one of %v.", people.States)
	}
	username, email := value(b.Username), value(b.Email)
	if err := checkNames(username, email); err != nil {
		return c, err
	}
	if b.Username != nil {
		hash := h.HashUsername(org, username)
		c.UsernameHash = &hash
	}
	if b.Email != nil {
		hash := h.HashEmail(org, email)
		c.EmailHash = &hash
	}
	// People speak of fields, the table of hashes.
	columns := strings.NewReplacer("username", people.ColumnUsername, "email", people.ColumnEmail)
	for _, field := range b.FollowRoster {
		c.FollowRoster = append(c.FollowRoster, columns.Replace(field))
	}
	return c, nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Change changes a person by hand. One who has left is a member no more.
func (r *People) Change(c *gin.Context) error {
	org, user, err := request.Below(c, r.DB, "user", people.ErrNoPerson)
	if err != nil {
		return err
	}
	in, err := request.Body[changeBody](c)
	if err != nil {
		return err
	}
	changes, err := in.changes(r.Hasher, org)
	if err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if changes.State != nil && *changes.State == people.Left {
			if err := r.end(ctx, tx, actor, user); err != nil {
				return err
			}
		}
		if _, err := people.Change(ctx, tx, user, changes); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "person.change", ObjectID: user.String(), Code: strings.Join(changes.Columns(), ",")})
	})
	if err != nil {
		return err
	}
	return r.answer(c, http.StatusOK, org, user)
}

// end ends the membership of a person, if there is one, and what came with it.
func (r *People) end(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user uuid.UUID) error {
	if _, err := people.Get(ctx, tx, user); err != nil {
		return err
	}
	ended, err := members.RemovePerson(ctx, tx, by, user)
	if err != nil || !ended {
		return err
	}
	if _, err := files.Abandon(ctx, tx, user); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{Action: "member.remove", ObjectID: user.String()})
}
