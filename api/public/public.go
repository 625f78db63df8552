// Package public is what somebody without an account meets at the address of a share: the
// page for people, and its twin for programs. It runs organization-wide, since a visitor
// is no member; what a share shows is asked of shares/visitors at each use.
package public

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/content"
	"satchel/api/delivery/signed"
	"satchel/api/ratelimit"
	"satchel/api/sharepage"
	"satchel/api/uploads"
	"satchel/internal/fault"
	"satchel/shares"
	"satchel/shares/visitors"
	"satchel/tenancy"
)

// Paths of the page and of its twin.
const (
	PagePath = "/s/:token"
	APIPath  = "/api/v1/public/shares/:token"
)

// Codes has codes mailed to people outside. The address is in the row; the code is made
// where the mail is.
type Codes interface {
	SendCode(ctx context.Context, org tenancy.OrgID, share, recipient uuid.UUID) error
}

// Uploads takes the files of drop boxes. *uploads.Uploads is one.
type Uploads interface {
	Form(ctx context.Context, actor tenancy.Actor, a uploads.Metadata, body io.Reader, length int64) (uploads.Accepted, error)
	TusHandler() http.Handler
}

// Ports are the dependencies of the package.
type Ports struct {
	DB         *tenancy.DB // organization-wide
	Keys       *signed.Keys
	Uploads    Uploads
	Codes      Codes
	Address    func(*http.Request) netip.Addr  // of the client
	Guessed    func(from netip.Addr)           // charges a token that is none
	Reason     func(d visitors.Dropped) string // a refusal, in a sentence
	ContentURL string                          // of the content host
	Log        *slog.Logger
}

// Public answers visitors.
type Public struct {
	Ports
	page      *sharepage.Page
	recorded  slots
	verifying chan struct{} // passwords that are being checked: each takes a processor and memory
	dropping  *ratelimit.Concurrency[netip.Addr]
}

// mostDrops is how many files one address may be sending at once. A class drops at the
// end of a lesson, from one address.
const mostDrops = 64

// New makes the handlers.
func New(p Ports) *Public {
	return &Public{
		Ports: p, page: sharepage.New(p.ContentURL), verifying: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), dropping: ratelimit.NewConcurrency[netip.Addr](mostDrops),
	}
}

// maxToken is above any token of ours: 256 bits in base64url are 43 characters.
const maxToken = 100

// visit is one request of a visitor: the share of its token, and what its ticket proves.
type visit struct {
	ref    tenancy.ShareVisit
	share  visitors.Share
	ticket ticket
	over   bool // the ticket proved more once
}

// visit finds the share of the request's token. Every share is found, open or ended: the
// caller asks entered or the state.
func (p *Public) visit(c *gin.Context) (visit, error) {
	ctx, token := c.Request.Context(), c.Param("token")
	if token == "" || len(token) > maxToken {
		return visit{}, p.unknown(c)
	}
	ref, found, err := p.DB.ShareByToken(ctx, shares.Hash(token))
	if err != nil {
		return visit{}, err
	}
	if !found {
		return visit{}, p.unknown(c)
	}
	v := visit{ref: ref}
	if v.share, err = visitors.Get(ctx, p.DB.Single(ref.Org), ref); err != nil {
		return v, err
	}
	v.ticket, v.over = p.readTicket(c, v)
	return v, nil
}

// unknown charges a guess.
func (p *Public) unknown(c *gin.Context) error {
	if p.Guessed != nil {
		p.Guessed(p.Address(c.Request))
	}
	return visitors.ErrUnknown
}

// entered says why the visitor may not go in; nil when they may.
func (v visit) entered() error {
	if refused := visitors.Refusal(v.share.Status); refused != nil {
		return refused
	}
	switch {
	case v.share.Kind == shares.People && !v.ticket.code:
		return visitors.ErrCode
	case v.share.PasswordHash != "" && !v.ticket.password:
		return visitors.ErrPassword
	}
	return nil
}

// enter is visit for those who must be inside. Who may not go in is on record.
func (p *Public) enter(c *gin.Context) (visit, error) {
	v, err := p.visit(c)
	if err == nil {
		err = v.entered()
	}
	p.recordRefusal(c.Request.Context(), v.ref, visitors.Page, uuid.Nil, err)
	return v, err
}

// attempt counts an attempt of the client's address at the share before f looks at it, and
// forgets it when f found it good.
func (p *Public) attempt(c *gin.Context, v visit, f func() error) error {
	ctx, q := c.Request.Context(), p.DB.Single(v.ref.Org)
	address := p.Keys.Hash("share attempt", v.ref.Share.String()+p.Address(c.Request).String())
	if err := visitors.Attempt(ctx, q, v.ref.Share, address); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return visitors.Forgive(ctx, q, v.ref.Share, address)
}

// enterPassword checks a password and gives the ticket that proves it.
func (p *Public) enterPassword(c *gin.Context, v visit, password string) (ticket, error) {
	if refused := visitors.Refusal(v.share.Status); refused != nil {
		return ticket{}, refused
	}
	if v.share.Kind == shares.People && !v.ticket.code {
		return ticket{}, visitors.ErrCode
	}
	err := p.attempt(c, v, func() error {
		select {
		case p.verifying <- struct{}{}:
			defer func() { <-p.verifying }()
		case <-c.Request.Context().Done():
			return c.Request.Context().Err()
		}
		if v.share.PasswordHash == "" || !shares.CheckPassword(v.share.PasswordHash, password) {
			return visitors.ErrWrongPassword
		}
		return nil
	})
	p.recordProof(c.Request.Context(), v, visitors.Password, err)
	if err != nil {
		return ticket{}, err
	}
	return v.proven(func(t *ticket) { t.password = true }), nil
}

