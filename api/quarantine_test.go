package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

// TestQuarantineOfAll: operators see how much of each organization is locked away and for
// what, page by page, and no name of a file; organizations that have nothing are not there.
func TestQuarantineOfAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two, well := b.person(b.organization(), tenancy.Owner), b.person(b.organization(), tenancy.Owner), b.person(b.organization(), tenancy.Owner)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	for i, owner := range []*person{one, one, two} {
		b.quarantine(owner.org, owner.published(fmt.Sprintf("report-of-anna-%d.txt", i), lorem).ID)
	}
	well.published("fine.txt", lorem)
	one.call(get, adminPath+"/quarantine", nil).is(403)

	type page struct {
		Items []struct {
			Organization tenancy.OrgID `json:"organization_id"`
			Findings     []struct {
				Status, Finding string
				Versions        int
				First           time.Time `json:"first_at"`
				Last            time.Time `json:"last_at"`
			}
		}
		Next string `json:"next_cursor"`
	}
	first := operator.call(get, adminPath+"/quarantine?limit=1", nil).is(200)
	require.NotContains(t, first.text(), "anna")
	all := read[page](first)
	require.Len(t, all.Items, 1)
	require.NotEmpty(t, all.Next)
	rest := read[page](operator.call(get, adminPath+"/quarantine?cursor="+all.Next, nil).is(200))
	require.Empty(t, rest.Next)
	found := map[tenancy.OrgID]int{}
	for _, o := range append(all.Items, rest.Items...) {
		require.Len(t, o.Findings, 1)
		require.Equal(t, "quarantined", o.Findings[0].Status)
		require.Equal(t, "Eicar", o.Findings[0].Finding)
		require.False(t, o.Findings[0].First.IsZero())
		require.False(t, o.Findings[0].Last.Before(o.Findings[0].First))
		found[o.Organization] = o.Findings[0].Versions
	}
	require.Equal(t, map[tenancy.OrgID]int{one.org: 2, two.org: 1}, found)
}
