package apikeys_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
)

// desk is an organization with an admin who manages its keys.
type desk struct {
	*pgtest.Database
	org   tenancy.OrgID
	admin tenancy.Actor
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{Database: pgtest.New(t)}
	d.org = d.OrganizationOf(t, "free", 1)
	d.admin = tenancy.Actor{Org: d.org, User: d.Member(t, d.org, tenancy.Admin), Role: tenancy.Admin}
	return d
}

func (d *desk) new() apikeys.NewKey {
	return apikeys.NewKey{ID: tenancy.NewID(), Name: "sync", Role: tenancy.Teacher, Scopes: []apikeys.Scope{apikeys.FilesRead}, By: d.admin}
}

func (d *desk) create(n apikeys.NewKey) (k apikeys.Key, s apikeys.Secret, err error) {
	err = d.InTx(context.Background(), d.org, func(tx *tenancy.Tx) error {
		k, s, err = apikeys.Create(context.Background(), tx, n)
		return err
	})
	return k, s, err
}

func (d *desk) rotate(id uuid.UUID, overlap time.Duration) (k apikeys.Key, s apikeys.Secret, err error) {
	err = d.InTx(context.Background(), d.org, func(tx *tenancy.Tx) error {
		k, s, err = apikeys.Rotate(context.Background(), tx, id, apikeys.Rotation{ID: tenancy.NewID(), Overlap: overlap, By: d.admin})
		return err
	})
	return k, s, err
}

func (d *desk) revoke(id uuid.UUID) (changed bool, err error) {
	err = d.InTx(context.Background(), d.org, func(tx *tenancy.Tx) error {
		changed, err = apikeys.Revoke(context.Background(), tx, id)
		return err
	})
	return changed, err
}

func (d *desk) works(s apikeys.Secret) error {
	_, err := apikeys.Find(context.Background(), d, s.Reveal())
	return err
}

func TestCreateAndFind(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, s, err := d.create(d.new())
	require.NoError(t, err)
	require.Equal(t, apikeys.Active, k.StateAt(time.Now()))
	require.Equal(t, s.Last(), k.Last)
	require.WithinDuration(t, time.Now().Add(apikeys.DefaultLife), k.ExpiresAt, time.Minute)
	h, err := apikeys.Find(t.Context(), d, s.Reveal())
	require.NoError(t, err)
	require.Equal(t, tenancy.KeyHolder{
		Membership: tenancy.Membership{User: k.User, Org: d.org, Role: tenancy.Teacher, Status: "active", Tier: "free",
			RequestsPerMinute: 600, Origins: []string{}, ReadsWhileSuspended: true, Features: []string{}},
		Key: k.ID, Scopes: []string{"files:read"},
	}, h)
	got, err := apikeys.Get(t.Context(), d.Single(d.org), k.ID)
	require.NoError(t, err)
	require.Equal(t, k, got)
	_, err = apikeys.Get(t.Context(), d.Single(d.Organization(t, 1)), k.ID)
	require.ErrorIs(t, err, apikeys.ErrNotFound)
	var issuer string
	var service bool
	require.NoError(t, d.Single(d.org).QueryRow(t.Context(), "select issuer, service from logins l join members m using (user_id) where user_id = $1", k.User).Scan(&issuer, &service))
	require.Equal(t, tenancy.ServiceIssuer, issuer)
	require.True(t, service)
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	cases := map[string]struct {
		change func(*apikeys.NewKey)
		code   string
	}{
		"owner":             {func(n *apikeys.NewKey) { n.Role = tenancy.Owner }, "invalid_role"},
		"owner by an owner": {func(n *apikeys.NewKey) { n.Role, n.By.Role = tenancy.Owner, tenancy.Owner }, "invalid_role"},
		"operator":          {func(n *apikeys.NewKey) { n.Role = tenancy.Operator }, "invalid_role"},
		"parent":            {func(n *apikeys.NewKey) { n.Role = tenancy.Parent }, "invalid_role"},
		"above the maker":   {func(n *apikeys.NewKey) { n.Role, n.By.Role = tenancy.Admin, tenancy.Teacher }, "invalid_role"},
		"no role":           {func(n *apikeys.NewKey) { n.Role = "" }, "invalid_role"},
		"no scope":          {func(n *apikeys.NewKey) { n.Scopes = nil }, "invalid_scopes"},
		"unknown scope":     {func(n *apikeys.NewKey) { n.Scopes = []apikeys.Scope{"keys:manage"} }, "invalid_scopes"},
		"scope twice":       {func(n *apikeys.NewKey) { n.Scopes = []apikeys.Scope{apikeys.FilesRead, apikeys.FilesRead} }, "invalid_scopes"},
		"too short":         {func(n *apikeys.NewKey) { n.Life = time.Second }, "invalid_expires_in"},
		"too long":          {func(n *apikeys.NewKey) { n.Life = apikeys.MaxLife + time.Second }, "invalid_expires_in"},
		"negative":          {func(n *apikeys.NewKey) { n.Life = -time.Hour }, "invalid_expires_in"},
	}
	for name, c := range cases {
		n := d.new()
		c.change(&n)
		_, s, err := d.create(n)
		require.Equal(t, c.code, fault.Of(err).Code, name)
		require.Empty(t, s.Reveal())
	}
	var users int
	require.NoError(t, d.Admin(t).QueryRow(t.Context(), "select count(*) from logins where issuer = $1", tenancy.ServiceIssuer).Scan(&users))
	require.Zero(t, users, "a refusal leaves no service account")
	n := d.new()
	_, _, err := d.create(n)
	require.NoError(t, err)
	_, _, err = d.create(n)
	require.ErrorIs(t, err, apikeys.ErrMade, "the same request again")
}

