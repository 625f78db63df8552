// Package notifications answers for what members are told: their inbox, their mail
// address and what they want; for administrators, the log of mails and the addresses
// that get none; and for people with a mail, the page that stops it.
package notifications

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/mailtext"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// Notifications answers for all of it.
type Notifications struct {
	DB *tenancy.DB // as the caller
	// All is of the whole organization: who stops a mail is not signed in, and operators and
	// API keys that may read the log of mails are no members.
	All    *tenancy.DB
	Tokens *notifications.Tokens
	Hasher Hasher
	Now    func() time.Time
}

// Hasher is the keyed hash of an address in an organization, by which suppressed ones are known.
type Hasher interface {
	HashEmail(org tenancy.OrgID, address string) []byte
}

var errKey = fault.New(fault.Invalid, "person_required", "This is a person's own: sign in, since an API key has no inbox of mail.")

// NotificationView is what should reach the caller.
type NotificationView struct {
	ID        uuid.UUID       `json:"id"`
	Kind      string          `json:"kind"`
	Data      json.RawMessage `json:"data"`
	CreatedAt time.Time       `json:"created_at"`
	ReadAt    *time.Time      `json:"read_at,omitempty"`
}

func (r *Notifications) query(c *gin.Context) *tenancy.SingleStatement {
	return r.DB.Single(request.Caller(c).Org)
}

// List lists the caller's inbox, newest first.
func (r *Notifications) List(c *gin.Context) error {
	unread := c.Query("unread") == "true"
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]notifications.Notice, error) {
		return notifications.List(c.Request.Context(), r.query(c), unread, before[0], limit)
	}, func(n notifications.Notice) NotificationView {
		return NotificationView{ID: n.ID, Kind: n.Kind, Data: n.Data, CreatedAt: n.CreatedAt.UTC(), ReadAt: request.UTC(n.ReadAt)}
	}, func(n notifications.Notice) []uuid.UUID { return []uuid.UUID{n.ID} })
}

// Read notes that the caller has read one.
func (r *Notifications) Read(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return notifications.ErrNoNotice
	}
	if err := notifications.MarkRead(c.Request.Context(), r.query(c), id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// ReadAll notes that the caller has read everything.
func (r *Notifications) ReadAll(c *gin.Context) error {
	n, err := notifications.MarkAllRead(c.Request.Context(), r.query(c))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"read": n})
	return nil
}