// enterCode checks a code and gives the ticket that proves it.
func (p *Public) enterCode(c *gin.Context, v visit, code string) (ticket, error) {
	if err := v.named(); err != nil {
		return ticket{}, err
	}
	ctx := c.Request.Context()
	err := p.attempt(c, v, func() error {
		return visitors.UseCode(ctx, p.DB.Single(v.ref.Org), v.ref.Share, *v.ref.Recipient, code)
	})
	p.recordProof(ctx, v, visitors.Code, err)
	if err != nil {
		return ticket{}, err
	}
	return v.proven(func(t *ticket) { t.code = true }), nil
}

// errNotNamed refuses a code for a link.
var errNotNamed = fault.New(fault.Invalid, "share_without_code", "This share needs no code: anyone who holds its link may use it.")

// named refuses who is no named person of an open share.
func (v visit) named() error {
	if refused := visitors.Refusal(v.share.Status); refused != nil {
		return refused
	}
	if v.ref.Recipient == nil {
		return errNotNamed
	}
	return nil
}

// sendCode has a code mailed. Asking counts as an attempt, so that no mailbox is
// filled by it.
func (p *Public) sendCode(c *gin.Context, v visit) error {
	if err := v.named(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	address := p.Keys.Hash("share code", v.ref.Share.String()+v.ref.Recipient.String())
	if err := visitors.Attempt(ctx, p.DB.Single(v.ref.Org), v.ref.Share, address); err != nil {
		return err
	}
	return p.Codes.SendCode(ctx, v.ref.Org, v.ref.Share, *v.ref.Recipient)
}

// stateOf is the state of the page for an error.
func stateOf(err error) sharepage.State {
	for known, state := range map[*fault.Fault]sharepage.State{
		visitors.ErrUnknown: sharepage.Unknown, visitors.ErrNotYet: sharepage.NotYet, visitors.ErrExpired: sharepage.Expired, visitors.ErrRevoked: sharepage.Revoked,
		visitors.ErrEnded: sharepage.Ended, visitors.ErrUsedUp: sharepage.UsedUp, visitors.ErrTrashed: sharepage.InTrash, visitors.ErrInside: sharepage.Refused, visitors.ErrNoBasis: sharepage.Refused,
		visitors.ErrSuspended: sharepage.Unavailable, visitors.ErrChecking: sharepage.Checking, visitors.ErrWithheld: sharepage.Quarantined,
		visitors.ErrPassword: sharepage.Password, visitors.ErrWrongPassword: sharepage.Password, visitors.ErrCode: sharepage.Code, visitors.ErrWrongCode: sharepage.Code,
	} {
		if errors.Is(err, known) {
			return state
		}
	}
	if fault.KindOf(err) == fault.Limited {
		return sharepage.Busy
	}
	return sharepage.Failed
}

// previewLife is how long the address of a picture lives, and downloadLife that of a
// download.
const (
	previewLife  = 10 * time.Minute
	downloadLife = 15 * time.Minute
)

// preview is the address of the picture of a version, the one of about the wanted width.
func (p *Public) preview(v visit, file, version uuid.UUID, pictures []string, wanted string) string {
	for _, name := range pictures {
		if strings.HasPrefix(name, wanted) {
			return p.Keys.URL(p.ContentURL, signed.Link{
				Organization: v.ref.Org, File: file, Version: version, Name: name, Transformation: content.RenditionWord(name), Share: v.ref.Share, Expires: time.Now().Add(previewLife),
			})
		}
	}
	return ""
}

// download is a download that was issued.
type download struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`

	Statements []visitors.Statement `json:"statements,omitempty"` // about the record that leaves
}

// issue makes a download of a file that the share shows.
func (p *Public) issue(ctx context.Context, v visit, file uuid.UUID) (d download, err error) {
	// The visitor chose the file: its id is not in the record, where each would be a row.
	defer func() { p.recordRefusal(ctx, v.ref, visitors.Download, uuid.Nil, err) }()
	switch {
	case v.share.IsDropBox():
		return download{}, visitors.ErrDropOnly
	case v.share.Permission != shares.Download:
		return download{}, visitors.ErrViewOnly
	case v.share.File != nil:
		file = *v.share.File
	}
	q := p.DB.Single(v.ref.Org)
	version, err := visitors.GetVersion(ctx, q, v.ref.Share, file, false)
	if err == nil {
		if refused := version.Refusal(); refused != nil {
			err = refused
		}
	}
	if err != nil {
		return download{}, err
	}
	said, err := visitors.StatementsOf(ctx, q, version.File)
	if err != nil {
		return download{}, err
	}
	id, until, err := visitors.Issue(ctx, q, v.ref, version)
	if err != nil {
		return download{}, err
	}
	return download{URL: p.Keys.URL(p.ContentURL, signed.Link{
		Organization: v.ref.Org, File: version.File, Version: version.ID, Name: version.Name, Share: v.ref.Share, Download: id, Attachment: true, Expires: until,
	}), ExpiresAt: until.UTC(), Statements: said[version.File]}, nil
}
