package public

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/forms"
	"satchel/api/problem"
	"satchel/api/request"
	"satchel/api/sharepage"
	"satchel/api/uploads"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/shares/visitors"
	"satchel/tenancy"
)

// Bounds of one form of a drop box.
const (
	maxParts = 200
	maxGiver = 100 // characters of a visitor's name
)

var (
	errNoFile = fault.New(fault.Invalid, "file_missing", "The form has no file. Choose one, and send it in a part named file.")
	errNoName = fault.New(fault.Invalid, "name_missing", "Say who you are in a part named name, before the files. The person who shared this drop box reads it beside your files.")
	errBusy   = fault.New(fault.Limited, "too_many_requests_at_once", "From your address, %d files are being sent at once, which is the most. Wait until one has ended.", mostDrops)
	errUpload = fault.New(fault.NotFound, "upload_not_found", "There is no such upload. Create a new one.")
)

// enterDrop is enter for who sends files.
func (p *Public) enterDrop(c *gin.Context) (visit, error) {
	v, err := p.enter(c)
	if err == nil && !v.share.IsDropBox() {
		err = visitors.ErrNotDrop
	}
	return v, err
}

// withDropper gives the visitor a dropper, which is in the ticket from here on. A named person
// has the same one on each of their devices.
func (v visit) withDropper() visit {
	switch {
	case v.ref.Recipient != nil:
		v.ticket.dropper = *v.ref.Recipient
	case v.ticket.dropper == uuid.Nil:
		v.ticket.dropper = tenancy.NewID()
	}
	return v
}

// sharer is who acts for the visitor in the organization: what is dropped is the sharer's, against
// the organization's quota, and ends to be possible when they may not add there any more.
func (v visit) sharer() tenancy.Actor {
	return tenancy.Actor{Org: v.ref.Org, User: v.share.CreatedBy, Role: v.share.SharerRole}
}

// placement is where a dropped file goes, and what is written down of it.
func (v visit) placement(giver string) uploads.Placement {
	at := uploads.Placement{
		Accepts:      v.share.Accepts,
		BeforeCreate: func(ctx context.Context, tx *tenancy.Tx) error { return visitors.Lock(ctx, tx, v.ref.Share) },
		OnCreate: func(ctx context.Context, tx *tenancy.Tx, t files.Created) error {
			return visitors.Add(ctx, tx, visitors.Drop{Ref: v.ref, Version: t.Version, Dropper: v.ticket.dropper, Giver: giver})
		},
	}
	if v.share.Folder != nil {
		at.Folder = *v.share.Folder
	} else if v.share.Space != nil {
		at.Space = *v.share.Space
	}
	if giver != "" {
		at.Description = "Dropped by " + giver + "."
	}
	return at
}

// outcome is what became of one file of a form.
type outcome struct {
	Name    string     `json:"name"`
	Upload  *uuid.UUID `json:"upload_id"` // null: refused
	Code    string     `json:"code,omitempty"`
	Detail  string     `json:"detail,omitempty"`
	refusal error
}

// receive takes the files of a form one after another. One that is refused does not stop
// those behind it.
func (p *Public) receive(c *gin.Context, v visit) ([]outcome, error) {
	leave, ok := p.dropping.Enter(p.Address(c.Request))
	if !ok {
		return nil, errBusy
	}
	defer leave()
	form, err := forms.New(c.Request)
	if err != nil {
		return nil, forms.ErrForm.Because(err)
	}
	var giver string
	var all []outcome
	for range maxParts {
		part, err := form.Next()
		switch {
		case errors.Is(err, io.EOF) && len(all) == 0:
			return nil, errNoFile
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		case part.FormName() == "name":
			if giver, err = readGiver(part); err != nil {
				return nil, err
			}
		case part.FormName() == "file" && part.FileName() != "":
			if giver == "" && v.ref.Recipient == nil {
				return all, errNoName
			}
			o := p.receiveOne(c.Request.Context(), v, giver, part)
			if k := fault.KindOf(o.refusal); o.refusal != nil && (k == fault.Internal || k == fault.Unavailable) {
				return all, o.refusal
			}
			all = append(all, o)
		}
	}
	return all, forms.ErrForm
}

