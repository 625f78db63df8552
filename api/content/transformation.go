package content

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"satchel/api/delivery"
	"satchel/api/delivery/signed"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/transforms"
	"satchel/tenancy"
)

// transformationPrefix is in a link before the key of a picture that is asked for.
const transformationPrefix = "t/"

// picturePatience is how long a request waits for a picture.
const picturePatience = 20 * time.Second

var errPictureInWork = fault.New(fault.Unavailable, "picture_in_work", "This picture is being made. Ask again in a few seconds.").After(3 * time.Second)

// Transformed gives the word of a link for a picture that a caller asks for, of the sizes
// of the organization.
func (c *Contents) Transformed(v Version, ask transforms.Ask, sizes []int) (word, name string, err error) {
	spec, err := ask.Resolve(sizes)
	if err != nil {
		return "", "", err
	}
	if spec.Page > v.Pages && v.Pages == 0 {
		return "", "", fault.New(fault.NotFound, "no_such_page", "This file has no pages. Leave page out for a picture of it.")
	}
	if spec.Page > v.Pages {
		return "", "", fault.New(fault.NotFound, "no_such_page", "The document has %d pages.", v.Pages)
	}
	name = "picture"
	if spec.Format != "" {
		name += "." + string(spec.Format)
	}
	return transformationPrefix + spec.Key(), name, nil
}

// transformation is a picture that is asked for, made when it is not there.
func (c *Contents) transformation(ctx context.Context, v Version, key, accept string) (delivery.Content, error) {
	asked, ok := transforms.Parse(key)
	if !ok {
		return delivery.Content{}, signed.ErrInvalid
	}
	spec := asked.For(accept)
	t, err := c.picture(ctx, v, spec)
	if err != nil {
		return delivery.Content{}, err
	}
	leaving := delivery.Content{
		Key: files.TransformationKey(v.Organization, v.ID, spec.Key()), ObjectETag: t.Etag, Tag: "t-" + strings.Trim(t.Etag, `"`),
		Name: "picture." + string(spec.Format), Type: t.MimeType, Size: t.Size, Modified: v.PublishedAt, Inline: true,
	}
	if asked.Format == "" {
		leaving.Vary = "Accept"
	}
	return leaving, nil
}

// picture reads the row, and has the picture made when there is none.
func (c *Contents) picture(ctx context.Context, v Version, spec transforms.Spec) (files.Transformation, error) {
	q, key := c.DB.Single(v.Organization), spec.Key()
	t, err := files.GetTransformation(ctx, q, v.ID, key)
	if err != nil || c.known(ctx, q, v, t) {
		return t, err
	}
	if t.Resting {
		return t, noPicture(t.Reason)
	}
	if spec.Page > 0 { // it is made of the page, which may not be there yet
		if _, err := c.Rendition(ctx, v, fmt.Sprintf("page-%d.jpg", spec.Page)); err != nil {
			return t, err
		}
	}
	if err := c.make(ctx, v, key); err != nil {
		return t, err
	}
	t, err = files.GetTransformation(ctx, q, v.ID, key)
	switch {
	case err != nil:
		return t, err
	case t.Resting:
		return t, noPicture(t.Reason)
	case files.TransformationState(t.State) != files.TransformationReady:
		return t, errPictureInWork // another process makes it
	}
	return t, nil
}

// known says that the picture is there, and notes once a day that it is used. A note that
// is lost is no reason to keep it from its reader.
func (c *Contents) known(ctx context.Context, q tenancy.Queries, v Version, t files.Transformation) bool {
	if files.TransformationState(t.State) != files.TransformationReady {
		return false
	}
	if t.Stale {
		if err := files.UseTransformation(ctx, q, v.ID, t.Key); err != nil && context.Cause(ctx) == nil {
			c.Log.WarnContext(ctx, "note use of picture failed", "version", v.ID.String(), "error", err)
		}
	}
	return true
}

// make starts the workflow and waits for it. Those who wait in this process for one
// picture wait together, so that they hold one question to Temporal open and not hundreds.
func (c *Contents) make(ctx context.Context, v Version, key string) error {
	done := c.making.DoChan(v.Organization.String()+"/"+v.ID.String()+"/"+key, func() (any, error) {
		waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), picturePatience)
		defer cancel()
		reason, err := c.Workflows.MakePicture(waiting, v.Organization, v.ID, key)
		if err != nil && waiting.Err() != nil {
			return "", errPictureInWork.Because(err)
		}
		return reason, err
	})
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case made := <-done:
		return pictureFailure(made)
	}
}

func pictureFailure(made singleflight.Result) error {
	reason, _ := made.Val.(string)
	switch {
	case made.Err != nil && fault.KindOf(made.Err) == fault.Unavailable:
		return made.Err
	case made.Err != nil:
		return fault.New(fault.Unavailable, "picture_failed", "This picture could not be made right now. Ask again later.").After(time.Minute).Because(made.Err)
	case reason == files.ErrTransformations.Code:
		return files.ErrTransformations
	case reason != "":
		return noPicture(reason)
	}
	return nil
}

func noPicture(reason string) error {
	return fault.New(fault.NotFound, "picture_unavailable", "No such picture can be made of this file (%s). The file itself can be downloaded.", reason)
}
