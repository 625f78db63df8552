package tenancy

import (
	"context"
	"net"

	"github.com/jackc/pgx/v5/pgxpool"
)

// RestingDial is how a further cluster is dialed.
func RestingDial() func(ctx context.Context, network, address string) (net.Conn, error) {
	return (&resting{}).dial
}

// Pool lets the tests look at a connection as the next borrower finds it.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// ClusterPool is Pool of a further cluster.
func (d *DB) ClusterPool(name string) *pgxpool.Pool { return d.pools.clusters.further[name].pool }

// Translate is what a transaction does to its callers' errors.
func (d *DB) Translate(err error) error { return translate(err) }

// Heard lets the tests look at a connection as the pool does.
var Heard = heard
