// Package roblox is the vocabulary of what is brought to Roblox by its Open Cloud: assets,
// entries of data stores, messages, places, and the refusals. It knows no network and no
// database.
package roblox

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
)

// Creator owns the assets: a person or a group of Roblox.
type Creator struct {
	Type string // CreatorUser or CreatorGroup
	ID   int64
}

// The types of creators.
const (
	CreatorUser  = "user"
	CreatorGroup = "group"
)

// String is the creator as budgets are kept by.
func (c Creator) String() string { return c.Type + "/" + strconv.FormatInt(c.ID, 10) }

// AssetType is what Roblox makes of a file.
type AssetType string

// The types that are used. A picture is uploaded as Image: a Decal would give the id of the
// decal, and not that of its picture.
const (
	Image AssetType = "Image"
	Audio AssetType = "Audio"
	Model AssetType = "Model"
)

// MaxAsset bounds the bytes of an asset.
const MaxAsset = 20 << 20

// MaxPlace bounds the bytes of a place. The contract says 10 MiB and the guide 100 MB; the
// smaller one is taken.
const MaxPlace = 10 << 20

// MaxEntry bounds the characters of a value in a data store.
const MaxEntry = 4_194_304

type upload struct {
	asset       AssetType
	contentType string
}

// uploads says what becomes of a published file, by the media type that its content has.
var uploads = map[string]upload{
	"image/png": {Image, "image/png"}, "image/jpeg": {Image, "image/jpeg"}, "image/bmp": {Image, "image/bmp"}, "image/x-tga": {Image, "image/tga"},
	"audio/mpeg": {Audio, "audio/mpeg"}, "audio/ogg": {Audio, "audio/ogg"}, "audio/wav": {Audio, "audio/wav"}, "audio/flac": {Audio, "audio/flac"},
	"application/x-fbx": {Model, "model/fbx"}, "model/gltf+json": {Model, "model/gltf+json"}, "model/gltf-binary": {Model, "model/gltf-binary"},
}

// PlaceType is the media type of places and of models in Roblox's own form.
const PlaceType = "application/x-roblox"

// TypeOf says what becomes of a file; false: nothing.
func TypeOf(mediaType, name string) (AssetType, string, bool) {
	if mediaType == PlaceType {
		switch strings.ToLower(path.Ext(name)) {
		case ".rbxm", ".rbxmx":
			return Model, "model/x-rbxm", true
		}
		return "", "", false
	}
	u, ok := uploads[mediaType]
	return u.asset, u.contentType, ok
}

// IsPlaceName says whether a name is one of a place.
func IsPlaceName(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".rbxl" || ext == ".rbxlx"
}

// PlaceContent is the content type with which a place is published; false: it is none.
func PlaceContent(name string, head []byte) (string, bool) {
	switch ext := strings.ToLower(path.Ext(name)); {
	case ext == ".rbxl" && strings.HasPrefix(string(head), "<roblox!"):
		return "application/octet-stream", true
	case ext == ".rbxlx" && strings.HasPrefix(string(head), "<roblox "):
		return "application/xml", true
	}
	return "", false
}

// NewAsset is what is uploaded.
type NewAsset struct {
	Type        AssetType
	DisplayName string
	Description string
	Creator     Creator
	ContentType string
	Content     []byte
}

// Operation is how far Roblox is with an upload.
type Operation struct {
	ID      string
	Done    bool
	AssetID int64 // of what was made
}

// Moderation is what Roblox decided about an asset.
type Moderation string

// The decisions. What is not known counts as reviewing.
const (
	Reviewing Moderation = "reviewing"
	Approved  Moderation = "approved"
	Rejected  Moderation = "rejected"
)

// Asset is one asset of Roblox.
type Asset struct {
	ID         int64
	Moderation Moderation
	Archived   bool
}

// Entry is one entry of a data store.
type Entry struct {
	Value    []byte // JSON
	ETag     string
	Revision string // as Roblox names it
}

// Query is how far Roblox is with a question about how an experience is used.
type Query struct {
	Path   string // by which it is asked for again
	Done   bool
	Points []Point
}

// Point is the figure of one day.
type Point struct {
	Time    time.Time
	Value   float64
	Certain bool // Roblox does not call it a projection, or too small to say something
}

// ActiveUsers is the figure of which Roblox is asked: how many people used the experience.
const ActiveUsers = "DailyActiveUsers"

// Quota is how many assets of a type may be made still.
type Quota struct {
	AssetType string
	Period    string // day or month
	Used, Max int64
	ResetsAt  *time.Time
}

