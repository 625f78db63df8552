// Package tenancy is the ground layer: the organization's identity, its
// actors, and the tenant transaction, which is the only way to a query. The
// pool is private and Tx cannot be made elsewhere, so "no tenant, no query" is
// a compile error rather than a review comment.
package tenancy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"satchel/internal/fault"
)

// Config is how a program reaches its database.
type Config struct {
	URL      string        `env:"SATCHEL_DATABASE_URL,required"`                       // Postgres as the application role, which row-level security binds
	MaxConns int32         `env:"SATCHEL_DATABASE_MAX_CONNS" envDefault:"16"`          // connections of one process for its own work, and as many for requests of people
	Timeout  time.Duration `env:"SATCHEL_DATABASE_STATEMENT_TIMEOUT" envDefault:"30s"` // the longest that one statement may run

	Pooler     bool   `env:"SATCHEL_DATABASE_POOLER" envDefault:"false"` // whether SATCHEL_DATABASE_URL is a pooler that gives a server connection for one transaction, such as PgBouncer with pool_mode=transaction
	SessionURL string `env:"SATCHEL_DATABASE_SESSION_URL"`               // the same database without the pooler, for notifications and locks, which belong to a connection; empty: SATCHEL_DATABASE_URL

	Tracer pgx.QueryTracer // is told of statements; nil: no one is

	// Fresh reads the configuration again, for the credentials of new connections; nil: those
	// of the start stay.
	Fresh func() (Config, error)
}

// DB is the database behind the tenant transaction. As Open gives it, it does the
// platform's own work: a transaction reaches all that the organization has.
type DB struct {
	pool   *pgxpool.Pool
	people bool // see ForPeople
	pools  *pools

	session *pgx.ConnConfig // of a connection that is kept, for notifications and locks
	again   func(context.Context, *pgx.ConnConfig) error
	local   string // what a transaction sets for itself, see pooled
}

// pools are two because PostgreSQL keeps a plan for one role: a statement that a
// connection runs now as one and then as the other is planned again each time, which
// takes ten times as long as running it.
type pools struct {
	organization, people *pgxpool.Pool

	config   Config
	replica  *replica  // nil: the primary answers all
	clusters *clusters // where organizations are that are not here, see UseClusters; nil: all are here
}

// ForPeople gives the database as the requests of people see it: each transaction
// runs as the actor of its context, in a role for which nothing is visible without
// one and no file but those that the actor may read.
func (d *DB) ForPeople() *DB {
	return d.with(d.pools.people, true)
}

// OrganizationWide gives the database as the platform's own work sees it. A request
// takes it only for what is no one's in particular: counters, sweeps of its own, an
// invitation before its person is a member.
func (d *DB) OrganizationWide() *DB {
	return d.with(d.pools.organization, false)
}

func (d *DB) with(pool *pgxpool.Pool, people bool) *DB {
	other := *d
	other.pool, other.people = pool, people
	return &other
}

// ErrNoActor refuses a request's query on whose behalf no one was authenticated.
var ErrNoActor = errors.New("no query without an actor")