// What ends a key, each alone. All of them are one answer.
func TestEndsOfAKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	admin := d.Admin(t)
	for _, sql := range []string{
		"update api_keys set revoked_at = now() where id = $1",
		"update api_keys set expires_at = now() where id = $1",
		"delete from members where user_id = (select user_id from api_keys where id = $1)",
		"update members set role = 'admin' where user_id = (select user_id from api_keys where id = $1)",
		"update members set service = false where user_id = (select user_id from api_keys where id = $1)",
		"delete from api_keys where id = $1",
	} {
		k, s, err := d.create(d.new())
		require.NoError(t, err)
		require.NoError(t, d.works(s))
		_, err = admin.Exec(t.Context(), sql, k.ID)
		require.NoError(t, err)
		require.Equal(t, apikeys.ErrKey, d.works(s), sql)
	}
	require.Equal(t, apikeys.ErrKey, d.works(apikeys.Generate()), "a key that was never made")
	_, err := admin.Exec(t.Context(), "update members set role = 'owner' where service")
	require.ErrorContains(t, err, "service_is_bounded")
	_, s, err := d.create(d.new())
	require.NoError(t, err)
	h, err := apikeys.Find(t.Context(), d, s.Reveal())
	require.NoError(t, err)
	require.ErrorIs(t, tenancy.SetMember(t.Context(), d.Single(d.org), h.User, tenancy.Admin), tenancy.ErrServiceAccount)
}

// A removed service account ends its keys in the list too, and a last key that
// is revoked removes the account.
func TestAccountAndKeysGoTogether(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	members := func() (n int) {
		require.NoError(t, d.Single(d.org).QueryRow(t.Context(), "select count(*) from members where service").Scan(&n))
		return n
	}
	first, _, err := d.create(d.new())
	require.NoError(t, err)
	second, _, err := d.rotate(first.ID, time.Hour)
	require.NoError(t, err)
	require.Equal(t, first.User, second.User)
	_, err = d.revoke(second.ID)
	require.NoError(t, err)
	require.Equal(t, 1, members(), "the old key still works")
	changed, err := d.revoke(first.ID)
	require.NoError(t, err)
	require.True(t, changed)
	require.Zero(t, members())
	changed, err = d.revoke(first.ID)
	require.NoError(t, err)
	require.False(t, changed)

	third, _, err := d.create(d.new())
	require.NoError(t, err)
	_, err = d.Single(d.org).Exec(t.Context(), "delete from members where service")
	require.NoError(t, err)
	third, err = apikeys.Get(t.Context(), d.Single(d.org), third.ID)
	require.NoError(t, err)
	require.Equal(t, apikeys.Revoked, third.StateAt(time.Now()))
}

// modelKey is what the state machine should know of a key. Times run by a clock
// of the test's own: to let time pass, the rows' times move back.
type modelKey struct {
	key     apikeys.Key
	secret  apikeys.Secret
	ends    time.Duration // on the test's clock
	life    time.Duration
	revoked bool
	turned  bool
}

