package tenancy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ReplicaConfig is how a program reaches a standby of its database.
type ReplicaConfig struct {
	URL    string        `env:"SATCHEL_DATABASE_REPLICA_URL"`                     // a streaming standby of the same database, as the same role, that answers lists, searches and what downloads read of a file; empty: the primary answers all
	MaxLag time.Duration `env:"SATCHEL_DATABASE_REPLICA_MAX_LAG" envDefault:"1s"` // how far that standby may be behind before it is asked nothing until it has caught up; 0.2s to 10s

	Fresh func() (ReplicaConfig, error) // see Config
}

// replica is a standby of the database, and how far behind it is known to be.
type replica struct {
	pool   *pgxpool.Pool
	config ReplicaConfig
	cancel context.CancelFunc
	ended  chan struct{}

	began time.Time
	fresh atomic.Int64 // since began, of the latest moment whose commits it is known to have

	watching []watched // of watch alone

	counts [readReasons]atomic.Int64
}

// watched is where the primary was at a moment.
type watched struct {
	at       time.Duration
	position string
}

// Why a read was answered by which pool.
const (
	readByReplica = iota
	readUnplaced  // no one knows what its caller has seen: the caller was not asked for at the primary
	readLagging   // the standby is too far behind, or does not answer
	readBehind    // it has not replayed what the caller may have seen, and did not within moments
	readFailed    // its statement failed, as by a conflict with recovery
	readReasons
)

const (
	// replicaPatience is for one read of the standby. It is more than the slowest search takes, and
	// leaves the primary time to answer within the limit of a request.
	replicaPatience = 3 * time.Second
	// replicaProbe is for one question about its state.
	replicaProbe = time.Second
	// mostWatched positions are kept. Older ones are thinned, so they reach back for as long as the
	// standby is behind.
	mostWatched = 64
)

// UseReplica lets Read ask a standby, once the program starts. A standby that does not answer is
// waited for while the primary answers. One whose role could step around row-level security, or that
// is of another database, is refused: at the start with an error, and later by each connection.
func (d *DB) UseReplica(ctx context.Context, c ReplicaConfig) error {
	if c.URL == "" {
		return nil
	}
	if c.MaxLag < 200*time.Millisecond || c.MaxLag > 10*time.Second {
		return errors.New("SATCHEL_DATABASE_REPLICA_MAX_LAG is from 0.2s, below which measuring it takes as long, to 10s")
	}
	r, err := d.newReplica(ctx, c)
	if err != nil {
		return err
	}
	probe, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	var refused *refusal
	switch err := r.pool.Ping(probe); {
	case errors.As(err, &refused):
		r.pool.Close()
		return fmt.Errorf("SATCHEL_DATABASE_REPLICA_URL: %w", refused)
	case err != nil:
		slog.WarnContext(ctx, "the standby does not answer; the primary answers all until it does", "error", err)
	}
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	go r.watch(watch, d)
	d.pools.replica = r
	return nil
}

// CheckReplica says why a standby cannot be used; nil: it can, once it has caught up.
func (d *DB) CheckReplica(ctx context.Context, c ReplicaConfig) error {
	r, err := d.newReplica(ctx, c)
	if err != nil {
		return err
	}
	defer r.pool.Close()
	var standby bool
	if err := r.pool.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&standby); err != nil {
		return fmt.Errorf("ask the standby: %w", err)
	}
	if !standby {
		return errors.New("the server of SATCHEL_DATABASE_REPLICA_URL is no standby: it takes writes")
	}
	return nil
}

func (d *DB) newReplica(ctx context.Context, c ReplicaConfig) (*replica, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("SATCHEL_DATABASE_REPLICA_URL is not a valid connection string") // it holds a password
	}
	primary := d.pools.config
	pc.MaxConns = primary.MaxConns
	pc.ConnConfig.Tracer = primary.Tracer
	if primary.Pooler {
		pooled(pc.ConnConfig, primary.parameters())
	} else {
		maps.Copy(pc.ConnConfig.RuntimeParams, primary.parameters())
	}
	if c.Fresh != nil {
		again := Config{Fresh: func() (Config, error) { now, err := c.Fresh(); return Config{URL: now.URL}, err }}
		pc.BeforeConnect = again.again(func(c Config) string { return c.URL })
	}
	var identity string
	if err := d.pools.organization.QueryRow(ctx, identityQuery).Scan(&identity); err != nil {
		return nil, fmt.Errorf("ask the database who it is: %w", err)
	}
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return accept(ctx, conn, identity) }
	r := &replica{config: c, ended: make(chan struct{}), began: time.Now()}
	r.fresh.Store(int64(-c.MaxLag)) // nothing is known yet
	if r.pool, err = pgxpool.NewWithConfig(ctx, pc); err != nil {
		return nil, fmt.Errorf("open the standby: %w", err)
	}
	return r, nil
}

// identityQuery tells a cluster and its database from all others, and is the same on its standbys.
const identityQuery = `select s.system_identifier::text || '/' || d.oid::text from pg_control_system() s, pg_database d where d.datname = current_database()`

// refusal is why a server is not asked.
type refusal struct{ why string }

func (r *refusal) Error() string { return r.why }

// accept looks at each connection before it is used: behind an address another server may answer the next time.
func accept(ctx context.Context, conn *pgx.Conn, identity string) error {
	why, err := guard(ctx, conn)
	if err != nil {
		return err
	}
	if why != "" {
		return &refusal{why}
	}
	var is string
	if err := conn.QueryRow(ctx, identityQuery).Scan(&is); err != nil {
		return fmt.Errorf("ask the standby who it is: %w", err)
	}
	if is != identity {
		return &refusal{"this server is no standby of the database of SATCHEL_DATABASE_URL. Name one that streams from it, and the same database"}
	}
	return nil
}

