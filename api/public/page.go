package public

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/links"
	"satchel/api/problem"
	"satchel/api/request"
	"satchel/api/sharepage"
	"satchel/internal/fault"
	"satchel/shares"
	"satchel/shares/visitors"
)

// pageLength is how many files a page lists.
const pageLength = 50

// ShowPage is the page of a share. It changes nothing and counts nothing: scanners of mail
// follow links before people do.
func (p *Public) ShowPage(c *gin.Context) error {
	v, err := p.visit(c)
	if err == nil {
		err = v.entered()
	}
	return p.answerPage(c, v, err, func(view *sharepage.View) { view.CodeSent = c.Query("code") == "sent" })
}

// Limited is the page for an address that asks too often. Nothing is asked of the share.
func (p *Public) Limited(c *gin.Context, err error) {
	view := sharepage.View{State: sharepage.Crowded, Address: "/s/" + url.PathEscape(c.Param("token")), RetryAfter: fault.Of(err).RetryAfter}
	if err := p.page.Write(c.Writer, c.Request, view); err != nil {
		request.Fail(c, err)
	}
}

// Script is the page's one script.
func (p *Public) Script(c *gin.Context) error {
	sharepage.WriteScript(c.Writer, c.Request)
	return nil
}

// answerPage draws the page for an outcome.
func (p *Public) answerPage(c *gin.Context, v visit, err error, more ...func(*sharepage.View)) error {
	view := p.frame(c, v)
	if err == nil {
		err = p.fill(c, v, &view)
	}
	switch {
	case err != nil:
		p.recordRefusal(c.Request.Context(), v.ref, visitors.Page, uuid.Nil, err)
	case v.ref.Share != uuid.Nil:
		p.record(c.Request.Context(), visitors.Access{Ref: v.ref, What: visitors.Page})
	}
	view.State = sharepage.Open
	if err != nil {
		p.describe(c, err, &view)
	}
	if v.over && (view.State == sharepage.Password || view.State == sharepage.Code) && view.Problem == "" {
		view.Problem = "ticket_expired"
	}
	for _, f := range more {
		f(&view)
	}
	return p.page.Write(c.Writer, c.Request, view)
}

// frame is what a page shows in every state. What is shared has a name only inside.
func (p *Public) frame(c *gin.Context, v visit) sharepage.View {
	s := v.share
	return sharepage.View{
		Address: "/s/" + url.PathEscape(c.Param("token")), Ticket: p.seal(v, v.ticket), SharedBy: s.SharedBy, Organization: s.Organization,
		Begins: s.StartsAt, Until: s.ExpiresAt,
	}
}

// describe turns an error into a state of the page. Ours to repair goes to the log.
func (p *Public) describe(c *gin.Context, err error, view *sharepage.View) {
	f := problem.Of(err)
	view.State, view.RetryAfter = stateOf(err), f.RetryAfter
	switch {
	case errors.Is(err, visitors.ErrWrongPassword):
		view.Problem = "wrong_password"
	case errors.Is(err, visitors.ErrWrongCode):
		view.Problem, view.CodeSent = "wrong_code", true
	case view.State == sharepage.Failed:
		p.Log.ErrorContext(c.Request.Context(), "answer visitor of share failed", "request_id", request.ID(c), "error", err.Error())
	}
	if view.State == sharepage.Unknown {
		view.SharedBy, view.Organization = "", ""
	}
}

// fill adds what a visitor sees who is inside.
func (p *Public) fill(c *gin.Context, v visit, view *sharepage.View) error {
	s := v.share
	view.Name, view.Left, view.MayDownload = s.Name, s.Left(), s.Permission == shares.Download
	switch {
	case s.IsDropBox():
		view.Kind = "box"
		return p.fillDrop(c, v, view)
	case s.File != nil:
		return p.fillFile(c, v, view)
	case s.Folder != nil:
		view.Kind = "folder"
	default:
		view.Kind = "space"
	}
	return p.fillList(c, v, view)
}

