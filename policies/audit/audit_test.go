package audit_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
)

func TestRecordIsPartOfTheAction(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	user := d.Member(t, org, tenancy.Teacher)
	ctx := tenancy.WithActor(t.Context(), tenancy.Actor{Org: org, User: user, Role: tenancy.Teacher})
	ctx = audit.WithOrigin(ctx, audit.Origin{Address: "192.0.2.0/24", Request: "request-1"})
	err := d.InTx(ctx, org, func(tx *tenancy.Tx) error {
		require.NoError(t, audit.Record(ctx, tx, audit.Event{Action: "file.trash", ObjectID: "x"}))
		return tenancy.ErrNoOrganization
	})
	require.ErrorIs(t, err, tenancy.ErrNoOrganization)
	count := func() (n int) {
		require.NoError(t, d.Single(org).QueryRow(ctx, "select count(*) from audit_events").Scan(&n))
		return n
	}
	require.Zero(t, count(), "an action that is rolled back takes its event with it")
	for range 3 {
		require.NoError(t, audit.Record(ctx, d.Single(org), audit.Event{Action: "file.trash", ObjectID: "x"}))
	}
	require.Equal(t, 3, count())
	var event string
	require.NoError(t, d.Single(org).QueryRow(ctx, "select event from audit_events where seq = 2 and action = 'file.trash' and actor = $1", user.String()).Scan(&event))
	require.Contains(t, event, `{"action":"file.trash","actor":"`+user.String()+`","address":"192.0.2.0/24","at":"`)
	for _, sql := range []string{"update audit_events set event = ''", "delete from audit_events", "truncate audit_events", "update audit_heads set seq = 9", "delete from audit_heads",
		"insert into audit_events (organization_id, event, seq) values (app.org(), '{}', 9)"} {
		_, err := d.Single(org).Exec(ctx, sql)
		require.ErrorContains(t, err, "permission denied", sql)
	}
	for _, sql := range []string{"update audit_events set event = ''", "delete from audit_events", "truncate audit_events"} {
		_, err := d.Admin(t).Exec(ctx, sql)
		require.ErrorContains(t, err, "append-only", sql)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24", "2001:db8:1:2::9": "2001:db8:1::/48",
	} {
		require.Equal(t, want, audit.Network(netip.MustParseAddr(addr)))
	}
	require.Empty(t, audit.Network(netip.Addr{}))
}
