package robloxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

func (f *Fake) put(key string, value json.RawMessage) *stored {
	if f.entries == nil {
		f.entries = map[string]*stored{}
	}
	e := f.entries[key]
	if e == nil {
		e = &stored{}
		f.entries[key] = e
	}
	e.value = value
	e.rev++
	return e
}

func (f *Fake) publish(universe string, body []byte) reply {
	var in struct{ Topic, Message string }
	if json.Unmarshal(body, &in) != nil || in.Topic == "" || len(in.Topic) > 80 || in.Message == "" || len(in.Message) > 1024 {
		return v2(http.StatusBadRequest, "INVALID_ARGUMENT", "topic and message are needed")
	}
	f.messages = append(f.messages, Message{universe, in.Topic, in.Message})
	return ok(map[string]any{})
}

func (f *Fake) place(parts []string, r *http.Request, body []byte) reply {
	kind := r.URL.Query().Get("versionType")
	if len(parts) != 6 || kind != "Saved" && kind != "Published" || !bytes.HasPrefix(body, []byte("<roblox")) {
		return v1(http.StatusBadRequest, "Invalid file content.")
	}
	f.places = append(f.places, Place{Universe: parts[2], Place: parts[4], Kind: kind, ContentType: r.Header.Get("Content-Type"), Content: body})
	return reply{status: http.StatusOK, contentType: "text/plain", body: fmt.Appendf(nil, `{"versionNumber":%d}`, len(f.places))}
}

func (f *Fake) introspect(body []byte) reply {
	var in struct{ APIKey string }
	if json.Unmarshal(body, &in) != nil || in.APIKey == "" || f.Key != "" && in.APIKey != f.Key {
		return v1(http.StatusBadRequest, "invalid key")
	}
	scopes := f.Scopes
	if scopes == nil {
		for name, operations := range map[string][]string{"asset": {"read", "write"}, "asset-permissions": {"write"}, "universe-datastores.objects": {"create", "read", "update", "delete", "list"},
			"universe-messaging-service": {"publish"}, "universe-places": {"write"},
			"universe.ordered-data-store.scope.entry": {"read", "write"}, "universe.analytics": {"read"}} {
			scopes = append(scopes, map[string]any{"name": name, "operations": operations, "universeIds": []any{}})
		}
	}
	return ok(map[string]any{"name": "satchel", "authorizedUserId": 1, "enabled": true, "expired": false, "scopes": scopes})
}

func (f *Fake) entry(r *http.Request, universe, store, id string, body []byte) reply {
	var in struct {
		Value json.RawMessage
		ETag  string
	}
	creating := r.Method == http.MethodPost && id == ""
	if creating {
		id = r.URL.Query().Get("id")
	}
	if (creating || r.Method == http.MethodPatch) && (json.Unmarshal(body, &in) != nil || in.Value == nil) || id == "" || len(id) > 50 || len(store) > 50 {
		return v2(http.StatusBadRequest, "INVALID_ARGUMENT", "value and id are needed")
	}
	key := universe + "/" + store + "/" + id
	e := f.entries[key]
	switch {
	case creating && e != nil:
		return v2(http.StatusBadRequest, "INVALID_ARGUMENT", "Entry already exists.")
	case !creating && e == nil && (r.Method != http.MethodPatch || r.URL.Query().Get("allowMissing") != "true"):
		return v2(http.StatusNotFound, "NOT_FOUND", "Entry not found.")
	case r.Method == http.MethodDelete:
		delete(f.entries, key)
		return ok(map[string]any{})
	case r.Method == http.MethodPatch && in.ETag != "" && (e == nil || in.ETag != strconv.Itoa(e.rev)):
		return v2(http.StatusConflict, "ABORTED", "etag does not match")
	case r.Method != http.MethodGet:
		e = f.put(key, in.Value)
	}
	return ok(map[string]any{"path": "universes/" + universe + "/data-stores/" + store + "/entries/" + id, "id": id, "etag": strconv.Itoa(e.rev), "revisionId": strconv.Itoa(e.rev),
		"state": "ACTIVE", "value": e.value, "users": []any{}, "attributes": map[string]any{}})
}
