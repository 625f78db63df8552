package tenancy_test

import (
	"context"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// TestPasswordIsReplacedWhileConnected: a connection that is made after a change of the role's password
// takes the one of the settings as they are then. Another role is not taken, and what is no
// connection string changes nothing.
func TestPasswordIsReplacedWhileConnected(t *testing.T) {
	t.Parallel()
	d := pgtest.Clone(t)
	name, asRole := role(t, d, "in role satchel_app")
	var now atomic.Value
	now.Store(asRole)
	db, err := tenancy.Open(t.Context(), tenancy.Config{URL: asRole, MaxConns: 2, Fresh: func() (tenancy.Config, error) {
		return tenancy.Config{URL: now.Load().(string)}, nil
	}})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	again := func() error {
		db.Pool().Reset() // the next statement connects
		return db.Ping(t.Context())
	}
	require.NoError(t, again())
	do(t, d.Admin(t), "alter role "+name+" password 'another'")
	require.Error(t, again(), "the old password is refused")
	u, err := url.Parse(asRole)
	require.NoError(t, err)
	u.User = url.UserPassword(name, "another")
	now.Store(u.String())
	require.NoError(t, again())

	now.Store(d.AdminURL)
	require.NoError(t, again())
	var as string
	require.NoError(t, db.Pool().QueryRow(t.Context(), "select session_user").Scan(&as))
	require.Equal(t, name, as, "the guard has not looked at the other role")
	now.Store("postgres://half")
	require.NoError(t, again())
	now.Store("not a URL at all")
	require.NoError(t, again())

	// What is kept open for notifications is made the same way.
	now.Store(u.String())
	ctx, stop := context.WithCancel(t.Context())
	require.ErrorIs(t, db.Listen(ctx, tenancy.Channels{"satchel_test": func(string) { stop() }}, nil), context.Canceled)

	// And so are connections to a further cluster.
	directory := pgtest.New(t)
	require.NoError(t, directory.UseClusters(t.Context(), tenancy.ClustersConfig{Clusters: "east=" + u.String(), Fresh: func() (tenancy.ClustersConfig, error) {
		return tenancy.ClustersConfig{Clusters: "east=" + now.Load().(string)}, nil
	}}))
	do(t, d.Admin(t), "alter role "+name+" password 'a third'")
	directory.ClusterPool("east").Reset()
	require.Error(t, directory.PingCluster(t.Context(), "east"), "the old password is refused")
	u.User = url.UserPassword(name, "a third")
	now.Store(u.String())
	require.NoError(t, directory.PingCluster(t.Context(), "east"))
}
