// Package logins is which login is which person's: the rules by which a first sign-in
// finds its person, the logins that wait for an admin, and what is linked and unlinked
// by hand. A link makes the person a member in the same transaction.
package logins

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/logins/loginsdb"
	"satchel/tenancy/members"
	"satchel/tenancy/people"
)

// Via is by what a login was linked.
type Via string

// The ways. Known is a login that had been linked before, whose person was away.
const (
	ViaClaim      Via = "claim"
	ViaVerified   Via = "verified"
	ViaInvitation Via = "invitation"
	ViaAdmin      Via = "admin"
	ViaJIT        Via = "jit"
	ViaKnown      Via = "known"
)

// The types of events.
const (
	EventLinked    = "login.linked"
	EventUnlinked  = "login.unlinked"
	EventRequested = "login.requested"
)

// Login is who an issuer says has signed in. Its token has been verified.
type Login struct {
	Issuer, Subject string
	Domain          string // the claim hd, in lower case; "" when there is none
	Directory       string // the claim tid, likewise
	Email           string // only one that the issuer has verified
	Username        string
	Name            string                     // to show to the admin who decides
	Claim           func(name string) []string // the values of a claim, as texts
}

// Outcome is what a sign-in came to in one organization.
type Outcome struct {
	Org    tenancy.OrgID
	Linked bool // the person is a member now
	Waits  bool // an admin decides
}

