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