// AddressView is a mail address of the caller.
type AddressView struct {
	ID         uuid.UUID  `json:"id"`
	Address    string     `json:"address"`
	State      string     `json:"state"` // pending until its code was entered, then confirmed
	VerifiedAt *time.Time `json:"verified_at,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
}

// person is the caller, if it is no API key.
func person(c *gin.Context) (tenancy.Actor, error) {
	actor := request.Caller(c)
	if actor.Key != uuid.Nil {
		return actor, errKey
	}
	return actor, nil
}

// ListAddresses lists the caller's addresses.
func (r *Notifications) ListAddresses(c *gin.Context) error {
	actor, err := person(c)
	if err != nil {
		return err
	}
	found, err := notifications.Addresses(c.Request.Context(), r.query(c), actor.User)
	if err != nil {
		return err
	}
	views := make([]AddressView, len(found))
	for i, a := range found {
		views[i] = AddressView{ID: a.ID, Address: a.Address, State: "pending", VerifiedAt: request.UTC(a.VerifiedAt), CreatedAt: a.CreatedAt.UTC()}
		if a.VerifiedAt != nil {
			views[i].State = "confirmed"
		}
	}
	c.JSON(http.StatusOK, gin.H{"items": views})
	return nil
}

// AddAddress has a code mailed to an address of the caller.
func (r *Notifications) AddAddress(c *gin.Context) error {
	actor, err := person(c)
	if err != nil {
		return err
	}
	body, err := request.Body[struct {
		Address string `json:"address"`
	}](c)
	if err != nil {
		return err
	}
	ctx, now := c.Request.Context(), r.Now()
	asked, err := notifications.Asked(ctx, r.All.Single(actor.Org), actor.User, now)
	if err != nil {
		return err
	}
	if err := notifications.MayHaveMail(ctx, r.All.Single(actor.Org), actor.User); err != nil {
		return err
	}
	address, err := notifications.CheckAddress(body.Address)
	if err != nil {
		return err
	}
	if err := notifications.Deliverable(ctx, r.All.Single(actor.Org), r.Hasher.HashEmail(actor.Org, address)); err != nil {
		return err
	}
	err = r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error {
		_, err := notifications.Add(ctx, tx, actor.User, body.Address, now, asked)
		return err
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusAccepted)
	return nil
}

// ConfirmAddress takes the code that was mailed.
func (r *Notifications) ConfirmAddress(c *gin.Context) error {
	actor, err := person(c)
	if err != nil {
		return err
	}
	body, err := request.Body[struct {
		Code string `json:"code"`
	}](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var refusal *fault.Fault
	err = r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) (err error) {
		refusal, err = notifications.ConfirmAddress(ctx, tx, actor.User, body.Code, r.Now())
		return err
	})
	switch {
	case err != nil:
		return err
	case refusal != nil:
		return refusal
	}
	c.Status(http.StatusNoContent)
	return nil
}

// RemoveAddress forgets an address of the caller.
func (r *Notifications) RemoveAddress(c *gin.Context) error {
	actor, err := person(c)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(c.Param("address"))
	if err != nil || id == uuid.Nil {
		return notifications.ErrNoAddress
	}
	if err := notifications.RemoveAddress(c.Request.Context(), r.query(c), actor.User, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// KindView is a kind of notification.
type KindView struct {
	Kind     string `json:"kind"`
	Required bool   `json:"required"`
	About    string `json:"about"`
}

// GetPreferences shows what the caller wants.
func (r *Notifications) GetPreferences(c *gin.Context) error {
	actor, err := person(c)
	if err != nil {
		return err
	}
	return r.showPreferences(c, actor)
}

func (r *Notifications) showPreferences(c *gin.Context, actor tenancy.Actor) error {
	ctx := c.Request.Context()
	wanted, err := notifications.Preferences(ctx, r.query(c), actor.User)
	if err != nil {
		return err
	}
	settings, err := notifications.GetSettings(ctx, r.query(c), actor.User)
	if err != nil {
		return err
	}
	kinds := make([]KindView, len(notifications.Kinds))
	for i, k := range notifications.Kinds {
		kinds[i] = KindView{k.Name, k.Required, k.About}
	}
	c.JSON(http.StatusOK, gin.H{"kinds": kinds, "preferences": wanted, "settings": settings})
	return nil
}

// SetPreferences keeps what the caller wants: the preferences that are named, and the
// settings if they are given.
func (r *Notifications) SetPreferences(c *gin.Context) error {
	actor, err := person(c)
	if err != nil {
		return err
	}
	const most = 50
	body, err := request.Body[struct {
		Preferences []notifications.Preference `json:"preferences"`
		Settings    *struct {
			notifications.Settings
			DigestHour *int `json:"digest_hour"` // that it is missing is no midnight
		} `json:"settings"`
	}](c)
	if err != nil {
		return err
	}
	if len(body.Preferences) > most {
		return request.Invalid("preferences", "preferences are at most %d.", most)
	}
	if s := body.Settings; s != nil {
		if s.DigestHour == nil {
			return request.Invalid("settings.digest_hour", "settings need digest_hour, from 0 to 23.")
		}
		s.Settings.DigestHour = *s.DigestHour
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error {
		for _, p := range body.Preferences {
			if err := notifications.Prefer(ctx, tx, actor.User, p); err != nil {
				return err
			}
		}
		if body.Settings == nil {
			return nil
		}
		return notifications.SetSettings(ctx, tx, actor.User, body.Settings.Settings)
	})
	if err != nil {
		return err
	}
	return r.showPreferences(c, actor)
}

// MailView is one mail in the log: who it was for, what it was about, what became of it.
type MailView struct {
	ID        uuid.UUID  `json:"id"`
	User      uuid.UUID  `json:"user_id"`
	Kind      string     `json:"kind"`
	State     string     `json:"state"`
	Code      string     `json:"code"`
	Attempts  int        `json:"attempts"`
	Doubts    int        `json:"doubts"`
	Bounce    string     `json:"bounce"`
	NextAt    *time.Time `json:"next_at,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

var states = []notifications.State{"", notifications.Queued, notifications.Sending, notifications.Sent, notifications.Failed, notifications.Suppressed}

// ListMails lists the organization's log of mails, newest first.
func (r *Notifications) ListMails(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	state := notifications.State(c.Query("state"))
	if !slices.Contains(states, state) {
		return request.Invalid("state", "state is queued, sending, sent, failed or suppressed.")
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]notifications.Logged, error) {
		return notifications.Log(c.Request.Context(), r.All.Single(org), state, before[0], limit)
	}, func(m notifications.Logged) MailView {
		v := MailView{ID: m.ID, User: m.UserID, Kind: m.Kind, State: m.State, Code: m.Code, Attempts: int(m.Attempts), Doubts: int(m.Doubts), Bounce: m.Bounce, CreatedAt: m.CreatedAt.UTC(), EndedAt: request.UTC(m.EndedAt)}
		if m.EndedAt == nil {
			v.NextAt = request.UTC(&m.NextAt)
		}
		return v
	}, func(m notifications.Logged) []uuid.UUID { return []uuid.UUID{m.ID} })
}