// Open connects and refuses a role that could step around row-level security.
func Open(ctx context.Context, c Config) (*DB, error) {
	db, err := open(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	if err := db.checkRole(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// open makes the pools. change may change how their connections are made.
func open(ctx context.Context, c Config, change func(*pgxpool.Config)) (*DB, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// The URL holds a password, which pgx's message may repeat.
		return nil, errors.New("SATCHEL_DATABASE_URL is not a valid connection string")
	}
	pc.MaxConns = c.MaxConns
	pc.ConnConfig.Tracer = c.Tracer
	session, err := c.session(pc.ConnConfig)
	if err != nil {
		return nil, err
	}
	local := ""
	if c.Pooler {
		local = pooled(pc.ConnConfig, c.parameters())
	} else {
		maps.Copy(pc.ConnConfig.RuntimeParams, c.parameters())
	}
	pc.BeforeConnect = c.again(func(c Config) string { return c.URL })
	pc.ShouldPing = ask
	if change != nil {
		change(pc)
	}
	organization, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	people, err := pgxpool.NewWithConfig(ctx, pc.Copy())
	if err != nil {
		organization.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &DB{pool: organization, pools: &pools{organization: organization, people: people, config: c}, session: session, again: c.again(Config.sessionURL), local: local}, nil
}

// Close waits for running queries and closes the connections.
func (d *DB) Close() {
	d.pools.clusters.close()
	if d.pools.replica != nil {
		d.pools.replica.close()
	}
	d.pools.people.Close()
	d.pools.organization.Close()
}

// Ping says whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.pool.Ping(ctx) }

// Stat counts the connections of both roles, for metrics.
type Stat struct {
	Acquired, Max    int32         // now, and at most
	AcquireCount     int64         // since the start
	EmptyAcquireWait time.Duration // since the start, for want of a free connection
}

// Stat reads the counters of the process's connections.
func (d *DB) Stat() Stat {
	a, b := d.pools.organization.Stat(), d.pools.people.Stat()
	return Stat{
		Acquired: a.AcquiredConns() + b.AcquiredConns(), Max: a.MaxConns() + b.MaxConns(),
		AcquireCount: a.AcquireCount() + b.AcquireCount(), EmptyAcquireWait: a.EmptyAcquireWaitTime() + b.EmptyAcquireWaitTime(),
	}
}

const (
	bindOrganization = `select set_config('app.current_org_id', $1, true)`
	bindActor        = `select set_config('app.current_org_id', $1, true), set_config('app.actor', $2, true), set_config('role', 'satchel_people', true)`
)

// binding is the statement that begins a transaction of the organization. Its settings
// end with the transaction, the role among them.
func (d *DB) binding(ctx context.Context, org OrgID) (sql string, args []any, err error) {
	if org.IsZero() {
		return "", nil, ErrNoTenant
	}
	if !d.people {
		return bindOrganization + d.local, []any{org.String()}, nil
	}
	actor, ok := ActorFrom(ctx)
	if !ok || actor.User == uuid.Nil {
		return "", nil, ErrNoActor
	}
	return bindActor + d.local, []any{org.String(), actor.User.String()}, nil
}

// InTx runs f inside one transaction of the organization. It commits when f
// returns nil and rolls back otherwise, a panic included. Do nothing slow in f:
// a connection and its row locks are held until it returns.
func (d *DB) InTx(ctx context.Context, org OrgID, f func(*Tx) error) (err error) {
	at, err := d.of(ctx, org)
	if err != nil {
		return err
	}
	bind, args, err := at.binding(ctx, org)
	if err != nil {
		return err
	}
	conn, err := at.pool.Acquire(ctx)
	if err != nil {
		return unavailable(fmt.Errorf("acquire connection: %w", err))
	}
	defer conn.Release()
	tx, err := begin(ctx, conn.Conn(), org, bind, args)
	if err != nil {
		return unavailable(fmt.Errorf("begin: %w", err))
	}
	tx.db = d
	done := false
	defer func() { //nolint:contextcheck // rolling back has its own deadline: see rollback
		if !done {
			tx.rollback()
		}
	}()
	if err := f(tx); err != nil {
		return translate(err)
	}
	err = tx.commit(ctx)
	done = conn.Conn().PgConn().TxStatus() == 'I'
	if err != nil {
		return translate(fmt.Errorf("commit: %w", err))
	}
	for _, f := range tx.afterCommit {
		f()
	}
	return nil
}

// AfterCommit runs f once what q did is committed, and never when it is rolled
// back. A Once has committed by the time its statement returned.
func AfterCommit(q Queries, f func()) {
	if tx, ok := q.(*Tx); ok {
		tx.afterCommit = append(tx.afterCommit, f)
		return
	}
	f()
}

// begin opens the transaction and binds the organization, and the actor, in one round trip.
func begin(ctx context.Context, conn *pgx.Conn, org OrgID, bind string, args []any) (*Tx, error) {
	var b pgx.Batch
	b.Queue("begin")
	b.Queue(bind, args...)
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		if conn.PgConn().TxStatus() != 'I' {
			(&Tx{conn: conn}).rollback() //nolint:contextcheck // rolling back has its own deadline: see rollback
		}
		return nil, err
	}
	return &Tx{conn: conn, org: org}, nil
}

// Tx is one open transaction of one organization.
type Tx struct {
	conn        *pgx.Conn
	org         OrgID
	atEnd       []*pgx.QueuedQuery // see AtEnd
	db          *DB                // that was asked for it
	onCommit    []*pgx.QueuedQuery // see OnCommit
	afterCommit []func()           // see AfterCommit
}

// Org names the organization to which the transaction is bound.
func (t *Tx) Org() OrgID { return t.org }

// Exec runs a statement.
func (t *Tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, sql, args...)
}

// Query runs a query.
func (t *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, sql, args...)
}

