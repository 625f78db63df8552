package public

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/api/sharepage"
	"satchel/shares/visitors"
)

// shareView is a share as its visitor meets it.
type shareView struct {
	Kind          string               `json:"kind"` // file, folder, space or drop_box
	Permission    string               `json:"permission"`
	Name          string               `json:"name"`
	Size          *int64               `json:"size"`
	MimeType      string               `json:"mime_type,omitempty"`
	SharedBy      string               `json:"shared_by"`
	Organization  string               `json:"organization"`
	StartsAt      time.Time            `json:"starts_at"`
	ExpiresAt     *time.Time           `json:"expires_at"`
	DownloadsLeft *int                 `json:"downloads_left"`
	PreviewURL    string               `json:"preview_url,omitempty"`
	Pages         int                  `json:"pages,omitempty"` // of a document; preview_url shows one of them
	Drop          *dropView            `json:"drop"`
	Statements    []visitors.Statement `json:"statements,omitempty"` // about the record that is shown
	Notice        *notice              `json:"notice,omitempty"`     // of what leaves; a drop box shows nothing
}

// notice tells who gets a record what they may do with it (34 CFR 99.33(d)).
type notice struct {
	Rule string `json:"rule"`
	Text string `json:"text"`
}

// dropView is what a drop box takes.
type dropView struct {
	FilesLeft  *int     `json:"files_left"`
	BytesLeft  *int64   `json:"bytes_left"`
	Extensions []string `json:"extensions"`
	NameNeeded bool     `json:"name_needed"`
	Upload     string   `json:"tus"`
}

// Show describes a share. A share that is not open is a problem whose code says why.
func (p *Public) Show(c *gin.Context) error {
	v, err := p.enter(c)
	if err != nil {
		return err
	}
	p.record(c.Request.Context(), visitors.Access{Ref: v.ref, What: visitors.Page})
	s := v.share
	view := shareView{
		Kind: "file", Permission: string(s.Permission), Name: s.Name, SharedBy: s.SharedBy, Organization: s.Organization, StartsAt: s.StartsAt.UTC(), ExpiresAt: until(s.ExpiresAt), DownloadsLeft: s.Left(),
	}
	switch {
	case s.IsDropBox():
		view.Kind = "drop_box"
		err = p.showDrop(c, v, &view)
	case s.File != nil:
		err = p.showFile(c, v, &view)
	case s.Folder != nil:
		view.Kind = "folder"
	default:
		view.Kind = "space"
	}
	if err != nil {
		return err
	}
	if view.Drop == nil {
		view.Notice = &notice{Rule: "34 CFR 99.33", Text: sharepage.Notice(c.Request)}
	}
	c.JSON(http.StatusOK, view)
	return nil
}

func (p *Public) showFile(c *gin.Context, v visit, view *shareView) error {
	ctx, q := c.Request.Context(), p.DB.Single(v.ref.Org)
	file, err := visitors.GetVersion(ctx, q, v.ref.Share, *v.share.File, false)
	if err != nil {
		return err
	}
	if refused := file.Refusal(); refused != nil {
		return refused
	}
	view.Size, view.MimeType, view.Pages = &file.Size, file.MimeType, file.Pages
	said, err := visitors.StatementsOf(ctx, q, file.File)
	if err != nil {
		return err
	}
	view.Statements = said[file.File]
	page := 0
	if file.Pages > 0 {
		page = pageOf(c, file.Pages)
	}
	view.PreviewURL, err = p.shown(ctx, v, file, page)
	return err
}

func (p *Public) showDrop(c *gin.Context, v visit, view *shareView) error {
	d := p.dropOf(c, v)
	view.Drop = &dropView{FilesLeft: d.FilesLeft, BytesLeft: d.BytesLeft, Extensions: append([]string{}, d.Kinds...), NameNeeded: d.AskName, Upload: d.Upload}
	return nil
}

// entryView is a file or folder of a list.
type entryView struct {
	ID         uuid.UUID            `json:"id"`
	Kind       string               `json:"kind"` // file or folder
	Name       string               `json:"name"`
	Size       *int64               `json:"size"`
	MimeType   string               `json:"mime_type,omitempty"`
	Ready      bool                 `json:"ready"`
	PreviewURL string               `json:"preview_url,omitempty"`
	Statements []visitors.Statement `json:"statements,omitempty"`
}

