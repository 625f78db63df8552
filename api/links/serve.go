package links

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/content"
	"satchel/api/delivery"
	"satchel/api/delivery/edge"
	"satchel/api/delivery/signed"
	"satchel/api/request"
	"satchel/tenancy"
)

// Serve answers an address. What the address says is checked first and costs no
// question to the database; then the right behind it is asked for.
func (r *Links) Serve(c *gin.Context) error {
	link, err := r.verify(c)
	if err != nil || c.IsAborted() {
		return err
	}
	if link.Transformation == ZipWord {
		return r.refused(c, link, r.serveZip(c, link))
	}
	return r.refused(c, link, r.serveFile(c, link))
}

// refused puts on record why an address of a share gave nothing.
func (r *Links) refused(c *gin.Context, link signed.Link, err error) error {
	if err != nil && link.Share != uuid.Nil && r.Shares != nil {
		r.Shares.Refused(c.Request.Context(), link, err)
	}
	return err
}

// serveFile sends a file, or what is made of it. A cache that others run may keep the
// pictures of a public share, for as long as anything may be given after its end, and
// nothing else. Such a cache looks at no Accept: what is chosen by it is not kept.
func (r *Links) serveFile(c *gin.Context, link signed.Link) error {
	leaving, grant, err := r.leaving(c, link)
	public := grant.Public && link.Transformation != ""
	if err != nil {
		return err
	}
	if r.Hosted && public && leaving.Vary == "" {
		leaving.Shared = edge.Tags(link)
	}
	if c.Request.Method == http.MethodGet && link.Transformation == "" {
		request.MarkDownload(c)
	}
	return delivery.Serve(c.Writer, c.Request, r.Clean, leaving)
}

// Ask answers the edge whether an address may be used now. What is recorded at the first
// byte is recorded before a yes, since the edge gives the bytes without another question.
func (r *Links) Ask(c *gin.Context) error {
	began := time.Now()
	link, err := r.verify(c)
	switch {
	case err != nil:
		r.Edge.Refused()
		return err
	case c.IsAborted():
		return nil
	}
	if link.Transformation == ZipWord { // asked for again while it is sent
		r.Edge.Pass(c.Writer, began)
		return nil
	}
	leaving, grant, err := r.leaving(c, link)
	switch {
	case err != nil:
		r.Edge.Refused()
		return r.refused(c, link, err)
	case grant.Exact, leaving.Size > edge.MaxSize:
		r.Edge.Pass(c.Writer, began)
		return nil
	}
	if edge.Method(c.Request) == http.MethodGet {
		if err := given(leaving); err != nil {
			return err
		}
		request.MarkGiven(c, leaving.Size)
		if link.Transformation == "" {
			request.MarkDownload(c)
		}
	}
	r.Edge.Allow(c.Writer, leaving, link, began)
	return nil
}

// given records that the whole of a content is handed out.
func given(c delivery.Content) error {
	if c.OnStart != nil {
		if err := c.OnStart(); err != nil {
			return err
		}
	}
	if c.Durable != nil {
		if err := c.Durable(); err != nil {
			return err
		}
	}
	if c.OnEnd != nil {
		c.OnEnd(c.Size)
	}
	return nil
}

// verify reads the link of a request. A stranger who was refused for asking too often has
// their answer already.
func (r *Links) verify(c *gin.Context) (signed.Link, error) {
	link, err := r.Keys.Verify(c.Request)
	if err != nil {
		if r.Stranger(c); c.IsAborted() {
			return link, nil
		}
		return link, r.refused(c, link, err)
	}
	c.Header("X-Robots-Tag", "noindex")
	if link.Actor != uuid.Nil {
		request.SetActor(c, readerOf(link))
	}
	return link, nil
}

// readerOf is for the logs and the meter.
func readerOf(link signed.Link) tenancy.Actor {
	return tenancy.Actor{Org: link.Organization, User: link.Actor, Key: link.Key}
}

// leaving is what a link gives at this moment, and the right behind it.
func (r *Links) leaving(c *gin.Context, link signed.Link) (leaving delivery.Content, grant delivery.Grant, err error) {
	if grant, err = r.authorizer(link).Authorize(c.Request.Context(), link); err != nil {
		return leaving, grant, err
	}
	request.SetActor(c, readerOf(link)) // a refused visitor is no one's in the organization
	if leaving, err = r.find(c, link, grant); err != nil {
		return leaving, grant, err
	}
	leaving.Embeddable = true
	leaving.Inline = leaving.Inline && !link.Attachment
	leaving.OnStart, leaving.Durable, leaving.OnEnd, leaving.Still = grant.OnStart, grant.Durable, grant.OnEnd, grant.Still
	return leaving, grant, nil
}

func (r *Links) authorizer(link signed.Link) delivery.Authorizer {
	switch {
	case link.Share == uuid.Nil && link.Actor != uuid.Nil:
		return session{r}
	case link.Share != uuid.Nil && link.Actor == uuid.Nil && r.Shares != nil:
		return r.Shares
	}
	return refuseAll{}
}

func (r *Links) find(c *gin.Context, link signed.Link, grant delivery.Grant) (delivery.Content, error) {
	return r.Contents.Find(c.Request.Context(), content.Version{
		Organization: link.Organization, File: link.File, ID: link.Version, Name: grant.Name, MimeType: grant.MimeType,
		ObjectETag: grant.ObjectETag, SHA256: grant.SHA256, Size: grant.Size, PublishedAt: grant.PublishedAt, Pages: grant.Pages,
	}, link.Transformation, c.GetHeader("Accept"))
}
