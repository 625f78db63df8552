package robloxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
)

func (f *Fake) create(r *http.Request, body []byte) reply {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return asp(http.StatusBadRequest, "request", "The request is no form.")
	}
	var request struct {
		AssetType, DisplayName, Description string
		CreationContext                     struct{ Creator map[string]any }
	}
	content, given := []byte(nil), false
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := form.NextPart()
		if err != nil {
			break
		}
		read, _ := io.ReadAll(part)
		switch part.FormName() {
		case "request":
			if json.Unmarshal(read, &request) != nil {
				return v1(http.StatusBadRequest, "InvalidArgument")
			}
		case "fileContent":
			content, given = read, part.Header.Get("Content-Type") != ""
		}
	}
	if !given || request.AssetType == "" || request.DisplayName == "" || len(request.DisplayName) > 50 || len(request.Description) > 1000 || len(request.CreationContext.Creator) != 1 {
		return v1(http.StatusBadRequest, "InvalidArgument")
	}
	if f.assets == nil {
		f.assets, f.ops = map[int64]*Asset{}, map[string]*Asset{}
	}
	id := firstAsset + int64(len(f.assets))
	a := &Asset{ID: id, Name: request.DisplayName, Type: request.AssetType, Creator: request.CreationContext.Creator, Content: content, Granted: map[string]bool{}, operation: fmt.Sprintf("op-%d", id), waits: f.OperationPolls}
	f.assets[id], f.ops[a.operation] = a, a
	return ok(map[string]any{"path": "operations/" + a.operation}) // done is absent at first
}

// id is a number, as the contract says, or a string, as the guide shows.
func (f *Fake) id(id int64) any {
	if f.Random != nil && f.Random.IntN(2) == 0 {
		return strconv.FormatInt(id, 10)
	}
	return id
}

func (f *Fake) operation(id string) reply {
	a := f.ops[id]
	if a == nil {
		return v1(http.StatusNotFound, "no such operation")
	}
	if a.waits > 0 {
		a.waits--
		answer := map[string]any{"path": "operations/" + id}
		if a.waits%2 == 0 {
			answer["done"] = false
		}
		return ok(answer)
	}
	return ok(map[string]any{"path": "operations/" + id, "done": true, "response": f.show(a, "Reviewing")})
}

func (f *Fake) show(a *Asset, moderation string) map[string]any {
	if f.Random != nil && f.Random.IntN(2) == 0 {
		moderation = "MODERATION_STATE_" + strings.ToUpper(moderation)
	}
	state := "Active"
	if a.Archived {
		state = "Archived"
	}
	return map[string]any{"path": fmt.Sprintf("assets/%d", a.ID), "assetId": f.id(a.ID), "assetType": a.Type, "displayName": a.Name, "revisionId": "1",
		"creationContext": map[string]any{"creator": a.Creator}, "moderationResult": map[string]any{"moderationState": moderation}, "state": state}
}

func (f *Fake) asset(text, verb string) reply {
	id, err := strconv.ParseInt(text, 10, 64)
	a := f.assets[id]
	if err != nil || a == nil {
		return v1(http.StatusNotFound, "Asset doesn't exist")
	}
	if verb != "" {
		a.Archived = verb == "archive"
		return ok(f.show(a, "Approved"))
	}
	state, looks := "Approved", 0
	if f.Moderate != nil {
		state, looks = f.Moderate(a)
	}
	a.Polls++
	if a.Polls <= looks {
		return ok(f.show(a, "Reviewing"))
	}
	if a.State == "" {
		a.State = state
	}
	return ok(f.show(a, a.State))
}

func (f *Fake) grant(body []byte) reply {
	var in struct {
		SubjectType, SubjectID, Action string
		Requests                       []struct{ AssetID int64 }
	}
	if json.Unmarshal(body, &in) != nil || in.SubjectType != "Universe" || in.Action != "Use" {
		return reply{status: http.StatusBadRequest, body: map[string]any{"error": map[string]any{"code": "InvalidRequest"}}}
	}
	success, failed := []any{}, []any{}
	for _, r := range in.Requests {
		if a := f.assets[r.AssetID]; a != nil {
			a.Granted[in.SubjectID] = true
			success = append(success, r.AssetID)
			continue
		}
		failed = append(failed, map[string]any{"assetId": r.AssetID, "code": "AssetNotFound"})
	}
	return ok(map[string]any{"successAssetIds": success, "errors": failed})
}
