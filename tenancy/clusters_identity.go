package tenancy

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5"
)

// identities are the databases that the further clusters are, by their names. The directory keeps each from when the
// first organization is made in it: another database under that name has none of what the directory says
// is there, and would be believed that all of it is gone.
type identities struct {
	directory *DB
	here      string // the directory's own

	mu   sync.Mutex
	kept map[string]string
	seen map[string]string // at the last connection
}

type clusterIdentity struct{ Cluster, Identity string }

// load reads what the directory keeps.
func (i *identities) load(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, clusterConnect)
	defer stop()
	found, err := systemQueryAt[clusterIdentity](ctx, i.directory, "select cluster, identity from app.cluster_identities()")
	if err != nil {
		return fmt.Errorf("ask the directory which databases its clusters are: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kept = map[string]string{}
	for _, f := range found {
		i.kept[f.Cluster] = f.Identity
	}
	return nil
}

func (i *identities) of(name string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.kept[name]
}

// refuses says why a database is not the cluster of a name; empty: it may be.
func (i *identities) refuses(ctx context.Context, name, is string) (why string, err error) {
	if is == i.here {
		return "it is the database of SATCHEL_DATABASE_URL", nil
	}
	if i.of(name) != is { // nothing is kept yet, or it was changed since
		if err := i.load(ctx); err != nil {
			return "", err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if kept := i.kept[name]; kept != "" && kept != is {
		return "it is another database than that in which organizations were made under this name; where it replaces that one, docs/operating.md says how it is let in", nil
	}
	for other, kept := range i.kept {
		if other != name && kept == is {
			return "it is the database of cluster " + other, nil
		}
	}
	i.seen[name] = is
	return "", nil
}

// twice says that two names are one database, as far as they have answered.
func (i *identities) twice() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	names := map[string]string{}
	for name, is := range i.seen {
		if other, found := names[is]; found {
			return fmt.Errorf("SATCHEL_DATABASE_CLUSTERS: %s and %s are one database", min(name, other), max(name, other))
		}
		names[is] = name
	}
	return nil
}

// keep has the directory keep which database a cluster is, before an organization is made there.
func (c *clusters) keep(ctx context.Context, name string) error {
	var is string
	if err := c.further[name].pool.QueryRow(ctx, identityQuery).Scan(&is); err != nil {
		return translate(fmt.Errorf("ask the cluster who it is: %w", err))
	}
	if c.identities.of(name) == is {
		return nil
	}
	var ok bool
	if err := c.directory.pool.QueryRow(ctx, "select app.cluster_identity_keep($1, $2)", name, is).Scan(&ok); err != nil {
		return translate(fmt.Errorf("keep which database a cluster is: %w", err))
	}
	if !ok {
		slog.ErrorContext(ctx, "a cluster is another database than the directory knows by its name; no organization is made in it", "cluster", name)
		return unavailable(&refusal{"cluster " + name + ": it is another database than the directory knows by this name"})
	}
	return c.identities.load(ctx)
}

// acceptCluster looks at each connection before it is used: behind an address another server may answer the next time.
func (i *identities) acceptCluster(ctx context.Context, conn *pgx.Conn, name string) error {
	why, err := guard(ctx, conn)
	if err != nil {
		return err
	}
	if why == "" {
		var is string
		if err := conn.QueryRow(ctx, identityQuery).Scan(&is); err != nil {
			return fmt.Errorf("ask the cluster who it is: %w", err)
		}
		if why, err = i.refuses(ctx, name, is); err != nil {
			return err
		}
	}
	if why != "" {
		// To what asks it, it is a cluster that does not answer: what it holds waits, and the others go on.
		return unavailable(&refusal{"cluster " + name + ": " + why})
	}
	return nil
}
