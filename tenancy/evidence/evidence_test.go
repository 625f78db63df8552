package evidence_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/evidence"
)

type stage struct {
	*pgtest.Database
	t     *testing.T
	org   tenancy.OrgID
	owner uuid.UUID
	now   time.Time
}

func setup(t *testing.T) *stage {
	t.Helper()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	return &stage{Database: d, t: t, org: org, owner: d.Member(t, org, tenancy.Owner), now: time.Now().UTC().Truncate(time.Second)}
}

func (s *stage) in(f func(tx *tenancy.Tx) error) error {
	s.t.Helper()
	return s.InTx(s.t.Context(), s.org, f)
}

func (s *stage) refused(code string, err error) {
	s.t.Helper()
	var f *fault.Fault
	require.ErrorAs(s.t, err, &f)
	require.Equal(s.t, code, f.Code)
}

// TestDutiesAreDueAgain after a year at the latest, and someone of the staff answers for each.
func TestDutiesAreDueAgain(t *testing.T) {
	t.Parallel()
	s := setup(t)
	note := func(n evidence.NewDuty) error {
		return s.in(func(tx *tenancy.Tx) error { return evidence.RecordDuty(t.Context(), tx, n, s.now) })
	}
	whole := evidence.NewDuty{ID: tenancy.NewID(), Kind: "risk_assessment", Responsible: s.owner, By: s.owner, Note: "Report 7", DoneAt: s.now.AddDate(0, 0, -10)}
	require.NoError(t, note(whole))
	got, err := evidence.GetDuty(t.Context(), s.Single(s.org), whole.ID)
	require.NoError(t, err)
	require.Equal(t, whole.DoneAt.AddDate(0, 0, 365), got.DueAt.UTC())
	for code, change := range map[string]func(*evidence.NewDuty){
		"invalid_kind":           func(n *evidence.NewDuty) { n.Kind = "party" },
		"invalid_note":           func(n *evidence.NewDuty) { n.Note = " " },
		"invalid_done_at":        func(n *evidence.NewDuty) { n.DoneAt = s.now.Add(time.Hour) },
		"invalid_due_at":         func(n *evidence.NewDuty) { at := s.now.AddDate(1, 0, 0); n.DueAt = &at },
		"invalid_responsible_id": func(n *evidence.NewDuty) { n.Responsible = s.Member(t, s.org, tenancy.Student) },
	} {
		n := whole
		n.ID = tenancy.NewID()
		change(&n)
		s.refused(code, note(n))
	}
	all, err := evidence.Duties(t.Context(), s.Single(s.org), uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, all, 1)
}

// TestClocksOfAnIncident: each jurisdiction has its clocks, and the organization its own; one that
// counts from the confirmation moves with it; an incident is closed when everybody was told.
func TestClocksOfAnIncident(t *testing.T) {
	t.Parallel()
	s := setup(t)
	found := s.now.Add(-48 * time.Hour)
	id := tenancy.NewID()
	n := evidence.NewIncident{ID: id, By: s.owner, Title: "Lost laptop", Description: "With a list of a class", Discovered: found, Jurisdictions: []string{"us-ny", "ndpa"}}
	require.NoError(t, s.in(func(tx *tenancy.Tx) error { return evidence.RecordIncident(t.Context(), tx, n, s.now) }))
	due := func() map[string]time.Duration {
		i, err := evidence.GetIncident(t.Context(), s.Single(s.org), id)
		require.NoError(t, err)
		hours := map[string]time.Duration{}
		for _, c := range i.Clocks {
			hours[c.Clock] = c.DueAt.Sub(found)
		}
		return hours
	}
	const day = 24 * time.Hour
	require.Equal(t, map[string]time.Duration{"own": 72 * time.Hour, "us-ny.agency": 7 * day, "us-ny.state": 10 * day, "us-ny.families": 60 * day, "ndpa.agency": 72 * time.Hour}, due())
	confirm := func() error {
		return s.in(func(tx *tenancy.Tx) error {
			return evidence.Confirm(t.Context(), tx, id, found.Add(24*time.Hour), nil, s.now)
		})
	}
	require.NoError(t, confirm())
	require.ErrorIs(t, confirm(), evidence.ErrConfirmed)
	require.Equal(t, 96*time.Hour, due()["ndpa.agency"], "it counts from the confirmation")
	require.Equal(t, 7*day, due()["us-ny.agency"], "it counts from the discovery")

	end := func() error {
		return s.in(func(tx *tenancy.Tx) error {
			return evidence.Close(t.Context(), tx, id, s.owner, "Encrypted; found again.")
		})
	}
	tell := func(clock string) error {
		return s.in(func(tx *tenancy.Tx) error { return evidence.Tell(t.Context(), tx, id, s.owner, clock, "By letter") })
	}
	require.ErrorIs(t, end(), evidence.ErrRunning)
	require.ErrorIs(t, tell("us-ca.families"), evidence.ErrNoClock)
	for clock := range due() {
		require.NoError(t, tell(clock))
		require.ErrorIs(t, tell(clock), evidence.ErrTold)
	}
	require.NoError(t, end())
	require.ErrorIs(t, end(), evidence.ErrClosed)
	require.ErrorIs(t, tell("own"), evidence.ErrClosed)
	for code, change := range map[string]func(*evidence.NewIncident){
		"invalid_title": func(n *evidence.NewIncident) { n.Title = "" }, "invalid_discovered_at": func(n *evidence.NewIncident) { n.Discovered = s.now.Add(time.Hour) },
		"invalid_jurisdictions": func(n *evidence.NewIncident) { n.Jurisdictions = []string{"us-xx"} }, "invalid_own_hours": func(n *evidence.NewIncident) { n.OwnHours = 100_000 },
		"invalid_confirmed_at": func(n *evidence.NewIncident) { at := found.Add(-time.Hour); n.Confirmed = &at },
	} {
		bad := n
		bad.ID = tenancy.NewID()
		change(&bad)
		s.refused(code, s.in(func(tx *tenancy.Tx) error { return evidence.RecordIncident(t.Context(), tx, bad, s.now) }))
	}
}