func (p *Public) fillFile(c *gin.Context, v visit, view *sharepage.View) error {
	ctx, q := c.Request.Context(), p.DB.Single(v.ref.Org)
	file, err := visitors.GetVersion(ctx, q, v.ref.Share, *v.share.File, false)
	if err != nil {
		return err
	}
	if refused := file.Refusal(); refused != nil {
		return refused
	}
	view.Kind, view.Size = kindOf(file.MimeType), file.Size
	said, err := visitors.StatementsOf(ctx, q, file.File)
	if err != nil {
		return err
	}
	view.Statements = statements(said[file.File])
	if file.Pages > 0 {
		view.Page, view.Pages = pageOf(c, file.Pages), file.Pages
	}
	view.Preview, err = p.shown(ctx, v, file, view.Page)
	return err
}

func statements(said []visitors.Statement) []sharepage.Statement {
	list := make([]sharepage.Statement, len(said))
	for i, s := range said {
		list[i] = sharepage.Statement(s)
	}
	return list
}

// pageOf is the page of a document that a visitor asks for, or the nearest that there is.
func pageOf(c *gin.Context, pages int) int {
	n, err := strconv.Atoi(c.Query("page"))
	if err != nil {
		return 1
	}
	return min(max(n, 1), pages)
}

// shown is the address of what is seen of a file: a page of a document, which is made when
// it is read first, or the picture of anything else.
func (p *Public) shown(ctx context.Context, v visit, file visitors.Version, page int) (string, error) {
	if page > 0 {
		return p.preview(v, file.File, file.ID, []string{fmt.Sprintf("page-%d.jpg", page)}, "page-"), nil
	}
	pictures, err := visitors.Pictures(ctx, p.DB.Single(v.ref.Org), []uuid.UUID{file.ID})
	return p.preview(v, file.File, file.ID, pictures[file.ID], "fit800."), err
}

