// Package webhooks answers for an organization's webhooks, their secrets and the log
// of their deliveries.
package webhooks

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/internal/sealed"
	"satchel/policies/audit"
	"satchel/policies/consent"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// Webhooks answers for webhooks.
type Webhooks struct {
	DB       *tenancy.DB
	Box      *sealed.Box
	Loopback bool // addresses of this machine are taken, in a local stack
}

// SecretView is a secret without what it signs with.
type SecretView struct {
	ID        uuid.UUID     `json:"id"`
	Kind      webhooks.Kind `json:"kind"`
	PublicKey string        `json:"public_key,omitempty"`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt *time.Time    `json:"expires_at"`
}

// WebhookView is a webhook as its managers see it. Secret is in the answers of create
// and rotate, and in no other.
type WebhookView struct {
	ID             uuid.UUID      `json:"id"`
	URL            string         `json:"url"`
	Description    string         `json:"description"`
	Types          []string       `json:"types"`
	State          webhooks.State `json:"state"`
	DisabledReason string         `json:"disabled_reason"`
	DisabledAt     *time.Time     `json:"disabled_at"`
	FailingSince   *time.Time     `json:"failing_since"`
	Mail           string         `json:"mail"`
	Secret         string         `json:"secret,omitempty"`
	Secrets        []SecretView   `json:"secrets"`
	CreatedBy      uuid.UUID      `json:"created_by"`
	CreatedAt      time.Time      `json:"created_at"`
	UpdatedAt      time.Time      `json:"updated_at"`
}

func viewOf(w webhooks.Webhook, secrets []webhooks.Secret) WebhookView {
	v := WebhookView{ID: w.ID, URL: w.URL, Description: w.Description, Types: w.Types, State: w.State, DisabledReason: w.DisabledCode, DisabledAt: request.UTC(w.DisabledAt),
		FailingSince: request.UTC(w.FailingSince), Mail: w.Mail, Secrets: []SecretView{}, CreatedBy: w.CreatedBy, CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC()}
	for _, s := range secrets {
		if s.Webhook == w.ID {
			v.Secrets = append(v.Secrets, SecretView{ID: s.ID, Kind: s.Kind, PublicKey: s.PublicKey, CreatedAt: s.CreatedAt.UTC(), ExpiresAt: request.UTC(s.ExpiresAt)})
		}
	}
	return v
}

// List lists the webhooks in the order in which they were made.
func (r *Webhooks) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.DB.Single(org)
	var secrets []webhooks.Secret
	return request.List(c, 1, func(behind []uuid.UUID, limit int) ([]webhooks.Webhook, error) {
		found, err := webhooks.List(ctx, q, behind[0], limit)
		if err != nil {
			return nil, err
		}
		var ids []uuid.UUID
		for _, w := range found {
			ids = append(ids, w.ID)
		}
		secrets, err = webhooks.Secrets(ctx, q, time.Now(), ids...)
		return found, err
	}, func(w webhooks.Webhook) WebhookView { return viewOf(w, secrets) }, func(w webhooks.Webhook) []uuid.UUID { return []uuid.UUID{w.ID} })
}

// Get shows one.
func (r *Webhooks) Get(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	return r.show(c, org, id, http.StatusOK, "")
}

func (r *Webhooks) show(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int, secret string) error {
	ctx, q := c.Request.Context(), r.DB.Single(org)
	w, err := webhooks.Get(ctx, q, id)
	if err != nil {
		return err
	}
	secrets, err := webhooks.Secrets(ctx, q, time.Now(), id)
	if err != nil {
		return err
	}
	v := viewOf(w, secrets)
	v.Secret = secret
	c.JSON(status, v)
	return nil
}

type webhookBody struct {
	URL         string        `json:"url"`
	Description string        `json:"description"`
	Types       []string      `json:"types"`
	Kind        webhooks.Kind `json:"kind"`
}

// maxDescription is the column's.
const maxDescription = 200

// check reads what a person decides of a webhook.
func (r *Webhooks) check(url, description string, types []string) (webhooks.Change, error) {
	change := webhooks.Change{URL: url, Description: strings.TrimSpace(description), Types: slices.Compact(slices.Sorted(slices.Values(types)))}
	if err := webhooks.CheckURL(change.URL, r.Loopback); err != nil {
		return change, err
	}
	if change.Description != "" {
		if err := tenancy.CheckName(change.Description, maxDescription); err != nil {
			return change, request.Invalid("description", "description is a text of at most %d characters, without control characters.", maxDescription)
		}
	}
	for _, t := range change.Types {
		if !events.Known(t) {
			return change, request.Invalid("types", "types lists types of events, such as file.published or file.*. GET /api/v1/events/schemas lists all.")
		}
	}
	return change, nil
}