// close ends its watch and its connections.
func (r *replica) close() {
	r.cancel()
	<-r.ended
	r.pool.Close()
}

// watch asks again and again where the primary is and what the standby has of that.
func (r *replica) watch(ctx context.Context, d *DB) {
	defer close(r.ended)
	tick := time.NewTicker(r.config.MaxLag / 5)
	defer tick.Stop()
	said := false
	for {
		err := r.look(ctx, d)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !said:
			slog.WarnContext(ctx, "how far the standby is behind is not known; the primary answers what it would", "error", err)
		case err == nil && said:
			slog.InfoContext(ctx, "the standby answers again")
		}
		said = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *replica) look(ctx context.Context, d *DB) error {
	ctx, stop := context.WithTimeout(ctx, replicaProbe)
	defer stop()
	at, place := time.Since(r.began), ""
	if err := d.pools.organization.QueryRow(ctx, "select coalesce(app.wal_position(), '')").Scan(&place); err != nil {
		return fmt.Errorf("ask the primary: %w", err)
	}
	if place == "" {
		return errors.New("SATCHEL_DATABASE_URL leads to a standby")
	}
	asked := r.note(watched{at, place})
	places := make([]string, len(asked))
	for i, w := range asked {
		places[i] = w.position
	}
	var has int // of the positions, in the order of time
	if err := r.pool.QueryRow(ctx, "select coalesce(max(n), 0) from unnest($1::text[]) with ordinality as asked (place, n) where app.replayed(place)", places).Scan(&has); err != nil {
		return fmt.Errorf("ask the standby: %w", err)
	}
	if has > 0 {
		r.known(asked[has-1].at)
	}
	return nil
}

// note adds where the primary is, and gives all that is to be asked about.
func (r *replica) note(w watched) []watched {
	if len(r.watching) >= mostWatched {
		thinned := r.watching[:0:0]
		for i, old := range r.watching {
			if i >= mostWatched/2 || i%2 == 0 {
				thinned = append(thinned, old)
			}
		}
		r.watching = thinned
	}
	r.watching = append(r.watching, w)
	return r.watching
}

// known notes that the standby has all of a moment.
func (r *replica) known(at time.Duration) {
	r.fresh.Store(int64(at))
	for len(r.watching) > 0 && r.watching[0].at < at {
		r.watching = r.watching[1:]
	}
}

// lag is for how long the standby may lack what was committed.
func (r *replica) lag() time.Duration { return time.Since(r.began) - time.Duration(r.fresh.Load()) }

// Read gives what f reads, on the standby where there is one and it has everything that the caller of
// the context may have seen: what was committed when they were authenticated, at the primary. What they
// wrote themselves is in that, through whichever process, and so is what took a right from them. In every
// other case, and when a statement of the standby fails, f runs on the primary. So f may run twice and
// changes nothing.
func Read[T any](ctx context.Context, d *DB, org OrgID, f func(context.Context, Queries) (T, error)) (T, error) {
	r := d.pools.replica
	if r != nil && d.pools.clusters != nil {
		at, err := d.of(ctx, org)
		if err != nil {
			var none T
			return none, err
		}
		r = at.pools.replica
	}
	if r == nil || !d.people {
		return f(ctx, d.Single(org))
	}
	actor, _ := ActorFrom(ctx)
	why := readUnplaced
	switch {
	case actor.Position == "":
	case r.lag() > r.config.MaxLag:
		why = readLagging
	default:
		short, stop := context.WithTimeout(ctx, replicaPatience)
		defer stop()
		on := &attempt{replica: r, position: actor.Position}
		found, err := f(short, &SingleStatement{db: d, org: org, on: on})
		if why = on.outcome(); why == readByReplica || ctx.Err() != nil {
			r.counts[readByReplica].Add(1)
			return found, err
		}
		slog.DebugContext(ctx, "the standby did not answer; the primary does", "error", on.err)
	}
	r.counts[why].Add(1)
	return f(ctx, d.Single(org))
}

// attempt is one read on the standby.
type attempt struct {
	*replica
	position string
	err      error // what a statement failed with; nil: none did
}

// sqlstateBehind is that of app.wait_for_replay.
const sqlstateBehind = "SQ050"

// note keeps a failure of the standby. That there is no such row is an answer.
func (a *attempt) note(err error) {
	if a != nil && err != nil && !errors.Is(err, pgx.ErrNoRows) {
		a.err = err
	}
}

func (a *attempt) outcome() int {
	var pg *pgconn.PgError
	switch {
	case a.err == nil:
		return readByReplica
	case errors.As(a.err, &pg) && pg.Code == sqlstateBehind:
		return readBehind
	}
	return readFailed
}

// waitForReplay ends a binding on the standby, whose last parameter is the position.
func (a *attempt) waitForReplay(parameters int) string {
	return fmt.Sprintf(", app.wait_for_replay($%d)", parameters)
}

// ReplicaStat is how the standby does, for metrics.
type ReplicaStat struct {
	Lag       time.Duration // for how long it may lack what was committed
	ByReplica int64         // reads since the start that it answered

	// Reads that the primary answered, and why, see the metric satchel_database_reads_total.
	Unplaced, Lagging, Behind, Failed int64
}

// ReplicaStat reads the counters; false where there is no standby.
func (d *DB) ReplicaStat() (ReplicaStat, bool) {
	r := d.pools.replica
	if r == nil {
		return ReplicaStat{}, false
	}
	n := func(why int) int64 { return r.counts[why].Load() }
	return ReplicaStat{Lag: r.lag(), ByReplica: n(readByReplica), Unplaced: n(readUnplaced), Lagging: n(readLagging), Behind: n(readBehind), Failed: n(readFailed)}, true
}