// TestEachClockHasItsSource, and names that no other clock has.
func TestEachClockHasItsSource(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{evidence.Own: true}
	for _, c := range evidence.Clocks {
		require.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
		require.NotEmpty(t, c.Source, c.Name)
		require.NotEmpty(t, c.Tell, c.Name)
		require.Positive(t, c.Hours, c.Name)
		require.Contains(t, []evidence.From{evidence.Discovered, evidence.Confirmed}, c.From, c.Name)
	}
}

// TestDispositions: a directive is about the organization or a person of it, is due in 60 days,
// and ends once, with how.
func TestDispositions(t *testing.T) {
	t.Parallel()
	s := setup(t)
	pupil := s.Member(t, s.org, tenancy.Student)
	note := func(n evidence.NewDisposition) error {
		return s.in(func(tx *tenancy.Tx) error { return evidence.RecordDisposition(t.Context(), tx, n, s.now) })
	}
	whole := evidence.NewDisposition{ID: tenancy.NewID(), By: s.owner, Kind: evidence.Destroy, Scope: evidence.Person, Person: &pupil, Reason: "The contract ends."}
	require.NoError(t, note(whole))
	got, err := evidence.GetDisposition(t.Context(), s.Single(s.org), whole.ID)
	require.NoError(t, err)
	require.Equal(t, s.now.AddDate(0, 0, 60), got.DueAt.UTC())
	stranger := uuid.New()
	for code, change := range map[string]func(*evidence.NewDisposition){
		"invalid_kind": func(n *evidence.NewDisposition) { n.Kind = "keep" }, "invalid_scope": func(n *evidence.NewDisposition) { n.Scope = "class" },
		"invalid_person_id": func(n *evidence.NewDisposition) { n.Person = &stranger }, "invalid_reason": func(n *evidence.NewDisposition) { n.Reason = "" },
		"invalid_due_at": func(n *evidence.NewDisposition) { n.DueAt = &s.now },
	} {
		n := whole
		n.ID = tenancy.NewID()
		change(&n)
		s.refused(code, note(n))
	}
	end := func(state, outcome string) error {
		return s.in(func(tx *tenancy.Tx) error {
			return evidence.EndDisposition(t.Context(), tx, whole.ID, s.owner, state, outcome)
		})
	}
	s.refused("invalid_state", end("lost", "x"))
	s.refused("invalid_outcome", end(evidence.Done, ""))
	require.NoError(t, end(evidence.Done, "Certificate 7"))
	require.ErrorIs(t, end(evidence.Withdrawn, "Never mind"), evidence.ErrEnded)
}

// TestTheOrganizationsOwnTime counts for incidents that do not say otherwise, from when it is set on.
func TestTheOrganizationsOwnTime(t *testing.T) {
	t.Parallel()
	s := setup(t)
	record := func(own int) uuid.UUID {
		t.Helper()
		id := tenancy.NewID()
		n := evidence.NewIncident{ID: id, By: s.owner, Title: "Lost laptop", Description: "With a list", Discovered: s.now.Add(-time.Hour), OwnHours: own}
		require.NoError(t, s.in(func(tx *tenancy.Tx) error { return evidence.RecordIncident(t.Context(), tx, n, s.now) }))
		return id
	}
	runs := func(id uuid.UUID) time.Duration {
		t.Helper()
		i, err := evidence.GetIncident(t.Context(), s.Single(s.org), id)
		require.NoError(t, err)
		return i.Clocks[0].DueAt.Sub(i.DiscoveredAt)
	}
	before := record(0)
	for _, bad := range []int{-1, 0, 2161} {
		require.Error(t, s.in(func(tx *tenancy.Tx) error { return evidence.SetOwnHours(t.Context(), tx, bad) }))
	}
	require.NoError(t, s.in(func(tx *tenancy.Tx) error { return evidence.SetOwnHours(t.Context(), tx, 24) }))
	require.Equal(t, 72*time.Hour, runs(before))
	require.Equal(t, 24*time.Hour, runs(record(0)))
	require.Equal(t, 12*time.Hour, runs(record(12)))
}
