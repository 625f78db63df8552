// Package content finds what may leave of a version: its original, its renditions and
// the pages of a document. The caller has checked the right to it before.
package content

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"satchel/api/delivery"
	"satchel/api/delivery/signed"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/types"
	"satchel/tenancy"
)

// Workflows make what is not there yet.
type Workflows interface {
	// ShowPages makes pages of a document from first on and waits for them as long as
	// ctx lasts. Its answer is why there are none.
	ShowPages(ctx context.Context, org tenancy.OrgID, version uuid.UUID, first int) (reason string, err error)
	// MakePicture makes the picture of a key of policies/transforms and waits for it as
	// long as ctx lasts. Its answer is why there is none.
	MakePicture(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) (reason string, err error)
}

// Contents finds it.
type Contents struct {
	DB        *tenancy.DB // of the whole organization: the right to the version was asked for
	Workflows Workflows
	Log       *slog.Logger

	making singleflight.Group
}

// Version is a published version, as its row has it.
type Version struct {
	Organization       tenancy.OrgID
	File, ID           uuid.UUID
	Number             int32 // 0 where it is not known
	Name, MimeType     string
	ObjectETag, SHA256 string
	Size               int64
	PublishedAt        time.Time
	Pages              int // of a document; 0 when it has none or they are not known
}

// Of is the version of a view that Readable allows.
func Of(v files.View) Version {
	version := Version{
		Organization: v.OrganizationID, File: v.FileID, ID: v.VersionID, Number: v.Number, Name: v.Name, MimeType: v.MimeType,
		ObjectETag: v.ObjectEtag, SHA256: v.Sha256, Size: v.Size,
	}
	if v.PublishedAt != nil {
		version.PublishedAt = *v.PublishedAt
	}
	if v.Pages != nil {
		version.Pages = int(*v.Pages)
	}
	return version
}

var errGone = fault.New(fault.Conflict, "not_available", "This version was never published, or is no longer kept. Its status_reason says why.")

// GetReadable reads a version of a file, when its bytes may leave at this moment.
func GetReadable(ctx context.Context, q tenancy.Queries, file, version uuid.UUID) (files.View, error) {
	v, err := files.GetOf(ctx, q, file, version)
	if err == nil {
		err = Readable(v)
	}
	return v, err
}

// Readable says whether the bytes of a version may leave. Only one answer is
// yes; a state that no one foresaw is no.
func Readable(v files.View) error {
	switch v.Effective() {
	case files.Published:
		return nil
	case files.Quarantined:
		return files.ErrQuarantined
	case files.Uploading, files.Processing, files.Held:
		return files.ErrNotPublished
	case files.Deleted:
		if v.TrashedAt != nil {
			return files.ErrInTrash
		}
	case files.Rejected, files.Failed, files.Expired:
	}
	return errGone
}

// Original is the version itself, which always leaves as an attachment.
func (c *Contents) Original(ctx context.Context, v Version) (delivery.Content, error) {
	name, mediaType, err := c.leavesAs(ctx, v)
	return delivery.Content{
		Key: files.ContentKey(v.Organization, v.ID), ObjectETag: v.ObjectETag, Tag: v.SHA256,
		Name: name, Type: mediaType, Size: v.Size, Modified: v.PublishedAt,
	}, err
}

// leavesAs is the name and the Content-Type with which an original leaves.
func (c *Contents) leavesAs(ctx context.Context, v Version) (name, mediaType string, err error) {
	row, known := types.ByMediaType(v.MimeType)
	if !known {
		return v.Name, v.MimeType, nil
	}
	native := false
	if row.Script {
		policies, err := tenancy.GetPolicies(ctx, c.DB.Single(v.Organization))
		if err != nil {
			return "", "", err
		}
		native = types.RulesOf(policies.Switches, nil, nil, false).NativeScripts()
	}
	return types.DeliveryName(v.Name, v.MimeType, native), row.Delivered(), nil
}

// Rendition is a preview by its name, or a page of a document, which is made when
// it is not there.
func (c *Contents) Rendition(ctx context.Context, v Version, name string) (delivery.Content, error) {
	made, err := files.GetRendition(ctx, c.DB.Single(v.Organization), v.ID, name)
	if fault.KindOf(err) == fault.NotFound {
		made, err = c.pageOnDemand(ctx, v, name)
	}
	if err != nil {
		return delivery.Content{}, err
	}
	return delivery.Content{
		Key: files.RenditionKey(v.Organization, v.ID, made.Name), ObjectETag: made.Etag, Tag: "r-" + strings.Trim(made.Etag, `"`),
		Name: made.Name, Type: made.MimeType, Size: made.Size, Modified: v.PublishedAt, Inline: true,
	}, nil
}

// How a link names what it gives: nothing for the original, and this before the name of
// a rendition or page.
const renditionPrefix = "r/"

// Named gives the word of a link for what a caller asks for by name, and a name for
// its address.
func (c *Contents) Named(v Version, rendition string) (word, name string, err error) {
	switch {
	case rendition == "":
		return "", v.Name, nil
	case !renditionName.MatchString(rendition):
		return "", "", errRendition
	}
	return RenditionWord(rendition), rendition, nil
}

// RenditionWord is what a link says that is of a rendition.
func RenditionWord(name string) string { return renditionPrefix + name }

// Find finds what a link gives by its word. accept is the reader's Accept header, which
// chooses the format of a picture that names none.
func (c *Contents) Find(ctx context.Context, v Version, word, accept string) (delivery.Content, error) {
	if word == "" {
		return c.Original(ctx, v)
	}
	if name, ok := strings.CutPrefix(word, renditionPrefix); ok {
		return c.Rendition(ctx, v, name)
	}
	if key, ok := strings.CutPrefix(word, transformationPrefix); ok {
		return c.transformation(ctx, v, key, accept)
	}
	return delivery.Content{}, signed.ErrInvalid
}

// renditionName is what a name of a rendition looks like.
var renditionName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

var errRendition = fault.New(fault.Invalid, "invalid_rendition", "rendition is the name of one of the file's renditions, or page-<n>.jpg of a document.")
