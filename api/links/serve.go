package links

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/content"
	"satchel/api/delivery"
	"satchel/api/delivery/signed"
	"satchel/api/request"
	"satchel/tenancy"
)

// Serve answers an address. What the address says is checked first and costs no
// question to the database; then the right behind it is asked for.
func (r *Links) Serve(c *gin.Context) error {
	link, err := r.Keys.Verify(c.Request)
	if err != nil {
		if r.Stranger(c); c.IsAborted() { // has answered
			return nil
		}
		return r.refused(c, link, err)
	}
	c.Header("X-Robots-Tag", "noindex")
	reader := tenancy.Actor{Org: link.Organization, User: link.Actor, Key: link.Key} // for the logs and the meter
	if link.Actor != uuid.Nil {
		request.SetActor(c, reader)
	}
	if link.Transformation == ZipWord {
		return r.refused(c, link, r.serveZip(c, link))
	}
	return r.refused(c, link, r.serveFile(c, link, reader))
}

// refused puts on record why an address of a share gave nothing.
func (r *Links) refused(c *gin.Context, link signed.Link, err error) error {
	if err != nil && link.Share != uuid.Nil && r.Shares != nil {
		r.Shares.Refused(c.Request.Context(), link, err)
	}
	return err
}

func (r *Links) serveFile(c *gin.Context, link signed.Link, reader tenancy.Actor) error {
	grant, err := r.authorizer(link).Authorize(c.Request.Context(), link)
	if err != nil {
		return err
	}
	request.SetActor(c, reader) // a refused visitor is no one's in the organization
	leaving, err := r.find(c, link, grant)
	if err != nil {
		return err
	}
	leaving.Embeddable = true
	leaving.Inline = leaving.Inline && !link.Attachment
	leaving.OnStart, leaving.OnEnd, leaving.Still = grant.OnStart, grant.OnEnd, grant.Still
	if c.Request.Method == http.MethodGet && link.Transformation == "" {
		request.MarkDownload(c)
	}
	return delivery.Serve(c.Writer, c.Request, r.Clean, leaving)
}

func (r *Links) authorizer(link signed.Link) delivery.Authorizer {
	switch {
	case link.Share == uuid.Nil && link.Actor != uuid.Nil:
		return session{r}
	case link.Share != uuid.Nil && link.Actor == uuid.Nil && r.Shares != nil:
		return r.Shares
	}
	return nobody{}
}

func (r *Links) find(c *gin.Context, link signed.Link, grant delivery.Grant) (delivery.Content, error) {
	return r.Contents.Find(c.Request.Context(), content.Version{
		Organization: link.Organization, File: link.File, ID: link.Version, Name: grant.Name, MimeType: grant.MimeType,
		ObjectETag: grant.ObjectETag, SHA256: grant.SHA256, Size: grant.Size, PublishedAt: grant.PublishedAt, Pages: grant.Pages,
	}, link.Transformation, c.GetHeader("Accept"))
}
