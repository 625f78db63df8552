package export_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/export"
	"satchel/internal/activitytest"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/exports"
	"satchel/tenancy/operations"
)

var errRefused = errors.New("refused")

// platform takes the place of Temporal and of the store. It refuses everything of some
// organizations.
type platform struct {
	export.Bucket
	refused map[tenancy.OrgID]bool
	started []tenancy.OrgID
	cleared []string // prefixes
}

func (p *platform) StartExport(_ context.Context, org tenancy.OrgID, _ uuid.UUID) error {
	if p.refused[org] {
		return errRefused
	}
	p.started = append(p.started, org)
	return nil
}

func (p *platform) AbortAll(_ context.Context, prefix string) error {
	for org := range p.refused {
		if strings.HasPrefix(prefix, org.String()) {
			return errRefused
		}
	}
	p.cleared = append(p.cleared, prefix)
	return nil
}

func (p *platform) Each(context.Context, string, func(string, time.Time) error) error { return nil }

const page = 2 // items in one list; more than that fail at its head

type bench struct {
	*pgtest.Database
	platform *platform
	exporter *export.Activities
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{Database: pgtest.New(t), platform: &platform{refused: map[tenancy.OrgID]bool{}}}
	b.exporter = export.Paged(export.New(b.DB, b.platform, nil, b.platform, export.Config{}), page)
	return b
}

// insert makes the export of an organization of its own.
func (b *bench) insert(t *testing.T, state exports.State, refused bool) (tenancy.OrgID, uuid.UUID) {
	t.Helper()
	org, id := b.Organization(t, 1000), tenancy.NewID()
	b.platform.refused[org] = refused
	if !refused {
		delete(b.platform.refused, org)
	}
	q := b.Single(org)
	require.NoError(t, operations.Insert(t.Context(), q, operations.Operation{ID: id, Kind: "export_organization", WorkflowID: id.String()}))
	_, err := q.Exec(t.Context(), `insert into exports (organization_id, id, state, updated_at, expires_at)
		values (app.org(), $1, $2, now() - interval '2 minutes', now() - interval '1 minute')`, id, string(state))
	require.NoError(t, err)
	return org, id
}

func (b *bench) run(t *testing.T, name string) queue.Swept {
	t.Helper()
	swept, err := activitytest.Sweep(t, export.SweepsOf(b.exporter), name)
	require.NoError(t, err)
	return swept
}

// TestExportsBehindFailingOnes: exports whose workflow cannot be started fill the pages
// in front of one whose workflow can.
func TestExportsBehindFailingOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range page + 1 {
		b.insert(t, exports.Running, true)
	}
	good, _ := b.insert(t, exports.Running, false)
	result := b.run(t, "restart-exports")
	require.Equal(t, queue.Swept{Found: page + 2, Done: 1, Failed: page + 1}, result)
	require.Equal(t, []tenancy.OrgID{good}, b.platform.started)
}

// TestExportsThatAreDueBehindFailingOnes: exports whose objects cannot be removed fill
// the pages in front of one whose objects can. They are out of reach all the same, and
// the next sweep finds them again.
func TestExportsThatAreDueBehindFailingOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range page + 1 {
		b.insert(t, exports.Ready, true)
	}
	good, id := b.insert(t, exports.Ready, false)
	result := b.run(t, "remove-exports")
	require.Equal(t, queue.Swept{Found: page + 2, Done: 1, Failed: page + 1}, result)
	require.Equal(t, []string{exports.Prefix(good, id)}, b.platform.cleared)
	var removed int
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select count(*) from exports where state = 'removed'").Scan(&removed))
	require.Equal(t, page+2, removed)

	_, err := b.Admin(t).Exec(t.Context(), "update exports set updated_at = now() - interval '2 minutes'")
	require.NoError(t, err)
	clear(b.platform.refused)
	result = b.run(t, "remove-exports")
	require.Equal(t, queue.Swept{Found: page + 1, Done: page + 1}, result, "those that were left, and no other")
	require.Zero(t, b.run(t, "remove-exports"))
}

