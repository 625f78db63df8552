package logins

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/logins/loginsdb"
	"satchel/tenancy/members"
	"satchel/tenancy/people"
)

// State is the state of a request.
type State string

// The states. No rule links a login whose request was dismissed.
const (
	Waiting   State = "waiting"
	Linked    State = "linked"
	Dismissed State = "dismissed"
)

// States lists every state.
var States = []State{Waiting, Linked, Dismissed}

// The reasons for which a login waits.
const (
	reasonNoPerson  = "no_person"
	reasonSeveral   = "several_people"
	reasonTaken     = "person_taken"
	reasonGuardian  = "guardian"
	reasonSeats     = "over_seats"
	reasonNotActive = "not_active"
)

// mostWaiting keeps a tenant with more accounts than people from filling the list.
const mostWaiting = 10_000

// RequestTerm is how long a login waits after its last sign-in. Then its request is
// deleted, and with it the name that the issuer showed.
const RequestTerm = 30 * 24 * time.Hour

// Request is a login that waits for an admin, or what became of it.
type Request struct {
	ID         uuid.UUID
	Issuer     string
	Subject    string
	Name       string // as the issuer shows it; "" once the request is decided
	Reason     string
	Candidates []uuid.UUID
	State      State
	User       *uuid.UUID // the person who has it now
	DecidedBy  *uuid.UUID // nil: a rule
	DecidedAt  *time.Time
	CreatedAt  time.Time
	SeenAt     time.Time // the last sign-in
}

// wait puts the login into the admin's list.
func (s signIn) wait(ctx context.Context, o *Outcome, reason string, found []candidate) error {
	o.Waits = true
	in := loginsdb.RequestPutParams{
		ID: tenancy.NewID(), Issuer: s.login.Issuer, Subject: s.login.Subject, ShownName: shownName(s.login.Name), Reason: reason, Candidates: []uuid.UUID{}, Most: mostWaiting,
	}
	for _, c := range found {
		in.Candidates = append(in.Candidates, c.User)
	}
	fresh, err := loginsdb.New(s.tx).RequestPut(ctx, in)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !fresh {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep the request of a login: %w", err)
	}
	return events.Record(ctx, s.tx, tenancy.NewID(), EventRequested, map[string]string{"request_id": in.ID.String(), "reason": reason})
}