// QueryRow runs a query of one row.
func (t *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, sql, args...)
}

// CopyFrom inserts many rows at once.
func (t *Tx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, src)
}

// SendBatch sends several statements in one round trip.
func (t *Tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, b)
}

// commit fails when the server rolled back instead: a statement's error that
// the caller swallowed would otherwise look like success. It fails too when the
// caller ended the transaction itself: what came after had no organization.
func (t *Tx) commit(ctx context.Context) error {
	if t.conn.PgConn().TxStatus() == 'I' {
		return errors.New("the transaction was ended from inside; return an error to roll back, nil to commit")
	}
	tag, err := t.end(ctx)
	if err == nil && tag.String() != "COMMIT" {
		err = pgx.ErrTxCommitRollback
	}
	return err
}

// rollback runs on its own short deadline: the caller's context is often the
// reason for rolling back. A connection that cannot roll back is closed, never
// returned to the pool with another tenant's transaction open.
func (t *Tx) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := t.conn.Exec(ctx, "rollback"); err != nil {
		_ = t.conn.Close(ctx)
	}
}

// unavailable marks an infrastructure failure as one to try again.
func unavailable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fault.New(fault.Unavailable, "database_unavailable", "The database does not answer right now. Try again shortly.").Because(err)
}

// Satchel's own SQLSTATEs, raised by the triggers of the quota and of uploads.
const (
	sqlstateOverQuota      = "SQ001"
	sqlstateTooManyUploads = "SQ002"
	sqlstateConsent        = "SQ012"
	sqlstateNotAccepted    = "SQ061"
)

// translate turns what the database said into a fault where it is one.
func translate(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		return err
	}
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == sqlstateOverQuota:
		return overQuota(pg.Detail).Because(err)
	case errors.As(err, &pg) && pg.Code == sqlstateTooManyUploads:
		return TooManyUploads.Because(err)
	case errors.As(err, &pg) && pg.Code == sqlstateConsent:
		return ConsentRequired.Under(pg.Detail).Because(err)
	case errors.As(err, &pg) && pg.Code == sqlstateNotAccepted:
		return notAccepted(pg.Detail).Because(err)
	case errors.As(err, &pg) && refusedByPolicy(pg):
		return ErrNotAllowedHere.Because(err)
	case errors.As(err, &pg) && placeFaults[pg.Code] != nil:
		return placeFaults[pg.Code].Because(err)
	case errors.As(err, &pg) && retryable(pg.Code):
		return unavailable(err)
	case errors.As(err, &pg), errors.Is(err, pgx.ErrNoRows):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case pgconn.SafeToRetry(err), lost(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, pgx.ErrTxClosed):
		return unavailable(err)
	}
	return err
}

// lost knows a connection that could not be made, or went away under a query.
func lost(err error) bool {
	var refused *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &refused) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// ErrNotAllowedHere is a row that a policy does not let the actor write.
var ErrNotAllowedHere = fault.New(fault.Denied, "not_allowed_here", "You may not do this there. Ask somebody who manages the space to give you more.")

// refusedByPolicy knows that from a right that the role lacks, which has the same
// SQLSTATE and is a fault of this program. The text depends on the server's language,
// the name of its function does not.
func refusedByPolicy(pg *pgconn.PgError) bool {
	return pg.Code == "42501" && pg.Routine == "ExecWithCheckOptions"
}

// ConsentRequired refuses a file of a child for which there is no legal basis. Its rule is
// the section that says so.
var ConsentRequired = fault.New(fault.Denied, "consent_required", "This is a file of a child, and neither a parent's consent nor an authorization of the school covers it. Nothing was taken or moved. Ask your school.")

