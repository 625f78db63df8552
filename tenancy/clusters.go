package tenancy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"satchel/internal/fault"
	"satchel/internal/ttlcache"
)

// ClustersConfig names the clusters of organizations that are not in the cluster of SATCHEL_DATABASE_URL.
type ClustersConfig struct {
	Clusters string `env:"SATCHEL_DATABASE_CLUSTERS"` // further PostgreSQL clusters for organizations, as name=URL with spaces or line ends between them; SATCHEL_DATABASE_URL is the directory then; empty: all organizations are there

	Fresh func() (ClustersConfig, error) // see Config
}

const (
	// clusterConnect is how long a cluster is waited for that does not answer. It is short: who asks for
	// an organization of another cluster may wait behind it.
	clusterConnect = 3 * time.Second
	// clusterRest is how long one that could not be reached is not tried again.
	clusterRest = 2 * time.Second

	placesKept = 50_000
	placesTime = time.Minute
)

var clusterName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

// ErrNoCluster refuses the name of a cluster that the settings do not have.
var ErrNoCluster = fault.New(fault.Invalid, "invalid_cluster", "cluster is one of the names in SATCHEL_DATABASE_CLUSTERS, or empty for the cluster of the directory.")

// errClusterGone refuses an organization whose cluster this program was not told of.
var errClusterGone = fault.New(fault.Unavailable, "database_unavailable", "The database of this organization is not known here. Try again later; the operator of this service has to name its cluster in SATCHEL_DATABASE_CLUSTERS.").After(30 * time.Second)

// errResting is said at once of a cluster that was not reached a moment ago.
var errResting = errors.New("the cluster was not reached a moment ago, and is not tried before it had some rest")

// URLs gives the URL of each cluster by its name.
func (c ClustersConfig) URLs() (map[string]string, error) {
	urls := map[string]string{}
	for one := range strings.FieldsSeq(c.Clusters) {
		name, url, ok := strings.Cut(one, "=")
		_, twice := urls[name]
		if !ok || !clusterName.MatchString(name) || twice || url == "" { // the URL holds a password
			return nil, errors.New("SATCHEL_DATABASE_CLUSTERS is a list of name=URL, each name once, of at most 31 lower-case letters, digits and hyphens")
		}
		urls[name] = url
	}
	return urls, nil
}

// clusters are the further clusters, and what is remembered of the directory.
type clusters struct {
	directory *DB
	further   map[string]*DB
	people    map[string]*DB // the same for requests of people
	names     []string

	// An organization does not move, so what is remembered is wrong only of one that is gone, of which
	// its cluster has no row.
	places *ttlcache.Cache[OrgID, string]

	identities *identities

	compared sync.Map // behind which login ForgetLogins goes on, by cluster
}

// UseClusters sends the work for each organization to the cluster in which it is, once the program starts.
// d is the directory's. A cluster that does not answer is waited for by its own organizations alone. One
// whose role could step around row-level security, that is the directory's, or that is another database than the
// directory knows by its name, is refused: at the start with an error, and later by each connection.
func (d *DB) UseClusters(ctx context.Context, c ClustersConfig) error {
	urls, err := c.URLs()
	if err != nil || len(urls) == 0 {
		return err
	}
	if d.pools.config.Pooler {
		return errors.New("SATCHEL_DATABASE_CLUSTERS does not go with SATCHEL_DATABASE_POOLER yet: a cluster has no URL of its own past the pooler")
	}
	var identity string
	if err := d.pools.organization.QueryRow(ctx, identityQuery).Scan(&identity); err != nil {
		return fmt.Errorf("ask the database who it is: %w", err)
	}
	all := &clusters{directory: d.OrganizationWide(), further: map[string]*DB{}, people: map[string]*DB{}, places: ttlcache.New[OrgID, string](placesKept, placesTime)}
	all.identities = &identities{directory: all.directory, here: identity, seen: map[string]string{}}
	if err := all.identities.load(ctx); err != nil { // each connection asks again
		slog.WarnContext(ctx, "which databases the clusters are is not known yet", "error", err)
	}
	for name, url := range urls {
		one, err := d.openCluster(ctx, name, url, all.identities, c.Fresh)
		if err != nil {
			all.close()
			return err
		}
		all.further[name], all.people[name] = one, one.ForPeople()
		all.names = append(all.names, name)
	}
	if err := all.identities.twice(); err != nil {
		all.close()
		return err
	}
	slices.Sort(all.names)
	d.pools.clusters = all
	return nil
}

