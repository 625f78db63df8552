package shares

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/policies/disclosure"
	"satchel/shares/sharesdb"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// DefaultLife is how long a share with people outside is open that says no end, and whose
// organization has no shorter life.
const DefaultLife = 30 * 24 * time.Hour

// New describes a share. Zero and nil are without.
type New struct {
	ID           uuid.UUID
	Kind         Kind
	Permission   Permission // empty: Download
	Target       Target
	Version      int32 // the number of the version that is shown; 0: the current one
	Label        string
	Password     string
	StartsAt     *time.Time // nil: now
	ExpiresAt    *time.Time // nil: DefaultLife outside, without end inside
	MaxDownloads *int32
	Bounds       Bounds
	With         []Person
	Purpose      disclosure.Purpose // of records that go to people outside; without it none does
}

// Person is one recipient of a share: a member, a class, or an address outside.
type Person struct {
	User, Class uuid.UUID
	Email, Name string
}

// Create makes a share with its recipients and, of a link, the token, which is shown
// once. Inside the organization those whom it names have it with the commit. The same id
// again is an error: ErrMade for a link, whose token is gone, and the share for the others.
func Create(ctx context.Context, tx *tenancy.Tx, n New) (made Share, token string, err error) {
	if n.Permission == "" {
		n.Permission = Download
	}
	if err := n.check(); err != nil {
		return Share{}, "", err
	}
	q := sharesdb.New(tx)
	if err := n.checkTarget(ctx, q); err != nil {
		return Share{}, "", err
	}
	if err := n.checkPolicy(ctx, tx); err != nil {
		return Share{}, "", err
	}
	p := sharesdb.ShareInsertParams{
		ID: n.ID, Kind: string(n.Kind), Permission: string(n.Permission), FileID: some(n.Target.File), FolderID: some(n.Target.Folder), SpaceID: some(n.Target.Space),
		Label: n.Label, StartsAt: n.StartsAt, ExpiresAt: n.ExpiresAt, MaxDownloads: n.MaxDownloads,
		MaxFiles: some(n.Bounds.MaxFiles), MaxBytes: some(n.Bounds.MaxBytes), Accepted: append([]string{}, n.Bounds.Accepted...),
		Basis: n.Purpose.Basis, Interest: n.Purpose.Interest, Consent: some(n.Purpose.Consent),
	}
	if p.VersionID, err = version(ctx, q, n.Target.File, n.Version); err != nil {
		return Share{}, "", err
	}
	if n.Kind == Link {
		token, p.TokenHash = NewToken()
	}
	if n.Password != "" {
		hash := HashPassword(n.Password)
		p.PasswordHash = &hash
	}
	rows, err := q.ShareInsert(ctx, p)
	switch {
	case err != nil:
		return Share{}, "", refused("make share", err)
	case rows == 0:
		return Share{}, "", ErrMade
	}
	if err := add(ctx, q, n.ID, n.With); err != nil {
		return Share{}, "", err
	}
	if n.Kind.Outside() {
		if err := disclosure.Opened(ctx, tx, n.ID, n.Purpose); err != nil {
			return Share{}, "", err
		}
	}
	made, err = Get(ctx, tx, n.ID)
	return made, token, err
}

// add inserts recipients. All or none: a share that silently reaches fewer is a mistake
// that is not noticed.
func add(ctx context.Context, q *sharesdb.Queries, share uuid.UUID, with []Person) error {
	for _, p := range with {
		rows, err := q.RecipientInsert(ctx, sharesdb.RecipientInsertParams{
			ShareID: share, ID: tenancy.NewID(), UserID: some(p.User), ClassID: some(p.Class), Email: some(p.Email), Name: p.Name,
		})
		if err != nil {
			return refused("add recipient", err)
		}
		if rows == 0 {
			return ErrRecipient
		}
	}
	return nil
}

// check refuses what cannot be a share, before anything is read.
func (n New) check() error {
	switch {
	case !slices.Contains(Kinds, n.Kind):
		return errKind
	case !isOne(n.Target):
		return errTarget
	case n.Target.Space != uuid.Nil && n.Kind == Classes:
		return errClassSpace
	case len(n.Label) > 0 && !isText(n.Label, 200):
		return errLabel
	case n.Version < 0, n.Version > 0 && (n.Target.File == uuid.Nil || !n.Kind.Outside()):
		return errPin
	case n.Password != "" && (!n.Kind.Outside() || !isPassword(n.Password)):
		return errNewPass
	}
	if err := checkPermission(n.Kind, n.Permission, n.Target); err != nil {
		return err
	}
	if err := checkLimits(n.Kind, n.Permission, n.MaxDownloads, n.Bounds); err != nil {
		return err
	}
	if err := checkTimes(n.StartsAt, n.ExpiresAt); err != nil {
		return err
	}
	return n.checkWith()
}