func (p *Public) receiveOne(ctx context.Context, v visit, giver string, part *multipart.Part) outcome {
	name := unescaped.Replace(part.FileName())
	said, err := v.placement(giver).Metadata(name, part.Header.Get("Content-Type"), "")
	o := outcome{Name: name}
	if err == nil {
		var t uploads.Accepted
		if t, err = p.Uploads.Form(tenancy.WithActor(ctx, v.sharer()), v.sharer(), said, part, -1); err == nil {
			o.Upload = &t.Version
		}
	}
	a := visitors.Access{Ref: v.ref, What: visitors.Upload}
	if err != nil {
		f := problem.Of(err)
		o.Code, o.Detail, o.refusal, a.Code = f.Code, f.Text, err, f.Code
	}
	p.record(ctx, a)
	return o
}

// unescaped undoes what browsers do to the name in a form: they escape these three
// characters and no others (HTML, multipart/form-data encoding algorithm).
var unescaped = strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n")

// readGiver reads the name that a visitor gives. It is shown to the sharer.
func readGiver(part io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(part, 4*maxGiver+1))
	if err != nil {
		return "", forms.ErrForm.Because(err)
	}
	return cleanGiver(string(b))
}

func cleanGiver(name string) (string, error) {
	name = strings.TrimSpace(name)
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxGiver || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
		return "", request.Invalid("name", "name is text of at most %d characters without control characters.", maxGiver)
	}
	return name, nil
}

// PostFiles takes the form of a drop box.
func (p *Public) PostFiles(c *gin.Context) error {
	v, err := p.enterDrop(c)
	if err != nil {
		return p.answerPage(c, v, err)
	}
	v = v.withDropper()
	all, err := p.receive(c, v)
	var refused error
	for _, o := range all {
		refused = errors.Join(refused, o.refusal)
	}
	if err == nil && refused == nil {
		p.seeOther(c, v, v.ticket)
		return nil
	}
	if k := fault.KindOf(err); err != nil && (k == fault.Internal || k == fault.Limited) {
		return p.answerPage(c, v, err)
	}
	return p.answerPage(c, v, nil, func(view *sharepage.View) { view.Problem, view.ProblemText = dropProblem(err, all) })
}

// dropProblem is the sentence of the first refusal, and in the visitor's language what it
// is about.
func dropProblem(err error, all []outcome) (key, text string) {
	switch {
	case errors.Is(err, errNoFile):
		return "drop_no_file", ""
	case errors.Is(err, errNoName):
		return "drop_no_name", ""
	case err != nil:
		return "drop_refused", problem.Of(err).Text
	}
	for _, o := range all {
		switch {
		case o.refusal == nil:
		case errors.Is(o.refusal, visitors.ErrDropFull):
			return "drop_full", ""
		case errors.Is(o.refusal, visitors.ErrDropTooMuch):
			return "drop_too_much", ""
		default:
			return "drop_refused", o.Detail
		}
	}
	return "", ""
}

// fillDrop shows what a drop box takes, and what this visitor dropped.
func (p *Public) fillDrop(c *gin.Context, v visit, view *sharepage.View) error {
	d := p.dropOf(c, v)
	view.Drop = d
	dropped, err := p.dropped(c.Request.Context(), v)
	for _, f := range dropped {
		d.Dropped = append(d.Dropped, sharepage.Dropped{Name: f.Name, Size: f.Size, State: f.State, Reason: f.Reason})
	}
	return err
}

// dropOf is what a drop box takes now.
func (p *Public) dropOf(c *gin.Context, v visit) *sharepage.Drop {
	s := v.share
	d := &sharepage.Drop{
		Kinds: s.Accepted, AskName: v.ref.Recipient == nil, Upload: "/api/v1/public/shares/" + url.PathEscape(c.Param("token")) + "/tus",
	}
	if s.MaxFiles != nil {
		n := int(max(0, *s.MaxFiles-s.DroppedFiles))
		d.FilesLeft = &n
	}
	if s.MaxBytes != nil {
		n := max(0, *s.MaxBytes-s.DroppedBytes)
		d.BytesLeft = &n
	}
	return d
}

// droppedView is a file as the visitor who sent it sees it.
type droppedView struct {
	Upload uuid.UUID `json:"upload_id"`
	Name   string    `json:"name"`
	Size   int64     `json:"size"`
	State  string    `json:"state"` // checking, taken, refused
	Reason string    `json:"reason,omitempty"`
}

