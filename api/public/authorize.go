package public

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/api/delivery"
	"satchel/api/delivery/signed"
	"satchel/shares/visitors"
	"satchel/tenancy"
)

// endTimeout bounds the statement behind a download, whose client has gone.
const endTimeout = 15 * time.Second

// Authorize gives the bytes behind a link of a share, as they are and may leave at this
// moment. It is asked at each use, HEAD and each range too, and counts in OnStart.
func (p *Public) Authorize(ctx context.Context, link signed.Link) (delivery.Grant, error) {
	original := link.Transformation == ""
	v, err := p.version(ctx, link)
	if err != nil {
		return delivery.Grant{}, err
	}
	g := delivery.Grant{Name: v.Name, MimeType: v.MimeType, Size: v.Size, ObjectETag: v.ObjectETag, SHA256: v.SHA256, PublishedAt: v.PublishedAt, Pages: v.Pages, Public: v.Public}
	g.Still = func() error {
		_, err := p.version(ctx, link)
		if err != nil {
			p.Refused(ctx, link, err)
		}
		return err
	}
	if !original {
		g.OnStart = func() error {
			return p.tryRecord(ctx, visitors.Access{Ref: tenancy.ShareVisit{Org: link.Organization, Share: link.Share}, What: visitors.Preview, File: link.File})
		}
		return g, nil
	}
	g.Exact = v.Limited
	g.OnStart = func() error { return p.begin(ctx, link, link.File) }
	g.OnEnd = func(sent int64) { p.end(ctx, link, sent) }
	return g, nil
}

// version is the one that a link names, when its bytes or its pictures may leave now.
func (p *Public) version(ctx context.Context, link signed.Link) (visitors.Version, error) {
	original := link.Transformation == ""
	if link.Share == uuid.Nil || original && link.Download == uuid.Nil {
		return visitors.Version{}, visitors.ErrNoDownload
	}
	v, err := visitors.GetVersion(ctx, p.DB.Single(link.Organization), link.Share, link.File, original)
	if err != nil {
		return v, err
	}
	if refused := v.Refusal(); refused != nil {
		return v, refused
	}
	switch {
	case original && !v.Original:
		return v, visitors.ErrViewOnly
	case v.ID != link.Version: // the share shows another version by now
		return v, visitors.ErrNoFile
	}
	return v, nil
}

// begin reserves the download of a file, or of all, for its first byte.
func (p *Public) begin(ctx context.Context, link signed.Link, file uuid.UUID) error {
	return p.DB.InTx(ctx, link.Organization, func(tx *tenancy.Tx) error {
		return visitors.Begin(ctx, tx, tenancy.ShareVisit{Org: link.Organization, Share: link.Share}, link.Download, file)
	})
}

// end counts the bytes that were sent. The client may have gone. When it cannot be written
// the download stays reserved: it counts, and is not given back.
func (p *Public) end(ctx context.Context, link signed.Link, sent int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if _, err := visitors.End(ctx, p.DB.Single(link.Organization), link.Share, link.Download, sent); err != nil {
		p.Log.WarnContext(ctx, "record end of download by share failed; it stays counted", "organization", link.Organization, "share", link.Share, "error", err)
	}
}
