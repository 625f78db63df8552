package roblox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"satchel/roblox"
)

type creator struct {
	UserID  int64 `json:"userId,omitempty"`
	GroupID int64 `json:"groupId,omitempty"`
}

func creatorOf(c roblox.Creator) creator {
	if c.Type == roblox.CreatorGroup {
		return creator{GroupID: c.ID}
	}
	return creator{UserID: c.ID}
}

type operation struct {
	Path        string `json:"path"`
	OperationID string `json:"operationId"`
	Done        bool   `json:"done"`
	Error       *struct {
		Code    json.RawMessage `json:"code"`
		Message string          `json:"message"`
	} `json:"error"`
	Response *asset `json:"response"`
}

// asset is read with what the contract says and what the guide shows.
type asset struct {
	AssetID    number `json:"assetId"`
	State      string `json:"state"`
	Moderation struct {
		State string `json:"moderationState"`
	} `json:"moderationResult"`
}

func (a asset) known() roblox.Asset {
	found := roblox.Asset{ID: int64(a.AssetID), Moderation: roblox.Reviewing, Archived: strings.EqualFold(a.State, "archived")}
	switch strings.TrimPrefix(strings.ToLower(a.Moderation.State), "moderation_state_") {
	case "approved":
		found.Moderation = roblox.Approved
	case "rejected":
		found.Moderation = roblox.Rejected
	}
	return found
}

// CreateAsset uploads an asset, once: there is no key by which Roblox would know a second
// try.
func (c *Client) CreateAsset(ctx context.Context, a roblox.NewAsset) (roblox.Operation, error) {
	if len(a.Content) > roblox.MaxAsset {
		return roblox.Operation{}, roblox.ErrTooLarge
	}
	request, err := json.Marshal(map[string]any{"assetType": a.Type, "displayName": a.DisplayName, "description": a.Description, "creationContext": map[string]any{"creator": creatorOf(a.Creator)}})
	if err != nil {
		return roblox.Operation{}, fmt.Errorf("encode asset: %w", err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, part := range []struct {
		header  textproto.MIMEHeader
		content []byte
	}{
		{textproto.MIMEHeader{"Content-Disposition": {`form-data; name="request"`}, "Content-Type": {"application/json"}}, request},
		{textproto.MIMEHeader{"Content-Disposition": {`form-data; name="fileContent"; filename="asset"`}, "Content-Type": {a.ContentType}}, a.Content},
	} {
		w, err := form.CreatePart(part.header)
		if err != nil {
			return roblox.Operation{}, fmt.Errorf("encode asset: %w", err)
		}
		_, _ = w.Write(part.content) // a buffer
	}
	if err := form.Close(); err != nil {
		return roblox.Operation{}, fmt.Errorf("encode asset: %w", err)
	}
	r := call{method: http.MethodPost, path: "/assets/v1/assets", contentType: form.FormDataContentType(), body: body.Bytes(), once: true}
	o, err := answer[operation](ctx, c, r)
	if err != nil {
		return roblox.Operation{}, err
	}
	return o.known(ctx, r)
}

// known reads an operation. The fields done and response may be absent at first.
func (o operation) known(ctx context.Context, r call) (roblox.Operation, error) {
	found := roblox.Operation{ID: strings.TrimPrefix(o.Path, "operations/"), Done: o.Done}
	if found.ID == "" {
		found.ID = o.OperationID
	}
	switch {
	case o.Error != nil:
		body, _ := json.Marshal(o.Error) // it was JSON
		return found, call{method: r.method, path: r.path}.refusal(http.StatusBadRequest, nil, body)
	case found.ID == "":
		return found, r.lost(ctx, true, fmt.Errorf("roblox named no operation"))
	}
	if o.Response != nil {
		found.AssetID = int64(o.Response.AssetID)
	}
	found.Done = found.AssetID != 0 // done without an asset is not done yet
	return found, nil
}

// GetOperation says how far an upload is. One that failed gives its error.
func (c *Client) GetOperation(ctx context.Context, id string) (roblox.Operation, error) {
	r := call{method: http.MethodGet, path: "/assets/v1/operations/" + segment(id)}
	o, err := answer[operation](ctx, c, r)
	if err != nil {
		return roblox.Operation{}, err
	}
	if o.Path == "" {
		o.Path = "operations/" + id
	}
	return o.known(ctx, r)
}

// GetAsset says what was decided about an asset.
func (c *Client) GetAsset(ctx context.Context, id int64) (roblox.Asset, error) {
	a, err := answer[asset](ctx, c, call{method: http.MethodGet, path: "/assets/v1/assets/" + strconv.FormatInt(id, 10)})
	return a.known(), err
}

// ArchiveAsset takes an asset out of use. There is no deletion.
func (c *Client) ArchiveAsset(ctx context.Context, id int64) error { return c.turn(ctx, id, "archive") }

// RestoreAsset takes an archived asset into use again.
func (c *Client) RestoreAsset(ctx context.Context, id int64) error { return c.turn(ctx, id, "restore") }

func (c *Client) turn(ctx context.Context, id int64, verb string) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/assets/v1/assets/" + strconv.FormatInt(id, 10) + ":" + verb, contentType: "application/json", body: []byte("{}")})
	return err
}

// GrantAsset lets a universe use an asset. It cannot be taken back.
func (c *Client) GrantAsset(ctx context.Context, id, universe int64) error {
	body, err := json.Marshal(map[string]any{"subjectType": "Universe", "subjectId": strconv.FormatInt(universe, 10), "action": "Use",
		"requests": []any{map[string]any{"assetId": id, "grantToDependencies": true}}})
	if err != nil {
		return fmt.Errorf("encode grant: %w", err)
	}
	got, err := answer[struct {
		Success []number `json:"successAssetIds"`
		Errors  []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}](ctx, c, call{method: http.MethodPatch, path: "/asset-permissions-api/v1/assets/permissions", contentType: "application/json", body: body})
	switch {
	case err != nil:
		return err
	case len(got.Success) == 1, len(got.Errors) > 0 && (got.Errors[0].Code == "AlreadyHasAccess" || got.Errors[0].Code == "PublicAssetCannotBeGrantedTo"):
		return nil // what everybody may use needs no grant
	case len(got.Errors) > 0 && got.Errors[0].Code == "RateLimited":
		return roblox.ErrBusy
	case len(got.Errors) > 0 && got.Errors[0].Code == "AssetNotFound":
		return roblox.ErrNotFound
	case len(got.Errors) > 0 && got.Errors[0].Code == "UnknownError":
		return roblox.ErrDown
	}
	return roblox.ErrScope
}

// Quotas says how many assets the person may make still.
func (c *Client) Quotas(ctx context.Context, user int64) ([]roblox.Quota, error) {
	got, err := answer[struct {
		Quotas []quota `json:"assetQuotas"`
	}](ctx, c, call{method: http.MethodGet, path: "/cloud/v2/users/" + strconv.FormatInt(user, 10) + "/asset-quotas", query: map[string][]string{"maxPageSize": {"100"}}})
	all := make([]roblox.Quota, 0, len(got.Quotas))
	for _, q := range got.Quotas {
		if q.Type == "" || q.Type == "RATE_LIMIT_UPLOAD" {
			all = append(all, roblox.Quota{AssetType: strings.ToLower(q.AssetType), Period: strings.ToLower(q.Period), Used: int64(q.Usage), Max: int64(q.Capacity), ResetsAt: q.Resets})
		}
	}
	return all, err
}
