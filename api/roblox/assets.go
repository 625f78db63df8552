package roblox

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// AssetView is what a file became at Roblox.
type AssetView struct {
	ID          uuid.UUID         `json:"id"`
	FileID      uuid.UUID         `json:"file_id"`
	VersionID   uuid.UUID         `json:"version_id"`
	Name        string            `json:"name"`
	Type        roblox.AssetType  `json:"type"`
	SHA256      string            `json:"sha256"`
	State       connections.State `json:"state"`
	Code        string            `json:"code"`
	AssetID     *int64            `json:"asset_id"`
	DisplayName string            `json:"display_name"` // at Roblox
	DecidedBy   *uuid.UUID        `json:"decided_by"`
	DecidedAt   *time.Time        `json:"decided_at"`
	ClaimedAt   *time.Time        `json:"claimed_at"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

func assetView(a connections.Asset) AssetView {
	return AssetView{ID: a.ID, FileID: a.File, VersionID: a.Version, Name: a.Name, Type: a.Type, SHA256: a.SHA256, State: a.State, Code: a.Code, AssetID: a.AssetID, DisplayName: roblox.DisplayName(a.Version),
		DecidedBy: a.DecidedBy, DecidedAt: request.UTC(a.DecidedAt), ClaimedAt: request.UTC(a.ClaimedAt), CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC()}
}

// ListAssets lists what files became.
func (r *Connections) ListAssets(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	state := connections.State(c.Query("state"))
	if state != "" && !slices.Contains(connections.States, state) {
		return request.Invalid("state", "state is a state of an asset, such as live, rejected, withheld or unsure.")
	}
	q := r.DB.Single(request.Caller(c).Org)
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]connections.Asset, error) {
		return connections.Assets(c.Request.Context(), q, found.ID, state, after[0], limit)
	}, assetView, func(a connections.Asset) []uuid.UUID { return []uuid.UUID{a.ID} })
}

type resolveBody struct {
	Outcome string `json:"outcome"`
	AssetID int64  `json:"asset_id"`
}

// The words of a person about an asset of which it is not known whether it was made.
const (
	isThere  = "there"
	notThere = "not_there"
)

// Resolve takes a person's word about an unsure asset.
func (r *Connections) Resolve(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(c.Param("asset"))
	if err != nil {
		return connections.ErrNoAsset
	}
	in, err := request.Body[resolveBody](c)
	if err != nil {
		return err
	}
	switch {
	case in.Outcome == isThere && in.AssetID > 0, in.Outcome == notThere && in.AssetID == 0:
	default:
		return request.Invalid("outcome", "outcome is there, with the asset_id that Roblox shows, or not_there, which has the file uploaded again.")
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	err = r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error { return connections.Decide(ctx, tx, found.ID, id, actor.User, in.AssetID) })
	if err != nil {
		return err
	}
	a, err := connections.GetAsset(ctx, r.DB.Single(actor.Org), found.ID, id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, assetView(a))
	return nil
}

type syncBody struct {
	Priority operations.Priority `json:"priority"`
}

// Sync begins a sync. One that runs already is the answer.
func (r *Connections) Sync(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	in, err := request.OptionalBody[syncBody](c)
	if err != nil {
		return err
	}
	actor := request.Caller(c)
	priority, err := operations.PriorityFor(actor, syncKind, in.Priority)
	if err != nil {
		return err
	}
	id, err := r.Workflows.SyncRoblox(c.Request.Context(), actor.Org, found.ID, request.NewID(c), actor.User, priority)
	if err != nil {
		return err
	}
	request.Accepted(c, actor.Org, id)
	return nil
}

// QuotaView is how many assets of a type may be made still.
type QuotaView struct {
	AssetType string     `json:"asset_type"`
	Period    string     `json:"period"`
	Used      int64      `json:"used"`
	Max       int64      `json:"max"`
	Planned   int64      `json:"planned"` // of this connection
	ResetsAt  *time.Time `json:"resets_at"`
}

// Quota asks Roblox how many assets the account may make still, beside what is planned.
func (r *Connections) Quota(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	user := found.Creator.ID
	if kind, id, ok := strings.Cut(found.KeyOwner, "/"); ok && kind == roblox.CreatorUser {
		if user, err = strconv.ParseInt(id, 10, 64); err != nil {
			return err
		}
	}
	key, err := r.Vault.Key(ctx, r.All, org, found.ID)
	if err != nil {
		return err
	}
	quotas, err := r.Dial(key).Quotas(ctx, user)
	if err != nil {
		return err
	}
	planned, err := connections.PlannedByType(ctx, r.DB.Single(org), found.ID)
	if err != nil {
		return err
	}
	views := make([]QuotaView, len(quotas))
	for i, q := range quotas {
		views[i] = QuotaView{q.AssetType, q.Period, q.Used, q.Max, planned[q.AssetType], request.UTC(q.ResetsAt)}
	}
	c.JSON(http.StatusOK, gin.H{"items": views})
	return nil
}

type placeBody struct {
	FileID   uuid.UUID           `json:"file_id"`
	Publish  *bool               `json:"publish"`
	Priority operations.Priority `json:"priority"`
}

// PublishPlace makes a version of a place of a published .rbxl or .rbxlx.
func (r *Connections) PublishPlace(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	place, err := strconv.ParseInt(c.Param("place"), 10, 64)
	if err != nil || place <= 0 {
		return request.Invalid("place", "A place is named by its number, as Roblox's Creator Dashboard shows it.")
	}
	in, err := request.Body[placeBody](c)
	if err != nil {
		return err
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	priority, err := operations.PriorityFor(actor, placeKind, in.Priority)
	if err != nil {
		return err
	}
	f, err := connections.FindPlace(ctx, r.DB.Single(actor.Org), in.FileID)
	if err != nil {
		return err
	}
	p := connections.Publication{ID: request.NewID(c), Connection: found.ID, File: f.File, Version: f.Version, By: actor.User, Place: place, Publish: in.Publish == nil || *in.Publish}
	if err := r.Workflows.PublishRobloxPlace(ctx, actor.Org, p, priority); err != nil {
		return err
	}
	request.Accepted(c, actor.Org, p.ID)
	return nil
}

// ReplayPlace answers a request that was sent again.
func (r *Connections) ReplayPlace(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org := request.Caller(c).Org
	_, err := connections.GetPublication(c.Request.Context(), r.DB.Single(org), e.ID)
	if err == nil {
		request.Accepted(c, org, e.ID)
	}
	return idempotency.OutcomeOf(err, connections.ErrNoPublication)
}

// maxNotification bounds what is read before its signature is known.
const maxNotification = 64 << 10

// Notify takes what Roblox sends. It is answered after one row is written: Roblox waits five
// seconds. What was sent before is answered as well and does nothing.
func (r *Connections) Notify(c *gin.Context) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxNotification))
	if err != nil {
		return request.BodyError(err)
	}
	ctx := c.Request.Context()
	id, err := uuid.Parse(c.Param("connection"))
	if err != nil {
		return roblox.ErrSignature
	}
	org, err := r.All.RobloxConnectionOf(ctx, id)
	if err != nil {
		return err
	}
	if org.IsZero() {
		return roblox.ErrSignature // which connections there are is not for anybody to find out
	}
	secret, err := r.Vault.Secret(ctx, r.All, org, id)
	if errors.Is(err, connections.ErrNotFound) {
		return roblox.ErrSignature
	}
	if err != nil {
		return err
	}
	if err := roblox.Verify(secret, c.GetHeader(roblox.SignatureHeader), body, r.Now()); err != nil {
		return err
	}
	n, err := roblox.ReadNotification(body)
	if err != nil {
		return err
	}
	if n.Type == roblox.ErasureEvent {
		e := connections.Erasure{ID: tenancy.NewID(), Connection: id, User: n.User}
		fresh, err := connections.ReceiveErasure(ctx, r.All, org, e, n.ID)
		if err != nil {
			return err
		}
		if fresh {
			_ = r.Workflows.EraseRobloxUser(ctx, org, e.ID) // what is lost is found by the sweep
		}
	}
	c.JSON(http.StatusOK, gin.H{})
	return nil
}