// SuppressionView is an address that gets no mail. The address itself is not kept.
type SuppressionView struct {
	ID           uuid.UUID `json:"id"`
	Reason       string    `json:"reason"`
	Status       string    `json:"status"`
	SuppressedAt time.Time `json:"suppressed_at"`
}

// ListSuppressions lists the addresses that get no mail.
func (r *Notifications) ListSuppressions(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]notifications.Suppression, error) {
		return notifications.Suppressions(c.Request.Context(), r.All.Single(org), before[0], limit)
	}, func(s notifications.Suppression) SuppressionView {
		return SuppressionView{s.ID, s.Reason, s.Status, s.SuppressedAt.UTC()}
	}, func(s notifications.Suppression) []uuid.UUID { return []uuid.UUID{s.ID} })
}

// RemoveSuppression lets an address have mail again.
func (r *Notifications) RemoveSuppression(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	id, err := uuid.Parse(c.Param("suppression"))
	if err != nil {
		return notifications.ErrNoSuppressed
	}
	ctx := c.Request.Context()
	err = r.All.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := notifications.Unsuppress(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "mail.unsuppress", ObjectID: id.String()})
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// Preview shows a mail of a kind as members get it, with words in place of what differs.
func (r *Notifications) Preview(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	kind, language := c.Query("kind"), c.DefaultQuery("language", mailtext.Fallback)
	if !notifications.Known(kind) || kind == notifications.All {
		return request.Invalid("kind", "kind is one of the kinds that GET /api/v1/me/notification-preferences lists.")
	}
	if !slices.Contains(mailtext.Languages(), language) {
		return request.Invalid("language", "language is one of %v.", mailtext.Languages())
	}
	o, err := tenancy.GetOrganization(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	l := mailtext.Letter{Kind: kind, Language: language, Organization: tenancy.PlainName(o.Name), Items: []mailtext.Item{{Kind: kind, N: 1}}, Link: "https://satchel.example/", Required: notifications.Required(kind)}
	if !l.Required {
		l.Unsubscribe = "https://satchel.example/unsubscribe/…"
	}
	m, err := mailtext.Write(l)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"subject": m.Subject, "text": m.Text, "html": m.HTML})
	return nil
}