// SignIn applies the rules of every organization that owns the login's tenant, each in
// a transaction of its own. Where the person is a member already, nothing changes.
func SignIn(ctx context.Context, db *tenancy.DB, h *people.Hasher, l Login) ([]Outcome, error) {
	if l.Domain == "" && l.Directory == "" || l.Issuer == tenancy.ServiceIssuer {
		return nil, nil
	}
	rules, err := db.LoginRules(ctx, l.Issuer, l.Domain, l.Directory)
	if err != nil {
		return nil, fmt.Errorf("find login rules: %w", err)
	}
	outcomes := make([]Outcome, 0, len(rules))
	for _, rule := range rules {
		outcome := Outcome{Org: rule.Org}
		if err := place(ctx, db, rule, l); err != nil {
			return outcomes, err
		}
		err := db.InTx(ctx, rule.Org, func(tx *tenancy.Tx) error {
			outcome.Linked, outcome.Waits = false, false // should the transaction run again
			return signIn{tx: tx, hasher: h, rule: rule, login: l}.resolve(ctx, &outcome)
		})
		if errors.Is(err, members.ErrSuspended) || errors.Is(err, members.ErrNotReady) {
			continue // the organization takes no members now; the next sign-in asks again
		}
		if err != nil {
			return outcomes, err
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

// place has the cluster of an organization know of the login, before anything there is made of it.
func place(ctx context.Context, db *tenancy.DB, rule tenancy.LoginRule, l Login) error {
	if len(db.Clusters()) == 0 {
		return nil
	}
	if rule.JITRole == "" {
		return db.PlaceLogin(ctx, rule.Org, l.Issuer, l.Subject)
	}
	_, err := db.EnsureUserOf(ctx, rule.Org, l.Issuer, l.Subject)
	return err
}

type signIn struct {
	tx     *tenancy.Tx
	hasher *people.Hasher
	rule   tenancy.LoginRule
	login  Login
}

// candidate is a person that a rule found.
type candidate struct {
	User  uuid.UUID
	Kind  people.Kind
	Taken bool // has a login or a membership
}

// resolve goes through the rules in their order: a login that is known, a claim, what
// the issuer has verified. The first that finds anyone decides: one that finds somebody
// else behind it would contradict it.
func (s signIn) resolve(ctx context.Context, o *Outcome) error {
	known, err := s.known(ctx)
	if err != nil || known.Member {
		return err
	}
	if err := members.Lock(ctx, s.tx); err != nil { // of two logins for one person at once, one wins
		return err
	}
	if known, err = s.known(ctx); err != nil || known.Member {
		return err
	}
	if known.UserID != uuid.Nil && people.State(known.State) == people.Active {
		return s.admit(ctx, o, known.UserID, people.Kind(known.Kind), ViaKnown)
	}
	dismissed, err := s.dismissed(ctx)
	switch {
	case err != nil:
		return err
	case dismissed:
		o.Waits = true
		return nil
	case known.UserID != uuid.Nil && known.State != "":
		return s.wait(ctx, o, reasonNotActive, []candidate{{User: known.UserID}})
	}
	return s.find(ctx, o)
}

// known is the user of the login here; without one its UserID is nil.
func (s signIn) known(ctx context.Context) (loginsdb.KnownUsersRow, error) {
	users, err := loginsdb.New(s.tx).KnownUsers(ctx, loginsdb.KnownUsersParams{Issuer: s.login.Issuer, Subject: s.login.Subject})
	if err != nil || len(users) == 0 {
		return loginsdb.KnownUsersRow{}, err
	}
	return users[0], nil
}

// dismissed says whether an admin has decided against the login, which no rule undoes.
func (s signIn) dismissed(ctx context.Context) (bool, error) {
	r, err := loginsdb.New(s.tx).RequestOf(ctx, loginsdb.RequestOfParams{Issuer: s.login.Issuer, Subject: s.login.Subject})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil && State(r.State) == Dismissed, err
}

func (s signIn) find(ctx context.Context, o *Outcome) error {
	found, err := s.byClaim(ctx)
	if err != nil {
		return err
	}
	via := ViaClaim
	if len(found) == 0 {
		if found, err = s.byVerified(ctx); err != nil {
			return err
		}
		via = ViaVerified
	}
	switch {
	case len(found) == 0 && s.rule.JITRole != "":
		return s.join(ctx, o)
	case len(found) == 0:
		return s.wait(ctx, o, reasonNoPerson, nil)
	case len(found) > 1:
		return s.wait(ctx, o, reasonSeveral, found)
	case found[0].Taken:
		return s.wait(ctx, o, reasonTaken, found)
	case via == ViaVerified && found[0].Kind == people.Guardian:
		// Schools know parents' addresses only by what somebody told them, and families
		// share them.
		return s.wait(ctx, o, reasonGuardian, found)
	}
	return s.link(ctx, o, found[0], via)
}

// maxValues is above any list of ids that a claim holds.
const maxValues = 20

func (s signIn) byClaim(ctx context.Context) ([]candidate, error) {
	if s.rule.PersonClaim == "" || s.login.Claim == nil {
		return nil, nil
	}
	values := slices.DeleteFunc(slices.Clone(s.login.Claim(s.rule.PersonClaim)), func(v string) bool { return v == "" })
	if len(values) == 0 || len(values) > maxValues {
		return nil, nil
	}
	rows, err := loginsdb.New(s.tx).CandidatesByClaim(ctx, values)
	if err != nil {
		return nil, fmt.Errorf("find people by a claim: %w", err)
	}
	found := make([]candidate, len(rows))
	for i, r := range rows {
		found[i] = candidate{User: r.UserID, Kind: people.Kind(r.Kind), Taken: r.Taken}
	}
	return found, nil
}

// byVerified counts guardians as well: an address that is a guardian's too says not
// who has signed in.
func (s signIn) byVerified(ctx context.Context) ([]candidate, error) {
	var in loginsdb.CandidatesByHashParams
	if s.rule.VerifyEmail {
		in.Email = s.hasher.HashEmail(s.rule.Org, s.login.Email)
	}
	if s.rule.VerifyUsername {
		in.Username = s.hasher.HashUsername(s.rule.Org, s.login.Username)
	}
	if in.Email == nil && in.Username == nil {
		return nil, nil
	}
	rows, err := loginsdb.New(s.tx).CandidatesByHash(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("find people by what is verified: %w", err)
	}
	found := make([]candidate, len(rows))
	for i, r := range rows {
		found[i] = candidate{User: r.UserID, Kind: people.Kind(r.Kind), Taken: r.Taken}
	}
	return found, nil
}

// seat says whether one is free. Without one the login waits, which the admin sees.
func (s signIn) seat(ctx context.Context) (bool, error) {
	err := members.CheckSeats(ctx, s.tx)
	if errors.Is(err, members.ErrOverSeats) {
		return false, nil
	}
	return err == nil, err
}

// link gives the login to the person.
func (s signIn) link(ctx context.Context, o *Outcome, c candidate, via Via) error {
	free, err := s.seat(ctx)
	if err != nil {
		return err
	}
	if !free {
		return s.wait(ctx, o, reasonSeats, []candidate{c})
	}
	linked, err := loginsdb.New(s.tx).LoginLink(ctx, loginsdb.LoginLinkParams{Issuer: s.login.Issuer, Subject: s.login.Subject, Person: c.User, Via: string(via)})
	if err != nil {
		return fmt.Errorf("link login: %w", err)
	}
	if !linked {
		return s.wait(ctx, o, reasonTaken, []candidate{c})
	}
	return s.admit(ctx, o, c.User, c.Kind, via)
}

// admit makes the person of the login a member, and tells of it.
func (s signIn) admit(ctx context.Context, o *Outcome, user uuid.UUID, kind people.Kind, via Via) error {
	err := members.Admit(ctx, s.tx, user, kind.Role())
	if errors.Is(err, members.ErrOverSeats) {
		return s.wait(ctx, o, reasonSeats, []candidate{{User: user}})
	}
	if err != nil {
		return err
	}
	o.Linked = true
	ctx = tenancy.WithActor(ctx, tenancy.Actor{Org: s.tx.Org(), User: user, Role: kind.Role()})
	return tell(ctx, s.tx, "login.link", EventLinked, user, via)
}

// join makes a member of someone who matches no person, by the login's own user.
func (s signIn) join(ctx context.Context, o *Outcome) error {
	free, err := s.seat(ctx)
	if err != nil {
		return err
	}
	if !free {
		return s.wait(ctx, o, reasonSeats, nil)
	}
	kind := people.Student
	if s.rule.JITRole == tenancy.Teacher {
		kind = people.Staff
	}
	user, err := loginsdb.New(s.tx).UserEnsure(ctx, loginsdb.UserEnsureParams{ID: tenancy.NewID(), Issuer: s.login.Issuer, Subject: s.login.Subject})
	if err != nil {
		return fmt.Errorf("make user: %w", err)
	}
	n := people.NewPerson{User: user, Known: true, Kind: kind, Name: shownName(s.login.Name)}
	if _, _, err := people.Create(ctx, s.tx, n); err != nil {
		return err
	}
	return s.admit(ctx, o, user, kind, ViaJIT)
}

// shownName is the issuer's name for a person as it can be shown; "" for one that
// cannot.
func shownName(name string) string {
	const most = 200
	runes := []rune(tenancy.PlainName(name))
	return string(runes[:min(len(runes), most)])
}

// tell records what became of a login in the audit log, and as an event of the
// organization.
func tell(ctx context.Context, tx *tenancy.Tx, action, event string, user uuid.UUID, via Via) error {
	if err := events.Record(ctx, tx, tenancy.NewID(), event, told{User: user, Via: via}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: user.String(), Code: string(via)})
}

type told struct {
	User uuid.UUID `json:"user_id"`
	Via  Via       `json:"via,omitempty"`
}

// What a caller can meet.
var (
	ErrNoRequest = fault.New(fault.NotFound, "login_request_not_found", "There is no such login request.")
	ErrDecided   = fault.New(fault.Conflict, "login_request_decided", "This login has been linked already. Take it from the person first: DELETE …/people/{user}/logins/{login}.")
	ErrNoLogin   = fault.New(fault.NotFound, "login_not_found", "This person has no such login.")
	ErrOwnLogin  = fault.New(fault.Conflict, "own_login", "This user was made for this login, which cannot be taken away. Remove the member instead.")
	ErrLastLogin = fault.New(fault.Conflict, "last_login", "This is the only login of an owner or admin. Give the person another role first.")
	ErrCannot    = fault.New(fault.Conflict, "login_taken", "The login cannot be linked to this person: it is somebody's of this organization already, or the person is a member with an account of their own.")
	ErrNotActive = fault.New(fault.Conflict, "person_not_active", "The person is leaving or has left. Set their state to active first.")
)