// Create makes a webhook and its first secret.
func (r *Webhooks) Create(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[webhookBody](c)
	if err != nil {
		return err
	}
	change, err := r.check(in.URL, in.Description, in.Types)
	if err != nil {
		return err
	}
	if in.Kind == "" {
		in.Kind = webhooks.HMAC
	}
	var secret string
	ctx, id := c.Request.Context(), request.NewID(c)
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := consent.RequireAssurance(ctx, tx, consent.Webhook); err != nil {
			return err
		}
		last, err := events.Last(ctx, tx)
		if err != nil {
			return err
		}
		if err := webhooks.Create(ctx, tx, id, change, last, request.Caller(c).User); err != nil {
			return err
		}
		if secret, err = webhooks.AddSecret(ctx, tx, r.Box, webhooks.NewSecret{ID: tenancy.NewID(), Webhook: id, Kind: in.Kind}, time.Now()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "webhook.create", ObjectID: id.String()})
	})
	if err != nil {
		return err
	}
	return r.show(c, org, id, http.StatusCreated, secret)
}

type changeBody struct {
	URL         *string         `json:"url"`
	Description *string         `json:"description"`
	Types       *[]string       `json:"types"`
	State       *webhooks.State `json:"state"`
}

// Change changes a webhook, and disables or enables it.
func (r *Webhooks) Change(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	in, err := request.Body[changeBody](c)
	if err != nil {
		return err
	}
	if in.State != nil && *in.State != webhooks.Active && *in.State != webhooks.Disabled {
		return request.Invalid("state", "state is active or disabled.")
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		w, err := webhooks.Get(ctx, tx, id)
		if err != nil {
			return err
		}
		change, err := r.check(or(in.URL, w.URL), or(in.Description, w.Description), or(in.Types, w.Types))
		if err != nil {
			return err
		}
		if change.URL != w.URL || in.State != nil && *in.State == webhooks.Active && w.State != webhooks.Active {
			if err := consent.RequireAssurance(ctx, tx, consent.Webhook); err != nil {
				return err
			}
		}
		if err := webhooks.Update(ctx, tx, id, change); err != nil {
			return err
		}
		code, err := setState(c, tx, id, in.State)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "webhook.change", ObjectID: id.String(), Code: code})
	})
	if err != nil {
		return err
	}
	return r.show(c, org, id, http.StatusOK, "")
}

func or[T any](given *T, otherwise T) T {
	if given != nil {
		return *given
	}
	return otherwise
}

// setState gives the word for the audit log.
func setState(c *gin.Context, tx *tenancy.Tx, id uuid.UUID, to *webhooks.State) (string, error) {
	ctx := c.Request.Context()
	switch {
	case to == nil:
		return "", nil
	case *to == webhooks.Disabled:
		_, err := webhooks.Disable(ctx, tx, id, webhooks.ByPerson, time.Now())
		return string(webhooks.Disabled), err
	}
	last, err := events.Last(ctx, tx)
	if err != nil {
		return "", err
	}
	_, err = webhooks.Enable(ctx, tx, id, last)
	return string(webhooks.Active), err
}

// Delete removes a webhook with its log.
func (r *Webhooks) Delete(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := webhooks.Delete(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "webhook.delete", ObjectID: id.String()})
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

type rotateBody struct {
	Kind    webhooks.Kind `json:"kind"`
	Overlap *int64        `json:"overlap"` // seconds
}

// Rotate makes a secret beside those that there are. Those of its kind sign on for the
// overlap.
func (r *Webhooks) Rotate(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	in, err := request.OptionalBody[rotateBody](c)
	if err != nil {
		return err
	}
	overlap, err := request.Seconds("overlap", in.Overlap, webhooks.DefaultOverlap)
	if err != nil {
		return err
	}
	if in.Kind == "" {
		in.Kind = webhooks.HMAC
	}
	var secret string
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if _, err := webhooks.Get(ctx, tx, id); err != nil {
			return err
		}
		if secret, err = webhooks.AddSecret(ctx, tx, r.Box, webhooks.NewSecret{ID: request.NewID(c), Webhook: id, Kind: in.Kind, Overlap: overlap}, time.Now()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "webhook.rotate", ObjectID: id.String(), Code: string(in.Kind)})
	})
	if err != nil {
		return err
	}
	return r.show(c, org, id, http.StatusCreated, secret)
}