func (p *Public) dropped(ctx context.Context, v visit) ([]droppedView, error) {
	dropper := v.ticket.dropper
	if v.ref.Recipient != nil {
		dropper = *v.ref.Recipient
	}
	if dropper == uuid.Nil {
		return []droppedView{}, nil
	}
	rows, err := visitors.ListDropped(ctx, p.DB.Single(v.ref.Org), v.ref.Share, dropper)
	all := make([]droppedView, len(rows))
	for i, r := range rows {
		all[i] = droppedView{Upload: r.Version, Name: r.Name, Size: r.Size, State: droppedState(r.Status)}
		if all[i].State == "refused" && p.Reason != nil {
			all[i].Reason = p.Reason(r)
		}
	}
	return all, err
}

func droppedState(status string) string {
	switch files.Status(status) {
	case files.Published, files.Deleted: // what becomes of it later is not the visitor's to know
		return "taken"
	case files.Uploading, files.Processing, files.Held:
		return "checking"
	case files.Quarantined, files.Rejected, files.Failed, files.Expired:
	}
	return "refused"
}

// GiverHeader carries the visitor's name in percent-encoding, where a request has no form.
const GiverHeader = "Share-Giver"

// Tus takes files piece by piece. The visitor acts as the sharer within an upload that is
// theirs by their ticket, and reaches no other.
func (p *Public) Tus(c *gin.Context) error {
	v, err := p.enterDrop(c)
	if err != nil {
		return err
	}
	path, ctx := uploads.TusPath, tenancy.WithActor(c.Request.Context(), v.sharer())
	if id := c.Param("id"); id != "" {
		version, err := uuid.Parse(id)
		if err != nil {
			return errUpload.Because(err)
		}
		mine, err := visitors.IsDropper(ctx, p.DB.Single(v.ref.Org), v.ref.Share, version, v.withDropper().ticket.dropper)
		if err != nil {
			return err
		}
		if !mine {
			return errUpload
		}
		path += "/" + version.String()
	} else if v, ctx, err = p.announce(c, v, ctx); err != nil {
		return err
	}
	leave, ok := p.dropping.Enter(p.Address(c.Request))
	if !ok {
		return errBusy
	}
	defer leave()
	in := c.Request.Clone(ctx)
	in.URL.Path, in.URL.RawPath = path, ""
	in.Header.Del("X-HTTP-Method-Override")
	w := &moved{ResponseWriter: c.Writer, base: "/api/v1/public/shares/" + url.PathEscape(c.Param("token")) + "/tus"}
	if c.Request.Method == http.MethodPost {
		w.ticket = p.seal(v, v.ticket)
	}
	p.Uploads.TusHandler().ServeHTTP(w, in)
	return nil
}

// announce prepares the creation of an upload.
func (p *Public) announce(c *gin.Context, v visit, ctx context.Context) (visit, context.Context, error) { //nolint:revive // the request's context is in c
	name, err := url.PathUnescape(c.GetHeader(GiverHeader))
	if err == nil {
		name, err = cleanGiver(name)
	}
	if err != nil {
		return v, ctx, request.Invalid("name", "%s is the name of who sends the files, in percent-encoding.", GiverHeader)
	}
	if name == "" && v.ref.Recipient == nil {
		return v, ctx, errNoName
	}
	v = v.withDropper()
	return v, uploads.WithPlacement(uploads.WithID(ctx, tenancy.NewID()), v.placement(name)), nil
}

// moved puts the address of an upload below that of its share, and the ticket beside it.
type moved struct {
	gin.ResponseWriter
	base, ticket string
}

// WriteHeader rewrites Location, which is all that the protocol's handler says of where it
// is.
func (m *moved) WriteHeader(status int) {
	h := m.Header()
	if at := h.Get("Location"); at != "" {
		h.Set("Location", m.base+at[strings.LastIndexByte(at, '/'):])
	}
	h.Del("X-File-ID") // of the organization's, and nothing to a visitor
	if m.ticket != "" && status < http.StatusBadRequest {
		h.Set(TicketHeader, m.ticket)
	}
	m.ResponseWriter.WriteHeader(status)
}

// Unwrap lets deadlines reach the connection.
func (m *moved) Unwrap() http.ResponseWriter { return m.ResponseWriter }