// ListRequests reads a page of requests in the order of their ids, after the given
// one. An empty state lists all.
func ListRequests(ctx context.Context, q tenancy.Queries, state State, after uuid.UUID, limit int) ([]Request, error) {
	rows, err := loginsdb.New(q).RequestPage(ctx, loginsdb.RequestPageParams{State: string(state), After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list login requests: %w", err)
	}
	page := make([]Request, len(rows))
	for i, r := range rows {
		page[i] = requestOf(loginsdb.RequestLockRow(r))
	}
	return page, nil
}

func requestOf(r loginsdb.RequestLockRow) Request {
	return Request{
		ID: r.ID, Issuer: r.Issuer, Subject: r.Subject, Name: r.ShownName, Reason: r.Reason, Candidates: r.Candidates, State: State(r.State), User: r.UserID,
		DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt, CreatedAt: r.CreatedAt, SeenAt: r.SeenAt,
	}
}

func lockRequest(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (Request, error) {
	if err := members.Lock(ctx, tx); err != nil {
		return Request{}, err
	}
	row, err := loginsdb.New(tx).RequestLock(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Request{}, ErrNoRequest
	case err != nil:
		return Request{}, fmt.Errorf("read login request: %w", err)
	}
	return requestOf(row), nil
}

// Link gives the login of a request to a person, who may have others. A request that
// was dismissed can be linked after all. The same again changes nothing.
func Link(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, id, user uuid.UUID) (Request, error) {
	r, err := lockRequest(ctx, tx, id)
	switch {
	case err != nil:
		return r, err
	case r.State == Linked && r.User != nil && *r.User == user:
		return r, nil
	case r.State == Linked:
		return r, ErrDecided
	}
	if err := give(ctx, tx, by, r, user); err != nil {
		return r, err
	}
	if _, err := decide(ctx, tx, by, id, Linked, &user); err != nil {
		return r, err
	}
	if err := tell(ctx, tx, "login.link", EventLinked, user, ViaAdmin); err != nil {
		return r, err
	}
	return lockRequest(ctx, tx, id)
}

// give links the login and makes the person a member. Who may not manage the role
// that the person has may not sign in as them either.
func give(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, r Request, user uuid.UUID) error {
	p, err := people.Get(ctx, tx, user)
	if err != nil {
		return err
	}
	role := p.Role
	if role == "" {
		role = p.Kind.Role()
	}
	switch {
	case !by.MayManage(role):
		return members.ErrRank
	case p.State != people.Active:
		return ErrNotActive
	}
	if p.Role == "" {
		if err := members.Admit(ctx, tx, user, role); err != nil {
			return err
		}
	}
	if err := tenancy.PlaceLogin(ctx, tx, r.Issuer, r.Subject); err != nil {
		return err
	}
	linked, err := loginsdb.New(tx).LoginLink(ctx, loginsdb.LoginLinkParams{Issuer: r.Issuer, Subject: r.Subject, Person: user, Via: string(ViaAdmin), Linker: &by.User})
	if err != nil {
		return fmt.Errorf("link login: %w", err)
	}
	if !linked {
		return ErrCannot
	}
	return nil
}

func decide(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, id uuid.UUID, to State, user *uuid.UUID) (int64, error) {
	n, err := loginsdb.New(tx).RequestDecide(ctx, loginsdb.RequestDecideParams{ID: id, State: string(to), UserID: user, DecidedBy: &by.User})
	if err != nil {
		return 0, fmt.Errorf("decide login request: %w", err)
	}
	return n, nil
}

// Dismiss decides against a login: no rule links it any more. An admin still can.
func Dismiss(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, id uuid.UUID) (Request, error) {
	r, err := lockRequest(ctx, tx, id)
	switch {
	case err != nil || r.State == Dismissed:
		return r, err
	case r.State == Linked:
		return r, ErrDecided
	}
	if _, err := decide(ctx, tx, by, id, Dismissed, nil); err != nil {
		return r, err
	}
	if err := audit.Record(ctx, tx, audit.Event{Action: "login.dismiss", ObjectID: id.String()}); err != nil {
		return r, err
	}
	return lockRequest(ctx, tx, id)
}

// DeleteOld deletes requests that have waited for RequestTerm.
func DeleteOld(ctx context.Context, q tenancy.Queries) error {
	if err := loginsdb.New(q).RequestDelete(ctx, RequestTerm); err != nil {
		return fmt.Errorf("delete old login requests: %w", err)
	}
	return nil
}

// Accept gives the login to the person that the open invitation with this token names,
// and makes them a member.
func Accept(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte, issuer, subject string) (uuid.UUID, tenancy.Role, error) {
	user, role, err := members.AcceptAs(ctx, tx, id, hash, issuer, subject)
	if err != nil {
		return user, role, err
	}
	ctx = tenancy.WithActor(ctx, tenancy.Actor{Org: tx.Org(), User: user, Role: role})
	return user, role, tell(ctx, tx, "login.link", EventLinked, user, ViaInvitation)
}

// PersonLogin is one login of a person.
type PersonLogin struct {
	ID              uuid.UUID
	Issuer, Subject string
	Own             bool // the user was made for it
	Via             string
	LinkedBy        *uuid.UUID
	LinkedAt        time.Time
}

// Of lists the logins of a person.
func Of(ctx context.Context, q tenancy.Queries, user uuid.UUID) ([]PersonLogin, error) {
	rows, err := loginsdb.New(q).LoginsOf(ctx, user)
	if err != nil {
		return nil, fmt.Errorf("list logins: %w", err)
	}
	list := make([]PersonLogin, len(rows))
	for i, r := range rows {
		list[i] = PersonLogin{ID: r.ID, Issuer: r.Issuer, Subject: r.Subject, Own: r.Own, Via: r.LinkedVia, LinkedBy: r.LinkedBy, LinkedAt: r.LinkedAt}
	}
	return list, nil
}

// Unlink takes a login from a person, and no rule gives it back. With the last one
// the membership ends, as it was before the first; it says so.
func Unlink(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user, login uuid.UUID) (ended bool, err error) {
	if err := members.Lock(ctx, tx); err != nil {
		return false, err
	}
	p, err := people.Get(ctx, tx, user)
	if err != nil {
		return false, err
	}
	q := loginsdb.New(tx)
	l, err := q.LoginGet(ctx, loginsdb.LoginGetParams{ID: login, UserID: user})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, ErrNoLogin
	case err != nil:
		return false, fmt.Errorf("read login: %w", err)
	case l.Own:
		return false, ErrOwnLogin
	case !by.MayManage(p.Role):
		return false, members.ErrRank
	case p.Logins == 1 && (p.Role == tenancy.Owner || p.Role == tenancy.Admin):
		return false, ErrLastLogin
	}
	gone, err := q.LoginUnlink(ctx, loginsdb.LoginUnlinkParams{Login: login, Person: user})
	if err != nil {
		return false, fmt.Errorf("unlink login: %w", err)
	}
	if err := q.RequestDismiss(ctx, loginsdb.RequestDismissParams{ID: tenancy.NewID(), Issuer: gone.Issuer, Subject: gone.Subject, DecidedBy: &by.User}); err != nil {
		return false, fmt.Errorf("remember the unlinked login: %w", err)
	}
	if p.Logins == 1 {
		if ended, err = members.Withdraw(ctx, tx, user); err != nil {
			return false, err
		}
	}
	return ended, tell(ctx, tx, "login.unlink", EventUnlinked, user, "")
}