// Scope is one right of an API key.
type Scope struct {
	Name       string   `json:"name"`
	Operations []string `json:"operations"`
	Universes  []int64  `json:"universes"` // empty: all
}

// Key is what Roblox says about an API key.
type Key struct {
	Enabled   bool
	Expired   bool
	ExpiresAt *time.Time
	Owner     int64 // the person whose budget its requests use; zero: not said
	Scopes    []Scope
}

// needed are the rights without which a connection cannot do its work.
var needed = []Scope{
	{Name: "asset", Operations: []string{"read", "write"}}, {Name: "asset-permissions", Operations: []string{"write"}},
	{Name: "universe-datastores.objects", Operations: []string{"create", "read", "update", "delete"}}, {Name: "universe-messaging-service", Operations: []string{"publish"}},
}

// PlaceScope is the right to publish places, which not every connection needs.
const PlaceScope = "universe-places:write"

// Rights that a connection needs only for what is read back: how far people are, which
// includes the erasure of one, and how the experience is used.
const (
	ProgressRead  = "universe.ordered-data-store.scope.entry:read"
	ProgressWrite = "universe.ordered-data-store.scope.entry:write"
	UsageRead     = "universe.analytics:read"
)

// Missing lists the rights that a key lacks for a universe, as name:operation.
func (k Key) Missing(universe int64) []string {
	missing := []string{}
	for _, n := range needed {
		for _, operation := range n.Operations {
			if !k.May(n.Name+":"+operation, universe) {
				missing = append(missing, n.Name+":"+operation)
			}
		}
	}
	return missing
}

// May says whether a key has a right in a universe.
func (k Key) May(right string, universe int64) bool {
	name, operation, _ := strings.Cut(right, ":")
	for _, s := range k.Scopes {
		if s.Name == name && slices.Contains(s.Operations, operation) && (len(s.Universes) == 0 || slices.Contains(s.Universes, universe)) {
			return true
		}
	}
	return false
}

// What Roblox refuses. No text repeats what Roblox said.
var (
	ErrKey       = fault.New(fault.Denied, "roblox_key_refused", "Roblox refuses the API key: it is disabled, expired, revoked, or was not used for 60 days. Make a new key in Roblox's Creator Dashboard and give it to the connection.")
	ErrScope     = fault.New(fault.Denied, "roblox_scope_missing", "The API key of Roblox may not do this. Give it the missing permissions in Roblox's Creator Dashboard; the connection shows which.")
	ErrModerated = fault.New(fault.Denied, "roblox_user_moderated", "Roblox has moderated the account of the API key. Nothing is sent until a person has looked at the account in Roblox and resumed the connection.")
	ErrNotFound  = fault.New(fault.NotFound, "roblox_not_found", "Roblox does not have this. Look at the universe, the place or the asset of the connection.")
	ErrBusy      = fault.New(fault.Limited, "roblox_busy", "Roblox takes no more requests now. It is asked again in a while.")
	ErrQuota     = fault.New(fault.OverQuota, "roblox_quota_used", "Roblox takes no more assets of this kind from this account until its quota begins again. The quota of the connection says when.")
	ErrDown      = fault.New(fault.Unavailable, "roblox_unavailable", "Roblox does not answer. It is asked again in a while.")
	ErrRefused   = fault.New(fault.Invalid, "roblox_refused", "Roblox does not take this file or request. Look at Roblox's limits for this kind of asset.")
	ErrTooLarge  = fault.New(fault.TooLarge, "roblox_too_large", "This file is larger than Roblox takes: 20 MiB for an asset, 10 MiB for a place, 4 MiB for a lesson.")
	ErrChanged   = fault.New(fault.Conflict, "roblox_entry_changed", "The entry of the data store was changed by somebody else in the meantime.")
	// ErrUnsure is the answer of a change that may have been made: another try could make it
	// twice. It is never tried again by the platform.
	ErrUnsure = fault.New(fault.Conflict, "roblox_unsure", "Roblox did not answer to the end, so it may have been done. Look in Roblox's Creator Dashboard, and say whether it is there.")
)

// MediaTypes are those of files that may become assets.
func MediaTypes() []string {
	all := []string{PlaceType}
	for t := range uploads {
		all = append(all, t)
	}
	slices.Sort(all)
	return all
}

// DisplayName is how the asset of a version is called at Roblox, where its name can be seen
// by anybody: it says nothing of the file, and a person finds by it what may have been made.
func DisplayName(version uuid.UUID) string { return "satchel-" + version.String() }

// LessonKey is the entry of the lesson that a file shows: at most 50 characters, small letters,
// digits and hyphens.
func LessonKey(file uuid.UUID) string { return "lesson-" + file.String() }
