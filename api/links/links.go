// Package links gives signed addresses of files on the content host, and answers them
// there. An address lives for a minute; the right behind it is asked for at each use.
package links

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/content"
	"satchel/api/delivery"
	"satchel/api/delivery/edge"
	"satchel/api/delivery/signed"
	"satchel/api/ratelimit"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/transforms"
	"satchel/tenancy"
)

// Life is how long an address lives that a session asks for. It is as long as a page
// needs to fetch what it shows, and no longer: an address can be copied.
const Life = 60 * time.Second

// maxLinks bounds how many addresses one request asks for. A page shows 50 files.
const maxLinks = 100

// Links gives and answers addresses.
type Links struct {
	DB         *tenancy.DB // of people
	Keys       *signed.Keys
	ContentURL string
	Contents   *content.Contents
	Clean      delivery.Source
	Reads      *content.Reads
	Limits     *ratelimit.Limiter
	// Stranger limits the requests of an address that shows nothing signed.
	Stranger gin.HandlerFunc
	// Shares authorizes links of shares; nil refuses them all.
	Shares Visitors
	// Edge answers a cache in front of the content host; nil: there is none.
	Edge *edge.Edge
	// Hosted says that a cache that others run is in front of the content host.
	Hosted bool
	Log    *slog.Logger
}

// wanted is what a request asks an address of.
type wanted struct {
	File       *uuid.UUID      `json:"file_id"` // in a list
	Version    *int32          `json:"version"` // the published one when left out
	Rendition  string          `json:"rendition"`
	Transform  *transforms.Ask `json:"transform"` // a picture made for the caller
	Attachment bool            `json:"attachment"`
	ExpiresIn  *int64          `json:"expires_in"`
}

// LinkView is an address, or why there is none.
type LinkView struct {
	File      uuid.UUID  `json:"file_id"`
	URL       string     `json:"url,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Code      string     `json:"code,omitempty"`
	Detail    string     `json:"detail,omitempty"`
}

// GiveLink gives the address of one file.
func (r *Links) GiveLink(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return files.ErrNotFound
	}
	ask, err := request.OptionalBody[wanted](c)
	if err != nil {
		return err
	}
	life, err := lifeOf(ask)
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.DB.Single(request.Caller(c).Org)
	v, err := files.Get(ctx, q, id)
	if err == nil && ask.Version != nil {
		v, err = files.GetNumber(ctx, q, id, *ask.Version)
	}
	if err != nil {
		return err
	}
	sizes, err := r.sizes(ctx, request.Caller(c).Org, ask)
	if err != nil {
		return err
	}
	link, err := r.give(request.Caller(c), v, ask, sizes, life)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, link)
	return nil
}

// GiveLinks gives the addresses of many files at once, so that a page of thumbnails is
// one request of the caller's limit. A file that has none says why in its place.
func (r *Links) GiveLinks(c *gin.Context) error {
	body, err := request.Body[struct {
		Items []wanted `json:"items"`
	}](c)
	if err != nil {
		return err
	}
	if len(body.Items) == 0 || len(body.Items) > maxLinks {
		return request.Invalid("items", "items are 1 to %d files.", maxLinks)
	}
	ids, err := filesOf(body.Items)
	if err != nil {
		return err
	}
	actor := request.Caller(c)
	found, err := files.ByIDs(c.Request.Context(), r.DB.Single(actor.Org), ids)
	if err != nil {
		return err
	}
	sizes, err := r.sizes(c.Request.Context(), actor.Org, body.Items...)
	if err != nil {
		return err
	}
	given := make([]LinkView, 0, len(ids))
	for _, ask := range body.Items {
		link, err := r.giveOne(actor, found, ask, sizes)
		if err != nil {
			f := fault.Of(err)
			link = LinkView{File: *ask.File, Code: f.Code, Detail: f.Text}
		}
		given = append(given, link)
	}
	c.JSON(http.StatusOK, gin.H{"items": given})
	return nil
}

func (r *Links) giveOne(actor tenancy.Actor, found map[uuid.UUID]files.View, ask wanted, sizes []int) (LinkView, error) {
	v, ok := found[*ask.File]
	if !ok {
		return LinkView{}, files.ErrNotFound
	}
	life, err := lifeOf(ask)
	if err != nil {
		return LinkView{}, err
	}
	return r.give(actor, v, ask, sizes, life)
}

func filesOf(items []wanted) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, 0, len(items))
	for _, ask := range items {
		switch {
		case ask.File == nil:
			return nil, request.Invalid("file_id", "Each of the items names its file in file_id.")
		case ask.Version != nil:
			return nil, request.Invalid("version", "A list gives addresses of the versions that the files show. Ask for another version by the file's own address.")
		}
		ids = append(ids, *ask.File)
	}
	return ids, nil
}

func lifeOf(ask wanted) (time.Duration, error) {
	life, err := request.Seconds("expires_in", ask.ExpiresIn, Life)
	if err == nil && life > Life {
		err = request.Invalid("expires_in", "An address lives for at most %d seconds. Ask for a new one when it is needed again.", int(Life.Seconds()))
	}
	return life, err
}

// word is what the address says of what the caller asks for.
func (r *Links) word(v content.Version, ask wanted, sizes []int) (word, name string, err error) {
	switch {
	case ask.Transform == nil:
		return r.Contents.Named(v, ask.Rendition)
	case ask.Rendition != "":
		return "", "", request.Invalid("transform", "Ask for a rendition by its name, or for a picture by transform, and not for both.")
	}
	return r.Contents.Transformed(v, *ask.Transform, sizes)
}

// sizes are the sides in which the organization's pictures are made; nil is the platform's.
func (r *Links) sizes(ctx context.Context, org tenancy.OrgID, items ...wanted) ([]int, error) {
	for _, ask := range items {
		if ask.Transform != nil {
			p, err := tenancy.GetPolicies(ctx, r.DB.Single(org))
			return p.PictureSizes, err
		}
	}
	return nil, nil
}

func (r *Links) give(actor tenancy.Actor, v files.View, ask wanted, sizes []int, life time.Duration) (LinkView, error) {
	if err := content.Readable(v); err != nil {
		return LinkView{}, err
	}
	transformation, name, err := r.word(content.Of(v), ask, sizes)
	if err != nil {
		return LinkView{}, err
	}
	ends := time.Now().Add(life).Truncate(time.Second).UTC()
	url := r.Keys.URL(r.ContentURL, signed.Link{
		Organization: actor.Org, File: v.FileID, Version: v.VersionID, Name: name, Transformation: transformation,
		Actor: actor.User, Key: actor.Key, Attachment: ask.Attachment, Expires: ends,
	})
	return LinkView{File: v.FileID, URL: url, ExpiresAt: &ends}, nil
}