func checkPermission(k Kind, p Permission, t Target) error {
	switch {
	case !slices.Contains(Permissions, p):
		return errPermission
	case p == Upload && t.File != uuid.Nil:
		return errUploadFile
	case p == Edit && k.Outside():
		return errEditLink
	case p == View && !k.Outside():
		return errViewInside
	}
	return nil
}

const (
	mostDownloads = 1_000_000
	mostFiles     = 100_000
	mostBytes     = 1 << 50
	mostAccepted  = 100
	mostPeople    = 200
)

var extension = regexp.MustCompile(`^[a-z0-9][a-z0-9_+-]{0,15}$`)

func checkLimits(k Kind, p Permission, downloads *int32, b Bounds) error {
	if downloads != nil && (!k.Outside() || p != Download || *downloads < 1 || *downloads > mostDownloads) {
		return errLimit
	}
	bounded := b.MaxFiles != 0 || b.MaxBytes != 0 || len(b.Accepted) > 0
	if bounded && (!k.Outside() || p != Upload) || b.MaxFiles < 0 || b.MaxFiles > mostFiles || b.MaxBytes < 0 || b.MaxBytes > mostBytes || len(b.Accepted) > mostAccepted {
		return errBounds
	}
	for _, e := range b.Accepted {
		if !extension.MatchString(e) {
			return errBounds
		}
	}
	return nil
}

// checkTimes keeps out years that the database or a client's JSON cannot hold. Whether a
// time is over is for the database's clock to say.
func checkTimes(starts, expires *time.Time) error {
	const first, last = 2000, 2200
	switch {
	case starts != nil && (starts.Year() < first || starts.Year() >= last):
		return errStarts
	case expires != nil && expires.Year() >= last:
		return errFar
	case expires != nil && expires.Year() < first, starts != nil && expires != nil && !expires.After(*starts):
		return ErrExpires
	}
	return nil
}

func (n New) checkWith() error {
	if (n.Kind == Link) != (len(n.With) == 0) || len(n.With) > mostPeople {
		return ErrRecipients
	}
	seen := map[string]bool{}
	for _, p := range n.With {
		if err := p.check(n.Kind); err != nil {
			return err
		}
		key := p.User.String() + p.Class.String() + strings.ToLower(p.Email)
		if seen[key] {
			return ErrRecipients
		}
		seen[key] = true
	}
	return nil
}

// check wants the one way of naming that the kind has.
func (p Person) check(k Kind) error {
	named := map[Kind]bool{Members: p.User != uuid.Nil, Classes: p.Class != uuid.Nil, People: p.Email != ""}
	for kind, is := range named {
		if is != (kind == k) {
			return ErrRecipients
		}
	}
	if !isText(p.Name, 200) || p.Name != "" && k != People {
		return errName
	}
	if k == People {
		return members.CheckEmail(p.Email)
	}
	return nil
}

// checkTarget wants something that the actor sees, may share, and that can be had.
func (n New) checkTarget(ctx context.Context, q *sharesdb.Queries) error {
	var allowed bool
	var err error
	switch {
	case n.Target.File != uuid.Nil:
		var f sharesdb.TargetOfFileRow
		f, err = q.TargetOfFile(ctx, sharesdb.TargetOfFileParams{Kind: string(n.Kind), ID: n.Target.File})
		if allowed = f.Allowed; err == nil && f.Trashed {
			return ErrTrashed
		} else if err == nil && f.Refused {
			return ErrRefused
		}
	case n.Target.Folder != uuid.Nil:
		allowed, err = q.TargetOfFolder(ctx, sharesdb.TargetOfFolderParams{Kind: string(n.Kind), ID: n.Target.Folder})
	default:
		var s sharesdb.TargetOfSpaceRow
		s, err = q.TargetOfSpace(ctx, sharesdb.TargetOfSpaceParams{Kind: string(n.Kind), ID: n.Target.Space})
		allowed = s.Allowed
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoTarget
	case err != nil:
		return fmt.Errorf("read what is shared: %w", err)
	case !allowed:
		return n.whyNot(ctx, q)
	}
	return nil
}

// whyNot says which rule refused: a confidential space and a hand-in are never shared.
func (n New) whyNot(ctx context.Context, q *sharesdb.Queries) error {
	d, err := q.WhyNot(ctx, sharesdb.WhyNotParams{FileID: some(n.Target.File), FolderID: some(n.Target.Folder), SpaceID: some(n.Target.Space)})
	switch {
	case err != nil:
		return fmt.Errorf("read what is shared: %w", err)
	case d == "confidential":
		return n.refusal(disclosure.Decision{Rule: "confidential_stays_inside"})
	case d == "hand_in":
		return n.refusal(disclosure.Decision{Rule: "records_stay_inside"})
	}
	return ErrNotAllowed
}