func (p *Public) fillList(c *gin.Context, v visit, view *sharepage.View) error {
	folder, after, err := listed(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	l, err := visitors.GetList(ctx, p.DB.Single(v.ref.Org), v.share, folder, after, pageLength)
	if err != nil {
		return err
	}
	pictures, err := p.pictures(ctx, v, l)
	if err != nil {
		return err
	}
	said, err := l.StatementsOf(ctx, p.DB.Single(v.ref.Org))
	if err != nil {
		return err
	}
	for _, f := range l.Trail {
		view.Trail = append(view.Trail, sharepage.Place{ID: f.ID.String(), Name: f.Name})
	}
	for _, e := range l.Entries {
		entry := sharepage.Entry{ID: e.ID.String(), Name: e.Name, Folder: e.IsFolder, Size: e.Size, Kind: kindOf(e.MimeType), Ready: e.Ready, Statements: statements(said[e.ID])}
		if e.Ready {
			entry.Preview = p.preview(v, e.ID, e.Version, pictures[e.Version], "fit320.")
		}
		view.Entries = append(view.Entries, entry)
	}
	if folder != uuid.Nil {
		view.Folder = folder.String()
	}
	view.Next, view.All = encodeCursor(l.Next), len(l.Entries) > 0
	return nil
}

func (p *Public) pictures(ctx context.Context, v visit, l visitors.List) (map[uuid.UUID][]string, error) {
	var versions []uuid.UUID
	for _, e := range l.Entries {
		if e.Ready {
			versions = append(versions, e.Version)
		}
	}
	if len(versions) == 0 {
		return nil, nil //nolint:nilnil // no pictures
	}
	return visitors.Pictures(ctx, p.DB.Single(v.ref.Org), versions)
}

// listed reads which folder, and from where on.
func listed(c *gin.Context) (folder uuid.UUID, after visitors.Cursor, err error) {
	if text := c.Query("folder"); text != "" {
		if folder, err = uuid.Parse(text); err != nil {
			return folder, after, visitors.ErrNoFile.Because(err)
		}
	}
	after, err = decodeCursor(c.Query("cursor"))
	return folder, after, err
}

// kindOf is what a media type is to people, as the catalog of the page names it.
func kindOf(media string) string {
	family, _, _ := strings.Cut(media, "/")
	switch {
	case family == "image":
		return "picture"
	case family == "video":
		return "video"
	case family == "audio":
		return "sound"
	case media == "application/pdf":
		return "pdf"
	case family == "text":
		return "text"
	case media == "application/zip", strings.Contains(media, "compressed"), strings.HasSuffix(media, "-tar"):
		return "archive"
	case strings.Contains(media, "document"), strings.Contains(media, "office"), strings.Contains(media, "msword"), strings.Contains(media, "ms-"), strings.HasSuffix(media, "rtf"), strings.Contains(media, "epub"):
		return "document"
	}
	return "file"
}

// PostPassword takes the form of a password. The answer is an address with a ticket: the
// page sets no cookies, and going back does not send the form again.
func (p *Public) PostPassword(c *gin.Context) error {
	v, err := p.visit(c)
	if err != nil {
		return p.answerPage(c, v, err)
	}
	t, err := p.enterPassword(c, v, c.PostForm("password"))
	if err != nil {
		return p.answerPage(c, v, err)
	}
	p.seeOther(c, v, t)
	return nil
}

// PostCode takes the form of a code.
func (p *Public) PostCode(c *gin.Context) error {
	v, err := p.visit(c)
	if err != nil {
		return p.answerPage(c, v, err)
	}
	t, err := p.enterCode(c, v, c.PostForm("code"))
	if err != nil {
		return p.answerPage(c, v, err)
	}
	p.seeOther(c, v, t)
	return nil
}

// PostSendCode has a code mailed.
func (p *Public) PostSendCode(c *gin.Context) error {
	v, err := p.visit(c)
	if err == nil {
		err = p.sendCode(c, v)
	}
	if fault.KindOf(err) == fault.Unavailable {
		return p.answerPage(c, v, visitors.ErrCode, func(view *sharepage.View) { view.Problem = "code_not_sent" })
	}
	if err != nil {
		return p.answerPage(c, v, err)
	}
	p.seeOther(c, v, v.ticket, "code", "sent")
	return nil
}

// PostDownload takes a click on a download and sends the browser to the bytes.
func (p *Public) PostDownload(c *gin.Context) error {
	v, err := p.enter(c)
	if err != nil {
		return p.answerPage(c, v, err)
	}
	file, err := uuid.Parse(c.PostForm("file"))
	if err != nil && v.share.File == nil {
		return p.answerPage(c, v, nil, func(view *sharepage.View) { view.Problem = "file_gone" })
	}
	d, err := p.issue(c.Request.Context(), v, file)
	switch {
	case errors.Is(err, visitors.ErrNoFile), errors.Is(err, visitors.ErrTrashed) && v.share.File == nil:
		return p.answerPage(c, v, nil, func(view *sharepage.View) { view.Problem = "file_gone" })
	case err != nil:
		return p.answerPage(c, v, err)
	}
	c.Redirect(http.StatusSeeOther, d.URL)
	return nil
}

// PostAll takes a click on all that a share shows below a folder.
func (p *Public) PostAll(c *gin.Context) error {
	v, err := p.enter(c)
	if err != nil {
		return p.answerPage(c, v, err)
	}
	folder, err := uuid.Parse(c.PostForm("folder"))
	if err != nil && c.PostForm("folder") != "" {
		return p.answerPage(c, v, nil, func(view *sharepage.View) { view.Problem = "file_gone" })
	}
	all, err := p.issueAll(c.Request.Context(), v, folder)
	switch {
	case errors.Is(err, visitors.ErrNoFile):
		return p.answerPage(c, v, nil, func(view *sharepage.View) { view.Problem = "file_gone" })
	case errors.Is(err, visitors.ErrNothing), errors.Is(err, links.ErrZipFull):
		return p.answerPage(c, v, nil, func(view *sharepage.View) { view.Problem = "zip_unavailable" })
	case err != nil:
		return p.answerPage(c, v, err)
	}
	c.Redirect(http.StatusSeeOther, all.URL)
	return nil
}

// seeOther sends the browser back to the page (RFC 9110, 15.4.4) with a ticket.
func (p *Public) seeOther(c *gin.Context, v visit, t ticket, query ...string) {
	q := url.Values{}
	if text := p.seal(v, t); text != "" {
		q.Set("ticket", text)
	}
	if lang := c.Query("lang"); lang != "" {
		q.Set("lang", lang)
	}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	address := "/s/" + url.PathEscape(c.Param("token"))
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, address)
}

// until is a time as answers show it; nil for none.
func until(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return request.UTC(&t)
}
