// Package roblox answers for connections to Roblox: which files go there, what became of
// them, and what Roblox sends.
package roblox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
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

// Workflows are those that these routes start.
type Workflows interface {
	// SyncRoblox begins a sync, and gives the operation of one that runs already.
	SyncRoblox(ctx context.Context, org tenancy.OrgID, connection, id, by uuid.UUID, priority operations.Priority) (uuid.UUID, error)
	PublishRobloxPlace(ctx context.Context, org tenancy.OrgID, p connections.Publication, priority operations.Priority) error
	EraseRobloxUser(ctx context.Context, org tenancy.OrgID, erasure uuid.UUID) error
}

// Cloud is what is asked of Roblox while a person waits.
type Cloud interface {
	Introspect(ctx context.Context) (roblox.Key, error)
	Quotas(ctx context.Context, user int64) ([]roblox.Quota, error)
}

// Connections answers for all of it.
type Connections struct {
	DB *tenancy.DB // as the caller
	// All is of the whole organization: keys are written and read with it, which no person's
	// role may, and Roblox is no person.
	All       *tenancy.DB
	Vault     connections.Vault
	Dial      func(key string) Cloud
	Workflows Workflows
	URL       string // of this API, for the address that Roblox is given
	Now       func() time.Time
}

// The kinds of jobs.
const (
	syncKind  = "sync_roblox"
	placeKind = "publish_roblox_place"
)

// CreatorView is who owns the assets.
type CreatorView struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
}

// View is a connection as its managers see it. Secret is in the answer of create alone.
type View struct {
	ID          uuid.UUID                   `json:"id"`
	Name        string                      `json:"name"`
	UniverseID  int64                       `json:"universe_id"`
	Creator     CreatorView                 `json:"creator"`
	SpaceIDs    []uuid.UUID                 `json:"space_ids"`
	Automatic   bool                        `json:"automatic"`
	Progress    []string                    `json:"progress"`
	State       string                      `json:"state"`
	Code        string                      `json:"code"`
	Key         connections.KeyInfo         `json:"key"`
	KeyChecked  *time.Time                  `json:"key_checked_at"`
	Sync        *uuid.UUID                  `json:"sync_operation_id"`
	SyncedAt    *time.Time                  `json:"synced_at"`
	MapRevision string                      `json:"map_revision"`
	ToldAt      *time.Time                  `json:"told_at"`
	Assets      map[connections.State]int64 `json:"assets,omitempty"`
	Lessons     map[connections.State]int64 `json:"lessons,omitempty"`
	WebhookURL  string                      `json:"webhook_url"`
	Secret      string                      `json:"secret,omitempty"`
	CreatedAt   time.Time                   `json:"created_at"`
}

func (r *Connections) view(c connections.Connection) View {
	return View{ID: c.ID, Name: c.Name, UniverseID: c.Universe, Creator: CreatorView{c.Creator.Type, c.Creator.ID}, SpaceIDs: c.Spaces, Automatic: c.Automatic, Progress: c.Progress, State: c.State, Code: c.Code, Key: c.Key,
		KeyChecked: request.UTC(c.CheckedAt), Sync: c.Sync, SyncedAt: request.UTC(c.SyncedAt), MapRevision: c.MapVersion, ToldAt: request.UTC(c.ToldAt), WebhookURL: strings.TrimSuffix(r.URL, "/") + "/api/v1/roblox/notifications/" + c.ID.String(), CreatedAt: c.CreatedAt.UTC()}
}

// List lists the connections.
func (r *Connections) List(c *gin.Context) error {
	found, err := connections.List(c.Request.Context(), r.DB.Single(request.Caller(c).Org))
	if err != nil {
		return err
	}
	views := make([]View, len(found))
	for i, one := range found {
		views[i] = r.view(one)
	}
	c.JSON(http.StatusOK, gin.H{"items": views})
	return nil
}

func (r *Connections) find(c *gin.Context) (connections.Connection, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return connections.Connection{}, connections.ErrNotFound
	}
	return connections.Get(c.Request.Context(), r.DB.Single(request.Caller(c).Org), id)
}

// Get shows one, and how many assets and lessons are in each state.
func (r *Connections) Get(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	return r.show(c, found.ID, http.StatusOK, "")
}

func (r *Connections) show(c *gin.Context, id uuid.UUID, status int, secret string) error {
	ctx, q := c.Request.Context(), r.DB.Single(request.Caller(c).Org)
	found, err := connections.Get(ctx, q, id)
	if err != nil {
		return err
	}
	v := r.view(found)
	v.Secret = secret
	if v.Assets, err = connections.Counts(ctx, q, id); err != nil {
		return err
	}
	if v.Lessons, err = connections.LessonCounts(ctx, q, id); err != nil {
		return err
	}
	c.JSON(status, v)
	return nil
}

type createBody struct {
	Name       string      `json:"name"`
	UniverseID int64       `json:"universe_id"`
	Creator    CreatorView `json:"creator"`
	APIKey     string      `json:"api_key"`
	SpaceIDs   []uuid.UUID `json:"space_ids"`
	Automatic  *bool       `json:"automatic"`
	Progress   []string    `json:"progress"`
}

const (
	maxName   = 100
	maxKey    = 4096
	maxSpaces = 100
)

func checkName(name string) error {
	if tenancy.CheckName(name, maxName) != nil {
		return request.Invalid("name", "name is a text of 1 to %d characters, without control characters.", maxName)
	}
	return nil
}

