package invitation

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/email"
	activities "satchel/activities/invitation"
	"satchel/internal/queue"
	"satchel/tenancy/members"
)

// The activities by name; their receivers are never called here.
var (
	mails *email.Activities
	ender *activities.Activities
)

// InviteMemberResult says whether this workflow ended the invitation, rather
// than a person.
type InviteMemberResult struct{ Expired bool }

// InviteMember sends an invitation's mail and waits for its end.
func InviteMember(ctx workflow.Context, in InviteMemberInput) (InviteMemberResult, error) {
	p := &process{in: in, ended: workflow.GetSignalChannel(ctx, InvitationEnded), resent: workflow.GetSignalChannel(ctx, InvitationResent)}
	return p.run(ctx)
}

// mostAttempts is above all attempts that fit into the time for which an
// invitation can be open.
const mostAttempts = int32(2 * members.MaxTerm / queue.MailPause)

type process struct {
	in            InviteMemberInput
	ended, resent workflow.ReceiveChannel

	over, expired, again bool
	sending              workflow.Future // nil while nothing is being sent
	stop                 workflow.CancelFunc
}

// run waits for the first of: the end of the mail's delivery, a request to resend,
// the person's answer, the expiry. The compensation, which ends the row, is
// registered before the first mail is sent.
func (p *process) run(ctx workflow.Context) (result InviteMemberResult, err error) {
	defer func() {
		if ctx.Err() != nil {
			own, cancel := workflow.NewDisconnectedContext(ctx)
			defer cancel()
			p.finish(own)
			err = errors.Join(ctx.Err(), p.end(own, members.Revoked))
		}
	}()
	remaining := p.in.ExpiresAt.Sub(workflow.Now(ctx))
	if remaining <= 0 {
		return InviteMemberResult{Expired: true}, p.end(ctx, members.Expired)
	}
	expiry := workflow.NewTimer(ctx, remaining)
	for p.resent.ReceiveAsync(nil) { // the signal that came with the start: the mail goes out anyhow
		p.in.Sent = false
	}
	if !p.in.Sent {
		p.send(ctx)
	}
	for !p.over && !p.expired && ctx.Err() == nil {
		p.wait(ctx, expiry)
		if p.sending == nil && !p.over && !p.expired && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			p.in.Sent = true
			return result, workflow.NewContinueAsNewError(ctx, InviteMember, p.in)
		}
	}
	if ctx.Err() != nil {
		return result, nil // the clean-up above says how it ended
	}
	p.finish(ctx)
	if p.expired && !p.over {
		return InviteMemberResult{Expired: true}, p.end(ctx, members.Expired)
	}
	return result, nil
}

func (p *process) wait(ctx workflow.Context, expiry workflow.Future) {
	s := workflow.NewSelector(ctx)
	s.AddReceive(p.ended, func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		p.over = true
	})
	s.AddReceive(p.resent, func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		p.again = true
		p.cancelSending()
	})
	s.AddFuture(expiry, func(f workflow.Future) { p.expired = f.Get(ctx, nil) == nil })
	s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	if p.sending != nil {
		s.AddFuture(p.sending, func(f workflow.Future) { p.sent(ctx, f) })
	}
	s.Select(ctx)
	if p.again && p.sending == nil && !p.over {
		p.again = false
		p.send(ctx)
	}
}

// sent ends one series of attempts. An invitation that is not open, or not there
// any more, needs no workflow.
func (p *process) sent(ctx workflow.Context, f workflow.Future) {
	p.sending, p.stop = nil, nil
	var r email.SendInvitationResult
	err := f.Get(ctx, &r)
	var refused *temporal.ApplicationError
	switch {
	case err == nil:
		p.over = r.State != members.Pending
	case errors.As(err, &refused) && refused.NonRetryable():
		p.over = true
	}
}

// send begins a series of attempts that lasts, at most, as long as the
// invitation.
func (p *process) send(ctx workflow.Context) {
	var own workflow.Context
	own, p.stop = workflow.WithCancel(ctx)
	patience := max(p.in.ExpiresAt.Sub(workflow.Now(ctx)), time.Second)
	// Awaited: two attempts at once would race for the token.
	mail := queue.Mail.Within(2*time.Minute, patience).Attempts(mostAttempts).Awaited()
	own = mail.On(own, queue.Interactive, p.in.Org.String(), queue.High)
	p.sending = workflow.ExecuteActivity(own, mails.SendInvitation, email.SendInvitationInput{Org: p.in.Org, Invitation: p.in.Invitation})
}

func (p *process) cancelSending() {
	if p.stop != nil {
		p.stop()
	}
}

// finish ends the pending mail.
func (p *process) finish(ctx workflow.Context) {
	p.cancelSending()
	if p.sending != nil {
		_ = p.sending.Get(ctx, nil) // whatever became of it, the row decides
		p.sending = nil
	}
}

func (p *process) end(ctx workflow.Context, to members.State) error {
	ctx = queue.Short.On(ctx, queue.Batch, p.in.Org.String(), queue.Default)
	in := activities.EndInvitationInput{Org: p.in.Org, Invitation: p.in.Invitation, To: to}
	return workflow.ExecuteActivity(ctx, ender.EndInvitation, in).Get(ctx, nil)
}
