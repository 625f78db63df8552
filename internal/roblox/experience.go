package roblox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"satchel/roblox"
)

// quota is one line of what a person may upload still.
type quota struct {
	Type      string     `json:"quotaType"`
	AssetType string     `json:"assetType"`
	Usage     number     `json:"usage"`
	Capacity  number     `json:"capacity"`
	Period    string     `json:"period"`
	Resets    *time.Time `json:"usageResetTime"`
}

func segment(s string) string { return url.PathEscape(s) }

func entryPath(universe int64, store, id string) string {
	return "/cloud/v2/universes/" + strconv.FormatInt(universe, 10) + "/data-stores/" + segment(store) + "/entries/" + segment(id)
}

type entry struct {
	Value    json.RawMessage `json:"value"`
	ETag     string          `json:"etag"`
	Revision string          `json:"revisionId"`
}

// GetEntry reads an entry of a data store.
func (c *Client) GetEntry(ctx context.Context, universe int64, store, id string) (roblox.Entry, error) {
	e, err := answer[entry](ctx, c, call{method: http.MethodGet, path: entryPath(universe, store, id)})
	return roblox.Entry{Value: e.Value, ETag: e.ETag, Revision: e.Revision}, err
}

// PutEntry writes an entry whole. With an ETag it is written only where it is still that
// one; without one it is made, and an entry that is there gives ErrChanged.
func (c *Client) PutEntry(ctx context.Context, universe int64, store, id string, e roblox.Entry) (roblox.Entry, error) {
	in := map[string]any{"value": json.RawMessage(e.Value)}
	r := call{method: http.MethodPatch, path: entryPath(universe, store, id), contentType: "application/json"}
	if e.ETag == "" {
		r.method, r.path = http.MethodPost, "/cloud/v2/universes/"+strconv.FormatInt(universe, 10)+"/data-stores/"+segment(store)+"/entries"
		r.query = url.Values{"id": {id}}
	} else {
		in["etag"] = e.ETag
	}
	var err error
	if r.body, err = json.Marshal(in); err != nil {
		return roblox.Entry{}, fmt.Errorf("encode entry: %w", err)
	}
	written, err := answer[entry](ctx, c, r)
	if e.ETag == "" && errors.Is(err, roblox.ErrRefused) {
		// What is there already is a 400, as is what is wrong. Who gets ErrChanged reads the entry,
		// and finds out.
		err = roblox.ErrChanged.Because(err)
	}
	return roblox.Entry{Value: e.Value, ETag: written.ETag, Revision: written.Revision}, err
}

// DeleteEntry deletes an entry; one that is not there is deleted.
func (c *Client) DeleteEntry(ctx context.Context, universe int64, store, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: entryPath(universe, store, id)})
	if errors.Is(err, roblox.ErrNotFound) {
		return nil
	}
	return err
}

// The bounds of a message.
const maxTopic, maxMessage = 80, 1024

// PublishMessage tells the servers of an experience. It is no error when no server listens.
func (c *Client) PublishMessage(ctx context.Context, universe int64, topic, message string) error {
	if len(topic) > maxTopic || len(message) > maxMessage {
		return roblox.ErrTooLarge
	}
	body, err := json.Marshal(map[string]string{"topic": topic, "message": message})
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	_, err = c.do(ctx, call{method: http.MethodPost, path: "/cloud/v2/universes/" + strconv.FormatInt(universe, 10) + ":publishMessage", contentType: "application/json", body: body})
	return err
}

// PublishPlace makes a version of a place of a file, once. It gives the version's number.
func (c *Client) PublishPlace(ctx context.Context, universe, place int64, contentType string, content []byte, publish bool) (int64, error) {
	if len(content) > roblox.MaxPlace {
		return 0, roblox.ErrTooLarge
	}
	kind := "Saved"
	if publish {
		kind = "Published"
	}
	got, err := answer[struct {
		Number number `json:"versionNumber"`
	}](ctx, c, call{method: http.MethodPost, path: fmt.Sprintf("/universes/v1/%d/places/%d/versions", universe, place), query: url.Values{"versionType": {kind}},
		contentType: contentType, body: content, once: true})
	if errors.Is(err, roblox.ErrChanged) {
		err = roblox.ErrNotFound.Because(err) // the place is not one of this universe
	}
	return int64(got.Number), err
}

// Introspect asks what the key may do.
func (c *Client) Introspect(ctx context.Context) (roblox.Key, error) {
	body, err := json.Marshal(map[string]string{"apiKey": c.key})
	if err != nil {
		return roblox.Key{}, fmt.Errorf("encode key: %w", err)
	}
	got, err := answer[struct {
		Enabled bool       `json:"enabled"`
		Expired bool       `json:"expired"`
		Expires *time.Time `json:"expirationTimeUtc"`
		Owner   number     `json:"authorizedUserId"`
		Scopes  []struct {
			Name       string    `json:"name"`
			Operations []string  `json:"operations"`
			Universes  universes `json:"universeIds"`
		} `json:"scopes"`
	}](ctx, c, call{method: http.MethodPost, path: "/api-keys/v1/introspect", contentType: "application/json", body: body})
	if errors.Is(err, roblox.ErrRefused) || errors.Is(err, roblox.ErrNotFound) {
		err = roblox.ErrKey.Because(err) // what is no key
	}
	k := roblox.Key{Enabled: got.Enabled, Expired: got.Expired, ExpiresAt: got.Expires, Owner: int64(got.Owner)}
	for _, s := range got.Scopes {
		k.Scopes = append(k.Scopes, roblox.Scope{Name: s.Name, Operations: s.Operations, Universes: s.Universes})
	}
	return k, err
}

// universes are those of a right; none or a star are all.
type universes []int64

// UnmarshalJSON reads a list of ids, or of stars.
func (u *universes) UnmarshalJSON(b []byte) error {
	var all []json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("universes of a right: %w", err)
	}
	for _, one := range all {
		if string(one) == `"*"` {
			*u = nil
			return nil
		}
		var id number
		if err := id.UnmarshalJSON(one); err != nil {
			return err
		}
		*u = append(*u, int64(id))
	}
	return nil
}
