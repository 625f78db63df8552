package consentrequests

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/activities/consentrequest"
	"satchel/api/consentpage"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/mailtext"
	"satchel/policies/audit"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
)

// Waker has the workflow of a request look at its row. The row is always changed before.
type Waker interface {
	WakeConsentRequest(ctx context.Context, org tenancy.OrgID, request uuid.UUID) error
}

// Parents answers parents, who have no account: the link of the mail is what they hold. It runs
// organization-wide, since a parent has no role there.
type Parents struct {
	DB      *tenancy.DB
	Waker   Waker
	Address func(*http.Request) netip.Addr // of the client
	Guessed func(from netip.Addr)          // charges a token that is none
	Log     *slog.Logger
	Now     func() time.Time
}

// maxToken is above any token of ours: 256 bits in base64url are 43 characters.
const maxToken = 100

func (p *Parents) find(c *gin.Context) (tenancy.ConsentRef, error) {
	token := c.Param("token")
	if token == "" || len(token) > maxToken {
		return tenancy.ConsentRef{}, requests.ErrNoLink
	}
	ref, found, err := p.DB.ConsentByToken(c.Request.Context(), requests.Hash(token))
	if err == nil && !found {
		if p.Guessed != nil {
			p.Guessed(p.Address(c.Request))
		}
		err = requests.ErrNoLink
	}
	return ref, err
}

// Show is the page of a link. It changes nothing and counts nothing: programs of mail servers
// follow links before people do.
func (p *Parents) Show(c *gin.Context) error {
	ref, err := p.find(c)
	return p.answer(c, ref, err, nil)
}

// Limited is the page for an address that asks too often. Nothing is asked of the link.
func (p *Parents) Limited(c *gin.Context, err error) {
	view := consentpage.View{What: consentpage.Crowded}
	if wait := fault.Of(err).RetryAfter; wait > 0 {
		view.RetryAfter = "60"
	}
	if err := consentpage.Write(c.Writer, c.Request, view); err != nil {
		request.Fail(c, err)
	}
}

// answer draws the page of a link as it is now.
func (p *Parents) answer(c *gin.Context, ref tenancy.ConsentRef, err error, more func(*consentpage.View)) error {
	view := consentpage.View{What: consentpage.Unknown}
	if err == nil {
		var s requests.Sight
		if s, err = requests.Look(c.Request.Context(), p.DB.Single(ref.Org), ref.Token, p.Now()); err == nil {
			view = viewOf(c.Param("token"), s)
		}
	}
	if err != nil && !errors.Is(err, requests.ErrNoLink) && !errors.Is(err, requests.ErrNoRequest) {
		view = consentpage.View{What: consentpage.Failed}
		p.Log.ErrorContext(c.Request.Context(), "answer parent failed", "request_id", request.ID(c), "error", err.Error())
	}
	if more != nil && err == nil {
		more(&view)
	}
	return consentpage.Write(c.Writer, c.Request, view)
}

func viewOf(token string, s requests.Sight) consentpage.View {
	v := consentpage.View{What: s.What, Organization: s.Organization, Contact: s.Contact, Language: s.Language}
	if s.What != requests.Ask && s.What != requests.Withdraw {
		return v
	}
	n := s.Notice.Notice
	v.Token, v.Child, v.Until, v.Written, v.Version, v.SHA256 = token, s.Child, s.ExpiresAt, s.Notice.Language, s.Notice.Number, s.Notice.SHA256
	v.Blocks = func(language string) []mailtext.Block { return consentrequest.Blocks(language, n) }
	v.Online, v.Disclosure = n.OnlineNotice, len(n.ThirdParties) > 0
	return v
}

// answered reads one question. Nothing is preset: what was not answered is no answer.
func answered(c *gin.Context, name string) (yes, given bool) {
	switch c.PostForm(name) {
	case "yes":
		return true, true
	case "no":
		return false, true
	}
	return false, false
}

// Answer takes the parent's answers.
func (p *Parents) Answer(c *gin.Context) error {
	return p.post(c, func(ctx context.Context, tx *tenancy.Tx, ref tenancy.ConsentRef) (requests.Outcome, error) {
		s, err := requests.Look(ctx, tx, ref.Token, p.Now())
		if err != nil {
			return requests.Outcome{}, err
		}
		var a requests.Answers
		use, given := answered(c, "use")
		if a.Use = use; !given {
			return requests.Outcome{}, requests.ErrAnswers
		}
		if len(s.Notice.Notice.ThirdParties) > 0 {
			disclose, given := answered(c, "disclose")
			if a.Disclose = &disclose; !given {
				return requests.Outcome{}, requests.ErrAnswers
			}
		}
		return requests.Answer(ctx, tx, ref.Token, a, p.visitor(c), p.Now())
	})
}

// Withdraw takes a parent's withdrawal.
func (p *Parents) Withdraw(c *gin.Context) error {
	return p.post(c, func(ctx context.Context, tx *tenancy.Tx, ref tenancy.ConsentRef) (requests.Outcome, error) {
		return requests.WithdrawConsent(ctx, tx, ref.Token, p.visitor(c), p.Now())
	})
}

func (p *Parents) visitor(c *gin.Context) requests.Visitor {
	return requests.Visitor{Address: p.Address(c.Request), Agent: c.Request.UserAgent()}
}

func (p *Parents) post(c *gin.Context, do func(context.Context, *tenancy.Tx, tenancy.ConsentRef) (requests.Outcome, error)) error {
	ref, err := p.find(c)
	if err != nil || !consentpage.IsKey(c.Param("token"), c.PostForm("key")) {
		return p.answer(c, ref, err, nil) // a form that is not of this page changes nothing
	}
	ctx := c.Request.Context()
	var o requests.Outcome
	err = p.DB.InTx(ctx, ref.Org, func(tx *tenancy.Tx) (err error) {
		if o, err = do(ctx, tx, ref); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.request_" + o.Event, ObjectID: o.Request.String(), Code: o.Decision.String()})
	})
	switch {
	case errors.Is(err, requests.ErrAnswers):
		return p.answer(c, ref, nil, func(v *consentpage.View) { v.Missing = v.What == requests.Ask })
	case errors.Is(err, requests.ErrUsed), errors.Is(err, requests.ErrOver):
		return p.answer(c, ref, nil, nil) // the page says what became of the link
	case err != nil:
		return p.answer(c, ref, err, nil)
	}
	if err := p.Waker.WakeConsentRequest(ctx, ref.Org, o.Request); err != nil { // the sweep makes up for it
		p.Log.WarnContext(ctx, "wake request for consent failed", "organization", ref.Org, "request", o.Request, "error", err)
	}
	return p.answer(c, ref, nil, func(v *consentpage.View) { v.Withdraw, v.Disagree = o.Withdraw, o.Disagree })
}
