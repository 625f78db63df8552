package pipeline_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/erasure"
	"satchel/cmd/worker/wiring"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/tenancy/holds"
)

// interrupted does something while its first object is being removed.
type interrupted struct {
	erasure.Bucket
	once sync.Once
	do   func()
}

func (b *interrupted) Remove(ctx context.Context, key string) error {
	err := b.Bucket.Remove(ctx, key)
	b.once.Do(b.do)
	return err
}

// TestAHoldInTheMiddleKeepsPackages of rosters that are left, and the row of the person with them: it is answered when
// the package that goes is gone, and before another one is.
func TestAHoldInTheMiddleKeepsPackages(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := a.Single(a.Org).Exec(ctx, sql, args...)
		require.NoError(t, err)
	}
	source, person, officer := tenancy.NewID(), a.Member(t, a.Org, tenancy.Student), a.Member(t, a.Org, tenancy.Admin)
	exec("insert into roster_sources (organization_id, id, name) values (app.org(), $1, 'one')", source)
	var packages []string
	for range 2 {
		id := tenancy.NewID()
		exec("insert into roster_imports (organization_id, id, source_id, state, size, sha256, object_etag, ended_at) values (app.org(), $1, $2, 'applied', 3, repeat('0', 64), 'e', now())", id, source)
		_, err := wiring.Bucket{Bucket: a.Store.Staging}.Put(ctx, rosters.Key(a.Org, id), strings.NewReader("zip"), 3, "application/zip")
		require.NoError(t, err)
		packages = append(packages, rosters.Key(a.Org, id))
	}
	exec("insert into people (organization_id, user_id, kind) values (app.org(), $1, 'student') on conflict do nothing", person)
	exec("update people set source_id = $2, sourced_id = 's', display_name = 'Plum' where user_id = $1", person, source)
	exec("delete from members where user_id = $1", person)
	exec("update people set state = 'left' where user_id = $1", person)

	id := askErasure(t, &a.Bench, erasures.Person, person, erasures.StudentRequest)
	parts := wiring.NewErasureParts(a.DB, a.Store, a.Cleaner, signer(t))
	parts.Workflows = noErasures{a.Workflows}
	admin, held := a.Admin(t), make(chan error, 1)
	parts.Packages = &interrupted{Bucket: parts.Packages, do: func() {
		go func() {
			held <- a.InTx(context.Background(), a.Org, func(tx *tenancy.Tx) error {
				return holds.Place(context.Background(), tx, holds.New{ID: tenancy.NewID(), By: officer, Kind: holds.Legal, Scope: holds.Person, Target: person, Reason: "a letter"})
			})
		}()
		require.Eventually(t, func() bool {
			var waits bool
			err := admin.QueryRow(context.Background(), "select exists (select from pg_locks l where l.locktype = 'advisory' and not l.granted and l.database = (select oid from pg_database where datname = current_database()))").Scan(&waits)
			return err == nil && waits
		}, time.Minute, time.Millisecond, "the hold waits for the removal that is under way")
	}}
	x, in := erasure.New(parts), erasure.Input{Org: a.Org, Erasure: id}
	_, err := x.BeginErasure(ctx, erasure.BeginErasureInput(in))
	require.NoError(t, err)
	_, err = x.SettleErasure(ctx, erasure.SettleErasureInput(in))
	require.NoError(t, err)
	_, err = x.CertifyErasure(ctx, erasure.CertifyErasureInput(in))
	require.NoError(t, err)
	require.NoError(t, <-held)
	staging := keys(t, a.Store.Staging)
	require.NotContains(t, staging, packages[0])
	require.Contains(t, staging, packages[1])
	c, err := erasures.GetCertificate(ctx, a.Single(a.Org), id)
	require.NoError(t, err)
	require.Equal(t, erasures.PersonHeld, c.Person)
	var named uuid.UUID
	require.NoError(t, a.Single(a.Org).QueryRow(ctx, "select user_id from people where user_id = $1 and display_name = 'Plum'", person).Scan(&named))
}
