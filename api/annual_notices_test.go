package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/api/annualnotices"
	"satchel/tenancy"
)

var newYearly = map[string]any{"kind": "ferpa_rights", "given_on": "2026-01-01", "how": planted}

// TestAnnualNoticesAreDue: from the first day of a school, and a year after each was done.
func TestAnnualNoticesAreDue(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, list := s.owner, s.school("/annual-notices")
	due := func(p *person) map[string]annualnotices.View {
		found := map[string]annualnotices.View{}
		for _, v := range read[annualnotices.ListView](p.call(get, list, nil).is(200)).Items {
			found[v.Kind] = v
		}
		return found
	}
	at := due(s.person(owner.org, tenancy.Auditor))
	require.Len(t, at, 2)
	require.Equal(t, "34 CFR 99.7", at["ferpa_rights"].Rule)
	require.True(t, at["ferpa_rights"].Overdue, "it was never given")
	require.Nil(t, at["security_assessment"].Last)
	s.person(owner.org, tenancy.Teacher).call(get, list, nil).refused(403, "not_granted")
	s.person(owner.org, tenancy.Auditor).call(post, list, newYearly).refused(403, "not_granted")
	give := func(kind, day, how string) answer {
		return owner.call(post, list, map[string]any{"kind": kind, "given_on": day, "how": how})
	}
	give("ferpa", day(0), "by mail").refused(400, "invalid_kind")
	give("ferpa_rights", "soon", "by mail").refused(400, "invalid_given_on")
	give("ferpa_rights", day(3), "by mail").refused(400, "invalid_given_on")
	give("ferpa_rights", day(0), " ").refused(400, "invalid_how")
	given := read[annualnotices.View](give("ferpa_rights", day(-1), "with the handbook of the school").is(201))
	require.False(t, given.Overdue)
	require.Equal(t, day(-1), given.Last.GivenOn)
	require.True(t, read[annualnotices.View](give("security_assessment", day(-400), "by a firm").is(201)).Overdue)
	require.Equal(t, "with the handbook of the school", due(owner)["ferpa_rights"].Last.How)
	read[annualnotices.View](give("ferpa_rights", day(-500), "the one before").is(201))
	require.Equal(t, day(-1), due(owner)["ferpa_rights"].Last.GivenOn, "the last one counts, whenever it was recorded")
}

// noticesAreGiven is the part of the metamorphic script.
func (s *school) noticesAreGiven() {
	s.do(s.owner, get, s.within("/annual-notices"), nil)
	s.do(s.owner, post, s.within("/annual-notices"), newYearly)
	s.do(s.owner, get, s.within("/annual-notices"), nil)
}