// TestOfficersAreToldOfTheDaysOfARequest moves the clock of a request: owners and admins are
// told of its 30th, 40th and 45th day, each once, and of an answered one no more.
func TestOfficersAreToldOfTheDaysOfARequest(t *testing.T) {
	t.Parallel()
	b := pgtest.New(t)
	org := b.Organization(t, 1<<20)
	owner, pupil := b.Member(t, org, tenancy.Owner), b.Member(t, org, tenancy.Student)
	request := tenancy.NewID()
	_, err := b.Single(org).Exec(t.Context(), "insert into access_requests (organization_id, id, student_id, requester_id, note) values (app.org(), $1, $2, $2, '')", request, pupil)
	require.NoError(t, err)
	sweeps := export.SweepsOf(export.New(b.DB, &platform{}, nil, &platform{}, export.Config{}))
	told := func(days int) (n, last int) {
		t.Helper()
		_, err := b.Admin(t).Exec(t.Context(), "update access_requests set received_at = now() - make_interval(days => $2), due_at = now() - make_interval(days => $2) + interval '45 days' where id = $1", request, days)
		require.NoError(t, err)
		for range 2 { // a second run tells nothing more
			_, err = activitytest.Sweep(t, sweeps, "tell-access-requests")
			require.NoError(t, err)
		}
		require.NoError(t, b.Single(org).QueryRow(t.Context(), "select count(*), max((data ->> 'day')::integer) from notifications where user_id = $1 and kind = 'access_request.due'", owner).Scan(&n, &last))
		return n, last
	}
	for _, want := range [][3]int{{29, 1, 0}, {31, 2, 30}, {39, 2, 30}, {40, 3, 40}, {44, 3, 40}, {45, 4, 45}, {90, 4, 45}} {
		n, last := told(want[0])
		require.Equal(t, [2]int{want[1], want[2]}, [2]int{n, last}, "day %d", want[0])
	}
	var overdue int
	require.NoError(t, b.Single(org).QueryRow(t.Context(), "select count(*) from audit_events where action = 'access_request.due'").Scan(&overdue))
	require.Equal(t, 3, overdue)
	require.Empty(t, func() (mine []string) {
		rows, err := b.Single(org).Query(t.Context(), "select kind from notifications where user_id = $1", pupil)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			mine = append(mine, "told")
		}
		return mine
	}())
}

// TestOwnersAreToldOfReviewsThatWait moves the clock of a use of break-glass: an owner is told on
// its third and seventh day, each once, and no more when it is reviewed; the admin who did it is not.
func TestOwnersAreToldOfReviewsThatWait(t *testing.T) {
	t.Parallel()
	b := pgtest.New(t)
	org := b.Organization(t, 1<<20)
	owner, admin := b.Member(t, org, tenancy.Owner), b.Member(t, org, tenancy.Admin)
	id := tenancy.NewID()
	for _, sql := range []string{
		"insert into spaces (organization_id, id, kind, name) values (app.org(), $1, 'group', 'Choir') on conflict do nothing",
		"insert into space_grants (organization_id, id, space_id, user_id, level, via, reason, given_by, ends_at) select app.org(), $1, $1, m.user_id, 3, 'breakglass', 'a safeguarding request', m.user_id, now() + interval '1 hour' from members m where m.role = 'admin'",
	} {
		_, err := b.Single(org).Exec(t.Context(), sql, id)
		require.NoError(t, err)
	}
	sweeps := export.SweepsOf(export.New(b.DB, &platform{}, nil, &platform{}, export.Config{}))
	told := func(user uuid.UUID) (n, last int) {
		t.Helper()
		require.NoError(t, b.Single(org).QueryRow(t.Context(), "select count(*), coalesce(max((data ->> 'day')::integer), 0) from notifications where user_id = $1 and kind = 'space.breakglass_review'", user).Scan(&n, &last))
		return n, last
	}
	admins := b.Admin(t)
	for _, want := range [][3]int{{2, 0, 0}, {3, 1, 3}, {6, 1, 3}, {7, 2, 7}, {20, 2, 7}} {
		_, err := admins.Exec(t.Context(), "update break_glass_reviews set due_at = now() - make_interval(days => $2) + interval '7 days' where grant_id = $1", id, want[0])
		require.NoError(t, err)
		for range 2 {
			_, err := activitytest.Sweep(t, sweeps, "tell-break-glass-reviews")
			require.NoError(t, err)
		}
		n, last := told(owner)
		require.Equal(t, [2]int{want[1], want[2]}, [2]int{n, last}, "day %d", want[0])
	}
	n, _ := told(admin)
	require.Zero(t, n)
	_, err := b.Single(org).Exec(t.Context(), "update break_glass_reviews set told = 0, decision = 'justified', reviewed_by = $2, reviewed_at = now() where grant_id = $1", id, owner)
	require.NoError(t, err)
	_, err = activitytest.Sweep(t, sweeps, "tell-break-glass-reviews")
	require.NoError(t, err)
	n, _ = told(owner)
	require.Equal(t, 2, n)
}