func TestRotationAgainstAModel(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	admin := d.Admin(t)
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		_, err := admin.Exec(ctx, "delete from api_keys")
		require.NoError(t, err)
		var model []*modelKey
		var clock time.Duration
		alive := func(k *modelKey) bool { return !k.revoked && clock < k.ends }
		add := func(k apikeys.Key, s apikeys.Secret, life time.Duration) {
			model = append(model, &modelKey{key: k, secret: s, life: life, ends: clock + life})
		}
		pick := func(t *rapid.T) *modelKey {
			if len(model) == 0 {
				t.Skip("no key yet")
			}
			return rapid.SampledFrom(model).Draw(t, "key")
		}
		hours := func(t *rapid.T, name string, from, to int) time.Duration {
			return time.Duration(rapid.IntRange(from, to).Draw(t, name)) * time.Hour
		}
		t.Repeat(map[string]func(*rapid.T){
			"create": func(t *rapid.T) {
				if len(model) > 5 {
					t.Skip("enough keys")
				}
				n := d.new()
				n.Life = hours(t, "life", 1, 100)
				k, s, err := d.create(n)
				require.NoError(t, err)
				add(k, s, n.Life)
			},
			"rotate": func(t *rapid.T) {
				old := pick(t)
				overlap := hours(t, "overlap", 0, 48)
				k, s, err := d.rotate(old.key.ID, overlap)
				switch {
				case !alive(old):
					require.ErrorIs(t, err, apikeys.ErrEnded)
				case old.turned:
					require.ErrorIs(t, err, apikeys.ErrReplaced)
				default:
					require.NoError(t, err)
					add(k, s, old.life)
					old.turned, old.ends = true, min(old.ends, clock+overlap)
				}
			},
			"revoke": func(t *rapid.T) {
				k := pick(t)
				_, err := d.revoke(k.key.ID)
				require.NoError(t, err)
				k.revoked = true
			},
			"time passes": func(t *rapid.T) {
				by := hours(t, "by", 1, 30)
				_, err := admin.Exec(ctx, "update api_keys set created_at = created_at - $1::interval, expires_at = expires_at - $1::interval", by)
				require.NoError(t, err)
				clock += by
			},
			"": func(t *rapid.T) {
				rows, err := apikeys.List(ctx, d.Single(d.org), uuid.Nil, 100)
				require.NoError(t, err)
				require.Len(t, rows, len(model))
				if len(model) == 0 {
					return
				}
				for i, row := range rows { // the newest first
					k := model[len(model)-1-i]
					require.Equal(t, k.key.ID, row.ID)
					state := row.StateAt(time.Now())
					require.Equal(t, alive(k), state == apikeys.Active || state == apikeys.Rotated, "%s", state)
				}
				k := pick(t) // one at a time: each costs a question
				err = d.works(k.secret)
				require.Equal(t, alive(k), err == nil, "%s at %s: %v", k.key.ID, clock, err)
			},
		})
	})
}

// Of rotations at the same time one makes a key, and the key has one successor.
func TestRacingRotations(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, _, err := d.create(d.new())
	require.NoError(t, err)
	var all sync.WaitGroup
	errs := make(chan error, 8)
	for range cap(errs) {
		all.Go(func() {
			_, _, err := d.rotate(k.ID, time.Hour)
			errs <- err
		})
	}
	all.Wait()
	close(errs)
	made := 0
	for err := range errs {
		if err == nil {
			made++
		} else {
			require.ErrorIs(t, err, apikeys.ErrReplaced)
		}
	}
	require.Equal(t, 1, made)
	list, err := apikeys.List(t.Context(), d.Single(d.org), uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, list[0].ID, *list[1].ReplacedBy)
}

func TestTouchAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, _, err := d.create(d.new())
	require.NoError(t, err)
	require.Nil(t, k.LastUsedAt)
	used := func() time.Time {
		require.NoError(t, apikeys.RecordUse(t.Context(), d.Single(d.org), k.ID))
		got, err := apikeys.Get(t.Context(), d.Single(d.org), k.ID)
		require.NoError(t, err)
		return *got.LastUsedAt
	}
	first := used()
	require.Equal(t, first, used())
	_, err = d.Admin(t).Exec(t.Context(), "update api_keys set last_used_at = last_used_at - interval '1 minute'")
	require.NoError(t, err)
	require.False(t, used().Before(first))
}

func TestListPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var want []string
	for i := range 7 {
		n := d.new()
		n.Name = fmt.Sprint(i)
		_, _, err := d.create(n)
		require.NoError(t, err)
		want = append([]string{n.Name}, want...)
	}
	var got []string
	for behind := uuid.Nil; ; {
		page, err := apikeys.List(t.Context(), d.Single(d.org), behind, 3)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, k := range page {
			got = append(got, k.Name)
		}
		behind = page[len(page)-1].ID
	}
	require.Equal(t, want, got)
}

type downFinder struct{}

func (downFinder) FindKey(context.Context, [32]byte) (tenancy.KeyHolder, bool, error) {
	return tenancy.KeyHolder{}, false, errors.New("asked")
}

// A typing error costs no question; every key of the right form costs one, and
// a database that is down is not the caller's fault.
func TestOnlyKeysAreAskedFor(t *testing.T) {
	t.Parallel()
	_, err := apikeys.Find(t.Context(), downFinder{}, "stl_nonsense")
	require.Equal(t, apikeys.ErrKey, err)
	_, err = apikeys.Find(t.Context(), downFinder{}, apikeys.Generate().Reveal())
	require.ErrorContains(t, err, "asked")
	require.NotErrorIs(t, err, apikeys.ErrKey)
}