// ListEntries lists what a share of a folder or space shows.
func (p *Public) ListEntries(c *gin.Context) error {
	v, err := p.enter(c)
	if err != nil {
		return err
	}
	limit, err := request.Limit(c)
	if err != nil {
		return err
	}
	folder, after, err := listed(c)
	if err != nil {
		return err
	}
	l, err := visitors.GetList(c.Request.Context(), p.DB.Single(v.ref.Org), v.share, folder, after, int32(limit))
	if err != nil {
		return err
	}
	pictures, err := p.pictures(c.Request.Context(), v, l)
	if err != nil {
		return err
	}
	said, err := l.StatementsOf(c.Request.Context(), p.DB.Single(v.ref.Org))
	if err != nil {
		return err
	}
	page := request.Page[entryView]{Items: []entryView{}, NextCursor: encodeCursor(l.Next)}
	for _, e := range l.Entries {
		item := entryView{ID: e.ID, Kind: "folder", Name: e.Name, Ready: e.Ready, Statements: said[e.ID]}
		if !e.IsFolder {
			item.Kind, item.Size, item.MimeType = "file", &e.Size, e.MimeType
		}
		if e.Ready {
			item.PreviewURL = p.preview(v, e.ID, e.Version, pictures[e.Version], "fit320.")
		}
		page.Items = append(page.Items, item)
	}
	c.JSON(http.StatusOK, page)
	return nil
}

// ticketView is a proof.
type ticketView struct {
	Ticket    string    `json:"ticket"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (p *Public) answerTicket(c *gin.Context, v visit, t ticket) {
	c.JSON(http.StatusOK, ticketView{p.seal(v, t), t.until.UTC().Truncate(time.Second)})
}

// EnterPassword takes a password and answers with a ticket.
func (p *Public) EnterPassword(c *gin.Context) error {
	in, err := request.Body[struct {
		Password string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	v, err := p.visit(c)
	if err != nil {
		return err
	}
	t, err := p.enterPassword(c, v, in.Password)
	if err != nil {
		return err
	}
	p.answerTicket(c, v, t)
	return nil
}

// EnterCode takes a code and answers with a ticket.
func (p *Public) EnterCode(c *gin.Context) error {
	in, err := request.Body[struct {
		Code string `json:"code"`
	}](c)
	if err != nil {
		return err
	}
	v, err := p.visit(c)
	if err != nil {
		return err
	}
	t, err := p.enterCode(c, v, in.Code)
	if err != nil {
		return err
	}
	p.answerTicket(c, v, t)
	return nil
}

// SendCode has a code mailed.
func (p *Public) SendCode(c *gin.Context) error {
	v, err := p.visit(c)
	if err != nil {
		return err
	}
	if err := p.sendCode(c, v); err != nil {
		return err
	}
	c.Status(http.StatusAccepted)
	return nil
}

// IssueDownload answers with the address of a download, good for 15 minutes: of a file, or
// with all of a zip of what the share shows.
func (p *Public) IssueDownload(c *gin.Context) error {
	in, err := request.OptionalBody[struct {
		File   uuid.UUID `json:"file_id"`
		All    bool      `json:"all"`
		Folder uuid.UUID `json:"folder_id"`
	}](c)
	if err != nil {
		return err
	}
	if in.All && in.File != uuid.Nil || !in.All && in.Folder != uuid.Nil {
		return request.Invalid("all", "Name a file_id, or say all with or without a folder_id below which everything is meant.")
	}
	v, err := p.enter(c)
	if err != nil {
		return err
	}
	if in.All {
		all, err := p.issueAll(c.Request.Context(), v, in.Folder)
		if err != nil {
			return err
		}
		c.JSON(http.StatusCreated, all)
		return nil
	}
	d, err := p.issue(c.Request.Context(), v, in.File)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, d)
	return nil
}

// droppedList is what one visitor dropped, with the ticket that shows it.
type droppedList struct {
	Items  []droppedView `json:"items"`
	Ticket string        `json:"ticket"`
}

// ListDropped lists what the visitor of the ticket dropped.
func (p *Public) ListDropped(c *gin.Context) error {
	v, err := p.enterDrop(c)
	if err != nil {
		return err
	}
	items, err := p.dropped(c.Request.Context(), v)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, droppedList{items, p.seal(v, v.ticket)})
	return nil
}

// DropFiles takes a form with files. The answer says of each whether it was received; the
// list says later whether it was taken.
func (p *Public) DropFiles(c *gin.Context) error {
	v, err := p.enterDrop(c)
	if err != nil {
		return err
	}
	v = v.withDropper()
	all, err := p.receive(c, v)
	if err != nil {
		return err
	}
	if len(all) == 1 && all[0].refusal != nil {
		return all[0].refusal
	}
	c.JSON(http.StatusAccepted, struct {
		Items  []outcome `json:"items"`
		Ticket string    `json:"ticket"`
	}{all, p.seal(v, v.ticket)})
	return nil
}
