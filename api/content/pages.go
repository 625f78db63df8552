package content

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"time"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/previews"
)

// pagePatience is how long a request waits for a page. A browser shows the place of a
// picture for as long, and asks again.
const pagePatience = 20 * time.Second

var pageName = regexp.MustCompile(`^page-([1-9]\d{0,4})\.jpg$`)

var errPageInWork = fault.New(fault.Unavailable, "page_in_work", "This page is being made. Ask again in a few seconds.").After(3 * time.Second)

// pageOnDemand makes a page of a document that its previews do not hold.
func (c *Contents) pageOnDemand(ctx context.Context, v Version, name string) (files.Rendition, error) {
	asked := pageName.FindStringSubmatch(name)
	row, _ := previews.For(v.MimeType)
	if asked == nil || !row.Method.HasPages() || v.Pages == 0 {
		return files.Rendition{}, files.ErrNotFound
	}
	if n, err := strconv.Atoi(asked[1]); err != nil || n > v.Pages {
		return files.Rendition{}, fault.New(fault.NotFound, "no_such_page", "The document has %d pages.", v.Pages)
	} else if err := c.showPage(ctx, v, n); err != nil {
		return files.Rendition{}, err
	}
	return files.GetRendition(ctx, c.DB.Single(v.Organization), v.ID, name)
}

func (c *Contents) showPage(ctx context.Context, v Version, n int) error {
	waiting, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	reason, err := c.Workflows.ShowPages(waiting, v.Organization, v.ID, previews.FirstOf(n))
	switch {
	case err != nil && waiting.Err() != nil && ctx.Err() == nil:
		return errPageInWork.Because(err)
	case err != nil:
		return fault.New(fault.Unavailable, "page_failed", "This page could not be made right now. Ask again later.").After(time.Minute).Because(errors.Join(err))
	case reason != "":
		return fault.New(fault.NotFound, "page_unavailable", "This page cannot be shown (%s). The document itself can be downloaded.", reason)
	}
	return nil
}