// openCluster opens one, and looks at it if it answers.
func (d *DB) openCluster(ctx context.Context, name, url string, known *identities, fresh func() (ClustersConfig, error)) (*DB, error) {
	config := d.pools.config
	config.URL, config.SessionURL, config.Fresh = url, "", nil
	if fresh != nil {
		config.Fresh = func() (Config, error) {
			now, err := fresh()
			if err != nil {
				return Config{}, err
			}
			urls, err := now.URLs()
			return Config{URL: urls[name]}, err
		}
	}
	one, err := open(ctx, config, func(pc *pgxpool.Config) {
		pc.ConnConfig.ConnectTimeout = clusterConnect
		pc.ConnConfig.DialFunc = (&resting{}).dial
		pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return known.acceptCluster(ctx, conn, name) }
	})
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", name, err)
	}
	probe, stop := context.WithTimeout(ctx, 2*clusterConnect)
	defer stop()
	var refused *refusal
	switch err := one.pool.Ping(probe); {
	case errors.As(err, &refused):
		one.Close()
		return nil, fmt.Errorf("SATCHEL_DATABASE_CLUSTERS: %w", refused)
	case err != nil:
		slog.WarnContext(ctx, "a cluster does not answer; its organizations wait for it", "cluster", name, "error", err)
	}
	return one, nil
}

// resting dials servers, and not again for a moment after one could not be reached, so that what asks all
// clusters is not as slow as the one that is gone. A cluster may have several addresses, of which one is gone.
type resting struct {
	net.Dialer
	until sync.Map // time.Time by address
}

func (r *resting) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if until, found := r.until.Load(address); found && time.Now().Before(until.(time.Time)) {
		return nil, errResting
	}
	conn, err := r.DialContext(ctx, network, address)
	if err != nil && !errors.Is(err, context.Canceled) {
		r.until.Store(address, time.Now().Add(clusterRest))
	}
	return conn, err
}

func (c *clusters) close() {
	if c == nil {
		return
	}
	for _, one := range c.further {
		one.Close()
	}
}

// Clusters names the further clusters.
func (d *DB) Clusters() []string {
	if d.pools.clusters == nil {
		return nil
	}
	return d.pools.clusters.names
}

// PingCluster says whether a further cluster answers.
func (d *DB) PingCluster(ctx context.Context, name string) error {
	return d.pools.clusters.further[name].Ping(ctx)
}

// of gives the database in which an organization is. What is nowhere has none.
func (d *DB) of(ctx context.Context, org OrgID) (*DB, error) {
	if org.IsZero() {
		return d, nil
	}
	name, err := d.elsewhere(ctx, org)
	if err != nil || name == "" {
		return d, err
	}
	at, known := d.pools.clusters.further[name]
	if d.people {
		at = d.pools.clusters.people[name]
	}
	if !known {
		return nil, errClusterGone
	}
	return at, nil
}

// elsewhere gives the name of the further cluster in which an organization is; "": it is in the directory's.
func (d *DB) elsewhere(ctx context.Context, org OrgID) (string, error) {
	if d.pools.clusters == nil || org == Platform {
		return "", nil
	}
	return d.pools.clusters.place(ctx, org)
}

// place gives the name of the cluster in which an organization is; "" is the directory's.
func (c *clusters) place(ctx context.Context, org OrgID) (string, error) {
	if name, ok := c.places.Get(org); ok {
		return name, nil
	}
	var name *string
	if err := c.directory.pool.QueryRow(ctx, "select app.organization_place($1)", org).Scan(&name); err != nil {
		return "", translate(fmt.Errorf("ask where an organization is: %w", err))
	}
	if name == nil {
		return "", ErrNoOrganization
	}
	c.places.Put(org, *name)
	return *name, nil
}
