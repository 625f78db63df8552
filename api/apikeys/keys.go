// Package apikeys answers for an organization's API keys.
package apikeys

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
)

// Keys answers for API keys.
type Keys struct{ DB *tenancy.DB }

// KeyView is a key as its managers see it. Key itself is in the answers of
// create and rotate, and in no other.
type KeyView struct {
	ID         uuid.UUID       `json:"id"`
	Key        string          `json:"key,omitempty"`
	Name       string          `json:"name"`
	Last       string          `json:"last4"`
	State      apikeys.State   `json:"state"`
	Role       tenancy.Role    `json:"role"`
	Scopes     []apikeys.Scope `json:"scopes"`
	AllSpaces  bool            `json:"all_spaces"`
	User       uuid.UUID       `json:"user_id"`
	CreatedBy  uuid.UUID       `json:"created_by"`
	CreatedAt  time.Time       `json:"created_at"`
	ExpiresAt  time.Time       `json:"expires_at"`
	LastUsedAt *time.Time      `json:"last_used_at"`
	RevokedAt  *time.Time      `json:"revoked_at"`
	ReplacedBy *uuid.UUID      `json:"replaced_by"`
}

func viewOfKey(k apikeys.Key) KeyView {
	return KeyView{
		ID: k.ID, Name: k.Name, Last: k.Last, State: k.StateAt(time.Now()), Role: k.Role, Scopes: k.Scopes, AllSpaces: k.AllSpaces, User: k.User,
		CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt.UTC(), ExpiresAt: k.ExpiresAt.UTC(),
		LastUsedAt: request.UTC(k.LastUsedAt), RevokedAt: request.UTC(k.RevokedAt), ReplacedBy: k.ReplacedBy,
	}
}

// List lists the keys.
func (r *Keys) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(behind []uuid.UUID, limit int) ([]apikeys.Key, error) {
		return apikeys.List(c.Request.Context(), r.DB.Single(org), behind[0], limit)
	}, viewOfKey, func(k apikeys.Key) []uuid.UUID { return []uuid.UUID{k.ID} })
}

type keyBody struct {
	Name      string          `json:"name"`
	Role      tenancy.Role    `json:"role"`
	Scopes    []apikeys.Scope `json:"scopes"`
	ExpiresIn *int64          `json:"expires_in"` // seconds
	AllSpaces bool            `json:"all_spaces"`
}

// Create makes a key.
func (r *Keys) Create(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[keyBody](c)
	if err != nil {
		return err
	}
	in.Name = strings.TrimSpace(in.Name)
	if err := tenancy.CheckName(in.Name, 100); err != nil {
		return err
	}
	life, err := request.Seconds("expires_in", in.ExpiresIn, apikeys.DefaultLife)
	if err != nil {
		return err
	}
	var k apikeys.Key
	var s apikeys.Secret
	ctx, by := c.Request.Context(), request.Caller(c)
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := tenancy.RequireFeature(ctx, tx, tenancy.FeatureKeys); err != nil {
			return err
		}
		n := apikeys.NewKey{ID: request.NewID(c), Name: in.Name, Role: in.Role, Scopes: in.Scopes, AllSpaces: in.AllSpaces, Life: life, By: by}
		if k, s, err = apikeys.Create(ctx, tx, n); err != nil {
			return err
		}
		action := "key.create"
		if k.AllSpaces {
			action = "key.all_spaces"
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: k.ID.String(), Code: string(k.Role)})
	})
	if err != nil {
		return err
	}
	showKey(c, k, s)
	return nil
}

type rotateBody struct {
	Overlap   *int64 `json:"overlap"`    // seconds
	ExpiresIn *int64 `json:"expires_in"` // seconds
}

// Rotate makes the key that follows another.
func (r *Keys) Rotate(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "key", apikeys.ErrNotFound)
	if err != nil {
		return err
	}
	in, err := request.OptionalBody[rotateBody](c)
	if err != nil {
		return err
	}
	overlap, err := request.Seconds("overlap", in.Overlap, apikeys.DefaultOverlap)
	if err != nil {
		return err
	}
	life, err := request.Seconds("expires_in", in.ExpiresIn, 0)
	if err != nil {
		return err
	}
	var k apikeys.Key
	var s apikeys.Secret
	ctx, by := c.Request.Context(), request.Caller(c)
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := tenancy.RequireFeature(ctx, tx, tenancy.FeatureKeys); err != nil {
			return err
		}
		if k, s, err = apikeys.Rotate(ctx, tx, id, apikeys.Rotation{ID: request.NewID(c), Overlap: overlap, Life: life, By: by}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "key.rotate", ObjectID: id.String(), Code: k.ID.String()})
	})
	if err != nil {
		return err
	}
	showKey(c, k, s)
	return nil
}

// showKey answers with the key itself, the only time it can be read.
func showKey(c *gin.Context, k apikeys.Key, s apikeys.Secret) {
	v := viewOfKey(k)
	v.Key = s.Reveal()
	c.JSON(http.StatusCreated, v)
}

// Revoke needs no feature: an organization whose new tier has no API keys can
// still end its keys.
func (r *Keys) Revoke(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "key", apikeys.ErrNotFound)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		changed, err := apikeys.Revoke(ctx, tx, id)
		if err != nil || !changed {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "key.revoke", ObjectID: id.String()})
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