func checkSpaces(ids []uuid.UUID) ([]uuid.UUID, error) {
	if len(ids) > maxSpaces {
		return nil, request.Invalid("space_ids", "space_ids lists at most %d spaces.", maxSpaces)
	}
	sorted := slices.SortedFunc(slices.Values(ids), func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	if sorted = slices.Compact(sorted); sorted == nil {
		sorted = []uuid.UUID{}
	}
	return sorted, nil
}

// ask asks Roblox what a key may do. A key that is refused makes no connection.
func (r *Connections) ask(ctx context.Context, key string, universe int64) (roblox.Key, error) {
	if key == "" || len(key) > maxKey || strings.ContainsAny(key, "\r\n\x00 ") {
		return roblox.Key{}, request.Invalid("api_key", "api_key is a key of Roblox's Open Cloud, as its Creator Dashboard shows it once.")
	}
	known, err := r.Dial(key).Introspect(ctx)
	switch {
	case err != nil:
		return known, err
	case !known.Enabled || known.Expired:
		return known, roblox.ErrKey
	case len(known.Missing(universe)) > 0:
		return known, roblox.ErrScope.Because(nil).Under(strings.Join(known.Missing(universe), " "))
	}
	return known, nil
}

// Create makes a connection, once Roblox has said that its key can do the work.
func (r *Connections) Create(c *gin.Context) error {
	in, err := request.Body[createBody](c)
	if err != nil {
		return err
	}
	if err := checkName(in.Name); err != nil {
		return err
	}
	if in.UniverseID <= 0 {
		return request.Invalid("universe_id", "universe_id is the number of an experience, as Roblox's Creator Dashboard shows it.")
	}
	if in.Creator.ID <= 0 || in.Creator.Type != roblox.CreatorUser && in.Creator.Type != roblox.CreatorGroup {
		return request.Invalid("creator", "creator has the type user or group, and the number of the account or group that owns the assets.")
	}
	if in.SpaceIDs, err = checkSpaces(in.SpaceIDs); err != nil {
		return err
	}
	if err := connections.CheckProgress(in.Progress); err != nil {
		return err
	}
	if r.Vault.Box == nil {
		return connections.ErrNoKeys
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	n := connections.New{ID: request.NewID(c), By: actor.User, Name: in.Name, Universe: in.UniverseID, Creator: roblox.Creator{Type: in.Creator.Type, ID: in.Creator.ID}, APIKey: in.APIKey,
		Spaces: in.SpaceIDs, Automatic: in.Automatic == nil || *in.Automatic, Progress: in.Progress, Secret: newSecret()}
	if n.Known, err = r.ask(ctx, in.APIKey, in.UniverseID); err != nil {
		return err
	}
	if len(in.Progress) > 0 {
		if err := connections.MayCount(connections.KeyInfo{Scopes: n.Known.Scopes}, in.UniverseID); err != nil {
			return err
		}
	}
	if err := r.All.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error { return r.Vault.Connect(ctx, tx, n) }); err != nil {
		return err
	}
	return r.show(c, n.ID, http.StatusCreated, n.Secret)
}

// newSecret is that with which Roblox signs what it sends.
func newSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails: crypto/rand ends the program instead
	return hex.EncodeToString(secret)
}

// ReplayCreate refuses what the earlier try has made: its secret was shown once.
func (r *Connections) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	_, err := connections.Get(c.Request.Context(), r.DB.Single(request.Caller(c).Org), e.ID)
	if err == nil {
		return idempotency.NotCreated, connections.ErrMade
	}
	return idempotency.OutcomeOf(err, connections.ErrNotFound)
}

type changeBody struct {
	Name      *string      `json:"name"`
	SpaceIDs  *[]uuid.UUID `json:"space_ids"`
	Automatic *bool        `json:"automatic"`
	Progress  *[]string    `json:"progress"`
	APIKey    string       `json:"api_key"`
	State     string       `json:"state"`
}

// Change changes a connection, gives it another key, or resumes it.
func (r *Connections) Change(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	in, err := request.Body[changeBody](c)
	if err != nil {
		return err
	}
	change := connections.Change{Name: in.Name, Automatic: in.Automatic, APIKey: in.APIKey, Resume: in.State == connections.Active}
	if in.State != "" && in.State != connections.Active {
		return request.Invalid("state", "state may be set to active: that resumes a connection that was stopped.")
	}
	if in.Name != nil {
		if err := checkName(*in.Name); err != nil {
			return err
		}
	}
	if in.SpaceIDs != nil {
		ids, err := checkSpaces(*in.SpaceIDs)
		if err != nil {
			return err
		}
		change.Spaces = &ids
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	if in.APIKey != "" {
		if change.Known, err = r.ask(ctx, in.APIKey, found.Universe); err != nil {
			return err
		}
	}
	if err := counts(found, in.Progress, change); err != nil {
		return err
	}
	change.Progress = in.Progress
	if err := r.All.InTx(ctx, org, func(tx *tenancy.Tx) error { return r.Vault.Change(ctx, tx, found.ID, change) }); err != nil {
		return err
	}
	return r.show(c, found.ID, http.StatusOK, "")
}

// counts refuses names that cannot be counted, and a key with which they are not read.
func counts(found connections.Connection, names *[]string, change connections.Change) error {
	counted, info := found.Progress, found.Key
	if names != nil {
		if err := connections.CheckProgress(*names); err != nil {
			return err
		}
		counted = *names
	}
	if change.APIKey != "" {
		info.Scopes = change.Known.Scopes
	}
	if len(counted) == 0 || names == nil && change.APIKey == "" {
		return nil
	}
	return connections.MayCount(info, found.Universe)
}

// Delete deletes a connection with its key. Assets stay at Roblox.
func (r *Connections) Delete(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := r.All.InTx(ctx, request.Caller(c).Org, func(tx *tenancy.Tx) error { return connections.Delete(ctx, tx, found.ID) }); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