// What a hold refuses, and what refuses a hold.
var (
	ErrOnHold      = fault.New(fault.Conflict, "on_hold", "This is on hold: it must be kept until an owner or admin releases the hold, with the approval of another one. Ask them. It can be put into the trash meanwhile, and comes back from there.")
	ErrHoldStays   = fault.New(fault.Conflict, "on_hold", "This is on hold, and with this change the hold would not cover it any more. Leave its name, category, space and students as they are until an owner or admin has the hold released, or ask them to place a hold on the file itself.")
	ErrBeingErased = fault.New(fault.Conflict, "being_erased", "This file is being erased and does not come back from the trash. Where a hold keeps it, it is erased when the hold is released. Owners and admins see the erasure.")
	ErrHoldOver    = fault.New(fault.Conflict, "hold_released", "This hold is released already. Place a new one if something must be kept.")
	ErrHoldTooLate = fault.New(fault.Conflict, "deletion_begun", "The deletion of the organization has begun, and what it had may be gone. No hold can be placed any more.")
	ErrHoldTarget  = fault.New(fault.NotFound, "hold_target_not_found", "There is no such person, space or file in your organization. Look again what the hold is to be about.")
)

// placeFaults are what triggers answer: of spaces and folders, and of holds.
var placeFaults = map[string]*fault.Fault{
	"SQ003": fault.New(fault.Conflict, "space_closed", "This space is frozen or archived: what is in it can be read, and nothing changes. Who manages the space can open it again."),
	"SQ004": fault.New(fault.Denied, "staff_only", "Only the staff of this space add to a hand-out. Put your file into another folder."),
	"SQ005": fault.New(fault.Conflict, "hand_in_closed", "This folder takes no hand-ins at this time: it is not open yet, or has closed. Ask your teacher."),
	"SQ006": fault.New(fault.Conflict, "folder_in_itself", "A folder cannot be moved into itself or into a folder below it. Choose another place."),
	"SQ007": fault.New(fault.Conflict, "too_deep", "Folders are at most 8 deep. Choose a place further up."),
	"SQ008": fault.New(fault.Denied, "share_not_allowed", "Who may change this where it is, or manages the space, may share it: ask them. What you have by a share is not shared on."),
	"SQ009": fault.New(fault.Conflict, "share_is_over", "This share has ended and does not begin again. Make a new one."),
	"SQ011": fault.New(fault.TooLarge, "drop_too_much", "There is not enough room left in this drop box for this file. Send a smaller one, or ask the person who sent you the link."),
	"SQ032": ErrOnHold,
	"SQ033": ErrHoldStays,
	"SQ034": ErrHoldOver,
	"SQ035": ErrHoldTooLate,
	"SQ036": ErrHoldTarget,
	"SQ037": ErrBeingErased,
	"SQ010": fault.New(fault.Invalid, "invalid_expires_at", "expires_at is over already, or not after starts_at. Give a later time; DELETE ends a share at once."),
}

// OverQuota refuses growth beyond the organization's bytes.
var OverQuota = fault.New(fault.OverQuota, "over_quota", "The organization has no room left for this file. Delete files or ask for a larger quota.")

// notAccepted refuses a file in a hand-in that takes other kinds, which are given.
func notAccepted(kinds string) *fault.Fault {
	return fault.New(fault.Invalid, "type_not_allowed", "This folder takes %s, by the ending of the name. Save the file as one of those kinds and send it again.", kinds).Under("not_accepted_here")
}

// TooManyUploads refuses one more upload than the organization's tier may have
// open at once. Most take seconds.
var TooManyUploads = fault.New(fault.Limited, "too_many_uploads", "Your organization has as many uploads open as its tier allows. Finish or delete one, or try again shortly.").After(5 * time.Second)

// overQuota tells the limit that the trigger names, and the tier it comes from.
func overQuota(limit string) *fault.Fault {
	if limit == "" {
		return OverQuota
	}
	return fault.New(fault.OverQuota, OverQuota.Code, "The organization has no room left for this file: it may hold %s. Delete files or ask for a larger quota.", limit)
}

// retryable knows the SQLSTATE classes that pass by themselves: connection
// (08), serialization and deadlock (40), resources (53), shutdown (57P), a lock
// not to be had (55P03) and a statement past its time (57014), which most often
// waited for a lock.
func retryable(code string) bool {
	for _, class := range []string{"08", "40", "53"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return strings.HasPrefix(code, "57P") || code == "55P03" || code == "57014"
}