// refusal is that of a decision about the share, with whom it was meant for.
func (n New) refusal(d disclosure.Decision) error {
	return d.RefusalOf(Way(n.Kind, n.Permission), n.Target, party(n.With))
}

// party names people outside, for the record of disclosures.
func party(with []Person) string {
	var names []string
	for _, p := range with {
		if p.Email != "" {
			names = append(names, strings.TrimSpace(p.Name+" <"+p.Email+">"))
		}
	}
	return strings.Join(names, ", ")
}

// addresses are those of people outside.
func addresses(with []Person) (list []string) {
	for _, p := range with {
		if p.Email != "" {
			list = append(list, p.Email)
		}
	}
	return list
}

// checkPurpose refuses a purpose that is none, of whatever is shared, and a consent to what is
// no file: it names the records.
func checkPurpose(p disclosure.Purpose, t Target) error {
	if p.Basis == disclosure.Consented && t.File == uuid.Nil {
		return errConsented
	}
	return p.Check(disclosure.Decision{})
}

// checkPolicy asks what the organization lets out, and for how long.
func (n *New) checkPolicy(ctx context.Context, q tenancy.Queries) error {
	if err := checkPurpose(n.Purpose, n.Target); err != nil || !n.Kind.Outside() {
		return err
	}
	if actor, known := tenancy.ActorFrom(ctx); known && !actor.May(tenancy.ShareOutside) {
		return ErrOutside
	}
	d, err := disclosure.CheckOn(ctx, q, Way(n.Kind, n.Permission), n.Target, n.Purpose, addresses(n.With))
	if err != nil {
		return err
	}
	if err := n.refusal(d); err != nil {
		return err
	}
	if n.Permission != Upload { // a drop box gives nothing
		if err := n.Purpose.Check(d); err != nil {
			return err
		}
	}
	b, err := disclosure.GetBounds(ctx, q)
	if err != nil {
		return err
	}
	if n.Kind == Link && b.Password && n.Password == "" {
		return ErrPassword.Under("passwords_required")
	}
	n.ExpiresAt, err = endWithin(ctx, q, b, n.StartsAt, n.ExpiresAt)
	return err
}

// endWithin gives the end of a share with people outside, and refuses one that is later
// than the organization lets it last. It is counted from the start, on the database's
// clock.
func endWithin(ctx context.Context, q tenancy.Queries, b disclosure.Bounds, starts, expires *time.Time) (*time.Time, error) {
	now, err := sharesdb.New(q).Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	from := now
	if starts != nil && starts.After(now) {
		from = *starts
	}
	longest := time.Duration(b.Days) * 24 * time.Hour
	if expires == nil {
		end := from.Add(DefaultLife)
		if longest > 0 && longest < DefaultLife {
			end = from.Add(longest)
		}
		return &end, nil
	}
	if longest > 0 && expires.After(from.Add(longest)) {
		return nil, ErrLonger.Under(fmt.Sprintf("share_days=%d", b.Days))
	}
	return expires, nil
}

func version(ctx context.Context, q *sharesdb.Queries, file uuid.UUID, number int32) (*uuid.UUID, error) {
	if number == 0 {
		return nil, nil //nolint:nilnil // no version is the current one
	}
	id, err := q.VersionOfFile(ctx, sharesdb.VersionOfFileParams{FileID: file, Number: number})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNoVersion
	}
	return &id, err
}

// refused names what a trigger or a constraint of the table answers.
func refused(what string, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("%s: %w", what, err)
	}
	switch {
	case pg.Code == "SQ008" || pg.Code == "42501" && pg.Routine == "ExecWithCheckOptions":
		return ErrNotAllowed.Because(err)
	case pg.Code == "SQ009":
		return ErrEnded.Because(err)
	case pg.Code == "SQ010", pg.ConstraintName == "starts_before_its_end":
		return ErrExpires.Because(err)
	case pg.ConstraintName == "within_the_limit":
		return ErrDownloads.Because(err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func isOne(t Target) bool {
	n := 0
	for _, id := range []uuid.UUID{t.File, t.Folder, t.Space} {
		if id != uuid.Nil {
			n++
		}
	}
	return n == 1
}

func isText(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit && !strings.ContainsRune(s, 0)
}

func isPassword(s string) bool {
	const least, most = 8, 128
	return isText(s, most) && utf8.RuneCountInString(s) >= least
}

// some is nil for the zero value.
func some[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
