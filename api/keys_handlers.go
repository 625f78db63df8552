package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/keys"
)

// keyView is a key as its managers see it. Key itself is in the answers of
// create and rotate, and in no other.
type keyView struct {
	ID         uuid.UUID    `json:"id"`
	Key        string       `json:"key,omitempty"`
	Name       string       `json:"name"`
	Last       string       `json:"last4"`
	State      keys.State   `json:"state"`
	Role       tenancy.Role `json:"role"`
	Scopes     []keys.Scope `json:"scopes"`
	User       uuid.UUID    `json:"user_id"`
	CreatedBy  uuid.UUID    `json:"created_by"`
	CreatedAt  time.Time    `json:"created_at"`
	ExpiresAt  time.Time    `json:"expires_at"`
	LastUsedAt *time.Time   `json:"last_used_at"`
	RevokedAt  *time.Time   `json:"revoked_at"`
	ReplacedBy *uuid.UUID   `json:"replaced_by"`
}

func viewOfKey(k keys.Key) keyView {
	return keyView{
		ID: k.ID, Name: k.Name, Last: k.Last, State: k.StateAt(time.Now()), Role: k.Role, Scopes: k.Scopes, User: k.User,
		CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt.UTC(), ExpiresAt: k.ExpiresAt.UTC(),
		LastUsedAt: utc(k.LastUsedAt), RevokedAt: utc(k.RevokedAt), ReplacedBy: k.ReplacedBy,
	}
}

type keyPage struct {
	Items      []keyView `json:"items"`
	NextCursor string    `json:"next_cursor,omitempty"`
}

func (a *API) listKeys(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	limit, err := limitParam(c)
	if err != nil {
		return err
	}
	var behind uuid.UUID
	if text := c.Query("cursor"); text != "" {
		if behind, err = uuid.Parse(text); err != nil || behind == uuid.Nil {
			return errCursor.Because(err)
		}
	}
	// One more than asked for tells whether there is a next page.
	found, err := keys.List(c.Request.Context(), a.DB.Once(org), behind, limit+1)
	if err != nil {
		return err
	}
	page := keyPage{Items: []keyView{}}
	if len(found) > limit {
		found = found[:limit]
		page.NextCursor = found[limit-1].ID.String()
	}
	for _, k := range found {
		page.Items = append(page.Items, viewOfKey(k))
	}
	c.JSON(http.StatusOK, page)
	return nil
}

type keyBody struct {
	Name      string       `json:"name"`
	Role      tenancy.Role `json:"role"`
	Scopes    []keys.Scope `json:"scopes"`
	ExpiresIn *int64       `json:"expires_in"` // seconds
}

func (a *API) createKey(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := body[keyBody](c)
	if err != nil {
		return err
	}
	if in.Name = strings.TrimSpace(in.Name); in.Name == "" || !isText(in.Name, 100) {
		return invalid("name", "name is a text of 1 to 100 characters.")
	}
	life, err := seconds("expires_in", in.ExpiresIn, keys.DefaultLife)
	if err != nil {
		return err
	}
	var k keys.Key
	var s keys.Secret
	ctx, by := c.Request.Context(), caller(c)
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := tenancy.RequireFeature(ctx, tx, tenancy.FeatureKeys); err != nil {
			return err
		}
		n := keys.New{ID: newID(c), Name: in.Name, Role: in.Role, Scopes: in.Scopes, Life: life, By: by}
		if k, s, err = keys.Create(ctx, tx, n); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "key.create", ObjectID: k.ID.String(), Code: string(k.Role)})
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

func (a *API) rotateKey(c *gin.Context) error {
	org, id, err := a.keyParams(c)
	if err != nil {
		return err
	}
	in, err := optionalBody[rotateBody](c)
	if err != nil {
		return err
	}
	overlap, err := seconds("overlap", in.Overlap, keys.DefaultOverlap)
	if err != nil {
		return err
	}
	life, err := seconds("expires_in", in.ExpiresIn, 0)
	if err != nil {
		return err
	}
	var k keys.Key
	var s keys.Secret
	ctx, by := c.Request.Context(), caller(c)
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := tenancy.RequireFeature(ctx, tx, tenancy.FeatureKeys); err != nil {
			return err
		}
		if k, s, err = keys.Rotate(ctx, tx, id, keys.Turn{ID: newID(c), Overlap: overlap, Life: life, By: by}); err != nil {
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
func showKey(c *gin.Context, k keys.Key, s keys.Secret) {
	v := viewOfKey(k)
	v.Key = s.Reveal()
	c.JSON(http.StatusCreated, v)
}

// revokeKey needs no feature: whoever left a tier can still end what it made.
func (a *API) revokeKey(c *gin.Context) error {
	org, id, err := a.keyParams(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		changed, err := keys.Revoke(ctx, tx, id)
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

// keyParams reads the organization and the key of the path; what is not an id
// names no key.
func (a *API) keyParams(c *gin.Context) (tenancy.OrgID, uuid.UUID, error) {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return org, uuid.Nil, err
	}
	id, err := uuid.Parse(c.Param("key"))
	if err != nil {
		return org, id, keys.ErrNotFound.Because(err)
	}
	return org, id, nil
}

// maxSeconds is above every span that a call takes, and far from where a
// duration overflows.
const maxSeconds = 10 * 366 * 24 * 3600

// seconds reads a span; what the domain allows is the domain's to say.
func seconds(field string, n *int64, otherwise time.Duration) (time.Duration, error) {
	switch {
	case n == nil:
		return otherwise, nil
	case *n < 0 || *n > maxSeconds, *n == 0 && field == "expires_in":
		return 0, invalid(field, "%s is a number of seconds that this call takes. GET /api/v1/openapi.yaml describes it.", field)
	}
	return time.Duration(*n) * time.Second, nil
}
